package rig

import (
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Crossing is one message on a till's line, as its sender sent it, and what the line did to it.
type Crossing struct {
	At      time.Time
	Till    string
	Answer  bool             // from the host
	Flow    pay.Flow         // "" when no flow of the dialect fits
	Nth     int              // the how-manieth request of its flow in this world; for an answer, of the request it answers
	Message *iso8583.Message // nil: garbage
	Frame   []byte           // as it was sent, in the clear: it never leaves memory
	Note    string           // lost, late, overtaken, replayed, unasked, copy, cut, changed, garbage, length
}

// tap is a till's line: it carries frames between the till's link and a connection, writes down what crosses, and lets the
// world's faults act on it.
type tap struct {
	till   *Till
	line   uint64 // the link's number of the connection
	open   *opened
	inbox  *wire.Inbox // of the last connection: it holds the part of a frame that has come
	ending []*opened   // hung up, with answers still to come
	dialer dialer
	client wire.Framer // reads and writes as the till does
	host   wire.Framer // reads and writes as the host does
	held   int         // messages that a fault holds back
	dials  int         // connections being opened
}

func newTap(t *Till, d dialer) (*tap, error) {
	framer, err := t.world.Rig.Dialect.Framing.Framer("")
	if err != nil {
		return nil, err
	}
	server, err := t.world.Rig.Dialect.Framing.ServerFramer()
	if err != nil {
		return nil, err
	}
	return &tap{till: t, dialer: d, client: framer, host: server}, nil
}

// lane is that of a fleet's till; nil of another.
func (p *tap) lane() *lane {
	if k := p.till.clerk; k != nil {
		return k.lane
	}
	return nil
}

// bare tells that the line has neither history nor faults.
func (p *tap) bare() bool { return p.till.world.lean && !p.lane().faulty() }

// busy tells that something on the line will still happen by itself.
func (p *tap) busy() bool { return p.held > 0 || p.dials > 0 }

func (p *tap) loopAfter(d time.Duration, f func()) { p.till.world.Loop.After(d, f) }

// dial opens a connection for the link's line number.
func (p *tap) dial(line uint64) {
	p.close()
	p.line = line
	w := p.till.world
	if state := w.lineState; state == LineRefuses {
		w.injected(p.till.Name, "refuse", "the line refuses the connection")
		p.loopAfter(latency, func() { p.failed(line, wire.Refused) })
		return
	}
	begun := w.Loop.Now()
	if !p.bare() {
		opening := w.faults.Connect(w.Loop.Now(), p.till.Name)
		for _, e := range opening.Injected {
			w.Trace.Record(e)
		}
		if l := p.lane(); l.faulty() {
			l.struck(opening.Struck)
		}
		if opening.Refused {
			p.loopAfter(latency, func() { p.failed(line, wire.Refused) })
			return
		}
		if opening.After > 0 {
			p.dials++
			p.loopAfter(opening.After, func() {
				if p.dials--; p.line == line {
					p.reach(line, begun)
				}
			})
			return
		}
	}
	p.reach(line, begun)
}

// reach opens a connection to the host, which was begun at an instant.
func (p *tap) reach(line uint64, begun time.Time) {
	w := p.till.world
	p.dials++
	life := p.till.life
	o := &opened{}
	if !p.bare() {
		o.in, o.asked = wire.NewInbox(p.client), wire.NewInbox(p.host)
	}
	p.inbox = o.in
	p.dialer.dial(caller{
		open: func(c conn) {
			p.dials--
			if p.line != line || p.till.life != life {
				c.Close()
				return
			}
			o.conn, p.open = c, o
			if k := p.till.clerk; k != nil {
				k.connected(w.Loop.Now().Sub(begun))
			}
			p.till.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkConnected, Line: line})
		},
		failed: func(err error) {
			p.dials--
			if p.till.life == life {
				p.failed(line, wire.FaultOf(err))
			}
		},
		bytes:  func(at time.Time, b []byte) { p.arrived(at, line, o, b) },
		closed: func(err error) { p.letGo(o); p.ended(o, wire.FaultOf(err)) },
	}, p.till.Now())
}

func (p *tap) failed(line uint64, f wire.Fault) {
	if p.line == line {
		p.till.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkDialFailed, Line: line, Fault: f})
	}
}

// ended tells the link that its connection is gone. A connection that was hung up says so late, when another may be open: by its
// line number it could be taken for that one, since the link of a till that was switched off and on counts from 1 again.
func (p *tap) ended(o *opened, f wire.Fault) {
	if p.open == o {
		p.open = nil
		p.till.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkClosed, Line: p.line, Fault: f})
	}
}

