package acquirer

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// batchOpen refuses payments of a batch whose settlement has begun (DOMAIN.md A.13). 77 sends the till to sign in, which opens
// the next batch as soon as this one is settled; a reversal is taken all the same, since money is more than totals.
func batchOpen(c *Call) (pay.Answer, string) {
	if b := c.batch(c.terminal); b.Stage != Unsettled {
		return pay.Answer77SignInAgain, fmt.Sprintf("batch %s of terminal %s is %s", b.Number, b.Terminal, b.Stage)
	}
	return passed, ""
}

// totalsGiven reads what the terminal counted. Its answer has totals too, so a message without readable ones is a format error.
func totalsGiven(c *Call) (pay.Answer, string) {
	if answer, reason := currencyGiven(c); answer != passed {
		return answer, reason
	}
	var err error
	if c.totals, err = iso8583.ParseSettlement(c.req.Get(iso8583.SettlementData), c.amount.Currency); err != nil {
		return pay.Answer30Format, err.Error()
	}
	return passed, ""
}

// settle compares the terminal's totals with the books, cards of this country and others apart, and closes the batch to
// payments. The same totals may come again: the answer is worked out anew.
func settle(c *Call) {
	own, err := c.Rules.Totals(c)
	if err != nil {
		c.fail(err)
		return
	}
	said := c.totals
	said.Domestic.Result, said.Foreign.Result = iso8583.ResultNone, iso8583.ResultNone
	told := c.Rules.Told(c, said, own)
	told.Domestic.Result, told.Foreign.Result = c.Rules.Compare(said.Domestic, own.Domestic), c.Rules.Compare(said.Foreign, own.Foreign)
	digits, err := told.Digits()
	if err != nil {
		c.fail(err)
		return
	}
	c.fill(iso8583.SettlementData, digits)
	c.fill(iso8583.Currency, c.amount.Currency.Digits())
	b := c.batch(c.terminal)
	b.At, b.Said, b.Own = c.now, said, own
	b.Balanced = told.Domestic.Result == iso8583.ResultBalanced && told.Foreign.Result == iso8583.ResultBalanced
	if b.Stage == Unsettled {
		b.Stage = Settling
	}
	c.finish(change{batches: []Batch{b}}, c.approval(), "settlement",
		fmt.Sprintf("batch %s: results %d and %d", b.Number, told.Domestic.Result, told.Foreign.Result))
}

// tellTotals gives the totals that the till is answered: the acquirer's own, or those it said where the dialect's switch wants
// it so (DOMAIN.md A.13, K.12).
func tellTotals(c *Call, said, own iso8583.Settlement) iso8583.Settlement {
	if c.Dialect.Switches.HostTotals {
		return own
	}
	return said
}

// batchTotals sums the terminal's batch by direction and by the card's origin. What was reversed does not count; what was
// voided counts, and its void counts on the other side (DOMAIN.md A.13). Deposits are no payments yet.
func batchTotals(c *Call) (iso8583.Settlement, error) {
	zero := iso8583.Totals{Debit: c.amount, Credit: c.amount}
	s := iso8583.Settlement{Domestic: zero, Foreign: zero}
	for p := range c.paymentsIn(Key{Terminal: c.terminal.Number, Batch: c.terminal.Batch}) {
		credit, counted := c.side(p)
		if !counted || p.Amount.Currency != c.amount.Currency {
			continue
		}
		of := &s.Domestic
		if c.foreign(p.Card) {
			of = &s.Foreign
		}
		sum, count := &of.Debit, &of.DebitCount
		if credit {
			sum, count = &of.Credit, &of.CreditCount
		}
		total, err := sum.Add(p.Amount)
		if err != nil {
			return s, fmt.Errorf("totals of batch %s: %w", c.terminal.Batch, err)
		}
		*sum = total
		*count++
	}
	return s, nil
}

// paymentsIn gives the payments of a batch as they came.
func (a *Acquirer) paymentsIn(batch Key) iter.Seq[Payment] {
	return func(yield func(Payment) bool) {
		for _, n := range a.inBatch[batch] {
			if !yield(a.payments[a.order[n]]) {
				return
			}
		}
	}
}

// side tells on which side of the totals a payment counts, if it does.
func (c *Call) side(p Payment) (credit, counted bool) {
	kind := p.Ref.Flow.Kind()
	credit = kind.GivesBack()
	return credit, (p.State == Approved || p.State == Charged) && (credit || kind == pay.Sale || kind == pay.Completion)
}

// foreign tells by the first digits of a card number, which masking leaves.
func (a *Acquirer) foreign(masked string) bool {
	return masked != "" && !slices.ContainsFunc(a.Rules.Domestic, func(prefix string) bool { return strings.HasPrefix(masked, prefix) })
}

func compare(said, own iso8583.Totals) iso8583.SettlementResult {
	if said == own {
		return iso8583.ResultBalanced
	}
	return iso8583.ResultUnbalanced
}

// settling lets uploads come between the settlement and the upload's end; and an end once more, since the answer to the
// first may have been lost.
func settling(c *Call) (pay.Answer, string) {
	if stage := c.batch(c.terminal).Stage; stage == Settling || stage == Settled && c.spec.Flow == pay.UploadEnd {
		return passed, ""
	}
	return pay.Answer12Invalid, "batch " + c.terminal.Batch + " is not being settled"
}

