package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

var alice = issuer.Card{Name: "alice", PAN: pay.NewPAN("6200123456789010"), Expiry: "3012", Service: "120",
	PIN: pay.NewSecret("246813"), Balance: pay.CNY(10000)}

// bank is an issuer with Alice's card, asked over real frames.
type bank struct {
	t       testing.TB
	loop    *sim.Loop
	issuer  *issuer.Issuer
	config  issuer.Config
	network *hsm.HSM // the acquirer's, for PIN blocks
	card    issuer.Card
	answers []*iso8583.Message
	number  int
}

var loaded = sync.OnceValues(func() (*iso8583.Dialect, error) { return iso8583.Load(fixtures.FS, "dialects/issuer-network.yaml") })

func newBank(t testing.TB, rules *issuer.Rules, edit func(*issuer.Card)) *bank {
	t.Helper()
	d, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	b := &bank{t: t, loop: sim.NewVirtual(sim.Start), card: alice}
	seed := sim.Seed(7)
	h := hsm.New(seed.Reader("issuer"))
	b.network = hsm.New(seed.Reader("acquirer"))
	for _, k := range []struct {
		*hsm.HSM
		name string
	}{{h, issuer.KeyZPK}, {b.network, issuer.KeyZPK}, {h, issuer.KeyCVK}} {
		_, err := k.Import(k.name, hsm.TDES2, seed.Bytes(k.name, 16))
		b.must(err)
	}
	b.config = issuer.Config{Dialect: d, HSM: h, Rules: rules, Store: journal.NewMemory(), Trace: trace.NewRecorder(nil)}
	b.open()
	if edit != nil {
		edit(&b.card)
	}
	b.must(b.issuer.AddCard(b.card))
	return b
}

func (b *bank) open() {
	b.t.Helper()
	var err error
	b.issuer, err = issuer.New(b.config)
	b.must(err)
}

func (b *bank) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// Send implements iso8583.Outbox.
func (b *bank) Send(m *iso8583.Message) { b.answers = append(b.answers, b.overWire(m)) }

// After implements iso8583.Outbox.
func (b *bank) After(d time.Duration, f func(time.Time)) { b.loop.After(d, func() { f(b.loop.Now()) }) }

func (b *bank) overWire(m *iso8583.Message) *iso8583.Message {
	b.t.Helper()
	frame, err := b.config.Dialect.Encode(nil, m)
	b.must(err)
	read := b.config.Dialect.New()
	b.must(b.config.Dialect.Decode(read, frame))
	return read
}

// ask sends a request and gives the code of the answer, "" when none came.
func (b *bank) ask(m *iso8583.Message) string {
	b.t.Helper()
	b.answers = nil
	b.issuer.Serve(b.loop.Now(), b.overWire(m), b)
	if err := b.loop.Run(context.Background(), nil); !errors.Is(err, sim.ErrIdle) {
		b.t.Fatal(err)
	}
	if len(b.answers) == 0 {
		return ""
	}
	for _, v := range b.config.Dialect.ValidateAnswer(m, b.answers[0]) {
		if code := b.answers[0].Get(iso8583.AnswerCode); code != "30" && code != "12" {
			b.t.Errorf("answer %s: %s", code, v.Text)
		}
	}
	return b.answers[0].Get(iso8583.AnswerCode)
}

func (b *bank) request(f pay.Flow, rrn string) *iso8583.Message {
	m := b.config.Dialect.NewRequest(f)
	for e, v := range map[iso8583.Element]string{iso8583.PAN: b.card.PAN.Reveal(), iso8583.Amount: "000000001000",
		iso8583.TransmissionTime: "0601093000", iso8583.Trace: rrn[6:], iso8583.LocalTime: "093000", iso8583.LocalDate: "0601",
		iso8583.RRN: rrn, iso8583.Terminal: "10000001", iso8583.Merchant: "898320548160001", iso8583.Currency: "156"} {
		m.Set(e, v)
	}
	return m
}

