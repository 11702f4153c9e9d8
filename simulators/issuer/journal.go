package issuer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Kinds of the issuer's own journal lines. Each holds the whole of one thing as it is from then on.
const (
	cardRecord    = "card"
	codeRecord    = "code"
	paymentRecord = "payment"
)

// PaymentState is what became of a payment.
type PaymentState string

// The states of a payment.
const (
	Approved  PaymentState = "approved"
	Declined  PaymentState = "declined"
	Reversed  PaymentState = "reversed"  // has no effect any more
	Tombstone PaymentState = "tombstone" // its reversal came, and it never did
	Expired   PaymentState = "expired"   // an authorization that grew too old
)

// Payment is what the issuer knows of one payment, which the acquirer's RRN names.
type Payment struct {
	RRN      string       `json:"rrn"`
	Flow     pay.Flow     `json:"flow"`
	Card     string       `json:"card,omitempty"` // name
	At       time.Time    `json:"at"`
	Amount   pay.Amount   `json:"amount,omitzero"`
	Asked    pay.Amount   `json:"asked,omitzero"`    // where only a part of it was approved
	Forced   bool         `json:"forced,omitempty"`  // posted whatever the account holds
	ByCode   bool         `json:"by_code,omitempty"` // paid with a phone's code
	State    PaymentState `json:"state"`
	Answer   pay.Answer   `json:"answer"`
	AuthCode string       `json:"auth_code,omitempty"`
	Original string       `json:"original,omitempty"` // the RRN of what a void, refund or completion acts on
	Ended    string       `json:"ended,omitempty"`    // that of the void or completion that stands
	Refunded pay.Amount   `json:"refunded,omitzero"`  // by all refunds together
	Posting  ledger.ID    `json:"posting,omitempty"`  // the posting or hold that stands in the books
}

// change is one decision: what it alters, and the money it moves.
type change struct {
	cards    []account
	codes    []code
	payments []Payment
	books    *ledger.Tx
}

// commit makes a decision happen: in memory at once, so that the next message meets it, and in the journal as one batch.
// done runs when the batch is durable; only then may anybody be told. An empty batch keeps its place in the order, so that a
// repeated answer waits until what it repeats is durable. If the journal fails, memory has run ahead of it, and the issuer
// falls silent rather than promise what a restart would forget.
func (i *Issuer) commit(c change, done func()) {
	var records []journal.Record
	if i.Store != nil {
		records = c.records()
	}
	if c.books != nil {
		c.books.Trace(i.Trace, "issuer")
		c.books.Commit()
	}
	i.keepAll(c)
	if i.Store == nil {
		done()
		return
	}
	i.Trace.Consult("issuer/durable")
	if !i.Rules.DurableFirst {
		i.Store.Append(records, func(error) {})
		done()
		return
	}
	i.Store.Append(records, func(err error) {
		if err != nil {
			i.broken = true
			i.Trace.Record(trace.Event{Party: "issuer", Kind: trace.Trouble, Name: "journal", Text: err.Error()})
			return
		}
		done()
	})
}

func (c change) records() []journal.Record {
	records := journal.Add(nil, cardRecord, c.cards...)
	records = journal.Add(records, codeRecord, c.codes...)
	records = journal.Add(records, paymentRecord, c.payments...)
	if c.books != nil {
		records = append(records, c.books.Records()...)
	}
	return records
}

// replay takes one record of the journal back into memory.
func (i *Issuer) replay(r journal.Record) error {
	var c change
	var err error
	switch r.Kind {
	case cardRecord:
		c.cards, err = journal.One[account](r)
	case codeRecord:
		c.codes, err = journal.One[code](r)
	case paymentRecord:
		c.payments, err = journal.One[Payment](r)
	default:
		return i.books.Replay(r)
	}
	i.keepAll(c)
	return err
}

// keepAll keeps in memory what a decision alters.
func (i *Issuer) keepAll(c change) {
	for _, a := range c.cards {
		i.keep(a)
	}
	for _, known := range c.codes {
		i.remember(known)
	}
	for _, p := range c.payments {
		i.put(p)
	}
}

func (i *Issuer) keep(a account) {
	i.cards[a.Hash] = a
	i.names[a.Name] = a.Hash
	if a.Token.Hash != "" {
		i.tokens[a.Token.Hash] = a.Hash
	}
}

// put keeps a payment and the day's totals that follow from it.
func (i *Issuer) put(p Payment) {
	was, known := i.payments[p.RRN]
	if !known {
		i.order = append(i.order, p.RRN)
	}
	i.Rules.Count(i, was, -1)
	i.Rules.Count(i, p, +1)
	i.payments[p.RRN] = p
	if p.State != Approved || p.Ended != "" || p.Flow.Kind() != pay.PreAuth {
		delete(i.open, p.RRN)
		return
	}
	i.open[p.RRN] = true
	if end := i.heldUntil(p); i.nextEnd.IsZero() || end.Before(i.nextEnd) {
		i.nextEnd = end
	}
}

// total is what a card spent on one day.
type total struct {
	count int
	minor int64
}

func dayKey(card string, at time.Time) string { return card + " " + at.Format("060102") }

// count keeps the day's totals: a payment that is reversed, voided or completed gives back what it took.
func count(i *Issuer, p Payment, by int) {
	if kind := p.Flow.Kind(); p.State != Approved || p.Ended != "" || kind != pay.Sale && kind != pay.PreAuth && kind != pay.Completion {
		return
	}
	names := []string{p.Card}
	if p.ByCode {
		names = append(names, i.Rules.CodeDay(p.Card))
	}
	for _, name := range names {
		k := i.Rules.Day(name, p.At)
		t := i.days[k]
		i.days[k] = total{t.count + by, t.minor + int64(by)*p.Amount.Minor}
	}
}

// cardAccount names a cardholder's money; interbank what the issuer owes other institutions.
func cardAccount(name string) ledger.Account { return ledger.Account("card:" + name) }

const interbank ledger.Account = "interbank"

func openAccounts(tx *ledger.Tx, c Card, floor int64) error {
	if _, err := tx.Balance(interbank); err != nil {
		if err := tx.Open(interbank, pay.Amount{Currency: c.Balance.Currency}, ledger.NoFloor); err != nil {
			return err
		}
	}
	return tx.Open(cardAccount(c.Name), c.Balance, floor)
}
