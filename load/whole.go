package load

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Whole sends chains with whole terminals: each has its keys, batch and journal, asks for card and PIN, and reverses what it saw no
// answer to. A flow that needs state is carried out by whoever would have it in the field.
type Whole struct {
	workload *Workload
	fleet    *rig.Fleet
	desk     Desk
	memory   bool
	codes    bool   // the mix has payers' codes
	ahead    uint64 // chains whose wallets have been opened

	mu      sync.Mutex
	told    []Sample // by the tills' loops, and not yet by us
	spare   []Sample
	wires   []*Wire // by till: what has crossed since its last order ended
	worn    []*Wire // to be used again
	strays  []iso8583.Cause
	dialled []time.Duration
	refused map[string]int
	struck  []Injected // by the workload's faults
	undone  int        // payments that were taken back, and of which the desk has not heard
}

var _ Sender = (*Whole)(nil)

// Connection says how the tills of whole terminals reach their host.
func (w *Workload) Connection() iso8583.Connection {
	if w.Line == Each {
		return iso8583.PerTransaction
	}
	return iso8583.Serial
}

// Fleet gives the tills and cards of the workload.
func (w *Workload) Fleet() rig.FleetPlan {
	p := rig.FleetPlan{Seed: sim.Seed(w.Seed), Tills: w.Tills, Cards: w.Cards, Balance: w.Money(), Connection: w.Connection(), TLS: w.TLS,
		Patience: time.Duration(w.Patience), Lag: time.Duration(w.Lag), TillOf: w.TillOf, CardOf: w.CardOf}
	if r := w.Replay; r != nil {
		p.PANOf = func(n int) string { return r.deck.number(p.Seed, n) }
	}
	return p
}

// SignIn has all of the workload's tills sign in.
func (w *Workload) SignIn(ctx context.Context, f *rig.Fleet) error {
	signed, err := f.SignIn(ctx)
	if err == nil && signed < w.Tills {
		err = fmt.Errorf("workload %s: only %d of %d tills could sign in: does the host know them and their keys?", w.Name, signed, w.Tills)
	}
	return err
}

// NewWhole seats the workload's tills and cards at the rig's host, with loops goroutines to run them, and has all tills sign in.
// Close it.
func NewWhole(ctx context.Context, r *rig.Rig, w *Workload, desk Desk, loops int) (*Whole, error) {
	s := &Whole{workload: w, desk: desk, memory: r.Line() == rig.LineMemory, refused: map[string]int{}, wires: make([]*Wire, w.Tills), struck: make([]Injected, len(w.Faults))}
	if err := s.fits(r); err != nil {
		return nil, err
	}
	if s.memory {
		loops = 1
	}
	plan := w.Fleet()
	plan.Loops, plan.Stray, plan.Connected, plan.Wire = loops, s.stray, s.connected, s.crossed
	plan.Faults, plan.Struck, plan.Reversed = w.onLine(), s.strike, s.reversed
	var err error
	if s.fleet, err = r.Fleet(context.WithoutCancel(ctx), plan); err != nil {
		return nil, fmt.Errorf("workload %s: %w", w.Name, err)
	}
	if err := w.SignIn(ctx, s.fleet); err != nil {
		s.Close()
		return nil, err
	}
	s.tell()       // who signed in has connected
	clear(s.wires) // how it signed in is no order's
	s.openWallets(walletsAhead)
	return s, nil
}

// fits holds the workload to what whole terminals at this host can do.
func (s *Whole) fits(r *rig.Rig) error {
	w := s.workload
	if w.Line == Multiplexed {
		return w.mistake("$.line", "%s is for compiled templates: whole terminals keep a connection each (%s) or open one for each transaction (%s)", w.Line, Serial, Each)
	}
	for i, p := range w.Mix {
		for j, l := range p.Legs {
			at := fmt.Sprintf("$.mix[%d].legs[%d]", i, j)
			if _, ok := r.Dialect.Transaction(l.Flow); !ok {
				return w.mistake(at, "dialect %s has no %s", r.Dialect.Name, l.Flow)
			}
			if l.Flow == pay.Reversal && (j != 1 || len(p.Legs) > 2) {
				return w.mistake(at, "a reversal comes right after its sale, and ends the chain")
			}
			if l.Entry != ByCode {
				continue
			}
			s.codes = true
			if r.Profile.Lends() {
				return w.mistake(at, "a remote host's issuer gives no payers' codes here")
			}
		}
	}
	return nil
}

// Start makes an instant the zero of all times.
func (s *Whole) Start(at time.Time) { s.fleet.Start(at) }

// Now gives the tills' time, for Start: in memory it is not the machine's.
func (s *Whole) Now() time.Time { return s.fleet.Now() }

// Turn implements Sender. In memory it lets time pass until now.
func (s *Whole) Turn(now time.Duration, due []Due) {
	for _, d := range due {
		s.fleet.Begin(s.visit(d))
		s.openWallets(d.Chain + walletsAhead + 1)
	}
	if s.memory {
		s.fleet.Pass(now)
	}
	s.tell()
}

// Open implements Sender.
func (s *Whole) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fleet.Open() + len(s.told)
}

// ways are how a card is given for each entry.
var ways = map[Entry]rig.Presented{ByStripe: rig.ByStripe, ByChip: rig.ByChip, ByTap: rig.ByTap, ByCode: rig.ByPhone}

