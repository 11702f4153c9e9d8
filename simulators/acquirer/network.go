package acquirer

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// question makes the issuer's request for a payment. The RRN names the payment on that side.
func (c *Call) question(p Payment) *iso8583.Message {
	m := c.networkRequest(p.Ref.Flow, p)
	c.Trace.Consult("acquirer/payer")
	c.Rules.Payer(c, m)
	offer(m, iso8583.EntryMode, c.req.Get(iso8583.EntryMode))
	if c.IssuerDialect.Carries(c.networkFlow(p.Ref.Flow), iso8583.ICCondition) {
		offer(m, iso8583.ICCondition, c.req.Get(iso8583.ICCondition))
	}
	if chip := c.req.Get(iso8583.Chip); chip != "" {
		offer(m, iso8583.Chip, chip)
		offer(m, iso8583.CardSequence, c.req.Get(iso8583.CardSequence))
	}
	offer(m, iso8583.PartialApproval, c.req.Get(iso8583.PartialApproval))
	offer(m, iso8583.MerchantType, c.merchant.MCC)
	offer(m, iso8583.MerchantName, c.merchant.Name)
	if c.IssuerDialect.Carries(p.Ref.Flow, iso8583.InstalmentPlan) {
		offer(m, iso8583.InstalmentPlan, c.req.Get(iso8583.InstalmentPlan))
	}
	if len(c.card.pinBlock) > 0 {
		offer(m, iso8583.PINCapture, c.req.Get(iso8583.PINCapture))
		if !c.Dialect.Has(iso8583.PINCapture) { // terminals that do not say it capture as the network does
			offer(m, iso8583.PINCapture, c.IssuerDialect.Switches.PINCapture)
		}
		offer(m, iso8583.PIN, string(c.card.pinBlock))
		format := "2" // ANSI X9.8 with card number
		if !c.card.code.IsZero() {
			format = "1" // without
		}
		offer(m, iso8583.SecurityControl, format+"600000000000000") // double-length 3DES (DOMAIN.md B.3)
	}
	return m
}

// offerPayer says who pays: a card, or the account that a code stands for. What acts on a payment by code names that payment.
func offerPayer(c *Call, m *iso8583.Message) {
	offer(m, iso8583.PAN, c.card.pan.Reveal())
	offer(m, iso8583.Expiry, c.card.expiry)
	offer(m, iso8583.Track1, c.card.track1.Reveal())
	offer(m, iso8583.Track2, c.card.track2.Reveal())
	if c.original.RRN == "" {
		offer(m, iso8583.DeviceData, c.IssuerDialect.DeviceText(iso8583.DeviceA3PayerCode, c.card.code.Reveal()))
	}
}

// networkRequest makes a request to the issuer with what all of them carry.
func (a *Acquirer) networkRequest(f pay.Flow, p Payment) *iso8583.Message {
	f = a.networkFlow(f)
	m := a.IssuerDialect.NewRequest(f)
	if amount, err := p.Amount.Digits(); err == nil && a.IssuerDialect.Carries(f, iso8583.Amount) {
		offer(m, iso8583.Amount, amount)
	}
	at := p.At.Format("0102150405")
	offer(m, iso8583.TransmissionTime, at)
	offer(m, iso8583.Trace, networkTrace(p))
	offer(m, iso8583.LocalTime, at[4:])
	offer(m, iso8583.LocalDate, at[:4])
	offer(m, iso8583.Acquirer, a.Rules.ID)
	offer(m, iso8583.RRN, p.RRN)
	offer(m, iso8583.Terminal, p.Ref.Terminal)
	offer(m, iso8583.Merchant, p.Ref.Merchant)
	offer(m, iso8583.Currency, p.Amount.Currency.Digits())
	if p.Original != nil && f != pay.Reversal {
		o := a.payments[*p.Original]
		offer(m, iso8583.OriginalRRN, o.RRN)
		offer(m, iso8583.AuthCode, o.AuthCode)
		a.offerOriginal(m, o)
	}
	return m
}

// networkFlow is the flow under which the issuer is asked.
func (a *Acquirer) networkFlow(f pay.Flow) pay.Flow {
	if _, ok := a.IssuerDialect.Transaction(f); ok {
		return f
	}
	return f.Kind()
}

// offerOriginal names a payment as the original of a request to the issuer.
func (a *Acquirer) offerOriginal(m *iso8583.Message, p Payment) {
	offer(m, iso8583.OriginalTrace, networkTrace(p))
	offer(m, iso8583.OriginalDate, p.At.Format("0102"))
	offer(m, iso8583.OriginalTime, p.At.Format("150405"))
	offer(m, iso8583.OriginalAcquirer, a.Rules.ID)
	if spec, ok := a.IssuerDialect.Transaction(p.Ref.Flow); ok {
		offer(m, iso8583.OriginalMTI, spec.Request)
	}
}

// advice makes the request that tells the issuer of a payment, from what is kept of it. F22 is 000 without a chip, and 030 without a
// card: how one was read is not kept.
func (a *Acquirer) advice(p Payment) *iso8583.Message {
	m := a.networkRequest(p.Ref.Flow, p)
	offer(m, iso8583.PAN, a.panOf(p))
	mode := "000"
	if p.ByCode {
		mode = string(pay.Entry03QR) + "0"
	}
	offer(m, iso8583.EntryMode, mode)
	if c := p.Certificate; c != nil {
		if chip, err := a.HSM.Open(KeyStore, c.Sealed); err == nil {
			offer(m, iso8583.EntryMode, c.Entry)
			offer(m, iso8583.CardSequence, c.Sequence)
			offer(m, iso8583.Chip, string(chip))
		}
	}
	offer(m, iso8583.AuthCode, p.AuthCode)
	return m
}

