// Package ledger keeps one party's books by double entry in its owner's journal: each movement has an id and happens once.
package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// NoFloor lets an account fall as low as it may: merchants, interbank, equity.
const NoFloor int64 = math.MinInt64

// Ledger is the books as they stand. It belongs to one world's loop: it takes no locks.
type Ledger struct {
	accounts map[Account]account
	moves    map[ID]*move
	order    []*move
}

// account has one currency: that of its two amounts.
type account struct {
	booked, held pay.Amount
	floor        int64
}

// move is an entry and what became of it.
type move struct {
	Entry
	ended    bool       // a hold: posted or released; a posting: voided
	refunded pay.Amount // a posting: what went back so far
}

// New makes empty books.
func New() *Ledger { return &Ledger{accounts: map[Account]account{}, moves: map[ID]*move{}} }

// Begin starts a decision taken at now. What it stages happens all together at Commit, or never when it is dropped.
func (l *Ledger) Begin(now time.Time) *Tx {
	t := &Tx{ledger: l, now: now, since: len(l.order)}
	t.accounts = t.room[:0]
	return t
}

// Replay does again what a record of the journal says. Records of other kinds are not the ledger's and change nothing.
func (l *Ledger) Replay(r journal.Record) error {
	if r.Kind != RecordKind {
		return nil
	}
	var e Entry
	if err := json.Unmarshal(r.Data, &e); err != nil {
		return fmt.Errorf("ledger: replay of movement %d: %w", len(l.order)+1, err)
	}
	tx := l.Begin(e.At)
	if err := tx.stage(e); err != nil {
		return fmt.Errorf("replay of movement %d: %w", len(l.order)+1, err)
	}
	tx.Commit()
	return nil
}

// Balance is what an account has: Available = Booked − Held. An overdrawn account is negative.
type Balance struct{ Booked, Held, Available pay.Amount }

// Balance gives what an account has; ErrAccount if it was never opened.
func (l *Ledger) Balance(name Account) (Balance, error) {
	t := Tx{ledger: l}
	return t.Balance(name)
}

// Accounts lists the accounts by name.
func (l *Ledger) Accounts() []Account { return slices.Sorted(maps.Keys(l.accounts)) }

// Entry gives the movement of that id.
func (l *Ledger) Entry(id ID) (Entry, bool) {
	m, ok := l.moves[id]
	if !ok {
		return Entry{}, false
	}
	return m.Entry, true
}

// Entries lists all movements in the order they happened.
func (l *Ledger) Entries() []Entry {
	entries := make([]Entry, len(l.order))
	for i, m := range l.order {
		entries[i] = m.Entry
	}
	return entries
}

// Since lists the movements after the first n, in the order they happened.
func (l *Ledger) Since(n int) []Entry {
	var entries []Entry
	for _, m := range l.order[min(n, len(l.order)):] {
		entries = append(entries, m.Entry)
	}
	return entries
}

// TrialBalance checks the books: in each currency all accounts sum to zero, and each account's held money is that of
// its open holds.
func (l *Ledger) TrialBalance() error {
	sums := map[pay.Currency]int64{}
	held := map[Account]int64{}
	for _, m := range l.moves {
		if m.Kind.holds() && !m.ended {
			held[m.From] += m.Amount.Minor
		}
	}
	for _, name := range l.Accounts() {
		a := l.accounts[name]
		sums[a.booked.Currency] += a.booked.Minor
		if a.held.Minor != held[name] {
			return fmt.Errorf("ledger: %s holds %s, its open holds sum to %s", name, a.held, pay.Amount{Minor: held[name], Currency: a.held.Currency})
		}
	}
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		if sums[c] != 0 {
			return fmt.Errorf("ledger: the accounts in %s sum to %s, want zero", c, pay.Amount{Minor: sums[c], Currency: c})
		}
	}
	return nil
}
