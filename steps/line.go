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
			do: spoil(plainly(fault.Lose))},
		{Name: "line-twice", En: `the line delivers {message} twice( in one piece)?`, Zh: `线路把{message}送达两次(且连成一片)?`,
			Example: `Given the line delivers the answer to the 1st sale twice`, ExampleZh: `假如 线路把第 1 笔消费的应答送达两次`,
			Is: "A copy follows the message, in one read with it or in its own.", do: spoil(twice)},
		{Name: "line-delays", En: `the line delays {message} by {duration}`, Zh: `线路把{message}延迟 {duration}`,
			Example: `Given the line delays the answer to the 1st sale by 90 seconds`, ExampleZh: `假如 线路把第 1 笔消费的应答延迟 90 秒`,
			Is: "It is held back that long, while later messages pass it.", do: spoil(lasting(fault.Delay))},
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
			do: spoil(plainly(fault.Garbage))},
		{Name: "line-length", En: `the line announces {message} as {count} bytes long`, Zh: `线路将{message}的长度标为 {count} 字节`,
			Example: `Given the line announces the answer to the 1st sale as 60000 bytes long`, ExampleZh: `假如 线路将第 1 笔消费的应答的长度标为 60000 字节`,
			Is: "Only the length before the message is changed.", do: spoil(inBytes(fault.Announce))},
		{Name: "line-spoils-kcv", En: `the line spoils the check value of the (PIK|MAK|TDK) in {message}`, Zh: `线路破坏{message}中 (PIK|MAK|TDK) 的校验值`, Order: []int{1, 0},
			Example: `Given the line spoils the check value of the MAK in the answer to the 1st sign-in`, ExampleZh: `假如 线路破坏第 1 次签到的应答中 MAK 的校验值`,
			Is: "One bit of that key's check value is flipped.", do: spoilsKCV},
	}
}

// orderSteps spoil how messages follow one another, and the connection that they are on.
func orderSteps() []Step {
	return []Step{
		{Name: "line-jitter", En: `the line delays {message} by up to {duration}`, Zh: `线路把{message}延迟至多 {duration}`,
			Example: `Given the line delays every sale by up to 20 seconds`, ExampleZh: `假如 线路把每笔消费延迟至多 20 秒`,
			Is: "Jitter: how long each is held back is drawn from the seed.", do: spoil(lasting(fault.Jitter))},
		{Name: "line-rate", En: `the line carries {message} at {count} bytes? a second`, Zh: `线路以每秒 {count} 字节传送{message}`, Order: []int{1, 0},
			Example: `Given the line carries every sale at 40 bytes a second`, ExampleZh: `假如 线路以每秒 40 字节传送每笔消费`,
			Is: "It trickles in, ten pieces a second; what follows waits for it.", do: spoil(inBytes(fault.Bandwidth))},
		{Name: "line-joins", En: `the line delivers {message} in one piece with the next one`, Zh: `线路把{message}与下一条连成一片送达`,
			Example: `Given the line delivers the answer to the 1st sale in one piece with the next one`, ExampleZh: `假如 线路把第 1 笔消费的应答与下一条连成一片送达`,
			Is: "It is kept back until the next message that way, and read together with it.", do: spoil(plainly(fault.Coalesce))},
		{Name: "line-reorders", En: `the line delivers {message} behind the next one`, Zh: `线路把{message}放到下一条之后送达`,
			Example: `Given the line delivers the 1st sale behind the next one`, ExampleZh: `假如 线路把第 1 笔消费放到下一条之后送达`,
			Is: "It is kept back until the next message that way has passed, and comes right behind it.", do: spoil(plainly(fault.Reorder))},
		{Name: "line-replays", En: `the line replays the last one in place of {message}`, Zh: `线路重放上一条来代替{message}`,
			Example: `Given the line replays the last one in place of the answer to the 2nd sale`, ExampleZh: `假如 线路重放上一条来代替第 2 笔消费的应答`,
			Is: "Somebody on the line gives the bytes of the last message of that flow that way; the message itself is lost.", do: spoil(plainly(fault.Replay))},
		{Name: "line-unasked", En: `the line brings one that nobody asked for before {message}`, Zh: `线路在{message}之前送来一条无人请求的报文`,
			Example: `Given the line brings one that nobody asked for before the answer to the 1st sale`, ExampleZh: `假如 线路在第 1 笔消费的应答之前送来一条无人请求的报文`,
			Is: "Unsolicited: as the message, and sealed, but of another trace number.", do: spoil(plainly(fault.Unsolicited))},
		{Name: "line-resets", En: `the line is reset before {message}`, Zh: `线路在{message}之前被复位`,
			Example: `Given the line is reset before the answer to the 1st sale`, ExampleZh: `假如 线路在第 1 笔消费的应答之前被复位`,
			Is: "As the line breaks before it, by a TCP reset in place of an orderly end.", do: spoil(plainly(fault.Reset))},
		{Name: "line-half-open", En: `the line dies unnoticed at {message}`, Zh: `线路从{message}起失效而无人察觉`,
			Example: `Given the line dies unnoticed at the 2nd sale`, ExampleZh: `假如 线路从第 2 笔消费起失效而无人察觉`,
			Is: "Half open: that message and all that follows on the same connection vanish, and nobody is told; a new connection works.", do: spoil(plainly(fault.HalfOpen))},
		{Name: "line-silent-from", En: `the line is silent from {message} on`, Zh: `线路从{message}起没有响应`,
			Example: `Given the line is silent from the 2nd sale on`, ExampleZh: `假如 线路从第 2 笔消费起没有响应`,
			Is: "A black hole: that message and all that follow vanish, also on new connections, until the line works again.", do: spoil(plainly(fault.Silence))},
		{Name: "line-bit", En: `the line flips a bit in byte {count} of {message}`, Zh: `线路翻转{message}第 {count} 字节中的一位`, Order: []int{1, 0},
			Example: `Given the line flips a bit in byte 40 of the answer to the 1st sale`, ExampleZh: `假如 线路翻转第 1 笔消费的应答第 40 字节中的一位`,
			Is: "Counted from 1, behind the length.", do: flipsBit},
	}
}

