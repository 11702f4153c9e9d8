package steps

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Sought is a defect that was armed, and on which day explore came upon it, seed by seed, up to the first that did not.
type Sought struct {
	rig.Defect
	Days []int  `json:"days"` // 0: not within the days that were played
	Rule string `json:"rule"` // what was found first
	Text string `json:"found"`
	Acts int    `json:"acts"`          // of the first counterexample, made small
	Why  string `json:"why,omitempty"` // random days do not come upon it with each seed
}

// Last is the latest of the days; 0 when a seed did not come upon the defect.
func (s Sought) Last() (last int) {
	for _, d := range s.Days {
		if d == 0 {
			return 0
		}
		last = max(last, d)
	}
	return last
}

// Seek arms one defect after the other and explores with each seed. Honest parties must not be found wrong: that is an error.
func (e Explore) Seek(ctx context.Context, defects []rig.Defect, seeds []sim.Seed, armed func(string) (*rig.Rig, error), told func(Sought)) error {
	for _, d := range defects {
		r, err := armed(d.Name)
		if err != nil {
			return err
		}
		one := Sought{Defect: d}
		for i, seed := range seeds {
			e.Rig, e.Seed = r, seed
			s, err := e.search(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", d.Name, err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if s.wrong == nil { // the other seeds would not make it one that is found with each
				one.Days = append(one.Days, 0)
				break
			}
			one.Days = append(one.Days, s.wrong.number)
			if i == 0 {
				c, err := s.small(ctx, s.wrong)
				if err != nil {
					return err
				}
				one.Rule, one.Text, one.Acts = c.Finding.Rule, oneSentence(c.Finding.Text), c.Acts
			}
		}
		if one.Last() == 0 {
			one.Why = unfound(d)
		}
		told(one)
	}
	return nil
}

// WriteText writes a line of the table.
func (s Sought) WriteText(w io.Writer) error {
	days := ""
	for _, d := range s.Days {
		if d == 0 {
			days += " -"
			continue
		}
		days += fmt.Sprintf(" %d", d)
	}
	days = strings.TrimSpace(days)
	text := fmt.Sprintf("%-24s %2d  %s", s.Rule, s.Acts, s.Text)
	if s.Why != "" {
		text = s.Why
	}
	_, err := fmt.Fprintf(w, "%-36s %-10s %-12s %s\n", s.Name, s.Category, days, text)
	return err
}

// unfound tells why random days do not come upon a defect with each seed. Those that are not about money, settlements and what outlives a
// fault are no matter of the books.
func unfound(d rig.Defect) string {
	if why := unfindable()[d.Name]; why != "" {
		return why
	}
	if sought(d) {
		return "rare: more days, or another seed"
	}
	return "days hold books, settlements and endings to what is right; this is about " + d.Category
}

// sought tells that random days are to come upon a defect.
func sought(d rig.Defect) bool {
	return slices.Contains([]string{"money", "settlement", "resilience"}, d.Category)
}

// unfindable are defects of money, settlement and resilience that random days cannot show, and why.
func unfindable() map[string]string {
	return map[string]string{}
}
