package load

import (
	"fmt"
	"path/filepath"
)

// Replayed tells how the answers of a replay compare with those of its capture. A nil one compares nothing.
type Replayed struct {
	Capture     string            `json:"capture"`
	Orders      int               `json:"orders"`             // of the capture that are played, in each copy and loop
	LeftOut     map[string]int    `json:"left_out,omitempty"` // orders of the capture that are not, by why
	Compared    uint64            `json:"compared"`
	Same        uint64            `json:"same"`
	Differences map[string]uint64 `json:"differences"` // "00 instead of 51", by flow
	Examples    []string          `json:"examples"`    // the first of each difference

	recording *Recording
}

// Replayed begins to compare with the workload's capture; nil where it has none.
func (w *Workload) Replayed() *Replayed {
	r := w.Replay
	if r == nil {
		return nil
	}
	return &Replayed{Capture: filepath.Base(r.Capture), Orders: len(r.dues), LeftOut: r.leftOut, Differences: map[string]uint64{}, recording: r}
}

// Compare holds an order that left against the recorded one: the code of its answer, or that none came. That an answer's MTI, echoed
// fields and MAC are right was seen when it came: otherwise the order is broken, which is a difference.
func (r *Replayed) Compare(s *Sample, terminal func(uint32) string) {
	if r == nil || !s.Left() {
		return
	}
	c, _, _ := r.recording.find(s.Chain)
	was, is := string(c.codes[s.Leg]), "no answer"
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
	if was == is {
		r.Same++
		return
	}
	flow := c.part.Legs[s.Leg].Flow
	what := fmt.Sprintf("%s: %s instead of %s", flow, is, was)
	if r.Differences[what]++; r.Differences[what] == 1 {
		r.Examples = append(r.Examples, fmt.Sprintf("%s: chain %d, leg %d, at terminal %s, STAN %06d", what, s.Chain, s.Leg, terminal(s.Terminal), s.STAN))
	}
}

// Sentence tells it in one.
func (r *Replayed) Sentence() string {
	return fmt.Sprintf("replay of %s: %d orders, left out %d%s; %d of %d answers as recorded%s", r.Capture, r.Orders, sum(r.LeftOut), inBrackets(r.LeftOut),
		r.Same, r.Compared, inBrackets(r.Differences))
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
