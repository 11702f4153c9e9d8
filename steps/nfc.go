package steps

import (
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// nfcSteps are about cards and phones that are held to the reader.
func nfcSteps() []Step {
	return []Step{
		{Name: "confirms", En: `{who} confirms on (?:her|his) phone`, Zh: `{who}在手机上确认`,
			Example: `And Alice confirms on her phone`, ExampleZh: `并且 小爱在手机上确认`,
			Is: "Finger, face or code; it serves for one tap.", do: func(s *scenario, a args) error { return s.world.Confirm(a.at(0)) }},
		{Name: "taps-again", En: `{who} taps (?:her|his) (?:card|phone) again at {till}`, Zh: `{who}在 {till} 重新挥(?:卡|手机)`,
			Example: `And Alice taps her card again at "T1"`, ExampleZh: `并且 小爱在 "T1" 重新挥卡`,
			Is: "Goes on with an order in which the till waits for a card; the right PIN if asked.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.PresentAgain(a.at(0), rig.ByTap) })},
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
