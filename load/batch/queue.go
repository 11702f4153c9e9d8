package batch

import "time"

// queue is the orders that wait for a till, the one that was due first in front.
type queue struct {
	orders []order
	head   int
}

func (q *queue) size() int { return len(q.orders) - q.head }

func (q *queue) push(o order) { q.orders = append(q.orders, o) }

func (q *queue) pop() order {
	o := q.orders[q.head]
	if q.head++; q.head == len(q.orders) {
		q.orders, q.head = q.orders[:0], 0
	}
	return o
}

// legs is a heap of the legs that fall due later.
type legs []order

func (h *legs) push(o order) {
	*h = append(*h, o)
	a := *h
	for i := len(a) - 1; i > 0; {
		up := (i - 1) / 2
		if a[up].due <= a[i].due {
			return
		}
		a[up], a[i] = a[i], a[up]
		i = up
	}
}

func (h *legs) pop() order {
	a := *h
	first, last := a[0], len(a)-1
	a[0] = a[last]
	a = a[:last]
	*h = a
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(a) {
			return first
		}
		if right := down + 1; right < len(a) && a[right].due < a[down].due {
			down = right
		}
		if a[i].due <= a[down].due {
			return first
		}
		a[i], a[down] = a[down], a[i]
		i = down
	}
}

// flight is a request that was written. All have the same patience, so the first written is the first to time out.
type flight struct {
	till    int32
	number  uint32
	written time.Duration
}

// flights is a ring of them.
type flights struct {
	ring       []flight
	head, size int
}

func (f *flights) push(x flight) {
	if f.size == len(f.ring) {
		grown := make([]flight, max(1024, 2*len(f.ring)))
		for i := range f.size {
			grown[i] = f.ring[(f.head+i)%len(f.ring)]
		}
		f.ring, f.head = grown, 0
	}
	f.ring[(f.head+f.size)%len(f.ring)] = x
	f.size++
}

func (f *flights) first() (flight, bool) {
	if f.size == 0 {
		return flight{}, false
	}
	return f.ring[f.head], true
}

func (f *flights) drop() { f.head, f.size = (f.head+1)%len(f.ring), f.size-1 }
