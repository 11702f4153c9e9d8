package acquirer

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// dayDefects are those of what follows a sale.
func dayDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-forgets-balance", Category: "protocol", Text: "answers a balance inquiry without the balance",
			Why: "F54 is not in the template that sale answers are made from, and inquiries use it too",
			Edit: func(r *Rules) {
				r.Fill = slices.DeleteFunc(slices.Clone(r.Fill), func(f Fill) bool { return f.Name == iso8583.Balance.String() })
			}},
		{Name: "acquirer-refuses-repeated-advice", Category: "protocol", Text: "answers the repeat of a refund with 94 instead of its first answer",
			Why:  "one duplicate check serves requests and advices, and the till goes on repeating",
			Edit: func(r *Rules) { r.drop("advice-repeat") }},
		{Name: "acquirer-wrong-refund-code", Category: "protocol", Text: "refuses a refund of more than was paid with 25 instead of 61",
			Why: "one code stands for all that is wrong with an original",
			Edit: func(r *Rules) {
				r.replace("refund-total", func(c *Call) (pay.Answer, string) {
					answer, reason := refundWithin(c)
					if answer != passed {
						answer = pay.Answer25NoOriginal
					}
					return answer, reason
				})
			}},
	}
}
