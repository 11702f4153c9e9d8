package rig

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// clerk stands at a till of a fleet: takes one order at a time, in the order of their due times, and brings what the till asks for at
// once. It belongs to its lane's loop.
type clerk struct {
	till  *Till
	lane  *lane
	queue []waiting
	wake  *sim.Timer // for the first of the queue, when that is not due yet
	busy  bool
	at    serving
	asked pay.Flow      // in the exchange that is under way
	heard time.Time     // when the last bytes from the host came
	freed time.Duration // when the order before was over

	judged func(*iso8583.Message, iso8583.Trouble) // judge and next, made once
	goOn   func()

	number int // of its till in the fleet, from 0
}

// waiting is an order that its till has not begun.
type waiting struct {
	visit *Visit
	leg   int
	due   time.Duration
}

// serving is the order at the till.
type serving struct {
	waiting
	out      Served
	original terminal.Original // what a later leg needs to name this one
	own      bool              // the exchange under way is the order's own, and not one that goes before it
	wrote    bool
	silent   bool
	over     bool // the till has told its ending
	ending   terminal.Ending
	asked    int           // what was brought so far
	remedies int           // orders that had to go before this one
	remedy   bool          // such an order is at the till
	held     time.Duration // since when
}

// cashier is who is logged in at a fleet's tills.
const cashier = "01"

func (c *clerk) now() time.Duration { return c.since(c.lane.world.Loop.Now()) }

func (c *clerk) since(at time.Time) time.Duration { return at.Sub(c.lane.start) }

// take has a visit wait for its turn.
func (c *clerk) take(v *Visit) {
	if v.Due == AtOnce {
		v.Due = c.now()
	}
	c.put(waiting{v, 0, v.Due})
	if !c.busy {
		c.next()
	}
}

// put keeps the queue in the order of due times.
func (c *clerk) put(w waiting) {
	at := len(c.queue)
	for at > 0 && c.queue[at-1].due > w.due {
		at--
	}
	c.queue = slices.Insert(c.queue, at, w)
}

// next begins what is due, unless the till is busy.
func (c *clerk) next() {
	for !c.busy && len(c.queue) > 0 {
		w, now := c.queue[0], c.now()
		if w.due > now {
			c.wake.Stop()
			c.wake = c.lane.world.Loop.After(w.due-now, c.goOn)
			return
		}
		c.queue = slices.Delete(c.queue, 0, 1)
		c.busy, c.at = true, serving{waiting: w}
		c.at.out.Waited = max(0, c.freed-w.due)
		if lag := c.lane.fleet.plan.Lag; lag > 0 && now-w.due > lag {
			c.at.out.Fate, c.at.out.Answered = FateDropped, now
			c.done()
			continue
		}
		c.choose()
	}
}

func (c *clerk) leg() *VisitLeg { return &c.at.visit.Legs[c.at.leg] }

func (c *clerk) choose() {
	leg := c.leg()
	c.till.do(terminal.Event{Kind: terminal.Choose, Flow: leg.Flow, Amount: leg.Amount})
}

// asks carries out an exchange that the till wants.
func (c *clerk) asks(a terminal.Action) {
	flow := c.leg().Flow
	c.asked = a.Flow
	c.at.own = a.Flow == flow || flow == pay.Settlement && c.at.wrote // its uploads
	if c.at.own && !c.at.wrote {
		c.at.original.Trace = a.Message.Get(iso8583.Trace)
	}
	if err := c.till.mayLeave(a.Message); err != nil {
		c.lane.fleet.broke(err)
		c.till.ended(c.till.await(c.judged), nil, iso8583.Trouble{Cause: iso8583.Unsendable, Why: err.Error()})
		return
	}
	c.till.exchange(a.Message, a.After, c.judged)
}

// wrote notes that a request leaves.
func (c *clerk) wrote(at time.Time) {
	if c.at.own && !c.at.wrote {
		c.at.wrote, c.at.out.Written = true, c.since(at)
	}
}

