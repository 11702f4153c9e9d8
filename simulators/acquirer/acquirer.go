// Package acquirer is the reference acquirer: it keeps terminals and merchants, checks what tills send, asks the issuer and keeps the merchants' books.
package acquirer

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Names of the keys in the acquirer's HSM.
const (
	KeyZPK   = "ZPK"   // PIN blocks on the way to the issuer
	KeyStore = "STORE" // AES: card numbers at rest; made by New when it is absent
)

// TerminalKey names a key that the acquirer shares with a terminal: "10000001/TMK", and PIK, MAK, TDK.
func TerminalKey(terminal, key string) string { return terminal + "/" + key }

// Config is what an acquirer works with. Rules, Store and Trace may be nil: the reference rules, no memory beyond this
// one, no trace.
type Config struct {
	Dialect       *iso8583.Dialect // the terminals' side
	IssuerDialect *iso8583.Dialect // the network side
	Issuer        iso8583.Handler  // decides payments; its answers may come later
	HSM           *hsm.HSM
	Rules         *Rules
	Store         journal.Store
	Trace         *trace.Recorder
	Stock         map[Download][][]byte // what there is to fetch until something else is published

	Dress func(req, answer *iso8583.Message) // changes what of an answer is the acquirer's to choose, before its MAC; nil for nothing
}

// Acquirer is one world's acquirer. It belongs to the world's loop: it takes no locks.
type Acquirer struct {
	Config
	books     *ledger.Ledger
	condition Condition
	next      pay.Answer // what AnswerNext asked for
	merchants map[string]Merchant
	terminals map[string]Terminal
	editions  map[editionKey]Edition

	signatures map[Key]Signature // by payment
	payments   map[Key]Payment
	order      []Key           // of payments, as they came
	inBatch    map[Key][]int32 // where in order a terminal's batch is
	days       map[dayOf]total
	risk       risk
	batches    map[Key]Batch // by terminal and batch number
	rrnDay     string
	rrnLast    int
	open       queue            // authorizations that hold money
	nextEnd    time.Time        // when the first of them is too old, or before
	byRRN      map[string]int32 // where in order
	byAuth     map[string][]Key // deposits, by merchant, date and authorization code
	unheard    queue            // payments whose chip's results the issuer has not heard
	due        queue            // payments that the issuer must take back
	undoing    map[Key]bool     // of those, the ones that are under way
	resting    queue            // and the ones that are not, as far as they are durable
	writing    map[Key]int      // changes of payments that the journal has not yet
	asked      []*questionOut   // what the issuer has not answered, as it was asked
	watched    bool             // ... and a timer runs for the first
	sealed     []byte           // room for an answer
	resumed    bool
	broken     bool // the journal failed: what is in memory may not be durable
}

// New makes an acquirer and replays what its store holds.
func New(c Config) (*Acquirer, error) {
	if c.Rules == nil {
		r := Reference()
		c.Rules = &r
	}
	a := &Acquirer{Config: c, books: ledger.New(), merchants: map[string]Merchant{}, terminals: map[string]Terminal{}, editions: map[editionKey]Edition{}, signatures: map[Key]Signature{},
		payments: map[Key]Payment{}, days: map[dayOf]total{}, inBatch: map[Key][]int32{}, batches: map[Key]Batch{}, undoing: map[Key]bool{}, writing: map[Key]int{}, byRRN: map[string]int32{}, byAuth: map[string][]Key{}}
	if !c.HSM.Has(KeyStore) {
		if _, err := c.HSM.Generate(KeyStore, hsm.AES256); err != nil {
			return nil, fmt.Errorf("acquirer: %w", err)
		}
	}
	if c.Store != nil {
		if err := c.Store.Replay(a.replay); err != nil {
			return nil, fmt.Errorf("acquirer: %w", err)
		}
	}
	return a, nil
}

// Serve answers one request of a terminal.
func (a *Acquirer) Serve(now time.Time, req *iso8583.Message, out iso8583.Outbox) {
	a.Resume(now, out)
	a.Age(now)
	if a.condition.Silent || a.broken {
		a.note(now, trace.Trouble, "silent", "the acquirer takes the request and does nothing")
		return
	}
	(&Call{Acquirer: a, now: now, req: req, out: out}).serve()
}

// Unreadable is told of a frame that is no message. It gets no answer: a host that answers what it cannot read hides the
// sender's mistake.
func (a *Acquirer) Unreadable(now time.Time, frame []byte, err error) {
	a.Trace.Consult("acquirer/unreadable")
	a.Trace.Record(trace.Event{At: now, Party: "acquirer", Kind: trace.Trouble, Name: "undecodable", Text: err.Error(),
		Frame: trace.Opaque(frame)})
	a.Rules.Unreadable(a)
}

// Resume takes up what a restart interrupted: payments that waited for the issuer end as unanswered, and reversals that the
// issuer has not acknowledged go out again. Serve calls it first; a server calls it as soon as its loop runs.
func (a *Acquirer) Resume(now time.Time, out iso8583.Outbox) {
	if a.broken || a.condition.Silent {
		return
	}
	if !a.resumed {
		a.resumed = true
		for _, p := range a.Payments() {
			if p.State == Pending {
				p = p.abandoned(pay.Answer98NoAnswer, a.Rules)
				a.note(now, trace.Decided, "restart", p.Key().String()+" waited for the issuer when the acquirer stopped")
				a.commit(change{payments: []Payment{p}}, func() { a.undo(now, p, out) })
			}
		}
	}
	for _, k := range a.unheard.all() {
		a.tellScripts(now, k, out)
	}
	for _, k := range a.resting.all() {
		a.undo(now, a.payments[k], out)
	}
}

// Ledger gives the acquirer's books, to be read.
func (a *Acquirer) Ledger() *ledger.Ledger { return a.books }

// Balance gives what the acquirer owes a merchant; zero before the first sale.
func (a *Acquirer) Balance(merchant string) ledger.Balance {
	b, err := a.books.Balance(merchantAccount(merchant))
	if err != nil {
		return ledger.Balance{} // no money came yet
	}
	return b
}

// Terminal gives what the acquirer holds about a terminal.
func (a *Acquirer) Terminal(number string) (Terminal, bool) {
	t, ok := a.terminals[number]
	return t, ok
}

// Payments lists the payments in the order they came.
func (a *Acquirer) Payments() []Payment {
	list := make([]Payment, len(a.order))
	for i, k := range a.order {
		list[i] = a.payments[k]
	}
	return list
}

// Condition is what ails the acquirer. The zero value is good health.
type Condition struct {
	Answer   pay.Answer    // every request is answered so: 90 cut-over, 96 malfunction or maintenance
	NoIssuer bool          // the line to the issuer is down: payments are answered 91
	Delay    time.Duration // answers leave that much later
	Silent   bool          // requests are taken and nothing happens
}

// SetCondition arranges what ails the acquirer from now on.
func (a *Acquirer) SetCondition(c Condition) { a.condition = c }

// AnswerNext makes the next request end with that code. A code that does not approve is given without any work; an
// approving one replaces the code of an approval.
func (a *Acquirer) AnswerNext(code pay.Answer) { a.next = code }

func (a *Acquirer) note(now time.Time, kind trace.Kind, name, text string) {
	a.Trace.Record(trace.Event{At: now, Party: "acquirer", Kind: kind, Name: name, Text: text})
}
