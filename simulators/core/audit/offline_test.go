package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// What sales without the host, adjustments, tips and parts may leave in the books, and what they may not. want is "" for no break,
// or a break: rule and end of its text.
func TestOffline(t *testing.T) {
	tip := func(h *history, till Fact, acquirer, issuer string, sale Ref) {
		h.flow(pay.Tip, 11_50, till, acquirer, issuer, sale)
	}
	for _, c := range []struct {
		name string
		day  func(h *history)
		want string
	}{
		{"stored, nobody told", func(h *history) { h.flow(pay.OfflineSale, 10_00, Stored, "", "") }, ""},
		{"stored, the answer lost", func(h *history) { h.flow(pay.OfflineSale, 10_00, Stored, "posted approved", "posted approved") }, ""},
		{"stored, and posted twice", func(h *history) {
			h.flow(pay.OfflineSale, 10_00, Stored, "posted posted approved", "posted approved")
		}, "twice: the acquirer states posted 2 times, 20.00 CNY in all"},
		{"delivered, the issuer not told", func(h *history) { h.flow(pay.OfflineSale, 10_00, Approved, "posted advised", "") }, ""},
		{"delivered, the issuer refused and the acquirer pays", func(h *history) {
			h.flow(pay.OfflineSale, 10_00, Approved, "posted approved", "declined")
		}, "approved-posted: the till was told yes to 10.00 CNY, the issuer has no money"},
		{"charged back", func(h *history) { h.flow(pay.OfflineSale, 10_00, Approved, "posted undone charged", "declined") }, ""},
		{"charged back, and the issuer took it", func(h *history) {
			h.flow(pay.OfflineSale, 10_00, Approved, "posted undone charged", "posted approved")
		}, `charge-back: the acquirer has charged it back, and the issuer states "approved"`},
		{"an online sale charged back", func(h *history) { h.payment(10_00, Approved, "posted undone charged", "declined") },
			`charge-back: the acquirer has charged it back, and the issuer states "declined"`},
		{"charged back, and the money stays", func(h *history) { h.flow(pay.OfflineSale, 10_00, Approved, "posted charged", "declined") },
			"decision-posted: the acquirer states charged and has 10.00 CNY"},
		{"voided before it left, and posted", func(h *history) { h.flow(pay.OfflineSale, 10_00, Reversed, "posted approved", "posted approved") },
			"reversed-undone: the till has reversed it, the acquirer has 10.00 CNY"},
		{"a part, and the part is posted", func(h *history) { h.payment(4_00, Approved, "posted approved", "posted approved") }, ""},
		{"tipped: the sale goes back and comes with the tip", func(h *history) { tip(h, Approved, "approved", "approved", h.amended("posted undone")) }, ""},
		{"tipped, the till does not know yet", func(h *history) { tip(h, Pending, "approved", "approved", h.amended("posted undone")) }, ""},
		{"tipped, and the sale stays beside it", func(h *history) { tip(h, Approved, "approved", "approved", h.amended("posted")) },
			"approved-posted: the till was told yes to 11.50 CNY, the acquirer has 2 movements of 21.50 CNY in all"},
		{"posted anew without a tip", func(h *history) { h.amended("posted undone") }, "twice: the acquirer states posted 2 times, 21.50 CNY in all"},
		{"the tip itself moves money", func(h *history) { tip(h, Approved, "posted approved", "approved", h.amended("posted undone")) },
			"approved-posted: the till was told yes to 11.50 CNY, the acquirer has 11.50 CNY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := begin()
			c.day(h)
			var got []string
			rule, text, _ := strings.Cut(c.want, ": ")
			found := c.want == ""
			for _, b := range judge(h.end()) {
				found = found || b.Rule == rule && strings.HasSuffix(b.Text, text)
				got = append(got, b.Rule+": "+b.Text)
			}
			if !found || c.want == "" && len(got) > 0 {
				t.Errorf("want %q among\n%s", c.want, strings.Join(got, "\n"))
			}
		})
	}
}

// amended states a sale of 10.00 whose amount is 11.50 by now, and what was moved for it before the last posting.
func (h *history) amended(moves string) Ref {
	ref := h.payment(11_50, Approved, moves+" posted approved", moves+" posted approved")
	for _, role := range []Role{Acquirer, Issuer} { // all but the last posting were of the first amount
		last := -1
		for i, s := range h.list {
			if s.Role == role && s.RRN == h.list[len(h.list)-1].RRN && slices.Contains([]Fact{Posted, Undone}, s.Fact) {
				if last >= 0 {
					h.list[last].Amount = pay.CNY(10_00)
				}
				last = i
			}
		}
	}
	return ref
}
