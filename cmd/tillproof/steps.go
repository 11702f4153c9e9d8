package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/steps"
)

func stepsCommand() *cobra.Command {
	var lang string
	c := &cobra.Command{
		Use:   "steps [WORD...]",
		Short: "List the sentences that features are made of",
		Long: "List every step that a feature may say, by what it is about: an example, and what it arranges, does or checks.\n" +
			"With words, only the steps that have all of them somewhere.",
		Example: "  tillproof steps\n  tillproof steps reversal\n  tillproof steps --lang zh 签到",
		RunE:    func(_ *cobra.Command, words []string) error { return listSteps(lang, words) },
	}
	c.Flags().StringVar(&lang, "lang", "", "only this language: en or zh (default: both)")
	return c
}

func listSteps(lang string, words []string) error {
	if lang != "" && lang != "en" && lang != "zh" {
		return fmt.Errorf("--lang %q: want en or zh", lang)
	}
	found := false
	for _, noun := range steps.Nouns() {
		heading := strings.ToUpper(noun.Name) + "\n\n"
		for _, s := range noun.Steps {
			if !s.Has(words...) {
				continue
			}
			found = true
			fmt.Print(heading)
			heading = ""
			if lang != "zh" {
				fmt.Println("  " + s.Example)
			}
			if lang != "en" {
				fmt.Println("  " + s.ExampleZh)
			}
			fmt.Printf("      %s\n\n", s.Explained())
		}
	}
	if !found {
		fmt.Fprintln(os.Stderr, "tillproof: "+errNoStep.Error())
		return exitCode(reports.ExitNothing)
	}
	return nil
}

var errNoStep = errors.New("no step has these words: try a part of a word, or none")
