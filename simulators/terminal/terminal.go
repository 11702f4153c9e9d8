// Package terminal is the point of sale as a machine without I/O: events go in, what it wants done comes out.
package terminal

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// The names of a terminal's keys in its HSM. The HSM outlives a power cut.
const (
	KeyTMK   = "TMK"   // master key, injected before the first sign-in
	KeyPIK   = "PIK"   // PIN key, by sign-in
	KeyMAK   = "MAK"   // MAC key, by sign-in
	KeyTDK   = "TDK"   // track key, by sign-in with 004 or 006
	KeyStore = "STORE" // seals journal records; the terminal makes it itself

	KeyInitial = "IK" // of DUKPT: each PIN has a key of its own that is derived from it
)

// Config is what a terminal is made of.
type Config struct {
	Name         string                // T1, in traces
	Number       string                // F41, eight characters
	Merchant     string                // F42, fifteen characters
	MerchantName string                // F43 and the slip
	MCC          string                // F18, where the dialect has it
	Serial       string                // told at sign-in in F62 when it is not empty
	KeyScheme    string                // network code of the sign-in: 001, 003, 004, 005, 006 (DOMAIN.md A.5.1); "" is 003
	Batch        string                // six digits until the host says otherwise; "" is 000001
	Currency     pay.Currency          // of settlements, and of orders without an amount; 0 is CNY
	KeySerial    []byte                // of the next DUKPT key, where KeyInitial is loaded
	FirstTrace   int                   // trace number of the first message of a new terminal; 0 is 1
	Random       io.Reader             // for the kernel: unpredictable numbers
	TestCAs      []iso8583.CAPublicKey // beside the keys that are downloaded, and never replaced by a download
	Exceptions   []pay.PAN             // chips that are not to be taken: the exception file (EMV 4.4 Book 3, 10.6; Book 4, 6.3.5)
	Revoked      []kernel.Revoked      // issuer certificates that are not to be trusted (Book 2, 5.1)
	Parameters   Parameters            // those it left the factory with
	SignaturePad bool                  // the cardholder can sign on the terminal
	NoField      bool                  // there is no contactless reader
	Scanner      bool                  // there is one for payers' codes
	Wallets      []WalletAccount       // whose codes are paid by asking the wallet's host
	Version      string                // of its software, eight digits: header nibbles 3, 4 and 7 to 12; "" is what the dialect's header says
	Dialect      *iso8583.Dialect
	HSM          *hsm.HSM // holds KeyTMK, or the working keys where the dialect downloads none
	Rules        *Rules   // not changed by the terminal; Reference gives the honest ones
	Operators    []Operator
	Trace        *trace.Recorder // may be nil
}

// Terminal is one point of sale. It belongs to one goroutine.
type Terminal struct {
	Config
	memory // what the journal tells

	state    State
	operator *operator // who is logged in
	weak     *operator // who must choose a new password first
	order    order
	exchange exchange
	awaiting []line // written, and not yet confirmed by the store
	paper    bool
	battery  bool
	network  string
	failed   map[Device]bool
	version  string // of the software that runs
	lastChip kernel.Outcome
	lastSlip sealedSlip

	restartDue bool // other software waits for a start
}

// New makes a terminal that is switched off.
func New(c Config) (*Terminal, error) {
	if c.Dialect == nil || c.HSM == nil || c.Rules == nil {
		return nil, errors.New("terminal " + c.Name + ": it needs a dialect, an HSM and rules")
	}
	if c.KeyScheme == "" {
		c.KeyScheme = "003"
	}
	if c.Currency == 0 {
		c.Currency = pay.Currency156CNY
	}
	if c.Batch == "" {
		c.Batch = "000001"
	}
	t := &Terminal{Config: c, paper: true, battery: true, network: "wifi", failed: map[Device]bool{}}
	t.memory = memory{trace: max(c.FirstTrace, 1) - 1, batch: c.Batch, parameters: c.Parameters, due: map[Download]bool{}}
	for _, o := range c.Operators {
		known, err := newOperator(o)
		if err != nil {
			return nil, fmt.Errorf("terminal %s: %w", c.Name, err)
		}
		known.hash = t.hash(known, o.Password)
		t.operators = append(t.operators, known)
	}
	t.Operators = nil // the clear passwords
	if !c.HSM.Has(KeyStore) {
		if _, err := c.HSM.Generate(KeyStore, hsm.AES256); err != nil {
			return nil, fmt.Errorf("terminal %s: %w", c.Name, err)
		}
	}
	return t, nil
}

