package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// lineSteps spoil what passes between tills and host.
func lineSteps() []Step {
	return []Step{
		{Name: "line-state", En: `the line (refuses connections|is silent|is protected by TLS|works again)`, Zh: `线路(拒绝连接|没有响应|使用 TLS 保护|已恢复)`,
			Example: `Given the line refuses connections`, ExampleZh: `假如 线路拒绝连接`,
			Is: "What the line does with everything; works again also takes back faults that have not acted yet.", do: lineState},
		{Name: "line-loses", En: `the line loses {message}`, Zh: `线路丢失{message}`,
			Example: `Given the line loses the answer to the 1st sale`, ExampleZh: `假如 线路丢失第 1 笔消费的应答`,
			Is: "The receiver never sees it; the connection stays open.",
			do: spoil(func(args) ([]fault.Fault, error) { return []fault.Fault{{Kind: fault.Lose}}, nil })},
		{Name: "line-twice", En: `the line delivers {message} twice( in one piece)?`, Zh: `线路把{message}送达两次(且连成一片)?`,
			Example: `Given the line delivers the answer to the 1st sale twice`, ExampleZh: `假如 线路把第 1 笔消费的应答送达两次`,
			Is: "A copy follows the message, in one read with it or in its own.", do: spoil(twice)},
		{Name: "line-delays", En: `the line delays {message} by {duration}`, Zh: `线路把{message}延迟 {duration}`,
			Example: `Given the line delays the answer to the 1st sale by 90 seconds`, ExampleZh: `假如 线路把第 1 笔消费的应答延迟 90 秒`,
			Is: "It is held back that long, while later messages pass it.", do: spoil(delays)},
		{Name: "line-breaks", En: `the line breaks (before|in the middle of) {message}`, Zh: `线路在{message}(之前|中途)断开`, Order: []int{1, 0},
			Example: `Given the line breaks in the middle of the answer to the 1st sale`, ExampleZh: `假如 线路在第 1 笔消费的应答中途断开`,
			Is: "Nothing, or half, of it arrives, and both ends see the connection closed.", do: breaks},
		{Name: "line-changes", En: `the line changes {field} of {message} to {text}`, Zh: `线路把{message}的 {field} 改成 {text}`, Order: []int{1, 0, 2},
			Example: `Given the line changes F4 of the 1st sale to "000000000001"`, ExampleZh: `假如 线路把第 1 笔消费的 F4 改成 "000000000001"`,
			Is: "The field has another value on arrival; the MAC is as it was. Binary fields are given in hex.", do: changes},
		{Name: "line-removes", En: `the line takes {field} out of {message}`, Zh: `线路从{message}中去掉 {field}`, Order: []int{1, 0},
			Example: `Given the line takes F64 out of the answer to the 1st sale`, ExampleZh: `假如 线路从第 1 笔消费的应答中去掉 F64`,
			Is: "The field is absent on arrival.", do: removes},
		{Name: "line-pieces", En: `the line passes {message} in pieces of {count} bytes?`, Zh: `线路把{message}按每段 {count} 字节传送`,
			Example: `Given the line passes every sale in pieces of 1 byte`, ExampleZh: `假如 线路把每笔消费按每段 1 字节传送`,
			Is: "The receiver gets one read for each piece.", do: spoil(inBytes(fault.Fragment))},
		{Name: "line-garbles", En: `the line turns {message} into garbage`, Zh: `线路把{message}变成乱码`,
			Example: `Given the line turns the answer to the 1st sale into garbage`, ExampleZh: `假如 线路把第 1 笔消费的应答变成乱码`,
			Is: "The length stays right; nobody can read the rest.",
			do: spoil(func(args) ([]fault.Fault, error) { return []fault.Fault{{Kind: fault.Garbage}}, nil })},
		{Name: "line-length", En: `the line announces {message} as {count} bytes long`, Zh: `线路将{message}的长度标为 {count} 字节`,
			Example: `Given the line announces the answer to the 1st sale as 60000 bytes long`, ExampleZh: `假如 线路将第 1 笔消费的应答的长度标为 60000 字节`,
			Is: "Only the length before the message is changed.", do: spoil(inBytes(fault.Announce))},
		{Name: "line-spoils-kcv", En: `the line spoils the check value of the (PIK|MAK|TDK) in {message}`, Zh: `线路破坏{message}中 (PIK|MAK|TDK) 的校验值`, Order: []int{1, 0},
			Example: `Given the line spoils the check value of the MAK in the answer to the 1st sign-in`, ExampleZh: `假如 线路破坏第 1 次签到的应答中 MAK 的校验值`,
			Is: "One bit of that key's check value is flipped.", do: spoilsKCV},
	}
}

