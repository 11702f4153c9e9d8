package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// timeDefects are those of days: their ends, their dates without a year, and windows that they bound.
func timeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-settles-by-calendar", Category: "settlement", Text: "settles what comes after the cut-off with the day that is over",
			Why:  "the settlement date is filled in from the clock",
			Edit: func(r *Rules) { r.SettlementDay = func(at time.Time, _ time.Duration) time.Time { return at } }},
		{Name: "acquirer-day-never-ends", Category: "money", Text: "counts what a merchant may take a day from the beginning of time",
			Why:  "a nightly job was to set the counters back",
			Edit: func(r *Rules) { r.Day = func(time.Time) string { return "" } }},
		{Name: "acquirer-forgets-last-year", Category: "protocol", Text: "looks for an original of December in the December to come",
			Why: "a date without a year was given the present one",
			Edit: func(r *Rules) {
				r.OnDay = func(p Payment, mmdd string, now time.Time) bool {
					return p.At.Format("20060102") == now.Format("2006")+mmdd
				}
			}},
		{Name: "acquirer-knows-its-own-date-only", Category: "protocol", Text: "looks for an original by its own date, whatever date the till has sent it with",
			Why: "till and host stood in one zone in the laboratory, and nobody tested at night",
			Edit: func(r *Rules) {
				r.OnDay = func(p Payment, mmdd string, _ time.Time) bool { return p.At.Format("0102") == mmdd }
			}},
		{Name: "acquirer-voids-yesterday", Category: "protocol", Text: "voids what was paid on another day",
			Why:  "the batch was thought to end with the day",
			Edit: func(r *Rules) { r.drop("original-day") }},
		{Name: "acquirer-refunds-for-ever", Category: "protocol", Text: "gives back what was paid at any time",
			Why:  "the window is a parameter, and its default is none",
			Edit: func(r *Rules) { r.drop("refund-window") }},
		{Name: "acquirer-holds-a-day-longer", Category: "money", Text: "completes a deposit on the day on which it ends",
			Why: "the comparison is off by one",
			Edit: func(r *Rules) {
				r.replace("authorization-window", func(c *Call) (pay.Answer, string) {
					if c.original.State != Expired && c.age() > c.Dialect.Switches.PreAuthDays {
						return "22", "too old"
					}
					return passed, ""
				})
			}},
	}
}
