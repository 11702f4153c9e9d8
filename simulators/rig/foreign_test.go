package rig_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
)

// The suite is driven at hosts that share no line of code with tillproof, each with a dialect of its own, by profile alone: what a
// profile claims and its line can show holds, and the rest is skipped, each with its reason.
func TestSuiteOnForeignHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it for seconds")
	}
	program := foreignProgram(t)
	for _, c := range []struct {
		host   string
		passed int // at the least
	}{{"ascii", 35}, {"dukpt", 35}, {"inclusive", 35}, {"packed", 35}} {
		t.Run(c.host, func(t *testing.T) {
			profile := foreignHost(t, program, c.host)
			state := filepath.Join(t.TempDir(), "state.json")
			all, run := verdicts(t, rig.Options{Profile: profile, Line: rig.LineSocket, State: state}, 2, "")
			if code := run.ExitCode(); code != reports.ExitHeld {
				t.Errorf("the run ends with code %d", code)
			}
			passed, reasons := 0, map[string]int{}
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
			if passed < c.passed {
				t.Errorf("only %d scenarios passed: %v", passed, reasons)
			}
			for _, want := range []string{rig.ErrNoSight.Error(), "profile foreign-" + c.host + " does not claim chip"} {
				if reasons[want] == 0 {
					t.Errorf("nothing is skipped because %s; reasons: %v", want, reasons)
				}
			}
			if reasons[""] > 0 {
				t.Errorf("%d scenarios are skipped without a reason", reasons[""])
			}
			t.Logf("%d scenarios passed", passed)
		})
	}
}

// foreignProgram builds the hosts.
func foreignProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "foreign")
	if out, err := exec.Command("go", "build", "-o", program, "./foreign").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// foreignHost starts one of the hosts, and gives its profile with the address where it listens.
func foreignHost(t *testing.T, program, name string) *rig.Profile {
	t.Helper()
	address := hostOfAnotherMake(t, program, name, "127.0.0.1:0")
	profile, err := foreignProfile(t, name, "127.0.0.1:8583", address)
	must(t, err)
	return profile
}

// hostOfAnotherMake starts one of the hosts, and gives the address that it tells.
func hostOfAnotherMake(t *testing.T, program, name, at string) (address string) {
	t.Helper()
	host := exec.Command(program, name, at)
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	must(t, err)
	must(t, host.Start())
	t.Cleanup(func() {
		_ = host.Process.Kill()
		_ = host.Wait()
	})
	address, err = bufio.NewReader(out).ReadString('\n')
	must(t, err)
	return strings.TrimSpace(address)
}

// foreignProfile reads the profile of one of the hosts, its dialect beside it, with one place changed.
func foreignProfile(t *testing.T, name, old, new string) (*rig.Profile, error) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "foreign"))))
	file := filepath.Join(dir, name+".yaml")
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, writeFile(file, strings.Replace(string(text), old, new, 1)))
	return rig.LoadProfile(file)
}
