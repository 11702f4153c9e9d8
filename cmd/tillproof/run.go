package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// runFlags are the flags of `tillproof run`.
type runFlags struct {
	profile  string
	line     string
	control  string
	tags     string
	lang     string
	out      string
	state    string
	grease   string
	formats  []string
	defects  []string
	parallel int
	judge    string
	seed     uint64
	dryRun   bool
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [FEATURE[:LINE]...]",
		Short: "Run features against the system under test",
		Long: "Run features against the system under test: the shipped ones, or those at the given paths (folders, files,\n" +
			"files with lines). Without a profile that is the embedded reference acquirer.\n\n" +
			"Exit codes: 0 all held, 1 the system under test failed, 2 the harness or its configuration is broken,\n" +
			"4 nothing ran, 5 the money does not balance, 130 interrupted (the report is still written).",
		Example: "  tillproof run\n  tillproof run --line memory --tags '@SIG-001 or @REV-001'\n  tillproof run features/swipe/sale.feature:12 --seed 42",
		RunE:    func(cmd *cobra.Command, paths []string) error { return f.run(cmd, paths) },
	}
	c.Flags().StringVar(&f.profile, "profile", rig.DefaultProfile, "profile of the system under test: a shipped name or a file")
	c.Flags().StringVar(&f.line, "line", rig.LineSocket, "line between tills and host: memory or socket")
	c.Flags().StringVar(&f.control, "control", "", "control door (host:port) of a `tillproof serve` to take worlds from")
	c.Flags().StringVar(&f.tags, "tags", "", "Cucumber tag expression, such as '@REV-001 and not @clock'")
	c.Flags().StringVar(&f.lang, "lang", "en", "language of screens and receipts in the traces: en or zh")
	c.Flags().StringVar(&f.out, "out", "", "directory of the run's report (default runs/<time>)")
	c.Flags().StringVar(&f.state, "state", "", "file that keeps a remote host's trace numbers and batches from run to run (default runs/<profile>.state.json)")
	c.Flags().StringVar(&f.judge, "judge", "", "name of the person at a terminal under test, for the report and the evidence pack")
	c.Flags().StringVar(&f.grease, "grease", "on", "on: a host of ours is awkward now and then, within the rules; off: never")
	c.Flags().StringArrayVar(&f.formats, "format", nil, "write name[:file] as well: "+formatNames()+"; without a file to standard output")
	c.Flags().StringArrayVar(&f.defects, "defect", nil, "arm a defect in every party that has it (see `tillproof selfcheck --list`)")
	c.Flags().IntVar(&f.parallel, "parallel", 0, "scenarios at once (default: the number of processors; at a remote host no more than its profile's pool has terminals for)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "seed of all that is random (default: a fresh one, printed)")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "name what would run and check every step, without a system under test")
	return c
}

// output is a format to write and where.
type output struct {
	format reports.Format
	file   string // "" is standard output
}

