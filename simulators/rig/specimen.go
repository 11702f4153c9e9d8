package rig

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Specimen is how a whole terminal says one kind of order: a request, and the reversal that it owes when the answer is lost (nil where
// it owes none). Both are sealed under keys that are gone.
type Specimen struct{ Request, Reversal *iso8583.Message }

// specimenAmount is small enough for every limit and to need no second look.
func specimenAmount() pay.Amount { return pay.CNY(12_00) }

// Specimen has a terminal of the cast carry out one order in memory with a card like the fleet's, after the payment that it acts on (""
// for none), and loses its answer. By says how the card comes.
func (f *Fleet) Specimen(ctx context.Context, flow, of pay.Flow, by Presented) (s Specimen, err error) {
	holder, err := f.holder(0)
	if err != nil {
		return s, err
	}
	own, cast, profile := *f.rig, *f.rig.Cast, *f.rig.Profile
	profile.Seat = SeatEmbedded
	cast.cards = append(slices.Clip(cast.cards), holder)
	own.Cast, own.Profile, own.options.Control, own.options.Line = &cast, &profile, "", LineMemory
	w, err := own.World(ctx, 1, LineMemory)
	if err != nil {
		return s, err
	}
	defer w.Close()
	if s, err = w.specimen(flow, of, by, holder.Name); err != nil {
		err = fmt.Errorf("specimen of %s: %w", flow, err)
	}
	return s, err
}

func (w *World) specimen(flow, of pay.Flow, by Presented, who string) (s Specimen, err error) {
	t, err := w.Till("T1")
	if err != nil {
		return s, err
	}
	if flow != pay.SignIn {
		if err := t.SignIn(); err != nil {
			return s, err
		}
	}
	order := Order{Flow: flow, Amount: specimenAmount(), Who: who, By: by, PIN: PINRight, Supervisor: true}
	if of != "" {
		first := order
		first.Flow = of
		if err := t.Order(first); err != nil {
			return s, err
		}
		if order.Original = w.request(of); order.Original == nil {
			return s, &Unexpected{t.Name, "a " + string(of) + " that left", t.Status().State}
		}
	}
	if err := w.faults.Arm(fault.Rule{Direction: fault.Answer, Flow: flow, Nth: 1, Do: fault.Fault{Kind: fault.Lose}}); err != nil {
		return s, err
	}
	if err := t.Order(order); err != nil {
		return s, err
	}
	request := w.request(flow)
	if request == nil {
		return s, &Unexpected{t.Name, "a " + string(flow) + " that left", t.Status().State}
	}
	s.Request = request.Message
	if back := w.request(pay.Reversal); back != nil {
		s.Reversal = back.Message
	}
	return s, nil
}

// request gives the first request of a flow that left a till; nil for none.
func (w *World) request(flow pay.Flow) *Crossing {
	i := slices.IndexFunc(w.Wire, func(c *Crossing) bool { return !c.Answer && c.Flow == flow && c.Message != nil })
	if i < 0 {
		return nil
	}
	return w.Wire[i]
}
