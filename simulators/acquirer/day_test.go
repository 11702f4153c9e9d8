package acquirer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// paying begins a request of a flow that goes the sale's way.
func (w *world) paying(f pay.Flow, fen int) *iso8583.Message {
	m := w.sale()
	for e, v := range w.constants(f) {
		m.Set(e, v)
	}
	spec, _ := w.pos.Transaction(f)
	m.SetMTI(spec.Request)
	m.Set(iso8583.Amount, fmt.Sprintf("%012d", fen))
	return m
}

func (w *world) constants(f pay.Flow) map[iso8583.Element]string {
	spec, ok := w.pos.Transaction(f)
	if !ok {
		w.t.Fatalf("the dialect has no %s", f)
	}
	return spec.Constants
}

// on begins a request that acts on another, answered one.
func (w *world) on(f pay.Flow, original, answer *iso8583.Message, fen int) *iso8583.Message {
	m := w.paying(f, fen)
	spec, _ := w.pos.Transaction(f)
	if spec.Advice {
		noPIN(m)
	}
	m.Set(iso8583.OriginalBatch, original.Get(iso8583.Batch))
	m.Set(iso8583.OriginalTrace, original.Get(iso8583.Trace))
	m.Set(iso8583.OriginalDate, answer.Get(iso8583.LocalDate))
	if w.pos.Carries(f, iso8583.OriginalRRN) {
		m.Set(iso8583.OriginalRRN, answer.Get(iso8583.RRN))
	}
	m.Set(iso8583.AuthCode, answer.Get(iso8583.AuthCode))
	if w.pos.Carries(f, iso8583.CardOrganisation) {
		m.Set(iso8583.CardOrganisation, "CUP")
	}
	return m
}

// good asks and wants an approval that is as the dialect wants it.
func (w *world) good(m *iso8583.Message) *iso8583.Message {
	w.t.Helper()
	answer := w.ask(m)
	if code(answer) != "00" {
		w.t.Fatalf("%s: answer %q by %s", m.MTI(), code(answer), w.reason())
	}
	w.wantMAC(answer)
	for _, v := range w.pos.ValidateAnswer(m, answer) {
		w.t.Errorf("the answer is not as the dialect wants it: %s: %s", v.Rule, v.Text)
	}
	return answer
}

// wantHeld holds both sides to what deposits keep.
func (w *world) wantHeld(fen int64) {
	w.t.Helper()
	held := int64(0)
	for _, p := range w.acquirer.Payments() {
		if p.Ref.Flow.Kind() == pay.PreAuth && p.State == acquirer.Approved && p.Ended == nil {
			held += p.Amount.Minor
		}
	}
	b, _ := w.acquirer.Ledger().Balance("interbank") // nothing before the first payment
	if held != fen || b.Held.Minor != fen || w.bank.held() != fen {
		w.t.Errorf("the acquirer's deposits come to %d, its books hold %d, the bank %d; want %d", held, b.Held.Minor, w.bank.held(), fen)
	}
}

func TestBalanceInquiry(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	w.good(w.sale())
	m := w.paying(pay.Balance, 0)
	m.Unset(iso8583.Amount)
	answer := w.good(m)
	if got := answer.Get(iso8583.Balance); got != "0002156C000000099000" {
		t.Errorf("balance %q", got)
	}
	if got := code(w.ask(m)); got != "94" {
		t.Errorf("the repeat: %q, want 94", got)
	}
	w.wantBooks(1000)
	w.bank.down = true
	slow := w.paying(pay.Balance, 0)
	slow.Unset(iso8583.Amount)
	if got := code(w.ask(slow)); got != "98" {
		t.Errorf("no issuer: %q, want 98", got)
	}
	if p := w.acquirer.Payments()[2]; p.Undo != acquirer.UndoNone {
		t.Errorf("a balance inquiry is %s at the issuer", p.Undo)
	}
}

