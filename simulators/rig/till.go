package rig

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Till is a terminal at its place in a world: it carries out what the machine and its link want done.
type Till struct {
	Name   string
	number string // the terminal number that the host knows it by
	leased numbers
	world  *World
	config terminal.Config
	shop   Shop
	tmk    [][]byte

	machine *terminal.Terminal // nil while the power is off
	link    *iso8583.Link
	tap     *tap
	store   journal.Store
	timers  map[string]*sim.Timer
	links   map[uint64]*sim.Timer
	ticket  uint64
	waiting map[uint64]func(*iso8583.Message, iso8583.Trouble) // open exchanges by ticket
	life    int                                                // counts power-ons; what an earlier life set going is dropped
	skew    time.Duration                                      // of the till's own clock against the world's

	mishap     func(point)                 // waits for a moment to strike
	moment     func()                      // if not nil, called at each event and before each action of machine and link, where power may go
	lacks      map[terminal.EventKind]bool // paper, or a charged battery; that outlives the power
	badStorage bool                        // the next write fails
	unwritten  []journal.Record            // that the storage did not take
	restarting bool                        // the machine wants to be switched off and on

	slot Reader  // where the card is; nil for none
	said emv.Log // what was said to it

	actions     terminal.Actions // buffers of do and linkStep
	linkActions iso8583.LinkActions

	clerk *clerk // of a fleet; nil where a scenario says what happens

	need    terminal.Need
	open    Order // the last one, and whose card it is about
	holder  Cardholder
	Screens []terminal.Screen // shown, in order
	Slips   []terminal.Slip   // printed, in order
	Endings []terminal.Ending
}

// point is a moment in a till's life at which something may happen to it.
type point struct {
	sent    bool // the message is on the line; otherwise it is an answer that is there and has not been handled
	message *iso8583.Message
}

// Now gives the till's own time.
func (t *Till) Now() time.Time { return t.world.Loop.Now().Add(t.skew) }

// Number gives the terminal number that the host knows the till by.
func (t *Till) Number() string { return t.number }

// Status tells how the terminal is; a till without power is in state "off".
func (t *Till) Status() terminal.Status {
	if t.machine == nil {
		return terminal.Status{State: "off"}
	}
	return t.machine.Status()
}

// Need is what the till waits for a person to do.
func (t *Till) Need() terminal.Need { return t.need }

// powerOn starts the machine: a new life over the same journal and keys.
func (t *Till) powerOn() error {
	if t.machine != nil {
		t.powerOff()
	}
	machine, err := terminal.New(t.config)
	if err != nil {
		return fmt.Errorf("till %s: %w", t.Name, err)
	}
	if err := t.store.Replay(machine.Restore); err != nil {
		return fmt.Errorf("till %s: %w", t.Name, err)
	}
	link, err := iso8583.NewLink(machine.LinkConfig())
	if err != nil {
		return fmt.Errorf("till %s: %w", t.Name, err)
	}
	t.life++
	t.restarting = false
	t.machine, t.link = machine, link
	t.timers, t.links = map[string]*sim.Timer{}, map[uint64]*sim.Timer{}
	t.waiting = map[uint64]func(*iso8583.Message, iso8583.Trouble){}
	t.note("power on")
	for _, e := range []terminal.EventKind{terminal.PaperOut, terminal.BatteryLow} { // as its sensors say
		if t.lacks[e] {
			t.do(terminal.Event{Kind: e})
		}
	}
	t.do(terminal.Event{Kind: terminal.PowerOn})
	return nil
}

// powerOff drops everything that is not in the journal or the security module.
func (t *Till) powerOff() {
	if t.machine == nil {
		return
	}
	t.life++
	t.machine.Close()
	t.takeOut()
	for _, timer := range t.timers {
		timer.Stop()
	}
	for _, timer := range t.links {
		timer.Stop()
	}
	t.tap.close()
	t.machine, t.link, t.need, t.unwritten = nil, nil, "", nil
	t.note("power off")
}

func (t *Till) note(text string) {
	t.world.Trace.Record(trace.Event{At: t.world.Loop.Now(), Party: t.Name, Kind: trace.Noted, Text: text})
}

// do gives the machine an event and carries out its actions in order.
func (t *Till) do(e terminal.Event) {
	switch e.Kind {
	case terminal.PaperOut, terminal.BatteryLow:
		t.lacks[e.Kind] = true
	case terminal.PaperIn:
		delete(t.lacks, terminal.PaperOut)
	case terminal.BatteryOK:
		delete(t.lacks, terminal.BatteryLow)
	}
	if t.mishap != nil && e.Kind == terminal.Answered {
		t.mishap(point{message: e.Message})
	}
	if t.gone(t.life) {
		return
	}
	switch e.Kind {
	case terminal.Swipe, terminal.Insert, terminal.Tap, terminal.ChooseApplication, terminal.Scan, terminal.KeyIn, terminal.EnterPIN, terminal.EnterCode, terminal.Confirm, terminal.Sign, terminal.Cancel, terminal.Choose, terminal.LogIn:
		t.need = ""
	}
	actions, life := t.actions, t.life
	t.actions = terminal.Actions{} // a step inside this one has its own
	t.machine.Step(t.Now(), e, &actions)
	for _, a := range actions.All() {
		if t.gone(life) {
			return
		}
		t.carryOut(a)
	}
	actions.Reset()
	t.actions = actions
	if t.clerk != nil {
		t.clerk.attend()
	}
}

