package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/features"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// selfcheckFlags are the flags of `tillproof selfcheck`.
type selfcheckFlags struct {
	list     bool
	all      bool
	child    bool
	defects  []string
	parallel int
	seed     uint64
	out      string
}

func selfcheckCommand() *cobra.Command {
	var f selfcheckFlags
	c := &cobra.Command{
		Use:   "selfcheck",
		Short: "Prove that the suite can fail",
		Long: "Arm one defect of the simulated acquirer, issuer and terminal after the other, run the suite in memory, and tell\n" +
			"which scenario noticed. A defect is killed when a scenario fails whose requirement names it\n" +
			"(fixtures/requirements); if none does, the whole suite is tried, and a kill there is by accident only. With --all\n" +
			"each defect meets every scenario that asks the rules which it edits, and scenarios that no defect makes fail are told.\n" +
			"The defects are tried in processes of their own: one that hangs or dies costs its own trial only.\n\n" +
			"Exit codes: 0 all defects were killed, 1 one survives, 2 the suite fails without any defect or cannot run.",
		Example: "  tillproof selfcheck\n  tillproof selfcheck --all --out matrix.json\n  tillproof selfcheck --list\n  tillproof selfcheck --defect acquirer-skips-mac --defect issuer-over-limit",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	c.Flags().BoolVar(&f.list, "list", false, "list the defects and why they are plausible, and run nothing")
	c.Flags().BoolVar(&f.all, "all", false, "try every scenario that a defect can touch, not just those of the requirements that name it")
	c.Flags().BoolVar(&f.child, "child", false, "read defects from standard input and write trials: what selfcheck starts itself as")
	_ = c.Flags().MarkHidden("child") // it is there
	c.Flags().StringSliceVar(&f.defects, "defect", nil, "try only these defects")
	c.Flags().IntVar(&f.parallel, "parallel", 0, "defects at once (default: the number of processors)")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of all that is random")
	c.Flags().StringVar(&f.out, "out", "", "write the whole matrix to this file, as JSON")
	return c
}

func (f *selfcheckFlags) run(cmd *cobra.Command) error {
	if f.list {
		for _, d := range rig.Defects() {
			fmt.Printf("%s (%s, %s)\n  %s\n  why: %s\n", d.Name, d.Party, d.Category, d.Text, d.Why)
		}
		return nil
	}
	if f.parallel < 0 {
		return fmt.Errorf("--parallel %d: want a positive number", f.parallel)
	}
	requirements, err := steps.LoadRequirements(fixtures.FS)
	if err != nil {
		return err
	}
	check := steps.Selfcheck{Builtin: features.FS, Requirements: requirements, Defects: rig.Defects(), Only: f.defects, All: f.all,
		Parallel: f.parallel, Seed: sim.Seed(f.seed), Patience: trialPatience / 2, Now: time.Now}
	if f.child {
		return check.Serve(cmd.Context(), os.Stdin, os.Stdout)
	}
	if f.parallel == 0 {
		check.Parallel = runtime.GOMAXPROCS(0)
	}
	children := newBenches(check.Parallel, f.seed)
	defer children.close()
	check.Try = children.try
	matrix, err := check.Run(cmd.Context())
	if err != nil {
		return err
	}
	if err := matrix.WriteText(os.Stdout); err != nil {
		return err
	}
	if f.out != "" {
		text, err := json.MarshalIndent(matrix, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.out, append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	if len(matrix.Survivors()) > 0 {
		return exitCode(reports.ExitFailed)
	}
	return nil
}
