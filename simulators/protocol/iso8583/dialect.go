package iso8583

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Dialect is one way of speaking ISO 8583, read from a file and immutable. It may be shared by goroutines.
type Dialect struct {
	Name       string
	About      string // what it is and where its facts come from
	Framing    Framing
	Connection Connection
	Security   Security
	Timers     Timers
	Switches   Switches

	mti          coding // packed or ascii
	bitmap       coding // binary or hexText
	wide         bool   // a second bitmap, for fields 65 to 128, may follow
	fields       [129]*field
	at           [elementCount]place
	words        [elementCount]words // where messages carry other words than ours
	correlation  []Element
	untyped      bool // ... and not by the type of the message
	transactions []*Transaction
	echo         []place // what NewAnswer copies where no flow is known
	answers      []AnswerRule
	flows        map[pay.Flow]*Transaction
	meanings     map[pay.Answer]AnswerRule
	codec        codec
	lineage      []string // its own name, and those of the dialects that it extends
}

// Is tells that the dialect is the named one, or extends it.
func (d *Dialect) Is(name string) bool { return slices.Contains(d.lineage, name) }

// Codec names one of the two implementations that turn messages into frames and back. They are held equal by test.
type Codec string

// The codecs. Load gives dialects that use Moov.
const (
	Moov     Codec = "moov"     // moov-io/iso8583, an implementation that is not ours
	Compiled Codec = "compiled" // tables walked straight through, for load
)

// Using gives a copy of the dialect that encodes and decodes with c. Messages of both may be mixed.
func (d *Dialect) Using(c Codec) *Dialect {
	other := *d
	other.codec = compiled{}
	if c == Moov {
		other.codec = newMoov(&other)
	}
	return &other
}

// Correlating gives a copy by whose Key an answer finds its request by these elements alone, and by its type only if typed. Messages of both
// may be mixed.
func (d *Dialect) Correlating(typed bool, by ...Element) *Dialect {
	other := *d
	other.correlation, other.untyped = by, !typed
	return &other
}

// Framing says how messages are delimited on a stream; package wire builds the framer from it.
type Framing struct {
	Length string `json:"length"`           // binary2, binary2-inclusive, ascii4, bcd2, binary4: each exclusive but the second
	TPDU   string `json:"tpdu,omitempty"`   // default TPDU, ten digits; "" for none
	Header string `json:"header,omitempty"` // default application header digits; "" for none
	HTTP   bool   `json:"http,omitempty"`   // each message is the body of an HTTP POST, content type x-ISO-TPDU/x-auth
	Max    int    `json:"max"`              // longest frame accepted, in bytes
}

// Connection says how a client uses its connections.
type Connection string

// The connection models (DOMAIN.md K.17).
const (
	Multiplexed    Connection = "multiplexed"
	Serial         Connection = "serial"
	PerTransaction Connection = "per-transaction"
)

// Security says how MACs, PIN blocks, tracks and working keys are made. Names of algorithms are those of package hsm.
type Security struct {
	MAC         string // unionpay-ecb, x9.9, x9.19, cbc, aes-cmac, sm4, none
	MACEncoding string // hex8 (eight ASCII characters) or binary
	PINFormat   string // iso-0, iso-1, iso-3, iso-4, unionpay-no-pan
	Keys        string // how working keys come: unionpay-f62, none (fixed keys)
	SM4         bool
	MACScope    []string // flows and MTIs of requests that have a MAC; empty: those that the dialect's flows say
}

// Timers are the named timeouts and counts (DOMAIN.md J). A profile may override each.
type Timers struct {
	Connect          time.Duration // to open a connection
	Answer           time.Duration // from the last byte written to the whole answer
	ReversalAttempts int
	UploadAttempts   int // connections spent on one upload before the terminal gives up until it is told to go on
	IdleLogout       time.Duration
}

