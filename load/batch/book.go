package batch

import (
	"fmt"
	"iter"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// book is what the tills' journals would say, an entry for each order, kept small: a run has millions of them.
type book struct{ pages [][]entry }

// entry is one order.
type entry struct {
	at        time.Duration
	chain     uint64
	amount    int64
	till      int32
	trace, of uint32 // of: of the payment that it acts on; 0 for none
	kind      uint16
	fact      uint8
}

const (
	factUnknown = iota
	factApproved
	factDeclined
	factPending
	factReversed
	factException
)

var facts = [...]audit.Fact{factUnknown: audit.Unknown, factApproved: audit.Approved, factDeclined: audit.Declined, factPending: audit.Pending,
	factReversed: audit.Reversed, factException: audit.Exception}

const pageSize = 1 << 14

// add gives the entry's number.
func (b *book) add(e entry) int {
	last := len(b.pages) - 1
	if last < 0 || len(b.pages[last]) == pageSize {
		b.pages = append(b.pages, make([]entry, 0, pageSize))
		last++
	}
	b.pages[last] = append(b.pages[last], e)
	return last*pageSize + len(b.pages[last]) - 1
}

func (b *book) at(n int) *entry { return &b.pages[n/pageSize][n%pageSize] }

// Statements tells the money check what the tills know.
func (s *Sender) Statements() iter.Seq[audit.Statement] {
	return func(yield func(audit.Statement) bool) {
		for i := range s.Tills {
			t := &s.Tills[i]
			if !yield(audit.Statement{Role: audit.Terminal, Party: t.Number, Fact: audit.Present, Ref: audit.Ref{Terminal: t.Number}}) {
				return
			}
		}
		for _, page := range s.book.pages {
			for i := range page {
				if e := &page[i]; s.recipes[e.kind].payment && !yield(s.statement(e)) {
					return
				}
			}
		}
	}
}

func (s *Sender) statement(e *entry) audit.Statement {
	t, flow := &s.Tills[e.till], pay.Flow(s.Workload.Kinds()[e.kind].Flow)
	ref := audit.Ref{Terminal: t.Number, Merchant: t.Merchant, Batch: t.Batch, Trace: fmt.Sprintf("%06d", e.trace), Flow: flow}
	out := audit.Statement{At: s.Began.Add(e.at), Role: audit.Terminal, Party: t.Number, Fact: facts[e.fact], Ref: ref,
		Amount: pay.Amount{Minor: e.amount, Currency: s.Workload.Money().Currency}}
	if e.of != 0 {
		of := ref
		of.Trace, of.Flow = fmt.Sprintf("%06d", e.of), s.recipes[e.kind].of
		out.Original = &of
	}
	return out
}
