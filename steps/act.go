package steps

import (
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// actSteps are what cashiers, operators and cardholders do.
func actSteps() []Step {
	return []Step{
		{Name: "sign-in", En: `the cashier signs in at {till}`, Zh: `收银员在 {till} 签到`,
			Example: `When the cashier signs in at "T1"`, ExampleZh: `当 收银员在 "T1" 签到`,
			Is: "Presses the sign-in key.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.SignIn() })},
		{Name: "sign-out", En: `the cashier signs out at {till}`, Zh: `收银员在 {till} 签退`,
			Example: `When the cashier signs out at "T1"`, ExampleZh: `当 收银员在 "T1" 签退`,
			Is: "Presses the sign-out key.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.SignOut})
			})},
		{Name: "changes-keys", En: `the cashier asks for new keys at {till}`, Zh: `收银员在 {till} 更换密钥`,
			Example: `When the cashier asks for new keys at "T1"`, ExampleZh: `当 收银员在 "T1" 更换密钥`,
			Is: "Presses key change, where the dialect has one.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.KeyChange})
			})},
		{Name: "operator-logs-in", En: `operator {text} logs in at {till}( with a wrong password)?(?: {count} times)?`, Zh: `操作员 {text} 在 {till} 登录(但密码错误)?(?: {count} 次)?`,
			Example: `When operator "01" logs in at "T1" with a wrong password 3 times`, ExampleZh: `当 操作员 "01" 在 "T1" 登录但密码错误 3 次`,
			Is: "Logs out whoever is in, then types number and password, so many times over.", do: atTill(1, logsIn)},
		{Name: "operator-changes-password", En: `operator {text} changes the password at {till} to {text}`, Zh: `操作员 {text} 在 {till} 把密码改为 {text}`,
			Example: `When operator "01" changes the password at "T1" to "0000"`, ExampleZh: `当 操作员 "01" 在 "T1" 把密码改为 "0000"`,
			Is: "Logs in with the right password and sets a new one, which the till may refuse.", do: atTill(1, changesPassword)},
		{Name: "operator-unlocks", En: `operator {text} unlocks operator {text} at {till}`, Zh: `操作员 {text} 在 {till} 解锁操作员 {text}`, Order: []int{0, 2, 1},
			Example: `When operator "00" unlocks operator "01" at "T1"`, ExampleZh: `当 操作员 "00" 在 "T1" 解锁操作员 "01"`,
			Is: "Logs in with the right password and unlocks the other.", do: atTill(2, operates(terminal.Unlock))},
		{Name: "swipes", En: `{who} swipes {amount} at {till}`, Zh: `{who}在 {till} 刷卡消费 {amount}`, Order: []int{0, 2, 1},
			Example: `When Bob swipes 10.00 CNY at "T1"`, ExampleZh: `当 小波在 "T1" 刷卡消费 10.00 元`,
			Is: "Sale, amount, a good swipe. If the till asks for a PIN, nobody enters one.", do: swipe},
		{Name: "swipes-with-pin", En: `{who} swipes {amount} at {till} and enters (?:her|his) PIN`, Zh: `{who}在 {till} 刷卡消费 {amount}并输入密码`, Order: []int{0, 2, 1},
			Example: `When Alice swipes 10.00 CNY at "T1" and enters her PIN`, ExampleZh: `当 小爱在 "T1" 刷卡消费 10.00 元并输入密码`,
			Is: "As swipes, and the right PIN if the till asks, once.", do: swipeAnd(rig.PINRight)},
		{Name: "swipes-pin-otherwise", En: `{who} swipes {amount} at {till} and (enters a wrong PIN|enters a wrong PIN, then the right one|enters only wrong PINs|cancels at the PIN)`,
			Zh: `{who}在 {till} 刷卡消费 {amount}并(输错密码|输错密码后改正|一直输错密码|在输密码时取消)`, Order: []int{0, 2, 1, 3},
			Example: `When Alice swipes 10.00 CNY at "T1" and enters a wrong PIN`, ExampleZh: `当 小爱在 "T1" 刷卡消费 10.00 元并输错密码`,
			Is: "Another PIN of the same length, or the cancel key. Whoever enters one wrong PIN presses cancel when he is asked again.", do: swipeOtherwise},
		{Name: "swipes-badly", En: `{who} swipes {amount} at {till} and the stripe cannot be read`, Zh: `{who}在 {till} 刷卡消费 {amount}但磁条读不出`, Order: []int{0, 2, 1},
			Example: `When Alice swipes 10.00 CNY at "T1" and the stripe cannot be read`, ExampleZh: `当 小爱在 "T1" 刷卡消费 10.00 元但磁条读不出`,
			Is: "The reader reports a bad swipe instead of tracks.", do: swipeBadly},
		{Name: "swipes-again", En: `{who} swipes again at {till}`, Zh: `{who}在 {till} 重新刷卡`,
			Example: `And Alice swipes again at "T1"`, ExampleZh: `并且 小爱在 "T1" 重新刷卡`,
			Is: "Goes on with a sale in which the till waits for a card: a good swipe, and the right PIN if asked.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.SwipeAgain(a.at(0)) })},
		{Name: "keys-in-card", En: `the cashier keys in {who}'s card( with a wrong digit)? for {amount} at {till}`, Zh: `收银员在 {till} 手工输入{who}的卡号(且错一位)?消费 {amount}`, Order: []int{3, 0, 1, 2},
			Example: `When the cashier keys in Bob's card for 10.00 CNY at "T1"`, ExampleZh: `当 收银员在 "T1" 手工输入小波的卡号消费 10.00 元`,
			Is: "Card number and expiry typed by hand; the right PIN if asked.", do: atTill(3, keysIn)},
		{Name: "reprints", En: `the cashier prints the last receipt again at {till}`, Zh: `收银员在 {till} 重印上一张签购单`,
			Example: `When the cashier prints the last receipt again at "T1"`, ExampleZh: `当 收银员在 "T1" 重印上一张签购单`,
			Is: "Presses reprint.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.Do(terminal.Event{Kind: terminal.Reprint}) })},
		{Name: "network-switch", En: `{till} changes from Wi-Fi to 4G`, Zh: `{till} 从 Wi-Fi 切换到 4G`,
			Example: `When "T1" changes from Wi-Fi to 4G`, ExampleZh: `当 "T1" 从 Wi-Fi 切换到 4G`,
			Is: "The open connection is gone; the next one goes over the other network.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Do(terminal.Event{Kind: terminal.SwitchNetwork, Network: "4g"})
			})},
		{Name: "starts-again", En: `{till} starts again`, Zh: `{till} 重新启动`,
			Example: `And "T1" starts again`, ExampleZh: `并且 "T1" 重新启动`,
			Is: "Power on over the same journal; cashier 01 logs in. A running till is switched off first.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.StartAgain() })},
		{Name: "time-passes", En: `{duration} pass(?:es)?`, Zh: `经过 {duration}`,
			Example: `When 10 minutes pass`, ExampleZh: `当 经过 10 分钟`,
			Is: "The virtual clock moves on and everything due happens. Needs @clock.", do: timePasses},
	}
}

