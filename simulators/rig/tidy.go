package rig

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Tidy gives back what a scenario has left held at a remote host: pre-authorizations that nobody completed, gave back or reversed. A
// host that is ours has a world for each scenario, and forgets. The error tells what is still held.
func (w *World) Tidy() error {
	if !w.remote() || w.closed {
		return nil
	}
	held := w.held()
	if len(held) == 0 {
		return nil
	}
	w.faults.Clear()
	w.lineState = LineWorks
	var all []error
	for _, c := range held {
		if err := w.giveBack(c); err != nil {
			all = append(all, fmt.Errorf("pre-authorization of terminal %s, trace %s, is left held at the host: %w", c.Message.Get(iso8583.Terminal),
				c.Message.Get(iso8583.Trace), err))
		}
	}
	return errors.Join(all...)
}

// held lists the requests whose money the host was heard to hold, and not to let go.
func (w *World) held() (held []*Crossing) {
	for _, answer := range w.Wire {
		if !answer.Answer || answer.Message == nil || !w.approves(answer) {
			continue
		}
		i := slices.IndexFunc(w.Wire, func(c *Crossing) bool {
			return !c.Answer && c.Flow == answer.Flow && c.Nth == answer.Nth && c.Message != nil
		})
		if i < 0 {
			continue
		}
		asked := w.Wire[i]
		switch answer.Flow.Kind() {
		case pay.PreAuth:
			held = append(held, asked)
		case pay.PreAuthVoid, pay.Completion, pay.Reversal:
			held = slices.DeleteFunc(held, func(c *Crossing) bool { return c.Till == asked.Till && names(asked.Message, c.Message) })
		}
	}
	return held
}

func (w *World) approves(c *Crossing) bool {
	return w.Rig.Dialect.Answer(pay.Answer(c.Message.Get(iso8583.AnswerCode))).Category == iso8583.CategoryApproved
}

// names tells that a message acts on another: by its trace number, its authorization code, or by having its number.
func names(m, original *iso8583.Message) bool {
	trace := original.Get(iso8583.Trace)
	return m.Get(iso8583.OriginalTrace) == trace || m.Get(iso8583.Trace) == trace
}

// giveBack has the till void a pre-authorization, as its cashier would.
func (w *World) giveBack(c *Crossing) error {
	t := w.tills[c.Till]
	if t.machine == nil {
		if err := t.powerOn(); err != nil {
			return err
		}
	}
	if t.need != "" {
		t.do(terminal.Event{Kind: terminal.Cancel})
	}
	amount, err := c.Amount()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(w.Rig.Profile.Cards, func(p ProfileCard) bool { return p.PAN == w.cardOf(c) })
	if i < 0 {
		return errors.New("its card is not the profile's")
	}
	flow := pay.PreAuthVoid
	if c.Flow == pay.MOTOPreAuth {
		flow = pay.MOTOPreAuthVoid
	}
	t.note("what the scenario has left held is given back")
	before := len(t.Endings)
	err = t.Order(Order{Flow: flow, Amount: amount, Who: w.Rig.Profile.Cards[i].Name, Original: c, PIN: PINRight, Supervisor: true, Keyed: c.Flow != pay.PreAuth})
	if err == nil && (len(t.Endings) == before || t.Endings[len(t.Endings)-1].Kind != terminal.Approved) {
		err = fmt.Errorf("the till shows %s", t.Screens[len(t.Screens)-1].ID)
	}
	return err
}
