package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// orderAnswered does what a believed answer to the order's own request says (DOMAIN.md C).
func (t *Terminal) orderAnswered(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	reversible := t.reversible()
	switch {
	case reversible && rule.Next == iso8583.NextReverse: // 68: nobody knows
		t.tell(endingOf(Unknown, rule, m), out, string(rule.Code))
		t.undo(now, pay.Answer06Error, out)
	case reversible && rule.Next == iso8583.NextPartial && !t.takesPartial():
		e := endingOf(Declined, rule, m)
		e.Screen = "PARTIAL_REFUSED"
		t.tell(e, out)
		t.undo(now, pay.Answer06Error, out)
	case rule.Category != iso8583.CategoryApproved:
		if reversible {
			t.write(out, &outcomeLine{Fact: audit.Declined, Answer: rule.Code, RRN: m.Get(iso8583.RRN)})
		}
		t.tellDeclined(rule, m, out)
		t.finish(out)
	case reversible:
		t.approve(now, rule, m, out)
	default:
		if t.order.plan.Done == SignedOut {
			t.signOff(out)
		}
		t.tell(t.doneAs(rule, m), out, t.balance(m)...)
		t.finish(out)
	}
}

// balance gives what the cardholder may spend, if the answer says so (DOMAIN.md A.2, F54).
func (t *Terminal) balance(m *iso8583.Message) []string {
	all, err := iso8583.ParseBalances(m.Get(iso8583.Balance))
	if err != nil || len(all) == 0 {
		return nil
	}
	best := all[0]
	for _, b := range all {
		if b.Type == "02" { // available
			best = b
		}
	}
	return []string{best.Amount.String()}
}

// doneAs is the ending of an order that the host approved.
func (t *Terminal) doneAs(rule iso8583.AnswerRule, m *iso8583.Message) Ending {
	e := endingOf(t.order.plan.Done, rule, m)
	if t.order.plan.Screen != "" {
		e.Screen = t.order.plan.Screen
	}
	return e
}

// takesPartial: this terminal never asks for a partial approval, so one that comes is not what the cardholder agreed to.
func (t *Terminal) takesPartial() bool {
	t.consult("terminal/partial")
	return t.Rules.TakePartial
}

func (t *Terminal) tellDeclined(rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	kind := Declined
	if !t.ownExchange() {
		kind = Refused
	}
	t.tell(endingOf(kind, rule, m), out, string(rule.Code))
}

// approve has the approval written, with its slip; only then is the cardholder told.
func (t *Terminal) approve(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	e := t.doneAs(rule, m)
	t.order.ending = e
	l, err := t.approval(now, e, m)
	if err != nil {
		t.unfinished(now, out)
		return
	}
	t.state = Finishing
	t.await(out, l)
}

// approval is the line of an approval, with its slip.
func (t *Terminal) approval(now time.Time, e Ending, m *iso8583.Message) (*outcomeLine, error) {
	slip, err := t.seal(t.slip(now, m))
	if err != nil {
		return nil, err
	}
	t.consult("terminal/paper")
	l := &outcomeLine{Fact: audit.Approved, Answer: e.Answer, RRN: e.RRN, AuthCode: e.AuthCode, Date: m.Get(iso8583.LocalDate), Slip: slip, Begun: t.paper}
	if !t.paper && !t.Rules.KeepSlips {
		l.Slip = nil
	}
	return l, nil
}

// complete tells the approval once it is safe.
func (t *Terminal) complete(now time.Time, e Event, out *Actions) {
	t.consult("terminal/storage")
	if !t.settled(e.Err) && t.Rules.TakeBackUnstored {
		t.unfinished(now, out)
		return
	}
	t.tell(t.order.ending, out, t.order.amount.String())
	t.printSlips(out, false)
	t.finish(out)
}

// unfinished: the host approved and the terminal cannot keep it, so it is reversed with 96 (DOMAIN.md A.12).
func (t *Terminal) unfinished(now time.Time, out *Actions) {
	if t.exchange.advice { // or repeated
		t.keepAdvice(now, "STORAGE_FAILED", out)
		return
	}
	e := t.order.ending
	e.Kind, e.Screen = Unknown, "STORAGE_FAILED"
	t.tell(e, out)
	t.undo(now, pay.Answer96Malfunction, out)
}
