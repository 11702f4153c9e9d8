package terminal

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// exchange is the request that is being stored or is on the line. Its flow is not always the order's: a reversal or a
// sign-in may come first.
type exchange struct {
	flow    pay.Flow
	request *iso8583.Message
	answer  *iso8583.Message // believed
	advice  bool             // a payment that is repeated and not reversed
	late    bool             // ... whose order is over
	stored  bool             // a payment that the terminal approved alone, told to the host now
	unkept  line             // a pending reversal that the rules keep out of the journal
	errand  *errand          // nil for the order's own, and for what it owes
}

// send composes the request of a flow and has written, before it leaves, the trace number it uses up and what its reversal
// would need (DOMAIN.md A.12, rule 1).
func (t *Terminal) send(now time.Time, flow pay.Flow, out *Actions) {
	number, used := t.nextNumber(flow)
	m := t.Dialect.NewRequest(flow)
	o := t.offer(flow, m)
	t.offerTerminal(o, now)
	o(iso8583.Trace, traceDigits(number))
	if err := t.offerOrder(o, m, flow); err != nil {
		t.fault(now, err, out)
		return
	}
	var kept line = &sentLine{Trace: used, Flow: flow}
	if t.uploading(flow) {
		kept = &uploadLine{Trace: number, Used: used}
	}
	t.exchange = exchange{flow: flow, request: m}
	t.exchange.advice = t.isAdvice()
	if t.reversible() || t.exchange.advice {
		owed := &pendingLine{At: now, Trace: number, Amount: t.order.amount, Original: t.order.original.ref, Undoes: t.order.plan.Undoes,
			Foreign: t.foreign(), ByCode: t.byCode(), Operator: t.named(),
			Ref: audit.Ref{Terminal: t.Number, Merchant: t.Merchant, Batch: t.batch, Trace: traceDigits(number), Flow: flow}}
		if err := t.owe(owed, m); err != nil {
			t.fault(now, err, out)
			return
		}
		t.consult("terminal/pending-first")
		if t.Rules.WritePendingFirst {
			kept = owed
		} else {
			t.exchange.unkept = owed
		}
	}
	t.dispatch(now, "CONNECTING", kept, out)
}

// nextNumber gives the trace number of the next message, and the last one then given away. The repeat of an upload is the same
// message, so that the host can tell it from another (DOMAIN.md K.16).
func (t *Terminal) nextNumber(flow pay.Flow) (number, used int) {
	t.consult("terminal/try-trace")
	if t.order.tries > 0 && !t.Rules.NewTraceEachTry {
		return t.trace, t.trace
	}
	if s := t.settling; t.uploading(flow) && s.trace != 0 {
		t.consult("terminal/upload-repeat")
		if t.Rules.SameAgain {
			return s.trace, t.trace
		}
	}
	t.consult("terminal/next-trace")
	number = t.Rules.NextTrace(t.trace)
	return number, number
}

// uploading tells the uploads of a settlement and their end.
func (t *Terminal) uploading(flow pay.Flow) bool {
	return t.order.plan.Done == Settled && t.settling != nil && t.settling.stage == stageUploads && flow != pay.Reversal
}

// foreign tells the origin of the order's card. Payers' codes are of this country.
func (t *Terminal) foreign() bool {
	if t.byCode() {
		t.consult("terminal/code-origin")
		return t.Rules.CodeAbroad
	}
	t.consult("terminal/card-origin")
	return t.Rules.Foreign(t.order.card.pan)
}

// owe completes the line of a request that is about to leave with what its reversal or its repeat needs.
func (t *Terminal) owe(l *pendingLine, m *iso8583.Message) (err error) {
	if t.exchange.advice {
		return t.oweAdvice(l, m)
	}
	l.Sealed, err = t.seal(t.reversalElements(m))
	return err
}

// dispatch seals the exchange's request and has its line written; the request leaves when that is done.
func (t *Terminal) dispatch(now time.Time, screen string, l line, out *Actions) {
	if err := t.sealMessage(t.exchange.flow, t.exchange.request); err != nil {
		t.fault(now, err, out)
		return
	}
	t.order.pin = pay.Secret{}
	t.state = Storing
	out.show(screen)
	t.await(out, l)
}