func TestVoid(t *testing.T) {
	for _, f := range []struct{ sale, void pay.Flow }{{pay.Sale, pay.Void}, {pay.Instalment, pay.InstalmentVoid},
		{pay.Recurring, pay.RecurringVoid}, {pay.MOTOSale, pay.MOTOVoid}} {
		t.Run(string(f.void), func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			sale := w.paying(f.sale, 1000)
			answer := w.good(sale)
			void := w.on(f.void, sale, answer, 1000)
			w.good(void)
			w.wantBooks(0)
			if got := code(w.ask(void)); got != "94" {
				t.Errorf("the void's repeat: %q", got)
			}
			if got := code(w.ask(w.on(f.void, sale, answer, 1000))); got != "25" {
				t.Errorf("another void: %q", got)
			}
			if got := code(w.ask(w.reversalOf(sale))); got != "25" {
				t.Errorf("reversal of what was voided: %q", got)
			}
			for range 2 {
				if got := code(w.ask(w.reversalOf(void))); got != "00" {
					t.Fatalf("reversal of the void: %q by %s", got, w.reason())
				}
				w.wantBooks(1000)
			}
			w.open()
			w.good(w.on(f.void, sale, answer, 1000))
			w.wantBooks(0)
		})
	}
}

// A refund, void or completion with one thing wrong.
var originalCases = []struct {
	name     string
	first, f pay.Flow
	fen      int
	before   func(w *world, sale, answer *iso8583.Message)
	change   func(w *world, m *iso8583.Message)
	switches map[string]string
	answer   string
	rule     string
}{
	{name: "void of what never was", f: pay.Void, change: set(iso8583.OriginalTrace, "000999"), answer: "25", rule: "original"},
	{name: "void by another RRN", f: pay.Void, change: set(iso8583.OriginalRRN, "260601999999"), answer: "25", rule: "original"},
	{name: "void of another batch", f: pay.Void, change: set(iso8583.OriginalBatch, "000007"), answer: "25", rule: "original"},
	{name: "void with another card", f: pay.Void, change: otherCard, answer: "14", rule: "original-card"},
	{name: "void of a part", f: pay.Void, fen: 999, answer: "64", rule: "original-amount"},
	{name: "void on the next day", f: pay.Void, before: days(1), answer: "25", rule: "original-day"},
	{name: "void of what was voided", f: pay.Void, before: act(pay.Void, 1000), answer: "25", rule: "original-stands"},
	{name: "void of what was voided, by switch", f: pay.Void, before: act(pay.Void, 1000), switches: map[string]string{"voided_again": "12"}, answer: "12", rule: "original-stands"},
	{name: "void of what was refunded", f: pay.Void, before: act(pay.Refund, 1), answer: "12", rule: "original-whole"},
	{name: "void of a sale as by telephone", f: pay.MOTOVoid, answer: "25", rule: "original"},
	{name: "void with a wrong PIN", f: pay.Void, change: func(w *world, m *iso8583.Message) { w.setPIN(m, "000000") }, answer: "55", rule: "issuer"},
	{name: "refund of all", f: pay.Refund, answer: "00", rule: "advice"},
	{name: "refund on the 30th day", f: pay.Refund, before: days(30), answer: "00", rule: "advice"},
	{name: "refund on the 31st day", f: pay.Refund, before: days(31), answer: "22", rule: "refund-window"},
	{name: "late refund by switch", f: pay.Refund, before: days(3), switches: map[string]string{"refund_days": "2", "late_refund": "25"}, answer: "25", rule: "refund-window"},
	{name: "refund of more", f: pay.Refund, fen: 1001, answer: "61", rule: "refund-total"},
	{name: "refunds of more together", f: pay.Refund, fen: 401, before: act(pay.Refund, 600), answer: "61", rule: "refund-total"},
	{name: "refunds of more by switch", f: pay.Refund, fen: 401, before: act(pay.Refund, 600), switches: map[string]string{"over_refund": "64"}, answer: "64", rule: "refund-total"},
	{name: "refunds of all together", f: pay.Refund, fen: 400, before: act(pay.Refund, 600), answer: "00", rule: "advice"},
	{name: "refund of what was voided", f: pay.Refund, before: act(pay.Void, 1000), answer: "25", rule: "original-stands"},
	{name: "refund of another day", f: pay.Refund, change: set(iso8583.OriginalDate, "0531"), answer: "25", rule: "original"},
	{name: "refund to another card", f: pay.Refund, change: otherCard, answer: "14", rule: "original-card"},
	{name: "refund of an instalment", first: pay.Instalment, f: pay.Refund, answer: "12", rule: "original"},
	{name: "refund by batch and trace", f: pay.Refund, change: set(iso8583.OriginalRRN, "260601999999"), switches: map[string]string{"refund_lookup": "trace"}, answer: "00", rule: "advice"},
	{name: "refund of a deposit", first: pay.PreAuth, f: pay.Refund, answer: "25", rule: "original"},
	{name: "completion at the ceiling", first: pay.PreAuth, f: pay.Completion, fen: 1150, answer: "00", rule: "issuer"},
	{name: "completion over the ceiling", first: pay.PreAuth, f: pay.Completion, fen: 1151, answer: "64", rule: "completion-ceiling"},
	{name: "completion over a lower ceiling", first: pay.PreAuth, f: pay.Completion, fen: 1001, switches: map[string]string{"completion_ceiling": "100"}, answer: "64", rule: "completion-ceiling"},
	{name: "completion on the 29th day", first: pay.PreAuth, f: pay.Completion, before: days(29), answer: "00", rule: "issuer"},
	{name: "completion on the 30th day", first: pay.PreAuth, f: pay.Completion, before: days(30), answer: "22", rule: "authorization-window"},
	{name: "completion twice", first: pay.PreAuth, f: pay.Completion, before: act(pay.Completion, 500), answer: "25", rule: "original-stands"},
	{name: "completion after the void", first: pay.PreAuth, f: pay.Completion, before: act(pay.PreAuthVoid, 1000), answer: "25", rule: "original-stands"},
	{name: "completion by another code", first: pay.PreAuth, f: pay.Completion, change: set(iso8583.AuthCode, "999999"), answer: "25", rule: "original"},
	{name: "completion with another card", first: pay.PreAuth, f: pay.Completion, change: otherCard, answer: "14", rule: "original-card"},
	{name: "completion of a sale", f: pay.Completion, answer: "25", rule: "original"},
	{name: "advice of all that is held", first: pay.PreAuth, f: pay.CompletionAdvice, answer: "00", rule: "advice"},
	{name: "advice of more than is held", first: pay.PreAuth, f: pay.CompletionAdvice, fen: 1001, answer: "64", rule: "completion-ceiling"},
	{name: "deposit's void of a part", first: pay.PreAuth, f: pay.PreAuthVoid, fen: 999, answer: "64", rule: "original-amount"},
	{name: "deposit's void twice", first: pay.PreAuth, f: pay.PreAuthVoid, before: act(pay.PreAuthVoid, 1000), answer: "25", rule: "original-stands"},
	{name: "deposit's void after its completion", first: pay.PreAuth, f: pay.PreAuthVoid, before: act(pay.Completion, 10), answer: "25", rule: "original-stands"},
}

