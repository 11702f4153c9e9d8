package acquirer

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
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
)

// Payment is what the acquirer knows of one payment.
type Payment struct {
	Ref      audit.Ref    `json:"ref"`
	RRN      string       `json:"rrn"`
	At       time.Time    `json:"at"`
	Amount   pay.Amount   `json:"amount"`
	Card     string       `json:"card,omitempty"`   // masked
	Sealed   []byte       `json:"sealed,omitempty"` // the card number under KeyStore
	State    PaymentState `json:"state"`
	Answer   pay.Answer   `json:"answer,omitempty"`
	AuthCode string       `json:"auth_code,omitempty"`
	Reversal *Stored      `json:"reversal,omitempty"` // how its reversal was answered
	Undo     Undo         `json:"undo,omitempty"`     // the reversal towards the issuer
}

// Key names the payment.
func (p Payment) Key() Key { return Key{p.Ref.Terminal, p.Ref.Batch, p.Ref.Trace} }

// Stored is what an answer says beyond the echo of its request. It is kept where it may have to be given again.
type Stored struct {
	Answer   pay.Answer `json:"answer"`
	RRN      string     `json:"rrn"`
	At       time.Time  `json:"at"`
	AuthCode string     `json:"auth_code,omitempty"`
}

// Undo is how far the issuer has taken a payment back.
type Undo string

// The stages of an issuer reversal.
const (
	UndoNone Undo = ""
	UndoDue  Undo = "due"  // sent until acknowledged
	UndoDone Undo = "done" // acknowledged
)

// live tells that a payment has effect, or may have.
func (p Payment) live() bool { return p.State == Pending || p.State == Approved }

// abandoned gives a payment that ends without an approval which the issuer may all the same have given.
func (p Payment) abandoned(answer pay.Answer, r *Rules) Payment {
	p.State, p.Answer, p.Undo = Declined, answer, r.AbandonUndo
	return p
}

// stored gives the answer to the payment itself, as it goes out at now.
func (p Payment) stored(now time.Time) Stored { return Stored{p.Answer, p.RRN, now, p.AuthCode} }
