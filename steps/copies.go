package steps

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// copySteps send what somebody has recorded on the line.
func copySteps() []Step {
	return []Step{
		{Name: "sends-copied", En: `{till} is made to send {message} as a new one`, Zh: `令 {till} 把{message}作为新交易发出`,
			Example: `When "T1" is made to send the 1st sale as a new one`, ExampleZh: `当 令 "T1" 把第 1 笔消费作为新交易发出`,
			Is: "All that card and cardholder said in it, under the till's next trace number. The answer is awaited.", do: onTill(sendsCopied)},
		{Name: "sends-copied-with", En: `{till} is made to send {message} as a new one with {field} {text}`, Zh: `令 {till} 把{message}作为新交易发出，{field} 为 {text}`,
			Example: `When "T1" is made to send the 1st sale as a new one with F4 "000000000001"`, ExampleZh: `当 令 "T1" 把第 1 笔消费作为新交易发出，F4 为 "000000000001"`,
			Is: "As above, with another value in the field.", do: onTill(sendsCopied)},
		{Name: "sends-copied-chip", En: `{till} is made to send {message} as a new one whose chip data say`, Zh: `令 {till} 把{message}作为新交易发出，芯片数据为`, Table: true,
			Example: `When "T1" is made to send the 1st sale as a new one whose chip data say`, ExampleZh: `当 令 "T1" 把第 1 笔消费作为新交易发出，芯片数据为`,
			Is: "As above, with other values of these tags in F55.", do: onTill(sendsCopiedChip)},
		{Name: "types-what-was-seen", En: `{till} is made to send the card number of {message} as if it were typed`, Zh: `令 {till} 把{message}的卡号按手工输入发出`,
			Example: `When "T1" is made to send the card number of the 1st sale as if it were typed`, ExampleZh: `当 令 "T1" 把第 1 笔消费的卡号按手工输入发出`,
			Is: "A sale of the same amount by number and expiry alone, as somebody has it who has seen that message. The answer is awaited.",
			do: onTill(typesSeen)},
	}
}

func sendsCopied(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	return t.SendCopied(c, func(m *iso8583.Message) error {
		if len(a.list) == 2 {
			return nil
		}
		return m.SetNamed(a.at(2), a.at(3))
	})
}

func sendsCopiedChip(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	other := map[tlv.Tag][]byte{}
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		tag, err := strconv.ParseUint(row[0], 16, 32)
		if err != nil {
			return fmt.Errorf("tag %q: want hex digits", row[0])
		}
		if other[tlv.Tag(tag)], err = hex.DecodeString(row[1]); err != nil {
			return fmt.Errorf("tag %s: %w", row[0], err)
		}
	}
	return t.SendCopied(c, func(m *iso8583.Message) error {
		objects, err := tlv.Parse([]byte(m.Get(iso8583.Chip)), tlv.Strict)
		var chip []byte
		for _, o := range objects {
			if v, ok := other[o.Tag]; ok {
				o.Value = v
			}
			chip = tlv.Append(chip, o.Tag, o.Value)
		}
		m.Set(iso8583.Chip, string(chip))
		return err
	})
}

func typesSeen(s *scenario, t *rig.Till, a args) error {
	c, err := s.crossing(a.at(1))
	if err != nil {
		return err
	}
	return t.SendCopied(c, func(m *iso8583.Message) error {
		if _, rest, ok := strings.Cut(m.Get(iso8583.Track2), "D"); ok && len(rest) >= 4 {
			m.Set(iso8583.Expiry, rest[:4])
		}
		for _, e := range []iso8583.Element{iso8583.Chip, iso8583.CardSequence, iso8583.Track2, iso8583.PIN, iso8583.PINCapture, iso8583.SecurityControl} {
			m.Unset(e)
		}
		m.Set(iso8583.EntryMode, string(pay.Entry01Manual)+"2")
		return nil
	})
}
