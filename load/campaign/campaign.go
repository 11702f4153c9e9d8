// Package campaign puts tills at a host under a workload: it seats them, has them sign in, drives them, measures, and judges the money.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Config says what is to be done to whom.
type Config struct {
	Workload   *load.Workload
	Rig        *rig.Rig // its host is behind a control door, or somewhere else
	Thresholds []string // beside the workload's
	Limits     load.Limits
	Out        string               // directory for the files; "" writes none
	Summary    load.Summary         // begun: version, profile, machine
	Watch      func(*load.Interval) // sees each interval; may be nil
	Live       io.Writer            // is told how it goes
	Terminal   bool                 // ... and is one
	Now        func() time.Time
	Target     *load.Target // where the host tells of itself; nil for nowhere
	Team       Team         // carries the orders out in other processes; nil is here
	Host       Host         // can be killed; nil for one that cannot
}

// Result is how a campaign ended.
type Result struct {
	Summary     *load.Summary
	Breaks      []audit.Break // where the money went astray
	Judged      bool          // the host's books could be looked into
	Crossed     bool          // a threshold
	Interrupted bool
	Degraded    bool // a worker was lost
}

// interval is the width of a row of the report.
const interval = time.Second

// crew is who carries the orders out.
type crew interface {
	// Statements are what the tills state about the money, when no order is open.
	Statements(ctx context.Context) ([]audit.Statement, error)
	Control() (rig.Control, bool) // into the host's books, where they can be looked into
	Terminal(index uint32) string
	PerWrite() float64                // frames, on average
	Refused() map[string]int          // orders that tills would not take, by the screen that said why
	Start(began time.Time)            // the zero of all times
	Struck() []load.Injected          // how often each of the workload's faults struck on the lines
	Reseed(ctx context.Context) error // tells a host that was started again what it must know
	Err() error
	Close()
}

// campaign is a Config under way.
type campaign struct {
	Config
	pacer       vegeta.Pacer
	measurement *load.Measurement
	chronicle   load.Chronicle
	progress    *load.Progress
	watch       *load.Watch
	dir         *load.Dir
	desk        *desk
	crew        crew
	collected   func()        // is called after each look at what ended; may be nil
	sender      load.Sender   // the crew, if it is here
	ended       time.Duration // when the schedule was ended early; 0: it was not
	clock       atomic.Pointer[load.RealClock]
	scraper     *load.Scraper
	fell        []load.Injected // what befell issuer and host
}

// Run carries a campaign out. An end of the context ends the schedule; what has begun is still waited for, and the files are written.
func Run(ctx context.Context, c Config) (*Result, error) {
	r := &campaign{Config: c, desk: &desk{}}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	defer r.crew.Close()
	began := r.Now()
	if r.Team != nil {
		var err error
		if began, err = r.Team.Start(ctx); err != nil {
			return nil, err
		}
	}
	aborted := r.drive(ctx, began)
	if err := r.crew.Err(); err != nil {
		return nil, err
	}
	return r.conclude(ctx, aborted)
}

// prepare checks the plan, and brings the tills to where they can sell.
func (r *campaign) prepare(ctx context.Context) (err error) {
	w := r.Workload
	if err := errors.Join(w.Preflight(r.Limits), r.canBefall()); err != nil {
		return err
	}
	if err := r.measure(interval, append(w.Thresholds, r.Thresholds...)); err != nil {
		return err
	}
	if r.Out != "" {
		if r.dir, err = load.NewDir(r.Out, w.Kinds(), r.Now(), 1); err != nil {
			return err
		}
		r.desk.spool = r.dir.Spool(0)
	}
	return r.seat(ctx)
}