// sale begins a good sale of 10.00 CNY by stripe and PIN.
func (b *bank) sale() *iso8583.Message {
	b.t.Helper()
	b.number++
	m := b.request(pay.Sale, fmt.Sprintf("260601%06d", b.number))
	track, err := b.issuer.Stripe(b.card)
	b.must(err)
	m.Set(iso8583.EntryMode, "021")
	m.Set(iso8583.PINCapture, "06")
	m.Set(iso8583.Track2, track.Reveal())
	m.Set(iso8583.SecurityControl, "2600000000000000")
	b.setPIN(m, "246813")
	return m
}

func (b *bank) setPIN(m *iso8583.Message, pin string) {
	b.t.Helper()
	block, err := b.network.EncryptPIN(issuer.KeyZPK, hsm.PINISO0, pay.NewSecret(pin), b.card.PAN)
	b.must(err)
	m.Set(iso8583.PIN, string(block))
}

func (b *bank) saleWithPIN(pin string) *iso8583.Message {
	m := b.sale()
	b.setPIN(m, pin)
	return m
}

func (b *bank) reversalOf(sale *iso8583.Message) *iso8583.Message {
	m := b.request(pay.Reversal, sale.Get(iso8583.RRN))
	m.Set(iso8583.ProcessingCode, "000000")
	m.Set(iso8583.Amount, sale.Get(iso8583.Amount))
	m.Set(iso8583.ReversalReason, "98")
	m.Set(iso8583.OriginalMTI, "0200")
	m.Set(iso8583.OriginalTrace, sale.Get(iso8583.Trace))
	m.Set(iso8583.OriginalDate, "0601")
	m.Set(iso8583.OriginalTime, "093000")
	return m
}

func (b *bank) holds() int64 {
	b.t.Helper()
	b.must(b.issuer.Ledger().TrialBalance())
	balance, err := b.issuer.Balance("alice")
	b.must(err)
	return balance.Available.Minor
}

func (b *bank) reason() string {
	var last string
	for _, e := range b.config.Trace.Events() {
		if e.Kind == trace.Decided {
			last = e.Name + ": " + e.Text
		}
	}
	return last
}

func status(s issuer.Status) func(*issuer.Card) { return func(c *issuer.Card) { c.Status = s } }