// gone tells that the power went, now or since that life.
func (t *Till) gone(life int) bool {
	if t.moment != nil && t.machine != nil {
		t.moment()
	}
	return t.machine == nil || t.life != life
}

func (t *Till) carryOut(a terminal.Action) {
	switch a.Kind {
	case terminal.Exchange:
		t.need = ""
		if t.clerk != nil {
			t.clerk.asks(a)
			return
		}
		t.exchange(a.Message, a.After, t.judge)
	case terminal.Show:
		if t.world.lean {
			return
		}
		t.Screens = append(t.Screens, a.Screen)
		t.record(trace.Shown, a.Screen.ID, t.world.Rig.Screen(a.Screen))
	case terminal.Ask:
		t.need = a.Need
	case terminal.DrawCode:
		t.world.walletCodeShown(t, a.Code)
	case terminal.Print:
		if t.world.lean {
			return
		}
		t.Slips = append(t.Slips, a.Slip)
		t.record(trace.Printed, string(a.Slip.Copy), t.world.Rig.Slip(a.Slip))
	case terminal.Write:
		t.write(a)
	case terminal.StartTimer:
		t.startTimer(a.Timer, a.After)
	case terminal.StopTimer:
		t.timers[a.Timer].Stop()
		delete(t.timers, a.Timer)
	case terminal.SetClock:
		t.skew = a.At.Sub(t.world.Loop.Now())
	case terminal.APDU:
		t.apdu(a.Command)
	case terminal.AskWallet:
		t.askWallet(a)
	case terminal.UseNetwork:
		t.note("network " + a.Network)
		t.tap.drop()
	case terminal.Restart:
		if t.clerk != nil {
			t.clerk.fault(errNoRestart)
			return
		}
		life := t.life
		t.restarting = true
		t.world.Loop.After(0, func() {
			if t.life == life {
				t.world.broken = errors.Join(t.world.broken, t.powerOn())
			}
		})
	case terminal.End:
		t.need = ""
		t.takeOut()
		if t.clerk != nil {
			t.clerk.ends(a.Ending)
			return
		}
		t.Endings = append(t.Endings, a.Ending)
	}
}

// judge gives the machine what became of its exchange.
func (t *Till) judge(m *iso8583.Message, trouble iso8583.Trouble) {
	if m != nil {
		t.do(terminal.Event{Kind: terminal.Answered, Message: m})
	} else {
		t.do(terminal.Event{Kind: terminal.Unanswered, Trouble: trouble})
	}
}

func (t *Till) record(kind trace.Kind, name, text string) {
	t.tell(trace.Event{Kind: kind, Name: name, Text: text})
}

// tell records what happens at this till, now.
func (t *Till) tell(e trace.Event) {
	e.At, e.Party = t.world.Loop.Now(), t.Name
	t.world.Trace.Record(e)
}

func (t *Till) write(a terminal.Action) {
	life, earlier := t.life, t.unwritten
	batch := slices.Concat(earlier, a.Records)
	done := func(err error) {
		switch {
		case err != nil && a.Again:
			t.unwritten = batch
		case err != nil:
			t.unwritten = earlier
		}
		if a.Await {
			t.world.Loop.After(0, func() { t.inLife(life, terminal.Event{Kind: terminal.Stored, Err: err}) })
		}
	}
	if t.badStorage {
		t.badStorage = false
		t.record(trace.Injected, "storage", "the storage refuses a write")
		done(errStorage)
		return
	}
	if !t.world.lean {
		for _, r := range batch {
			t.record(trace.Stored, r.Kind, "")
		}
	}
	t.unwritten = nil
	t.store.Append(batch, done)
}

var errStorage = errors.New("the storage is full")

func (t *Till) startTimer(name string, after time.Duration) {
	life := t.life
	t.timers[name].Stop()
	t.timers[name] = t.world.Loop.After(after, func() {
		delete(t.timers, name)
		t.inLife(life, terminal.Event{Kind: terminal.Fired, Timer: name})
	})
}

func (t *Till) inLife(life int, e terminal.Event) {
	if t.life == life {
		t.do(e)
	}
}

// exchange sends a sealed message over the till's link and calls back once, with the answer or with what went wrong.
func (t *Till) exchange(m *iso8583.Message, patience time.Duration, back func(*iso8583.Message, iso8583.Trouble)) {
	t.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkExchange, Ticket: t.await(back), Message: m, Timeout: patience})
}

