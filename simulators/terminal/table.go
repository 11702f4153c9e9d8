package terminal

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// State is where a terminal stands. TestStates holds testdata/states.golden, the whole table in words, to the one below.
type State uint8

// The states.
const (
	Off               State = iota
	LoggedOut               // no operator
	Idle                    // ready for an order
	WaitingCard             //
	ReadingCard             // a command is with the card
	WaitingChoice           // of the cardholder, among the card's applications
	WaitingPIN              //
	WaitingOriginal         //
	WaitingPlan             // of an instalment
	WaitingConfirm          //
	WaitingSupervisor       //
	WaitingCode             //
	WaitingRest             // a part is approved
	WaitingSignature        // of a payment that is approved
	NewPassword             // the operator must choose one first
	Storing                 // a record is being written; then the request leaves
	Exchanging              // the request has left
	AskingWallet            // a wallet's host is asked, or will be
	Finishing               // the approval is being written; then the cardholder is told
	states
)

var stateNames = [states]string{"off", "logged out", "ready", "waiting for the card", "reading the card", "waiting for the application", "waiting for the PIN",
	"waiting for the original", "waiting for the instalments", "waiting for the green key", "waiting for the supervisor", "waiting for the spoken code", "waiting for the rest", "waiting for the signature", "waiting for a new password", "storing", "exchanging", "asking the wallet", "finishing"}

// String gives the state in words.
func (s State) String() string { return stateNames[s] }

// cell is what a terminal does with an event: a name for the table, and the deed.
type cell struct {
	name string
	do   func(t *Terminal, now time.Time, e Event, out *Actions)
}

// table says what each state does with the events that it minds; always says it for all others. An order waits in the
// state that its next need names; from there, Confirm, EnterPIN and the like take it on (order.proceed).
//
//	off -> logged out <-> ready -> waiting for card, PIN, ... -> storing -> exchanging -> finishing -> ready
//	                                                                ^           |
//	                                                                +-----------+ (reversal, its repeats, sign-in first)
var table = [states][eventKinds]cell{
	Off: {PowerOn: {"start", (*Terminal).powerOn}},
	LoggedOut: {
		LogIn:       {"log in", (*Terminal).logIn},
		SetPassword: {"ask for log-in", (*Terminal).askLogIn},
		Choose:      {"ask for log-in", (*Terminal).askLogIn},
		Reprint:     {"ask for log-in", (*Terminal).askLogIn},
		LastPayment: {"ask for log-in", (*Terminal).askLogIn},
		Statistics:  {"ask for log-in", (*Terminal).askLogIn},
	},
	Idle: {
		LogIn:       {"log in", (*Terminal).logIn},
		LogOut:      {"log out", (*Terminal).logOut},
		SetPassword: {"set password", (*Terminal).setPassword},
		Unlock:      {"unlock", (*Terminal).unlock},
		AddOperator: {"add operator", (*Terminal).addOperator}, RemoveOperator: {"remove operator", (*Terminal).removeOperator},
		Choose:      {"begin order", (*Terminal).choose},
		Reprint:     {"reprint", (*Terminal).reprint},
		LastPayment: {"show the last payment", (*Terminal).lastPayment},
		Statistics:  {"print statistics", (*Terminal).statistics},
		Fired:       {"log out", (*Terminal).logOut},
	},
	WaitingCard: {
		Swipe:  {"take stripe", (*Terminal).swipe},
		Insert: {"begin with the chip", (*Terminal).insert},
		Tap:    {"begin with the chip", (*Terminal).tap},
		KeyIn:  {"take number", (*Terminal).keyIn},
		Scan:   {"take payer's code", (*Terminal).scan}, ShowCode: {"show a merchant code", (*Terminal).showCode}, Confirm: {"go on without a card", (*Terminal).withoutCard},
		Cancel: {"cancel", (*Terminal).cancel},
		Fired:  {"cancel and log out", (*Terminal).abandon},
	},
	ReadingCard: {CardAnswered: {"go on with the chip", (*Terminal).cardAnswered}},
	WaitingChoice: {
		ChooseApplication: {"go on with the chip", (*Terminal).chooseApplication},
		Cancel:            {"cancel", (*Terminal).cancel},
		Fired:             {"cancel and log out", (*Terminal).abandon},
	},
	WaitingPIN: {
		EnterPIN: {"take PIN", (*Terminal).enterPIN},
		Cancel:   {"cancel", (*Terminal).cancel},
		Fired:    {"cancel and log out", (*Terminal).abandon},
	},
	WaitingOriginal: {
		EnterOriginal: {"take original", (*Terminal).enterOriginal},
		Cancel:        {"cancel", (*Terminal).cancel},
		Fired:         {"cancel and log out", (*Terminal).abandon},
	},
	WaitingPlan: {
		EnterPlan: {"take number", (*Terminal).enterPlan},
		Cancel:    {"cancel", (*Terminal).cancel},
		Fired:     {"cancel and log out", (*Terminal).abandon},
	},
	WaitingConfirm: {
		Confirm: {"go on", (*Terminal).confirm},
		Cancel:  {"cancel", (*Terminal).cancel},
		Fired:   {"cancel and log out", (*Terminal).abandon},
	},
	WaitingSupervisor: {
		LogIn:  {"take approval", (*Terminal).approveBySupervisor},
		Cancel: {"cancel", (*Terminal).cancel},
		Fired:  {"cancel and log out", (*Terminal).abandon},
	},
	WaitingCode: {
		EnterCode: {"take code", (*Terminal).enterCode},
		Cancel:    {"cancel", (*Terminal).cancel},
		Fired:     {"cancel and log out", (*Terminal).abandon},
	},
	WaitingRest: {
		Confirm: {"take the part", (*Terminal).takePart},
		Cancel:  {"reverse the part", (*Terminal).refusePart},
		Fired:   {"reverse the part and log out", (*Terminal).abandonPart},
	},
	WaitingSignature: {
		Sign:   {"take signature", (*Terminal).sign},
		Cancel: {"print the place to sign", (*Terminal).signOnPaper},
		Fired:  {"print the place to sign and log out", (*Terminal).leaveUnsigned},
	},
	NewPassword: {
		LogIn:       {"log in", (*Terminal).logIn},
		SetPassword: {"set password", (*Terminal).setPassword},
		Cancel:      {"log out", (*Terminal).logOut},
		LogOut:      {"log out", (*Terminal).logOut},
		Fired:       {"log out", (*Terminal).logOut},
	},
	Storing:    {LogIn: {"log in", (*Terminal).logIn}, Stored: {"send", (*Terminal).leave}},
	Exchanging: {LogIn: {"log in", (*Terminal).logIn}, Answered: {"judge answer", (*Terminal).answered}, Unanswered: {"judge trouble", (*Terminal).unanswered}},
	AskingWallet: {Stored: {"ask the wallet, or tell", (*Terminal).walletStored}, Fired: {"ask the wallet", (*Terminal).walletDue},
		WalletAnswered: {"judge the wallet's answer", (*Terminal).walletAnswered}},
	Finishing: {LogIn: {"log in", (*Terminal).logIn}, Stored: {"tell approval", (*Terminal).complete}},
}

