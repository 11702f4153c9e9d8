package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Fee is what settlement states of an item: which sale it is about, what the merchant was quoted, and who got what. Fee and Net are the
// amount; the three shares are the fee.
type Fee struct {
	Item     string     `json:"item"`
	Sale     string     `json:"sale,omitempty"`
	Rate     int64      `json:"rate"` // millionths
	Cap      pay.Amount `json:"cap,omitzero"`
	Returns  bool       `json:"returns,omitempty"` // what goes back brings its part of the fee
	Fee      pay.Amount `json:"fee"`
	Issuer   pay.Amount `json:"issuer"`
	Network  pay.Amount `json:"network"`
	Acquirer pay.Amount `json:"acquirer"`
	Net      pay.Amount `json:"net"`
}

// Payout is what settlement states of money that it paid out.
type Payout struct {
	Number    string     `json:"number"`
	Surcharge pay.Amount `json:"surcharge,omitzero"`
	Items     []string   `json:"items"`
}

// officeBreaks judges how merchants were paid.
func (c *hearing) officeBreaks() []Break {
	if len(c.office) == 0 {
		return nil
	}
	return slices.Concat(c.clearedOnce(), c.fees(), c.paidOnce(), c.consents(), c.transfers(), c.officeBalances())
}

// movement is what is the same in two parties' words about money that moved.
type movement struct {
	rrn   string
	minor int64
}

// clearedOnce: each movement of the acquirer's was cleared once, and nothing else was.
func (c *hearing) clearedOnce() (breaks []Break) {
	if !c.hosts[Acquirer] {
		return nil
	}
	var until time.Time
	posted, cleared := map[movement]int{}, map[movement]int{}
	for _, s := range c.office {
		switch s.Fact {
		case Present:
			until = s.At
		case Cleared:
			cleared[movement{s.RRN, s.Amount.Minor}]++
		}
	}
	for _, p := range c.payments {
		for _, m := range p.acquirer.moves {
			if minor := moved(m); minor != 0 && !m.At.After(until) {
				posted[movement{m.RRN, minor}]++
			}
		}
	}
	both := maps.Clone(posted)
	maps.Copy(both, cleared)
	for _, k := range slices.SortedFunc(maps.Keys(both), func(a, b movement) int { return strings.Compare(a.rrn, b.rrn) }) {
		if posted[k] != cleared[k] {
			breaks = append(breaks, Break{Rule: "cleared", RRN: k.rrn, Text: fmt.Sprintf("RRN %s: the acquirer has posted %s %d times, the office has cleared it %d times", k.rrn, pay.CNY(k.minor), posted[k], cleared[k])})
		}
	}
	return breaks
}

// ofSale is what has become of a sale's fee so far.
type ofSale struct{ sold, fee, back, returned, disputed int64 }

// fees: each fee is what the quoted rate makes of the amount, to the fen, and what went back of a sale has brought the fee back in proportion;
// the shares are the fee, and fee and net the amount.
func (c *hearing) fees() (breaks []Break) {
	sales := map[string]ofSale{}
	for _, s := range c.office {
		f := s.Fee
		if f == nil {
			continue
		}
		tell := func(format string, args ...any) {
			breaks = append(breaks, Break{Rule: "fee", RRN: s.RRN, Ref: s.Ref, Text: fmt.Sprintf("item %s of %s: ", f.Item, s.Amount) + fmt.Sprintf(format, args...), Statements: []Statement{s}})
		}
		if f.Issuer.Minor+f.Network.Minor+f.Acquirer.Minor != f.Fee.Minor {
			tell("issuer %s, network %s and acquirer %s are not its fee %s", f.Issuer, f.Network, f.Acquirer, f.Fee)
		}
		if f.Net.Minor+f.Fee.Minor != s.Amount.Minor {
			tell("net %s and fee %s are not its amount", f.Net, f.Fee)
		}
		was := sales[f.Sale]
		switch want := int64(0); {
		case s.Fact == Adjusted:
			if f.Fee.Minor != 0 {
				tell("it is no sale and costs nothing, its fee is %s", f.Fee)
			}
			if was.sold > 0 { // a dispute
				was.disputed -= s.Amount.Minor
				sales[f.Sale] = was
			}
		case s.Amount.Minor > 0:
			if want = nearest(s.Amount.Minor, f.Rate, 1_000_000); f.Cap.Minor > 0 {
				want = min(want, f.Cap.Minor)
			}
			if f.Fee.Minor != want {
				tell("its fee is %s, the quoted rate makes it %s", f.Fee, pay.CNY(want))
			}
			sales[f.Sale] = ofSale{sold: s.Amount.Minor, fee: f.Fee.Minor}
		case was.sold == 0:
			tell("it gives back what was never sold")
		default:
			was.back, was.returned = was.back-s.Amount.Minor, was.returned-f.Fee.Minor
			if f.Returns {
				want = nearest(was.fee, was.back, was.sold)
			}
			if was.returned != want {
				tell("%s of the fee of %s has gone back in all, it should be %s", pay.CNY(was.returned), pay.CNY(was.fee), pay.CNY(want))
			}
			sales[f.Sale] = was
		}
		if now := sales[f.Sale]; now.back+now.disputed > now.sold {
			tell("%s went back and %s is charged back of %s", pay.CNY(now.back), pay.CNY(now.disputed), pay.CNY(now.sold))
		}
	}
	return breaks
}

