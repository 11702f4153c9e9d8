package issuer

import "github.com/tillproof/tillproof/simulators/core/pay"

// codeDefects are those of payers' codes.
func codeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-code-never-ends", Category: "security", Text: "takes a payer's code long after it has run out",
			Why:  "the phone takes the old code off its screen, and nobody looks at the time again",
			Edit: func(r *Rules) { r.drop("code-life") }},
		{Name: "issuer-takes-code-twice", Category: "money", Text: "lets one payer's code pay as often as it comes within its life",
			Why:  "the code is found in a cache that only time empties",
			Edit: func(r *Rules) { r.drop("code-spent") }},
		{Name: "issuer-reversal-frees-code", Category: "security", Text: "lets a payer's code pay again once its payment was reversed",
			Why:  "the reversal puts back all that the payment has changed, the code too",
			Edit: func(r *Rules) { r.CodeSpent = func(by Payment) bool { return by.State == Approved } }},
		{Name: "issuer-code-of-blocked-card", Category: "security", Text: "lets the phone pay when its card is blocked",
			Why:  "the block is set on the card number, and the token has another",
			Edit: func(r *Rules) { r.ByCode = func(pay.Answer) pay.Answer { return passed } }},
		{Name: "issuer-wants-phone-kept", Category: "protocol", Text: "answers the code of a lost card as it does the card: keep it",
			Why:  "the code is turned into the card number before anything else looks at it",
			Edit: func(r *Rules) { r.ByCode = func(a pay.Answer) pay.Answer { return a } }},
		{Name: "issuer-code-over-limit", Category: "money", Text: "lets codes pay more a day than the wallet's level allows",
			Why:  "the limit is checked where the code is given, and the amount is not known there",
			Edit: func(r *Rules) { r.drop("code-limit") }},
		{Name: "issuer-cards-use-code-limit", Category: "money", Text: "counts what the card itself paid against the limit of the phone's codes",
			Why:  "there is one counter an account and day, and the limit was added to it later",
			Edit: func(r *Rules) { r.CodeDay = func(name string) string { return name } }},
		{Name: "issuer-hides-unknown-code", Category: "protocol", Text: "answers 05 to a code that it never gave",
			Why:  "the token service's not-found is an error, and errors have one answer",
			Edit: func(r *Rules) { r.UnknownCode = pay.Answer05NotHonoured }},
	}
}
