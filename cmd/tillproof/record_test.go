package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The suite runs at a host through the recorder; what that wrote, in either format, decodes without a fault, shows no secret, and is played
// again as a workload.
func TestRecordRunDecodeReplay(t *testing.T) {
	profile, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "profiles", "loopback-remote.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	host := started(t, dir, "payment line ", "serve", "--profile", "loopback-remote", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
	for _, format := range []string{"ndjson", "pcapng"} {
		t.Run(format, func(t *testing.T) {
			file := "friday." + format
			recorder := started(t, dir, "recording ", "record", "--listen", "127.0.0.1:0", "--to", host.address, "--dialect", "unionpay-pos", "--out", file)
			write(t, dir, "through.yaml", strings.Replace(string(profile), "127.0.0.1:8583", recorder.address, 1))
			run := tillproof(t, "run", "--profile", "through.yaml", "--state", "state.json", "--out", "run-"+format, "--parallel", "1",
				"--tags", "@SWP-001 or @VOD-001 or @PIN-001 or @SIG-001")
			run.Dir = dir
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			recorder.stop(t)
			told := recorder.told.String()
			for _, want := range []string{" connections, ", "\n  sale ", "\n  sale answer ", "\n  sign-in "} {
				if !strings.Contains(told, want) {
					t.Errorf("it does not tell %q:\n%s", want, told)
				}
			}
			kept, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			decode := tillproof(t, "decode", "--dialect", "unionpay-pos", file)
			decode.Dir = dir
			decoded, err := decode.CombinedOutput()
			if err != nil || !bytes.Contains(decoded, []byte(": sale answer, ")) || !bytes.Contains(decoded, []byte("620012******")) {
				t.Errorf("decode: %v\n%s", err, decoded)
			}
			for _, text := range []string{string(kept), hex.EncodeToString(kept), strings.ToLower(string(kept)), string(decoded)} {
				for _, secret := range recordedSecrets {
					if strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
						t.Errorf("%s... is in the file or its decoding", secret[:6])
					}
				}
			}
			write(t, dir, "again.yaml", "name: again\nreplay: {capture: "+file+", dialect: unionpay-pos, speed: 20}\n")
			again := tillproof(t, "load", "again.yaml", "--out", "again-"+format)
			again.Dir = dir
			if out, err := again.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("replay of "+file+": ")) {
				t.Errorf("load: %v\n%s", err, out)
			}
		})
	}
}

// What the shipped profile's test cards must not show: numbers, and what stands behind the service code of their tracks.
var recordedSecrets = []string{"6200120018438862", "6200120025830432", "6200120033222002", "6200120771002004", "07BF48AC390ABBC6"}

// process is a tillproof that runs until it is told to stop.
type process struct {
	address string
	told    strings.Builder // from then on
	stop    func(*testing.T)
}

// started starts a command and waits until it tells its address behind some words.
func started(t *testing.T, dir, words string, args ...string) *process {
	t.Helper()
	p := &process{}
	c := tillproof(t, args...)
	c.Dir = dir
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	first := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		seen := false
		for b := make([]byte, 4096); ; {
			n, err := out.Read(b)
			p.told.Write(b[:n])
			if _, after, ok := strings.Cut(p.told.String(), words); ok && !seen {
				if at := strings.IndexAny(after, " ,\n"); at > 0 {
					seen = true
					first <- after[:at]
				}
			}
			if err != nil {
				close(first)
				return
			}
		}
	}()
	ended := false
	p.stop = func(t *testing.T) {
		if ended {
			return
		}
		ended = true
		if err := c.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		<-read
		if got := code(c.Wait()); got != 0 {
			t.Errorf("%s ended with %d:\n%s", args[0], got, p.told.String())
		}
	}
	t.Cleanup(func() { p.stop(t) })
	if p.address = <-first; p.address == "" {
		t.Fatalf("%s does not tell its address", args[0])
	}
	return p
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
