package acquirer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// batchOpen refuses payments of a batch whose settlement has begun (DOMAIN.md A.13). 77 sends the till to sign in, which opens
// the next batch as soon as this one is settled; a reversal is taken all the same, since money is more than totals.
func batchOpen(c *Call) (pay.Answer, string) {
	if c.terminal.Settlement != Unsettled {
		return pay.Answer77SignInAgain, fmt.Sprintf("batch %s of terminal %s is %s", c.terminal.Batch, c.terminal.Number, c.terminal.Settlement)
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
	told := own
	if !c.Dialect.Switches.HostTotals {
		told = said
	}
	told.Domestic.Result, told.Foreign.Result = c.Rules.Compare(said.Domestic, own.Domestic), c.Rules.Compare(said.Foreign, own.Foreign)
	digits, err := told.Digits()
	if err != nil {
		c.fail(err)
		return
	}
	c.fill(iso8583.SettlementData, digits)
	c.fill(iso8583.Currency, c.amount.Currency.Digits())
	t := c.terminal
	t.Settlement = Settling
	c.finish(change{terminals: []Terminal{t}}, c.approval(), "settlement",
		fmt.Sprintf("batch %s: results %d and %d", t.Batch, told.Domestic.Result, told.Foreign.Result))
}

// batchTotals sums the terminal's batch by direction and by the card's origin. What was reversed does not count; what was
// voided counts, and its void counts on the other side (DOMAIN.md A.13). Deposits are no payments yet.
func batchTotals(c *Call) (iso8583.Settlement, error) {
	zero := iso8583.Totals{Debit: c.amount, Credit: c.amount}
	s := iso8583.Settlement{Domestic: zero, Foreign: zero}
	for _, k := range c.order {
		p := c.payments[k]
		if k.Terminal != c.terminal.Number || k.Batch != c.terminal.Batch || p.State != Approved || p.Amount.Currency != c.amount.Currency {
			continue
		}
		side := &s.Domestic
		if c.foreign(p.Card) {
			side = &s.Foreign
		}
		var err error
		switch kind := p.Ref.Flow.Kind(); {
		case kind == pay.Sale || kind == pay.Completion:
			side.DebitCount++
			side.Debit, err = side.Debit.Add(p.Amount)
		case kind.GivesBack():
			side.CreditCount++
			side.Credit, err = side.Credit.Add(p.Amount)
		}
		if err != nil {
			return s, fmt.Errorf("totals of batch %s: %w", c.terminal.Batch, err)
		}
	}
	return s, nil
}

// foreign tells by the first digits of a card number, which masking leaves.
func (c *Call) foreign(masked string) bool {
	return !slices.ContainsFunc(c.Rules.Domestic, func(prefix string) bool { return strings.HasPrefix(masked, prefix) })
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
	if c.terminal.Settlement == Settling || c.terminal.Settlement == Settled && c.spec.Flow == pay.UploadEnd {
		return passed, ""
	}
	return pay.Answer12Invalid, "batch " + c.terminal.Batch + " is not being settled"
}

// upload takes rows of the batch. A row that comes again counts once; what differs from the books is noted for people.
func upload(c *Call) {
	rows, err := iso8583.ParseBatchRows(c.req.Get(iso8583.SettlementData), c.Rules.Currencies[0])
	if err != nil {
		c.decline(pay.Answer30Format, "rows", err.Error())
		return
	}
	t := c.terminal
	t.Uploaded = slices.Clone(t.Uploaded)
	for _, row := range rows {
		p, known := c.payments[Key{t.Number, t.Batch, row.Trace}]
		if !known || p.State != Approved || p.Amount.Minor != row.Amount.Minor || c.foreign(p.Card) != row.Foreign {
			c.note(c.now, trace.Noted, "upload", fmt.Sprintf("row %s of %s is not in the books", row.Trace, row.Amount))
		}
		if !slices.Contains(t.Uploaded, row.Trace) {
			t.Uploaded = append(t.Uploaded, row.Trace)
		}
	}
	c.finish(change{terminals: []Terminal{t}}, c.approval(), "upload", fmt.Sprintf("%d payments so far", len(t.Uploaded)))
}

// uploadOne takes one payment of the batch in its own fields: a chip's, a refund, an advice. Its trace number is the
// payment's.
func uploadOne(c *Call) {
	t := c.terminal
	if number := c.req.Get(iso8583.Trace); !slices.Contains(t.Uploaded, number) {
		t.Uploaded = append(slices.Clone(t.Uploaded), number)
	}
	c.finish(change{terminals: []Terminal{t}}, c.approval(), "upload", fmt.Sprintf("%d payments so far", len(t.Uploaded)))
}

// uploadComplete holds the end's count to what came: 95 sends the till to upload again (DOMAIN.md C).
func uploadComplete(c *Call) (pay.Answer, string) {
	n, err := iso8583.ParseUploadCount(c.req.Get(iso8583.SettlementData))
	switch {
	case err != nil:
		return pay.Answer30Format, err.Error()
	case n != len(c.terminal.Uploaded):
		return "95", fmt.Sprintf("%d payments came, the end says %d", len(c.terminal.Uploaded), n)
	}
	return passed, ""
}

// endUpload ends the settlement: the batch is settled.
func endUpload(c *Call) {
	t := c.terminal
	t.Settlement = Settled
	c.finish(change{terminals: []Terminal{t}}, c.approval(), "upload-end", "batch "+t.Batch+" is settled")
}
