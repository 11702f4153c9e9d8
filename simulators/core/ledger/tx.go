package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Tx is one decision's movements. It sees its own; nobody else does before Commit. A movement that is refused stages
// nothing, and the others of the Tx stand.
type Tx struct {
	ledger   *Ledger
	now      time.Time
	since    int            // movements in the books when it began
	accounts []namedAccount // few, so that looking at each is the fastest way
	room     [2]namedAccount
	moves    []move // new ones, in their order
	targets  []move // and those in the books that they change
}

type namedAccount struct {
	name Account
	account
}

// Open opens an account that holds opening (zero, or negative for a debt) and whose available money may not fall below
// floor minor units. The opening money comes from the equity account of its currency, which opens by itself.
func (t *Tx) Open(name Account, opening pay.Amount, floor int64) error {
	return t.stage(Entry{ID: "open:" + ID(name), Kind: Open, From: Equity(opening.Currency), To: name, Amount: opening, Floor: floor})
}

// Equity names the account that a currency's opening balances come from: "opening:CNY".
func Equity(c pay.Currency) Account { return Account("opening:" + c.String()) }

// Hold keeps amount of from's money for to: ErrFunds when less is available.
func (t *Tx) Hold(id ID, from, to Account, amount pay.Amount) error {
	return t.stage(Entry{ID: id, Kind: Hold, From: from, To: to, Amount: amount})
}

// Withhold keeps amount of from's money for to whatever from has: for a promise that stands again.
func (t *Tx) Withhold(id ID, from, to Account, amount pay.Amount) error {
	return t.stage(Entry{ID: id, Kind: Withhold, From: from, To: to, Amount: amount})
}

// Post moves amount: ErrFunds when from has less available.
func (t *Tx) Post(id ID, from, to Account, amount pay.Amount) error {
	return t.stage(Entry{ID: id, Kind: Post, From: from, To: to, Amount: amount})
}

// Charge moves amount whatever from has: for what was promised before it was booked.
func (t *Tx) Charge(id ID, from, to Account, amount pay.Amount) error {
	return t.stage(Entry{ID: id, Kind: Charge, From: from, To: to, Amount: amount})
}

// PostHold moves amount of what hold holds and frees the rest: ErrUnknown, ErrDone when the hold was posted or released,
// ErrExceeds.
func (t *Tx) PostHold(id, hold ID, amount pay.Amount) error {
	was, _ := t.move(hold)
	return t.stage(Entry{ID: id, Kind: PostHold, From: was.From, To: was.To, Amount: amount, Target: hold})
}

// Void undoes a hold or a whole posting: ErrUnknown, ErrDone when it was undone or the hold was posted, ErrExceeds when
// part of it was refunded, ErrFunds when the receiver has less available. Undoing a post-hold does not restore the hold.
func (t *Tx) Void(id, target ID) error {
	was, _ := t.move(target)
	if was.Kind.holds() {
		return t.stage(Entry{ID: id, Kind: Release, From: was.From, To: was.To, Amount: was.Amount, Target: target})
	}
	return t.stage(Entry{ID: id, Kind: Void, From: was.To, To: was.From, Amount: was.Amount, Target: target})
}

// Refund moves part of a posting back; there may be several: ErrUnknown, ErrDone when the posting was voided, ErrExceeds
// when all refunds together pass it, ErrFunds when the receiver has less available.
func (t *Tx) Refund(id, target ID, amount pay.Amount) error {
	was, _ := t.move(target)
	return t.stage(Entry{ID: id, Kind: Refund, From: was.To, To: was.From, Amount: amount, Target: target})
}

// Balance gives what an account will have once the Tx is committed; ErrAccount if it was never opened.
func (t *Tx) Balance(name Account) (Balance, error) {
	a, err := t.account(name)
	if err != nil {
		return Balance{}, fmt.Errorf("ledger: %w", err)
	}
	available, err := a.booked.Sub(a.held)
	return Balance{Booked: a.booked, Held: a.held, Available: available}, err
}

