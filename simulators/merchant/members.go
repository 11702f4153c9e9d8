package merchant

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Plan is a membership: the same sum every month for as long as its payer agrees.
type Plan struct {
	Number string     `json:"number"` // its debits are named after it and their month
	Amount pay.Amount `json:"amount"`
	Day    int        `json:"day"` // of the month, or its last one
	Next   time.Time  `json:"next"`
}

// Coupon lets a debit cost less, once.
type Coupon struct {
	Number string     `json:"number"`
	Amount pay.Amount `json:"amount"`
}

// becomeMember begins a membership: the first month is debited at once.
func becomeMember(c *Call) {
	a := c.agreement
	a.Plan = &Plan{Number: c.req.Number, Amount: c.req.Amount, Day: c.now.Day(), Next: c.now}
	c.commit(change{agreements: []Agreement{a}})
	c.ageMembers(c.now)
	c.tellAgreement(c.agreements[a.Number])
}

// ageMembers debits the members whose day has come, in the order of their days.
func (o *Office) ageMembers(now time.Time) {
	for range 100_000 {
		var next *Agreement
		for _, number := range slices.Sorted(maps.Keys(o.agreements)) {
			if a := o.agreements[number]; a.Plan != nil && !a.Plan.Next.After(now) && (next == nil || a.Plan.Next.Before(next.Plan.Next)) {
				next = &a
			}
		}
		if next == nil || o.broken {
			return
		}
		o.chargeMember(next.Plan.Next, *next)
	}
}

// chargeMember debits a month of a membership; without consent it ends, and what would be over a cap is not debited.
func (o *Office) chargeMember(at time.Time, a Agreement) {
	plan := *a.Plan
	o.consult("membership")
	stands := o.Rules.PlanStands(a, at)
	if plan.Next = onDay(at, plan.Day).Add(time.Duration(o.Terms.PayAt)); stands {
		a.Plan = &plan
	} else {
		a.Plan = nil
	}
	o.commit(change{agreements: []Agreement{a}})
	day := at.Format(dayLayout)
	d := Debit{Merchant: a.Merchant, Number: plan.Number + "/" + day[:7], Agreement: a.Number, At: at, Amount: plan.Amount, State: DebitWaiting, Tries: 1}
	if _, known := o.debits[d.key()]; known || !stands {
		return
	}
	if overAny(o, a, d, day) {
		o.note(at, trace.Decided, "membership", fmt.Sprintf("%s is over a cap of %s: it is not debited", d.Number, a.Number))
		return
	}
	o.collect(at, d)
}

// onDay gives the midnight of a day of the next month, or of its last day.
func onDay(at time.Time, day int) time.Time {
	first := time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, at.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day, last)-1)
}

// couponMeant takes a coupon off what is debited.
func couponMeant(c *Call) (Code, string) {
	k := c.req.Coupon
	if k == nil {
		return "", ""
	}
	if k.Number == "" || k.Amount.Currency != c.req.Amount.Currency || k.Amount.Minor <= 0 || k.Amount.Minor >= c.req.Amount.Minor {
		return BadCoupon, "want a coupon with a number, for less than the debit"
	}
	c.req.Amount = minus(c.req.Amount, k.Amount)
	return "", ""
}

// couponUnused: a coupon counts once. One whose debit has failed may be used again.
func couponUnused(c *Call) (Code, string) {
	if c.req.Coupon == nil {
		return "", ""
	}
	for _, d := range c.debits {
		if d.Merchant == c.merchant.Number && d.Coupon == c.req.Coupon.Number && d.State != DebitFailed {
			return CouponUsed, "the coupon went with debit " + d.Number
		}
	}
	return "", ""
}
