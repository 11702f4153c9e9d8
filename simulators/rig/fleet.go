package rig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// FleetPlan says who stands ready at a host: so many tills with their cashiers, and so many cards, none of them of the cast.
// Of a remote host they are its profile's.
type FleetPlan struct {
	Seed       sim.Seed
	Line       string // LineMemory or LineSocket; "" is the rig's
	Tills      int
	Cards      int
	Balance    pay.Amount         // of each card
	Connection iso8583.Connection // Serial or PerTransaction; "" is Serial
	TLS        bool               // on the lines; of a remote host it is the profile's matter
	Patience   time.Duration      // for an answer; 0 is the dialect's
	Lag        time.Duration      // an order that could not begin for longer is dropped; 0 drops none
	Loops      int                // goroutines that the tills are spread over; 0 is one
	TillOf     func(n int) int    // of a larger fleet: the number that the nth of these tills has there; nil for none
	CardOf     func(n int) int    // ... and the nth of these cards; both grow with n
	PANOf      func(n int) string // the number of the nth card of that fleet; nil for numbers of the test range
	Traced     bool               // what happens is remembered: for a few orders
	Faults     []FleetFault

	Stray     func(iso8583.Cause)                   // an answer that nobody waits for; it may be nil, and comes from any goroutine, as below
	Connected func(d time.Duration)                 // a connection has been made in that time
	Wire      func(till int, answer bool, b []byte) // what a till says and hears; b is valid until it returns
	Reversed  func()                                // a payment of unknown outcome has been taken back by its till
	Struck    func(label string, at time.Duration)  // a fault of that label has acted, so long after Start
}

func (p *FleetPlan) till(n int) int {
	if p.TillOf == nil {
		return n
	}
	return p.TillOf(n)
}

func (p *FleetPlan) card(n int) int {
	if p.CardOf == nil {
		return n
	}
	return p.CardOf(n)
}

// Fleet is many tills at one host that serve customers as they come. Nothing is kept of an order when it is over but what a till's
// batch and the money check need. It may be called from any goroutine.
type Fleet struct {
	plan  FleetPlan
	rig   *Rig
	lanes []*lane
	stop  context.CancelFunc
	open  atomic.Int64
	idle  chan struct{} // has one when open has become 0
	doors chan struct{} // as many as may ask the host for a payer's code at once
	seeds Seeds         // what the host was told
	kcvs  []hsm.KCV     // of the tills' master keys

	mu    sync.Mutex
	fault error // the first of the harness's own
}

// lane is a loop with the tills that it runs and their cards.
type lane struct {
	fleet   *Fleet
	world   *World
	start   time.Time
	clerks  map[int]*clerk
	pockets map[int]*pocket
	group   sync.WaitGroup
}

