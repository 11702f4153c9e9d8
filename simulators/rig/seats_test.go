package rig_test

import (
	"context"
	"testing"
	"time"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// verdicts runs the shipped features and gives each scenario by its id.
func verdicts(t *testing.T, o rig.Options, seed sim.Seed) (map[string]*reports.Scenario, *reports.Run) {
	t.Helper()
	r, err := rig.New(o)
	must(t, err)
	run, err := steps.Run(context.Background(), steps.Config{Rig: r, Builtin: features.FS, Seed: seed, Now: time.Now})
	must(t, err)
	out := map[string]*reports.Scenario{}
	for _, f := range run.Features {
		for i := range f.Scenarios {
			out[f.Scenarios[i].ID] = &f.Scenarios[i]
		}
	}
	return out, run
}

// Every scenario gives the same verdict in memory, on loopback, and against a server in another process, for the reference
// parties as for those with a defect each (scenarios about time sit in memory on all three seats).
func TestVerdictsAreTheSameOnAllSeats(t *testing.T) {
	server := serving(t, rig.DefaultProfile, "", "", 1)
	for _, defects := range [][]string{nil, {"acquirer-skips-mac", "issuer-ignores-stolen", "terminal-keeps-own-batch"}} {
		memory, run := verdicts(t, rig.Options{Line: rig.LineMemory, Defects: defects}, 11)
		if code := run.ExitCode(); len(memory) < 200 || (code == reports.ExitHeld) != (defects == nil) {
			t.Errorf("%v: %d scenarios in memory end with code %d", defects, len(memory), code)
		}
		for seat, o := range map[string]rig.Options{
			"loopback":        {Line: rig.LineSocket, Defects: defects},
			"another process": {Line: rig.LineSocket, Defects: defects, Control: server.control},
		} {
			there, _ := verdicts(t, o, 11)
			for id, s := range memory {
				if got := there[id]; got == nil || got.Status != s.Status {
					t.Errorf("%v: %s is %s in memory, %s: %s", defects, id, s.Status, seat, why(got))
				}
			}
		}
	}
}

// why tells a scenario's verdict with its reason.
func why(s *reports.Scenario) string {
	if s == nil {
		return "not run"
	}
	text := s.Status.String() + " " + s.Reason
	if s.Failure != nil {
		text += s.Failure.Where + " " + s.Failure.Text + " want " + s.Failure.Wanted + " got " + s.Failure.Got
	}
	for _, step := range s.Steps {
		if f := step.Failure; f != nil {
			text += "\n" + step.Text + ": " + f.Where + " " + f.Text + " want " + f.Wanted + " got " + f.Got
		}
	}
	for _, b := range s.Breaks {
		text += "\n" + b.Rule + ": " + b.Text
	}
	return text
}
