package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/audit"
)

// Search says how the highest rate is looked for.
type Search struct {
	Want    string        // what has to hold, a threshold
	Start   float64       // orders a second to begin with
	Ceiling float64       // no rate over it is tried
	Hold    time.Duration // how long each rate is offered; its first fifth is not counted
}

// purse is what each card of a search has: nobody knows beforehand how much it will spend.
const purse = "9000000000.00 CNY"

// searchPatience is how long a search waits for an answer at most: an overloaded host is not waited for each time as in the field.
const searchPatience = 10 * time.Second

// FindMax looks for the highest rate at which the threshold holds and every order is approved, and for how long the host takes to recover
// from twice as much. The money is judged at the end.
func FindMax(ctx context.Context, c Config, s Search) (*load.Search, []audit.Break, error) {
	w := *c.Workload
	w.Balance, w.WarmUp, w.Patience = purse, load.Span(s.Hold/5), min(nonzero(w.Patience, load.Span(c.Limits.Patience)), load.Span(searchPatience))
	c.Workload = &w
	r := &campaign{Config: c, desk: &desk{}}
	w.Stages = stage(s.Start, s.Hold)
	if err := r.measure(interval, []string{s.Want}); err != nil {
		return nil, nil, err
	}
	if err := r.seat(ctx); err != nil {
		return nil, nil, err
	}
	defer r.crew.Close()
	found, err := load.FindMax(func(rate float64) (load.Step, error) { return r.try(ctx, rate, s) }, s.Start, s.Ceiling)
	if err != nil {
		return found, nil, err
	}
	found.Want = s.Want
	if found.Max > 0 {
		if found.Recovery, err = r.recover(ctx, found); err != nil {
			return found, nil, err
		}
	}
	result := &Result{Summary: &r.Config.Summary}
	err = r.judge(context.WithoutCancel(ctx), result)
	return found, result.Breaks, err
}

func nonzero(a, b load.Span) load.Span {
	if a > 0 {
		return a
	}
	return b
}

func stage(rate float64, hold time.Duration) []load.Stage {
	return []load.Stage{{Rate: load.RateRange{From: rate, To: rate}, For: load.Span(hold)}}
}

// try offers one rate, and waits until all its orders have ended.
func (r *campaign) try(ctx context.Context, rate float64, s Search) (step load.Step, err error) {
	w := r.Workload
	w.Stages, w.WarmUp = stage(rate, s.Hold), load.Span(s.Hold/5)
	if err := r.measure(interval, []string{s.Want}); err != nil {
		return step, err
	}
	r.drive(ctx, r.Now())
	if err := r.crew.Err(); err != nil {
		return step, err
	}
	if err := ctx.Err(); err != nil {
		return step, err
	}
	var sum load.Summary
	sum.WarmUp, sum.Length = time.Duration(w.WarmUp), w.Length()
	sum.Sum(w.Kinds(), r.measurement, &r.chronicle)
	t := &sum.Total
	step = load.Step{Reached: float64(t.Written) / (s.Hold - time.Duration(w.WarmUp)).Seconds(), Response: t.Response, Lateness: t.OwnLateness.P99, Held: true}
	switch v := r.watch.Verdicts()[0]; {
	case t.Refused > 0:
		step.Why = fmt.Sprintf("%d orders were refused by their own tills", t.Refused)
	case t.Dropped > 0:
		step.Why = fmt.Sprintf("%d of %d orders could not be sent in time", t.Dropped, t.Due)
	case t.TimedOut+t.Broken > 0:
		step.Why = fmt.Sprintf("%d orders had no answer that could be believed", t.TimedOut+t.Broken)
	case t.Declined > 0:
		step.Why = fmt.Sprintf("%d orders were declined that should be approved", t.Declined)
	case !v.Held:
		step.Why = v.String()
	}
	step.Held = step.Why == ""
	r.say("%8.0f/s  %s  %s", rate, map[bool]string{true: "held    ", false: "not held"}[step.Held], step.Why)
	return step, nil
}

// The parts of the look at how a host recovers.
const (
	overload = 3 * time.Second
	calm     = 10 * time.Second
	glance   = 100 * time.Millisecond
)

// recover offers twice the highest rate and then half of it, and tells when the median is usual again for good: at most twice what it was.
// It is negative when that never happened.
func (r *campaign) recover(ctx context.Context, found *load.Search) (time.Duration, error) {
	var usual time.Duration
	for _, step := range found.Steps {
		if step.Held && step.Rate <= found.Max {
			usual = max(usual, step.Response.P50)
		}
	}
	w := r.Workload
	w.WarmUp = 0
	w.Stages = append(stage(2*found.Max, overload), stage(found.Max/2, calm)...)
	if err := r.measure(glance, nil); err != nil {
		return 0, err
	}
	unusual := time.Duration(0)
	before := r.Watch
	r.Watch = func(iv *load.Interval) {
		t := iv.Total(nil)
		if h := &t.Times[load.Response]; h.Count() > 0 && h.Quantile(0.5) > 2*usual || t.Ends[load.Dropped] > 0 {
			unusual = iv.To
		}
	}
	r.drive(ctx, r.Now())
	r.Watch = before
	if err := r.crew.Err(); err != nil {
		return 0, err
	}
	if unusual >= w.Length() {
		return -calm, ctx.Err()
	}
	return max(unusual-overload, 0), ctx.Err()
}
