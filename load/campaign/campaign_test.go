package campaign

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/rig"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "serve" {
		if err := serveChild(os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

const small = `name: small
tills: 20
patience: 20s
lag: 10s
whole: %v
mix:
  - {weight: 2, legs: [{flow: sale, entry: chip, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 1, legs: [{flow: sale, entry: tap, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}, {flow: void, after: 200ms}]}
  - {weight: 1, legs: [{flow: sale, amount: 5.00 CNY}, {flow: refund, amount: 1.00 CNY to 5.00 CNY, after: 200ms}]}
  - {weight: 1, legs: [{flow: pre-auth, amount: 5.00 CNY}, {flow: completion, after: 200ms}]}
  - {weight: 1, legs: [{flow: pre-auth, amount: 5.00 CNY}, {flow: pre-auth-void, after: 200ms}]}
  - {weight: 1, legs: [{flow: balance}, {flow: echo}]}
stages: [{rate: 40/s, for: 2s}]
thresholds: [approved>99%, dropped==0]
`

// at prepares a campaign at an embedded host over sockets.
func at(t *testing.T, profile string, whole bool) Config {
	t.Helper()
	p, err := rig.LoadProfile(profile)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Profile: p, Line: rig.LineSocket})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(small, "%v", map[bool]string{true: "true\nline: serial", false: "false"}[whole], 1)
	w, err := load.ParseWorkload([]byte(text), "small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return Config{Workload: w, Rig: r, Out: t.TempDir(), Live: io.Discard, Now: time.Now}
}

// With TLS on the lines the same holds; where each transaction connects anew, connections a second and what a handshake takes are told.
func TestRunWithTLS(t *testing.T) {
	for _, line := range []load.LineKind{load.Multiplexed, load.Each} {
		c := at(t, "embedded", line == load.Each)
		c.Workload.Line, c.Workload.TLS = line, true
		out, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		s := out.Summary
		if len(out.Breaks) > 0 || s.Total.Approved != s.Total.Due || s.Total.Due < 40 {
			t.Errorf("%s: %+v; %s; breaks %v", line, s.Total.Counts, s.Money, out.Breaks)
		}
		report, err := os.ReadFile(filepath.Join(c.Out, "report.html"))
		if err != nil {
			t.Fatal(err)
		}
		each := line == load.Each
		if charted := bytes.Contains(report, []byte("<h2>Connections</h2>")); each != charted || each && s.Connected.Count < s.Total.Due {
			t.Errorf("%s: connected %+v, charted: %t", line, s.Connected, charted)
		}
	}
	c := at(t, "loopback-remote", false)
	c.Workload.TLS, c.Workload.Tills, c.Workload.Cards = true, 1, 1
	if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "whether the line of a remote host has TLS is its profile's matter") {
		t.Errorf("at a remote host: %v", err)
	}
}

// Whole terminals and templates carry the same chains out, in two dialects, and the money balances after each.
func TestRun(t *testing.T) {
	var orders []uint64
	for _, profile := range []string{"embedded", "iso87-ascii"} {
		for _, whole := range []bool{false, true} {
			c := at(t, profile, whole)
			out, err := Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			s := out.Summary
			if out.Crossed || out.Interrupted || !out.Judged || len(out.Breaks) > 0 || s.Total.Approved != s.Total.Due || s.Total.Due < 40 {
				t.Errorf("%s, whole %v: %+v; %s; breaks %v", profile, whole, s.Total.Counts, s.Money, out.Breaks)
			}
			tellsWhatCrossed(t, c, s)
			orders = append(orders, s.Total.Due)
			for _, file := range []string{"summary.json", "response.hlog", "results.gob", "metrics.prom", "report.html"} {
				if info, err := os.Stat(filepath.Join(c.Out, file)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
	for _, n := range orders {
		if n != orders[0] {
			t.Errorf("orders of the same chains: %v", orders)
		}
	}
}

// tellsWhatCrossed wants the request and the answer of each slow order, decoded by name, and no card number in any file.
func tellsWhatCrossed(t *testing.T, c Config, s *load.Summary) {
	t.Helper()
	for _, o := range s.Slowest {
		text := strings.Join(o.Trace, "\n")
		if !strings.Contains(text, "to the host ") || !strings.Contains(text, "from the host ") || !strings.Contains(text, " "+o.Code) ||
			!strings.Contains(text, fmt.Sprintf("%06d", o.STAN)) || !strings.Contains(text, o.Terminal) {
			t.Errorf("chain %d, STAN %06d, %s %s:\n%s", o.Chain, o.STAN, o.Flow, o.Code, text)
			return
		}
	}
	fleet, err := c.Rig.Fleet(t.Context(), c.Workload.Fleet())
	if err != nil {
		t.Fatal(err)
	}
	defer fleet.Close()
	cards, err := fleet.CardsInHand()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"summary.json", "report.html"} {
		text, err := os.ReadFile(filepath.Join(c.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "from the host ") {
			t.Errorf("%s tells no answer", name)
		}
		for _, card := range cards {
			if strings.Contains(string(text), card.PAN.Reveal()) {
				t.Errorf("%s tells a card number", name)
			}
		}
	}
}

// An end of the context ends the schedule; what is under way is waited for, and all files are written.
func TestInterrupted(t *testing.T) {
	c := at(t, "embedded", false)
	ctx, cancel := context.WithCancel(t.Context())
	c.Watch = func(*load.Interval) { cancel() }
	out, err := Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if s := out.Summary; !out.Interrupted || s.Total.Approved != s.Total.Due || s.Aborted == "" || !out.Judged || len(out.Breaks) > 0 {
		t.Errorf("%+v; %+v", out, s.Total.Counts)
	}
	if _, err := os.Stat(filepath.Join(c.Out, "report.html")); err != nil {
		t.Error(err)
	}
}

func TestPlansThatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Config)
		want string
	}{
		"money":     {func(c *Config) { c.Workload.Balance = "1.00 CNY" }, "would spend"},
		"threshold": {func(c *Config) { c.Thresholds = []string{"response.p99<"} }, "response.p99<"},
		"line":      {func(c *Config) { c.Workload.Line = load.Each }, "whole"},
	} {
		t.Run(name, func(t *testing.T) {
			config := at(t, "embedded", false)
			c.edit(&config)
			if _, err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestFindMax(t *testing.T) {
	if testing.Short() {
		t.Skip("it offers rates for twenty seconds")
	}
	c := at(t, "embedded", false)
	found, breaks, err := FindMax(t.Context(), c, Search{Want: "response.p90<10s", Start: 20, Ceiling: 40, Hold: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if found.Max != 40 || !found.Capped || len(breaks) > 0 {
		t.Errorf("%+v, %v", found, breaks)
	}
}
