// Package load offers payments to a host at set rates, and measures when they were due, sent and answered.
package load

import "time"

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
	ends
)

func (e End) String() string {
	if e >= ends {
		return "unknown end"
	}
	return [ends]string{"no end", "approved", "declined", "timed out", "dropped", "broken"}[e]
}

// Sample is one order, that is one message that was due. Its times are monotonic since the run's start: Due is when users wanted it, Written when it
// left, Answered when its answer came; with no answer, Answered is when it timed out or was dropped. A dropped order has no Written.
type Sample struct {
	Due, Written, Answered time.Duration
	Waited                 time.Duration // of the lateness: for its till, which was busy with the order before, or for the leg before
	Chain                  uint64
	Terminal, STAN         uint32
	Kind                   uint16
	Leg                    uint8
	End                    End
	Code                   [3]byte // field 39, padded with blanks
}

// Response is what users feel, and what thresholds judge: from due to answered.
func (s *Sample) Response() time.Duration { return s.Answered - s.Due }

// Service is from written to answered: the line and the host.
func (s *Sample) Service() time.Duration { return s.Answered - s.Written }

// Lateness is from due to written: the generator's own fault.
func (s *Sample) Lateness() time.Duration { return s.Written - s.Due }
