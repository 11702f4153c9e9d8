package steps

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// wireSteps look at what crossed the lines between tills and host.
func wireSteps() []Step {
	return []Step{
		{Name: "went-over-wire", En: `these messages went over the wire`, Zh: `线路上依次出现以下报文`, Table: true,
			Example: `And these messages went over the wire`, ExampleZh: `并且 线路上依次出现以下报文`,
			Is: "Exactly these rows since the When, in order of sending: from, message, trace, note, or any field, as below. Columns left out are not checked.",
			do: wentOverWire},
		{Name: "no-message", En: `no message went to the host`, Zh: `没有报文发往主机`,
			Example: `And no message went to the host`, ExampleZh: `并且 没有报文发往主机`,
			Is: "No till has written a message since the When.", do: noMessage},
		{Name: "message-carries", En: `{message} carries`, Zh: `{message}包含`, Table: true,
			Example: `And the 1st sale carries`, ExampleZh: `并且 第 1 笔消费包含`,
			Is: "Field (F4), element (amount) or code (of an answer, or why a payment is reversed), and masked value; * is present, an empty cell absent, not X present and different from X.", do: carries},
		{Name: "not-in-the-clear", En: `no message carries {who}'s (PIN|track) in the clear`, Zh: `没有报文明文携带{who}的(密码|磁道)`,
			Example: `And no message carries Bob's track in the clear`, ExampleZh: `并且 没有报文明文携带小波的磁道`,
			Is: "Looks into the bytes of every message on the tills' lines.", do: notInTheClear},
		{Name: "trouble-is", En: `the line trouble of {till} is {trouble}`, Zh: `{till} 的线路故障为 {trouble}`,
			Example: `And the line trouble of "T1" is partial-frame`, ExampleZh: `并且 "T1" 的线路故障为 partial-frame`,
			Is: "The triage of the first exchange of that till since the When that brought no answer.", do: onTill(troubleIs)},
	}
}

// columns translates the head of a wire table.
var columns = map[string]string{"发送方": "from", "报文": "message", "流水号": "trace", "备注": "note", "代码": "code", "域": "field", "值": "value"}

// wireWords translates its cells; the flows have words of their own.
var wireWords = map[string]string{"主机": "host", "乱码": "garbage", "不明": "unknown", "丢失": "lost", "迟到": "late", "重复": "copy",
	"断开": "cut", "被改": "changed", "长度": "length", "被超越": "overtaken", "被重放": "replayed", "不请自来": "unasked"}

// wireWord translates a cell: a side, a message or a note.
func wireWord(s string) string {
	if flow, ok := strings.CutSuffix(s, "应答"); ok && flow != "" {
		return flowWord(flow) + " answer"
	}
	if en, ok := wireWords[s]; ok {
		return en
	}
	return flowWord(s)
}

func translated(words map[string]string, s string) string {
	if en, ok := words[s]; ok {
		return en
	}
	return s
}

func wentOverWire(s *scenario, a args) error {
	head := cells(a.table, 0)
	for i := range head {
		head[i] = translated(columns, head[i])
	}
	wire := s.wire()
	var got [][]string
	for i, c := range wire {
		got = append(got, wireRow(s, head, wire, i, c))
	}
	var wanted [][]string
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		for k := range row {
			row[k] = wanting(s, head[k], row[k])
		}
		wanted = append(wanted, row)
	}
	if len(got) == len(wanted) {
		same := true
		for i := range got {
			for k := range got[i] {
				same = same && fits(wanted[i][k], got[i][k], head[k])
			}
		}
		if same {
			return nil
		}
	}
	return &failure{reports.Failure{Where: "wire", Wanted: "\n" + grid(head, wanted), Got: "\n" + grid(head, got), Message: lastOf(s)}}
}

// lastOf gives the fields of the last message that crossed.
func lastOf(s *scenario) []trace.Field {
	if w := s.wire(); len(w) > 0 && w[len(w)-1].Message != nil {
		return s.world.Rig.Dialect.Describe(w[len(w)-1].Message)
	}
	return nil
}

func wanting(s *scenario, column, cell string) string {
	switch column {
	case "from", "message":
		return wireWord(cell)
	case "note":
		if seconds, ok := strings.CutSuffix(cell, "秒后"); ok {
			return "after " + strings.TrimSpace(seconds) + "s"
		}
		return wireWord(cell)
	}
	return cell
}

