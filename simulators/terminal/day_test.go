package terminal

import (
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

func TestBalance(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.forget()
	var shown []string
	b.onShow = func(s Screen) { shown = append(shown, s.ID+" "+fmt.Sprint(s.Args)) }
	b.order(pay.Balance, 0, Original{}, pinTrack)
	same(t, "ending", Told, b.ending().Kind)
	same(t, "screen", "BALANCE [1234.56 CNY]", shown[len(shown)-1])
	same(t, "slips", 0, len(b.slips))
	same(t, "statements", 0, len(b.till.Statements()))
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { return reply{trouble: &silent}, true }
	b.forget()
	b.order(pay.Balance, 0, Original{}, pinTrack)
	same(t, "no answer is not reversed", []string{"balance 003"}, b.flows())
	same(t, "ending", Unknown, b.ending().Kind)
}

// Each payment that takes another back or completes it: what it says of it, and what its journal states.
func TestOriginals(t *testing.T) {
	type leg struct {
		flow  pay.Flow
		first pay.Flow
		of    Original
	}
	auth := Original{AuthCode: "102030", Date: "0601"}
	legs := []leg{
		{pay.Void, pay.Sale, Original{Trace: "000002"}},
		{pay.InstalmentVoid, pay.Instalment, Original{Trace: "000002"}},
		{pay.RecurringVoid, pay.Recurring, Original{Trace: "000002"}},
		{pay.MOTOVoid, pay.MOTOSale, Original{Trace: "000002"}},
		{pay.PreAuthVoid, pay.PreAuth, auth},
		{pay.MOTOPreAuthVoid, pay.MOTOPreAuth, auth},
		{pay.Completion, pay.PreAuth, auth},
		{pay.CompletionAdvice, pay.PreAuth, auth},
		{pay.Refund, pay.Sale, Original{RRN: "260600000002", Date: "0601"}},
		{pay.MOTORefund, pay.MOTOSale, Original{RRN: "260600000002", Date: "0601"}},
		{pay.MOTOCompletion, pay.MOTOPreAuth, auth},
	}
	for _, dialect := range []string{"unionpay-pos", "iso87-ascii"} {
		for _, l := range legs {
			t.Run(dialect+"/"+string(l.flow), func(t *testing.T) {
				b := newBenchIn(t, dialect)
				b.signIn()
				b.order(l.first, 1000, Original{}, pinTrack)
				first := b.till.Statements()[0]
				same(t, "first", audit.Approved, first.Fact)
				b.powerCycle() // the journal knows it
				b.logIn("01", "4719")
				b.forget()
				b.order(l.flow, 1000, l.of, pinTrack)
				same(t, "ending", Approved, b.ending().Kind)
				same(t, "slips", 2, len(b.slips))
				s := b.till.Statements()[1]
				same(t, "original", &first.Ref, s.Original)
				same(t, "amount", pay.CNY(1000), s.Amount)
				m := b.exchanges[0]
				same(t, "trace of the original", "000002", m.Get(iso8583.OriginalTrace))
				b.forget()
				b.order(l.flow, 1000, l.of, pinTrack)
				if plan, _ := b.plan(l.flow); !plan.Undoes {
					return // how often is the host's to say
				}
				same(t, "again", "UNDONE_ALREADY", b.ending().Screen)
				same(t, "exchanges", 0, len(b.exchanges))
			})
		}
	}
}

func TestVoidIsChecked(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.forget()
	b.order(pay.Void, 0, Original{Trace: "000009"}, pinTrack)
	same(t, "another voucher", "NO_ORIGINAL", b.ending().Screen)
	b.order(pay.CompletionVoid, 0, Original{Trace: "000002"}, pinTrack)
	same(t, "another kind", "NO_ORIGINAL", b.ending().Screen)
	same(t, "exchanges", 0, len(b.exchanges))
	b.step(Event{Kind: Choose, Flow: pay.Void})
	b.logIn("01", "4719")
	b.mustShow("NOT_ALLOWED")
	b.logIn("00", "903512")
	b.step(Event{Kind: EnterOriginal, Original: Original{Trace: "2"}})
	same(t, "half a number is asked for again", NeedOriginal, b.need)
	b.step(Event{Kind: Cancel})
	same(t, "cancelled", Cancelled, b.ending().Kind)
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "25"}, flow == pay.Void
	}
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	same(t, "declined", Declined, b.ending().Kind)
	b.host.do = nil
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	same(t, "a void that was declined may be tried again", Approved, b.ending().Kind)
}

