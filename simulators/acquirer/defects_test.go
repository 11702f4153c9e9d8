package acquirer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// For each defect, something to do whose outcome it changes, and the outcome with the reference rules.
var defectProbes = map[string]struct {
	do   func(w *world) string
	want string
}{
	"acquirer-risk-each-alone":             {under(pay.Limit{Of: pay.OfCard, In: pay.InDay, Amount: pay.CNY(1500)}, 1000, 0, 0), "00 61"},
	"acquirer-risk-cards-together":         {stranger, "00"},
	"acquirer-risk-by-till":                {whose(pay.OfMerchant), shop},
	"acquirer-risk-till-as-shop":           {whose(pay.OfTerminal), tillOne},
	"acquirer-risk-month-is-day":           {under(pay.Limit{Of: pay.OfCard, In: pay.InMonth, Amount: pay.CNY(1500)}, 1000, 0, 24), "00 61"},
	"acquirer-risk-month-never-ends":       {under(pay.Limit{Of: pay.OfCard, In: pay.InMonth, Amount: pay.CNY(1500)}, 1000, 0, 30*24), "00 00"},
	"acquirer-risk-any-entry":              {under(pay.Limit{Entry: pay.Entry02Stripe, Amount: pay.CNY(500)}, 1000, 0), "61"},
	"acquirer-risk-whole-hours":            {minutesLater, "65"},
	"acquirer-risk-paid-only":              {declinedTwice, "65"},
	"acquirer-risk-keeps-voided":           {voided, "00"},
	"acquirer-pays-blocked":                {blockedCard, "62"},
	"acquirer-reviews-later":               {looked(pay.Release), "60 00 60"},
	"acquirer-releases-for-ever":           {looked(pay.Release), "60 00 60"},
	"acquirer-settles-wrong-totals":        {settlementDay, settlementSeen},
	"acquirer-settles-foreign-as-domestic": {func(w *world) string { return fmt.Sprint(w.acquirer.Rules.Domestic) }, "[62]"},
	"acquirer-drops-certificate": {func(w *world) string {
		m := with(with(w.offline(1000, ""), iso8583.EntryMode, "052"), iso8583.Chip, "\x9F\x27\x01\x40")
		w.ask(with(m, iso8583.CardSequence, "001"))
		heard := w.bank.heard
		return fmt.Sprintf("%X %s %s", heard.Get(iso8583.Chip), heard.Get(iso8583.EntryMode), heard.Get(iso8583.CardSequence))
	}, "9F270140 052 001"},
	"acquirer-answers-before-journal":    {func(w *world) string { return fmt.Sprint(w.acquirer.Rules.DurableFirst) }, "true"},
	"acquirer-ignores-full-disk":         {func(w *world) string { return fmt.Sprint(w.acquirer.Rules.StopUnkept) }, "true"},
	"acquirer-counts-rrn-anew":           {func(w *world) string { return w.acquirer.Rules.RRNDay("260602", "260601") }, "260602"},
	"acquirer-keeps-script-results":      {func(w *world) string { return fmt.Sprint(w.acquirer.Rules.TellScripts) }, "true"},
	"acquirer-always-balanced":           {settlementDay, settlementSeen},
	"acquirer-hides-totals":              {settlementDay, settlementSeen},
	"acquirer-trades-while-settling":     {settlementDay, settlementSeen},
	"acquirer-ignores-upload-count":      {settlementDay, settlementSeen},
	"acquirer-counts-repeated-rows":      {settlementDay, settlementSeen},
	"acquirer-forgets-uploads-on-resume": {settlementDay, settlementSeen},
	"acquirer-waits-for-sign-out":        {settlementDay, settlementSeen},
	"acquirer-batch-zero-at-wrap":        {settlementDay, settlementSeen},
	"acquirer-settles-by-calendar": {func(w *world) string {
		w.must(w.loop.Drain(context.Background(), 14*time.Hour))
		return w.ask(w.sale()).Get(iso8583.SettlementDate)
	}, "0602"},
	"acquirer-day-never-ends": {func(w *world) string {
		limits(acquirer.Limits{DayCount: 1})(w, nil)
		w.ask(w.sale())
		w.must(w.loop.Drain(context.Background(), 24*time.Hour))
		return code(w.ask(w.sale()))
	}, "00"},
	"acquirer-forgets-last-year": {later(213*24*time.Hour, pay.Sale, pay.Refund, 5*24*time.Hour), "00"},
	"acquirer-knows-its-own-date-only": {func(w *world) string {
		twin := newWorld(w.t, setting{rules: w.acquirer.Rules, quiet: true, dialect: "iso87-ascii"})
		timed := func(m *iso8583.Message) *iso8583.Message {
			for e, v := range map[iso8583.Element]string{iso8583.TransmissionTime: "0531173000", iso8583.LocalTime: "013000", iso8583.LocalDate: "0601"} {
				m.Set(e, v)
			}
			m.Unset(iso8583.NetworkCode)
			return m
		}
		twin.loadKeys(twin.ask(with(twin.request(pay.SignIn), iso8583.TransmissionTime, "0531173000")))
		sale := timed(twin.paying(pay.Sale, 1000))
		refund := timed(twin.on(pay.Refund, sale, twin.ask(sale), 1000))
		return code(twin.ask(with(with(refund, iso8583.OriginalDate, "0531"), iso8583.OriginalTime, "173000")))
	}, "00"},
	"acquirer-voids-yesterday":    {later(0, pay.Sale, pay.Void, 24*time.Hour), "25"},
	"acquirer-refunds-for-ever":   {later(0, pay.Sale, pay.Refund, 31*24*time.Hour), "22"},
	"acquirer-holds-a-day-longer": {later(0, pay.PreAuth, pay.Completion, 29*24*time.Hour+23*time.Hour), "22"},
	"acquirer-keeps-old-keys": {func(w *world) string {
		twin := w.inISO87()
		twin.loadKeys(twin.ask(with(twin.request(pay.KeyChange), iso8583.TransmissionTime, "0601013000")))
		return code(twin.ask(twin.isoSale()))
	}, "00"},
	"acquirer-skips-mac": {func(w *world) string {
		frame := w.sealed(w.sale())
		frame[len(frame)-1] ^= 1
		return code(w.askFrame(frame))
	}, "A0"},
	"acquirer-answers-without-mac":  {answerMACFits, "true"},
	"acquirer-mac-over-wrong-bytes": {answerMACFits, "true"},
	"acquirer-ignores-track": {func(w *world) string {
		return code(w.ask(with(w.sale(), iso8583.Track2, "6200123456789028D30121200000012300000")))
	}, "14"},
	"acquirer-wrong-kcv": {func(w *world) string { return w.loadKeys(w.ask(w.signInRequest())) }, ""},
	"acquirer-same-keys": {func(w *world) string {
		one, two := w.ask(w.signInRequest()), w.ask(w.signInRequest())
		return fmt.Sprint(one.Get(iso8583.Keys) == two.Get(iso8583.Keys))
	}, "false"},
	"acquirer-posts-repeat": {func(w *world) string {
		m := w.sale()
		w.sendAll(m, m)
		return w.money()
	}, "1000 99000"},
	"acquirer-loses-reversal": {reverseOnce, "0 100000"},
	"acquirer-keeps-reversal": {reverseOnce, "0 100000"},
	"acquirer-reverses-twice": {func(w *world) string {
		m := w.sale()
		w.sendAll(w.sale(), m, w.reversalOf(m), w.reversalOf(m))
		return w.money()
	}, "1000 99000"},
	"acquirer-posts-decline": {func(w *world) string {
		m := w.sale()
		w.setPIN(m, "000000")
		w.sendAll(m)
		return w.money()
	}, "0 100000"},
	"acquirer-no-tombstone": {func(w *world) string {
		m := w.sale()
		w.sendAll(w.reversalOf(m), m)
		return w.money()
	}, "0 100000"},
	"acquirer-never-announces": {func(w *world) string { return w.asked() }, "4"},
	"acquirer-forgets-newcomers": {func(w *world) string {
		terminal(func(t *acquirer.Terminal) { t.Equipment = acquirer.Newcomer() })(w, nil)
		return w.ask(w.request(pay.Echo)).Header()[5:6]
	}, "1"},
	"acquirer-asks-for-ever":        {func(w *world) string { return w.asked() + w.fetchedKeys() }, "40"},
	"acquirer-asks-status-for-ever": {func(w *world) string { return w.toldStatus("010") }, "0"},
	"acquirer-serves-old-parameters": {func(w *world) string {
		w.acquirer.Publish(acquirer.Parameters, tillOne, [][]byte{[]byte("1245")})
		return w.ask(w.request(pay.ParameterDownload)).Get(iso8583.Parameters)
	}, "1245"},
	"acquirer-remembers-one-till": {func(w *world) string {
		w.must(w.acquirer.AddTerminal(acquirer.Terminal{Number: "10000002", Merchant: shop}))
		w.asked()
		w.fetchedKeys()
		other, _ := w.acquirer.Terminal("10000002")
		return fmt.Sprint(other.Fetched)
	}, "map[]"},
	"acquirer-takes-old-version": {func(w *world) string {
		terminal(func(t *acquirer.Terminal) { t.MinVersion = "32000000" })(w, nil)
		return code(w.ask(w.sale()))
	}, "58"},
	"acquirer-trusts-download": {func(w *world) string {
		terminal(func(t *acquirer.Terminal) { t.MinVersion = "32000000" })(w, nil)
		w.acquirer.Publish(acquirer.Parameters, tillOne, [][]byte{[]byte("9132000000")})
		w.ask(w.request(pay.ParameterDownload))
		w.ask(w.request(pay.ParameterEnd))
		return code(w.ask(w.sale()))
	}, "58"},
	"acquirer-echo-needs-sign-in": {func(w *world) string {
		w.ask(w.request(pay.SignOut))
		return code(w.ask(w.request(pay.Echo)))
	}, "00"},
	"acquirer-refuses-second-sign-out": {func(w *world) string {
		w.ask(w.request(pay.SignOut))
		return code(w.ask(w.request(pay.SignOut)))
	}, "00"},
	"acquirer-loses-signature":          {func(w *world) string { return w.signedTwice() }, "ABCDE"},
	"acquirer-joins-parts-out-of-order": {func(w *world) string { return w.signedTwice() }, "ABCDE"},
	"acquirer-signs-last-payment": {func(w *world) string {
		sale := w.sale()
		answer := w.ask(sale)
		w.ask(w.sale())
		w.ask(w.signing(answer, "800", true, "AB"))
		return w.signatureOf(sale)
	}, "AB"},
	"acquirer-forgets-balance": {func(w *world) string {
		m := w.paying(pay.Balance, 0)
		m.Unset(iso8583.Amount)
		return w.ask(m).Get(iso8583.Balance)
	}, "0002156C000000100000"},
	"acquirer-refuses-repeated-advice": {func(w *world) string {
		m := w.sale()
		refund := w.on(pay.Refund, m, w.ask(m), 400)
		w.ask(refund)
		return code(w.ask(refund))
	}, "00"},
	"acquirer-wrong-refund-code": {func(w *world) string {
		m := w.sale()
		return code(w.ask(w.on(pay.Refund, m, w.ask(m), 1001)))
	}, "61"},
	"acquirer-no-timeout-reversal": {func(w *world) string {
		w.bank.delay = 45 * time.Second
		w.sendAll(w.sale())
		return w.money()
	}, "0 100000"},
	"acquirer-any-amount-reversal": {func(w *world) string {
		m := w.sale()
		w.sendAll(m, with(w.reversalOf(m), iso8583.Amount, "000000000999"))
		return w.money()
	}, "1000 99000"},
	"acquirer-skips-format": {func(w *world) string {
		m := w.sale()
		m.Unset(iso8583.EntryMode)
		return code(w.ask(m))
	}, "30"},
	"acquirer-ignores-batch": {func(w *world) string { return code(w.ask(with(w.sale(), iso8583.Batch, "000007"))) }, "77"},
	"acquirer-ignores-sign-in": {func(w *world) string {
		w.ask(w.request(pay.SignOut))
		w.batch = "000002"
		return code(w.ask(w.sale()))
	}, "77"},
	"acquirer-accepts-unknown-terminal": {func(w *world) string {
		return code(w.ask(with(w.request(pay.Echo), iso8583.Terminal, "10000099")))
	}, "97"},
	"acquirer-ignores-disabled": {func(w *world) string {
		terminal(func(t *acquirer.Terminal) { t.State = acquirer.Disabled })(w, nil)
		return code(w.ask(w.request(pay.Echo)))
	}, "58"},
	"acquirer-asks-at-sign-in-only": {func(w *world) string {
		terminal(func(t *acquirer.Terminal) { t.Unlisted = true })(w, nil)
		return code(w.ask(w.sale()))
	}, "97"},
	"acquirer-pays-any-merchant":     {func(w *world) string { return code(w.ask(with(w.sale(), iso8583.Merchant, otherShop))) }, "58"},
	"acquirer-takes-any-currency":    {func(w *world) string { return code(w.ask(with(w.sale(), iso8583.Currency, "840"))) }, "12"},
	"acquirer-forgets-authorization": {func(w *world) string { return fmt.Sprint(w.ask(w.sale()).Has(iso8583.AuthCode)) }, "true"},
	"acquirer-skips-reversal-mac": {func(w *world) string {
		m := w.sale()
		w.sendAll(m)
		frame := w.sealed(w.reversalOf(m))
		frame[len(frame)-1] ^= 1
		return code(w.askFrame(frame))
	}, "A0"},
	"acquirer-ignores-merchant": {func(w *world) string {
		w.must(w.acquirer.UpdateMerchant(shop, func(m *acquirer.Merchant) { m.Closed = true }))
		return code(w.ask(w.sale()))
	}, "03"},
	"acquirer-ignores-binding": {func(w *world) string {
		return code(w.ask(with(w.signInRequest(), iso8583.TerminalInfo, "Sequence No12SN-T9-000009")))
	}, "58"},
	"acquirer-ignores-limits": {func(w *world) string {
		limits(acquirer.Limits{PerSale: pay.CNY(1)})(w, nil)
		return code(w.ask(w.sale()))
	}, "61"},
	"acquirer-wrong-echo": {func(w *world) string {
		m := w.sale()
		return fmt.Sprint(w.ask(m).Get(iso8583.Trace) == m.Get(iso8583.Trace))
	}, "true"},
	"acquirer-wrong-amount-echo": {func(w *world) string { return w.ask(w.sale()).Get(iso8583.Amount) }, "000000001000"},
	"acquirer-reverses-other-till": {func(w *world) string {
		m := w.sale()
		w.sendAll(m, with(w.reversalOf(m), iso8583.Batch, "000009")) // a payment that never came
		return w.money()
	}, "1000 99000"},
	"acquirer-keeps-tpdu":            {func(w *world) string { return w.ask(w.sale()).TPDU() }, "6000000003"},
	"acquirer-approves-unknown-kind": {func(w *world) string { return code(w.ask(with(w.sale(), iso8583.ProcessingCode, "990000"))) }, "12"},
	"acquirer-takes-read-for-message": {func(w *world) string {
		framer, err := w.pos.Framing.ServerFramer()
		w.must(err)
		frame, taken, err := w.acquirer.Rules.Framer(framer).Next([]byte("\x00\x03abc\x00\x03d"))
		return fmt.Sprint(string(frame), taken, err)
	}, "abc5 <nil>"},
	"acquirer-falls-silent-at-garbage": {func(w *world) string {
		w.acquirer.Unreadable(w.loop.Now(), []byte("garbage"), errors.New("no message"))
		return code(w.ask(w.request(pay.Echo)))
	}, "00"},
	"acquirer-forgets-batch": {func(w *world) string {
		w.ask(w.request(pay.SignOut))
		return w.signIn().Get(iso8583.Batch)
	}, "000002"},
}

