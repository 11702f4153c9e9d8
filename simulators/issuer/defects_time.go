package issuer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// timeDefects are those of days and of deposits that grow old.
func timeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-day-never-ends", Category: "money", Text: "counts what a card may spend a day from the beginning of time",
			Why:  "a nightly job was to set the counters back",
			Edit: func(r *Rules) { r.Day = func(card string, _ time.Time) string { return card } }},
		{Name: "issuer-frees-deposit-early", Category: "money", Text: "frees a deposit a day before it ends",
			Why:  "the day of the deposit was counted as the first",
			Edit: func(r *Rules) { r.HoldDays-- }},
		{Name: "issuer-keeps-old-deposit", Category: "money", Text: "never frees a deposit that nobody completes or voids",
			Why:  "old holds were to be cleaned up by hand",
			Edit: func(r *Rules) { r.HoldDays = 36500 }},
	}
}
