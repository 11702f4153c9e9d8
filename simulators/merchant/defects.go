package merchant

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Defects lists what real desks and offices have shipped with.
func Defects() []pay.Defect[Rules] { return slices.Concat(DeskDefects(), OfficeDefects()) }

// OfficeDefects lists those of offices.
func OfficeDefects() []pay.Defect[Rules] {
	return slices.Concat(feeDefects(), returnDefects(), payoutDefects(), fileDefects(), applicationDefects(), deviceDefects(), agreementDefects(), disputeDefects(), newsDefects(), transferDefects(), peopleDefects(), phoneDefects())
}

// DeskDefects lists those of shops' desks.
func DeskDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "merchant-believes-anybody", Category: "security", Text: "takes notifications that no wallet has signed", Why: "the address was secret enough, until it stood in a log",
			Edit: func(r *Rules) { r.Signed = false }},
		{Name: "merchant-hears-twice", Category: "resilience", Text: "takes a notification that is repeated for another payment", Why: "each one came in by itself in the tests",
			Edit: func(r *Rules) { r.Once = false }},
		{Name: "merchant-texts-whole-number", Category: "security", Text: "texts the whole number of a payment", Why: "support asked for it, and so does whoever wants a refund by telephone",
			Edit: func(r *Rules) {
				r.Words = func(p walletapi.Params) []string { return []string{p[walletapi.Payer], p[walletapi.Trade]} }
			}},
	}
}

// feeDefects are offices that charge another fee.
func feeDefects() []pay.Defect[Rules] {
	// blind has the office look at sales without something.
	blind := func(hide func(*Sold)) func(*Rules) {
		return func(r *Rules) {
			r.PriceOf = func(list []Price, s Sold) Price {
				hide(&s)
				return firstFit(list, s)
			}
		}
	}
	return []pay.Defect[Rules]{
		{Name: "merchant-clears-twice", Category: "money", Text: "books a movement again when the acquirer tells it again", Why: "the hand-over was repeated by hand after a broken transfer",
			Edit: func(r *Rules) { r.ClearsOnce = false }},
		{Name: "merchant-forgets-cap", Category: "money", Text: "charges past the cap of a tariff", Why: "nobody has tested with a sale of ten thousand yuan",
			Edit: func(r *Rules) { r.Capped = func(fee, _ int64) int64 { return fee } }},
		{Name: "merchant-rounds-down", Category: "money", Text: "cuts a fee off at the fen", Why: "the amounts are integers, and so was the division",
			Edit: func(r *Rules) { r.Round = func(a, n, d int64) int64 { return a * n / d } }},
		{Name: "merchant-one-card", Category: "money", Text: "charges debit cards as credit cards", Why: "the table of card numbers was not loaded",
			Edit: blind(func(s *Sold) { s.Card = CardCredit })},
		{Name: "merchant-no-groups", Category: "money", Text: "charges hospitals and supermarkets as restaurants", Why: "the MCC is kept and nobody reads it",
			Edit: blind(func(s *Sold) { s.Group = "standard" })},
		{Name: "merchant-taps-as-swipes", Category: "money", Text: "does not give the price of small taps", Why: "the entry mode is lost on its way to clearing",
			Edit: blind(func(s *Sold) { s.Entry = pay.Entry02Stripe })},
		{Name: "merchant-codes-as-cards", Category: "money", Text: "charges payments by code as by card", Why: "a code becomes a card number at the issuer, and the product is told by the number",
			Edit: blind(func(s *Sold) { s.Product = ProductCard })},
		{Name: "merchant-next-tariff", Category: "money", Text: "charges by the newest tariff, in force or not", Why: "the table has a date and the query has not",
			Edit: func(r *Rules) {
				r.InForce = func(t *Terms, _ time.Time) *Tariff { return &t.Tariffs[len(t.Tariffs)-1] }
			}},
		{Name: "merchant-hidden-fee", Category: "money", Text: "charges five hundredths of a percent more than it quotes", Why: "a service charge was agreed with the sales partner, not with the merchant",
			Edit: func(r *Rules) {
				r.Charged = func(o *Office, a pay.Amount, q Quote) pay.Amount {
					return plus(o.part(a, q.Price), pay.Amount{Minor: o.Rules.Round(a.Minor, 500, 1_000_000), Currency: a.Currency})
				}
			}},
		{Name: "merchant-exempt-pays", Category: "money", Text: "gives issuer and network their part of a sale that is exempt", Why: "the merchant pays nothing, so nobody saw it",
			Edit: func(r *Rules) {
				r.Share = func(o *Office, a pay.Amount, q Quote) Share {
					q.Exempt = false
					return share(o, a, q)
				}
			}},
		{Name: "merchant-one-sided-network", Category: "money", Text: "gives the network the acquirer's side of its fee only", Why: "the issuer's side was left to the issuer, who is charged net",
			Edit: func(r *Rules) {
				r.Share = func(o *Office, a pay.Amount, q Quote) Share {
					s := share(o, a, q)
					side := pay.Amount{Minor: s.Network.Minor / 2, Currency: a.Currency}
					s.Network, s.Issuer = minus(s.Network, side), plus(s.Issuer, side)
					return s
				}
			}},
	}
}

