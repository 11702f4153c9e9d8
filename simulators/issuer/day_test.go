package issuer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// next begins a request of a flow under the next RRN, without PIN or track.
func (b *bank) next(f pay.Flow, fen int) *iso8583.Message {
	b.number++
	m := b.request(f, fmt.Sprintf("260601%06d", b.number))
	m.Set(iso8583.EntryMode, "000")
	if b.config.Dialect.Carries(f, iso8583.Amount) {
		m.Set(iso8583.Amount, fmt.Sprintf("%012d", fen))
	} else {
		m.Unset(iso8583.Amount)
	}
	return m
}

// on begins a request that acts on another.
func (b *bank) on(f pay.Flow, original *iso8583.Message, fen int) *iso8583.Message {
	m := b.next(f, fen)
	m.Set(iso8583.OriginalRRN, original.Get(iso8583.RRN))
	m.Set(iso8583.OriginalMTI, original.MTI())
	m.Set(iso8583.OriginalTrace, original.Get(iso8583.Trace))
	m.Set(iso8583.OriginalDate, "0601")
	m.Set(iso8583.AuthCode, "123456")
	return m
}

// What is asked after a payment of 10.00 CNY by a card with 100.00, and what is free on the card then.
var dayCases = []struct {
	name   string
	first  pay.Flow
	before []pay.Flow
	f      pay.Flow
	fen    int
	change func(b *bank, m *iso8583.Message)
	answer string
	free   int64
}{
	{"void", pay.Sale, nil, pay.Void, 1000, nil, "00", 10000},
	{"void by telephone", pay.MOTOSale, nil, pay.MOTOVoid, 1000, nil, "00", 10000},
	{"void of a part", pay.Sale, nil, pay.Void, 999, nil, "64", 9000},
	{"void twice", pay.Sale, []pay.Flow{pay.Void}, pay.Void, 1000, nil, "25", 10000},
	{"void of what was refunded", pay.Sale, []pay.Flow{pay.Refund}, pay.Void, 1000, nil, "64", 9400},
	{"void of a deposit as of a sale", pay.PreAuth, nil, pay.Void, 1000, nil, "25", 9000},
	{"void of what never was", pay.Sale, nil, pay.Void, 1000, unknownOriginal, "25", 9000},
	{"void on a lost card", pay.Sale, nil, pay.Void, 1000, lost, "00", 10000},
	{"refund to a card without PIN tries", pay.Sale, nil, pay.Refund, 1000, func(b *bank, _ *iso8583.Message) {
		b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Tries = a.MaxPINTries }))
	}, "00", 10000},
	{"refund", pay.Sale, nil, pay.Refund, 1000, nil, "00", 10000},
	{"refunds over the sale", pay.Sale, []pay.Flow{pay.Refund}, pay.Refund, 601, nil, "61", 9400},
	{"refunds up to the sale", pay.Sale, []pay.Flow{pay.Refund}, pay.Refund, 600, nil, "00", 10000},
	{"refund of what was voided", pay.Sale, []pay.Flow{pay.Void}, pay.Refund, 1, nil, "25", 10000},
	{"deposit's void", pay.PreAuth, nil, pay.PreAuthVoid, 1000, nil, "00", 10000},
	{"completion of less", pay.PreAuth, nil, pay.Completion, 600, nil, "00", 9400},
	{"completion at the ceiling", pay.PreAuth, nil, pay.Completion, 1150, nil, "00", 8850},
	{"completion over the ceiling", pay.PreAuth, nil, pay.Completion, 1151, nil, "64", 9000},
	{"completion by advice", pay.PreAuth, nil, pay.CompletionAdvice, 1000, nil, "00", 9000},
	{"completion twice", pay.PreAuth, []pay.Flow{pay.Completion}, pay.CompletionAdvice, 1, nil, "25", 9400},
	{"deposit's void after its completion", pay.PreAuth, []pay.Flow{pay.Completion}, pay.PreAuthVoid, 1000, nil, "25", 9400},
	{"completion with a wrong PIN", pay.PreAuth, nil, pay.Completion, 600, func(b *bank, m *iso8583.Message) {
		m.Set(iso8583.EntryMode, "021")
		m.Set(iso8583.Track2, b.sale().Get(iso8583.Track2))
		m.Set(iso8583.PINCapture, "06")
		m.Set(iso8583.SecurityControl, "2600000000000000")
		b.setPIN(m, "000000")
	}, "55", 9000},
}

func unknownOriginal(_ *bank, m *iso8583.Message) { m.Set(iso8583.OriginalRRN, "260601999999") }

func lost(b *bank, _ *iso8583.Message) {
	b.must(b.issuer.UpdateCard("alice", func(a *issuer.Account) { a.Status = issuer.Lost }))
}

