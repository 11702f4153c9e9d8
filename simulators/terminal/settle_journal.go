package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// settleLine: where a settlement stands; "" is none. Totals are those it begins with, Slip is that of its totals.
type settleLine struct {
	Stage    stage               `json:"stage,omitempty"`
	Totals   *iso8583.Settlement `json:"totals,omitempty"`
	Balanced bool                `json:"balanced,omitempty"`
	Acked    int                 `json:"acked,omitempty"`
	Slip     []byte              `json:"slip,omitempty"`
	Begun    bool                `json:"begun,omitempty"`
}

// uploadLine: an upload is about to leave under a trace number. Used is the last one that was given away.
type uploadLine struct {
	Trace int `json:"trace"`
	Used  int `json:"used"`
}

// closeLine: the batch is settled and the next one begins; Off signs off.
type closeLine struct {
	At    time.Time `json:"at"`
	Batch string    `json:"batch"`
	Off   bool      `json:"off,omitempty"`
	Slip  []byte    `json:"slip,omitempty"`
	Begun bool      `json:"begun,omitempty"`
}

// settled is a batch that this terminal has settled.
type settled struct {
	at    time.Time
	batch string
	settling
}

func (*settleLine) kind() string { return "till.settle" }
func (*uploadLine) kind() string { return "till.upload" }
func (*closeLine) kind() string  { return "till.close" }

func (l *settleLine) apply(t *Terminal) {
	was := t.settling
	t.settling = nil
	if l.Stage != "" {
		t.settling = &settling{stage: l.Stage, balanced: l.Balanced, acked: l.Acked}
		switch {
		case l.Totals != nil:
			t.settling.totals = *l.Totals
		case was != nil:
			t.settling.totals = was.totals
		}
	}
	t.queue(l.Slip, l.Begun)
}

func (l *uploadLine) apply(t *Terminal) {
	t.trace = l.Used
	if t.settling != nil {
		t.settling.trace = l.Trace
	}
}

func (l *closeLine) apply(t *Terminal) {
	if t.settling != nil {
		t.batches = append(t.batches, settled{l.At, t.batch, *t.settling})
	}
	t.batch, t.settledTo, t.settling = l.Batch, len(t.payments), nil
	t.signedIn = t.signedIn && !l.Off
	t.queue(l.Slip, l.Begun)
}

// queue lets a slip wait for the printer.
func (t *Terminal) queue(slip []byte, begun bool) {
	if slip != nil {
		t.slips = append(t.slips, waitingSlip{slip, begun})
	}
}

// statement states a settlement, at and of the batch given.
func (s settling) statement(t *Terminal, fact audit.Fact, at time.Time, batch string) audit.Statement {
	return audit.Statement{At: at, Role: audit.Terminal, Party: t.Name, Fact: fact,
		Ref: audit.Ref{Terminal: t.Number, Merchant: t.Merchant, Batch: batch}, Batch: s.totals.Stated(s.balanced)}
}
