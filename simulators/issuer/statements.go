package issuer

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
)

// Statements tells what the issuer's ledger moved, what its journal says of each payment, and what its accounts hold. A
// card's account goes by the card's name.
func (i *Issuer) Statements() []audit.Statement {
	var list []audit.Statement
	for _, e := range i.books.Entries() {
		list = append(list, movement(e))
	}
	facts := map[PaymentState]audit.Fact{Approved: audit.Approved, Declined: audit.Declined, Reversed: audit.Reversed, Tombstone: audit.Tombstone}
	for _, p := range i.Payments() {
		list = append(list, audit.Statement{At: p.At, Role: audit.Issuer, Party: "issuer", Fact: facts[p.State], RRN: p.RRN,
			Amount: p.Amount, Account: p.Card, Answer: p.Answer})
	}
	for _, name := range i.books.Accounts() {
		if b, err := i.books.Balance(name); err == nil {
			list = append(list, audit.Statement{Role: audit.Issuer, Party: "issuer", Fact: audit.Balance, Account: holder(name), Amount: b.Booked})
		}
	}
	return list
}

// movement states a ledger entry. Entries of payments have ids that begin with the RRN.
func movement(e ledger.Entry) audit.Statement {
	s := audit.Statement{At: e.At, Role: audit.Issuer, Party: "issuer", Amount: e.Amount}
	if e.Kind == ledger.Open {
		s.Fact, s.Account = audit.Opening, holder(e.To)
		return s
	}
	s.RRN, _, _ = strings.Cut(string(e.ID), ":")
	if e.To == interbank {
		s.Fact, s.Account = audit.Posted, holder(e.From)
	} else {
		s.Fact, s.Account = audit.Undone, holder(e.To)
	}
	return s
}

func holder(name ledger.Account) string { return strings.TrimPrefix(string(name), "card:") }
