package campaign

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Team is workers in other processes that carry a campaign's orders out, each with tills of its own.
type Team interface {
	// Seat deals the tills out, and waits until all have signed in.
	Seat(ctx context.Context, w *load.Workload, f Figures) error
	// Start tells all workers the instant at which the run begins.
	Start(ctx context.Context) (time.Time, error)
	// Drive takes what the workers deliver until all are done, at most so long after their schedule. An end of the context ends the schedule everywhere.
	Drive(ctx context.Context, drain time.Duration)
	// Report tells what became of each worker in a schedule that went on until an instant.
	Report(until time.Duration) ([]load.Worker, error)
	Statements(ctx context.Context) ([]audit.Statement, error)
	Control() (rig.Control, bool)
	Refused() map[string]int
	Err() error
	Close()
}

// Figures is where a team tells what it did.
type Figures struct {
	Recorder func() *load.Recorder // one for each worker, all before the start
	Orders   func([]load.Sample)   // those of an interval
	Say      func(format string, args ...any)
}

// teamCrew is a team as a campaign sees it.
type teamCrew struct{ Team }

// Start implements crew: the workers know already.
func (teamCrew) Start(time.Time) {}

// PerWrite implements crew: what share of one machine's limit several came to is not asked.
func (teamCrew) PerWrite() float64 { return 1 }

// Terminal implements crew: workers give numbers.
func (teamCrew) Terminal(number uint32) string { return terminalName(number) }

// Struck implements crew: what goes wrong on purpose is not spread.
func (teamCrew) Struck() []load.Injected { return nil }

// Reseed implements crew.
func (teamCrew) Reseed(context.Context) error { return nil }

func terminalName(number uint32) string { return fmt.Sprintf("%08d", number) }

// Delivery is an interval that a worker hands over, with its orders.
type Delivery struct{ Parcel, Orders []byte }

// Part is the part of a campaign that a worker carries out.
type Part struct {
	r       *campaign
	orders  []load.Sample // that have ended, and are in no delivery yet
	ready   []Delivery
	flows   []load.Flow // that have been told
	deliver func(Delivery)
}

// Work seats the tills of a worker and has them sign in. Each interval is delivered when it is over. Close it.
func Work(ctx context.Context, c Config, deliver func(Delivery)) (*Part, error) {
	p := &Part{r: &campaign{Config: c, desk: &desk{}}, deliver: deliver}
	p.r.Live, p.r.Watch = io.Discard, p.add
	p.r.collected = p.hand
	p.r.desk.post = func(s *load.Sample) {
		p.orders = append(p.orders, *s)
		p.orders[len(p.orders)-1].Wire = nil // it is the sender's, and does not travel
	}
	if err := p.r.measure(interval, nil); err != nil {
		return nil, err
	}
	if err := p.r.seat(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// add is a sink of the intervals. Orders end in the order in which they are counted, so that the first are the interval's.
func (p *Part) add(iv *load.Interval) {
	d := p.r.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	n := iv.Total(nil).Due()
	out := Delivery{Parcel: load.AppendInterval(nil, iv)}
	for i := range p.orders[:n] {
		s := &p.orders[i]
		number, _ := strconv.ParseUint(p.r.crew.Terminal(s.Terminal), 10, 32) // 0 for one with letters in its number
		s.Terminal = uint32(number)
		out.Orders = load.AppendRecord(out.Orders, s)
	}
	p.orders = append(p.orders[:0], p.orders[n:]...)
	p.ready = append(p.ready, out)
}

// hand delivers what is ready; the newest interval has the flows that were not told before.
func (p *Part) hand() {
	now := p.r.measurement.Flows()
	first := len(now)
	for i := len(now) - 1; i >= 0; i-- {
		before := load.Flow{}
		if i < len(p.flows) {
			before = p.flows[i]
		}
		if now[i] != before {
			first = i
		}
		now[i].Due, now[i].Written = now[i].Due-before.Due, now[i].Written-before.Written
	}
	for i, d := range p.ready {
		if i < len(p.ready)-1 {
			d.Parcel = load.AppendFlows(d.Parcel, 0, nil)
		} else {
			d.Parcel = load.AppendFlows(d.Parcel, first, now[first:])
			p.flows = p.r.measurement.Flows()
		}
		p.deliver(d)
	}
	p.ready = p.ready[:0]
}

// Drive carries the worker's orders out from an instant on. An end of the context ends the schedule.
func (p *Part) Drive(ctx context.Context, began time.Time) error {
	p.r.drive(ctx, began)
	return p.r.crew.Err()
}

// Statements are what the worker's tills state about the money.
func (p *Part) Statements(ctx context.Context) ([]audit.Statement, error) {
	return p.r.crew.Statements(ctx)
}

// Refused tells which orders the tills refused, by the screen that said why.
func (p *Part) Refused() map[string]int { return p.r.crew.Refused() }

// Close switches the tills off.
func (p *Part) Close() { p.r.crew.Close() }
