package steps

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// castSteps arrange tills, cards and people.
func castSteps() []Step {
	return []Step{
		{Name: "till-has-signed-in", En: `till {till} of {merchant} has signed in`, Zh: `{merchant} 的终端 {till} 已签到`, Order: []int{1, 0},
			Example: `Given till "T1" of "Noodle House" has signed in`, ExampleZh: `假如 "面馆" 的终端 "T1" 已签到`,
			Is: "Seats the till, if it is not seated, and signs it in over the line.", do: hasSignedIn},
		{Name: "till-has-not-signed-in", En: `till {till} of {merchant} has not signed in`, Zh: `{merchant} 的终端 {till} 尚未签到`, Order: []int{1, 0},
			Example: `Given till "T1" of "Noodle House" has not signed in`, ExampleZh: `假如 "面馆" 的终端 "T1" 尚未签到`,
			Is: "Seats the till: configured, master key loaded, registered at the host, cashier 01 logged in. Nothing is sent.", do: hasNotSignedIn},
		{Name: "till-key-scheme", En: `{till} uses key scheme {text}`, Zh: `{till} 使用密钥方案 {text}`,
			Example: `And "T1" uses key scheme "004"`, ExampleZh: `并且 "T1" 使用密钥方案 "004"`,
			Is: "Which working keys its sign-in asks for: 001, 003, 004 (DES), 005, 006 (SM4). Comes before the sign-in.",
			do: onTill(func(_ *scenario, t *rig.Till, a args) error { return t.SetKeyScheme(a.at(1)) })},
		{Name: "till-device-fault", En: `{till} (has no master key|has been tampered with)`, Zh: `{till} (没有主密钥|已被拆机)`,
			Example: `Given "T1" has no master key`, ExampleZh: `假如 "T1" 没有主密钥`,
			Is: "Its security module has lost the master key, or its tamper switch has tripped.", do: onTill(deviceFault)},
		{Name: "till-is-serviced", En: `{till} is serviced`, Zh: `{till} 已检修`,
			Example: `When "T1" is serviced`, ExampleZh: `当 "T1" 已检修`,
			Is: "Undoes a device fault: the master key is loaded again by components.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.Service() })},
		{Name: "till-set-up-with", En: `{till} is set up with (terminal|merchant|serial) number {text}`, Zh: `{till} 设置的(终端号|商户号|序列号)为 {text}`,
			Example: `Given "T1" is set up with terminal number "10000009"`, ExampleZh: `假如 "T1" 设置的终端号为 "10000009"`,
			Is: "Changes the till's own parameter, not the host's registration.", do: onTill(setUp)},
		{Name: "till-next-trace", En: `the next trace number of {till} is {count}`, Zh: `{till} 的下一个流水号为 {count}`,
			Example: `And the next trace number of "T1" is 999999`, ExampleZh: `并且 "T1" 的下一个流水号为 999999`,
			Is: "Sets the till's trace counter.", do: onTill(nextTrace)},
		{Name: "till-clock", En: `the clock of {till} is {duration} (slow|fast)`, Zh: `{till} 的时钟(慢|快) ?{duration}`, Order: []int{0, 2, 1},
			Example: `Given the clock of "T1" is 3000 days slow`, ExampleZh: `假如 "T1" 的时钟慢 3000 天`,
			Is: "The till's own clock (receipts, certificates) is behind the world's, or ahead, by that much.", do: onTill(tillClock)},
		{Name: "till-clock-right", En: `the clock of {till} is right`, Zh: `{till} 的时钟准确`,
			Example: `And the clock of "T1" is right`, ExampleZh: `并且 "T1" 的时钟准确`,
			Is: "The till's own clock reads the world's time.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { t.SetSkew(0); return nil })},
		{Name: "mishap", En: `{till} (loses its power|changes from Wi-Fi to 4G|runs out of paper|cannot write to its storage) right after (sending|receiving) {message}`,
			Zh: `{till} 在(发出|收到){message}后立即(断电|从 Wi-Fi 切换到 4G|缺纸|无法写入存储)`, Order: []int{0, 2, 3, 1},
			Example: `Given "T1" loses its power right after sending the 1st sale`, ExampleZh: `假如 "T1" 在发出第 1 笔消费后立即断电`,
			Is: "Sending: right after the action that sends. Receiving: the answer is there, and the till has not been told yet.", do: onTill(mishap)},
		{Name: "till-supplies", En: `{till} (is out of paper|has new paper|has a low battery|has a charged battery)`,
			Zh: `{till} (缺纸|已换纸|电量低|已充电)`, Example: `Given "T1" is out of paper`, ExampleZh: `假如 "T1" 缺纸`,
			Is: "The device event of that name reaches the till.", do: onTill(supplies)},
		{Name: "card-holds", En: `{who}'s (debit|credit) card holds {amount}`, Zh: `{who}的(借记卡|信用卡)有 {amount}`,
			Example: `And Alice's debit card holds 50.00 CNY`, ExampleZh: `并且 小爱的借记卡有 50.00 元`,
			Is: "Opens the account with this balance (credit: what may still be spent). Without it a card holds its fixture's.", do: cardHolds},
		{Name: "has-paid", En: `{who} has paid {amount} at {till}`, Zh: `{who}已在 {till} 付款 {amount}`, Order: []int{0, 2, 1},
			Example: `Given Alice has paid 10.00 CNY at "T1"`, ExampleZh: `假如 小爱已在 "T1" 付款 10.00 元`,
			Is: "A whole swiped sale, with the right PIN if the till asks for one.", do: hasPaid},
		{Name: "wrong-pins-before", En: `{who} has entered a wrong PIN {count} times?`, Zh: `{who}已输错密码 {count} 次`,
			Example: `Given Alice has entered a wrong PIN 2 times`, ExampleZh: `假如 小爱已输错密码 2 次`,
			Is: "Sets the issuer's count of wrong tries for that card.", do: wrongPINs},
		{Name: "has-tried-sign-in", En: `the cashier has tried to sign in at {till}`, Zh: `收银员已在 {till} 尝试签到`,
			Example: `And the cashier has tried to sign in at "T1"`, ExampleZh: `并且 收银员已在 "T1" 尝试签到`,
			Is: "Presses sign-in, whatever comes of it.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.SignIn() })},
	}
}

// onTill finds the till that a step's first argument names.
func onTill(do func(*scenario, *rig.Till, args) error) func(*scenario, args) error {
	return atTill(0, do)
}

// atTill is onTill for a step that names its till in argument i.
func atTill(i int, do func(*scenario, *rig.Till, args) error) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		t, err := s.till(a.at(i))
		if err != nil {
			return err
		}
		return do(s, t, a)
	}
}

func hasSignedIn(s *scenario, a args) error {
	if err := hasNotSignedIn(s, a); err != nil {
		return err
	}
	t, err := s.till(a.at(0))
	if err != nil {
		return err
	}
	if err := t.SignIn(); err != nil {
		return err
	}
	if !t.Status().SignedIn {
		return begin(t, "signed in")
	}
	return nil
}

// begin says that a scenario could not begin because the system under test did not do what comes before.
func begin(t *rig.Till, wanted string) error {
	got := "nothing on its screen"
	if n := len(t.Screens); n > 0 {
		got = "screen " + t.Screens[n-1].ID
	}
	return &failure{reports.Failure{Where: beforeIt + t.Name, Wanted: wanted, Got: got}}
}

// beforeIt begins the place of a failure of what a scenario takes for granted: it proves nothing about the scenario's requirement.
const beforeIt = "before the scenario, "

func hasNotSignedIn(s *scenario, a args) error {
	shop, err := s.world.Rig.Cast.Merchant(a.at(1))
	if err != nil {
		return err
	}
	if owner, _, err := s.world.Rig.Cast.Till(a.at(0)); err != nil || owner.Name != shop.Name {
		return errors.Join(err, fmt.Errorf("till %s stands at %s, not at %s", a.at(0), owner.Name, shop.Name))
	}
	_, err = s.till(a.at(0))
	return err
}

func deviceFault(_ *scenario, t *rig.Till, a args) error {
	if a.at(1) == "has no master key" {
		t.LoseMasterKey()
		return nil
	}
	return t.Do(terminal.Event{Kind: terminal.Tamper})
}

func setUp(_ *scenario, t *rig.Till, a args) error {
	return t.Rewire(func(c *terminal.Config) {
		switch a.at(1) {
		case "terminal":
			c.Number = a.at(2)
		case "merchant":
			c.Merchant = a.at(2)
		case "serial":
			c.Serial = a.at(2)
		}
	})
}

func nextTrace(_ *scenario, t *rig.Till, a args) error {
	n, err := strconv.Atoi(a.at(1))
	if err != nil {
		return err
	}
	return t.SetNextTrace(n)
}

func tillClock(_ *scenario, t *rig.Till, a args) error {
	d, err := time.ParseDuration(a.at(1))
	if a.at(2) == "slow" {
		d = -d
	}
	t.SetSkew(d)
	return err
}

func supplies(_ *scenario, t *rig.Till, a args) error {
	events := map[string]terminal.EventKind{"is out of paper": terminal.PaperOut, "has new paper": terminal.PaperIn,
		"has a low battery": terminal.BatteryLow, "has a charged battery": terminal.BatteryOK}
	return t.Do(terminal.Event{Kind: events[a.at(1)]})
}

func cardHolds(s *scenario, a args) error {
	holder, err := s.world.Rig.Cast.Cardholder(a.at(0))
	if err != nil {
		return err
	}
	if holder.Kind != a.at(1) {
		return fmt.Errorf("%s's card is a %s card, not %s", holder.Name, holder.Kind, a.at(1))
	}
	amount, err := pay.ParseAmount(a.at(2))
	if err != nil {
		return err
	}
	return s.world.CardHolds(a.at(0), amount)
}

func hasPaid(s *scenario, a args) error {
	amount, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	t, err := s.till(a.at(2))
	if err != nil {
		return err
	}
	before := len(t.Endings)
	if err := t.Swipe(a.at(0), amount, rig.PINRight); err != nil {
		return err
	}
	if len(t.Endings) == before || t.Endings[len(t.Endings)-1].Kind != terminal.Approved {
		return begin(t, "a paid sale")
	}
	return nil
}

func wrongPINs(s *scenario, a args) error {
	holder, err := s.world.Card(a.at(0))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(a.at(1))
	if err != nil {
		return err
	}
	return s.world.Arrange(rig.Arrangement{Party: "issuer", Card: holder.Name, PINTries: &n})
}

// hostSteps arrange the host.
func hostSteps() []Step {
	return []Step{
		{Name: "host-maintenance", En: `the host is (in maintenance|in day cut-over|cut off from the issuer|working again)`, Zh: `主机(维护中|正在日切|与发卡行断线|已恢复)`,
			Example: `Given the host is in maintenance`, ExampleZh: `假如 主机维护中`,
			Is: "Working again also takes back every dictated answer.", do: hostCondition},
		{Name: "host-speaks", En: `the host and its tills speak {text}`, Zh: `主机与终端使用方言 {text}`,
			Example: `Given the host and its tills speak "iso87-ascii"`, ExampleZh: `假如 主机与终端使用方言 "iso87-ascii"`,
			Is: "A shipped dialect, whatever the rest of the run speaks. Comes before tills and cards.", do: func(s *scenario, a args) error {
				return s.world.Speak(rig.Speech{Dialect: a.at(0)})
			}},
		{Name: "host-agrees", En: `the host and its tills agree that {text} is {text}`, Zh: `主机与终端约定 {text} 为 {text}`,
			Example: `Given the host and its tills agree that "over_refund" is "64"`, ExampleZh: `假如 主机与终端约定 "over_refund" 为 "64"`,
			Is: "A switch or timer of the dialect, as a profile sets it. Comes before tills and cards.", do: func(s *scenario, a args) error {
				return s.world.Speak(rig.Speech{Settings: map[string]string{a.at(0): a.at(1)}})
			}},
		{Name: "host-quirk", En: `the host (leaves out what its answers may lack|adds what its answers may have|turns the chip data of its answers round|answers in pieces|holds its answers up)`,
			Zh:      `主机(省去应答中可缺的域|添上应答中可有的域|颠倒应答中芯片数据的次序|分段应答|应答稍迟)`,
			Example: `Given the host leaves out what its answers may lack`, ExampleZh: `假如 主机省去应答中可缺的域`,
			Is: "Legal, and seldom seen. One of: leaves out what its answers may lack | adds what its answers may have | turns the chip data of its answers round | answers in pieces | holds its answers up",
			do: func(s *scenario, a args) error {
				return s.world.Arrange(rig.Arrangement{Party: "acquirer", Quirk: hostQuirks[a.at(0)]})
			}},
		{Name: "issuer-late", En: `the issuer answers {duration} late`, Zh: `发卡行延迟 {duration}应答`,
			Example: `Given the issuer answers 40 seconds late`, ExampleZh: `假如 发卡行延迟 40 秒应答`,
			Is: "Its answers leave that much later than its decision.", do: issuerIs(rig.ConditionSlow)},
		{Name: "issuer-behind", En: `payments reach the issuer {duration} late`, Zh: `交易晚 {duration}到达发卡行`,
			Example: `Given payments reach the issuer 40 seconds late`, ExampleZh: `假如 交易晚 40 秒到达发卡行`,
			Is: "The line to the issuer holds them up that long; a reversal overtakes them.", do: issuerIs(rig.ConditionBehind)},
		{Name: "host-answers", En: `the host answers {message} with {code}`, Zh: `主机对{message}回答 {code}`,
			Example: `Given the host answers the 1st sale with "91"`, ExampleZh: `假如 主机对第 1 笔消费回答 "91"`,
			Is: "A declining code is answered in the acquirer's place; of an approval only the code is replaced.", do: hostAnswers},
		{Name: "host-asks-sign-in", En: `the host asks {till} to sign in again`, Zh: `主机要求 {till} 重新签到`,
			Example: `And the host asks "T1" to sign in again`, ExampleZh: `并且 主机要求 "T1" 重新签到`,
			Is: "The next answer to that till carries processing request 3 in its header.", do: onHostTill(rig.Arrangement{Status: rig.StatusAskSignIn})},
		{Name: "host-batch", En: `the host has opened batch {text} for {till}`, Zh: `主机已为 {till} 开启批次 {text}`, Order: []int{1, 0},
			Example: `Given the host has opened batch "000002" for "T1"`, ExampleZh: `假如 主机已为 "T1" 开启批次 "000002"`,
			Is: "The host's batch of that terminal.", do: hostBatch},
		{Name: "host-registration", En: `{merchant} is (disabled|unknown|known again) at the host`, Zh: `主机上的 {merchant} (已停用|未登记|已恢复)`,
			Example: `Given "T1" is disabled at the host`, ExampleZh: `假如 主机上的 "T1" 已停用`,
			Is: "Status of that till or merchant in the acquirer's registry.", do: hostRegistration},
		{Name: "host-forgets-sign-in", En: `the host has signed {till} off`, Zh: `主机已将 {till} 签退`,
			Example: `Given the host has signed "T1" off`, ExampleZh: `假如 主机已将 "T1" 签退`,
			Is: "The terminal's state at the host becomes signed out; the till knows nothing of it.", do: onHostTill(rig.Arrangement{Status: rig.StatusSignedOut})},
	}
}

var hostQuirks = map[string]string{"leaves out what its answers may lack": rig.QuirkFewer, "adds what its answers may have": rig.QuirkMore,
	"turns the chip data of its answers round": rig.QuirkOrder, "answers in pieces": rig.QuirkPieces, "holds its answers up": rig.QuirkLate}

func hostCondition(s *scenario, a args) error {
	conditions := map[string]string{"in maintenance": rig.ConditionMaintenance, "in day cut-over": rig.ConditionCutOver,
		"cut off from the issuer": rig.ConditionNoIssuer, "working again": rig.ConditionNormal}
	return s.world.Arrange(rig.Arrangement{Party: "acquirer", Condition: conditions[a.at(0)]})
}

// issuerIs arranges a condition of the issuer that takes time.
func issuerIs(condition string) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		d, err := time.ParseDuration(a.at(0))
		if err != nil {
			return err
		}
		return s.world.Arrange(rig.Arrangement{Party: "issuer", Condition: condition, Delay: d})
	}
}

