package acquirer_test

import (
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// withoutCard takes the card out of a message; a code may stand in its place.
func withoutCard(m *iso8583.Message, code string) *iso8583.Message {
	noPIN(m)
	for _, e := range []iso8583.Element{iso8583.PAN, iso8583.Track2, iso8583.SecurityControl, iso8583.Expiry} {
		m.Unset(e)
	}
	m.Set(iso8583.EntryMode, "032")
	m.Set(iso8583.DeviceData, m.Dialect().DeviceText(iso8583.DeviceA3PayerCode, code))
	return m
}

func (w *world) byCode() *iso8583.Message { return withoutCard(w.sale(), aliceCode) }

// codePaid sells by code, and begins what acts on it, with whatever card edit gives it.
func codePaid(f pay.Flow, fen int, edit func(*iso8583.Message) *iso8583.Message) func(*world) string {
	return func(w *world) string {
		m := w.byCode()
		return code(w.ask(edit(w.on(f, m, w.ask(m), fen)))) + " " + w.money()
	}
}

func depositByCode(w *world) string {
	return code(w.ask(withoutCard(w.paying(pay.PreAuth, 1000), aliceCode)))
}

// reversedWith takes a sale by code back with that code.
func reversedWith(digits string) func(*world) string {
	return func(w *world) string {
		m := w.byCode()
		w.ask(m)
		back := w.reversalOf(m)
		back.Set(iso8583.DeviceData, m.Dialect().DeviceText(iso8583.DeviceA3PayerCode, digits))
		return code(w.ask(back)) + " " + w.money()
	}
}

func shown(code string) func(*iso8583.Message) *iso8583.Message {
	return func(m *iso8583.Message) *iso8583.Message { return withoutCard(m, code) }
}

func itself(m *iso8583.Message) *iso8583.Message { return m }

// The probes of the defects of payers' codes.
var codeProbes = map[string]struct {
	do   func(w *world) string
	want string
}{
	"acquirer-sends-code-as-card":   {func(w *world) string { return code(w.ask(w.byCode())) + " " + w.money() }, "00 1000 99000"},
	"acquirer-reverses-any-code":    {reversedWith("6201000000000000001"), "14 1000 99000"},
	"acquirer-deposits-by-code":     {depositByCode, "40"},
	"acquirer-wants-code-again":     {codePaid(pay.Refund, 400, shown("")), "00 600 99400"},
	"acquirer-refunds-code-to-card": {codePaid(pay.Refund, 400, itself), "14 1000 99000"},
}

func TestPayerCodes(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*world) string
		want string
	}{
		{"void with the code", codePaid(pay.Void, 1000, shown(aliceCode)), "00 0 100000"},
		{"void without", codePaid(pay.Void, 1000, shown("")), "00 0 100000"},
		{"void with another code", codePaid(pay.Void, 1000, shown("6201000000000000001")), "14 1000 99000"},
		{"void with the card", codePaid(pay.Void, 1000, itself), "14 1000 99000"},
		{"refund of more", codePaid(pay.Refund, 1001, shown("")), "61 1000 99000"},
		{"a card's sale without the card", func(w *world) string {
			m := w.sale()
			return code(w.ask(withoutCard(w.on(pay.Refund, m, w.ask(m), 400), "")))
		}, "14"},
		{"sale without a code", func(w *world) string {
			m := w.byCode()
			m.Set(iso8583.DeviceData, "17008Shanghai")
			return code(w.ask(m))
		}, "31"},
		{"another wallet's code", func(w *world) string { return code(w.ask(withoutCard(w.sale(), "101234567890123456"))) }, "31"},
		{"reversal", reversedWith(aliceCode), "00 0 100000"},
		{"reversal of a card's sale with a code", func(w *world) string {
			m := w.sale()
			w.ask(m)
			back := w.reversalOf(m)
			back.Set(iso8583.DeviceData, m.Dialect().DeviceText(iso8583.DeviceA3PayerCode, aliceCode))
			return code(w.ask(back)) + " " + w.money()
		}, "14 1000 99000"},
		{"pre-auth by code", depositByCode, "40"},
		{"reversal without the code", func(w *world) string {
			m := w.byCode()
			w.ask(m)
			return code(w.ask(w.reversalOf(m))) + " " + w.money()
		}, "30 1000 99000"},
		{"till that takes cards of one bank only", func(w *world) string {
			limits(acquirer.Limits{Prefixes: []string{"4"}})(w, nil)
			return code(w.ask(w.byCode()))
		}, "57"},
		{"till that takes this country's", func(w *world) string {
			limits(acquirer.Limits{Prefixes: []string{"62"}})(w, nil)
			return code(w.ask(w.byCode()))
		}, "00"},
		{"what is kept is masked", func(w *world) string {
			w.ask(w.byCode())
			p := w.acquirer.Payments()[0]
			return fmt.Sprint(p.Card, " ", p.ByCode, " ", p.State)
		}, "620198*********8765 true " + string(audit.Approved)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			if got := c.do(w); got != c.want {
				t.Errorf("got %q, want %q: %s", got, c.want, w.reason())
			}
		})
	}
}

// Nobody between the cardholder and the issuer knows the card number, so the PIN block has none.
func TestPINBesideACode(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	m := w.byCode()
	block, err := w.till.EncryptPIN("PIK", hsm.PINUnionPayNoPAN, pay.NewSecret(alicePIN), pay.PAN{})
	w.must(err)
	m.Set(iso8583.EntryMode, "031")
	m.Set(iso8583.PINCapture, "06")
	m.Set(iso8583.PIN, string(block))
	m.Set(iso8583.SecurityControl, "1600000000000000")
	w.ask(m)
	asked := w.bank.heard
	want, err := w.bank.hsm.EncryptPIN("ZPK", hsm.PINUnionPayNoPAN, pay.NewSecret(alicePIN), pay.PAN{})
	w.must(err)
	if asked.Get(iso8583.PIN) != string(want) || asked.Get(iso8583.SecurityControl) != "1600000000000000" {
		t.Errorf("the issuer is asked with F53 %s", asked.Get(iso8583.SecurityControl))
	}
}
