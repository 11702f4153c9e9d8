package rig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// LineState is what the lines of a world do with everything that comes.
type LineState string

// The states of the lines.
const (
	LineWorks   LineState = ""
	LineRefuses LineState = "refuses"
	LineSilent  LineState = "silent"
)

// World is everything one scenario may touch: tills, cards, the line, and the host's seat. It belongs to one goroutine.
type World struct {
	Rig   *Rig
	Seed  sim.Seed
	Line  string
	Loop  *sim.Loop
	Trace *trace.Recorder
	Wire  []*Crossing // what crossed the tills' lines, in order of sending

	ctx      context.Context
	cancel   context.CancelFunc
	seats    seats
	tills    map[string]*Till
	order    []*Till
	faults   *fault.Injector
	flows    map[pay.Flow]int // requests so far
	cvkBox   *hsm.HSM
	cvk      [][]byte        // the key in it
	signedBy map[string]int  // bytes of the last picture of each cardholder
	opened   map[string]bool // cards with an account at the issuer

	chips      map[string]*card.Slot   // by cardholder
	cardFaults map[string][]card.Fault // that are arranged for his chip
	copied     map[string]bool         // whose chip is a copy
	chipEdits  map[string][]func(*card.Spec)
	chipSaid   map[string][]Said
	chipKinds  map[string]string      // the shipped card that his is, where not the cast's
	stripes    map[string]StripeFault // what is the matter with his stripe
	stranger   *Stranger              // whose card it is that is nobody's of the cast
	pulls      []pull                 // answers that a remote host is to be made to give
	unverified string                 // why nobody can say that the host has verified a chip

	phones map[string]*card.Phone // by cardholder
	photos map[string][]byte      // of their codes
	codes  map[string][]string    // that the phones have shown

	walletLine *walletLine // nil while nobody has asked a wallet
	officeLine *officeLine // nil while nobody has asked the office

	lean      bool // nothing is kept that grows: no crossings, screens, slips, and no trace
	lineState LineState
	speech    Speech // what differs from the rig's
	protected bool   // by TLS
	broken    error  // a fault that could not be made
	closed    bool
	returned  func() // the terminals that were lent; nil of a fleet's world
}

// seats is where the host sits: how to reach it and how to arrange and see it.
type seats interface {
	dialer(w *World) dialer
	control() (Control, bool)
	protect() error // puts TLS on the line
	close()
}

func (w *World) seat() (err error) {
	w.faults, err = fault.New(fault.Config{Dialect: w.Rig.Dialect, Random: w.Seed.Stream("fault"), Reseal: w.reseal})
	if err != nil {
		return err
	}
	if err := w.newCVKBox(); err != nil {
		return err
	}
	switch {
	case w.Rig.options.Control != "" && w.Line == LineSocket:
		w.seats, err = servedSeats(w)
	case w.Rig.Profile.Seat == SeatRemote && w.Line == LineSocket:
		w.seats = remoteSeats(w)
	case w.Rig.Profile.Seat == SeatSwitch && w.Line == LineSocket:
		w.seats, err = switchSeats(w)
	case w.Rig.Profile.Seat == SeatContainer && w.Line == LineSocket:
		err = fmt.Errorf("profile %s: its container has not been started", w.Rig.Profile.Name)
	case w.Rig.Profile.Seat == SeatTerminal && w.Line == LineSocket && w.Rig.options.Outside == nil:
		err = fmt.Errorf("profile %s: nobody waits for its terminals", w.Rig.Profile.Name)
	case w.Rig.Profile.Seat == SeatTerminal && w.Line == LineSocket:
		w.seats, err = outsideSeats(w)
	case w.Line == LineSocket:
		w.seats, err = socketSeats(w)
	default:
		w.seats, err = memorySeats(w)
	}
	if err != nil || w.Rig.options.Grease == 0 {
		return err
	}
	if control, ours := w.seats.control(); ours && !w.remote() {
		return control.Arrange(w.ctx, Arrangement{Party: "acquirer", Awkward: &w.Rig.options.Grease})
	}
	return nil
}

// Speak has host and tills speak another dialect ("" stays with the rig's), and agree on settings of it, before a till is seated.
func (w *World) Speak(s Speech) error {
	if len(w.order) > 0 || len(w.opened) > 0 {
		return errors.New("a till or a card is there already: what its host speaks comes first")
	}
	if w.remote() {
		return lacks("what a remote host speaks is its profile's matter")
	}
	if w.outside() {
		return lacks("what a terminal that is not ours speaks is its profile's matter")
	}
	d, err := s.over(w.Rig.Dialect)
	if err != nil {
		return err
	}
	own := *w.Rig
	own.Dialect, w.Rig = d, &own
	w.speech = w.speech.and(s)
	w.seats.close()
	return w.seat()
}

