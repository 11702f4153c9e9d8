package terminal

import "github.com/tillproof/tillproof/simulators/core/audit"

// Statements tells what the terminal's journal says of every payment, in the order of the payments.
func (t *Terminal) Statements() []audit.Statement {
	all := make([]audit.Statement, len(t.payments))
	for i, p := range t.payments {
		all[i] = audit.Statement{At: p.at, Role: audit.Terminal, Party: t.Name, Fact: p.fact, Ref: p.ref, RRN: p.rrn, Original: p.original,
			Amount: p.amount, Answer: p.answer}
	}
	return all
}