// networkTrace is the trace number of a payment between institutions: the running part of its RRN.
func networkTrace(p Payment) string { return p.RRN[6:] }

func offer(m *iso8583.Message, e iso8583.Element, value string) {
	if value != "" {
		m.Set(e, value)
	}
}

// askIssuer sends a request to the issuer; take gets each answer that comes, whenever it comes.
func (a *Acquirer) askIssuer(now time.Time, m *iso8583.Message, out iso8583.Outbox, take func(time.Time, *iso8583.Message)) {
	a.traceMessage(now, trace.Sent, m)
	a.Issuer.Serve(now, m, &issuerLine{a, now, out, take})
}

// issuerLine is the issuer's outbox: its answers come back to the acquirer, and it tells the time by its own timers.
type issuerLine struct {
	acquirer *Acquirer
	now      time.Time
	out      iso8583.Outbox
	take     func(time.Time, *iso8583.Message)
}

// Send implements iso8583.Outbox.
func (l *issuerLine) Send(m *iso8583.Message) {
	l.acquirer.traceMessage(l.now, trace.Received, m)
	l.take(l.now, m)
}

// After implements iso8583.Outbox.
func (l *issuerLine) After(d time.Duration, f func(time.Time)) {
	l.out.After(d, func(now time.Time) {
		l.now = now
		f(now)
	})
}

// traceMessage records a message to or from the issuer; it is encoded only for the trace to show its bytes.
func (a *Acquirer) traceMessage(now time.Time, kind trace.Kind, m *iso8583.Message) {
	if a.Trace == nil {
		return
	}
	name := m.MTI()
	if spec, _, ok := a.IssuerDialect.Identify(m); ok {
		name = string(spec.Flow)
	}
	e := trace.Event{At: now, Party: "acquirer", Kind: kind, Peer: "issuer", Name: name}
	if m.Frame() == nil {
		if _, err := a.IssuerDialect.Encode(nil, m); err != nil {
			e.Text = err.Error()
			a.Trace.Record(e)
			return
		}
	}
	e.Frame, e.Fields = a.IssuerDialect.Trace(m)
	a.Trace.Record(e)
}

// undo sends a due reversal or advice to the issuer, again and again until it is acknowledged. A row of attempts ends after
// Rules.UndoAttempts; Resume starts another.
func (a *Acquirer) undo(now time.Time, p Payment, out iso8583.Outbox) {
	if !p.Undo.due() || a.undoing[p.Key()] {
		return
	}
	a.undoing[p.Key()] = true
	a.resting.keep(p.Key(), false)
	a.attemptUndo(now, p.Key(), 1, out)
}

func (a *Acquirer) attemptUndo(now time.Time, k Key, attempt int, out iso8583.Outbox) {
	p := a.payments[k]
	if !p.Undo.due() || attempt > a.Rules.UndoAttempts {
		a.rest(k)
		return
	}
	if !a.condition.NoIssuer && !a.untold(p) {
		m := a.undoRequest
		if p.Undo == AdviceDue {
			m = a.advice
		}
		a.askIssuer(now, m(p), out, func(now time.Time, answer *iso8583.Message) { a.undone(now, k, answer) })
	}
	if a.payments[k].Undo.due() {
		out.After(a.Rules.UndoInterval, func(now time.Time) { a.attemptUndo(now, k, attempt+1, out) })
		return
	}
	a.rest(k)
}

// rest ends a row of attempts.
func (a *Acquirer) rest(k Key) {
	delete(a.undoing, k)
	a.resting.keep(k, a.payments[k].Undo.due())
}

// undoRequest makes the reversal of a payment towards the issuer.
func (a *Acquirer) undoRequest(p Payment) *iso8583.Message {
	m := a.networkRequest(pay.Reversal, p)
	offer(m, iso8583.PAN, a.panOf(p))
	offer(m, iso8583.AuthCode, p.AuthCode)
	offer(m, iso8583.ReversalReason, string(pay.Answer98NoAnswer))
	a.offerOriginal(m, p)
	if spec, ok := a.IssuerDialect.Transaction(p.Ref.Flow); ok {
		for e, value := range spec.Constants {
			offer(m, e, value)
		}
	}
	return m
}

// undone takes the issuer's acknowledgement; any other answer leaves the reversal due.
func (a *Acquirer) undone(now time.Time, k Key, answer *iso8583.Message) {
	p := a.payments[k]
	code := pay.Answer(answer.Get(iso8583.AnswerCode))
	a.Trace.Consult("acquirer/refused")
	if p.Undo == AdviceDue && a.Rules.Refused(a, p, code) {
		a.chargeBack(now, p, code)
		return
	}
	if !p.Undo.due() || code != pay.Answer00Approved {
		a.note(now, trace.Noted, "undo", fmt.Sprintf("the issuer answers %s to what it is told of %s", code, p.RRN))
		return
	}
	if p.Undo == AdviceDue {
		p.Undo = AdviceDone
	} else {
		p.Undo = UndoDone
	}
	a.commit(change{payments: []Payment{p}}, func() {})
}
