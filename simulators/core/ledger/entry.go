package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Account names whose money it is: "card:alice", "merchant:898320548160001", "interbank". It stands in journals and
// reports, so it never holds a clear card number.
type Account string

// ID names one movement for ever. Whoever asks for it chooses it, and repeats it when asking again.
type ID string

// Kind says what a movement does.
type Kind string

// The kinds of movements.
const (
	Open     Kind = "open"      // an account begins with its opening balance, from the equity account of its currency
	Hold     Kind = "hold"      // money of From is kept for To; nothing moves
	Withhold Kind = "withhold"  // a hold that asks for no funds: From may fall below its floor
	Post     Kind = "post"      // money goes from From to To
	Charge   Kind = "charge"    // a post that asks for no funds: From may fall below its floor
	PostHold Kind = "post-hold" // money that Target holds goes from From to To; what is left of the hold is free again
	Release  Kind = "release"   // the hold Target ends and nothing has moved
	Void     Kind = "void"      // the posting Target goes back in whole
	Refund   Kind = "refund"    // the posting Target goes back in part
)

// forced tells that such a movement happens whatever its account has.
func (k Kind) forced() bool { return k == Withhold || k == Charge }

func (k Kind) holds() bool { return k == Hold || k == Withhold }

// acts tells that such a movement has a target.
func (k Kind) acts() bool { return k == PostHold || k == Release || k == Void || k == Refund }

func (k Kind) actsOn(target Kind) bool {
	if k == PostHold || k == Release {
		return target.holds()
	}
	return target == Post || target == Charge || target == PostHold
}

// Entry is one movement as it stands in the journal.
type Entry struct {
	ID     ID         `json:"id"`
	At     time.Time  `json:"at"`
	Kind   Kind       `json:"kind"`
	From   Account    `json:"from"`
	To     Account    `json:"to"`
	Amount pay.Amount `json:"amount"`
	Target ID         `json:"target,omitempty"` // post-hold, release, void, refund: the movement acted on
	Floor  int64      `json:"floor,omitempty"`  // open: minor units the account's available money may not fall below
}

// String gives "post 10.00 CNY from card:alice to interbank".
func (e Entry) String() string {
	s := fmt.Sprintf("%s %s from %s to %s", e.Kind, e.Amount, e.From, e.To)
	if e.Target != "" {
		s += fmt.Sprintf(" (of %s)", e.Target)
	}
	return s
}

// same tells whether two entries ask for the same thing, whenever they were asked.
func (e Entry) same(other Entry) bool {
	e.At, other.At = time.Time{}, time.Time{}
	return e == other
}

// RecordKind marks the ledger's records in its owner's journal.
const RecordKind = "ledger"

func (e Entry) record() journal.Record {
	data, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("ledger: %s: %v", e.ID, err)) // only a year past 9999 cannot be written
	}
	return journal.Record{Kind: RecordKind, Data: data}
}

// Outcomes: the books foresee them, and the caller decides what they mean at the till. Test with errors.Is.
var (
	ErrFunds    = errors.New("not enough money available")
	ErrUnknown  = errors.New("no such movement")
	ErrDone     = errors.New("has ended already")
	ErrExceeds  = errors.New("more than the movement has left")
	ErrConflict = errors.New("the id stands for another movement")
	ErrAccount  = errors.New("no such account")
)