// The operator's parameters may do without card and PIN (DOMAIN.md K.13); the journal knows the number.
func TestVoidWithoutCard(t *testing.T) {
	dialect, err := loadDialect(t, "unionpay-pos").With(map[string]string{"void_needs_card": "false", "void_needs_pin": "false"})
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.Dialect = dialect })
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.forget()
	b.order(pay.Void, 0, Original{Trace: "000002"}, "")
	same(t, "ending", Approved, b.ending().Kind)
	m := b.exchanges[0]
	same(t, "PAN", panH3, m.Get(iso8583.PAN))
	same(t, "entry", "012", m.Get(iso8583.EntryMode))
	same(t, "track", "", m.Get(iso8583.Track2))
}

// A deposit of another till is voided by its authorization code; this till's journal knows no original of that void.
func TestVoidAfterVoidOfForeignDeposit(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.order(pay.PreAuthVoid, 5000, Original{AuthCode: "654321", Date: "0601"}, pinTrack)
	same(t, "the deposit's void", Approved, b.ending().Kind)
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	same(t, "the sale's void", Approved, b.ending().Kind)
}

// The reversal of a void that was answered and could not be kept names the day of the answer (DOMAIN.md A.6).
func TestReversalOfAnsweredVoid(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.storeErr = func(batch []journal.Record) error {
		if batch[0].Kind == "till.outcome" {
			return fmt.Errorf("flash is worn out")
		}
		return nil
	}
	b.forget()
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	same(t, "exchanges", []string{"void 003", "reversal 003 96"}, b.flows())
	r := b.exchanges[1]
	same(t, "F61", "0000010000030601", r.Get(iso8583.OriginalBatch)+r.Get(iso8583.OriginalTrace)+r.Get(iso8583.OriginalDate))
}

