package issuer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// wallet gives Alice a phone of that level.
func wallet(l issuer.WalletLevel) func(*issuer.Card) {
	return func(c *issuer.Card) { c.Wallet = l }
}

func (b *bank) code() qr.PayerCode {
	b.t.Helper()
	c, until, err := b.issuer.PayerCode(b.loop.Now(), "alice")
	b.must(err)
	if until != b.loop.Now().Add(time.Minute) || c.Scheme != qr.UnionPay || len(c.Reveal()) != 19 {
		b.t.Errorf("code %s until %s", c, until)
	}
	return c
}

// byCode makes a sale without any card: 10.00 CNY, with the code that was scanned.
func (b *bank) byCode(code string) *iso8583.Message {
	m := b.next(pay.Sale, 1000)
	m.Unset(iso8583.PAN)
	m.Unset(iso8583.Track2)
	m.Set(iso8583.EntryMode, "032")
	m.Set(iso8583.DeviceData, m.Dialect().DeviceText(iso8583.DeviceA3PayerCode, code))
	return m
}

// onCode makes what acts on a payment by code: the RRN alone names it.
func (b *bank) onCode(f pay.Flow, original *iso8583.Message, minor int) *iso8583.Message {
	m := b.on(f, original, minor)
	m.Unset(iso8583.PAN)
	m.Unset(iso8583.Track2)
	m.Set(iso8583.EntryMode, "032")
	return m
}

func (b *bank) pass(d time.Duration) { b.must(b.loop.Drain(b.t.Context(), d)) }

func again(b *bank) string {
	c := b.code().Reveal()
	return b.ask(b.byCode(c)) + " " + b.ask(b.byCode(c))
}

func lateBy(d time.Duration) func(*bank) string {
	return func(b *bank) string {
		c := b.code().Reveal()
		b.pass(d)
		return b.ask(b.byCode(c))
	}
}

// A code that ran out is known as one for a while; then nothing of it is left, and what it has paid can still be given back.
func TestOldCodesAreForgotten(t *testing.T) {
	b := newBank(t, nil, wallet(issuer.WalletA))
	spent, idle := b.code().Reveal(), b.code().Reveal()
	sale := b.byCode(spent)
	want := func(what, got, answer string) {
		t.Helper()
		if got != answer {
			t.Errorf("%s: %s, want %s", what, got, answer)
		}
	}
	want("the sale", b.ask(sale), "00")
	b.pass(5 * time.Minute)
	want("the idle code, soon", b.ask(b.byCode(idle)), "WE")
	want("the spent code, soon", b.ask(b.byCode(spent)), "WC")
	b.pass(10 * time.Minute)
	want("the idle code, late", b.ask(b.byCode(idle)), "14")
	want("the spent code, late", b.ask(b.byCode(spent)), "14")
	want("the refund", b.ask(b.onCode(pay.Refund, sale, 400)), "00")
}

func whenBlocked(b *bank) string {
	c := b.code().Reveal()
	b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Status = issuer.Lost }))
	return b.ask(b.byCode(c))
}

// spend pays amounts in yuan by a code each, and tells the answers.
func spend(amounts ...int) func(*bank) string {
	return func(b *bank) string {
		var got []string
		for _, yuan := range amounts {
			m := b.byCode(b.code().Reveal())
			m.Set(iso8583.Amount, fmt.Sprintf("%012d", yuan*100))
			got = append(got, b.ask(m))
		}
		return strings.Join(got, " ")
	}
}

func rich(l issuer.WalletLevel) func(*issuer.Card) {
	return func(c *issuer.Card) { c.Wallet, c.Balance = l, pay.CNY(20_000_00) }
}

func reversedAndAgain(b *bank) string {
	c := b.code().Reveal()
	first := b.byCode(c)
	b.ask(first)
	b.ask(b.reversalOf(first))
	return b.ask(b.byCode(c))
}

func unknownCode(b *bank) string { return b.ask(b.byCode("6201000000000000000")) }

func cardThenCode(b *bank) string {
	m := b.sale()
	m.Set(iso8583.Amount, "000000050000")
	b.ask(m)
	return spend(500)(b)
}

// The probes of the defects of payers' codes.
var codeProbes = map[string]probe{
	"issuer-code-never-ends":      {wallet("B"), lateBy(time.Minute), "WE"},
	"issuer-takes-code-twice":     {wallet("B"), again, "00 WC"},
	"issuer-reversal-frees-code":  {wallet("B"), reversedAndAgain, "WC"},
	"issuer-code-of-blocked-card": {wallet("B"), whenBlocked, "62"},
	"issuer-wants-phone-kept":     {wallet("B"), whenBlocked, "62"},
	"issuer-code-over-limit":      {rich("D"), spend(300, 200, 1), "00 00 61"},
	"issuer-cards-use-code-limit": {rich("D"), cardThenCode, "00"},
	"issuer-hides-unknown-code":   {wallet("B"), unknownCode, "14"},
}

