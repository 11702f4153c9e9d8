package acquirer

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// reversal takes a payment back (DOMAIN.md A.12, rule 6): it is found by terminal, batch and trace number, and must be of
// the same merchant and kind.
func reversal(c *Call) {
	p, known := c.Rules.Original(c)
	switch {
	case !known:
		c.bury()
	case p.Ref.Merchant != c.merchant.Number || !c.reverses(p.Ref.Flow):
		c.decline(pay.Answer25NoOriginal, "original", p.Key().String()+" is another kind of payment or another merchant's")
	case p.Reversal != nil:
		c.Rules.RepeatedReversal(c, p)
	case p.State == Declined:
		s := Stored{Answer: c.Rules.DeclinedOriginal, RRN: p.RRN, At: c.now}
		c.finish(change{}, s, "original", p.Key().String()+" was declined: there is nothing to reverse")
	case p.State == Expired || p.Ended != nil || p.Refunded.Minor > 0:
		c.decline(pay.Answer25NoOriginal, "original", p.Key().String()+" was voided, completed, refunded or grew too old")
	default:
		c.reverse(p)
	}
}

// reverses tells that the request carries what makes flow f, as a reversal of f does. What makes it a reversal tells nothing of f.
func (c *Call) reverses(f pay.Flow) bool {
	spec, ok := c.Dialect.Transaction(f)
	if !ok || !spec.Reversible {
		return false
	}
	for e, value := range spec.Constants {
		if _, own := c.spec.Constants[e]; !own && c.req.Has(e) && c.req.Get(e) != value {
			return false
		}
	}
	return true
}

// bury answers a reversal whose original never came, and keeps a tombstone: the original may be late.
func (c *Call) bury() {
	k := c.key()
	c.Trace.Consult("acquirer/tombstone")
	stored := Stored{Answer: c.Dialect.Switches.UnknownReversal, RRN: c.rrn, At: c.now}
	made := change{}
	if c.Rules.Tombstones {
		ref := audit.Ref{Terminal: k.Terminal, Merchant: c.merchant.Number, Batch: k.Batch, Trace: k.Trace, Flow: c.originalFlow()}
		made.payments = []Payment{{Ref: ref, RRN: c.rrn, At: c.now, State: Tombstone, Reversal: &stored}}
	}
	c.finish(made, stored, "original", k.String()+" is unknown")
}

func (c *Call) originalFlow() pay.Flow {
	for _, f := range c.Dialect.Flows() {
		if c.reverses(f) {
			return f
		}
	}
	return ""
}

// again answers the repeat of a reversal that was done: as the first time, or by the dialect's switch.
func again(c *Call, p Payment) {
	c.Trace.Consult("acquirer/reversed-again")
	stored := *p.Reversal
	if code := c.Dialect.Switches.ReversedAgain; code != "" {
		stored.Answer = code
	}
	c.finish(change{}, stored, "repeat", p.Key().String()+" was reversed already")
}

// reverse takes an approved payment's money back, or ends one that still waits for the issuer; then the issuer is told,
// whatever it has done by then.
func (c *Call) reverse(p Payment) {
	w, was := c.begin(c.now), p.State
	stored := Stored{Answer: pay.Answer00Approved, RRN: p.RRN, At: c.now}
	p.State, p.Reversal = Reversed, &stored
	if c.Rules.Forward {
		p.Undo = UndoDue
	}
	w.put(p)
	if was == Approved {
		c.Trace.Consult("acquirer/undo")
		if err := c.Rules.Undo(w, p, c.rrn); err != nil {
			c.fail(err)
			return
		}
	}
	c.finish(w.change(), stored, "reversal", p.Key().String()+" is reversed")
}

// sameAmount holds a reversal to the amount of the payment that it would take back.
func sameAmount(c *Call) (pay.Answer, string) {
	p, _ := c.Rules.Original(c)
	said := c.req.Get(iso8583.Amount)
	if asked, err := p.Asked.Digits(); err == nil && p.Asked.Minor != 0 && said == asked {
		return passed, "" // the till never heard that a part was approved
	}
	if digits, err := p.Amount.Digits(); p.live() && (err != nil || digits != said) {
		return pay.Answer64AmountDiffers, fmt.Sprintf("%s was %s", p.Key(), p.Amount)
	}
	return passed, ""
}