// await notes whom to call back, and gives the number of the exchange.
func (t *Till) await(back func(*iso8583.Message, iso8583.Trouble)) uint64 {
	t.ticket++
	t.waiting[t.ticket] = back
	return t.ticket
}

// linkStep gives the link an event and carries out its actions.
func (t *Till) linkStep(e iso8583.LinkEvent) {
	if t.gone(t.life) {
		return
	}
	actions, life := t.linkActions, t.life
	t.linkActions = iso8583.LinkActions{}
	t.link.Step(t.world.Loop.Now(), e, &actions)
	for _, a := range actions.All() {
		if t.gone(life) {
			return
		}
		t.linkDo(a)
	}
	actions.Reset()
	t.linkActions = actions
}

func (t *Till) linkDo(a iso8583.LinkAction) {
	switch a.Kind {
	case iso8583.LinkDial:
		t.tap.dial(a.Line)
	case iso8583.LinkWrite:
		t.tap.write(a.Line, a.Bytes)
	case iso8583.LinkHangup:
		t.tap.hangUp(a.Line)
	case iso8583.LinkStartTimer:
		life := t.life
		t.links[a.Timer] = t.world.Loop.After(a.After, func() {
			delete(t.links, a.Timer)
			if t.life == life {
				t.linkStep(iso8583.LinkEvent{Kind: iso8583.LinkFired, Timer: a.Timer})
			}
		})
	case iso8583.LinkStopTimer:
		t.links[a.Timer].Stop()
		delete(t.links, a.Timer)
	case iso8583.LinkDeliver:
		t.ended(a.Ticket, a.Message, iso8583.Trouble{})
	case iso8583.LinkFail:
		a.Trouble = t.tap.partly(a.Trouble)
		t.trouble(a.Trouble)
		t.ended(a.Ticket, nil, a.Trouble)
	case iso8583.LinkStray:
		if t.clerk != nil {
			t.clerk.stray(a.Trouble.Cause)
		}
		t.trouble(a.Trouble)
	}
}

func (t *Till) trouble(trouble iso8583.Trouble) {
	t.record(trace.Trouble, trouble.Word(), trouble.Text())
}

// ended calls an exchange's owner back from the loop, so that no machine is stepped from inside another's step.
func (t *Till) ended(ticket uint64, m *iso8583.Message, trouble iso8583.Trouble) {
	life := t.life
	t.world.Loop.After(0, func() {
		if t.life != life {
			return
		}
		back := t.waiting[ticket]
		delete(t.waiting, ticket)
		if back != nil {
			back(m, trouble)
		}
	})
}

// resting tells that nothing is under way here that would go on by itself.
func (t *Till) resting() bool {
	if t.machine == nil {
		return true
	}
	return !t.restarting && !t.machine.Status().Busy && len(t.waiting) == 0 && len(t.links) == 0 && !t.tap.busy()
}

// loadMasterKey loads the master key by its components, as a technician with two key holders does.
func (t *Till) loadMasterKey() (hsm.KCV, error) {
	if t.world.remote() && t.world.Rig.Dialect.Security.Keys == "none" {
		return t.loadFixedKeys()
	}
	kcv, err := t.config.HSM.Import(terminal.KeyTMK, t.masterAlgorithm(), t.tmk...)
	if err != nil {
		return kcv, fmt.Errorf("till %s: master key: %w", t.Name, err)
	}
	return kcv, nil
}

func (t *Till) masterAlgorithm() hsm.Algorithm {
	if scheme := t.config.KeyScheme; scheme == "005" || scheme == "006" {
		return hsm.SM4
	}
	return hsm.TDES2
}

// loadFixedKeys loads the working keys of a terminal that gets none by sign-in, and gives the check value of the first.
func (t *Till) loadFixedKeys() (first hsm.KCV, err error) {
	p, _ := t.world.Rig.Profile.terminal(t.Name)
	for _, k := range []struct {
		name string
		key  ProfileKey
	}{{terminal.KeyMAK, p.MAK}, {terminal.KeyPIK, p.PIK}} {
		if len(k.key.Components) == 0 {
			continue // check saw to it that this one is not needed
		}
		parts, err := k.key.parts()
		if err != nil {
			return first, fmt.Errorf("till %s: %s: %w", t.Name, k.name, err)
		}
		kcv, err := t.config.HSM.Import(k.name, k.key.algorithm(), parts...)
		if err != nil {
			return first, fmt.Errorf("till %s: %s: %w", t.Name, k.name, err)
		}
		if k.name == terminal.MasterKey(t.world.Rig.Dialect) {
			first = kcv
		}
	}
	if p.DUKPT != nil {
		return t.loadInitialKey(p.DUKPT)
	}
	return first, nil
}
