package terminal

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

func (b *bench) settle() {
	b.t.Helper()
	b.step(Event{Kind: Choose, Flow: pay.Settlement})
}

// unbalanced is a host whose totals differ.
func unbalanced(_ int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
	return reply{code: "00", edit: func(m *iso8583.Message) {
		m.Set(iso8583.SettlementData, withResult(req.Get(iso8583.SettlementData), "2"))
	}}, flow == pay.Settlement
}

func TestSettlement(t *testing.T) {
	b := newBench(t)
	b.signIn()
	for range 9 {
		b.swipe(freeTrack) // vouchers 2 to 10
	}
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	b.order(pay.PreAuth, 5000, Original{}, pinTrack)
	b.order(pay.CompletionAdvice, 4800, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "51"}, flow == pay.Sale
	}
	b.swipe(freeTrack)
	b.host.do = unbalanced
	b.forget()
	b.settle()
	same(t, "ending", Settled, b.ending().Kind)
	same(t, "exchanges", []string{"settlement 015", "batch-upload 016", "batch-upload 017", "completion-upload 013", "upload-end 019", "sign-out 020"}, b.flows())
	totals, err := iso8583.ParseSettlement(b.exchanges[0].Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "totals", iso8583.Totals{Debit: pay.CNY(13800), DebitCount: 10, Credit: pay.CNY(1000), CreditCount: 1}, totals.Domestic)
	same(t, "foreign", iso8583.Totals{Debit: pay.CNY(0), Credit: pay.CNY(0)}, totals.Foreign)
	for i, want := range []int{8, 2} {
		rows, err := iso8583.ParseBatchRows(b.exchanges[1+i].Get(iso8583.SettlementData), pay.Currency156CNY)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "rows", want, len(rows))
		same(t, "card", panH3, rows[0].PAN.Reveal())
	}
	same(t, "count", "0011", b.exchanges[4].Get(iso8583.SettlementData))
	same(t, "end", "202", b.exchanges[4].Get(iso8583.NetworkCode))
	same(t, "slips", 1, len(b.slips))
	for _, line := range []string{"SLIP_UNBALANCED []", "SLIP_DEBIT [10 138.00 CNY]", "SLIP_CREDIT [1 10.00 CNY]",
		"SLIP_COUNT [@FLOW_SALE 9 90.00 CNY]", "SLIP_COUNT [@FLOW_COMPLETION_ADVICE 1 48.00 CNY]"} {
		if !slices.ContainsFunc(b.slips[0].Lines, func(l Line) bool { return fmt.Sprint(l.ID, " ", l.Args) == line }) {
			t.Errorf("the slip lacks %s: %v", line, b.slips[0].Lines)
		}
	}
	s := b.till.Status()
	same(t, "batch", "000002", s.Batch)
	same(t, "signed in", false, s.SignedIn)
	same(t, "half done", false, s.Settling)

	b.host.do = func(_ int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) {
			m.Set(iso8583.Batch, "000002")
			if flow == pay.SignIn {
				m.Set(iso8583.Keys, string(b.host.keys()))
			}
		}}, flow == pay.SignIn
	}
	b.signIn()
	b.host.do = nil
	b.forget()
	b.settle()
	same(t, "an empty batch balances", []string{"settlement 022", "upload-end 023", "sign-out 024"}, b.flows())
	same(t, "end", "207", b.exchanges[1].Get(iso8583.NetworkCode))
}

// A settlement that is interrupted goes on from the last acknowledged upload, whose repeat is the same message; until then
// there is no trade. What is left over goes first.
func TestSettlementResumes(t *testing.T) {
	b := newBench(t)
	b.signIn()
	for range 9 {
		b.swipe(freeTrack)
	}
	none := reply{trouble: &silent}
	down := false
	b.host.do = func(n int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
		if down && flow == pay.BatchUpload {
			return none, true
		}
		if flow == pay.BatchUpload {
			down = true
			return reply{}, false
		}
		return unbalanced(n, flow, req)
	}
	b.forget()
	b.settle()
	same(t, "ending", "SETTLEMENT_INTERRUPTED", b.ending().Screen)
	same(t, "exchanges", []string{"settlement 011", "batch-upload 012", "batch-upload 013", "batch-upload 013", "batch-upload 013"}, b.flows())
	b.swipe(freeTrack)
	same(t, "no trade", "SETTLE_FIRST", b.ending().Screen)
	b.powerCycle()
	b.logIn("01", "4719")
	same(t, "half done", true, b.till.Status().Settling)
	b.host.do = nil
	b.forget()
	b.settle()
	same(t, "ending", Settled, b.ending().Kind)
	same(t, "exchanges", []string{"batch-upload 013", "upload-end 014", "sign-out 015"}, b.flows())
	same(t, "count", "0009", b.exchanges[1].Get(iso8583.SettlementData))
}