// returnDefects are offices that do another thing with what goes back.
func returnDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "merchant-keeps-void-fee", Category: "money", Text: "keeps the fee of a sale that was voided", Why: "a void is cleared as a refund, and the contract keeps the fee of those",
			Edit: func(r *Rules) { r.Returns = func(f Fact, q Quote) bool { return !f.Whole && q.Returns } }},
		{Name: "merchant-keeps-refund-fee", Category: "money", Text: "keeps the fee of what was refunded", Why: "the contract of last year did",
			Edit: func(r *Rules) { r.Returns = func(f Fact, _ Quote) bool { return f.Whole } }},
		{Name: "merchant-returns-by-part", Category: "money", Text: "rounds the fee of each part that is refunded by itself", Why: "each refund is computed as if it were the only one",
			Edit: func(r *Rules) {
				r.BackPart = func(o *Office, fee, sold, _, back int64) int64 { return o.Rules.Round(fee, back, sold) }
			}},
		{Name: "merchant-statement-without-refunds", Category: "money", Text: "leaves out of a statement what went back", Why: "the statement is made of sales, and refunds have a table of their own",
			Edit: func(r *Rules) { r.Told = func(i Item) bool { return i.Amount.Minor > 0 } }},
	}
}

// payoutDefects are offices that pay otherwise.
func payoutDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "merchant-pays-on-holidays", Category: "settlement", Text: "counts weekends and holidays as working days", Why: "the calendar was to be delivered later",
			Edit: func(r *Rules) {
				r.Payday = func(t *Terms, term Term, day string) time.Time {
					if term == TermNextWorkingDay {
						term = TermNextDay
					}
					return payday(t, term, day)
				}
			}},
		{Name: "merchant-cuts-off-at-midnight", Category: "settlement", Text: "counts a sale behind the cut-off to the day that has ended", Why: "days end at midnight",
			Edit: func(r *Rules) { r.Day = func(_ *Terms, at time.Time) string { return at.Format(dayLayout) } }},
		{Name: "merchant-no-surcharge", Category: "money", Text: "pays on the same day without its surcharge", Why: "the surcharge was waived for the launch",
			Edit: func(r *Rules) {
				honest := r.InForce
				r.InForce = func(t *Terms, at time.Time) *Tariff {
					free := *honest(t, at)
					free.Surcharge = 0
					return &free
				}
			}},
		{Name: "merchant-forgets-debt", Category: "money", Text: "pays what was sold and lets go what was refunded", Why: "a payout is the sum of sales; refunds were to be collected by hand",
			Edit: func(r *Rules) {
				r.Payable = func(due []*Item) []*Item {
					return slices.DeleteFunc(slices.Clone(due), func(i *Item) bool { return i.Net.Minor < 0 })
				}
			}},
		{Name: "merchant-silence-is-no", Category: "money", Text: "pays again what the bank has not answered", Why: "a timeout was taken for a refusal",
			Edit: func(r *Rules) {
				r.Heard = func(w BankWord) BankWord {
					if w == BankSilent {
						return BankRefused
					}
					return w
				}
			}},
		{Name: "merchant-loses-failed-payout", Category: "money", Text: "does not pay again what the bank has refused", Why: "the return comes in another file, which nobody reads",
			Edit: func(r *Rules) { r.Fail, r.Frees = func(*ledger.Tx, Payout) error { return nil }, false }},
	}
}

// fileDefects are offices that read the scheme's file otherwise.
func fileDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "merchant-matches-by-number", Category: "settlement", Text: "takes a row for right when its number is", Why: "the amounts were compared in another report",
			Edit: func(r *Rules) {
				r.Agree = func(f, b int64, filed, told bool) bool { return filed && told || agree(f, b, filed, told) }
			}},
		{Name: "merchant-overlooks-short", Category: "settlement", Text: "does not see what the scheme has not settled", Why: "the file is read row by row, and what it lacks has no row",
			Edit: func(r *Rules) {
				r.Agree = func(f, b int64, filed, told bool) bool { return !filed || agree(f, b, filed, told) }
			}},
		{Name: "merchant-overlooks-long", Category: "settlement", Text: "skips a row that the books do not know", Why: "an unknown row was a test of the scheme's, once",
			Edit: func(r *Rules) {
				r.Agree = func(f, b int64, filed, told bool) bool { return !told || agree(f, b, filed, told) }
			}},
		{Name: "merchant-takes-file-twice", Category: "settlement", Text: "takes the file of a day again", Why: "the operator was not sure whether the first upload had worked",
			Edit: func(r *Rules) { r.Services = without(r.Services, "file-once") }},
	}
}