// nearest gives a × n / d to the nearest whole, halves up, without the office's arithmetic: by quotient and rest.
func nearest(a, n, d int64) int64 {
	whole, rest := a/d*n, a%d*n
	whole, rest = whole+rest/d, rest%d
	if 2*rest >= d {
		whole++
	}
	return whole
}

// paidOnce: each item is paid by one payout, and each payout is the sum of its items.
func (c *hearing) paidOnce() (breaks []Break) {
	nets, paid := map[string]int64{}, map[string]string{}
	for _, s := range c.office {
		if s.Fee != nil {
			nets[s.Fee.Item] += s.Fee.Net.Minor
		}
	}
	for _, s := range c.office {
		if s.Payout == nil || s.Fact != Paid {
			continue
		}
		tell := func(format string, args ...any) {
			breaks = append(breaks, Break{Rule: "payout", Text: "payout " + s.Payout.Number + ": " + fmt.Sprintf(format, args...), Statements: []Statement{s}})
		}
		sum := int64(0)
		for _, item := range s.Payout.Items {
			if other := paid[item]; other != "" {
				tell("item %s was paid by %s", item, other)
			}
			paid[item] = s.Payout.Number
			sum += nets[item]
		}
		if sum != s.Amount.Minor+s.Payout.Surcharge.Minor {
			tell("%s and its surcharge %s are not its items, which come to %s", s.Amount, s.Payout.Surcharge, pay.CNY(sum))
		}
	}
	return breaks
}

// officeBalances: each account holds what was moved, and what merchants are owed is what was cleared for them less what they were paid.
func (c *hearing) officeBalances() (breaks []Break) {
	moved, items, have, taken, most := map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int{}, map[string]int{}
	for _, s := range c.office {
		switch {
		case s.Fact == Moved:
			moved[s.Account] -= s.Amount.Minor
			moved[s.To] += s.Amount.Minor
			taken[s.To]++
			taken[s.Account]--
			most[s.To] = max(most[s.To], taken[s.To])
		case s.Fee != nil:
			items[s.Account] += s.Fee.Net.Minor
		case s.Fact == Paid:
			items[s.Account] -= s.Amount.Minor + s.Payout.Surcharge.Minor
		case s.Fact == Balance:
			have[s.Account] = s.Amount.Minor
		}
	}
	for _, account := range slices.Sorted(maps.Keys(have)) {
		if have[account] != moved[account] {
			breaks = append(breaks, Break{Rule: "office-balance", Text: fmt.Sprintf("the office's account %s has %s, what was moved comes to %s", account, pay.CNY(have[account]), pay.CNY(moved[account]))})
		}
		if strings.HasPrefix(account, "deposit:") && (have[account] < 0 || most[account] > 1) {
			breaks = append(breaks, Break{Rule: "deposit", Text: fmt.Sprintf("the office's account %s has %s; the deposit was taken %d times before it was given back", account, pay.CNY(have[account]), most[account])})
		}
		if strings.HasPrefix(account, "payable:") && have[account] != items[account] {
			breaks = append(breaks, Break{Rule: "office-balance", Text: fmt.Sprintf("the office's account %s has %s, what was cleared less what was paid comes to %s", account, pay.CNY(have[account]), pay.CNY(items[account]))})
		}
	}
	return breaks
}
