package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// operatorSteps are what operators do among themselves, and what they ask the till.
func operatorSteps() []Step {
	return []Step{
		{Name: "operator-adds", En: `operator {text} adds operator {text} at {till}(?: with password {text})?`, Zh: `操作员 {text} 在 {till} 增加操作员 {text}(?:，密码为 {text})?`, Order: []int{0, 2, 1, 3},
			Example: `When operator "00" adds operator "05" at "T1"`, ExampleZh: `当 操作员 "00" 在 "T1" 增加操作员 "05"`,
			Is: "Logs in with the right password and takes the other on; without a password he gets the common default.", do: atTill(2, adds)},
		{Name: "operator-removes", En: `operator {text} removes operator {text} at {till}`, Zh: `操作员 {text} 在 {till} 删除操作员 {text}`, Order: []int{0, 2, 1},
			Example: `When operator "00" removes operator "02" at "T1"`, ExampleZh: `当 操作员 "00" 在 "T1" 删除操作员 "02"`,
			Is: "Logs in with the right password and takes the other off the list.", do: atTill(2, operates(terminal.RemoveOperator))},
		{Name: "operator-types-password", En: `operator {text} types password {text} at {till}`, Zh: `操作员 {text} 在 {till} 输入密码 {text}`, Order: []int{0, 2, 1},
			Example: `When operator "05" types password "0000" at "T1"`, ExampleZh: `当 操作员 "05" 在 "T1" 输入密码 "0000"`,
			Is: "Logs in with a password of the scenario's own.", do: atTill(2, func(_ *scenario, t *rig.Till, a args) error {
				return t.LogInWith(a.at(0), pay.NewSecret(a.at(1)))
			})},
		{Name: "chooses-password", En: `{text} is chosen as the new password at {till}`, Zh: `在 {till} 选定新密码 {text}`, Order: []int{1, 0},
			Example: `And "6284" is chosen as the new password at "T1"`, ExampleZh: `并且 在 "T1" 选定新密码 "6284"`,
			Is: "What the till asks for after a log-in with a password that must be changed.", do: atTill(1, func(_ *scenario, t *rig.Till, a args) error {
				return t.Do(terminal.Event{Kind: terminal.SetPassword, Password: pay.NewSecret(a.at(0))})
			})},
		{Name: "approves", En: `operator {text} approves at {till}( with a wrong password)?(?: {count} times)?`, Zh: `操作员 {text} 在 {till} 授权(但密码错误)?(?: {count} 次)?`,
			Example: `When operator "00" approves at "T1" with a wrong password 2 times`, ExampleZh: `当 操作员 "00" 在 "T1" 授权但密码错误 2 次`,
			Is: "Number and password at a till that waits for the supervisor. When it is content, the order goes on with what was there before.", do: atTill(1, approves)},
		{Name: "cashier-cancels", En: `the cashier cancels at {till}`, Zh: `收银员在 {till} 取消`,
			Example: `When the cashier cancels at "T1"`, ExampleZh: `当 收银员在 "T1" 取消`,
			Is: "Presses the red key.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.Do(terminal.Event{Kind: terminal.Cancel}) })},
		{Name: "asks-last-payment", En: `the cashier asks for the last payment at {till}`, Zh: `收银员在 {till} 查询上一笔交易`,
			Example: `When the cashier asks for the last payment at "T1"`, ExampleZh: `当 收银员在 "T1" 查询上一笔交易`,
			Is: "The till shows what became of it, from its own journal.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.Do(terminal.Event{Kind: terminal.LastPayment}) })},
		{Name: "reprints-voucher", En: `the cashier prints the receipt of {message} again at {till}`, Zh: `收银员在 {till} 重印{message}的签购单`, Order: []int{1, 0},
			Example: `When the cashier prints the receipt of the 1st sale again at "T1"`, ExampleZh: `当 收银员在 "T1" 重印第 1 笔消费的签购单`,
			Is: "Reprint by voucher number.", do: atTill(1, reprintsVoucher)},
		{Name: "prints-statistics", En: `the cashier prints the statistics at {till}`, Zh: `收银员在 {till} 打印统计`,
			Example: `When the cashier prints the statistics at "T1"`, ExampleZh: `当 收银员在 "T1" 打印统计`,
			Is: "Payments by day and kind.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.Do(terminal.Event{Kind: terminal.Statistics}) })},
		{Name: "last-payment-is", En: `{till} tells of {message} as {fact}`, Zh: `{till} 告知{message}为{fact}`,
			Example: `Then "T1" tells of the 1st sale as approved`, ExampleZh: `那么 "T1" 告知第 1 笔消费为已批准`,
			Is: "The last query showed this payment's kind, voucher number, amount and what became of it.", do: onTill(lastPaymentIs)},
		{Name: "statistics-say", En: `the statistics of {till} say`, Zh: `{till} 的统计为`, Table: true,
			Example: `Then the statistics of "T1" say`, ExampleZh: `那么 "T1" 的统计为`,
			Is: "Exactly these rows, on the last slip: the day (1 is the first), kind, count, sum.", do: onTill(statisticsSay)},
		{Name: "receipts-dated-as", En: `the receipts of {till} are dated as {message}`, Zh: `{till} 的签购单日期与{message}一致`,
			Example: `And the receipts of "T1" are dated as the answer to the 1st sale`, ExampleZh: `并且 "T1" 的签购单日期与第 1 笔消费的应答一致`,
			Is: "Month, day and time of the last slip are those of that message.", do: onTill(datedAs)},
		{Name: "no-output-holds-password", En: `no output holds the password {text}`, Zh: `任何输出都不含口令 {text}`,
			Example: `Then no output holds the password "60417295"`, ExampleZh: `那么 任何输出都不含口令 "60417295"`,
			Is: "Six digits or more; fewer cannot be told from chance.", do: func(s *scenario, a args) error { return noLeak(s, rig.PasswordSecrets(a.at(0)), nil) }},
	}
}

// operates logs an operator in and gives an event about another.
func operates(kind terminal.EventKind) func(*scenario, *rig.Till, args) error {
	return func(s *scenario, t *rig.Till, a args) error {
		if err := logsIn(s, t, args{list: []string{a.at(0), a.at(2), "", ""}}); err != nil {
			return err
		}
		return t.Do(terminal.Event{Kind: kind, Operator: a.at(1)})
	}
}

func adds(s *scenario, t *rig.Till, a args) error {
	if err := logsIn(s, t, args{list: []string{a.at(0), a.at(2), "", ""}}); err != nil {
		return err
	}
	return t.Do(terminal.Event{Kind: terminal.AddOperator, Operator: a.at(1), Password: pay.NewSecret(a.at(3))})
}

func approves(_ *scenario, t *rig.Till, a args) error {
	times, err := times(a.at(3))
	if err != nil {
		return err
	}
	return t.Approve(a.at(0), a.at(2) != "", times)
}

func reprintsVoucher(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	return t.Do(terminal.Event{Kind: terminal.Reprint, Original: terminal.Original{Trace: c.Message.Get(iso8583.Trace)}})
}

func lastPaymentIs(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	amount, err := c.Amount()
	if err != nil {
		return err
	}
	wanted := strings.Join([]string{flowID(c.Flow), c.Message.Get(iso8583.Trace), amount.String(), "@FACT_" + strings.ToUpper(a.at(2))}, " ")
	for _, screen := range slices.Backward(s.screens(t)) {
		if screen.ID == "LAST_PAYMENT" {
			return equal(t.Name+" last payment", wanted, strings.Join(screen.Args[:4], " "))
		}
	}
	return failed(t.Name+" last payment", wanted, "no such screen")
}

// statisticsSay compares the rows of the last statistics, each as "day kind count sum".
func statisticsSay(s *scenario, t *rig.Till, a args) error {
	slip, err := lastSlip(s, t, "merchant copy")
	if err != nil {
		return err
	}
	var wanted, got []string
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		row[1] = flowID(pay.Flow(flowWord(row[1])))
		wanted = append(wanted, strings.Join(row, " "))
	}
	day := 0
	for _, l := range slip.Lines {
		switch l.ID {
		case "SLIP_DAY":
			day++
		case "SLIP_COUNT":
			got = append(got, fmt.Sprintf("%d %s", day, strings.Join(l.Args, " ")))
		}
	}
	return equal(t.Name+" statistics", strings.Join(wanted, "; "), strings.Join(got, "; "))
}

// datedAs compares a slip's time, 2006-01-02 15:04:05, with a message's, which has no year.
func datedAs(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	slips := s.slips(t)
	if len(slips) == 0 {
		return failed(t.Name+" receipts", "a receipt", "none was printed")
	}
	wanted := c.Message.Get(iso8583.LocalDate) + c.Message.Get(iso8583.LocalTime)
	for _, l := range slips[len(slips)-1].Lines {
		if l.ID == "SLIP_TIME" {
			return equal(t.Name+" receipts", wanted, strings.NewReplacer("-", "", " ", "", ":", "").Replace(l.Args[0])[4:])
		}
	}
	return failed(t.Name+" receipts", "a time", "\n"+s.world.Rig.Slip(slips[len(slips)-1]))
}
