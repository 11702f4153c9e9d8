package rig

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// settlementStories are settlements during which the power goes. Before each the till has sold on Alice's card for 3.00 three times.
func settlementStories() []story {
	settle := func(_ *World, t *Till) error {
		return t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.Settlement})
	}
	sold := func(w *World, t *Till) error {
		if err := t.SignIn(); err != nil {
			return err
		}
		for range 3 {
			if err := t.Swipe("Alice", pay.CNY(3_00), PINRight); err != nil {
				return err
			}
		}
		return nil
	}
	// unbalanced adds a sale that only the host knows of.
	unbalanced := func(w *World, t *Till) error {
		if err := sold(w, t); err != nil {
			return err
		}
		lose := fault.Fault{Kind: fault.Lose}
		for _, r := range []fault.Rule{{Direction: fault.Answer, Flow: pay.Sale, Do: lose}, {Direction: fault.Request, Flow: pay.Reversal, Do: lose}} {
			if err := w.Faults().Arm(r); err != nil {
				return err
			}
		}
		err := t.Swipe("Alice", pay.CNY(5_00), PINRight)
		w.SetLine(LineWorks)
		return err
	}
	spoilt := func(before func(*World, *Till) error, flow pay.Flow, d fault.Direction, nths ...int) func(*World, *Till) error {
		return func(w *World, t *Till) error {
			if err := before(w, t); err != nil {
				return err
			}
			for _, nth := range nths {
				if err := w.Faults().Arm(fault.Rule{Direction: d, Flow: flow, Nth: nth, Do: fault.Fault{Kind: fault.HangUp}}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return []story{
		{name: "balanced", before: sold, do: settle},
		{name: "unbalanced", before: unbalanced, do: settle},
		{name: "the answer to the totals is lost", before: spoilt(sold, pay.Settlement, fault.Answer, 1), do: settle},
		{name: "the upload breaks three times", before: spoilt(unbalanced, pay.BatchUpload, fault.Answer, 1, 2, 3), do: settle},
		{name: "the answer to the end is lost", before: spoilt(unbalanced, pay.UploadEnd, fault.Answer, 1, 2, 3), do: settle},
		{name: "the sign-out is lost", before: spoilt(sold, pay.SignOut, fault.Request, 1), do: settle},
	}
}

// The power goes at every event and before every action of a settlement. Afterwards the till settles, or has settled, once; it signs
// in by itself or when it is told to, sells in the next batch and settles that one too; and both parties' books of both batches
// agree. Half the runs sign in before they go on, as at the beginning of a day: the host may then have begun the next batch.
func TestPowerCutsInSettlements(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, s := range settlementStories() {
		t.Run(s.name, func(t *testing.T) {
			n, wrong := s.settlementCuts(t, r)
			for _, text := range wrong {
				t.Error(text)
			}
			points += n
		})
	}
	t.Logf("%d power cuts in settlements", points)
}

// A till that does not know after a restart that a settlement is half done does not survive this, nor one that waits for an end
// that no host gives it any more.
func TestPowerCutsInSettlementsCanFail(t *testing.T) {
	for defect, in := range map[string]string{"terminal-forgets-settlement": "unbalanced", "terminal-hangs-half-settled": "the answer to the end is lost"} {
		r, err := New(Options{Defects: []string{defect}})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range settlementStories() {
			if s.name != in {
				continue
			}
			if _, wrong := s.settlementCuts(t, r); len(wrong) == 0 {
				t.Errorf("%s is not noticed", defect)
			}
		}
	}
}

func (s story) settlementCuts(t *testing.T, r *Rig) (points int, wrong []string) {
	for _, morning := range []bool{false, true} {
		for k, cut := 0, true; cut; k++ {
			c := cutting{t: t, story: s, rig: r, first: k, second: never}
			if cut = c.settle(morning); cut {
				points++
			}
			wrong = append(wrong, c.wrong...)
		}
	}
	return points, wrong
}

func (c *cutting) settle(morning bool) (cut bool) {
	w, err := c.rig.World(c.t.Context(), 1, "")
	c.must(err)
	defer w.Close()
	till, err := w.Till("T1")
	c.must(err)
	c.must(c.story.before(w, till))
	cut = c.cutAt(till, c.first, func() error { return c.story.do(w, till) })
	c.must(w.Pass(time.Minute))
	w.SetLine(LineWorks)
	c.must(till.StartAgain())
	settle := terminal.Event{Kind: terminal.Choose, Flow: pay.Settlement}
	if morning {
		c.must(till.SignIn())
	}
	if till.Status().Settling || till.Status().Batch == "000001" {
		if !till.Status().SignedIn {
			c.must(till.SignIn())
		}
		c.must(till.Do(settle))
	}
	c.must(till.SignIn())
	c.must(till.Swipe("Alice", pay.CNY(1_00), PINRight))
	if e := till.Endings[len(till.Endings)-1]; e.Kind != terminal.Approved {
		c.say("the next sale is %s: %s %s", e.Kind, e.Screen, e.Answer)
	}
	c.must(till.Do(settle))
	if e := till.Endings[len(till.Endings)-1]; e.Kind != terminal.Settled {
		c.say("the next settlement is %s: %s %s", e.Kind, e.Screen, e.Answer)
	}
	breaks, err := w.Verify()
	c.must(err)
	for _, b := range breaks {
		c.say("%s: %s", b.Rule, b.Text)
	}
	statements, err := w.Statements()
	c.must(err)
	settled := map[audit.Role]int{}
	for _, s := range statements {
		if s.Fact == audit.Settled {
			settled[s.Role]++
		}
	}
	if settled[audit.Terminal] != 2 || settled[audit.Acquirer] != 2 {
		c.say("the till has settled %d batches, the host %d, want 2", settled[audit.Terminal], settled[audit.Acquirer])
	}
	return cut
}
