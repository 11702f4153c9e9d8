package acquirer

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// work is one decision about money: the movements, and the payments as they are after them.
type work struct {
	*Acquirer
	tx      *ledger.Tx
	changed []Payment
}

func (a *Acquirer) begin(now time.Time) *work { return &work{Acquirer: a, tx: a.books.Begin(now)} }

func (w *work) change() change { return change{payments: w.changed, books: w.tx} }

func (w *work) put(p Payment) {
	w.changed = append(slices.DeleteFunc(w.changed, func(o Payment) bool { return o.Key() == p.Key() }), p)
}

// of gives the payment that k names, as this decision has left it; the zero Payment for nil.
func (w *work) of(k *Key) Payment {
	if k == nil {
		return Payment{}
	}
	for _, p := range w.changed {
		if p.Key() == *k {
			return p
		}
	}
	return w.payments[*k]
}

// move names one of a payment's movements. Names come from the terminal's wire, so that a repeat moves nothing.
func (p Payment) move(what string) ledger.ID { return ledger.ID(p.Key().String() + ":" + what) }

// post moves the money of an approved payment, and alters what it acts on. The acquirer's books hold what is authorized as
// the issuer's do: other institutions owe it to the acquirer, and the acquirer to the merchant.
func post(w *work, p Payment) error {
	o, key := w.of(p.Original), p.Key()
	switch p.Ref.Flow.Kind() {
	case pay.Sale:
		return w.credit(p, p.move("post"))
	case pay.PreAuth:
		return w.hold(p, p.move("hold"))
	case pay.Refund:
		var err error
		if o.Refunded, err = p.Amount.Add(o.Refunded); o.Refunded.Currency == 0 || err != nil {
			o.Refunded = p.Amount
		}
		w.put(o)
		return w.tx.Refund(p.move("refund"), o.Posting, p.Amount)
	case pay.Adjustment, pay.Tip:
		return w.Rules.Amend(w, o, p)
	case pay.Void, pay.PreAuthVoid:
		return w.end(o, p.move("void"), key)
	case pay.Completion:
		if err := w.end(o, p.move("release"), key); err != nil {
			return err
		}
		return w.credit(p, p.move("post"))
	case pay.CompletionVoid: // the deposit stands again, as it was before its completion
		if err := w.end(o, p.move("void"), key); err != nil {
			return err
		}
		return w.hold(w.of(o.Original), p.move("hold"))
	}
	return nil
}

// undo takes back what post did: a void's sale stands again, a completion's hold, a completion void's completion. The last
// argument is the reversal's own number.
func undo(w *work, p Payment, _ string) error {
	o := w.of(p.Original)
	switch p.Ref.Flow.Kind() {
	case pay.Sale, pay.PreAuth:
		return w.tx.Void(p.move("undo"), p.Posting)
	case pay.Void:
		return w.credit(o, p.move("undo"))
	case pay.PreAuthVoid:
		return w.hold(o, p.move("undo"))
	case pay.Completion:
		if err := w.tx.Void(p.move("undo"), p.Posting); err != nil {
			return err
		}
		return w.hold(o, p.move("undo-hold"))
	case pay.CompletionVoid:
		if err := w.end(w.of(o.Original), p.move("undo-release"), o.Key()); err != nil {
			return err
		}
		return w.credit(o, p.move("undo"))
	}
	return nil
}

// credit posts a payment's amount to its merchant; the payment stands.
func (w *work) credit(p Payment, id ledger.ID) error {
	p.Posting, p.Ended = id, nil
	w.put(p)
	return postAs(w.tx, p, id)
}

// hold keeps a payment's amount for its merchant; the authorization is open.
func (w *work) hold(p Payment, id ledger.ID) error {
	p.Posting, p.Ended = id, nil
	w.put(p)
	merchant := merchantAccount(p.Ref.Merchant)
	if err := open(w.tx, p.Amount.Currency, interbank, merchant); err != nil {
		return err
	}
	return w.tx.Hold(id, interbank, merchant, p.Amount)
}

// end takes back what stands of a payment, for the sake of another.
func (w *work) end(p Payment, id ledger.ID, by Key) error {
	p.Ended = &by
	w.put(p)
	return w.tx.Void(id, p.Posting)
}

func postAs(tx *ledger.Tx, p Payment, id ledger.ID) error {
	merchant := merchantAccount(p.Ref.Merchant)
	if err := open(tx, p.Amount.Currency, interbank, merchant); err != nil {
		return err
	}
	return tx.Post(id, interbank, merchant, p.Amount)
}

func (a *Acquirer) heldUntil(p Payment) time.Time {
	return p.At.AddDate(0, 0, a.Dialect.Switches.PreAuthDays)
}

// Age frees what has been held for as many days as an authorization lasts. Serve calls it first; whoever looks at the books
// calls it before.
func (a *Acquirer) Age(now time.Time) {
	if a.broken || now.Before(a.nextEnd) {
		return
	}
	a.nextEnd = time.Time{}
	for _, k := range a.open.all() {
		p := a.payments[k]
		if end := a.heldUntil(p); now.Before(end) {
			if a.nextEnd.IsZero() || end.Before(a.nextEnd) {
				a.nextEnd = end
			}
			continue
		}
		w := a.begin(now)
		p.State = Expired
		w.put(p)
		if err := w.tx.Void(p.move("expire"), p.Posting); err == nil {
			a.commit(w.change(), func() {})
		}
	}
}
