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

// verdicts runs the shipped features that have these tags and gives each scenario by its id.
func verdicts(t *testing.T, o rig.Options, seed sim.Seed, tags string) (map[string]*reports.Scenario, *reports.Run) {
	t.Helper()
	r, err := rig.New(o)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	run, err := steps.Run(context.Background(), steps.Config{Rig: r, Builtin: features.FS, Seed: seed, Tags: tags, Now: time.Now})
	must(t, err)
	out := map[string]*reports.Scenario{}
	for _, f := range run.Features {
		for i := range f.Scenarios {
			out[f.Scenarios[i].ID] = &f.Scenarios[i]
		}
	}
	return out, run
}

// Every scenario gives the same verdict in memory, on loopback, and against a server in another process, with a defect of each party.
// Those about time sit in memory wherever the others are. That all hold without a defect, TestSuiteHoldsOnLoopback and
// TestDoorIsAsOpenAPISays show.
func TestVerdictsAreTheSameOnAllSeats(t *testing.T) {
	server := serving(t, rig.DefaultProfile, "", "", 1)
	defects, timeless := []string{"acquirer-skips-mac", "issuer-ignores-stolen", "terminal-keeps-own-batch"}, "not "+steps.ClockTag
	memory, run := verdicts(t, rig.Options{Line: rig.LineMemory, Defects: defects}, 11, timeless)
	if totals := run.Totals(); totals.Passed < 200 || totals.Failed < len(defects) {
		t.Errorf("%d scenarios pass in memory, %d fail", totals.Passed, totals.Failed)
	}
	for seat, o := range map[string]rig.Options{
		"loopback":        {Line: rig.LineSocket, Defects: defects},
		"another process": {Line: rig.LineSocket, Defects: defects, Control: server.control},
	} {
		there, _ := verdicts(t, o, 11, timeless)
		for id, s := range memory {
			if got := there[id]; got == nil || got.Status != s.Status {
				t.Errorf("%s is %s in memory, %s: %s", id, s.Status, seat, why(got))
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
