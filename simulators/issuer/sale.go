package issuer

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// sale moves the money from the cardholder to the acquirer, or declines for want of it.
func sale(c *Call) {
	p := Payment{RRN: c.rrn(), Flow: c.flow, Card: c.card.Name, At: c.now, Amount: c.amount, State: Approved,
		Answer: pay.Answer00Approved, AuthCode: authCode(c.rrn())}
	c.Trace.Consult("issuer/funds")
	tx := c.books.Begin(c.now)
	err := c.Rules.Post(tx, p)
	switch {
	case errors.Is(err, ledger.ErrFunds):
		c.end(pay.Answer51Funds, "funds", "the account of "+c.card.Name+" holds less than "+c.amount.String())
	case err != nil:
		c.end(pay.Answer96Malfunction, "books", err.Error())
	default:
		c.finish(change{payments: []Payment{p}, books: tx}, p, "approve", c.card.Name+" pays "+c.amount.String())
	}
}

// post moves a payment's money. The id is the payment's name, so that a repeat moves nothing.
func post(tx *ledger.Tx, p Payment) error {
	return tx.Post(ledger.ID(p.RRN+":post"), cardAccount(p.Card), interbank, p.Amount)
}

func undo(tx *ledger.Tx, p Payment) error {
	return tx.Void(ledger.ID(p.RRN+":undo"), ledger.ID(p.RRN+":post"))
}

// reversal takes a payment back, once. An original that never came leaves a tombstone: it may be late.
func reversal(c *Call) {
	p, known := c.payments[c.rrn()]
	done := Payment{RRN: c.rrn(), Answer: pay.Answer00Approved}
	switch {
	case !known:
		c.Trace.Consult("issuer/tombstone")
		made := change{}
		if c.Rules.Tombstones {
			made.payments = []Payment{{RRN: c.rrn(), Flow: c.flow, At: c.now, State: Tombstone, Answer: pay.Answer00Approved}}
		}
		c.finish(made, done, "original", "payment "+c.rrn()+" is unknown")
	case p.State != Approved:
		c.finish(change{}, done, "original", fmt.Sprintf("payment %s is %s: there is nothing to take back", p.RRN, p.State))
	case c.req.Has(iso8583.Amount) && !sameAmount(c.req.Get(iso8583.Amount), p.Amount):
		c.end(pay.Answer64AmountDiffers, "amount", "payment "+p.RRN+" was "+p.Amount.String())
	default:
		c.Trace.Consult("issuer/undo")
		tx := c.books.Begin(c.now)
		if err := c.Rules.Undo(tx, p); err != nil {
			c.end(pay.Answer96Malfunction, "books", err.Error())
			return
		}
		p.State = Reversed
		c.finish(change{payments: []Payment{p}, books: tx}, done, "reversal", "payment "+p.RRN+" is taken back")
	}
}

func sameAmount(digits string, a pay.Amount) bool {
	want, err := a.Digits()
	return err == nil && digits == want
}
