package reports

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// stream is bytes in the order of their sender: one direction of a connection, a line of hex, a file.
type stream struct {
	bytes    []byte
	arrivals []arrival // of a capture
	from, to string
	line     int    // of hex with several lines
	trouble  string // why bytes are missing: before these, or all of them
}

// arrival says when bytes were captured.
type arrival struct {
	end int // of the bytes that had arrived by then
	at  time.Time
}

func (s stream) at(end int) time.Time {
	i := sort.Search(len(s.arrivals), func(i int) bool { return s.arrivals[i].end >= end })
	if i == len(s.arrivals) {
		return time.Time{}
	}
	return s.arrivals[i].at
}

// sighting is one frame of a stream: a message, or the fault it has in its place. Where it stands is in fault either way.
type sighting struct {
	at      time.Time
	message *iso8583.Message
	fault   FrameFault
}

// see makes the sighting of a frame that ended at byte end of the stream. fault is nil for a good one.
func (s stream) see(end int, m *iso8583.Message, fault *FrameFault) sighting {
	out := sighting{at: s.at(end), message: m, fault: FrameFault{Line: s.line, From: s.from, To: s.to}}
	if fault != nil {
		out.message = nil
		out.fault.Byte, out.fault.Field, out.fault.Why = fault.Byte, fault.Field, fault.Why
	}
	return out
}

// read gives the frames of a stream: those behind their lengths, or the stream as one frame if that makes more sense.
func read(d *iso8583.Dialect, s stream) []sighting {
	var missing []sighting
	if s.trouble != "" {
		missing = []sighting{s.see(min(1, len(s.bytes)), nil, &FrameFault{Why: s.trouble})}
	}
	if len(s.bytes) == 0 {
		return missing
	}
	framed, alone := readFramed(d, s), []sighting{readFrame(d, s, s.bytes, len(s.bytes))}
	if !allRead(framed) && (allRead(alone) || progress(alone) > progress(framed)) {
		framed = alone
	}
	return append(missing, framed...)
}

func allRead(all []sighting) bool {
	return !slices.ContainsFunc(all, func(s sighting) bool { return s.message == nil })
}

// progress counts the bytes that were understood.
func progress(all []sighting) (n int) {
	for _, s := range all {
		if s.message != nil {
			n += len(s.message.Frame())
		} else {
			n += s.fault.understood()
		}
	}
	return n
}

// understood: any bytes pass for TPDU, header and message type, so only a fault behind the bitmap shows that the bytes
// before it mean something.
func (f FrameFault) understood() int {
	if len(f.Field) > 1 && f.Field[0] == 'F' || f.Field == "end" {
		return f.Byte
	}
	return 0
}

// readFramed reads frame behind frame. After one that cannot be decoded the next is read; after a length that cannot be
// right nothing is. Keep-alives are passed over.
func readFramed(d *iso8583.Dialect, s stream) (all []sighting) {
	framer, err := framerOf(d, s.bytes)
	if err != nil {
		return []sighting{s.see(0, nil, &FrameFault{Field: "length", Why: err.Error()})}
	}
	for at := 0; at < len(s.bytes); {
		rest := s.bytes[at:]
		frame, n, err := framer.Next(rest)
		switch {
		case err != nil:
			return append(all, s.see(at+1, nil, &FrameFault{Field: "length", Why: err.Error()}))
		case n == 0:
			return append(all, readCut(d, s, rest, framer))
		case len(frame) > 0:
			all = append(all, readFrame(d, s, frame, at+n))
		}
		at += n
	}
	return all
}

// framerOf gives the framing in the direction that fits: HTTP has requests one way and answers the other.
func framerOf(d *iso8583.Dialect, bytes []byte) (wire.Framer, error) {
	framer, err := d.Framing.ServerFramer()
	if err != nil || !d.Framing.HTTP {
		return framer, err
	}
	if _, _, err := framer.Next(bytes); err != nil {
		return d.Framing.Framer("")
	}
	return framer, nil
}

// readCut tells how far the last frame of a stream can be read.
func readCut(d *iso8583.Dialect, s stream, rest []byte, framer wire.Framer) sighting {
	have, want := framer.Progress(rest)
	if want < 0 {
		return s.see(len(s.bytes), nil, &FrameFault{Field: "length", Why: "the stream ends inside it"})
	}
	out := readFrame(d, s, rest[len(rest)-have:], len(s.bytes))
	if out.message != nil {
		return s.see(len(s.bytes), nil, &FrameFault{Field: "end", Byte: have, Why: fmt.Sprintf("the length says %d bytes, and %d are there", want, have)})
	}
	out.fault.Why += fmt.Sprintf(" (the frame is cut off: %d of %d bytes are there)", have, want)
	return out
}

func readFrame(d *iso8583.Dialect, s stream, frame []byte, end int) sighting {
	m := d.New()
	err := d.Decode(m, frame)
	var where *iso8583.DecodeError
	switch {
	case err == nil:
		return s.see(end, m, nil)
	case !errors.As(err, &where):
		return s.see(end, nil, &FrameFault{Field: "frame", Why: err.Error()})
	case !messageType(m.MTI()):
		// The fields behind a wrong message type are not those that were meant.
		return s.see(end, nil, &FrameFault{Byte: headSize(d), Field: "MTI", Why: "is no message type of ISO 8583: is this the right dialect?"})
	}
	return s.see(end, nil, &FrameFault{Byte: where.Offset, Field: where.Field, Why: where.Err.Error()})
}

// messageType tells a version and a class that exist (ISO 8583:1987, 4.2).
func messageType(mti string) bool {
	return mti == "" || len(mti) == 4 && mti[0] <= '2' && mti[1] >= '1' && mti[1] <= '8'
}

func headSize(d *iso8583.Dialect) int { return (len(d.Framing.TPDU) + len(d.Framing.Header)) / 2 }
