package terminal

import (
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// totalsSlip is the slip of a settlement: the totals by direction and card origin, and each kind of payment.
func (t *Terminal) totalsSlip(now time.Time, balanced bool) Slip {
	s := Slip{Single: true, Lines: t.head()}
	s.Lines = append(s.Lines, Line{"SLIP_TYPE", []string{flowText(pay.Settlement)}}, Line{"SLIP_BATCH", []string{t.batch}},
		Line{"SLIP_TIME", []string{now.Format("2006-01-02 15:04:05")}})
	if balanced {
		s.Lines = append(s.Lines, Line{ID: "SLIP_BALANCED"})
	} else {
		s.Lines = append(s.Lines, Line{ID: "SLIP_UNBALANCED"})
	}
	totals := t.settling.totals
	for _, of := range []struct {
		origin string
		totals iso8583.Totals
	}{{"SLIP_DOMESTIC", totals.Domestic}, {"SLIP_FOREIGN", totals.Foreign}} {
		s.Lines = append(s.Lines, Line{ID: of.origin},
			Line{"SLIP_DEBIT", []string{strconv.Itoa(of.totals.DebitCount), of.totals.Debit.String()}},
			Line{"SLIP_CREDIT", []string{strconv.Itoa(of.totals.CreditCount), of.totals.Credit.String()}})
	}
	s.Lines = append(s.Lines, byFlow(t.counted())...)
	return s
}

// head is what every slip begins with.
func (t *Terminal) head() []Line {
	operator := ""
	if t.operator != nil {
		operator = t.operator.id
	}
	return []Line{{"SLIP_MERCHANT", []string{t.MerchantName}}, {"SLIP_MERCHANT_NO", []string{t.Merchant}},
		{"SLIP_TERMINAL_NO", []string{t.Number}}, {"SLIP_OPERATOR", []string{operator}}}
}

// byFlow is one line for each kind of payment, in the order in which the first of each came.
func byFlow(payments []payment) []Line {
	type sum struct {
		flow  pay.Flow
		count int
		minor int64
		of    pay.Currency
	}
	var sums []*sum
	known := map[pay.Flow]*sum{}
	for _, p := range payments {
		s := known[p.ref.Flow]
		if s == nil {
			s = &sum{flow: p.ref.Flow, of: p.amount.Currency}
			known[p.ref.Flow], sums = s, append(sums, s)
		}
		s.count++
		s.minor += p.amount.Minor
	}
	var lines []Line
	for _, s := range sums {
		lines = append(lines, Line{"SLIP_COUNT", []string{flowText(s.flow), strconv.Itoa(s.count), pay.Amount{Minor: s.minor, Currency: s.of}.String()}})
	}
	return lines
}
