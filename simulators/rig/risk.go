package rig

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// LimitRisk has the acquirer's risk control hold payments to a limit; shop is where it is about, "" for everywhere.
func (w *World) LimitRisk(shop string, l pay.Limit) (merchant.Answer, error) {
	if shop != "" {
		m, err := w.Rig.Cast.Merchant(shop)
		if err != nil {
			return merchant.Answer{}, err
		}
		l.Merchant = m.Number
	}
	return w.AskOffice(merchant.OpLimit, merchant.Request{Limit: &l})
}

// BlockCard puts a cardholder's card on the acquirer's blacklist, or takes it off.
func (w *World) BlockCard(who string, blocked bool) (merchant.Answer, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return merchant.Answer{}, err
	}
	op := merchant.OpUnblock
	if blocked {
		op = merchant.OpBlock
	}
	return w.AskOffice(op, merchant.Request{CardNumber: merchant.NewPrivate(c.PAN)})
}

// DecideReview ends the review that has waited longest.
func (w *World) DecideReview(d merchant.Decision) (merchant.Answer, error) {
	all, err := w.AskOffice(merchant.OpReviews, merchant.Request{})
	if err != nil {
		return all, err
	}
	number := "none" // the office will say so
	for _, v := range all.Reviews {
		if v.Decision == "" {
			number = v.Number
			break
		}
	}
	return w.AskOffice(merchant.OpDecide, merchant.Request{Review: number, Decision: d})
}
