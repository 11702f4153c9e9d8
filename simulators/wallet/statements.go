package wallet

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
)

// Statements tell what the host's books say, for audit: every movement under the merchant's number of its order, and every account.
func (h *Host) Statements() []audit.Statement {
	list := []audit.Statement{{Role: audit.Wallet, Party: h.Scheme.Name, Fact: audit.Present}}
	for _, e := range h.books.Entries() {
		s := audit.Statement{At: e.At, Role: audit.Wallet, Party: h.Scheme.Name, Amount: e.Amount}
		trade, _, _ := strings.Cut(string(e.ID), ":")
		o := h.orders[h.trades[trade]]
		switch e.Kind {
		case ledger.Open:
			if e.Amount.Minor == 0 {
				continue
			}
			s.Fact, s.Account = audit.Opening, string(e.To)
		case ledger.Post:
			s.Fact, s.Account = audit.Posted, string(e.From)
		default:
			s.Fact, s.Account = audit.Refunded, string(e.To)
		}
		if s.Fact != audit.Opening {
			s.RRN, s.Ref = o.Number, audit.Ref{Merchant: o.Merchant}
		}
		list = append(list, s)
	}
	for _, name := range h.books.Accounts() {
		if b, err := h.books.Balance(name); err == nil {
			list = append(list, audit.Statement{Role: audit.Wallet, Party: h.Scheme.Name, Fact: audit.Balance, Account: string(name), Amount: b.Booked})
		}
	}
	return list
}