// message is a message as a step names it.
type message struct {
	answer bool
	nth    int // 0: every
	flow   pay.Flow
}

// String names it as a person would.
func (m message) String() string {
	text := fmt.Sprintf("%s %d", m.flow, m.nth)
	if m.nth == 0 {
		text = "every " + string(m.flow)
	}
	if m.answer {
		return "the answer to " + text
	}
	return text
}

func parseMessage(text string) (message, error) {
	parts := strings.SplitN(text, " ", 3)
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return message{}, fmt.Errorf("message %q: %w", text, err)
	}
	return message{answer: parts[0] == "answer", nth: n, flow: pay.Flow(parts[2])}, nil
}

func lineState(s *scenario, a args) error {
	switch a.at(0) {
	case "refuses connections":
		s.world.SetLine(rig.LineRefuses)
	case "is silent":
		s.world.SetLine(rig.LineSilent)
	case "is protected by TLS":
		return s.world.Protect()
	default:
		s.world.SetLine(rig.LineWorks)
	}
	return nil
}

// spoil arms faults on the message that the first argument names; the others say how.
func spoil(how func(args) ([]fault.Fault, error)) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		faults, err := how(args{list: a.list[1:]})
		if err != nil {
			return err
		}
		return arm(s, a.at(0), faults...)
	}
}

func arm(s *scenario, name string, faults ...fault.Fault) error {
	m, err := parseMessage(name)
	if err != nil {
		return err
	}
	direction := fault.Request
	if m.answer {
		direction = fault.Answer
	}
	for _, f := range faults {
		if err := s.world.SpoilLine(fault.Rule{Direction: direction, Flow: m.flow, Nth: m.nth, Do: f}); err != nil {
			return err
		}
	}
	return nil
}

func twice(a args) ([]fault.Fault, error) {
	if a.at(0) == "" {
		return []fault.Fault{{Kind: fault.Duplicate}}, nil
	}
	return []fault.Fault{{Kind: fault.Duplicate, Joined: true}}, nil
}

func delays(a args) ([]fault.Fault, error) {
	d, err := time.ParseDuration(a.at(0))
	return []fault.Fault{{Kind: fault.Delay, Delay: d}}, err
}

func inBytes(k fault.Kind) func(args) ([]fault.Fault, error) {
	return func(a args) ([]fault.Fault, error) {
		n, err := strconv.Atoi(a.at(0))
		return []fault.Fault{{Kind: k, Bytes: n}}, err
	}
}

func breaks(s *scenario, a args) error {
	kind := fault.Cut
	if a.at(0) == "before" {
		kind = fault.HangUp
	}
	return arm(s, a.at(1), fault.Fault{Kind: kind})
}

func changes(s *scenario, a args) error {
	return arm(s, a.at(1), fault.Fault{Kind: fault.Change, Edit: func(m *iso8583.Message) error { return m.SetNamed(a.at(0), a.at(2)) }})
}

func removes(s *scenario, a args) error {
	return arm(s, a.at(1), fault.Fault{Kind: fault.Change, Edit: func(m *iso8583.Message) error { return m.UnsetNamed(a.at(0)) }})
}

// spoilsKCV flips a bit in a check value of a key download: keys of one length, each with four bytes behind it, in the order
// PIK, MAK, TDK (DOMAIN.md A.8).
func spoilsKCV(s *scenario, a args) error {
	place := slices.Index([]string{"PIK", "MAK", "TDK"}, a.at(0))
	return arm(s, a.at(1), fault.Fault{Kind: fault.Change, Edit: func(m *iso8583.Message) error {
		keys := []byte(m.Get(iso8583.Keys))
		size := map[int]int{24: 12, 40: 20, 56: 28, 60: 20, 84: 28}[len(keys)]
		if end := (place + 1) * size; size > 0 && end <= len(keys) {
			keys[end-1] ^= 1
			m.Set(iso8583.Keys, string(keys))
			return nil
		}
		return fmt.Errorf("%d bytes of keys hold no %s", len(keys), a.at(0))
	}})
}