// leave sends the request once its record is safe.
func (t *Terminal) leave(now time.Time, e Event, out *Actions) {
	if !t.settled(e.Err) {
		switch {
		case t.exchange.flow == pay.Reversal:
			out.show("STORAGE_FAILED")
			t.reversed(now, out)
			return
		case t.exchange.stored:
			out.show("STORAGE_FAILED")
			t.forwarded(now, out)
			return
		case t.exchange.advice && t.pending != nil: // a repeat
			t.keepAdvice(now, "STORAGE_FAILED", out)
			return
		case t.exchange.errand != nil && t.order.over:
			out.show("STORAGE_FAILED")
			t.finish(out)
			return
		}
		t.refuse(now, "terminal/storage", "STORAGE_FAILED", out)
		return
	}
	if t.exchange.unkept != nil {
		t.exchange.unkept.apply(t)
	}
	t.state = Exchanging
	out.add(Action{Kind: Exchange, Message: t.exchange.request, Flow: t.exchange.flow, After: t.patience()})
}

// answered judges an answer: first whether it can be trusted at all, then what its code means.
func (t *Terminal) answered(now time.Time, e Event, out *Actions) {
	for _, c := range t.Rules.Checks {
		t.consult(c.Name)
		if !c.Passes(t, t.exchange.request, e.Message) {
			t.decide(now, c.Name, "the answer is not believed")
			if c.Reason == pay.AnswerA0BadMAC { // DOMAIN.md A.12, rule 4
				t.signOff(out)
			}
			t.untrusted(now, c.Screen, c.Reason, out)
			return
		}
	}
	t.exchange.answer = e.Message
	rule := t.Dialect.Answer(pay.Answer(e.Message.Get(iso8583.AnswerCode)))
	t.consult("terminal/prompt")
	rule.Prompt = t.Rules.Prompt(rule)
	if t.byCode() {
		t.consult("terminal/code-answer")
		rule = t.Rules.CodeAnswer(rule)
	}
	t.decide(now, "terminal/answer", fmt.Sprintf("%s answered %s: %s", t.exchange.flow, rule.Code, rule.Category))
	t.readHeader(now, e.Message, out)
	if rule.Next == iso8583.NextSignIn { // 77, 99, A0 (DOMAIN.md J)
		t.signOff(out)
		t.signInNext(now, "the host answered "+string(rule.Code), out)
	}
	switch flow := t.exchange.flow; {
	case t.exchange.errand != nil:
		t.errandAnswered(now, rule, e.Message, out)
	case t.exchange.stored:
		t.storedAnswered(now, rule, e.Message, out)
	case t.exchange.advice:
		t.adviceAnswered(now, rule, e.Message, out)
	case flow == pay.Reversal:
		t.reversalAnswered(now, rule, out)
	case flow == pay.SignIn:
		t.signInAnswered(now, rule, e.Message, out)
	case flow == pay.KeyChange:
		t.keysChanged(now, rule, e.Message, out)
	case t.order.plan.Done == Settled:
		t.settleAnswered(now, rule, e.Message, out)
	default:
		m := e.Message
		t.hearHost(now, kernel.Host{Reached: true, Answer: string(rule.Code), Data: []byte(m.Get(iso8583.Chip))}, out,
			func(now time.Time, out *Actions) { t.orderAnswered(now, rule, m, out) })
	}
}

// unanswered judges why no answer came.
func (t *Terminal) unanswered(now time.Time, e Event, out *Actions) {
	screen := t.Rules.TroubleScreen(e.Trouble)
	t.decide(now, "terminal/trouble", e.Trouble.Text())
	t.hearHost(now, kernel.Host{}, out, func(now time.Time, out *Actions) { t.unreached(now, screen, e.Trouble.Sent, out) })
}

// unreached goes on without an answer.
func (t *Terminal) unreached(now time.Time, screen string, sent bool, out *Actions) {
	switch {
	case sent:
		t.untrusted(now, screen, pay.Answer98NoAnswer, out)
	case t.approvedAlone():
		out.show(screen)
		t.approveAlone(now, t.dropsUnsent(), out)
	case t.exchange.errand != nil:
		out.show(screen)
		t.errandBroke(now, out)
	case t.exchange.stored:
		t.storedSilent(now, screen, false, out)
	case t.exchange.flow == pay.Reversal:
		t.reversalUnsent(now, screen, out)
	case t.exchange.advice:
		t.adviceUnsent(now, screen, out)
	case t.order.plan.Done == Settled:
		t.settleSilent(now, screen, false, out)
	case t.reversible() && !t.dropsUnsent():
		t.untrusted(now, screen, pay.Answer98NoAnswer, out)
	default:
		if t.reversible() {
			t.write(out, &outcomeLine{Fact: audit.Declined})
		}
		e := Ending{Kind: Refused, Screen: screen}
		if t.declinedAlone() {
			out.show(screen)
			e = Ending{Kind: Declined, Screen: t.declineScreen(t.order.visit)}
		}
		t.tell(e, out)
		t.finish(out)
	}
}

