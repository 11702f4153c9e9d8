// Package issuer is the reference issuer: it knows the cards, checks what is asked of them, and keeps the cardholders' accounts.
package issuer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Names of the keys in the issuer's HSM.
const (
	KeyZPK      = "ZPK"      // PIN blocks from the acquirer
	KeyCVK      = "CVK"      // card verification values, a double-length DES key
	KeyPINStore = "PINSTORE" // PINs at rest; made by New when it is absent
	KeyStore    = "STORE"    // AES: card numbers, and PINs on their way to a chip, at rest; made by New when it is absent
)

// Config is what an issuer works with. Rules, Store, Trace and Seal may be nil: the reference rules, no memory beyond this one, no
// trace, no MAC on the line.
type Config struct {
	Dialect *iso8583.Dialect
	HSM     *hsm.HSM
	Rules   *Rules
	Store   journal.Store
	Trace   *trace.Recorder
	Seal    func(*iso8583.Message) error // puts the MAC on an answer
}

// Issuer is one world's issuer. It belongs to the world's loop: it takes no locks.
type Issuer struct {
	Config
	books     *ledger.Ledger
	condition Condition
	next      pay.Answer         // what AnswerNext asked for
	cards     map[string]account // by the hash of the card number
	names     map[string]string  // card name to hash
	tokens    map[string]string  // the hash of a token to that of its card
	codes     map[string]code    // by the hash of the payer's code
	shown     []string           // those hashes, as they were given
	payments  map[string]Payment // by RRN
	order     []string           // of payments, as they came
	days      map[string]total
	open      map[string]bool    // RRNs of authorizations that hold money
	nextEnd   time.Time          // when the first of them is too old, or before
	hashes    map[pay.PAN]string // of card numbers that were asked for
	broken    bool               // the journal failed: what is in memory may not be durable
}

// New makes an issuer and replays what its store holds.
func New(c Config) (*Issuer, error) {
	if c.Rules == nil {
		r := Reference()
		c.Rules = &r
	}
	i := &Issuer{Config: c, books: ledger.New(), cards: map[string]account{}, names: map[string]string{}, tokens: map[string]string{},
		codes:    map[string]code{},
		payments: map[string]Payment{}, days: map[string]total{}, open: map[string]bool{}, hashes: map[pay.PAN]string{}}
	for _, own := range []struct {
		name string
		kind hsm.Algorithm
	}{{KeyPINStore, hsm.TDES2}, {KeyStore, hsm.AES256}} {
		if c.HSM.Has(own.name) {
			continue
		}
		if _, err := c.HSM.Generate(own.name, own.kind); err != nil {
			return nil, fmt.Errorf("issuer: %w", err)
		}
	}
	if c.Store != nil {
		if err := c.Store.Replay(i.replay); err != nil {
			return nil, fmt.Errorf("issuer: %w", err)
		}
	}
	return i, nil
}

// Serve answers one request of the acquirer.
func (i *Issuer) Serve(now time.Time, req *iso8583.Message, out iso8583.Outbox) {
	if i.condition.Down || i.broken {
		i.note(now, trace.Trouble, "silent", "the issuer takes the request and does nothing")
		return
	}
	i.traceMessage(now, trace.Received, req)
	i.Age(now)
	c := &Call{Issuer: i, now: now, req: req, out: out, declines: cmp.Or(i.next, i.condition.Answer)}
	i.next = ""
	c.serve()
}

// Condition is what ails the issuer. The zero value is good health.
type Condition struct {
	Down   bool          // requests are taken and nothing happens
	Delay  time.Duration // answers leave that much later than the decision
	Answer pay.Answer    // every payment is declined so: 96 malfunction
}

// SetCondition arranges what ails the issuer from now on.
func (i *Issuer) SetCondition(c Condition) { i.condition = c }

// AnswerNext has the next request declined so, if it asks for money.
func (i *Issuer) AnswerNext(code pay.Answer) { i.next = code }

