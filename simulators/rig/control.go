package rig

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Control is the way into the host under test beside the payment line: what a scenario arranges before, and looks at after.
// An embedded host and one behind a control door (serve in another process) offer it; a remote host does not.
type Control interface {
	// Seed adds merchants, terminals and cards.
	Seed(ctx context.Context, s Seeds) (Seeded, error)
	// Arrange changes the state of the host or of something in it.
	Arrange(ctx context.Context, a Arrangement) error
	// PayerCode gives the phone of a cardholder a code to show.
	PayerCode(ctx context.Context, card string) (CodeGiven, error)
	// OpenWallets has the wallet hosts answer; asked again it tells of the same.
	OpenWallets(ctx context.Context, in WalletsWanted) (WalletsMade, error)
	// OpenOffice has the acquirer's office for merchants answer; asked again it tells of the same.
	OpenOffice(ctx context.Context, in OfficeWanted) (OfficeMade, error)
	// Look tells what the host's books and journals hold now.
	Look(ctx context.Context) (State, error)
}

// Seeds are the things a world begins with.
type Seeds struct {
	Merchants []MerchantSeed `json:"merchants,omitempty"`
	Terminals []TerminalSeed `json:"terminals,omitempty"`
	Cards     []CardSeed     `json:"cards,omitempty"`
}

// MerchantSeed registers a merchant.
type MerchantSeed struct {
	Number string `json:"number"` // fifteen characters, F42
	Name   string `json:"name"`
	MCC    string `json:"mcc,omitempty"`

	PerSale  pay.Amount `json:"per_sale,omitzero"` // what it may take at once; 0 for any amount
	DayCount int        `json:"day_count,omitempty"`
}

// TerminalSeed registers a terminal and its master key.
type TerminalSeed struct {
	Number   string  `json:"number"` // eight characters, F41
	Merchant string  `json:"merchant"`
	Serial   string  `json:"serial,omitempty"`
	Place    string  `json:"place,omitempty"`
	Batch    string  `json:"batch,omitempty"` // six digits; 000001 when absent
	TMK      []Clear `json:"tmk,omitempty"`   // XOR components in hex
	KeyKind  string  `json:"key_kind,omitempty"`
}

// CardSeed opens an account with a card on it.
type CardSeed struct {
	Name     string     `json:"name"` // stands for the PAN in traces and balances
	PAN      Clear      `json:"pan"`
	Expiry   string     `json:"expiry"` // YYMM
	Service  string     `json:"service"`
	PIN      Clear      `json:"pin"`
	Balance  pay.Amount `json:"balance"`
	Status   string     `json:"status,omitempty"`
	PerSale  pay.Amount `json:"per_sale,omitzero"`
	PerDay   pay.Amount `json:"per_day,omitzero"`
	DayCount int        `json:"day_count,omitempty"`
	PINTries int        `json:"pin_tries,omitempty"`
	PickUp   bool       `json:"pick_up,omitempty"` // too many PIN tries: 38 and keep the card, instead of 75
	Chip     *ChipSeed  `json:"chip,omitempty"`
	Wallet   string     `json:"wallet,omitempty"` // the level of the wallet on the cardholder's phone (DOMAIN.md F.3)
	Token    *TokenSeed `json:"token,omitempty"`
}

// TokenSeed is the number that a phone pays with in place of the card's.
type TokenSeed struct {
	PAN    Clear  `json:"pan"`
	Expiry string `json:"expiry"` // YYMM
}

func (s *TokenSeed) token() issuer.Token {
	if s == nil {
		return issuer.Token{}
	}
	return issuer.Token{PAN: pay.NewPAN(s.PAN.Reveal()), Expiry: s.Expiry}
}

// Seeded tells the check values of the keys that were loaded, by terminal number.
type Seeded struct {
	KCVs map[string]string `json:"kcvs,omitempty"`
}

