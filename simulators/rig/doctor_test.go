package rig_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
)

const (
	rightKey = `["0123456789ABCDEFFEDCBA9876543210", "00112233445566778899AABBCCDDEEFF"]`
	wrongKey = `["0123456789ABCDEFFEDCBA9876543210", "FFEEDDCCBBAA99887766554433221100"]`
)

// patient is the profile of a host at an address with one terminal.
func patient(address, number, components string) string {
	return fmt.Sprintf("name: patient\nseat: remote\ndialect: unionpay-pos\naddress: %s\nterminals:\n"+
		"  - {label: T1, number: %q, merchant: \"898320548160001\", tmk: {components: %s}}\n", address, number, components)
}

// examined writes the profile to a file and gives the findings by check.
func examined(t *testing.T, profile string, wait time.Duration) map[string]rig.Finding {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.yaml")
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]rig.Finding{}
	rig.Examine(t.Context(), rig.DoctorOptions{Profile: file, Wait: wait, Seed: 1}, func(f rig.Finding) { all[f.Check] = f })
	return all
}

// states writes what was found in the order of the checks: o for ok, X for wrong, - for skipped.
func states(all map[string]rig.Finding) string {
	var b strings.Builder
	for _, check := range []string{"profile", "dialect", "terminal", "address", "echo", "sign-in", "keys", "clock", "mac"} {
		b.WriteString(map[rig.Health]string{rig.Well: "o", rig.Ill: "X", rig.Skipped: "-"}[all[check].State])
	}
	return b.String()
}

func TestDoctorOfTheEmbeddedHost(t *testing.T) {
	for _, dialect := range []string{"unionpay-pos", "iso87-ascii", "iso87-binary"} {
		t.Run(dialect, func(t *testing.T) {
			all := examined(t, "name: own\ndialect: "+dialect+"\n", 10*time.Second)
			if states(all) != "ooooooooo" {
				t.Errorf("%v", all)
			}
		})
	}
}

// TestDoctorOfAServedHost examines the reference acquirer as a remote host, with a profile that fits and ones that do not.
func TestDoctorOfAServedHost(t *testing.T) {
	address := served(t)
	foreign := httptest.NewUnstartedServer(nil)
	foreign.Config.ErrorLog = log.New(io.Discard, "", 0)
	foreign.StartTLS()
	defer foreign.Close()
	gone := listener(t)
	_ = gone.Close()
	for _, c := range []struct {
		name, profile string
		states        string
		check         string // the finding that tells it
		blame         rig.Blame
		text, advice  string // parts of it
	}{
		{"all is well", patient(address, "10000001", rightKey), "oooooooo-", "mac", "", "only messages that move money", ""},
		{"another master key", patient(address, "10000001", wrongKey), "ooooooX--", "keys", rig.BlameProfile,
			"the check value of the PIK does not fit under master key KCV ", "terminal 10000001"},
		{"an unknown terminal", patient(address, "10000099", rightKey), "ooooXX---", "sign-in", rig.BlameProfile, "the host answers 97", "correct number"},
		{"nothing listens", patient(gone.Addr().String(), "10000001", rightKey), "oooX-----", "address", rig.BlameHost, "connection refused", "start the host"},
		{"TLS where there is none", patient(address, "10000001", rightKey) + "tls: {server_name: acquirer.test}\n", "oooX-----", "address", rig.BlameHost,
			address + ": closed", "does the host speak it"},
		{"no master key", strings.Replace(patient(address, "10000001", rightKey), ", tmk: {components: "+rightKey+"}", "", 1), "X--------", "profile",
			rig.BlameProfile, "terminal T1 has no tmk", "correct the line"},
		{"a certificate of nobody we know", patient(foreign.Listener.Addr().String(), "10000001", rightKey) + "tls: {}\n", "oooX-----", "address", rig.BlameProfile,
			"certificate of an unknown authority", "set tls.ca"},
		{"a check value that does not fit", strings.Replace(patient(address, "10000001", rightKey), "]}", "], kcv: 000000}", 1), "X--------", "profile",
			rig.BlameProfile, "profile.yaml:6: terminals[0].tmk.kcv", "correct the line"},
		{"no such setting", patient(address, "10000001", rightKey) + "addres: x\n", "X--------", "profile", rig.BlameProfile, "profile.yaml:7: ", ""},
		{"no such dialect", strings.Replace(patient(address, "10000001", rightKey), "unionpay-pos", "unionpay", 1), "X--------", "profile", rig.BlameProfile,
			"neither a shipped dialect nor a file", ""},
		{"another machine", patient("192.0.2.1:8583", "10000001", rightKey), "X--------", "profile", rig.BlameProfile, "not this machine", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := examined(t, c.profile, 10*time.Second)
			f := all[c.check]
			if states(all) != c.states || f.Blame != c.blame || !strings.Contains(f.Text, c.text) || !strings.Contains(f.Advice, c.advice) {
				t.Errorf("%s, want %s\n%v", states(all), c.states, all)
			}
			for _, f := range all {
				if strings.Contains(f.Text+f.Advice, "0123456789ABCDEF") {
					t.Errorf("a component is shown: %v", f)
				}
			}
		})
	}
}

