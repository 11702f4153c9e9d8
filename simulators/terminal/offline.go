package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Voice is an authorization that was given on the telephone, as the cashier types it. The zero Voice is none.
type Voice struct {
	Code        string // six characters
	Institution string // that gave it, up to eleven digits; may be missing
}

// stored is a payment that the terminal approved alone and that the host has not answered yet.
type stored struct {
	payment  int    // index in memory.payments, which seals its elements
	tracks   []byte // sealed
	attempts int
}

// storedLine: the terminal has approved a payment by itself. Sealed are its elements, Tracks those that only the message may have.
type storedLine struct {
	At       time.Time  `json:"at"`
	Trace    int        `json:"trace"`
	Ref      audit.Ref  `json:"ref"`
	Foreign  bool       `json:"foreign,omitempty"`
	Amount   pay.Amount `json:"amount"`
	AuthCode string     `json:"auth_code,omitempty"`
	Sealed   []byte     `json:"sealed"`
	Tracks   []byte     `json:"tracks"`
	Slip     []byte     `json:"slip,omitempty"`
	Begun    bool       `json:"begun,omitempty"`
	Signed   []byte     `json:"signed,omitempty"` // F55, where a chip has signed the amount
}

// tryLine: the oldest stored payment is about to be sent for the Attempts-th time; or the count is set back, as nothing had left.
// Used is the last trace number that was given away.
type tryLine struct {
	Attempts int `json:"attempts"`
	Used     int `json:"used"`
}

// toldLine: the host has answered the oldest stored payment.
type toldLine struct {
	Fact     audit.Fact `json:"fact"`
	Answer   pay.Answer `json:"answer"`
	RRN      string     `json:"rrn,omitempty"`
	AuthCode string     `json:"auth_code,omitempty"`
	Date     string     `json:"date,omitempty"`
}

// changedLine: a stored payment that has never left gets another amount, or is taken back (Amount zero).
type changedLine struct {
	Ref    audit.Ref  `json:"ref"`
	Amount pay.Amount `json:"amount,omitzero"`
	Tip    bool       `json:"tip,omitempty"`    // that amount has a tip in it
	Sealed []byte     `json:"sealed,omitempty"` // its elements, with that amount
	Slip   []byte     `json:"slip,omitempty"`
	Begun  bool       `json:"begun,omitempty"`
}

func (*storedLine) kind() string  { return "till.stored" }
func (*tryLine) kind() string     { return "till.try" }
func (*toldLine) kind() string    { return "till.told" }
func (*changedLine) kind() string { return "till.changed" }

func (l *storedLine) apply(t *Terminal) {
	t.trace = l.Trace
	t.stored = append(t.stored, stored{payment: len(t.payments), tracks: l.Tracks})
	t.payments = append(t.payments, payment{at: l.At, ref: l.Ref, foreign: l.Foreign, amount: l.Amount, fact: audit.Stored,
		authCode: l.AuthCode, date: l.At.Format("0102"), sealed: l.Sealed, slip: l.Slip, signed: l.Signed})
	t.printed(l.Slip, l.Begun)
}

func (l *tryLine) apply(t *Terminal) { t.stored[0].attempts, t.trace = l.Attempts, l.Used }

func (l *toldLine) apply(t *Terminal) {
	p := &t.payments[t.stored[0].payment]
	p.fact, p.answer, p.rrn = l.Fact, l.Answer, l.RRN
	if l.AuthCode != "" {
		p.authCode = l.AuthCode
	}
	if l.Date != "" {
		p.date = l.Date
	}
	t.stored = slices.Delete(slices.Clone(t.stored), 0, 1)
}

