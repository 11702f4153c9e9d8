package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Batch is what a party says of a batch that it settles (DOMAIN.md A.13).
type Batch struct {
	Domestic Totals `json:"domestic"`
	Foreign  Totals `json:"foreign"`
	Balanced bool   `json:"balanced"`       // both parties' totals were found to be the same
	Rows     []Row  `json:"rows,omitempty"` // acquirer: the payments that were uploaded
}

// Totals are the sums of a batch, of cards of one origin.
type Totals struct {
	Debit   pay.Amount `json:"debit,omitzero"`
	Debits  int        `json:"debits"`
	Credit  pay.Amount `json:"credit,omitzero"`
	Credits int        `json:"credits"`
}

// String gives counts and sums.
func (t Totals) String() string {
	return fmt.Sprintf("debit %d of %s, credit %d of %s", t.Debits, t.Debit, t.Credits, t.Credit)
}

// same compares; nothing is nothing in any currency.
func (t Totals) same(o Totals) bool {
	equal := func(a, b pay.Amount) bool { return a == b || a.Minor == 0 && b.Minor == 0 }
	return t.Debits == o.Debits && t.Credits == o.Credits && equal(t.Debit, o.Debit) && equal(t.Credit, o.Credit)
}

// Row is one uploaded payment.
type Row struct {
	Trace   string     `json:"trace"`
	Amount  pay.Amount `json:"amount"`
	Foreign bool       `json:"foreign,omitempty"`
}

// batch is what till and acquirer state of one batch; nil for nothing.
type batch struct {
	ref            Ref
	till, acquirer *Statement
	payments       []*payment
	statements     []Statement
}

// batchOf gives the batch that a statement names.
func (c *hearing) batchOf(r Ref) *batch {
	i := slices.IndexFunc(c.batches, func(b *batch) bool { return b.ref.Terminal == r.Terminal && b.ref.Batch == r.Batch })
	if i < 0 {
		c.batches = append(c.batches, &batch{ref: r})
		i = len(c.batches) - 1
	}
	return c.batches[i]
}

// settles takes what a party states of a batch.
func (c *hearing) settles(s Statement) {
	if s.Batch == nil {
		c.unnamed = append(c.unnamed, s)
		return
	}
	b := c.batchOf(s.Ref)
	b.statements = append(b.statements, s)
	if s.Role == Terminal {
		b.till = &s
	} else {
		b.acquirer = &s
	}
}

// settlements judges the batches: each party's totals are the sum of its payments, by direction and by the card's origin, and
// what the till calls settled is what the acquirer has.
func (c *hearing) settlements() (breaks []Break) {
	for _, b := range c.batches {
		for _, p := range c.payments {
			if p.ref.Terminal == b.ref.Terminal && p.ref.Batch == b.ref.Batch {
				b.payments = append(b.payments, p)
			}
		}
		for _, r := range batchRules() {
			for _, text := range r.judge(c, b) {
				breaks = append(breaks, Break{Rule: r.name, Text: fmt.Sprintf("%s/%s: %s", b.ref.Terminal, b.ref.Batch, text), Ref: b.ref, Statements: b.statements})
			}
		}
	}
	return breaks
}

// batchRule says what must hold for a batch.
type batchRule struct {
	name  string
	judge func(*hearing, *batch) []string
}

func batchRules() []batchRule {
	return []batchRule{
		{"batch-twice", batchTwice},
		{"batch-totals", batchTotals},
		{"batch-settled", batchSettled},
		{"batch-judged", batchJudged},
		{"batch-uploads", batchUploads},
		{"batch-agree", batchAgree},
	}
}

// batchTwice: a batch is settled once.
func batchTwice(_ *hearing, b *batch) (lines []string) {
	for _, role := range []Role{Terminal, Acquirer} {
		n := 0
		for _, s := range b.statements {
			if s.Role == role {
				n++
			}
		}
		if n > 1 {
			lines = append(lines, fmt.Sprintf("the %s states %d settlements of it", role, n))
		}
	}
	return lines
}

// batchTotals: a party's totals are the sum of what it states of the batch's payments.
func batchTotals(_ *hearing, b *batch) (lines []string) {
	for _, s := range []*Statement{b.till, b.acquirer} {
		if s == nil {
			continue
		}
		sums := map[bool]Totals{}
		for _, p := range b.payments {
			if e, ok := p.entry(s); ok {
				sums[e.foreign] = sums[e.foreign].with(e)
			}
		}
		for _, of := range []struct {
			name     string
			said, is Totals
		}{{"domestic", s.Batch.Domestic, sums[false]}, {"foreign", s.Batch.Foreign, sums[true]}} {
			if !of.said.same(of.is) {
				lines = append(lines, fmt.Sprintf("the %s's totals of %s cards are %s; its payments come to %s", s.Role, of.name, of.said, of.is))
			}
		}
	}
	return lines
}

// batchSettled: what the till calls settled is settled at the acquirer.
func batchSettled(c *hearing, b *batch) []string {
	switch {
	case b.till == nil || b.till.Fact != Settled || !c.hosts[Acquirer]:
		return nil
	case b.acquirer == nil:
		return []string{"the till has settled it, the acquirer never began to"}
	case b.acquirer.Fact != Settled:
		return []string{fmt.Sprintf("the till has settled it, the acquirer states %s", b.acquirer.Fact)}
	}
	return nil
}