// Fleet seats a fleet: its tills are known to the host, have their master keys, and a cashier is logged in. None has signed in.
func (r *Rig) Fleet(ctx context.Context, p FleetPlan) (*Fleet, error) {
	own, err := p.over(r)
	if err != nil {
		return nil, err
	}
	f := &Fleet{plan: p, rig: own, idle: make(chan struct{}, 1), doors: make(chan struct{}, phonesAtOnce)}
	ctx, f.stop = context.WithCancel(ctx)
	if err = f.seat(ctx); err == nil {
		err = f.populate(ctx)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	for _, l := range f.lanes {
		if !l.world.Loop.Virtual() {
			l.group.Go(func() { _ = l.world.Loop.Run(ctx, nil) }) // it ends with Close
		}
	}
	return f, nil
}

// over gives the rig with the plan's settings in its dialect.
func (p *FleetPlan) over(r *Rig) (*Rig, error) {
	if p.Connection == "" {
		p.Connection = iso8583.Serial
	}
	if p.Loops == 0 {
		p.Loops = 1
	}
	switch {
	case p.Traced && p.Loops > 1:
		return nil, errors.New("a fleet that is traced has one loop")
	case p.Connection != iso8583.Serial && p.Connection != iso8583.PerTransaction:
		return nil, fmt.Errorf("connection %q: a whole till keeps one connection (%s) or opens one for each transaction (%s)", p.Connection, iso8583.Serial, iso8583.PerTransaction)
	case p.Tills < 1 || p.Cards < 1:
		return nil, fmt.Errorf("a fleet of %d tills and %d cards: want at least one of each", p.Tills, p.Cards)
	}
	if tills, cards := p.till(p.Tills-1)+1, p.card(p.Cards-1)+1; r.Profile.Lends() && (tills > len(r.Profile.Terminals) || cards > len(r.Profile.Cards)) {
		return nil, fmt.Errorf("profile %s has %d terminals and %d cards, and %d and %d are wanted: name more in the profile, or fewer in the workload",
			r.Profile.Name, len(r.Profile.Terminals), len(r.Profile.Cards), tills, cards)
	}
	settings := map[string]string{"connection": string(p.Connection)}
	if p.Patience > 0 {
		settings["answer"] = p.Patience.String()
	}
	own := *r
	var err error
	if own.Dialect, err = r.Dialect.With(settings); err != nil {
		return nil, err
	}
	own.Dialect = own.Dialect.Using(iso8583.Compiled)
	return &own, nil
}

// seat makes a lean world for each loop. The first has the host; the others share it.
func (f *Fleet) seat(ctx context.Context) error {
	for range f.plan.Loops {
		w := f.rig.newWorld(ctx, f.plan.Seed, f.plan.Line)
		if w.lean = !f.plan.Traced; f.plan.Traced {
			w.Trace = trace.NewRecorder(nil)
		}
		l := &lane{fleet: f, world: w, start: w.Loop.Now(), clerks: map[int]*clerk{}, pockets: map[int]*pocket{}}
		f.lanes = append(f.lanes, l)
		if len(f.lanes) == 1 {
			if err := w.seat(); err != nil {
				return err
			}
			if f.plan.TLS {
				if err := w.Protect(); err != nil {
					return err
				}
			}
			continue
		}
		if w.Loop.Virtual() {
			return errors.New("a fleet in memory has one loop")
		}
		if err := w.beside(f.lanes[0].world); err != nil {
			return err
		}
	}
	return nil
}

// besideSeat is another world's host, reached from a loop of one's own.
type besideSeat struct {
	seats
	dial *socketDialer
}

func (s *besideSeat) dialer(*World) dialer { return s.dial }
func (s *besideSeat) close()               {}

// beside seats a world at the host of another.
func (w *World) beside(other *World) error {
	if other.remote() {
		w.seats = remoteSeats(w)
		return w.newCVKBox()
	}
	dial := *other.seats.dialer(other).(*socketDialer)
	dial.loop, dial.ctx = w.Loop, w.ctx
	w.seats = &besideSeat{seats: other.seats, dial: &dial}
	return w.newCVKBox()
}

// Visit is what a customer does at one till: orders that belong together, with one card.
type Visit struct {
	Till, Card int           // counted from 0
	Due        time.Duration // since Start; AtOnce
	Legs       []VisitLeg
	Told       func(leg int, s Served) // from the till's loop, for each leg that fell due

	approved bool // the first leg
	original terminal.Original
}

// AtOnce is the due time of a visit that is due when its till hears of it.
const AtOnce = time.Duration(-1)

// VisitLeg is one order of a visit. A reversal has the answer of the leg before lost on its way, and the till take that payment back.
type VisitLeg struct {
	Flow   pay.Flow
	By     Presented
	Amount pay.Amount
	After  time.Duration // since the visit's Due
	Acts   bool          // on the first leg: it does not fall due when that was not approved
}

// Served is what became of an order. Its times are since Start: when its own request left, and when the last byte of the answer came
// or the wait for it ended.
type Served struct {
	Due, Written, Answered time.Duration
	Waited                 time.Duration // of the time until it left: for a busy till, the leg before, a connection, or an order that had to go first
	Issuer                 time.Duration // that our issuer behind a switch under test took
	Fate                   Fate
	Code                   pay.Answer
	Trace                  string
	Terminal               string // its number
	Why                    string // the screen that told it, where nothing has left
}

// Fate says what became of an order.
type Fate uint8

// The fates.
const (
	FateApproved    Fate = iota
	FateDeclined         // by the host
	FateSilent           // no answer came in time
	FateDisbelieved      // what came was no answer that the till believes
	FateDropped          // it was over the lag
	FateRefused          // by the till, or there was no connection: nothing has left
)

// String says it in words.
func (s Served) String() string {
	text := [...]string{FateApproved: "approved", FateDeclined: "declined", FateSilent: "no answer came in time", FateDisbelieved: "what came is not to be believed",
		FateDropped: "dropped", FateRefused: "refused"}[s.Fate]
	for _, why := range []string{string(s.Code), s.Why} {
		if why != "" {
			text += " " + why
		}
	}
	return text
}

// Start makes an instant the zero of all times.
func (f *Fleet) Start(at time.Time) {
	for _, l := range f.lanes {
		l.world.Loop.Post(func() {
			if l.start = at; l.faulty() {
				if err := l.schedule(); err != nil {
					f.broke(err)
				}
			}
		})
	}
}

// Now gives the fleet's time, for Start.
func (f *Fleet) Now() time.Time { return f.lanes[0].world.Loop.Now() }

// Begin hands visits to their tills. One that is due later waits there.
func (f *Fleet) Begin(v *Visit) {
	f.open.Add(1)
	l := f.laneOf(v.Till)
	l.world.Loop.Post(func() { l.clerks[v.Till].take(v) })
}

// OpenWallet has a card's phone ask for a payer's code ahead of its use.
func (f *Fleet) OpenWallet(till, card int) {
	l := f.laneOf(till)
	l.world.Loop.Post(func() {
		p, err := l.pocket(card)
		if err != nil {
			f.broke(err)
			return
		}
		l.askCode(p, func(g CodeGiven) { p.codes = append(p.codes, g) }, f.broke)
	})
}

// Open tells how many visits have begun, or wait, and are not over.
func (f *Fleet) Open() int { return int(f.open.Load()) }

// Err gives the first fault of the harness's own.
func (f *Fleet) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

func (f *Fleet) broke(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = err
	}
}