// visit makes a chain a visit of a cardholder to a till.
func (s *Whole) visit(d Due) *rig.Visit {
	c := s.workload.Chain(d.Chain)
	return &rig.Visit{Till: c.Till, Card: c.Card, Due: d.At, Legs: c.Visit(), Told: func(leg int, o rig.Served) { s.hear(c, leg, o) }}
}

// Visit gives the orders of the chain as whole terminals take them.
func (c Chain) Visit() []rig.VisitLeg {
	legs := make([]rig.VisitLeg, len(c.Part.Legs))
	for i, l := range c.Part.Legs {
		legs[i] = rig.VisitLeg{Flow: l.Flow, By: ways[l.Entry], Amount: c.Amount(i), After: c.Offset(i), Acts: Acts(l.Flow) != ""}
	}
	return legs
}

var endOf = map[rig.Fate]End{rig.FateApproved: Approved, rig.FateDeclined: Declined, rig.FateSilent: TimedOut, rig.FateDisbelieved: Broken,
	rig.FateDropped: Dropped, rig.FateRefused: Refused}

// hear takes what became of an order, in a till's loop.
func (s *Whole) hear(c Chain, leg int, o rig.Served) {
	terminal, _ := strconv.ParseUint(o.Terminal, 10, 32) // 0 for one with letters in its number
	trace, _ := strconv.ParseUint(o.Trace, 10, 32)       // 0 where none came back
	sample := Sample{Due: o.Due, Waited: o.Waited, Issuer: o.Issuer, Written: o.Written, Answered: o.Answered, Chain: c.Number, Terminal: uint32(terminal), STAN: uint32(trace),
		Kind: c.Kind(leg), Leg: uint8(leg), End: endOf[o.Fate], Code: [3]byte{' ', ' ', ' '}}
	copy(sample.Code[:], o.Code)
	s.mu.Lock()
	defer s.mu.Unlock()
	sample.Wire, s.wires[c.Till] = s.wires[c.Till], nil
	s.told = append(s.told, sample)
	if o.Fate == rig.FateRefused {
		s.refused[o.Why]++
	}
}

// crossed keeps what crosses a till's line, for the order that ends next there.
func (s *Whole) crossed(till int, answer bool, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.wires[till]
	if w == nil {
		w = &Wire{}
		if n := len(s.worn); n > 0 {
			w, s.worn = s.worn[n-1], s.worn[:n-1]
		}
		s.wires[till] = w
	}
	*w = w.Add(Crossed{Answer: answer, OnLine: true, Bytes: b})
}

func (s *Whole) stray(cause iso8583.Cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strays = append(s.strays, cause)
}

func (s *Whole) reversed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undone++
}

func (s *Whole) connected(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialled = append(s.dialled, d)
}

// tell tells the desk what the tills' loops have told since the last time.
func (s *Whole) tell() {
	s.mu.Lock()
	told, dialled, strays, undone := s.told, s.dialled, s.strays, s.undone
	s.told, s.dialled, s.strays, s.undone = s.spare[:0], nil, nil, 0
	s.mu.Unlock()
	for i := range told {
		s.desk.Record(&told[i])
	}
	s.wear(told)
	s.spare = told
	for _, d := range dialled {
		s.desk.Connected(d)
	}
	for _, cause := range strays {
		TellStray(s.desk, cause)
	}
	for range undone {
		s.desk.Reversed()
	}
}

// wear takes back what crossed for orders that have been told.
func (s *Whole) wear(told []Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range told {
		if w := told[i].Wire; w != nil {
			*w = (*w)[:0]
			s.worn, told[i].Wire = append(s.worn, w), nil
		}
	}
}

// walletsAhead is how many chains ahead a cardholder opens the wallet on his phone: who pays by code has it ready when it is his turn.
const walletsAhead = 256

func (s *Whole) openWallets(until uint64) {
	for ; s.codes && s.ahead < until; s.ahead++ {
		if !s.workload.Mine(s.ahead) {
			continue
		}
		if c := s.workload.Chain(s.ahead); c.Part.Legs[0].Entry == ByCode {
			s.fleet.OpenWallet(c.Till, c.Card)
		}
	}
}

// Refused tells how many orders the tills refused themselves, by the screen that said why.
func (s *Whole) Refused() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refused)
}

// strike notes that a fault has struck a till's line.
func (s *Whole) strike(label string, at time.Duration) {
	if n, err := strconv.Atoi(label); err == nil && n < len(s.struck) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.struck[n].Strike(at)
	}
}

// Struck tells how often each of the workload's faults has struck on the lines, and when.
func (s *Whole) Struck() []Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.struck)
}

// Reseed tells the host of tills and cards again, after it was started again.
func (s *Whole) Reseed(ctx context.Context) error { return s.fleet.Reseed(ctx) }

// Err gives the first fault of the harness's own.
func (s *Whole) Err() error { return s.fleet.Err() }

// Verify judges the money of all tills and the host, when no order is open.
func (s *Whole) Verify(ctx context.Context) ([]audit.Break, error) { return s.fleet.Verify(ctx) }

// Statements are what the tills state about the money, when no order is open.
func (s *Whole) Statements(ctx context.Context) ([]audit.Statement, error) {
	return s.fleet.TillStatements(ctx)
}

// Control is the way into the host, if its seat has one.
func (s *Whole) Control() (rig.Control, bool) { return s.fleet.Control() }

// Close switches the tills off.
func (s *Whole) Close() { s.fleet.Close() }