func TestSaleChecks(t *testing.T) {
	for _, c := range []struct {
		name   string
		card   func(*issuer.Card)
		change func(b *bank, m *iso8583.Message)
		answer string
		rule   string
	}{
		{name: "good", answer: "00", rule: "approve"},
		{name: "without PIN", answer: "00", rule: "approve", change: func(_ *bank, m *iso8583.Message) {
			m.Set(iso8583.EntryMode, "022")
			for _, e := range []iso8583.Element{iso8583.PIN, iso8583.PINCapture, iso8583.SecurityControl} {
				m.Unset(e)
			}
		}},
		{name: "typed in", answer: "00", rule: "approve", change: func(_ *bank, m *iso8583.Message) {
			m.Set(iso8583.EntryMode, "011")
			m.Set(iso8583.Expiry, "3012")
			m.Unset(iso8583.Track2)
		}},
		{name: "amount missing", answer: "30", rule: "format", change: func(_ *bank, m *iso8583.Message) { m.Unset(iso8583.Amount) }},
		{name: "RRN missing", answer: "30", rule: "format", change: func(_ *bank, m *iso8583.Message) { m.Unset(iso8583.RRN) }},
		{name: "no such flow", answer: "12", rule: "flow", change: func(_ *bank, m *iso8583.Message) { m.Set(iso8583.ProcessingCode, "990000") }},
		{name: "amount zero", answer: "13", rule: "amount", change: func(_ *bank, m *iso8583.Message) { m.Set(iso8583.Amount, "000000000000") }},
		{name: "unknown card", answer: "14", rule: "card", change: func(_ *bank, m *iso8583.Message) {
			m.Set(iso8583.PAN, "6200123456789028")
		}},
		{name: "lost", card: status(issuer.Lost), answer: "41", rule: "status"},
		{name: "stolen", card: status(issuer.Stolen), answer: "43", rule: "status"},
		{name: "restricted", card: status(issuer.Restricted), answer: "62", rule: "status"},
		{name: "closed", card: status(issuer.Closed), answer: "14", rule: "status"},
		{name: "to be picked up", card: status(issuer.PickUp), answer: "04", rule: "status"},
		{name: "dormant", card: status(issuer.Dormant), answer: "21", rule: "status"},
		{name: "expired", card: func(c *issuer.Card) { c.Expiry = "2605" }, answer: "54", rule: "expiry"},
		{name: "in its last month", card: func(c *issuer.Card) { c.Expiry = "2606" }, answer: "00", rule: "approve"},
		{name: "expired in the file only", answer: "54", rule: "expiry", change: func(b *bank, _ *iso8583.Message) {
			b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Expiry = "2512" }))
		}},
		{name: "too many wrong PINs", answer: "75", rule: "pin-tries", change: func(b *bank, _ *iso8583.Message) {
			b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Tries = 3 }))
		}},
		{name: "too many wrong PINs, card is kept", card: func(c *issuer.Card) { c.PickUp = true }, answer: "38", rule: "pin-tries",
			change: func(b *bank, _ *iso8583.Message) {
				b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Tries = 3 }))
			}},
		{name: "CVV wrong", answer: "59", rule: "cvv", change: func(_ *bank, m *iso8583.Message) {
			track := []byte(m.Get(iso8583.Track2))
			track[16+1+7+5] ^= 1
			m.Set(iso8583.Track2, string(track))
		}},
		{name: "CVV missing", answer: "59", rule: "cvv", change: func(_ *bank, m *iso8583.Message) { m.Set(iso8583.Track2, "6200123456789010D3012120") }},
		{name: "wrong PIN", answer: "55", rule: "pin", change: func(b *bank, m *iso8583.Message) { b.setPIN(m, "000000") }},
		{name: "PIN block garbage", answer: "99", rule: "pin", change: func(_ *bank, m *iso8583.Message) { m.Set(iso8583.PIN, "12345678") }},
		{name: "over the limit for one payment", card: func(c *issuer.Card) { c.Limits.PerSale = pay.CNY(999) }, answer: "61", rule: "amount-limit"},
		{name: "over the limit for a day", card: func(c *issuer.Card) { c.Limits.PerDay = pay.CNY(999) }, answer: "61", rule: "amount-limit"},
		{name: "at the limits", card: func(c *issuer.Card) {
			c.Limits = issuer.Limits{PerSale: pay.CNY(1000), PerDay: pay.CNY(1000), DayCount: 1}
		},
			answer: "00", rule: "approve"},
		{name: "more than there is", card: func(c *issuer.Card) { c.Balance = pay.CNY(999) }, answer: "51", rule: "funds"},
		{name: "all there is", card: func(c *issuer.Card) { c.Balance = pay.CNY(1000) }, answer: "00", rule: "approve"},
		{name: "malfunction", answer: "96", rule: "condition", change: func(b *bank, _ *iso8583.Message) {
			b.issuer.SetCondition(issuer.Condition{Answer: "96"})
		}},
		{name: "slow", answer: "00", rule: "approve", change: func(b *bank, _ *iso8583.Message) {
			b.issuer.SetCondition(issuer.Condition{Delay: time.Minute})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBank(t, nil, c.card)
			m := b.sale()
			if c.change != nil {
				c.change(b, m)
			}
			if got := b.ask(m); got != c.answer || !strings.HasPrefix(b.reason(), c.rule+": ") {
				t.Errorf("answer %q by %q; want %s by %s", got, b.reason(), c.answer, c.rule)
			}
			want := b.card.Balance.Minor
			if c.answer == "00" {
				want -= 1000
			}
			if got := b.holds(); got != want {
				t.Errorf("Alice has %d, want %d", got, want)
			}
		})
	}
}

