package rig_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// Against a host of which only the line is known, what needs no more than the line runs and holds, and the rest is skipped, each
// with its reason. A second run goes on where the first one's trace numbers ended: the host remembers them.
func TestSuiteOnARemoteHost(t *testing.T) {
	file := remoteProfile(t, freeAddress(t))
	profile, err := rig.LoadProfile(file)
	must(t, err)
	serving(t, file, profile.Address, "", 5)
	state := filepath.Join(t.TempDir(), "runs", "state.json")
	ended := 0
	for _, name := range []string{"first", "second"} {
		all, run := verdicts(t, rig.Options{Profile: profile, Line: rig.LineSocket, State: state}, 2, "")
		if code := run.ExitCode(); code != reports.ExitHeld {
			t.Errorf("the %s run ends with code %d", name, code)
		}
		passed, reasons := 0, map[string]int{}
		for id, s := range all {
			switch s.Status {
			case reports.Passed:
				passed++
			case reports.Skipped:
				reasons[s.Reason]++
			default:
				t.Errorf("%s run: %s: %s", name, id, why(s))
			}
		}
		if passed < 40 {
			t.Errorf("%s run: only %d scenarios passed", name, passed)
		}
		for _, want := range []string{rig.ErrNoSight.Error(), "about time: needs a host with a virtual clock",
			"profile loopback-remote binds no test card to Judy", "whether the line of a remote host has TLS is its profile's matter"} {
			if reasons[want] == 0 {
				t.Errorf("%s run: nothing is skipped because %s; reasons: %v", name, want, reasons)
			}
		}
		if reasons[""] > 0 {
			t.Errorf("%s run: %d scenarios are skipped without a reason", name, reasons[""])
		}
		text, err := os.ReadFile(state)
		must(t, err)
		var kept map[string]struct{ Trace int }
		must(t, json.Unmarshal(text, &kept))
		if next := kept["10000001"].Trace; next <= ended+100 {
			t.Errorf("%s run: T1's next trace number is %d, before it was %d", name, next, ended)
		} else {
			ended = next
		}
	}
}

// A host that need not know the keys of our chips is never said to have verified one: what a chip showed waits for a review, a decline
// as an approval. A chip that goes on counting is taken by a host that remembers.
func TestChipsOnARemoteHost(t *testing.T) {
	file := remoteProfile(t, freeAddress(t))
	knows, err := rig.LoadProfile(file)
	must(t, err)
	serving(t, file, knows.Address, "", 5)
	text, err := os.ReadFile(file)
	must(t, err)
	silent := filepath.Join(t.TempDir(), "silent.yaml")
	must(t, writeFile(silent, strings.Replace(string(text), "chip_keys: true", "", 1)))
	says, err := rig.LoadProfile(silent)
	must(t, err)
	state := filepath.Join(t.TempDir(), "state.json")
	for _, c := range []struct {
		profile *rig.Profile
		status  reports.Status
		reason  string
		code    int
	}{
		{knows, reports.Passed, "", reports.ExitHeld},
		{says, reports.Review, "the cryptogram that T1 sent is unverified", reports.ExitFailed},
		{knows, reports.Passed, "", reports.ExitHeld},
	} {
		r, err := rig.New(rig.Options{Profile: c.profile, Line: rig.LineSocket, State: state})
		must(t, err)
		run, err := steps.Run(t.Context(), steps.Config{Rig: r, Builtin: features.FS, Seed: 3, Now: time.Now, Paths: []string{"features/chip/sale.feature"}, Tags: "@CHP-002 and not @host-control"})
		must(t, err)
		s := run.Features[0].Scenarios[0]
		if s.Status != c.status || !strings.HasPrefix(s.Reason, c.reason) || run.ExitCode() != c.code {
			t.Errorf("%s: %s, code %d: %s", s.ID, s.Status, run.ExitCode(), why(&s))
		}
	}
}

// No card number but the profile's leaves for a remote host, not even in a message that a tester made.
func TestGuardRailsOfARemoteHost(t *testing.T) {
	s := openShop(t, t.TempDir())
	before := len(s.world.Wire)
	err := s.till.SendMade(pay.Sale, func(m *iso8583.Message) error {
		m.Set(iso8583.PAN, "6200120104962999") // Judy's, whom the profile does not name
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "620012******2999 is no test card of profile loopback-remote") {
		t.Errorf("got %v", err)
	}
	if len(s.world.Wire) != before {
		t.Error("the message went to the host")
	}
}

// A state file that cannot be read is no reason to begin with trace number 1.
func TestBrokenStateFile(t *testing.T) {
	profile, err := rig.LoadProfile("loopback-remote")
	must(t, err)
	state := filepath.Join(t.TempDir(), "state.json")
	must(t, writeFile(state, `{"10000001": {"tra`))
	if _, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: state}); err == nil || !strings.Contains(err.Error(), "without it trace numbers repeat") {
		t.Errorf("got %v", err)
	}
}
