package acquirer

import (
	"cmp"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// authorize asks the issuer. That it is asked stands in the journal first: after a restart nobody else would know that money may
// have moved there.
func authorize(c *Call) {
	p, err := c.payment()
	if err != nil {
		c.fail(err)
		return
	}
	if c.condition.NoIssuer {
		c.decline(pay.Answer91IssuerDown, "issuer-line", "the line to the issuer is down")
		return
	}
	p.State = Pending
	q := &questionOut{call: c, key: p.Key(), rrn: p.RRN, message: c.question(p)}
	c.commit(change{payments: []Payment{p}}, func() { c.ask(q) })
}

// advise decides alone and tells the issuer: what the till says has happened, and the till repeats it until it is answered.
func advise(c *Call) {
	p, err := c.payment()
	if err != nil {
		c.fail(err)
		return
	}
	p.State, p.Answer, p.Undo = Approved, pay.Answer00Approved, c.Rules.Advised
	p.AuthCode = cmp.Or(c.original.AuthCode, c.req.Get(iso8583.AuthCode)) // of an offline sale: what was spoken
	c.Trace.Consult("acquirer/certificate")
	if p.Certificate, err = c.Rules.Certificate(c); err != nil {
		c.fail(err)
		return
	}
	w := c.begin(c.now)
	w.put(p)
	c.Trace.Consult("acquirer/post")
	if err := c.Rules.Post(w, p); err != nil {
		c.decline(pay.Answer96Malfunction, "books", err.Error())
		return
	}
	c.finish(w.change(), p.stored(c.now), "advice", "the issuer is told")
}

// ask sends the question and waits for what comes first, the answer or the timeout.
func (c *Call) ask(q *questionOut) {
	q.due = c.now.Add(c.Rules.IssuerTimeout)
	c.askIssuer(c.now, q.message, c.out, func(now time.Time, answer *iso8583.Message) {
		c.now, q.call, q.message = now, nil, nil
		c.answered(q.key, q.rrn, answer)
	})
	if q.call != nil {
		c.wait(q)
	}
}

// questionOut is a question on its way. One timer serves all that are: most are answered long before.
type questionOut struct {
	call    *Call // nil: it was answered
	message *iso8583.Message
	key     Key
	rrn     string
	due     time.Time
}

// wait sees to it that a question ends in time.
func (c *Call) wait(q *questionOut) {
	for len(c.asked) > 0 && c.asked[0].call == nil {
		c.asked = c.asked[1:]
	}
	c.asked = append(c.asked, q)
	c.watch(c.now, c.out)
}

// watch comes when the first question is due.
func (a *Acquirer) watch(now time.Time, out iso8583.Outbox) {
	if a.watched || len(a.asked) == 0 {
		return
	}
	a.watched = true
	out.After(a.asked[0].due.Sub(now), func(now time.Time) {
		a.watched = false
		a.overdue(now)
		a.watch(now, out)
	})
}

// overdue ends what was asked too long ago.
func (a *Acquirer) overdue(now time.Time) {
	for len(a.asked) > 0 && (a.asked[0].call == nil || !now.Before(a.asked[0].due)) {
		q := a.asked[0]
		a.asked = a.asked[1:]
		if p, waiting := a.pending(q.key, q.rrn); q.call != nil && waiting {
			q.call.now = now
			q.call.abandon(p, pay.Answer98NoAnswer, "issuer-timeout", fmt.Sprintf("no answer from the issuer within %s", a.Rules.IssuerTimeout))
		}
	}
}

// abandon ends a payment that the issuer may have approved without one: the merchant gets no money, and the issuer a
// reversal.
func (c *Call) abandon(p Payment, answer pay.Answer, rule, reason string) {
	p = p.abandoned(answer, c.Rules)
	c.finish(change{payments: []Payment{p}}, p.stored(c.now), rule, reason)
}

// pending gives the payment if it still waits for the issuer.
func (a *Acquirer) pending(k Key, rrn string) (Payment, bool) {
	p := a.payments[k]
	return p, p.State == Pending && p.RRN == rrn
}

// answered takes the issuer's decision: an approval is posted, and a payment that has ended meanwhile stays ended.
func (c *Call) answered(k Key, rrn string, answer *iso8583.Message) {
	p, waiting := c.pending(k, rrn)
	if !waiting {
		c.note(c.now, trace.Trouble, "late", "the issuer's answer for "+answer.Get(iso8583.RRN)+" came when the payment had ended")
		return
	}
	p.Answer, p.State = pay.Answer(answer.Get(iso8583.AnswerCode)), Declined
	reason := "the issuer declined"
	if c.IssuerDialect.Answer(p.Answer).Category == iso8583.CategoryApproved {
		p.State, p.AuthCode, reason = Approved, answer.Get(iso8583.AuthCode), "the issuer approved"
		c.Trace.Consult("acquirer/part")
		p = c.Rules.Part(p, answer)
	}
	w := c.begin(c.now)
	w.put(p)
	if c.Rules.Posts(p) {
		c.Trace.Consult("acquirer/post")
		if err := c.Rules.Post(w, p); err != nil {
			c.abandon(p, pay.Answer96Malfunction, "books", err.Error())
			return
		}
	}
	if digits, err := p.Amount.Digits(); err == nil && p.Asked.Minor != 0 {
		c.fill(iso8583.Amount, digits)
	}
	stored := p.stored(c.now)
	stored.Balance, stored.Chip = answer.Get(iso8583.Balance), answer.Get(iso8583.Chip)
	c.finish(w.change(), stored, "issuer", reason)
}
