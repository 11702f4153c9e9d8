package iso8583

import (
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// LinkConfig says how a link speaks to its host.
type LinkConfig struct {
	Dialect    *Dialect
	Connection Connection
	Timers     Timers                        // Connect 0: whoever dials limits it; Answer must be positive
	Framer     func(wire.Framer) wire.Framer // gets the dialect's framer and gives the one to use; nil keeps it
	HTTPTarget string                        // host and path of the POST, such as pos.example/entry; only read when the dialect wraps frames in HTTP
}

// LinkEventKind says what has happened to a link.
type LinkEventKind uint8

// What can happen to a link.
const (
	LinkExchange   LinkEventKind = iota + 1 // the caller wants an answer to Message: Ticket, Message, Timeout
	LinkSend                                // the caller wants Message sent and no answer: Ticket, Message
	LinkConnected                           // Line
	LinkDialFailed                          // Line, Fault
	LinkBytes                               // Line, Chunk
	LinkClosed                              // Line, Fault
	LinkFired                               // Timer
)

// LinkEvent is one thing that has happened to a link.
type LinkEvent struct {
	Kind    LinkEventKind
	Ticket  uint64        // the caller's own number for an exchange; comes back with its end
	Message *Message      // encoded: its Frame is what is sent; the link keeps nothing of it
	Timeout time.Duration // for this answer; 0 for Timers.Answer
	Line    uint64        // which dialled connection is meant; events of a line that is no longer the link's do nothing
	Fault   wire.Fault
	Chunk   []byte // bytes in the order they came, cut anywhere; the link copies them
	Timer   uint64
}

// LinkActionKind says what a link wants done.
type LinkActionKind uint8

// What a link can want.
const (
	LinkDial       LinkActionKind = iota + 1 // open a connection: Line. Ends in LinkConnected or LinkDialFailed, unless hung up first
	LinkWrite                                // write Bytes on Line
	LinkHangup                               // close Line, or stop dialling it
	LinkStartTimer                           // send LinkFired with Timer when After has passed
	LinkStopTimer                            // forget Timer
	LinkDeliver                              // the answer to Ticket is Message
	LinkFail                                 // Ticket gets no answer: Trouble
	LinkStray                                // a frame came that ends no exchange: Frame, Message (nil when it cannot be read), Trouble
)

// LinkAction is one thing a link wants done.
type LinkAction struct {
	Kind    LinkActionKind
	Line    uint64
	Bytes   []byte // valid until the next Step
	Timer   uint64
	After   time.Duration
	Ticket  uint64
	Message *Message // the receiver's to keep
	Frame   []byte   // valid until the next Step
	Trouble Trouble
}

// LinkActions is the buffer a link writes its actions to. Reuse it: Step empties it first.
type LinkActions struct{ list []LinkAction }

// All gives the actions of the last Step, in the order they are to be done.
func (a *LinkActions) All() []LinkAction { return a.list }

// Reset empties the list, and forgets what stood in it.
func (a *LinkActions) Reset() {
	clear(a.list)
	a.list = a.list[:0]
}

func (a *LinkActions) add(action LinkAction) { a.list = append(a.list, action) }

// Framer gives the framing of the dialect's messages as a client writes and reads them. target is host and path of an
// HTTP POST and is not read otherwise.
func (f Framing) Framer(target string) (wire.Framer, error) {
	body, err := wire.NewFramer(f.Length, f.Max)
	if err != nil || !f.HTTP {
		return body, err
	}
	host, path, _ := strings.Cut(target, "/")
	return wire.HTTPClient(body, host, "/"+path), nil
}

// ServerFramer gives the same framing as a host reads and writes it.
func (f Framing) ServerFramer() (wire.Framer, error) {
	body, err := wire.NewFramer(f.Length, f.Max)
	if err != nil || !f.HTTP {
		return body, err
	}
	return wire.HTTPServer(body), nil
}
