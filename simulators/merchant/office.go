package merchant

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Config is what an office works with. All but Terms may be nil: the reference rules, no memory beyond this one, no trace, a
// bank that pays, keys of its own.
type Config struct {
	Terms *Terms
	Rules *Rules
	Staff pay.Secret // what the office's own people show from outside; nobody is one of them without
	Store journal.Store
	Trace *trace.Recorder
	Bank  Bank

	HSM      *hsm.HSM                                         // what is known of persons is sealed under its key KeyStore, made by New when it is absent
	Open     func(Merchant) error                             // has the acquirer know a merchant
	Register Register                                         // nil: nobody can activate a device
	Stop     func(merchant, terminal string, stop bool) error // has the acquirer take nothing more of a merchant or one of his terminals, or take it again
	Quarrel  func(sale string, a pay.Amount) error            // has the acquirer refund so much less of a sale; less than zero takes that back
	Collect  Collect                                          // nil: the payers' banks pay
	NameOf   func(account pay.Secret) (Holder, bool)          // asks a bank whose an account is; nil: nobody's
	Credit   Credit                                           // nil: no bank takes anything
	Tell     func(payer, id string, args ...string)           // texts a payer, by the id of the words
	Message  func(phone, code pay.Secret)                     // carries an activation code
	Carry    Carry                                            // nil: nobody brings notices
	Risk     Risk                                             // nil functions: nobody asks for them
}

// Office is what one acquirer does for its merchants beside their tills. It belongs to the world's loop: it takes no locks.
//
// The office is a machine without I/O. It hears facts, the movements that the acquirer has posted for merchants, from whoever knows both (the
// rig); it answers requests (Serve), and does what falls due when it is told the time (Age). Its books are its own:
//
//	clearing ─ amount → payable:M ─ fee → fees:acquirer ─ parts → fees:issuer, fees:network
//	payable:M ─ payout → transit → bank, or back; and its surcharge → fees:surcharge
//	network ─ what the books have → clearing, what the scheme's file has more → suspense → payable:M or back
//
// Each movement becomes an Item: a line of a statement with its fee, the line of the tariff that explains it, and whose share is whose. An
// item is paid by one payout, at the payday of its business day. What comes to less than nothing stays unpaid and lowers the next payout. Of
// what goes back, the fee goes back in proportion, all parts together the whole. Prices, days and holidays are data
// (fixtures/merchants/services/terms.yaml); how they are read is Rules, and a defect is an edit of those. core/audit does the sums again from
// the office's statements: each movement of the acquirer cleared once, each fee what its rate makes of it, shares that sum to the fee, each
// item paid once, each account what was moved.
type Office struct {
	Config
	books     *ledger.Ledger
	merchants map[string]Merchant
	items     map[string]*Item // by the movement's id
	order     []string
	unpaid    map[string][]string // items by merchant
	sales     map[string]*standing
	payouts   map[string]Payout
	paidOrder []string
	wakes     map[string]time.Time // by merchant: when to look whether he is to be paid
	cases     map[string]Case

	applications     map[string]Application
	applicationOrder []string
	devices          map[string]Device // by serial number
	shipped          []string
	agreements       map[string]Agreement
	debits           map[string]Debit
	debitOrder       []string
	disputes         map[string]Dispute
	disputeOrder     []string
	phones           map[string]Phone // by merchant
	transfers        map[string]Transfer
	transferOrder    []string
	subscriptions    map[string]Subscription // by merchant
	notices          map[string]Notice
	noticeOrder      []string
	untold           []string // notices that are to be tried

	users    map[string]User      // by merchant and name
	sessions map[string]string    // users by what is kept of their token
	seen     map[string]time.Time // by user: when his session was last used
	keys     map[string]string    // merchants by what is kept of their key

	caseOrder []string
	agreed    map[string]bool // items that the scheme's file has been held against
	heard     time.Time       // movements up to then have come
	aged      time.Time
	broken    bool // the journal failed: what is in memory may not be durable
}

