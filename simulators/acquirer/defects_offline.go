package acquirer

import (
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// offlineDefects are those of what a till decided alone, and of amounts that change.
func offlineDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-pays-refused-offline", Category: "money", Text: "pays the merchant an offline sale that the issuer has refused",
			Why:  "the answer to an advice is taken for an acknowledgement whatever it says",
			Edit: func(r *Rules) { r.Refused = func(*Acquirer, Payment, pay.Answer) bool { return false } }},
		{Name: "acquirer-voids-no-offline", Category: "money", Text: "does not find the offline sale that a void is about",
			Why: "voids look for sales by their message type, 0200",
			Edit: func(r *Rules) {
				r.Originals = maps.Clone(r.Originals)
				r.Originals[pay.Void] = slices.DeleteFunc(slices.Clone(r.Originals[pay.Void]), func(f pay.Flow) bool { return f == pay.OfflineSale })
			}},
		{Name: "acquirer-tip-adds-instead-of-replaces", Category: "money", Text: "posts the amount of a tip's message beside that of the sale",
			Why: "a message of class 02 posts its F4",
			Edit: func(r *Rules) {
				r.Amend = func(w *work, o, by Payment) error {
					o.First, o.Amount = o.first(), by.Amount
					w.put(o)
					return postAs(w.tx, o, o.move("by-"+by.Ref.Trace))
				}
			}},
		{Name: "acquirer-tip-unlimited", Category: "money", Text: "takes any amount for a tip",
			Why:  "tills were trusted to hold the limit",
			Edit: func(r *Rules) { r.drop("amendment") }},
		{Name: "acquirer-refunds-to-base", Category: "money", Text: "refunds a tipped sale up to what it was before the tip only",
			Why: "the refund reads the authorization, which the tip never changed",
			Edit: func(r *Rules) {
				r.replace("refund-total", func(c *Call) (pay.Answer, string) {
					c.original.Amount = c.original.first()
					return refundWithin(c)
				})
			}},
		{Name: "acquirer-partial-posts-whole", Category: "money", Text: "posts what the till asked for when the issuer approved a part of it",
			Why:  "the amount of an answer is an echo everywhere else",
			Edit: func(r *Rules) { r.Part = func(p Payment, _ *iso8583.Message) Payment { return p } }},
		{Name: "acquirer-refuses-asked-amount", Category: "money", Text: "refuses the reversal of a part that names the amount which was asked for",
			Why: "the amounts are compared strictly, and no test lost the answer",
			Edit: func(r *Rules) {
				r.replace("reversal-amount", func(c *Call) (pay.Answer, string) {
					p, _ := c.Rules.Original(c)
					if digits, err := p.Amount.Digits(); p.live() && (err != nil || digits != c.req.Get(iso8583.Amount)) {
						return pay.Answer64AmountDiffers, p.Key().String() + " was of another amount"
					}
					return passed, ""
				})
			}},
	}
}
