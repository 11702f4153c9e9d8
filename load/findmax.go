package load

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Step is one rate that a search tried.
type Step struct {
	Rate     float64       `json:"rate"`    // orders a second that were due
	Reached  float64       `json:"reached"` // that were sent
	Held     bool          `json:"held"`
	Why      string        `json:"why,omitempty"` // it did not hold
	Response Times         `json:"response"`
	Lateness time.Duration `json:"lateness_p99_ns"` // of the generator's own
	Again    bool          `json:"again,omitempty"` // it had held before
}

// Search is the outcome of a search for the highest rate that holds.
type Search struct {
	Want     string        `json:"want"` // what has to hold
	Steps    []Step        `json:"steps"`
	Max      float64       `json:"max"`              // 0 when not even the lowest rate held
	Capped   bool          `json:"capped,omitempty"` // the ceiling of the search held
	Recovery time.Duration `json:"recovery_ns"`      // until times were usual again after twice the highest rate; negative: they were not within that time
}

const (
	repeats  = 3    // times that the highest rate has to hold
	near     = 1.08 // where two rates are not told apart any more
	stepDown = 0.92 // when a rate that held once does not hold again
	mostTry  = 40   // steps of a search
)

// FindMax looks for the highest rate at which try says that all holds: it doubles the rate until it does not, halves the gap, and then has
// the best rate hold three times. It tries no rate over the ceiling.
func FindMax(try func(rate float64) (Step, error), start, ceiling float64) (*Search, error) {
	s := &Search{}
	attempt := func(rate float64, again bool) (bool, error) {
		if len(s.Steps) >= mostTry {
			return false, fmt.Errorf("no rate held %d times within %d steps: the target's times vary too much to say what it can do", repeats, mostTry)
		}
		step, err := try(rate)
		step.Rate, step.Again = rate, again
		s.Steps = append(s.Steps, step)
		return step.Held, err
	}
	low, high := 0.0, 0.0
	for rate := min(start, ceiling); rate > 0; rate = nextRate(low, high, ceiling) {
		held, err := attempt(rate, false)
		switch {
		case err != nil:
			return s, err
		case held:
			low = rate
		default:
			high = rate
		}
	}
	if low < 1 {
		return s, nil
	}
	return s, s.confirm(low, ceiling, attempt)
}

// nextRate is what to try after low held and high did not (0: none was too much yet); 0 when nothing is left to try.
func nextRate(low, high, ceiling float64) float64 {
	switch {
	case high == 0 && low < ceiling:
		return min(2*low, ceiling)
	case high > max(1, low*near):
		return (low + high) / 2
	}
	return 0
}

// confirm has a rate hold as often as it must, and goes down when it does not.
func (s *Search) confirm(rate, ceiling float64, attempt func(float64, bool) (bool, error)) error {
	for held := 1; held < repeats; {
		ok, err := attempt(rate, true)
		if err != nil {
			return err
		}
		if ok {
			held++
			continue
		}
		held, rate = 0, rate*stepDown
		if rate < 1 {
			return nil
		}
	}
	s.Max, s.Capped = rate, rate == ceiling
	return nil
}

// Curve gives the steps by rate, the last word on each.
func (s *Search) Curve() []Step {
	last := map[float64]Step{}
	for _, step := range s.Steps {
		if old, ok := last[step.Rate]; ok && !old.Held {
			continue // what failed once does not hold
		}
		last[step.Rate] = step
	}
	var out []Step
	for _, step := range last {
		out = append(out, step)
	}
	slices.SortFunc(out, func(a, b Step) int { return int(a.Rate - b.Rate) })
	return out
}

// Write writes the curve for a person.
func (s *Search) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %10s %10s   %-36s %12s\n", "due", "reached", "response p50 / p99 / p99.9 / max", "own p99")
	for _, step := range s.Curve() {
		verdict := "held"
		if !step.Held {
			verdict = "not held: " + step.Why
		}
		fmt.Fprintf(&b, "  %8.0f/s %8.0f/s   %-36s %12s   %s\n", step.Rate, step.Reached, timesText(step.Response), shortTime(step.Lateness), verdict)
	}
	switch {
	case s.Max == 0:
		fmt.Fprintf(&b, "\nnot even the lowest rate held: %s\n", s.Want)
	case s.Capped:
		fmt.Fprintf(&b, "\nhighest rate that holds: over %.0f/s, where the search ends (%s, %d times)\n", s.Max, s.Want, repeats)
	default:
		fmt.Fprintf(&b, "\nhighest rate that holds: %.0f/s (%s, %d times)\n", s.Max, s.Want, repeats)
	}
	switch {
	case s.Recovery > 0:
		fmt.Fprintf(&b, "after twice that rate its times are usual again within %s\n", shortTime(s.Recovery))
	case s.Recovery < 0:
		fmt.Fprintf(&b, "after twice that rate its times did not become usual again within %s\n", shortTime(-s.Recovery))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
