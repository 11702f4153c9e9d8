package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// first is a payment's amount before any adjustment or tip.
func (p payment) first() pay.Amount {
	if p.base.Minor == 0 {
		return p.amount
	}
	return p.base
}

// bare is a payment's amount without the tip that it has.
func (p payment) bare() pay.Amount {
	if p.untipped.Minor == 0 {
		return p.amount
	}
	return p.untipped
}

// alter gives a payment another amount, with a tip in it or all anew. The one it had at first is kept, since limits are counted
// from there.
func (t *Terminal) alter(ref audit.Ref, amount pay.Amount, tip bool) {
	for i := range t.payments {
		p := &t.payments[i]
		if p.ref != ref {
			continue
		}
		p.base, p.untipped = p.first(), p.bare()
		if !tip {
			p.untipped = pay.Amount{}
		}
		p.amount = amount
	}
}

// tipWithin: a tip, or an adjustment, adds no more than so many percent to what was first sold.
func tipWithin(first, total pay.Amount, percent int) bool {
	return total.Minor*100 <= first.Minor*int64(100+percent)
}

// amends completes an order that gives a payment another amount: the amount of a tip is added to what the payment was without one,
// so that a second tip takes the place of the first. It gives the screen that says why it is not done, or "".
func (t *Terminal) amends(p *payment) string {
	o, first := &t.order, p.first()
	percent, allowed := t.tips()
	if !allowed {
		percent = 0
	}
	t.consult("terminal/tip-limit")
	if o.plan.Flow == pay.Tip {
		if o.tip.Minor == 0 { // not when the host had to hear of the payment in between
			o.tip = o.amount
		}
		t.consult("terminal/tip-base")
		total, err := t.Rules.TipBase(first, p.bare(), p.amount).Add(o.tip)
		if err != nil {
			return "BAD_AMOUNT"
		}
		o.amount = total
	}
	t.consult("terminal/code-tips")
	if p.byCode && !t.Rules.CodeTips {
		return "NO_TIPS_BY_CODE"
	}
	if !t.Rules.TipWithin(first, o.amount, percent) {
		return "TIP_OVER_LIMIT"
	}
	c, ok := t.keptCode(o.original.kept)
	if !ok {
		c = keptCard(o.original.kept)
	}
	o.card = c
	return ""
}

// offerTip offers the part of a tip's amount that is tip.
func (t *Terminal) offerTip(o func(iso8583.Element, string), flow pay.Flow) {
	if digits, err := t.order.tip.Digits(); flow == pay.Tip && err == nil {
		o(iso8583.SettlementData, digits)
	}
}

// amountLines are the amounts of a slip: what was paid, and for a tip or a partial approval what that is made of.
func (t *Terminal) amountLines(amount pay.Amount) []Line {
	line := func(id string, a pay.Amount) Line { return Line{ID: id, Args: []string{a.String()}} }
	if rest := t.order.rest; rest.Minor > 0 {
		part := t.order.amount
		return []Line{line("SLIP_AMOUNT", part), line("SLIP_TOTAL", part), line("SLIP_REST", rest)}
	}
	if bare, ok := t.tipped(); ok {
		if tip, err := amount.Sub(bare); err == nil {
			return []Line{line("SLIP_AMOUNT", bare), line("SLIP_TIP", tip), line("SLIP_TOTAL", amount)}
		}
	}
	return []Line{line("SLIP_AMOUNT", amount), line("SLIP_TOTAL", amount)}
}

// tipped gives the amount without a tip of the payment that the exchange's tip is for; it may be one of an order that is over.
func (t *Terminal) tipped() (pay.Amount, bool) {
	if t.exchange.flow != pay.Tip {
		return pay.Amount{}, false
	}
	ref := t.order.original.ref
	if t.exchange.late {
		ref = t.payments[t.pending.payment].original
	}
	for _, p := range t.payments {
		if ref != nil && p.ref == *ref {
			return p.bare(), true
		}
	}
	return pay.Amount{}, false
}
