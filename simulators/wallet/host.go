// Package wallet is the reference wallet host: payers with their money and codes, merchants with their orders, and what each is told.
package wallet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Names of the keys in the host's HSM. A merchant's and a payer's phone sign under keys of their own.
const (
	KeyHost  = "HOST"  // signs answers and notifications
	KeyStore = "STORE" // AES: passwords at rest; made by New when it is absent
)

// MerchantKey names the key by which a merchant's requests are verified, PhoneKey that of a payer's phone.
func MerchantKey(number string) string { return "merchant:" + number }

// PhoneKey names the key by which the requests of a payer's phone are verified.
func PhoneKey(payer string) string { return "phone:" + payer }

// Config is what a host works with. Rules, Store and Trace may be nil: the reference rules, no memory beyond this one, no trace.
type Config struct {
	Scheme *walletapi.Scheme
	HSM    *hsm.HSM
	Seed   sim.Seed // payer codes are drawn from it
	Rules  *Rules
	Store  journal.Store
	Trace  *trace.Recorder
}

// Host is one world's wallet, a machine without I/O: the same host runs in memory and behind HTTP (walletapi.Server). It belongs to the
// world's loop: it takes no locks.
type Host struct {
	Config
	books     *ledger.Ledger
	condition Condition
	merchants map[string]Merchant
	payers    map[string]payer
	codes     map[string]code // by the hash of their digits
	shown     []string        // those hashes, as they were given
	given     int             // codes so far, with those that are forgotten
	orders    map[string]Order
	order     []string         // keys of orders, as they came
	open      []string         // keys of those that nobody has paid yet
	paid      map[string]int   // payments by payer and day
	static    map[string]int64 // ... what they paid by codes on walls, in minor units
	trades    map[string]string
	telling   map[string]bool // orders whose notifications are under way
	broken    bool            // the journal failed: what is in memory may not be durable
}

// New makes a host and replays what its store holds.
func New(c Config) (*Host, error) {
	if c.Rules == nil {
		r := Reference()
		c.Rules = &r
	}
	h := &Host{Config: c, books: ledger.New(), merchants: map[string]Merchant{}, payers: map[string]payer{}, codes: map[string]code{},
		orders: map[string]Order{}, paid: map[string]int{}, static: map[string]int64{}, trades: map[string]string{}, telling: map[string]bool{}}
	if !c.HSM.Has(KeyStore) {
		if _, err := c.HSM.Generate(KeyStore, hsm.AES256); err != nil {
			return nil, fmt.Errorf("wallet: %w", err)
		}
	}
	if c.Store != nil {
		if err := c.Store.Replay(h.replay); err != nil {
			return nil, fmt.Errorf("wallet: %w", err)
		}
	}
	return h, nil
}

// Condition is what ails the host towards merchants; phones have a line of their own. The zero value is good health.
type Condition struct {
	Down   bool          // requests are taken and nothing happens
	Silent bool          // requests are done, and nobody is told
	Delay  time.Duration // answers leave that much later than the decision
	Unsure bool          // what is done is answered as unknown
}

// SetCondition arranges what ails the host from now on.
func (h *Host) SetCondition(c Condition) { h.condition = c }

// Merchant may be paid.
type Merchant struct {
	Number string     `json:"number"`
	Name   string     `json:"name"`
	MCC    string     `json:"mcc"`
	Owner  string     `json:"owner,omitempty"`  // the payer whose shop it is
	Limit  pay.Amount `json:"limit,omitzero"`   // for one payment; none when zero
	Notify string     `json:"notify,omitempty"` // where it is told of what its static code was paid
}

// AddMerchant opens a merchant's account. Adding the same one again, as after a restart, changes nothing.
func (h *Host) AddMerchant(m Merchant) error {
	if m.Number == "" || m.Name == "" {
		return errors.New("wallet: a merchant has a number and a name")
	}
	if was, known := h.merchants[m.Number]; known && was == m {
		return nil
	}
	tx := h.books.Begin(time.Time{})
	if err := tx.Open(merchantAccount(m.Number), pay.CNY(0), ledger.NoFloor); err != nil {
		return fmt.Errorf("wallet: merchant %s: %w", m.Number, err)
	}
	h.commit(change{merchants: []Merchant{m}, books: tx}, func() {})
	return nil
}

// Payer is a person with the wallet's app on his phone.
type Payer struct {
	Name     string // stands for him in traces, journals and statements
	Password pay.Secret
	Balance  pay.Amount // opening
	Settings
}

// Settings are what may be changed of a payer later.
type Settings struct {
	Blocked bool `json:"blocked,omitempty"`
	Asked   bool `json:"asked,omitempty"` // for his password at every payment, whatever the amount
}

// payer is how a Payer stands in the journal.
type payer struct {
	Name     string   `json:"name"`
	Password []byte   `json:"password"` // sealed under KeyStore
	Settings Settings `json:"settings,omitzero"`
}

// AddPayer opens a payer's account. Adding the same one again, as after a restart, changes nothing.
func (h *Host) AddPayer(p Payer) error {
	digits := p.Password.Reveal()
	switch {
	case p.Name == "" || strings.ContainsAny(p.Name, ":/"):
		return fmt.Errorf("wallet: payer %q: want a name without : and /", p.Name)
	case len(digits) != 6 || strings.Trim(digits, "0123456789") != "":
		return fmt.Errorf("wallet: payer %s: want a password of six digits", p.Name)
	}
	if _, known := h.payers[p.Name]; known {
		return nil
	}
	sealed, err := h.HSM.Seal(KeyStore, []byte(digits))
	if err != nil {
		return fmt.Errorf("wallet: payer %s: %w", p.Name, err)
	}
	tx := h.books.Begin(time.Time{})
	if err := tx.Open(payerAccount(p.Name), p.Balance, h.Rules.Floor); err != nil {
		return fmt.Errorf("wallet: payer %s: %w", p.Name, err)
	}
	h.commit(change{payers: []payer{{p.Name, sealed, p.Settings}}, books: tx}, func() {})
	return nil
}

// SetPayer changes a payer's settings.
func (h *Host) SetPayer(name string, s Settings) error {
	p, known := h.payers[name]
	if !known {
		return fmt.Errorf("wallet: payer %q is not known: add him first", name)
	}
	p.Settings = s
	h.commit(change{payers: []payer{p}}, func() {})
	return nil
}

// Balance gives a payer's money, MerchantBalance a merchant's.
func (h *Host) Balance(name string) (ledger.Balance, error) {
	return h.books.Balance(payerAccount(name))
}

// MerchantBalance gives a merchant's money.
func (h *Host) MerchantBalance(number string) (ledger.Balance, error) {
	return h.books.Balance(merchantAccount(number))
}

// Ledger gives the host's books, to be read.
func (h *Host) Ledger() *ledger.Ledger { return h.books }

// Orders lists the orders as they came.
func (h *Host) Orders() []Order {
	list := make([]Order, len(h.order))
	for i, key := range h.order {
		list[i] = h.orders[key]
	}
	return list
}

func payerAccount(name string) ledger.Account      { return ledger.Account("payer:" + name) }
func merchantAccount(number string) ledger.Account { return ledger.Account("merchant:" + number) }

func (h *Host) note(now time.Time, kind trace.Kind, name, text string) {
	h.Trace.Record(trace.Event{At: now, Party: h.Scheme.Name, Kind: kind, Name: name, Text: text})
}
