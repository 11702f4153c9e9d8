package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/batch"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// batchCrew sends in the name of a fleet's tills once they have signed in.
type batchCrew struct {
	*batch.Sender
	fleet *rig.Fleet
}

// seatBatch seats a fleet, has it sign in, learns from a whole terminal how each kind of order is said, and takes over.
func (r *campaign) seatBatch(ctx context.Context) (*batchCrew, error) {
	w := r.Workload
	if w.Line != load.Multiplexed {
		return nil, fmt.Errorf("workload %s: line %q is for whole terminals: add `whole: true`, or share lines with `line: multiplexed`", w.Name, w.Line)
	}
	fleet, err := r.seatFleet(ctx)
	if err != nil {
		return nil, err
	}
	b := &batchCrew{fleet: fleet}
	if err := b.take(ctx, r); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *batchCrew) take(ctx context.Context, r *campaign) error {
	samples, err := b.learn(ctx, r.Workload)
	if err != nil {
		return err
	}
	tills, err := b.fleet.Standings(ctx)
	if err != nil {
		return err
	}
	cards, err := b.fleet.CardsInHand()
	if err != nil {
		return err
	}
	address, err := b.fleet.Address()
	if err != nil {
		return err
	}
	c := batch.Config{Workload: r.Workload, Dialect: r.Rig.Dialect.Using(iso8583.Compiled), Samples: samples, Desk: r.desk,
		Clock: func() time.Duration { return r.clock.Load().Now() }}
	if took, between := b.fleet.IssuerTook(); between {
		c.IssuerTook = took
	}
	for _, t := range tills {
		c.Tills = append(c.Tills, batch.Till{Number: t.Number, Merchant: t.Merchant, MerchantName: t.MerchantName, MCC: t.MCC, Batch: t.Batch,
			Trace: t.Trace, HSM: t.HSM, PIK: held(t.HSM, terminal.KeyPIK), MAK: held(t.HSM, terminal.KeyMAK)})
	}
	for _, card := range cards {
		in := batch.Card{PAN: card.PAN, Expiry: card.Expiry, Track1: card.Track1, Track2: card.Stripe, PIN: card.PIN, ChipTrack: card.ChipTrack}
		if card.Chip != nil {
			in.Chip = card.Chip
		}
		c.Cards = append(c.Cards, in)
	}
	if b.Sender, err = batch.New(c); err != nil {
		return err
	}
	return b.Connect(ctx, address)
}

// held gives the name of a key that is there.
func held(box *hsm.HSM, name string) string {
	if box.Has(name) {
		return name
	}
	return ""
}

// learn has a whole terminal say each kind of order of the workload.
func (b *batchCrew) learn(ctx context.Context, w *load.Workload) (samples []batch.Sample, err error) {
	entries := map[load.Entry]rig.Presented{load.ByStripe: rig.ByStripe, load.ByChip: rig.ByChip, load.ByTap: rig.ByTap, load.ByNone: rig.ByUsual}
	for _, k := range w.Kinds() {
		by, ok := entries[load.Entry(k.Entry)]
		flow := pay.Flow(k.Flow)
		if !ok || slices.Contains(load.WholeOnly(), flow) {
			return nil, fmt.Errorf("workload %s: %s needs whole terminals: add `whole: true`", w.Name, k)
		}
		s, err := b.fleet.Specimen(ctx, flow, load.Acts(flow), by)
		if err != nil {
			return nil, err
		}
		samples = append(samples, batch.Sample{Request: s.Request, Reversal: s.Reversal})
	}
	return samples, nil
}

// seatFleet seats the tills and has them sign in.
func (r *campaign) seatFleet(ctx context.Context) (*rig.Fleet, error) {
	w := r.Workload
	r.say("seating %d tills with %d cards", w.Tills, w.Cards)
	plan := w.Fleet()
	plan.Line, plan.Stray, plan.Connected = rig.LineSocket, func(c iso8583.Cause) { load.TellStray(r.desk, c) }, r.desk.Connected
	fleet, err := r.Rig.Fleet(context.WithoutCancel(ctx), plan)
	if err != nil {
		return nil, err
	}
	begin := r.Now()
	if err := w.SignIn(ctx, fleet); err != nil {
		fleet.Close()
		return nil, err
	}
	took := r.Now().Sub(begin)
	r.say("%d tills signed in within %s, %.0f a second", w.Tills, took.Round(time.Millisecond), float64(w.Tills)/took.Seconds())
	return fleet, nil
}

// Statements implements crew.
func (b *batchCrew) Statements(context.Context) ([]audit.Statement, error) {
	return slices.Collect(b.Sender.Statements()), b.fleet.Leave(b.Traces())
}

// Control implements crew.
func (b *batchCrew) Control() (rig.Control, bool) { return b.fleet.Control() }

// Refused implements crew: what would be refused is not for templates.
func (b *batchCrew) Refused() map[string]int { return nil }

// Struck implements crew: faults are for whole terminals.
func (b *batchCrew) Struck() []load.Injected { return nil }

// Reseed implements crew.
func (b *batchCrew) Reseed(ctx context.Context) error { return b.fleet.Reseed(ctx) }

// Start implements crew.
func (b *batchCrew) Start(began time.Time) { b.Began = began.In(sim.Zone) }

// Terminal implements crew.
func (b *batchCrew) Terminal(index uint32) string { return b.Tills[index].Number }

// Close implements crew.
func (b *batchCrew) Close() {
	if b.Sender != nil {
		b.Sender.Close()
	}
	b.fleet.Close()
}
