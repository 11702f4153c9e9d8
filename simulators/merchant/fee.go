package merchant

import (
	"fmt"
	"math/big"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Quote is what a sale costs its merchant, and why.
type Quote struct {
	Tariff    string `json:"tariff"` // the day from which it is in force
	Group     string `json:"group"`
	Price            // the line that fits
	Exempt    bool   `json:"exempt,omitempty"`
	Returns   bool   `json:"returns,omitempty"` // a refund gives its part back
	Explained string `json:"explained"`         // 100.00 CNY × 0.60% = 0.60 CNY

	issuer, network Price
}

// Share is who gets what of an amount: Net and Fee are the amount, and the other three are the fee.
type Share struct {
	Fee      pay.Amount `json:"fee"`
	Net      pay.Amount `json:"net"`
	Issuer   pay.Amount `json:"issuer"`
	Network  pay.Amount `json:"network"`
	Acquirer pay.Amount `json:"acquirer"` // what is left: less than nothing when the price is below the cost
}

// quote prices a sale of an instant by the tariff in force.
func (o *Office) quote(m Merchant, at time.Time, s Sold) Quote {
	t, group := o.Rules.InForce(o.Terms, at), o.Terms.Group(m.MCC)
	s.Group = group.Name
	q := Quote{Tariff: t.From, Group: group.Name, Exempt: group.Exempt, Returns: t.RefundsReturn, Price: o.Rules.PriceOf(t.Merchant, s),
		issuer: firstFit(t.Issuer, s), network: t.Network}
	fee := o.part(s.Amount, q.Price)
	q.Explained = fmt.Sprintf("%s × %s = %s", s.Amount, q.Rate, fee)
	if q.Cap.Minor > 0 && o.Rules.Round(s.Amount.Minor, int64(q.Rate), 1_000_000) > q.Cap.Minor {
		q.Explained = fmt.Sprintf("%s × %s, at most %s", s.Amount, q.Rate, q.Cap)
	}
	return q
}

// part is what a price makes of an amount.
func (o *Office) part(a pay.Amount, p Price) pay.Amount {
	fee := pay.Amount{Minor: o.Rules.Round(a.Minor, int64(p.Rate), 1_000_000), Currency: a.Currency}
	if p.Cap.Minor > 0 {
		fee.Minor = o.Rules.Capped(fee.Minor, p.Cap.Minor)
	}
	return fee
}

// halfUp gives a × n / d to the nearest whole, halves away from zero (DOMAIN.md F.1).
func halfUp(a, n, d int64) int64 {
	if a < 0 {
		return -halfUp(-a, n, d)
	}
	twice := new(big.Int).Mul(big.NewInt(a), big.NewInt(2*n)) // amounts times millionths outgrow an int64
	return twice.Add(twice, big.NewInt(d)).Quo(twice, big.NewInt(2*d)).Int64()
}

// share splits a sale (DOMAIN.md F.1): the issuer takes his part and gives the network its own of it, the network takes as much from the
// acquirer, and the acquirer keeps what is left of the fee.
func share(o *Office, a pay.Amount, q Quote) Share {
	s := Share{Fee: o.Rules.Charged(o, a, q)}
	if !q.Exempt {
		side := o.part(a, q.network)
		s.Issuer = minus(o.part(a, q.issuer), side)
		s.Network = plus(side, side)
	}
	s.Issuer.Currency, s.Network.Currency = a.Currency, a.Currency
	s.Acquirer = minus(minus(s.Fee, s.Issuer), s.Network)
	s.Net = minus(a, s.Fee)
	return s
}

// returned is what goes back of a share when back of a sale does, of which before had gone back before: each part is what should have
// gone back in all less what has, so that nothing is left over when all of it has.
func returned(o *Office, of Share, sold, before, back pay.Amount, fee bool) Share {
	piece := func(a pay.Amount) pay.Amount {
		if !fee {
			return pay.Amount{Currency: a.Currency}
		}
		return pay.Amount{Minor: -o.Rules.BackPart(o, a.Minor, sold.Minor, before.Minor, back.Minor), Currency: a.Currency}
	}
	s := Share{Fee: piece(of.Fee), Issuer: piece(of.Issuer), Network: piece(of.Network)}
	s.Acquirer = minus(minus(s.Fee, s.Issuer), s.Network)
	s.Net = minus(back.Neg(), s.Fee)
	return s
}

// backPart gives what goes back of fee.
func backPart(o *Office, fee, sold, before, back int64) int64 {
	return o.Rules.Round(fee, before+back, sold) - o.Rules.Round(fee, before, sold)
}

// plus and minus are about amounts of one currency that came out of the books and so fit.
func plus(a, b pay.Amount) pay.Amount {
	if a.Currency == 0 {
		a.Currency = b.Currency
	}
	return pay.Amount{Minor: a.Minor + b.Minor, Currency: a.Currency}
}

func minus(a, b pay.Amount) pay.Amount { return plus(a, b.Neg()) }
