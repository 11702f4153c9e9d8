package acquirer_test

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// A good sale, one thing changed, and what must come of it.
var saleCases = []struct {
	name   string
	change func(w *world, m *iso8583.Message)
	tamper func(frame []byte)
	answer string
	rule   string
}{
	{name: "good", answer: "00", rule: "issuer"},
	{name: "without PIN", change: func(_ *world, m *iso8583.Message) { noPIN(m) }, answer: "00", rule: "issuer"},
	{name: "PIN block without card number", answer: "00", rule: "issuer", change: func(w *world, m *iso8583.Message) {
		block, err := w.till.EncryptPIN("PIK", "unionpay-no-pan", pay.NewSecret(alicePIN), pay.PAN{})
		w.must(err)
		m.Set(iso8583.PIN, string(block))
		m.Set(iso8583.SecurityControl, "1600000000000000")
	}},
	{name: "amount missing", change: unset(iso8583.Amount), answer: "30", rule: "format"},
	{name: "PIN missing though entered", change: unset(iso8583.PIN), answer: "30", rule: "format"},
	{name: "unknown processing code", change: set(iso8583.ProcessingCode, "990000"), answer: "12", rule: "flow"},
	{name: "merchant unknown", change: set(iso8583.Merchant, "898320548169999"), answer: "03", rule: "merchant"},
	{name: "merchant closed", answer: "03", rule: "merchant", change: func(w *world, _ *iso8583.Message) {
		w.must(w.acquirer.UpdateMerchant(shop, func(m *acquirer.Merchant) { m.Closed = true }))
	}},
	{name: "terminal unknown", change: set(iso8583.Terminal, "10000099"), answer: "97", rule: "terminal"},
	{name: "terminal unlisted", change: terminal(func(t *acquirer.Terminal) { t.Unlisted = true }), answer: "97", rule: "terminal"},
	{name: "terminal disabled", change: terminal(func(t *acquirer.Terminal) { t.State = acquirer.Disabled }), answer: "58", rule: "enabled"},
	{name: "terminal of another merchant", change: set(iso8583.Merchant, otherShop), answer: "58", rule: "binding"},
	{name: "terminal at another place", change: set(iso8583.DeviceData, "17007Beijing"), answer: "58", rule: "binding"},
	{name: "terminal at its place", change: set(iso8583.DeviceData, "12003abc17008Shanghai"), answer: "00", rule: "issuer"},
	{name: "terminal initial", change: terminal(func(t *acquirer.Terminal) { t.State = acquirer.Initial }), answer: "77", rule: "session"},
	{name: "terminal signed out", change: terminal(func(t *acquirer.Terminal) { t.State = acquirer.SignedOut }), answer: "77", rule: "session"},
	{name: "terminal in maintenance", change: terminal(func(t *acquirer.Terminal) { t.State = acquirer.Maintenance }), answer: "77", rule: "session"},
	{name: "another batch", change: set(iso8583.Batch, "000007"), answer: "77", rule: "batch"},
	{name: "MAC wrong", tamper: func(f []byte) { f[len(f)-1] ^= 1 }, answer: "A0", rule: "mac"},
	{name: "one byte changed", tamper: func(f []byte) { f[40] ^= 0x10 }, answer: "A0", rule: "mac"},
	{name: "amount zero", change: set(iso8583.Amount, "000000000000"), answer: "13", rule: "amount"},
	{name: "currency unknown", change: set(iso8583.Currency, "zzz"), answer: "30", rule: "amount"},
	{name: "another currency", change: set(iso8583.Currency, "840"), answer: "12", rule: "currency"},
	{name: "track of another card", change: set(iso8583.Track2, "6200123456789028D30121200000012300000"), answer: "14", rule: "card"},
	{name: "card not taken", answer: "57", rule: "card-type", change: limits(acquirer.Limits{Prefixes: []string{"4", "5"}})},
	{name: "over the merchant's limit", answer: "61", rule: "amount-limit", change: limits(acquirer.Limits{PerSale: pay.CNY(999)})},
	{name: "at the merchant's limit", answer: "00", rule: "issuer", change: limits(acquirer.Limits{PerSale: pay.CNY(1000)})},
	{name: "over the merchant's day", answer: "61", rule: "amount-limit", change: limits(acquirer.Limits{PerDay: pay.CNY(999)})},
	{name: "over the terminal's limit", answer: "61", rule: "amount-limit", change: terminal(func(t *acquirer.Terminal) { t.Limits.PerSale = pay.CNY(1) })},
	{name: "PIN block garbage", answer: "99", rule: "pin", change: set(iso8583.PIN, "12345678")},
	{name: "wrong PIN", change: func(w *world, m *iso8583.Message) { w.setPIN(m, "000000") }, answer: "55", rule: "issuer"},
	{name: "more than Alice has", change: set(iso8583.Amount, "000000100001"), answer: "51", rule: "issuer"},
	{name: "issuer line down", answer: "91", rule: "issuer-line", change: func(w *world, _ *iso8583.Message) {
		w.acquirer.SetCondition(acquirer.Condition{NoIssuer: true})
	}},
	{name: "day cut-over", answer: "90", rule: "system", change: func(w *world, _ *iso8583.Message) {
		w.acquirer.SetCondition(acquirer.Condition{Answer: pay.Answer90CutOver})
	}},
	{name: "next answer declines", answer: "05", rule: "system", change: func(w *world, _ *iso8583.Message) { w.acquirer.AnswerNext("05") }},
	{name: "next answer approves otherwise", answer: "11", rule: "issuer", change: func(w *world, _ *iso8583.Message) { w.acquirer.AnswerNext("11") }},
}

