package terminal

import (
	"slices"
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
	case reversible && rule.Category == iso8583.CategoryApproved && t.cardRefuses():
		e := endingOf(Declined, rule, m)
		e.Screen = "CARD_DECLINES"
		if c := t.chipEnd(); c != nil {
			t.write(out, c)
		}
		t.tell(e, out)
		t.undo(now, pay.Answer96Malfunction, out)
	case reversible && rule.Next == iso8583.NextPartial && t.partApproved(now, rule, m, out):
	case reversible && rule.Next == iso8583.NextPartial && !t.takesPartial():
		e := endingOf(Declined, rule, m)
		e.Screen = "PARTIAL_REFUSED"
		t.tell(e, out)
		t.undo(now, pay.Answer06Error, out)
	case rule.Category != iso8583.CategoryApproved:
		if reversible {
			t.write(out, t.declined(now, rule, m))
			t.tellScripts(now, out)
		} else {
			t.pickUp(now, rule, m, out)
		}
		if t.tryAgain(now, rule, out) {
			return
		}
		t.tellDeclined(rule, m, out)
		t.printSlips(out, false)
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
	t.consult("terminal/balance")
	return []string{t.Rules.Balance(all).String()}
}

// mayBeSpent is the available balance (02) before the ledger's (01).
func mayBeSpent(all []iso8583.AccountBalance) pay.Amount {
	best := all[0]
	for _, b := range all {
		if b.Type == "02" {
			best = b
		}
	}
	return best.Amount
}

// doneAs is the ending of an order that the host approved.
func (t *Terminal) doneAs(rule iso8583.AnswerRule, m *iso8583.Message) Ending {
	e := endingOf(t.order.plan.Done, rule, m)
	if t.order.plan.Screen != "" {
		e.Screen = t.order.plan.Screen
	}
	return e
}

// takesPartial: a terminal that cannot collect a rest takes no part, which is not what the cardholder agreed to.
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
	l, err := t.outcome(now, audit.Approved, e, m)
	if err != nil {
		t.unfinished(now, out)
		return
	}
	t.state = Finishing
	if c := t.chipEnd(); c != nil {
		t.await(out, c, l)
		return
	}
	t.await(out, l)
}

// outcome is the line of an answered payment, with the slip that it leaves.
func (t *Terminal) outcome(now time.Time, fact audit.Fact, e Ending, m *iso8583.Message) (l *outcomeLine, err error) {
	l = &outcomeLine{Fact: fact, Answer: e.Answer, RRN: e.RRN, AuthCode: e.AuthCode, Date: m.Get(iso8583.LocalDate), Begun: t.paper && !t.wantsSignature()}
	t.consult("terminal/paper")
	t.consult("terminal/slips")
	t.consult("terminal/pick-up")
	switch {
	case !t.paper && !t.Rules.KeepSlips:
	case t.Rules.LeavesSlip(fact):
		l.Slip, err = t.sealSlip(t.slip(now, e.Answer, m))
	case e.Next == iso8583.NextKeepCard && t.Rules.PickUpSlip:
		l.Slip, err = t.seal(t.pickUpSlip(now, e.Answer, m))
		l.Note = true
	}
	return l, err
}

// declined is the line of a payment that the host refused. A slip that cannot be sealed is the printer's loss, not the books'.
func (t *Terminal) declined(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message) *outcomeLine {
	l, err := t.outcome(now, audit.Declined, endingOf(Declined, rule, m), m)
	if err != nil {
		l.Slip = nil
	}
	return l
}

// tryAgain goes on with the order where its answer wants the PIN once more (55), or the whole once more (19), as often as the
// rules have it. Each try is a payment of its own.
func (t *Terminal) tryAgain(now time.Time, rule iso8583.AnswerRule, out *Actions) bool {
	o := &t.order
	if o.visit != nil { // its cryptogram is used up
		return false
	}
	i := slices.Index(o.plan.Needs, NeedPIN)
	t.consult("terminal/once-more")
	switch {
	case rule.Next == iso8583.NextPIN:
		t.consult("terminal/pin-tries")
		if i < 0 || o.tries+1 >= t.Rules.PINTries {
			return false
		}
		o.pinWanted = true
	case o.tries > 0 || !slices.Contains(t.Rules.OnceMore, rule.Next):
		return false
	}
	if o.tries++; i >= 0 { // it was forgotten when the request was sealed
		o.met = i
	}
	out.show(rule.Prompt, string(rule.Code))
	t.proceed(now, out)
	return true
}

// complete tells the approval once it is safe.
func (t *Terminal) complete(now time.Time, e Event, out *Actions) {
	t.consult("terminal/storage")
	if !t.settled(e.Err) && t.Rules.TakeBackUnstored {
		t.unfinished(now, out)
		return
	}
	args := []string{t.order.amount.String()}
	if t.order.rest.Minor > 0 {
		args = append(args, t.order.rest.String())
	}
	t.tell(t.order.ending, out, args...)
	t.tellScripts(now, out)
	if t.wantsSignature() && t.last != nil {
		t.wait(WaitingSignature, NeedSignature, out, "SIGN", t.order.amount.String())
		return
	}
	t.printSlips(out, false)
	t.closeOrder(now, out)
}

// unfinished: the host approved and the terminal cannot keep it, so it is reversed with 96 (DOMAIN.md A.12).
func (t *Terminal) unfinished(now time.Time, out *Actions) {
	if t.order.local { // nobody else knows of it
		t.refuse(now, "terminal/storage", "STORAGE_FAILED", out)
		return
	}
	if t.exchange.advice { // or repeated
		t.keepAdvice(now, "STORAGE_FAILED", out)
		return
	}
	e := t.order.ending
	e.Kind, e.Screen = Unknown, "STORAGE_FAILED"
	t.tell(e, out)
	t.undo(now, pay.Answer96Malfunction, out)
}
