package acquirer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// Call is one request on its way through the acquirer. Checks read it and leave in it what they found.
type Call struct {
	*Acquirer
	now   time.Time
	req   *iso8583.Message
	reply *iso8583.Message // the answer, begun at once: the request need not outlive Serve
	out   iso8583.Outbox
	spec  *iso8583.Transaction // nil when no flow of the dialect fits
	rrn   string

	merchant Merchant
	terminal Terminal
	amount   pay.Amount
	card     card
	original Payment            // what a void, refund or completion acts on
	totals   iso8583.Settlement // what the terminal counted
	authCode string             // of an answer that was kept
	released func()             // runs when the answer is out
	ignored  bool               // it gets no answer of its own
	claimed  bool               // the trace number is this payment's: also its decline is kept
	instead  pay.Answer         // of 00, when AnswerNext asked for an approving code
	token    string             // of the card, where risk control counts
	review   string             // by whose release it passes
}

// card is what a request tells about the card, or about the payer's code that stands for it.
type card struct {
	pan      pay.PAN
	code     qr.PayerCode
	expiry   string // YYMM
	track1   pay.Secret
	track2   pay.Secret
	pinBlock []byte // under the ZPK
}

// serve finds the flow, runs its checks in order, and hands over to the flow when all have passed.
func (c *Call) serve() {
	spec, answer, ok := c.Dialect.Identify(c.req)
	if answer {
		c.note(c.now, trace.Trouble, "not-a-request", "an answer came where requests are taken: "+c.req.MTI())
		return
	}
	c.reply = c.Dialect.NewAnswer(c.req)
	c.rrn = c.nextRRN(c.now)
	c.terminal = c.terminals[string(c.req.Value(iso8583.Terminal))]
	flow := Flow{Checks: c.Rules.Unknown}
	if ok {
		c.spec = spec
		flow = c.Rules.flow(spec.Flow)
	}
	for _, check := range flow.Checks {
		if c.Trace != nil {
			c.Trace.Consult("acquirer/" + check.Name)
		}
		answer, reason := check.Ask(c)
		switch {
		case c.ignored:
			c.note(c.now, trace.Decided, check.Name, "no answer: "+reason)
			return
		case answer != passed:
			c.decline(answer, check.Name, reason)
			return
		}
	}
	flow.Serve(c)
}

// key names the payment that the request is about: for a reversal its original. A dialect without batches counts in the
// terminal's own.
func (c *Call) key() Key {
	k := Key{c.terminal.Number, c.terminal.Batch, c.req.Get(iso8583.Trace)}
	if number := c.req.Value(iso8583.Terminal); string(number) != k.Terminal {
		k.Terminal = string(number)
	}
	if batch := c.req.Value(iso8583.Batch); len(batch) > 0 && string(batch) != k.Batch {
		k.Batch = string(batch)
	}
	if original := c.req.Get(iso8583.OriginalTrace); c.spec.Flow.Kind() == pay.Reversal && original != "" {
		k.Trace = original
	}
	return k
}

// decline ends a request with a code. Once the trace number is the payment's, the decline is kept with it.
func (c *Call) decline(answer pay.Answer, rule, reason string) {
	made := change{}
	if c.claimed {
		p, err := c.payment()
		if err != nil {
			c.fail(err)
			return
		}
		p.State, p.Answer = Declined, answer
		made.payments = []Payment{p}
	}
	c.finish(made, Stored{Answer: answer, RRN: c.rrn, At: c.now, AuthCode: c.authCode}, rule, reason)
}

// fail answers 96: something of the acquirer's own does not work.
func (c *Call) fail(err error) {
	c.finish(change{}, Stored{Answer: pay.Answer96Malfunction, RRN: c.rrn, At: c.now}, "fault", err.Error())
}

// finish commits what was decided, then answers, and then tells the issuer what it must take back.
func (c *Call) finish(made change, s Stored, rule, reason string) {
	if c.Trace != nil {
		c.Trace.Record(trace.Event{At: c.now, Party: "acquirer", Kind: trace.Decided, Name: rule, Text: reason,
			Fields: []trace.Field{{ID: "F39", Name: iso8583.AnswerCode.String(), Value: string(s.Answer)}}})
	}
	c.commit(made, func() {
		c.send(s)
		for _, p := range made.payments {
			c.undo(c.now, p, c.out)
		}
	})
}

