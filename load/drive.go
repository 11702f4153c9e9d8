package load

import (
	"context"
	"runtime"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

// Clock is the time of a run, since its start.
type Clock interface {
	Now() time.Duration
	Wait(d time.Duration) // for about so long
}

// quantum is how long a sender rests between two turns: what is due meanwhile is written together.
const quantum = 200 * time.Microsecond

// perTurn bounds what is handed over at once, so that answers are taken meanwhile however far behind the sender is.
const perTurn = 1024

// Pacer gives the schedule of the chains: the stages' orders a second, divided by the orders that a chain has on average, or what was recorded.
func (w *Workload) Pacer() (vegeta.Pacer, error) {
	if w.Replay != nil {
		return w.Replay.pacer()
	}
	stages := make([]Stage, len(w.Stages))
	for i, s := range w.Stages {
		stages[i] = Stage{Rate: RateRange{s.Rate.From / w.meanLegs(), s.Rate.To / w.meanLegs()}, Every: s.Every, For: s.For}
	}
	paced, err := NewStages(stages...)
	if err != nil {
		return nil, err
	}
	if w.Arrivals == "poisson" {
		return NewPoisson(sim.Seed(w.Seed), paced), nil
	}
	return paced, nil
}

// Drive hands chains to a sender as they fall due, and then waits until all orders have ended, but no longer than drain. An end
// of the context ends the schedule.
func Drive(ctx context.Context, p vegeta.Pacer, length time.Duration, s Sender, clock Clock, drain time.Duration) {
	runtime.LockOSThread() // a thread of its own is woken on time
	defer runtime.UnlockOSThread()
	d := driver{ctx: ctx, sender: s, clock: clock, due: make([]Due, 0, perTurn)}
	n := uint64(0)
	for at := range Dues(p, length) {
		if !d.until(at) {
			break
		}
		d.due = append(d.due, Due{At: at, Chain: n})
		if n++; len(d.due) == perTurn {
			d.turn()
		}
	}
	d.turn()
	for end := clock.Now() + drain; s.Open() > 0 && clock.Now() < end; {
		clock.Wait(quantum)
		d.turn()
	}
}

type driver struct {
	ctx    context.Context
	sender Sender
	clock  Clock
	now    time.Duration
	due    []Due
}

// until waits for an instant, with turns meanwhile; false when the run is over.
func (d *driver) until(at time.Duration) bool {
	for at > d.now {
		if d.now = d.clock.Now(); at <= d.now {
			break
		}
		sent := len(d.due) > 0
		d.turn()
		if d.ctx.Err() != nil {
			return false
		}
		rest := quantum
		if !sent { // be there when it is due; but what is due soon after something was sent leaves together
			rest = min(rest, at-d.now)
		}
		d.clock.Wait(rest)
	}
	return true
}

func (d *driver) turn() {
	d.now = d.clock.Now()
	d.sender.Turn(d.now, d.due)
	d.due = d.due[:0]
}
