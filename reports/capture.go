package reports

import (
	"io"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
)

// captureComment stands in the head of the capture of a run.
const captureComment = `What crossed the lines of the tills in a run of tillproof, as each till saw it: in every scenario each till has a TCP connection of its own,
of our making. A packet's comment names its scenario. Card numbers, tracks, PINs and keys are masked: packed digits by 0, since BCD holds
no asterisk, characters by *. So MACs do not fit these bytes; they were checked before the masking. Frames that could not be decoded are
left out, since nobody knows what is secret in them.`

// writeCapture writes the frames of a run as pcapng.
func writeCapture(w io.Writer, r *Run) error {
	out, err := capture.NewPackets(w, captureComment)
	if err != nil {
		return err
	}
	lines := map[string]int{}
	for s := range r.scenarios {
		tills := tillsOf(s.Trace)
		for _, e := range s.Trace {
			frame := e.Frame.Masked()
			if frame == nil || !tills[e.Party] || e.Kind != trace.Sent && e.Kind != trace.Received {
				continue
			}
			from := capture.Till
			framer, err := r.Framing.Framer("host")
			if e.Kind == trace.Received {
				from = capture.Host
				framer, err = r.Framing.ServerFramer()
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