func TestDay(t *testing.T) {
	for _, c := range dayCases {
		t.Run(c.name, func(t *testing.T) {
			b := newBank(t, nil, nil)
			first := b.next(c.first, 1000)
			if got := b.ask(first); got != "00" {
				t.Fatalf("%s: %q by %s", c.first, got, b.reason())
			}
			for _, f := range c.before {
				fen := map[pay.Flow]int{pay.Void: 1000, pay.Refund: 400, pay.Completion: 600}[f]
				if got := b.ask(b.on(f, first, fen)); got != "00" {
					t.Fatalf("%s: %q by %s", f, got, b.reason())
				}
			}
			m := b.on(c.f, first, c.fen)
			if c.change != nil {
				c.change(b, m)
			}
			for range 2 { // the second time is a repeat: it gets the first answer, and moves nothing
				if got := b.ask(m); got != c.answer {
					t.Fatalf("answer %q by %s, want %s", got, b.reason(), c.answer)
				}
			}
			b.open()
			if got := b.holds(); got != c.free {
				t.Errorf("%d free on the card, want %d", got, c.free)
			}
		})
	}
}

// The reversal of each reversible flow gives back what stood before it, once.
func TestReversalsOfTheDay(t *testing.T) {
	for _, c := range []struct {
		first, f     pay.Flow
		fen          int
		free, before int64
	}{{pay.Sale, pay.Void, 1000, 10000, 9000}, {pay.PreAuth, pay.PreAuthVoid, 1000, 10000, 9000}, {pay.PreAuth, pay.Completion, 600, 9400, 9000}} {
		t.Run(string(c.f), func(t *testing.T) {
			b := newBank(t, nil, nil)
			first := b.next(c.first, 1000)
			b.ask(first)
			m := b.on(c.f, first, c.fen)
			b.ask(m)
			if got := b.holds(); got != c.free {
				t.Errorf("%d free, want %d", got, c.free)
			}
			if got := b.ask(b.reversalOf(first)); got != "25" {
				t.Errorf("reversal of what was acted on: %q, want 25", got)
			}
			for range 2 {
				if got := b.ask(b.reversalOf(m)); got != "00" {
					t.Errorf("reversal: %q by %s", got, b.reason())
				}
				if got := b.holds(); got != c.before {
					t.Errorf("%d free after the reversal, want %d", got, c.before)
				}
			}
			if got := b.ask(b.on(c.f, first, c.fen)); got != "00" {
				t.Errorf("once more: %q by %s", got, b.reason())
			}
		})
	}
}

// What a void gave back and the cardholder has spent is owed, once.
func TestReversalTakesWhatWasSpent(t *testing.T) {
	b := newBank(t, nil, nil)
	sale, deposit := b.next(pay.Sale, 1000), b.next(pay.PreAuth, 1000)
	b.ask(sale)
	b.ask(deposit)
	saleVoid, depositVoid := b.on(pay.Void, sale, 1000), b.on(pay.PreAuthVoid, deposit, 1000)
	b.ask(saleVoid)
	b.ask(depositVoid)
	b.ask(b.next(pay.Sale, 9500))
	for range 2 {
		for _, m := range []*iso8583.Message{saleVoid, depositVoid} {
			if got := b.ask(b.reversalOf(m)); got != "00" {
				t.Errorf("%q by %s", got, b.reason())
			}
		}
	}
	if got := b.holds(); got != 10000-9500-1000-1000 {
		t.Errorf("%d free", got)
	}
	if got := b.ask(b.on(pay.PreAuthVoid, deposit, 1000)); got != "00" || b.holds() != 10000-9500-1000 {
		t.Errorf("the deposit is freed of an account below zero: %q by %s, %d free", got, b.reason(), b.holds())
	}
}

func TestBalanceInquiry(t *testing.T) {
	b := newBank(t, nil, nil)
	b.ask(b.next(pay.PreAuth, 1000))
	if got := b.ask(b.next(pay.Balance, 0)); got != "00" {
		t.Fatalf("answer %q by %s", got, b.reason())
	}
	if got := b.answers[0].Get(iso8583.Balance); got != "0002156C000000009000" {
		t.Errorf("balance %q", got)
	}
}

func TestDepositAges(t *testing.T) {
	b := newBank(t, nil, nil)
	deposit := b.next(pay.PreAuth, 1000)
	b.ask(deposit)
	at := b.loop.Now()
	b.issuer.Age(at.AddDate(0, 0, 30).Add(-time.Second))
	if got := b.holds(); got != 9000 {
		t.Errorf("a second before its end %d are free", got)
	}
	b.issuer.Age(at.AddDate(0, 0, 30))
	b.open()
	if got := b.holds(); got != 10000 {
		t.Errorf("at its end %d are free", got)
	}
	if got := b.ask(b.on(pay.Completion, deposit, 1000)); got != "25" {
		t.Errorf("completion: %q, want 25", got)
	}
}
