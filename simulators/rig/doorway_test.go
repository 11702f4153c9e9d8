package rig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
)

// A host that dials in is driven like one that is dialled.
func TestSuiteOnAHostThatDialsIn(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it for seconds")
	}
	address := freeAddress(t)
	hostOfAnotherMake(t, foreignProgram(t), "ascii", "call:"+address)
	profile, err := foreignProfile(t, "ascii", "address: 127.0.0.1:8583", "listen: "+address)
	must(t, err)
	all, run := verdicts(t, rig.Options{Profile: profile, Line: rig.LineSocket}, 2, "")
	passed := 0
	for id, s := range all {
		switch s.Status {
		case reports.Passed:
			passed++
		case reports.Skipped:
		default:
			t.Errorf("%s: %s", id, why(s))
		}
	}
	if run.ExitCode() != reports.ExitHeld || passed < 40 {
		t.Errorf("code %d, %d scenarios passed", run.ExitCode(), passed)
	}
}

// A connection that was hung up before a till wanted it is nobody's line; who does not come is missed in time.
func TestDoorway(t *testing.T) {
	address := freeAddress(t)
	profile, err := foreignProfile(t, "ascii", "address: 127.0.0.1:8583", "listen: "+address+"\ntimers: {connect: 200ms}")
	must(t, err)
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: filepath.Join(t.TempDir(), "state.json")})
	must(t, err)
	w, err := r.World(t.Context(), 1, "")
	must(t, err)
	defer w.Close()
	till, err := w.Till("T1")
	must(t, err)
	gone, err := net.Dial("tcp", address)
	must(t, err)
	must(t, gone.Close())
	must(t, till.SignIn())
	if got := till.Screens[len(till.Screens)-1].ID; got != "NO_CONNECTION" {
		t.Errorf("nobody is there, and the till shows %s", got)
	}
	must(t, r.Close())
	if _, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		t.Error("a rig that is closed still listens")
	}
	again, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket})
	if err != nil {
		t.Fatalf("the address is not free again: %v", err)
	}
	must(t, again.Close())
}

func TestDoorwayMistakes(t *testing.T) {
	for name, c := range map[string]struct{ new, want string }{
		"address and listen":     {"address: 127.0.0.1:8583\nlisten: 127.0.0.1:8584", "listen: want one of address and listen"},
		"no certificate to show": {"listen: 127.0.0.1:8584\ntls: {server_name: x}", "tls: who is dialled shows a certificate"},
		"to the whole world":     {"listen: 192.0.2.1:8584", "listen: 192.0.2.1:8584 is not this machine"},
		"no port":                {"listen: here", `listen: "here": want host:port`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := foreignProfile(t, "ascii", "address: 127.0.0.1:8583", c.new); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	profile, err := foreignProfile(t, "ascii", "address: 127.0.0.1:8583", "listen: "+taken.Addr().String())
	must(t, err)
	if _, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket}); err == nil || !strings.Contains(err.Error(), "ascii.yaml:5: listen: listen at ") {
		t.Errorf("an address that is in use: %v", err)
	}
}

// Who dials in over TLS is shown the till's certificate, and shows one of its own where the profile names who signs it.
func TestDoorwayWithTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	host := hostOfAnotherMake(t, foreignProgram(t), "ascii", "127.0.0.1:0")
	dir := t.TempDir()
	certificate := selfSigned(t, dir)
	for name, c := range map[string]struct {
		ca     string // the profile's
		shows  []tls.Certificate
		screen string
	}{
		"a certificate of ours":           {"", nil, "SIGNED_IN"},
		"and one of the host's":           {", ca: " + filepath.Join(dir, "cert.pem"), []tls.Certificate{certificate}, "SIGNED_IN"},
		"which it must have, and has not": {", ca: " + filepath.Join(dir, "cert.pem"), nil, "NO_CONNECTION"},
	} {
		t.Run(name, func(t *testing.T) {
			address := freeAddress(t)
			profile, err := foreignProfile(t, "ascii", "address: 127.0.0.1:8583", "listen: "+address+"\ntimers: {connect: 5s}\ntls: {certificate: "+
				filepath.Join(dir, "cert.pem")+", key: "+filepath.Join(dir, "key.pem")+c.ca+"}")
			must(t, err)
			r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket})
			must(t, err)
			done := make(chan struct{})
			go func() { // the host's side of the tunnel
				defer close(done)
				line, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, Certificates: c.shows})
				if err != nil {
					return
				}
				plain, err := net.Dial("tcp", host)
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(line, plain) }()
				_, _ = io.Copy(plain, line)
				_ = plain.Close()
				_ = line.Close()
			}()
			w, err := r.World(t.Context(), 1, "")
			must(t, err)
			till, err := w.Till("T1")
			must(t, err)
			must(t, till.SignIn())
			if got := till.Screens[len(till.Screens)-1].ID; got != c.screen {
				t.Errorf("the till shows %s, want %s", got, c.screen)
			}
			w.Close()
			must(t, r.Close())
			<-done
		})
	}
}

// selfSigned makes a certificate that signs itself, and leaves it and its key in a folder.
func selfSigned(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
