package load

import (
	"fmt"
	"path/filepath"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Replayed tells how the answers of a replay compare with those of its capture. A nil one compares nothing.
type Replayed struct {
	Capture     string            `json:"capture"`
	Orders      int               `json:"orders"`             // of the capture that are played, in each copy and loop
	LeftOut     map[string]int    `json:"left_out,omitempty"` // orders of the capture that are not, by why
	Compared    uint64            `json:"compared"`
	Same        uint64            `json:"same"`
	Differences map[string]uint64 `json:"differences"`      // "00 instead of 51", by flow
	Fields      map[string]uint64 `json:"fields,omitempty"` // "sale 00: no currency, balance", "sale 00: another amount": where the code is the same
	Examples    []string          `json:"examples"`         // the first of each difference

	recording *Recording
	common    iso8583.ElementSet // that the capture's dialect and the host's both have
	dialect   *iso8583.Dialect   // the host's
	scan      iso8583.Scan
}

// Replayed begins to compare the answers of a host that speaks d with the workload's capture; nil where it has none.
func (w *Workload) Replayed(d *iso8583.Dialect) *Replayed {
	r := w.Replay
	if r == nil {
		return nil
	}
	return &Replayed{Capture: filepath.Base(r.Capture), Orders: len(r.dues), LeftOut: r.leftOut, Differences: map[string]uint64{}, Fields: map[string]uint64{}, recording: r,
		common: r.spoken.Elements().And(d.Elements()), dialect: d}
}

// Compare holds an order that left against the recorded one: the code of its answer, or that none came; and under the same code, which elements the
// answer has, and its amount. That an answer's MTI, echoed fields and MAC are right was seen when it came: otherwise the order is broken, which is a
// difference.
func (r *Replayed) Compare(s *Sample, terminal func(uint32) string) {
	if r == nil || !s.Left() {
		return
	}
	c, _, _ := r.recording.find(s.Chain)
	recorded := &c.answers[s.Leg]
	was, is := string(recorded.code), "no answer"
	switch s.End {
	case Approved, Declined:
		is = string(s.Code[:2])
	case Broken:
		is = "a broken answer"
	}
	if was == "" {
		was = "no answer"
	}
	r.Compared++
	flow := c.part.Legs[s.Leg].Flow
	count := func(all map[string]uint64, format string, args ...any) {
		what := fmt.Sprintf("%s"+format, append([]any{flow}, args...)...)
		if all[what]++; all[what] == 1 {
			r.Examples = append(r.Examples, fmt.Sprintf("%s: chain %d, leg %d, at terminal %s, STAN %06d", what, s.Chain, s.Leg, terminal(s.Terminal), s.STAN))
		}
	}
	if was != is {
		count(r.Differences, ": %s instead of %s", is, was)
		return
	}
	r.Same++
	if recorded.elements == nil || !r.hear(s.Wire) {
		return
	}
	had, has := recorded.elements.And(r.common), r.scan.Elements().And(r.common)
	if missing := had.Minus(has); missing != (iso8583.ElementSet{}) {
		count(r.Fields, " %s: no %s", is, missing)
	}
	if more := has.Minus(had); more != (iso8583.ElementSet{}) {
		count(r.Fields, " %s: besides %s", is, more)
	}
	if amount, ok := r.scan.Number(iso8583.Amount); ok && recorded.amount > 0 && amount != recorded.amount {
		count(r.Fields, " %s: another amount", is)
	}
}

// hear scans the answer that has come.
func (r *Replayed) hear(w *Wire) bool {
	if w == nil || len(*w) == 0 {
		return false
	}
	last := (*w)[len(*w)-1]
	return last.Answer && !last.OnLine && r.scan.Read(r.dialect, last.Bytes) == nil
}

// Sentence tells it in one.
func (r *Replayed) Sentence() string {
	return fmt.Sprintf("replay of %s: %d orders, left out %d%s; %d of %d answers as recorded%s", r.Capture, r.Orders, sum(r.LeftOut), inBrackets(r.LeftOut),
		r.Same, r.Compared, inBrackets(r.Differences)) + differing(r.Fields)
}

func differing(fields map[string]uint64) string {
	if len(fields) == 0 {
		return ""
	}
	return "; fields differ" + inBrackets(fields)
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
