package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// exploreFlags are the flags of `tillproof explore`.
type exploreFlags struct {
	profile  string
	defects  []string
	out      string
	seed     uint64
	days     int
	orders   int
	parallel int
	duration time.Duration
	table    bool
}

func exploreCommand() *cobra.Command {
	var f exploreFlags
	c := &cobra.Command{
		Use:   "explore",
		Short: "Play random days until the books disagree",
		Long: "Play random days of whole tills in memory, with faults on the line, at the tills and at the hosts, and hold endings,\n" +
			"journals and books to a small model. The first day that goes wrong is made as small as it can be and printed as a\n" +
			"feature, which `tillproof run --line memory` runs. The same seed plays the same days: every defect of a till's day is\n" +
			"found within 500 of them (steps/testdata/explore.found).\n\n" +
			"Exit codes: 0 every book was equal every evening, 1 a counterexample was found (also when it is about money),\n" +
			"2 the harness or its configuration is broken, 4 not one day was played to its end, 130 interrupted (what was played is still told).",
		Example: "  tillproof explore --days 1000\n  tillproof explore --duration 1h --orders 200\n" +
			"  tillproof explore --defect acquirer-no-tombstone --out found.feature\n  tillproof explore --table",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	c.Flags().StringVar(&f.profile, "profile", rig.DefaultProfile, "profile whose dialect and settings the embedded parties use: a shipped name or a file")
	c.Flags().StringArrayVar(&f.defects, "defect", nil, "arm a defect in every party that has it (see `tillproof selfcheck --list`)")
	c.Flags().StringVar(&f.out, "out", "", "write the counterexample to this file instead of standard output")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "seed of all that is random (default: a fresh one, printed)")
	c.Flags().IntVar(&f.days, "days", 100, "days to play; 0: until the duration is over or Ctrl-C")
	c.Flags().IntVar(&f.orders, "orders", steps.DefaultOrders, "orders a day")
	c.Flags().IntVar(&f.parallel, "parallel", 0, "days at once (default: the number of processors)")
	c.Flags().DurationVar(&f.duration, "duration", 0, "end after so long, such as 10m (default: when all days are played)")
	c.Flags().BoolVar(&f.table, "table", false, "arm every defect in turn, or those of --defect, and tell on which day explore finds it, by three seeds")
	return c
}

func (f *exploreFlags) run(cmd *cobra.Command) error {
	switch {
	case f.days < 0 || f.orders < 1 || f.parallel < 0 || f.duration < 0:
		return errors.New("--days, --orders, --parallel and --duration: want positive numbers")
	case f.table && f.days == 0:
		return errors.New("--table needs an end: want --days")
	}
	if f.duration > 0 && !cmd.Flags().Changed("days") {
		f.days = 0
	}
	if !cmd.Flags().Changed("seed") {
		f.seed = freshSeed()
	}
	debug.SetGCPercent(400) // worlds are small and short
	armed, err := f.rig(f.defects...)
	if err != nil {
		return err
	}
	e := steps.Explore{Rig: armed, Seed: sim.Seed(f.seed), Days: f.days, Orders: f.orders, Parallel: f.parallel,
		Command: "tillproof explore" + f.options(), RunCommand: "tillproof run --line memory" + f.options()}
	if f.table {
		return f.seek(cmd.Context(), e)
	}
	if len(f.defects) > 0 {
		if e.Honest, err = f.rig(); err != nil {
			return err
		}
	}
	progress := exploreProgress{Out: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd())), Began: time.Now()}
	e.Done = progress.day
	ctx := cmd.Context()
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	got, err := e.Run(ctx)
	progress.end()
	if err != nil {
		return err
	}
	return f.tell(cmd.Context(), got, time.Since(progress.Began))
}

func (f *exploreFlags) rig(defects ...string) (*rig.Rig, error) {
	profile, err := rig.LoadProfileIn(os.LookupEnv, f.profile)
	if err != nil {
		return nil, err
	}
	return rig.New(rig.Options{Profile: profile, Line: rig.LineMemory, Defects: defects})
}

