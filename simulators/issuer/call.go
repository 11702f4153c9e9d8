package issuer

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Call is one request on its way through the issuer. Checks read it and leave in it what they found.
type Call struct {
	*Issuer
	now   time.Time
	req   *iso8583.Message
	reply *iso8583.Message // the answer, begun at once: the request need not outlive Serve
	out   iso8583.Outbox
	flow  pay.Flow

	declines pay.Answer // whatever is asked; "" when the issuer is well

	pan    pay.PAN
	expiry string // YYMM, of the track or the message
	card   account
	token  bool // it was named by its token
	code   code // the payer's, instead of a card
	alters bool // the card has changed and belongs into the decision's batch
	amount pay.Amount

	original Payment // what a void, refund or completion acts on
	balance  string  // F54
	chip     *chipData
}

// serve finds the flow, runs its checks in order, and hands over to the flow when all have passed.
func (c *Call) serve() {
	spec, answer, ok := c.Dialect.Identify(c.req)
	if answer {
		c.note(c.now, trace.Trouble, "not-a-request", "an answer came where requests are taken: "+c.req.MTI())
		return
	}
	c.reply = c.Dialect.NewAnswer(c.req)
	if !ok {
		c.end(pay.Answer12Invalid, "flow", "no flow has MTI "+c.req.MTI()+" with this processing code")
		return
	}
	c.flow = spec.Flow
	flow := c.Rules.flow(spec.Flow)
	for _, check := range flow.Checks {
		if c.Trace != nil {
			c.Trace.Consult("issuer/" + check.Name)
		}
		if answer, reason := check.Ask(c); answer != passed {
			c.end(answer, check.Name, reason)
			return
		}
	}
	flow.Serve(c)
}

func (c *Call) rrn() string { return c.req.Get(iso8583.RRN) }

// end ends a request with a code and keeps that, with what the checks changed of the card. A payment that is known
// already stays as it is.
func (c *Call) end(answer pay.Answer, rule, reason string) {
	p := Payment{RRN: c.rrn(), Flow: c.flow, Card: c.card.Name, At: c.now, Amount: c.amount, ByCode: c.byCode(), State: Declined, Answer: answer}
	made := change{}
	if _, known := c.payments[p.RRN]; !known && p.RRN != "" && c.flow != pay.Reversal && c.flow != pay.ScriptResult {
		made.payments = []Payment{p}
	}
	c.finish(made, p, rule, reason)
}

// finish commits what was decided, and then answers.
func (c *Call) finish(made change, p Payment, rule, reason string) {
	if p.ByCode && p.State == Approved {
		c.code.Spent = p.RRN
		made.codes = append(made.codes, c.code)
	}
	if c.alters {
		made.cards = append(made.cards, c.card)
	}
	if c.Trace != nil {
		c.Trace.Record(trace.Event{At: c.now, Party: "issuer", Kind: trace.Decided, Name: rule, Text: reason,
			Fields: []trace.Field{{ID: "F39", Name: iso8583.AnswerCode.String(), Value: string(p.Answer)}}})
	}
	c.commit(made, func() { c.send(p) })
}

// send fills the answer and lets it go, late if the issuer is slow.
func (c *Call) send(p Payment) {
	at := c.now.Format("0102150405")
	for _, v := range [...]struct {
		element iso8583.Element
		value   string
	}{
		{iso8583.AnswerCode, string(p.Answer)}, {iso8583.RRN, p.RRN}, {iso8583.AuthCode, p.AuthCode}, {iso8583.Balance, c.balance},
		{iso8583.Chip, c.chipAnswer(p.Answer)},
		{iso8583.LocalTime, at[4:]}, {iso8583.LocalDate, at[:4]}, {iso8583.SettlementDate, at[:4]},
	} {
		if v.value != "" && (c.flow == "" || c.Dialect.AnswerCarries(c.flow, v.element)) {
			c.reply.Set(v.element, v.value)
		}
	}
	if c.condition.Delay > 0 {
		c.out.After(c.condition.Delay, c.release)
		return
	}
	c.release(c.now)
}

func (c *Call) release(now time.Time) {
	if c.Seal != nil {
		if err := c.Seal(c.reply); err != nil {
			c.note(now, trace.Trouble, "answer", err.Error())
			return
		}
	}
	c.traceMessage(now, trace.Sent, c.reply)
	c.out.Send(c.reply)
}

// authCode makes the six digits of an approval from what names the payment, so that a restart makes the same.
func authCode(rrn string) string {
	sum := sha256.Sum256([]byte("authorization " + rrn))
	return pay.DigitsOf(int64(binary.BigEndian.Uint64(sum[:8])%1_000_000), 6)
}

// traceMessage records a message from or to the acquirer; it is encoded only for the trace to show its bytes.
func (i *Issuer) traceMessage(now time.Time, kind trace.Kind, m *iso8583.Message) {
	if i.Trace == nil {
		return
	}
	name := m.MTI()
	if spec, _, ok := i.Dialect.Identify(m); ok {
		name = string(spec.Flow)
	}
	e := trace.Event{At: now, Party: "issuer", Kind: kind, Peer: "acquirer", Name: name}
	if m.Frame() == nil {
		if _, err := i.Dialect.Encode(nil, m); err != nil {
			e.Text = err.Error()
			i.Trace.Record(e)
			return
		}
	}
	e.Frame, e.Fields = i.Dialect.Trace(m)
	i.Trace.Record(e)
}
