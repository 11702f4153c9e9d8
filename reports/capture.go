package reports

import (
	"io"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// masking stands in the head of a capture behind what is in it.
const masking = ` A packet's comment names its scenario. Card numbers, tracks, PINs and keys are masked: packed digits by 0, since BCD holds
no asterisk, characters by *. So MACs do not fit these bytes; they were checked before the masking. Frames that could not be decoded are
left out, since nobody knows what is secret in them.`

// writeCapture writes the frames of the tills' lines as pcapng.
func writeCapture(w io.Writer, r *Run) error {
	return writePackets(w, r, `What crossed the lines of the tills in a run of tillproof, as each till saw it: in every scenario each till has a TCP connection of its own,
of our making.`+masking, r.Framing, func(s *Scenario) func(trace.Event) (capture.Side, bool) {
		tills := tillsOf(s.Trace)
		return func(e trace.Event) (capture.Side, bool) {
			if e.Kind == trace.Sent {
				return capture.Till, tills[e.Party]
			}
			return capture.Host, tills[e.Party]
		}
	})
}

// writeIssuerCapture writes the frames of the line to our issuer, which has a dialect of its own: in the place of the till is who asks.
func writeIssuerCapture(w io.Writer, r *Run) error {
	return writePackets(w, r, `What crossed the line to our issuer in a run of tillproof, as the issuer saw it: in every scenario one TCP connection, of our making.`+masking,
		r.IssuerFraming, func(*Scenario) func(trace.Event) (capture.Side, bool) {
			return func(e trace.Event) (capture.Side, bool) {
				if e.Kind == trace.Received {
					return capture.Till, e.Party == "issuer"
				}
				return capture.Host, e.Party == "issuer"
			}
		})
}

// writePackets writes the frames of one kind of lines: side tells who speaks in an event of a scenario, and whether the event is of such a line.
func writePackets(w io.Writer, r *Run, comment string, framing iso8583.Framing, side func(*Scenario) func(trace.Event) (capture.Side, bool)) error {
	out, err := capture.NewPackets(w, comment)
	if err != nil {
		return err
	}
	lines := map[string]int{}
	for s := range r.scenarios {
		of := side(s)
		for _, e := range s.Trace {
			frame := e.Frame.Masked()
			from, wanted := of(e)
			if frame == nil || !wanted || framing.Length == "" || e.Kind != trace.Sent && e.Kind != trace.Received {
				continue
			}
			framer, err := framing.Framer("host")
			if from == capture.Host {
				framer, err = framing.ServerFramer()
			}
			if err != nil {
				return err
			}
			framed, err := framer.Append(nil, frame)
			if err != nil {
				framed = frame // longer than the dialect lets a frame be: the harness was wrong on purpose
			}
			line := s.ID + " " + e.Party
			if _, ok := lines[line]; !ok {
				lines[line] = len(lines)
			}
			if err := out.Write(capture.Record{At: e.At, Connection: lines[line], From: from, Bytes: framed, Note: s.ID}); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
