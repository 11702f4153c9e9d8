package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// side is an account in one party's books, in one currency.
type side struct {
	role     Role
	account  string
	currency pay.Currency
}

// balances judges what each account holds at the end: its opening plus everything the party moved for it. The party's
// statements are booked once more, from both sides, so that the books also sum to zero.
func (c *hearing) balances() []Break {
	want, have, led := map[side]int64{}, map[side]int64{}, map[side][]Statement{}
	states := map[Role]bool{} // which roles state balances at all
	book := func(s Statement, account string, minor int64) {
		k := side{s.Role, account, s.Amount.Currency}
		want[k] += minor
		led[k] = append(led[k], s)
	}
	for _, s := range c.accounts {
		if s.Fact == Opening {
			book(s, s.Account, s.Amount.Minor)
			book(s, OpeningOf(s.Amount.Currency), -s.Amount.Minor)
			continue
		}
		k := side{s.Role, s.Account, s.Amount.Currency}
		have[k] += s.Amount.Minor
		led[k] = append(led[k], s)
		states[s.Role] = true
	}
	for _, p := range c.payments {
		for _, s := range slices.Concat(p.acquirer.moves, p.issuer.moves) {
			minor := moved(s)
			book(s, owner(s), minor)
			book(s, Interbank, -minor)
		}
	}
	var breaks []Break
	for _, k := range slices.SortedFunc(maps.Keys(led), compareSides) {
		if states[k.role] && want[k] != have[k] {
			text := fmt.Sprintf("the %s's account %s has %s, its opening and what was moved come to %s",
				k.role, k.account, pay.Amount{Minor: have[k], Currency: k.currency}, pay.Amount{Minor: want[k], Currency: k.currency})
			breaks = append(breaks, Break{Rule: "balance", Text: text, Statements: led[k]})
		}
	}
	return breaks
}

// moved is what a movement adds to its owner's account: posting takes from a card and gives to a merchant.
func moved(s Statement) int64 {
	minor := s.Amount.Minor
	switch s.Fact {
	case Held, Released:
		return 0
	case Undone, Refunded:
		minor = -minor
	}
	if s.Role == Issuer {
		minor = -minor
	}
	return minor
}

// owner names the account that a movement is about.
func owner(s Statement) string {
	if s.Account == "" && s.Ref.Merchant != "" {
		return "merchant:" + s.Ref.Merchant
	}
	return s.Account
}

func compareSides(a, b side) int {
	return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(a.account, b.account), cmp.Compare(a.currency, b.currency))
}