// Status is how a card stands.
type Status string

// The statuses of a card. "" is Active.
const (
	Active     Status = "active"
	Lost       Status = "lost"
	Stolen     Status = "stolen"
	Restricted Status = "restricted"
	Closed     Status = "closed"
	PickUp     Status = "pick-up"
	Dormant    Status = "dormant"
)

// Card is a card and its account, as they are opened.
type Card struct {
	Name        string // stands for the card in traces, journals and statements
	PAN         pay.PAN
	Expiry      string // YYMM
	Service     string // service code of track 2
	PIN         pay.Secret
	Balance     pay.Amount // opening
	Status      Status
	MaxPINTries int  // wrong PINs in a row; 0 means 3
	PickUp      bool // too many wrong PINs: 38, keep the card, instead of 75
	Limits      Limits
	Chip        Chip
	Token       Token
	Wallet      WalletLevel
}

// Limits bound what a card may spend. A zero limit is none.
type Limits struct {
	PerSale  pay.Amount `json:"per_sale,omitzero"`
	PerDay   pay.Amount `json:"per_day,omitzero"`
	DayCount int        `json:"day_count,omitempty"`
}

// Account is what the issuer keeps of a card, and what may be changed later. It holds no card number.
type Account struct {
	Name        string `json:"name"`
	Expiry      string `json:"expiry"`
	Status      Status `json:"status"`
	Tries       int    `json:"tries"` // wrong PINs in a row so far
	MaxPINTries int    `json:"max_pin_tries"`
	PickUp      bool   `json:"pick_up,omitempty"`
	Limits      Limits `json:"limits,omitzero"`
	Chip        Chip   `json:"chip,omitzero"`

	Wallet WalletLevel `json:"wallet,omitempty"`
}

// account is how an Account stands in the journal.
type account struct {
	Account
	Hash   string  `json:"hash"`             // of the card number
	Number []byte  `json:"number,omitempty"` // the card number under KeyStore
	PIN    []byte  `json:"pin,omitempty"`    // reference block under KeyPINStore
	Token  tokenOf `json:"token,omitzero"`
}

// AddCard opens an account with a card on it. Adding the same one again, as after a restart, changes nothing.
func (i *Issuer) AddCard(c Card) error {
	hash := hashOf(c.PAN)
	if _, known := i.cards[hash]; known && i.names[c.Name] == hash {
		return nil
	}
	if _, taken := i.names[c.Name]; taken || c.Name == "" || c.PAN.IsZero() {
		return fmt.Errorf("issuer: card %q: want a card number and a name of its own", c.Name)
	}
	if err := c.check(); err != nil {
		return err
	}
	a := account{Hash: hash, Account: Account{Name: c.Name, Expiry: c.Expiry, Status: c.Status, MaxPINTries: c.MaxPINTries,
		PickUp: c.PickUp, Limits: c.Limits, Chip: c.Chip, Wallet: c.Wallet}}
	if !c.Token.PAN.IsZero() {
		a.Token = tokenOf{Hash: hashOf(c.Token.PAN), Expiry: c.Token.Expiry}
	}
	if a.MaxPINTries == 0 {
		a.MaxPINTries = 3
	}
	if a.Status == "" {
		a.Status = Active
	}
	var err error
	if a.Number, err = i.HSM.Seal(KeyStore, []byte(c.PAN.Reveal())); err != nil {
		return fmt.Errorf("issuer: card %q: %w", c.Name, err)
	}
	if !c.PIN.IsZero() {
		if a.PIN, err = i.HSM.EncryptPIN(KeyPINStore, hsm.PINISO0, c.PIN, c.PAN); err != nil {
			return fmt.Errorf("issuer: card %q: %w", c.Name, err)
		}
	}
	tx := i.books.Begin(time.Time{})
	if err := openAccounts(tx, c, i.Rules.Floor); err != nil {
		return fmt.Errorf("issuer: card %q: %w", c.Name, err)
	}
	i.commit(change{cards: []account{a}, books: tx}, func() {})
	return nil
}

