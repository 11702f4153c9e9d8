package acquirer

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// amendmentWithin holds an adjustment or a tip to the limit of tips: so many percent above what was first sold.
func amendmentWithin(c *Call) (pay.Answer, string) {
	percent, first := int64(0), c.original.first()
	if c.Dialect.Switches.Tips {
		percent = int64(c.Dialect.Switches.TipPercent)
	}
	if c.amount.Currency != first.Currency || c.amount.Minor*100 > first.Minor*(100+percent) {
		return pay.Answer61AmountLimit, fmt.Sprintf("%s is over %d %% of %s", c.amount, 100+percent, first)
	}
	return passed, ""
}

// first is the amount before any adjustment or tip.
func (p Payment) first() pay.Amount {
	if p.First.Minor == 0 {
		return p.Amount
	}
	return p.First
}

// amend gives a posted payment the amount of an adjustment or a tip, in place of the one it had.
func amend(w *work, o, by Payment) error {
	o.First = o.first()
	if err := w.tx.Void(o.move("until-"+by.Ref.Trace), o.Posting); err != nil {
		return err
	}
	o.Amount = by.Amount
	return w.credit(o, o.move("by-"+by.Ref.Trace))
}

// partOf takes the amount of a partial approval.
func partOf(p Payment, answer *iso8583.Message) Payment {
	part, err := pay.AmountOf(answer.Get(iso8583.Amount), p.Amount.Currency)
	if p.Answer == pay.Answer10Partial && err == nil {
		p.Asked, p.Amount = p.Amount, part
	}
	return p
}

// issuerTold keeps back what acts on an offline sale until the issuer has answered that: it may refuse it. The 91 is not kept, so that
// the same request may come again.
func issuerTold(c *Call) (pay.Answer, string) {
	if c.original.Ref.Flow == pay.OfflineSale && c.original.Undo == AdviceDue {
		c.claimed = false
		return pay.Answer91IssuerDown, "the issuer has not answered " + c.original.Key().String() + " yet"
	}
	return passed, ""
}

// untold tells that the issuer has not heard of what a payment acts on.
func (a *Acquirer) untold(p Payment) bool {
	return p.Original != nil && a.payments[*p.Original].Undo == AdviceDue
}

// refused tells that the issuer will not have an offline sale, now or later.
func refused(a *Acquirer, p Payment, code pay.Answer) bool {
	category := a.IssuerDialect.Answer(code).Category
	return p.Ref.Flow == pay.OfflineSale && category != iso8583.CategoryApproved && category != iso8583.CategorySystem
}

// chargeBack takes an offline sale that the issuer has refused back from the merchant, who sold without asking anybody. In the
// totals of its batch it stays.
func (a *Acquirer) chargeBack(now time.Time, p Payment, code pay.Answer) {
	a.note(now, trace.Decided, "charge-back", fmt.Sprintf("the issuer answers %s to %s", code, p.Key()))
	w := a.begin(now)
	p.State, p.Undo = Charged, AdviceDone
	w.put(p)
	if p.Ended == nil {
		if err := w.tx.Void(p.move("charge-back"), p.Posting); err != nil {
			a.note(now, trace.Trouble, "charge-back", err.Error())
			return
		}
	}
	a.commit(w.change(), func() {})
}

// certificate keeps what a chip has signed of an advice, for the issuer to see; nil where there was no chip.
func certificate(c *Call) (*Certificate, error) {
	chip := c.req.Get(iso8583.Chip)
	if chip == "" {
		return nil, nil
	}
	sealed, err := c.HSM.Seal(KeyStore, []byte(chip))
	return &Certificate{c.req.Get(iso8583.EntryMode), c.req.Get(iso8583.CardSequence), sealed}, err
}
