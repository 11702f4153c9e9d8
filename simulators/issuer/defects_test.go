package issuer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// probe is something to do whose outcome a defect changes, and the outcome with the reference rules.
type probe struct {
	card func(*issuer.Card)
	do   func(b *bank) string
	want string
}

// For each defect a probe.
var defectProbes = map[string]probe{
	"issuer-day-never-ends": {func(c *issuer.Card) { c.Limits.DayCount = 1 }, func(b *bank) string {
		b.ask(b.sale())
		b.must(b.loop.Drain(b.t.Context(), 24*time.Hour))
		return askSale(b)
	}, "00"},
	"issuer-frees-deposit-early": {nil, depositAfter(29), "90.00 CNY"},
	"issuer-keeps-old-deposit":   {nil, depositAfter(31), "100.00 CNY"},
	"issuer-ignores-cryptogram": {nil, func(b *bank) string {
		return b.twin().ask(b.chipSale(map[tlv.Tag]string{0x9F26: "0000000000000000"}))
	}, "59"},
	"issuer-proves-nothing": {nil, func(b *bank) string {
		twin := b.twin()
		twin.ask(b.chipSale(nil))
		return fmt.Sprintf("%X", twin.answers[0].Get(iso8583.Chip))
	}, "910A8E728B8BF340BB823030"},
	"issuer-takes-stripe-of-chip": {nil, func(b *bank) string {
		twin := b.twin()
		return twin.ask(set(twin.sale(), iso8583.ICCondition, "0"))
	}, "45"},
	"issuer-forgets-no-fallback": {func(c *issuer.Card) {
		c.Service, c.Chip = "220", issuer.Chip{Masters: "unionpay", Sequence: "01", NoStripe: true}
	},
		func(b *bank) string { return b.ask(set(b.sale(), iso8583.ICCondition, "2")) }, "45"},
	"issuer-speaks-to-taps": {nil, func(b *bank) string {
		twin := b.twin()
		twin.ask(set(twin.chipSale(nil), iso8583.EntryMode, "072"))
		return fmt.Sprintf("%X", twin.answers[0].Get(iso8583.Chip))
	}, ""},
	"issuer-takes-bare-token":        {token("3012"), askToken, "59"},
	"issuer-expires-token-with-card": {token("2505"), func(b *bank) string { b.ask(tokenSale(b)); return b.reason() }, "expiry: the card of alice expired in 2505 (YYMM)"},
	"issuer-takes-either-value": {nil, func(b *bank) string {
		track := b.chipTrack()
		return b.ask(set(b.sale(), iso8583.Track2, track))
	}, "59"},
	"issuer-ignores-track-number": {nil, func(b *bank) string {
		m := b.sale()
		return b.ask(set(m, iso8583.Track2, "9"+m.Get(iso8583.Track2)[1:]))
	}, "14"},
	"issuer-ignores-signed-amount": {nil, func(b *bank) string {
		twin := b.twin()
		return twin.ask(set(twin.chipSale(nil), iso8583.Amount, "000000000001"))
	}, "59"},
	"issuer-ignores-counter": {nil, func(b *bank) string {
		twin := b.twin()
		twin.ask(twin.chipSale(nil))
		return twin.ask(twin.chipSale(nil))
	}, "59"},
	"issuer-ignores-gap":        {nil, func(b *bank) string { return fmt.Sprint(b.issuer.Rules.CounterFresh(1, 1002)) }, "false"},
	"issuer-wants-next-counter": {nil, func(b *bank) string { return fmt.Sprint(b.issuer.Rules.CounterFresh(1, 3)) }, "true"},
	"issuer-reads-one-version": {nil, func(b *bank) string { // its first version is 17
		twin := b.twin()
		return twin.ask(twin.chipSale(nil))
	}, "00"},
	"issuer-ignores-kind": {nil, func(b *bank) string { return b.twin().ask(b.chipSale(map[tlv.Tag]string{0x9F27: "00"})) }, "59"},
	"issuer-counts-unproven": {nil, func(b *bank) string {
		twin := b.twin()
		twin.ask(twin.chipSale(map[tlv.Tag]string{0x9F36: "0009"}))
		return twin.ask(twin.chipSale(nil))
	}, "00"},
	"issuer-refuses-unknown-tag": {nil, func(b *bank) string {
		twin := b.twin()
		m := twin.chipSale(nil)
		return twin.ask(set(m, iso8583.Chip, "\xDF\x7E\x01Z"+m.Get(iso8583.Chip)))
	}, "00"},
	"issuer-answers-before-journal": {nil, func(b *bank) string { return fmt.Sprint(b.issuer.Rules.DurableFirst) }, "true"},
	"issuer-forgets-failed-scripts": {nil, func(b *bank) string {
		return fmt.Sprint(b.issuer.Rules.ScriptDone([]byte{0x10, 0, 0, 0, 1}, issuer.Script{ID: "00000001"}))
	}, "false"},
	"issuer-proves-by-method-1": {nil, func(b *bank) string {
		twin := chipBankBy(b.t, b.config.Rules, func(c *issuer.Card) { c.Chip.Schemes = []string{"visa-18"} })
		m := twin.chipSale(map[tlv.Tag]string{0x9F10: "06011203A0B800"})
		twin.ask(twin.resign(m, "visa-18"))
		return fmt.Sprintf("%X", twin.answers[0].Get(iso8583.Chip)[:2])
	}, "9108"},
	"issuer-tells-ledger": {nil, func(b *bank) string {
		b.ask(b.next(pay.PreAuth, 1000))
		b.ask(b.next(pay.Balance, 0))
		return b.answers[len(b.answers)-1].Get(iso8583.Balance)
	}, "0002156C000000009000"},
	"issuer-hold-never-ends": {nil, func(b *bank) string {
		b.ask(b.next(pay.PreAuth, 1000))
		b.must(b.loop.Drain(b.t.Context(), 30*24*time.Hour))
		return b.ask(b.next(pay.Sale, 9500))
	}, "00"},
	"issuer-ends-nothing": {nil, follow(pay.Sale, pay.Void), "100.00 CNY"},
	"issuer-keeps-refund": {nil, follow(pay.Sale, pay.Refund), "100.00 CNY"},
	"issuer-refuses-blocked-refund": {nil, func(b *bank) string {
		m := b.next(pay.Sale, 1000)
		b.ask(m)
		b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Tries = a.MaxPINTries }))
		return b.ask(b.on(pay.Refund, m, 1000))
	}, "00"},
	"issuer-undo-asks-for-funds": {nil, func(b *bank) string {
		sale := b.next(pay.Sale, 1000)
		b.ask(sale)
		void := b.on(pay.Void, sale, 1000)
		b.ask(void)
		b.ask(b.next(pay.Sale, 9500))
		return b.ask(b.reversalOf(void))
	}, "00"},
	"issuer-holds-nothing":    {nil, follow(pay.PreAuth), "90.00 CNY"},
	"issuer-over-limit":       {func(c *issuer.Card) { c.Limits.PerSale = pay.CNY(1) }, askSale, "61"},
	"issuer-over-count":       {func(c *issuer.Card) { c.Limits.DayCount = 1 }, func(b *bank) string { b.ask(b.sale()); return askSale(b) }, "65"},
	"issuer-ignores-pin":      {nil, func(b *bank) string { return b.ask(b.saleWithPIN("000000")) }, "55"},
	"issuer-no-pin-count":     {nil, pins("000000", "000000", "000000", "246813"), "55 55 75 75"},
	"issuer-counts-pin-twice": {nil, pins("000000", "000000"), "55 55"},
	"issuer-pin-count-stays":  {nil, pins("000000", "000000", "246813", "000000", "246813"), "55 55 00 55 00"},
	"issuer-pin-count-late":   {nil, pins("000000", "000000", "000000", "246813"), "55 55 75 75"},
	"issuer-ignores-stolen":   {status(issuer.Lost), askSale, "41"},
	"issuer-keep-card-lost":   {status(issuer.Stolen), askSale, "43"},
	"issuer-ignores-expiry":   {func(c *issuer.Card) { c.Expiry = "2512" }, askSale, "54"},
	"issuer-ignores-funds":    {func(c *issuer.Card) { c.Balance = pay.CNY(1) }, askSale, "51"},
	"issuer-skips-cvv": {nil, func(b *bank) string {
		return b.ask(set(b.sale(), iso8583.Track2, "6200123456789010D30121200000099900000"))
	}, "59"},
	"issuer-keeps-reversed-money": {nil, func(b *bank) string {
		m := b.sale()
		b.ask(m)
		b.ask(b.reversalOf(m))
		return fmt.Sprint(b.holds())
	}, "10000"},
	"issuer-keeps-reversed-limit": {func(c *issuer.Card) { c.Limits.DayCount = 1 }, func(b *bank) string {
		m := b.sale()
		b.ask(m)
		b.ask(b.reversalOf(m))
		return askSale(b)
	}, "00"},
	"issuer-no-tombstone": {nil, func(b *bank) string {
		m := b.sale()
		b.ask(b.reversalOf(m))
		return b.ask(m)
	}, "94"},
	"issuer-wrong-code": {nil, func(b *bank) string {
		return b.ask(set(b.sale(), iso8583.PAN, "6200123456789028"))
	}, "14"},
}

