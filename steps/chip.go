package steps

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// chipSteps are what cardholders do with a chip.
func chipSteps() []Step {
	return []Step{
		{Name: "chip-is-ill", En: `{who}'s chip (is dead|is a copy with other keys|does not answer|declines everything)`, Zh: `{who}的芯片(无复位应答|是密钥不同的伪卡|没有响应|一律拒绝)`,
			Example: `Given Alice's chip is dead`, ExampleZh: `假如 小爱的芯片无复位应答`,
			Is: "What is wrong with the chip, from its first use on.", do: func(s *scenario, a args) error {
				if a.at(1) == "is a copy with other keys" {
					return s.world.CopyChip(a.at(0))
				}
				faults := map[string]card.Fault{"is dead": {Do: card.FaultDead}, "does not answer": {Do: card.FaultFrozen},
					"declines everything": {Do: card.FaultForced, Kind: "AAC"}}
				return s.world.SpoilChip(a.at(0), faults[a.at(1)])
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
		{Name: "inserts-pin-otherwise", En: `{who} inserts (?:her|his) card for {amount} at {till} and (enters a wrong PIN|cancels at the PIN|enters no PIN|enters a wrong PIN and then the right one|enters no right PIN)`,
			Zh: `{who}在 {till} 插卡消费 {amount}并(输错密码|在输密码时取消|不输密码|先输错再输对密码|一直输错密码)`, Order: []int{0, 2, 1, 3},
			Example: `When Alice inserts her card for 10.00 CNY at "T1" and enters a wrong PIN`, ExampleZh: `当 小爱在 "T1" 插卡消费 10.00 元并输错密码`,
			Is: "Another PIN of the same length, the cancel key, or the green key alone. Once, but no right PIN: as often as the till asks.", do: func(s *scenario, a args) error {
				return presents(rig.ByChip, pinActs[a.at(3)])(s, a)
			}},
		{Name: "bank-commands", En: `{who}'s bank has the chip (block the application|unblock the application|unblock the PIN|block itself)( before its last word)?`, Zh: `{who}的银行令芯片(锁定应用|解锁应用|解锁密码|锁定卡片)(，先于最后的应答)?`,
			Example: `Given Alice's bank has the chip block the application`, ExampleZh: `假如 小爱的银行令芯片锁定应用`,
			Is: "A script that the issuer sends with its next answers over contacts, until the chip's terminal has told that it is done; before or after the last cryptogram.", do: bankCommands},
		{Name: "bank-changes-pin", En: `{who}'s bank has the chip change the PIN`, Zh: `{who}的银行令芯片更改密码`,
			Example: `Given Alice's bank has the chip change the PIN`, ExampleZh: `假如 小爱的银行令芯片更改密码`,
			Is: "To what the cardholder otherwise enters as a wrong PIN; enciphered, with the issuer's next answers over contacts.", do: func(s *scenario, a args) error {
				return s.world.ChangePIN(a.at(0))
			}},
		{Name: "bank-commands-left", En: `{who}'s bank has {count} commands? left for the chip`, Zh: `{who}的银行还有 {count} 条芯片指令未完成`,
			Example: `And Alice's bank has 0 commands left for the chip`, ExampleZh: `并且 小爱的银行还有 0 条芯片指令未完成`,
			Is: "Scripts that the issuer does not know to be done.", do: commandsLeft},
		{Name: "chip-data-say", En: `the chip data of {message} say`, Zh: `{message}的芯片数据为`, Table: true,
			Example: `And the chip data of the 1st sale say`, ExampleZh: `并且 第 1 笔消费的芯片数据为`,
			Is: "Tag and value in hex of F55; * is any value, an empty one says that the tag is not there.", do: chipDataSay},
		{Name: "inserts-again", En: `{who} inserts (?:her|his) card again at {till}`, Zh: `{who}在 {till} 重新插卡`,
			Example: `And Alice inserts her card again at "T1"`, ExampleZh: `并且 小爱在 "T1" 重新插卡`,
			Is: "Goes on with an order in which the till waits for a card; the right PIN if asked.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.PresentAgain(a.at(0), rig.ByChip) })},
		{Name: "taps", En: `{who} taps (?:her|his) (?:card|phone) for {amount} at {till}`, Zh: `{who}在 {till} 挥(?:卡|手机)消费 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice taps her card for 10.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 挥卡消费 10.00 元`,
			Is: "Sale, amount, the chip in the field; the right PIN if asked.", do: presents(rig.ByTap, rig.PINRight)},
	}
}

// pinActs are what cardholders do at the PIN.
var pinActs = map[string]rig.PINAct{"enters a wrong PIN": rig.PINWrong, "cancels at the PIN": rig.PINCancel, "enters no PIN": rig.PINBypass,
	"enters a wrong PIN and then the right one": rig.PINCorrected, "enters no right PIN": rig.PINNever}

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

func bankCommands(s *scenario, a args) error {
	c, err := s.world.Card(a.at(0))
	if err != nil {
		return err
	}
	commands := map[string]string{"block the application": "block-application", "unblock the application": "unblock-application", "unblock the PIN": "unblock-pin", "block itself": "block-card"}
	return s.world.Arrange(rig.Arrangement{Party: "issuer", Card: c.Name, Command: commands[a.at(1)], Before: a.at(2) != ""})
}

func commandsLeft(s *scenario, a args) error {
	c, err := s.world.Card(a.at(0))
	if err != nil {
		return err
	}
	state, err := s.world.Look()
	if err != nil {
		return err
	}
	return equal("commands for "+c.Name+"'s chip", a.at(1), strconv.Itoa(state.Commands[c.Name]))
}

func chipDataSay(s *scenario, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	objects, err := tlv.Parse([]byte(c.Message.Get(iso8583.Chip)), tlv.Strict)
	if err != nil {
		return err
	}
	for _, row := range a.table.Rows[1:] {
		tag, want := row.Cells[0].Value, row.Cells[1].Value
		n, err := strconv.ParseUint(tag, 16, 32)
		if err != nil {
			return fmt.Errorf("tag %q: want hex digits", tag)
		}
		o, found := objects.Find(tlv.Tag(n))
		got := fmt.Sprintf("%X", o.Value)
		if want == "*" && found {
			continue
		}
		if tlv.Tag(n) == emv.Tag9F36ATC && !s.world.Fresh() { // the chip's earlier payments count
			return rig.ErrNoSight
		}
		if want != got {
			return failed(c.Name()+", F55, "+tag, want, orNothing(unsecret(o)))
		}
	}
	return nil
}

// unsecret is an object's value in hex, or its length where it is a card number, a track or the like.
func unsecret(o tlv.Object) string {
	if info, known := emv.InfoOf(o.Tag); len(o.Value) > 0 && (!known || info.Secret) {
		return fmt.Sprintf("(%d bytes)", len(o.Value))
	}
	return fmt.Sprintf("%X", o.Value)
}
