package acquirer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// business is a batch: a sale that is voided, a sale of which a part is refunded, one that is reversed, a deposit completed by
// advice and one that stays open, a declined sale. Debit: 1000 + 2000 + 600; credit: 1000 + 300.
func (w *world) business() {
	w.t.Helper()
	voided, kept, reversed := w.paying(pay.Sale, 1000), w.paying(pay.Sale, 2000), w.paying(pay.Sale, 4000)
	w.good(w.on(pay.Void, voided, w.good(voided), 1000))
	w.good(w.on(pay.Refund, kept, w.good(kept), 300))
	w.good(reversed)
	w.good(w.reversalOf(reversed))
	deposit := w.paying(pay.PreAuth, 700)
	w.good(w.on(pay.CompletionAdvice, deposit, w.good(deposit), 600))
	w.good(w.paying(pay.PreAuth, 800))
	if got := code(w.ask(w.paying(pay.Sale, 10*aliceHas))); got != "51" {
		w.t.Fatalf("a sale of too much: %q", got)
	}
}

const (
	businessTotals = "000000003600" + "003" + "000000001300" + "002"
	noTotals       = "000000000000000000000000000000"
)

func (w *world) settlement(domestic, foreign string) *iso8583.Message {
	m := w.request(pay.Settlement)
	m.Set(iso8583.SettlementData, domestic+"0"+foreign+"0")
	m.Set(iso8583.Currency, "156")
	m.Set(iso8583.Operator, "001")
	return m
}

func (w *world) uploadEnd(f string, n int) *iso8583.Message {
	m := w.request(pay.UploadEnd)
	m.Set(iso8583.NetworkCode, f)
	m.Set(iso8583.SettlementData, fmt.Sprintf("%04d", n))
	return m
}