// send fills the answer entry by entry, seals it and lets it go, late if the acquirer is slow.
func (c *Call) send(s Stored) {
	for _, f := range c.Rules.Fill {
		f.Do(c, s)
	}
	if c.Dress != nil {
		c.Dress(c.req, c.reply)
	}
	if err := c.seal(); err != nil {
		c.note(c.now, trace.Trouble, "answer", err.Error())
		return
	}
	if c.condition.Delay > 0 {
		c.out.After(c.condition.Delay, func(time.Time) { c.release() })
		return
	}
	c.release()
}

func (c *Call) release() {
	c.out.Send(c.reply)
	if c.released != nil {
		c.released()
	}
}

// seal puts the MAC on an answer that carries one. A terminal without keys gets its answer without.
func (c *Call) seal() error {
	c.Trace.Consult("acquirer/answer-mac")
	var err error
	if c.spec != nil && c.spec.MAC && c.Rules.MAC != nil && c.HSM.Has(TerminalKey(c.terminal.Number, "MAK")) {
		c.sealed, err = c.Dialect.Seal(c.sealed[:0], c.reply, func(input []byte) ([]byte, error) { return c.Rules.MAC(c, input) })
	} else {
		c.sealed, err = c.Dialect.Encode(c.sealed[:0], c.reply)
	}
	c.sealed = c.sealed[:0] // the reply has it: nobody prints it from here
	if err != nil {
		return fmt.Errorf("acquirer: answer to terminal %s: %w", c.terminal.Number, err)
	}
	return nil
}

// ref names the payment that the request is about, in evidence.
func (c *Call) ref() audit.Ref {
	k := c.key()
	return audit.Ref{Terminal: k.Terminal, Merchant: c.merchant.Number, Batch: k.Batch, Trace: k.Trace, Flow: c.spec.Flow}
}

// entry tells how the card came to the terminal; "" when the message does not.
func (c *Call) entry() pay.Entry {
	mode := c.req.Get(iso8583.EntryMode)
	return pay.Entry(mode[:min(2, len(mode)/2*2)])
}

// payment begins the record of a payment, with the card number or the payer's code sealed. What acts on a payment by code has no card
// of its own.
func (c *Call) payment() (Payment, error) {
	p := Payment{Ref: c.ref(), RRN: c.rrn, At: c.now, Amount: c.amount, Review: c.review, Token: c.token}
	if sent := c.req.Get(iso8583.TransmissionTime); len(sent) == 10 { // MMDDhhmmss
		p.Sent = sent[:4]
	}
	if c.original.RRN != "" {
		original := c.original.Key()
		p.Original = &original
	}
	p.Entry = c.entry()
	number, err := c.card.pan.Reveal(), error(nil)
	switch o := c.original; {
	case !c.card.code.IsZero():
		number, p.ByCode = c.card.code.Reveal(), true
	case number == "":
		p.Card, p.Sealed, p.ByCode, p.Credit = o.Card, o.Sealed, o.ByCode, o.Credit
		return p, nil
	}
	p.Card = pay.MaskPAN(number)
	p.Credit = slices.ContainsFunc(c.Rules.Credit, func(prefix string) bool { return strings.HasPrefix(number, prefix) })
	p.Sealed, err = c.HSM.Seal(KeyStore, []byte(number))
	return p, err
}

// nextRRN gives the next retrieval reference number: the day and a running number of six digits, as in DOMAIN.md H.3. A clock that was put
// back does not begin a day anew: its numbers are given out.
func (a *Acquirer) nextRRN(now time.Time) string {
	a.Trace.Consult("acquirer/rrn-day")
	if day := a.Rules.RRNDay(a.rrnDay, now.Format("060102")); day != a.rrnDay {
		a.rrnDay, a.rrnLast = day, 0
	}
	a.rrnLast = a.rrnLast%999999 + 1
	return a.rrnDay + pay.DigitsOf(int64(a.rrnLast), 6)
}

// sawRRN keeps replayed numbers from being given out again.
func (a *Acquirer) sawRRN(rrn string) {
	if len(rrn) != 12 {
		return
	}
	if n, err := strconv.Atoi(rrn[6:]); err == nil && (rrn[:6] > a.rrnDay || rrn[:6] == a.rrnDay && n > a.rrnLast) {
		a.rrnDay, a.rrnLast = rrn[:6], n
	}
}
