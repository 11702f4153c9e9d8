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

// unfound tells why random days do not come upon a defect with each seed.
func unfound(d rig.Defect) string {
	if !slices.Contains([]string{"money", "settlement", "resilience"}, d.Category) {
		return "days hold books, settlements, endings, prompts and receipts to what is right, and this is about " + d.Category
	}
	for _, u := range beyond() {
		if strings.Contains(d.Name, u.part) {
			return u.why
		}
	}
	return "rare: try more days, or another seed"
}

// beyond lists what random days have nothing of, by a part of the names of defects.
func beyond() []struct{ part, why string } {
	const asked, alone = "days have no payers' codes", "days' chips ask the host, whatever they pay"
	return []struct{ part, why string }{
		{"wallet", "days have no wallets"},
		{"code", asked}, {"phone", asked}, {"scan", asked},
		{"tap", "days have no taps"}, {"contactless", "days have no taps"}, {"no-pin-limit", "days have no taps"}, {"takes-two-cards", "days have no taps"},
		{"kernel-", alone}, {"card-", alone}, {"certif", alone}, {"approves-unreached", alone}, {"signed-sale", alone}, {"takes-deposit-offline", alone},
		{"forgets-split", alone}, {"sells-beside-unanswered", alone},
		{"reverses-when-told-only", "a matter of 0400 and 0420, which UnionPay's dialect does not have (--profile iso87-ascii)"},
		{"issuer-counts-unproven", "days have no forged chips"},
	}
}
