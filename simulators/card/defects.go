package card

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Defects lists the mistakes a card can be made to have. Each edit works on Rules from Reference.
func Defects() []pay.Defect[Rules] {
	return slices.Concat(secretDefects(), counterDefects())
}

func secretDefects() []pay.Defect[Rules] {
	always := func(_, _ []byte) bool { return true }
	return []pay.Defect[Rules]{
		{Name: "card-any-pin", Category: "security", Text: "takes any PIN for the right one",
			Why:  "the applet was built with the test profile, whose PIN check is a stub of the personalisation tool",
			Edit: func(r *Rules) { r.PIN = func(_, _ pay.Secret) bool { return true } }},
		{Name: "card-pin-not-counted", Category: "security", Text: "does not count wrong PINs",
			Why:  "the counter is written only after the answer, and the power is gone by then",
			Edit: func(r *Rules) { r.CountPIN = func(left int) int { return left } }},
		{Name: "card-pin-counted-twice", Category: "protocol", Text: "loses two tries for one wrong PIN",
			Why:  "the counter is taken down before the comparison and again in the error path",
			Edit: func(r *Rules) { r.CountPIN = func(left int) int { return max(0, left-2) } }},
		{Name: "card-pin-tries-stay", Category: "security", Text: "does not give tries back after a right PIN",
			Why:  "the reset stands behind an early return for contactless chips",
			Edit: func(r *Rules) { r.RightPIN = func(most int) int { return most - 1 } }},
		{Name: "card-challenge-again", Category: "security", Text: "takes an enciphered PIN twice with one challenge",
			Why:  "the challenge is kept until the next one, so a recorded PIN can be played again",
			Edit: func(r *Rules) { r.Challenge = false }},
		{Name: "card-same-challenge", Category: "security", Text: "gives the same challenge after each reset",
			Why:  "the generator of the chip is seeded when it gets its power, and always alike",
			Edit: func(r *Rules) { r.Fresh = func(drawn []byte) []byte { return make([]byte, len(drawn)) } }},
		{Name: "card-any-issuer", Category: "security", Text: "takes any issuer cryptogram for the right one",
			Why:  "issuer authentication was switched off for the pilot, and personalisation copied the pilot",
			Edit: func(r *Rules) { r.Issuer = always }},
		{Name: "card-any-script", Category: "security", Text: "carries out scripts whatever their MAC",
			Why:  "the MAC is checked by the secure channel of the card manager, which payment scripts do not go through",
			Edit: func(r *Rules) { r.Script = always }},
		{Name: "card-approves-after-failed-issuer", Category: "security", Text: "makes a TC though the issuer's cryptogram was wrong",
			Why:  "the flag of the failure is only for the next payment",
			Edit: func(r *Rules) { r.Second = func(_ *Payment, asked emv.CID) emv.CID { return asked } }},
		{Name: "card-signs-no-list", Category: "security", Text: "leaves what GET PROCESSING OPTIONS was told out of the CDA hash",
			Why: "cards without a PDOL were tested only",
			Edit: func(r *Rules) {
				r.Signed = func(_, cdol1, cdol2, rest []byte) []byte { return slices.Concat(cdol1, cdol2, rest) }
			}},
		{Name: "card-signs-nothing-fresh", Category: "security", Text: "leaves the terminal's number out of the DDA hash",
			Why:  "the signature is made ahead to be quick",
			Edit: func(r *Rules) { r.Dynamic = func([]byte) []byte { return nil } }},
		{Name: "card-blocked-answers-ok", Category: "protocol", Text: "answers 9000 when a blocked application is selected",
			Why:  "the warning was taken out for a terminal that could not read data behind 6283",
			Edit: func(r *Rules) { r.Blocked = emv.SW9000OK }},
		{Name: "card-claims-verified", Category: "security", Text: "says that its holder was verified on the device when nobody was",
			Why: "the wallet sets the bit when the screen is unlocked for any reason",
			Edit: func(r *Rules) {
				r.CVM = func(*Payment) (emv.CTQ, bool) { return emv.CTQ2x80CDCVMPerformed, false }
			}},
		{Name: "card-keeps-confirmation", Category: "security", Text: "pays again and again after its holder has confirmed once",
			Why:  "the wallet asks for the finger when the screen was dark, and it is not dark yet",
			Edit: func(r *Rules) { r.ConfirmAgain = false }},
	}
}

func counterDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "card-atc-stands", Category: "security", Text: "makes every payment with the same transaction counter",
			Why:  "the counter is kept in memory to spare the chip's write cycles",
			Edit: func(r *Rules) { r.NextATC = func(atc uint16) (uint16, bool) { return max(atc, 1), true } }},
		{Name: "card-atc-wraps", Category: "security", Text: "goes on from 0 when its transaction counter is used up",
			Why:  "nobody tests 65,535 payments",
			Edit: func(r *Rules) { r.NextATC = func(atc uint16) (uint16, bool) { return atc + 1, true } }},
		{Name: "card-offline-uncounted", Category: "money", Text: "does not count approvals without the issuer",
			Why:  "the counters belong to the contact application, and quickPass has its own code",
			Edit: func(r *Rules) { r.Offline = func(*Payment) {} }},
		{Name: "card-offline-never-reset", Category: "protocol", Text: "keeps its offline counters after the issuer has approved",
			Why: "they are reset by a script that this issuer does not send",
			Edit: func(r *Rules) {
				r.Online = func(p *Payment) { p.state.LastOnline = p.state.ATC }
			}},
		{Name: "card-always-approves", Category: "money", Text: "makes a TC whenever the terminal asks for one",
			Why:  "card risk management was left to the terminal in the first release",
			Edit: func(r *Rules) { r.Kind = func(asked emv.CID, _ Wish) emv.CID { return asked } }},
		{Name: "card-answers-more", Category: "protocol", Text: "makes a TC where it was asked for an ARQC",
			Why: "a card that may approve by itself was thought to be always right in that",
			Edit: func(r *Rules) {
				honest := r.Kind
				r.Kind = func(asked emv.CID, wish Wish) emv.CID {
					if asked == emv.CID80ARQC && wish == WishApprove {
						return emv.CID40TC
					}
					return honest(asked, wish)
				}
			}},
		{Name: "card-blocks-one-application", Category: "security", Text: "blocks the application that hears CARD BLOCK, and not the card",
			Why:  "the card manager is another vendor's, and the payment applet cannot reach it",
			Edit: func(r *Rules) { r.BlockCard = func(_ *State, a *AppState) { a.Blocked = true } }},
		{Name: "card-keeps-old-pin", Category: "security", Text: "answers PIN CHANGE with 9000 and compares the old PIN",
			Why:  "the new PIN goes into a buffer that is written at the next reset, which clears it",
			Edit: func(r *Rules) { r.NewPIN = func(old, _ pay.Secret) pay.Secret { return old } }},
		{Name: "card-keeps-pin-blocked", Category: "protocol", Text: "answers PIN CHANGE/UNBLOCK with 9000 and gives no try back",
			Why:  "the PIN is changed, and its counter belongs to another file",
			Edit: func(r *Rules) { r.UnblockPIN = func(left, _ int) int { return left } }},
		{Name: "card-forgets-open-payment", Category: "security", Text: "does not go online after a payment that never heard its issuer",
			Why:  "the flag is written after the answer, and the card is pulled before",
			Edit: func(r *Rules) { r.dropRisk("card/not-completed") }},
		{Name: "card-forgets-failed-issuer", Category: "security", Text: "does not go online after a failed issuer authentication",
			Why:  "the flag is cleared with the session",
			Edit: func(r *Rules) { r.dropRisk("card/issuer-failed") }},
		{Name: "card-forgets-failed-script", Category: "protocol", Text: "does not go online after a failed script",
			Why:  "the script's result is left to the terminal",
			Edit: func(r *Rules) { r.dropRisk("card/script-failed") }},
		{Name: "card-blocked-pays", Category: "security", Text: "pays though its application is blocked",
			Why:  "only SELECT looks at the block, and a terminal may go on behind a warning",
			Edit: func(r *Rules) { r.dropRisk("card/blocked") }},
		{Name: "card-unblock-does-nothing", Category: "protocol", Text: "answers APPLICATION UNBLOCK with 9000 and stays blocked",
			Why:  "unblocking is meant for the personalisation machine only",
			Edit: func(r *Rules) { r.Unblock = func(*AppState) {} }},
		{Name: "card-logs-nothing", Category: "protocol", Text: "keeps no log of its payments",
			Why:  "the log file was cut to make room for a second application",
			Edit: func(r *Rules) { r.Log = func(*Payment) bool { return false } }},
		{Name: "card-taps-any-amount", Category: "money", Text: "pays any amount without contacts",
			Why:  "the limit was raised in the terminals, and the card was told to follow them",
			Edit: func(r *Rules) { r.Tap = func(*Payment) bool { return true } }},
		{Name: "card-shows-everywhere", Category: "protocol", Text: "offers contact applications in the field too",
			Why: "both directories are made from one list",
			Edit: func(r *Rules) {
				r.Offer = func(*State, int, Interface, *Image) bool { return true }
			}},
	}
}

// dropRisk takes a check out of card risk management.
func (r *Rules) dropRisk(name string) {
	r.Risk = slices.DeleteFunc(slices.Clone(r.Risk), func(c RiskCheck) bool { return c.Name == name })
}
