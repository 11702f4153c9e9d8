package terminal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Every slip of a day, in both languages, stands in testdata for people to read.
func TestDaySlips(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	b.order(pay.Sale, 2500, Original{}, freeTrack)
	b.order(pay.Refund, 400, Original{RRN: "260600000004", Date: "0601"}, freeTrack)
	b.order(pay.PreAuth, 50000, Original{}, pinTrack)
	b.order(pay.Completion, 48000, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.order(pay.CompletionVoid, 0, Original{Trace: "000007"}, pinTrack)
	b.order(pay.CompletionAdvice, 47000, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.order(pay.PreAuthVoid, 50000, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.keyed()
	b.order(pay.MOTOSale, 3000, Original{}, freeTrack)
	b.order(pay.Instalment, 120000, Original{}, pinTrack)
	b.order(pay.Recurring, 9900, Original{}, freeTrack)
	b.order(pay.RecurringVoid, 0, Original{Trace: "000015"}, freeTrack)
	b.order(pay.Refund, 100, Original{RRN: "991231000001", Date: "0531"}, freeTrack)
	b.answerWith(pay.Sale, "A2")
	b.swipe(freeTrack)
	b.answerWith(pay.Sale, "41")
	b.swipe(freeTrack)
	b.host.do = nil
	b.step(Event{Kind: Statistics})
	same(t, "statistics", Printed, b.ending().Kind)
	b.settle()
	same(t, "settlement", Settled, b.ending().Kind)
	for _, lang := range []string{"en", "zh"} {
		texts, all := loadTexts(t, lang), ""
		for _, s := range b.slips {
			if s.Copy == MerchantCopy {
				all += RenderSlip(s, texts) + "\n"
			}
		}
		if strings.Contains(all, panH3) || strings.Contains(all, "SLIP_") || strings.Contains(all, "FLOW_") {
			t.Errorf("%s: a slip has a clear card number or lacks words:\n%s", lang, all)
		}
		for line := range strings.Lines(all) {
			if width := columnsOf(strings.TrimSpace(line)); width > paperColumns {
				t.Errorf("%s: %d columns: %s", lang, width, line)
			}
		}
		golden(t, "day."+lang+".txt", []byte(all))
	}
}

func TestLastPayment(t *testing.T) {
	b := newBench(t)
	b.step(Event{Kind: LastPayment})
	same(t, "none", "NO_PAYMENT", b.ending().Screen)
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.swipe(freeTrack)
	var args []string
	b.onShow = func(s Screen) {
		if s.ID == "LAST_PAYMENT" {
			args = s.Args
		}
	}
	b.powerCycle()
	b.logIn("01", "4719")
	b.step(Event{Kind: LastPayment})
	same(t, "ending", Ending{Kind: Told, Screen: "LAST_PAYMENT", Answer: "00", Amount: pay.CNY(1000), Trace: "000002"}, b.ending())
	same(t, "words", []string{"@FLOW_SALE", "000002", "10.00 CNY", "@FACT_REVERSED", "01"}, args)
}

func columnsOf(s string) (n int) {
	for _, r := range s {
		n += columns(r)
	}
	return n
}

func TestLinesFitThePaper(t *testing.T) {
	for _, test := range []struct {
		name, line string
		want       []string
	}{
		{"short", "Voucher: 000002", []string{"Voucher: 000002"}},
		{"as wide as the paper", strings.Repeat("x", 32), []string{strings.Repeat("x", 32)}},
		{"at a space", "Approved 10.00 CNY, confirm with the issuer", []string{"Approved 10.00 CNY, confirm with", "the issuer"}},
		{"no space", strings.Repeat("x", 33), []string{strings.Repeat("x", 32), "x"}},
		{"Chinese", strings.Repeat("汉", 17), []string{strings.Repeat("汉", 16), "汉"}},
		{"nothing", "", []string{""}},
	} {
		same(t, test.name, test.want, onPaper(test.line))
	}
}

// A receipt is made of what the host approved; the copies of a deposit may differ where the rules have it (DOMAIN.md A.17).
func TestDepositsMerchantCopyMayHaveTheNumber(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Rules.FullPAN = func(f pay.Flow, copied Copy) bool { return f == pay.PreAuth && copied == MerchantCopy }
	})
	b.signIn()
	b.order(pay.PreAuth, 1000, Original{}, freeTrack)
	b.swipe(freeTrack)
	var full []int
	for i, s := range b.slips {
		if strings.Contains(RenderSlip(s, loadTexts(t, "en")), panH3) {
			full = append(full, i)
		}
	}
	same(t, "slips with the whole number", []int{0}, full)
	for _, r := range b.journal {
		if strings.Contains(string(r.Data), panH3) {
			t.Errorf("%s holds the number in the clear", r.Kind)
		}
	}
}

// A voucher of a batch that is settled has its receipt in the merchant's drawer.
func TestReprintByVoucher(t *testing.T) {
	b := newBench(t)
	b.saleGets(reply{code: "00"})
	b.swipe(freeTrack)
	for _, test := range []struct{ voucher, ends, trace string }{
		{"000002", "REPRINTED", "000002"}, {"000003", "REPRINTED", "000003"}, {"", "REPRINTED", "000003"}, {"000009", "NO_SLIP", ""}} {
		b.forget()
		b.step(Event{Kind: Reprint, Original: Original{Trace: test.voucher}})
		same(t, "voucher "+test.voucher, test.ends, b.ending().Screen)
		if unmarked, all := printed(b, test.trace); test.trace != "" && (unmarked != 0 || all != 2) {
			t.Errorf("voucher %q: %d slips, %d without the mark", test.voucher, all, unmarked)
		}
	}
	b.settle()
	b.step(Event{Kind: Reprint, Original: Original{Trace: "000002"}})
	same(t, "settled", "NO_SLIP", b.ending().Screen)
}

func TestStatisticsTellCurrenciesApart(t *testing.T) {
	lines := newBench(t).till.byFlow([]payment{{ref: audit.Ref{Flow: pay.Sale}, amount: pay.CNY(100)}, {ref: audit.Ref{Flow: pay.Sale}, amount: pay.CNY(250)},
		{ref: audit.Ref{Flow: pay.Sale}, amount: pay.Amount{Minor: 500, Currency: pay.Currency840USD}}})
	same(t, "lines", []Line{{ID: "SLIP_COUNT", Args: []string{"@FLOW_SALE", "2", "3.50 CNY"}},
		{ID: "SLIP_COUNT", Args: []string{"@FLOW_SALE", "1", "5.00 USD"}}}, lines)
}

// The host may set the clock back between two payments; the last one is still the last.
func TestPaymentsInTheJournalsOrder(t *testing.T) {
	till := newBench(t).till
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for i, at := range []time.Time{noon, noon.Add(-time.Minute)} {
		till.payments = append(till.payments, payment{at: at, ref: audit.Ref{Trace: traceDigits(i + 1)}})
	}
	var got []string
	for _, p := range till.everyPayment() {
		got = append(got, p.ref.Trace)
	}
	if want := []string{"000001", "000002"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
