package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// reversalElements are what a later reversal of m needs, by name.
func (t *Terminal) reversalElements(m *iso8583.Message) map[string]string {
	t.consult("terminal/repeated")
	kept := map[string]string{}
	for _, e := range t.Rules.Repeated {
		if m.Has(e) {
			kept[e.String()] = m.Get(e)
		}
	}
	if m.Dialect().Has(iso8583.OriginalMTI) { // F90; where there is none, the repeated elements name the original
		t.nameOriginal(kept, m.MTI(), m.Get)
		return kept
	}
	for _, e := range []iso8583.Element{iso8583.OriginalBatch, iso8583.OriginalTrace, iso8583.OriginalDate} {
		delete(kept, e.String())
	}
	t.consult("terminal/reversed-void")
	if !t.Rules.NameVoid {
		kept[iso8583.OriginalBatch.String()], kept[iso8583.OriginalTrace.String()] = m.Get(iso8583.OriginalBatch), m.Get(iso8583.OriginalTrace)
	} else if t.order.plan.Undoes { // F61 names the void itself; its date is that of an answer (DOMAIN.md A.6)
		kept[iso8583.OriginalBatch.String()], kept[iso8583.OriginalTrace.String()] = m.Get(iso8583.Batch), m.Get(iso8583.Trace)
		kept[iso8583.OriginalDate.String()] = "0000"
	}
	return kept
}

// nameOriginal adds what names a message, of which get tells the elements, in the original data of another.
func (t *Terminal) nameOriginal(kept map[string]string, mti string, get func(iso8583.Element) string) {
	kept[iso8583.OriginalMTI.String()], kept[iso8583.OriginalTrace.String()] = mti, get(iso8583.Trace)
	at := get(iso8583.TransmissionTime)
	if t.Dialect.Switches.OriginalTime == "local" {
		at = get(iso8583.LocalDate) + get(iso8583.LocalTime)
		kept[iso8583.OriginalYear.String()] = get(iso8583.LocalYear)
	}
	if len(at) == 10 { // MMDDhhmmss
		kept[iso8583.OriginalDate.String()], kept[iso8583.OriginalTime.String()] = at[:4], at[4:]
	}
}

// canClear: the dialect has what is left over, and the key for its MAC is there.
func (t *Terminal) canClear() bool {
	tx, ok := t.Dialect.Transaction(t.owed())
	return ok && (!tx.MAC || t.macAlgorithm() == "" || t.HSM.Has(KeyMAK))
}

// reverse sends the pending reversal, if there is one that can be sent, for the next time. The count is written first.
func (t *Terminal) reverse(now time.Time, out *Actions) {
	p := t.pending
	if p == nil || !t.canClear() || t.giveUp(out) {
		t.reversed(now, out)
		return
	}
	m := t.Dialect.NewRequest(pay.Reversal)
	if p.attempts > 0 {
		t.markRepeat(m)
	}
	kept := map[string]string{}
	if err := t.open(p.sealed, &kept); err != nil {
		t.fault(now, err, out)
		return
	}
	if date := iso8583.OriginalDate.String(); p.date != "" && kept[date] == "0000" {
		kept[date] = p.date
	}
	o := t.offer(pay.Reversal, m)
	t.offerTerminal(o, now)
	for _, e := range t.Rules.Repeated {
		o(e, kept[e.String()])
	}
	t.offerPart(o)
	o(iso8583.ReversalReason, string(p.reason))
	t.consult("terminal/reversal-auth-code")
	if t.Rules.TellAuthCode {
		o(iso8583.AuthCode, p.authCode)
	}
	o(iso8583.Chip, string(p.chip))
	t.exchange = exchange{flow: pay.Reversal, request: m}
	t.dispatch(now, "REVERSING", p.attempt(p.attempts+1), out)
}

// markRepeat gives a message that was sent before the MTI of a repeat, where the dialect has one (0421).
func (t *Terminal) markRepeat(m *iso8583.Message) {
	t.consult("terminal/repeat-mti")
	if tx, _, ok := t.Dialect.Identify(m); ok && tx.Repeat != "" && t.Rules.RepeatMTI {
		m.SetMTI(tx.Repeat)
	}
}

// reversalAnswered: some answers are final; any other counts as an attempt (DOMAIN.md A.12, rule 7), and the next one waits
// for the next order, since a host that says no will hardly say yes a moment later.
func (t *Terminal) reversalAnswered(now time.Time, rule iso8583.AnswerRule, out *Actions) {
	t.consult("terminal/reversal-final")
	switch {
	case !slices.Contains(t.Rules.ReversalFinal, rule.Code):
		out.show(rule.Prompt, string(rule.Code))
		if !t.giveUp(out) {
			t.endReversal(Unknown, rule.Prompt)
		}
	case rule.Code == pay.Answer25NoOriginal && t.tooLate(now):
		t.list(out, rule.Code)
	default:
		out.show("REVERSED", t.payments[t.pending.payment].ref.Trace)
		t.write(out, &outcomeLine{Fact: audit.Reversed, Answer: rule.Code})
		t.endReversal(Reversed, "REVERSED")
	}
	t.reversed(now, out)
}

// reversalSilent: no answer to the reversal, or none that can be trusted. It is repeated at once, except when the MAC key is
// in doubt; then it waits for a sign-in.
func (t *Terminal) reversalSilent(now time.Time, screen string, reason pay.Answer, out *Actions) {
	out.show(screen)
	t.endReversal(Unknown, screen)
	t.consult("terminal/repeat")
	if reason == pay.AnswerA0BadMAC || !t.Rules.RepeatAtOnce {
		t.giveUp(out)
		t.reversed(now, out)
		return
	}
	t.reverse(now, out)
}

// reversalUnsent: nothing has left, so the attempt does not count.
func (t *Terminal) reversalUnsent(now time.Time, screen string, out *Actions) {
	out.show(screen)
	t.endReversal(Unknown, screen)
	p := t.pending
	t.write(out, p.attempt(p.attempts-1))
	t.reversed(now, out)
}

// tooLate: a host takes nothing back that is of another day (DOMAIN.md A.12, rule 6), and its 25 does not tell that from a
// payment which it has taken back already.
func (t *Terminal) tooLate(now time.Time) bool {
	t.consult("terminal/late-reversal")
	return t.Rules.ListLate && t.payments[t.pending.payment].at.Format("0102") != now.Format("0102")
}

// giveUp puts the reversal on the exception list when its attempts are used up (DOMAIN.md A.12, rule 3).
func (t *Terminal) giveUp(out *Actions) bool {
	if t.pending.attempts < max(t.attempts(), 1) {
		return false
	}
	t.list(out, "")
	return true
}

// list puts the pending payment on the exception list. People must then look after it; it no longer holds up the next order.
func (t *Terminal) list(out *Actions, code pay.Answer) {
	out.show("REVERSAL_GIVEN_UP", t.payments[t.pending.payment].ref.Trace)
	t.write(out, &outcomeLine{Fact: audit.Exception, Answer: code})
	t.endReversal(Unknown, "REVERSAL_GIVEN_UP")
}

// endReversal says how a reversal ended that no order asked for.
func (t *Terminal) endReversal(k EndingKind, screen string) {
	if e := &t.order.ending; e.Flow == pay.Reversal {
		e.Kind, e.Screen = k, screen
	}
}

// reversed goes on after the attempts that were due: with the order that waited for them, or with its end.
func (t *Terminal) reversed(now time.Time, out *Actions) {
	if !t.order.over {
		t.enterGates(now, out) // the reversal's answer may have taken the sign-in away
		return
	}
	t.finish(out)
}
