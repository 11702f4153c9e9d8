// Package sim is the harness's time and chance: one clock and one event queue that run virtual or real, and one seed.
package sim

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Start is when virtual time begins: 2026-06-01 09:30 in the trade's time zone (+08:00), the day of the golden frames.
var Start = time.Date(2026, 6, 1, 9, 30, 0, 0, Zone)

// Zone is China Standard Time; it has no daylight saving.
var Zone = time.FixedZone("CST", 8*60*60)

// ErrIdle says that a virtual loop has nothing left to do and the condition it ran for is still false. Nothing in a
// virtual world happens from outside, so waiting longer would change nothing.
var ErrIdle = errors.New("sim: nothing left to happen")

// Loop runs the events of one world, one at a time, in the order of their instants; events of one instant run in the
// order they were set. All machines of a world are stepped from inside its loop and so need no locks.
//
// A virtual loop jumps from event to event and never waits: a 60 s timeout passes at once. A real loop waits for the
// wall clock and for Post. Only Post and Now may be called from other goroutines.
type Loop struct {
	virtual bool
	queue   timers
	seq     uint64
	limit   int
	origin  time.Time // real: when the loop was made, with its monotonic reading

	between func()
	row     int       // events since between was called
	begun   time.Time // when the first of them had run

	taken []func() // what was posted and has its turn now; next is the first that has not run
	next  int

	mu     sync.Mutex
	now    time.Time
	posted []func()
	wake   chan struct{}
}

// A row of events that does not end is interrupted after so many, or so long, for what Between asked for.
const (
	longestRow  = 32
	longestWait = 200 * time.Microsecond
)

// NewVirtual makes a loop whose clock stands at start and moves only by its events. It refuses to run more than ten
// million events, so that two machines that answer each other for ever end with an error.
func NewVirtual(start time.Time) *Loop {
	return &Loop{virtual: true, now: start, limit: 10_000_000, wake: make(chan struct{}, 1)}
}

// NewReal makes a loop on the wall clock, in the trade's time zone.
func NewReal() *Loop {
	return &Loop{origin: time.Now().In(Zone), wake: make(chan struct{}, 1)}
}

// Virtual tells which kind it is.
func (l *Loop) Virtual() bool { return l.virtual }

// Now gives the loop's time. On a real loop it runs on the monotonic clock from the instant the loop was made.
func (l *Loop) Now() time.Time {
	if !l.virtual {
		return l.origin.Add(time.Since(l.origin))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Timer is an event that has been set and may still be stopped.
type Timer struct {
	at    time.Time
	seq   uint64
	index int // place in the heap; -1 once it ran or was stopped
	run   func()
	loop  *Loop
}

// Stop takes the event back; it reports whether the event had still to run.
func (t *Timer) Stop() bool {
	if t == nil || t.index < 0 {
		return false
	}
	heap.Remove(&t.loop.queue, t.index)
	return true
}

// At runs f at instant t, or at once when t has passed.
func (l *Loop) At(t time.Time, f func()) *Timer {
	if now := l.Now(); t.Before(now) {
		t = now
	}
	l.seq++
	timer := &Timer{at: t, seq: l.seq, run: f, loop: l}
	heap.Push(&l.queue, timer)
	return timer
}

// After runs f when d has passed.
func (l *Loop) After(d time.Duration, f func()) *Timer { return l.At(l.Now().Add(d), f) }

// Post hands f to the loop from any goroutine; it runs as soon as the loop is free.
func (l *Loop) Post(f func()) {
	l.mu.Lock()
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Between has f called whenever a real loop has run all that was ready, and within a row of events that does not end now and
// then: that is where what many events have to say to one peer is sent together. A virtual loop has no use for it and never calls
// f.
func (l *Loop) Between(f func()) { l.between = f }

// breathe calls what Between asked for if it is time, and tells whether it was. idle tells that nothing is ready.
func (l *Loop) breathe(idle bool) bool {
	if l.between == nil || l.virtual || l.row == 0 {
		return false
	}
	if !idle {
		now := l.Now()
		if l.row == 1 {
			l.begun = now
		}
		if l.row < longestRow && now.Sub(l.begun) < longestWait {
			return false
		}
	}
	l.row = 0
	l.between()
	return true
}

// Run runs events until the condition holds (it is asked before each event), the context ends, or, on a virtual loop,
// nothing is left to happen (ErrIdle). A nil condition never holds.
func (l *Loop) Run(ctx context.Context, until func() bool) error {
	for n := 0; ; n++ {
		if until != nil && until() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.virtual && n >= l.limit {
			return fmt.Errorf("sim: %d events without an end: two parties answer each other for ever", n)
		}
		if l.runNext() {
			l.row++
			l.breathe(false)
			continue
		}
		if l.breathe(true) {
			continue
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
}

// Drain runs every event that is due within d from now, and leaves the clock there on a virtual loop.
func (l *Loop) Drain(ctx context.Context, d time.Duration) error {
	done := false
	l.After(d, func() { done = true })
	return l.Run(ctx, func() bool { return done })
}

// runNext runs one event. What a real loop set itself for an instant that has come goes before what came from outside since.
func (l *Loop) runNext() bool {
	if l.virtual {
		return l.runPosted() || l.runDue()
	}
	return l.runDue() || l.runPosted()
}

func (l *Loop) runPosted() bool {
	if l.next == len(l.taken) {
		l.mu.Lock()
		l.taken, l.posted, l.next = l.posted, l.taken[:0], 0
		l.mu.Unlock()
		if len(l.taken) == 0 {
			return false
		}
	}
	f := l.taken[l.next]
	l.taken[l.next] = nil
	l.next++
	f()
	return true
}

// runDue runs the first event if its time has come; a virtual clock jumps to it.
func (l *Loop) runDue() bool {
	if len(l.queue) == 0 {
		return false
	}
	first := l.queue[0]
	if l.virtual {
		l.mu.Lock()
		l.now = first.at
		l.mu.Unlock()
	} else if first.at.After(l.Now()) {
		return false
	}
	heap.Pop(&l.queue)
	first.run()
	return true
}

func (l *Loop) wait(ctx context.Context) error {
	if l.virtual {
		return ErrIdle
	}
	var due <-chan time.Time
	if len(l.queue) > 0 {
		t := time.NewTimer(l.queue[0].at.Sub(l.Now()))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.wake:
	case <-due:
	}
	return nil
}

type timers []*Timer

func (q timers) Len() int { return len(q) }
func (q timers) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].seq < q[j].seq
	}
	return q[i].at.Before(q[j].at)
}
func (q timers) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *timers) Push(x any) {
	t := x.(*Timer)
	t.index = len(*q)
	*q = append(*q, t)
}
func (q *timers) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.index = -1
	return t
}