// partly completes a trouble by the part of a frame that has come: the link is given whole frames only.
func (p *tap) partly(t iso8583.Trouble) iso8583.Trouble {
	if p.inbox == nil || t.Have > 0 || t.Cause != iso8583.NoBytes && t.Cause != iso8583.LineCut {
		return t
	}
	have, want := p.inbox.Progress()
	if have == 0 {
		return t
	}
	if t.Have, t.Want = have, want; t.Cause == iso8583.NoBytes {
		t.Cause = iso8583.PartialFrame
	}
	return t
}

// hangUp closes the connection because the link wants it.
func (p *tap) hangUp(line uint64) {
	if p.line == line {
		p.close()
		p.line = 0
	}
}

// opened is a connection, and how many requests on it the host has still to answer.
type opened struct {
	conn  conn
	in    *wire.Inbox // what came
	asked *wire.Inbox // what the host was sent
	owed  int
}

// settling is how long a line on sockets is given to bring the answers that nobody waits for any more, as to a repeated request.
const settling = 250 * time.Millisecond

// close hangs up. On sockets the answers that are under way may still come, as in memory: they are written down.
func (p *tap) close() {
	o := p.open
	if o == nil {
		return
	}
	p.open = nil
	if o.owed <= 0 || p.till.world.Loop.Virtual() {
		o.conn.Close()
		return
	}
	p.ending = append(p.ending, o)
	p.loopAfter(settling, func() { p.letGo(o) })
}

// letGo closes a connection that was hung up.
func (p *tap) letGo(o *opened) {
	if i := slices.Index(p.ending, o); i >= 0 {
		p.ending = slices.Delete(p.ending, i, i+1)
		o.conn.Close()
	}
}

// end closes everything at once.
func (p *tap) end() {
	p.close()
	for _, o := range slices.Clone(p.ending) {
		p.letGo(o)
	}
}

// owed tells that answers are under way which nobody may be waiting for.
func (p *tap) owed() bool { return len(p.ending) > 0 || p.open != nil && p.open.owed > 0 }

// drop closes the connection under the link's feet, as a change of network does.
func (p *tap) drop() { p.dropBy(wire.Closed) }

// dropBy drops it, and the link sees how.
func (p *tap) dropBy(f wire.Fault) {
	if p.open == nil {
		return
	}
	if f == wire.Reset {
		p.open.conn.Reset()
		p.open = nil
	} else {
		p.close()
	}
	line := p.line
	p.loopAfter(0, func() {
		p.till.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkClosed, Line: line, Fault: f})
	})
}

// write takes one frame that the link writes, and passes it on to the host as the faults leave it.
func (p *tap) write(line uint64, b []byte) {
	if p.line != line || p.open == nil {
		return
	}
	if k := p.till.clerk; k != nil {
		k.wrote(p.till.world.Loop.Now())
		k.crossed(false, b)
	}
	if p.bare() {
		p.open.conn.Write(b)
		return
	}
	framed, o := append([]byte(nil), b...), p.open
	if p.till.world.lean {
		p.pass(nil, fault.Request, framed, o.conn.Write)
		return
	}
	frame, _, err := p.host.Next(framed)
	if err != nil || frame == nil {
		frame = framed // a link only writes whole frames; whatever else this is, it is passed on
	}
	w, message := p.till.world, p.till.world.Rig.decode(frame)
	if err := p.till.mayLeave(message); err != nil {
		w.broken = errors.Join(w.broken, err)
		return
	}
	row := w.crossed(p.till, message, false, frame)
	p.pass(row, fault.Request, framed, func(b []byte) {
		if w.lineState != LineSilent {
			o.conn.Write(b) // even when the till has hung up meanwhile: what was sent arrives
			o.ask(b, w.Rig)
		}
	})
	if p.till.mishap != nil && row.Message != nil {
		p.till.mishap(point{sent: true, message: row.Message})
	}
}

// ask counts the requests that reach the host whole, each of which it will answer.
func (o *opened) ask(b []byte, r *Rig) {
	o.asked.Add(b)
	for {
		frame, ok, err := o.asked.Next()
		if err != nil || !ok {
			return
		}
		if r.decode(frame) != nil {
			o.owed++
		}
	}
}