func (f *runFlags) run(cmd *cobra.Command, paths []string) error {
	outputs, err := outputsOf(f.formats)
	if err != nil {
		return err
	}
	if f.line != rig.LineMemory && f.line != rig.LineSocket {
		return fmt.Errorf("--line %q: want memory or socket", f.line)
	}
	if f.grease != "on" && f.grease != "off" {
		return fmt.Errorf("--grease %q: want on or off", f.grease)
	}
	if f.parallel < 0 {
		return fmt.Errorf("--parallel %d: want a positive number", f.parallel)
	}
	profile, err := rig.LoadProfileIn(os.LookupEnv, f.profile)
	if err != nil {
		return err
	}
	if f.state == "" {
		f.state = filepath.Join("runs", profile.Name+".state.json")
	}
	profile, outside, leave, err := f.seat(cmd, profile)
	if err != nil {
		return err
	}
	defer leave()
	o := rig.Options{Profile: profile, Line: f.line, Control: f.control, Defects: f.defects, Lang: f.lang, State: f.state, Outside: outside}
	if f.grease == "on" {
		o.Grease = rig.Grease
	}
	r, err := rig.New(o)
	if err != nil {
		return err
	}
	defer r.Close()
	requirements, err := suiteRequirements()
	if err != nil {
		return err
	}
	if !cmd.Flags().Changed("seed") {
		f.seed = freshSeed()
	}
	debug.SetGCPercent(400) // worlds are small and short: a fifth of a run's work was the collector's
	progress := newProgress()
	run, err := steps.Run(cmd.Context(), steps.Config{Rig: r, Builtin: features.FS, Paths: paths, Tags: f.tags, Parallel: f.parallel,
		Seed: sim.Seed(f.seed), DryRun: f.dryRun, Replay: f.replay(), Requirements: requirements, Now: time.Now,
		Selected: func(n int) { progress.Total = n }, Started: progress.ScenarioStarted, Done: progress.ScenarioDone})
	if progress.Total > 0 {
		progress.Finish()
	}
	if errors.Is(err, steps.ErrNoScenario) {
		fmt.Fprintln(os.Stderr, "tillproof:", err)
		return exitCode(reports.ExitNothing)
	}
	if err != nil {
		return err
	}
	run.Version = version()
	return f.report(run, outputs)
}

// report writes the run directory and the formats asked for, and gives the run's exit code.
func (f *runFlags) report(run *reports.Run, outputs []output) error {
	if f.dryRun {
		f.out = ""
	} else if err := reports.WriteDir(f.out, run); err != nil {
		return err
	}
	stdout := false
	for _, o := range outputs {
		stdout = stdout || o.file == ""
		if err := writeTo(o, run); err != nil {
			return err
		}
	}
	if !stdout {
		if err := (reports.Text{Colour: colourful(os.Stdout)}).Write(os.Stdout, run); err != nil {
			return err
		}
		if f.out != "" {
			fmt.Printf("\nreport: %s\n", f.out)
		}
	}
	if code := run.ExitCode(); code != reports.ExitHeld {
		return exitCode(code)
	}
	return nil
}

func writeTo(o output, run *reports.Run) error {
	if o.file == "" {
		return o.format.Write(os.Stdout, run)
	}
	file, err := os.Create(o.file)
	if err != nil {
		return fmt.Errorf("--format %s: %w", o.format.Name, err)
	}
	return errors.Join(o.format.Write(file, run), file.Close())
}

func outputsOf(formats []string) ([]output, error) {
	var out []output
	for _, text := range formats {
		name, file, _ := strings.Cut(text, ":")
		format, err := reports.FormatNamed(name)
		if err != nil {
			return nil, fmt.Errorf("--%w", err)
		}
		out = append(out, output{format, file})
	}
	return out, nil
}

// formatNames lists the formats for people.
func formatNames() string {
	var names []string
	for _, f := range reports.Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// replay begins the command that runs one scenario again as it ran.
func (f *runFlags) replay() string {
	command := "tillproof run --line " + f.line
	if f.profile != rig.DefaultProfile {
		command += " --profile " + f.profile
	}
	if f.control != "" {
		command += " --control " + f.control
	}
	for _, d := range f.defects {
		command += " --defect " + d
	}
	if f.grease == "off" {
		command += " --grease off"
	}
	return command
}

func suiteRequirements() ([]reports.Requirement, error) {
	list, err := steps.LoadRequirements(fixtures.FS)
	if err != nil {
		return nil, err
	}
	return steps.Reported(list, features.FS)
}

// freshSeed draws a seed small enough to be typed again.
func freshSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return binary.BigEndian.Uint64(b[:]) % 1_000_000_000
}

func newProgress() *reports.Progress {
	width := 80
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil {
		width = w
	}
	return &reports.Progress{Out: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd())), Colour: colourful(os.Stderr), Width: width, Now: time.Now}
}

// colourful tells whether a file takes colours: a terminal, unless NO_COLOR is set.
func colourful(f io.Writer) bool {
	file, ok := f.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd()))
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
