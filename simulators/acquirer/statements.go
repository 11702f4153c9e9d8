package acquirer

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
)

// Statements tells what the acquirer's ledger moved, what its journal says of each payment, and what its accounts hold.
func (a *Acquirer) Statements() []audit.Statement {
	facts := map[PaymentState]audit.Fact{Pending: audit.Unknown, Approved: audit.Approved, Declined: audit.Declined,
		Reversed: audit.Reversed, Tombstone: audit.Tombstone}
	var list []audit.Statement
	for _, e := range a.books.Entries() {
		list = append(list, a.movement(e))
	}
	for _, p := range a.Payments() {
		s := audit.Statement{At: p.At, Role: audit.Acquirer, Party: "acquirer", Ref: p.Ref, RRN: p.RRN, Amount: p.Amount, Answer: p.Answer}
		s.Fact = facts[p.State]
		if p.Undo == UndoDue {
			s.Fact = audit.Pending // the issuer has still to take it back
		}
		list = append(list, s)
	}
	for _, name := range a.books.Accounts() {
		if b, err := a.books.Balance(name); err == nil {
			list = append(list, audit.Statement{Role: audit.Acquirer, Party: "acquirer", Fact: audit.Balance, Account: string(name), Amount: b.Booked})
		}
	}
	return list
}

// movement states a ledger entry. Entries of payments have ids that begin with the payment's key.
func (a *Acquirer) movement(e ledger.Entry) audit.Statement {
	s := audit.Statement{At: e.At, Role: audit.Acquirer, Party: "acquirer", Amount: e.Amount}
	if e.Kind == ledger.Open {
		s.Fact, s.Account = audit.Opening, string(e.To)
		return s
	}
	if p, ok := a.payments[keyOf(e.ID)]; ok {
		s.Ref, s.RRN = p.Ref, p.RRN
	}
	s.Fact = audit.Posted
	if e.To == interbank {
		s.Fact = audit.Undone
	}
	return s
}

func keyOf(id ledger.ID) Key {
	name, _, _ := strings.Cut(string(id), ":")
	parts := strings.SplitN(name, "/", 3)
	if len(parts) != 3 {
		return Key{}
	}
	return Key{parts[0], parts[1], parts[2]}
}