func TestDefects(t *testing.T) {
	for _, d := range acquirer.Defects() {
		t.Run(d.Name, func(t *testing.T) {
			probe, ok := defectProbes[d.Name]
			if !ok {
				probe, ok = offlineProbes[d.Name]
			}
			if !ok {
				probe, ok = flowProbes[d.Name]
			}
			if !ok {
				probe, ok = codeProbes[d.Name]
			}
			if !ok {
				t.Fatal("nothing here shows what it changes")
			}
			honest := newWorld(t, setting{quiet: true})
			honest.signIn()
			if got := probe.do(honest); got != probe.want {
				t.Errorf("the reference acquirer gives %q, want %q", got, probe.want)
			}
			rules := acquirer.Reference()
			d.Edit(&rules)
			w := newWorld(t, setting{rules: &rules, quiet: true})
			if answer := w.ask(w.signInRequest()); code(answer) == "00" {
				w.loadKeys(answer)
			}
			if got := probe.do(w); got == probe.want {
				t.Errorf("the defect changes nothing: %q", got)
			}
		})
	}
}

func TestDefectsAreTold(t *testing.T) {
	categories := strings.Fields("security money protocol emv keys settlement resilience")
	for _, d := range acquirer.Defects() {
		if !strings.HasPrefix(d.Name, "acquirer-") || !slices.Contains(categories, d.Category) || d.Text == "" || d.Why == "" {
			t.Errorf("defect %+q: name, category, text or reason is missing", d.Name)
		}
	}
}

