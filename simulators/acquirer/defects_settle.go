package acquirer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// settlementDefects are those of the end of a batch.
func settlementDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-settles-wrong-totals", Category: "money", Text: "leaves voided sales and their voids out of its totals",
			Why: "a voided sale is no sale any more to the back office",
			Edit: func(r *Rules) {
				r.Totals = func(c *Call) (iso8583.Settlement, error) {
					left := *c.Acquirer
					in := Key{Terminal: c.terminal.Number, Batch: c.terminal.Batch}
					left.inBatch = map[Key][]int32{in: slices.DeleteFunc(slices.Clone(c.inBatch[in]), func(n int32) bool {
						p := c.payments[c.order[n]]
						return p.Ended != nil || p.Ref.Flow.Kind() == pay.Void
					})}
					return batchTotals(&Call{Acquirer: &left, terminal: c.terminal, amount: c.amount})
				}
			}},
		{Name: "acquirer-settles-foreign-as-domestic", Category: "money", Text: "counts every card as one of this country",
			Why:  "the acquirer's own cards begin with any digit",
			Edit: func(r *Rules) { r.Domestic = []string{""} }},
		{Name: "acquirer-always-balanced", Category: "money", Text: "says that any totals are its own",
			Why: "disputes with merchants about their totals took the hotline's day",
			Edit: func(r *Rules) {
				r.Compare = func(_, _ iso8583.Totals) iso8583.SettlementResult { return iso8583.ResultBalanced }
			}},
		{Name: "acquirer-hides-totals", Category: "protocol", Text: "answers the till's own totals back to it",
			Why:  "the answer is the request with a digit changed",
			Edit: func(r *Rules) { r.Told = func(_ *Call, said, _ iso8583.Settlement) iso8583.Settlement { return said } }},
		{Name: "acquirer-trades-while-settling", Category: "money", Text: "takes payments of a batch whose totals it has compared",
			Why:  "the settlement runs in another system, which learns of the batch at night",
			Edit: func(r *Rules) { r.drop("batch-open") }},
		{Name: "acquirer-ignores-upload-count", Category: "money", Text: "takes the end of an upload without counting what came",
			Why:  "the count is for people",
			Edit: func(r *Rules) { r.drop("upload-count") }},
		{Name: "acquirer-counts-repeated-rows", Category: "money", Text: "counts a row that is uploaded twice as two",
			Why:  "rows are appended to a file",
			Edit: func(r *Rules) { r.Uploads = func(before, now []Upload) []Upload { return slices.Concat(before, now) } }},
		{Name: "acquirer-forgets-uploads-on-resume", Category: "resilience", Text: "forgets at a sign-in what was uploaded before it",
			Why:  "a sign-in begins a session, and uploads were kept with the session",
			Edit: func(r *Rules) { r.KeepUploads = false }},
		{Name: "acquirer-waits-for-sign-out", Category: "protocol", Text: "opens the next batch at a sign-out or sign-in only, also where tills do not sign out",
			Why:  "the first acquirer's tills all signed out",
			Edit: func(r *Rules) { r.OpensNext = func(iso8583.Switches) bool { return false } }},
		{Name: "acquirer-batch-zero-at-wrap", Category: "protocol", Text: "counts batches on from 999999 to 000000",
			Why: "the remainder of a million is taken, and zero is one of them",
			Edit: func(r *Rules) {
				r.NextBatch = func(batch string) string {
					n, err := strconv.Atoi(batch)
					if err != nil {
						return ""
					}
					return fmt.Sprintf("%06d", (n+1)%1000000)
				}
			}},
	}
}
