package acquirer_test

import (
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// flowProbes are those of reversals, advices and payments that act on others.
var flowProbes = map[string]struct {
	do   func(w *world) string
	want string
}{
	"acquirer-reverses-another-day": {func(w *world) string {
		m := w.sale()
		w.ask(m)
		w.days(1)
		return code(w.ask(w.reversalOf(m)))
	}, "25"},
	"acquirer-undoes-only-sales": {func(w *world) string {
		void := w.acts(pay.Sale, pay.Void, 1000)
		w.sendAll(void, w.reversalOf(void))
		return w.money()
	}, "1000 99000"},
	"acquirer-reverses-when-told-only": {func(w *world) string {
		w = w.inISO87()
		sale := w.isoSale()
		w.ask(sale)
		m := w.pos.NewRequest(pay.ReversalRequest)
		for _, e := range []iso8583.Element{iso8583.PAN, iso8583.Amount, iso8583.Trace, iso8583.Terminal, iso8583.Merchant, iso8583.Batch} {
			m.Set(e, sale.Get(e))
		}
		for e, v := range map[iso8583.Element]string{iso8583.ReversalReason: "98", iso8583.OriginalMTI: "0200", iso8583.OriginalTrace: sale.Get(iso8583.Trace),
			iso8583.OriginalDate: "0601", iso8583.OriginalTime: "013000"} {
			m.Set(e, v)
		}
		return code(w.ask(m)) + " " + w.money()
	}, "00 0 100000"},
	"acquirer-refuses-reversal-of-decline": {func(w *world) string {
		m := w.sale()
		w.setPIN(m, "000000")
		w.ask(m)
		return code(w.ask(w.reversalOf(m)))
	}, "00"},
	"acquirer-forgets-advice": {func(w *world) string {
		w.ask(w.acts(pay.Sale, pay.Refund, 400))
		return w.money()
	}, "600 99400"},
	"acquirer-refuses-old-advice": {func(w *world) string {
		refund := w.acts(pay.Sale, pay.Refund, 400)
		w.must(w.acquirer.UpdateTerminal(tillOne, func(t *acquirer.Terminal) { t.Batch = "000002" }))
		return code(w.ask(refund))
	}, "00"},
	"acquirer-voids-another-day": {func(w *world) string {
		void := w.acts(pay.Sale, pay.Void, 1000)
		w.days(1)
		return code(w.ask(void))
	}, "25"},
	"acquirer-voids-anywhere": {func(w *world) string {
		return code(w.ask(with(w.acts(pay.Sale, pay.Void, 1000), iso8583.OriginalBatch, "000009")))
	}, "25"},
	"acquirer-voids-for-any-card": {func(w *world) string {
		refund := with(w.acts(pay.Sale, pay.Refund, 400), iso8583.PAN, "6200123456789028")
		return code(w.ask(with(refund, iso8583.Track2, "6200123456789028D30121200000012300000")))
	}, "14"},
	"acquirer-voids-twice": {func(w *world) string {
		w = w.agreed("voided_again", "22")
		first := w.acts(pay.Sale, pay.Void, 1000)
		w.ask(first)
		w.traceNo++
		return code(w.ask(with(first, iso8583.Trace, "000500")))
	}, "22"},
	"acquirer-voids-refunded": {func(w *world) string {
		m := w.sale()
		answer := w.ask(m)
		w.ask(w.on(pay.Refund, m, answer, 400))
		return code(w.ask(w.on(pay.Void, m, answer, 1000)))
	}, "12"},
	"acquirer-mixes-kinds":        {func(w *world) string { return code(w.ask(w.acts(pay.MOTOSale, pay.Void, 1000))) }, "25"},
	"acquirer-refund-window-open": {func(w *world) string { return w.later(31, pay.Sale, pay.Refund) }, "22"},
	"acquirer-refunds-voided": {func(w *world) string {
		m := w.sale()
		answer := w.ask(m)
		w.ask(w.on(pay.Void, m, answer, 1000))
		return code(w.ask(w.on(pay.Refund, m, answer, 400)))
	}, "25"},
	"acquirer-refunds-instalment": {func(w *world) string { return code(w.ask(w.acts(pay.Instalment, pay.Refund, 400))) }, "12"},
	"acquirer-takes-any-plan": {func(w *world) string {
		return code(w.ask(with(w.paying(pay.Instalment, 6000), iso8583.InstalmentPlan, "05")))
	}, "12"},
	"acquirer-refunds-by-number-only": {func(w *world) string {
		w = w.agreed("refund_lookup", "trace")
		return code(w.ask(with(w.acts(pay.Sale, pay.Refund, 400), iso8583.OriginalBatch, "000009")))
	}, "25"},
	"acquirer-frees-part": {func(w *world) string { return code(w.ask(w.acts(pay.PreAuth, pay.PreAuthVoid, 400))) }, "64"},
	"acquirer-ignores-ceiling": {func(w *world) string {
		w = w.agreed("completion_ceiling", "100")
		return code(w.ask(w.acts(pay.PreAuth, pay.Completion, 1100)))
	}, "64"},
	"acquirer-completes-twice": {func(w *world) string {
		m := w.paying(pay.PreAuth, 1000)
		answer := w.ask(m)
		w.ask(w.on(pay.Completion, m, answer, 900))
		return code(w.ask(w.on(pay.CompletionAdvice, m, answer, 900)))
	}, "25"},
	"acquirer-completes-expired": {func(w *world) string { return w.later(30, pay.PreAuth, pay.Completion) }, "22"},
	"acquirer-completion-void-frees": {func(w *world) string {
		m := w.paying(pay.PreAuth, 1000)
		answer := w.ask(m)
		completion := w.on(pay.Completion, m, answer, 900)
		w.ask(w.on(pay.CompletionVoid, completion, w.ask(completion), 900))
		return code(w.ask(w.on(pay.Completion, m, answer, 700)))
	}, "00"},
	"acquirer-takes-moto-deposit": {func(w *world) string {
		w.ask(w.paying(pay.MOTOPreAuth, 1000))
		merchant, _ := w.books()
		return pay.CNY(merchant).String()
	}, "0.00 CNY"},
}

func (w *world) days(n int) {
	w.must(w.loop.Drain(w.t.Context(), time.Duration(n)*24*time.Hour))
}

// acts pays 10.00 by one flow and makes what acts on that by another.
func (w *world) acts(first, then pay.Flow, fen int) *iso8583.Message {
	m := w.paying(first, 1000)
	return w.on(then, m, w.ask(m), fen)
}

// later gives the answer to what acts on a payment of so many days ago.
func (w *world) later(days int, first, then pay.Flow) string {
	m := w.acts(first, then, 1000)
	w.days(days)
	return code(w.ask(m))
}

// agreed is a world with the same rules, signed in, where a switch is set.
func (w *world) agreed(name, value string) *world {
	twin := newWorld(w.t, setting{rules: w.acquirer.Rules, quiet: true, switches: map[string]string{name: value}})
	twin.signIn()
	return twin
}