// dropsUnsent: what never left has nothing to reverse (DOMAIN.md A.12, rule 1).
func (t *Terminal) dropsUnsent() bool {
	t.consult("terminal/unsent")
	return t.Rules.DropUnsent
}

// reversible tells that the exchange's request is of a kind that can be reversed.
func (t *Terminal) reversible() bool {
	tx, _ := t.Dialect.Transaction(t.exchange.flow)
	return tx.Reversible
}

// untrusted: the request may have arrived and there is no answer to go by.
func (t *Terminal) untrusted(now time.Time, screen string, reason pay.Answer, out *Actions) {
	if v := t.order.visit; v != nil && v.waits && t.ownExchange() {
		t.hearHost(now, kernel.Host{}, out, func(now time.Time, out *Actions) { t.untrusted(now, screen, reason, out) })
		return
	}
	flow := t.exchange.flow
	if t.exchange.errand != nil {
		out.show(screen)
		t.errandBroke(now, out)
		return
	}
	if t.ownExchange() {
		t.order.card.forget()
	}
	if flow == pay.Reversal {
		t.reversalSilent(now, screen, reason, out)
		return
	}
	if t.exchange.stored {
		t.storedSilent(now, screen, true, out)
		return
	}
	if t.exchange.advice {
		t.adviceSilent(now, screen, reason, out)
		return
	}
	if t.order.plan.Done == Settled {
		t.settleSilent(now, screen, true, out)
		return
	}
	if t.approvedAlone() {
		out.show(screen)
		if t.pending != nil {
			t.pending.reason = reason
		}
		t.approveAlone(now, false, out)
		return
	}
	if t.doubtsKeys(flow) {
		t.signOff(out)
	}
	kind := Unknown
	if flow != t.order.plan.Flow { // a sign-in that came before the order
		kind = Refused
	}
	if t.declinedAlone() {
		out.show(screen)
		screen = t.declineScreen(t.order.visit)
	}
	t.tell(Ending{Kind: kind, Screen: screen, Trace: t.exchange.request.Get(iso8583.Trace)}, out)
	if !t.reversible() {
		t.finish(out)
		return
	}
	t.undo(now, reason, out)
}

// undo reverses what was just sent; the order's ending is known already.
func (t *Terminal) undo(now time.Time, reason pay.Answer, out *Actions) {
	t.consult("terminal/reverse")
	if !t.Rules.Reverse {
		t.write(out, &outcomeLine{Fact: audit.Unknown})
		t.finish(out)
		return
	}
	t.pending.reason = reason
	t.pending.chip = t.reversalChip()
	if a := t.exchange.answer; a != nil {
		t.pending.authCode, t.pending.date = a.Get(iso8583.AuthCode), a.Get(iso8583.LocalDate)
	}
	t.reverse(now, out)
}

// fault ends an order that the terminal cannot send: a key or a value does not fit its dialect.
func (t *Terminal) fault(now time.Time, err error, out *Actions) {
	t.noteFault(now, err)
	if t.order.over { // a reversal that cannot be made; it stays pending
		out.show("TERMINAL_FAULT")
		t.finish(out)
		return
	}
	t.refuse(now, "terminal/fault", "TERMINAL_FAULT", out)
}

func (t *Terminal) noteFault(now time.Time, err error) {
	t.Trace.Record(trace.Event{At: now, Party: t.Name, Kind: trace.Trouble, Name: "terminal-fault", Text: err.Error()})
}

// offer gives a function that sets an element of m if it has a value and the flow carries it, so that no flow is coded
// against one dialect. The flow's constants stay as they are.
func (t *Terminal) offer(flow pay.Flow, m *iso8583.Message) func(iso8583.Element, string) {
	tx, _ := t.Dialect.Transaction(flow)
	return func(e iso8583.Element, value string) {
		if _, constant := tx.Constants[e]; value != "" && !constant && t.Dialect.Carries(flow, e) {
			m.Set(e, value)
		}
	}
}

