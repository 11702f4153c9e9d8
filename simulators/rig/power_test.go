package rig

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// The power goes at every event and before every action of till and line, in every story, and comes back at once or after a minute in
// which the host ends what it has begun (a sixth of the moments). Afterwards the till sells, and settles if that was the story, and till,
// acquirer and issuer agree about the money. -short goes through a fifth of all.
func TestPowerCutsWithTheHost(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			points += s.cuts(t, r, func(wrong string) bool {
				t.Error(wrong)
				return true
			})
		})
	}
	t.Logf("%d power cuts in %d stories", points, len(stories()))
}

// A till that keeps no reversal in its journal does not survive a story with one; others do not survive the story that they were made for.
func TestPowerCutsCanFail(t *testing.T) {
	if testing.Short() {
		t.Skip("a short run cuts at too few points to notice each defect")
	}
	for _, d := range []struct {
		defect  string
		noticed func(story) bool
	}{
		{"terminal-keeps-no-reversal", func(s story) bool { return s.reverses }},
		{"terminal-uploads-offline-twice", func(s story) bool { return s.name == "offline sale whose upload is not answered" }},
		{"terminal-wallet-forgets-debts", func(s story) bool { return s.name == "payment by a wallet's code" }},
		{"terminal-forgets-settlement", func(s story) bool { return s.name == "unbalanced settlement" }},
		{"terminal-hangs-half-settled", func(s story) bool { return s.name == "settlement whose end is not answered" }},
	} {
		r, err := New(Options{Defects: []string{d.defect}})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stories() {
			if !d.noticed(s) {
				continue
			}
			found := false
			s.cuts(t, r, func(string) bool {
				found = true
				return false
			})
			if !found {
				t.Errorf("%s: %s is not noticed", s.name, d.defect)
			}
		}
	}
}

// requestOf finds the nth request of a flow.
func (w *World) requestOf(flow pay.Flow, nth int) *Crossing {
	for _, c := range w.Wire {
		if c.Flow == flow && c.Nth == nth && !c.Answer {
			return c
		}
	}
	return nil
}

// never is a moment that does not come.
const never = -1

// cuts goes through the moments of a story and tells what is wrong after each, until on is false. It counts the cuts.
func (s story) cuts(t *testing.T, r *Rig, on func(wrong string) bool) (points int) {
	chance := rand.New(rand.NewPCG(1, uint64(len(s.name))))
	for _, later := range []bool{false, true} {
		of := 1 // one moment of so many
		if later {
			of = 6
		}
		if testing.Short() {
			of *= 5
		}
		for k, cut := 0, true; cut; k++ {
			if chance.IntN(of) > 0 {
				continue
			}
			c := cutting{t: t, story: s, rig: r, first: k, second: never, later: later}
			cut, _ = c.run()
			if cut {
				points++
			}
			for j, again := k%4, s.twice && !later; cut && again; j += 4 { // a quarter of them: all would take long
				c.second = j
				if _, again = c.run(); again {
					points += 2
				}
			}
			for _, text := range c.wrong {
				if !on(text) {
					return points
				}
			}
		}
	}
	return points
}

// cutting is one run of a story in which the power goes at the moments first, and second of the start that follows.
type cutting struct {
	t             *testing.T
	story         story
	rig           *Rig
	first, second int
	later         bool // the power stays away for a minute; of a settlement: the next morning begins with a sign-in
	wrong         []string
}

func (c *cutting) where() string {
	return fmt.Sprintf("cut at moment %d, and %d of the start, later %t: ", c.first, c.second, c.later)
}

func (c *cutting) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(c.where(), err)
	}
}

// say notes what is wrong after a cut.
func (c *cutting) say(format string, args ...any) {
	c.wrong = append(c.wrong, c.where()+fmt.Sprintf(format, args...))
}

