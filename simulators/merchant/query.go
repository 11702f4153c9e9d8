package merchant

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Statistic is what a merchant took on a business day by one way of paying.
type Statistic struct {
	Day     string     `json:"day"`
	Payment string     `json:"payment"`
	Sold    Total      `json:"sold"`
	Back    Total      `json:"back"`
	Fees    pay.Amount `json:"fees"`
	Net     pay.Amount `json:"net"`
}

// Ways of paying, as statistics tell them apart.
const (
	ByDebitCard  = "debit"
	ByCreditCard = "credit"
	ByCode       = "code"
	ByAgreement  = "agreement"
	Besides      = "besides" // what is no sale: deposits, disputes
)

func (i Item) payment() string {
	switch {
	case i.Agreement != "":
		return ByAgreement
	case i.Other != "":
		return Besides
	case i.ByCode:
		return ByCode
	case i.Credit:
		return ByCreditCard
	}
	return ByDebitCard
}

// Record is a sale and what has become of it.
type Record struct {
	Lines   []Line    `json:"lines"` // the sale, then what went back of it
	Payouts []Payout  `json:"payouts,omitempty"`
	Dispute []Dispute `json:"disputes,omitempty"`
}

// mostDays is how far apart the days of a question may lie.
const mostDays = 366

func queryServices() []Service {
	known, days := Check{"merchant", merchantKnown}, Check{"days", daysRight}
	return []Service{
		{OpRecords, []string{"merchant"}, []Check{known, days}, tellRecords},
		{OpRecord, []string{"merchant", "rrn"}, []Check{known, {"record", recordKnown}, {"record-own", recordHis}}, tellRecord},
		{OpStatistics, []string{"merchant"}, []Check{known, days}, tellStatistics},
	}
}

// daysRight checks the days that are asked about: today when there are none, one day when there is one.
func daysRight(c *Call) (Code, string) {
	c.req.From = cmp.Or(c.req.From, dayOf(c.Terms, c.now))
	c.req.Until = cmp.Or(c.req.Until, c.req.From)
	for _, day := range []string{c.req.From, c.req.Until} {
		if midnight(day).Format(dayLayout) != day {
			return NoDay, "want days such as 2026-06-01"
		}
	}
	if c.req.Until < c.req.From || c.req.Until > after(c.req.From, mostDays) {
		return NoDay, "want days in their order, and no more than a year"
	}
	return "", ""
}

// his lists the items of a merchant between the days that are asked about.
func (c *Call) his() (list []Item) {
	for _, id := range c.order {
		i := *c.items[id]
		if day := c.Rules.StatisticDay(i); i.Ref.Merchant == c.merchant.Number && c.req.From <= day && day <= c.req.Until {
			list = append(list, i)
		}
	}
	return list
}

func tellRecords(c *Call) {
	for _, i := range c.his() {
		if c.req.Product == "" || i.payment() == c.req.Product {
			c.answer.Records = append(c.answer.Records, i.line())
		}
	}
}

// recordKnown finds the sale that a number names, or that what it names is about.
func recordKnown(c *Call) (Code, string) {
	for _, id := range c.order {
		if i := c.items[id]; i.RRN == c.req.RRN && i.Sale != "" {
			c.item = *i
			return "", ""
		}
	}
	return NoSale, "no payment has this number"
}

// recordHis: nobody sees what others have sold.
func recordHis(c *Call) (Code, string) {
	if c.item.Ref.Merchant != c.merchant.Number {
		return NoSale, "no payment has this number"
	}
	return "", ""
}

func tellRecord(c *Call) {
	r := &Record{Lines: []Line{}}
	for _, id := range c.order {
		i := c.items[id]
		if i.Sale != c.item.Sale {
			continue
		}
		r.Lines = append(r.Lines, i.line())
		if p, known := c.payouts[i.Payout]; known && !slices.ContainsFunc(r.Payouts, func(q Payout) bool { return q.Number == p.Number }) {
			p.Items = []string{i.ID}
			r.Payouts = append(r.Payouts, p)
		}
	}
	for _, number := range c.disputeOrder {
		if d := c.disputes[number]; d.Sale == c.item.Sale {
			r.Dispute = append(r.Dispute, d)
		}
	}
	c.answer.Record = r
}

func tellStatistics(c *Call) {
	zero := pay.CNY(0)
	for _, i := range c.his() {
		c.consult("statistics")
		day, payment := c.Rules.StatisticDay(i), i.payment()
		at := slices.IndexFunc(c.answer.Statistics, func(s Statistic) bool { return s.Day == day && s.Payment == payment })
		if at < 0 {
			at = len(c.answer.Statistics)
			c.answer.Statistics = append(c.answer.Statistics, Statistic{day, payment, Total{Amount: zero}, Total{Amount: zero}, zero, zero})
		}
		c.Rules.Counted(&c.answer.Statistics[at], i)
	}
	slices.SortFunc(c.answer.Statistics, func(a, b Statistic) int {
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Payment, b.Payment))
	})
}

// counted adds an item to a statistic, as a statement does.
func counted(s *Statistic, i Item) {
	s.Fees, s.Net = plus(s.Fees, i.Fee), plus(s.Net, i.Net)
	if i.Amount.Minor > 0 {
		s.Sold = s.Sold.with(i.Amount)
	} else {
		s.Back = s.Back.with(i.Amount)
	}
}