// check holds the card's data to their shapes: what goes into the journal is what its name says, and no PIN or key that was
// written in the wrong place.
func (c Card) check() error {
	switch {
	case !isDigits(c.Expiry) || len(c.Expiry) != 4:
		return fmt.Errorf("issuer: card %q: want the expiry as YYMM", c.Name)
	case !c.Token.PAN.IsZero() && (!isDigits(c.Token.Expiry) || len(c.Token.Expiry) != 4):
		return fmt.Errorf("issuer: card %q: want the token's expiry as YYMM", c.Name)
	case !isDigits(c.Service) || len(c.Service) != 0 && len(c.Service) != 3:
		return fmt.Errorf("issuer: card %q: want a service code of three digits, or none", c.Name)
	}
	if err := c.Chip.check(c.Name); err != nil {
		return err
	}
	if err := c.Wallet.check(c.Name); err != nil {
		return err
	}
	return c.Status.check(c.Name)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func (s Status) check(card string) error {
	if known := []Status{"", Active, Lost, Stolen, Restricted, Closed, PickUp, Dormant}; !slices.Contains(known, s) {
		return fmt.Errorf("issuer: card %q: want a status of %s", card, strings.Trim(fmt.Sprint(known), "[ ]"))
	}
	return nil
}

// UpdateCard changes what the issuer keeps of a card: status, wrong tries, limits.
func (i *Issuer) UpdateCard(name string, edit func(*Account)) error {
	a, known := i.cards[i.names[name]]
	if !known {
		return fmt.Errorf("issuer: card %q is not known: add it first", name)
	}
	edit(&a.Account)
	a.Name = name
	if err := a.Status.check(name); err != nil {
		return err
	}
	i.commit(change{cards: []account{a}}, func() {})
	return nil
}

// Card gives what the issuer keeps of a card.
func (i *Issuer) Card(name string) (Account, bool) {
	a, known := i.cards[i.names[name]]
	return a.Account, known
}

// Balance gives the money of a card's account.
func (i *Issuer) Balance(name string) (ledger.Balance, error) {
	return i.books.Balance(cardAccount(name))
}

// Ledger gives the issuer's books, to be read.
func (i *Issuer) Ledger() *ledger.Ledger { return i.books }

// Payments lists the payments in the order they came.
func (i *Issuer) Payments() []Payment {
	list := make([]Payment, len(i.order))
	for n, rrn := range i.order {
		list[n] = i.payments[rrn]
	}
	return list
}

// Where the card verification value stands in track 2, counted from behind the service code: a PIN verification field of
// five digits comes first, as on most cards.
const (
	cvvFrom = 5
	cvvTo   = 8
)

// Stripe gives the track 2 that the issuer writes on a card: number, D, expiry, service code, five zeros where a PIN
// verification value may stand, the card verification value, and zeros up to 37 digits.
func (i *Issuer) Stripe(c Card) (pay.Secret, error) {
	cvv, err := i.HSM.CVV(KeyCVK, c.PAN, c.Expiry, c.Service)
	if err != nil {
		return pay.Secret{}, fmt.Errorf("issuer: card %q: %w", c.Name, err)
	}
	track := c.PAN.Reveal() + "D" + c.Expiry + c.Service + "00000" + cvv
	if len(track) > 37 {
		return pay.Secret{}, errors.New("issuer: card " + c.Name + ": its number leaves no room for the verification value")
	}
	return pay.NewSecret(track + "0000000000"[:min(10, 37-len(track))]), nil
}

func hashOf(pan pay.PAN) string {
	sum := sha256.Sum256([]byte("tillproof card number " + pan.Reveal()))
	return hex.EncodeToString(sum[:16])
}

func (i *Issuer) note(now time.Time, kind trace.Kind, name, text string) {
	i.Trace.Record(trace.Event{At: now, Party: "issuer", Kind: kind, Name: name, Text: text})
}