func TestDown(t *testing.T) {
	b := newBank(t, nil, nil)
	b.issuer.SetCondition(issuer.Condition{Down: true})
	if got := b.ask(b.sale()); got != "" || b.holds() != 10000 {
		t.Errorf("answer %q, Alice has %d", got, b.holds())
	}
}

func TestPINTries(t *testing.T) {
	for _, c := range []struct {
		name string
		pins string
		want string
		keep bool
	}{
		{name: "third wrong PIN blocks", pins: "w w w r", want: "55 55 75 75"},
		{name: "the card is kept", pins: "w w w r", want: "55 55 38 38", keep: true},
		{name: "a right PIN begins anew", pins: "w w r w w r", want: "55 55 00 55 55 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBank(t, nil, func(card *issuer.Card) { card.PickUp = c.keep })
			var got []string
			for pin := range strings.FieldsSeq(c.pins) {
				got = append(got, b.ask(b.saleWithPIN(map[string]string{"w": "000000", "r": "246813"}[pin])))
				b.open() // the count outlives the issuer
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("answers %s, want %s", got, c.want)
			}
		})
	}
}

func TestDayLimits(t *testing.T) {
	b := newBank(t, nil, func(c *issuer.Card) { c.Limits = issuer.Limits{PerDay: pay.CNY(2500), DayCount: 3} })
	first := b.sale()
	small := func() *iso8583.Message {
		m := b.sale()
		m.Set(iso8583.Amount, "000000000001")
		return m
	}
	for n, s := range []struct {
		m    *iso8583.Message
		want string
	}{
		{first, "00"}, {b.sale(), "00"}, {b.sale(), "61"}, {b.reversalOf(first), "00"}, {b.sale(), "00"}, {small(), "00"}, {small(), "65"},
	} {
		if got := b.ask(s.m); got != s.want {
			t.Errorf("step %d: answer %q, want %s: %s", n+1, got, s.want, b.reason())
		}
	}
	b.must(b.loop.Drain(t.Context(), 24*time.Hour))
	if got := b.ask(b.sale()); got != "00" {
		t.Errorf("the next day: %q", got)
	}
}

func TestReversals(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(b *bank, m *iso8583.Message) []string
		codes []string
		holds int64
	}{
		{"of a sale, and again", func(b *bank, m *iso8583.Message) []string {
			return []string{b.ask(m), b.ask(b.reversalOf(m)), b.ask(b.reversalOf(m))}
		}, []string{"00", "00", "00"}, 10000},
		{"before its sale", func(b *bank, m *iso8583.Message) []string {
			return []string{b.ask(b.reversalOf(m)), b.ask(b.reversalOf(m)), b.ask(m)}
		}, []string{"00", "00", "94"}, 10000},
		{"of a declined sale", func(b *bank, m *iso8583.Message) []string {
			b.setPIN(m, "000000")
			return []string{b.ask(m), b.ask(b.reversalOf(m))}
		}, []string{"55", "00"}, 10000},
		{"of another amount", func(b *bank, m *iso8583.Message) []string {
			other := b.reversalOf(m)
			other.Set(iso8583.Amount, "000000000999")
			return []string{b.ask(m), b.ask(other)}
		}, []string{"00", "64"}, 9000},
		{"sale repeated", func(b *bank, m *iso8583.Message) []string {
			first := b.ask(m)
			auth := b.answers[0].Get(iso8583.AuthCode)
			again := b.ask(m)
			if b.answers[0].Get(iso8583.AuthCode) != auth || len(auth) != 6 {
				b.t.Errorf("authorization code %q, then %q", auth, b.answers[0].Get(iso8583.AuthCode))
			}
			return []string{first, again}
		}, []string{"00", "00"}, 9000},
		{"sale repeated after its reversal", func(b *bank, m *iso8583.Message) []string {
			return []string{b.ask(m), b.ask(b.reversalOf(m)), b.ask(m)}
		}, []string{"00", "00", "94"}, 10000},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBank(t, nil, nil)
			if diff := cmp.Diff(c.codes, c.do(b, b.sale())); diff != "" {
				t.Errorf("answers, want then got:\n%s", diff)
			}
			if got := b.holds(); got != c.holds {
				t.Errorf("Alice has %d, want %d", got, c.holds)
			}
			before := b.issuer.Statements()
			b.open()
			if diff := cmp.Diff(before, b.issuer.Statements()); diff != "" {
				t.Errorf("statements before and after a restart:\n%s", diff)
			}
		})
	}
}