// New makes an office and replays what its store holds.
func New(c Config) (*Office, error) {
	if c.Rules == nil {
		r := Reference()
		c.Rules = &r
	}
	if c.Bank == nil {
		c.Bank = func(time.Time, Payout) BankWord { return BankPaid }
	}
	o := &Office{Config: c, books: ledger.New(), merchants: map[string]Merchant{}, items: map[string]*Item{}, unpaid: map[string][]string{},
		sales: map[string]*standing{}, payouts: map[string]Payout{}, wakes: map[string]time.Time{}, cases: map[string]Case{}, agreed: map[string]bool{},
		applications: map[string]Application{}, devices: map[string]Device{}, agreements: map[string]Agreement{}, debits: map[string]Debit{}, disputes: map[string]Dispute{},
		transfers: map[string]Transfer{}, phones: map[string]Phone{}, subscriptions: map[string]Subscription{}, notices: map[string]Notice{},
		users: map[string]User{}, sessions: map[string]string{}, seen: map[string]time.Time{}, keys: map[string]string{}}
	if c.HSM == nil {
		o.HSM = hsm.New(sim.Seed(0).Reader("office"))
	}
	if o.Message == nil {
		o.Message = func(pay.Secret, pay.Secret) {}
	}
	if o.Quarrel == nil {
		o.Quarrel = func(string, pay.Amount) error { return nil }
	}
	if o.NameOf == nil {
		o.NameOf = func(pay.Secret) (Holder, bool) { return Holder{}, false }
	}
	if o.Credit == nil {
		o.Credit = func(time.Time, string, BankAccount, pay.Amount) BankWord { return BankRefused }
	}
	if o.Carry == nil {
		o.Carry = func(time.Time, Notice, pay.Secret, walletapi.Params) {}
	}
	if o.Collect == nil {
		o.Collect = func(time.Time, string, string, pay.Amount) BankWord { return BankPaid }
	}
	if o.Tell == nil {
		o.Tell = func(string, string, ...string) {}
	}
	if o.Open == nil {
		o.Open = func(Merchant) error { return nil }
	}
	if o.Stop == nil {
		o.Stop = func(string, string, bool) error { return nil }
	}
	if !o.HSM.Has(KeyStore) {
		if _, err := o.HSM.Generate(KeyStore, hsm.AES256); err != nil {
			return nil, fmt.Errorf("office: %w", err)
		}
	}
	if c.Store != nil {
		if err := c.Store.Replay(o.replay); err != nil {
			return nil, fmt.Errorf("office: %w", err)
		}
	}
	return o, nil
}

// Merchant is who is paid.
type Merchant struct {
	Number string `json:"number"` // fifteen characters, F42
	Name   string `json:"name"`
	MCC    string `json:"mcc"`
	Term   Term   `json:"term"`

	Suspended bool `json:"suspended,omitempty"`
	Closed    bool `json:"closed,omitempty"`
}

// Enrol takes a merchant on, or changes what is agreed with him: a change counts for what is sold and paid from then on.
func (o *Office) Enrol(now time.Time, m Merchant) error {
	if m.Term == "" {
		m.Term = TermNextWorkingDay
	}
	was, known := o.merchants[m.Number]
	m.Suspended, m.Closed = was.Suspended, was.Closed
	switch {
	case known && was == m:
		return nil
	case m.Number == "" || m.Name == "":
		return errors.New("office: a merchant has a number and a name")
	case !slices.Contains([]Term{TermNextWorkingDay, TermNextDay, TermSameDay}, m.Term):
		return fmt.Errorf("office: merchant %s: term %q: want T+1, D+1 or D+0", m.Number, m.Term)
	}
	tx := o.books.Begin(now)
	if err := open(tx, payable(m.Number), clearing, network, suspense, transit, bank, feesIssuer, feesNetwork, feesAcquirer, feesSurcharge); err != nil {
		return fmt.Errorf("office: merchant %s: %w", m.Number, err)
	}
	o.commit(change{merchants: []Merchant{m}, books: tx})
	return nil
}