var always = [eventKinds]cell{
	PowerOn: {"refuse", refuse}, LogIn: {"refuse", refuse}, LogOut: {"refuse", refuse}, SetPassword: {"refuse", refuse},
	Unlock: {"refuse", refuse}, AddOperator: {"refuse", refuse}, RemoveOperator: {"refuse", refuse}, Choose: {"refuse", refuse}, Reprint: {"refuse", refuse}, LastPayment: {"refuse", refuse}, Statistics: {"refuse", refuse}, Swipe: {"refuse", refuse},
	Insert: {"refuse", refuse}, Tap: {"refuse", refuse}, CardAnswered: {"ignore", ignore}, ChooseApplication: {"refuse", refuse},
	Scan: {"refuse", refuse}, ShowCode: {"refuse", refuse}, KeyIn: {"refuse", refuse}, EnterPIN: {"refuse", refuse}, EnterOriginal: {"refuse", refuse}, EnterCode: {"refuse", refuse}, EnterPlan: {"refuse", refuse}, Confirm: {"refuse", refuse}, Cancel: {"refuse", refuse},
	Answered: {"ignore", ignore}, Unanswered: {"ignore", ignore}, WalletAnswered: {"ignore", ignore}, Fired: {"ignore", ignore}, Stored: {"ignore", ignore},
	PaperOut: {"note paper", (*Terminal).paperOut}, PaperIn: {"note paper", (*Terminal).paperIn},
	BatteryLow: {"note battery", (*Terminal).batteryLow}, BatteryOK: {"note battery", (*Terminal).batteryOK},
	NetworkDown: {"note network", (*Terminal).networkDown}, NetworkUp: {"take network", (*Terminal).takeNetwork},
	SwitchNetwork: {"take network", (*Terminal).takeNetwork}, Tamper: {"erase keys", (*Terminal).tamper},
	Sign: {"refuse", refuse}, ScriptResults: {"owe script results", (*Terminal).scriptResults},
	DeviceFails: {"note device", (*Terminal).deviceFails}, DeviceWorks: {"note device", (*Terminal).deviceWorks},
}

func cellFor(s State, k EventKind) cell {
	if c := table[s][k]; c.do != nil {
		return c
	}
	return always[k]
}

// refuse leaves everything as it is; the trace says what somebody tried.
func refuse(t *Terminal, now time.Time, e Event, _ *Actions) {
	t.Trace.Record(trace.Event{At: now, Party: t.Name, Kind: trace.Noted, Name: "refused", Text: fmt.Sprintf("%s while %s", e.Kind, t.state)})
}

// ignore: it comes too late to mean anything.
func ignore(*Terminal, time.Time, Event, *Actions) {}