func TestPayerCodes(t *testing.T) {
	for _, c := range []struct {
		name string
		probe
	}{
		{"in the last second", probe{wallet("B"), lateBy(59 * time.Second), "00"}},
		{"level B", probe{rich("B"), spend(5000, 1), "00 61"}},
		{"level C", probe{rich("C"), spend(1001, 1000), "61 00"}},
		{"level A as the contract has it", probe{rich("A"), spend(9000, 9000), "00 00"}},
		{"a decline leaves the code", probe{wallet("B"), func(b *bank) string {
			c := b.code().Reveal()
			much := set(b.byCode(c), iso8583.Amount, "000000020000")
			return b.ask(much) + " " + b.ask(b.byCode(c))
		}, "51 00"}},
		{"codes of one phone side by side", probe{wallet("B"), func(b *bank) string {
			one, other := b.code().Reveal(), b.code().Reveal()
			return b.ask(b.byCode(other)) + " " + b.ask(b.byCode(one))
		}, "00 00"}},
		{"the limit is of a day", probe{rich("D"), func(b *bank) string {
			first := spend(500)(b)
			b.pass(24 * time.Hour)
			return first + " " + spend(500)(b)
		}, "00 00"}},
		{"what is taken back is free again", probe{rich("D"), func(b *bank) string {
			m := set(b.byCode(b.code().Reveal()), iso8583.Amount, "000000050000")
			return b.ask(m) + " " + b.ask(set(b.reversalOf(m), iso8583.Amount, "000000050000")) + " " + spend(500)(b)
		}, "00 00 00"}},
		{"a restart forgets no code", probe{wallet("B"), func(b *bank) string {
			used, fresh := b.code().Reveal(), b.code().Reveal()
			first := b.ask(b.byCode(used))
			b.open()
			return first + " " + b.ask(b.byCode(used)) + " " + b.ask(b.byCode(fresh))
		}, "00 WC 00"}},
		{"refunds and no more than was paid", probe{wallet("B"), func(b *bank) string {
			m := b.byCode(b.code().Reveal())
			return b.ask(m) + " " + b.ask(b.onCode(pay.Refund, m, 400)) + " " + b.ask(b.onCode(pay.Refund, m, 601)) + " " +
				b.ask(b.onCode(pay.Refund, m, 600))
		}, "00 00 61 00"}},
		{"void", probe{wallet("B"), func(b *bank) string {
			m := b.byCode(b.code().Reveal())
			return b.ask(m) + " " + b.ask(b.onCode(pay.Void, m, 1000)) + " " + b.ask(b.onCode(pay.Void, m, 1000))
		}, "00 00 25"}},
		{"without a card nothing of a card's is refunded", probe{wallet("B"), func(b *bank) string {
			m := b.sale()
			return b.ask(m) + " " + b.ask(b.onCode(pay.Refund, m, 400))
		}, "00 14"}},
		{"wrong PINs beside codes of a card that would be kept", probe{func(c *issuer.Card) { c.Wallet, c.PickUp = "B", true }, func(b *bank) string {
			return b.ask(b.codeWithPIN("000000")) + " " + b.ask(b.codeWithPIN("000000")) + " " + b.ask(b.codeWithPIN("000000"))
		}, "55 55 75"}},
		{"PIN", probe{wallet("B"), func(b *bank) string {
			return b.ask(b.codeWithPIN("000000")) + " " + b.ask(b.codeWithPIN("246813"))
		}, "55 00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.do(newBank(t, nil, c.card)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// codeWithPIN has a PIN block without a card number: the till knows none.
func (b *bank) codeWithPIN(pin string) *iso8583.Message {
	b.t.Helper()
	m := b.byCode(b.code().Reveal())
	block, err := b.network.EncryptPIN(issuer.KeyZPK, hsm.PINUnionPayNoPAN, pay.NewSecret(pin), pay.PAN{})
	b.must(err)
	m.Set(iso8583.EntryMode, "031")
	m.Set(iso8583.PINCapture, "06")
	m.Set(iso8583.PIN, string(block))
	m.Set(iso8583.SecurityControl, "1600000000000000")
	return m
}

func TestNoWalletNoCode(t *testing.T) {
	b := newBank(t, nil, nil)
	if _, _, err := b.issuer.PayerCode(b.loop.Now(), "alice"); err == nil || !strings.Contains(err.Error(), "no wallet") {
		t.Error(err)
	}
	bad := alice
	bad.Name, bad.Wallet = "bob", "E"
	if err := b.issuer.AddCard(bad); err == nil || !strings.Contains(err.Error(), "A, B, C or D") {
		t.Error(err)
	}
}
