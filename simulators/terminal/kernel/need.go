package kernel

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// NeedKind is what a kernel waits for.
type NeedKind uint8

// The needs. In brackets: the fields of Need, then those of Answer, that one uses.
const (
	NeedAPDU     NeedKind = iota // exchange a command with the card [Command; Response, Reader]
	NeedChoice                   // the cardholder chooses or confirms an application [Choices; Choice]
	NeedPIN                      // the cardholder enters a PIN [PIN, Tries; PIN]
	NeedDocument                 // the cashier compares an ID document [DocumentType, Document; Agreed]
	NeedOnline                   // ask the host [Data; Host]
)

var needNames = [...]string{"APDU", "choice", "PIN", "document", "online"}

// String names the need.
func (k NeedKind) String() string { return needNames[k] }

// Need is one thing that a kernel waits for.
type Need struct {
	Kind         NeedKind
	Command      emv.Command
	Choices      []string // labels, best first; one is to be confirmed
	PIN          PINKind
	Tries        int // PIN tries that the card has left; TriesUnknown
	DocumentType byte
	Document     pay.Secret
	Data         emv.Data // everything that field 55 may carry
	Outcome      Outcome  // what stands so far: PAN, TVR, the first cryptogram
}

// TriesUnknown says that the card does not tell how many PIN tries are left.
const TriesUnknown = -1

// PINKind is who looks at a PIN.
type PINKind uint8

// The kinds.
const (
	PINOnline     PINKind = iota // the host: the clear PIN stays in the terminal's pad
	PINPlaintext                 // the card, in the clear
	PINEnciphered                // the card, under its key
)

// Answer is what came of a need.
type Answer struct {
	Response emv.Response
	Reader   Reader
	Choice   int // number in Choices, or ChoseNone
	PIN      PIN
	Agreed   bool
	Host     Host
}

// ChoseNone says that the cardholder wants none of the applications.
const ChoseNone = -1

// Reader is what else a card reader can tell.
type Reader uint8

// What a reader tells.
const (
	CardAnswered Reader = iota
	CardGone            // it was taken away
	CardMute            // it is there and says nothing that can be understood
	TwoCards            // contactless: more than one is in the field
)

// PINState is what became of a PIN entry.
type PINState uint8

// The states.
const (
	PINEntered   PINState = iota // the zero value, since an answer without a PIN is no PIN entry at all
	PINBypassed                  // the cardholder went on without
	PINCancelled                 // the cardholder gave up
	PINNoPad                     // the pad is missing or broken
)

// PIN is what was entered. The clear PIN comes for offline PINs only.
type PIN struct {
	State PINState
	Clear pay.Secret
}

// Host is the host's answer.
type Host struct {
	Reached bool
	Answer  string // F39; empty when it was not reached
	Data    []byte // field 55: 91, 71, 72, 8A
}
