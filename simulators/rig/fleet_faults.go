package rig

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/fault"
)

// FleetFault is something that goes wrong on a fleet's lines for a time. What is counted is counted from Start on.
type FleetFault struct {
	Rule fault.Rule
	Cut  bool          // instead of the rule: all connections are cut at From
	From time.Duration // since Start
	For  time.Duration // 0: until the end
}

// faulty tells that faults may act on what crosses the lane's lines.
func (l *lane) faulty() bool { return l != nil && len(l.fleet.plan.Faults) > 0 }

// schedule has the plan's faults come and go.
func (l *lane) schedule() error {
	w := l.world
	var err error
	if w.faults, err = fault.New(fault.Config{Dialect: w.Rig.Dialect, Random: w.Seed.Stream("fleet/faults"), Reseal: w.reseal}); err != nil {
		return err
	}
	for _, f := range l.fleet.plan.Faults {
		do := func() {
			if err := w.faults.Arm(f.Rule); err != nil {
				l.fleet.broke(err)
			}
		}
		if f.Cut {
			do = func() { l.cut(f.Rule.Label) }
		}
		if f.From <= 0 {
			do()
		} else {
			w.Loop.At(l.start.Add(f.From), do)
		}
		if f.For > 0 {
			w.Loop.At(l.start.Add(f.From+f.For), func() { w.faults.Disarm(f.Rule.Label) })
		}
	}
	return nil
}

// cut ends all connections of the lane.
func (l *lane) cut(label string) {
	for _, t := range l.world.order {
		if t.tap.open != nil {
			t.tap.drop()
			l.struck([]fault.Rule{{Label: label}})
		}
	}
}

func (l *lane) struck(rules []fault.Rule) {
	if told := l.fleet.plan.Struck; told != nil {
		for _, r := range rules {
			told(r.Label, l.world.Loop.Now().Sub(l.start))
		}
	}
}

// Reseed tells the host again of tills and cards: a host that was started again has forgotten the tills' master keys.
func (f *Fleet) Reseed(ctx context.Context) error {
	if err := f.seedHost(ctx, f.seeds, f.kcvs); err != nil {
		return fmt.Errorf("the host that was started again: %w", err)
	}
	return nil
}
