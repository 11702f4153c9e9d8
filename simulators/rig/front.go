package rig

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// front is the host's side of one connection: bytes to frames to messages to the handler, and its answers back to
// bytes. It runs in the host's loop.
type front struct {
	loop    *sim.Loop
	life    *life // the host's
	dialect *iso8583.Dialect
	framer  wire.Framer
	handler iso8583.Handler
	unread  func(now time.Time, frame []byte, err error) // is told of a frame that cannot be read
	trace   *trace.Recorder
	grease  *grease
	held    []*held
	write   func([]byte) // does not keep the bytes
	hangUp  func()
	inbox   *wire.Inbox
	lost    bool
	req     *iso8583.Message // each in its turn: a handler keeps none beyond Serve
	out     []byte           // the last answer
}

// bytes takes what arrived. The connection is dropped when the stream itself has lost its framing.
func (f *front) bytes(chunk []byte) {
	if f.lost || f.life.ended {
		return
	}
	f.inbox.Add(chunk)
	for {
		frame, ok, err := f.inbox.Next()
		if err != nil {
			f.note("framing", err)
			f.lost = true
			f.hangUp()
			return
		}
		if !ok {
			return
		}
		if len(frame) > 0 {
			f.frame(frame)
		}
	}
}

func (f *front) frame(frame []byte) {
	now := f.life.now()
	if err := f.dialect.Decode(f.req, frame); err != nil {
		f.unread(now, frame, err)
		return
	}
	f.handler.Serve(now, f.req, f)
}

// Send implements iso8583.Outbox: m has been encoded or sealed by the handler.
func (f *front) Send(m *iso8583.Message) {
	frame := m.Frame()
	if frame == nil {
		f.note("unsealed", errors.New("the acquirer sent an answer that was never encoded"))
		return
	}
	var err error
	if f.out, err = f.framer.Append(f.out[:0], frame); err != nil {
		f.note("framing", err)
		return
	}
	f.send(m, f.out)
}

// After implements iso8583.Outbox.
func (f *front) After(d time.Duration, call func(time.Time)) {
	f.loop.After(d, func() {
		if !f.life.ended {
			call(f.life.now())
		}
	})
}

func (f *front) note(name string, err error) {
	f.trace.Record(traceTrouble(f.life.now(), "acquirer", name, err))
}

func traceTrouble(now time.Time, party, name string, err error) trace.Event {
	return trace.Event{At: now, Party: party, Kind: trace.Trouble, Name: name, Text: err.Error()}
}
