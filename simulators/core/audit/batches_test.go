package audit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// closing is a batch of two sales, one of them by a foreign card, the other voided, settled by both parties.
type closing struct {
	history
	till, acquirer *Statement
}

func closed(t *testing.T, change func(*closing)) []Break {
	t.Helper()
	c := &closing{history: *begin()}
	sale := c.payment(10_00, Approved, "posted approved", "posted approved")
	c.flow(pay.Void, 10_00, Approved, "refunded approved", "refunded approved", sale)
	c.payment(7_00, Approved, "posted approved", "posted approved")
	for i := range c.list {
		c.list[i].Foreign = c.list[i].Ref.Trace == "000003"
	}
	state := func(role Role) *Statement {
		return &Statement{At: time.Date(2026, 6, 1, 22, 0, 0, 0, time.UTC), Role: role, Party: string(role), Fact: Settled, Ref: Ref{Terminal: "10000001", Batch: "000001"},
			Batch: &Batch{Balanced: true, Domestic: Totals{Debit: pay.CNY(10_00), Debits: 1, Credit: pay.CNY(10_00), Credits: 1},
				Foreign: Totals{Debit: pay.CNY(7_00), Debits: 1, Credit: pay.CNY(0)}}}
	}
	c.till, c.acquirer = state(Terminal), state(Acquirer)
	change(c)
	for _, s := range []*Statement{c.till, c.acquirer} {
		if s != nil {
			c.list = append(c.list, *s)
		}
	}
	return judge(c.end())
}

