package acquirer

import (
	"fmt"
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

// Quarrel has so much of a payment, by the name that Key gives it, be refunded no more; less than zero takes that back.
func (a *Acquirer) Quarrel(name string, by pay.Amount) error {
	p, known := a.payments[keyOf(ledger.ID(name))]
	if !known {
		return fmt.Errorf("acquirer: there is no payment %s", name)
	}
	sum, err := p.Disputed.Add(by)
	if err != nil {
		return err
	}
	p.Disputed = sum
	a.commit(change{payments: []Payment{p}}, func() {})
	return nil
}