func TestSettlementRefused(t *testing.T) {
	set := func(result string) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return func(_ int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
			return reply{code: "00", edit: func(m *iso8583.Message) {
				m.Set(iso8583.SettlementData, withResult(req.Get(iso8583.SettlementData), result))
			}}, flow == pay.Settlement
		}
	}
	code := func(c pay.Answer) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return func(_ int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
			return reply{code: c}, flow == pay.Settlement
		}
	}
	down := iso8583.Trouble{Cause: iso8583.NotConnected}
	tests := []struct {
		name   string
		host   func(int, pay.Flow, *iso8583.Message) (reply, bool)
		kind   EndingKind
		screen string
		half   bool
		sent   int
	}{
		{"error", set("3"), Declined, "TOTALS_NOT_TAKEN", false, 1},
		{"no judgement", set("0"), Declined, "TOTALS_NOT_TAKEN", false, 1},
		{"unknown till", code("97"), Declined, "TERMINAL_NOT_REGISTERED", false, 1},
		{"95 is unbalanced", code("95"), Settled, "SETTLED", false, 4},
		{"unsent", func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &down}, flow == pay.Settlement
		}, Refused, "SETTLEMENT_INTERRUPTED", false, 3},
		{"unanswered", func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.Settlement
		}, Unknown, "SETTLEMENT_INTERRUPTED", true, 3},
		{"sign-out unanswered", func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.SignOut
		}, Settled, "SETTLED", false, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.lenient = true // an answer without F48
			b.signIn()
			b.swipe(freeTrack)
			b.forget()
			b.host.do = test.host
			b.settle()
			same(t, "ending", test.kind, b.ending().Kind)
			same(t, "screen", test.screen, b.ending().Screen)
			same(t, "half done", test.half, b.till.Status().Settling)
			same(t, "exchanges", test.sent, len(b.exchanges))
		})
	}
}

// A reversal that is owed goes before the totals (DOMAIN.md A.12, rule 3), and what it reverses is not in them.
func TestSettlementClears(t *testing.T) {
	b := newBench(t)
	b.signIn()
	line := reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		if flow == pay.Reversal {
			return line, true
		}
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.swipe(freeTrack)
	same(t, "fact", audit.Pending, b.fact())
	b.forget()
	b.settle()
	same(t, "waits", "REVERSAL_PENDING", b.ending().Screen)
	b.host.do = nil
	b.forget()
	b.settle()
	same(t, "exchanges", []string{"reversal 002 98", "settlement 003", "upload-end 004", "sign-out 005"}, b.flows())
	same(t, "totals", "0", b.exchanges[1].Get(iso8583.SettlementData)[14:15])
}

// Totals count to 999, so a batch that is full is settled before the next trade (DOMAIN.md J).
func TestBatchFull(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Rules.BatchLimit = func(iso8583.Switches) int { return 2 } })
	b.signIn()
	b.swipe(freeTrack)
	b.swipe(freeTrack)
	b.forget()
	b.swipe(freeTrack)
	same(t, "screen", "BATCH_FULL", b.ending().Screen)
	b.settle()
	same(t, "settled", Settled, b.ending().Kind)
	b.signIn()
	b.swipe(freeTrack)
	same(t, "next batch", Approved, b.ending().Kind)
}

// Foreign cards have totals and rows of their own (DOMAIN.md A.13).
func TestForeignTotals(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.swipe("4111111111111111D30121011234567890123")
	b.host.do = unbalanced
	b.forget()
	b.settle()
	totals, err := iso8583.ParseSettlement(b.exchanges[0].Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "foreign", iso8583.Totals{Debit: pay.CNY(1000), DebitCount: 1, Credit: pay.CNY(0)}, totals.Foreign)
	rows, err := iso8583.ParseBatchRows(b.exchanges[1].Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil || !rows[0].Foreign {
		t.Errorf("the row is not foreign: %v", err)
	}
}

// A host that counted other uploads than the end says gets all of them once more; should it still differ, people are asked.
func TestUploadsOnceMore(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.swipe(freeTrack)
	ends, refused := 0, 1
	b.host.do = func(n int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
		if flow == pay.UploadEnd {
			if ends++; ends <= refused {
				return reply{code: "95"}, true
			}
		}
		return unbalanced(n, flow, req)
	}
	b.forget()
	b.settle()
	same(t, "ending", Settled, b.ending().Kind)
	same(t, "exchanges", []string{"settlement 003", "batch-upload 004", "upload-end 005", "batch-upload 006", "upload-end 007", "sign-out 008"}, b.flows())

	b.signIn()
	b.swipe(freeTrack)
	ends, refused = 0, 2
	b.settle()
	same(t, "ending", Declined, b.ending().Kind)
	same(t, "screen", "TOTALS_DIFFER", b.ending().Screen)
	same(t, "half done", true, b.till.Status().Settling)
	b.settle()
	same(t, "later", Settled, b.ending().Kind)
}

// The answer to the end of the uploads is lost, and a sign-in comes between: the host has begun another batch, so the old one is
// settled, and its slip is printed once.
func TestSettlementOvertaken(t *testing.T) {
	for name, flow := range map[string]pay.Flow{"by the end's answer": pay.UploadEnd, "by the totals' answer": pay.Settlement} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			b.swipe(freeTrack)
			b.host.do = func(n int, f pay.Flow, _ *iso8583.Message) (reply, bool) { return reply{trouble: &silent}, f == flow }
			b.settle()
			same(t, "half done", true, b.till.Status().Settling)
			b.host.do = func(_ int, f pay.Flow, req *iso8583.Message) (reply, bool) {
				return reply{code: "00", edit: func(m *iso8583.Message) {
					m.Set(iso8583.Batch, "000002")
					m.Set(iso8583.Keys, string(b.host.keys()))
				}}, f == pay.SignIn
			}
			b.slips = nil
			b.signIn()
			same(t, "half done", false, b.till.Status().Settling)
			same(t, "batch", "000002", b.till.Status().Batch)
			settled := slices.ContainsFunc(b.till.Statements(), func(s audit.Statement) bool { return s.Fact == audit.Settled })
			same(t, "settled", flow == pay.UploadEnd, settled)
			same(t, "slip", settled, len(b.slips) == 1)
			b.host.do = nil
			b.swipe(freeTrack)
			same(t, "trade", Approved, b.ending().Kind)
		})
	}
}
