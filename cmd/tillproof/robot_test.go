package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/reports"
)

// underTest runs features at a terminal that is our own in another process, told what to do over HTTP, and gives what the run says.
func underTest(t *testing.T, tags string, robotFlags ...string) (run reports.Run, exit int, out string) {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0") // finds an address for our acquirer
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	edited := func(name string, pairs ...string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "profiles", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name+".yaml", strings.NewReplacer(append(pairs, "127.0.0.1:8583", address)...).Replace(string(text)))
		return name + ".yaml"
	}
	robot := started(t, dir, "robot at ", append([]string{"robot", "--listen", "127.0.0.1:0", "--profile", edited("loopback-remote")}, robotFlags...)...)
	c := tillproof(t, "run", "--profile", edited("loopback-terminal", "http://127.0.0.1:8601/", robot.address), "--tags", tags, "--out", "run")
	c.Dir = dir
	told, err := c.CombinedOutput()
	exit = code(err)
	text, err := os.ReadFile(filepath.Join(dir, "run", "run.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, told)
	}
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	robot.stop(t)
	return run, exit, string(told)
}

// Our own terminal passes as a terminal under test: signs in, sells, reverses what it never saw approved, voids. Who judged what is on record.
func TestTerminalUnderTest(t *testing.T) {
	run, exit, out := underTest(t, "(@SWP-001 or @REV-003 or @VOD-001 or @SIG-001 or @BAL-001) and not @clock")
	if exit != 0 || run.Totals().Passed < 5 {
		t.Errorf("it ended with %d:\n%s", exit, out)
	}
	judges := map[string]int{}
	for _, f := range run.Features {
		for _, s := range f.Scenarios {
			for _, step := range s.Steps {
				judges[step.Judge]++
			}
		}
	}
	if judges["robot"] == 0 || judges["host"] == 0 || judges["tool"] == 0 || judges["nobody"] > 0 {
		t.Errorf("judged: %v", judges)
	}
}

// A terminal with a defect does not pass.
func TestDefectiveTerminalUnderTest(t *testing.T) {
	if _, exit, out := underTest(t, "@REV-001 and not @clock", "--defect", "terminal-never-reverses"); exit != 1 && exit != 5 {
		t.Errorf("it ended with %d:\n%s", exit, out)
	}
}
