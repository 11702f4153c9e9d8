// Package trace keeps what every party of a world sent, received, decided and spoiled, in one order and without secrets.
package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Kind says what sort of thing happened.
type Kind string

// The kinds of events.
const (
	Sent     Kind = "sent"     // a message left a party
	Received Kind = "received" // a message reached a party
	Decided  Kind = "decided"  // a party decided; Name is the rule, Text the reason
	Shown    Kind = "shown"    // a screen; Name is the message id
	Printed  Kind = "printed"  // a receipt; Text is the slip as it looks
	Stored   Kind = "stored"   // a journal line was written
	Moved    Kind = "moved"    // money moved in a ledger
	Injected Kind = "injected" // a fault the harness made on purpose
	Trouble  Kind = "trouble"  // a line broke, an answer is missing or cannot be read; Name is the triage
	Noted    Kind = "noted"    // anything else worth telling
)

// The names of what is noted about a chip.
const (
	CardPresented = "card-presented"
	APDU          = "apdu"               // Text is the command and the status of its answer; the ids of Fields begin with > and <
	Cryptogram    = "cryptogram-working" // how an issuer verified one; Text is the result, Fields are inputs and check values
	CardEnded     = "terminal/chip"      // what the terminal decided when the card's visit was over
)

// Event is one thing that happened. No event holds a clear PAN, PIN, track or key: Fields and Frame are masked when they
// are made.
type Event struct {
	Seq    int       `json:"seq"`
	At     time.Time `json:"at"`
	Party  string    `json:"party"`          // T1, acquirer, issuer, line, ...
	Kind   Kind      `json:"kind"`           //
	Peer   string    `json:"peer,omitempty"` // for Sent and Received: the other side
	Name   string    `json:"name,omitempty"` // message ("sale"), screen id, rule, triage
	Text   string    `json:"text,omitempty"` // one line for people; receipts have several
	Fields []Field   `json:"fields,omitempty"`
	Frame  Frame     `json:"frame,omitzero"`
}

// Field is one decoded data element, masked by the dialect that decoded it.
type Field struct {
	ID    string `json:"id"`   // F4, F60.2, tag 9F26
	Name  string `json:"name"` // amount
	Value string `json:"value"`
	Note  string `json:"note,omitempty"` // what is wrong with it, or what its digits say
}

// Span is a stretch of a frame that must not be seen, counted in nibbles since packed digits start anywhere.
type Span struct {
	From, To int  // nibbles; To is not included
	Text     bool // the bytes are characters and are masked with '*'; otherwise nibbles are masked with 0
	Digits   bool // the characters are digits and are masked with '0', so that the frame can still be decoded
}

// Frame is bytes whose secret spans are masked.
type Frame struct {
	bytes  []byte
	spans  []Span
	opaque bool
}

// NewFrame takes a decoded frame and what is secret in it. It copies b, and masks at once: nothing can leak later.
func NewFrame(b []byte, spans []Span) Frame {
	masked := slices.Clone(b)
	for _, s := range spans {
		s.mask(masked)
	}
	return Frame{bytes: masked, spans: spans}
}

// Opaque takes a frame that could not be decoded, so nobody knows what is secret in it: only its length and hash are kept.
func Opaque(b []byte) Frame {
	sum := sha256.Sum256(b)
	return Frame{bytes: fmt.Appendf(nil, "%d bytes, sha256 %x", len(b), sum[:8]), opaque: true}
}

// IsZero tells that there is no frame.
func (f Frame) IsZero() bool { return f.bytes == nil }

// Masked gives the bytes with every secret span masked; nil for an opaque frame. The caller must not change them.
func (f Frame) Masked() []byte {
	if f.opaque {
		return nil
	}
	return f.bytes
}

// Spans tells which nibbles of Masked are masked.
func (f Frame) Spans() []Span { return f.spans }

// String gives the masked bytes in hex, or the length and hash of an opaque frame.
func (f Frame) String() string {
	if f.opaque {
		return string(f.bytes)
	}
	return hex.EncodeToString(f.bytes)
}

// MarshalText writes String.
func (f Frame) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText wrote: the masked bytes; which of them are masked is not kept.
func (f *Frame) UnmarshalText(b []byte) error {
	*f = Frame{bytes: make([]byte, hex.DecodedLen(len(b)))}
	if _, err := hex.Decode(f.bytes, b); err != nil {
		*f = Frame{bytes: slices.Clone(b), opaque: true}
	}
	return nil
}

func (s Span) mask(b []byte) {
	for n := max(s.From, 0); n < s.To && n/2 < len(b); n++ {
		switch {
		case s.Text && s.Digits:
			b[n/2] = '0'
		case s.Text:
			b[n/2] = '*'
		case n%2 == 0:
			b[n/2] &= 0x0F
		default:
			b[n/2] &= 0xF0
		}
	}
}

// Recorder gathers the events of one world. All its methods may be called from any goroutine; a nil Recorder records nothing.
type Recorder struct {
	mu        sync.Mutex
	events    []Event
	dropped   int // events before the first that is kept
	keep      int // 0: all
	consulted map[string]bool
	watch     func(Event)
}

// NewRecorder makes an empty recorder. watch, if not nil, sees each event as it is recorded.
func NewRecorder(watch func(Event)) *Recorder {
	return &Recorder{consulted: map[string]bool{}, watch: watch}
}

// Keep bounds the history of a world that may live for days: at least the last n events are kept. Numbers go on.
func (r *Recorder) Keep(n int) { r.keep = n }

// Record adds an event and gives it its number.
func (r *Recorder) Record(e Event) {
	if r == nil {
		return
	}
	r.mu.Lock()
	e.Seq = r.dropped + len(r.events) + 1
	r.events = append(r.events, e)
	if r.keep > 0 && len(r.events) >= 2*r.keep { // in one go, so that each event is moved at most once
		r.dropped += len(r.events) - r.keep
		r.events = slices.Clone(r.events[len(r.events)-r.keep:])
	}
	r.mu.Unlock()
	if r.watch != nil {
		r.watch(e)
	}
}

// Consult notes that an entry of a party's rules was asked, such as "acquirer/mac".
func (r *Recorder) Consult(entry string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.consulted[entry] = true
	r.mu.Unlock()
}

// Consulted gives the rule entries that were asked, sorted.
func (r *Recorder) Consulted() []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.consulted))
	for name := range r.consulted {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Events gives a copy of what was recorded so far.
func (r *Recorder) Events() []Event {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// WriteTo writes one JSON object a line.
func (r *Recorder) WriteTo(w io.Writer) (n int64, err error) {
	for _, e := range r.Events() {
		line, err := json.Marshal(e)
		if err != nil {
			return n, fmt.Errorf("trace: event %d: %w", e.Seq, err)
		}
		k, err := w.Write(append(line, '\n'))
		if n += int64(k); err != nil {
			return n, fmt.Errorf("trace: %w", err)
		}
	}
	return n, nil
}
