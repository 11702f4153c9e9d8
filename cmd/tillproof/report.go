package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/sim"
)

func reportCommand() *cobra.Command {
	var seed uint64
	c := &cobra.Command{
		Use:   "report RUN [RUN]",
		Short: "Tell a load run again, or compare two",
		Long: "Tell what a load run measured, from the directory that it wrote; or compare two runs, A and B: how each figure changed, and\n" +
			"within which bounds 95 % sure, so that noise is not taken for a change.\n\n" +
			"Exit codes: 0 told, 2 a directory holds no load run.",
		Example: "  tillproof report runs/before\n  tillproof report runs/before runs/after",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return tellRun(cmd, args[0])
			}
			c, err := load.CompareRuns(args[0], args[1], sim.Seed(seed))
			if err != nil {
				return err
			}
			return c.Write(cmd.OutOrStdout())
		},
	}
	c.Flags().Uint64Var(&seed, "seed", 1, "seed of the draws that find the bounds")
	return c
}

func tellRun(cmd *cobra.Command, dir string) error {
	s, err := load.ReadSummary(dir)
	if err != nil {
		return err
	}
	if err := load.WriteText(cmd.OutOrStdout(), s); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\nreport: %s\n", filepath.Join(dir, "report.html"))
	return nil
}
