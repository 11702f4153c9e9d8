package rig

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// Disks that lose what was not synced when the process is killed. On the second nothing ever is.
const (
	lossyDisk    = "lossy:"
	carelessDisk = "careless:"
)

// openStores opens the journals of acquirer, issuer and office, in this order: in a directory, which is made if need be, in a PostgreSQL database by its
// URL, or in memory for "". The journals of another seed are refused: nobody would have the keys that they rest on.
func openStores(where string, seed sim.Seed) (stores []journal.Store, err error) {
	openFile := func(path string) (journal.Store, error) { return journal.Open(path) }
	for _, disk := range []string{lossyDisk, carelessDisk} {
		if path, ok := strings.CutPrefix(where, disk); ok {
			if where = path; where == "" || strings.Contains(where, "://") {
				return nil, fmt.Errorf("store %s...: want a directory, as in %s./books", disk, disk)
			}
			openFile = func(path string) (journal.Store, error) { return journal.OpenLossy(path, disk == carelessDisk) }
		}
	}
	open := func(party string) (journal.Store, error) { return openFile(filepath.Join(where, party+".db")) }
	switch scheme, _, isURL := strings.Cut(where, "://"); {
	case where == "":
		return []journal.Store{journal.NewMemory(), journal.NewMemory(), journal.NewMemory()}, nil
	case isURL && scheme != "postgres" && scheme != "postgresql":
		return nil, fmt.Errorf("store %s://...: want a directory, or postgres://user@host:port/database", scheme)
	case isURL:
		open = func(party string) (journal.Store, error) { return journal.OpenPostgres(where, party) }
	default:
		if err := os.MkdirAll(where, 0o700); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
	for _, party := range []string{"acquirer", "issuer", "office"} {
		s, err := open(party)
		if err != nil {
			closeStores(stores)
			return nil, err
		}
		stores = append(stores, s)
	}
	if err := sameSeed(stores[0], seed); err != nil {
		closeStores(stores)
		return nil, err
	}
	return stores, nil
}

func closeStores(stores []journal.Store) {
	for _, s := range stores {
		_ = s.Close() // what was promised is durable already
	}
}

// seedRecord is the first record of an acquirer's journal: the check value of a key of the seed. No party reads it.
const seedRecord = "seed"

// sameSeed compares the seed with the one that the journal was begun with.
func sameSeed(s journal.Store, seed sim.Seed) error {
	kcv, err := hsm.New(seed.Reader("store")).Generate("store", hsm.AES256)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	enough := errors.New("only the first is wanted")
	var first journal.Record
	if err := s.Replay(func(r journal.Record) error { first = r; return enough }); err != nil && !errors.Is(err, enough) {
		return err
	}
	switch {
	case first.Kind == "":
		return journal.Commit(s, []journal.Record{{Kind: seedRecord, Data: []byte(kcv.String())}})
	case first.Kind != seedRecord || !kcv.Matches(string(first.Data)):
		return errors.New("store: it was made with another seed: serve it with that --seed, or name another place")
	}
	return nil
}

// castSeeds gives the cast as seeds, with the profile's master keys or those that a till of that seed draws; of a remote
// host's profile only what it binds.
func (r *Rig) castSeeds(seed sim.Seed) (Seeds, error) {
	var s Seeds
	all := !r.Profile.Lends()
	w := &World{Rig: r, Seed: seed}
	for _, shop := range r.Cast.merchants {
		if shop.Applicant != nil {
			continue // he has still to apply
		}
		s.Merchants = append(s.Merchants, shop.seed())
		for _, place := range shop.Tills {
			if !all && !r.Profile.binds(place.Name) {
				continue
			}
			t := &Till{Name: place.Name, world: w, shop: shop}
			if p, ok := r.Profile.terminal(place.Name); ok {
				t.config.KeyScheme = p.keyScheme()
			}
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
		if c.Status != "unknown" && (all || r.Profile.testCard(c.PAN)) {
			seed, err := r.cardSeed(c)
			if err != nil {
				return s, err
			}
			s.Cards = append(s.Cards, seed)
		}
	}
	return s, nil
}

func (r *Rig) cardSeed(c Cardholder) (CardSeed, error) {
	chip, err := r.chipSeed(c)
	var token *TokenSeed
	if c.Token != "" {
		token = &TokenSeed{PAN: NewClear(c.Token), Expiry: c.TokenExpiry}
	}
	return CardSeed{Name: c.Name, PAN: NewClear(c.PAN), Expiry: c.Expiry, Service: c.Service, PIN: NewClear(c.PIN), Balance: c.Balance,
		Status: c.Status, PerSale: c.PerSale, PerDay: c.PerDay, DayCount: c.Count, PickUp: c.PickUp, Chip: chip, Token: token, Wallet: c.Wallet}, err
}
