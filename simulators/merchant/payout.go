package merchant

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Bank carries payouts to merchants' accounts. A payout that it is told again, by its number, is the same payout.
type Bank func(now time.Time, p Payout) BankWord

// BankWord is what a bank says to a payout.
type BankWord string

// What banks say.
const (
	BankPaid    BankWord = "paid"
	BankRefused BankWord = "refused" // the account is closed, or its holder has another name
	BankRevoked BankWord = "revoked" // the payer's card is: it will never pay
	BankSilent  BankWord = "silent"  // nobody knows whether it paid: it is asked again
)

// PayoutState is what became of a payout.
type PayoutState string

// The states of a payout.
const (
	PayoutUnknown PayoutState = "unknown"
	PayoutPaid    PayoutState = "paid"
	PayoutFailed  PayoutState = "failed"
)

// Payout is money on its way to a merchant's account.
type Payout struct {
	Number    string      `json:"number"`
	Merchant  string      `json:"merchant"`
	At        time.Time   `json:"at"`
	Amount    pay.Amount  `json:"amount"`             // what he gets
	Surcharge pay.Amount  `json:"surcharge,omitzero"` // what it costs him
	Items     []string    `json:"items"`
	State     PayoutState `json:"state"`
	Ended     time.Time   `json:"ended,omitzero"`
	Asked     time.Time   `json:"asked"` // when the bank was asked last
	Wanted    bool        `json:"wanted,omitempty"`
}

// askAgain is how long the office waits before it asks the bank about a payout of which it knows nothing.
const askAgain = time.Hour

// payDue pays a merchant what has fallen due. What comes to less than nothing waits for better days.
func (o *Office) payDue(at time.Time, number string) {
	m := o.merchants[number]
	var due []*Item
	for _, id := range o.unpaid[number] {
		if i := o.items[id]; !i.Due.After(at) {
			due = append(due, i)
		}
	}
	o.consult("payout")
	p, ok := o.instruct(at, m, o.Rules.Payable(due), m.Term == TermSameDay)
	if ok {
		o.send(at, p)
	}
	o.wake(at, number)
}

// instruct makes a payout of items; ok is false when nothing is to be paid.
func (o *Office) instruct(at time.Time, m Merchant, items []*Item, today bool) (p Payout, ok bool) {
	sum := pay.CNY(0)
	p = Payout{Number: fmt.Sprintf("P%s-%s-%d", at.Format("060102"), m.Number, len(o.paidOrder)+1), Merchant: m.Number, At: at, Asked: at, State: PayoutUnknown}
	for _, i := range items {
		sum = plus(sum, i.Net)
		p.Items = append(p.Items, i.ID)
	}
	p.Surcharge = pay.CNY(0)
	if today {
		o.consult("surcharge")
		p.Surcharge.Minor = o.Rules.Round(max(sum.Minor, 0), int64(o.Rules.InForce(o.Terms, at).Surcharge), 1_000_000)
	}
	p.Amount = minus(sum, p.Surcharge)
	return p, p.Amount.Minor > 0
}

// send books a payout and has the bank make it.
func (o *Office) send(at time.Time, p Payout) {
	tx := o.books.Begin(at)
	err := errors.Join(move(tx, p.Number+":out", payable(p.Merchant), transit, p.Amount),
		move(tx, p.Number+":surcharge", payable(p.Merchant), feesSurcharge, p.Surcharge))
	if err != nil {
		o.note(at, trace.Trouble, "payout", err.Error())
		return
	}
	o.commit(change{payouts: []Payout{p}, books: tx})
	o.hearBank(at, p)
}

// hearBank tells the bank of a payout, and takes its word.
func (o *Office) hearBank(at time.Time, p Payout) {
	word := o.Bank(at, p)
	o.note(at, trace.Decided, "payout", fmt.Sprintf("%s of %s: %s", p.Number, p.Amount, word))
	tx := o.books.Begin(at)
	var err error
	p.Asked = at
	switch o.consult("bank-silence"); o.Rules.Heard(word) {
	case BankPaid:
		p.State, p.Ended = PayoutPaid, at
		err = move(tx, p.Number+":paid", transit, bank, p.Amount)
	case BankRefused:
		p.State, p.Ended = PayoutFailed, at
		o.consult("payout-failed")
		err = o.Rules.Fail(tx, p)
	}
	if err != nil {
		o.note(at, trace.Trouble, "payout", err.Error())
		return
	}
	o.commit(change{payouts: []Payout{p}, books: tx})
}

// fail gives the merchant back what the bank has refused to pay him, and what that cost.
func fail(tx *ledger.Tx, p Payout) error {
	err := tx.Void(ledger.ID(p.Number+":back"), ledger.ID(p.Number+":out"))
	if p.Surcharge.Minor > 0 {
		err = errors.Join(err, tx.Void(ledger.ID(p.Number+":surcharge-back"), ledger.ID(p.Number+":surcharge")))
	}
	return err
}

// askBank asks about what nobody knows.
func (o *Office) askBank(at time.Time, number string) {
	for _, p := range o.Payouts() {
		if p.Merchant == number && p.State == PayoutUnknown && !at.Before(p.Asked.Add(askAgain)) {
			o.hearBank(at, p)
		}
	}
}

// wake finds when next to look at a merchant: at the payday of what has not fallen due yet, at the next one for what was due and could
// not be paid, or when the bank is asked again.
func (o *Office) wake(at time.Time, number string) {
	m := o.merchants[number]
	var next time.Time
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, id := range o.unpaid[number] {
		if due := o.items[id].Due; due.After(at) {
			sooner(due)
		} else {
			sooner(paydayBehind(o.Rules, o.Terms, m.Term, at))
		}
	}
	for _, p := range o.payouts {
		if p.Merchant == number && p.State == PayoutUnknown {
			sooner(p.Asked.Add(askAgain))
		}
	}
	delete(o.wakes, number)
	if !next.IsZero() {
		o.wakes[number] = next
	}
}

// paid notes what became of a payout's items.
func (o *Office) paid(p Payout) {
	was, known := o.payouts[p.Number]
	o.payouts[p.Number] = p
	if !known {
		o.paidOrder = append(o.paidOrder, p.Number)
		for _, id := range p.Items {
			o.items[id].Payout = p.Number
		}
		o.unpaid[p.Merchant] = slices.DeleteFunc(o.unpaid[p.Merchant], func(id string) bool { return o.items[id].Payout != "" })
	}
	if p.State == PayoutFailed && was.State != PayoutFailed && o.Rules.Frees {
		for _, id := range p.Items {
			o.items[id].Payout = ""
			o.unpaid[p.Merchant] = append(o.unpaid[p.Merchant], id)
		}
	}
	o.wake(p.Asked, p.Merchant)
}
