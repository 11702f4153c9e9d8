package issuer_test

import (
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// offline begins an offline sale; without a code nobody has authorised it.
func (b *bank) offline(fen int, code string) *iso8583.Message {
	m := b.next(pay.OfflineSale, fen)
	if code != "" {
		m.Set(iso8583.AuthCode, code)
	}
	return m
}

// certified is an offline sale with the certificate of alice's chip, which is DOMAIN.md's cryptogram: 9F27 is no part of it.
func (b *bank) certified(cryptogram string) *iso8583.Message {
	chip := b.chipSale(map[tlv.Tag]string{emv.Tag9F27CID: "40", emv.Tag9F26AC: cryptogram})
	m := b.offline(10000, "")
	for _, e := range []iso8583.Element{iso8583.EntryMode, iso8583.CardSequence, iso8583.Chip} {
		m.Set(e, chip.Get(e))
	}
	return m
}

func (b *bank) free() string {
	balance, err := b.issuer.Balance("alice")
	b.must(err)
	b.must(b.issuer.Ledger().TrialBalance())
	return balance.Available.String()
}

// For each defect, something to do whose outcome it changes, and the outcome with the reference rules.
var offlineProbes = map[string]probe{
	"issuer-refuses-authorised-offline": {nil, func(b *bank) string { return b.ask(b.offline(20000, "654321")) }, "00"},
	"issuer-refuses-certified": {nil, func(b *bank) string {
		twin := chipBankBy(b.t, b.config.Rules, func(c *issuer.Card) { c.Balance = pay.CNY(1) })
		return twin.ask(twin.certified("C05040629FF93A86"))
	}, "00"},
	"issuer-ignores-certificate": {nil, func(b *bank) string {
		twin := b.twin()
		return twin.ask(twin.certified("0000000000000000"))
	}, "59"},
	"issuer-posts-certificate-twice": {nil, func(b *bank) string {
		twin := b.twin()
		return twin.ask(twin.certified("C05040629FF93A86")) + twin.ask(twin.certified("C05040629FF93A86"))
	}, "0059"},
	"issuer-refuses-advised-completion": {nil, (*bank).completedInDebt, "00"},
	"issuer-tip-not-posted": {nil, func(b *bank) string {
		sale := b.next(pay.Sale, 1000)
		b.ask(sale)
		b.ask(b.on(pay.Tip, sale, 1150))
		return b.free()
	}, "88.50 CNY"},
	"issuer-part-unasked": {nil, func(b *bank) string { return b.ask(b.next(pay.Sale, 20000)) }, "51"},
}

// completedInDebt leaves a deposit of 50.00, overdraws the account, and completes 10.00 by advice.
func (b *bank) completedInDebt() string {
	deposit := b.next(pay.PreAuth, 5000)
	b.ask(deposit)
	b.ask(b.offline(20000, "654321"))
	return b.ask(b.on(pay.CompletionAdvice, deposit, 1000))
}

// A card with 100.00: what is asked of it, what the last request is answered, and what is free then.
func TestOffline(t *testing.T) {
	part := func(m *iso8583.Message) *iso8583.Message { return set(m, iso8583.PartialApproval, "1") }
	for _, c := range []struct {
		name   string
		card   func(*issuer.Card)
		ask    func(b *bank) string
		answer string
		free   string
	}{
		{"spoken, with the money", nil, func(b *bank) string { return b.ask(b.offline(1000, "654321")) }, "00", "90.00 CNY"},
		{"spoken, beyond the money", nil, func(b *bank) string { return b.ask(b.offline(20000, "654321")) }, "00", "-100.00 CNY"},
		{"spoken, on a card that is lost by now", status(issuer.Lost), func(b *bank) string { return b.ask(b.offline(1000, "654321")) }, "00", "90.00 CNY"},
		{"nobody asked, with the money", nil, func(b *bank) string { return b.ask(b.offline(1000, "")) }, "00", "90.00 CNY"},
		{"nobody asked, beyond the money", nil, func(b *bank) string { return b.ask(b.offline(10001, "")) }, "51", "100.00 CNY"},
		{"a deposit completed by advice, with the account in debt", nil, (*bank).completedInDebt, "00", "-110.00 CNY"},
		{"the same twice", nil, func(b *bank) string { m := b.offline(1000, "654321"); return b.ask(m) + b.ask(m) }, "0000", "90.00 CNY"},
		{"tip beyond the money", nil, func(b *bank) string {
			sale := b.next(pay.Sale, 10000)
			b.ask(sale)
			return b.ask(b.on(pay.Tip, sale, 11000))
		}, "00", "-10.00 CNY"},
		{"tip twice: the last counts", nil, func(b *bank) string {
			sale := b.next(pay.Sale, 1000)
			b.ask(sale)
			return b.ask(b.on(pay.Tip, sale, 1100)) + b.ask(b.on(pay.Tip, sale, 1050))
		}, "0000", "89.50 CNY"},
		{"tip on what was refunded", nil, func(b *bank) string {
			sale := b.next(pay.Sale, 1000)
			b.ask(sale)
			b.ask(b.on(pay.Refund, sale, 100))
			return b.ask(b.on(pay.Tip, sale, 1100))
		}, "12", "91.00 CNY"},
		{"void of a tipped sale, and its reversal", nil, func(b *bank) string {
			sale := b.next(pay.Sale, 1000)
			b.ask(sale)
			b.ask(b.on(pay.Tip, sale, 1100))
			void := b.on(pay.Void, sale, 1100)
			return b.ask(void) + b.ask(b.reversalOf(void))
		}, "0000", "89.00 CNY"},
		{"adjustment of an offline sale", nil, func(b *bank) string {
			sale := b.offline(1000, "654321")
			b.ask(sale)
			return b.ask(b.on(pay.Adjustment, sale, 800))
		}, "00", "92.00 CNY"},
		{"a part of a sale", nil, func(b *bank) string { return b.ask(part(b.next(pay.Sale, 20000))) }, "10", "0.00 CNY"},
		{"the whole where there is enough", nil, func(b *bank) string { return b.ask(part(b.next(pay.Sale, 10000))) }, "00", "0.00 CNY"},
		{"no part of nothing", func(c *issuer.Card) { c.Balance = pay.CNY(0) }, func(b *bank) string { return b.ask(part(b.next(pay.Sale, 1))) }, "51", "0.00 CNY"},
		{"no part of a deposit", nil, func(b *bank) string { return b.ask(part(b.next(pay.PreAuth, 20000))) }, "51", "100.00 CNY"},
		{"a part twice", nil, func(b *bank) string { m := part(b.next(pay.Sale, 20000)); return b.ask(m) + b.ask(m) }, "1010", "0.00 CNY"},
		{"a part reversed by what was asked", nil, func(b *bank) string {
			m := part(b.next(pay.Sale, 20000))
			return b.ask(m) + b.ask(b.reversalOf(m))
		}, "1000", "100.00 CNY"},
		{"a part reversed as a part", nil, func(b *bank) string {
			m := part(b.next(pay.Sale, 20000))
			return b.ask(m) + b.ask(set(b.reversalOf(m), iso8583.Amount, "000000010000"))
		}, "1000", "100.00 CNY"},
		{"a part reversed as something else", nil, func(b *bank) string {
			m := part(b.next(pay.Sale, 20000))
			return b.ask(m) + b.ask(set(b.reversalOf(m), iso8583.Amount, "000000015000"))
		}, "1064", "0.00 CNY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBank(t, nil, c.card)
			if got := c.ask(b); got != c.answer {
				t.Errorf("answers %q, want %q: %s", got, c.answer, b.reason())
			}
			if got := b.free(); got != c.free {
				t.Errorf("free: %s, want %s", got, c.free)
			}
			b.open() // the journal knows the same
			if got := b.free(); got != c.free {
				t.Errorf("free after a restart: %s, want %s", got, c.free)
			}
		})
	}
}

// The part stands in the answer, also in that to a repeat.
func TestPartIsTold(t *testing.T) {
	b := newBank(t, nil, nil)
	m := set(b.next(pay.Sale, 20000), iso8583.PartialApproval, "1")
	for range 2 {
		b.ask(m)
		answer := b.answers[len(b.answers)-1]
		if got := fmt.Sprint(answer.Get(iso8583.AnswerCode), answer.Get(iso8583.Amount)); got != "10000000010000" {
			t.Errorf("code and amount %s", got)
		}
	}
}
