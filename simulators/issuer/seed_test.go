package issuer_test

import (
	"flag"
	"os"
	"testing"
)

// A commit is judged by what it changes: CI draws the same days each time. Everywhere else they differ from run to run.
func TestMain(m *testing.M) {
	if os.Getenv("CI") != "" {
		if err := flag.Set("rapid.seed", "1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
