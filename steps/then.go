package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// tillSteps look at tills.
func tillSteps() []Step {
	return []Step{
		{Name: "shows", En: `{till} shows {SCREEN}`, Zh: `{till} 显示 {SCREEN}`,
			Example: `Then "T1" shows NO_ANSWER`, ExampleZh: `那么 "T1" 显示 NO_ANSWER`,
			Is: "The screen was shown since the When. It counts as the mention of that ending.", do: onTill(shows)},
		{Name: "never-shows", En: `{till} does not show {SCREEN}`, Zh: `{till} 不显示 {SCREEN}`,
			Example: `And "T1" does not show APPROVED`, ExampleZh: `并且 "T1" 不显示 APPROVED`,
			Is: "The screen was not shown since the When.", do: onTill(neverShows)},
		{Name: "till-is", En: `{till} is (signed in|signed off|logged out|waiting for the PIN|waiting for the card|ready)`,
			Zh:      `{till} (处于签到状态|未签到|操作员已退出|等待输密码|等待刷卡|就绪)`,
			Example: `Then "T1" is signed off`, ExampleZh: `那么 "T1" 未签到`,
			Is: "The till's state now. Ready: an operator is in and no order is under way.", do: onTill(tillIs)},
		{Name: "prints", En: `{till} prints (no|\d+) receipts?`, Zh: `{till} 打印 (0|\d+) 张签购单`,
			Example: `And "T1" prints 2 receipts`, ExampleZh: `并且 "T1" 打印 2 张签购单`,
			Is: "Slips printed since the When; each copy counts.", do: onTill(prints)},
		{Name: "receipt-has", En: `the (merchant copy|customer copy) of {till} has`, Zh: `{till} 的(商户联|持卡人联)有`, Order: []int{1, 0}, Table: true,
			Example: `And the customer copy of "T1" has`, ExampleZh: `并且 "T1" 的持卡人联有`,
			Is: "Line and value, on the last slip of that copy: a line with this text id and this argument; * is any, an empty cell no such line.", do: atTill(1, receiptHas)},
		{Name: "reprint-marked", En: `the (merchant copy|customer copy) of {till} is marked as a reprint`, Zh: `{till} 的(商户联|持卡人联)标有重印`, Order: []int{1, 0},
			Example: `And the customer copy of "T1" is marked as a reprint`, ExampleZh: `并且 "T1" 的持卡人联标有重印`,
			Is: "The last slip of that copy says that it is not the first.", do: atTill(1, reprintMarked)},
		{Name: "works-in-batch", En: `{till} works in batch {text}`, Zh: `{till} 的批次为 {text}`,
			Example: `And "T1" works in batch "000002"`, ExampleZh: `并且 "T1" 的批次为 "000002"`,
			Is: "The till's own batch number.", do: onTill(func(s *scenario, t *rig.Till, a args) error {
				return equal(t.Name+" batch", a.at(1), s.world.AsNew(t.Name, iso8583.Batch, t.Status().Batch))
			})},
		{Name: "clock-agrees", En: `the clock of {till} agrees with the host`, Zh: `{till} 的时钟与主机一致`,
			Example: `And the clock of "T1" agrees with the host`, ExampleZh: `并且 "T1" 的时钟与主机一致`,
			Is: "Within two seconds.", do: onTill(clockAgrees)},
		{Name: "has-message-as", En: `{party} has {message} as {fact}`, Zh: `{party}将{message}记为{fact}`,
			Example: `And the host has the 1st sale as reversed`, ExampleZh: `并且 主机将第 1 笔消费记为已冲正`,
			Is: "The last fact that this party states about the payment of that request.", do: hasMessageAs},
	}
}

func equal(where, wanted, got string) error {
	if wanted != got {
		return failed(where, wanted, got)
	}
	return nil
}

func shows(s *scenario, t *rig.Till, a args) error {
	s.mention(t.Name, a.at(1))
	var ids []string
	for _, screen := range s.screens(t) {
		if screen.ID == a.at(1) {
			return nil
		}
		ids = append(ids, screen.ID)
	}
	f := &failure{reports.Failure{Where: t.Name + " screen", Wanted: a.at(1), Got: orNothing(strings.Join(ids, ", "))}}
	f.Message = lastMessage(s, t)
	return f
}

