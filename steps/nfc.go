package steps

import (
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// nfcSteps are about cards and phones that are held to the reader.
func nfcSteps() []Step {
	return []Step{
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
