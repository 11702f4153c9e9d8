package steps

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// otherChipSteps arrange chips that are not the cast's, or not as they should be.
func otherChipSteps() []Step {
	return []Step{
		{Name: "chip-kind", En: `{who}'s card is of kind {text}`, Zh: `{who}的卡是 {text} 型`,
			Example: `Given Carol's card is of kind "unionpay-credit"`, ExampleZh: `假如 小萝的卡是 "unionpay-credit" 型`,
			Is: "The chip of a shipped card (fixtures/cards/chip), made out to her account. Comes before the card's first use.",
			do: func(s *scenario, a args) error { return s.world.ChipKind(a.at(0), a.at(1)) }},
		{Name: "chip-holds", En: `{who}'s chip holds`, Zh: `{who}的芯片存有`, Table: true,
			Example: `Given Carol's chip holds`, ExampleZh: `假如 小萝的芯片存有`,
			Is: "Tag and value in hex, in every application and rightly signed; an empty value is one that the chip lacks.",
			do: func(s *scenario, a args) error {
				objects, err := objectsOf(a.table)
				if err != nil {
					return err
				}
				return s.world.ChipHolds(a.at(0), objects)
			}},
		{Name: "chip-certified", En: `the certificates of {who}'s chip end in {text}`, Zh: `{who}芯片的证书于 {text} 到期`,
			Example: `Given the certificates of Carol's chip end in "2512"`, ExampleZh: `假如 小萝芯片的证书于 "2512" 到期`,
			Is: "Year and month, of issuer and card certificate; the card itself may be used for longer.", do: func(s *scenario, a args) error {
				return s.world.ChangeChip(a.at(0), func(c *card.Spec) {
					for _, app := range c.Applications {
						app.Certified = a.at(1)
					}
				})
			}},
		{Name: "chip-is-spoilt", En: `{who}'s chip (lacks|spoils|repeats) {text} at (?:the {count}(?:st|nd|rd|th) )?{text}`, Zh: `{who}的芯片在(?:第 {count} 次)? ?{text} 中(缺少|弄错|重复) {text}`, Order: []int{0, 3, 4, 1, 2},
			Example: `Given Carol's chip spoils "9F4B" at "GENERATE AC"`, ExampleZh: `假如 小萝的芯片在 "GENERATE AC" 中弄错 "9F4B"`,
			Is: "That tag of its answers to these commands, or to that one of them: not there, its last byte another one, or there twice.", do: func(s *scenario, a args) error {
				kinds := map[string]card.FaultKind{"lacks": card.FaultNoTag, "spoils": card.FaultWrongTag, "repeats": card.FaultTwice}
				nth, _ := strconv.Atoi(a.at(3)) // digits, or nothing for each
				return s.world.SpoilChip(a.at(0), card.Fault{Do: kinds[a.at(1)], Tag: a.at(2), Nth: nth, Command: a.at(4)})
			}},
		{Name: "chip-also-says", En: `{who}'s chip also says {text} is {text} at {text}`, Zh: `{who}的芯片在 {text} 中另称 {text} 为 {text}`, Order: []int{0, 3, 1, 2},
			Example: `Given Carol's chip also says "9F02" is "000000000001" at "READ RECORD"`, ExampleZh: `假如 小萝的芯片在 "READ RECORD" 中另称 "9F02" 为 "000000000001"`,
			Is: "One more tag, with a value in hex, in its answers to these commands.", do: chipAlsoSays},
		{Name: "chip-since-online", En: `{who}'s chip has paid {count} times since it was last online`, Zh: `{who}的芯片上次联机后已交易 {count} 次`,
			Example: `Given Carol's chip has paid 3 times since it was last online`, ExampleZh: `假如 小萝的芯片上次联机后已交易 3 次`,
			Is: "Where its counters stand (9F36 and 9F13).", do: chipSinceOnline},
		{Name: "chip-answers-once", En: `{who}'s chip answers the {count}(?:st|nd|rd|th) {text} with {text}`, Zh: `{who}的芯片对第 {count} 次 {text} 应答 {text}`,
			Example: `Given Carol's chip answers the 1st "GET PROCESSING OPTIONS" with "6985"`, ExampleZh: `假如 小萝的芯片对第 1 次 "GET PROCESSING OPTIONS" 应答 "6985"`,
			Is: "A status word instead of what the chip would do, at that one of these commands.", do: func(s *scenario, a args) error {
				nth, err := strconv.Atoi(a.at(1))
				if err != nil {
					return err
				}
				status, err := hex.DecodeString(a.at(3))
				if err != nil {
					return fmt.Errorf("status %q: want four hex digits", a.at(3))
				}
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultStatus, Command: a.at(2), Nth: nth, Status: status})
			}},
		{Name: "chip-wants", En: `{who}'s chip answers (TC|ARQC) whatever it is asked for`, Zh: `无论请求为何，{who}的芯片均应答 (TC|ARQC)`,
			Example: `Given Carol's chip answers TC whatever it is asked for`, ExampleZh: `假如 无论请求为何，小萝的芯片均应答 TC`,
			Is: "The kind of cryptogram of both GENERATE AC.", do: func(s *scenario, a args) error {
				return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultForced, Kind: a.at(1)})
			}},
	}
}

