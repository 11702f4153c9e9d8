package rig

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// story is something during which the power goes, with the real host at the other end of the line.
type story struct {
	name   string
	before func(*World, *Till) error
	do     func(*World, *Till) error
	signIn bool // the till has to sign in before it sells again
	money  bool // the host may have approved what the till does not know of
	twice  bool // the power goes twice
}

func stories() []story {
	signedIn := func(_ *World, t *Till) error { return t.SignIn() }
	sale := func(_ *World, t *Till) error { return t.Swipe("Alice", pay.CNY(12_34), PINRight) }
	spoilt := func(d fault.Direction, k fault.Kind) func(*World, *Till) error {
		return func(w *World, t *Till) error {
			if err := t.SignIn(); err != nil {
				return err
			}
			return w.Faults().Arm(fault.Rule{Direction: d, Flow: pay.Sale, Nth: 1, Do: fault.Fault{Kind: k}})
		}
	}
	acting := func(flow pay.Flow, minor int64, k fault.Kind) (before, do func(*World, *Till) error) {
		before = func(w *World, t *Till) error {
			if err := t.SignIn(); err != nil {
				return err
			}
			if err := sale(w, t); err != nil || k == "" {
				return err
			}
			return w.Faults().Arm(fault.Rule{Direction: fault.Answer, Flow: flow, Nth: 1, Do: fault.Fault{Kind: k}})
		}
		return before, func(w *World, t *Till) error {
			return t.Order(Order{Flow: flow, Who: "Alice", Amount: pay.CNY(minor), PIN: PINRight, Supervisor: true, Original: w.requestOf(pay.Sale, 1)})
		}
	}
	act := func(name string, flow pay.Flow, minor int64, k fault.Kind) story {
		before, do := acting(flow, minor, k)
		return story{name: name, before: before, do: do, money: k != "" || flow != pay.Sale}
	}
	return []story{
		act("void", pay.Void, 0, ""), act("void whose answer is lost", pay.Void, 0, fault.Lose),
		act("refund", pay.Refund, 4_00, ""), act("refund whose answer is lost", pay.Refund, 4_00, fault.Lose),
		{name: "sign-in", before: func(*World, *Till) error { return nil }, do: signedIn, signIn: true},
		{name: "sale with PIN", before: signedIn, do: sale, money: true, twice: true},
		{name: "declined sale", before: signedIn, do: func(_ *World, t *Till) error { return t.Swipe("Dave", pay.CNY(12_34), PINRight) }},
		{name: "sale that never arrives", before: spoilt(fault.Request, fault.Lose), do: sale},
		{name: "sale whose answer is lost", before: spoilt(fault.Answer, fault.Lose), do: sale, money: true, twice: true},
		{name: "sale whose answer comes twice", before: spoilt(fault.Answer, fault.Duplicate), do: sale, money: true},
		{name: "sale whose answer is cut off", before: spoilt(fault.Answer, fault.Cut), do: sale, money: true},
	}
}

// The power goes at every event and before every action of till and line, and comes back at once or after a minute in which
// the host ends what it has begun; in some stories it goes once more in the start that follows. Afterwards the till sells, and
// till, acquirer and issuer agree about the money.
func TestPowerCutsWithTheHost(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			n, wrong := s.cuts(t, r)
			for _, text := range wrong {
				t.Error(text)
			}
			points += n
		})
	}
	t.Logf("%d power cuts", points)
}

// A till that keeps no reversal in its journal does not survive this.
func TestPowerCutsCanFail(t *testing.T) {
	r, err := New(Options{Defects: []string{"terminal-keeps-no-reversal"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stories() {
		if _, wrong := s.cuts(t, r); (len(wrong) > 0) != s.money {
			t.Errorf("%s: found %q", s.name, wrong)
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

// cuts goes through all moments of a story.
func (s story) cuts(t *testing.T, r *Rig) (points int, wrong []string) {
	for _, off := range []time.Duration{0, time.Minute} {
		for k, cut := 0, true; cut; k++ {
			c := cutting{t: t, story: s, rig: r, first: k, second: never, off: off}
			if cut, _ = c.run(); cut {
				points++
			}
			wrong = append(wrong, c.wrong...)
			for j, again := k%4, s.twice && off == 0; cut && again; j += 4 { // a quarter of them: all would take long
				c := cutting{t: t, story: s, rig: r, first: k, second: j, off: off}
				if _, again = c.run(); again {
					points += 2
				}
				wrong = append(wrong, c.wrong...)
			}
		}
	}
	return points, wrong
}

// cutting is one run of a story in which the power goes at the moments first, and second of the start that follows.
type cutting struct {
	t             *testing.T
	story         story
	rig           *Rig
	first, second int
	off           time.Duration
	wrong         []string
}

func (c *cutting) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("cut at moment %d, and %d of the start, %s off: %v", c.first, c.second, c.off, err)
	}
}

// run tells whether the power did go at both moments: a run that ends before is one without that cut.
func (c *cutting) run() (first, second bool) {
	w, err := c.rig.World(c.t.Context(), 1, "")
	c.must(err)
	defer w.Close()
	till, err := w.Till("T1")
	c.must(err)
	c.must(c.story.before(w, till))
	first = c.cutAt(till, c.first, func() error { return c.story.do(w, till) })
	if first {
		c.must(w.Pass(c.off))
		second = c.cutAt(till, c.second, func() error {
			if err := till.powerOn(); err != nil {
				return err
			}
			return w.Rest()
		})
	}
	c.must(w.Pass(c.off))
	c.judge(w, till)
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

// say notes what is wrong after a cut.
func (c *cutting) say(format string, args ...any) {
	where := fmt.Sprintf("cut at moment %d, and %d of the start, %s off: ", c.first, c.second, c.off)
	c.wrong = append(c.wrong, where+fmt.Sprintf(format, args...))
}

func (c *cutting) judge(w *World, till *Till) {
	w.SetLine(LineWorks) // a fault that found nothing to spoil before the power went
	c.must(till.StartAgain())
	if c.story.signIn {
		c.must(till.SignIn())
	}
	c.must(till.Swipe("Alice", pay.CNY(1_00), PINRight))
	if e := till.Endings[len(till.Endings)-1]; e.Kind != terminal.Approved {
		c.say("the next sale is %s: %s %s", e.Kind, e.Screen, e.Answer)
	}
	c.must(w.Pass(2 * time.Minute))
	breaks, err := w.Verify()
	c.must(err)
	for _, b := range breaks {
		c.say("%s: %s", b.Rule, b.Text)
	}
	statements, err := w.Statements()
	c.must(err)
	for _, s := range statements {
		if s.Fact == audit.Pending || s.Fact == audit.Unknown {
			c.say("%s states %s of trace %s when all is quiet", s.Party, s.Fact, s.Ref.Trace)
		}
	}
	alice, err := w.CardBalance("Alice")
	c.must(err)
	shop, err := w.MerchantBalance("Noodle House")
	c.must(err)
	if sum := alice.Minor + shop.Minor; sum != 1000_00 {
		c.say("Alice has %s and the merchant %s of 1000.00", alice, shop)
	}
}