// lastMessage gives the last message on a till's line, decoded, for a failure to show.
func lastMessage(s *scenario, t *rig.Till) []trace.Field {
	for _, e := range slices.Backward(s.events()) {
		if e.Party == t.Name && (e.Kind == trace.Received || e.Kind == trace.Sent) {
			return e.Fields
		}
	}
	return nil
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func neverShows(s *scenario, t *rig.Till, a args) error {
	for _, screen := range s.screens(t) {
		if screen.ID == a.at(1) {
			return failed(t.Name+" screen", "no "+a.at(1), a.at(1))
		}
	}
	return nil
}

func tillIs(_ *scenario, t *rig.Till, a args) error {
	status := t.Status()
	var is bool
	switch a.at(1) {
	case "signed in":
		is = status.SignedIn
	case "signed off":
		is = !status.SignedIn
	case "logged out":
		is = status.Operator == ""
	case "waiting for the PIN":
		is = t.Need() == terminal.NeedPIN
	case "waiting for the card":
		is = t.Need() == terminal.NeedCard
	case "ready":
		is = status.Operator != "" && !status.Busy && t.Need() == ""
	}
	if is {
		return nil
	}
	return failed(t.Name, a.at(1), fmt.Sprintf("state %s, signed in %t, operator %q, waits for %q", status.State, status.SignedIn, status.Operator, t.Need()))
}

func prints(s *scenario, t *rig.Till, a args) error {
	wanted := a.at(1)
	if wanted == "no" {
		wanted = "0"
	}
	return equal(t.Name+" receipts", wanted, strconv.Itoa(len(s.slips(t))))
}

// lastSlip gives the last slip of a copy ("merchant copy") since the When.
func lastSlip(s *scenario, t *rig.Till, which string) (terminal.Slip, error) {
	for _, slip := range slices.Backward(s.slips(t)) {
		if string(slip.Copy)+" copy" == which {
			return slip, nil
		}
	}
	return terminal.Slip{}, failed(t.Name+" receipts", "a "+which, "none was printed")
}

// slipElements names the elements of which some lines of a slip tell.
var slipElements = map[string]iso8583.Element{"SLIP_TRACE": iso8583.Trace, "SLIP_ORIGINAL": iso8583.Trace, "SLIP_BATCH": iso8583.Batch}

func receiptHas(s *scenario, t *rig.Till, a args) error {
	slip, err := lastSlip(s, t, a.at(0))
	if err != nil {
		return err
	}
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		has := slices.ContainsFunc(slip.Lines, func(l terminal.Line) bool {
			return l.ID == row[0] && (row[1] == "*" || row[1] == "" || slices.ContainsFunc(l.Args, func(arg string) bool {
				return row[1] == s.world.AsNew(t.Name, slipElements[l.ID], arg)
			}))
		})
		if has == (row[1] == "") {
			return &failure{reports.Failure{Where: t.Name + " " + a.at(0), Wanted: row[0] + " " + orNothing(row[1]), Got: "\n" + s.world.Rig.Slip(slip)}}
		}
	}
	return nil
}

func reprintMarked(s *scenario, t *rig.Till, a args) error {
	slip, err := lastSlip(s, t, a.at(0))
	if err != nil {
		return err
	}
	if !slip.Reprint {
		return failed(t.Name+" "+a.at(0), "a mark that it is a reprint", "\n"+s.world.Rig.Slip(slip))
	}
	return nil
}

func clockAgrees(s *scenario, t *rig.Till, _ args) error {
	if off := t.Now().Sub(s.world.Loop.Now()).Abs(); off > 2*time.Second {
		return failed(t.Name+" clock", "the host's time", "off by "+off.String())
	}
	return nil
}

