package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Outside is where terminals call that are not ours: our acquirer's address while a run lasts. Each scenario has an acquirer of its own, and
// waits for the terminals that it names; the number in a terminal's first message tells which scenario its connection is for.
type Outside struct {
	Prompter Prompter

	profile  *Profile
	listener net.Listener
	tell     func(string)
	group    sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]*outsideSeat // by terminal number
	conns   map[net.Conn]bool
}

// OpenOutside listens at the profile's address. tell hears of what comes and belongs to no scenario.
func OpenOutside(p *Profile, prompter Prompter, tell func(string)) (*Outside, error) {
	var config *tls.Config
	if p.tls != nil {
		config = p.tls.Clone()
		if config.ClientCAs = config.RootCAs; config.ClientCAs != nil {
			config.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	l, err := wire.Listen(p.Address, config)
	if err != nil {
		return nil, p.mistake("$.address", "%v", err)
	}
	o := &Outside{Prompter: prompter, profile: p, listener: l, tell: tell, waiting: map[string]*outsideSeat{}, conns: map[net.Conn]bool{}}
	o.group.Go(o.accept)
	return o, nil
}

// Address tells where terminals call.
func (o *Outside) Address() string { return o.listener.Addr().String() }

// Close hangs up on all terminals.
func (o *Outside) Close() {
	_ = o.listener.Close()
	o.mu.Lock()
	for c := range o.conns {
		_ = c.Close()
	}
	o.mu.Unlock()
	o.group.Wait()
}

func (o *Outside) accept() {
	for {
		c, err := o.listener.Accept()
		if err != nil {
			return // the listener was closed
		}
		o.mu.Lock()
		o.conns[c] = true
		o.mu.Unlock()
		o.group.Go(func() {
			o.serve(c)
			o.mu.Lock()
			delete(o.conns, c)
			o.mu.Unlock()
			_ = c.Close()
		})
	}
}

// serve reads the first message of a connection, and hands all that comes to the scenario that waits for its terminal.
func (o *Outside) serve(c net.Conn) {
	framer, err := o.profile.dialect.Framing.ServerFramer()
	if err != nil {
		o.tell(err.Error())
		return
	}
	first, inbox := []byte(nil), wire.NewInbox(framer)
	var seat *outsideSeat
	for b := make([]byte, 4096); seat == nil; {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		first = append(first, b[:n]...)
		inbox.Add(b[:n])
		frame, ok, err := inbox.Next()
		switch {
		case err != nil:
			o.tell(fmt.Sprintf("%s is not understood: %v", c.RemoteAddr(), err))
			return
		case !ok || len(frame) == 0:
			continue
		}
		m := o.profile.dialect.New()
		if err := o.profile.dialect.Decode(m, frame); err != nil {
			o.tell(fmt.Sprintf("%s is not understood: %v", c.RemoteAddr(), err))
			return
		}
		number := m.Get(iso8583.Terminal)
		o.mu.Lock()
		seat = o.waiting[number]
		o.mu.Unlock()
		if seat == nil {
			o.tell(fmt.Sprintf("terminal %q calls, and no scenario waits for it: hung up", number))
			return
		}
	}
	seat.carry(c, first)
}

// wait has a scenario wait for a terminal.
func (o *Outside) wait(number string, s *outsideSeat) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[number] = s
}

func (o *Outside) leave(s *outsideSeat) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for number, waits := range o.waiting {
		if waits == s {
			delete(o.waiting, number)
		}
	}
}

// outsideSeat is an embedded host in the world's loop, called by terminals that are not ours.
type outsideSeat struct {
	world *World
	host  *host
	door  *Outside
	lines map[*outsideLine]bool
	named map[string]*Till // by the number that a terminal calls itself
	owed  int              // requests without an answer
	heard time.Time        // when something last crossed
}

func outsideSeats(w *World) (seats, error) {
	h, err := w.newHost(w.Loop)
	if err != nil {
		return nil, err
	}
	return &outsideSeat{world: w, host: h, door: w.Rig.options.Outside, lines: map[*outsideLine]bool{}, named: map[string]*Till{}}, nil
}