// Records gives what was staged, for the owner's batch. A movement that had happened before stages nothing.
func (t *Tx) Records() []journal.Record {
	records := make([]journal.Record, len(t.moves))
	for i := range t.moves {
		records[i] = t.moves[i].record()
	}
	return records
}

// Trace tells what money moves, as the entries say it; party is whose books they are. A nil recorder hears nothing.
func (t *Tx) Trace(r *trace.Recorder, party string) {
	if r == nil {
		return
	}
	for _, e := range t.Entries() {
		if e.Kind != Open {
			r.Record(trace.Event{At: e.At, Party: party, Kind: trace.Moved, Name: string(e.Kind), Text: e.String()})
		}
	}
}

// Entries gives what was staged.
func (t *Tx) Entries() []Entry {
	entries := make([]Entry, len(t.moves))
	for i, m := range t.moves {
		entries[i] = m.Entry
	}
	return entries
}

// Commit makes what was staged happen; call it when the records are queued in the journal. It panics when another Tx was
// committed since Begin: what this one saw is no longer so.
func (t *Tx) Commit() {
	l := t.ledger
	if len(l.order) != t.since {
		panic("ledger: another decision was committed since this one began")
	}
	for _, a := range t.accounts {
		l.accounts[a.name] = a.account
	}
	for _, m := range t.targets {
		*l.moves[m.ID] = m
	}
	for _, m := range t.moves {
		l.moves[m.ID] = &m
		l.order = append(l.order, &m)
	}
	*t = Tx{ledger: l, now: t.now, since: len(l.order)}
}

// stage lets an entry happen within the Tx, or leaves the Tx as it was. It is the only way money moves, also on replay.
func (t *Tx) stage(e Entry) error {
	if e.At.IsZero() {
		e.At = t.now
	}
	err := t.check(e)
	first, seen := t.move(e.ID)
	switch {
	case err != nil:
	case seen && first.same(e):
		return nil
	case seen:
		err = fmt.Errorf("%w: %s", ErrConflict, first.Entry)
	default:
		err = t.do(e)
	}
	if err != nil {
		return fmt.Errorf("ledger: %s %s: %w", e.Kind, e.ID, err)
	}
	return nil
}

// check refuses entries that mean nothing and targets that are not there.
func (t *Tx) check(e Entry) error {
	was, known := t.move(e.Target)
	switch {
	case e.ID == "":
		return errors.New("it has no id")
	case !known && e.Kind.acts():
		return fmt.Errorf("target %q: %w", e.Target, ErrUnknown)
	case e.Kind.acts() && !e.Kind.actsOn(was.Kind):
		return fmt.Errorf("it cannot act on %s", was.Entry)
	case e.From == e.To:
		return fmt.Errorf("%q on both sides", e.From)
	case e.Kind != Open && e.Amount.Minor <= 0:
		return fmt.Errorf("amount %s: want more than zero", e.Amount)
	case e.Amount.Currency == 0:
		return errors.New("its amount has no currency")
	}
	return nil
}

// do changes the accounts and the target as the entry says, or nothing.
func (t *Tx) do(e Entry) error {
	was, err := t.after(e)
	if err != nil {
		return err
	}
	switch e.Kind {
	case Open:
		err = t.open(e)
	case Hold, Withhold:
		err = t.shift(e, pay.Amount{}, e.Amount)
	case Post, Charge, Void, Refund:
		err = t.shift(e, e.Amount, pay.Amount{})
	case PostHold:
		err = t.shift(e, e.Amount, was.Amount.Neg())
	case Release:
		err = t.shift(e, pay.Amount{}, was.Amount.Neg())
	default:
		err = fmt.Errorf("there is no movement of kind %q", e.Kind)
	}
	if err != nil {
		return err
	}
	if e.Kind.acts() {
		t.alter(was)
	}
	t.moves = append(t.moves, move{Entry: e})
	return nil
}