// served starts the reference acquirer with terminal 10000001 under rightKey and gives its payment line.
func served(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "host.yaml")
	text := strings.NewReplacer("seat: remote", "seat: embedded", "address: -\n", "").Replace(patient("-", "10000001", rightKey))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := rig.LoadProfile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Profile: p, Line: rig.LineSocket})
	if err != nil {
		t.Fatal(err)
	}
	s, err := rig.Serve(t.Context(), rig.ServeOptions{Rig: r, Listen: "127.0.0.1:0", Control: "127.0.0.1:0", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	address, _ := s.Addresses()
	return address
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestDoctorOfAHostThatErrs: each host answers the echo or the sign-in in a way of its own.
func TestDoctorOfAHostThatErrs(t *testing.T) {
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// answer changes the good answer; good sends it.
	type answer func(m *iso8583.Message, good func() []byte) []byte
	onSignIn := func(edit func(m *iso8583.Message)) answer {
		return func(m *iso8583.Message, good func() []byte) []byte {
			if m.Has(iso8583.Keys) {
				edit(m)
			}
			return good()
		}
	}
	for _, c := range []struct {
		name   string
		answer answer
		states string
		check  string
		blame  rig.Blame
		text   string
	}{
		{"good", onSignIn(func(*iso8583.Message) {}), "oooooooo-", "clock", "", "within 1s"},
		{"silent", func(*iso8583.Message, func() []byte) []byte { return []byte{} }, "ooooXX---", "echo", rig.BlameHost, "no answer within 0.15s: not one byte had come"},
		{"hangs up", func(*iso8583.Message, func() []byte) []byte { return nil }, "ooooXX---", "echo", rig.BlameHost, "the line was cut (closed by the other side)"},
		{"another framing", func(_ *iso8583.Message, good func() []byte) []byte {
			return fmt.Appendf(nil, "%04d%s", len(good()), good())
		}, "ooooXX---", "echo", rig.BlameProfile, "is the framing ascii4?"},
		{"a length that counts itself", func(_ *iso8583.Message, good func() []byte) []byte {
			b := good()
			b[1] += 2
			return b
		}, "ooooXX---", "echo", rig.BlameProfile, "bytes of a frame had come"},
		{"another encoding", func(_ *iso8583.Message, good func() []byte) []byte {
			return bytes.Replace(good(), []byte{0x08}, []byte{0xF8}, 1)
		}, "ooooXX---", "echo", rig.BlameProfile, "a frame came that fails at MTI"},
		{"another trace", func(m *iso8583.Message, good func() []byte) []byte {
			m.Set(iso8583.Trace, "999999")
			return good()
		}, "ooooXX---", "echo", rig.BlameProfile, "trace 999999"},
		{"maintenance", func(m *iso8583.Message, good func() []byte) []byte {
			m.Set(iso8583.AnswerCode, "96")
			return good()
		}, "ooooXX---", "sign-in", rig.BlameHost, "the host answers 96: "},
		{"clock two hours ahead", onSignIn(func(m *iso8583.Message) {
			setClock(m, time.Now().Add(2*time.Hour))
		}), "oooooooX-", "clock", rig.BlameHost, "ahead of ours"},
		{"no time", onSignIn(func(m *iso8583.Message) { m.Unset(iso8583.LocalTime) }), "ooooooo--", "clock", "", "tells no time"},
		{"no keys", onSignIn(func(m *iso8583.Message) { m.Unset(iso8583.Keys) }), "ooooooX--", "keys", rig.BlameHost, "F62 brings no usable keys"},
		{"another MAK length", onSignIn(func(m *iso8583.Message) {
			f62 := []byte(m.Get(iso8583.Keys))
			f62[len(f62)-1] ^= 1
			m.Set(iso8583.Keys, string(f62))
		}), "ooooooX--", "keys", rig.BlameProfile, "the check value of the MAK does not fit, that of the PIK does"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := listener(t)
			go erring(d, l, c.answer)
			all := examined(t, patient(l.Addr().String(), "10000001", rightKey), 150*time.Millisecond)
			if f := all[c.check]; states(all) != c.states || f.Blame != c.blame || !strings.Contains(f.Text, c.text) {
				t.Errorf("%s, want %s\n%v", states(all), c.states, all)
			}
		})
	}
}

func setClock(m *iso8583.Message, at time.Time) {
	m.Set(iso8583.LocalTime, at.In(sim.Zone).Format("150405"))
	m.Set(iso8583.LocalDate, at.In(sim.Zone).Format("0102"))
}

// erring serves a till's first minute, each answer as it is told. It hangs up for nil and for what it cannot do.
func erring(d *iso8583.Dialect, l net.Listener, answer func(*iso8583.Message, func() []byte) []byte) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			framer, err := d.Framing.ServerFramer()
			if err != nil {
				return
			}
			in, chunk := wire.NewInbox(framer), make([]byte, 4096)
			for {
				n, err := conn.Read(chunk)
				if err != nil {
					return
				}
				in.Add(chunk[:n])
				frame, ok, err := in.Next()
				if err != nil {
					return
				}
				if !ok {
					continue
				}
				m, err := goodAnswer(d, frame)
				if err != nil {
					return
				}
				out := answer(m, func() []byte {
					b, _ := d.Encode(nil, m)
					b, _ = framer.Append(nil, b)
					return b
				})
				if out == nil {
					return
				}
				_, _ = conn.Write(out)
			}
		}()
	}
}

func goodAnswer(d *iso8583.Dialect, frame []byte) (*iso8583.Message, error) {
	req := d.New()
	if err := d.Decode(req, frame); err != nil {
		return nil, err
	}
	m := d.NewAnswer(req)
	setClock(m, time.Now())
	m.Set(iso8583.AnswerCode, "00")
	m.Set(iso8583.Batch, "000001")
	if tx, _, ok := d.Identify(req); !ok || tx.Flow != pay.SignIn {
		return m, nil
	}
	box := hsm.New(sim.Seed(7).Reader("host"))
	a := []byte("\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10")
	b := []byte("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF")
	if _, err := box.Import("TMK", hsm.TDES2, a, b); err != nil {
		return nil, err
	}
	keys, err := box.WorkingKeys("TMK", "003", hsm.KeyNames{PIK: "PIK", MAK: "MAK"}, hsm.MAKAuto)
	m.Set(iso8583.Keys, string(keys))
	return m, err
}