func (l *changedLine) apply(t *Terminal) {
	t.printed(l.Slip, l.Begun)
	i := slices.IndexFunc(t.stored, func(s stored) bool { return t.payments[s.payment].ref == l.Ref })
	if i < 0 {
		return
	}
	if p := &t.payments[t.stored[i].payment]; l.Amount.Minor > 0 {
		t.alter(l.Ref, l.Amount, l.Tip)
		p.sealed, p.slip = l.Sealed, l.Slip
	} else {
		p.fact = audit.Reversed
		t.notices = slices.DeleteFunc(slices.Clone(t.notices), func(n notice) bool { return n.payment == t.stored[i].payment })
		t.stored = slices.Delete(slices.Clone(t.stored), i, i+1)
	}
}

// printed keeps the last slip, and lets it wait for the printer.
func (t *Terminal) printed(slip []byte, begun bool) {
	if slip != nil {
		t.last = slip
		t.queue(slip, begun)
	}
}

// stands tells that the cardholder was told yes and that nothing has changed it.
func stands(f audit.Fact) bool { return f == audit.Approved || f == audit.Stored }

// underFloor: a limit is reached by the amount that equals it (EMV 4.4 Book 3, 10.6.1).
func underFloor(a pay.Amount, limit int64) bool { return a.Minor < limit }

// worksAlone tells that an order may need no network: an offline sale, or the void of one that has not left.
func (t *Terminal) worksAlone(p Plan) bool {
	return p.Offline || len(t.stored) > 0 && p.Original == ByVoucher
}

// endsBatch tells what closes the batch at the host.
func (p Plan) endsBatch() bool { return p.Done == SignedOut || p.Done == Settled }

// enterCode takes what was authorised by voice. Without it a sale must be under the floor limit.
func (t *Terminal) enterCode(now time.Time, e Event, out *Actions) {
	o, v := &t.order, e.Voice
	if v.Code != "" && len(v.Code) != 6 || !digitsOnly(v.Institution) || len(v.Institution) > 11 {
		t.wait(WaitingCode, NeedCode, out, "ENTER_VOICE_CODE", o.amount.String())
		return
	}
	t.consult("terminal/floor-limit")
	if v.Code == "" && !t.Rules.UnderFloor(o.amount, t.Dialect.Switches.FloorLimit) {
		t.refuse(now, "terminal/floor-limit", "CALL_FOR_CODE", out)
		return
	}
	o.voice, o.original.Date = v, now.Format("0102")
	t.gained(now, out)
}

// offerVoice offers who authorised an offline sale (DOMAIN.md A.6: 61.4 is 01 by voice).
func (t *Terminal) offerVoice(o func(iso8583.Element, string)) {
	v := t.order.voice
	if v.Code == "" {
		return
	}
	o(iso8583.AuthCode, v.Code)
	o(iso8583.OriginalBatch, orZeros("", 6))
	o(iso8583.OriginalTrace, orZeros("", 6))
	o(iso8583.OriginalDate, t.order.original.Date)
	o(iso8583.OriginalAuthMode, "01")
	if v.Institution != "" {
		o(iso8583.OriginalAcquirer, orZeros("", 11-len(v.Institution))+v.Institution)
	}
}

// sellOffline approves a sale without the host. It is written down with its slip, and only then told; with is what is written beside it.
func (t *Terminal) sellOffline(now time.Time, out *Actions, with ...line) {
	flow, number := t.order.plan.Flow, nextTrace(t.trace)
	m := t.Dialect.NewRequest(flow)
	t.exchange, t.order.local = exchange{flow: flow, request: m}, true
	l := &storedLine{At: now, Trace: number, Foreign: t.foreign(), Amount: t.order.amount, AuthCode: t.order.voice.Code, Begun: t.paper, Signed: t.order.card.chip,
		Ref: audit.Ref{Terminal: t.Number, Merchant: t.Merchant, Batch: t.batch, Trace: traceDigits(number), Flow: flow}}
	if err := t.composeOffline(now, m, l); err != nil {
		t.fault(now, err, out)
		return
	}
	t.order.ending = Ending{Kind: Approved, Screen: t.order.plan.Screen, Trace: l.Ref.Trace, AuthCode: l.AuthCode}
	t.order.card.forget()
	t.state = Finishing
	t.consult("terminal/stored")
	if !t.Rules.KeepStored {
		t.await(out, append(with, &sentLine{Trace: number, Flow: flow})...)
		t.awaiting = append(with, l)
		return
	}
	t.await(out, append(with, l)...)
}

