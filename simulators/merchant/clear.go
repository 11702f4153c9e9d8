package merchant

import (
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Fact is a movement that the acquirer has posted for a merchant.
type Fact struct {
	ID     string     `json:"id"` // the movement's own, for ever
	At     time.Time  `json:"at"`
	Ref    audit.Ref  `json:"ref"` // the payment that moved it
	RRN    string     `json:"rrn"`
	Sale   string     `json:"sale"`   // which sale it is about
	Amount pay.Amount `json:"amount"` // less than zero when it goes back
	Whole  bool       `json:"whole,omitempty"`

	Card    string    `json:"card,omitempty"` // masked
	Credit  bool      `json:"credit,omitempty"`
	Entry   pay.Entry `json:"entry,omitempty"`
	ByCode  bool      `json:"by_code,omitempty"`
	Foreign bool      `json:"foreign,omitempty"`
}

// sold gives what prices look at.
func (f Fact) sold() Sold {
	s := Sold{Card: CardDebit, Product: ProductCard, Entry: f.Entry, Amount: f.Amount}
	if f.Credit {
		s.Card = CardCredit
	}
	if f.ByCode {
		s.Product = ProductCode
	}
	return s
}

// Item is a movement with its fee: a line of a statement.
type Item struct {
	Fact
	Share
	Quote  Quote     `json:"quote"`
	Day    string    `json:"day"` // the business day
	Due    time.Time `json:"due"`
	Payout string    `json:"payout,omitempty"` // that has paid it

	Other ledger.Account `json:"other,omitempty"` // it is no sale: the account on the other side
	What  string         `json:"what,omitempty"`  // ... and what it is

	Agreement string    `json:"agreement,omitempty"` // by which it was debited
	Taken     time.Time `json:"taken,omitzero"`      // ... and when its payer was
}

// standing is what is left of a sale.
type standing struct {
	share      Share
	quote      Quote
	sold, back pay.Amount
}

// Hear takes what the acquirer has posted up to an instant. A movement that comes again is the same movement.
func (o *Office) Hear(until time.Time, facts []Fact) {
	for _, f := range facts {
		o.consult("clearing-once")
		if o.items[f.ID] != nil {
			if o.Rules.ClearsOnce {
				continue
			}
			for o.items[f.ID] != nil {
				f.ID += " again"
			}
		}
		if err := o.clear(f); err != nil {
			o.note(f.At, trace.Trouble, "clearing", f.ID+": "+err.Error())
		}
	}
	if until.After(o.heard) {
		o.heard = until
	}
}

// clear books a movement and its fee.
func (o *Office) clear(f Fact) error {
	m, known := o.merchants[f.Ref.Merchant]
	switch {
	case o.broken:
		return errors.New("the journal is broken")
	case !known:
		return fmt.Errorf("merchant %s is not enrolled", f.Ref.Merchant)
	case f.Amount.Currency != pay.Currency156CNY:
		return fmt.Errorf("it is in %s: only CNY is cleared", f.Amount.Currency)
	}
	i := Item{Fact: f, Day: o.Rules.Day(o.Terms, f.At)}
	i.Due = o.Rules.Payday(o.Terms, m.Term, i.Day)
	o.consult("fee")
	was := o.sales[f.Sale]
	switch {
	case f.Amount.Minor > 0 && was != nil && f.Amount == was.sold: // a void that was taken back: what it cost, it costs again
		i.Quote, i.Share = was.quote, was.share
	case f.Amount.Minor > 0:
		i.Quote = o.quote(m, f.At, f.sold())
		i.Share = o.Rules.Share(o, f.Amount, i.Quote)
	case was == nil:
		return errors.New("it gives back what was never sold")
	default:
		o.consult("fee-return")
		i.Quote = was.quote
		i.Share = returned(o, was.share, was.sold, was.back, f.Amount.Neg(), o.Rules.Returns(f, was.quote))
	}
	return o.book(i)
}

// book posts an item.
func (o *Office) book(i Item) error { return o.bookIn(o.books.Begin(i.At), i, change{}) }

// bookIn posts an item in tx, with what else the same decision changes.
func (o *Office) bookIn(tx *ledger.Tx, i Item, made change) error {
	from, id := clearing, "clear:"+i.ID
	if i.Other != "" {
		from = i.Other
	}
	err := errors.Join(
		move(tx, id+":gross", from, payable(i.Ref.Merchant), i.Amount),
		move(tx, id+":fee", payable(i.Ref.Merchant), feesAcquirer, i.Fee),
		move(tx, id+":issuer", feesAcquirer, feesIssuer, i.Issuer),
		move(tx, id+":network", feesAcquirer, feesNetwork, i.Network))
	if err != nil {
		return err
	}
	o.note(i.At, trace.Decided, "clearing", fmt.Sprintf("%s of %s: fee %s (%s), net %s", i.Amount, i.Ref.Terminal, i.Fee, i.Quote.Name, i.Net))
	made.items, made.books = append(made.items, i), tx
	o.commit(made)
	return nil
}

// stands counts an item for the sale that it is about.
func (o *Office) stands(i Item) {
	if i.Other != "" {
		return
	}
	s := o.sales[i.Sale]
	if i.Amount.Minor > 0 {
		o.sales[i.Sale] = &standing{share: i.Share, quote: i.Quote, sold: i.Amount, back: pay.Amount{Currency: i.Amount.Currency}}
		return
	}
	if s != nil {
		s.back = plus(s.back, i.Amount.Neg())
	}
}
