package rig

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/terminal"
)

// tardy keeps back what is said of its first connection's end until its second one is open, as a busy machine may.
type tardy struct {
	dialer
	opened int
	end    func()
}

func (d *tardy) dial(c caller, clock time.Time) {
	open, closed := c.open, c.closed
	d.opened++
	switch d.opened {
	case 1:
		c.closed = func(err error) { d.end = func() { closed(err) } }
	case 2:
		c.open = func(o conn) {
			open(o)
			if d.end != nil {
				d.end()
			}
		}
	}
	d.dialer.dial(c, clock)
}

// The end of the connection that a till had before it was switched off and on is not the end of the one that it has now.
func TestLateEndOfAnEarlierConnection(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.World(t.Context(), 1, LineSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	till, err := w.Till("T1")
	if err != nil {
		t.Fatal(err)
	}
	line := &tardy{dialer: till.tap.dialer}
	till.tap.dialer = line
	if err := till.SignIn(); err != nil {
		t.Fatal(err)
	}
	if err := till.Rewire(func(*terminal.Config) {}); err != nil {
		t.Fatal(err)
	}
	if err := w.Loop.Run(t.Context(), func() bool { return line.end != nil }); err != nil {
		t.Fatal(err)
	}
	if err := till.SignIn(); err != nil {
		t.Fatal(err)
	}
	if got := till.Screens[len(till.Screens)-1].ID; line.opened != 2 || got != "SIGNED_IN" {
		t.Errorf("after %d connections the till shows %s", line.opened, got)
	}
}
