package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// EventKind is what happens to a terminal.
type EventKind uint8

// The events. In brackets: the fields of Event that one uses.
const (
	PowerOn           EventKind = iota // the first event of every life, after Restore
	LogIn                              // an operator's number and password [Operator, Password]; also the supervisor's, when one is asked for
	LogOut                             // the operator leaves
	SetPassword                        // a new password, of oneself or, by a supervisor, of [Operator]; [Password]
	Unlock                             // a supervisor lifts the lock of [Operator]
	AddOperator                        // a supervisor takes on a cashier [Operator]; [Password], or the common default
	RemoveOperator                     // a supervisor takes [Operator] off the list
	Choose                             // an order [Flow, Amount]
	Reprint                            // the last receipt once more, or that of a voucher of this batch [Original]
	LastPayment                        // show what became of the last payment
	Statistics                         // print the payments by day and kind
	Swipe                              // a stripe was drawn through the reader [Stripe]
	Insert                             // a card is in the slot [Reader]
	Tap                                // a card is in the field [Reader]
	CardAnswered                       // what came of an APDU [Response, Reader]
	ChooseApplication                  // the cardholder chooses one of those shown [Choice]; kernel.ChoseNone for none
	Scan                               // the scanner took a picture of a payer's code, or has read one by itself [Picture, Code]
	ShowCode                           // the cashier has the customer scan a code of [Wallet]
	KeyIn                              // a card number typed by hand [PAN, Expiry]
	EnterPIN                           // the cardholder's PIN; empty is a bypass [PIN]
	EnterOriginal                      // the cashier names the payment that the order acts on [Original]
	EnterCode                          // the authorization that was given by voice, or none [Voice]
	EnterPlan                          // the number of instalments [Count]
	Confirm                            // the green key; at the card, that there is none
	Cancel                             // the red key
	Answered                           // the exchange brought an answer [Message]
	Unanswered                         // the exchange brought none [Trouble]
	WalletAnswered                     // what a wallet's host said [Params]; nil when it said nothing
	Fired                              // a timer ran out [Timer]
	Stored                             // the store's word on a Write with Await [Err]
	PaperOut                           // the printer has no paper left
	PaperIn                            // there is a new roll in it
	BatteryLow                         // the battery is below the limit for a new trade
	BatteryOK                          // it is charged again
	NetworkDown                        // no network at all
	NetworkUp                          // a network is there again [Network]
	SwitchNetwork                      // the cashier takes another network [Network]
	Tamper                             // the case was opened
	Sign                               // the cardholder has signed on the pad; empty is a refusal [Picture]
	ScriptResults                      // what the issuer's commands did to the chip of the last payment, or of [Original.Trace]; [Chip]
	DeviceFails                        // a part of the terminal does not work any more [Device]
	DeviceWorks                        // it works again [Device]
	eventKinds
)

var eventNames = [eventKinds]string{"PowerOn", "LogIn", "LogOut", "SetPassword", "Unlock", "AddOperator", "RemoveOperator", "Choose", "Reprint", "LastPayment", "Statistics", "Swipe", "Insert", "Tap", "CardAnswered", "ChooseApplication", "Scan", "ShowCode", "KeyIn", "EnterPIN",
	"EnterOriginal", "EnterCode", "EnterPlan", "Confirm", "Cancel", "Answered", "Unanswered", "WalletAnswered", "Fired", "Stored", "PaperOut", "PaperIn", "BatteryLow", "BatteryOK",
	"NetworkDown", "NetworkUp", "SwitchNetwork", "Tamper", "Sign", "ScriptResults", "DeviceFails", "DeviceWorks"}

// String gives the constant's name.
func (k EventKind) String() string { return eventNames[k] }

// Event is one thing that happens to a terminal.
type Event struct {
	Kind     EventKind
	Flow     pay.Flow
	Amount   pay.Amount
	Operator string
	Password pay.Secret
	Stripe   Stripe
	Response emv.Response
	Reader   kernel.Reader
	Choice   int
	PAN      pay.PAN
	Expiry   string // YYMM
	PIN      pay.Secret
	Original Original
	Voice    Voice
	Count    int
	Message  *iso8583.Message
	Trouble  iso8583.Trouble
	Timer    string
	Network  string // wifi, 4g
	Device   Device
	Code     pay.Secret
	Picture  []byte // a signature as the pad gives it, or what the scanner sees
	Chip     []byte // TLV of F55
	Err      error
	Params   walletapi.Params
	Wallet   string
}

// Stripe is what the reader's head gave. Tracks may have their sentinels and '=' or 'D' as separator.
type Stripe struct {
	Track1, Track2, Track3 pay.Secret
	Bad                    bool // the head could not read it
}
