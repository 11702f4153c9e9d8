package iso8583

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Cause says why an exchange brought no answer, or what was wrong with a frame that nobody waited for.
type Cause string

// The causes. Those marked (stray) are told of frames that answer no request in flight; the others end an exchange.
const (
	NotConnected      Cause = "not-connected"       // no connection could be made; Fault says why
	Unsendable        Cause = "unsendable"          // the request is too long for the framing, or was not encoded
	DuplicateInFlight Cause = "duplicate-in-flight" // a request with the same key is still waiting for its answer
	NoBytes           Cause = "no-bytes"            // not a byte of an answer came in time
	PartialFrame      Cause = "partial-frame"       // Have of Want bytes came in time
	Undecodable       Cause = "undecodable"         // (also stray) a whole frame came that cannot be read
	Unmatched         Cause = "unmatched"           // (also stray) a readable answer came that fits no request
	Late              Cause = "late"                // (stray) the answer to a request that was given up Late ago
	Duplicate         Cause = "duplicate"           // (stray) an answer that had been delivered before
	LineCut           Cause = "line-cut"            // the connection closed before the whole answer had come
	BadFrame          Cause = "bad-frame"           // the bytes that came are not framed as the dialect says
)

// Trouble is the triage of an exchange that brought no answer, or of a frame that nobody waited for. It is a value, not
// an error: a missing answer is something that payment specifications foresee.
type Trouble struct {
	Cause   Cause
	Sent    bool          // at least one byte of the request was handed to the line: the host may know of it
	Waited  time.Duration // how long the answer was waited for
	Fault   wire.Fault    // NotConnected and LineCut: what became of the connection
	Have    int           // bytes of an unfinished frame that stood there at the end, its length not counted
	Want    int           // ... and how many it should have had; -1 when not even its length was whole
	Field   string        // Undecodable: F4, F60.2, bitmap
	Offset  int           // Undecodable: the byte of the frame
	Why     string        // Undecodable, BadFrame, Unsendable: one line
	Nearest []Difference  // Unmatched: where the nearest request in flight differs; empty when none was waiting
	Late    time.Duration // Late: past the end of the wait
	Others  int           // NoBytes: answers to other requests that came meanwhile
}

// Difference is one element of the correlation key that an answer and a request do not share. Values are masked.
type Difference struct {
	Element string // its name, or "message type"
	Want    string // in the answer to the request
	Came    string // in the answer that came
}

// Word names the trouble for the trace and for features: the cause, but for a connection that was not made the fault
// (refused, tls-clock), and for one that was cut closed or cut-mid-frame.
func (t Trouble) Word() string {
	switch {
	case t.Cause == NotConnected:
		return string(t.Fault)
	case t.Cause == LineCut && t.partial():
		return "cut-mid-frame"
	case t.Cause == LineCut:
		return "closed"
	}
	return string(t.Cause)
}

// Text tells the trouble in one line, such as "no answer within 60s: 61 of 125 bytes of a frame had come".
func (t Trouble) Text() string {
	switch t.Cause {
	case NotConnected:
		return "not connected: " + t.Fault.Text()
	case Unsendable:
		return "not sent: " + t.Why
	case DuplicateInFlight:
		return "not sent: a request with the same key is still in flight"
	case Late:
		return fmt.Sprintf("an answer came %s too late", seconds(t.Late))
	case Duplicate:
		return "an answer came a second time"
	case LineCut:
		return fmt.Sprintf("the line was cut (%s) after %s: %s", t.Fault.Text(), seconds(t.Waited), t.progress())
	case BadFrame:
		return "the line cannot be read: " + t.Why
	}
	if t.Waited == 0 { // a stray
		return t.seen()
	}
	return fmt.Sprintf("no answer within %s: %s", seconds(t.Waited), t.seen())
}

// seen tells all that came in place of the answer.
func (t Trouble) seen() string {
	var seen string
	switch {
	case t.Cause == Undecodable:
		seen = fmt.Sprintf("a frame came that fails at %s, offset %d: %s", t.Field, t.Offset, t.Why)
	case t.Cause == Unmatched && len(t.Nearest) == 0:
		seen = "a message came that no request was waiting for"
	case t.Cause == Unmatched:
		parts := make([]string, len(t.Nearest))
		for i, d := range t.Nearest {
			parts[i] = fmt.Sprintf("%s %s, not %s", d.Element, d.Came, d.Want)
		}
		seen = "a message came that answers no request: " + strings.Join(parts, "; ")
	case t.Others > 0 && !t.partial():
		seen = fmt.Sprintf("nothing came for it, only for others (%d)", t.Others)
	default:
		return t.progress()
	}
	if t.partial() {
		seen += "; then " + t.progress()
	}
	return seen
}

// partial tells that a frame had begun and not ended.
func (t Trouble) partial() bool { return t.Have > 0 || t.Want > 0 }

// progress tells how far an unfinished frame had come.
func (t Trouble) progress() string {
	switch {
	case !t.partial():
		return "not one byte had come"
	case t.Want < 0:
		return "a part of a frame's length had come"
	}
	return fmt.Sprintf("%d of %d bytes of a frame had come", t.Have, t.Want)
}

// seconds writes a duration as traces and features do: 60s, 1.5s.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Round(time.Millisecond).Seconds(), 'f', -1, 64) + "s"
}

// maskedKey hides what a correlation key may hold of a card.
func maskedKey(e Element, value string) string {
	switch e {
	case PAN:
		value = pay.MaskPAN(value)
	case Track1, Track2, Track3, PIN:
		value = pay.NewSecret(value).String()
	}
	if value == "" {
		return "absent"
	}
	return value
}
