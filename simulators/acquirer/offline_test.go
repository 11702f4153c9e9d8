package acquirer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// offline begins an offline sale; without a code nobody has authorised it.
func (w *world) offline(fen int, code string) *iso8583.Message {
	m := w.paying(pay.OfflineSale, fen)
	noPIN(m)
	if code != "" {
		m.Set(iso8583.AuthCode, code)
	}
	return m
}

// inPart begins a sale whose till can collect a rest.
func (w *world) inPart(fen int) *iso8583.Message {
	return with(w.paying(pay.Sale, fen), iso8583.PartialApproval, "1")
}

// For each defect, something to do whose outcome it changes, and the outcome with the reference rules.
var offlineProbes = map[string]struct {
	do   func(w *world) string
	want string
}{
	"acquirer-pays-refused-offline": {func(w *world) string {
		w.ask(w.offline(aliceHas+1, ""))
		return w.money()
	}, "0 100000"},
	"acquirer-voids-no-offline":             {func(w *world) string { return w.amended(w.offline(1000, "654321"), pay.Void, 1000) }, "00: 0 100000"},
	"acquirer-tip-adds-instead-of-replaces": {func(w *world) string { return w.amended(w.paying(pay.Sale, 1000), pay.Tip, 1150) }, "00: 1150 98850"},
	"acquirer-tip-unlimited":                {func(w *world) string { return w.amended(w.paying(pay.Sale, 1000), pay.Tip, 1201) }, "61: 1000 99000"},
	"acquirer-refunds-to-base": {func(w *world) string {
		sale := w.paying(pay.Sale, 1000)
		answer := w.good(sale)
		w.ask(w.on(pay.Tip, sale, answer, 1150))
		return code(w.ask(w.on(pay.Refund, sale, answer, 1150)))
	}, "00"},
	"acquirer-partial-posts-whole": {func(w *world) string {
		w.ask(w.inPart(aliceHas + 1))
		return w.money()
	}, "100000 0"},
	"acquirer-refuses-asked-amount": {func(w *world) string {
		sale := w.inPart(aliceHas + 1)
		w.ask(sale)
		return code(w.ask(w.reversalOf(sale)))
	}, "00"},
}

// amended sells, asks one thing about the sale, and tells the answer and the money.
func (w *world) amended(sale *iso8583.Message, f pay.Flow, fen int) string {
	w.t.Helper()
	m := w.on(f, sale, w.good(sale), fen)
	return code(w.ask(m)) + ": " + w.money()
}