// options are those that a command needs to meet the same parties.
func (f *exploreFlags) options() (text string) {
	if f.profile != rig.DefaultProfile {
		text += " --profile " + f.profile
	}
	for _, d := range f.defects {
		text += " --defect " + d
	}
	return text
}

// tell writes what was played and what was found, and gives the exit code.
func (f *exploreFlags) tell(ctx context.Context, got steps.Exploration, took time.Duration) error {
	fmt.Printf("seed %d: %s, %s\n", f.seed, played(got), took.Round(10*time.Millisecond))
	for _, kind := range slices.Sorted(maps.Keys(got.Endings)) {
		fmt.Printf("  %-10s %d\n", kind, got.Endings[kind])
	}
	if rate := float64(got.Days) / took.Seconds(); got.Days > 0 {
		fmt.Printf("  %.0f days/s\n", rate)
	}
	c := got.Counter
	if c == nil {
		if err := ctx.Err(); err != nil {
			fmt.Println("interrupted: every book was equal so far")
			return err
		}
		if got.Days == 0 {
			fmt.Println("no day was played to its end: nothing is shown")
			return exitCode(reports.ExitNothing)
		}
		fmt.Println("every book was equal")
		return nil
	}
	fmt.Printf("\nday %d: %s: %s\n%d acts made %d, in %d plays\n", c.Day, c.Finding.Rule, c.Finding.Text, c.Was, c.Acts, c.Plays)
	if !c.Fails {
		fmt.Println("the feature's steps alone do not show it")
	}
	if f.out == "" {
		fmt.Printf("\n%s", c.Feature)
	} else {
		if err := os.WriteFile(f.out, []byte(c.Feature), 0o644); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		fmt.Printf("tillproof run --line memory%s %s\n", f.options(), f.out)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return exitCode(reports.ExitFailed)
}

func played(e steps.Exploration) string {
	return fmt.Sprintf("%d days, %d orders, %d faults struck", e.Days, e.Orders, e.Faults)
}

// seek prints the table of defects.
func (f *exploreFlags) seek(ctx context.Context, e steps.Explore) error {
	seeds := []sim.Seed{e.Seed, e.Seed + 1, e.Seed + 2}
	fmt.Printf("days of %d orders until explore finds the defect, by seeds %d, %d, %d; - is not within %d days\n\n", f.orders, seeds[0], seeds[1], seeds[2], f.days)
	found, all := 0, 0
	list := slices.DeleteFunc(rig.Defects(), func(d rig.Defect) bool { return len(f.defects) > 0 && !slices.Contains(f.defects, d.Name) })
	err := e.Seek(ctx, list, seeds, func(name string) (*rig.Rig, error) { return f.rig(name) }, func(s steps.Sought) {
		if all++; s.Last() > 0 {
			found++
		}
		_ = s.WriteText(os.Stdout) // nobody stops a table because a terminal went away
	})
	if err != nil {
		return err
	}
	fmt.Printf("\n%d of %d defects are found with every seed\n", found, all)
	return nil
}

// exploreProgress tells a person how far it is: one line on a terminal, now and then a line elsewhere.
type exploreProgress struct {
	Out      io.Writer
	Terminal bool
	Began    time.Time
	drawn    time.Time
}

func (p *exploreProgress) day(e steps.Exploration) {
	every := 10 * time.Second
	if p.Terminal {
		every = 100 * time.Millisecond
	}
	now := time.Now()
	if p.drawn.IsZero() {
		p.drawn = p.Began
	}
	if now.Sub(p.drawn) < every {
		return
	}
	p.drawn = now
	text := fmt.Sprintf("%s, %s", played(e), now.Sub(p.Began).Round(100*time.Millisecond))
	if p.Terminal {
		fmt.Fprint(p.Out, "\r\x1b[K"+text)
	} else {
		fmt.Fprintln(p.Out, strings.TrimSpace(text))
	}
}

func (p *exploreProgress) end() {
	if p.Terminal {
		fmt.Fprint(p.Out, "\r\x1b[K")
	}
}
