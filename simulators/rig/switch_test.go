package rig_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
)

// foreignSwitch starts the switch of another make with a defect, and gives its profile. Who dials whom on the issuer's side is the profile's.
func foreignSwitch(t *testing.T, program, defect string, dialsOut bool) *rig.Profile {
	t.Helper()
	issuer, at := freeAddress(t), "call:"
	if dialsOut {
		at = ""
	}
	between := exec.Command(program, "switch", "127.0.0.1:0", at+issuer, defect)
	between.Stderr = os.Stderr
	out, err := between.StdoutPipe()
	must(t, err)
	must(t, between.Start())
	t.Cleanup(func() {
		_ = between.Process.Kill()
		_ = between.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "foreign"))))
	file := filepath.Join(dir, "switch.yaml")
	text, err := os.ReadFile(file)
	must(t, err)
	meet := "listen: " + issuer
	if dialsOut {
		meet = "sign_on: true\n  address: " + issuer
	}
	replaced := strings.NewReplacer("127.0.0.1:8583", strings.Fields(line)[0], "listen: 127.0.0.1:8584", meet).Replace(string(text))
	must(t, writeFile(file, replaced))
	profile, err := rig.LoadProfile(file)
	must(t, err)
	return profile
}

// switchRun has features run against the switch, and gives what passed and why the rest was not run. Nothing else may be.
func switchRun(t *testing.T, profile *rig.Profile, tags string) (passed int, reasons map[string]int) {
	t.Helper()
	all, run := verdicts(t, rig.Options{Profile: profile, Line: rig.LineSocket, State: filepath.Join(t.TempDir(), "state.json")}, 2, tags)
	if code := run.ExitCode(); code != reports.ExitHeld {
		t.Errorf("the run ends with code %d", code)
	}
	reasons = map[string]int{}
	for id, s := range all {
		switch s.Status {
		case reports.Passed:
			passed++
		case reports.Skipped:
			reasons[s.Reason]++
		default:
			t.Errorf("%s: %s", id, why(s))
		}
	}
	return passed, reasons
}

// A switch that shares no line of code with tillproof is driven from both sides: tills in its one dialect, an issuer in its other. Of the
// issuer all is seen and arranged, of the switch nothing.
func TestSuiteOnAForeignSwitch(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it for seconds")
	}
	program := foreignProgram(t)
	passed, reasons := switchRun(t, foreignSwitch(t, program, "", false), "")
	if passed < 130 {
		t.Errorf("only %d scenarios passed: %v", passed, reasons)
	}
	for _, want := range []string{"a switch under test keeps its terminals and its merchants' books to itself: only our issuer's can be read",
		"a switch under test is not arranged: only our issuer behind it, and the line between them", "profile foreign-switch does not claim chip"} {
		if reasons[want] == 0 {
			t.Errorf("nothing is skipped because %s; reasons: %v", want, reasons)
		}
	}
	if reasons[""] > 0 {
		t.Errorf("%d scenarios are skipped without a reason", reasons[""])
	}
	t.Logf("%d scenarios passed", passed)
	if passed, reasons = switchRun(t, foreignSwitch(t, program, "", true), "@SWP-001 or @SWP-002 or @SWP-004 or @REV-002"); passed < 4 {
		t.Errorf("where our issuer dials and signs on only %d scenarios passed: %v", passed, reasons)
	}
}

// What a switch does wrong with the money is seen by its two ends alone.
func TestDefectsOfASwitchAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it for seconds")
	}
	program := foreignProgram(t)
	for _, c := range []struct{ defect, tags, says string }{
		{"approves", "@SWP-002", "the till was told yes to 10.00 CNY, the issuer has no money"},
		{"forgets", "@REV-002", "the till has reversed it, the issuer has 10.00 CNY"},
		{"rounds", "@SWP-002", "the till was told yes to 10.00 CNY, the issuer has 11.00 CNY"},
		{"twice", "@SWP-002", "the till states nothing of it, the issuer has 10.00 CNY"},
		{"untranslated", "@SWP-001", "PIN"},
	} {
		t.Run(c.defect, func(t *testing.T) {
			profile := foreignSwitch(t, program, c.defect, false)
			all, run := verdicts(t, rig.Options{Profile: profile, Line: rig.LineSocket, State: filepath.Join(t.TempDir(), "state.json")}, 2, c.tags)
			if code := run.ExitCode(); code != reports.ExitMoney && code != reports.ExitFailed {
				t.Errorf("the run ends with code %d", code)
			}
			said := ""
			for _, s := range all {
				said += why(s) + "\n"
				for _, b := range s.Breaks {
					said += b.Text + "\n"
				}
			}
			if !strings.Contains(said, c.says) {
				t.Errorf("it says %s", said)
			}
		})
	}
}

