package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
)

// reportFlags are the flags of `tillproof report`.
type reportFlags struct {
	seed    uint64
	find    string
	formats []string
	pack    packFlags
}

func reportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report RUN [RUN]...",
		Short: "Tell a run again, compare two, find a payment in one, or make an evidence pack of it",
		Long: "Tell what a run found, or what a load run measured, from the directory that it wrote. --format writes it once more in any format.\n" +
			"Of two runs, A and B, tell what differs: verdicts, fields of messages, latencies; of two load runs how each figure changed, and within\n" +
			"which bounds 95 % sure, so that noise is not taken for a change.\n\n" +
			"--find tells the whole record of one payment: screens, card, messages, decisions, postings, receipts. It takes a retrieval\n" +
			"reference number, a trace number, the number of a receipt, or a masked card number with a date; more words narrow it down.\n\n" +
			"--pack makes an evidence pack for somebody who was not there: a zip with a folder for each case, signed; --verify checks one.\n\n" +
			"Exit codes: 0 told, 1 a pack is not as it was signed, 2 a directory holds no run, 4 no such payment.",
		Example: "  tillproof report runs/before\n  tillproof report runs/before runs/after\n  tillproof report runs/before --format html:before.html\n" +
			"  tillproof report --find 260601000002 runs/before\n  tillproof report --find '620012******0432 2026-06-01' runs/before\n  tillproof report --pack evidence.zip --cases lab.csv --waivers waivers.yaml runs/first runs/again\n" +
			"  tillproof report --verify evidence.zip",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the draws that find the bounds")
	c.Flags().StringVar(&f.find, "find", "", "words that tell a payment: its RRN, STAN or receipt's number, a masked card number, a date, a scenario")
	c.Flags().StringArrayVar(&f.formats, "format", nil, "write name[:file]: "+formatNames()+"; without a file to standard output")
	f.pack.register(c)
	return c
}

func (f *reportFlags) run(cmd *cobra.Command, dirs []string) error {
	outputs, err := outputsOf(f.formats)
	switch {
	case err != nil:
		return err
	case f.pack.verify && len(dirs) == 1:
		return f.pack.check(cmd, dirs[0])
	case f.pack.pack != "" && !f.pack.verify:
		return f.pack.write(cmd, dirs)
	case f.pack.verify || len(dirs) > 2:
		return errors.New("want one pack to verify, and one run or two to tell; only --pack takes more")
	}
	if len(dirs) == 2 && (f.find != "" || len(outputs) > 0) {
		return errors.New("--find and --format take one run")
	}
	if !reports.Holds(dirs[0]) {
		if f.find != "" || len(outputs) > 0 {
			return fmt.Errorf("run %s: no run.json: --find and --format want a directory that `tillproof run` wrote", dirs[0])
		}
		return f.loadRun(cmd, dirs)
	}
	var runs []*reports.Run
	for _, dir := range dirs {
		r, err := reports.ReadDir(dir)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	switch {
	case len(runs) == 2:
		return reports.Compare(runs[0], runs[1]).Write(cmd.OutOrStdout(), dirs[0], dirs[1])
	case f.find != "":
		found := reports.Find(runs[0], strings.Fields(f.find))
		if len(found) == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "tillproof: run %s: no payment of which %q is told\n", dirs[0], f.find)
			return exitCode(reports.ExitNothing)
		}
		return reports.WritePayments(cmd.OutOrStdout(), found)
	}
	for _, o := range outputs {
		if err := writeTo(o, runs[0]); err != nil {
			return err
		}
	}
	if len(outputs) > 0 {
		return nil
	}
	if err := (reports.Text{Colour: colourful(cmd.OutOrStdout())}).Write(cmd.OutOrStdout(), runs[0]); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\nreport: %s\n", filepath.Join(dirs[0], "report.html"))
	return nil
}

// loadRun tells or compares load runs.
func (f *reportFlags) loadRun(cmd *cobra.Command, dirs []string) error {
	if len(dirs) == 2 {
		c, err := load.CompareRuns(dirs[0], dirs[1], sim.Seed(f.seed))
		if err != nil {
			return err
		}
		return c.Write(cmd.OutOrStdout())
	}
	s, err := load.ReadSummary(dirs[0])
	if err != nil {
		return err
	}
	if err := load.WriteText(cmd.OutOrStdout(), s); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\nreport: %s\n", filepath.Join(dirs[0], "report.html"))
	return nil
}
