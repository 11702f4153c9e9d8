package campaign

import (
	"context"
	"errors"
	"fmt"
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
		case (b.Host == load.HostKill || b.Host == load.HostDiskFull) && r.Host == nil:
			return fmt.Errorf("host: %s is for the acquirer that `tillproof load` starts itself: leave out --control, and a profile of a remote host", b.Host)
		case b.Host != "" && r.Rig.Profile.Seat == rig.SeatRemote:
			return fmt.Errorf("host: %s is for our own acquirer: a remote host's machine is not ours", b.Host)
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
	type act struct {
		blow int
		at   time.Duration
		ends bool
	}
	var order []act
	for i, b := range all {
		if b.Issuer != "" || b.Host != "" {
			order = append(order, act{blow: i, at: time.Duration(b.At)})
		}
		if b.Host != "" && b.For > 0 {
			order = append(order, act{i, time.Duration(b.At + b.For), true})
		}
	}
	slices.SortStableFunc(order, func(a, b act) int { return int(a.at - b.at) })
	clock := r.clock.Load()
	for _, a := range order {
		wait := time.NewTimer(a.at - clock.Now())
		select {
		case <-wait.C:
		case <-over:
		case <-ctx.Done():
		}
		wait.Stop()
		at, n := clock.Now(), &r.fell[a.blow]
		if ctx.Err() != nil || a.ends && n.Times == 0 || !a.ends && at < a.at {
			continue
		}
		do := r.suffer
		if a.ends { // also when the run is over: the money is audited at a host that works
			do = r.relieve
		}
		if err := do(ctx, all[a.blow]); err != nil {
			n.Why = err.Error()
			r.say("%s: %v", all[a.blow], err)
			continue
		}
		if !a.ends {
			n.Strike(at)
		}
		n.Until = clock.Now()
	}
}

// suffer has one blow fall.
func (r *campaign) suffer(ctx context.Context, b load.Blow) error {
	if b.Host == load.HostKill {
		return r.restart(ctx)
	}
	if b.Host != "" {
		return r.trouble(ctx, b.Host, time.Duration(b.By))
	}
	control, ok := r.crew.Control()
	if !ok {
		return errors.New("nobody can tell the issuer")
	}
	silent := rig.IssuerStage{For: rig.Span{Duration: time.Duration(b.For)}, Down: true}
	return control.Arrange(ctx, rig.Arrangement{Party: "issuer", Script: &rig.IssuerScript{Stages: []rig.IssuerStage{silent}}})
}

// restart kills the host, starts it again, and has it know the tills.
func (r *campaign) restart(ctx context.Context) error {
	if err := r.Host.Restart(ctx); err != nil {
		return err
	}
	return r.crew.Reseed(ctx)
}

// trouble has the machine of the host fail, or work again.
func (r *campaign) trouble(ctx context.Context, condition string, by time.Duration) error {
	control, ok := r.crew.Control()
	if !ok {
		return errors.New("nobody can tell the host")
	}
	parties := []string{"acquirer", "issuer"}
	if condition == rig.ConditionClockJump { // they share the machine
		parties = parties[:1]
	}
	for _, party := range parties {
		if err := control.Arrange(ctx, rig.Arrangement{Party: party, Condition: condition, Delay: by}); err != nil {
			return err
		}
	}
	return nil
}

// relieve ends what the host's machine suffers. Who could not write something down says nothing more in this life.
func (r *campaign) relieve(ctx context.Context, b load.Blow) error {
	if err := r.trouble(ctx, rig.ConditionDiskRoom, 0); err != nil || b.Host != load.HostDiskFull {
		return err
	}
	return r.restart(ctx)
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
		}
		if b.Host == load.HostKill && of.Times > 0 {
			n.Why = "back after " + (of.Until - of.First).Round(time.Millisecond).String()
		}
		if b.Issuer != "" && s.Sent(n.At, n.Until) == 0 {
			n.Times = 0
		}
	}
	return all
}
