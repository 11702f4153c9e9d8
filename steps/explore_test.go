package steps_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

func armed(t testing.TB, defect string) *rig.Rig {
	t.Helper()
	r, err := steps.Armed(defect)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Random days of honest parties leave every book equal.
func TestExploreHonestDays(t *testing.T) {
	days := 40
	if testing.Short() {
		days = 5
	}
	got, err := steps.Explore{Rig: armed(t, ""), Seed: 1, Days: days}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := got.Counter; c != nil {
		t.Fatalf("day %d: %s: %s\n%s", c.Day, c.Finding.Rule, c.Finding.Text, c.Feature)
	}
	if got.Days != days || got.Orders < days*steps.DefaultOrders*9/10 || got.Faults < 5*days {
		t.Errorf("days that prove little: %+v", got)
	}
	t.Logf("%+v", got)
}

// What explore finds is small, and a feature that fails with the defect and holds without it.
func TestExploreTellsAFeature(t *testing.T) {
	for _, tt := range []struct {
		defect string
		acts   int
	}{
		{"acquirer-posts-repeat", 2}, {"acquirer-loses-reversal", 3}, {"acquirer-ignores-limits", 1}, {"acquirer-no-tombstone", 2},
		{"issuer-ignores-funds", 3}, {"issuer-ends-nothing", 2}, {"terminal-never-reverses", 1}, {"terminal-loses-slip-without-paper", 3},
		{"terminal-voids-twice", 4},
	} {
		t.Run(tt.defect, func(t *testing.T) {
			wrong, honest := armed(t, tt.defect), armed(t, "")
			e := steps.Explore{Rig: wrong, Honest: honest, Seed: 1, Days: 60, Command: "tillproof explore --defect " + tt.defect,
				RunCommand: "tillproof run --line memory --defect " + tt.defect}
			got, err := e.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c := got.Counter
			if c == nil {
				t.Fatalf("%d days: not found", got.Days)
			}
			if c.Acts > tt.acts || !c.Fails {
				t.Errorf("%d acts made %d, want at most %d; its steps fail: %t\n%s", c.Was, c.Acts, tt.acts, c.Fails, c.Feature)
			}
			if n := strings.Count(c.Feature, "\n"); n > 40 {
				t.Errorf("%d lines", n)
			}
			if with := exitOf(t, wrong, c.Feature); with == reports.ExitHeld || with == reports.ExitBroken {
				t.Errorf("exit code %d with the defect\n%s", with, c.Feature)
			}
			if without := exitOf(t, honest, c.Feature); without != reports.ExitHeld {
				t.Errorf("exit code %d without the defect\n%s", without, c.Feature)
			}
		})
	}
}

// exitOf runs a feature and gives its exit code.
func exitOf(t *testing.T, r *rig.Rig, feature string) int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "found.feature")
	if err := os.WriteFile(file, []byte(feature), 0o600); err != nil {
		t.Fatal(err)
	}
	run, err := steps.Run(t.Context(), steps.Config{Rig: r, Builtin: features.FS, Paths: []string{file}, Seed: 5, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return run.ExitCode()
}

// The same seed finds the same day and tells it in the same words, on however many processors.
func TestExploreIsDeterministic(t *testing.T) {
	var first string
	for _, parallel := range []int{1, 4} {
		got, err := steps.Explore{Rig: armed(t, "acquirer-no-tombstone"), Seed: 1, Days: 60, Parallel: parallel}.Run(t.Context())
		if err != nil || got.Counter == nil {
			t.Fatal(got, err)
		}
		c := got.Counter
		text := fmt.Sprint(c.Day, c.Was, c.Acts, c.Plays, c.Feature)
		if first == "" {
			first = text
		}
		if text != first {
			t.Errorf("%d days at once:\n%s\none at a time:\n%s", parallel, text, first)
		}
	}
}

func TestSeekFinds(t *testing.T) {
	want := map[string]bool{"acquirer-reverses-twice": true, "acquirer-keeps-tpdu": false}
	var list []rig.Defect
	for _, d := range rig.Defects() {
		if _, ok := want[d.Name]; ok {
			list = append(list, d)
		}
	}
	err := steps.Explore{Days: 10}.Seek(t.Context(), list, []sim.Seed{1, 2}, steps.Armed, func(s steps.Sought) {
		if found := s.Last() > 0; found != want[s.Name] || found != (len(s.Days) == 2) {
			t.Errorf("%s: %+v", s.Name, s)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// topics are those of the requirements whose defects explore alone comes upon (issue 3).
var topics = []string{"answers", "day", "explore", "offline", "people", "receipt", "reversal", "settlement", "time"}

// Every defect of these topics stands in the table, and is found by each seed.
func TestExploreFindsTopics(t *testing.T) {
	only := fstest.MapFS{}
	for _, topic := range topics {
		name := "requirements/" + topic + ".yaml"
		text, err := fixtures.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		only[name] = &fstest.MapFile{Data: text}
	}
	list, err := steps.LoadRequirements(only)
	if err != nil {
		t.Fatal(err)
	}
	table, n := foundDays(t), 0
	for _, r := range list {
		for _, d := range r.Defects {
			n++
			if days, ok := table[d]; !ok || slices.Contains(days, "-") {
				t.Errorf("%s, %s: the table has it on days %v", r.ID, d, days)
			}
		}
	}
	if n < 150 {
		t.Errorf("%d defects in %d topics", n, len(topics))
	}
}

// foundDays reads the table: on which days explore comes upon a defect, by seeds.
func foundDays(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/explore.found")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); !strings.HasPrefix(line, "#") {
			table[words[0]] = words[2:]
		}
	}
	return table
}

var everyDefect = flag.Bool("explore.all", false, "look for every defect of the table, not for a tenth of them")

// Each of these defects is found by explore alone within the stated number of days of 40 orders. Each day of the year another tenth of them
// is looked for: all take minutes.
func TestExploreFindsDefects(t *testing.T) {
	const within, tenth = 500, 10
	names := map[string]bool{}
	for name, days := range foundDays(t) {
		names[name] = days[0] != "-"
	}
	var list []rig.Defect
	nth := 0
	for _, d := range rig.Defects() {
		if found := names[d.Name]; found {
			if nth++; *everyDefect || nth%tenth == time.Now().YearDay()%tenth {
				list = append(list, d)
			}
		}
		delete(names, d.Name)
	}
	if len(names) > 0 || nth == 0 {
		t.Fatalf("of the defects listed these do not exist: %v", slices.Sorted(maps.Keys(names)))
	}
	if testing.Short() {
		t.Skip("half a minute under the race detector")
	}
	err := steps.Explore{Days: within}.Seek(t.Context(), list, []sim.Seed{1}, steps.Armed, func(s steps.Sought) {
		if s.Last() == 0 {
			t.Errorf("%s: not found within %d days", s.Name, within)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
