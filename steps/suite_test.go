package steps_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// suite runs the shipped features on a line and gives the run.
func suite(t testing.TB, o rig.Options, seed sim.Seed, paths ...string) *reports.Run {
	t.Helper()
	r, err := rig.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return runOf(t, r, seed, paths...)
}

// runOf runs the shipped features on a rig.
func runOf(t testing.TB, r *rig.Rig, seed sim.Seed, paths ...string) *reports.Run {
	t.Helper()
	return runBy(t, time.Now, r, seed, paths...)
}

// runBy tells the time that scenarios take by another clock.
func runBy(t testing.TB, now func() time.Time, r *rig.Rig, seed sim.Seed, paths ...string) *reports.Run {
	t.Helper()
	list, err := steps.LoadRequirements(fixtures.FS)
	if err != nil {
		t.Fatal(err)
	}
	requirements, err := steps.Reported(list, features.FS)
	if err != nil {
		t.Fatal(err)
	}
	run, err := steps.Run(context.Background(), steps.Config{Rig: r, Builtin: features.FS, Paths: paths, Seed: seed,
		Replay: "tillproof run --line " + r.Line(), Requirements: requirements, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// held fails the test with the run's own report when anything does not hold.
func held(t *testing.T, run *reports.Run) {
	t.Helper()
	if code := run.ExitCode(); code != reports.ExitHeld {
		var text bytes.Buffer
		if err := (reports.Text{}).Write(&text, run); err != nil {
			t.Fatal(err)
		}
		t.Errorf("seed %d: exit code %d\n%s", run.Seed, code, text.String())
	}
}

var (
	seedFrom    = flag.Uint64("seeds.from", 0, "the first seed of TestSuiteHoldsOverSeeds")
	memorySeeds = flag.Uint64("seeds.memory", 15, "over how many seeds TestSuiteHoldsOverSeeds runs the suite")
	socketSeeds = flag.Uint64("seeds.socket", 1, "over how many seeds TestSuiteHoldsOnLoopback runs it")
)

// A false alarm is worse than no alarm: the reference parties hold whatever the seed draws. The tests of framings, connection models,
// loopback and the second dialect take ten seeds more; `make seeds` takes a thousand.
func TestSuiteHoldsOverSeeds(t *testing.T) {
	seeds := *memorySeeds
	if testing.Short() {
		seeds = 3
	}
	for seed := *seedFrom; seed < *seedFrom+seeds; seed++ { // at the host's most awkward too, where nothing of a scenario hangs on its habits
		held(t, suite(t, rig.Options{Line: rig.LineMemory, Grease: []int{rig.Grease, 0, 2}[seed%3]}, sim.Seed(seed)))
		if seed%50 == 49 {
			t.Logf("up to seed %d", seed)
		}
	}
}

func TestSuiteHoldsOnLoopback(t *testing.T) {
	for seed := uint64(24); seed < 24+*socketSeeds; seed++ {
		held(t, suite(t, rig.Options{Line: rig.LineSocket}, sim.Seed(seed)))
	}
}

// In the other dialects the suite holds too, and only what is tagged as about UnionPay's layout is skipped there. A scenario that
// fails here names a field by its number or has a flow that only UnionPay has: name the element, or tag it.
func TestSuiteHoldsInISO8583(t *testing.T) {
	for _, profile := range []string{"iso87-ascii", "iso87-binary", "iso93"} {
		t.Run(profile, func(t *testing.T) {
			p, err := rig.LoadProfile(profile)
			if err != nil {
				t.Fatal(err)
			}
			run := suite(t, rig.Options{Profile: p, Line: rig.LineMemory}, 15)
			held(t, run)
			passed := 0
			for _, f := range run.Features {
				for _, s := range f.Scenarios {
					switch {
					case s.Status == reports.Passed:
						passed++
					case s.Status == reports.Skipped && !slices.Contains(s.Tags, steps.LayoutTag):
						t.Errorf("%s:%d: %s: skipped without %s: %s", f.URI, s.Line, s.Name, steps.LayoutTag, s.Reason)
					}
				}
			}
			if passed < 800 {
				t.Errorf("only %d scenarios passed", passed)
			}
		})
	}
}

// The same seed gives the same bytes: every trace and every report, timings apart.
func TestMemoryRunIsByteIdentical(t *testing.T) {
	one, two := recorded(t, 42), recorded(t, 42)
	if len(one) < 100 {
		t.Fatalf("only %d traces", len(one))
	}
	for id, trace := range one {
		if !bytes.Equal(trace, two[id]) {
			t.Errorf("%s: two runs of seed 42 differ:\n%s", id, firstDifference(trace, two[id]))
		}
	}
	same := 0
	for id, trace := range recorded(t, 43) {
		if bytes.Equal(trace, one[id]) {
			same++
		}
	}
	if same > len(one)/2 {
		t.Errorf("seed 43 gives the traces of seed 42 in %d of %d scenarios: nothing depends on the seed", same, len(one))
	}
}

func recorded(t *testing.T, seed sim.Seed) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	run := suite(t, rig.Options{Line: rig.LineMemory}, seed)
	for _, f := range run.Features {
		for i := range f.Scenarios {
			var b bytes.Buffer
			if err := reports.WriteTrace(&b, &f.Scenarios[i]); err != nil {
				t.Fatal(err)
			}
			out[f.Scenarios[i].ID] = b.Bytes()
		}
	}
	return out
}

func firstDifference(a, b []byte) string {
	linesA, linesB := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(linesA), len(linesB)) {
		if !bytes.Equal(linesA[i], linesB[i]) {
			return fmt.Sprintf("line %d:\n%s\n%s", i+1, linesA[i], linesB[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(linesA), len(linesB))
}
