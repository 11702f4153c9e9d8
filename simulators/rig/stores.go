package rig

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/sim"
)

// openStores opens the acquirer's and the issuer's journal in a directory, which is made if need be; without a directory
// they are in memory.
func openStores(dir string) ([]journal.Store, error) {
	if dir == "" {
		return []journal.Store{journal.NewMemory(), journal.NewMemory()}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var stores []journal.Store
	for _, name := range []string{"acquirer.db", "issuer.db"} {
		s, err := journal.Open(filepath.Join(dir, name))
		if err != nil {
			for _, open := range stores {
				_ = open.Close()
			}
			return nil, err
		}
		stores = append(stores, s)
	}
	return stores, nil
}

// castSeeds gives the whole cast as seeds, with the profile's master keys or those that a till of that seed draws.
func (r *Rig) castSeeds(seed sim.Seed) (Seeds, error) {
	var s Seeds
	w := &World{Rig: r, Seed: seed}
	for _, shop := range r.Cast.merchants {
		s.Merchants = append(s.Merchants, shop.seed())
		for _, place := range shop.Tills {
			t := &Till{Name: place.Name, world: w, shop: shop}
			if err := t.masterKey(); err != nil {
				return s, err
			}
			terminal := TerminalSeed{Number: place.Number, Merchant: shop.Number, Serial: place.Serial, Place: place.Place, KeyKind: string(t.masterAlgorithm())}
			for _, part := range t.tmk {
				terminal.TMK = append(terminal.TMK, NewClear(hex.EncodeToString(part)))
			}
			s.Terminals = append(s.Terminals, terminal)
		}
	}
	for _, c := range r.Cast.cards {
		if c.Status != "unknown" {
			s.Cards = append(s.Cards, c.seed())
		}
	}
	return s, nil
}

func (c Cardholder) seed() CardSeed {
	return CardSeed{Name: c.Name, PAN: NewClear(c.PAN), Expiry: c.Expiry, Service: c.Service, PIN: NewClear(c.PIN), Balance: c.Balance,
		Status: c.Status, PerSale: c.PerSale, PerDay: c.PerDay, DayCount: c.Count, PickUp: c.PickUp}
}
