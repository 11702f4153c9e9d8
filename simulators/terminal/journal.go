package terminal

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// memory is what a terminal knows after a power cut: what its journal's lines did, one after the other. A running terminal
// changes it by the same lines (only the reason of a reversal stands in it before its attempt is written).
type memory struct {
	trace     int // the last number used
	batch     string
	signedIn  bool
	again     bool // the next trade begins with a sign-in
	tampered  bool
	operators []*operator
	payments  []payment
	settledTo int       // index of the batch's first payment
	settling  *settling // nil while no settlement has begun
	batches   []settled
	pending   *pending
	wallets   []walletSale
	stored    []stored // approved by the terminal alone, in their order, until the host has answered
	slips     []waitingSlip
	last      []byte // the last slip, sealed

	parameters Parameters
	due        map[Download]bool // the host has something newer
	statusDue  bool              // ... and wants to know how the devices are
	fetching   *fetching         // nil while no download has begun
	notices    []notice          // owed to the host, the oldest first
}

// payment is what the terminal knows of one payment.
type payment struct {
	at       time.Time
	ref      audit.Ref
	original *audit.Ref // the payment that it acts on, where that is known
	undoes   bool       // takes the original back
	foreign  bool       // the card is
	byCode   bool       // a payer's code was scanned instead of a card
	amount   pay.Amount
	base     pay.Amount // before an adjustment or tip; the zero Amount where there was none
	untipped pay.Amount // before the tip that it has; the zero Amount where it has none
	fact     audit.Fact
	answer   pay.Answer
	rrn      string
	authCode string
	date     string // MMDD, the host's
	operator string // who took it
	sealed   []byte // its elements by name
	slip     []byte // its receipt, sealed; nil for none

	signed     []byte // F55 of an offline sale that a chip has signed
	chip       []byte // what the chip said at its end; nil for a payment without one
	chipFailed bool   // the chip declined after the host, or did not believe its issuer
}

// pending is a reversal or an advice that is owed until it is known not to be (DOMAIN.md A.12).
type pending struct {
	payment  int // index in memory.payments
	sealed   []byte
	part     bool   // only a part was approved: the payment's amount
	advice   []byte // sealed tracks of one that is repeated; nil for one that is reversed
	attempts int
	reason   pay.Answer
	authCode string
	date     string // MMDD, the host's, if it answered
	chip     []byte // F55 of the reversal, where the chip caused it
}

// attempt is the line of an attempt with that number.
func (p *pending) attempt(n int) *attemptLine {
	return &attemptLine{Attempts: n, Reason: p.reason, AuthCode: p.authCode, Date: p.date, Chip: p.chip}
}

// waitingSlip is a slip that has not been printed, as far as the journal knows. begun says that its printing may have
// begun before the power went; it then comes out with the reprint mark, so that two unmarked ones never exist.
type waitingSlip struct {
	sealed []byte
	begun  bool
}

// sealedSlip is a slip that was sealed in this life, as it was before.
type sealedSlip struct {
	sealed []byte
	slip   Slip
}

// line is one record of the journal.
type line interface {
	kind() string
	apply(t *Terminal)
}

// sentLine: a message that cannot be reversed is about to leave. Its trace number is used up.
type sentLine struct {
	Trace int      `json:"trace"`
	Flow  pay.Flow `json:"flow"`
}

// pendingLine: a request is about to leave that must be reversed, or repeated, if no answer comes. Sealed are its elements.
// Advice are the tracks of one that is repeated.
type pendingLine struct {
	At       time.Time  `json:"at"`
	Trace    int        `json:"trace"`
	Ref      audit.Ref  `json:"ref"`
	Original *audit.Ref `json:"original,omitempty"`
	Undoes   bool       `json:"undoes,omitempty"`
	Foreign  bool       `json:"foreign,omitempty"`
	ByCode   bool       `json:"by_code,omitempty"`
	Operator string     `json:"operator,omitempty"`
	Amount   pay.Amount `json:"amount"`
	Sealed   []byte     `json:"sealed"`
	Advice   []byte     `json:"advice,omitempty"`
}

