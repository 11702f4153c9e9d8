package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/campaign"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// loadFlags are the flags of `tillproof load`.
type loadFlags struct {
	profile    string
	control    string
	rate       string
	duration   time.Duration
	tills      int
	seed       uint64
	out        string
	thresholds []string
	prometheus string
	list       bool
	findMax    string
	start      string
	ceiling    string
	hold       time.Duration
	chain      uint64
	workers    workerFlags
	chaos      string
}

func loadCommand() *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "load WORKLOAD",
		Short: "Offer payments at set rates, measure true latency, and audit the money",
		Long: "Offer payments at set rates to the host under test, measure when each was due, sent and answered, and audit the money at the end.\n" +
			"WORKLOAD is a file or the name of a shipped one (--list). Without a profile the host is the reference acquirer in a process of its own.\n\n" +
			"Response times count from the moment at which an order was due, so that a host that stands still is not flattered.\n\n" +
			"Exit codes: 0 all held, 2 the harness or its configuration is broken, or a worker was lost, 3 a threshold was crossed,\n" +
			"5 the money does not balance, 130 interrupted (the report is still written).",
		Example: "  tillproof load lunch-rush\n  tillproof load spike --find-max 'response.p99<100ms'\n  tillproof load fixtures/workloads/lunch-rush.yaml --rate 500/s --duration 20s\n  tillproof load lunch-rush --chain 17\n  tillproof load soak --profile my-host.yaml --threshold 'response.p99<250ms'",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	c.Flags().StringVar(&f.profile, "profile", rig.DefaultProfile, "profile of the host under test: a shipped name or a file")
	c.Flags().StringVar(&f.control, "control", "", "control door (host:port) of a `tillproof serve` to take a world from, instead of one of our own")
	c.Flags().StringVar(&f.rate, "rate", "", "one rate in place of the workload's stages, such as 500/s (with --duration)")
	c.Flags().DurationVar(&f.duration, "duration", 30*time.Second, "how long --rate holds")
	c.Flags().IntVar(&f.tills, "tills", 0, "tills, in place of the workload's number")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "seed of all that is random (default: the workload's)")
	c.Flags().StringVar(&f.out, "out", "", "directory of the run's report (default runs/load-<time>)")
	c.Flags().StringArrayVar(&f.thresholds, "threshold", nil, "something that must hold beside the workload's thresholds, such as 'response{flow=sale}.p99<250ms over 10s'")
	c.Flags().StringVar(&f.prometheus, "prometheus", "", "address to serve the figures at while the run goes on, in Prometheus' text format, at /metrics")
	c.Flags().StringVar(&f.findMax, "find-max", "", "look for the highest rate at which this holds and every order is approved, such as 'response.p99<100ms'")
	c.Flags().StringVar(&f.start, "start", "100/s", "rate that --find-max begins with")
	c.Flags().StringVar(&f.ceiling, "ceiling", "100k/s", "rate over which --find-max does not go")
	c.Flags().DurationVar(&f.hold, "hold", 5*time.Second, "how long --find-max offers each rate")
	c.Flags().Uint64Var(&f.chain, "chain", 0, "carry out only the chain of this number, with whole terminals, and tell its whole trace: a report names chains by it")
	c.Flags().StringVar(&f.chaos, "chaos", "", "YAML file of what goes wrong on purpose and when: lost messages, a silent issuer, a killed host, cut lines")
	f.workers.add(c)
	c.Flags().BoolVar(&f.list, "list", false, "list the shipped workloads")
	return c
}