func (s *outsideSeat) dialer(*World) dialer     { return nil }
func (s *outsideSeat) control() (Control, bool) { return s.host, true }
func (s *outsideSeat) protect() error {
	return lacks("whether the line of a terminal that is not ours has TLS is its profile's matter")
}

func (s *outsideSeat) close() {
	s.door.leave(s)
	for l := range s.lines {
		l.hangUp()
	}
}

// carry hands a connection's bytes to the world's loop until it ends.
func (s *outsideSeat) carry(c net.Conn, first []byte) {
	l := &outsideLine{seat: s, conn: c, asks: wire.NewInbox(s.host.framer), answers: wire.NewInbox(s.host.framer)}
	l.front = s.host.accept(l.answer, l.hangUp)
	loop := s.world.Loop
	loop.Post(func() { s.lines[l] = true; l.arrived(first) })
	read(c, func(b []byte) { loop.Post(func() { l.arrived(b) }) }, func(error) { loop.Post(func() { delete(s.lines, l) }) })
}

// outsideLine is a connection of a terminal that is not ours, in the world's loop. What crosses is written down, and the world's faults act on it.
type outsideLine struct {
	seat          *outsideSeat
	conn          net.Conn
	front         *front
	asks, answers *wire.Inbox
	till          *Till // that spoke last
}

func (l *outsideLine) hangUp() { _ = l.conn.Close() }

func (l *outsideLine) arrived(b []byte) {
	w := l.seat.world
	switch {
	case w.lineState == LineRefuses:
		l.hangUp()
		return
	case w.lineState == LineSilent:
		return
	}
	l.asks.Add(b)
	for {
		frame, ok, err := l.asks.Next()
		if err != nil {
			w.Trace.Record(traceTrouble(w.Loop.Now(), "acquirer", "framing", err))
			l.hangUp()
			return
		}
		if !ok {
			return
		}
		if len(frame) > 0 {
			l.ask(frame)
		}
	}
}

func (l *outsideLine) ask(frame []byte) {
	s, w := l.seat, l.seat.world
	m := w.Rig.decode(frame)
	if m != nil {
		till, ok := s.named[m.Get(iso8583.Terminal)]
		if !ok {
			w.Trace.Record(traceTrouble(w.Loop.Now(), "acquirer", "terminal", fmt.Errorf("terminal %q is none of this scenario's", m.Get(iso8583.Terminal))))
			l.hangUp()
			return
		}
		if l.till == nil && l.refused(till.Name) {
			return
		}
		l.till = till
		l.till.goesOn(m)
	}
	if l.till == nil {
		return
	}
	row := w.crossed(l.till, m, false, frame)
	s.heard = w.Loop.Now()
	if m != nil {
		s.owed++
	}
	l.pass(row, fault.Request, frame, l.front.bytes)
}

// refused tells that a fault wants the connection of a terminal gone: whose it is is known only by what it says first.
func (l *outsideLine) refused(name string) bool {
	w := l.seat.world
	opening := w.faults.Connect(w.Loop.Now(), name)
	for _, e := range opening.Injected {
		w.Trace.Record(e)
	}
	if opening.Refused {
		l.hangUp()
	}
	return opening.Refused
}

// answer takes what the host says on this line.
func (l *outsideLine) answer(b []byte) {
	s, w := l.seat, l.seat.world
	l.answers.Add(b)
	for {
		frame, ok, err := l.answers.Next()
		if err != nil || !ok || l.till == nil {
			return // the host frames as its dialect says
		}
		row := w.crossed(l.till, w.Rig.decode(frame), true, frame)
		s.heard, s.owed = w.Loop.Now(), s.owed-1
		l.pass(row, fault.Answer, frame, func(b []byte) { _, _ = l.conn.Write(b) }) // a terminal that has gone hears nothing
	}
}