// Merchant gives one by his number.
func (o *Office) Merchant(number string) (Merchant, bool) {
	m, known := o.merchants[number]
	return m, known
}

// Merchants lists those that there are, by number.
func (o *Office) Merchants() []Merchant {
	list := make([]Merchant, 0, len(o.merchants))
	for _, number := range slices.Sorted(maps.Keys(o.merchants)) {
		list = append(list, o.merchants[number])
	}
	return list
}

// Devices lists the devices as they were shipped.
func (o *Office) Devices() []Device {
	list := make([]Device, len(o.shipped))
	for i, serial := range o.shipped {
		list[i] = o.devices[serial]
	}
	return list
}

// Accounts of the office, in the one currency that it clears. What a sale brings comes from clearing, which the scheme's file evens out
// from network; suspense is what file and books differ by, until somebody has found out why.
const (
	clearing      ledger.Account = "clearing"
	network       ledger.Account = "network"
	suspense      ledger.Account = "suspense"
	transit       ledger.Account = "transit" // payouts that the bank has not answered yet
	bank          ledger.Account = "bank"    // ... and those that it has made
	feesIssuer    ledger.Account = "fees:issuer"
	feesNetwork   ledger.Account = "fees:network"
	feesAcquirer  ledger.Account = "fees:acquirer"
	feesSurcharge ledger.Account = "fees:surcharge"
)

func payable(merchant string) ledger.Account { return ledger.Account("payable:" + merchant) }

// open makes sure that accounts stand open in tx.
func open(tx *ledger.Tx, accounts ...ledger.Account) error {
	for _, name := range accounts {
		if _, err := tx.Balance(name); err == nil {
			continue
		}
		if err := tx.Open(name, pay.CNY(0), ledger.NoFloor); err != nil {
			return err
		}
	}
	return nil
}

// move posts an amount, the other way round when it is less than zero; nothing when it is nothing.
func move(tx *ledger.Tx, id string, from, to ledger.Account, a pay.Amount) error {
	switch {
	case a.Minor > 0:
		return tx.Charge(ledger.ID(id), from, to, a)
	case a.Minor < 0:
		return tx.Charge(ledger.ID(id), to, from, a.Neg())
	}
	return nil
}

// Ledger gives the office's books, to be read.
func (o *Office) Ledger() *ledger.Ledger { return o.books }

// Owed gives what a merchant has still to be paid; less than nothing when he owes.
func (o *Office) Owed(number string) (pay.Amount, error) {
	b, err := o.books.Balance(payable(number))
	return b.Booked, err
}

// Payouts lists the payouts as they were made.
func (o *Office) Payouts() []Payout {
	list := make([]Payout, len(o.paidOrder))
	for i, number := range o.paidOrder {
		list[i] = o.payouts[number]
	}
	return list
}

// Age does what has fallen due: cut-offs, payouts, questions to the bank. Serve calls it first; whoever looks at the books calls it before,
// when it has told what the acquirer has posted up to now.
func (o *Office) Age(now time.Time) {
	o.ageDeposits(now)
	o.ageMembers(now)
	o.ageDebits(now)
	o.ageDisputes(now)
	o.ageTransfers(now)
	for range 100_000 { // years of paydays
		at, number := time.Time{}, ""
		for _, m := range slices.Sorted(maps.Keys(o.wakes)) {
			if wake := o.wakes[m]; !wake.After(now) && (number == "" || wake.Before(at)) {
				at, number = wake, m
			}
		}
		if number == "" || o.broken {
			break
		}
		if at.Before(o.aged) {
			at = o.aged
		}
		o.aged = at
		o.askBank(at, number)
		o.payDue(at, number)
	}
	if now.After(o.aged) {
		o.aged = now
	}
	o.ageNews(now)
}

func (o *Office) note(now time.Time, kind trace.Kind, name, text string) {
	o.Trace.Record(trace.Event{At: now, Party: "office", Kind: kind, Name: name, Text: text})
}

func (o *Office) consult(rule string) { o.Trace.Consult("merchant/" + rule) }