func with(m *iso8583.Message, e iso8583.Element, value string) *iso8583.Message {
	m.Set(e, value)
	return m
}

// inISO87 is a world with the same rules in that dialect, signed in.
func (w *world) inISO87() *world {
	twin := newWorld(w.t, setting{rules: w.acquirer.Rules, quiet: true, dialect: "iso87-ascii"})
	twin.loadKeys(twin.ask(with(twin.request(pay.SignIn), iso8583.TransmissionTime, "0601013000")))
	return twin
}

func (w *world) isoSale() *iso8583.Message {
	sale := with(with(with(w.sale(), iso8583.TransmissionTime, "0601013000"), iso8583.LocalTime, "093000"), iso8583.LocalDate, "0601")
	sale.Unset(iso8583.NetworkCode) // F70, which a payment has not
	return sale
}

func answerMACFits(w *world) string {
	input, mac := w.pos.MACInput(w.ask(w.sale()))
	ok, err := w.till.VerifyMAC("MAK", w.macAlgorithm(), input, mac)
	w.must(err)
	return fmt.Sprint(ok)
}

func reverseOnce(w *world) string {
	m := w.sale()
	w.sendAll(m, w.reversalOf(m))
	return w.money()
}

// money tells what the merchant and Alice have, in minor units.
func (w *world) money() string {
	w.rest()
	merchant, card := w.books()
	return fmt.Sprint(merchant, " ", card)
}

// later has something follow a payment, which is made after some time, after some more time.
func later(before time.Duration, first, then pay.Flow, after time.Duration) func(*world) string {
	return func(w *world) string {
		w.must(w.loop.Drain(context.Background(), before))
		m := w.paying(first, 1000)
		answer := w.good(m)
		w.must(w.loop.Drain(context.Background(), after))
		return code(w.ask(w.on(then, m, answer, 1000)))
	}
}
