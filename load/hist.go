package load

import (
	"math"
	"math/bits"
	"time"
)

// The cells of a histogram are those of an HdrHistogram of three digits from 64 ns on: 2048 cells of 64 ns, then 1024 for each doubling.
const (
	unitBits = 6
	halfBits = 10
	digits   = 3
	longest  = 2 * time.Minute // what is longer counts as this long
)

func cellOf(d time.Duration) int {
	v := uint64(d)
	doubling := bits.Len64(v|(1<<(unitBits+halfBits+1)-1)) - (unitBits + halfBits + 1)
	return doubling<<halfBits + int(v>>(unitBits+doubling))
}

// cellStart is the shortest time of a cell.
func cellStart(cell int) time.Duration {
	doubling := max(0, cell>>halfBits-1)
	return time.Duration(cell-doubling<<halfBits) << (unitBits + doubling)
}

// cellEnd is the longest time of a cell.
func cellEnd(cell int) time.Duration { return cellStart(cell+1) - 1 }

// Hist counts times in the cells of an HdrHistogram (three digits, 64 ns to 2 min). Its zero value is empty and ready. It is ours because the
// record of an order must cost a few nanoseconds; the library reads and writes it, and a test holds the two equal.
type Hist struct {
	counts  []uint64
	lo, hi  int // the cells in use, from lo to below hi
	n       uint64
	sum     uint64        // in ns, exact
	longest time.Duration // exact
}

func newHist() Hist {
	h := Hist{}
	h.reserve()
	return h
}

func (h *Hist) reserve() { h.counts, h.lo = make([]uint64, cellOf(longest)+1), math.MaxInt }

// Add counts one time; one below 0 counts as 0.
func (h *Hist) Add(d time.Duration) {
	if h.counts == nil {
		h.reserve()
	}
	cell := cellOf(min(max(d, 0), longest))
	h.counts[cell]++
	h.n++
	h.sum += uint64(max(d, 0))
	h.lo, h.hi, h.longest = min(h.lo, cell), max(h.hi, cell+1), max(h.longest, d)
}

// Merge adds the counts of another, exactly.
func (h *Hist) Merge(o *Hist) {
	if o.n == 0 {
		return
	}
	if h.counts == nil {
		h.reserve()
	}
	for cell := o.lo; cell < o.hi; cell++ {
		h.counts[cell] += o.counts[cell]
	}
	h.n += o.n
	h.sum += o.sum
	h.lo, h.hi, h.longest = min(h.lo, o.lo), max(h.hi, o.hi), max(h.longest, o.longest)
}

func (h *Hist) reset() {
	if h.n > 0 {
		clear(h.counts[h.lo:h.hi])
		*h = Hist{counts: h.counts, lo: math.MaxInt}
	}
}

// Count is how many times were counted.
func (h *Hist) Count() uint64 { return h.n }

// Max is the longest time, exactly.
func (h *Hist) Max() time.Duration { return h.longest }

// Quantile is the time that a share q of the orders did not exceed: the end of the cell that holds the order of rank ⌈q·n⌉, so that it never
// flatters. Of no orders it is 0.
func (h *Hist) Quantile(q float64) time.Duration {
	var seen uint64
	wanted := rank(q, h.n)
	for cell := h.lo; cell < h.hi; cell++ {
		if seen += h.counts[cell]; seen >= wanted {
			return min(cellEnd(cell), max(h.longest, cellStart(cell)))
		}
	}
	return 0
}

// rank is ⌈q·n⌉, from 1 to n. A share such as 0.99 has no exact float: the small step back keeps 99 of 100 at rank 99.
func rank(q float64, n uint64) uint64 {
	return min(max(uint64(math.Ceil(q*float64(n)*(1-1e-12))), 1), n)
}

// atMost is how many orders took at most d, to the histogram's digit.
func (h *Hist) atMost(d time.Duration) uint64 {
	var n uint64
	for cell := h.lo; cell < h.hi && cellEnd(cell) <= d; cell++ {
		n += h.counts[cell]
	}
	return n
}
