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
		list = append(list, i.movement(e))
	}
	facts := map[PaymentState]audit.Fact{Approved: audit.Approved, Declined: audit.Declined, Reversed: audit.Reversed, Tombstone: audit.Tombstone,
		Expired: audit.Expired}
	for _, p := range i.Payments() {
		list = append(list, audit.Statement{At: p.At, Role: audit.Issuer, Party: "issuer", Fact: facts[p.State], RRN: p.RRN,
			Ref: audit.Ref{Flow: p.Flow}, Amount: p.Amount, Account: p.Card, Answer: p.Answer})
	}
	for _, name := range i.books.Accounts() {
		if b, err := i.books.Balance(name); err == nil {
			list = append(list, audit.Statement{Role: audit.Issuer, Party: "issuer", Fact: audit.Balance, Account: holder(name), Amount: b.Booked})
		}
	}
	return list
}

// movement states a ledger entry. Entries of payments have ids that begin with the RRN.
func (i *Issuer) movement(e ledger.Entry) audit.Statement {
	s := audit.Statement{At: e.At, Role: audit.Issuer, Party: "issuer", Amount: e.Amount}
	if e.Kind == ledger.Open {
		s.Fact, s.Account = audit.Opening, holder(e.To)
		return s
	}
	rrn, _, _ := strings.Cut(string(e.ID), ":")
	p := i.payments[rrn]
	back := p.Flow.GivesBack()
	switch {
	case e.Kind == ledger.Hold || e.Kind == ledger.Withhold:
		s.Fact, p = audit.Held, i.authorization(p)
	case e.Kind == ledger.Release:
		s.Fact, p = audit.Released, i.authorization(p)
	case e.To != interbank && back:
		s.Fact = audit.Refunded
	case e.To != interbank:
		s.Fact = audit.Undone
	case back:
		s.Fact = audit.Restored
	default:
		s.Fact = audit.Posted
	}
	s.RRN, s.Ref.Flow = p.RRN, p.Flow
	s.Account = holder(e.From)
	if e.From == interbank {
		s.Account = holder(e.To)
	}
	return s
}

// authorization gives the pre-authorization that a payment belongs to.
func (i *Issuer) authorization(p Payment) Payment {
	for p.Original != "" {
		p = i.payments[p.Original]
	}
	return p
}

func holder(name ledger.Account) string { return strings.TrimPrefix(string(name), "card:") }