func days(n int) func(*world, *iso8583.Message, *iso8583.Message) {
	return func(w *world, _, _ *iso8583.Message) {
		w.must(w.loop.Drain(w.t.Context(), time.Duration(n)*24*time.Hour))
	}
}

func act(f pay.Flow, fen int) func(*world, *iso8583.Message, *iso8583.Message) {
	return func(w *world, sale, answer *iso8583.Message) { w.good(w.on(f, sale, answer, fen)) }
}

func otherCard(_ *world, m *iso8583.Message) {
	m.Set(iso8583.PAN, "6200123456789028")
	m.Set(iso8583.Track2, strings.Replace(m.Get(iso8583.Track2), alicePAN, "6200123456789028", 1))
}

func TestOriginals(t *testing.T) {
	for _, c := range originalCases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{switches: c.switches})
			w.signIn()
			first, fen := c.first, c.fen
			if first == "" {
				first = pay.Sale
			}
			if fen == 0 {
				fen = 1000
			}
			sale := w.paying(first, 1000)
			answer := w.good(sale)
			if c.before != nil {
				c.before(w, sale, answer)
			}
			merchant, card := w.books()
			m := w.on(c.f, sale, answer, fen)
			if c.change != nil {
				c.change(w, m)
			}
			if got := code(w.ask(m)); got != c.answer || !strings.HasPrefix(w.reason(), c.rule+": ") {
				t.Fatalf("answer %q by %q; want %s by %s", got, w.reason(), c.answer, c.rule)
			}
			if m, a := w.books(); c.answer != "00" && (m != merchant || a != card) {
				t.Errorf("a refused %s moves the merchant's money from %d to %d, Alice's from %d to %d", c.f, merchant, m, card, a)
			}
			merchant, _ = w.books()
			w.wantBooks(merchant)
		})
	}
}

