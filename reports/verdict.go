package reports

import "slices"

// Exit codes of the binary. When several fit, the first of 2, 5, 1, 3, 4 is taken; an interrupted run is always 130.
const (
	ExitHeld        = 0
	ExitFailed      = 1 // the system under test failed, or a review is pending
	ExitBroken      = 2 // the harness or the configuration is broken
	ExitThreshold   = 3 // a load threshold was crossed
	ExitNothing     = 4 // nothing ran, or all of it was skipped
	ExitMoney       = 5 // the money does not balance
	ExitInterrupted = 130
)

// Totals counts the scenarios of a run by verdict, and the places where the money does not balance.
type Totals struct {
	Passed  int `json:"passed"`
	Skipped int `json:"skipped"`
	Review  int `json:"review"`
	Failed  int `json:"failed"`
	Broken  int `json:"broken"`
	Breaks  int `json:"breaks"`
}

// Scenarios is how many there are in all.
func (t Totals) Scenarios() int { return t.Passed + t.Skipped + t.Review + t.Failed + t.Broken }

func (t *Totals) add(s *Scenario) {
	counters := [...]*int{Broken: &t.Broken, Failed: &t.Failed, Review: &t.Review, Skipped: &t.Skipped, Passed: &t.Passed}
	*counters[s.Status]++
	t.Breaks += len(s.Breaks)
}

// Totals counts the whole run.
func (r *Run) Totals() Totals {
	var t Totals
	for s := range r.scenarios {
		t.add(s)
	}
	return t
}

// Totals counts one feature.
func (f *Feature) Totals() Totals {
	var t Totals
	for i := range f.Scenarios {
		t.add(&f.Scenarios[i])
	}
	return t
}

// scenarios yields every scenario in the order of the run.
func (r *Run) scenarios(yield func(*Scenario) bool) {
	for i := range r.Features {
		for j := range r.Features[i].Scenarios {
			if !yield(&r.Features[i].Scenarios[j]) {
				return
			}
		}
	}
}

// wrong tells that a person must look at a scenario.
func (s *Scenario) wrong() bool { return s.Status <= Review || len(s.Breaks) > 0 }

// ExitCode says how the run ended.
func (r *Run) ExitCode() int {
	t := r.Totals()
	switch {
	case r.Interrupted:
		return ExitInterrupted
	case r.Broken != "" || t.Broken > 0:
		return ExitBroken
	case t.Breaks > 0:
		return ExitMoney
	case t.Failed > 0 || t.Review > 0:
		return ExitFailed
	case t.Passed == 0 && (!r.DryRun || t.Scenarios() == 0):
		return ExitNothing
	}
	return ExitHeld
}

// Verdict is what a run has shown about a requirement.
type Verdict string

// The verdicts on requirements.
const (
	Held     Verdict = "held"      // each of its scenarios passed
	NotHeld  Verdict = "failed"    // one of its scenarios showed that it does not hold
	NotShown Verdict = "not shown" // one of its scenarios was skipped, left out, broken or waits for review
)

// Shown is a requirement with its verdict and the scenarios of the run that bear on it, in the order of the run.
type Shown struct {
	Requirement
	Verdict  Verdict
	Evidence []*Scenario
	LeftOut  []string // ids of its scenarios that are not in this run
}

// Verdicts judges each requirement, in their order.
func (r *Run) Verdicts() []Shown {
	shown := make([]Shown, len(r.Requirements))
	for i, req := range r.Requirements {
		v := Shown{Requirement: req, LeftOut: slices.Clone(req.Scenarios)}
		worst := Passed
		failed := false
		for s := range r.scenarios {
			if !slices.Contains(s.Requirements, req.ID) && !slices.Contains(req.Scenarios, s.ID) {
				continue
			}
			v.Evidence = append(v.Evidence, s)
			v.LeftOut = slices.DeleteFunc(v.LeftOut, func(id string) bool { return id == s.ID })
			worst = min(worst, s.Status)
			failed = failed || s.Status == Failed || len(s.Breaks) > 0
		}
		switch {
		case failed:
			v.Verdict = NotHeld
		case worst == Passed && len(v.Evidence) > 0 && len(v.LeftOut) == 0:
			v.Verdict = Held
		default:
			v.Verdict = NotShown
		}
		shown[i] = v
	}
	return shown
}
