package wallet

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Defects lists what real wallet hosts have shipped with.
func Defects() []pay.Defect[Rules] { return slices.Concat(skipped(), wrong()) }

// skipped are hosts that leave a check out.
func skipped() []pay.Defect[Rules] {
	skips := func(name, check, category, text, why string) pay.Defect[Rules] {
		return pay.Defect[Rules]{Name: name, Category: category, Text: text, Why: why, Edit: func(r *Rules) { r.Services = without(r.Services, check) }}
	}
	return []pay.Defect[Rules]{
		skips("wallet-skips-signature", "signature", "security", "serves requests whatever their signature", "the check was switched off for a test and stayed off"),
		skips("wallet-skips-password", "password", "security", "takes any password", "the app is trusted to have asked"),
		skips("wallet-pays-blocked", "payer-status", "security", "lets a blocked account pay", "the block stands in another database than the balance"),
		skips("wallet-pays-itself", "seller", "security", "lets a shop's owner pay his own shop", "who owns a shop is known to another department"),
		skips("wallet-over-limit", "limit", "money", "takes more than shop or wallet allow for one payment", "the limit is held in the app, which a payer code does not pass"),
		skips("wallet-static-over-limit", "static-limit", "money", "lets a payer pay more than five hundred yuan a day by codes on walls",
			"the limit came with a circular, after the code was written"),
		skips("wallet-refunds-late", "refund-time", "money", "gives back what is too old", "the clerk's screen has the rule, the API has not"),
		skips("wallet-cancels-at-once", "cancel-time", "resilience", "cancels while the payment is still under way", "nobody has read why one must wait"),
	}
}

// wrong are hosts that do another thing.
func wrong() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "wallet-reuses-code", Category: "security", Text: "takes a payer code a second time", Why: "the code is marked as used when the order is settled, by a job",
			Edit: func(r *Rules) { r.SingleUse = false }},
		{Name: "wallet-keeps-code", Category: "security", Text: "takes a payer code whatever its age", Why: "the clocks of app and host differ, so somebody was generous",
			Edit: func(r *Rules) { r.Fresh = func(*Host, time.Time, time.Time) bool { return true } }},
		{Name: "wallet-asks-nobody", Category: "security", Text: "never asks for the payer's password", Why: "the limit is in yuan and the amount in fen, compared the wrong way round",
			Edit: func(r *Rules) { r.AsksPayer = func(*Call, payer, pay.Amount) bool { return false } }},
		{Name: "wallet-charges-nothing", Category: "money", Text: "says that an order is paid and moves nothing", Why: "the posting goes through a queue that lost it",
			Edit: func(r *Rules) {
				r.Charge = func(w *work, o Order) error {
					w.tx = w.books.Begin(o.At)
					return nil
				}
			}},
		{Name: "wallet-overdraws", Category: "money", Text: "pays more than the account holds", Why: "the balance is looked at when the code is made",
			Edit: func(r *Rules) { r.Floor = ledger.NoFloor }},
		{Name: "wallet-refunds-again", Category: "money", Text: "takes the repeat of a refund for another one", Why: "the number of the refund is logged and not looked up",
			Edit: func(r *Rules) {
				r.Services = without(r.Services, "repeat", walletapi.OpRefund)
				r.GiveBack = func(w *work, o Order, a pay.Amount, number string) error {
					return giveBack(w, o, a, number+o.Returned.String())
				}
			}},
		{Name: "wallet-refunds-too-much", Category: "money", Text: "gives back more than was paid", Why: "each refund is held to the payment, and not all together",
			Edit: func(r *Rules) {
				r.Services = without(r.Services, "refund-total")
				r.GiveBack = func(w *work, o Order, a pay.Amount, number string) error {
					return w.tx.Charge(ledger.ID(o.Trade+":refund:"+number), merchantAccount(o.Merchant), payerAccount(o.Payer), a)
				}
			}},
		{Name: "wallet-cancel-keeps-money", Category: "money", Text: "cancels a paid order and keeps the money", Why: "the cancel closes the order and leaves the refund to a job that finds only open ones",
			Edit: func(r *Rules) {
				r.GiveBack = func(w *work, o Order, a pay.Amount, number string) error {
					if number == cancelNumber {
						return nil
					}
					return giveBack(w, o, a, number)
				}
			}},
		{Name: "wallet-no-tombstone", Category: "resilience", Text: "lets an order be paid that was cancelled before it came", Why: "there is no row yet to mark",
			Edit: func(r *Rules) { r.Tombstones = false }},
		{Name: "wallet-never-closes", Category: "resilience", Text: "lets a payer consent to an order hours later", Why: "the till is trusted to cancel",
			Edit: func(r *Rules) { r.ClosesStale = false }},
		{Name: "wallet-tells-once", Category: "resilience", Text: "notifies a merchant once, heard or not", Why: "the schedule is in a worker that takes any answer for an acknowledgement",
			Edit: func(r *Rules) { r.TellsAgain = false }},
		{Name: "wallet-tells-unsigned", Category: "security", Text: "sends notifications without a signature", Why: "the signing filter is mounted on answers only",
			Edit: func(r *Rules) { r.SignsTold = false }},
		{Name: "wallet-believes-code", Category: "security", Text: "takes the amount of a merchant code for right, whatever its order says", Why: "the code has a CRC, so it must be whole",
			Edit: func(r *Rules) {
				r.Services = slices.Clone(r.Services)
				for i, s := range r.Services {
					if s.Operation == walletapi.OpAppScan || s.Operation == walletapi.OpAppConfirm {
						r.Services[i].Checks = append(slices.Clone(s.Checks), Check{"believe", believeCode})
					}
				}
				r.CodeAgrees = func(Order, pay.Amount) bool { return true }
			}},
	}
}

// believeCode puts the amount of the code in the place of the order's.
func believeCode(c *Call) (walletapi.Result, string) {
	if c.scanned.dynamic && c.scanned.said.Minor > 0 {
		c.order.Amount, c.amount, c.scanned.order.Amount = c.scanned.said, c.scanned.said, c.scanned.said
	}
	return "", ""
}
