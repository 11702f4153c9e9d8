package workers

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/campaign"
	"github.com/tillproof/tillproof/simulators/rig"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table is a served host with its profile, and what of that profile nobody may hear.
type table struct {
	t       *testing.T
	profile *rig.Profile
	secrets []string
}

// lay serves the shipped profile of a remote host. A PIN of it is long: six digits may also be a trace number.
func lay(t *testing.T) *table {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, "profiles/loopback-remote.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a := &table{t: t}
	for _, m := range regexp.MustCompile(`pan: "(\d+)"|components: \["(\w+)", "(\w+)"\]`).FindAllSubmatch(text, -1) {
		for _, secret := range m[1:] {
			if len(secret) > 0 {
				a.secrets = append(a.secrets, string(secret))
			}
		}
	}
	text = regexp.MustCompile(`pin: "(\d+)"`).ReplaceAllFunc(text, func(pin []byte) []byte {
		long := fmt.Sprintf("%s%06d", pin[len(`pin: "`):len(pin)-1], 975310+len(a.secrets))
		a.secrets = append(a.secrets, long)
		return fmt.Appendf(nil, "pin: %q", long)
	})
	file := filepath.Join(t.TempDir(), "host.yaml")
	write := func(address string) {
		if err := os.WriteFile(file, bytes.Replace(text, []byte("127.0.0.1:8583"), []byte(address), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if a.profile, err = rig.LoadProfile(file); err != nil {
			t.Fatal(err)
		}
	}
	write("127.0.0.1:1")
	s, err := rig.Serve(t.Context(), rig.ServeOptions{Rig: a.rig("serve"), Listen: "127.0.0.1:0", Control: "127.0.0.1:0", Seed: 1, Lean: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	line, _ := s.Addresses()
	write(line)
	return a
}

func (a *table) rig(name string) *rig.Rig {
	a.t.Helper()
	r, err := rig.New(rig.Options{Profile: a.profile, Line: rig.LineSocket, State: filepath.Join(a.t.TempDir(), name+".json")})
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

const pair = `name: pair
tills: 2
cards: 2
patience: 20s
lag: 10s
mix:
  - {weight: 3, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}, {flow: void, after: 100ms}]}
stages: [{rate: 40/s, for: 1s}]
`

// spread runs the pair over two workers that meet at a server.
func (a *table) spread(url string, joined func(url string)) (*campaign.Result, []error) {
	a.t.Helper()
	w, err := load.ParseWorkload([]byte(pair), "pair.yaml")
	if err != nil {
		a.t.Fatal(err)
	}
	var join string
	r := a.rig("coordinator")
	team, err := New(Config{URL: url, Expect: 2, Wait: 20 * time.Second, Rig: r, Join: func(url string) { join = url }})
	if err != nil {
		a.t.Fatal(err)
	}
	defer team.Close()
	if joined != nil {
		joined(join)
	}
	errs := make([]error, 2)
	var group sync.WaitGroup
	for i, name := range []string{"left", "right"} {
		own := a.rig(name)
		group.Go(func() {
			errs[i] = Work(a.t.Context(), Worker{URL: join, Name: name, Wait: 20 * time.Second, Profile: a.profile, Live: io.Discard,
				Rig: func(string, string, int) (*rig.Rig, error) { return own, nil }})
		})
	}
	out, err := campaign.Run(a.t.Context(), campaign.Config{Workload: w, Rig: r, Live: io.Discard, Now: time.Now, Team: team})
	if err != nil {
		a.t.Fatal(err)
	}
	team.Close()
	group.Wait()
	return out, errs
}

// Who listens to all that workers and coordinator say hears no card number, no PIN and no key: neither as text nor packed.
func TestNoSecretIsSaid(t *testing.T) {
	a := lay(t)
	var mu sync.Mutex
	var heard bytes.Buffer
	var nc *nats.Conn
	out, errs := a.spread("nats://127.0.0.1:0", func(url string) {
		var err error
		if nc, err = nats.Connect(url); err != nil {
			t.Fatal(err)
		}
		if _, err = nc.Subscribe(">", func(m *nats.Msg) {
			mu.Lock()
			defer mu.Unlock()
			heard.WriteString(m.Subject + "\n")
			heard.Write(m.Data)
		}); err == nil {
			err = nc.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	nc.Close()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if s := out.Summary; s.Total.Due < 40 || s.Total.Approved != s.Total.Due || out.Degraded || heard.Len() < 10_000 {
		t.Errorf("%d of %d approved, heard %d bytes: %s", s.Total.Approved, s.Total.Due, heard.Len(), s.Degraded())
	}
	if !strings.Contains(heard.String(), a.profile.Terminals[0].Number) {
		t.Error("no terminal's number was heard: does this test listen?")
	}
	if len(a.secrets) != 26 {
		t.Errorf("%d secrets are looked for", len(a.secrets))
	}
	for _, secret := range a.secrets {
		packed, err := hex.DecodeString(secret)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.ToLower(heard.String()); strings.Contains(text, strings.ToLower(secret)) || bytes.Contains(heard.Bytes(), packed) {
			t.Errorf("a secret of the profile was said: %s...", secret[:4])
		}
	}
}

// A server that stands already is used and left standing; what the user gave to get in is not shown.
func TestServerOfOnesOwn(t *testing.T) {
	for name, o := range map[string]*server.Options{
		"open": {}, "token": {Authorization: "letmein"}, "user": {Username: "till", Password: "proof"},
	} {
		t.Run(name, func(t *testing.T) {
			o.Host, o.Port, o.NoLog, o.NoSigs = "127.0.0.1", server.RANDOM_PORT, true, true
			s, err := server.NewServer(o)
			if err != nil {
				t.Fatal(err)
			}
			s.Start()
			defer func() { s.Shutdown(); s.WaitForShutdown() }()
			if !s.ReadyForConnections(readiness) {
				t.Fatal("the server does not start")
			}
			at := map[string]string{"token": "letmein@", "user": "till:proof@"}[name]
			url := "nats://" + at + s.Addr().String()
			_, join, stop, err := open(url, false)
			if err != nil {
				t.Fatal(err)
			}
			stop()
			if at != "" && (strings.Contains(join, "letmein") || strings.Contains(join, "proof")) {
				t.Errorf("what lets one in is shown: %s", join)
			}
			if !s.Running() {
				t.Error("the server that stood there was ended")
			}
			if at != "" {
				if _, _, _, err := open("nats://"+s.Addr().String(), false); err == nil || !strings.Contains(err.Error(), "another token") {
					t.Errorf("who gives nothing is told: %v", err)
				}
			}
		})
	}
}
