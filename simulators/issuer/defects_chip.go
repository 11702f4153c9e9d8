package issuer

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// chipDefects are those of chips.
func chipDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-ignores-cryptogram", Category: "emv", Text: "approves whatever cryptogram a chip sends",
			Why:  "verification waits for the key ceremony, and until then everything passes",
			Edit: func(r *Rules) { r.drop("cryptogram") }},
		{Name: "issuer-proves-nothing", Category: "emv", Text: "sends no cryptogram of its own",
			Why:  "the answer's field 55 is cut off by a gateway that knows stripes only",
			Edit: func(r *Rules) { r.ResponseCryptogram = func(*Call, pay.Answer) []byte { return nil } }},
		{Name: "issuer-speaks-to-taps", Category: "protocol", Text: "sends its cryptogram and its commands after a card that has left the field",
			Why:  "the answer is made before anybody looks at how the card was read",
			Edit: func(r *Rules) { r.Speaks = func(pay.Entry) bool { return true } }},
		{Name: "issuer-takes-bare-token", Category: "security", Text: "approves a token that is typed or written on a stripe",
			Why:  "tokens and card numbers stand in one table",
			Edit: func(r *Rules) { r.drop("token") }},
		{Name: "issuer-expires-token-with-card", Category: "security", Text: "looks at the expiry of the card where a token has its own",
			Why:  "the token is turned into the card number before anything is checked",
			Edit: func(r *Rules) { r.Expiries = func(c *Call) []string { return []string{c.card.Expiry} } }},
		{Name: "issuer-ignores-signed-amount", Category: "security", Text: "takes the amount of the message where the chip has signed another",
			Why:  "the cryptogram is verified in the security module, which does not see the message",
			Edit: func(r *Rules) { r.drop("chip-agrees") }},
		{Name: "issuer-ignores-counter", Category: "security", Text: "takes a cryptogram as often as it comes",
			Why:  "the counter check declined tills that sent repeats and was switched off",
			Edit: func(r *Rules) { r.CounterFresh = func(uint16, uint16) bool { return true } }},
		{Name: "issuer-ignores-gap", Category: "security", Text: "takes any transaction counter that is higher than the last",
			Why:  "who would make a thousand cryptograms",
			Edit: func(r *Rules) { r.CounterFresh = func(last, now uint16) bool { return now > last } }},
		{Name: "issuer-wants-next-counter", Category: "protocol", Text: "declines a card whose transaction counter has left one out",
			Why:  "in the laboratory each payment came to the issuer",
			Edit: func(r *Rules) { r.CounterFresh = func(last, now uint16) bool { return last == 0 || now == last+1 } }},
		{Name: "issuer-proves-by-method-1", Category: "emv", Text: "proves itself by method 1 to cards that want method 2",
			Why: "the first portfolio had one kind of card",
			Edit: func(r *Rules) {
				r.ResponseCryptogram = func(c *Call, answer pay.Answer) []byte {
					c.chip.scheme.Response = hsm.ResponseMethod1
					return responseCryptogram(c, answer)
				}
			}},
		{Name: "issuer-reads-one-version", Category: "emv", Text: "verifies every cryptogram by the first version that its card can make",
			Why: "the version is a column of the card file",
			Edit: func(r *Rules) {
				r.SchemeOf = func(c Chip, _ []byte) (hsm.CardScheme, bool) {
					s, err := hsm.LoadCardScheme(c.Schemes[0], c.Cipher)
					return s, err == nil
				}
			}},
		{Name: "issuer-ignores-kind", Category: "security", Text: "takes a cryptogram by which the chip has declined for a request",
			Why:  "a cryptogram that verifies was thought to be a yes",
			Edit: func(r *Rules) { r.KindFits = func(emv.CID, pay.Flow) bool { return true } }},
		{Name: "issuer-counts-unproven", Category: "resilience", Text: "takes the transaction counter of a cryptogram that is not the card's for its last one",
			Why: "the counter is cheaper to check than the cryptogram, so it goes first",
			Edit: func(r *Rules) {
				r.Counts = func(bool) bool { return true }
				r.swap("cryptogram", "counter")
			}},
		{Name: "issuer-refuses-unknown-tag", Category: "protocol", Text: "declines a chip's request that has a tag which it does not know",
			Why:  "field 55 is checked against a table, and a new kernel sends more than the table has",
			Edit: func(r *Rules) { r.TakesTag = func(t tlv.Tag) bool { _, known := emv.InfoOf(t); return known } }},
		{Name: "issuer-forgets-failed-scripts", Category: "security", Text: "takes every notice about a command for its success",
			Why:  "only the number of the command is read",
			Edit: func(r *Rules) { r.ScriptDone = func(results []byte, s Script) bool { return len(results) >= 5 } }},
	}
}

// trackDefects are those of stripes, and of what a chip says in the place of one.
func trackDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-takes-stripe-of-chip", Category: "security", Text: "takes the stripe of a card whose chip was not tried",
			Why:  "the condition code in field 60 is not read",
			Edit: func(r *Rules) { r.StripeOfChip = func(Chip, bool) bool { return true } }},
		{Name: "issuer-forgets-no-fallback", Category: "security", Text: "takes the stripe of a chip that could not be read, of whatever card",
			Why:  "the agreement with the cardholder is on paper",
			Edit: func(r *Rules) { r.StripeOfChip = func(_ Chip, fellBack bool) bool { return fellBack } }},
		{Name: "issuer-takes-either-value", Category: "security", Text: "takes the stripe's and the chip's verification value for each other",
			Why: "honest cards were declined after a change of readers, so both are tried",
			Edit: func(r *Rules) {
				r.VerificationServices = func(service string, _ bool) []string { return []string{service, "999"} }
			}},
		{Name: "issuer-ignores-track-number", Category: "security", Text: "does not hold the card number on a chip's track to the one beside it",
			Why:  "the account is found by the one, so nobody looks at the other",
			Edit: func(r *Rules) { r.drop("track") }},
	}
}
