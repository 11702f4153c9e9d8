package audit

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Whatever honest parties did, nothing is broken; whichever single statement about money is dropped, doubled or changed,
// something is.
func TestOneTamperedStatementIsNoticed(t *testing.T) {
	all := endings()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		h := begin()
		for range rapid.IntRange(1, 12).Draw(t, "payments") {
			all[rapid.SampledFrom(names).Draw(t, "ending")](h, rapid.Int64Range(1, 50_00).Draw(t, "fen"))
		}
		list := h.end()
		if breaks := judge(list); len(breaks) > 0 {
			t.Fatalf("honest, and yet %s: %s", breaks[0].Rule, breaks[0].Text)
		}
		var money []int
		for i, s := range list {
			if isMoney(s) {
				money = append(money, i)
			}
		}
		i := rapid.SampledFrom(money).Draw(t, "statement")
		was := list[i]
		how := rapid.SampledFrom([]string{"dropped", "doubled", "changed"}).Draw(t, "tamper")
		switch how {
		case "dropped":
			list = slices.Delete(slices.Clone(list), i, i+1)
		case "doubled":
			list = slices.Insert(slices.Clone(list), i, was)
		case "changed":
			list = slices.Clone(list)
			list[i].Amount.Minor += rapid.SampledFrom([]int64{-1, 1, 100}).Draw(t, "by")
		}
		if len(judge(list)) == 0 {
			t.Fatalf("%s, and nothing is broken: %+v", how, was)
		}
	})
}

// isMoney: a ledger's movement, what an account holds, or a yes at the till.
func isMoney(s Statement) bool {
	switch s.Fact {
	case Posted, Undone, Refunded, Held, Released:
		return true
	case Opening, Balance:
		return s.Amount != pay.CNY(0)
	}
	return s.Role == Terminal && s.Fact == Approved
}
