package steps_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// Ctrl-C ends a run at once, between scenarios or in the middle of some. What was done is in the tree, the rest is there as
// interrupted, and nothing stays behind.
func TestInterruptedRun(t *testing.T) {
	for _, line := range []string{rig.LineMemory, rig.LineSocket} {
		r, err := rig.New(rig.Options{Line: line})
		if err != nil {
			t.Fatal(err)
		}
		for name, hooks := range map[string]func(context.Context, *steps.Config, func()){
			"between scenarios":     func(_ context.Context, c *steps.Config, hit func()) { c.Done = func(*reports.Scenario) { hit() } },
			"in front of one":       func(_ context.Context, c *steps.Config, hit func()) { c.Started = func(string) { hit() } },
			"in the middle of some": inTheMiddle,
		} {
			t.Run(name+", "+line, func(t *testing.T) {
				others := goleak.IgnoreCurrent()
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				var n atomic.Int32
				var at atomic.Int64
				c := steps.Config{Rig: r, Builtin: features.FS, Seed: 1, Parallel: 2, Now: time.Now}
				hooks(ctx, &c, func() {
					if n.Add(1) == interruptAt {
						at.Store(time.Now().UnixNano())
						interrupt()
					}
				})
				run, err := steps.Run(ctx, c)
				if err != nil {
					t.Fatal(err)
				}
				if late := time.Since(time.Unix(0, at.Load())); late > 5*time.Second {
					t.Errorf("it ends %s after the interrupt", late)
				}
				interrupted(t, run)
				goleak.VerifyNone(t, others)
			})
		}
	}
}

const interruptAt = 20

// inTheMiddle interrupts while the scenario that has just begun goes on. The next one waits for it: a busy machine may be a long
// time about running a goroutine.
func inTheMiddle(ctx context.Context, c *steps.Config, hit func()) {
	var begun atomic.Int32
	c.Started = func(string) {
		if begun.Add(1) > interruptAt {
			<-ctx.Done()
		}
		go hit()
	}
}

func interrupted(t *testing.T, run *reports.Run) {
	t.Helper()
	if !run.Interrupted || run.ExitCode() != reports.ExitInterrupted {
		t.Errorf("interrupted %v, exit code %d", run.Interrupted, run.ExitCode())
	}
	passed, skipped := 0, 0
	for _, f := range run.Features {
		for _, s := range f.Scenarios {
			switch {
			case s.Status == reports.Passed:
				passed++
			case s.Status == reports.Skipped && s.Reason == "interrupted":
				skipped++
			default:
				t.Errorf("%s is %s: %s", s.ID, s.Status, s.Reason)
			}
		}
	}
	if passed < 10 || passed > 30 || skipped < 200 {
		t.Errorf("%d passed and %d were interrupted", passed, skipped)
	}
}
