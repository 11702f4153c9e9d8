package reports

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress tells a person how far a run is. On a terminal it keeps one line up to date; elsewhere, as in a CI log, it
// writes a line for each scenario that went wrong and now and then one with the counts. Its methods may be called from
// any goroutine. It ignores errors of Out: nobody stops a run because a terminal went away.
type Progress struct {
	Out      io.Writer
	Terminal bool // Out is a terminal: rewrite one line
	Colour   bool
	Width    int              // of the terminal in columns; 0 means 80
	Total    int              // scenarios to come
	Now      func() time.Time // the clock for what has elapsed

	mu      sync.Mutex
	started time.Time
	drawn   time.Time
	totals  Totals
}

// How often the counts are written, at most.
const (
	terminalEvery = 100 * time.Millisecond
	plainEvery    = 10 * time.Second
)

// ScenarioStarted notes that a scenario begins.
func (p *Progress) ScenarioStarted(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw(name, false)
}

// ScenarioDone counts a finished scenario.
func (p *Progress) ScenarioDone(s *Scenario) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.totals.add(s)
	if s.wrong() {
		p.erase()
		fmt.Fprintf(p.Out, "%s  %s  (%s)\n", paint(p.Colour, s.Status, strings.ToUpper(s.Status.String())), oneLine(s.Name), s.ID)
	}
	p.draw(s.Name, s.wrong() && p.Terminal)
}

// Finish writes the last counts, or takes the line off the terminal, where the summary follows.
func (p *Progress) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Terminal {
		p.erase()
		return
	}
	p.draw("", true)
}

func (p *Progress) erase() {
	if p.Terminal {
		fmt.Fprint(p.Out, "\r\x1b[K")
	}
}

// draw writes the counts, if they were not written just now.
func (p *Progress) draw(current string, always bool) {
	now := p.Now()
	every := plainEvery
	if p.Terminal {
		every = terminalEvery
	}
	if p.started.IsZero() {
		p.started = now
		if !p.Terminal {
			p.drawn = now
		}
	}
	if !always && now.Sub(p.drawn) < every {
		return
	}
	p.drawn = now
	line := fmt.Sprintf("%d/%d: %s", p.totals.Scenarios(), p.Total, counts(p.totals, false))
	line += ", " + now.Sub(p.started).Round(100*time.Millisecond).String()
	if !p.Terminal {
		fmt.Fprintln(p.Out, line)
		return
	}
	if current != "" {
		line += "  " + oneLine(current)
	}
	width := p.Width
	if width <= 0 {
		width = 80
	}
	p.erase()
	fmt.Fprint(p.Out, cut(line, width-1))
}
