package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/steps"
)

func demoCommand() *cobra.Command {
	var lang string
	var seed uint64
	c := &cobra.Command{
		Use:   "demo",
		Short: "Tell one purchase, step by step",
		Long: "Play a sign-in, a swiped purchase with PIN, and a purchase whose answer is lost, in memory, and tell them:\n" +
			"screens, messages field by field, what the hosts checked and why they decided so, the books before and after.",
		Example: "  tillproof demo\n  tillproof demo --lang zh --seed 7",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lang != "en" && lang != "zh" {
				return fmt.Errorf("--lang %q: want en or zh", lang)
			}
			story, err := steps.Demo(cmd.Context(), lang, sim.Seed(seed))
			if err != nil {
				return err
			}
			return story.Write(os.Stdout)
		},
	}
	c.Flags().StringVar(&lang, "lang", "en", "language of the story: en or zh")
	c.Flags().Uint64Var(&seed, "seed", 1, "seed of all that is random")
	return c
}
