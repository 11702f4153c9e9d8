package terminal

import (
	"slices"
	"strings"
	"time"
)

// lastPayment shows what became of the last payment.
func (t *Terminal) lastPayment(now time.Time, _ Event, out *Actions) {
	t.consult("terminal/query")
	found := slices.DeleteFunc(t.everyPayment(), func(p payment) bool { return !t.Rules.Queried(p.fact) })
	if len(found) == 0 {
		t.refuse(now, "terminal/query", "NO_PAYMENT", out)
		return
	}
	p := found[len(found)-1]
	t.order.amount = p.amount
	t.tell(Ending{Kind: Told, Screen: "LAST_PAYMENT", Answer: p.answer, Trace: p.ref.Trace, RRN: p.rrn, AuthCode: p.authCode}, out,
		flowText(p.ref.Flow), p.ref.Trace, p.amount.String(), "@FACT_"+strings.ToUpper(string(p.fact)), p.operator)
	t.finish(out)
}

// statistics prints how many payments of each kind were approved on each day, and their sums.
func (t *Terminal) statistics(now time.Time, _ Event, out *Actions) {
	if !t.paper {
		t.refuse(now, "terminal/paper", "PAPER_OUT", out)
		return
	}
	t.consult("terminal/statistics")
	t.consult("terminal/day")
	s := Slip{Copy: MerchantCopy, Lines: append(t.head(), Line{ID: "SLIP_STATISTICS"})}
	var days []string
	of := map[string][]payment{}
	for _, p := range t.everyPayment() {
		if !t.Rules.Statistics(p.fact, p.ref.Flow) {
			continue
		}
		day := t.Rules.Day(p.at, now.Location())
		if of[day] == nil {
			days = append(days, day)
		}
		of[day] = append(of[day], p)
	}
	for _, day := range days {
		s.Lines = append(append(s.Lines, Line{ID: "SLIP_DAY", Args: []string{day}}), t.byFlow(of[day])...)
	}
	out.add(Action{Kind: Print, Slip: s})
	t.tell(Ending{Kind: Printed, Screen: "STATISTICS_PRINTED"}, out)
	t.finish(out)
}
