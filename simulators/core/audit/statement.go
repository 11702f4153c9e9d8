// Package audit judges the money of a world from what every party states about it; it shares no code with the ledger.
package audit

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Role is what a party is in the trade.
type Role string

// The roles that state facts.
const (
	Terminal   Role = "terminal"
	Acquirer   Role = "acquirer"
	Issuer     Role = "issuer"
	Wallet     Role = "wallet"
	Settlement Role = "settlement"
)

// Fact is what a party states about one payment.
type Fact string

// The facts.
const (
	Approved    Fact = "approved"    // terminal: the cardholder was told yes; host: answered with an approving code
	Declined    Fact = "declined"    // terminal or host: no money
	Unknown     Fact = "unknown"     // terminal: no answer that could be trusted, not reversed yet
	Pending     Fact = "pending"     // terminal: a reversal is stored and not acknowledged yet
	Reversed    Fact = "reversed"    // terminal: the reversal was acknowledged; host: the original has no effect any more
	Exception   Fact = "exception"   // terminal: given up after the counted attempts, on the exception list for people
	Tombstone   Fact = "tombstone"   // host: a reversal came for an original that is not there
	Stored      Fact = "stored"      // terminal: approved by itself, the host has not been told yet
	Charged     Fact = "charged"     // acquirer: an offline sale went back from the merchant, since the issuer refused it
	Advised     Fact = "advised"     // acquirer: approved, and the issuer has still to acknowledge that it was told
	Expired     Fact = "expired"     // host: an authorization grew too old, its hold is gone
	Posted      Fact = "posted"      // a ledger moved money for the payment
	Undone      Fact = "undone"      // a ledger moved it back, in whole
	Held        Fact = "held"        // a ledger holds money, nothing has moved
	Released    Fact = "released"    // a hold ended without a posting
	Refunded    Fact = "refunded"    // a ledger moved part or all of Original back
	Restored    Fact = "restored"    // a ledger moved a refund or void back to where it came from: it was reversed
	Balance     Fact = "balance"     // what an account holds at the end (Account, Amount), with its open holds in Held
	Opening     Fact = "opening"     // what an account held at the beginning, taken from the account OpeningOf its currency
	Settling    Fact = "settling"    // terminal and acquirer: a batch's totals are compared, and its settlement has not ended (Batch)
	Settled     Fact = "settled"     // ... and it has
	Cleared     Fact = "cleared"     // settlement: a movement of the acquirer's was booked for its merchant (Fee); less than zero when it goes back
	Adjusted    Fact = "adjusted"    // settlement: a difference with the scheme became the merchant's (Fee, without one)
	Collected   Fact = "collected"   // settlement: a payer was debited by agreement (Fee, Consent)
	Paid        Fact = "paid"        // settlement: items were paid out to the merchant (Payout); Undone when the bank has refused it
	Moved       Fact = "moved"       // settlement: money went from Account to To
	Transferred Fact = "transferred" // settlement: how a transfer stands (Transfer)
	Banked      Fact = "banked"      // settlement, of the banks: what they did for a transfer (Transfer); without one, that they state all they did
	Present     Fact = "present"     // the party states all it knows, settlement up to At: of a payment it does not name it knows nothing
)

// Interbank names the account on the other side: what an issuer posts from a card comes here, what an acquirer posts to a
// merchant comes from here.
const Interbank = "interbank"

// OpeningOf names the account that a currency's opening balances come from.
func OpeningOf(c pay.Currency) string { return "opening:" + c.String() }

// Ref names one payment as it stood on the terminal's wire.
type Ref struct {
	Terminal string   `json:"terminal,omitempty"`
	Merchant string   `json:"merchant,omitempty"`
	Batch    string   `json:"batch,omitempty"`
	Trace    string   `json:"trace,omitempty"`
	Flow     pay.Flow `json:"flow,omitempty"`
}

// Statement is one fact by one party. A party states what its own books and journal say, never what it was told to say.
type Statement struct {
	At       time.Time  `json:"at"`
	Role     Role       `json:"role"`
	Party    string     `json:"party"` // T1, acquirer, issuer
	Fact     Fact       `json:"fact"`
	Ref      Ref        `json:"ref,omitzero"`       // terminal and acquirer
	RRN      string     `json:"rrn,omitempty"`      // acquirer and issuer; terminal once it was answered
	Original *Ref       `json:"original,omitempty"` // void, refund, completion: the payment it acts on
	Amount   pay.Amount `json:"amount,omitzero"`
	Account  string     `json:"account,omitempty"` // whose money; "" at an acquirer is that of Ref's merchant. Never a clear PAN
	Answer   pay.Answer `json:"answer,omitempty"`
	Foreign  bool       `json:"foreign,omitempty"`  // terminal and acquirer: the card is of another country
	Batch    *Batch     `json:"batch,omitempty"`    // Settling, Settled: Ref names the batch
	To       string     `json:"to,omitempty"`       // Moved: the other account
	Fee      *Fee       `json:"fee,omitempty"`      // Cleared, Adjusted
	Payout   *Payout    `json:"payout,omitempty"`   // Paid, Undone
	Consent  *Consent   `json:"consent,omitempty"`  // Collected
	Transfer *Transfer  `json:"transfer,omitempty"` // Transferred, Banked
}

// Line tells it in a line: "acquirer: posted 10.00 CNY of sale, till 10000001, batch 000001, trace 000002, RRN 260601000002".
func (s Statement) Line() string {
	text := fmt.Sprintf("%s: %s", s.Party, s.Fact)
	add := func(format, value string) {
		if value != "" {
			text += fmt.Sprintf(format, value)
		}
	}
	if s.Amount != (pay.Amount{}) {
		add(" %s", s.Amount.String())
	}
	add(" of %s", string(s.Ref.Flow))
	add(", till %s", s.Ref.Terminal)
	add(", batch %s", s.Ref.Batch)
	add(", trace %s", s.Ref.Trace)
	add(", RRN %s", s.RRN)
	add(", account %s", s.Account)
	add(", answered %s", string(s.Answer))
	if s.Original != nil {
		add(", about trace %s", s.Original.Trace)
	}
	return text
}