// Switches are the places where implementations of a dialect differ (DOMAIN.md K). A profile may override each.
type Switches struct {
	MAKLength              string     // auto, 8, 16
	PINCapture             string     // F26: 06 or 12
	SwipePINFormat         string     // F53 first digit on swipe: 1 or 2
	HeaderByEntry          bool       // header class 61 for chip; otherwise always 60
	UnknownReversal        pay.Answer // answer to a reversal whose original is unknown: 00 or 25
	ReversedAgain          pay.Answer // answer to a reversal done already: "" repeats the stored answer, or 25
	EmptyKeysMeansNoChange bool       // sign-in approved without keys: keep the old ones, or fail
	NoPINLimit             int64      // minor units
	FallbackEntry          string     // F22 of the stripe of a chip that could not be read: 02 at home, 80 or 90 elsewhere (DOMAIN.md A.10)

	VoidNeedsCard          bool // an operator parameter, as the three below
	VoidNeedsPIN           bool
	CompletionVoidApproval bool // by the supervisor
	CompletionNeedsCard    bool
	CompletionNeedsPIN     bool
	VoidedAgain            pay.Answer // answer to the void of what is voided: 25, 12 or 22
	RefundLookup           string     // what finds the original: rrn (with its date), or trace (with its batch)
	OriginalTime           string     // which date and time of the original names it: of its transmission ("transmission" or ""), or local
	RefundDays             int        // a sale can be given back so many days
	LateRefund             pay.Answer // answer to a refund after them: 22 or 25
	OverRefund             pay.Answer // answer where all refunds together are over the sale: 61 or 64
	CompletionCeiling      int        // percent of the pre-authorization: 100 or 115
	PreAuthDays            int        // a pre-authorization lasts so many days
	HostTotals             bool       // the answer to unbalanced totals holds the host's; otherwise the terminal's
	SignOutAfterSettlement bool
	BatchLimit             int           // payments after which a terminal settles before it trades on; 0 for no end (DOMAIN.md J)
	CutOff                 time.Duration // of the day: what comes from then on is settled with the next one (DOMAIN.md F.2)

	OldVersion      pay.Answer // of a trade by software that is too old; what A.8.1 says of it is not public
	DeviceLength    string     // digits of a length in F59, "2" or "3"; "" is 3 (A.9, K.6)
	SignaturePart   int        // bytes of a signature's picture in one message (A.16 [M])
	FloorLimit      int64      // minor units from which an offline sale needs a spoken authorization; 0: each does
	Tips            bool       // the tip flag, terminal parameter 18 (DOMAIN.md A.8.1)
	TipPercent      int        // of the sale, parameter 19: the most that a tip adds
	PartialApproval bool       // the terminal says that it can collect a rest (F60.6, DOMAIN.md A.5)
}

// Transaction is one flow's place in the dialect.
type Transaction struct {
	Flow       pay.Flow
	Request    string             // MTI
	Answer     string             // MTI
	Constants  map[Element]string // what tells this flow from others: processing code, condition, type code
	Reversible bool
	Advice     bool   // repeated as it is until it is answered, never reversed; its repeat is answered as it was (DOMAIN.md A.12.5, K.16)
	MAC        bool   // requests and answers carry a MAC
	Repeat     string // MTI of a repeat where it differs (0421)

	mac          bool       // as the flow's entry says; MAC also heeds the security section
	accept       []accepted // constants with alternatives
	requestRules []rule
	answerRules  []rule
	echo         []place

	carries, answerCarries [elementCount]bool // what the rules come to, element by element
}

// accepted is a constant with the values by which a flow is known: any of them.
type accepted struct {
	element Element
	values  []string
}

// Transaction gives the flow's entry; false when the dialect has no such flow.
func (d *Dialect) Transaction(f pay.Flow) (*Transaction, bool) {
	t, ok := d.flows[f]
	return t, ok
}

// Flows lists the dialect's flows in the order of the file.
func (d *Dialect) Flows() []pay.Flow {
	flows := make([]pay.Flow, len(d.transactions))
	for i, t := range d.transactions {
		flows[i] = t.Flow
	}
	return flows
}

// Has tells that the dialect carries an element.
func (d *Dialect) Has(e Element) bool { return e < elementCount && d.at[e].field != 0 }

// KeyElements lists the elements of the correlation key, in the key's order.
func (d *Dialect) KeyElements() []Element { return slices.Clone(d.correlation) }

// Answer tells what a response code means at the till. An unknown code is declined and shows prompt FAILED_CODE.
func (d *Dialect) Answer(code pay.Answer) AnswerRule {
	if a, ok := d.meanings[code]; ok {
		return a
	}
	return AnswerRule{Code: code, Category: CategoryDeclined, Prompt: "FAILED_CODE"}
}

// Answers lists the codes of the dialect's table, in its order.
func (d *Dialect) Answers() []AnswerRule { return slices.Clone(d.answers) }

// Category of a response code (DOMAIN.md C).
type Category string

// The categories.
const (
	CategoryApproved Category = "approved" // A
	CategoryRetry    Category = "retry"    // B
	CategoryDeclined Category = "declined" // C
	CategoryOperator Category = "operator" // D
	CategorySystem   Category = "system"   // E
)

// Next is what the till does after it has shown the prompt.
type Next string

// The next steps.
const (
	NextNone     Next = ""             // back to idle
	NextPrint    Next = "print"        // print the slip
	NextSignIn   Next = "sign-in"      // sign in again, then the cashier repeats
	NextPIN      Next = "pin"          // ask for the PIN again
	NextKeepCard Next = "keep-card"    // keep the card
	NextCall     Next = "call"         // call the acquirer
	NextReverse  Next = "reverse"      // the outcome is uncertain: reverse
	NextRetry    Next = "retry"        // the cashier may try again
	NextOnce     Next = "once"         // the till sends the order once more by itself
	NextInsert   Next = "insert-chip"  // use the chip
	NextNewTrace Next = "new-trace"    // take a new trace number, then the cashier repeats
	NextPartial  Next = "collect-rest" // partial approval
)

// AnswerRule is what a response code means.
type AnswerRule struct {
	Code     pay.Answer
	Category Category
	Prompt   string // screen message id, such as APPROVED or WRONG_PIN; its words are in fixtures/texts
	Next     Next
}
