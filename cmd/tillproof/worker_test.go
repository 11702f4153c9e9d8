package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/reports"
)

// crowded is for three workers: seven tills.
const crowded = `name: crowded
tills: 7
lag: 30s
mix: [{weight: 1, legs: [{flow: sale, amount: 12.00 CNY}]}]
stages: [{rate: 100/s, for: 5s}]
`

// anywhere has the coordinator be the server, at any free port.
const anywhere = "nats://127.0.0.1:0"

// spread runs a load over three workers that meet at a URL, and sends a signal to the coordinator or to worker b once orders were approved.
func spread(t *testing.T, url string, signal os.Signal, toWorker bool) (exit int, told string, s *load.Summary, rest []int) {
	t.Helper()
	c := tillproof(t, "load", "crowded.yaml", "--workers", url, "--expect", "3", "--out", "run", "--prometheus", "127.0.0.1:0")
	if err := os.WriteFile(filepath.Join(c.Dir, "crowded.yaml"), []byte(crowded), 0o644); err != nil {
		t.Fatal(err)
	}
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said, printed strings.Builder // on the two outputs
	c.Stdout = &printed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var workers []*exec.Cmd
	var figures string
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if at, ok := strings.CutPrefix(lines.Text(), "figures at "); ok {
			figures = at
		}
		if _, join, ok := strings.Cut(lines.Text(), "tillproof worker --join "); ok {
			if strings.Contains(join, "PASSWORD") { // which who started both knows
				join = url
			}
			for _, name := range []string{"a", "b", "c"} {
				w := tillproof(t, "worker", "--join", join, "--name", name)
				if err := w.Start(); err != nil {
					t.Fatal(err)
				}
				workers = append(workers, w)
			}
		}
		if lines.Text() == "all tills have signed in" && signal != nil {
			awaitFigure(t, figures, regexp.MustCompile(`(?m)^tillproof_load_orders_total\{flow="sale",entry="stripe",end="approved"\} [1-9]`))
			to := c
			if toWorker {
				to = workers[1]
			}
			if err := to.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	exit = code(c.Wait())
	for _, w := range workers {
		rest = append(rest, code(w.Wait()))
	}
	if s, err = load.ReadSummary(filepath.Join(c.Dir, "run")); err != nil {
		t.Fatalf("%v:\n%s", err, said.String())
	}
	return exit, said.String() + printed.String(), s, rest
}

// Of three workers one is killed: what it delivered stays, the rest of its orders is stated as lost, and nothing is made up for.
func TestKilledWorkerIsAccountedFor(t *testing.T) {
	exit, told, s, rest := spread(t, anywhere, syscall.SIGKILL, true)
	if exit != reports.ExitBroken || rest[0] != 0 || rest[1] != -1 || rest[2] != 0 {
		t.Errorf("exit codes %d and %v:\n%s", exit, rest, told)
	}
	accounted(t, told, s, "its connection is gone")
}

// accounted wants each of the 500 orders delivered by a worker or stated as lost with worker b.
func accounted(t *testing.T, told string, s *load.Summary, why string) {
	t.Helper()
	var planned, delivered uint64
	for i, w := range s.Workers {
		planned, delivered = planned+w.Planned, delivered+w.Delivered
		if lost := i == 1; lost != (w.Lost != "") || lost != (w.Delivered < w.Planned) || w.Delivered == 0 {
			t.Errorf("worker %s: %d of %d, lost %q", w.Name, w.Delivered, w.Planned, w.Lost)
		}
	}
	if planned != 500 || delivered != s.Total.Due || s.Total.Approved != s.Total.Due {
		t.Errorf("planned %d, delivered %d, in the figures %d, approved %d:\n%s", planned, delivered, s.Total.Due, s.Total.Approved, told)
	}
	if !strings.Contains(told, s.Degraded()) || !strings.Contains(told, "worker b is lost: "+why) {
		t.Errorf("it is not told:\n%s", told)
	}
}

// Ctrl-C at a worker ends its part of the schedule: what is under way is waited for and delivered, the money of its tills is judged, and the rest is stated.
func TestInterruptedWorkerLeavesInOrder(t *testing.T) {
	exit, told, s, rest := spread(t, anywhere, syscall.SIGINT, true)
	if exit != reports.ExitBroken || rest[0] != 0 || rest[1] != reports.ExitInterrupted || rest[2] != 0 {
		t.Errorf("exit codes %d and %v:\n%s", exit, rest, told)
	}
	accounted(t, told, s, "it was told to leave, and left in order")
}

// Workers meet at a NATS server that has TLS with a certificate of one's own, and wants a user and a password.
func TestWorkersMeetAtServerWithTLS(t *testing.T) {
	certificate, trusted := ownCertificate(t)
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, Username: "till", Password: "prooF7", TLSTimeout: 5,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	defer func() { n.Shutdown(); n.WaitForShutdown() }()
	if !n.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	url := "tls://till:prooF7@" + n.Addr().String()
	stranger := tillproof(t, "load", "lunch-rush", "--workers", url)
	if out, err := stranger.CombinedOutput(); code(err) != reports.ExitBroken || !strings.Contains(string(out), "certificate") || strings.Contains(string(out), "prooF7") {
		t.Errorf("who does not trust the certificate ends with %d: %s", code(err), out)
	}
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE, which names what is trusted, is Linux'")
	}
	t.Setenv("SSL_CERT_FILE", trusted)
	exit, told, s, rest := spread(t, url, nil, false)
	if exit != 0 || rest[0] != 0 || rest[1] != 0 || rest[2] != 0 || s.Total.Due != 500 || s.Total.Approved != 500 || strings.Contains(told, "prooF7") {
		t.Errorf("exit codes %d and %v, %d of %d approved:\n%s", exit, rest, s.Total.Approved, s.Total.Due, told)
	}
}

// ownCertificate makes a certificate for this machine, and the file that says who is trusted.
func ownCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tillproof test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, of, of, public, private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, file
}

// Ctrl-C at the coordinator stops all workers, and the report is written.
func TestInterruptedCoordinatorStopsAll(t *testing.T) {
	exit, told, s, rest := spread(t, anywhere, syscall.SIGINT, false)
	if exit != reports.ExitInterrupted || rest[0] != 0 || rest[1] != 0 || rest[2] != 0 {
		t.Errorf("exit codes %d and %v:\n%s", exit, rest, told)
	}
	if s.Aborted != "interrupted" || s.Took >= s.Length || s.Total.Due == 0 || s.Total.Approved != s.Total.Due || s.Degraded() != "" {
		t.Errorf("aborted %q, took %s, %d of %d approved", s.Aborted, s.Took, s.Total.Approved, s.Total.Due)
	}
}