// run tells whether the power did go at both moments: a run that ends before is one without that cut.
func (c *cutting) run() (first, second bool) {
	w, err := c.rig.World(c.t.Context(), 1, "")
	c.must(err)
	defer w.Close()
	if c.story.dialect != "" {
		c.must(w.Speak(Speech{Dialect: c.story.dialect}))
	}
	till, err := w.Till("T1")
	c.must(err)
	c.must(c.story.before(w, till))
	var off time.Duration
	if c.later || c.story.settles {
		off = time.Minute
	}
	first = c.cutAt(till, c.first, func() error { return c.story.do(w, till) })
	if first {
		c.must(w.Pass(off))
		second = c.cutAt(till, c.second, func() error {
			if err := till.powerOn(); err != nil {
				return err
			}
			return w.Rest()
		})
	} else if c.second == never {
		c.ends(till, cmp.Or(c.story.ends, terminal.Approved))
	}
	c.must(w.Pass(off))
	w.SetLine(LineWorks) // a fault that found nothing to spoil before the power went
	c.must(till.StartAgain())
	c.goOn(w, till)
	c.judge(w)
	return first, second
}

// cutAt does something and takes the power away at its nth moment, counted from 0.
func (c *cutting) cutAt(till *Till, nth int, do func() error) (cut bool) {
	moments := 0
	till.moment = func() {
		if moments == nth {
			cut = true
			till.CutPower()
		}
		moments++
	}
	c.must(do())
	till.moment = nil
	return cut
}

// goOn has the till do its day's work: it signs in and settles where it must, sells, and settles the next batch.
func (c *cutting) goOn(w *World, till *Till) {
	settle := terminal.Event{Kind: terminal.Choose, Flow: pay.Settlement}
	if c.story.signsIn || c.story.settles && c.later {
		c.must(till.SignIn())
	}
	if c.story.settles {
		if s := till.Status(); s.Settling || s.Batch == "000001" {
			if !s.SignedIn {
				c.must(till.SignIn())
			}
			c.must(till.Do(settle))
		}
		c.must(till.SignIn())
	}
	if c.story.updates { // refused, and the software fetched
		c.must(then(sells("Alice", 1_00), sells("Alice", 1_00), login)(w, till))
	}
	c.must(till.Swipe("Alice", pay.CNY(1_00), PINRight))
	c.must(signs(w, till))
	c.ends(till, terminal.Approved)
	if c.story.settles {
		c.must(till.Do(settle))
		c.ends(till, terminal.Settled)
	}
	c.must(w.Pass(2 * time.Minute))
}

func (c *cutting) ends(till *Till, want terminal.EndingKind) {
	if e := till.Endings[len(till.Endings)-1]; e.Kind != want {
		c.say("%s ends %s: %s %s, want %s", e.Flow, e.Kind, e.Screen, e.Answer, want)
	}
}

func (c *cutting) judge(w *World) {
	breaks, err := w.Verify()
	c.must(err)
	for _, b := range breaks {
		c.say("%s: %s", b.Rule, b.Text)
	}
	statements, err := w.Statements()
	c.must(err)
	settled := map[audit.Role]int{}
	for _, s := range statements {
		switch s.Fact {
		case audit.Pending, audit.Unknown, audit.Stored, audit.Advised:
			c.say("%s states %s of trace %s when all is quiet", s.Party, s.Fact, s.Ref.Trace)
		case audit.Settled:
			settled[s.Role]++
		}
	}
	if n := settled[audit.Terminal]; c.story.settles && (n != 2 || settled[audit.Acquirer] != 2) {
		c.say("the till has settled %d batches, the host %d, want 2", n, settled[audit.Acquirer])
	}
	state, err := w.Look()
	c.must(err)
	if here, there := state.Balances["acquirer:interbank"].Balance, state.Balances["issuer:interbank"].Balance; here.Minor+there.Minor != 0 {
		c.say("the acquirer's interbank account has %s, the issuer's %s", here, there)
	}
}
