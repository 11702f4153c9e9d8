package journal

import (
	"fmt"
	"syscall"
	"time"
)

// Troubled is a store whose disk is slow or full, or whose machine dies, when somebody wants it so. It belongs to the loop of whoever appends.
type Troubled struct {
	Store
	after   func(time.Duration, func()) // calls back in that loop
	slow    time.Duration               // that each write takes
	full    bool
	dead    bool
	waiting []pending // begun and not yet done: nothing of them is durable
}

// NewTroubled makes of a store one that can have trouble, and has none yet.
func NewTroubled(s Store, after func(time.Duration, func())) *Troubled {
	return &Troubled{Store: s, after: after}
}

// Slow has each write take so long from now on.
func (t *Troubled) Slow(by time.Duration) { t.slow = by }

// Fill has no write find room from now on, or all.
func (t *Troubled) Fill(full bool) { t.full = full }

// Like gives it the trouble that another has, but for its death.
func (t *Troubled) Like(o *Troubled) { t.slow, t.full = o.slow, o.full }

// Die ends the machine: what is not durable is discarded, and nobody is told of anything any more. The store itself stays open for the next.
func (t *Troubled) Die() { t.dead, t.waiting = true, nil }

// Append implements Store.
func (t *Troubled) Append(batch []Record, done func(error)) {
	w := pending{batch, done}
	switch {
	case t.dead:
	case t.slow == 0 && len(t.waiting) == 0:
		t.put(w)
	default:
		t.waiting = append(t.waiting, w)
		t.after(t.slow, t.next)
	}
}

// next does the write that has waited longest.
func (t *Troubled) next() {
	if len(t.waiting) > 0 {
		w := t.waiting[0]
		t.waiting = t.waiting[1:]
		t.put(w)
	}
}

func (t *Troubled) put(w pending) {
	if t.full {
		w.done(fmt.Errorf("journal: the disk is full: make room and start again (%w)", syscall.ENOSPC))
		return
	}
	t.Store.Append(w.batch, func(err error) {
		if !t.dead {
			w.done(err)
		}
	})
}
