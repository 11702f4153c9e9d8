package audit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// flow states one more payment of a flow, as payment does of a sale.
func (h *history) flow(f pay.Flow, fen int64, till Fact, acquirer, issuer string, original ...Ref) Ref {
	ref := h.payment(fen, till, acquirer, issuer, original...)
	for i := range h.list {
		if h.list[i].RRN == fmt.Sprintf("%012d", h.n) {
			h.list[i].Ref.Flow = f
		}
	}
	ref.Flow = f
	return ref
}

// deposit states a pre-authorization of 10.00 and what has become of its hold.
func (h *history) deposit(moves string) Ref {
	return h.flow(pay.PreAuth, 10_00, Approved, moves+" approved", moves+" approved")
}

func TestDayHasNoBreak(t *testing.T) {
	for name, day := range map[string]func(h *history){
		"voided": func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Void, 10_00, Approved, "refunded approved", "refunded approved", sale)
		},
		"voided, the void reversed, voided again": func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Void, 10_00, Reversed, "refunded restored reversed", "refunded restored reversed", sale)
			h.flow(pay.Void, 10_00, Approved, "refunded approved", "refunded approved", sale)
		},
		"refunded, the issuer not told": func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Refund, 4_00, Approved, "refunded advised", "", sale)
		},
		"balance inquiry": func(h *history) { h.flow(pay.Balance, 0, Approved, "approved", "approved") },
		"deposit voided": func(h *history) {
			h.flow(pay.PreAuthVoid, 10_00, Approved, "approved", "approved", h.deposit("held released"))
		},
		"deposit completed for more": func(h *history) {
			h.flow(pay.Completion, 11_00, Approved, "posted approved", "posted approved", h.deposit("held released"))
		},
		"completion reversed": func(h *history) {
			h.flow(pay.Completion, 9_00, Reversed, "posted undone reversed", "posted undone reversed", h.deposit("held released held"))
		},
		"completion voided, completed again by advice": func(h *history) {
			d := h.deposit("held released held released")
			c := h.flow(pay.Completion, 9_00, Approved, "posted approved", "posted approved", d)
			h.flow(pay.CompletionVoid, 9_00, Approved, "refunded approved", "refunded approved", c)
			h.flow(pay.CompletionAdvice, 8_00, Approved, "posted approved", "posted approved", d)
		},
		"completion by advice, the issuer not told": func(h *history) {
			d := h.flow(pay.PreAuth, 10_00, Approved, "held released approved", "held approved")
			h.flow(pay.CompletionAdvice, 9_00, Approved, "posted advised", "", d)
		},
		"deposit grew too old": func(h *history) {
			h.flow(pay.PreAuth, 10_00, Approved, "held released expired", "held released expired")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := begin()
			day(h)
			for _, b := range judge(h.end()) {
				t.Errorf("%s: %s", b.Rule, b.Text)
			}
		})
	}
}

func TestDayBreaks(t *testing.T) {
	for _, c := range []struct {
		name string
		day  func(h *history)
		want string // some break: rule and part of its text
	}{
		{"voided twice", func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Void, 10_00, Approved, "refunded approved", "refunded approved", sale)
			h.flow(pay.Void, 10_00, Approved, "refunded approved", "refunded approved", sale)
		}, "refunds: the acquirer has 10.00 CNY and refunded 20.00 CNY of it"},
		{"voided and refunded", func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Void, 10_00, Approved, "refunded approved", "refunded approved", sale)
			h.flow(pay.Refund, 1, Approved, "refunded approved", "refunded approved", sale)
		}, "refunds: the acquirer has 10.00 CNY and refunded 10.01 CNY of it"},
		{"the void is told and does nothing", func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Void, 10_00, Approved, "approved", "refunded approved", sale)
		}, "approved-posted: the till was told yes to 10.00 CNY, the acquirer has no money"},
		{"a reversed void stays", func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.flow(pay.Void, 10_00, Reversed, "refunded restored reversed", "refunded reversed", sale)
		}, "reversed-undone: the till has reversed it, the issuer has 10.00 CNY"},
		{"completed twice", func(h *history) {
			d := h.deposit("held released")
			h.flow(pay.Completion, 9_00, Approved, "posted approved", "posted approved", d)
			h.flow(pay.CompletionAdvice, 9_00, Approved, "posted approved", "posted approved", d)
		}, "completions: the acquirer has voided or completed it 2 times"},
		{"completed, and the hold stays", func(h *history) {
			d := h.flow(pay.PreAuth, 10_00, Approved, "held released approved", "held approved")
			h.flow(pay.Completion, 9_00, Approved, "posted approved", "posted approved", d)
		}, "approved-posted: the till was told yes to 10.00 CNY, the issuer has 10.00 CNY"},
		{"released for no reason", func(h *history) { h.deposit("held released") },
			"approved-posted: the till was told yes to 10.00 CNY, the acquirer has no money"},
		{"too old at one host only", func(h *history) {
			h.flow(pay.PreAuth, 10_00, Approved, "held released expired", "held approved")
		}, "hosts-agree: the acquirer has no money, the issuer has 10.00 CNY"},
		{"held twice", func(h *history) { h.deposit("held held") }, "twice: the acquirer states held 2 times, 20.00 CNY in all"},
		{"the deposit's void moves money", func(h *history) {
			h.flow(pay.PreAuthVoid, 10_00, Approved, "refunded approved", "approved", h.deposit("held released"))
		}, "approved-posted: the till was told yes to 10.00 CNY, the acquirer has 10.00 CNY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := begin()
			c.day(h)
			var got []string
			rule, text, _ := strings.Cut(c.want, ": ")
			for _, b := range judge(h.end()) {
				if b.Rule == rule && strings.HasSuffix(b.Text, text) {
					return
				}
				got = append(got, b.Rule+": "+b.Text)
			}
			t.Errorf("no break %q among\n%s", c.want, strings.Join(got, "\n"))
		})
	}
}
