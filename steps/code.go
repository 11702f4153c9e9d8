package steps

import (
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// codeSteps are about phones that show payers' codes, and the scanners that read them.
func codeSteps() []Step {
	return []Step{
		{Name: "shows-phone", En: `{who} shows (?:her|his) phone for {amount} at {till}`, Zh: `{who}在 {till} 出示付款码支付 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice shows her phone for 10.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 出示付款码支付 10.00 元`,
			Is: "Sale, amount, a fresh payer's code before the scanner; the right PIN if asked.", do: showsPhone(rig.PhoneShown{}, rig.PINRight)},
		{Name: "shows-phone-pin-otherwise", En: `{who} shows (?:her|his) phone for {amount} at {till} and (enters a wrong PIN|enters a wrong PIN, then the right one|cancels at the PIN)`,
			Zh: `{who}在 {till} 出示付款码支付 {amount}并(输错密码|输错密码后改正|在输密码时取消)`, Order: []int{0, 2, 1, 3},
			Example: `When Alice shows her phone for 1500.00 CNY at "T1" and enters a wrong PIN`, ExampleZh: `当 小爱在 "T1" 出示付款码支付 1500.00 元并输错密码`,
			Is: "As above, with another PIN of the same length, or the cancel key.", do: func(s *scenario, a args) error {
				acts := map[string]rig.PINAct{"enters a wrong PIN": rig.PINWrong, "enters a wrong PIN, then the right one": rig.PINCorrected, "cancels at the PIN": rig.PINCancel}
				return showsPhone(rig.PhoneShown{}, acts[a.at(3)])(s, a)
			}},
		{Name: "shows-phone-badly", En: `{who} shows (?:her|his) phone for {amount} at {till}, but (half of the code is hidden|the screen is smeared|the screen is off)`,
			Zh: `{who}在 {till} 出示付款码支付 {amount}，但(付款码被遮住一半|屏幕有污渍|屏幕已熄灭)`, Order: []int{0, 2, 1, 3},
			Example: `When Alice shows her phone for 10.00 CNY at "T1", but the screen is off`, ExampleZh: `当 小爱在 "T1" 出示付款码支付 10.00 元，但屏幕已熄灭`,
			Is: "A picture that no scanner can read. Once.", do: func(s *scenario, a args) error {
				return showsPhone(rig.PhoneShown{Screen: screens[a.at(3)]}, rig.PINRight)(s, a)
			}},
		{Name: "shows-phone-again", En: `{who} shows (?:her|his) phone again at {till}`, Zh: `{who}在 {till} 重新出示付款码`,
			Example: `And Alice shows her phone again at "T1"`, ExampleZh: `并且 小爱在 "T1" 重新出示付款码`,
			Is: "Goes on with an order in which the till waits for a card: a fresh code, and the right PIN if asked.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.PresentAgain(a.at(0), rig.ByPhone) })},
		{Name: "shows-phone-badly-again", En: `{who} shows (?:her|his) phone again at {till}, but (half of the code is hidden|the screen is smeared|the screen is off)`,
			Zh:      `{who}在 {till} 重新出示付款码，但(付款码被遮住一半|屏幕有污渍|屏幕已熄灭)`,
			Example: `And Alice shows her phone again at "T1", but the screen is off`, ExampleZh: `并且 小爱在 "T1" 重新出示付款码，但屏幕已熄灭`,
			Is: "The same, and no scanner can read it.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error {
				return t.ShowAgain(a.at(0), rig.PhoneShown{Screen: screens[a.at(2)]})
			})},
		{Name: "photographs", En: `somebody photographs {who}'s code`, Zh: `有人拍下{who}的付款码`,
			Example: `Given somebody photographs Alice's code`, ExampleZh: `假如 有人拍下小爱的付款码`,
			Is: "The code that the phone shows now; the next time it shows another.", do: func(s *scenario, a args) error { return s.world.Photograph(a.at(0)) }},
		{Name: "shows-photograph", En: `the photograph of {who}'s code is shown for {amount} at {till}`, Zh: `在 {till} 出示{who}付款码的照片支付 {amount}`, Order: []int{2, 0, 1},
			Example: `When the photograph of Alice's code is shown for 10.00 CNY at "T1"`, ExampleZh: `当 在 "T1" 出示小爱付款码的照片支付 10.00 元`,
			Is: "Sale, amount, and that picture before the scanner.", do: showsPhone(rig.PhoneShown{Photo: true}, rig.PINNobody)},
		{Name: "shows-at-once", En: `the photograph of {who}'s code is shown for {amount} at {till} and {till} at once`, Zh: `在 {till} 和 {till} 同时出示{who}付款码的照片支付 {amount}`,
			Order:   []int{2, 3, 0, 1},
			Example: `When the photograph of Alice's code is shown for 10.00 CNY at "T1" and "T2" at once`, ExampleZh: `当 在 "T1" 和 "T2" 同时出示小爱付款码的照片支付 10.00 元`,
			Is: "Both scanners see it before either till has an answer.", do: showsAtOnce},
		{Name: "shows-other-code", En: `{who} shows a (WeChat code|Alipay code|digital RMB code|UnionPay code that nobody gave|web address) for {amount} at {till}`,
			Zh: `{who}在 {till} 出示(微信付款码|支付宝付款码|数字人民币付款码|无人签发的银联付款码|网址二维码)支付 {amount}`, Order: []int{0, 3, 1, 2},
			Example: `When Alice shows a WeChat code for 10.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 出示微信付款码支付 10.00 元`,
			Is: "A code that can be read and that her bank has not given.", do: func(s *scenario, a args) error {
				return showsPhone(rig.PhoneShown{Text: otherCodes[a.at(1)]}, rig.PINNobody)(s, args{list: []string{a.at(0), a.at(2), a.at(3)}})
			}},
		{Name: "no-scanner", En: `{till} has no scanner`, Zh: `{till} 没有扫码器`,
			Example: `Given "T1" has no scanner`, ExampleZh: `假如 "T1" 没有扫码器`,
			Is: "A till as they were before. It starts again and has yet to sign in.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Rewire(func(c *terminal.Config) { c.Scanner = false })
			})},
		{Name: "has-refunded-without-card", En: `{who} has {amount} of {message} refunded at {till} without a card`, Zh: `{who}在 {till} 无卡就{message}退货 {amount}`, Order: []int{0, 3, 2, 1},
			Example: `When Alice has 5.00 CNY of the 1st sale refunded at "T2" without a card`, ExampleZh: `当 小爱在 "T2" 无卡就第 1 笔消费退货 5.00 元`,
			Is: "As a refund, and the cashier presses the green key where the till asks for a card: it was paid by code.", do: func(s *scenario, a args) error {
				return onOriginal(3, func(of pay.Flow, a args) (rig.Order, error) {
					o, err := refund(of, a)
					o.NoCard = true
					return o, err
				})(s, args{list: []string{a.at(0), a.at(2), a.at(1), a.at(3), ""}})
			}},
		{Name: "carries-code", En: `{message} carries the code of {who}'s phone and no card`, Zh: `{message}带有{who}的付款码且无卡号`,
			Example: `And the 1st sale carries the code of Alice's phone and no card`, ExampleZh: `并且 第 1 笔消费带有小爱的付款码且无卡号`,
			Is: "In F59, tag A3, the last code that the phone has shown; no card number, no track.", do: carriesCode},
		{Name: "no-output-holds-code", En: `no output holds a code of {who}'s phone`, Zh: `任何输出都不含{who}的付款码`,
			Example: `And no output holds a code of Alice's phone`, ExampleZh: `并且 任何输出都不含小爱的付款码`,
			Is: "Trace, screens, receipts, journals and the control door's answers, in ASCII, packed digits, hex and base64.", do: func(s *scenario, a args) error {
				secrets, err := s.world.CodeSecrets(a.at(0))
				return noLeak(s, secrets, err)
			}},
	}
}