// Of the time that an order takes at a switch what our issuer took is known, so that the rest is the switch's own.
func TestIssuersTimeBehindASwitch(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it")
	}
	const slow = 30 * time.Millisecond
	f := fleet(t, rig.Options{Profile: foreignSwitch(t, foreignProgram(t), "", false), Line: rig.LineSocket}, rig.FleetPlan{Tills: 1, Cards: 1, Line: rig.LineSocket})
	control, _ := f.Control()
	must(t, control.Arrange(t.Context(), rig.Arrangement{Party: "issuer", Condition: rig.ConditionSlow, Delay: slow}))
	var o orders
	f.Begin(o.visit(0, 0, 0, rig.AtOnce, rig.VisitLeg{Flow: pay.Sale, By: rig.ByStripe, Amount: pay.CNY(10_00)}))
	balanced(t, f)
	if len(o.all) != 1 || o.all[0].Fate != rig.FateApproved || o.all[0].Issuer < slow || o.all[0].Issuer >= o.all[0].Answered-o.all[0].Written {
		t.Errorf("got %+v", o.all)
	}
}

// The line between switch and issuer is as the profile says: TLS, with a certificate of who dials in where it names who signs them. Until it is up
// no scenario begins.
func TestIssuerMeetsTheSwitch(t *testing.T) {
	server, client := ownCertificate(t)
	dir, issuer := t.TempDir(), freeAddress(t)
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "foreign"))))
	key, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	must(t, err)
	for name, block := range map[string]*pem.Block{"host.pem": {Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]}, "host.key": {Type: "PRIVATE KEY", Bytes: key}} {
		must(t, writeFile(filepath.Join(dir, name), string(pem.EncodeToMemory(block))))
	}
	file := filepath.Join(dir, "switch.yaml")
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, writeFile(file, strings.Replace(string(text), "listen: 127.0.0.1:8584", "listen: "+issuer+"\n  tls: {certificate: host.pem, key: host.key, ca: host.pem}", 1)))
	profile, err := rig.LoadProfile(file)
	must(t, err)
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket})
	must(t, err)
	defer func() { must(t, r.Close()) }()
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.World(soon, 1, ""); err == nil || !strings.Contains(err.Error(), "our issuer waits at "+issuer+": the switch has not dialled in") {
		t.Errorf("with nobody there: %v", err)
	}
	stranger, err := wire.Dial(t.Context(), wire.Address{Addr: issuer, TLS: client})
	if err == nil { // in TLS 1.3 it hears of it when it reads
		defer stranger.Close()
		must(t, stranger.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err = stranger.Read(make([]byte, 1))
	}
	if wire.FaultOf(err) != wire.TLSRejected {
		t.Errorf("a switch without a certificate: %v", err)
	}
	known := client.Clone()
	known.Certificates = server.Certificates
	line, err := wire.Dial(t.Context(), wire.Address{Addr: issuer, TLS: known})
	must(t, err)
	defer line.Close()
	w, err := r.World(t.Context(), 1, "")
	must(t, err)
	w.Close()
}

// A profile of a switch is checked before anything starts.
func TestSwitchProfileMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, other, want string }{
		{"no issuer", "\nissuer:", "\nnobody:", "unknown field"},
		{"another seat", "seat: switch", "seat: remote", "an issuer of ours is behind a switch"},
		{"no zone key", "zpk: {", "# {", "want zpk"},
		{"no MAC key", "  mak: {components: [\"4660", "  # {components: [\"4660", "dialect host-zone has MACs: want mak"},
		{"a time", "settles: 1s", "settles: soon", "want a time such as 5s"},
		{"two places", "listen: 127.0.0.1:8584", "listen: 127.0.0.1:8584\n  address: 127.0.0.1:8585", "want one of address and listen"},
		{"elsewhere", "listen: 127.0.0.1:8584", "address: 192.0.2.1:8584", "is not this machine"},
		{"no dialect", "dialect: host-zone.yaml", "dialect: nobody", `"nobody" is neither a shipped dialect nor a file`},
		{"a wrong check value", "zpk: {", "zpk: {kcv: ABCDEF, ", "one of them is wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "foreign"))))
			file := filepath.Join(dir, "switch.yaml")
			text, err := os.ReadFile(file)
			must(t, err)
			must(t, writeFile(file, strings.Replace(string(text), c.old, c.other, 1)))
			if _, err := rig.LoadProfile(file); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