// mistakeSteps have a message's sender be wrong: what it says is sealed.
func mistakeSteps() []Step {
	return []Step{
		{Name: "sent-with-type", En: `{message} is sent as type {text}`, Zh: `{message}发出时类型为 {text}`,
			Example: `Given the answer to the 1st sale is sent as type "0410"`, ExampleZh: `假如 第 1 笔消费的应答发出时类型为 "0410"`,
			Is: "Its sender is wrong: the message has another type, and a MAC that fits.",
			do: spoil(func(a args) ([]fault.Fault, error) { return []fault.Fault{{Kind: fault.WrongMTI, Value: a.at(0)}}, nil })},
		{Name: "sent-with-other", En: `{message} is sent with another {field}`, Zh: `{message}发出时 {field} 有误`,
			Example: `Given the answer to the 1st sale is sent with another terminal`, ExampleZh: `假如 第 1 笔消费的应答发出时 terminal 有误`,
			Is: "Its sender is wrong: one character of that element is another one, and the MAC fits.", do: spoil(ofElement(fault.WrongEcho))},
		{Name: "sent-without", En: `{message} is sent without {field}`, Zh: `{message}发出时缺少 {field}`,
			Example: `Given the answer to the 1st sale is sent without code`, ExampleZh: `假如 第 1 笔消费的应答发出时缺少 code`,
			Is: "Its sender is wrong: the element is absent, and the MAC fits.", do: spoil(ofElement(fault.Missing))},
		{Name: "sent-with", En: `{message} is sent with {field} {text}`, Zh: `{message}发出时 {field} 为 {text}`,
			Example: `Given the answer to the 1st sale is sent with balance "100"`, ExampleZh: `假如 第 1 笔消费的应答发出时 balance 为 "100"`,
			Is: "Its sender is wrong, or new: the element is there and says so, and the MAC fits.", do: spoil(ofElement(fault.Extra))},
		{Name: "sent-unknown-tag", En: `{message} is sent with a chip tag that nobody knows`, Zh: `{message}发出时带有无人认识的芯片标签`,
			Example: `Given the answer to the 1st sale is sent with a chip tag that nobody knows`, ExampleZh: `假如 第 1 笔消费的应答发出时带有无人认识的芯片标签`,
			Is: "A private object stands before its chip data, and the MAC fits.", do: spoil(plainly(fault.UnknownTag))},
		{Name: "sent-wrong-mac", En: `{message} is sent with a wrong MAC`, Zh: `{message}发出时 MAC 有误`,
			Example: `Given the answer to the 1st sale is sent with a wrong MAC`, ExampleZh: `假如 第 1 笔消费的应答发出时 MAC 有误`,
			Is: "One character of its MAC is another one.", do: spoil(plainly(fault.WrongMAC))},
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

// plainly makes a fault that needs nothing said of it.
func plainly(k fault.Kind) func(args) ([]fault.Fault, error) {
	return func(args) ([]fault.Fault, error) { return []fault.Fault{{Kind: k}}, nil }
}

func lasting(k fault.Kind) func(args) ([]fault.Fault, error) {
	return func(a args) ([]fault.Fault, error) {
		d, err := time.ParseDuration(a.at(0))
		return []fault.Fault{{Kind: k, Delay: d}}, err
	}
}

// ofElement makes a fault of an element: its name first, then its value where one is said.
func ofElement(k fault.Kind) func(args) ([]fault.Fault, error) {
	return func(a args) ([]fault.Fault, error) {
		name := a.at(0)
		if name == "code" {
			name = iso8583.AnswerCode.String()
		}
		e, ok := iso8583.ParseElement(name)
		if !ok {
			return nil, fmt.Errorf("%s is no element: name one, such as amount", name)
		}
		f := fault.Fault{Kind: k, Element: e}
		if len(a.list) > 1 {
			f.Value = a.at(1)
		}
		return []fault.Fault{f}, nil
	}
}

func flipsBit(s *scenario, a args) error {
	return spoil(inBytes(fault.BitError))(s, args{list: []string{a.at(1), a.at(0)}})
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