// attemptLine: the reversal or advice is about to be sent for the Attempts-th time; or the count is set back, as nothing had left.
type attemptLine struct {
	Attempts int        `json:"attempts"`
	Reason   pay.Answer `json:"reason"`
	AuthCode string     `json:"auth_code,omitempty"`
	Date     string     `json:"date,omitempty"`
	Chip     []byte     `json:"chip,omitempty"`
}

// outcomeLine: what became of the pending request. It ends the pending reversal. Begun says that the slip, if there is
// one, is printed at once; Note, that it is no receipt.
type outcomeLine struct {
	Fact     audit.Fact `json:"fact"`
	Answer   pay.Answer `json:"answer,omitempty"`
	RRN      string     `json:"rrn,omitempty"`
	AuthCode string     `json:"auth_code,omitempty"`
	Date     string     `json:"date,omitempty"`
	Slip     []byte     `json:"slip,omitempty"`
	Begun    bool       `json:"begun,omitempty"`
	Note     bool       `json:"note,omitempty"`
}

// printLine: the waiting slips are about to be printed (Done false), or have been.
type printLine struct {
	Done bool `json:"done"`
}

// signLine: signed in with a batch, or signed off.
type signLine struct {
	On    bool   `json:"on"`
	Batch string `json:"batch,omitempty"`
}

// againLine: the host wants a sign-in before the next trade (header nibble 6 = 3, or an answer 77, 99 or A0).
type againLine struct{}

// operatorLine: an operator's wrong tries, lock and password as they are now. New takes him on in that role, Gone takes him off
// the list.
type operatorLine struct {
	ID     string `json:"id"`
	New    Role   `json:"new,omitempty"`
	Gone   bool   `json:"gone,omitempty"`
	Tries  int    `json:"tries,omitempty"`
	Locked bool   `json:"locked,omitempty"`
	Hash   []byte `json:"hash"`
}

// tamperLine: the case was opened and the keys are gone.
type tamperLine struct{}

func (*sentLine) kind() string     { return "till.sent" }
func (*pendingLine) kind() string  { return "till.pending" }
func (*attemptLine) kind() string  { return "till.attempt" }
func (*outcomeLine) kind() string  { return "till.outcome" }
func (*printLine) kind() string    { return "till.print" }
func (*signLine) kind() string     { return "till.sign-in" }
func (*againLine) kind() string    { return "till.sign-in-again" }
func (*operatorLine) kind() string { return "till.operator" }
func (*tamperLine) kind() string   { return "till.tamper" }

func (l *sentLine) apply(t *Terminal) { t.trace = l.Trace }

func (l *pendingLine) apply(t *Terminal) {
	t.trace = l.Trace
	t.pending = &pending{payment: len(t.payments), sealed: l.Sealed, advice: l.Advice, reason: pay.Answer98NoAnswer}
	t.payments = append(t.payments, payment{at: l.At, ref: l.Ref, original: l.Original, undoes: l.Undoes, foreign: l.Foreign, byCode: l.ByCode, operator: l.Operator, amount: l.Amount,
		sealed: l.Sealed, fact: audit.Pending})
}

func (l *attemptLine) apply(t *Terminal) {
	if p := t.pending; p != nil {
		p.attempts, p.reason, p.authCode, p.date, p.chip = l.Attempts, l.Reason, l.AuthCode, l.Date, l.Chip
	}
}

func (l *outcomeLine) apply(t *Terminal) {
	if t.pending == nil {
		return
	}
	p := &t.payments[t.pending.payment]
	p.fact, p.answer, p.authCode, p.date = l.Fact, l.Answer, l.AuthCode, l.Date
	if l.RRN != "" {
		p.rrn = l.RRN
	}
	if l.Fact == audit.Approved && p.ref.Flow.Amends() {
		t.alter(*p.original, p.amount, p.ref.Flow == pay.Tip)
	}
	t.pending = nil
	if l.Slip != nil && !l.Note {
		t.last, p.slip = l.Slip, l.Slip
	}
	t.queue(l.Slip, l.Begun)
}