// token gives Alice a token with that expiry.
func token(expiry string) func(*issuer.Card) {
	return func(c *issuer.Card) { c.Token = issuer.Token{PAN: pay.NewPAN("6200123456789028"), Expiry: expiry} }
}

// tokenSale is a sale by a token that somebody has typed.
func tokenSale(b *bank) *iso8583.Message {
	m := set(b.sale(), iso8583.PAN, "6200123456789028")
	m.Unset(iso8583.Track2)
	return set(set(m, iso8583.Expiry, "3012"), iso8583.EntryMode, "012")
}

func askToken(b *bank) string { return b.ask(tokenSale(b)) }

// resign gives a sale the cryptogram that the card of another scheme makes of its F55.
func (b *bank) resign(m *iso8583.Message, name string) *iso8583.Message {
	b.t.Helper()
	scheme, err := hsm.LoadCardScheme(name, hsm.TDES2)
	b.must(err)
	objects, err := tlv.Parse([]byte(m.Get(iso8583.Chip)), tlv.Strict)
	b.must(err)
	get := func(tag tlv.Tag) []byte {
		o, _ := objects.Find(tag)
		return o.Value
	}
	key := hsm.CardKey{Name: issuer.MasterKey("unionpay", issuer.MasterAC), Derivation: scheme.Card, PAN: b.card.PAN, Sequence: "01"}
	ac, err := b.config.HSM.Cryptogram(scheme, key, hsm.Session{ATC: 1, Unpredictable: [4]byte(get(0x9F37))}, scheme.Input(get, get(0x9F10)))
	b.must(err)
	var chip []byte
	for _, o := range objects {
		if o.Tag == 0x9F26 {
			o.Value = ac[:]
		}
		chip = tlv.Append(chip, o.Tag, o.Value)
	}
	return set(m, iso8583.Chip, string(chip))
}

