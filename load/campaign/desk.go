package campaign

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/load"
)

// desk takes what a sender tells of its orders: into the figures, the file of all orders, and the list of the slowest and the failed.
// Orders that were due in the warm-up are carried out and not counted.
type desk struct {
	mu     sync.Mutex
	warmUp time.Duration
	*load.Recorder
	spool *load.Spool // nil where no files are written
	tape  *load.Tape
	// replayed holds orders against those of a capture; nil where none is played
	replayed *load.Replayed
	terminal func(uint32) string
	wires    [slowest + failed]load.Wire // what crossed for the orders of the tape, by place
	post     func(*load.Sample)          // sees each order that is counted; may be nil

	written atomic.Uint64 // orders that have ended and were sent, warm-up included
	open    atomic.Int64  // orders that have not ended
}

// How many orders the report tells of one by one.
const (
	slowest = 50
	failed  = 50
)

// begin has what comes from now on go to a recorder.
func (d *desk) begin(r *load.Recorder, warmUp time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Recorder, d.warmUp, d.tape = r, warmUp, load.NewTape(slowest, failed)
	d.written.Store(0)
}

// Record implements load.Desk.
func (d *desk) Record(s *load.Sample) {
	if s.Left() {
		d.written.Add(1)
	}
	if s.Due < d.warmUp {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Recorder.Record(s)
	d.replayed.Compare(s, d.terminal)
	d.keep(s)
	if d.post != nil {
		d.post(s)
	}
}

func (d *desk) keep(s *load.Sample) {
	if place, kept := d.tape.Keep(s); kept {
		w := d.wires[place][:0]
		if s.Wire != nil {
			for _, c := range *s.Wire {
				w = w.Add(c)
			}
		}
		d.wires[place] = w
	}
	if d.spool != nil {
		d.spool.Write(s)
	}
}

// deliver takes orders that a worker has recorded.
func (d *desk) deliver(orders []load.Sample) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range orders {
		if orders[i].Left() {
			d.written.Add(1)
		}
		d.keep(&orders[i])
	}
}

// Late implements load.Desk.
func (d *desk) Late() { d.locked(d.Recorder.Late) }

// Duplicate implements load.Desk.
func (d *desk) Duplicate() { d.locked(d.Recorder.Duplicate) }

// Unmatched implements load.Desk.
func (d *desk) Unmatched() { d.locked(d.Recorder.Unmatched) }

// Malformed implements load.Desk.
func (d *desk) Malformed() { d.locked(d.Recorder.Malformed) }

// Reversed implements load.Desk.
func (d *desk) Reversed() { d.locked(d.Recorder.Reversed) }

// Connected implements load.Desk.
func (d *desk) Connected(took time.Duration) { d.locked(func() { d.Recorder.Connected(took) }) }

func (d *desk) locked(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

// timed is a sender whose desk hears of the time, so that intervals in which nothing ends are handed over too. Of the chains it gets its own.
type timed struct {
	load.Sender
	desk *desk
	mine func(chain uint64) bool
}

// Turn implements load.Sender.
func (t timed) Turn(now time.Duration, due []load.Due) {
	t.desk.locked(func() { t.desk.Advance(now) })
	t.Sender.Turn(now, slices.DeleteFunc(due, func(d load.Due) bool { return !t.mine(d.Chain) }))
	t.desk.open.Store(int64(t.Sender.Open()))
}
