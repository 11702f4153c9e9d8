package merchant

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// newsDefects are offices that tell merchants something else than what happened.
func newsDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "merchant-news-of-sales-only", Category: "resilience", Text: "tells a merchant what he has sold, and not what went back or was paid out", Why: "the product is called collection notice",
			Edit: func(r *Rules) { r.Newsworthy = func(id string) bool { return id == "TEXT_SOLD" } }},
		{Name: "merchant-news-whole-account", Category: "security", Text: "texts the whole number of an account or a card", Why: "the merchant knows it, says the one who wrote the text",
			Edit: func(r *Rules) { r.Tail = func(number string) string { return number } }},
		{Name: "merchant-news-unsigned", Category: "security", Text: "sends notices that nobody has signed", Why: "they go over TLS",
			Edit: func(r *Rules) { r.SignsNews = false }},
		{Name: "merchant-news-once", Category: "resilience", Text: "tells a merchant once, heard or not", Why: "the sender takes any end of the call for an acknowledgement",
			Edit: func(r *Rules) { r.Retry = func(*Terms, int) (time.Duration, bool) { return 0, false } }},
		{Name: "merchant-news-anew", Category: "money", Text: "gives each try of a notice an event of its own", Why: "the number is made where the message is",
			Edit: func(r *Rules) { r.Event = func(n Notice) string { return fmt.Sprintf("%s/%d", n.Event, n.Tries) } }},
		{Name: "merchant-news-takes-back", Category: "money", Text: "takes back what a merchant could not be told of", Why: "notice and booking share one transaction, and the notice failed",
			Edit: func(r *Rules) {
				r.Unheard = func(o *Office, at time.Time, n Notice) {
					tx := o.books.Begin(at)
					if err := move(tx, "unheard:"+n.Event, payable(n.Merchant), clearing, n.Amount); err != nil {
						o.note(at, trace.Trouble, "news", err.Error())
						return
					}
					o.commit(change{books: tx})
				}
			}},
		skips("merchant-shows-others", "record-own", "security", "shows a merchant what another has sold", "whoever knows the number was there"),
		{Name: "merchant-counts-by-calendar", Category: "settlement", Text: "counts what is sold behind the cut-off to the day that is over", Why: "the statistics were made for the owner, and the statements for the bank",
			Edit: func(r *Rules) { r.StatisticDay = func(i Item) string { return i.At.Format(dayLayout) } }},
		{Name: "merchant-counts-refunds-as-sales", Category: "money", Text: "counts what went back with what was sold", Why: "turnover is the sum of all records, without their signs",
			Edit: func(r *Rules) {
				r.Counted = func(s *Statistic, i Item) {
					if i.Amount.Minor < 0 {
						i.Amount = i.Amount.Neg()
					}
					counted(s, i)
				}
			}},
	}
}
