package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// walletDay is Alice paying 10.00 by code and getting 4.00 back.
func walletDay() []Statement {
	till := func(fact Fact, flow pay.Flow, fen int64) Statement {
		return Statement{Role: Terminal, Party: "T1", Fact: fact, Ref: Ref{Terminal: "10000001", Flow: flow}, RRN: "A1", Account: "wechat", Amount: pay.CNY(fen)}
	}
	host := func(fact Fact, account string, fen int64) Statement {
		s := Statement{Role: Wallet, Party: "wechat", Fact: fact, Account: account, Amount: pay.CNY(fen)}
		if fact == Posted || fact == Refunded {
			s.RRN, s.Ref.Merchant = "A1", "1"
		}
		return s
	}
	return []Statement{till(Approved, pay.WalletSale, 10_00), till(Refunded, pay.WalletRefund, 4_00),
		host(Opening, "payer:alice", 50_00), host(Posted, "payer:alice", 10_00), host(Refunded, "payer:alice", 4_00),
		host(Balance, "payer:alice", 44_00), host(Balance, "merchant:1", 6_00), host(Balance, OpeningOf(pay.Currency156CNY), -50_00)}
}

func TestWallets(t *testing.T) {
	first := func(list []Statement, role Role, fact Fact) *Statement {
		return &list[slices.IndexFunc(list, func(s Statement) bool { return s.Role == role && s.Fact == fact })]
	}
	for name, c := range map[string]struct {
		change func(list []Statement) []Statement
		want   string
	}{
		"a good day":          {func(l []Statement) []Statement { return l }, ""},
		"no till that states": {func(l []Statement) []Statement { return l[2:] }, ""},
		"paid twice": {func(l []Statement) []Statement { return append(l, *first(l, Wallet, Posted)) },
			"wechat order A1: the wallet has taken the money 2 times, 20.00 CNY in all"},
		"refunded beyond": {func(l []Statement) []Statement { first(l, Wallet, Refunded).Amount = pay.CNY(11_00); return l },
			"wechat order A1: the wallet has given back 11.00 CNY of 10.00 CNY"},
		"the till sold and nobody paid": {func(l []Statement) []Statement {
			return slices.DeleteFunc(l, func(s Statement) bool { return s.Role == Wallet })
		}, "wechat order A1: the till has 6.00 CNY, the wallet 0.00 CNY"},
		"the till was told no": {func(l []Statement) []Statement { first(l, Terminal, Approved).Fact = Declined; return l },
			"wechat order A1: the till has -4.00 CNY, the wallet 6.00 CNY"},
		"the till still asks": {func(l []Statement) []Statement { first(l, Terminal, Approved).Fact = Pending; return l }, ""},
		"an account that is wrong": {func(l []Statement) []Statement { first(l, Wallet, Balance).Amount = pay.CNY(43_00); return l },
			"wechat's account payer:alice has 43.00 CNY, its opening and what was moved come to 44.00 CNY"},
		"another wallet's order of that number": {func(l []Statement) []Statement {
			other := *first(l, Wallet, Posted)
			other.Party = "alipay"
			return append(l, other)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, b := range Judge(slices.Values(c.change(walletDay()))) {
				got = append(got, b.Text)
			}
			if text := strings.Join(got, "\n"); !strings.HasPrefix(text, c.want) || c.want == "" && text != "" {
				t.Errorf("got %s\nwant %s", text, c.want)
			}
		})
	}
}
