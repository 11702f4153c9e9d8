package steps_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// Every defect of every party is killed by a scenario of a requirement that names it, and each requirement is broken by every
// defect that it names.
func TestSelfcheck(t *testing.T) {
	requirements, err := steps.LoadRequirements(fixtures.FS)
	if err != nil {
		t.Fatal(err)
	}
	m := selfcheck(t, steps.Selfcheck{Requirements: requirements, Defects: rig.Defects()})
	var text strings.Builder
	if err := m.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if len(m.Trials) < 10 || len(m.Survivors())+len(m.Untested)+len(m.Blind)+len(m.Unknown)+len(m.Unnamed) > 0 {
		_, end, _ := strings.Cut(text.String(), " pass without a defect")
		t.Errorf("%d defects%s", len(m.Trials), end)
	}
	for _, trial := range m.Trials {
		if trial.Trouble != "" {
			t.Errorf("%s: %s", trial.Name, trial.Trouble)
		}
	}
}

// few are two of the features, as a suite that runs quickly: SEC-001 to SEC-005 and SWP-016 to SWP-018.
func few(t *testing.T) fs.FS {
	t.Helper()
	few := fstest.MapFS{}
	for _, name := range []string{"security/mac.feature", "swipe/receipt.feature"} {
		text, err := fs.ReadFile(features.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		few[name] = &fstest.MapFile{Data: text}
	}
	return few
}

// Selfcheck itself can fail.
func TestSelfcheckCanFail(t *testing.T) {
	awake := t.Context()
	for _, c := range []struct {
		name   string
		defect string
		rig    func(string) (*rig.Rig, error)
		named  string // the requirement that names the defect
		killed bool
		says   []string
	}{
		{name: "a defect that breaks what names it", defect: "acquirer-skips-mac", rig: steps.Armed, named: "SEC-001", killed: true,
			says: []string{"killed    acquirer-skips-mac", "SEC-001", "features/security/mac.feature:", "want SIGN_IN_AGAIN", "1 killed, 0 survive"}},
		{name: "one that changes nothing", defect: "harmless", rig: func(string) (*rig.Rig, error) { return steps.Armed("") }, named: "SEC-001",
			says: []string{"SURVIVES  harmless", "0 killed, 1 survive", "SEC-001 harmless"}},
		{name: "one that only others notice", defect: "acquirer-skips-mac", rig: steps.Armed, named: "SWP-018",
			says: []string{"SURVIVES  acquirer-skips-mac", "by accident SEC-001", "SWP-018 acquirer-skips-mac"}},
		{name: "one that nobody names", defect: "acquirer-skips-mac", rig: steps.Armed,
			says: []string{"SURVIVES", "by accident SEC-001", "defects that no requirement names:\n  acquirer-skips-mac"}},
		{name: "one after which no sale can begin", defect: "acquirer-wrong-echo", rig: steps.Armed, named: "SWP-018",
			says: []string{"SURVIVES", "before the scenario"}},
		{name: "one that hangs", defect: "hangs", named: "SEC-001", says: []string{"SURVIVES", "trouble: it hangs"},
			rig: func(string) (*rig.Rig, error) { <-awake.Done(); return nil, awake.Err() }},
		{name: "one that panics", defect: "panics", named: "SEC-001", rig: func(string) (*rig.Rig, error) { panic("nil map") },
			says: []string{"SURVIVES", "trouble: panic: nil map"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := steps.Selfcheck{Builtin: few(t), Defects: []rig.Defect{{Name: c.defect, Text: "is tried"}}, Patience: 20 * time.Second}
			if c.named != "" {
				check.Requirements = []steps.Requirement{{ID: c.named, Defects: []string{c.defect}}}
			}
			if c.defect == "hangs" {
				check.Patience = 20 * time.Millisecond
			}
			check.Rig = func(defect string) (*rig.Rig, error) {
				if defect == "" {
					return steps.Armed("")
				}
				return c.rig(defect)
			}
			m := selfcheck(t, check)
			if killed := len(m.Survivors()) == 0; killed != c.killed {
				t.Errorf("killed %v, want %v", killed, c.killed)
			}
			var text strings.Builder
			if err := m.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			for _, words := range c.says {
				if !strings.Contains(text.String(), words) {
					t.Errorf("want %q in\n%s", words, text.String())
				}
			}
		})
	}
}

// A suite that fails by itself proves nothing, nor does a defect that is none.
func TestSelfcheckRefuses(t *testing.T) {
	sick := steps.Selfcheck{Builtin: few(t), Now: time.Now, Rig: func(string) (*rig.Rig, error) { return steps.Armed("acquirer-skips-mac") }}
	if _, err := sick.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "failed without any defect") {
		t.Errorf("a suite that fails: %v", err)
	}
	misspelt := steps.Selfcheck{Builtin: few(t), Now: time.Now, Defects: rig.Defects(), Only: []string{"acquirer-skips-mack"}}
	if _, err := misspelt.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no such defect") {
		t.Errorf("a name that is none: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (steps.Selfcheck{Builtin: few(t), Now: time.Now, Defects: rig.Defects()}).Run(ctx); err == nil {
		t.Error("an interrupted run says that it is done")
	}
}

