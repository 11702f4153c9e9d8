package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/rig"
)

// cardSteps are about the chip itself: how it comes to the till, who stands between, what it said and what it keeps.
func cardSteps() []Step {
	return []Step{
		{Name: "chip-has-paid", En: `{who}'s chip has paid {count} times before`, Zh: `{who}的芯片此前已交易 {count} 次`,
			Example: `Given Alice's chip has paid 65535 times before`, ExampleZh: `假如 小爱的芯片此前已交易 65535 次`,
			Is: "Where its transaction counter (9F36) stands; its issuer knows nothing of that.", do: chipHasPaid},
		{Name: "chip-comes-with-tries", En: `{who}'s chip comes with {count} PIN (?:try|tries) left`, Zh: `{who}的芯片只剩 {count} 次密码尝试`,
			Example: `Given Alice's chip comes with 1 PIN try left`, ExampleZh: `假如 小爱的芯片只剩 1 次密码尝试`,
			Is: "Of the PIN that the chip itself compares.", do: func(s *scenario, a args) error {
				n, err := strconv.Atoi(a.at(1))
				if err != nil {
					return err
				}
				return s.world.ChangeChip(a.at(0), func(c *card.Spec) { c.TriesLeft = &n })
			}},
		{Name: "shim", En: `a shim (repeats|garbles|tapes and plays back) {text} to {who}'s chip`, Zh: `中间人(重复|篡改|录下并重放)发给{who}的芯片的 {text}`, Order: []int{0, 2, 1},
			Example: `Given a shim repeats "VERIFY" to Alice's chip`, ExampleZh: `假如 中间人重复发给小爱的芯片的 "VERIFY"`,
			Is: "Somebody between reader and chip: each such command reaches the chip twice, or with another last byte, or says what the first one said.", do: func(s *scenario, a args) error {
				kinds := map[string]card.FaultKind{"repeats": card.FaultRepeated, "garbles": card.FaultGarbled, "tapes and plays back": card.FaultReplayed}
				return s.world.SpoilChip(a.at(2), card.Fault{Do: kinds[a.at(0)], Command: a.at(1)})
			}},
		{Name: "shim-hides-warnings", En: `a shim hides the warnings of {who}'s chip`, Zh: `中间人隐瞒{who}的芯片的警告`,
			Example: `Given a shim hides the warnings of Alice's chip`, ExampleZh: `假如 中间人隐瞒小爱的芯片的警告`,
			Is: "The reader sees 9000 where the chip said 62xx, such as 6283: this application is blocked.", do: func(s *scenario, a args) error {
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultUnwarned})
			}},
		{Name: "chip-begins-elsewhere", En: `somebody has {who}'s chip begin {count} payments`, Zh: `有人用{who}的芯片开始了 {count} 笔交易`,
			Example: `Given somebody has Alice's chip begin 1500 payments`, ExampleZh: `假如 有人用小爱的芯片开始了 1500 笔交易`,
			Is: "At no till of ours: its transaction counter moves, and its issuer hears nothing.", do: func(s *scenario, a args) error {
				n, err := strconv.Atoi(a.at(1))
				if err != nil {
					return err
				}
				return s.world.Begin(a.at(0), n)
			}},
		{Name: "stripe-is", En: `{who}'s stripe is (scratched|scratched on track 1|scratched on track 2|written with what the chip says|half written over)`,
			Zh:      `{who}的磁条(被刮花|第一磁道被刮花|第二磁道被刮花|是按芯片数据写成的|被改写了一半)`,
			Example: `Given Alice's stripe is scratched`, ExampleZh: `假如 小爱的磁条被刮花`,
			Is: "One digit of each track, or of one, reads as another and the check character does not fit; or somebody wrote the stripe with the chip's track, or another card's number on track 1.",
			do: func(s *scenario, a args) error {
				faults := map[string]rig.StripeFault{"scratched": rig.StripeScratched, "scratched on track 1": rig.StripeScratched1,
					"scratched on track 2": rig.StripeScratched2, "written with what the chip says": rig.StripeFromChip, "half written over": rig.StripeHalf}
				return s.world.SpoilStripe(a.at(0), faults[a.at(1)])
			}},
		{Name: "chip-carries-track", En: `{who}'s chip carries {who}'s track`, Zh: `{who}的芯片带有{who}的磁道数据`,
			Example: `Given Alice's chip carries Bob's track`, ExampleZh: `假如 小爱的芯片带有小波的磁道数据`,
			Is: "Track 2 equivalent data of another card, beside the card number of this one.",
			do: func(s *scenario, a args) error { return s.world.TrackOnChip(a.at(0), a.at(1), false) }},
		{Name: "chip-carries-stripe", En: `{who}'s chip carries the track of (?:her|his) stripe`, Zh: `{who}的芯片抄了自己磁条上的数据`,
			Example: `Given Alice's chip carries the track of her stripe`, ExampleZh: `假如 小爱的芯片抄了自己磁条上的数据`,
			Is: "Track 2 equivalent data with the stripe's verification value, as a forger has it who knows the stripe.",
			do: func(s *scenario, a args) error { return s.world.TrackOnChip(a.at(0), a.at(0), true) }},
		{Name: "chip-answered", En: `{who}'s chip answered {text} with {text}`, Zh: `{who}的芯片对 {text} 应答了 {text}`,
			Example: `Then Alice's chip answered "VERIFY" with "6985"`, ExampleZh: `那么 小爱的芯片对 "VERIFY" 应答了 "6985"`,
			Is: "The status word of the last such command; a command is named by the beginning of its name.", do: chipAnswered},
		{Name: "chip-never-asked", En: `{who}'s chip was never sent {text}`, Zh: `{who}的芯片从未收到 {text}`,
			Example: `And Alice's chip was never sent "EXTERNAL AUTHENTICATE"`, ExampleZh: `并且 小爱的芯片从未收到 "EXTERNAL AUTHENTICATE"`,
			Is: "No such command reached the chip.", do: chipNeverAsked},
		{Name: "chip-has-tries", En: `{who}'s chip has {count} PIN (?:try|tries) left`, Zh: `{who}的芯片还有 {count} 次密码尝试`,
			Example: `And Alice's chip has 2 PIN tries left`, ExampleZh: `并且 小爱的芯片还有 2 次密码尝试`,
			Is: "What the chip keeps (9F17).", do: keeps("PIN tries", func(c card.State) int { return c.Tries })},
		{Name: "chip-has-logged", En: `{who}'s chip has logged {count} payments?`, Zh: `{who}的芯片记录了 {count} 笔交易`,
			Example: `And Alice's chip has logged 1 payment`, ExampleZh: `并且 小爱的芯片记录了 1 笔交易`,
			Is: "Entries of its own log of payments.", do: keeps("logged payments", func(c card.State) (n int) {
				for _, a := range c.Apps {
					n += len(a.Log)
				}
				return n
			})},
	}
}