func TestBatches(t *testing.T) {
	given := func(c *closing) { // up by the till: the acquirer has it
		c.payment(5_00, Exception, "posted approved", "posted approved")
		c.acquirer.Batch.Domestic.Debit, c.acquirer.Batch.Domestic.Debits = pay.CNY(15_00), 2
		c.till.Batch.Balanced, c.acquirer.Batch.Balanced = false, false
		c.acquirer.Batch.Rows = []Row{{"000001", pay.CNY(10_00), false}, {"000002", pay.CNY(10_00), false}, {"000003", pay.CNY(7_00), true}}
	}
	for _, test := range []struct {
		name   string
		change func(*closing)
		want   string // the first break; "" for none
	}{
		{"balanced", func(*closing) {}, ""},
		{"unbalanced by what the till has given up", given, ""},
		{"half done", func(c *closing) { c.till.Fact, c.acquirer.Fact = Settling, Settling }, ""},
		{"reversed after the totals", func(c *closing) {
			ref := c.payment(5_00, Reversed, "posted undone reversed", "posted undone reversed")
			for i, s := range c.list {
				if s.Ref == ref && s.Fact == Undone {
					c.list[i].At = c.acquirer.At.Add(time.Second)
				}
			}
			c.acquirer.Batch.Domestic.Debit, c.acquirer.Batch.Domestic.Debits = pay.CNY(15_00), 2
		}, "batch-judged: 10000001/000001: the terminal says balanced true; the till has debit 1 of 10.00 CNY"},
		{"charged back before the totals", func(c *closing) {
			c.flow(pay.OfflineSale, 5_00, Approved, "posted undone charged", "declined")
			for _, b := range []*Batch{c.till.Batch, c.acquirer.Batch} {
				b.Domestic.Debit, b.Domestic.Debits = pay.CNY(15_00), 2
			}
		}, ""},
		{"only the till speaks", func(c *closing) {
			c.list = slices.DeleteFunc(c.list, func(s Statement) bool { return s.Role != Terminal })
			c.booked, c.acquirer = map[side]int64{}, nil
		}, ""},
		{"the void counts as a debit at the till", func(c *closing) {
			c.till.Batch.Domestic = Totals{Debit: pay.CNY(20_00), Debits: 2}
		}, "batch-totals: 10000001/000001: the terminal's totals of domestic cards are debit 2 of 20.00 CNY, credit 0 of 0; its payments come to debit 1"},
		{"the acquirer forgets the foreign card", func(c *closing) { c.acquirer.Batch.Foreign = Totals{} },
			"batch-totals: 10000001/000001: the acquirer's totals of foreign cards are"},
		{"the acquirer knows nothing of it", func(c *closing) { c.acquirer = nil },
			"batch-settled: 10000001/000001: the till has settled it, the acquirer never began to"},
		{"the acquirer has not ended", func(c *closing) { c.acquirer.Fact = Settling },
			"batch-settled: 10000001/000001: the till has settled it, the acquirer states settling"},
		{"unbalanced for no reason", func(c *closing) { c.acquirer.Batch.Balanced = false },
			"batch-judged: 10000001/000001: the acquirer says balanced false"},
		{"an upload is missing", func(c *closing) {
			given(c)
			c.acquirer.Batch.Rows = c.acquirer.Batch.Rows[1:]
		}, "batch-uploads: 10000001/000001: the till counts 000001 of 10.00 CNY, which was not uploaded so"},
		{"an upload too many", func(c *closing) {
			given(c)
			c.acquirer.Batch.Rows = append(c.acquirer.Batch.Rows, Row{"000009", pay.CNY(1), false})
		}, "batch-uploads: 10000001/000001: 000009 of 0.01 CNY was uploaded, which the till does not count so"},
		{"the origin differs", func(c *closing) {
			for i, s := range c.list {
				c.list[i].Foreign = s.Foreign && s.Role != Terminal
			}
			c.till.Batch.Domestic.Debit, c.till.Batch.Domestic.Debits, c.till.Batch.Foreign = pay.CNY(17_00), 2, Totals{}
			c.till.Batch.Balanced, c.acquirer.Batch.Balanced = false, false
			c.acquirer.Batch.Rows = []Row{{"000001", pay.CNY(10_00), false}, {"000002", pay.CNY(10_00), false}, {"000003", pay.CNY(7_00), false}}
		}, "batch-agree: 10000001/000001: 000003: the till counts a debit of 7.00 CNY, the acquirer a debit of 7.00 CNY from abroad"},
		{"settled twice", func(c *closing) { c.list = append(c.list, *c.till) }, "batch-twice: 10000001/000001: the terminal states 2 settlements of it"},
		{"a settlement of nothing", func(c *closing) { c.till.Batch = nil }, "unnamed: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			breaks := closed(t, test.change)
			var got string
			if len(breaks) > 0 {
				got = breaks[0].Rule + ": " + breaks[0].Text
			}
			if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Of a host whose books nobody sees, what it answers is held against what the till has.
func TestHostThatOnlyAnswers(t *testing.T) {
	sale := Ref{Terminal: "10000001", Batch: "000001", Trace: "000001", Flow: pay.Sale}
	at := func(flow pay.Flow, trace string, fen int64, fact Fact, of ...Ref) Statement {
		s := Statement{Role: Terminal, Party: "T1", Fact: fact, Ref: Ref{Terminal: "10000001", Batch: "000001", Trace: trace, Flow: flow}, Amount: pay.CNY(fen)}
		if len(of) > 0 {
			s.Original = &of[0]
		}
		return s
	}
	sold := at(pay.Sale, "000001", 10_00, Approved)
	settled := func(balanced bool, credit int64, credits int) Statement {
		return Statement{Role: Terminal, Party: "T1", Fact: Settled, Ref: Ref{Terminal: "10000001", Batch: "000001"},
			Batch: &Batch{Balanced: balanced, Domestic: Totals{Debit: pay.CNY(10_00), Debits: 1, Credit: pay.CNY(credit), Credits: credits}}}
	}
	for _, test := range []struct {
		name string
		list []Statement
		want string
	}{
		{"refunded in two parts", []Statement{sold, at(pay.Refund, "000002", 6_00, Approved, sale), at(pay.Refund, "000003", 4_00, Approved, sale)}, ""},
		{"refunded twice", []Statement{sold, at(pay.Refund, "000002", 10_00, Approved, sale), at(pay.Refund, "000003", 10_00, Approved, sale)},
			"refunds: 10000001/000001/000001: the till was told yes to 10.00 CNY, and to 20.00 CNY of it back"},
		{"the second refund declined", []Statement{sold, at(pay.Refund, "000002", 10_00, Approved, sale), at(pay.Refund, "000003", 10_00, Declined, sale)}, ""},
		{"voided and refunded", []Statement{sold, at(pay.Void, "000002", 10_00, Approved, sale), at(pay.Refund, "000003", 1, Approved, sale)},
			"refunds: 10000001/000001/000001: the till was told yes to 10.00 CNY, and to 10.01 CNY of it back"},
		{"totals agree", []Statement{sold, settled(true, 0, 0)}, ""},
		{"totals differ", []Statement{sold, settled(false, 0, 0)},
			"batch-judged: 10000001/000001: the host answers that its totals differ; the till has debit 1 of 10.00 CNY"},
		{"totals differ by what the till has given up", []Statement{sold, at(pay.Sale, "000002", 5_00, Exception), settled(false, 0, 0)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got string
			if breaks := judge(append([]Statement{{Role: Terminal, Party: "T1", Fact: Present, Ref: Ref{Terminal: "10000001"}}}, test.list...)); len(breaks) > 0 {
				got = breaks[0].Rule + ": " + breaks[0].Text
			}
			if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