// offerTerminal offers what every message of the terminal may have.
func (t *Terminal) offerTerminal(o func(iso8583.Element, string), now time.Time) {
	o(iso8583.Terminal, t.Number)
	o(iso8583.Merchant, t.Merchant)
	o(iso8583.MerchantName, t.merchantName())
	o(iso8583.MerchantType, t.MCC)
	o(iso8583.TransmissionTime, now.UTC().Format("0102150405"))
	o(iso8583.LocalTime, now.Format("150405"))
	o(iso8583.LocalDate, now.Format("0102"))
	o(iso8583.LocalYear, now.Format("06"))
	o(iso8583.Batch, t.batch)
	o(iso8583.NetworkCode, "000")
	t.consult("terminal/capability")
	o(iso8583.ReadCapability, t.Rules.Capability(!t.NoField))
	o(iso8583.ICCondition, "0")
	if id := t.named(); id != "" {
		o(iso8583.Operator, "0"+id) // three characters (DOMAIN.md A.7)
	}
}

// sealMessage encodes m, with a MAC where its flow has one.
func (t *Terminal) sealMessage(flow pay.Flow, m *iso8583.Message) error {
	tx, _ := t.Dialect.Transaction(flow)
	t.stampVersion(m)
	var err error
	if tx.MAC && t.macAlgorithm() != "" {
		_, err = t.Dialect.Seal(nil, m, func(input []byte) ([]byte, error) { return t.HSM.MAC(KeyMAK, t.macAlgorithm(), input) })
	} else {
		_, err = t.Dialect.Encode(nil, m)
	}
	if err != nil {
		return fmt.Errorf("terminal %s: %s: %w", t.Name, flow, err)
	}
	return nil
}

// macAlgorithm is the dialect's, in SM4 where the keys are; "" for none.
func (t *Terminal) macAlgorithm() hsm.MACAlgorithm {
	switch a := hsm.MACAlgorithm(t.Dialect.Security.MAC); {
	case a == "none":
		return ""
	case a == hsm.MACUnionPayECB && t.sm4():
		return hsm.MACUnionPaySM4
	default:
		return a
	}
}

// goodMAC: both approvals and declines of a flow with a MAC carry one (DOMAIN.md B.1).
func (t *Terminal) goodMAC(_, answer *iso8583.Message) bool {
	tx, _ := t.Dialect.Transaction(t.exchange.flow)
	if !tx.MAC || t.macAlgorithm() == "" {
		return true
	}
	input, mac := t.Dialect.MACInput(answer)
	ok, err := t.HSM.VerifyMAC(KeyMAK, t.macAlgorithm(), input, mac)
	return ok && err == nil
}

// answersFlow: the answer is an answer, and of the request's flow.
func answersFlow(t *Terminal, _, answer *iso8583.Message) bool {
	tx, isAnswer, ok := t.Dialect.Identify(answer)
	return ok && isAnswer && tx.Flow == t.exchange.flow
}

// echoes: terminal, trace and amount come back as they were sent. A partial approval names a smaller amount.
func echoes(t *Terminal, request, answer *iso8583.Message) bool {
	same := func(e iso8583.Element) bool { return answer.Get(e) == request.Get(e) }
	partial := t.Dialect.Answer(pay.Answer(answer.Get(iso8583.AnswerCode))).Next == iso8583.NextPartial
	return same(iso8583.Terminal) && same(iso8583.Trace) && (partial || !answer.Has(iso8583.Amount) || same(iso8583.Amount))
}

// saysWhat: an answer without a code says neither yes nor no. Only that to a settlement may lack it: there the totals are compared.
func saysWhat(t *Terminal, _, answer *iso8583.Message) bool {
	return answer.Has(iso8583.AnswerCode) || t.exchange.flow == pay.Settlement
}

// signInNext has the next trade begin with a sign-in: the cashier repeats the order and need not know why (DOMAIN.md C, 77).
func (t *Terminal) signInNext(now time.Time, why string, out *Actions) {
	t.consult("terminal/sign-in-again")
	if t.Rules.SignInByItself && !t.again {
		t.decide(now, "terminal/sign-in-again", why+", so the next trade begins with a sign-in")
		t.write(out, &againLine{})
	}
}
