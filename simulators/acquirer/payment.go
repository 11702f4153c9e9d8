package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Key is what names a payment on a terminal's wire.
type Key struct{ Terminal, Batch, Trace string }

// String gives "10000001/000001/000123", which the ledger's ids begin with.
func (k Key) String() string { return k.Terminal + "/" + k.Batch + "/" + k.Trace }

// PaymentState is what became of a payment.
type PaymentState string

// The states of a payment.
const (
	Pending   PaymentState = "pending"   // the issuer was asked
	Approved  PaymentState = "approved"  // posted
	Declined  PaymentState = "declined"  // no money
	Reversed  PaymentState = "reversed"  // has no effect any more
	Tombstone PaymentState = "tombstone" // its reversal came, and it never did
	Expired   PaymentState = "expired"   // an authorization that grew too old
	Charged   PaymentState = "charged"   // posted, and charged back to the merchant since the issuer refused it
)

// Payment is what the acquirer knows of one payment.
type Payment struct {
	Ref         audit.Ref    `json:"ref"`
	RRN         string       `json:"rrn"`
	At          time.Time    `json:"at"`
	Sent        string       `json:"sent,omitempty"` // MMDD by the terminal's clock, where its dialect tells that: what acts on the payment may name it so
	Amount      pay.Amount   `json:"amount"`
	Asked       pay.Amount   `json:"asked,omitzero"`    // where only a part of it was approved
	First       pay.Amount   `json:"first,omitzero"`    // before an adjustment or a tip
	Card        string       `json:"card,omitempty"`    // masked
	Sealed      []byte       `json:"sealed,omitempty"`  // the card number under KeyStore
	ByCode      bool         `json:"by_code,omitempty"` // paid with a payer's code: Card and Sealed are the code
	Entry       pay.Entry    `json:"entry,omitempty"`   // how the card came to the terminal
	Credit      bool         `json:"credit,omitempty"`  // the card is a credit card
	State       PaymentState `json:"state"`
	Answer      pay.Answer   `json:"answer,omitempty"`
	AuthCode    string       `json:"auth_code,omitempty"`
	Original    *Key         `json:"original,omitempty"`    // what a void, refund or completion acts on
	Ended       *Key         `json:"ended,omitempty"`       // the void or completion that stands
	Refunded    pay.Amount   `json:"refunded,omitzero"`     // by all refunds together
	Disputed    pay.Amount   `json:"disputed,omitzero"`     // charged back: it is refunded no more
	Posting     ledger.ID    `json:"posting,omitempty"`     // the posting or hold that stands in the books
	Reversal    *Stored      `json:"reversal,omitempty"`    // how its reversal was answered
	Undo        Undo         `json:"undo,omitempty"`        // what the issuer is told
	Certificate *Certificate `json:"certificate,omitempty"` // of an offline sale by chip
	Scripts     []byte       `json:"scripts,omitempty"`     // what the issuer's commands did to the chip (DF31)
	Told        bool         `json:"told,omitempty"`        // the issuer has acknowledged that
	Review      string       `json:"review,omitempty"`      // by whose release it passed
	Token       string       `json:"token,omitempty"`       // of the card: made when risk control counts
}

// Certificate is what a chip has signed of a sale that it approved without its issuer, and how the card was read.
type Certificate struct {
	Entry    string `json:"entry"`    // F22
	Sequence string `json:"sequence"` // F23
	Sealed   []byte `json:"sealed"`   // F55 under KeyStore: a stranger's may hold a card number
}

// Key names the payment.
func (p Payment) Key() Key { return Key{p.Ref.Terminal, p.Ref.Batch, p.Ref.Trace} }

// Stored is what an answer says beyond the echo of its request. It is kept where it may have to be given again.
type Stored struct {
	Answer   pay.Answer `json:"answer"`
	RRN      string     `json:"rrn"`
	At       time.Time  `json:"at"`
	AuthCode string     `json:"auth_code,omitempty"`
	Balance  string     `json:"-"` // F54, as the issuer tells it: never kept
	Chip     string     `json:"-"` // F55, the issuer's cryptogram and commands for the chip: worth nothing a second time
}

// Undo is how far the issuer has heard of what it is told and not asked: a reversal, or an advice.
type Undo string

// The stages of what the issuer is told.
const (
	UndoNone Undo = ""
	UndoDue  Undo = "due"  // sent until acknowledged
	UndoDone Undo = "done" // acknowledged

	AdviceDue  Undo = "advice-due"
	AdviceDone Undo = "advice-done"
)

// due tells that the issuer has still to acknowledge.
func (u Undo) due() bool { return u == UndoDue || u == AdviceDue }

// unheard tells that the issuer has still to hear what its commands did.
func (p Payment) unheard() bool { return len(p.Scripts) > 0 && !p.Told }

// live tells that a payment has effect, or may have.
func (p Payment) live() bool { return p.State == Pending || p.State == Approved }

// abandoned gives a payment that ends without an approval which the issuer may all the same have given.
func (p Payment) abandoned(answer pay.Answer, r *Rules) Payment {
	p.State, p.Answer = Declined, answer
	if p.Ref.Flow != pay.Balance { // nothing moved for a balance inquiry
		p.Undo = r.AbandonUndo
	}
	return p
}

// stored gives the answer to the payment itself, as it goes out at now.
func (p Payment) stored(now time.Time) Stored {
	return Stored{Answer: p.Answer, RRN: p.RRN, At: now, AuthCode: p.AuthCode}
}
