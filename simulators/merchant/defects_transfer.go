package merchant

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// transferDefects are offices that do transfers by halves, or for anybody.
func transferDefects() []pay.Defect[Rules] {
	// hears has the office take a bank's word on one leg for another.
	hears := func(leg TransferState, word, as BankWord) func(*Rules) {
		return func(r *Rules) {
			r.LegHeard = func(l TransferState, w BankWord) BankWord {
				if l == leg && w == word {
					return as
				}
				return w
			}
		}
	}
	return []pay.Defect[Rules]{
		{Name: "merchant-transfer-unknown-is-no", Category: "money", Text: "returns a transfer at once when the payee's bank has not answered", Why: "no answer is no",
			Edit: hears(TransferCrediting, BankSilent, BankRefused)},
		{Name: "merchant-transfer-unknown-is-yes", Category: "money", Text: "takes a credit for done when the payee's bank has not answered", Why: "the file was sent, and it never fails",
			Edit: hears(TransferCrediting, BankSilent, BankPaid)},
		{Name: "merchant-transfer-debit-unknown-is-no", Category: "money", Text: "gives a transfer up when the payer's bank has not answered", Why: "the payer may try again",
			Edit: hears(TransferDebiting, BankSilent, BankRefused)},
		{Name: "merchant-transfer-half", Category: "money", Text: "keeps what the payee's bank has refused", Why: "returns are done by hand",
			Edit: func(r *Rules) { r.ReturnsRefused = false }},
		{Name: "merchant-transfer-asks-anew", Category: "money", Text: "asks a bank again under another name", Why: "each message has a number of its own",
			Edit: func(r *Rules) {
				r.LegName = func(t Transfer, leg string) string { return fmt.Sprintf("%s:%d", legName(t, leg), t.Next.Unix()) }
			}},
		skips("merchant-transfer-twice", "transfer-open", "money", "does a transfer again that is confirmed again", "the button can be pressed twice"),
		skips("merchant-transfer-unconfirmed", "transfer-code", "security", "takes any code for the payer's", "the payer has logged in"),
		skips("merchant-transfer-stale", "name-fresh", "security", "sends to a name that was asked for long ago", "the inquiry is kept for the day"),
		skips("merchant-repays-others", "own-name", "security", "lets somebody repay the card of another", "who would pay a stranger's debts"),
		skips("merchant-sends-uncovered", "covered", "money", "sends more from a balance than there is", "the balance is looked at when the day is over"),
		{Name: "merchant-repays-at-once", Category: "settlement", Text: "credits a card on the spot instead of on its posting day", Why: "a repayment is a transfer to a card",
			Edit: func(r *Rules) { r.PostsAt = func(_ *Office, _ Transfer, at time.Time) time.Time { return at } }},
		{Name: "merchant-transfer-whole-name", Category: "security", Text: "shows whole names for account numbers", Why: "the payer wants to be sure",
			Edit: func(r *Rules) { r.MaskName = func(name string) string { return name } }},
		{Name: "merchant-asks-no-name", Category: "security", Text: "sends money to an account without asking whose it is", Why: "the bank will refuse it",
			Edit: func(r *Rules) { r.AsksName = false }},
	}
}
