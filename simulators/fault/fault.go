// Package fault spoils what passes over a line, by exact rule or by chance.
package fault

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Direction says what a rule watches.
type Direction string

// The directions.
const (
	Anything Direction = ""        // frames both ways
	Request  Direction = "request" // frames from the till to the host
	Answer   Direction = "answer"  // frames from the host to the till
	Connect  Direction = "connect" // connections being opened
)

// Kind names a fault in the words of a step.
type Kind string

// The kinds of faults.
const (
	Refuse      Kind = "refuse"      // the connection is refused
	Silence     Kind = "silence"     // from then on nothing passes on that line, either way
	HalfOpen    Kind = "half-open"   // from then on nothing passes on that connection, and nobody is told that it is gone
	Lose        Kind = "lose"        // the frame never arrives
	Delay       Kind = "delay"       // the frame, or the connection, comes later by Fault.Delay
	Jitter      Kind = "jitter"      // the frame comes later by up to Fault.Delay, drawn for each
	Bandwidth   Kind = "bandwidth"   // the frame trickles in, Fault.Bytes a second, and what follows waits for it
	Reorder     Kind = "reorder"     // the frame arrives right behind the next one that way on that line
	Replay      Kind = "replay"      // in its place comes the one of its flow that passed that way on that line before it
	Unsolicited Kind = "unsolicited" // before it comes one that nobody asked for: as it, with another Fault.Element (none: the trace number)
	Duplicate   Kind = "duplicate"   // a copy follows, later by Fault.Delay, or in one piece with it if Fault.Joined
	Coalesce    Kind = "coalesce"    // the frame waits for the next one that way on that line and arrives in one piece with it
	HangUp      Kind = "hang-up"     // the line is cut before the frame
	Reset       Kind = "reset"       // as HangUp, by a reset in place of an orderly end
	Cut         Kind = "cut"         // the line is cut after Fault.Bytes bytes of the frame, its length counted; 0: after half of them
	Fragment    Kind = "fragment"    // the frame arrives in pieces of Fault.Bytes bytes (0: one), Fault.Delay apart
	Change      Kind = "change"      // Fault.Edit changes the message; its MAC stays as it was
	Corrupt     Kind = "corrupt"     // one character of Fault.Element is another one; the MAC stays as it was
	WrongMAC    Kind = "wrong-mac"   // one character of the MAC is another one
	WrongEcho   Kind = "wrong-echo"  // as Corrupt, and the message is sealed again where the line knows how
	WrongMTI    Kind = "wrong-mti"   // its type is Fault.Value ("": one that the dialect does not know), and it is sealed again as WrongEcho is
	Missing     Kind = "missing"     // Fault.Element is left out, and the message is sealed again
	Extra       Kind = "extra"       // Fault.Element is there and says Fault.Value, and the message is sealed again
	UnknownTag  Kind = "unknown-tag" // its chip data have an object more, of a tag that nobody knows, and it is sealed again
	BitError    Kind = "bit-error"   // one bit of byte Fault.Bytes behind the length is another one; 0: of any
	Undecodable Kind = "undecodable" // one byte is changed so that a field cannot be read
	Garbage     Kind = "garbage"     // every byte behind the length is FF
	Announce    Kind = "announce"    // the length says Fault.Bytes
)

// Fault is what to do.
type Fault struct {
	Kind    Kind
	Bytes   int
	Delay   time.Duration
	Joined  bool
	Element iso8583.Element
	Value   string
	Edit    func(*iso8583.Message) error
}

// Rule says where and when to do it. Frames are counted in the order they were sent, from the making of the Injector, also
// while no rule watches: the 2nd sale is the second request of that flow on that line (on any line, when Where is
// empty), a repeat counted like any other. The answer to the 2nd sale is the one that carries its correlation key back. A
// rule with a number strikes once.
type Rule struct {
	Where     string // the till's name, T1; "" for every line
	Direction Direction
	Flow      pay.Flow // "" for any, and for frames that cannot be read
	Nth       int      // 1 is the first; 0 every one
	Share     float64  // of those that it fits, at random; 0 is all
	Do        Fault
	Label     string // says whose rule it is, for Disarm and for what has struck
}

// trait is what one kind needs and says of itself.
type trait struct {
	kind    Kind
	connect bool // may be done to a connection
	frame   bool // may be done to a frame
	note    string
	text    string
}

