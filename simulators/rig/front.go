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
	dialect *iso8583.Dialect
	framer  wire.Framer
	handler iso8583.Handler
	unread  func(now time.Time, frame []byte, err error) // is told of a frame that cannot be read
	trace   *trace.Recorder
	write   func([]byte)
	hangUp  func()
	buf     []byte
}

// bytes takes what arrived. The connection is dropped when the stream itself has lost its framing.
func (f *front) bytes(chunk []byte) {
	f.buf = append(f.buf, chunk...)
	for {
		frame, n, err := f.framer.Next(f.buf)
		if err != nil {
			f.note("framing", err)
			f.buf = nil
			f.hangUp()
			return
		}
		if n == 0 {
			return
		}
		if len(frame) > 0 {
			f.frame(frame)
		}
		f.buf = f.buf[n:]
	}
}

func (f *front) frame(frame []byte) {
	m := f.dialect.New()
	if err := f.dialect.Decode(m, frame); err != nil {
		f.unread(f.loop.Now(), frame, err)
		return
	}
	f.handler.Serve(f.loop.Now(), m, f)
}

// Send implements iso8583.Outbox: m has been encoded or sealed by the handler.
func (f *front) Send(m *iso8583.Message) {
	frame := m.Frame()
	if frame == nil {
		f.note("unsealed", errors.New("the acquirer sent an answer that was never encoded"))
		return
	}
	out, err := f.framer.Append(nil, frame)
	if err != nil {
		f.note("framing", err)
		return
	}
	f.write(out)
}

// After implements iso8583.Outbox.
func (f *front) After(d time.Duration, call func(time.Time)) {
	f.loop.After(d, func() { call(f.loop.Now()) })
}

func (f *front) note(name string, err error) {
	f.trace.Record(traceTrouble(f.loop.Now(), "acquirer", name, err))
}

func traceTrouble(now time.Time, party, name string, err error) trace.Event {
	return trace.Event{At: now, Party: party, Kind: trace.Trouble, Name: name, Text: err.Error()}
}