// fits compares a cell. A note "after 60s" only counts where time is exact.
func fits(wanted, got, column string) bool {
	switch {
	case wanted == "*":
		return got != ""
	case column == "note":
		wantedWords, gotWords := strings.Fields(wanted), strings.Fields(got)
		if len(wantedWords) == 0 || wantedWords[0] != "after" { // the time was not asked for
			if i := slices.Index(gotWords, "after"); i >= 0 {
				gotWords = slices.Delete(gotWords, i, i+2)
			}
		}
		return slices.Equal(wantedWords, gotWords)
	}
	return wanted == got
}

func wireRow(s *scenario, head []string, wire []*rig.Crossing, i int, c *rig.Crossing) []string {
	row := make([]string, len(head))
	for k, column := range head {
		switch column {
		case "from":
			row[k] = c.Till
			if c.Answer {
				row[k] = "host"
			}
		case "message":
			row[k] = c.Name()
		case "trace":
			row[k] = strings.TrimLeft(field(s, c, "trace"), "0")
		case "note":
			row[k] = c.Note
			if i > 0 && s.world.Loop.Virtual() {
				if d := c.At.Sub(wire[i-1].At).Round(time.Second); d > 0 {
					row[k] = strings.TrimSpace(row[k] + " after " + fmt.Sprintf("%ds", int(d.Seconds())))
				}
			}
		default:
			row[k] = field(s, c, column)
		}
	}
	return row
}

// field gives the masked value of a field of a message, "" when it is absent.
func field(s *scenario, c *rig.Crossing, id string) string {
	if c.Message == nil {
		return ""
	}
	if id == "code" {
		id = "reversal_reason"
		if c.Answer {
			id = "answer_code"
		}
	}
	if word, ok := c.Message.Word(id); ok {
		return word
	}
	label := c.Message.Label(id)
	for _, f := range s.world.Rig.Dialect.Describe(c.Message) {
		if f.ID != label {
			continue
		}
		for e, of := range map[iso8583.Element]iso8583.Element{iso8583.Trace: iso8583.Trace, iso8583.OriginalTrace: iso8583.Trace,
			iso8583.Batch: iso8583.Batch, iso8583.OriginalBatch: iso8583.Batch, iso8583.Terminal: iso8583.Terminal} {
			if c.Message.Label(e.String()) == label {
				return s.world.AsNew(c.Till, of, f.Value)
			}
		}
		return f.Value
	}
	return ""
}

func notInTheClear(s *scenario, a args) error {
	secrets, err := s.world.WireSecrets(a.at(0), a.at(1))
	if err != nil {
		return err
	}
	finder, err := leak.New(secrets...)
	if err != nil {
		return err
	}
	for _, c := range s.world.Wire {
		for _, hit := range finder.Find(c.Name(), c.Frame) {
			return failed("wire", "no "+a.at(1)+" in the clear", hit.String())
		}
	}
	return nil
}

// grid draws rows as they stand in a feature.
func grid(head []string, rows [][]string) string {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, c := range row {
			widths[i] = max(widths[i], reports.Width(c))
		}
	}
	var b strings.Builder
	for _, row := range append([][]string{head}, rows...) {
		for i, c := range row {
			b.WriteString("| " + c + strings.Repeat(" ", widths[i]-reports.Width(c)+1))
		}
		b.WriteString("|\n")
	}
	return b.String()
}

func noMessage(s *scenario, _ args) error {
	for _, c := range s.wire() {
		if !c.Answer {
			return failed("wire", "no message to the host", c.Till+" sent "+c.Name())
		}
	}
	return nil
}

func carries(s *scenario, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		got := field(s, c, row[0])
		other, not := strings.CutPrefix(row[1], "not ")
		switch {
		case row[1] == "*" && got != "", not && got != "" && got != other, !not && row[1] == got:
		default:
			return &failure{reports.Failure{Where: "wire, " + a.at(0) + ", " + row[0], Wanted: orNothing(row[1]), Got: orNothing(got),
				Message: s.world.Rig.Dialect.Describe(c.Message)}}
		}
	}
	return nil
}

func troubleIs(s *scenario, t *rig.Till, a args) error {
	for _, e := range s.events() {
		if e.Kind == trace.Trouble && e.Party == t.Name {
			if e.Name != a.at(1) {
				return failed(t.Name+" line", a.at(1), e.Name+": "+e.Text)
			}
			return nil
		}
	}
	return failed(t.Name+" line", a.at(1), "no trouble")
}
