package load

import (
	"math/bits"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Chain is what belongs together: the orders of one part of the mix, at one till, with one card. It is a pure function of the
// workload's seed and the chain's number, so that any of them can be told again alone.
type Chain struct {
	Number uint64
	Part   *Part
	Till   int
	Card   int
	draw   uint64
}

// Chain gives chain n; a share is asked only for its own.
func (w *Workload) Chain(n uint64) Chain {
	draw := mix(w.Seed, n)
	if w.Replay != nil {
		return w.Replay.chain(n, draw)
	}
	tills, cards := w.whole()
	c := Chain{Number: n, Till: int(n % uint64(tills)), draw: draw}
	// The cards of a till are those that leave its number when divided by the tills: no two tills ever share one.
	card := int(below(mix(draw, 1), uint64(cardsAt(c.Till, tills, cards))))
	if w.share.of > 0 {
		c.Till /= w.share.of
	}
	c.Card = c.Till + w.Tills*card
	at := int(below(mix(draw, 2), uint64(w.total)))
	for i := range w.Mix {
		if at -= w.Mix[i].Weight; at < 0 {
			c.Part = &w.Mix[i]
			break
		}
	}
	return c
}

// Kind gives the kind of leg l, an index into the workload's.
func (c Chain) Kind(l int) uint16 { return c.Part.Legs[l].kind }

// Amount gives the amount of leg l. A leg whose range is the first one's has the first one's amount.
func (c Chain) Amount(l int) pay.Amount {
	r := c.Part.Legs[l].Amount
	if r == c.Part.Legs[0].Amount {
		l = 0
	}
	a := r.From
	a.Minor += int64(below(mix(c.draw, 3+uint64(l)), uint64(r.To.Minor-r.From.Minor+1)))
	return a
}

// Offset gives how long after the chain leg l is due.
func (c Chain) Offset(l int) (d time.Duration) {
	for _, leg := range c.Part.Legs[:l+1] {
		d += time.Duration(leg.After)
	}
	return d
}

// meanLegs gives how many orders a chain has on average.
func (w *Workload) meanLegs() float64 {
	n := 0
	for _, p := range w.Mix {
		n += p.Weight * len(p.Legs)
	}
	return float64(n) / float64(w.total)
}

// mix is the finalizer of SplitMix64 over both numbers: every bit of each moves every bit of the result.
func mix(a, b uint64) uint64 {
	x := a + 0x9E3779B97F4A7C15*(b+1)
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// below maps a draw to 0..n-1.
func below(draw, n uint64) uint64 {
	hi, _ := bits.Mul64(draw, n)
	return hi
}

// Draw gives the nth number of the workload's chance that no chain is made of.
func (w *Workload) Draw(n uint64) uint64 { return mix(^w.Seed, n) }

// Plan tells what a run of the workload does if nothing goes wrong, in intervals of that width.
func (w *Workload) Plan(interval time.Duration) Plan {
	p := Plan{Kinds: w.kinds, Orders: make([]float64, len(w.kinds)), WarmUp: time.Duration(w.WarmUp), Length: w.Length(), Interval: interval,
		Patience: time.Duration(w.Patience), Lag: time.Duration(w.Lag)}
	if w.Replay != nil {
		w.Replay.plan(p.Orders, p.WarmUp)
		return p
	}
	var at time.Duration
	for _, s := range w.Stages {
		counted := s.between(p.WarmUp-at, time.Duration(s.For)) / w.meanLegs()
		at += time.Duration(s.For)
		for _, part := range w.Mix {
			for _, l := range part.Legs {
				p.Orders[l.kind] += counted * float64(part.Weight) / float64(w.total)
			}
		}
	}
	return p
}

// DueBy gives how many orders fall due up to an instant, as the stages have it.
func (w *Workload) DueBy(at time.Duration) (n float64) {
	if w.Replay != nil {
		return w.Replay.dueBy(at)
	}
	for _, s := range w.Stages {
		n += s.between(0, at)
		at -= time.Duration(s.For)
	}
	return n
}

// between gives the orders of a stage that are due between two instants since its beginning.
func (s Stage) between(from, to time.Duration) float64 {
	begin, end := s.within(from), s.within(to)
	if s.Every == 0 { // exact for whole rates, as a difference of squares is not
		return (s.rateAt(begin) + s.rateAt(end)) / 2 * (end - begin)
	}
	return s.count(end) - s.count(begin)
}

func (s Stage) within(at time.Duration) float64 { return min(max(at.Seconds(), 0), seconds(s.For)) }
