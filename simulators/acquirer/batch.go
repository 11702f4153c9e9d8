package acquirer

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Settlement is how far the settlement of a terminal's batch is.
type Settlement string

// The stages of a settlement.
const (
	Unsettled Settlement = ""
	Settling  Settlement = "settling" // the totals were compared; the upload goes on until its end
	Settled   Settlement = "settled"  // another batch may begin
)

// Batch is what the acquirer knows of the settlement of a terminal's batch.
type Batch struct {
	Terminal string             `json:"terminal"`
	Number   string             `json:"number"`
	Merchant string             `json:"merchant"`
	Stage    Settlement         `json:"stage"`
	At       time.Time          `json:"at"`   // when the totals were compared
	Said     iso8583.Settlement `json:"said"` // by the terminal
	Own      iso8583.Settlement `json:"own"`  // of the acquirer's books
	Balanced bool               `json:"balanced"`
	Uploaded []Upload           `json:"uploaded,omitempty"`
}

// Key names the batch.
func (b Batch) Key() Key { return Key{Terminal: b.Terminal, Batch: b.Number} }

// Upload is one payment of a batch as the terminal uploaded it.
type Upload struct {
	Trace   string     `json:"trace"`
	Amount  pay.Amount `json:"amount"`
	Foreign bool       `json:"foreign,omitempty"`
	Failed  bool       `json:"failed,omitempty"` // a chip's payment that came to nothing: it counts in the upload and in no totals
}

// batch gives the present batch of a terminal.
func (a *Acquirer) batch(t Terminal) Batch {
	if b, known := a.batches[Key{Terminal: t.Number, Batch: t.Batch}]; known {
		return b
	}
	return Batch{Terminal: t.Number, Number: t.Batch, Merchant: t.Merchant}
}

// open gives the terminal as it begins a batch, of which nothing has been settled: the number may have been used a million
// batches ago.
func (c *change) open(t Terminal, number string) Terminal {
	t.Batch = number
	c.batches = append(c.batches, Batch{Terminal: t.Number, Number: number, Merchant: t.Merchant})
	return t
}

// state states a batch that is being settled, or was.
func (b Batch) state() audit.Statement {
	s := audit.Statement{At: b.At, Role: audit.Acquirer, Party: "acquirer", Fact: audit.Settled,
		Ref: audit.Ref{Terminal: b.Terminal, Merchant: b.Merchant, Batch: b.Number}, Batch: b.Own.Stated(b.Balanced)}
	if b.Stage == Settling {
		s.Fact = audit.Settling
	}
	for _, u := range b.Uploaded {
		if !u.Failed {
			s.Batch.Rows = append(s.Batch.Rows, audit.Row{Trace: u.Trace, Amount: u.Amount, Foreign: u.Foreign})
		}
	}
	return s
}

// Batches lists what is known of the settlement of batches, by terminal and number.
func (a *Acquirer) Batches() []Batch {
	list := slices.Collect(maps.Values(a.batches))
	slices.SortFunc(list, func(x, y Batch) int {
		return cmp.Or(cmp.Compare(x.Terminal, y.Terminal), cmp.Compare(x.Number, y.Number))
	})
	return list
}

// settlementDay is the next day from the cut-off on (DOMAIN.md F.2).
func settlementDay(at time.Time, cutOff time.Duration) time.Time {
	return at.Add(24*time.Hour - cutOff)
}