func set(e iso8583.Element, value string) func(*world, *iso8583.Message) {
	return func(_ *world, m *iso8583.Message) { m.Set(e, value) }
}

func unset(e iso8583.Element) func(*world, *iso8583.Message) {
	return func(_ *world, m *iso8583.Message) { m.Unset(e) }
}

func terminal(edit func(*acquirer.Terminal)) func(*world, *iso8583.Message) {
	return func(w *world, _ *iso8583.Message) { w.must(w.acquirer.UpdateTerminal(tillOne, edit)) }
}

func limits(l acquirer.Limits) func(*world, *iso8583.Message) {
	return func(w *world, _ *iso8583.Message) {
		w.must(w.acquirer.UpdateMerchant(shop, func(m *acquirer.Merchant) { m.Limits = l }))
	}
}

func TestSaleChecks(t *testing.T) {
	for _, c := range saleCases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			request := w.sale()
			if c.change != nil {
				c.change(w, request)
			}
			frame := w.sealed(request)
			if c.tamper != nil {
				c.tamper(frame)
			}
			answer := w.askFrame(frame)
			if code(answer) != c.answer || !strings.HasPrefix(w.reason(), c.rule+": ") {
				t.Fatalf("answer %q by %q; want %s by %s", code(answer), w.reason(), c.answer, c.rule)
			}
			if c.rule == "flow" || c.rule == "terminal" && request.Get(iso8583.Terminal) != tillOne {
				return // nothing says that these answers carry a MAC, or under which key
			}
			w.wantMAC(answer)
			for _, v := range w.pos.ValidateAnswer(request, answer) {
				if c.tamper == nil && c.rule != "format" {
					t.Errorf("the answer is not as the dialect wants it: %s: %s", v.Rule, v.Text)
				}
			}
			moved := int64(0)
			if c.answer == "00" || c.answer == "11" {
				moved = 1000
			}
			w.wantBooks(moved)
		})
	}
}

// wantMAC holds an answer to the till's key.
func (w *world) wantMAC(answer *iso8583.Message) {
	w.t.Helper()
	input, mac := w.pos.MACInput(answer)
	if ok, err := w.till.VerifyMAC("MAK", w.macAlgorithm(), input, mac); err != nil || !ok {
		w.t.Errorf("the answer's MAC %q does not fit: %v", mac, err)
	}
}

func TestSaleWithoutMAC(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	frame, err := w.pos.Encode(nil, w.sale())
	w.must(err)
	if got := code(w.askFrame(frame)); got != "A0" {
		t.Errorf("answer %q by %s, want A0", got, w.reason())
	}
}

func TestEncryptedTrack(t *testing.T) {
	for _, c := range []struct{ name, pan, answer string }{
		{"of the card", alicePAN, "00"},
		{"of another card", "6200123456789028", "14"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.scheme = "004"
			w.signIn()
			m := w.sale()
			track := strings.Replace(m.Get(iso8583.Track2), alicePAN, c.pan, 1)
			encrypted, err := w.till.EncryptTrack("TDK", pay.NewSecret(track))
			w.must(err)
			m.Set(iso8583.Track2, encrypted)
			m.Set(iso8583.SecurityControl, "2610000000000000")
			if got := code(w.ask(m)); got != c.answer {
				t.Errorf("answer %q, want %s: %s", got, c.answer, w.reason())
			}
		})
	}
}

func TestCountLimit(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	limits(acquirer.Limits{DayCount: 2})(w, nil)
	first := w.sale()
	for i, m := range []*iso8583.Message{first, w.sale(), w.sale()} {
		if got, want := code(w.ask(m)), []string{"00", "00", "65"}[i]; got != want {
			t.Errorf("sale %d: answer %q, want %s", i+1, got, want)
		}
	}
	if got := code(w.ask(w.reversalOf(first))); got != "00" {
		t.Fatalf("reversal: %q", got)
	}
	if got := code(w.ask(w.sale())); got != "00" {
		t.Errorf("a reversed payment still counts: answer %q", got)
	}
}

func TestServeKnowsNoSuchFlow(t *testing.T) {
	r := acquirer.Reference()
	r.Flows = r.Flows[:2]
	w := newWorld(t, setting{rules: &r})
	w.signIn()
	if got := code(w.ask(w.sale())); got != "40" {
		t.Errorf("a flow the acquirer does not serve: answer %q, want 40", got)
	}
}
