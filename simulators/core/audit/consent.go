package audit

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Consent is what settlement states of a debit: what the payer has agreed to, as it stands at the end.
type Consent struct {
	Agreement string     `json:"agreement"`
	Taken     time.Time  `json:"taken"`              // when the payer was debited
	Confirmed time.Time  `json:"confirmed,omitzero"` // last
	Ended     time.Time  `json:"ended,omitzero"`
	PerDebit  pay.Amount `json:"per_debit"`
	PerDay    pay.Amount `json:"per_day,omitzero"`
	PerMonth  pay.Amount `json:"per_month,omitzero"`
	Count     int        `json:"count,omitempty"` // a month
	From      string     `json:"from,omitempty"`
	Until     string     `json:"until,omitempty"`
}

// consents: no money was taken that its payer had not agreed to, in sum, number and time, and no debit was taken twice. Terms that were changed
// later are not held against what was taken before.
func (c *hearing) consents() (breaks []Break) {
	type period struct{ agreement, day string }
	sums, counts, seen := map[period]int64{}, map[period]int{}, map[string]bool{}
	for _, s := range c.office {
		k := s.Consent
		if k == nil || s.Fee == nil {
			continue
		}
		tell := func(format string, args ...any) {
			breaks = append(breaks, Break{Rule: "consent", Text: fmt.Sprintf("agreement %s: the debit of %s: ", k.Agreement, s.Amount) + fmt.Sprintf(format, args...), Statements: []Statement{s}})
		}
		if seen[s.Fee.Sale] {
			tell("it was taken before")
		}
		seen[s.Fee.Sale] = true
		if k.Confirmed.IsZero() {
			tell("nobody has agreed to it")
		}
		if !k.Ended.IsZero() && k.Taken.After(k.Ended) {
			tell("the agreement had ended")
		}
		if k.Taken.Before(k.Confirmed) {
			continue
		}
		date := k.Taken.Format("2006-01-02")
		if k.From != "" && date < k.From || k.Until != "" && date > k.Until {
			tell("consent was for %s to %s", k.From, k.Until)
		}
		day, month := period{k.Agreement, date}, period{k.Agreement, date[:7]}
		sums[day], sums[month], counts[month] = sums[day]+s.Amount.Minor, sums[month]+s.Amount.Minor, counts[month]+1
		over := func(cap pay.Amount, minor int64) bool { return cap.Minor > 0 && minor > cap.Minor }
		switch {
		case over(k.PerDebit, s.Amount.Minor):
			tell("the payer has agreed to %s for each", k.PerDebit)
		case over(k.PerDay, sums[day]):
			tell("the payer has agreed to %s a day", k.PerDay)
		case over(k.PerMonth, sums[month]):
			tell("the payer has agreed to %s a month", k.PerMonth)
		case k.Count > 0 && counts[month] > k.Count:
			tell("the payer has agreed to %d debits a month", k.Count)
		}
	}
	return breaks
}