func TestSettlementTotals(t *testing.T) {
	wrong := "000000003601" + businessTotals[12:]
	for _, c := range []struct {
		name              string
		domestic, foreign string
		rules             func(*acquirer.Rules)
		switches          map[string]string
		want              string
	}{
		{name: "balanced", domestic: businessTotals, foreign: noTotals, want: businessTotals + "1" + noTotals + "1"},
		{name: "another amount", domestic: wrong, foreign: noTotals, want: businessTotals + "2" + noTotals + "1"},
		{name: "another amount, the till's totals answered", domestic: wrong, foreign: noTotals, switches: map[string]string{"host_totals": "false"},
			want: wrong + "2" + noTotals + "1"},
		{name: "on the wrong side", domestic: noTotals, foreign: businessTotals, want: businessTotals + "2" + noTotals + "2"},
		{name: "cards from abroad", domestic: noTotals, foreign: businessTotals, want: noTotals + "1" + businessTotals + "1",
			rules: func(r *acquirer.Rules) { r.Domestic = []string{"4"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := acquirer.Reference()
			if c.rules != nil {
				c.rules(&r)
			}
			w := newWorld(t, setting{rules: &r, switches: c.switches})
			w.signIn()
			w.business()
			m := w.settlement(c.domestic, c.foreign)
			for range 2 { // the repeat gets the same
				answer := w.ask(m)
				if got := answer.Get(iso8583.SettlementData); got != c.want || code(answer) != "00" {
					t.Errorf("answer %q by %s with totals\n%s, want\n%s", code(answer), w.reason(), got, c.want)
				}
				for _, v := range w.pos.ValidateAnswer(m, answer) {
					t.Errorf("the answer is not as the dialect wants it: %s: %s", v.Rule, v.Text)
				}
				w.open()
			}
		})
	}
}

// While a batch is being settled it takes no payments, but reversals and the repeats of advices; its rows count once; its end
// must say how many came; and the next sign-in opens the next batch.
func TestSettlementOfBatch(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	sale := w.paying(pay.Sale, 1000)
	answer := w.good(sale)
	second := w.paying(pay.Sale, 500)
	w.good(second)
	refund := w.on(pay.Refund, sale, answer, 300)
	w.good(refund)
	step := func(what string, m *iso8583.Message, want string) {
		t.Helper()
		if got := code(w.ask(m)); got != want {
			t.Errorf("%s: %q by %s, want %s", what, got, w.reason(), want)
		}
	}
	rows := w.request(pay.BatchUpload)
	var err error
	data, err := iso8583.BatchRows([]iso8583.BatchRow{{Trace: sale.Get(iso8583.Trace), PAN: pay.NewPAN(alicePAN), Amount: pay.CNY(1000)},
		{Trace: second.Get(iso8583.Trace), PAN: pay.NewPAN(alicePAN), Amount: pay.CNY(501)}})
	w.must(err)
	rows.Set(iso8583.SettlementData, data)
	step("rows before the settlement", rows, "12")
	step("settlement", w.settlement(noTotals, noTotals), "00")
	step("sale", w.sale(), "77")
	step("deposit", w.paying(pay.PreAuth, 1), "77")
	step("refund", w.on(pay.Refund, sale, answer, 1), "77")
	step("repeated refund", refund, "00")
	w.must(w.loop.Drain(t.Context(), time.Second)) // what is reversed after the totals stands in them all the same
	step("reversal", w.reversalOf(second), "00")
	step("rows", rows, "00")
	step("rows again", rows, "00")
	if told := w.told(); !strings.Contains(told, "row "+second.Get(iso8583.Trace)+" of 5.01 CNY is not in the books") {
		t.Error("the wrong row is not noted")
	}
	step("end that counts wrong", w.uploadEnd("202", 3), "95")
	w.open()
	w.signIn()
	if w.batch != "000001" {
		t.Fatalf("a half settled batch gave way to %s", w.batch)
	}
	step("end", w.uploadEnd("202", 2), "00")
	step("end again", w.uploadEnd("202", 2), "00")
	step("rows after the end", rows, "12")
	step("sale after the end", w.sale(), "77")
	w.signIn()
	if w.batch != "000002" {
		t.Fatalf("after its settlement the batch is %s", w.batch)
	}
	step("settlement of a new batch", w.settlement(noTotals, noTotals), "00")
	w.ask(w.request(pay.SignOut))
	w.signIn()
	if w.batch != "000003" {
		t.Fatalf("after the sign-out the batch is %s", w.batch)
	}
	step("sale in the new batch", w.sale(), "00")
	w.wantBooks(1700)
}

func TestSettlementUnreadable(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	if got := code(w.ask(with(w.settlement(noTotals, noTotals), iso8583.SettlementData, "12"))); got != "30" {
		t.Errorf("answer %q by %s, want 30", got, w.reason())
	}
	for _, b := range w.acquirer.Batches() {
		if b.Stage != acquirer.Unsettled {
			t.Errorf("batch %s is %s", b.Number, b.Stage)
		}
	}
}

// told gives what the trace tells in words.
func (w *world) told() string {
	var all strings.Builder
	for _, e := range w.trace.Events() {
		fmt.Fprintln(&all, e.Name, e.Text)
	}
	return all.String()
}

// A chip's payment is uploaded by the code that fits the batch and what came of it (DOMAIN.md A.13).
func TestTCUploadCodes(t *testing.T) {
	for _, c := range []struct {
		name     string
		balanced bool
		reversed bool // the chip refused it, so the till took it back
		codes    map[string]string
	}{
		{"balanced", true, false, map[string]string{"203": "00", "204": "12", "205": "12", "206": "12"}},
		{"balanced, failed", true, true, map[string]string{"203": "12", "204": "00", "205": "12", "206": "12"}},
		{"unbalanced", false, false, map[string]string{"203": "12", "204": "12", "205": "00", "206": "12"}},
		{"unbalanced, failed", false, true, map[string]string{"203": "12", "204": "12", "205": "12", "206": "00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			chip := w.paying(pay.Sale, 1000)
			w.good(chip)
			own := "000000001000" + "001" + "000000000000" + "000"
			if c.reversed {
				w.good(w.reversalOf(chip))
				own = noTotals
			}
			if !c.balanced {
				own = "000000009999" + own[12:]
			}
			w.ask(w.settlement(own, noTotals))
			taken := 0
			for code, want := range c.codes {
				m := w.request(pay.TCUpload)
				for e, v := range map[iso8583.Element]string{iso8583.NetworkCode: code, iso8583.Trace: chip.Get(iso8583.Trace), iso8583.PAN: alicePAN,
					iso8583.Amount: "000000001000", iso8583.Currency: "156", iso8583.EntryMode: "051", iso8583.Chip: "\x9f\x36\x02\x00\x01", iso8583.UploadUsage: "61"} {
					m.Set(e, v)
				}
				answer := w.ask(m)
				if got := answer.Get(iso8583.AnswerCode); got != want {
					t.Errorf("%s is answered %q by %s, want %s", code, got, w.reason(), want)
				} else if got == "00" {
					taken++
				}
			}
			if got := w.ask(w.uploadEnd(map[bool]string{true: "207", false: "202"}[c.balanced], taken)).Get(iso8583.AnswerCode); got != "00" {
				t.Errorf("the end is answered %q by %s", got, w.reason())
			}
		})
	}
}