// times reads how often something is done; "" is once.
func times(text string) (int, error) {
	if text == "" {
		return 1, nil
	}
	return strconv.Atoi(text)
}

func logsIn(_ *scenario, t *rig.Till, a args) error {
	times, err := times(a.at(3))
	if err != nil {
		return err
	}
	if t.Status().Operator != "" {
		if err := t.Do(terminal.Event{Kind: terminal.LogOut}); err != nil {
			return err
		}
	}
	if a.at(2) != "" {
		return t.LogInWrongly(a.at(0), times)
	}
	for range times {
		if err := t.LogIn(a.at(0)); err != nil {
			return err
		}
	}
	return nil
}

func changesPassword(s *scenario, t *rig.Till, a args) error {
	if err := logsIn(s, t, args{list: []string{a.at(0), a.at(1), "", ""}}); err != nil {
		return err
	}
	return t.Do(terminal.Event{Kind: terminal.SetPassword, Operator: a.at(0), Password: pay.NewSecret(a.at(2))})
}

func swipe(s *scenario, a args) error { return swipeAnd(rig.PINNobody)(s, a) }

func swipeAnd(act rig.PINAct) func(*scenario, args) error {
	return atTill(2, func(_ *scenario, t *rig.Till, a args) error {
		amount, err := pay.ParseAmount(a.at(1))
		if err != nil {
			return err
		}
		return t.Swipe(a.at(0), amount, act)
	})
}