// garbage sends a frame that nobody can read on a connection of its own.
func (p *tap) garbage(frame []byte) error {
	framed, err := p.host.Append(nil, frame)
	if err != nil {
		return err
	}
	p.dials++
	p.dialer.dial(caller{
		open: func(c conn) {
			p.dials--
			p.till.world.crossed(p.till, nil, false, frame)
			c.Write(framed)
			c.Close()
		},
		failed: func(error) { p.dials-- },
		bytes:  func(time.Time, []byte) {},
		closed: func(error) {},
	}, p.till.Now())
	return nil
}

// arrived takes what the host wrote on a line, frame by frame, and passes it on to the link. What comes after the till has hung
// up is written down and reaches nobody.
func (p *tap) arrived(at time.Time, line uint64, o *opened, b []byte) {
	if p.bare() {
		p.hears(at, line, b)
		return
	}
	w, in := p.till.world, o.in
	if w.lineState == LineSilent {
		return
	}
	in.Add(b)
	for {
		frame, ok, err := in.Next()
		if err != nil { // not framed as the dialect says: the link shall judge it
			in.Reset()
			p.hears(at, line, b)
			return
		}
		if !ok {
			return
		}
		var row *Crossing
		if !w.lean {
			row = w.crossed(p.till, w.Rig.decode(frame), true, frame)
			if o.owed--; o.owed <= 0 {
				p.letGo(o)
			}
		}
		framed, err := p.host.Append(nil, frame)
		if err != nil {
			framed = frame // it was read by the same framing: it cannot be too long for it
		}
		p.pass(row, fault.Answer, framed, func(b []byte) { p.hears(w.Loop.Now(), line, b) })
	}
}

// hears lets the till have what came for it at an instant.
func (p *tap) hears(at time.Time, line uint64, b []byte) {
	if k := p.till.clerk; k != nil {
		k.heard = at
		k.crossed(true, b)
	}
	p.give(line, b)
}

// give hands bytes to the till's link. What was held back comes on the connection that is open now, if its own is gone.
func (p *tap) give(line uint64, b []byte) {
	if p.open != nil {
		line = p.line
	}
	p.till.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkBytes, Line: line, Chunk: b})
}

// pass delivers what the faults make of a frame, now or later, and cuts the line where they say so.
func (p *tap) pass(c *Crossing, d fault.Direction, framed []byte, deliver func([]byte)) {
	w := p.till.world
	out, err := w.faults.Frame(w.Loop.Now(), p.till.Name, d, framed)
	switch l := p.lane(); {
	case err != nil && w.lean: // what cannot be done to this frame is not done
		out = fault.Delivery{Pieces: []fault.Piece{{Bytes: framed}}}
	case err != nil:
		w.broken = errors.Join(w.broken, err)
		return
	case l.faulty():
		l.struck(out.Struck)
	}
	if c != nil {
		w.mark(c, out)
	}
	p.deliver(out, d, deliver)
}

// mark writes down what the faults did to a message.
func (w *World) mark(c *Crossing, d fault.Delivery) {
	for _, e := range d.Injected {
		w.Trace.Record(e)
		switch note := fault.Kind(e.Name).Note(); {
		case e.Name == string(fault.Unsolicited):
			row := *c
			row.Message, row.Frame, row.Note, row.Nth = d.Unasked, d.Unasked.Frame(), note, 0 // it answers none
			w.Wire = slices.Insert(w.Wire, slices.Index(w.Wire, c), &row)
		case e.Name == string(fault.Duplicate):
			row := *c
			row.Note = note
			w.Wire = append(w.Wire, &row)
		case note != "":
			c.Note = note
		}
	}
}

// deliver lets the pieces of a frame arrive.
func (p *tap) deliver(out fault.Delivery, d fault.Direction, deliver func([]byte)) {
	life, line := p.till.life, p.line
	last := time.Duration(0)
	for _, piece := range out.Pieces {
		last = max(last, piece.After)
		if piece.After == 0 && d == fault.Request {
			deliver(piece.Bytes)
			continue
		}
		p.held++
		p.loopAfter(piece.After, func() {
			p.held--
			if d == fault.Request || p.till.life == life && (p.line == line || !out.Torn) {
				deliver(piece.Bytes)
			}
		})
	}
	if out.Cut {
		p.held++
		p.loopAfter(last, func() {
			p.held--
			switch {
			case p.till.life != life:
			case out.Reset:
				p.dropBy(wire.Reset)
			default:
				p.drop()
			}
		})
	}
}

func (w *World) injected(party, name, text string) {
	w.Trace.Record(trace.Event{At: w.Loop.Now(), Party: party, Kind: trace.Injected, Name: name, Text: text})
}
