// Package workers spreads a campaign over processes that talk over NATS, each with tills of its own, and merges what they deliver.
package workers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/audit"
)

// joining is where workers ask to be taken. No key travels over the wire: each worker has the profile by itself.
const joining = "tillproof.join"

// hello is how a worker asks.
type hello struct {
	Name, Inbox, Version string
	Profile, Host        string // the profile's name, and the host that it names
}

// welcome answers it.
type welcome struct {
	Error   string `json:",omitempty"`
	Deliver string // the subject that the worker delivers to
}

// task is what the coordinator asks of a worker.
type task struct {
	Do      string // seat, clock, start, stop, leave; here says only that the coordinator is there
	Mission load.Mission
	Control string // seat: the control door and the world behind it; "" of a remote host
	World   string
	At      int64 // start: by the worker's own clock, in ns since 1970
}

// done answers it.
type done struct {
	Error string `json:",omitempty"`
	Now   int64  // by the worker's clock
}

// farewell is the last that a worker delivers.
type farewell struct {
	Error   string `json:",omitempty"`
	Left    bool   // before the schedule was over, since somebody told the worker to
	Refused map[string]int
}

// The first byte of a delivery says what it is.
const (
	beat       = 'b' // nothing but that the worker is there
	orders     = 'o' // records, of the interval that follows
	interval   = 'i'
	statements = 's' // lines of JSON
	last       = 'l'
)

// room is what a delivery holds at most: a server takes 1 MiB unless told otherwise.
const room = 480_000

var inboxes = regexp.MustCompile(`^_INBOX\.[A-Za-z0-9]{1,64}$`)

func readHello(b []byte) (h hello, err error) {
	if err = json.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("a worker's request is not as expected: %w", err)
	}
	if !inboxes.MatchString(h.Inbox) || h.Name == "" || len(h.Name) > 100 {
		return h, errors.New("a worker's request names no inbox, or has no name of at most 100 letters")
	}
	return h, nil
}

// delivery is what a worker delivered, read.
type delivery struct {
	kind       byte
	orders     []load.Sample
	parcel     *load.Parcel
	statements []audit.Statement
	farewell   farewell
}

func readDelivery(b []byte, kinds int) (d delivery, err error) {
	if len(b) == 0 {
		return d, errors.New("an empty delivery")
	}
	d.kind = b[0]
	b = b[1:]
	switch d.kind {
	case beat:
	case orders:
		d.orders, err = load.ReadRecords(b, kinds)
	case interval:
		d.parcel, err = load.ReadParcel(b, kinds)
	case statements:
		d.statements, err = readStatements(b)
	case last:
		err = json.Unmarshal(b, &d.farewell)
	default:
		err = fmt.Errorf("a delivery of the unknown kind %q", d.kind)
	}
	return d, err
}

func readStatements(b []byte) (all []audit.Statement, err error) {
	for line := range bytes.Lines(b) {
		var s audit.Statement
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("a statement of a worker: %w", err)
		}
		if s.Role != audit.Terminal {
			return nil, fmt.Errorf("a statement of a worker speaks for the %s: it may speak for its terminals", s.Role)
		}
		all = append(all, s)
	}
	return all, nil
}
