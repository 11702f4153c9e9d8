package load

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Limits are what a run may use up.
type Limits struct {
	Files    uint64        // that this process may have open; 0 is not known
	Ports    int           // that outgoing connections have; 0 is not known
	Linger   time.Duration // how long a port rests after its connection
	Patience time.Duration // for an answer, where the workload names none
	Batch    int           // payments that a till's batch takes before a settlement; 0 for any number
}

// traces is how many trace numbers a till has before the first comes again (ISO 8583, field 11; 000000 is never used).
const traces = 999_999

// spare is what the process itself has open beside the lines.
const spare = 64

// Preflight refuses a plan that cannot work, before anything starts: money, trace numbers, batches, files or ports that would run out.
// Its error tells of each.
func (w *Workload) Preflight(l Limits) error {
	if w.Patience == 0 {
		w.Patience = Span(l.Patience)
	}
	return errors.Join(w.spends(l), w.connects(l))
}

// spends plays all chains through without a host.
func (w *Workload) spends(l Limits) error {
	p, err := w.Pacer()
	if err != nil {
		return w.mistake("$.stages", "%w", err)
	}
	spent, orders := make([]int64, w.Cards), make([]int, w.Tills)
	n := uint64(0)
	for range Dues(p, w.Length()) {
		c := w.Chain(n)
		n++
		orders[c.Till] += len(c.Part.Legs)
		if f := c.Part.Legs[0].Flow; f == pay.Sale || f == pay.PreAuth {
			spent[c.Card] += c.Amount(0).Minor
		}
	}
	var errs []error
	if card, most := largest(spent); most > w.Money().Minor {
		errs = append(errs, w.mistake("$.balance", "card %d would spend %s and has %s: give more, or have more cards", card, pay.Amount{Minor: most, Currency: w.Money().Currency}, w.Money()))
	}
	till, most := largest(orders)
	if most > traces {
		errs = append(errs, w.mistake("$.tills", "till %d would have %d orders and has %d trace numbers: have more tills", till, most, traces))
	}
	if l.Batch > 0 && most > l.Batch {
		errs = append(errs, w.mistake("$.tills", "till %d would have %d orders, and its batch takes %d before it must be settled: have more tills, or settlements in the mix", till, most, l.Batch))
	}
	return errors.Join(errs...)
}

func largest[T int | int64](list []T) (at int, most T) {
	for i, v := range list {
		if v > most {
			at, most = i, v
		}
	}
	return at, most
}

// connects counts connections.
func (w *Workload) connects(l Limits) error {
	open, peak := 0, 0.0
	for _, s := range w.Stages {
		peak = max(peak, s.Rate.From, s.Rate.To)
	}
	switch w.Line {
	case Multiplexed:
		open = min(w.Lines, w.Tills)
	case Serial, Each:
		open = w.Tills
	}
	var errs []error
	if l.Files > 0 && uint64(open+spare) > l.Files {
		errs = append(errs, w.mistake("$.tills", "%d connections may be open at once, and this process may open %d files: raise `ulimit -n`, or share lines (line: multiplexed)", open, l.Files))
	}
	if rest := peak * l.Linger.Seconds(); w.Line == Each && l.Ports > 0 && rest > float64(l.Ports) {
		errs = append(errs, w.mistake("$.line", "%.0f connections a second use %.0f ports in the %s that a port rests, and there are %d: keep lines (line: serial), or go slower", peak, rest, l.Linger, l.Ports))
	}
	return errors.Join(errs...)
}