// A refund is no question: it is answered at once, its repeat gets the same, and the issuer hears of it when its line is up.
func TestRefundIsAnAdvice(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	sale := w.sale()
	answer := w.good(sale)
	w.bank.down = true
	refund := w.on(pay.Refund, sale, answer, 300)
	first := w.good(refund)
	if p := w.acquirer.Payments()[1]; p.Undo != acquirer.AdviceDue {
		t.Errorf("the advice is %q", p.Undo)
	}
	w.open()
	again := w.good(refund)
	if again.Get(iso8583.RRN) != first.Get(iso8583.RRN) {
		t.Errorf("the repeat has RRN %s, the first had %s", again.Get(iso8583.RRN), first.Get(iso8583.RRN))
	}
	if got := code(w.ask(with(refund.Clone(), iso8583.Amount, "000000000301"))); got != "94" {
		t.Errorf("another amount under the same number: %q, want 94", got)
	}
	if breaks := audit.Judge(slices.Values(w.acquirer.Statements())); len(breaks) > 0 {
		t.Error(breaks)
	}
	w.bank.down = false
	w.acquirer.Resume(w.loop.Now(), w)
	w.wantBooks(700)
	if got := code(w.ask(w.reversalOf(refund))); got != "25" {
		t.Errorf("a refund is not reversible: %q, want 25", got)
	}
	w.wantBooks(700)
}

func TestDeposit(t *testing.T) {
	for _, f := range [][5]pay.Flow{{pay.PreAuth, pay.PreAuthVoid, pay.Completion, pay.CompletionVoid, pay.CompletionAdvice},
		{pay.MOTOPreAuth, pay.MOTOPreAuthVoid, pay.MOTOCompletion, pay.MOTOCompletionVoid, pay.MOTOCompletionAdvice}} {
		t.Run(string(f[0]), func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			deposit := w.paying(f[0], 50000)
			answer := w.good(deposit)
			step := func(merchant, held int64) { t.Helper(); w.wantBooks(merchant); w.wantHeld(held) }
			step(0, 50000)
			void := w.on(f[1], deposit, answer, 50000)
			w.good(void)
			step(0, 0)
			w.good(w.reversalOf(void))
			step(0, 50000)
			completion := w.on(f[2], deposit, answer, 48000)
			w.good(completion)
			step(48000, 0)
			w.good(w.reversalOf(completion))
			step(0, 50000)
			completion = w.on(f[2], deposit, answer, 55000)
			done := w.good(completion)
			step(55000, 0)
			undone := w.on(f[3], completion, done, 55000)
			w.good(undone)
			step(0, 50000)
			w.good(w.reversalOf(undone))
			step(55000, 0)
			w.open()
			w.good(w.on(f[3], completion, done, 55000))
			step(0, 50000)
			advice := w.on(f[4], deposit, answer, 20000)
			w.good(advice)
			w.good(advice)
			step(20000, 0)
		})
	}
}

