package campaign

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/journal/scratch"
	"github.com/tillproof/tillproof/simulators/rig"
)

var kills = flag.Int("kills", 3, "how often TestKilledAtRandomMoments kills the host")

// serveChild is the reference acquirer in a process of its own: it serves at two addresses, with a store or without, until it is killed or its
// standard input ends.
func serveChild(line, control, store string) error {
	r, err := rig.New(rig.Options{Line: rig.LineSocket})
	if err != nil {
		return err
	}
	s, err := rig.Serve(context.Background(), rig.ServeOptions{Rig: r, Listen: line, Control: control, Store: store, Seed: 1, Lean: true})
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	s.Close()
	return err
}

// mortal is such a process. It implements Host.
type mortal struct {
	t                    *testing.T
	line, control, store string
	process              *exec.Cmd
	stdin                io.Closer
}

func (m *mortal) start() error {
	m.process = exec.Command(os.Args[0], "serve", m.line, m.control, m.store)
	m.process.Stderr = os.Stderr
	in, err := m.process.StdinPipe()
	if err != nil {
		return err
	}
	m.stdin = in
	out, err := m.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := m.process.Start(); err != nil {
		return err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	return err
}

// Restart implements Host.
func (m *mortal) Restart(context.Context) error {
	if err := m.process.Process.Kill(); err != nil {
		return err
	}
	_ = m.process.Wait() // it says that it was killed
	return m.start()
}

// owed adds up what the host owes the merchants of the fleet, in minor units.
func (m *mortal) owed() (sum int64) {
	m.t.Helper()
	a, err := http.Get("http://" + m.control + "/worlds/" + rig.StandingWorld + "/state")
	if err != nil {
		m.t.Fatal(err)
	}
	defer a.Body.Close()
	var s rig.State
	if err := json.NewDecoder(a.Body).Decode(&s); err != nil {
		m.t.Fatal(err)
	}
	for account, b := range s.Balances {
		if strings.HasPrefix(account, "merchant:89832054817") {
			sum += b.Balance.Minor
		}
	}
	http.DefaultClient.CloseIdleConnections()
	return sum
}

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	for range 100 {
		// Below the ports that connections from here get, so that none of them takes it before it is listened on.
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port of loopback is free")
	return ""
}

// tills is how many sell.
const tills = 20

// killed has tills sell for 1.00 each while the host is killed so often, at random moments.
func killed(t *testing.T, store string, times int) (out *Result, owed int64) {
	t.Helper()
	m := &mortal{t: t, line: free(t), control: free(t), store: store}
	if err := m.start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.stdin.Close(); _ = m.process.Wait() }()
	chance, at := rand.New(rand.NewPCG(1, uint64(times))), 500*time.Millisecond
	var faults strings.Builder
	for range times {
		fmt.Fprintf(&faults, "  - {at: %s, host: kill}\n", at)
		at += time.Duration(200+chance.IntN(1600)) * time.Millisecond // while it starts, too
	}
	calm := 3 * time.Second // in the end each till sells again, and takes back before what it has no answer to
	if times > 10 {
		calm = 10 * time.Second
	}
	w, err := load.ParseWorkload([]byte(fmt.Sprintf("name: mortal\ntills: %d\nwhole: true\npatience: 1s\nlag: 1m\nmix: [{weight: 1, legs: [{flow: sale, amount: 1.00 CNY}]}]\n"+
		"stages: [{rate: 200/s, for: %s}, {rate: 40/s, for: %s}]\nfaults:\n%s", tills, at, calm, faults.String())), "mortal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Line: rig.LineSocket, Control: m.control, World: rig.StandingWorld})
	if err != nil {
		t.Fatal(err)
	}
	if out, err = Run(t.Context(), Config{Workload: w, Rig: r, Live: io.Discard, Now: time.Now, Host: m}); err != nil {
		t.Fatal(err)
	}
	for _, n := range out.Summary.Injected {
		if n.Times != 1 {
			t.Errorf("%s", n.Sentence())
		}
	}
	return out, m.owed()
}

// Whenever the host is killed under load, no approval that it has told a till of is lost and none is posted twice: what it owes its merchants is what
// the tills have seen approved, and the audit finds nothing. On the lossy disk all is gone that was not synced.
func TestKilledAtRandomMoments(t *testing.T) {
	for _, c := range []struct {
		name  string
		store func(*testing.T) string
	}{
		{"SQLite", func(t *testing.T) string { return t.TempDir() }},
		{"SQLite, unsynced writes discarded", func(t *testing.T) string { return "lossy:" + t.TempDir() }},
		{"PostgreSQL", func(t *testing.T) string {
			address, why := scratch.Database(t, os.Getenv(scratch.Cluster))
			if address == "" {
				t.Skip(why)
			}
			return address
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, owed := killed(t, c.store(t), *kills)
			s := out.Summary
			t.Logf("%d kills within %s: %d orders, %d approved, %d without an answer, %d refused, %d taken back", *kills, s.Took.Round(time.Second), s.Total.Due, s.Total.Approved,
				s.Total.TimedOut, s.Total.Refused, s.Reversed)
			for _, b := range out.Breaks {
				t.Errorf("%s: %s", b.Rule, b.Text)
			}
			// A till whose last order had no answer in time still owes its reversal, as the audit knows.
			if want := int64(s.Total.Approved) * 100; owed < want || owed > want+tills*100 || !out.Judged || s.Total.Approved < 50 {
				t.Errorf("the host owes %d, and the tills have seen %d approved; %s", owed, want, s.Money)
			}
		})
	}
}

// A host without a store loses what it has approved, and so does one that never syncs: that is noticed.
func TestForgottenApprovalsAreNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	for name, store := range map[string]string{"no store": "", "unsynced writes discarded, and nothing synced": "careless:" + t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, owed := killed(t, store, 1)
			if len(out.Breaks) == 0 || owed >= int64(out.Summary.Total.Approved)*100 {
				t.Errorf("the host owes %d for %d approved, and the audit finds %d breaks", owed, out.Summary.Total.Approved, len(out.Breaks))
			}
		})
	}
}