// An advice is repeated as it was until the host has answered it; it goes before the next order and is never reversed
// (DOMAIN.md A.12, rule 5).
func TestAdvice(t *testing.T) {
	down := reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}
	none := reply{trouble: &silent}
	tests := []struct {
		name   string
		flow   pay.Flow
		first  []reply // to the advice, one after the other; then it is answered 00
		kind   EndingKind
		screen string
		flows  []string
		fact   audit.Fact
		next   []string // exchanges of the sale that follows
		then   audit.Fact
	}{
		{"refund approved", pay.Refund, nil, Approved, "APPROVED", []string{"refund 003"}, audit.Approved, []string{"sale 004"}, audit.Approved},
		{"refund refused", pay.Refund, []reply{{code: "61"}}, Declined, "AMOUNT_LIMIT", []string{"refund 003"}, audit.Declined, []string{"sale 004"}, audit.Declined},
		{"refund never left", pay.Refund, []reply{down}, Refused, "NO_CONNECTION", []string{"refund 003"}, audit.Declined, []string{"sale 004"}, audit.Declined},
		{"refund unanswered once", pay.Refund, []reply{none}, Approved, "APPROVED", []string{"refund 003", "refund 003"}, audit.Approved, []string{"sale 004"}, audit.Approved},
		{"refund unanswered", pay.Refund, []reply{none, none, none}, Unknown, "NO_ANSWER", []string{"refund 003", "refund 003", "refund 003"}, audit.Pending, []string{"refund 003", "sale 004"}, audit.Approved},
		{"refund: no answer from the issuer", pay.Refund, []reply{{code: "98"}}, Unknown, "ISSUER_NO_ANSWER", []string{"refund 003"}, audit.Pending, []string{"refund 003", "sale 004"}, audit.Approved},
		{"refund refused late", pay.Refund, []reply{{code: "96"}, {code: "25"}}, Unknown, "SYSTEM_MALFUNCTION", []string{"refund 003"}, audit.Pending, []string{"refund 003", "sale 004"}, audit.Declined},
		{"completion kept", pay.CompletionAdvice, []reply{down}, Kept, "ADVICE_KEPT", []string{"completion-advice 003"}, audit.Pending, []string{"completion-advice 003", "sale 004"}, audit.Approved},
		{"completion still not delivered", pay.CompletionAdvice, []reply{down, down}, Kept, "ADVICE_KEPT", []string{"completion-advice 003"}, audit.Pending, []string{"completion-advice 003"}, audit.Pending},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			first, of := pay.Sale, Original{RRN: "260600000002", Date: "0601"}
			if test.flow == pay.CompletionAdvice {
				first, of = pay.PreAuth, Original{AuthCode: "102030", Date: "0601"}
			}
			b.order(first, 1000, Original{}, pinTrack)
			sent := 0
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				if flow != test.flow || sent >= len(test.first) {
					return reply{}, false
				}
				sent++
				return test.first[sent-1], true
			}
			b.forget()
			b.order(test.flow, 400, of, pinTrack)
			same(t, "ending", test.kind, b.ending().Kind)
			same(t, "screen", test.screen, b.ending().Screen)
			same(t, "exchanges", test.flows, b.flows())
			same(t, "fact", test.fact, b.till.Statements()[1].Fact)
			frame := fmt.Sprintf("%X", b.exchanges[0].Frame())
			b.forget()
			b.swipe(pinTrack)
			same(t, "next exchanges", test.next, b.flows())
			same(t, "fact then", test.then, b.till.Statements()[1].Fact)
			if len(test.next) == 2 {
				same(t, "the same message", frame, fmt.Sprintf("%X", b.exchanges[0].Frame()))
				slips := 2
				if test.then == audit.Approved {
					slips = 4 // those of the advice come now
				}
				same(t, "slips", slips, len(b.slips))
			}
			if len(test.next) == 1 && test.then == audit.Pending {
				same(t, "the sale waits", "ADVICE_PENDING", b.ending().Screen)
			}
		})
	}
}

// After a sign-in the repeat has a MAC and tracks of the new keys, and where the dialect has one the MTI of a repeat.
func TestAdviceUnderNewKeys(t *testing.T) {
	b := newBench(t, func(c *Config) { c.KeyScheme = "004" })
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "77"}, flow == pay.Refund
	}
	b.forget()
	b.order(pay.Refund, 400, Original{RRN: "260600000002", Date: "0601"}, pinTrack)
	old := b.exchanges[0].Get(iso8583.Track2)
	b.host.do = nil
	b.forget()
	b.signIn()
	same(t, "exchanges", []string{"sign-in 004", "refund 003"}, b.flows())
	again := b.exchanges[1].Get(iso8583.Track2)
	clear, err := b.host.hsm.DecryptTrack(KeyTDK, again)
	if err != nil || clear.Reveal() != pinTrack || again == old {
		t.Errorf("the repeat's track is not of the new key: %v", err)
	}
	same(t, "fact", audit.Approved, b.till.Statements()[1].Fact)

	c := newBenchIn(t, "iso87-ascii")
	c.signIn()
	c.order(pay.Sale, 1000, Original{}, pinTrack)
	c.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Refund && len(c.exchanges) < 4
	}
	c.forget()
	c.order(pay.Refund, 400, Original{RRN: "260600000002", Date: "0601"}, pinTrack)
	same(t, "MTI", "0220", c.exchanges[0].MTI())
	same(t, "MTI of the repeat", "0221", c.exchanges[1].MTI())
}
