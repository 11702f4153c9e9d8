package issuer

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// approve moves the money that a payment moves, or declines for want of it.
func approve(c *Call) {
	p := Payment{RRN: c.rrn(), Flow: c.flow, Card: c.card.Name, At: c.now, Amount: c.amount, ByCode: c.byCode(), State: Approved,
		Answer: pay.Answer00Approved, AuthCode: cmp.Or(c.spoken(), authCode(c.rrn())), Original: c.original.RRN}
	c.Trace.Consult("issuer/forced")
	p.Forced = c.Rules.Forced(c)
	c.Trace.Consult("issuer/part")
	if part, short := c.Rules.Part(c); short {
		p.Asked, p.Amount, p.Answer = p.Amount, part, pay.Answer10Partial
		c.tellPart(part)
	}
	c.Trace.Consult("issuer/funds")
	w := c.begin(c.now)
	w.put(p)
	err := c.Rules.Post(w, p)
	switch {
	case errors.Is(err, ledger.ErrFunds):
		c.end(pay.Answer51Funds, "funds", "the account of "+c.card.Name+" holds less than "+c.amount.String())
	case err != nil:
		c.end(pay.Answer96Malfunction, "books", err.Error())
	default:
		reason := ""
		switch {
		case c.Trace == nil: // nobody hears it
		case p.Flow.Kind() != pay.Sale:
			reason = fmt.Sprintf("%s of %s by %s", p.Flow, c.amount, c.card.Name)
		default:
			reason = c.card.Name + " pays " + p.Amount.String()
		}
		c.finish(w.change(), p, "approve", reason)
	}
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
	case p.State == Approved && (p.Ended != "" || p.Refunded.Minor > 0):
		c.end(pay.Answer25NoOriginal, "original", "payment "+p.RRN+" was voided, completed or refunded")
	case p.State != Approved:
		c.finish(change{}, done, "original", fmt.Sprintf("payment %s is %s: there is nothing to take back", p.RRN, p.State))
	case c.req.Has(iso8583.Amount) && !sameAmount(c.req.Get(iso8583.Amount), p.Amount) && !sameAmount(c.req.Get(iso8583.Amount), p.Asked):
		c.end(pay.Answer64AmountDiffers, "amount", "payment "+p.RRN+" was "+p.Amount.String())
	default:
		c.Trace.Consult("issuer/undo")
		w := c.begin(c.now)
		p.State = Reversed
		w.put(p)
		if err := c.Rules.Undo(w, p); err != nil {
			c.end(pay.Answer96Malfunction, "books", err.Error())
			return
		}
		c.finish(w.change(), done, "reversal", "payment "+p.RRN+" is taken back")
	}
}

func sameAmount(digits string, a pay.Amount) bool {
	want, err := a.Digits()
	return err == nil && digits == want
}
