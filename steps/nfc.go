package steps

import (
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// nfcSteps are about cards and phones that are held to the reader.
func nfcSteps() []Step {
	return []Step{
		{Name: "no-field", En: `{till} has no contactless reader`, Zh: `{till} 没有非接触读卡器`,
			Example: `Given "T1" has no contactless reader`, ExampleZh: `假如 "T1" 没有非接触读卡器`,
			Is: "A card that is held to it is not noticed. Comes before the sign-in.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Rewire(func(c *terminal.Config) { c.NoField = true })
			})},
		{Name: "card-beside", En: `another card lies beside {who}'s`, Zh: `{who}的卡旁边还有一张卡`,
			Example: `Given another card lies beside Alice's`, ExampleZh: `假如 小爱的卡旁边还有一张卡`,
			Is: "Two cards answer the reader at the first tap; then the other one is taken away.", do: func(s *scenario, a args) error {
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultTwoCards, Nth: 1})
			}},
		{Name: "leaves-field", En: `{who}'s (?:card|phone) leaves the field before its answer to {text} is through`, Zh: `{who}的(?:卡|手机)在对 {text} 的应答传完前离开感应区`,
			Example: `Given Alice's card leaves the field before its answer to "GET PROCESSING OPTIONS" is through`, ExampleZh: `假如 小爱的卡在对 "GET PROCESSING OPTIONS" 的应答传完前离开感应区`,
			Is: "The chip has done it, and the reader never knows; the first time only.", do: func(s *scenario, a args) error {
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultLost, Command: a.at(1), Nth: 1})
			}},
		{Name: "confirms", En: `{who} confirms on (?:her|his) phone`, Zh: `{who}在手机上确认`,
			Example: `And Alice confirms on her phone`, ExampleZh: `并且 小爱在手机上确认`,
			Is: "Finger, face or code; it serves for one tap.", do: func(s *scenario, a args) error { return s.world.Confirm(a.at(0)) }},
		{Name: "taps-again", En: `{who} taps (?:her|his) (?:card|phone) again at {till}`, Zh: `{who}在 {till} 重新挥(?:卡|手机)`,
			Example: `And Alice taps her card again at "T1"`, ExampleZh: `并且 小爱在 "T1" 重新挥卡`,
			Is: "Goes on with an order in which the till waits for a card; the right PIN if asked.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.PresentAgain(a.at(0), rig.ByTap) })},
		{Name: "taps-pin-otherwise", En: `{who} taps (?:her|his) card for {amount} at {till} and (enters a wrong PIN|cancels at the PIN)`,
			Zh: `{who}在 {till} 挥卡消费 {amount}并(输错密码|在输密码时取消)`, Order: []int{0, 2, 1, 3},
			Example: `When Alice taps her card for 2000.00 CNY at "T1" and enters a wrong PIN`, ExampleZh: `当 小爱在 "T1" 挥卡消费 2000.00 元并输错密码`,
			Is: "Another PIN of the same length, or the cancel key. Once.", do: func(s *scenario, a args) error {
				return presents(rig.ByTap, pinActs[a.at(3)])(s, a)
			}},
		{Name: "chip-taps-at-most", En: `{who}'s chip pays at most {amount} without contacts`, Zh: `{who}的芯片非接触单笔最多支付 {amount}`,
			Example: `Given Alice's chip pays at most 300.00 CNY without contacts`, ExampleZh: `假如 小爱的芯片非接触单笔最多支付 300.00 元`,
			Is: "A limit that the issuer has put into the card: over it the card wants its contacts (6985).", do: func(s *scenario, a args) error {
				most, err := pay.ParseAmount(a.at(1))
				if err != nil {
					return err
				}
				return s.world.ChangeChip(a.at(0), func(c *card.Spec) {
					for _, app := range c.Applications {
						app.Risk.TapMost = most
					}
				})
			}},
	}
}