// judge notes what an exchange brought, and lets the machine judge it, unless the answer is to be lost on its way.
func (c *clerk) judge(m *iso8583.Message, trouble iso8583.Trouble) {
	s := &c.at
	if err := c.till.follow(&Crossing{Flow: c.asked, Message: m}); err != nil {
		c.lane.fleet.broke(err)
	}
	switch {
	case !s.own:
		c.tookBack(m)
	case m != nil:
		s.silent, s.out.Answered, s.out.Code = false, c.since(c.heard), pay.Answer(m.Get(iso8583.AnswerCode))
		s.original.RRN, s.original.AuthCode, s.original.Date = m.Get(iso8583.RRN), m.Get(iso8583.AuthCode), m.Get(iso8583.LocalDate)
		if c.loses() {
			return
		}
	case s.wrote:
		s.silent, s.out.Answered = true, s.out.Written+trouble.Waited
	}
	c.till.judge(m, trouble)
}

// tookBack tells of a reversal that the till owed and the host has answered: it is done, or there was nothing to be undone (DOMAIN.md A.12, rule 7).
func (c *clerk) tookBack(m *iso8583.Message) {
	told := c.lane.fleet.plan.Reversed
	if m == nil || c.asked != pay.Reversal || told == nil {
		return
	}
	if code := pay.Answer(m.Get(iso8583.AnswerCode)); code == "00" || code == "25" {
		told()
	}
}

func (c *clerk) approved() bool {
	return c.till.config.Dialect.Answer(c.at.out.Code).Category == iso8583.CategoryApproved
}

// loses keeps the answer of a payment from its till when a reversal is the next leg, and tells that reversal's time.
func (c *clerk) loses() bool {
	s := &c.at
	if legs := s.visit.Legs; s.leg+1 >= len(legs) || legs[s.leg+1].Flow != pay.Reversal || !c.approved() {
		return false
	}
	c.tell()
	due := s.visit.Due + s.visit.Legs[s.leg+1].After
	*s = serving{waiting: waiting{s.visit, s.leg + 1, due}}
	s.out.Waited = max(0, c.now()-due)
	c.lane.world.Loop.After(max(due-c.now(), 0), func() {
		c.till.judge(nil, iso8583.Trouble{Cause: iso8583.NoBytes, Sent: true})
	})
	return true
}

// remediesOfClerks is enough for a full batch: log in, settle, sign in.
const remediesOfClerks = 3

// ends notes the ending that the till tells of an order.
func (c *clerk) ends(e terminal.Ending) { c.at.over, c.at.ending = true, e }

// attend looks at the till after each of its steps.
func (c *clerk) attend() {
	switch {
	case !c.busy:
	case !c.at.over && c.till.need != "":
		c.bring(c.till.need)
	case !c.at.over:
	case c.at.remedy:
		c.at.remedy, c.at.over = false, false
		c.at.out.Waited += c.now() - c.at.held
		c.choose()
	case !c.remedied():
		c.at.out.Fate = c.fate()
		c.done()
		if len(c.queue) > 0 {
			c.lane.world.Loop.After(0, c.goOn)
		}
	}
}

// remedied does what a clerk does when the till refuses an order for something that has to be done before.
func (c *clerk) remedied() bool {
	e := c.at.ending
	if e.Kind != terminal.Refused || c.at.wrote || c.at.remedies == remediesOfClerks {
		return false
	}
	c.at.remedies++
	switch e.Screen {
	case "LOG_IN": // nobody has touched the till for long
		c.at.over = false
		c.logIn(cashier)
		c.choose()
	case "SIGN_IN_FIRST":
		c.before(pay.SignIn)
	case "BATCH_FULL", "SETTLE_FIRST":
		c.before(pay.Settlement)
	default:
		return false
	}
	return true
}

// before has an order of the till's own go before the one that it has refused.
func (c *clerk) before(flow pay.Flow) {
	c.at.over, c.at.remedy, c.at.held = false, true, c.now()
	c.till.do(terminal.Event{Kind: terminal.Choose, Flow: flow})
}

