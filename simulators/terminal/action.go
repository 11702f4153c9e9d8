package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// ActionKind is what a terminal wants done.
type ActionKind uint8

// The actions. In brackets: the fields of Action that one uses.
const (
	Exchange   ActionKind = iota // send this sealed message and bring Answered or Unanswered, once; wait for so long, 0 for as long as LinkConfig says [Message, Flow, After]
	Show                         // put a screen up [Screen]
	Ask                          // wait for a person [Need]
	DrawCode                     // put a merchant code on the display [Code]
	Print                        // print a slip [Slip]
	Write                        // append one batch to the journal; with Await bring Stored; with Again write what the store refuses in front of the next batch [Records, Await, Again]
	StartTimer                   // bring Fired after a while; a timer of that name that runs starts anew [Timer, After]
	StopTimer                    // forget a timer [Timer]
	SetClock                     // set the terminal's clock, the one that now is read from [At]
	APDU                         // give the card a command and bring CardAnswered [Command]
	AskWallet                    // ask a wallet's host and bring WalletAnswered, once [Wallet, Operation, Params]
	UseNetwork                   // make the next connections over this network [Network]
	Restart                      // switch the terminal off and on
	End                          // the order is over; every Choose and Reprint ends in one [Ending]
)

var actionNames = [...]string{"Exchange", "Show", "Ask", "DrawCode", "Print", "Write", "StartTimer", "StopTimer", "SetClock", "APDU", "AskWallet", "UseNetwork", "Restart", "End"}

// String gives the constant's name.
func (k ActionKind) String() string { return actionNames[k] }

// Action is one thing that a terminal wants done.
type Action struct {
	Kind    ActionKind
	Message *iso8583.Message
	Flow    pay.Flow // of the message: not always the order's
	Screen  Screen
	Need    Need
	Slip    Slip
	Records []journal.Record
	Await   bool
	Again   bool
	Timer   string
	After   time.Duration
	At      time.Time
	Network string
	Command emv.Command
	Ending  Ending

	Code      string
	Wallet    string
	Operation walletapi.Operation
	Params    walletapi.Params
}

// Screen is what the display shows: a message id and what goes into its words.
type Screen struct {
	ID   string
	Args []string
}

// EndingKind is how an order ended.
type EndingKind string

// The endings.
const (
	Approved  EndingKind = "approved"
	Declined  EndingKind = "declined"   // the host said no
	Unknown   EndingKind = "unknown"    // no answer that could be trusted; a reversal was tried or is pending
	Cancelled EndingKind = "cancelled"  // by the cashier or cardholder, before anything was sent
	Refused   EndingKind = "refused"    // by the terminal itself; no money can have moved
	SignedIn  EndingKind = "signed-in"  //
	SignedOut EndingKind = "signed-out" //
	Rekeyed   EndingKind = "rekeyed"    // new working keys are in use
	Kept      EndingKind = "kept"       // an advice waits for the host; it goes before the next order
	Told      EndingKind = "told"       // a question was answered
	Settled   EndingKind = "settled"    // the batch is closed
	LineGood  EndingKind = "line-good"  // an echo came back
	Reversed  EndingKind = "reversed"   // a reversal left over from before was acknowledged
	Printed   EndingKind = "printed"    // a reprint
)

// Ending is how an order ended: a value, never an error. An answer that asks for a next step of a person (Next) has been
// obeyed as far as the terminal can by itself.
type Ending struct {
	Kind     EndingKind
	Flow     pay.Flow
	Answer   pay.Answer // "" when there was no answer that could be trusted
	Screen   string     // the screen that told it; a later one may tell of a reversal or the paper
	Amount   pay.Amount
	Trace    string
	RRN      string
	AuthCode string
	Next     iso8583.Next
}

// Actions is the list that Step fills. Its buffer is used again after Reset.
type Actions struct{ list []Action }

// Reset empties the list.
func (a *Actions) Reset() { a.list = a.list[:0] }

// All gives the actions in order. They are valid until Reset.
func (a *Actions) All() []Action { return a.list }

func (a *Actions) add(x Action) { a.list = append(a.list, x) }

func (a *Actions) show(id string, args ...string) {
	a.add(Action{Kind: Show, Screen: Screen{ID: id, Args: args}})
}