// kernelSteps arrange what a till knows of chips, and look at what till and chip made of each other.
func kernelSteps() []Step {
	return []Step{
		{Name: "till-chip-parameters", En: `the chip parameters of {till} say`, Zh: `{till} 的芯片参数为`, Table: true,
			Example: `Given the chip parameters of "T1" say`, ExampleZh: `假如 "T1" 的芯片参数为`,
			Is: "Tag and value in hex, of every application that the till takes (DOMAIN.md A.8.1); an empty value takes the tag away. It is started again.",
			do: onTill(func(_ *scenario, t *rig.Till, a args) error {
				values, err := objectsOf(a.table)
				if err != nil {
					return err
				}
				return t.SetChipParameters(values)
			})},
		{Name: "till-exception", En: `{who}'s card is on the exception file of {till}`, Zh: `{who}的卡在 {till} 的黑名单上`,
			Example: `Given Carol's card is on the exception file of "T1"`, ExampleZh: `假如 小萝的卡在 "T1" 的黑名单上`,
			Is: "The till's own list of cards that are not to be taken. It is started again.",
			do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.ListCard(a.at(0)) })},
		{Name: "till-has-host-keys-only", En: `{till} has no CA keys but its host's`, Zh: `{till} 除主机下发的公钥外没有其他公钥`,
			Example: `Given "T1" has no CA keys but its host's`, ExampleZh: `假如 "T1" 除主机下发的公钥外没有其他公钥`,
			Is: "Otherwise a till knows all TEST CAs besides (fixtures/capk/test.yaml). The till is started again.",
			do: onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.DropTestCAs() })},
		{Name: "till-revokes", En: `{till} has the issuer certificate of {who}'s chip as revoked`, Zh: `{till} 已将{who}芯片的发卡行证书列为作废`,
			Example: `Given "T1" has the issuer certificate of Carol's chip as revoked`, ExampleZh: `假如 "T1" 已将小萝芯片的发卡行证书列为作废`,
			Is: "By scheme, index of the CA key and serial number (EMV Book 2, 5.1). The till is started again.",
			do: onTill(func(_ *scenario, t *rig.Till, a args) error { return t.RevokeIssuer(a.at(1)) })},
		{Name: "verification-at-till", En: `the (terminal verification results|transaction status|cardholder verification) at {till} says? {text}`,
			Zh: `{till} 的(终端验证结果|交易状态|持卡人验证结果)为 {text}`, Order: []int{1, 0, 2},
			Example: `Then the terminal verification results at "T1" say "DDA failed"`, ExampleZh: `那么 "T1" 的终端验证结果为 "DDA failed"`,
			Is: "Of the last chip, when the till was done with it: exactly these words, between semicolons; nothing for no bit.",
			do: atTill(1, verificationAtTill)},
		{Name: "verification-of-message", En: `the (terminal verification results|cardholder verification) of {message} says? {text}`,
			Zh: `{message}的(终端验证结果|持卡人验证结果)为 {text}`, Order: []int{1, 0, 2},
			Example: `And the terminal verification results of the 1st sale say "online PIN entered"`, ExampleZh: `并且 第 1 笔消费的终端验证结果为 "online PIN entered"`,
			Is: "As the host reads them in F55: exactly these words, between semicolons; nothing for no bit.", do: verificationOfMessage},
		{Name: "chip-data-differ", En: `{message} and {message} differ in chip tag {text}`, Zh: `{message}与{message}的芯片数据 {text} 不同`,
			Example: `And the 1st sale and the 2nd sale differ in chip tag "9F37"`, ExampleZh: `并且 第 1 笔消费与第 2 笔消费的芯片数据 "9F37" 不同`,
			Is: "Both have it in F55, with other values.", do: chipDataDiffer},
		{Name: "chip-was-given", En: `{who}'s chip was given {text} {count} times?`, Zh: `{who}的芯片收到 {text} {count} 次`,
			Example: `And Carol's chip was given "GENERATE AC AAC" 1 time`, ExampleZh: `并且 小萝的芯片收到 "GENERATE AC AAC" 1 次`,
			Is: "Commands that begin with these words, since the scenario began; one that T=0 asks for again counts once.", do: chipWasGiven},
	}
}

