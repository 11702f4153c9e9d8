package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// riskDefects are those of risk control.
func riskDefects() []pay.Defect[Rules] {
	// countedBy has what a limit of a subject counts be counted by something else.
	countedBy := func(of pay.Subject, what func(Payment) string) func(*Rules) {
		return func(r *Rules) {
			r.Whose = func(l pay.Limit, p Payment) string {
				if l.Of == of {
					return what(p)
				}
				return whoseLimit(l, p)
			}
		}
	}
	return append(reviewDefects(), []pay.Defect[Rules]{
		{Name: "acquirer-risk-each-alone", Category: "money", Text: "holds each payment to the limit of a day or month by itself",
			Why: "the sum is kept by a job that runs at night",
			Edit: func(r *Rules) {
				r.Over = func(l pay.Limit, so total, p Payment) (bool, bool) { return overLimit(l, total{count: so.count}, p) }
			}},
		{Name: "acquirer-risk-cards-together", Category: "money", Text: "counts what all cards pay against the limit of each",
			Why:  "card numbers are kept sealed, and nothing sealed can be compared",
			Edit: countedBy(pay.OfCard, func(Payment) string { return "" })},
		{Name: "acquirer-risk-by-till", Category: "money", Text: "counts against a merchant's limit what one of his terminals takes",
			Why:  "a merchant had one terminal",
			Edit: countedBy(pay.OfMerchant, func(p Payment) string { return p.Ref.Terminal })},
		{Name: "acquirer-risk-till-as-shop", Category: "money", Text: "counts against a terminal's limit what its merchant takes",
			Why:  "the merchant's number is the index of the table",
			Edit: countedBy(pay.OfTerminal, func(p Payment) string { return p.Ref.Merchant })},
		{Name: "acquirer-risk-month-is-day", Category: "money", Text: "begins the sum of a month anew every day",
			Why:  "both limits read the counter of the day",
			Edit: func(r *Rules) { r.Span = func(_ pay.Limit, at time.Time) string { return at.Format("060102") } }},
		{Name: "acquirer-risk-month-never-ends", Category: "money", Text: "never begins the sum of a month anew",
			Why: "the month in which it was tested had not ended",
			Edit: func(r *Rules) {
				r.Span = func(l pay.Limit, at time.Time) string {
					if l.In == pay.InMonth {
						return ""
					}
					return spanOf(l, at)
				}
			}},
		{Name: "acquirer-risk-any-entry", Category: "security", Text: "forgets that a limit is for one way of reading cards",
			Why: "the entry mode is checked where the card is read, and lost on the way to risk control",
			Edit: func(r *Rules) {
				r.About = func(l pay.Limit, p Payment) bool { return l.Entry == "" && aboutLimit(l, p) }
			}},
		{Name: "acquirer-risk-whole-hours", Category: "security", Text: "counts attempts from the last full hour on",
			Why: "a counter with an expiry was cheaper than a list",
			Edit: func(r *Rules) {
				r.Since = func(_ pay.Limit, now time.Time) time.Time { return now.Truncate(time.Hour) }
			}},
		{Name: "acquirer-risk-paid-only", Category: "security", Text: "does not count attempts that were declined",
			Why:  "only what is paid costs money, and who tries stolen cards is declined most of the time",
			Edit: func(r *Rules) { r.Tries = func(p Payment) bool { return p.State != Declined } }},
		{Name: "acquirer-risk-keeps-voided", Category: "money", Text: "counts what was voided against what may be paid",
			Why: "a void is a payment of its own, and nobody looks back",
			Edit: func(r *Rules) {
				r.Counts = func(p Payment) bool {
					p.Ended = nil
					return countsAgainst(p)
				}
			}},
	}...)
}

// reviewDefects are those of the blacklist, and of what a person looks at.
func reviewDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-pays-blocked", Category: "security", Text: "takes a card that is on its blacklist",
			Why: "the list is brought to the tills, and those that have not fetched it go on",
			Edit: func(r *Rules) {
				r.replace("blocked-card", func(c *Call) (pay.Answer, string) {
					if answer, reason := notBlocked(c); answer != pay.Answer62Restricted {
						return answer, reason
					}
					return passed, ""
				})
			}},
		{Name: "acquirer-reviews-later", Category: "security", Text: "lets pass what a person was to look at first",
			Why:  "the list is looked through in the morning",
			Edit: func(r *Rules) { r.Reviews = false }},
		{Name: "acquirer-releases-for-ever", Category: "security", Text: "lets everything pass that is like what was released once",
			Why:  "the release became a list of good cards",
			Edit: func(r *Rules) { r.Released = func(*Acquirer, pay.Review) bool { return true } }},
	}
}