func (l *printLine) apply(t *Terminal) {
	if l.Done {
		t.slips = nil
	}
	for i := range t.slips {
		t.slips[i].begun = true
	}
}

func (l *signLine) apply(t *Terminal) {
	t.signedIn = l.On
	if l.On {
		if l.Batch != t.batch { // the host has closed the old one
			t.settledTo = len(t.payments)
		}
		t.batch, t.again, t.tampered = l.Batch, false, false
	}
}

func (*againLine) apply(t *Terminal) { t.again = true }

func (l *operatorLine) apply(t *Terminal) {
	o := t.find(l.ID)
	if l.Gone {
		t.operators = slices.DeleteFunc(t.operators, func(x *operator) bool { return x == o })
		return
	}
	if o == nil && l.New != "" {
		o = &operator{id: l.ID, role: l.New}
		t.operators = append(t.operators, o)
	}
	if o != nil {
		o.tries, o.locked, o.hash = l.Tries, l.Locked, l.Hash
	}
}

func (*tamperLine) apply(t *Terminal) { t.tampered, t.signedIn = true, false }

// TraceRecord is a journal record after which the next message gets number next (000001 to 999999).
func TraceRecord(next int) journal.Record {
	return record(&sentLine{Trace: (next + 999998) % 999999})
}

func readLine(r journal.Record) (line, error) {
	for _, l := range []line{&sentLine{}, &pendingLine{}, &attemptLine{}, &outcomeLine{}, &printLine{}, &signLine{}, &againLine{},
		&operatorLine{}, &tamperLine{}, &chipLine{}, &settleLine{}, &uploadLine{}, &closeLine{}, &dueLine{}, &fetchLine{}, &noticeLine{}, &noticePartLine{}, &slipLine{},
		&storedLine{}, &tryLine{}, &toldLine{}, &changedLine{}, &partLine{}, &walletLine{}} {
		if l.kind() != r.Kind {
			continue
		}
		if err := json.Unmarshal(r.Data, l); err != nil {
			return nil, fmt.Errorf("journal record %s: %w", r.Kind, err)
		}
		return l, nil
	}
	return nil, fmt.Errorf("journal record %q: not a terminal's", r.Kind)
}

func record(l line) journal.Record {
	data, err := json.Marshal(l)
	if err != nil {
		panic("terminal: " + err.Error()) // lines hold only text, numbers and bytes
	}
	return journal.Record{Kind: l.kind(), Data: data}
}

// write has lines written as one batch, and takes them as done at once: should the power or the store prevent it, the
// terminal wakes up a step behind, which each user of write can bear.
func (t *Terminal) write(out *Actions, lines ...line) {
	t.consult("terminal/write-again")
	out.add(Action{Kind: Write, Records: t.records(lines), Again: t.Rules.WriteAgain})
	for _, l := range lines {
		l.apply(t)
	}
}

// await has lines written as one batch, and goes on only when the store has brought its word on them.
func (t *Terminal) await(out *Actions, lines ...line) {
	out.add(Action{Kind: Write, Records: t.records(lines), Await: true})
	t.awaiting = lines
}

// settled takes the awaited lines as done, unless the store failed.
func (t *Terminal) settled(err error) bool {
	lines := t.awaiting
	t.awaiting = nil
	if err != nil {
		return false
	}
	for _, l := range lines {
		l.apply(t)
	}
	return true
}

func (t *Terminal) records(lines []line) []journal.Record {
	records := make([]journal.Record, len(lines))
	for i, l := range lines {
		records[i] = record(l)
	}
	return records
}

// seal protects what may hold a card number.
func (t *Terminal) seal(v any) ([]byte, error) {
	clear, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return t.HSM.Seal(KeyStore, clear)
}

// open reads what seal wrote.
func (t *Terminal) open(sealed []byte, v any) error {
	clear, err := t.HSM.Open(KeyStore, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(clear, v)
}