// failing is a store that takes nothing.
type failing struct{ *journal.Memory }

func (failing) Append(_ []journal.Record, done func(error)) { done(errors.New("the disk is full")) }

func TestJournalFails(t *testing.T) {
	b := newBank(t, nil, nil)
	b.config.Store = failing{b.config.Store.(*journal.Memory)}
	b.open()
	for n := range 2 {
		if got := b.ask(b.sale()); got != "" {
			t.Errorf("sale %d is answered %q", n+1, got)
		}
	}
}

func TestServesNoSuchFlow(t *testing.T) {
	r := issuer.Reference()
	r.Flows = r.Flows[:1]
	b := newBank(t, &r, nil)
	if got := b.ask(b.sale()); got != "40" {
		t.Errorf("a flow the issuer does not serve: answer %q, want 40", got)
	}
}

// Nothing that the issuer keeps or tells holds a card number, a PIN or a track.
func TestNothingLeaks(t *testing.T) {
	b := newBank(t, nil, nil)
	m := b.sale()
	for _, m := range []*iso8583.Message{m, m, b.reversalOf(m), b.saleWithPIN("000000"), set(b.sale(), iso8583.PAN, "6200123456789028"),
		set(b.sale(), iso8583.PIN, "12345678"), set(b.sale(), iso8583.ProcessingCode, "990000")} {
		b.ask(m)
	}
	var told bytes.Buffer
	_, err := b.config.Trace.WriteTo(&told)
	b.must(err)
	b.must(b.config.Store.Replay(func(r journal.Record) error { told.Write(r.Data); return nil }))
	account, _ := b.issuer.Card("alice")
	fmt.Fprintf(&told, "%+v %+v %+v %+v", b.issuer.Payments(), b.issuer.Statements(), account, b.card)
	finder, err := leak.New(leak.Text("card number", b.card.PAN.Reveal()), leak.Text("another card number", "6200123456789028"),
		leak.Text("track", m.Get(iso8583.Track2)), leak.Text("PIN", "246813"))
	b.must(err)
	for _, hit := range finder.Find("issuer", told.Bytes()) {
		t.Error(hit)
	}
}

func TestCardsThatCannotBe(t *testing.T) {
	b := newBank(t, nil, nil)
	for name, c := range map[string]issuer.Card{
		"no number":    {Name: "bob", Balance: pay.CNY(1)},
		"no name":      {PAN: pay.NewPAN("6200123456789028"), Balance: pay.CNY(1)},
		"a name twice": {Name: "alice", PAN: pay.NewPAN("6200123456789028"), Balance: pay.CNY(1)},
		"no currency":  {Name: "bob", PAN: pay.NewPAN("6200123456789028")},
		"PIN too long": {Name: "bob", PAN: pay.NewPAN("6200123456789028"), PIN: pay.NewSecret("1234567890123"), Balance: pay.CNY(1)},
	} {
		if err := b.issuer.AddCard(c); err == nil || strings.Contains(err.Error(), "62001234") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	b.must(b.issuer.AddCard(alice))
	if err := b.issuer.UpdateCard("zoe", func(*issuer.Account) {}); err == nil {
		t.Error("a card that is not there was changed")
	}
}