// pass delivers what the faults make of a frame, now or later, and hangs up where they say so.
func (l *outsideLine) pass(c *Crossing, d fault.Direction, frame []byte, deliver func([]byte)) {
	w := l.seat.world
	framed, err := l.seat.host.framer.Append(nil, frame)
	if err != nil {
		framed = frame
	}
	out, err := w.faults.Frame(w.Loop.Now(), c.Till, d, framed)
	if err != nil {
		w.broken = errors.Join(w.broken, err)
		return
	}
	w.mark(c, out)
	if d == fault.Request && len(out.Pieces) == 0 {
		l.seat.owed-- // the host never hears of it
	}
	last := time.Duration(0)
	for _, piece := range out.Pieces {
		last = max(last, piece.After)
		w.Loop.After(piece.After, func() { deliver(piece.Bytes) })
	}
	switch {
	case out.Reset:
		w.Loop.After(last, func() { reset(l.conn) })
	case out.Cut:
		w.Loop.After(last, l.hangUp)
	}
}

// expect has the scenario wait for a terminal that calls itself by a number.
func (s *outsideSeat) expect(t *Till, number string) {
	s.named[number] = t
	s.door.wait(number, s)
}

// CallsItself tells that a terminal that is not ours was set up with another number.
func (t *Till) CallsItself(number string) {
	if s, ok := t.world.seats.(*outsideSeat); ok {
		s.expect(t, number)
	}
}

// goesOn notes where a terminal's trace numbers were when the scenario began: features count from 1.
func (t *Till) goesOn(m *iso8583.Message) {
	if trace, err := strconv.Atoi(m.Get(iso8583.Trace)); err == nil && t.leased.Trace == 0 {
		t.leased = numbers{Trace: trace, Batch: "000001"}
	}
}

// outside tells that the tills are not ours.
func (w *World) outside() bool { _, ok := w.seats.(*outsideSeat); return ok }

// TillsAreOutside tells that what a scenario wants of a till has to be asked of who stands at it.
func (w *World) TillsAreOutside() bool { return w.outside() }

// Judge tells who is asked.
func (w *World) Judge() string {
	if s, ok := w.seats.(*outsideSeat); ok {
		return s.door.Prompter.Judge()
	}
	return "tool"
}

// quiet is how long nothing may cross a line before what was done counts as over.
const quiet = 200 * time.Millisecond

// Ask asks who stands at the terminals to do something, or what he sees, and meanwhile lets the host answer what comes. It ends when he has
// answered and the lines are quiet.
func (w *World) Ask(p Prompt) (Reply, error) {
	s, ok := w.seats.(*outsideSeat)
	if !ok {
		return Reply{}, errors.New("the tills are ours: nobody is to be asked")
	}
	w.Trace.Record(trace.Event{At: w.Loop.Now(), Party: s.door.Prompter.Judge(), Kind: trace.Noted, Name: "prompt", Text: p.Text})
	type result struct {
		reply Reply
		err   error
	}
	var got *result
	go func() {
		reply, err := s.door.Prompter.Ask(w.ctx, p)
		w.Loop.Post(func() { got = &result{reply, err} })
	}()
	err := w.Loop.Run(w.ctx, func() bool { return got != nil || w.broken != nil })
	if err == nil && w.broken == nil {
		err = s.rest()
	}
	if err = errors.Join(err, w.broken); err != nil {
		return Reply{}, err
	}
	if got.err != nil {
		return Reply{}, fmt.Errorf("%s: %w", s.door.Prompter.Judge(), got.err)
	}
	w.Trace.Record(trace.Event{At: w.Loop.Now(), Party: s.door.Prompter.Judge(), Kind: trace.Noted, Name: "reply", Text: got.reply.String()})
	return got.reply, nil
}

// rest waits until every request has its answer and nothing has crossed for a while.
func (s *outsideSeat) rest() error {
	loop := s.world.Loop
	ctx, cancel := context.WithTimeout(s.world.ctx, patience)
	defer cancel()
	begun := loop.Now()
	for {
		due := false
		timer := loop.After(quiet, func() { due = true })
		err := loop.Run(ctx, func() bool { return due })
		timer.Stop()
		if s.world.ctx.Err() == nil && ctx.Err() != nil {
			return nil // a request that a fault has taken away has no answer, and waits for none
		}
		if err != nil {
			return err
		}
		if now := loop.Now(); now.Sub(s.heard) >= quiet && (s.owed <= 0 || now.Sub(begun) > 2*time.Second) {
			return nil
		}
	}
}