var screens = map[string]card.Screen{"half of the code is hidden": card.ScreenTorn, "the screen is smeared": card.ScreenSmeared, "the screen is off": card.ScreenOff}

// otherCodes are none that an issuer here has given (DOMAIN.md E.3).
var otherCodes = map[string]string{"WeChat code": "134567890123456789", "Alipay code": "284567890123456789", "digital RMB code": "0123456789012345678",
	"UnionPay code that nobody gave": "6201000000000000000", "web address": "https://noodles.example/menu"}

// showsPhone sells to whatever the scanner sees of a phone.
func showsPhone(shown rig.PhoneShown, act rig.PINAct) func(*scenario, args) error {
	return atTill(2, func(_ *scenario, t *rig.Till, a args) error {
		amount, err := pay.ParseAmount(a.at(1))
		if err != nil {
			return err
		}
		return t.Order(rig.Order{Flow: pay.Sale, Amount: amount, Who: a.at(0), By: rig.ByPhone, Phone: shown, PIN: act})
	})
}

func showsAtOnce(s *scenario, a args) error {
	amount, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	var tills []*rig.Till
	for _, name := range []string{a.at(2), a.at(3)} {
		t, err := s.till(name)
		if err != nil {
			return err
		}
		tills = append(tills, t)
	}
	return s.world.ShowAtOnce(a.at(0), amount, tills...)
}

func carriesCode(s *scenario, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	if c.Message.Has(iso8583.PAN) || c.Message.Has(iso8583.Track2) {
		return failed(c.Name(), "no card", "a card number or a track")
	}
	is, err := s.world.IsCodeOf(a.at(1), c.Message.DeviceValue(iso8583.DeviceA3PayerCode))
	if err == nil && !is {
		err = failed(c.Name()+", "+iso8583.DeviceData.String(), "A3 with the code of "+a.at(1)+"'s phone", "another, or none")
	}
	return err
}
