package load

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// knee is a target that holds every rate up to its own, and one that is shaky holds the rates near it now and then.
func knee(rate float64, shaky bool) func(float64) (Step, error) {
	n := 0
	return func(r float64) (Step, error) {
		n++
		held := r <= rate
		if shaky && r > 0.8*rate {
			held = n%3 == 0
		}
		return Step{Held: held, Reached: min(r, rate)}, nil
	}
}

func TestFindMax(t *testing.T) {
	for name, c := range map[string]struct {
		knee, start, ceiling float64
		shaky                bool
		low, high            float64
		capped               bool
	}{
		"between":         {1000, 100, 1e6, false, 1000 / near, 1000, false},
		"below the start": {30, 100, 1e6, false, 30 / near, 30, false},
		"at the ceiling":  {1e9, 100, 5000, false, 5000, 5000, true},
		"none":            {0.5, 100, 1e6, false, 0, 0, false},
		"shaky":           {1000, 100, 1e6, true, 600, 1000, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := FindMax(knee(c.knee, c.shaky), c.start, c.ceiling)
			if err != nil || s.Max < c.low || s.Max > c.high || s.Capped != c.capped {
				t.Fatalf("%+v, %v, want %v to %v", s, err, c.low, c.high)
			}
			held := 0
			for _, step := range s.Steps {
				if step.Rate == s.Max && step.Held {
					held++
				}
				if step.Rate > c.ceiling {
					t.Errorf("%v/s was tried", step.Rate)
				}
			}
			if s.Max > 0 && held < repeats {
				t.Errorf("%v/s held %d times", s.Max, held)
			}
		})
	}
}

func TestFindMaxEnds(t *testing.T) {
	n := 0
	if _, err := FindMax(func(float64) (Step, error) { n++; return Step{Held: n%2 == 1}, nil }, 100, 1e6); err == nil || n > mostTry || !strings.Contains(err.Error(), "vary too much") {
		t.Errorf("%d steps, %v", n, err)
	}
	broken := errors.New("broken")
	if _, err := FindMax(func(float64) (Step, error) { return Step{}, broken }, 100, math.Inf(1)); !errors.Is(err, broken) {
		t.Error(err)
	}
}