func hasMessageAs(s *scenario, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	var statements []audit.Statement
	if a.at(0) == "host" {
		state, err := s.world.LookAtHost()
		if err != nil {
			return err
		}
		statements = slices.DeleteFunc(state.Statements, func(st audit.Statement) bool { return st.Role != audit.Acquirer })
	} else {
		t, err := s.till(a.at(0))
		if err != nil {
			return err
		}
		statements = t.Statements()
	}
	return equal(a.at(0)+" books, "+a.at(1), a.at(2), lastFact(statements, c))
}

// lastFact gives how the payment of a message stands in a party's statements, in the words of steps.
func lastFact(statements []audit.Statement, c *rig.Crossing) string {
	ref := c.Ref()
	last := "nothing"
	for _, st := range statements {
		if st.Ref.Terminal != ref.Terminal || st.Ref.Trace != ref.Trace || (ref.Batch != "" && st.Ref.Batch != ref.Batch) {
			continue
		}
		switch st.Fact {
		case audit.Posted, audit.Undone: // money, which the answer's facts already tell
		default:
			last = string(st.Fact)
		}
	}
	return last
}

// bookSteps look at accounts.
func bookSteps() []Step {
	return []Step{
		{Name: "card-now-holds", En: `{who}'s card holds {amount}`, Zh: `{who}的卡余额为 {amount}`,
			Example: `And Alice's card holds 40.00 CNY`, ExampleZh: `并且 小爱的卡余额为 40.00 元`,
			Is: "What the issuer's books say the card may still spend.", do: func(s *scenario, a args) error {
				got, err := s.world.CardBalance(a.at(0))
				return holds(a.at(0)+"'s card", a.at(1), got, err)
			}},
		{Name: "merchant-is-owed", En: `{merchant} is owed {amount}`, Zh: `应付 {merchant} {amount}`,
			Example: `And "Noodle House" is owed 10.00 CNY`, ExampleZh: `并且 应付 "面馆" 10.00 元`,
			Is: "What the acquirer's books say it owes the merchant.", do: func(s *scenario, a args) error {
				got, err := s.world.MerchantBalance(a.at(0))
				return holds(a.at(0), a.at(1), got, err)
			}},
	}
}

func holds(whose, text string, got pay.Amount, err error) error {
	if err != nil {
		return err
	}
	wanted, err := pay.ParseAmount(text)
	if err != nil {
		return err
	}
	if got.Minor != wanted.Minor || (got.Minor != 0 && got.Currency != wanted.Currency) {
		return failed("books, "+whose, wanted.String(), got.String())
	}
	return nil
}

// outputSteps look for secrets in everything that leaves the harness.
func outputSteps() []Step {
	return []Step{
		{Name: "no-output-holds-card", En: `no output holds {who}'s PIN, track or card number`, Zh: `任何输出都不含{who}的密码、磁道或卡号`,
			Example: `Then no output holds Alice's PIN, track or card number`, ExampleZh: `那么 任何输出都不含小爱的密码、磁道或卡号`,
			Is: "Trace, screens, receipts, journals and the control door's answers, in ASCII, packed digits, hex and base64.", do: func(s *scenario, a args) error {
				secrets, err := s.world.CardSecrets(a.at(0))
				return noLeak(s, secrets, err)
			}},
		{Name: "no-output-holds-key", En: `no output holds a key of {till}`, Zh: `任何输出都不含 {till} 的密钥`,
			Example: `And no output holds a key of "T1"`, ExampleZh: `并且 任何输出都不含 "T1" 的密钥`,
			Is: "The same for its master and working keys.", do: onTill(func(s *scenario, t *rig.Till, _ args) error {
				secrets, err := t.KeySecrets()
				return noLeak(s, secrets, err)
			})},
	}
}

func noLeak(s *scenario, secrets rig.Secrets, err error) error {
	if err != nil {
		return err
	}
	hits, err := s.world.FindSecrets(secrets)
	if err != nil {
		return err
	}
	if len(hits) > 0 {
		return failed("outputs", "no secret", strings.Join(hits, "; "))
	}
	return nil
}

func cells(t *godog.Table, row int) []string {
	var out []string
	for _, c := range t.Rows[row].Cells {
		out = append(out, strings.TrimSpace(c.Value))
	}
	return out
}