// chipTrack is the track that Alice's chip tells, written on a stripe.
func (b *bank) chipTrack() string {
	b.t.Helper()
	c := b.card
	c.Service = "999"
	track, err := b.issuer.Stripe(c)
	b.must(err)
	return strings.Replace(track.Reveal(), "999", b.card.Service, 1)
}

// twin is a bank with the same rules whose Alice has a chip.
func (b *bank) twin() *bank { return chipBankBy(b.t, b.config.Rules, nil) }

func TestDefects(t *testing.T) {
	categories := strings.Fields("security money protocol emv keys settlement resilience")
	for _, d := range issuer.Defects() {
		t.Run(d.Name, func(t *testing.T) {
			shown, ok := defectProbes[d.Name]
			for _, more := range []map[string]probe{offlineProbes, codeProbes} {
				if !ok {
					shown, ok = more[d.Name]
				}
			}
			if !ok {
				t.Fatal("nothing here shows what it changes")
			}
			if got := shown.do(newBank(t, nil, shown.card)); got != shown.want {
				t.Errorf("the reference issuer gives %q, want %q", got, shown.want)
			}
			rules := issuer.Reference()
			d.Edit(&rules)
			if got := shown.do(newBank(t, &rules, shown.card)); got == shown.want {
				t.Errorf("the defect changes nothing: %q", got)
			}
			if !strings.HasPrefix(d.Name, "issuer-") || !slices.Contains(categories, d.Category) || d.Text == "" || d.Why == "" {
				t.Error("name, category, text or reason is missing")
			}
		})
	}
}

func askSale(b *bank) string { return b.ask(b.sale()) }

func pins(entered ...string) func(*bank) string {
	return func(b *bank) string {
		var got []string
		for _, pin := range entered {
			got = append(got, b.ask(b.saleWithPIN(pin)))
		}
		return strings.Join(got, " ")
	}
}

func set(m *iso8583.Message, e iso8583.Element, value string) *iso8583.Message {
	m.Set(e, value)
	return m
}

// follow asks flows of 10.00 CNY, each about the one before it, and tells what is free on the card then.
func follow(flows ...pay.Flow) func(*bank) string {
	return func(b *bank) string {
		m := b.next(flows[0], 1000)
		b.ask(m)
		for _, f := range flows[1:] {
			m = b.on(f, m, 1000)
			b.ask(m)
		}
		balance, err := b.issuer.Balance("alice")
		b.must(err)
		return balance.Available.String()
	}
}

// depositAfter tells what the card may spend so many days after a deposit.
func depositAfter(days int) func(*bank) string {
	return func(b *bank) string {
		b.ask(b.next(pay.PreAuth, 1000))
		b.must(b.loop.Drain(b.t.Context(), time.Duration(days)*24*time.Hour))
		b.issuer.Age(b.loop.Now())
		balance, err := b.issuer.Balance("alice")
		b.must(err)
		return balance.Available.String()
	}
}
