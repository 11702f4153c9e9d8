package issuer

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// offlineDefects are those of what a till decided alone, and of amounts that change.
func offlineDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-refuses-authorised-offline", Category: "money", Text: "refuses an offline sale that it has authorised by voice when the money is gone",
			Why:  "the codes that the call centre gives are in another system",
			Edit: func(r *Rules) { r.Forced = func(c *Call) bool { return forced(c) && c.spoken() == "" } }},
		{Name: "issuer-refuses-certified", Category: "money", Text: "refuses what its card has approved within its limits when the money is gone",
			Why:  "field 55 of an advice is stored and not read",
			Edit: func(r *Rules) { r.Forced = func(c *Call) bool { return forced(c) && !c.certified() } }},
		{Name: "issuer-ignores-certificate", Category: "security", Text: "posts an offline sale whatever its chip has signed",
			Why:  "cryptograms are verified where an answer is waited for",
			Edit: func(r *Rules) { r.dropFrom(pay.OfflineSale, "cryptogram") }},
		{Name: "issuer-posts-certificate-twice", Category: "money", Text: "posts one transaction certificate under two numbers",
			Why:  "repeats are known by their trace number",
			Edit: func(r *Rules) { r.CertificateOnce = false }},
		{Name: "issuer-refuses-advised-completion", Category: "money", Text: "refuses the advice of a completion when the account is in debt",
			Why:  "a completion is posted as any payment is, and what it frees does not cover the debt",
			Edit: func(r *Rules) { r.Forced = func(c *Call) bool { return forced(c) && c.flow.Kind() != pay.Completion } }},
		{Name: "issuer-tip-not-posted", Category: "money", Text: "acknowledges a tip and takes only the sale",
			Why:  "advices of class 02 are filed, and the file is read for sales",
			Edit: func(r *Rules) { r.Amend = func(*work, Payment, Payment) error { return nil } }},
		{Name: "issuer-part-unasked", Category: "protocol", Text: "approves a part though the till cannot collect the rest",
			Why: "the sign in F60 was not looked at, as all tills of the pilot had it",
			Edit: func(r *Rules) {
				r.Part = func(c *Call) (pay.Amount, bool) {
					if c.flow == pay.Sale {
						c.req.Set(iso8583.PartialApproval, "1")
					}
					return part(c)
				}
			}},
	}
}
