package steps

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// settlementSteps are about the end of a batch, and the end of a day.
func settlementSteps() []Step {
	return []Step{
		{Name: "settles", En: `the cashier settles at {till}`, Zh: `收银员在 {till} 结算`,
			Example: `When the cashier settles at "T1"`, ExampleZh: `当 收银员在 "T1" 结算`,
			Is: "Presses the settlement key; one that was interrupted goes on. A remote host has other scenarios' payments in the batch: it needs a control door.",
			do: onTill(func(s *scenario, t *rig.Till, _ args) error {
				if !s.world.Fresh() {
					return rig.ErrNoSight
				}
				return t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.Settlement})
			})},
		{Name: "has-paid-often", En: `{who} has paid {amount} at {till} {count} times`, Zh: `{who}已在 {till} 付款 {amount}共 {count} 次`, Order: []int{0, 2, 1, 3},
			Example: `Given Bob has paid 10.00 CNY at "T1" 9 times`, ExampleZh: `假如 小波已在 "T1" 付款 10.00 元共 9 次`,
			Is: "So many whole swiped sales.", do: hasPaidOften},
		{Name: "has-paid-unknowing", En: `{who} has paid {amount} at {till}, which could not take it back`, Zh: `{who}已在 {till} 付款 {amount},而终端未能冲正`, Order: []int{0, 2, 1},
			Example: `Given Bob has paid 10.00 CNY at "T1", which could not take it back`, ExampleZh: `假如 小波已在 "T1" 付款 10.00 元,而终端未能冲正`,
			Is: "A swiped sale whose answer is lost, and every reversal of it: the till has given up, the host has the money. Needs @clock.", do: hasPaidUnknowing},
		{Name: "has-completed-by-advice", En: `{who} has {message} completed by advice with {amount} at {till}`, Zh: `{who}在 {till} 将{message}以 {amount} 通知完成`, Order: []int{0, 3, 1, 2},
			Example: `When Alice has the 1st pre-auth completed by advice with 480.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 将第 1 笔预授权以 480.00 元 通知完成`,
			Is: "Completion of a pre-authorization, by advice: the host is told and not asked.", do: onOriginal(3, func(_ pay.Flow, a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(2))
				return rig.Order{Flow: pay.CompletionAdvice, Who: a.at(0), Amount: amount}, err
			})},
		{Name: "message-has-totals", En: `{message} has the totals`, Zh: `{message}的合计为`, Table: true,
			Example: `And the 1st settlement has the totals`, ExampleZh: `并且 第 1 次结算的合计为`,
			Is: "F48 of a settlement or its answer: cards (domestic, foreign), debits, debit, credits, credit, result (none, balanced, unbalanced, error). Origins left out are all zero.",
			do: hasTotals},
		{Name: "message-has-rows", En: `{message} has {count} rows?`, Zh: `{message}有 {count} 行`,
			Example: `And the 1st batch-upload has 8 rows`, ExampleZh: `并且 第 1 次明细上送有 8 行`,
			Is: "Payments in F48 of a detail upload.", do: hasRows},
		{Name: "message-counts", En: `{message} counts {count} payments?`, Zh: `{message}计 {count} 笔`,
			Example: `And the 1st upload-end counts 9 payments`, ExampleZh: `并且 第 1 次上送结束计 9 笔`,
			Is: "F48 of the end of an upload.", do: countsPayments},
		{Name: "totals-slip-has", En: `the totals slip of {till} has`, Zh: `{till} 的结算单有`, Table: true,
			Example: `And the totals slip of "T1" has`, ExampleZh: `并且 "T1" 的结算单有`,
			Is: "Line and value, on the last slip of totals since the When. An argument with several words has them separated by one space each.", do: onTill(totalsSlipHas)},
		{Name: "half-settled", En: `{till} has (a half done|no half done) settlement`, Zh: `{till} (有|没有)未完成的结算`,
			Example: `And "T1" has a half done settlement`, ExampleZh: `并且 "T1" 有未完成的结算`,
			Is: "Whether the till must go on with a settlement before it sells.", do: onTill(halfSettled)},
		{Name: "batch-at-host", En: `batch {text} of {till} is (open|half settled|settled) at the host`, Zh: `主机上 {till} 的批次 {text} (未结算|结算中|已结算)`, Order: []int{1, 0, 2},
			Example: `And batch "000001" of "T1" is settled at the host`, ExampleZh: `并且 主机上 "T1" 的批次 "000001" 已结算`,
			Is: "What the acquirer states of that batch.", do: batchAtHost},
		{Name: "it-is", En: `it is {text}`, Zh: `时间为 {text}`,
			Example: `Given it is "2026-12-31 23:58:00"`, ExampleZh: `假如 时间为 "2026-12-31 23:58:00"`,
			Is: "The virtual clock moves on to that moment, and everything due happens. Needs @clock.", do: itIs},
	}
}

func hasPaidOften(s *scenario, a args) error {
	n, err := strconv.Atoi(a.at(3))
	if err != nil {
		return err
	}
	for range n {
		if err := hasPaid(s, a); err != nil {
			return err
		}
	}
	return nil
}

func hasPaidUnknowing(s *scenario, a args) error {
	t, err := s.till(a.at(2))
	if err != nil {
		return err
	}
	amount, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	lose := fault.Fault{Kind: fault.Lose}
	if err := errors.Join(s.world.SpoilLine(fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Do: lose}),
		s.world.SpoilLine(fault.Rule{Direction: fault.Request, Flow: pay.Reversal, Do: lose}),
		t.Swipe(a.at(0), amount, rig.PINRight)); err != nil {
		return err
	}
	s.world.SetLine(rig.LineWorks)
	sales := slices.DeleteFunc(t.Statements(), func(s audit.Statement) bool { return s.Ref.Flow != pay.Sale })
	if len(sales) == 0 || sales[len(sales)-1].Fact != audit.Exception {
		return begin(t, "a payment that could not be taken back")
	}
	return nil
}

