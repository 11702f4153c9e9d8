package terminal

import (
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// sealedTotals gives the slip of the settlement that is under way as it waits for the printer; nil where none is printed.
func (t *Terminal) sealedTotals(now time.Time) ([]byte, error) {
	t.consult("terminal/totals-slip")
	if !t.Rules.PrintTotals {
		return nil, nil
	}
	return t.seal(t.totalsSlip(now, t.settling.balanced))
}

// totalsSlip is the slip of a settlement: the totals by direction and card origin, and each kind of payment.
func (t *Terminal) totalsSlip(now time.Time, balanced bool) Slip {
	s := Slip{Single: true, Lines: t.head()}
	s.Lines = append(s.Lines, Line{ID: "SLIP_TYPE", Args: []string{flowText(pay.Settlement)}}, Line{ID: "SLIP_BATCH", Args: []string{t.batch}},
		Line{ID: "SLIP_TIME", Args: []string{now.Format("2006-01-02 15:04:05")}})
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
			Line{ID: "SLIP_DEBIT", Args: []string{strconv.Itoa(of.totals.DebitCount), of.totals.Debit.String()}},
			Line{ID: "SLIP_CREDIT", Args: []string{strconv.Itoa(of.totals.CreditCount), of.totals.Credit.String()}})
	}
	s.Lines = append(append(s.Lines, t.byFlow(t.counted())...), t.walletCounts(t.batch)...)
	return s
}

// head is what every slip begins with.
func (t *Terminal) head() []Line {
	return []Line{{ID: "SLIP_MERCHANT", Args: []string{t.merchantName()}}, {ID: "SLIP_MERCHANT_NO", Args: []string{t.Merchant}},
		{ID: "SLIP_TERMINAL_NO", Args: []string{t.Number}}, {ID: "SLIP_OPERATOR", Args: []string{t.named()}}}
}

// byFlow is one line for each kind of payment, by card or by code, and currency, in the order in which the first of each came.
func (t *Terminal) byFlow(payments []payment) []Line {
	t.consult("terminal/code-apart")
	type kind struct {
		flow   pay.Flow
		byCode bool
		of     pay.Currency
	}
	type sum struct {
		kind
		count int
		minor int64
	}
	var sums []*sum
	known := map[kind]*sum{}
	for _, p := range payments {
		k := kind{p.ref.Flow, t.Rules.CodeApart(p), p.amount.Currency}
		s := known[k]
		if s == nil {
			s = &sum{kind: k}
			known[k], sums = s, append(sums, s)
		}
		s.count++
		s.minor += p.amount.Minor
	}
	var lines []Line
	for _, s := range sums {
		name := flowText(s.flow)
		if s.byCode {
			name += "_BY_CODE"
		}
		lines = append(lines, Line{ID: "SLIP_COUNT", Args: []string{name, strconv.Itoa(s.count), pay.Amount{Minor: s.minor, Currency: s.of}.String()}})
	}
	return lines
}
