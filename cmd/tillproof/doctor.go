package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

func doctorCommand() *cobra.Command {
	o, workload, schema := rig.DoctorOptions{}, "", false
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong between a till and its host",
		Long: "Go through a till's first minute with the host of a profile and say plainly what is wrong: the profile, its dialect,\n" +
			"the address and its TLS, an echo, the sign-in, the check values of the keys, the clocks, a MAC. --workload checks a load run's plan too.\n\n" +
			"No money moves on a remote host. The terminal is signed in, though: a device that uses its number must sign in anew.\n\n" +
			"Exit codes: 0 all is well, 1 the host is at fault, 2 the profile or this machine is.",
		Example: "  tillproof doctor\n  tillproof doctor --profile host.yaml --till T2 --wait 30s",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if schema {
				return printSchema(cmd)
			}
			return doctor(cmd, o, workload)
		},
	}
	c.Flags().StringVar(&o.Profile, "profile", rig.DefaultProfile, "profile to examine: a shipped name or a file")
	c.Flags().StringVar(&o.Till, "till", "", "terminal of the profile to use, by its label (default: the first)")
	c.Flags().StringVar(&o.State, "state", "", "file that keeps a remote host's trace numbers (default: they begin at 1)")
	c.Flags().StringVar(&workload, "workload", "", "workload to examine besides: a shipped name or a file")
	c.Flags().BoolVar(&schema, "schema", false, "print what a profile may hold, as a JSON Schema with words on each setting, and examine nothing")
	c.Flags().DurationVar(&o.Wait, "wait", 10*time.Second, "the longest to wait for a connection, and for an answer")
	return c
}

// printSchema is for editors, which complete and judge a profile by it.
func printSchema(cmd *cobra.Command) error {
	text, err := fixtures.FS.ReadFile("profiles/schema.json")
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

func doctor(cmd *cobra.Command, o rig.DoctorOptions, workload string) error {
	if o.Wait <= 0 {
		return fmt.Errorf("--wait %s: want a time such as 10s", o.Wait)
	}
	o.Seed, o.Environment = sim.Seed(freshSeed()), os.LookupEnv
	code := reports.ExitHeld
	tell := func(f rig.Finding) {
		fmt.Fprintf(cmd.OutOrStdout(), "%-8s %-9s %s\n", f.State, f.Check, strings.ReplaceAll(f.Text, "\n", "\n"+strings.Repeat(" ", 19)))
		if f.Advice != "" {
			fmt.Fprintf(cmd.OutOrStdout(), "%19swhat to do: %s\n", "", f.Advice)
		}
		switch {
		case f.State == rig.Ill && f.Blame == rig.BlameProfile:
			code = reports.ExitBroken
		case f.State == rig.Ill && code == reports.ExitHeld:
			code = reports.ExitFailed
		}
	}
	rig.Examine(cmd.Context(), o, tell)
	if workload != "" {
		tell(examineWorkload(workload, o.Profile))
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if code == reports.ExitHeld {
		return nil
	}
	return exitCode(code)
}

// examineWorkload says whether a load run of the workload could begin on this machine.
func examineWorkload(name, profile string) rig.Finding {
	ill := func(err error) rig.Finding {
		return rig.Finding{State: rig.Ill, Check: "workload", Text: err.Error(), Blame: rig.BlameProfile}
	}
	w, err := load.LoadWorkload(name)
	if err != nil {
		return ill(err)
	}
	p, err := rig.LoadProfileIn(os.LookupEnv, profile)
	if err != nil {
		return ill(err)
	}
	r, err := rig.New(rig.Options{Profile: p})
	if err != nil {
		return ill(err)
	}
	defer r.Close()
	if err := w.Preflight(machineLimits(r.Dialect.Timers.Answer)); err != nil {
		return ill(err)
	}
	if _, err := load.NewWatch(w.Plan(time.Second), w.Thresholds...); err != nil {
		return ill(fmt.Errorf("workload %s: %w", w.Name, err))
	}
	return rig.Finding{State: rig.Well, Check: "workload", Text: fmt.Sprintf("%s: %d tills, %d cards, %.0f orders in %s", w.Name, w.Tills, w.Cards, w.DueBy(w.Length()), w.Length())}
}
