package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/reports"
)

// unhurried has each sale taken back a second later.
const unhurried = `name: unhurried
tills: 10
lag: 30s
mix: [{weight: 1, legs: [{flow: sale, amount: 12.00 CNY}, {flow: void, after: 1s}]}]
stages: [{rate: 100/s, for: 40s}]
`

// loading starts a run in which orders have been approved already. What it tells goes to the lines until the acquirer that it started,
// which has the same standard error, is gone too.
func loading(t *testing.T, signal os.Signal) (exit int, told, dir string) {
	t.Helper()
	c := tillproof(t, "load", "unhurried.yaml", "--out", "run", "--prometheus", "127.0.0.1:0")
	if err := os.WriteFile(filepath.Join(c.Dir, "unhurried.yaml"), []byte(unhurried), 0o644); err != nil {
		t.Fatal(err)
	}
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if at, ok := strings.CutPrefix(lines.Text(), "figures at "); ok {
			awaitFigure(t, at, regexp.MustCompile(`(?m)^tillproof_load_orders_total\{flow="sale",entry="stripe",end="approved"\} [1-9]`))
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	return code(c.Wait()), text.String(), filepath.Join(c.Dir, "run")
}

// awaitFigure looks at a run's figures until they say something.
func awaitFigure(t *testing.T, url string, want *regexp.Regexp) {
	t.Helper()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-t.Context().Done():
			return
		case <-look.C:
		}
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if want.Match(text) {
			return
		}
	}
}

// Ctrl-C ends the schedule. What is under way comes to its end, and is in the report.
func TestInterruptedLoad(t *testing.T) {
	exit, told, dir := loading(t, syscall.SIGINT)
	if exit != reports.ExitInterrupted {
		t.Errorf("exit code %d, want %d:\n%s", exit, reports.ExitInterrupted, told)
	}
	if !regexp.MustCompile(`(?m)^interrupted: waiting for [1-9][0-9]* orders under way, Ctrl-C again ends at once$`).MatchString(told) {
		t.Errorf("it did not say what it waits for:\n%s", told)
	}
	s, err := load.ReadSummary(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Aborted != "interrupted" || s.Took >= s.Length || s.Kinds[0].Due < 10 || s.Kinds[1].Due != s.Kinds[0].Due || s.Total.Approved != s.Total.Due {
		t.Errorf("aborted %q, took %s of %s, sales %d, voids %d, approved %d of %d", s.Aborted, s.Took, s.Length, s.Kinds[0].Due, s.Kinds[1].Due, s.Total.Approved, s.Total.Due)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
}

// A run that is killed leaves no acquirer behind: standard error comes to its end.
func TestKilledLoadLeavesNoAcquirer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child with its parent")
	}
	if exit, _, _ := loading(t, syscall.SIGKILL); exit != -1 {
		t.Errorf("exit code %d of a killed run", exit)
	}
}