func swipeOtherwise(s *scenario, a args) error {
	acts := map[string]rig.PINAct{"enters a wrong PIN": rig.PINWrong, "cancels at the PIN": rig.PINCancel,
		"enters a wrong PIN, then the right one": rig.PINCorrected, "enters only wrong PINs": rig.PINNever}
	return swipeAnd(acts[a.at(3)])(s, a)
}

func swipeBadly(s *scenario, a args) error {
	return atTill(2, func(_ *scenario, t *rig.Till, a args) error {
		amount, err := pay.ParseAmount(a.at(1))
		if err != nil {
			return err
		}
		return t.SwipeBadly(a.at(0), amount)
	})(s, a)
}

func keysIn(_ *scenario, t *rig.Till, a args) error {
	amount, err := pay.ParseAmount(a.at(2))
	if err != nil {
		return err
	}
	return t.KeyIn(a.at(0), amount, a.at(1) != "")
}

func timePasses(s *scenario, a args) error {
	d, err := time.ParseDuration(a.at(0))
	if err != nil {
		return err
	}
	return s.world.Pass(d)
}

// testerSteps send what no till would.
func testerSteps() []Step {
	return []Step{
		{Name: "sends-without", En: `{till} is made to send an? {flow} without {field}`, Zh: `令 {till} 发出缺少 {field} 的{flow}`, Order: []int{0, 2, 1},
			Example: `When "T1" is made to send a sale without F4`, ExampleZh: `当 令 "T1" 发出缺少 F4 的消费`,
			Is: "A tester's message beside the till's machine: a good one but for the field, sealed with the till's MAK. The answer is awaited.",
			do: sends(func(m *iso8583.Message, a args) error { return m.UnsetNamed(a.at(2)) })},
		{Name: "sends-with", En: `{till} is made to send an? {flow} with {field} {text}`, Zh: `令 {till} 发出 {field} 为 {text} 的{flow}`, Order: []int{0, 2, 3, 1},
			Example: `When "T1" is made to send a sale with F49 "999"`, ExampleZh: `当 令 "T1" 发出 F49 为 "999" 的消费`,
			Is: "As above, with another value in the field.",
			do: sends(func(m *iso8583.Message, a args) error { return m.SetNamed(a.at(2), a.at(3)) })},
		{Name: "sends-mixed", En: `{till} is made to send a sale with {who}'s card number and {who}'s stripe`, Zh: `令 {till} 发出卡号为{who}而磁道为{who}的消费`,
			Example: `When "T1" is made to send a sale with Alice's card number and Bob's stripe`, ExampleZh: `当 令 "T1" 发出卡号为小爱而磁道为小波的消费`,
			Is: "As above, with the card number of one and track 2 of the other.",
			do: onTill(func(_ *scenario, t *rig.Till, a args) error { return t.SendMixed(a.at(1), a.at(2)) })},
		{Name: "sends-again", En: `{till} is made to send {message} again`, Zh: `令 {till} 再次发出{message}`,
			Example: `When "T1" is made to send the 1st sale again`, ExampleZh: `当 令 "T1" 再次发出第 1 笔消费`,
			Is: "The very bytes of that request once more. The answer is awaited.", do: onTill(sendsAgain)},
		{Name: "sends-again-with", En: `{till} is made to send {message} again with {field} {text}`, Zh: `令 {till} 再次发出{message}，{field} 为 {text}`,
			Example: `When "T1" is made to send the 1st sale again with trace "000099"`, ExampleZh: `当 令 "T1" 再次发出第 1 笔消费，trace 为 "000099"`,
			Is: "That request once more with another value in the field, sealed with the till's MAK. The answer is awaited.", do: onTill(sendsAgainWith)},
		{Name: "sends-garbage", En: `{till} is made to send garbage`, Zh: `令 {till} 发出乱码`,
			Example: `When "T1" is made to send garbage`, ExampleZh: `当 令 "T1" 发出乱码`,
			Is: "A well-framed frame that nobody can read. No answer is awaited.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.SendGarbage() })},
	}
}

func sends(edit func(*iso8583.Message, args) error) func(*scenario, args) error {
	return onTill(func(_ *scenario, t *rig.Till, a args) error {
		return t.SendMade(pay.Flow(a.at(1)), func(m *iso8583.Message) error { return edit(m, a) })
	})
}

func sendsAgain(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	return t.SendAgain(c.Message)
}

func sendsAgainWith(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	return t.SendAgainWith(c, func(m *iso8583.Message) error { return m.SetNamed(a.at(2), a.at(3)) })
}
