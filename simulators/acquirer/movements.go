package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Movement is money that the books have moved to a merchant, or away from him: what whoever clears it must know.
type Movement struct {
	ID       string // of the ledger's movement
	At       time.Time
	Ref      Key // the payment that moved it
	RRN      string
	Merchant string
	Flow     pay.Flow
	Sale     Key        // the sale that it is about
	Amount   pay.Amount // less than zero when it goes back
	Whole    bool       // back: all that stood of the sale

	Card    string // masked, of the sale
	Credit  bool
	Entry   pay.Entry
	ByCode  bool
	Foreign bool
}

// Movements lists what the books have moved for merchants after their first n movements, and tells how many there are now.
func (a *Acquirer) Movements(n int) (list []Movement, now int) {
	entries := a.books.Since(n)
	for _, e := range entries {
		if e.Kind == ledger.Open || e.Kind == ledger.Hold || e.Kind == ledger.Withhold || e.Kind == ledger.Release {
			continue
		}
		p := a.payments[keyOf(e.ID)]
		sale := p
		for kind := sale.Ref.Flow.Kind(); sale.Original != nil && kind != pay.Sale && kind != pay.Completion; kind = sale.Ref.Flow.Kind() {
			sale = a.payments[*sale.Original]
		}
		m := Movement{ID: string(e.ID), At: e.At, Ref: p.Key(), RRN: p.RRN, Merchant: p.Ref.Merchant, Flow: p.Ref.Flow, Sale: sale.Key(), Amount: e.Amount,
			Card: sale.Card, Credit: sale.Credit, Entry: sale.Entry, ByCode: sale.ByCode, Foreign: a.foreign(sale.Card)}
		if e.To == interbank {
			m.Amount, m.Whole = e.Amount.Neg(), e.Kind == ledger.Void
		}
		list = append(list, m)
	}
	return list, n + len(entries)
}