func (f *loadFlags) run(cmd *cobra.Command, args []string) error {
	if f.list {
		return listWorkloads()
	}
	w, err := f.workload(args)
	if err != nil {
		return err
	}
	profile, err := rig.LoadProfileIn(os.LookupEnv, f.profile)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("chain") {
		return f.retell(cmd, w, profile)
	}
	if err := f.workers.fits(w, f.findMax != ""); err != nil {
		return err
	}
	profile, remove, err := f.seat(cmd.Context(), profile)
	if err != nil {
		return err
	}
	defer remove()
	o := rig.Options{Profile: profile, Line: rig.LineSocket, Control: f.control, State: filepath.Join("runs", profile.Name+".state.json")}
	var host campaign.Host
	if f.control == "" && !profile.Lends() {
		acquirer, end, err := f.acquirer(cmd.Context(), w, &o)
		if err != nil {
			return err
		}
		defer end()
		host = acquirer
	}
	f.control = o.Control
	r, err := rig.New(o)
	if err != nil {
		return err
	}
	defer r.Close()
	c := campaign.Config{Workload: w, Rig: r, Thresholds: f.thresholds, Limits: machineLimits(r.Dialect.Timers.Answer), Out: f.out, Now: time.Now,
		Live: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd())), Summary: load.Summary{Version: version(), Profile: profile.Name, Machine: machineName()}}
	c.Target, c.Host = target(profile, f.control), host
	if f.findMax != "" {
		return f.search(cmd.Context(), c)
	}
	if f.prometheus != "" {
		metrics := load.NewMetrics(w.Kinds())
		server, err := serveMetrics(f.prometheus, metrics)
		if err != nil {
			return err
		}
		defer server.Close()
		c.Watch = metrics.Add
	}
	if f.workers.url != "" {
		team, err := f.workers.team(r)
		if err != nil {
			return err
		}
		c.Team = team
		defer team.Close()
	}
	result, err := campaign.Run(cmd.Context(), c)
	if err != nil {
		return err
	}
	return f.conclude(result)
}

// seat starts the container of a profile that has one.
func (f *loadFlags) seat(ctx context.Context, p *rig.Profile) (*rig.Profile, func(), error) {
	if f.out == "" {
		f.out = filepath.Join("runs", "load-"+time.Now().Format("20060102-150405"))
	}
	if f.control != "" {
		return p, func() {}, nil
	}
	return seat(ctx, p, f.out)
}

// acquirer starts the reference acquirer, for a rig to reach. One that is to be killed has a store, and the world that it keeps there.
func (f *loadFlags) acquirer(ctx context.Context, w *load.Workload, o *rig.Options) (c *child, end func(), err error) {
	forget := func() {}
	var flags []string
	if w.Kills() {
		store, err := os.MkdirTemp("", "tillproof-load-")
		if err != nil {
			return nil, nil, fmt.Errorf("the acquirer's store: %w", err)
		}
		forget = func() { _ = os.RemoveAll(store) }
		flags = []string{"--store", store, "--seed", strconv.FormatUint(w.Seed, 10)}
		o.World = rig.StandingWorld
	}
	if c, err = startServe(ctx, f.profile, flags...); err != nil {
		forget()
		return nil, nil, err
	}
	o.Control = c.control
	return c, func() { c.stop(); forget() }, nil
}

// target is where the host tells of itself: as the profile has it, or at the control door of our own.
func target(p *rig.Profile, control string) *load.Target {
	switch {
	case p.Metrics != nil:
		return &load.Target{URL: p.Metrics.URL, Show: p.Metrics.Show}
	case control != "":
		return &load.Target{URL: "http://" + control + "/metrics", Show: rig.HostMetrics()}
	}
	return nil
}

// retell carries one chain out alone: in memory where the host is ours.
func (f *loadFlags) retell(cmd *cobra.Command, w *load.Workload, profile *rig.Profile) error {
	if f.chaos != "" {
		return errors.New("load: --chaos does not go with --chain: a chain that is told again alone suffers nothing")
	}
	o := rig.Options{Profile: profile, Line: rig.LineMemory, Control: f.control}
	if f.control != "" || profile.Lends() {
		o.Line = rig.LineSocket
	}
	r, err := rig.New(o)
	if err != nil {
		return err
	}
	words, err := terminal.LoadTexts(fixtures.FS, "demo.en")
	if err != nil {
		return err
	}
	told, err := campaign.Retell(cmd.Context(), r, w, f.chain)
	if err != nil {
		return err
	}
	story := told.Story(func(id string, args ...string) string {
		if strings.HasPrefix(id, "story ") || !words.Has(id) {
			return ""
		}
		return words.Words(id, args...)
	})
	if err := story.Write(os.Stdout); err != nil {
		return err
	}
	fmt.Println()
	for i, o := range told.Orders {
		fmt.Printf("leg %d, %s at terminal %s, STAN %s: %s\n", i, told.Part.Legs[i].Flow, o.Terminal, o.Trace, o)
	}
	if len(told.Breaks) > 0 {
		return exitCode(reports.ExitMoney)
	}
	return nil
}

