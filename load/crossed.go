package load

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Crossed is what went one way over a till's line: one frame, or, OnLine, bytes as they were on the line, lengths and parts of frames included.
// It holds card numbers in clear, and never leaves memory but by Wire.Tell.
type Crossed struct {
	Answer, OnLine bool
	Bytes          []byte
}

// Format shows nothing of the bytes.
func (c Crossed) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "%d bytes", len(c.Bytes)) }

// Wire is what crossed a till's line for one order.
type Wire []Crossed

// mostCrossed bounds it: of an order with more, as a settlement with its uploads, the last are kept.
const mostCrossed = 32

// Add copies what crossed into w, in the room of what was there before.
func (w Wire) Add(c Crossed) Wire {
	if len(w) == mostCrossed {
		first := w[0]
		copy(w, w[1:])
		w[len(w)-1] = first
		w = w[:len(w)-1]
	}
	if len(w) < cap(w) {
		w = w[:len(w)+1]
	} else {
		w = append(w, Crossed{})
	}
	last := &w[len(w)-1]
	last.Answer, last.OnLine, last.Bytes = c.Answer, c.OnLine, append(last.Bytes[:0], c.Bytes...)
	return w
}

// Tell says what crossed, frame by frame and field by field, masked.
func (w Wire) Tell(d *iso8583.Dialect) ([]string, error) {
	hosts, err := d.Framing.ServerFramer()
	if err != nil {
		return nil, err
	}
	tills, err := d.Framing.Framer("")
	if err != nil {
		return nil, err
	}
	var all []string
	for len(w) > 0 {
		c := w[0]
		w = w[1:]
		if !c.OnLine {
			all = append(all, frameTold(d, c.Answer, c.Bytes)...)
			continue
		}
		bytes := c.Bytes
		for len(w) > 0 && w[0].OnLine && w[0].Answer == c.Answer {
			bytes = append(bytes[:len(bytes):len(bytes)], w[0].Bytes...)
			w = w[1:]
		}
		reader := hosts
		if c.Answer {
			reader = tills
		}
		all = append(all, framesTold(d, c.Answer, reader, bytes)...)
	}
	return all, nil
}

func framesTold(d *iso8583.Dialect, answer bool, f wire.Framer, bytes []byte) (all []string) {
	for len(bytes) > 0 {
		frame, n, err := f.Next(bytes)
		if err != nil || n == 0 {
			return append(all, way(answer)+"no whole frame: "+trace.Opaque(bytes).String())
		}
		if bytes = bytes[n:]; len(frame) > 0 {
			all = append(all, frameTold(d, answer, frame)...)
		}
	}
	return all
}

func frameTold(d *iso8583.Dialect, answer bool, frame []byte) []string {
	m := d.New()
	if d.Decode(m, frame) != nil {
		return []string{way(answer) + "unreadable: " + trace.Opaque(frame).String()}
	}
	masked, fields := d.Trace(m)
	all := []string{way(answer) + m.MTI() + ": " + masked.String()}
	for _, f := range fields {
		all = append(all, strings.TrimRight(fmt.Sprintf("  %-8s %-26s %s  %s", f.ID, f.Name, f.Value, f.Note), " "))
	}
	return all
}

func way(answer bool) string {
	if answer {
		return "from the host "
	}
	return "to the host "
}
