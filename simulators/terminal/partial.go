package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// partLine: the host has approved only a part of the pending payment.
type partLine struct {
	Amount pay.Amount `json:"amount"`
}

func (*partLine) kind() string { return "till.part" }

func (l *partLine) apply(t *Terminal) {
	if t.pending != nil {
		t.pending.part = true
		t.payments[t.pending.payment].amount = l.Amount
	}
}

// offerPartial says that the terminal can collect a rest (F60.6, DOMAIN.md A.5).
func (t *Terminal) offerPartial(o func(iso8583.Element, string)) {
	t.consult("terminal/code-parts")
	if t.order.plan.Partial && (!t.byCode() || t.Rules.CodeParts) && t.Dialect.Switches.PartialApproval {
		o(iso8583.PartialApproval, "1")
	}
}

// offerPart makes the reversal of a part one about the part. A till that never heard of it reverses what it asked for.
func (t *Terminal) offerPart(o func(iso8583.Element, string)) {
	if !t.pending.part {
		return
	}
	t.consult("terminal/reversal-amount")
	if digits, err := t.payments[t.pending.payment].amount.Digits(); err == nil && t.Rules.ReversePart {
		o(iso8583.Amount, digits)
	}
}

// partApproved takes a partial approval that the terminal has asked for, if its amount is a part: the cashier is told what is
// left and collects it otherwise, or gives the sale up (DOMAIN.md C: 10). It tells whether it is that.
func (t *Terminal) partApproved(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) bool {
	o := &t.order
	part, err := pay.AmountOf(m.Get(iso8583.Amount), o.amount.Currency)
	if !t.exchange.request.Has(iso8583.PartialApproval) || err != nil || part.Minor == 0 || part.Minor >= o.amount.Minor {
		return false
	}
	t.write(out, &partLine{part})
	o.rest = pay.Amount{Minor: o.amount.Minor - part.Minor, Currency: part.Currency}
	o.amount = part
	t.consult("terminal/rest")
	if !t.Rules.AskRest {
		o.rest = pay.Amount{}
		t.approve(now, t.Dialect.Answer(pay.Answer00Approved), m, out)
		return true
	}
	t.wait(WaitingRest, NeedRest, out, rule.Prompt, part.String(), o.rest.String())
	return true
}

// advicePart: of an advice that is answered 10 the host may have taken only a part (DOMAIN.md C). Nobody can reverse it, so the part is
// what counts. It gives the answer with the screen that tells of it.
func (t *Terminal) advicePart(rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) iso8583.AnswerRule {
	if rule.Next != iso8583.NextPartial {
		return rule
	}
	rule.Prompt = "APPROVED"
	whole := t.payments[t.pending.payment].amount
	if part, err := pay.AmountOf(m.Get(iso8583.Amount), whole.Currency); err == nil && part.Minor > 0 && part.Minor < whole.Minor {
		rule.Prompt = "ADVICE_IN_PART"
		t.write(out, &partLine{part})
		if !t.exchange.late {
			t.order.amount = part
		}
	}
	return rule
}

// takePart: the rest is there, and the part stands.
func (t *Terminal) takePart(now time.Time, _ Event, out *Actions) {
	rule := t.Dialect.Answer(pay.Answer10Partial)
	rule.Prompt = "APPROVED_IN_PART"
	t.approve(now, rule, t.exchange.answer, out)
}

// refusePart: nobody pays the rest, so the part is taken back.
func (t *Terminal) refusePart(now time.Time, _ Event, out *Actions) {
	e := endingOf(Cancelled, t.Dialect.Answer(pay.Answer10Partial), t.exchange.answer)
	e.Screen = "CANCELLED"
	t.tell(e, out)
	t.undo(now, pay.Answer06Error, out)
}

// abandonPart: nobody came back to it.
func (t *Terminal) abandonPart(now time.Time, e Event, out *Actions) {
	t.operator = nil
	t.refusePart(now, e, out)
}
