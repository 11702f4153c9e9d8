package merchant

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Line is one line of a merchant's statement.
type Line struct {
	At       time.Time  `json:"at"`
	Terminal string     `json:"terminal,omitempty"`
	Voucher  string     `json:"voucher,omitempty"`
	RRN      string     `json:"rrn"`
	What     string     `json:"what"` // the flow, or "difference"
	Card     string     `json:"card,omitempty"`
	Price    string     `json:"price,omitempty"`     // the line of the tariff
	Explains string     `json:"explained,omitempty"` // of the sale's fee
	Amount   pay.Amount `json:"amount"`
	Share
}

// Statement is what a merchant is told of a business day: Opening and the nets less what was paid out are Closing.
type Statement struct {
	Merchant string     `json:"merchant"`
	Name     string     `json:"name"`
	Day      string     `json:"day"`
	Opening  pay.Amount `json:"opening"`
	Lines    []Line     `json:"lines"`
	Sold     Total      `json:"sold"`
	Back     Total      `json:"back"`
	Fees     pay.Amount `json:"fees"`
	Net      pay.Amount `json:"net"`
	Payouts  []Payout   `json:"payouts"`
	Closing  pay.Amount `json:"closing"`
}

// Total is a sum of lines.
type Total struct {
	Count  int        `json:"count"`
	Amount pay.Amount `json:"amount"`
}

func (t Total) with(a pay.Amount) Total { return Total{t.Count + 1, plus(t.Amount, a)} }

// statement tells a merchant of a day.
func (o *Office) statement(m Merchant, day string) *Statement {
	zero := pay.CNY(0)
	s := &Statement{Merchant: m.Number, Name: m.Name, Day: day, Opening: zero, Lines: []Line{}, Sold: Total{Amount: zero}, Back: Total{Amount: zero},
		Fees: zero, Net: zero, Payouts: []Payout{}}
	for _, id := range o.order {
		i := o.items[id]
		switch {
		case i.Ref.Merchant != m.Number || i.Day > day:
		case i.Day < day:
			s.Opening = plus(s.Opening, i.Net)
		case o.Rules.Told(*i):
			s.Lines = append(s.Lines, i.line())
			s.Fees, s.Net = plus(s.Fees, i.Fee), plus(s.Net, i.Net)
			if i.Amount.Minor > 0 {
				s.Sold = s.Sold.with(i.Amount)
			} else {
				s.Back = s.Back.with(i.Amount)
			}
		}
	}
	s.Closing = plus(s.Opening, s.Net)
	for _, p := range o.Payouts() {
		out := plus(p.Amount, p.Surcharge)
		was, ended := dayOf(o.Terms, p.At.Add(-1)), "" // at the cut-off the day itself is paid
		if p.State == PayoutFailed {
			ended = dayOf(o.Terms, p.Ended.Add(-1))
		}
		if p.Merchant != m.Number || was > day {
			continue
		}
		if was == day || ended == day {
			s.Payouts = append(s.Payouts, p)
		}
		before, now := zero, out.Neg()
		if was < day {
			before = out.Neg()
		}
		if ended != "" && ended < day {
			before, now = zero, zero
		} else if ended == day {
			now = zero
		}
		s.Opening, s.Closing = plus(s.Opening, before), plus(s.Closing, now)
	}
	return s
}

func (i Item) line() Line {
	l := Line{At: i.At, Terminal: i.Ref.Terminal, Voucher: i.Ref.Trace, RRN: i.RRN, What: string(i.Ref.Flow), Card: i.Card, Price: i.Quote.Name,
		Explains: i.Quote.Explained, Amount: i.Amount, Share: i.Share}
	if i.Other != "" {
		l.What = i.What
	}
	return l
}

// Statements tell what the office's books say, for audit: every movement from account to account, every item that was cleared with its
// fee, every payout, and what the accounts hold.
func (o *Office) Statements() []audit.Statement {
	say := func(at time.Time, f audit.Fact, a pay.Amount) audit.Statement {
		return audit.Statement{At: at, Role: audit.Settlement, Party: "office", Fact: f, Amount: a}
	}
	list := []audit.Statement{say(o.heard, audit.Present, pay.Amount{})}
	for _, e := range o.books.Entries() {
		if e.Kind == ledger.Open {
			continue // with nothing on it
		}
		s := say(e.At, audit.Moved, e.Amount)
		s.Account, s.To = string(e.From), string(e.To)
		list = append(list, s)
	}
	for _, id := range o.order {
		i := o.items[id]
		s := say(i.At, audit.Cleared, i.Amount)
		switch {
		case i.Agreement != "":
			a := o.agreements[i.Agreement]
			s.Fact, s.Consent = audit.Collected, &audit.Consent{Agreement: a.Number, Taken: i.Taken, Confirmed: a.Confirmed, Ended: a.Ended, PerDebit: a.Consent.PerDebit,
				PerDay: a.Consent.PerDay, PerMonth: a.Consent.PerMonth, Count: a.Consent.Count, From: a.Consent.From, Until: a.Consent.Until}
		case i.Other != "":
			s.Fact = audit.Adjusted
		}
		s.Ref, s.RRN, s.Account = i.Ref, i.RRN, string(payable(i.Ref.Merchant))
		s.Fee = &audit.Fee{Item: i.ID, Sale: i.Sale, Rate: int64(i.Quote.Rate), Cap: i.Quote.Cap, Returns: i.Quote.Returns || i.Whole, Fee: i.Fee, Issuer: i.Issuer,
			Network: i.Network, Acquirer: i.Acquirer, Net: i.Net}
		list = append(list, s)
	}
	for _, p := range o.Payouts() {
		s := say(p.At, audit.Paid, p.Amount)
		if p.State == PayoutFailed {
			s.Fact = audit.Undone
		}
		s.Account, s.Payout = string(payable(p.Merchant)), &audit.Payout{Number: p.Number, Surcharge: p.Surcharge, Items: p.Items}
		list = append(list, s)
	}
	for _, number := range o.transferOrder {
		t := o.transfers[number]
		s := say(t.At, audit.Transferred, t.Amount)
		s.Transfer = &audit.Transfer{Number: t.Number, State: string(t.State)}
		list = append(list, s)
	}
	for _, name := range o.books.Accounts() {
		if b, err := o.books.Balance(name); err == nil {
			s := say(time.Time{}, audit.Balance, b.Booked)
			s.Account = string(name)
			list = append(list, s)
		}
	}
	return list
}