// after gives an entry's target as the entry leaves it; an entry that acts on nothing leaves nothing.
func (t *Tx) after(e Entry) (was move, err error) {
	if !e.Kind.acts() {
		return was, nil
	}
	was, _ = t.move(e.Target)
	if was.ended {
		return was, fmt.Errorf("%s: %w", was.Entry, ErrDone)
	}
	left, err := was.Amount.Sub(was.refunded)
	if err != nil {
		return was, err
	}
	rest, err := left.Sub(e.Amount)
	switch {
	case err != nil:
		return was, err
	case rest.Minor < 0:
		return was, fmt.Errorf("%s: %s is %w, %s", was.Entry, e.Amount, ErrExceeds, left)
	case e.Kind == Refund:
		was.refunded, err = was.refunded.Add(e.Amount)
	default:
		was.ended = true
	}
	return was, err
}

func (t *Tx) open(e Entry) error {
	zero := pay.Amount{Currency: e.Amount.Currency}
	equity, err := t.account(e.From)
	if err != nil {
		equity = account{booked: zero, held: zero, floor: NoFloor}
	}
	return t.book(e, equity, account{booked: zero, held: zero, floor: e.Floor}, e.Amount, zero)
}

// shift books amount from e.From to e.To and adds hold to what e.From holds.
func (t *Tx) shift(e Entry, amount, hold pay.Amount) error {
	from, err := t.account(e.From)
	if err != nil {
		return err
	}
	to, err := t.account(e.To)
	if err != nil {
		return err
	}
	return t.book(e, from, to, amount, hold)
}

func (t *Tx) book(e Entry, from, to account, amount, hold pay.Amount) (err error) {
	for _, c := range [...]pay.Currency{from.booked.Currency, to.booked.Currency} {
		if c != e.Amount.Currency {
			return fmt.Errorf("%s cannot go from %s to %s: an account there is in %s", e.Amount, e.From, e.To, c)
		}
	}
	if from.booked, err = from.booked.Sub(amount); err != nil {
		return err
	}
	if to.booked, err = to.booked.Add(amount); err != nil {
		return err
	}
	if from.held, err = from.held.Add(hold); err != nil {
		return err
	}
	available, err := from.booked.Sub(from.held)
	if err != nil {
		return err
	}
	takes := amount.Minor+hold.Minor > 0 // what frees money needs none, however deep the account is
	if takes && available.Minor < from.floor && !e.Kind.forced() {
		return fmt.Errorf("%s: %w, %s would be left", e.From, ErrFunds, available)
	}
	t.keep(e.From, from)
	t.keep(e.To, to)
	return nil
}

// move finds a movement as this Tx leaves it.
func (t *Tx) move(id ID) (move, bool) {
	for _, list := range [...][]move{t.moves, t.targets} {
		for _, m := range list {
			if m.ID == id {
				return m, true
			}
		}
	}
	if m, ok := t.ledger.moves[id]; ok {
		return *m, true
	}
	return move{}, false
}

// alter changes what became of a movement.
func (t *Tx) alter(was move) {
	for _, list := range [...][]move{t.moves, t.targets} {
		for i := range list {
			if list[i].ID == was.ID {
				list[i] = was
				return
			}
		}
	}
	t.targets = append(t.targets, was)
}

// account finds an account as this Tx leaves it.
func (t *Tx) account(name Account) (account, error) {
	for _, a := range t.accounts {
		if a.name == name {
			return a.account, nil
		}
	}
	a, ok := t.ledger.accounts[name]
	if !ok {
		return a, fmt.Errorf("%s: %w", name, ErrAccount)
	}
	return a, nil
}

func (t *Tx) keep(name Account, a account) {
	for i := range t.accounts {
		if t.accounts[i].name == name {
			t.accounts[i].account = a
			return
		}
	}
	t.accounts = append(t.accounts, namedAccount{name, a})
}