// measure begins a measurement of the workload, with thresholds to be watched.
func (r *campaign) measure(every time.Duration, thresholds []string) (err error) {
	w := r.Workload
	if r.pacer, err = w.Pacer(); err != nil {
		return fmt.Errorf("workload %s: %w", w.Name, err)
	}
	if r.watch, err = load.NewWatch(w.Plan(every), thresholds...); err != nil {
		return fmt.Errorf("workload %s: %w", w.Name, err)
	}
	if r.measurement, err = load.NewMeasurement(len(w.Kinds()), every, w.Length()); err != nil {
		return err
	}
	r.chronicle, r.progress = load.Chronicle{}, load.NewProgress(r.Live, r.Terminal, r.flow)
	var own *load.Recorder
	if r.Team == nil {
		own = r.measurement.Recorder()
	}
	r.desk.begin(own, time.Duration(w.WarmUp))
	return nil
}

// seat brings the tills to where they can sell. They stay there when the schedule is ended early.
func (r *campaign) seat(ctx context.Context) (err error) {
	var here interface {
		crew
		load.Sender
	}
	switch {
	case r.Team != nil:
		r.crew = teamCrew{r.Team}
		return r.Team.Seat(ctx, r.Workload, Figures{Recorder: r.measurement.Recorder, Orders: r.desk.deliver, Say: r.say})
	case r.Workload.Whole:
		here, err = r.seatWhole(ctx)
	default:
		here, err = r.seatBatch(ctx)
	}
	r.crew, r.sender = here, here
	return err
}

// drive runs the schedule to its end, and tells which threshold ended it early.
func (r *campaign) drive(ctx context.Context, began time.Time) (aborted string) {
	clock := load.RealClock{Began: began}
	r.clock.Store(&clock)
	r.desk.replayed, r.desk.terminal = r.Workload.Replayed(r.Rig.Dialect), r.crew.Terminal
	r.crew.Start(clock.Began)
	schedule, end := context.WithCancel(ctx)
	defer end()
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(over)
		if r.Team != nil {
			r.Team.Drive(schedule, r.drain())
			return
		}
		load.Drive(schedule, r.pacer, r.Workload.Length(), timed{r.sender, r.desk, r.Workload.Mine}, clock, r.drain())
		r.desk.locked(r.desk.Recorder.Close)
	})
	if r.Target != nil {
		r.scraper = load.NewScraper(*r.Target)
		group.Go(func() { r.scraper.Watch(over, clock.Now) })
	}
	group.Go(func() { r.befall(schedule, over) })
	tick := time.NewTicker(interval / 4)
	defer tick.Stop()
	interrupted := ctx.Done()
	for running := true; running; {
		select {
		case <-tick.C:
		case <-over:
			running = false
		case <-interrupted:
			interrupted, r.ended = nil, clock.Now()
			r.say("interrupted: waiting for %d orders under way, Ctrl-C again ends at once", r.desk.open.Load())
		}
		r.collect()
		if r.crew.Err() != nil {
			end()
		}
		if v, crossed := r.watch.Abort(); crossed && aborted == "" {
			aborted, r.ended = v.String(), clock.Now()
			end()
		}
	}
	group.Wait()
	return aborted
}

// drain is how long orders may take to end after the schedule.
func (r *campaign) drain() time.Duration {
	return time.Duration(r.Workload.Patience) + time.Duration(r.Workload.Lag) + settle
}

// settle is what reversals may take beside the patience for an answer.
const settle = 10 * time.Second

// flow tells how many orders should have been due by now, and how many were sent.
func (r *campaign) flow() load.Flow {
	return load.Flow{Due: uint64(r.Workload.DueBy(r.clock.Load().Now())), Written: r.desk.written.Load()}
}

func (r *campaign) say(format string, args ...any) { fmt.Fprintf(r.Live, format+"\n", args...) }

func (r *campaign) collect() {
	sinks := []func(*load.Interval){r.watch.Add, r.chronicle.Add, r.progress.Add}
	if r.dir != nil {
		sinks = append(sinks, r.dir.Add)
	}
	if r.Watch != nil {
		sinks = append(sinks, r.Watch)
	}
	r.measurement.Collect(sinks...)
	if r.collected != nil {
		r.collected()
	}
}

