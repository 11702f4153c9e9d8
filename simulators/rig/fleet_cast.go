package rig

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// tillsAShop is how many tills of a fleet one merchant has.
const tillsAShop = 100

// place gives a till of the fleet with its merchant, whose people are those of the Noodle House.
func (f *Fleet) place(n int) (Shop, ShopTill, error) {
	n = f.plan.till(n)
	if f.remote() {
		return f.rig.Cast.Till(f.rig.Profile.Terminals[n].Label)
	}
	shop, err := f.rig.Cast.Merchant("Noodle House")
	shop.Name, shop.Number = fmt.Sprintf("Shop %d", n/tillsAShop), fmt.Sprintf("89832054817%04d", n/tillsAShop)
	number := strconv.Itoa(40000000 + n)
	return shop, ShopTill{Name: "till " + number, Number: number, Serial: "SN-" + number, Place: "Shanghai"}, err
}

// holder gives a card of the fleet, a pure function of the seed: a stripe that asks for a PIN, a chip, and a wallet on its holder's phone.
func (f *Fleet) holder(n int) (Cardholder, error) {
	n = f.plan.card(n)
	if f.remote() {
		return f.rig.Cast.Cardholder(f.rig.Profile.Cards[n].Name)
	}
	name := fmt.Sprintf("card %07d", n) // one length for all: it stands on track 1
	pin := binary.BigEndian.Uint32(f.plan.Seed.Bytes(name+"/pin", 4)) % 1e6
	pan := fleetPAN(f.plan.Seed, n)
	if f.plan.PANOf != nil {
		pan = f.plan.PANOf(n)
	}
	return Cardholder{Name: name, PAN: pan, Expiry: "3012", Service: "120", PIN: fmt.Sprintf("%06d", pin), Balance: f.plan.Balance,
		Chip: "unionpay-debit", Wallet: "A"}, nil
}

// fleetPAN gives the nth card number: 6200 127x, in which no card of the cast is. Numbers of one seed never meet: the step has no
// common factor with their count.
func fleetPAN(seed sim.Seed, n int) string {
	const count, step = 100_000_000, 61_803_399
	first := uint64(binary.BigEndian.Uint32(seed.Bytes("fleet/cards", 4)))
	digits := fmt.Sprintf("6200127%08d", (first+uint64(n)*step)%count)
	return digits + string(pay.LuhnDigit(digits))
}

func (f *Fleet) remote() bool { return f.lanes[0].world.remote() }

// forgetful is the journal of a till whose power never goes.
type forgetful struct{}

// Append implements journal.Store.
func (forgetful) Append(_ []journal.Record, done func(error)) { done(nil) }

// Replay implements journal.Store.
func (forgetful) Replay(func(journal.Record) error) error { return nil }

// Close implements journal.Store.
func (forgetful) Close() error { return nil }

// seedsAtOnce keeps what one request to a control door brings below what it takes.
const seedsAtOnce = 1000

// populate makes tills and cards known to the host, where that can be arranged, and opens the tills.
func (f *Fleet) populate(ctx context.Context) error {
	var all Seeds
	kcvs := make([]hsm.KCV, f.plan.Tills)
	for n := range f.plan.Tills {
		shop, place, err := f.place(n)
		if err != nil {
			return err
		}
		c, err := f.laneOf(n).hire(n, shop, place)
		if err != nil {
			return err
		}
		seed, kcv, err := c.till.keyed(place)
		if err != nil {
			return err
		}
		kcvs[n] = kcv
		all.Terminals = append(all.Terminals, seed)
		if last := len(all.Merchants) - 1; last < 0 || all.Merchants[last].Number != shop.Number {
			all.Merchants = append(all.Merchants, shop.seed())
		}
	}
	for n := range f.plan.Cards {
		holder, err := f.holder(n)
		if err != nil {
			return err
		}
		seed, err := f.rig.cardSeed(holder)
		if err != nil {
			return err
		}
		all.Cards = append(all.Cards, seed)
	}
	f.seeds, f.kcvs = all, kcvs
	if err := f.seedHost(ctx, all, kcvs); err != nil {
		return err
	}
	for n := range f.plan.Tills {
		c := f.laneOf(n).clerks[n]
		if err := c.till.powerOn(); err != nil {
			return err
		}
		c.logIn(cashier)
	}
	return nil
}

// hire puts a till into a lane, with a clerk.
func (l *lane) hire(n int, shop Shop, place ShopTill) (*clerk, error) {
	t, err := l.world.newTill(shop, place)
	if err != nil {
		return nil, err
	}
	c := &clerk{number: n, till: t, lane: l}
	c.judged, c.goOn = c.judge, c.next
	t.clerk, t.store = c, forgetful{}
	l.clerks[n], l.world.order = c, append(l.world.order, t)
	return c, nil
}

// seedHost tells the host of tills and cards, and holds the check values of the master keys that it says to the tills' own.
func (f *Fleet) seedHost(ctx context.Context, all Seeds, kcvs []hsm.KCV) error {
	control, ok := f.Control()
	if !ok {
		return nil
	}
	if _, err := control.Seed(ctx, Seeds{Merchants: all.Merchants}); err != nil {
		return err
	}
	n := 0
	for some := range slices.Chunk(all.Terminals, seedsAtOnce) {
		seeded, err := control.Seed(ctx, Seeds{Terminals: some})
		if err != nil {
			return err
		}
		for range some {
			if f.remote() {
				break // a switch has its terminals' keys, and tells nobody
			}
			if err := f.laneOf(n).clerks[n].till.agrees(kcvs[n], seeded); err != nil {
				return err
			}
			n++
		}
	}
	for some := range slices.Chunk(all.Cards, seedsAtOnce) {
		if _, err := control.Seed(ctx, Seeds{Cards: some}); err != nil {
			return err
		}
	}
	return nil
}