// totalsOf reads F48 of a settlement or of its answer.
func totalsOf(s *scenario, name string) (iso8583.Settlement, error) {
	c, err := s.crossing(name)
	if err != nil {
		return iso8583.Settlement{}, err
	}
	totals, err := iso8583.ParseSettlement(c.Message.Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil {
		return totals, failed("wire, "+name, "totals", err.Error())
	}
	return totals, nil
}

var results = map[iso8583.SettlementResult]string{iso8583.ResultNone: "none", iso8583.ResultBalanced: "balanced",
	iso8583.ResultUnbalanced: "unbalanced", iso8583.ResultError: "error"}

// settlementWords translates the tables of totals.
var settlementWords = map[string]string{"卡": "cards", "借方笔数": "debits", "借方": "debit", "贷方笔数": "credits", "贷方": "credit", "结果": "result",
	"内卡": "domestic", "外卡": "foreign", "无": "none", "平": "balanced", "不平": "unbalanced", "错误": "error"}

func hasTotals(s *scenario, a args) error {
	totals, err := totalsOf(s, a.at(0))
	if err != nil {
		return err
	}
	head := cells(a.table, 0)
	var wanted, got [][]string
	for i := range a.table.Rows[1:] {
		wanted = append(wanted, cells(a.table, i+1))
	}
	for _, of := range []struct {
		cards string
		iso8583.Totals
	}{{"domestic", totals.Domestic}, {"foreign", totals.Foreign}} {
		all := map[string]string{"cards": of.cards, "debits": strconv.Itoa(of.DebitCount), "debit": sum(of.Debit), "credits": strconv.Itoa(of.CreditCount),
			"credit": sum(of.Credit), "result": results[of.Result]}
		row := make([]string, len(head))
		for k, column := range head {
			row[k] = all[translated(settlementWords, column)]
		}
		mentioned := slices.ContainsFunc(wanted, func(w []string) bool { return translated(settlementWords, w[0]) == of.cards })
		if mentioned || of.DebitCount+of.CreditCount > 0 {
			got = append(got, row)
		}
	}
	for _, row := range wanted {
		for k := range row {
			row[k] = translated(settlementWords, row[k])
		}
	}
	if !slices.EqualFunc(wanted, got, slices.Equal) {
		return failed("wire, "+a.at(0), "\n"+grid(head, wanted), "\n"+grid(head, got))
	}
	return nil
}

// sum is an amount without its currency.
func sum(a pay.Amount) string {
	digits, _, _ := strings.Cut(a.String(), " ")
	return digits
}

func hasRows(s *scenario, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	rows, err := iso8583.ParseBatchRows(c.Message.Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil {
		return failed("wire, "+a.at(0), a.at(1)+" rows", err.Error())
	}
	return equal("rows of "+a.at(0), a.at(1), strconv.Itoa(len(rows)))
}

func countsPayments(s *scenario, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	n, err := iso8583.ParseUploadCount(c.Message.Get(iso8583.SettlementData))
	if err != nil {
		return failed("wire, "+a.at(0), a.at(1)+" payments", err.Error())
	}
	return equal("payments of "+a.at(0), a.at(1), strconv.Itoa(n))
}

func totalsSlipHas(s *scenario, t *rig.Till, a args) error {
	for _, slip := range slices.Backward(s.slips(t)) {
		if !slices.ContainsFunc(slip.Lines, func(l terminal.Line) bool { return l.ID == "SLIP_DOMESTIC" }) {
			continue
		}
		for i := range a.table.Rows[1:] {
			row := cells(a.table, i+1)
			has := slices.ContainsFunc(slip.Lines, func(l terminal.Line) bool {
				return l.ID == row[0] && (row[1] == "*" || row[1] == strings.Join(l.Args, " "))
			})
			if !has {
				return failed(t.Name+" totals slip", row[0]+" "+row[1], "\n"+s.world.Rig.Slip(slip))
			}
		}
		return nil
	}
	return failed(t.Name, "a slip of totals", "none")
}

func halfSettled(_ *scenario, t *rig.Till, a args) error {
	if settling := t.Status().Settling; settling != (a.at(1) == "a half done") {
		return failed(t.Name, a.at(1)+" settlement", fmt.Sprintf("half done: %t", settling))
	}
	return nil
}

func batchAtHost(s *scenario, a args) error {
	t, err := s.till(a.at(1))
	if err != nil {
		return err
	}
	state, err := s.world.LookAtHost()
	if err != nil {
		return err
	}
	got := "open"
	for _, st := range state.Statements {
		if st.Batch != nil && st.Ref.Terminal == t.Number() && s.world.AsNew(t.Name, iso8583.Batch, st.Ref.Batch) == a.at(0) {
			got = map[audit.Fact]string{audit.Settling: "half settled", audit.Settled: "settled"}[st.Fact]
		}
	}
	return equal("host, batch "+a.at(0)+" of "+t.Name, a.at(2), got)
}

func itIs(s *scenario, a args) error {
	at, err := time.ParseInLocation(time.DateTime, a.at(0), sim.Zone)
	if err != nil {
		return fmt.Errorf("%q is no moment: want 2026-12-31 23:58:00", a.at(0))
	}
	return s.world.Pass(at.Sub(s.world.Loop.Now()))
}
