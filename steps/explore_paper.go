package steps

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// stands tells that a payment has left a receipt that is still true.
func stands(f audit.Fact) bool { return f == audit.Approved || f == audit.Stored }

// payments are what a till's journal says, without its batches.
func payments(t *rig.Till) []audit.Statement {
	return slices.DeleteFunc(t.Statements(), func(s audit.Statement) bool { return s.Batch != nil })
}

// reprinted holds what a till prints when it is asked for the last receipt to the last payment that came to something.
func (p *player) reprinted(t *rig.Till, printed int) error {
	all := payments(t)
	for _, slip := range t.Slips[min(printed, len(t.Slips)):] {
		trace := printedLine(slip, "SLIP_TRACE")
		i := lastIndex(all, func(s audit.Statement) bool { return s.Ref.Trace == trace })
		if trace == "" || i < 0 || all[i].Fact != audit.Declined {
			continue
		}
		wanted := fmt.Sprintf("%q shows NO_SLIP", t.Name)
		if last := lastIndex(all, func(s audit.Statement) bool { return stands(s.Fact) }); last >= 0 {
			wanted = slipLine(t.Name, "SLIP_TRACE", all[last].Ref.Trace)
		}
		return p.finds("reprint", fmt.Sprintf("%s prints a receipt of the payment with trace number %s, which was declined", t.Name, trace), wanted)
	}
	return nil
}

func lastIndex[T any](all []T, fits func(T) bool) int {
	for i, one := range slices.Backward(all) {
		if fits(one) {
			return i
		}
	}
	return -1
}

// printedLine gives what a line of a slip says; "" where there is none.
func printedLine(s terminal.Slip, id string) string {
	for _, l := range s.Lines {
		if l.ID == id {
			return strings.Join(l.Args, " ")
		}
	}
	return ""
}

// slipLine says what stands on the merchant's copy, as a Then.
func slipLine(till, id, value string) string {
	return fmt.Sprintf("the merchant copy of %q has\n      | line | value |\n      | %s | %s |", till, id, value)
}

// drawVoucher draws a payment whose receipt is wanted once more.
func drawVoucher(p *player, r *rand.Rand, a *act) bool {
	var all []*payment
	for _, o := range p.model.payments {
		if p.voucher(o) {
			all = append(all, o)
		}
	}
	if len(all) == 0 {
		return false
	}
	o := all[r.IntN(len(all))]
	a.on, a.till = o.act, o.till
	return true
}

// voucher tells that a till can print a payment's receipt by its number.
func (p *player) voucher(o *payment) bool {
	t, err := p.till(o.till)
	return err == nil && t.Status().SignedIn && !p.stirred && o.stands && o.answered && o.nth > 0 && !o.doubtful && !o.open && !o.unknown && o.batch == p.batch(o.till) && o.flow != pay.Balance &&
		p.unwell[fmt.Sprintf("%q is out", o.till)] == ""
}

// vouched holds a receipt that was asked for by its number to that number.
func (p *player) vouched(a *act, t *rig.Till) error {
	text := slipLine(t.Name, "SLIP_TRACE", p.original(a).trace)
	if err := p.speech.say(p.scenario, text); err != nil {
		return p.finds("reprint", err.Error(), text)
	}
	return nil
}

// told is a row of a till's statistics.
type statistic struct {
	day   string
	flow  pay.Flow
	count int
	sum   int64
}

// statistics are those that a till's journal makes: by the shop's day and by kind, in the order in which the first of each came.
func statistics(t *rig.Till, here *time.Location) (rows []statistic) {
	for _, s := range payments(t) {
		if !stands(s.Fact) {
			continue
		}
		day := s.At.In(here).Format(time.DateOnly)
		i := slices.IndexFunc(rows, func(r statistic) bool { return r.day == day && r.flow == s.Ref.Flow })
		if i < 0 {
			i = lastIndex(rows, func(r statistic) bool { return r.day == day }) + 1
			if i == 0 {
				i = len(rows)
			}
			rows = slices.Insert(rows, i, statistic{day: day, flow: s.Ref.Flow})
		}
		rows[i].count++
		rows[i].sum += s.Amount.Minor
	}
	return rows
}

// counted holds a slip of statistics to the journal, day by day.
func (p *player) counted(t *rig.Till, slip terminal.Slip) error {
	rows := statistics(t, p.world.Loop.Now().Location())
	var want, got []string
	then := "the statistics of " + strconv.Quote(t.Name) + " say\n      | day | kind | count | sum |"
	days, day := []string{}, ""
	for _, r := range rows {
		if !slices.Contains(days, r.day) {
			days = append(days, r.day)
		}
		want = append(want, fmt.Sprint(r.day, " ", flowID(r.flow), " ", r.count, " ", pay.CNY(r.sum)))
		then += fmt.Sprintf("\n      | %d | %s | %d | %s |", len(days), r.flow, r.count, pay.CNY(r.sum))
	}
	for _, l := range slip.Lines {
		switch l.ID {
		case "SLIP_DAY":
			day = strings.Join(l.Args, "")
		case "SLIP_COUNT":
			got = append(got, day+" "+strings.Join(l.Args, " "))
		}
	}
	for _, wanted := range days {
		if !slices.ContainsFunc(slip.Lines, func(l terminal.Line) bool { return l.ID == "SLIP_DAY" && slices.Contains(l.Args, wanted) }) {
			then = slipLine(t.Name, "SLIP_DAY", wanted)
		}
	}
	if !slices.Equal(got, want) {
		return p.finds("query", fmt.Sprintf("the statistics of %s are %q, they should be %q", t.Name, got, want), then)
	}
	return nil
}
