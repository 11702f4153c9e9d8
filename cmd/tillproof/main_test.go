package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tillproof/tillproof/reports"
)

// TestMain puts this test binary on the PATH as tillproof.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"tillproof": main}) }

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error { // scripts find shipped captures in $HOUSE
			root, err := filepath.Abs(filepath.Join("..", ".."))
			e.Setenv("HOUSE", root)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "again": again},
	})
}

// exits runs a command that must end with a code: exits 4 tillproof run --tags @none
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	if got := code(ts.Exec(args[1], args[2:]...)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s ended with %d, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// again runs the replay command that the last command printed, with the same ending and the same words about it.
func again(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: again CODE")
	}
	before := ts.ReadFile("stdout")
	replay := regexp.MustCompile(`(?m)^ *replay: (.*)$`).FindStringSubmatch(before)
	if replay == nil {
		ts.Fatalf("no replay command was printed")
	}
	exits(ts, false, append(args, strings.Fields(replay[1])...))
	told := func(text string) string { // from the verdict to the replay command; not when it ran
		_, text, _ = strings.Cut(text, "FAILED")
		text, _, _ = strings.Cut(text, "replay:")
		return text
	}
	if one, two := told(before), told(ts.ReadFile("stdout")); one != two || one == "" {
		ts.Fatalf("the replay tells something else:\n%s\n%s", one, two)
	}
}

// code gives a finished command's exit code.
func code(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// tillproof gives a command in a folder of its own that is killed when the test takes too long.
func tillproof(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, "tillproof", args...)
	c.Dir = t.TempDir()
	return c
}

// Every command helps: what it is for, how it is called, what each flag does, an example.
func TestHelpOfEveryCommand(t *testing.T) {
	help, err := tillproof(t, "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, listed, _ := strings.Cut(string(help), "Available Commands:\n")
	listed, _, _ = strings.Cut(listed, "\n\n")
	commands := 0
	for line := range strings.SplitSeq(listed, "\n") {
		name := strings.Fields(line)[0]
		if name == "completion" || name == "help" {
			continue // cobra's own
		}
		commands++
		text, err := tillproof(t, name, "--help").Output()
		if err != nil {
			t.Errorf("%s --help: %v", name, err)
		}
		for _, want := range []string{"Usage:\n  tillproof " + name, "Examples:\n  tillproof " + name, "Flags:\n"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s --help lacks %q", name, want)
			}
		}
		for flag := range strings.SplitSeq(string(text), "\n") {
			if at := strings.Index(flag, "--"); at >= 0 && strings.TrimSpace(flag[:at]) == "" && len(strings.Fields(flag)) < 3 {
				t.Errorf("%s: nothing is said of %s", name, flag)
			}
		}
	}
	if commands < 7 {
		t.Errorf("%d commands are listed", commands)
	}
}

// A run that is interrupted ends early with 130 and still writes what it has. The first scenario's failure is the sign that it
// runs; the second waits for an answer that does not come, in real time.
func TestInterruptedRun(t *testing.T) {
	c := tillproof(t, "run", "--parallel", "1", "--out", "report", "waits.feature")
	feature := `Feature: Waiting

  Scenario: Ends at once
    Given till "T1" of "Noodle House" has not signed in
    Then "T1" is signed in

  Scenario: Waits
    Given till "T1" of "Noodle House" has not signed in
    And the line is silent
    When the cashier signs in at "T1"
    Then "T1" shows NO_ANSWER
`
	if err := os.WriteFile(filepath.Join(c.Dir, "waits.feature"), []byte(feature), 0o644); err != nil {
		t.Fatal(err)
	}
	progress, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(progress)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "FAILED") {
			if err := c.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	began := time.Now()
	if got := code(c.Wait()); got != reports.ExitInterrupted {
		t.Errorf("exit code %d, want %d", got, reports.ExitInterrupted)
	}
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("it went on for %s", waited)
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, "report", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var run reports.Run
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	if !run.Interrupted || run.Totals().Scenarios() != 2 || run.Totals().Failed < 1 {
		t.Errorf("the report says interrupted %t, %+v", run.Interrupted, run.Totals())
	}
}