var traits = [...]trait{
	{Refuse, true, false, "refused", "is refused"},
	{Silence, false, true, "lost", "is swallowed by a silent line"},
	{HalfOpen, false, true, "lost", "is lost on a connection that is open at one end only"},
	{Lose, false, true, "lost", "is lost"},
	{Delay, true, true, "late", "is delayed"},
	{Jitter, false, true, "late", "is delayed by chance"},
	{Bandwidth, false, true, "", "trickles in"},
	{Reorder, false, true, "overtaken", "is overtaken by the next one"},
	{Replay, false, true, "replayed", "gives way to one from before"},
	{Unsolicited, false, true, "unasked", "comes behind one that nobody asked for"},
	{Duplicate, false, true, "copy", "is delivered twice"},
	{Coalesce, false, true, "", "waits for the next frame"},
	{HangUp, false, true, "cut", "is cut off before its first byte"},
	{Reset, false, true, "cut", "meets a reset"},
	{Cut, false, true, "cut", "is cut in the middle"},
	{Fragment, false, true, "", "is delivered in small pieces"},
	{Change, false, true, "changed", "is changed"},
	{Corrupt, false, true, "changed", "is corrupted"},
	{WrongMAC, false, true, "changed", "gets a wrong MAC"},
	{WrongEcho, false, true, "changed", "gets a wrong echo"},
	{WrongMTI, false, true, "changed", "gets a wrong message type"},
	{Missing, false, true, "changed", "loses a field"},
	{Extra, false, true, "changed", "gets a field more"},
	{UnknownTag, false, true, "changed", "gets chip data that nobody knows"},
	{BitError, false, true, "changed", "has a wrong bit"},
	{Undecodable, false, true, "garbage", "is made unreadable"},
	{Garbage, false, true, "garbage", "is turned into garbage"},
	{Announce, false, true, "length", "is announced with another length"},
}

// ParseKind finds a kind by its word.
func ParseKind(word string) (Kind, error) {
	for _, t := range traits {
		if string(t.kind) == word {
			return t.kind, nil
		}
	}
	return "", fmt.Errorf("fault %q: there is no such kind", word)
}

// Note gives the short word for a table of messages: lost, late, overtaken, replayed, unasked, copy, cut, changed, garbage, length; "" where
// the message arrives as it is.
func (k Kind) Note() string { return k.trait().note }

func (k Kind) wantsElement() bool {
	return slices.Contains([]Kind{Corrupt, WrongEcho, Missing, Extra}, k)
}

func (k Kind) trait() trait {
	for _, t := range traits {
		if t.kind == k {
			return t
		}
	}
	return trait{}
}

// Check tells what is wrong with a rule.
func (r Rule) Check() error {
	t := r.Do.Kind.trait()
	switch {
	case t.kind == "":
		return fmt.Errorf("fault %q: there is no such kind", r.Do.Kind)
	case r.Direction == Connect && !t.connect:
		return fmt.Errorf("fault %s: cannot be done to a connection", t.kind)
	case r.Direction != Connect && !t.frame:
		return fmt.Errorf("fault %s: can only be done to a connection", t.kind)
	case r.Direction == Connect && r.Flow != "":
		return fmt.Errorf("fault %s: a connection has no flow, yet the rule names %s", t.kind, r.Flow)
	case !(r.Share >= 0 && r.Share <= 1) || r.Share > 0 && r.Nth > 0:
		return fmt.Errorf("fault %s: share %g: want one from 0 to 1, and no number with it", t.kind, r.Share)
	case r.Nth < 0 || r.Do.Bytes < 0 || r.Do.Delay < 0:
		return fmt.Errorf("fault %s: negative number, bytes or delay", t.kind)
	case (t.kind == Delay || t.kind == Jitter) && r.Do.Delay == 0:
		return fmt.Errorf("fault %s: want how long", t.kind)
	case t.kind == Change && r.Do.Edit == nil:
		return fmt.Errorf("fault %s: want an edit", t.kind)
	case t.kind == Bandwidth && r.Do.Bytes == 0:
		return fmt.Errorf("fault %s: want how many bytes a second", t.kind)
	case t.kind.wantsElement() && r.Do.Element == iso8583.NoElement:
		return fmt.Errorf("fault %s: want an element", t.kind)
	}
	return nil
}