// Arrangement is one change of the host's state. Party is acquirer, issuer, a wallet, or the bank of merchants; Terminal, Merchant, Card or Payer narrows it to
// one of them. Only what is set changes.
type Arrangement struct {
	Party     string        `json:"party"`
	Terminal  string        `json:"terminal,omitempty"`
	Merchant  string        `json:"merchant,omitempty"`
	Card      string        `json:"card,omitempty"`
	Payer     string        `json:"payer,omitempty"`     // of the wallet
	Condition string        `json:"condition,omitempty"` // of the party: maintenance, cut-over, ... "" for normal
	Status    string        `json:"status,omitempty"`    // of the terminal, merchant or card
	Place     string        `json:"place,omitempty"`
	Batch     string        `json:"batch,omitempty"`
	Delay     time.Duration `json:"delay,omitempty"`
	Flow      pay.Flow      `json:"flow,omitempty"`      // condition "answers": this flow's
	Nth       int           `json:"nth,omitempty"`       // ... nth request (0: every one) is answered
	Answer    pay.Answer    `json:"answer,omitempty"`    // ... with this code
	PINTries  *int          `json:"pin_tries,omitempty"` // of the card: wrong PINs in a row so far

	Command string `json:"command,omitempty"` // for the card's chip: block-application, change-pin ...
	NewPIN  Clear  `json:"new_pin,omitzero"`  // ... which change-pin sets
	Before  bool   `json:"before,omitempty"`  // ... to be done before the last cryptogram, not after it

	Holds   pay.Amount `json:"holds,omitzero"`   // of the bank: what a payer's account holds
	Account Clear      `json:"account,omitzero"` // ... an account's number, whose holder he is
	Credit  bool       `json:"credit,omitempty"` // ... which is a credit card's

	Script *IssuerScript `json:"script,omitempty"` // of the issuer, from now on; one without stages ends the one before

	Publish    string            `json:"publish,omitempty"`     // by the acquirer: the next edition of aids, capks or contactless
	Parameters map[string]string `json:"parameters,omitempty"`  // of the terminal, by the tags of DOMAIN.md A.8.1; others stay as they are
	MinVersion string            `json:"min_version,omitempty"` // of the terminal's software, eight digits; its parameters bring it

	Awkward *int   `json:"awkward,omitempty"` // of the acquirer: each quirk in one answer of so many; 0 for none
	Quirk   string `json:"quirk,omitempty"`   // ... this one in every answer
}

// CodeGiven is a payer's code (DOMAIN.md E.3), good until then.
type CodeGiven struct {
	Code  Clear     `json:"code"`
	Until time.Time `json:"until"`
}

// State is what the host's books and journals hold.
type State struct {
	Balances   map[string]Holding `json:"balances"` // by account: card:Alice, merchant:898..., acquirer:interbank, issuer:interbank, wechat:payer:Alice, wechat:merchant:898..., office:payable:898..., bank:898...
	Statements []audit.Statement  `json:"statements"`
	Terminals  []TerminalState    `json:"terminals"`
	Commands   map[string]int     `json:"commands,omitempty"` // of the issuer that a card's chip has not confirmed, by card
	Signatures []SignatureState   `json:"signatures,omitempty"`
	Texts      []TextState        `json:"texts,omitempty"`     // that the office has sent to payers, and to merchants
	Events     []trace.Event      `json:"events,omitempty"`    // of the host's parties, when they are kept apart from the tills'
	Consulted  []string           `json:"consulted,omitempty"` // rule entries asked
}

// SignatureState is a signature that the host holds under a payment.
type SignatureState struct {
	Terminal string `json:"terminal"`
	Trace    string `json:"trace"` // of the payment
	Size     int    `json:"size"`
	SHA256   string `json:"sha256"` // hex
}

// TextState is a short text, by the id of its words.
type TextState struct {
	To   string   `json:"to"`
	ID   string   `json:"id"`
	Args []string `json:"args,omitempty"`

	Said walletapi.Params `json:"said,omitempty"` // of a notice to a merchant's server
}

// Holding is an account's money.
type Holding struct {
	Balance   pay.Amount `json:"balance"`
	Available pay.Amount `json:"available"`
}

// TerminalState is what the host knows of a terminal.
type TerminalState struct {
	Number   string `json:"number"`
	State    string `json:"state"`
	Batch    string `json:"batch"`
	SignedIn bool   `json:"signed_in"`

	Devices map[string]string `json:"devices,omitempty"` // as a status upload told: 0 works, 1 does not, by the tags of DOMAIN.md A.8.1
}

// Clear is a secret that a setting carries in the clear over the control door (loopback only) and that still never prints.
type Clear struct{ pay.Secret }

// NewClear wraps text.
func NewClear(text string) Clear { return Clear{pay.NewSecret(text)} }

// MarshalText reveals the text: the one place where a seed's secret leaves memory.
func (c Clear) MarshalText() ([]byte, error) { return []byte(c.Reveal()), nil }

// UnmarshalText reads it.
func (c *Clear) UnmarshalText(b []byte) error {
	c.Secret = pay.NewSecret(string(b))
	return nil
}