// What comes of sales that the till decided alone, and of amounts that change.
func TestOffline(t *testing.T) {
	for _, c := range []struct {
		name     string
		sale     func(w *world) *iso8583.Message
		before   func(*world, *iso8583.Message, *iso8583.Message)
		f        pay.Flow
		fen      int
		change   func(w *world, m *iso8583.Message)
		switches map[string]string
		answer   string
		rule     string
		merchant int64
	}{
		{name: "adjusted down", sale: spoken, f: pay.Adjustment, fen: 800, answer: "00", rule: "advice", merchant: 800},
		{name: "adjusted up to the limit", sale: spoken, f: pay.Adjustment, fen: 1200, answer: "00", rule: "advice", merchant: 1200},
		{name: "adjusted over the limit", sale: spoken, f: pay.Adjustment, fen: 1201, answer: "61", rule: "amendment", merchant: 1000},
		{name: "adjusted twice: the last counts", sale: spoken, before: act(pay.Adjustment, 1100), f: pay.Adjustment, fen: 900, answer: "00", rule: "advice", merchant: 900},
		{name: "adjustment of an online sale", sale: online, f: pay.Adjustment, fen: 800, answer: "25", rule: "original", merchant: 1000},
		{name: "tip on an offline sale", sale: spoken, f: pay.Tip, fen: 1100, answer: "00", rule: "advice", merchant: 1100},
		{name: "tip over a limit by switch", sale: online, f: pay.Tip, fen: 1101, switches: map[string]string{"tip_percent": "10"}, answer: "61", rule: "amendment", merchant: 1000},
		{name: "tip where there are none", sale: online, f: pay.Tip, fen: 1001, switches: map[string]string{"tips": "false"}, answer: "61", rule: "amendment", merchant: 1000},
		{name: "the limit counts from the first amount", sale: online, before: act(pay.Tip, 1200), f: pay.Tip, fen: 1201, answer: "61", rule: "amendment", merchant: 1200},
		{name: "tip on what was voided", sale: online, before: act(pay.Void, 1000), f: pay.Tip, fen: 1100, answer: "25", rule: "original-stands"},
		{name: "tip on what was refunded", sale: online, before: act(pay.Refund, 100), f: pay.Tip, fen: 1100, answer: "12", rule: "original-whole", merchant: 900},
		{name: "tip with another card", sale: online, f: pay.Tip, fen: 1100, change: otherCard, answer: "14", rule: "original-card", merchant: 1000},
		{name: "tip on what never was", sale: online, f: pay.Tip, fen: 1100, change: set(iso8583.OriginalTrace, "000999"), answer: "25", rule: "original", merchant: 1000},
		{name: "void of a tipped sale", sale: online, before: act(pay.Tip, 1100), f: pay.Void, fen: 1100, answer: "00", rule: "issuer"},
		{name: "void of its first amount", sale: online, before: act(pay.Tip, 1100), f: pay.Void, fen: 1000, answer: "64", rule: "original-amount", merchant: 1100},
		{name: "refund of a tipped sale", sale: online, before: act(pay.Tip, 1100), f: pay.Refund, fen: 1100, answer: "00", rule: "advice"},
		{name: "refund over it", sale: online, before: act(pay.Tip, 1100), f: pay.Refund, fen: 1101, answer: "61", rule: "refund-total", merchant: 1100},
		{name: "refund of an offline sale", sale: spoken, f: pay.Refund, fen: 400, answer: "00", rule: "advice", merchant: 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{switches: c.switches})
			w.signIn()
			sale := c.sale(w)
			answer := w.good(sale)
			if c.before != nil {
				c.before(w, sale, answer)
			}
			m := w.on(c.f, sale, answer, c.fen)
			if c.change != nil {
				c.change(w, m)
			}
			for range 2 { // a repeat of an advice is answered as the first; of a void not at all well
				got := code(w.ask(m))
				if got != c.answer && got != "94" || got == c.answer && !strings.HasPrefix(w.reason(), c.rule+": ") && w.rule() != "advice-repeat" && w.rule() != "original-stands" {
					t.Fatalf("answer %q by %q; want %s by %s", got, w.reason(), c.answer, c.rule)
				}
				w.wantBooks(c.merchant)
			}
			w.open() // the journal knows the same
			w.wantBooks(c.merchant)
		})
	}
}

func spoken(w *world) *iso8583.Message { return w.offline(1000, "654321") }
func online(w *world) *iso8583.Message { return w.paying(pay.Sale, 1000) }

// rule is the check that gave the last answer.
func (w *world) rule() string {
	rule, _, _ := strings.Cut(w.reason(), ": ")
	return rule
}

// What acts on an offline sale waits until the issuer has answered that; then the same request is taken.
func TestIssuerHearsInOrder(t *testing.T) {
	for _, f := range []pay.Flow{pay.Void, pay.Refund, pay.Tip, pay.Adjustment} {
		w := newWorld(t, setting{})
		w.signIn()
		w.bank.down = true
		sale := w.offline(1000, "654321")
		m := w.on(f, sale, w.good(sale), 1000)
		if got := code(w.ask(m)); got != "91" || w.rule() != "issuer-told" {
			t.Errorf("%s: %q by %s", f, got, w.reason())
		}
		w.bank.down = false
		w.acquirer.Resume(w.loop.Now(), w)
		w.rest()
		if got := code(w.ask(m)); got != "00" {
			t.Errorf("%s when the issuer knows: %q by %s", f, got, w.reason())
		}
	}
}

// The issuer's no to what nobody authorised is a charge back: told in the statements, counted in the batch.
func TestChargeBack(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	sale := w.offline(aliceHas+100, "")
	answer := w.good(sale)
	w.wantBooks(0)
	w.open()
	w.wantBooks(0)
	if p := w.acquirer.Payments()[0]; p.State != acquirer.Charged || p.Undo != acquirer.AdviceDone {
		t.Errorf("the sale is %s, the issuer %s", p.State, p.Undo)
	}
	for _, f := range []pay.Flow{pay.Void, pay.Refund, pay.Tip} {
		if got := code(w.ask(w.on(f, sale, answer, aliceHas+100))); got != "25" {
			t.Errorf("%s of it: %q", f, got)
		}
	}
	if breaks := audit.Judge(slices.Values(w.acquirer.Statements())); len(breaks) > 0 {
		t.Error(breaks)
	}
	total := fmt.Sprintf("%012d001000000000000000", aliceHas+100)
	settled := w.ask(w.settlement(total, "000000000000000000000000000000"))
	if data := settled.Get(iso8583.SettlementData); len(data) != 62 || data[30] != '1' {
		t.Errorf("the batch is not balanced with it: %s", data)
	}
}