// Close frees sockets and goroutines. The world's trace may still be read.
func (w *World) Close() {
	if w.closed {
		return
	}
	w.closed = true
	for _, t := range w.order {
		t.tap.end()
	}
	if w.seats != nil {
		w.seats.close()
	}
	w.cancel()
	if w.returned != nil {
		w.returned()
	}
	if w.walletLine != nil {
		w.walletLine.close()
	}
	if w.officeLine != nil {
		w.officeLine.client.CloseIdleConnections()
	}
}

// Control is the way into the host, if this seat has one.
func (w *World) Control() (Control, bool) { return w.seats.control() }

// ErrNoSight says that a step needs to arrange or see more of the host than this seat gives. The scenario is skipped.
var ErrNoSight = errors.New("this host cannot be arranged or looked into: no control door")

func (w *World) mustControl() (Control, error) {
	if c, ok := w.seats.control(); ok {
		return c, nil
	}
	return nil, ErrNoSight
}

// Arrange changes the host's state.
func (w *World) Arrange(a Arrangement) error {
	c, err := w.mustControl()
	if err != nil {
		return w.provoke(a)
	}
	err = c.Arrange(w.ctx, a)
	if errors.Is(err, ErrNoSight) && w.remote() && a.Condition == ConditionAnswers {
		return w.provoke(a) // a switch may have reasons of its own to answer so
	}
	return err
}

// Look gives the host's books.
func (w *World) Look() (State, error) {
	c, err := w.mustControl()
	if err != nil {
		return State{}, err
	}
	return c.Look(w.ctx)
}

// LookAtHost gives the books of who answers the tills: those of a switch under test are its own.
func (w *World) LookAtHost() (State, error) {
	if _, between := w.behindSwitch(); between {
		return State{}, errSwitchsOwn
	}
	return w.Look()
}

// patience is how long a world on sockets may take to come to rest after an act.
const patience = 15 * time.Second

// Rest runs the world until nothing goes on by itself: no exchange is open, no message is held back, no reversal is under way.
func (w *World) Rest() error {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	err := w.Loop.Run(ctx, func() bool {
		return w.broken != nil || !slices.ContainsFunc(w.order, func(t *Till) bool { return !t.resting() })
	})
	if w.broken != nil {
		return w.broken
	}
	if err == nil {
		err = w.settle(ctx)
	}
	if s, ok := w.behindSwitch(); ok && err == nil {
		err = s.rest(ctx)
	}
	if err != nil {
		for _, t := range w.order {
			if !t.resting() {
				return fmt.Errorf("till %s hangs in state %s: %w", t.Name, t.Status().State, err)
			}
		}
		return fmt.Errorf("the world does not come to rest: %w", err)
	}
	return nil
}

// settle lets arrive what crosses the lines now.
func (w *World) settle(ctx context.Context) error {
	if w.Loop.Virtual() {
		return w.Loop.Drain(ctx, 4*latency)
	}
	late := false
	defer w.Loop.After(settling, func() { late = true }).Stop()
	return w.Loop.Run(ctx, func() bool {
		return late || !slices.ContainsFunc(w.order, func(t *Till) bool { return t.tap.owed() })
	})
}

// Pass lets time pass; only a virtual clock does that.
func (w *World) Pass(d time.Duration) error {
	if !w.Loop.Virtual() {
		return errors.New("time passes by itself on sockets: tag the scenario @clock")
	}
	if err := w.Loop.Drain(w.ctx, d); err != nil {
		return fmt.Errorf("time does not pass: %w", err)
	}
	return w.Rest()
}

// SpoilLine arranges a fault of the lines. What follows has an exact course then, so the host is not awkward any more.
func (w *World) SpoilLine(r fault.Rule) error {
	if err := w.faults.Arm(r); err != nil || w.Rig.options.Grease == 0 || w.remote() {
		return err
	}
	return w.Arrange(Arrangement{Party: "acquirer", Awkward: new(int)})
}

// reseal makes the MAC of a message anew with a till's keys, so that a fault can be a host's or a till's own mistake. A till that is not
// ours keeps its keys to itself.
func (w *World) reseal(till string, m *iso8583.Message) error {
	t, ok := w.tills[till]
	if !ok || t.config.HSM == nil || !t.config.HSM.Has(terminal.KeyMAK) {
		return nil
	}
	_, err := w.Rig.Dialect.Seal(nil, m, t.mac)
	return err
}

// Faults gives the injector of this world's lines.
func (w *World) Faults() *fault.Injector { return w.faults }

