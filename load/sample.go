// Package load offers payments to a host at set rates, and measures when they were due, sent and answered.
package load

import (
	"strings"
	"time"
)

// Kind is a flow with an entry mode, such as sale by chip; samples carry its index in the plan's list.
type Kind struct{ Flow, Entry string }

func (k Kind) String() string {
	if k.Entry == "" {
		return k.Flow
	}
	return k.Flow + "/" + k.Entry
}

// End says what became of an order. The zero End is none: an order that nobody judged is never taken for an approval.
type End uint8

const (
	Approved End = iota + 1
	Declined
	TimedOut // no answer within the time allowed
	Dropped  // never sent: it was over the allowed lag
	Broken   // the answer was malformed, or had a wrong MAC or a wrong echo
	Refused  // never sent: its till would not, as with the void of a sale that has been settled
	ends
)

func (e End) String() string {
	if e >= ends {
		return "unknown end"
	}
	return [ends]string{"no end", "approved", "declined", "timed out", "dropped", "broken", "refused"}[e]
}

// word is String in one word, as thresholds have it.
func (e End) word() string { return strings.ReplaceAll(e.String(), " ", "") }

// Sample is one order, that is one message that was due. Its times are monotonic since the run's start: Due is when users wanted it, Written when it
// left, Answered when its answer came; with no answer, Answered is when it timed out, was dropped or refused. One that never left has no Written.
type Sample struct {
	Due, Written, Answered time.Duration
	Waited                 time.Duration // of the lateness: for its till, which was busy with the order before, for the leg before, for a connection
	Issuer                 time.Duration // of the service: what our issuer behind a switch under test took; 0 elsewhere
	Chain                  uint64
	Terminal, STAN         uint32
	Kind                   uint16
	Leg                    uint8
	End                    End
	Code                   [3]byte // field 39, padded with blanks
	Wire                   *Wire   // what crossed its till's line; nil where nobody kept it. It is the sender's again when Record returns
}

// Response is what users feel, and what thresholds judge: from due to answered.
func (s *Sample) Response() time.Duration { return s.Answered - s.Due }

// Service is from written to answered: the line and the host.
func (s *Sample) Service() time.Duration { return s.Answered - s.Written }

// Lateness is from due to written, or until it was dropped.
func (s *Sample) Lateness() time.Duration {
	if !s.Left() {
		return s.Answered - s.Due
	}
	return s.Written - s.Due
}

// OwnLateness is the part of the lateness that is the generator's fault: what the order waited for, the target owed.
func (s *Sample) OwnLateness() time.Duration { return s.Lateness() - s.Waited }

// Left tells whether the order was sent.
func (s *Sample) Left() bool { return s.End != Dropped && s.End != Refused }
