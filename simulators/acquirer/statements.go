package acquirer

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
)

// Statements tells what the acquirer's ledger moved, what its journal says of each payment, and what its accounts hold.
func (a *Acquirer) Statements() []audit.Statement {
	facts := map[PaymentState]audit.Fact{Pending: audit.Unknown, Approved: audit.Approved, Declined: audit.Declined,
		Reversed: audit.Reversed, Tombstone: audit.Tombstone, Expired: audit.Expired, Charged: audit.Charged}
	var list []audit.Statement
	for _, e := range a.books.Entries() {
		list = append(list, a.movement(e))
	}
	for _, p := range a.Payments() {
		s := audit.Statement{At: p.At, Role: audit.Acquirer, Party: "acquirer", Ref: p.Ref, RRN: p.RRN, Amount: p.Amount, Answer: p.Answer}
		s.Fact = facts[p.State]
		switch p.Undo {
		case UndoDue:
			s.Fact = audit.Pending // the issuer has still to take it back
		case AdviceDue:
			s.Fact = audit.Advised
		}
		s.Foreign = a.foreign(p.Card)
		if p.Original != nil {
			ref := a.payments[*p.Original].Ref
			s.Original = &ref
		}
		list = append(list, s)
	}
	for _, b := range a.Batches() {
		if b.Stage != Unsettled {
			list = append(list, b.state())
		}
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
	p := a.payments[keyOf(e.ID)]
	back := p.Ref.Flow.GivesBack()
	switch {
	case e.Kind == ledger.Hold || e.Kind == ledger.Withhold:
		s.Fact, p = audit.Held, a.authorization(p)
	case e.Kind == ledger.Release:
		s.Fact, p = audit.Released, a.authorization(p)
	case e.To == interbank && back:
		s.Fact = audit.Refunded
	case e.To == interbank:
		s.Fact = audit.Undone
	case back:
		s.Fact = audit.Restored
	default:
		s.Fact = audit.Posted
	}
	s.Ref, s.RRN, s.Foreign = p.Ref, p.RRN, a.foreign(p.Card)
	if p.Original != nil {
		ref := a.payments[*p.Original].Ref
		s.Original = &ref
	}
	return s
}

// authorization gives the pre-authorization that a payment belongs to.
func (a *Acquirer) authorization(p Payment) Payment {
	for p.Original != nil {
		p = a.payments[*p.Original]
	}
	return p
}

func keyOf(id ledger.ID) Key {
	name, _, _ := strings.Cut(string(id), ":")
	parts := strings.SplitN(name, "/", 3)
	if len(parts) != 3 {
		return Key{}
	}
	return Key{parts[0], parts[1], parts[2]}
}