// conclude judges the money and the thresholds, and writes the files.
func (r *campaign) conclude(ctx context.Context, aborted string) (*Result, error) {
	w, s := r.Workload, &r.Config.Summary
	out := &Result{Summary: s, Interrupted: ctx.Err() != nil}
	s.Workload, s.Seed, s.Started, s.Dialect = w.Name, w.Seed, r.clock.Load().Began, r.Rig.Dialect.Name
	s.WarmUp, s.Length, s.Took, s.Aborted = time.Duration(w.WarmUp), w.Length(), r.clock.Load().Now(), aborted
	if out.Interrupted {
		s.Aborted = "interrupted"
	}
	s.Sum(w.Kinds(), r.measurement, &r.chronicle)
	s.Injected = r.injected(s)
	s.Thresholds = r.watch.Verdicts()
	for _, v := range s.Thresholds {
		out.Crossed = out.Crossed || !v.Held
	}
	s.Refusals, s.Replayed = r.crew.Refused(), r.desk.replayed
	var err error
	if r.scraper != nil {
		if s.Target, err = r.scraper.Series(); err != nil {
			r.say("%v", err)
		}
	}
	if r.Team != nil {
		if out.Degraded, err = r.muster(s); err != nil {
			return nil, err
		}
	}
	if s.Slowest, err = r.told(r.desk.tape.Slowest()); err != nil {
		return nil, err
	}
	if s.Failed, err = r.told(r.desk.tape.Failed()); err != nil {
		return nil, err
	}
	err = errors.Join(r.judge(context.WithoutCancel(ctx), out), r.reach(ctx))
	if r.dir != nil {
		err = errors.Join(err, r.dir.Finish(s, r.measurement.Total(), r.crew.Terminal))
	}
	return out, err
}

// muster tells what became of each worker, and whether one was lost.
func (r *campaign) muster(s *load.Summary) (degraded bool, err error) {
	until := r.Workload.Length()
	if r.ended > 0 {
		until = r.ended
	}
	s.Workers, err = r.Team.Report(until)
	return s.Degraded() != "", err
}

// told tells kept orders with what crossed the line for them.
func (r *campaign) told(orders []load.Kept) (all []load.Told, err error) {
	for _, k := range orders {
		t := load.Tell(&k.Sample, r.Workload.Kinds(), r.crew.Terminal)
		if t.Trace, err = r.desk.wires[k.Place].Tell(r.Rig.Dialect); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// A quick calibration: enough to tell a tenth of the limit from half of it.
const (
	calibration = 400 * time.Millisecond
	mostEchoes  = 8 // connections: more do no more here
)

// reach tells what share of this machine's limit the run came to, unless somebody waits for its end.
func (r *campaign) reach(ctx context.Context) (err error) {
	if ctx.Err() != nil || r.Team != nil { // of several machines there is no one limit
		return nil
	}
	s, connections := &r.Config.Summary, r.Workload.Tills
	if r.Workload.Line == load.Multiplexed {
		connections = min(connections, r.Workload.Lines)
	}
	s.Reached, err = load.Reach(ctx, s.Peak(), min(connections, mostEchoes), int(max(1, math.Round(r.crew.PerWrite()))), calibration)
	return err
}

// judge has the money audited.
func (r *campaign) judge(ctx context.Context, out *Result) error {
	r.say("judging the money")
	all, err := r.crew.Statements(ctx)
	if err != nil {
		return fmt.Errorf("money check: %w", err)
	}
	control, sees := r.crew.Control()
	if out.Judged = sees; sees {
		state, err := control.Look(ctx)
		if err != nil {
			return fmt.Errorf("money check: %w", err)
		}
		all = append(all, state.Statements...)
	}
	out.Breaks = audit.Judge(slices.Values(all))
	out.Summary.Money = "every payment that a till or the host knows of balances"
	switch {
	case !out.Judged:
		out.Summary.Money = "the host's books cannot be looked into; what it has answered balances with what the tills did"
	case out.Degraded:
		out.Summary.Money = "every payment that the tills of the workers that stayed or the host knows of balances; nobody speaks for the tills of those that were lost"
	}
	if n := len(out.Breaks); n > 0 {
		out.Summary.Money = fmt.Sprintf("does not balance, in %d places; the first: %s", n, out.Breaks[0].Text)
	}
	return nil
}
