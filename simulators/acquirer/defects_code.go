package acquirer

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// codeDefects are those of payers' codes.
func codeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-sends-code-as-card", Category: "protocol", Text: "asks the issuer with a payer's code in the place of the card number",
			Why: "nineteen digits that begin with 62 fit the card number's field, and its own field came later",
			Edit: func(r *Rules) {
				r.Payer = func(c *Call, m *iso8583.Message) {
					offerPayer(c, m)
					offer(m, iso8583.PAN, c.card.code.Reveal())
					m.Unset(iso8583.DeviceData)
				}
			}},
		{Name: "acquirer-deposits-by-code", Category: "protocol", Text: "takes a pre-authorization by a payer's code",
			Why: "it goes the sale's way, and the sale has the code", Edit: func(r *Rules) { r.ByCode = append(slices.Clone(r.ByCode), pay.PreAuth) }},
		{Name: "acquirer-wants-code-again", Category: "protocol", Text: "gives nothing back of a payment by code without that code",
			Why: "who pays is compared field by field, and a missing one differs",
			Edit: func(r *Rules) {
				r.replace("original-card", func(c *Call) (pay.Answer, string) {
					if c.original.ByCode && c.card.code.IsZero() {
						return pay.Answer14BadCard, "there is no code"
					}
					return originalCard(c)
				})
			}},
		{Name: "acquirer-reverses-any-code", Category: "money", Text: "takes a payment by code back, whatever code the reversal has",
			Why: "the trace number has found the payment, and nothing else is looked at", Edit: func(r *Rules) { r.drop("reversal-code") }},
		{Name: "acquirer-refunds-code-to-card", Category: "money", Text: "takes a refund of a payment by code to whatever card is shown",
			Why: "a code cannot be compared with a card number, so nothing is compared",
			Edit: func(r *Rules) {
				r.replace("original-card", func(c *Call) (pay.Answer, string) {
					if c.original.ByCode {
						return passed, ""
					}
					return originalCard(c)
				})
			}},
	}
}