// composeOffline makes the message of an offline sale, as it will leave, and what is kept of it.
func (t *Terminal) composeOffline(now time.Time, m *iso8583.Message, l *storedLine) (err error) {
	o := t.offer(l.Ref.Flow, m)
	t.offerTerminal(o, now)
	o(iso8583.Trace, l.Ref.Trace)
	if err := t.offerOrder(o, m, l.Ref.Flow); err != nil {
		return err
	}
	if err := t.sealMessage(l.Ref.Flow, m); err != nil { // what cannot be sent is not sold
		return err
	}
	if l.Sealed, err = t.seal(adviceElements(m)); err != nil {
		return err
	}
	if l.Tracks, err = t.seal(t.order.card.tracks()); err != nil {
		return err
	}
	l.Slip, err = t.ownSlip(now, m)
	return err
}

// ownSlip makes the slip of what the host is not asked about; m stands in the place of the answer.
func (t *Terminal) ownSlip(now time.Time, m *iso8583.Message) ([]byte, error) {
	t.consult("terminal/paper")
	if !t.paper && !t.Rules.KeepSlips {
		return nil, nil
	}
	return t.seal(t.slip(now, pay.Answer00Approved, m))
}

// forwardsFirst tells that the host must hear of what is stored before the order goes on: before the next message that moves money or
// ends the batch, but not before it is known whether a void or an amendment is about something that is stored.
func (t *Terminal) forwardsFirst() bool {
	o := &t.order
	if len(t.stored) == 0 || o.forwarded || o.plan.Offline || !t.clears(o.plan) || o.plan.Original == ByVoucher && !o.named {
		return false
	}
	t.consult("terminal/forward")
	return t.Rules.ForwardFirst || o.plan.endsBatch()
}

// holdsBatch tells that the order would end the batch while the host lacks a part of its totals.
func (t *Terminal) holdsBatch() bool {
	if len(t.stored) == 0 || !t.order.plan.endsBatch() {
		return false
	}
	t.consult("terminal/hold-batch")
	return t.Rules.HoldBatch
}

// forward sends the oldest stored payment. The count is written first.
func (t *Terminal) forward(now time.Time, out *Actions) {
	s := t.stored[0]
	p := t.payments[s.payment]
	m, err := t.madeAgain(p.ref.Flow, p.sealed, s.tracks, s.attempts > 0)
	if err != nil {
		t.fault(now, err, out)
		return
	}
	t.offer(p.ref.Flow, m)(iso8583.Chip, string(p.signed))
	used := t.trace
	t.consult("terminal/stored-number")
	if s.attempts > 0 && !t.Rules.SameNumber {
		used = nextTrace(used)
		m.Set(iso8583.Trace, traceDigits(used))
	}
	t.exchange = exchange{flow: p.ref.Flow, request: m, stored: true}
	t.dispatch(now, "UPLOADING", &tryLine{s.attempts + 1, used}, out)
}

// notYet tells that an answer is not the host's last word on what was sold before: it has not taken it yet, or has not looked at it,
// as it does not know or let in who tells of it (DOMAIN.md C: 03, 58, 97).
func (t *Terminal) notYet(code pay.Answer) bool {
	t.consult("terminal/advice-again")
	t.consult("terminal/about-till")
	return slices.Contains(t.Rules.AdviceAgain, code) || slices.Contains(t.Rules.AboutTill, code)
}

