package iso8583

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

const (
	maxInFlight = 4096 // requests that a multiplexed link has on the line at once; more wait
	maxFinished = 64   // ended requests that a link remembers, to know late and repeated answers by
	maxSilent   = 2    // requests in a row on which a connection has brought not one byte: its other end may be gone unseen
)

// lineState is where the link's connection stands.
//
//	          a request is started         connected
//	lineDown ----------------------> lineDialling -----> lineUp
//	    ^                                 |                 |
//	    |        dial failed, too slow    |                 |
//	    +---------------------------------+                 |
//	    |   closed, unreadable, or one a transaction and done
//	    +---------------------------------------------------+
type lineState uint8

const (
	lineDown lineState = iota
	lineDialling
	lineUp
)

// Link is the client's end of a line to a host: a machine without I/O that connects when there is something to send,
// frames, correlates answers with requests, keeps the answer timeout and says what went wrong. Step it from one
// goroutine at a time.
type Link struct {
	config LinkConfig
	framer wire.Framer
	keys   []Element
	window int // requests in flight at once

	state        lineState
	line         uint64 // number of the current, or last, connection
	spent        bool   // a request ended on this connection
	silent       int    // requests that ended since a byte came on it
	inbox        *wire.Inbox
	connectTimer uint64 // 0 when the dialling is not timed
	lastTimer    uint64

	queue    []*request // not started: the window is full
	flight   []*request // started: written, or to be written once connected
	finished []finished // the newest last
}

// request is a message that the link was asked to send.
type request struct {
	ticket  uint64
	framed  []byte
	oneWay  bool
	key     Key
	timeout time.Duration
	timer   uint64
	written time.Time // zero until it is handed to the line
	others  int       // whole frames that came since and were not its answer
	seen    *Trouble  // the best explanation so far of why its answer did not come
}

// finished is what is remembered of a request that ended.
type finished struct {
	key      Key
	at       time.Time
	answered bool
}

// NewLink makes a link that has not connected yet.
func NewLink(c LinkConfig) (*Link, error) {
	framer, err := c.Dialect.Framing.Framer(c.HTTPTarget)
	if err != nil {
		return nil, fmt.Errorf("link: dialect %s: %w", c.Dialect.Name, err)
	}
	if c.Framer != nil {
		framer = c.Framer(framer)
	}
	l := &Link{config: c, framer: framer, inbox: wire.NewInbox(framer), keys: c.Dialect.KeyElements()}
	switch c.Connection {
	case Multiplexed:
		l.window = maxInFlight
	case Serial, PerTransaction:
		l.window = 1
	default:
		return nil, fmt.Errorf("link: connection %q: want %s, %s or %s", c.Connection, Multiplexed, Serial, PerTransaction)
	}
	if c.Timers.Answer <= 0 {
		return nil, fmt.Errorf("link: answer timeout of %v: want more than nothing", c.Timers.Answer)
	}
	return l, nil
}

// Step tells the link what has happened and gets what it wants done. out is emptied first.
func (l *Link) Step(now time.Time, e LinkEvent, out *LinkActions) {
	out.list = out.list[:0]
	switch current := e.Line == l.line && l.state != lineDown; {
	case e.Kind == LinkExchange || e.Kind == LinkSend:
		l.take(e, out)
	case e.Kind == LinkFired:
		l.fired(now, e.Timer, out)
	case !current: // a connection that was hung up already
	case e.Kind == LinkConnected && l.state == lineDialling:
		l.stop(&l.connectTimer, out)
		l.state = lineUp
	case e.Kind == LinkBytes && l.state == lineUp:
		l.silent = 0
		l.receive(now, e.Chunk, out)
	case e.Kind == LinkDialFailed || e.Kind == LinkClosed:
		l.down(now, Trouble{Cause: LineCut, Fault: e.Fault}, out)
	}
	l.pump(now, out)
}

// take queues a request.
func (l *Link) take(e LinkEvent, out *LinkActions) {
	m := e.Message
	framed, err := l.framer.Append(nil, m.Frame())
	if err == nil && len(m.Frame()) == 0 {
		err = errors.New("the request was not encoded")
	}
	if err != nil {
		out.add(LinkAction{Kind: LinkFail, Ticket: e.Ticket, Trouble: Trouble{Cause: Unsendable, Why: err.Error()}})
		return
	}
	r := &request{ticket: e.Ticket, framed: framed, oneWay: e.Kind == LinkSend, key: l.config.Dialect.Key(m)}
	if r.timeout = e.Timeout; r.timeout <= 0 {
		r.timeout = l.config.Timers.Answer
	}
	l.queue = append(l.queue, r)
}