func chipAlsoSays(s *scenario, a args) error {
	value, err := hex.DecodeString(a.at(2))
	if err != nil {
		return fmt.Errorf("value %q: want hex digits", a.at(2))
	}
	return s.world.SpoilChip(a.at(0), card.Fault{Do: card.FaultMore, Tag: a.at(1), Value: value, Command: a.at(3)})
}

func chipSinceOnline(s *scenario, a args) error {
	n, err := strconv.ParseUint(a.at(1), 10, 8)
	if err != nil {
		return fmt.Errorf("a chip pays 255 times at most without being online: %w", err)
	}
	return s.world.ChangeChip(a.at(0), func(c *card.Spec) {
		for _, app := range c.Applications {
			app.LastOnline, app.ATC = 10, 10+uint16(n)
		}
	})
}

// objectsOf reads a table of tags and values in hex.
func objectsOf(t *godog.Table) (map[tlv.Tag][]byte, error) {
	objects := map[tlv.Tag][]byte{}
	for i := range t.Rows[1:] {
		row := cells(t, i+1)
		tag, err := strconv.ParseUint(row[0], 16, 32)
		if err != nil {
			return nil, fmt.Errorf("tag %q: want hex digits", row[0])
		}
		if objects[tlv.Tag(tag)], err = hex.DecodeString(row[1]); err != nil {
			return nil, fmt.Errorf("tag %s: want a value in hex digits", row[0])
		}
	}
	return objects, nil
}

func verificationAtTill(_ *scenario, t *rig.Till, a args) error {
	o := t.LastChip()
	said := map[string][]string{"terminal verification results": o.TVR.Words(), "transaction status": o.TSI.Words(), "cardholder verification": o.CVM.Words()}
	return sameWords(t.Name+", "+a.at(0), a.at(2), said[a.at(0)])
}

func verificationOfMessage(s *scenario, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	objects, err := tlv.Parse([]byte(c.Message.Get(iso8583.Chip)), tlv.Strict)
	if err != nil {
		return err
	}
	where := c.Name() + ", F55, " + a.at(0)
	if a.at(0) == "terminal verification results" {
		tvr, _ := objects.Find(emv.Tag95TVR)
		return sameWords(where, a.at(2), emv.ParseTVR(tvr.Value).Words())
	}
	o, _ := objects.Find(emv.Tag9F34CVMResults)
	cvm, err := emv.ParseCVMResults(o.Value)
	if err != nil {
		return failed(where, a.at(2), err.Error())
	}
	return sameWords(where, a.at(2), cvm.Words())
}

// sameWords compares what bits say with what is wanted of them.
func sameWords(where, wanted string, said []string) error {
	return equal(where, wanted, orNothing(strings.Join(said, "; ")))
}

func chipDataDiffer(s *scenario, a args) error {
	n, err := strconv.ParseUint(a.at(2), 16, 32)
	if err != nil {
		return fmt.Errorf("tag %q: want hex digits", a.at(2))
	}
	seen := map[string]bool{}
	for _, name := range []string{a.at(0), a.at(1)} {
		c, err := s.crossing(name)
		if err != nil {
			return err
		}
		objects, err := tlv.Parse([]byte(c.Message.Get(iso8583.Chip)), tlv.Strict)
		if err != nil {
			return err
		}
		o, ok := objects.Find(tlv.Tag(n))
		if value := fmt.Sprintf("%X", o.Value); !ok || seen[value] {
			return failed(c.Name()+", F55, "+a.at(2), "another value", orNothing(unsecret(o)))
		} else {
			seen[value] = true
		}
	}
	return nil
}

func chipWasGiven(s *scenario, a args) error {
	said, err := s.world.ChipSaid(a.at(0))
	if err != nil {
		return err
	}
	var given []string
	n := 0
	for _, x := range said {
		given = append(given, x.Command)
		if _, again := x.SW.RightLe(); !again && strings.HasPrefix(x.Command, a.at(1)) {
			n++
		}
	}
	if a.at(2) == strconv.Itoa(n) {
		return nil
	}
	return failed(a.at(0)+"'s chip", a.at(1)+" "+a.at(2)+" times", fmt.Sprintf("%d times; it was given %s", n, orNothing(strings.Join(given, ", "))))
}