// storedAnswered: any answer but those is the host's last word. What it refuses the merchant has lost, as the goods are gone.
func (t *Terminal) storedAnswered(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	trace := t.payments[t.stored[0].payment].ref.Trace
	switch {
	case t.notYet(rule.Code):
		out.show(rule.Prompt, string(rule.Code))
		t.forwarded(now, out)
		return
	case rule.Category != iso8583.CategoryApproved:
		out.show("OFFLINE_REFUSED", trace, string(rule.Code))
		t.write(out, &toldLine{Fact: audit.Declined, Answer: rule.Code, RRN: m.Get(iso8583.RRN)})
	default:
		t.write(out, &toldLine{Fact: audit.Approved, Answer: rule.Code, RRN: m.Get(iso8583.RRN), AuthCode: m.Get(iso8583.AuthCode),
			Date: m.Get(iso8583.LocalDate)})
	}
	if len(t.stored) > 0 {
		t.forward(now, out)
		return
	}
	t.forwarded(now, out)
}

// storedSilent: no answer, or none that can be trusted. It waits for the next order; the one that is under way goes on.
func (t *Terminal) storedSilent(now time.Time, screen string, sent bool, out *Actions) {
	out.show(screen)
	if !sent {
		t.write(out, &tryLine{t.stored[0].attempts - 1, t.trace})
	}
	t.forwarded(now, out)
}

// forwarded goes on with the order for which the host was told.
func (t *Terminal) forwarded(now time.Time, out *Actions) {
	t.order.forwarded = true
	t.enterGates(now, out) // an answer may have taken the sign-in away
}

// actsOnStored deals with an order about a payment that is stored: what has never left is changed here, what may have arrived
// goes to the host first. It tells whether that is all for now.
func (t *Terminal) actsOnStored(now time.Time, p *payment, typed Original, out *Actions) bool {
	i := slices.IndexFunc(t.stored, func(s stored) bool { return t.payments[s.payment].ref == p.ref })
	switch {
	case i < 0:
		return false
	case t.stored[i].attempts == 0 && !t.keepsSigned(p):
		t.changeStored(now, p, out)
	case t.order.forwarded:
		t.refuse(now, "terminal/stored", "ADVICE_PENDING", out)
	default:
		t.order.typed = &typed
		t.forward(now, out)
	}
	return true
}

// keepsSigned: the issuer would not take another amount than the chip has signed, so that one goes first.
func (t *Terminal) keepsSigned(p *payment) bool {
	t.consult("terminal/stored-signed")
	return t.Rules.KeepSigned && p.signed != nil && t.order.plan.Flow.Amends()
}

// changeStored voids a payment that has never left, or gives it another amount. Nobody else has to know.
func (t *Terminal) changeStored(now time.Time, p *payment, out *Actions) {
	o := &t.order
	l := &changedLine{Ref: p.ref, Begun: t.paper}
	m, err := t.madeAgain(p.ref.Flow, p.sealed, nil, false)
	if err == nil && o.plan.Flow.Amends() {
		l.Amount, l.Tip = o.amount, o.plan.Flow == pay.Tip
		var digits string
		if digits, err = o.amount.Digits(); err == nil {
			m.Set(iso8583.Amount, digits)
			l.Sealed, err = t.seal(adviceElements(m))
		}
	}
	t.exchange, o.local = exchange{flow: o.plan.Flow, request: m}, true
	if err == nil {
		l.Slip, err = t.ownSlip(now, m)
	}
	if err != nil {
		t.fault(now, err, out)
		return
	}
	screen := "VOIDED_HERE"
	if l.Amount.Minor > 0 {
		screen = "CHANGED_HERE"
	}
	t.consult("terminal/stored-change")
	if !t.Rules.ChangeStored {
		l.Ref = audit.Ref{}
	}
	o.ending = Ending{Kind: Approved, Screen: screen, Trace: p.ref.Trace, AuthCode: p.authCode}
	t.state = Finishing
	t.await(out, l)
}