// both gives what the two state of a batch that the till has done with.
func (b *batch) both() (till, acquirer *Batch, ok bool) {
	if b.till == nil || b.acquirer == nil || b.till.Fact != Settled {
		return nil, nil, false
	}
	return b.till.Batch, b.acquirer.Batch, true
}

// batchJudged: a batch balances when both parties' totals are the same, and only then. Of a host whose books nobody sees there is its answer: its totals must
// be the till's, unless the till has given something up.
func batchJudged(c *hearing, b *batch) (lines []string) {
	if !c.hosts[Acquirer] && b.till != nil && b.till.Fact == Settled && !b.till.Batch.Balanced && !slices.ContainsFunc(b.payments, (*payment).givenUp) {
		return []string{fmt.Sprintf("the host answers that its totals differ; the till has %s and from abroad %s", b.till.Batch.Domestic, b.till.Batch.Foreign)}
	}
	till, acquirer, ok := b.both()
	if !ok {
		return nil
	}
	same := till.Domestic.same(acquirer.Domestic) && till.Foreign.same(acquirer.Foreign)
	for _, s := range []*Statement{b.till, b.acquirer} {
		if s.Batch.Balanced != same {
			lines = append(lines, fmt.Sprintf("the %s says balanced %t; the till has %s and from abroad %s, the acquirer %s and from abroad %s", s.Role, s.Batch.Balanced,
				till.Domestic, till.Foreign, acquirer.Domestic, acquirer.Foreign))
		}
	}
	return lines
}

// batchUploads: of a batch that did not balance each of the till's payments was uploaded, once, and nothing else.
func batchUploads(_ *hearing, b *batch) (lines []string) {
	till, acquirer, ok := b.both()
	if !ok || till.Balanced {
		return nil
	}
	came := slices.Clone(acquirer.Rows)
	for _, p := range b.payments {
		e, counts := p.entry(b.till)
		if !counts {
			continue
		}
		row := Row{p.ref.Trace, e.amount, e.foreign}
		if i := slices.Index(came, row); i >= 0 {
			came = slices.Delete(came, i, i+1)
		} else {
			lines = append(lines, fmt.Sprintf("the till counts %s, which was not uploaded so", row))
		}
	}
	for _, row := range came {
		lines = append(lines, fmt.Sprintf("%s was uploaded, which the till does not count so", row))
	}
	return lines
}

// String names a row by its trace number.
func (r Row) String() string {
	if r.Foreign {
		return fmt.Sprintf("%s of %s from abroad", r.Trace, r.Amount)
	}
	return fmt.Sprintf("%s of %s", r.Trace, r.Amount)
}

// batchAgree: till and acquirer count the same payments in the same way. What the till has given up reversing stands on its
// exception list: people know.
func batchAgree(_ *hearing, b *batch) (lines []string) {
	if _, _, ok := b.both(); !ok {
		return nil
	}
	for _, p := range b.payments {
		till, _ := p.entry(b.till)
		acquirer, _ := p.entry(b.acquirer)
		if till != acquirer && !p.givenUp() {
			lines = append(lines, fmt.Sprintf("%s: the till counts %s, the acquirer %s", p.ref.Trace, till, acquirer))
		}
	}
	return lines
}

func (p *payment) givenUp() bool { return p.till.fact() == Exception }

// entry is how a payment counts in totals; the zero entry is not at all.
type entry struct {
	credit, foreign bool
	amount          pay.Amount
}

func (e entry) String() string {
	if e == (entry{}) {
		return "nothing"
	}
	words := []string{"a debit"}
	if e.credit {
		words = []string{"a credit"}
	}
	words = append(words, "of", e.amount.String())
	if e.foreign {
		words = append(words, "from abroad")
	}
	return strings.Join(words, " ")
}

func (t Totals) with(e entry) Totals {
	if e.credit {
		t.Credits, t.Credit = t.Credits+1, add(t.Credit, e.amount)
	} else {
		t.Debits, t.Debit = t.Debits+1, add(t.Debit, e.amount)
	}
	return t
}

// entry gives how a payment counts for the party that has settled its batch: at the till what was approved and moves money,
// at the acquirer what its ledger had moved, and not taken back, when it compared the totals. What was charged back has been sold all
// the same: the till counts it, and so does the acquirer.
func (p *payment) entry(settled *Statement) (entry, bool) {
	if settled.Role == Acquirer {
		return p.acquirer.entryAt(settled.At)
	}
	kind := p.ref.Flow.Kind()
	credit := kind.GivesBack()
	if p.till.fact() != Approved || p.till.amount().Minor == 0 || !credit && kind != pay.Sale && kind != pay.Completion {
		return entry{}, false
	}
	last := p.till.decisions[len(p.till.decisions)-1]
	return entry{credit, last.Foreign, last.Amount}, true
}

func (b *book) entryAt(at time.Time) (e entry, ok bool) {
	for _, m := range b.moves {
		if m.At.After(at) {
			continue
		}
		switch m.Fact {
		case Posted, Refunded:
			e, ok = entry{m.Fact == Refunded, m.Foreign, m.Amount}, true
		case Undone, Restored:
			if b.fact() != Charged {
				e, ok = entry{}, false
			}
		}
	}
	return e, ok
}
