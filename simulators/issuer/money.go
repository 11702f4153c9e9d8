package issuer

import (
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// work is one decision about money: the movements, and the payments as they are after them.
type work struct {
	*Issuer
	tx      *ledger.Tx
	changed []Payment
	owed    bool // the money was approved once, and is taken whatever has become of the account
}

func (i *Issuer) begin(now time.Time) *work { return &work{Issuer: i, tx: i.books.Begin(now)} }

func (w *work) change() change { return change{payments: w.changed, books: w.tx} }

func (w *work) put(p Payment) {
	w.changed = append(slices.DeleteFunc(w.changed, func(o Payment) bool { return o.RRN == p.RRN }), p)
}

// of gives a payment as this decision has left it.
func (w *work) of(rrn string) Payment {
	for _, p := range w.changed {
		if p.RRN == rrn {
			return p
		}
	}
	return w.payments[rrn]
}

// move names one of a payment's movements, so that a repeat moves nothing.
func (p Payment) move(what string) ledger.ID { return ledger.ID(p.RRN + ":" + what) }

// post moves an approved payment's money, and alters what it acts on.
func post(w *work, p Payment) error {
	o := w.of(p.Original)
	switch p.Flow.Kind() {
	case pay.Sale:
		return w.debit(p, p.move("post"))
	case pay.PreAuth:
		return w.hold(p, p.move("hold"))
	case pay.Refund:
		if o.Refunded.Currency == 0 {
			o.Refunded.Currency = p.Amount.Currency
		}
		var err error
		if o.Refunded, err = o.Refunded.Add(p.Amount); err != nil {
			return err
		}
		w.put(o)
		return w.tx.Refund(p.move("refund"), o.Posting, p.Amount)
	case pay.Adjustment, pay.Tip:
		return w.Rules.Amend(w, o, p)
	case pay.Void, pay.PreAuthVoid:
		return w.Rules.End(w, o, p.move("void"), p.RRN)
	case pay.Completion: // what is left of the hold is free
		if err := w.Rules.End(w, o, p.move("release"), p.RRN); err != nil {
			return err
		}
		return w.debit(p, p.move("post"))
	case pay.CompletionVoid: // the deposit stands again, as it was before its completion
		if err := w.Rules.End(w, o, p.move("void"), p.RRN); err != nil {
			return err
		}
		return w.hold(w.of(o.Original), p.move("hold"))
	}
	return nil
}

// undo takes back what post did: a void's sale stands again, a completion's hold, a completion void's completion.
// What was given back and has been spent since is owed: a reversal tells what has happened and asks for no leave, and the
// acquirer's books have it already.
func undo(w *work, p Payment) error {
	w.owed = true
	o := w.of(p.Original)
	switch p.Flow.Kind() {
	case pay.Sale, pay.PreAuth:
		return w.tx.Void(p.move("undo"), p.Posting)
	case pay.Void:
		return w.debit(o, p.move("undo"))
	case pay.PreAuthVoid:
		return w.hold(o, p.move("undo"))
	case pay.Completion:
		if err := w.tx.Void(p.move("undo"), p.Posting); err != nil {
			return err
		}
		return w.hold(o, p.move("undo-hold"))
	case pay.CompletionVoid:
		if err := w.Rules.End(w, w.of(o.Original), p.move("undo-release"), o.RRN); err != nil {
			return err
		}
		return w.debit(o, p.move("undo"))
	}
	return nil
}

// debit takes a payment's amount from its card; the payment stands.
func (w *work) debit(p Payment, id ledger.ID) error {
	p.Posting, p.Ended = id, ""
	w.put(p)
	if p.Forced || w.owed {
		return w.tx.Charge(id, cardAccount(p.Card), interbank, p.Amount)
	}
	return w.tx.Post(id, cardAccount(p.Card), interbank, p.Amount)
}

// hold keeps a payment's amount; the authorization is open.
func (w *work) hold(p Payment, id ledger.ID) error {
	p.Posting, p.Ended = id, ""
	w.put(p)
	if w.owed {
		return w.tx.Withhold(id, cardAccount(p.Card), interbank, p.Amount)
	}
	return w.tx.Hold(id, cardAccount(p.Card), interbank, p.Amount)
}

// end takes back what stands of a payment, for the sake of the one that by names.
func end(w *work, p Payment, id ledger.ID, by string) error {
	p.Ended = by
	w.put(p)
	return w.tx.Void(id, p.Posting)
}

func (i *Issuer) heldUntil(p Payment) time.Time { return p.At.AddDate(0, 0, i.Rules.HoldDays) }

// Age frees what has been held for as many days as an authorization lasts. Serve calls it first; whoever looks at the books
// calls it before.
func (i *Issuer) Age(now time.Time) {
	i.forgetCodes(now)
	if i.broken || len(i.open) == 0 || now.Before(i.nextEnd) {
		return
	}
	i.nextEnd = time.Time{}
	for _, rrn := range slices.Sorted(maps.Keys(i.open)) { // as they came: RRNs count
		p := i.payments[rrn]
		if end := i.heldUntil(p); now.Before(end) {
			if i.nextEnd.IsZero() || end.Before(i.nextEnd) {
				i.nextEnd = end
			}
			continue
		}
		w := i.begin(now)
		p.State = Expired
		w.put(p)
		if err := w.tx.Void(p.move("expire"), p.Posting); err == nil {
			i.commit(w.change(), func() {})
		}
	}
}
