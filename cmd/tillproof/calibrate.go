package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/load"
)

func calibrateCommand() *cobra.Command {
	var each time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "calibrate",
		Short: "Measure what this machine can do at best",
		Long: "Measure the limits that a load run on this machine stays below: frames a second over loopback TCP at 1, 8 and 64 frames a write,\n" +
			"how late a wait ends, and what MACs and PIN blocks cost.",
		Example: "  tillproof calibrate\n  tillproof calibrate --each 2s --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if each < 10*time.Millisecond {
				return fmt.Errorf("--each %s: want at least 10ms", each)
			}
			m, err := load.Calibrate(cmd.Context(), each, []int{1, 8})
			if err == nil {
				err = cmd.Context().Err() // half a measurement is none
			}
			switch {
			case err != nil:
				return err
			case asJSON:
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", " ")
				return e.Encode(m)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), m)
			return err
		},
	}
	c.Flags().DurationVar(&each, "each", 500*time.Millisecond, "how long each figure is measured")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
