package steps

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// chipSteps are what cardholders do with a chip.
func chipSteps() []Step {
	return []Step{
		{Name: "chip-is-ill", En: `{who}'s chip (is dead|is a copy with other keys|does not answer)`, Zh: `{who}的芯片(无复位应答|是密钥不同的伪卡|没有响应)`,
			Example: `Given Alice's chip is dead`, ExampleZh: `假如 小爱的芯片无复位应答`,
			Is: "What is wrong with the chip, from its first use on.", do: func(s *scenario, a args) error {
				if a.at(1) == "is a copy with other keys" {
					return s.world.CopyChip(a.at(0))
				}
				kinds := map[string]card.FaultKind{"is dead": card.FaultDead, "does not answer": card.FaultFrozen}
				return s.world.SpoilChip(a.at(0), card.Fault{Do: kinds[a.at(1)]})
			}},
		{Name: "chip-answers", En: `{who}'s chip answers {text} with {text}`, Zh: `{who}的芯片对 {text} 应答 {text}`,
			Example: `Given Alice's chip answers "EXTERNAL AUTHENTICATE" with "6300"`, ExampleZh: `假如 小爱的芯片对 "EXTERNAL AUTHENTICATE" 应答 "6300"`,
			Is: "A status word instead of what the chip would do, at each of these commands.", do: func(s *scenario, a args) error {
				status, err := hex.DecodeString(a.at(2))
				if err != nil {
					return fmt.Errorf("status %q: want four hex digits", a.at(2))
				}
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultStatus, Command: a.at(1), Status: status})
			}},
		{Name: "chip-is-taken-out", En: `{who} takes (?:her|his) card away at the {count}(?:st|nd|rd|th) {text}`, Zh: `{who}在第 {count} 次 {text} 时取走卡片`,
			Example: `Given Alice takes her card away at the 2nd "READ RECORD"`, ExampleZh: `假如 小爱在第 2 次 "READ RECORD" 时取走卡片`,
			Is: "The card is gone before that command reaches it.", do: func(s *scenario, a args) error {
				n, err := strconv.Atoi(a.at(1))
				if err != nil {
					return err
				}
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultTorn, Command: a.at(2), Nth: n})
			}},
		{Name: "inserts", En: `{who} inserts (?:her|his) card for {amount} at {till}`, Zh: `{who}在 {till} 插卡消费 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice inserts her card for 10.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 插卡消费 10.00 元`,
			Is: "Sale, amount, the chip in the slot; the right PIN if asked.", do: presents(rig.ByChip, rig.PINRight)},
		{Name: "inserts-pin-otherwise", En: `{who} inserts (?:her|his) card for {amount} at {till} and (enters a wrong PIN|cancels at the PIN)`,
			Zh: `{who}在 {till} 插卡消费 {amount}并(输错密码|在输密码时取消)`, Order: []int{0, 2, 1, 3},
			Example: `When Alice inserts her card for 10.00 CNY at "T1" and enters a wrong PIN`, ExampleZh: `当 小爱在 "T1" 插卡消费 10.00 元并输错密码`,
			Is: "Another PIN of the same length, or the cancel key. Once.", do: func(s *scenario, a args) error {
				acts := map[string]rig.PINAct{"enters a wrong PIN": rig.PINWrong, "cancels at the PIN": rig.PINCancel}
				return presents(rig.ByChip, acts[a.at(3)])(s, a)
			}},
		{Name: "inserts-again", En: `{who} inserts (?:her|his) card again at {till}`, Zh: `{who}在 {till} 重新插卡`,
			Example: `And Alice inserts her card again at "T1"`, ExampleZh: `并且 小爱在 "T1" 重新插卡`,
			Is: "Goes on with an order in which the till waits for a card; the right PIN if asked.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.PresentAgain(a.at(0), rig.ByChip) })},
		{Name: "taps", En: `{who} taps (?:her|his) card for {amount} at {till}`, Zh: `{who}在 {till} 挥卡消费 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice taps her card for 10.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 挥卡消费 10.00 元`,
			Is: "Sale, amount, the chip in the field; the right PIN if asked.", do: presents(rig.ByTap, rig.PINRight)},
	}
}

// presents sells with a card that is given in that way.
func presents(by rig.Presented, act rig.PINAct) func(*scenario, args) error {
	return atTill(2, func(_ *scenario, t *rig.Till, a args) error {
		amount, err := pay.ParseAmount(a.at(1))
		if err != nil {
			return err
		}
		return t.Order(rig.Order{Flow: pay.Sale, Amount: amount, Who: a.at(0), PIN: act, By: by})
	})
}
