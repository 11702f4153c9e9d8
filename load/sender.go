package load

import (
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Due is a chain that is due.
type Due struct {
	At    time.Duration // since the run's start
	Chain uint64
}

// Sender carries out chains when they are due: tills at a host. Load knows rates; what an order is, its sender knows. The due
// instant of a later leg is the chain's plus its offset; a leg whose till is still busy, or whose chain still waits for the leg
// before, waits, and the wait counts. All calls come from one goroutine.
type Sender interface {
	// Turn takes what fell due since the last call, in order, and does what can be done now. It never waits.
	Turn(now time.Duration, due []Due)
	// Open tells how many orders have begun or are known to fall due and have not ended.
	Open() int
}

// Desk is where a sender tells what became of its orders.
type Desk interface {
	Record(*Sample) // an order ended
	Late()          // an answer to an order that had ended without one
	Duplicate()     // an answer to an order that has one
	Unmatched()     // an answer to nothing that was asked
	Malformed()     // bytes that are no answer
	Reversed()      // a payment of unknown outcome was taken back
	Connected(d time.Duration)
}

// TellStray counts an answer that a till's link could give to nobody.
func TellStray(d Desk, c iso8583.Cause) {
	switch c {
	case iso8583.Late:
		d.Late()
	case iso8583.Duplicate:
		d.Duplicate()
	case iso8583.Undecodable:
		d.Malformed()
	default:
		d.Unmatched()
	}
}