// Only tries what was asked for, and calls no requirement untested whose defects were left out.
func TestSelfcheckOnly(t *testing.T) {
	requirements := []steps.Requirement{{ID: "SEC-001", Defects: []string{"acquirer-skips-mac"}}, {ID: "SWP-017", Defects: []string{"terminal-reprints-unmarked"}},
		{ID: "SWP-016"}, {ID: "SWP-018", Defects: []string{"no-such-defect"}}}
	m := selfcheck(t, steps.Selfcheck{Builtin: few(t), Requirements: requirements, Defects: rig.Defects(), Only: []string{"terminal-reprints-unmarked"}})
	if len(m.Trials) != 1 || len(m.Survivors()) > 0 || !slices.Equal(m.Untested, []string{"SWP-016"}) || len(m.Blind) > 0 ||
		!slices.Equal(m.Unknown, []steps.Claim{{Requirement: "SWP-018", Defect: "no-such-defect"}}) {
		t.Errorf("%+v", m)
	}
}

// With All a defect meets the scenarios that ask what it edits, and no other would have failed: each defect is tried with all of them too.
func TestSelfcheckAll(t *testing.T) {
	requirements := []steps.Requirement{{ID: "SEC-001", Defects: []string{"acquirer-skips-mac"}}}
	check := steps.Selfcheck{Builtin: few(t), Requirements: requirements, Defects: rig.Defects(), All: true}
	for i, d := range check.Defects {
		if i%20 == 0 || d.Name == "acquirer-skips-mac" {
			check.Only = append(check.Only, d.Name)
		}
	}
	touched := selfcheck(t, check)
	check.All, check.Requirements = false, nil // the whole suite
	whole := selfcheck(t, check)
	fewer := 0
	for i, trial := range touched.Trials {
		var all, some []string
		for _, k := range slices.Concat(trial.Kills, trial.Accidents) {
			some = append(some, k.Scenario)
		}
		for _, k := range whole.Trials[i].Accidents {
			all = append(all, k.Scenario)
		}
		slices.Sort(all)
		slices.Sort(some)
		if !slices.Equal(some, all) {
			t.Errorf("%s: of all scenarios %q fail, of the %d that ask what it edits %q", trial.Name, all, trial.Met, some)
		}
		if trial.Met < touched.Scenarios {
			fewer++
		}
		if trial.Name == "acquirer-skips-mac" && (!trial.Killed() || !slices.Contains(trial.Kills[0].Requirements, "SEC-001")) {
			t.Errorf("%s: %+v", trial.Name, trial.Kills)
		}
	}
	if fewer < len(check.Only)/2 {
		t.Errorf("of %d defects %d meet fewer than all scenarios: nothing is selected", len(check.Only), fewer)
	}
}

// Which scenarios no defect makes fail is told when all defects have met them.
func TestSelfcheckTellsIdleScenarios(t *testing.T) {
	check := steps.Selfcheck{Builtin: few(t), All: true}
	for _, d := range rig.Defects() {
		if d.Name == "acquirer-skips-mac" {
			check.Defects = append(check.Defects, d)
		}
	}
	m := selfcheck(t, check)
	if failed := len(m.Trials[0].Accidents); failed == 0 || len(m.Idle) != m.Scenarios-failed || slices.Contains(m.Idle, m.Trials[0].Accidents[0].Scenario) {
		t.Errorf("of %d scenarios %d fail, idle are %q", m.Scenarios, failed, m.Idle)
	}
}

func selfcheck(t *testing.T, c steps.Selfcheck) *steps.Matrix {
	t.Helper()
	if c.Builtin == nil {
		c.Builtin = features.FS
	}
	c.Seed, c.Now = 1, time.Now
	m, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}
