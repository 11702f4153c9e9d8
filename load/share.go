package load

import (
	"fmt"
	"time"
)

// portion is what one of several workers has of a workload: each so-manieth till, with the cards that are used there.
type portion struct {
	part, of     int // 0 of 0 is all of it
	tills, cards int // of the whole
}

// Share gives the part of a workload that one of so many workers carries out. The schedule and the chains stay those of the whole, and a
// chain belongs to the worker that has its till. Tills and cards are counted from 0 within the share.
func (w *Workload) Share(part, of int) (*Workload, error) {
	if w.Replay != nil {
		return nil, w.mistake("$.replay", "a replay is not spread over workers, since its orders keep the capture's order: play it without --workers")
	}
	if len(w.Faults) > 0 {
		return nil, fmt.Errorf("workload %s: what goes wrong on purpose is not spread over workers, since its messages are counted in one place: run it without --workers", w.Name)
	}
	if part < 0 || part >= of || of > w.Tills {
		return nil, fmt.Errorf("workload %s: part %d of %d: want 1 to %d workers, since each needs a till", w.Name, part+1, of, w.Tills)
	}
	s := *w
	s.share = portion{part: part, of: of, tills: w.Tills, cards: w.Cards}
	s.Tills = (w.Tills - part + of - 1) / of
	s.Cards = 0
	for n := range s.Tills {
		s.Cards += cardsAt(s.share.till(n), w.Tills, w.Cards)
	}
	return &s, nil
}

// cardsAt is how many cards are used at a till: those that leave its number when divided by the tills.
func cardsAt(till, tills, cards int) int { return (cards - till + tills - 1) / tills }

// whole gives how many tills and cards the whole workload has.
func (w *Workload) whole() (tills, cards int) {
	if w.share.of == 0 {
		return w.Tills, w.Cards
	}
	return w.share.tills, w.share.cards
}

// till gives the number in the whole of the nth till of the share.
func (s portion) till(n int) int {
	if s.of == 0 {
		return n
	}
	return n*s.of + s.part
}

// TillOf gives the number in the whole of the nth till of the share.
func (w *Workload) TillOf(n int) int { return w.share.till(n) }

// CardOf gives the number in the whole of the nth card of the share.
func (w *Workload) CardOf(n int) int {
	tills, _ := w.whole()
	return w.share.till(n%w.Tills) + n/w.Tills*tills
}

// Mine tells whether a chain belongs to the share.
func (w *Workload) Mine(chain uint64) bool {
	tills, _ := w.whole()
	return w.share.of == 0 || int(chain%uint64(tills))%w.share.of == w.share.part
}

// Planned is how many orders of the share fall due in chains up to an instant, those of the warm-up left out.
func (w *Workload) Planned(until time.Duration) (n uint64, err error) {
	p, err := w.Pacer()
	if err != nil {
		return 0, err
	}
	number := uint64(0)
	for at := range Dues(p, min(until, w.Length())) {
		if w.Mine(number) {
			c := w.Chain(number)
			for leg := range c.Part.Legs {
				if at+c.Offset(leg) >= time.Duration(w.WarmUp) {
					n++
				}
			}
		}
		number++
	}
	return n, nil
}
