package audit

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// walletOrder is what till and wallet host state of one payment by a wallet's code. Both name it by the till's order number, in RRN,
// and the wallet, in Account for the till and in Party for the host.
type walletOrder struct {
	wallet, order string
	till, host    []Statement
}

// takesWallet keeps what is stated of wallets apart from what is stated of cards; false for the rest.
func (c *hearing) takesWallet(s Statement) bool {
	wallet := s.Party
	switch {
	case s.Role == Wallet:
	case s.Ref.Flow == pay.WalletSale || s.Ref.Flow == pay.WalletRefund:
		wallet = s.Account
	default:
		return false
	}
	if s.Fact == Opening || s.Fact == Balance {
		c.purses = append(c.purses, s)
		return true
	}
	if s.Fact == Present {
		return true
	}
	i := slices.IndexFunc(c.wallets, func(o *walletOrder) bool { return o.wallet == wallet && o.order == s.RRN })
	if i < 0 {
		i = len(c.wallets)
		c.wallets = append(c.wallets, &walletOrder{wallet: wallet, order: s.RRN})
	}
	o := c.wallets[i]
	if s.Role == Wallet {
		o.host = append(o.host, s)
	} else {
		o.till = append(o.till, s)
	}
	return true
}

// sum adds what statements of one fact say, and counts them.
func sum(list []Statement, fact Fact) (minor int64, n int) {
	for _, s := range list {
		if s.Fact == fact {
			minor, n = minor+s.Amount.Minor, n+1
		}
	}
	return minor, n
}

// walletBreaks judges payments by wallets' codes: paid once or not at all, refunds never beyond what was paid, till and host of one
// mind, and each account what its opening and the movements come to.
func (c *hearing) walletBreaks() (breaks []Break) {
	for _, o := range c.wallets {
		posted, times := sum(o.host, Posted)
		refunded, _ := sum(o.host, Refunded)
		sold, _ := sum(o.till, Approved)
		given, _ := sum(o.till, Refunded)
		_, owed := sum(o.till, Pending)
		currency := slices.Concat(o.host, o.till)[0].Amount.Currency
		money := func(minor int64) string { return pay.Amount{Minor: minor, Currency: currency}.String() }
		tell := func(text string) {
			breaks = append(breaks, Break{Rule: "wallet", Text: o.wallet + " order " + o.order + ": " + text, RRN: o.order, Statements: slices.Concat(o.till, o.host)})
		}
		if times > 1 {
			tell(fmt.Sprintf("the wallet has taken the money %d times, %s in all", times, money(posted)))
		}
		if refunded > posted {
			tell(fmt.Sprintf("the wallet has given back %s of %s", money(refunded), money(posted)))
		}
		if len(o.till) > 0 && owed == 0 && posted-refunded != sold-given {
			tell(fmt.Sprintf("the till has %s, the wallet %s", money(sold-given), money(posted-refunded)))
		}
	}
	return append(breaks, c.purseBreaks()...)
}

// purse is an account at one wallet.
type purse struct {
	wallet, account string
	currency        pay.Currency
}

// purseBreaks books the wallets' movements once more.
func (c *hearing) purseBreaks() (breaks []Break) {
	want, have, states := map[purse]int64{}, map[purse]int64{}, map[string]bool{}
	var order []purse
	book := func(s Statement, account string, into map[purse]int64, minor int64) {
		k := purse{s.Party, account, s.Amount.Currency}
		if _, known := want[k]; !known {
			want[k] = 0
			order = append(order, k)
		}
		into[k] += minor
	}
	for _, s := range c.purses {
		if s.Fact == Balance {
			states[s.Party] = true
			book(s, s.Account, have, s.Amount.Minor)
			continue
		}
		book(s, s.Account, want, s.Amount.Minor)
		book(s, OpeningOf(s.Amount.Currency), want, -s.Amount.Minor)
	}
	for _, o := range c.wallets {
		for _, s := range o.host {
			minor := s.Amount.Minor
			switch s.Fact {
			case Posted:
			case Refunded:
				minor = -minor
			default:
				continue
			}
			book(s, s.Account, want, -minor)
			book(s, "merchant:"+s.Ref.Merchant, want, minor)
		}
	}
	for _, k := range order {
		if states[k.wallet] && want[k] != have[k] {
			breaks = append(breaks, Break{Rule: "wallet-balance", Text: fmt.Sprintf("%s's account %s has %s, its opening and what was moved come to %s", k.wallet, k.account,
				pay.Amount{Minor: have[k], Currency: k.currency}, pay.Amount{Minor: want[k], Currency: k.currency})})
		}
	}
	return breaks
}