func TestDepositReversed(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	deposit := w.paying(pay.PreAuth, 5000)
	w.good(deposit)
	w.good(w.reversalOf(deposit))
	w.wantHeld(0)
	w.wantBooks(0)
}

func TestDepositAges(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	w.good(w.paying(pay.PreAuth, 5000))
	w.must(w.loop.Drain(t.Context(), 30*24*time.Hour-time.Second))
	w.acquirer.Age(w.loop.Now())
	if p := w.acquirer.Payments()[0]; p.State != acquirer.Approved {
		t.Fatalf("a second before its end the deposit is %s", p.State)
	}
	w.must(w.loop.Drain(t.Context(), time.Second))
	w.acquirer.Age(w.loop.Now())
	w.open()
	if p := w.acquirer.Payments()[0]; p.State != acquirer.Expired {
		t.Errorf("at its end the deposit is %s", p.State)
	}
	if b, err := w.acquirer.Ledger().Balance("interbank"); err != nil || b.Held.Minor != 0 {
		t.Errorf("the books hold %s: %v", b.Held, err)
	}
	if breaks := audit.Judge(slices.Values(w.acquirer.Statements())); len(breaks) > 0 {
		t.Error(breaks)
	}
}

// Random days: payments, what acts on them, repeats, reversals, restarts and an issuer that comes and goes. In the end the
// books agree.
func TestRandomDays(t *testing.T) {
	acts := map[pay.Flow][]pay.Flow{pay.Sale: {pay.Void, pay.Refund}, pay.PreAuth: {pay.PreAuthVoid, pay.Completion, pay.CompletionAdvice},
		pay.Completion: {pay.CompletionVoid, pay.Refund}, pay.CompletionAdvice: {pay.Refund}}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, setting{quiet: true})
		w.signIn()
		type sent struct{ request, answer *iso8583.Message }
		var all []sent
		send := func(m *iso8583.Message) {
			answer := w.ask(m)
			if answer != nil {
				all = append(all, sent{m, answer})
			}
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			step := rapid.SampledFrom([]string{"pay", "act", "act", "act", "repeat", "reverse", "issuer", "restart"}).Draw(rt, "step")
			if len(all) == 0 {
				step = "pay"
			}
			var one sent
			if len(all) > 0 {
				one = all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
			}
			fen := rapid.SampledFrom([]int{500, 1000, 1100}).Draw(rt, "amount")
			switch step {
			case "pay":
				send(w.paying(rapid.SampledFrom([]pay.Flow{pay.Sale, pay.PreAuth}).Draw(rt, "flow"), fen))
			case "act":
				spec, _, _ := w.pos.Identify(one.request)
				if len(acts[spec.Flow]) > 0 {
					send(w.on(rapid.SampledFrom(acts[spec.Flow]).Draw(rt, "act"), one.request, one.answer, fen))
				}
			case "repeat":
				w.ask(one.request)
			case "reverse":
				if spec, _, _ := w.pos.Identify(one.request); spec.Reversible {
					w.ask(w.reversalOf(one.request))
				}
			case "issuer":
				w.bank.down = rapid.Bool().Draw(rt, "down")
				w.bank.delay = time.Duration(rapid.SampledFrom([]int{0, 10, 45}).Draw(rt, "delay")) * time.Second
			case "restart":
				w.open()
				w.acquirer.Resume(w.loop.Now(), w)
			}
		}
		w.bank.down, w.bank.delay = false, 0
		for range 3 {
			w.rest()
			w.acquirer.Resume(w.loop.Now(), w)
		}
		w.rest()
		if merchant, card := w.books(); merchant+card != aliceHas {
			rt.Fatalf("the merchant has %d and Alice %d of %d\n%+v", merchant, card, aliceHas, w.acquirer.Statements())
		}
		w.wantHeld(w.bank.held())
		if breaks := audit.Judge(slices.Values(w.acquirer.Statements())); len(breaks) > 0 {
			rt.Fatalf("%v", breaks)
		}
	})
}