func hostAnswers(s *scenario, a args) error {
	m, err := parseMessage(a.at(0))
	if err != nil {
		return err
	}
	if m.answer {
		return fmt.Errorf("the host answers requests, not %s", m)
	}
	return s.world.Arrange(rig.Arrangement{Party: "acquirer", Condition: rig.ConditionAnswers, Flow: m.flow, Nth: m.nth, Answer: pay.Answer(a.at(1))})
}

// onHostTill arranges something about the terminal that the host knows under a till's number.
func onHostTill(what rig.Arrangement) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		if _, err := s.till(a.at(0)); err != nil {
			return err
		}
		_, place, err := s.world.Rig.Cast.Till(a.at(0))
		if err != nil {
			return err
		}
		now := what // scenarios run side by side
		now.Party, now.Terminal = "acquirer", place.Number
		return s.world.Arrange(now)
	}
}

func hostBatch(s *scenario, a args) error {
	return onHostTill(rig.Arrangement{Batch: a.at(0)})(s, args{list: []string{a.at(1)}})
}

func hostRegistration(s *scenario, a args) error {
	statuses := map[string]string{"disabled": rig.StatusDisabled, "unknown": rig.StatusUnknown, "known again": rig.StatusKnown}
	status := statuses[a.at(1)]
	if shop, err := s.world.Rig.Cast.Merchant(a.at(0)); err == nil {
		return s.world.Arrange(rig.Arrangement{Party: "acquirer", Merchant: shop.Number, Status: status})
	}
	return onHostTill(rig.Arrangement{Status: status})(s, a)
}

func mishap(_ *scenario, t *rig.Till, a args) error {
	m, err := parseMessage(a.at(3))
	if err != nil {
		return err
	}
	acts := map[string]func(){
		"loses its power":             t.CutPower,
		"changes from Wi-Fi to 4G":    func() { t.Tell(terminal.Event{Kind: terminal.SwitchNetwork, Network: "4g"}) },
		"runs out of paper":           func() { t.Tell(terminal.Event{Kind: terminal.PaperOut}) },
		"cannot write to its storage": t.FailStorage,
	}
	t.When(a.at(2) == "receiving", m.flow, m.nth, acts[a.at(1)])
	return nil
}