// Unstruck tells of faults and mishaps that were arranged for one moment which never came: the scenario has shown something else.
func (w *World) Unstruck() []string {
	var out []string
	for _, r := range w.faults.Waiting() {
		out = append(out, fmt.Sprintf("%s of %s %d (%s)", r.Do.Kind, r.Flow, r.Nth, r.Direction))
	}
	for _, t := range w.order {
		if t.mishap != nil {
			out = append(out, "a mishap of "+t.Name)
		}
	}
	if s, ok := w.seats.(*memorySeat); ok {
		for _, d := range s.deaths {
			out = append(out, fmt.Sprintf("the host's death at %s %d", d.Flow, d.Nth))
		}
	}
	if w.walletLine != nil {
		for _, f := range w.walletLine.faults {
			if !f.struck {
				out = append(out, fmt.Sprintf("a fault of wallet %s %d", f.Operation, f.Nth))
			}
		}
	}
	return out
}

// SetLine changes what the lines do with everything. LineRefuses also ends the connections that are open; LineWorks takes back
// the faults that have not acted yet.
func (w *World) SetLine(s LineState) {
	w.lineState = s
	switch s {
	case LineWorks:
		w.faults.Clear()
	case LineRefuses:
		for _, t := range w.order {
			t.tap.drop()
		}
	}
}

// Protect puts TLS on the lines: the host's certificate is judged by each till's clock.
func (w *World) Protect() error {
	w.protected = true
	return w.seats.protect()
}

// crossed writes down a message on a till's line. A request is counted by flow; an answer gets the number of its request.
func (w *World) crossed(t *Till, m *iso8583.Message, answer bool, frame []byte) *Crossing {
	c := &Crossing{At: w.Loop.Now(), Till: t.Name, Answer: answer, Message: m, Frame: slices.Clone(frame)}
	w.number(c)
	e := trace.Event{At: c.At, Party: t.Name, Peer: "host", Kind: trace.Sent, Name: c.Name()}
	if answer {
		e.Kind = trace.Received
	}
	if m == nil {
		e.Frame = trace.Opaque(frame)
	} else {
		e.Frame, e.Fields = w.Rig.Dialect.Trace(m)
	}
	w.Trace.Record(e)
	w.Wire = append(w.Wire, c)
	if answer {
		w.broken = errors.Join(w.broken, t.follow(c))
	}
	return c
}

// number finds a message's flow and number: a request's by counting, an answer's from the request whose key it carries back.
func (w *World) number(c *Crossing) {
	if c.Message == nil {
		return
	}
	if !c.Answer {
		if spec, _, ok := w.Rig.Dialect.Identify(c.Message); ok {
			c.Flow = spec.Flow
		}
		w.flows[c.Flow]++
		c.Nth = w.flows[c.Flow]
		return
	}
	key := w.Rig.Dialect.Key(c.Message)
	for _, earlier := range slices.Backward(w.Wire) {
		if !earlier.Answer && earlier.Message != nil && w.Rig.Dialect.Key(earlier.Message) == key {
			c.Flow, c.Nth = earlier.Flow, earlier.Nth
			return
		}
	}
	if spec, _, ok := w.Rig.Dialect.Identify(c.Message); ok {
		c.Flow = spec.Flow
	}
}

// Statements gathers what all parties state about the money.
func (w *World) Statements() ([]audit.Statement, error) {
	all, err := w.tillStatements()
	if err != nil {
		return nil, err
	}
	state, err := w.Look()
	if errors.Is(err, ErrNoSight) {
		return all, nil
	}
	return append(all, state.Statements...), err
}

// tillStatements are what the tills state, each of which is on for it.
func (w *World) tillStatements() (all []audit.Statement, err error) {
	if w.outside() {
		return nil, nil // a terminal that is not ours states nothing
	}
	for _, t := range w.order {
		if t.machine == nil {
			if err := t.powerOn(); err != nil {
				return nil, err
			}
			if err := w.Rest(); err != nil {
				return nil, err
			}
		}
		all = append(all, audit.Statement{Role: audit.Terminal, Party: t.Name, Fact: audit.Present, Ref: audit.Ref{Terminal: t.config.Number}})
		all = append(all, t.machine.Statements()...)
	}
	return all, nil
}

// Verify judges the money of the world.
func (w *World) Verify() ([]audit.Break, error) {
	judge := func() ([]audit.Break, error) {
		statements, err := w.Statements()
		if err != nil {
			return nil, err
		}
		return audit.Judge(slices.Values(statements)), nil
	}
	if s, ok := w.behindSwitch(); ok {
		return s.agree(judge)
	}
	return judge()
}

// Events gives the world's trace, with what a host in another process recorded, in the order of time.
func (w *World) Events() []trace.Event {
	events := w.Trace.Events()
	c, ok := w.seats.control()
	if _, away := c.(*door); !ok || !away {
		return events
	}
	state, err := c.Look(w.ctx)
	if err != nil {
		return append(events, trace.Event{At: w.Loop.Now(), Party: "rig", Kind: trace.Trouble, Name: "control door", Text: err.Error()})
	}
	events = append(events, state.Events...)
	slices.SortStableFunc(events, func(a, b trace.Event) int { return a.At.Compare(b.At) })
	for i := range events {
		events[i].Seq = i + 1
	}
	return events
}