// search looks for the highest rate.
func (f *loadFlags) search(ctx context.Context, c campaign.Config) error {
	if len(c.Workload.Faults) > 0 {
		return errors.New("--find-max: a rate holds only if every order is approved: leave out what goes wrong on purpose (faults, --chaos)")
	}
	if c.Workload.Replay != nil {
		return errors.New("--find-max: a replay has the rates of its capture: give a workload with stages")
	}
	s := campaign.Search{Want: f.findMax, Hold: f.hold}
	var err error
	if s.Start, err = load.ParseRate(f.start); err != nil {
		return fmt.Errorf("--start: %w", err)
	}
	if s.Ceiling, err = load.ParseRate(f.ceiling); err != nil {
		return fmt.Errorf("--ceiling: %w", err)
	}
	if s.Start < 1 || s.Ceiling < s.Start || f.hold < time.Second {
		return fmt.Errorf("--start %s --ceiling %s --hold %s: want at least 1/s, a ceiling above the start, and to hold for a second", f.start, f.ceiling, f.hold)
	}
	found, breaks, err := campaign.FindMax(ctx, c, s)
	if err != nil {
		return err
	}
	if err := found.Write(os.Stdout); err != nil {
		return err
	}
	if len(breaks) > 0 {
		writeBreaks(breaks)
		return exitCode(reports.ExitMoney)
	}
	if found.Max == 0 {
		return exitCode(reports.ExitThreshold)
	}
	return nil
}

func writeBreaks(breaks []audit.Break) {
	for i, b := range breaks {
		if i == mostBreaks {
			fmt.Printf("  ... and %d more\n", len(breaks)-i)
			return
		}
		fmt.Printf("  %s: %s\n", b.Rule, b.Text)
		for _, led := range b.Led() {
			fmt.Printf("    %s\n", led)
		}
	}
}

// workload loads the workload, with what the flags change in it.
func (f *loadFlags) workload(args []string) (*load.Workload, error) {
	if len(args) == 0 {
		return nil, errors.New("load: which workload? Name a file or a shipped one; `tillproof load --list` lists those")
	}
	w, err := load.LoadWorkload(args[0])
	if err != nil {
		return nil, err
	}
	if f.rate != "" {
		rate, err := load.ParseRate(f.rate)
		if err != nil {
			return nil, fmt.Errorf("--rate: %w", err)
		}
		if f.duration <= 0 {
			return nil, fmt.Errorf("--duration %s: want a length of time", f.duration)
		}
		w.Stages = []load.Stage{{Rate: load.RateRange{From: rate, To: rate}, For: load.Span(f.duration)}}
		w.WarmUp = min(w.WarmUp, load.Span(f.duration/4))
	}
	if f.tills > 0 {
		w.Cards = w.Cards * f.tills / w.Tills
		w.Tills = f.tills
	}
	if f.seed > 0 {
		w.Seed = f.seed
	}
	if f.chaos != "" {
		c, err := load.LoadChaos(f.chaos)
		if err != nil {
			return nil, err
		}
		if err := w.Suffer(c); err != nil {
			return nil, err
		}
	}
	return w, w.Check()
}

// conclude tells what came out, and gives the exit code.
func (f *loadFlags) conclude(result *campaign.Result) error {
	if err := load.WriteText(os.Stdout, result.Summary); err != nil {
		return err
	}
	writeBreaks(result.Breaks)
	fmt.Printf("\nreport: %s\n", filepath.Join(f.out, "report.html"))
	switch {
	case result.Degraded:
		return exitCode(reports.ExitBroken)
	case len(result.Breaks) > 0:
		return exitCode(reports.ExitMoney)
	case result.Interrupted:
		return exitCode(reports.ExitInterrupted)
	case result.Crossed:
		return exitCode(reports.ExitThreshold)
	}
	return nil
}

// mostBreaks is how many places where the money does not balance are told one by one.
const mostBreaks = 20

func listWorkloads() error {
	for _, name := range load.Shipped() {
		w, err := load.LoadWorkload(name)
		if err != nil {
			return err
		}
		fmt.Printf("%-24s %s\n", name, w.About)
	}
	return nil
}

func serveMetrics(address string, m *load.Metrics) (*http.Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--prometheus: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m)
	s := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }() // it ends with Close
	fmt.Fprintf(os.Stderr, "figures at http://%s/metrics\n", l.Addr())
	return s, nil
}

// machineName says what a run was measured on.
func machineName() string {
	return fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