func chipHasPaid(s *scenario, a args) error {
	n, err := strconv.ParseUint(a.at(1), 10, 16)
	if err != nil {
		return fmt.Errorf("a chip counts to 65535: %w", err)
	}
	return s.world.ChangeChip(a.at(0), func(c *card.Spec) {
		for _, app := range c.Applications {
			app.ATC = uint16(n)
		}
	})
}

func chipAnswered(s *scenario, a args) error {
	said, err := s.world.ChipSaid(a.at(0))
	if err != nil {
		return err
	}
	for _, x := range slices.Backward(said) {
		if strings.HasPrefix(x.Command, a.at(1)) {
			return equal(a.at(0)+"'s chip, "+a.at(1), a.at(2), x.SW.String())
		}
	}
	return failed(a.at(0)+"'s chip, "+a.at(1), a.at(2), "it was never asked")
}

func chipNeverAsked(s *scenario, a args) error {
	said, err := s.world.ChipSaid(a.at(0))
	for _, x := range said {
		if strings.HasPrefix(x.Command, a.at(1)) {
			return failed(a.at(0)+"'s chip", "no "+a.at(1), x.Command+": "+x.SW.String())
		}
	}
	return err
}

// keeps holds a number to what a chip keeps.
func keeps(what string, number func(card.State) int) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		state, err := s.world.ChipState(a.at(0))
		if err != nil {
			return err
		}
		return equal(a.at(0)+"'s chip, "+what, a.at(1), strconv.Itoa(number(state)))
	}
}
