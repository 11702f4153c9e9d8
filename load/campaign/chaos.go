package campaign

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Host is a host under test whose process can be killed.
type Host interface {
	// Restart kills it, without a word before, and starts it again on its store.
	Restart(ctx context.Context) error
}

// canBefall tells, before anything starts, whether the workload's blows can fall here.
func (r *campaign) canBefall() error {
	for _, b := range r.Workload.Faults {
		switch {
		case b.Host != "" && r.Host == nil:
			return errors.New("host: kill is for the acquirer that `tillproof load` starts itself: leave out --control, and a profile of a remote host")
		case b.Issuer != "" && r.Rig.Profile.Lends():
			return errors.New("issuer: silent is for our own acquirer: a remote host's issuer is not ours")
		}
	}
	return nil
}

// befall has issuer and host suffer what the workload says, until the run is over.
func (r *campaign) befall(ctx context.Context, over <-chan struct{}) {
	all := r.Workload.Faults
	r.fell = make([]load.Injected, len(all))
	var order []int
	for i, b := range all {
		if b.Issuer != "" || b.Host != "" {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(all[a].At - all[b].At) })
	clock := r.clock.Load()
	for _, i := range order {
		wait := time.NewTimer(time.Duration(all[i].At) - clock.Now())
		select {
		case <-wait.C:
		case <-over:
		case <-ctx.Done():
		}
		wait.Stop()
		if at := clock.Now(); at >= time.Duration(all[i].At) && ctx.Err() == nil {
			if err := r.suffer(ctx, all[i]); err != nil {
				r.fell[i].Why = err.Error()
				r.say("%s: %v", all[i], err)
				continue
			}
			r.fell[i].Strike(at)
			r.fell[i].Until = clock.Now()
		}
	}
}

// suffer has one blow fall.
func (r *campaign) suffer(ctx context.Context, b load.Blow) error {
	if b.Host != "" {
		if err := r.Host.Restart(ctx); err != nil {
			return err
		}
		return r.crew.Reseed(ctx)
	}
	control, ok := r.crew.Control()
	if !ok {
		return errors.New("nobody can tell the issuer")
	}
	silent := rig.IssuerStage{For: rig.Span{Duration: time.Duration(b.For)}, Down: true}
	return control.Arrange(ctx, rig.Arrangement{Party: "issuer", Script: &rig.IssuerScript{Stages: []rig.IssuerStage{silent}}})
}

// injected tells what became of each blow.
func (r *campaign) injected(s *load.Summary) []load.Injected {
	all, struck := r.Workload.Fell(s.Took), r.crew.Struck()
	for i := range all {
		n, b := &all[i], r.Workload.Faults[i]
		of := r.fell[i]
		if b.Issuer == "" && b.Host == "" {
			of = struck[i]
		}
		n.Times, n.First, n.Last = of.Times, of.First, of.Last
		if of.Why != "" {
			n.Why = of.Why
		}
		if b.Host != "" && of.Times > 0 {
			n.Until = of.Until
			n.Why = "back after " + (of.Until - of.First).Round(time.Millisecond).String()
		}
		if b.Issuer != "" && s.Sent(n.At, n.Until) == 0 {
			n.Times = 0
		}
	}
	return all
}
