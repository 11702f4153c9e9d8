package audit

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Transfer names a transfer: how it stands, as settlement states it, or what a bank has done for it.
type Transfer struct {
	Number string `json:"number"`
	State  string `json:"state,omitempty"`
	Leg    string `json:"leg,omitempty"` // Banked: debit, credit or return
}

// legs is what has moved for a transfer, by the banks' own words and the merchants' items.
type legs struct{ took, gave, back int64 }

func (l *legs) add(leg string, minor int64) {
	switch leg {
	case "debit":
		l.took += minor
	case "credit":
		l.gave += minor
	case "return":
		l.back += minor
	}
}

// transfers: none is half done. What is done was debited and credited once, what is returned was given back in whole and to nobody else, and of what
// is under way no more has gone out than came in.
func (c *hearing) transfers() (breaks []Break) {
	have, banks := map[string]*legs{}, false
	of := func(number string) *legs {
		if have[number] == nil {
			have[number] = &legs{}
		}
		return have[number]
	}
	for _, s := range c.office {
		switch {
		case s.Fact == Banked && s.Transfer == nil:
			banks = true
		case s.Fact == Banked:
			of(s.Transfer.Number).add(s.Transfer.Leg, s.Amount.Minor)
		case s.Fact == Adjusted && strings.HasPrefix(s.Fee.Item, "transfer:"):
			if part := strings.Split(s.Fee.Item, ":"); len(part) == 3 { // transfer:T000001:debit
				of(part[1]).add(part[2], max(s.Amount.Minor, -s.Amount.Minor))
			}
		}
	}
	if !banks {
		return nil
	}
	for _, s := range c.office {
		if s.Fact != Transferred {
			continue
		}
		l, a := *of(s.Transfer.Number), s.Amount.Minor
		if want := l.allowed(s.Transfer.State, a); want != "" {
			breaks = append(breaks, Break{Rule: "transfer", Text: fmt.Sprintf("transfer %s of %s is %s: %s were debited, %s credited and %s returned; want %s", s.Transfer.Number, s.Amount, s.Transfer.State,
				pay.CNY(l.took), pay.CNY(l.gave), pay.CNY(l.back), want), Statements: []Statement{s}})
		}
		delete(have, s.Transfer.Number)
	}
	for number, l := range have {
		if *l != (legs{}) {
			breaks = append(breaks, Break{Rule: "transfer", Text: fmt.Sprintf("the banks have moved money for transfer %s, of which the office knows nothing", number)})
		}
	}
	return breaks
}

// allowed tells what a transfer in a state should have moved, "" when it has.
func (l legs) allowed(state string, a int64) string {
	once := func(n int64) bool { return n == 0 || n == a }
	switch state {
	case "inquired", "refused":
		if l != (legs{}) {
			return "nothing"
		}
	case "debiting":
		if !once(l.took) || l.gave+l.back != 0 {
			return "one debit at most"
		}
	case "crediting":
		if l.took != a || !once(l.gave) || l.back != 0 {
			return "one debit, and one credit at most"
		}
	case "returning":
		if l.took != a || l.gave != 0 || !once(l.back) {
			return "one debit, and one return at most"
		}
	case "done":
		if l != (legs{took: a, gave: a}) {
			return "one debit and one credit"
		}
	case "returned":
		if l != (legs{took: a, back: a}) {
			return "one debit and one return"
		}
	}
	return ""
}
