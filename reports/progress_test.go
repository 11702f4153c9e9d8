package reports

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that stands still until it is moved.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time       { return c.now }
func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }
func passing(name string) *Scenario   { return &Scenario{ID: "x-1", Name: name, Status: Passed} }
func failing(name string) *Scenario   { return &Scenario{ID: "x-2", Name: name, Status: Failed} }

func TestProgressPlain(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := &Progress{Out: &out, Total: 4, Now: c.Now}
	p.ScenarioStarted("one")
	p.ScenarioDone(passing("one"))
	c.pass(3 * time.Second)
	p.ScenarioDone(failing("two\x1b[2J"))
	c.pass(8 * time.Second)
	p.ScenarioDone(passing("three"))
	p.ScenarioDone(passing("four"))
	p.Finish()
	want := "FAILED  two\uFFFD[2J  (x-2)\n" +
		"3/4: 2 passed, 1 failed, 11s\n" +
		"4/4: 3 passed, 1 failed, 11s\n"
	if out.String() != want {
		t.Errorf("got\n%s want\n%s", out.String(), want)
	}
}

func TestProgressTerminal(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := &Progress{Out: &out, Total: 3, Now: c.Now, Terminal: true, Width: 40}
	p.ScenarioStarted("first")
	p.ScenarioDone(passing("not drawn, too soon"))
	c.pass(1500 * time.Millisecond)
	p.ScenarioDone(failing("second"))
	c.pass(time.Second)
	p.ScenarioStarted("终端签到后才能消费，签退后不能")
	p.Finish()
	const erase = "\r\x1b[K"
	want := erase + "0/3: 0 passed, 0s  first" +
		erase + "FAILED  second  (x-2)\n" +
		erase + "2/3: 1 passed, 1 failed, 1.5s  second" +
		erase + "2/3: 1 passed, 1 failed, 2.5s  终端签…" +
		erase
	if out.String() != want {
		t.Errorf("got\n%q want\n%q", out.String(), want)
	}
}

func TestProgressColour(t *testing.T) {
	var out bytes.Buffer
	p := &Progress{Out: &out, Total: 1, Now: time.Now, Colour: true}
	p.ScenarioDone(failing("one"))
	if want := "\x1b[31mFAILED\x1b[0m  one  (x-2)\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestProgressTogether: many goroutines, and every line whole.
func TestProgressTogether(t *testing.T) {
	var out bytes.Buffer
	p := &Progress{Out: &out, Total: 100, Now: time.Now}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			p.ScenarioStarted("s")
			p.ScenarioDone(&Scenario{ID: "id", Name: fmt.Sprint("scenario ", i%2), Status: Status(i % 2)})
		})
	}
	wg.Wait()
	p.Finish()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 101 || !strings.HasPrefix(lines[100], "100/100: 0 passed, 50 failed, 50 broken, ") {
		t.Fatalf("%d lines, the last: %s", len(lines), lines[len(lines)-1])
	}
	for _, line := range lines[:100] {
		if line != "BROKEN  scenario 0  (id)" && line != "FAILED  scenario 1  (id)" {
			t.Errorf("torn line %q", line)
		}
	}
}