// Restore takes one record of the journal; all of them are given, in order, before the first PowerOn.
func (t *Terminal) Restore(r journal.Record) error {
	l, err := readLine(r)
	if err != nil {
		return fmt.Errorf("terminal %s: %w", t.Name, err)
	}
	l.apply(t)
	return nil
}

// Step takes an event and appends to out what the terminal wants done, in order. An Exchange is the last of its step.
func (t *Terminal) Step(now time.Time, e Event, out *Actions) {
	c := cellFor(t.state, e.Kind)
	c.do(t, now, e, out)
}

// LinkConfig says how the terminal's line is to be run: as its dialect has it.
func (t *Terminal) LinkConfig() iso8583.LinkConfig {
	t.consult("terminal/patience")
	t.consult("terminal/framer")
	t.consult("terminal/correlation")
	c := iso8583.LinkConfig{Dialect: t.Rules.Correlate(t.Dialect), Connection: t.Dialect.Connection, Timers: t.Dialect.Timers, Framer: t.Rules.Framer}
	if t.Rules.Patience > 0 {
		c.Timers.Answer = t.Rules.Patience
	}
	return c
}

// Status is what a look at the terminal shows.
type Status struct {
	State    string // the state's name in the table
	Busy     bool   // an order or a reversal is under way and waits for the store or the line
	SignedIn bool
	Operator string // "" when nobody is logged in
	Batch    string
	Trace    string // the next trace number
	Pending  bool   // a reversal is stored and not acknowledged
	Stored   int    // offline sales that the host has still to hear of
	Settling bool   // a settlement is half done
	Slips    int    // approved slips that wait for paper
	Paper    bool
	Battery  bool
	Network  string // "" when there is none
	Tampered bool
	Version  string // of the software that runs; "" is the dialect's
}

// Holds gives what the terminal works with: its settings, its chip applications and the public keys for them.
func (t *Terminal) Holds() Parameters { return t.parameters }

// Status tells how the terminal is.
func (t *Terminal) Status() Status {
	s := Status{
		State: t.state.String(), Busy: slices.Contains([]State{ReadingCard, Storing, Exchanging, AskingWallet, Finishing}, t.state),
		SignedIn: t.signedIn, Batch: t.batch, Trace: traceDigits(t.Rules.NextTrace(t.trace)), Pending: t.pending != nil, Stored: len(t.stored), Settling: t.settling != nil,
		Slips: len(t.slips), Paper: t.paper, Battery: t.battery, Network: t.network, Tampered: t.tampered, Version: t.version,
	}
	if t.operator != nil {
		s.Operator = t.operator.id
	}
	return s
}

// consult notes that an entry of the rules was asked.
func (t *Terminal) consult(entry string) { t.Trace.Consult(entry) }

// decide records what the terminal decided by an entry of its rules, and why.
func (t *Terminal) decide(now time.Time, entry, reason string) {
	t.Trace.Consult(entry)
	t.Trace.Record(trace.Event{At: now, Party: t.Name, Kind: trace.Decided, Name: entry, Text: reason})
}

func (t *Terminal) masterKey() string { return MasterKey(t.Dialect) }

// MasterKey names the key without which a terminal does nothing; where the dialect downloads no keys it is the MAC key, or
// without a MAC the PIN key.
func MasterKey(d *iso8583.Dialect) string {
	switch {
	case d.Security.Keys != "none":
		return KeyTMK
	case d.Security.MAC == "none":
		return KeyPIK
	}
	return KeyMAK
}

// nextTrace is one more; 000000 is never used (DOMAIN.md A.2, F11).
func nextTrace(last int) int { return last%999999 + 1 }

func traceDigits(n int) string { return fmt.Sprintf("%06d", n) }