// upload takes rows of the batch.
func upload(c *Call) {
	rows, err := iso8583.ParseBatchRows(c.req.Get(iso8583.SettlementData), c.Rules.Currencies[0])
	if err != nil {
		c.decline(pay.Answer30Format, "rows", err.Error())
		return
	}
	all := make([]Upload, len(rows))
	for i, row := range rows {
		all[i] = Upload{Trace: row.Trace, Amount: row.Amount, Foreign: row.Foreign}
	}
	c.take(all)
}

// uploadOne takes one payment of the batch in its own fields: a chip's, a refund, an advice. Its trace number is the
// payment's.
func uploadOne(c *Call) {
	if answer, reason := amountGiven(c); answer != passed {
		c.decline(answer, "amount", reason)
		return
	}
	u := Upload{Trace: c.req.Get(iso8583.Trace), Amount: c.amount, Foreign: c.foreign(c.req.Get(iso8583.PAN))}
	_, good, chip := tcCode(c.req.Get(iso8583.NetworkCode))
	u.Failed = chip && !good
	c.take([]Upload{u})
}

// tcCode reads the network code of a chip's upload (DOMAIN.md A.5.1).
func tcCode(code string) (balanced, good, known bool) {
	i := slices.Index([]string{"203", "204", "205", "206"}, code)
	return i == 0 || i == 1, i == 0 || i == 2, i >= 0
}

// tcFits holds the code of a chip's upload to the batch and to the books: 203 and 204 where the totals balanced, 205 and 206 where
// they did not; 204 and 206 for what the chip or the ARPC refused, which stands in no totals.
func tcFits(c *Call) (pay.Answer, string) {
	code, b := c.req.Get(iso8583.NetworkCode), c.batch(c.terminal)
	balanced, good, _ := tcCode(code)
	p := c.payments[Key{b.Terminal, b.Number, c.req.Get(iso8583.Trace)}]
	switch {
	case balanced != b.Balanced:
		return pay.Answer12Invalid, fmt.Sprintf("%s is not for a batch that is balanced: %t", code, b.Balanced)
	case good != (p.State == Approved):
		return pay.Answer12Invalid, fmt.Sprintf("%s is not for a payment that is %q in the books", code, p.State)
	}
	return passed, ""
}

// take keeps uploads; what differs from the books is noted for people.
func (c *Call) take(all []Upload) {
	b := c.batch(c.terminal)
	for _, u := range all {
		p, known := c.payments[Key{b.Terminal, b.Number, u.Trace}]
		if u.Failed {
			continue
		}
		if !known || p.State != Approved || p.Amount.Minor != u.Amount.Minor || c.foreign(p.Card) != u.Foreign {
			c.note(c.now, trace.Noted, "upload", fmt.Sprintf("row %s of %s is not in the books", u.Trace, u.Amount))
		}
	}
	c.Trace.Consult("acquirer/uploads")
	b.Uploaded = c.Rules.Uploads(b.Uploaded, all)
	c.finish(change{batches: []Batch{b}}, c.approval(), "upload", fmt.Sprintf("%d payments so far", len(b.Uploaded)))
}

// gather adds uploads to those that came before. One that comes again counts once.
func gather(before, now []Upload) []Upload {
	all := slices.Clone(before)
	for _, u := range now {
		if !slices.ContainsFunc(all, func(was Upload) bool { return was.Trace == u.Trace }) {
			all = append(all, u)
		}
	}
	return all
}

// uploadComplete holds the end's count to what came: 95 sends the till to upload again (DOMAIN.md C).
func uploadComplete(c *Call) (pay.Answer, string) {
	n, err := iso8583.ParseUploadCount(c.req.Get(iso8583.SettlementData))
	came := len(c.batch(c.terminal).Uploaded)
	switch {
	case err != nil:
		return pay.Answer30Format, err.Error()
	case n != came:
		return pay.Answer95TotalsDiffer, fmt.Sprintf("%d payments came, the end says %d", came, n)
	}
	return passed, ""
}

// endRepeat takes an end once more of a batch that is settled and has given way to another: the answer to the first was lost.
func endRepeat(c *Call) (pay.Answer, string) {
	number := c.req.Get(iso8583.Batch)
	if number != c.terminal.Batch && c.batches[Key{Terminal: c.terminal.Number, Batch: number}].Stage == Settled {
		return pay.Answer00Approved, "batch " + number + " is settled already"
	}
	return passed, ""
}

// endUpload ends the settlement: the batch is settled. Where no sign-out follows, the next one begins at once. Payments of a batch that did not balance which the till has not
// uploaded are noted for people.
func endUpload(c *Call) {
	b := c.batch(c.terminal)
	b.Stage = Settled
	made := change{batches: []Batch{b}}
	if c.Rules.OpensNext(c.Dialect.Switches) {
		made.terminals = []Terminal{made.open(c.terminal, c.Rules.NextBatch(b.Number))}
	}
	for p := range c.paymentsIn(b.Key()) {
		if _, counted := c.side(p); b.Balanced || !counted {
			continue
		}
		if !slices.ContainsFunc(b.Uploaded, func(u Upload) bool { return u.Trace == p.Ref.Trace }) {
			c.note(c.now, trace.Noted, "upload", fmt.Sprintf("%s of %s was not uploaded", p.Key(), p.Amount))
		}
	}
	c.finish(made, c.approval(), "upload-end", "batch "+b.Number+" is settled")
}
