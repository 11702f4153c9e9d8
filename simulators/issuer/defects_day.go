package issuer

import (
	"errors"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// dayDefects are those of what follows a payment, and of deposits.
func dayDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-ends-nothing", Category: "money", Text: "approves a void or completion and leaves what it acts on as it was",
			Why: "the original is marked in one system and the money stands in another",
			Edit: func(r *Rules) {
				r.End = func(w *work, p Payment, _ ledger.ID, by string) error {
					p.Ended = by
					w.put(p)
					return nil
				}
			}},
		{Name: "issuer-keeps-refund", Category: "money", Text: "acknowledges a refund and gives nothing back",
			Why:  "credits wait for a file that the acquirer never sends",
			Edit: func(r *Rules) { r.Post = postAll(pay.Refund) }},
		{Name: "issuer-refuses-blocked-refund", Category: "money", Text: "refuses refunds to a card that has no PIN tries left",
			Why: "the block is looked at before anything else, and nobody comes back to ask what became of the refund",
			Edit: func(r *Rules) {
				r.Flows = slices.Clone(r.Flows)
				for i, f := range r.Flows {
					r.Flows[i].Checks = slices.Clone(f.Checks)
					for j, c := range r.Flows[i].Checks {
						if c.Name == "pin-tries" {
							r.Flows[i].Checks[j].Ask = triesLeft
						}
					}
				}
			}},
		{Name: "issuer-tells-ledger", Category: "money", Text: "tells what the account holds and not what may be spent",
			Why: "the balance comes from the bookkeeping, and holds are kept elsewhere",
			Edit: func(r *Rules) {
				r.Tell = func(b ledger.Balance) iso8583.AccountBalance {
					return iso8583.AccountBalance{Account: "00", Type: "02", Amount: b.Booked}
				}
			}},
		{Name: "issuer-hold-never-ends", Category: "money", Text: "holds a deposit until somebody asks",
			Why:  "the nightly job that frees deposits counts those of its own branch",
			Edit: func(r *Rules) { r.HoldDays = 3650 }},
		{Name: "issuer-undo-asks-for-funds", Category: "money", Text: "refuses the reversal of a void whose money has been spent since",
			Why: "a reversal of a void takes money like a sale, and goes through the sale's checks",
			Edit: func(r *Rules) {
				r.Undo = func(w *work, p Payment) error {
					b, err := w.Balance(p.Card)
					if p.Flow.GivesBack() && (err != nil || b.Available.Minor < p.Amount.Minor) {
						return errors.Join(err, ledger.ErrFunds)
					}
					return undo(w, p)
				}
			}},
		{Name: "issuer-holds-nothing", Category: "money", Text: "approves a deposit and does not hold the money",
			Why:  "the authorization is answered by a stand-in that keeps no account",
			Edit: func(r *Rules) { r.Post = postAll(pay.PreAuth) }},
	}
}

// postAll posts every payment but those of one kind.
func postAll(but pay.Flow) func(*work, Payment) error {
	return func(w *work, p Payment) error {
		if p.Flow.Kind() == but {
			return nil
		}
		return post(w, p)
	}
}