// pump starts what may start, connects for it and writes it.
func (l *Link) pump(now time.Time, out *LinkActions) {
	for {
		if l.spent && l.config.Connection == PerTransaction {
			l.hangup(out)
		}
		l.start(out)
		if n := len(l.flight); n == 0 || !l.flight[n-1].written.IsZero() {
			return
		}
		switch l.state {
		case lineDown:
			l.dial(out)
			return
		case lineDialling:
			return
		}
		l.write(now, out)
	}
}

// start moves requests into the window, and refuses one whose answer could not be told from another's.
func (l *Link) start(out *LinkActions) {
	for len(l.queue) > 0 && len(l.flight) < l.window {
		r := l.queue[0]
		l.queue = slices.Delete(l.queue, 0, 1)
		if !r.oneWay && slices.ContainsFunc(l.flight, func(f *request) bool { return !f.oneWay && f.key == r.key }) {
			out.add(LinkAction{Kind: LinkFail, Ticket: r.ticket, Trouble: Trouble{Cause: DuplicateInFlight}})
			continue
		}
		l.flight = append(l.flight, r)
	}
}

func (l *Link) dial(out *LinkActions) {
	l.state = lineDialling
	l.line++
	out.add(LinkAction{Kind: LinkDial, Line: l.line})
	if limit := l.config.Timers.Connect; limit > 0 {
		l.connectTimer = l.startTimer(limit, out)
	}
}

// write hands every started request to the line. A request that wants no answer has ended with that.
func (l *Link) write(now time.Time, out *LinkActions) {
	for _, r := range l.flight {
		if !r.written.IsZero() {
			continue
		}
		r.written = now
		out.add(LinkAction{Kind: LinkWrite, Line: l.line, Bytes: r.framed})
		if r.oneWay {
			l.spent = true
		} else {
			r.timer = l.startTimer(r.timeout, out)
		}
	}
	l.flight = slices.DeleteFunc(l.flight, func(r *request) bool { return r.oneWay })
}

// hangup closes the connection from our side.
func (l *Link) hangup(out *LinkActions) {
	if l.state != lineDown {
		out.add(LinkAction{Kind: LinkHangup, Line: l.line})
		l.clear(out)
	}
}

// clear forgets the connection.
func (l *Link) clear(out *LinkActions) {
	l.stop(&l.connectTimer, out)
	l.state, l.spent, l.silent = lineDown, false, 0
	l.inbox.Reset()
}

// down ends what was in flight on a connection that is lost, or that never came to be.
func (l *Link) down(now time.Time, t Trouble, out *LinkActions) {
	if l.state == lineDialling {
		t.Cause = NotConnected
	}
	t.Have, t.Want = l.inbox.Progress()
	l.clear(out)
	for _, r := range l.flight {
		if t.Sent = !r.written.IsZero(); t.Sent {
			t.Waited = now.Sub(r.written)
		}
		l.fail(now, r, t, out)
	}
	l.flight = l.flight[:0]
}

// fired ends the request, or the dialling, whose time has run out.
func (l *Link) fired(now time.Time, timer uint64, out *LinkActions) {
	if timer == l.connectTimer && timer != 0 {
		l.connectTimer = 0
		out.add(LinkAction{Kind: LinkHangup, Line: l.line})
		l.down(now, Trouble{Fault: wire.Timeout}, out)
		return
	}
	for i, r := range l.flight {
		if r.timer != timer || timer == 0 {
			continue
		}
		r.timer = 0
		t := Trouble{Cause: NoBytes}
		if r.seen != nil {
			t = *r.seen
		}
		t.Have, t.Want = l.inbox.Progress()
		if t.Cause == NoBytes && t.partial() {
			t.Cause = PartialFrame
		}
		t.Sent, t.Waited, t.Others = true, r.timeout, r.others
		l.flight = slices.Delete(l.flight, i, i+1)
		l.fail(now, r, t, out)
		if l.silent++; l.silent >= maxSilent && len(l.flight) == 0 {
			l.hangup(out)
		}
		return
	}
}

// fail tells that a request, which is out of the flight already or about to be, gets no answer.
func (l *Link) fail(now time.Time, r *request, t Trouble, out *LinkActions) {
	l.stop(&r.timer, out)
	if t.Sent {
		l.remember(finished{key: r.key, at: now})
		l.spent = l.state == lineUp
	}
	out.add(LinkAction{Kind: LinkFail, Ticket: r.ticket, Trouble: t})
}

func (l *Link) remember(f finished) {
	if len(l.finished) == maxFinished {
		l.finished = slices.Delete(l.finished, 0, 1)
	}
	l.finished = append(l.finished, f)
}

func (l *Link) startTimer(after time.Duration, out *LinkActions) uint64 {
	l.lastTimer++
	out.add(LinkAction{Kind: LinkStartTimer, Timer: l.lastTimer, After: after})
	return l.lastTimer
}

func (l *Link) stop(timer *uint64, out *LinkActions) {
	if *timer != 0 {
		out.add(LinkAction{Kind: LinkStopTimer, Timer: *timer})
		*timer = 0
	}
}
