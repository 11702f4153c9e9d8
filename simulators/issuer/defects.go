package issuer

import (
	"slices"

	"maps"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Defects lists the mistakes this issuer can be made to have. Each edit works on Rules from Reference.
func Defects() []pay.Defect[Rules] {
	return slices.Concat(saleDefects(), dayDefects(), offlineDefects(), chipDefects(), trackDefects(), timeDefects(), lifeDefects(), codeDefects())
}

func saleDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-over-limit", Category: "money", Text: "approves past the card's limit for one payment and for the day",
			Why:  "limits live in another system, and when it does not answer in time the check is passed",
			Edit: func(r *Rules) { r.drop("amount-limit") }},
		{Name: "issuer-over-count", Category: "money", Text: "approves more payments a day than the card allows",
			Why:  "the counter is kept by channel, and a till is another channel than the one that was tested",
			Edit: func(r *Rules) { r.drop("count-limit") }},
		{Name: "issuer-ignores-pin", Category: "security", Text: "approves whatever PIN was entered",
			Why:  "PIN verification was switched off for a migration and never switched on again",
			Edit: func(r *Rules) { r.drop("pin") }},
		{Name: "issuer-no-pin-count", Category: "security", Text: "does not count wrong PINs",
			Why:  "the count is kept in the transaction that the decline rolls back",
			Edit: func(r *Rules) { r.WrongPIN = func(tries int) int { return tries } }},
		{Name: "issuer-counts-pin-twice", Category: "protocol", Text: "counts each wrong PIN twice",
			Why:  "it is counted where the message arrives and again where the PIN is compared",
			Edit: func(r *Rules) { r.WrongPIN = func(tries int) int { return tries + 2 } }},
		{Name: "issuer-pin-count-stays", Category: "security", Text: "does not forget wrong PINs after a right one",
			Why:  "the count is cleared by a nightly job instead of by the right PIN",
			Edit: func(r *Rules) { r.RightPIN = func(tries int) int { return tries } }},
		{Name: "issuer-pin-count-late", Category: "security", Text: "takes a right PIN after too many wrong ones",
			Why:  "the count is looked at only when a PIN is wrong",
			Edit: func(r *Rules) { r.drop("pin-tries") }},
		{Name: "issuer-ignores-stolen", Category: "security", Text: "approves lost and stolen cards",
			Why: "the hot-card file is loaded once a day",
			Edit: func(r *Rules) {
				r.Statuses = maps.Clone(r.Statuses)
				delete(r.Statuses, Lost)
				delete(r.Statuses, Stolen)
			}},
		{Name: "issuer-keep-card-lost", Category: "security", Text: "declines stolen cards as lost ones",
			Why: "one block code in the card file stands for both",
			Edit: func(r *Rules) {
				r.Statuses = maps.Clone(r.Statuses)
				r.Statuses[Stolen] = pay.Answer41Lost
			}},
		{Name: "issuer-ignores-expiry", Category: "security", Text: "approves expired cards",
			Why:  "two-digit years are compared as if they belonged to different centuries",
			Edit: func(r *Rules) { r.drop("expiry") }},
		{Name: "issuer-ignores-funds", Category: "money", Text: "approves more than the account holds",
			Why:  "stand-in approves while the account system is down, and stays on",
			Edit: func(r *Rules) { r.Floor = ledger.NoFloor }},
		{Name: "issuer-skips-cvv", Category: "security", Text: "does not check the card verification value of a stripe",
			Why:  "the check is bound to the entry mode 90, and tills send 02",
			Edit: func(r *Rules) { r.drop("cvv") }},
		{Name: "issuer-keeps-reversed-money", Category: "money", Text: "answers a reversal and does not give the money back",
			Why:  "reversals are acknowledged by the front end and booked by a batch that fails",
			Edit: func(r *Rules) { r.Undo = func(*work, Payment) error { return nil } }},
		{Name: "issuer-keeps-reversed-limit", Category: "money", Text: "counts reversed payments against the day's limits",
			Why: "the limit counter knows only one direction",
			Edit: func(r *Rules) {
				r.Count = func(i *Issuer, p Payment, by int) {
					if by > 0 {
						count(i, p, by)
					}
				}
			}},
		{Name: "issuer-no-tombstone", Category: "resilience", Text: "approves a payment whose reversal came before it",
			Why:  "a reversal that finds nothing is answered and forgotten",
			Edit: func(r *Rules) { r.Tombstones = false }},
		{Name: "issuer-wrong-code", Category: "protocol", Text: "answers an unknown card with 05 instead of 14",
			Why:  "every internal refusal is mapped to one code",
			Edit: func(r *Rules) { r.UnknownCard = pay.Answer05NotHonoured }},
	}
}
