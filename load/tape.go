package load

import (
	"cmp"
	"slices"
)

// Tape keeps the slowest orders of a shard, and the last that failed: timed out or broken. It is not safe for several goroutines.
type Tape struct {
	slow   heap[Kept] // the fastest of them first
	failed []Sample
	next   int // place in failed
	room   int // for slow ones
}

// Kept is an order that was kept, with its place.
type Kept struct {
	Sample
	Place int
}

// NewTape makes room for so many slowest and so many failed orders.
func NewTape(slowest, failed int) *Tape {
	slow := heap[Kept]{items: make([]Kept, 0, slowest), less: func(a, b *Kept) bool { return a.Response() < b.Response() }}
	return &Tape{slow: slow, failed: make([]Sample, 0, failed), room: slowest}
}

// Keep keeps an order if it is among the slowest or has failed. place is where its trace may be kept: below the sum of both rooms, and free
// again for another order when this one is pushed out. It allocates nothing.
func (t *Tape) Keep(s *Sample) (place int, kept bool) {
	switch {
	case !s.Left():
		return 0, false
	case s.End == TimedOut || s.End == Broken:
		return t.fail(s)
	case len(t.slow.items) < t.room:
		place = len(t.slow.items)
		t.slow.push(Kept{*s, place})
		return place, true
	case t.room == 0 || s.Response() <= t.slow.items[0].Response():
		return 0, false
	}
	t.slow.items[0].Sample = *s
	place = t.slow.items[0].Place
	t.slow.sink()
	return place, true
}

func (t *Tape) fail(s *Sample) (place int, kept bool) {
	if cap(t.failed) == 0 {
		return 0, false
	}
	if len(t.failed) < cap(t.failed) {
		t.failed = append(t.failed, *s)
	} else {
		t.failed[t.next] = *s
	}
	place = t.room + t.next
	t.next = (t.next + 1) % cap(t.failed)
	return place, true
}

// Slowest gives the slowest orders, the slowest first.
func (t *Tape) Slowest() []Kept {
	all := slices.Clone(t.slow.items)
	slices.SortFunc(all, func(a, b Kept) int {
		return cmp.Or(-cmp.Compare(a.Response(), b.Response()), cmp.Compare(a.Due, b.Due))
	})
	return all
}

// Failed gives the last orders that failed, in the order in which they did.
func (t *Tape) Failed() []Kept {
	var all []Kept
	for i := range t.failed {
		at := i
		if len(t.failed) == cap(t.failed) {
			at = (t.next + i) % cap(t.failed)
		}
		all = append(all, Kept{t.failed[at], t.room + at})
	}
	return all
}
