package acquirer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Merchant is a shop that the acquirer pays.
type Merchant struct {
	Number string `json:"number"` // fifteen characters, F42
	Name   string `json:"name"`
	MCC    string `json:"mcc,omitempty"`
	Closed bool   `json:"closed,omitempty"`
	Limits Limits `json:"limits,omitzero"`
}

// Limits bound what a merchant or a terminal may take. A zero limit is none.
type Limits struct {
	PerSale  pay.Amount `json:"per_sale,omitzero"`
	PerDay   pay.Amount `json:"per_day,omitzero"`
	DayCount int        `json:"day_count,omitempty"`
	Prefixes []string   `json:"prefixes,omitempty"` // card numbers must begin with one of them; none: all cards
}

// State is where a terminal stands with its acquirer (DOMAIN.md A.8).
type State string

// The states of a terminal.
const (
	Initial     State = "initial"
	SignedIn    State = "signed-in"
	SignedOut   State = "signed-out"
	Maintenance State = "maintenance"
	Disabled    State = "disabled"
)

// Terminal is a till that the acquirer knows, bound to a merchant, a device and a place.
type Terminal struct {
	Number      string `json:"number"` // eight characters, F41
	Merchant    string `json:"merchant"`
	Serial      string `json:"serial,omitempty"` // of the device; "" binds to none
	Place       string `json:"place,omitempty"`
	State       State  `json:"state"` // "" begins as Initial
	Batch       string `json:"batch"` // six digits; "" begins as 000001
	SignInAgain bool   `json:"sign_in_again,omitempty"`
	Unlisted    bool   `json:"unlisted,omitempty"` // as if it were not registered, with its keys and batch kept
	Limits      Limits `json:"limits,omitzero"`
	Scheme      string `json:"scheme,omitempty"` // of working keys, by the codes of DOMAIN.md A.5.1; a sign-in that names one changes it
	F62         []byte `json:"f62,omitempty"`    // the working keys as they went out, under the master key

	Equipment
}

// AddMerchant registers a merchant. Adding the same one again, as after a restart, changes nothing.
func (a *Acquirer) AddMerchant(m Merchant) error {
	if _, known := a.merchants[m.Number]; known {
		return nil
	}
	if len(m.Number) != 15 {
		return fmt.Errorf("acquirer: merchant %q: want a number of fifteen characters", m.Number)
	}
	a.commit(change{merchants: []Merchant{m}}, func() {})
	return nil
}

// AddTerminal registers a terminal of a known merchant. Its master key is the HSM's key TerminalKey(number, "TMK").
// Adding the same one again, as after a restart, changes nothing.
func (a *Acquirer) AddTerminal(t Terminal) error {
	if _, known := a.terminals[t.Number]; known {
		return nil
	}
	if len(t.Number) != 8 {
		return fmt.Errorf("acquirer: terminal %q: want a number of eight characters", t.Number)
	}
	if _, known := a.merchants[t.Merchant]; !known {
		return fmt.Errorf("acquirer: terminal %s: merchant %q is not registered: add it first", t.Number, t.Merchant)
	}
	if t.State == "" {
		t.State = Initial
	}
	if t.Batch == "" {
		t.Batch = "000001"
	}
	a.commit(change{terminals: []Terminal{t}}, func() {})
	return nil
}

// UpdateMerchant changes what the acquirer holds about a merchant.
func (a *Acquirer) UpdateMerchant(number string, edit func(*Merchant)) error {
	m, known := a.merchants[number]
	if !known {
		return fmt.Errorf("acquirer: merchant %q is not registered: add it first", number)
	}
	edit(&m)
	a.commit(change{merchants: []Merchant{m}}, func() {})
	return nil
}

// UpdateTerminal changes what the acquirer holds about a terminal: its state, batch, serial number, place, or that its next
// answer asks it to sign in again.
func (a *Acquirer) UpdateTerminal(number string, edit func(*Terminal)) error {
	t, known := a.terminals[number]
	if !known {
		return fmt.Errorf("acquirer: terminal %q is not registered: add it first", number)
	}
	edit(&t)
	a.commit(change{terminals: []Terminal{t}}, func() {})
	return nil
}

// Terminals lists the terminals by number.
func (a *Acquirer) Terminals() []Terminal {
	list := make([]Terminal, 0, len(a.terminals))
	for _, number := range slices.Sorted(maps.Keys(a.terminals)) {
		list = append(list, a.terminals[number])
	}
	return list
}
