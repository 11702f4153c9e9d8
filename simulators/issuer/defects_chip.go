package issuer

import "github.com/tillproof/tillproof/simulators/core/pay"

// chipDefects are those of chips.
func chipDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-ignores-cryptogram", Category: "emv", Text: "approves whatever cryptogram a chip sends",
			Why:  "verification waits for the key ceremony, and until then everything passes",
			Edit: func(r *Rules) { r.drop("cryptogram") }},
		{Name: "issuer-proves-nothing", Category: "emv", Text: "sends no cryptogram of its own",
			Why:  "the answer's field 55 is cut off by a gateway that knows stripes only",
			Edit: func(r *Rules) { r.ResponseCryptogram = func(*Call, pay.Answer) []byte { return nil } }},
		{Name: "issuer-takes-stripe-of-chip", Category: "security", Text: "takes the stripe of a card whose chip was not tried",
			Why:  "the condition code in field 60 is not read",
			Edit: func(r *Rules) { r.StripeOfChip = func(Chip, bool) bool { return true } }},
	}
}
