//go:build mutants

package steps_test

import (
	"context"
	"testing"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// TestMutant is what kills mutants of the honest code: it runs the suite in memory until a scenario notices. The copy that is mutated has no other test
// (.ci/mutants).
func TestMutant(t *testing.T) {
	r, err := rig.New(rig.Options{Line: rig.LineMemory})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	run, err := steps.Run(ctx, steps.Config{Rig: r, Builtin: features.FS, Seed: 1, Now: time.Now, Done: func(s *reports.Scenario) {
		if s.Status != reports.Passed {
			t.Errorf("%s is %s", s.ID, s.Status)
			stop()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if code := run.ExitCode(); code != reports.ExitHeld {
		t.Errorf("exit code %d", code)
	}
}
