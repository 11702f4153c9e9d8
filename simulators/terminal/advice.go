package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// isAdvice tells that the exchange's request is a payment that is never reversed: it is repeated, as it was, until the host
// has answered it (DOMAIN.md A.12, rule 5).
func (t *Terminal) isAdvice() bool {
	tx, _ := t.Dialect.Transaction(t.exchange.flow)
	return tx.Advice && t.order.plan.Trade && t.ownExchange()
}

// adviceElements are what a repeat of m needs, by name. Tracks are kept apart, as only the repeat may have them, and so is a chip's
// data, which is no text.
func adviceElements(m *iso8583.Message) map[string]string {
	kept := map[string]string{}
	for e := iso8583.PAN; e < iso8583.MAC; e++ {
		if m.Has(e) && !slices.Contains([]iso8583.Element{iso8583.Track1, iso8583.Track2, iso8583.Track3, iso8583.PIN, iso8583.Chip}, e) {
			kept[e.String()] = m.Get(e)
		}
	}
	return kept
}

// tracks are those of a card in the clear, to be sent or sealed.
type tracks struct{ Track1, Track2, Track3 string }

func (c *card) tracks() tracks {
	return tracks{c.track1.Reveal(), c.track2.Reveal(), c.track3.Reveal()}
}

// oweAdvice completes the line of an advice that is about to leave.
func (t *Terminal) oweAdvice(l *pendingLine, m *iso8583.Message) (err error) {
	if l.Sealed, err = t.seal(adviceElements(m)); err != nil {
		return err
	}
	l.Advice, err = t.seal(t.order.card.tracks())
	return err
}

// clear sends what is left over from before, a reversal or an advice, if there is anything that can be sent.
func (t *Terminal) clear(now time.Time, out *Actions) {
	if t.pending != nil && t.pending.advice != nil {
		t.repeat(now, true, out)
		return
	}
	t.reverse(now, out)
}

// owed is the flow of what is left over from before.
func (t *Terminal) owed() pay.Flow {
	if t.pending.advice == nil {
		return pay.Reversal
	}
	return t.payments[t.pending.payment].ref.Flow
}

// repeat sends the pending advice once more. The count is written first. late: its own order is over.
func (t *Terminal) repeat(now time.Time, late bool, out *Actions) {
	t.consult("terminal/advice-attempts")
	if n := t.Rules.AdviceAttempts; n > 0 && t.pending.attempts+1 >= n {
		t.write(out, &outcomeLine{Fact: audit.Declined})
		t.reversed(now, out)
		return
	}
	if !t.canClear() {
		t.exchange = exchange{flow: t.owed(), advice: true, late: late}
		t.keepAdvice(now, "SIGN_IN_FIRST", out)
		return
	}
	m, err := t.madeAgain(t.owed(), t.pending.sealed, t.pending.advice, true)
	if err != nil {
		t.fault(now, err, out)
		return
	}
	t.exchange = exchange{flow: t.owed(), request: m, advice: true, late: late}
	t.dispatch(now, "REPEATING", &attemptLine{Attempts: t.pending.attempts + 1}, out)
}

// madeAgain makes a message anew from its sealed elements and tracks; nil are no tracks. Its MAC and an encrypted track are of the
// keys of today. repeat: it has left before.
func (t *Terminal) madeAgain(flow pay.Flow, elements, sealed []byte, repeat bool) (*iso8583.Message, error) {
	kept, clear := map[string]string{}, tracks{}
	if err := t.open(elements, &kept); err != nil {
		return nil, err
	}
	if sealed != nil {
		if err := t.open(sealed, &clear); err != nil {
			return nil, err
		}
	}
	m := t.Dialect.NewRequest(flow)
	if repeat {
		t.markRepeat(m)
	}
	o := t.offer(flow, m)
	for e := iso8583.PAN; e < iso8583.MAC; e++ {
		o(e, kept[e.String()])
	}
	t.consult("terminal/same-trace")
	if !t.Rules.SameTrace {
		o(iso8583.Trace, traceDigits(nextTrace(t.trace)))
	}
	return m, t.offerTracks(o, clear)
}

// adviceAnswered: some answers say that the host has not taken it yet; any other is its last word. Of one that is late nobody is there
// to hear that the till may not tell of it.
func (t *Terminal) adviceAnswered(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	t.consult("terminal/advice-again")
	switch {
	case slices.Contains(t.Rules.AdviceAgain, rule.Code), t.exchange.late && t.notYet(rule.Code):
		t.keepAdvice(now, rule.Prompt, out, string(rule.Code))
	case rule.Category != iso8583.CategoryApproved:
		t.write(out, t.declined(now, rule, m))
		if t.exchange.late {
			t.endLate(now, endingOf(Declined, rule, m), out, string(rule.Code))
			return
		}
		t.tellDeclined(rule, m, out)
		t.printSlips(out, false)
		t.finish(out)
	case !t.exchange.late:
		t.approve(now, t.advicePart(rule, m, out), m, out)
	default:
		e := endingOf(Approved, t.advicePart(rule, m, out), m)
		l, err := t.outcome(now, audit.Approved, e, m)
		if err != nil {
			t.fault(now, err, out)
			return
		}
		t.write(out, l)
		e.Screen = "ADVICE_DELIVERED"
		t.endLate(now, e, out, e.Trace)
	}
}

// endLate tells how an advice ended whose order is over, and goes on with the order that waited for it.
func (t *Terminal) endLate(now time.Time, e Ending, out *Actions, args ...string) {
	out.show(e.Screen, args...)
	if was := t.order.ending; t.order.over && was.Flow == t.exchange.flow { // nobody asked for it: the terminal has just started
		e.Flow, e.Amount = was.Flow, was.Amount
		t.order.ending = e
	}
	t.printSlips(out, false)
	t.reversed(now, out)
}

// adviceSilent: no answer, or none that can be trusted. The advice is repeated at once, a few times, except when the MAC key is
// in doubt.
func (t *Terminal) adviceSilent(now time.Time, screen string, reason pay.Answer, out *Actions) {
	t.consult("terminal/repeat")
	o := &t.order
	if o.repeats++; reason == pay.AnswerA0BadMAC || !t.Rules.RepeatAtOnce || o.repeats >= t.attempts() {
		t.keepAdvice(now, screen, out)
		return
	}
	out.show(screen)
	t.repeat(now, t.exchange.late, out)
}

// adviceUnsent: nothing has left, so the attempt does not count. What was authorised before is kept; what the host must first
// allow is not, if it never left at all.
func (t *Terminal) adviceUnsent(now time.Time, screen string, out *Actions) {
	p := t.pending
	if p.attempts == 0 && !t.order.plan.Forward && !t.exchange.late && t.dropsUnsent() {
		t.write(out, &outcomeLine{Fact: audit.Declined})
		t.tell(Ending{Kind: Refused, Screen: screen}, out)
		t.finish(out)
		return
	}
	t.write(out, &attemptLine{Attempts: max(p.attempts-1, 0)})
	t.keepAdvice(now, screen, out)
}

// keepAdvice leaves the advice for later: it goes before the next order, and is counted but never given up.
func (t *Terminal) keepAdvice(now time.Time, screen string, out *Actions, args ...string) {
	out.show(screen, args...)
	if t.exchange.late {
		t.reversed(now, out)
		return
	}
	e := Ending{Kind: Unknown, Screen: screen, Trace: t.payments[t.pending.payment].ref.Trace}
	if t.order.plan.Forward {
		e.Kind, e.Screen = Kept, "ADVICE_KEPT"
	}
	t.tell(e, out, args...)
	t.finish(out)
}