func (c *clerk) logIn(operator string) {
	password, err := c.till.password(operator)
	if err != nil {
		c.fault(err)
		return
	}
	c.till.do(terminal.Event{Kind: terminal.LogIn, Operator: operator, Password: password})
}

// fate is what became of the order at the till, which is over.
func (c *clerk) fate() Fate {
	s := &c.at
	switch k := s.ending.Kind; {
	case !s.wrote:
		s.out.Why, s.out.Answered = s.ending.Screen, c.now()
		return FateRefused
	case s.silent:
		return FateSilent
	case k == terminal.Declined:
		return FateDeclined
	case c.leg().Flow == pay.Reversal && !c.approved():
		return FateDeclined
	case c.leg().Flow != pay.Reversal && (k == terminal.Unknown || k == terminal.Refused):
		return FateDisbelieved
	}
	return FateApproved
}

// tell tells the visit what became of its leg.
func (c *clerk) tell() {
	s := &c.at
	if s.leg == 0 {
		s.visit.approved, s.visit.original = s.out.Fate == FateApproved, s.original
	}
	s.out.Due, s.out.Trace, s.out.Terminal = s.due, s.original.Trace, c.till.number
	if z := c.lane.fleet.rig.zone; z != nil {
		s.out.Issuer = z.spent(c.till.number)
	}
	if s.wrote { // a connection may have been on its way before
		s.out.Waited = min(s.out.Waited, s.out.Written-s.due)
	}
	s.visit.Told(s.leg, s.out)
}

// done ends the order at the till, and has the visit's next leg that falls due wait for its turn.
func (c *clerk) done() {
	c.tell()
	c.busy, c.freed = false, c.now()
	v := c.at.visit
	for n := c.at.leg + 1; n < len(v.Legs); n++ {
		if leg := v.Legs[n]; !leg.Acts || v.approved {
			c.put(waiting{v, n, v.Due + leg.After})
			return
		}
	}
	c.lane.fleet.over()
}

// patienceOfClerks is how many things a till may ask for in one order.
const patienceOfClerks = 12

// bring gives the till what it asks for.
func (c *clerk) bring(need terminal.Need) {
	if c.at.asked++; c.at.asked > patienceOfClerks {
		c.till.do(terminal.Event{Kind: terminal.Cancel})
		return
	}
	switch need {
	case terminal.NeedCard:
		c.present()
	case terminal.NeedPIN:
		if p, ok := c.pocket(); ok {
			c.till.do(terminal.Event{Kind: terminal.EnterPIN, PIN: p.pin})
		}
	case terminal.NeedOriginal:
		c.till.do(terminal.Event{Kind: terminal.EnterOriginal, Original: c.at.visit.original})
	case terminal.NeedSupervisor:
		c.logIn(supervisor)
	case terminal.NeedApplication:
		c.till.do(terminal.Event{Kind: terminal.ChooseApplication})
	case terminal.NeedConfirm:
		c.till.do(terminal.Event{Kind: terminal.Confirm})
	default:
		c.fault(fmt.Errorf("a clerk has no %s to bring", need))
	}
}

// connected and stray pass on what the line has brought.
func (c *clerk) connected(d time.Duration) {
	if c.busy && !c.at.wrote && !c.at.remedy { // a remedy's is in its own time
		c.at.out.Waited += d
	}
	if told := c.lane.fleet.plan.Connected; told != nil {
		told(d)
	}
}

func (c *clerk) crossed(answer bool, b []byte) {
	if told := c.lane.fleet.plan.Wire; told != nil {
		told(c.number, answer, b)
	}
}

func (c *clerk) stray(cause iso8583.Cause) {
	if told := c.lane.fleet.plan.Stray; told != nil {
		told(cause)
	}
}

// fault gives an order up that the harness cannot go on with.
func (c *clerk) fault(err error) {
	c.lane.fleet.broke(fmt.Errorf("till %s: %w", c.till.Name, err))
	c.till.do(terminal.Event{Kind: terminal.Cancel})
}

var errNoRestart = errors.New("it wants to start again with other software: the tills of a fleet keep no journal for that")