func (f *Fleet) laneOf(till int) *lane { return f.lanes[till%len(f.lanes)] }

// over notes that a visit is over.
func (f *Fleet) over() {
	if f.open.Add(-1) == 0 {
		select {
		case f.idle <- struct{}{}:
		default:
		}
	}
}

// Rest waits until no visit is open. In memory it is what makes time pass.
func (f *Fleet) Rest(ctx context.Context) error {
	if loop := f.lanes[0].world.Loop; loop.Virtual() {
		if err := loop.Run(ctx, func() bool { return f.open.Load() == 0 }); err != nil {
			return fmt.Errorf("the fleet does not come to rest: %w", err)
		}
		return f.Err()
	}
	for f.open.Load() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d visits are not over: %w", f.open.Load(), ctx.Err())
		case <-f.lanes[0].world.ctx.Done():
			return errFleetOver
		case <-f.idle:
		}
	}
	return f.Err()
}

// Pass lets time pass in memory until an instant since Start.
func (f *Fleet) Pass(to time.Duration) {
	l := f.lanes[0]
	over := false
	l.world.Loop.Post(func() { l.world.Loop.At(l.start.Add(to), func() { over = true }) })
	if err := l.world.Loop.Run(l.world.ctx, func() bool { return over }); err != nil {
		f.broke(fmt.Errorf("time does not pass: %w", err))
	}
}

// phonesAtOnce is how many phones may ask for a payer's code at once.
const phonesAtOnce = 16

// together is how many tills sign in at once.
const together = 256

// SignIn has all tills sign in, and tells how many have.
func (f *Fleet) SignIn(ctx context.Context) (int, error) {
	var signed, next atomic.Int64
	var another func()
	another = func() {
		till := int(next.Add(1)) - 1
		if till >= f.plan.Tills {
			return
		}
		f.Begin(&Visit{Till: till, Due: AtOnce, Legs: []VisitLeg{{Flow: pay.SignIn}}, Told: func(_ int, s Served) {
			if s.Fate == FateApproved {
				signed.Add(1)
			}
			another()
		}})
	}
	for range min(together, f.plan.Tills) {
		another()
	}
	err := f.Rest(ctx)
	return int(signed.Load()), err
}

// inLanes runs f in each lane's loop, one after the other, and waits for it.
func (f *Fleet) inLanes(ctx context.Context, do func(*lane) error) error {
	for _, l := range f.lanes {
		if l.world.Loop.Virtual() {
			return do(l)
		}
		done := make(chan error, 1)
		l.world.Loop.Post(func() { done <- do(l) })
		select {
		case err := <-done:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-l.world.ctx.Done():
			return errFleetOver
		}
	}
	return nil
}

var errFleetOver = errors.New("the fleet's own context has ended: its tills do nothing any more")

// TillStatements gathers what the tills state about the money.
func (f *Fleet) TillStatements(ctx context.Context) (all []audit.Statement, err error) {
	return all, f.inLanes(ctx, func(l *lane) error {
		own, err := l.world.tillStatements()
		all = append(all, own...)
		return errors.Join(err, l.world.broken)
	})
}

// Statements gathers what tills and host state about the money.
func (f *Fleet) Statements(ctx context.Context) ([]audit.Statement, error) {
	all, err := f.TillStatements(ctx)
	if err != nil {
		return nil, err
	}
	control, ok := f.lanes[0].world.Control()
	if !ok {
		return all, nil
	}
	state, err := control.Look(ctx)
	return append(all, state.Statements...), err
}

// Verify judges the money of tills and host.
func (f *Fleet) Verify(ctx context.Context) ([]audit.Break, error) {
	all, err := f.Statements(ctx)
	if err != nil {
		return nil, err
	}
	return audit.Judge(slices.Values(all)), nil
}

// Events is the trace of a fleet that is traced.
func (f *Fleet) Events(ctx context.Context) (all []trace.Event, err error) {
	err = f.inLanes(ctx, func(l *lane) error { all = l.world.Events(); return nil }) // a traced fleet has one loop
	return all, err
}

// Control is the way into the host, if its seat has one.
func (f *Fleet) Control() (Control, bool) { return f.lanes[0].world.Control() }

// Close switches all tills off and frees sockets and goroutines.
func (f *Fleet) Close() {
	f.stop()
	for _, l := range f.lanes {
		l.group.Wait()
		for _, t := range l.world.order {
			t.powerOff()
		}
	}
	for i := len(f.lanes) - 1; i >= 0; i-- { // the first has the host
		f.lanes[i].world.Close()
	}
}
