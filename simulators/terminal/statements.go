package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
)

// Statements tells what the terminal's journal says of every payment, in the order of the payments, and of every batch that it
// has begun to settle.
func (t *Terminal) Statements() []audit.Statement {
	all := make([]audit.Statement, len(t.payments))
	for i, p := range t.payments {
		all[i] = audit.Statement{At: p.at, Role: audit.Terminal, Party: t.Name, Fact: p.fact, Ref: p.ref, RRN: p.rrn, Original: p.original,
			Amount: p.amount, Answer: p.answer, Foreign: p.foreign}
	}
	for _, s := range t.wallets {
		all = append(all, s.statements(t)...)
	}
	for _, b := range t.batches {
		all = append(all, b.statement(t, audit.Settled, b.at, b.batch))
	}
	if t.settling != nil {
		all = append(all, t.settling.statement(t, audit.Settling, time.Time{}, t.batch))
	}
	return all
}
