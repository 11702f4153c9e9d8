package audit

import (
	"fmt"
	"iter"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// hearing is all that was stated, by payment.
type hearing struct {
	payments []*payment
	byRef    map[[2]string][]*payment // terminal and trace; several when batches differ
	byRRN    map[string]*payment
	unnamed  []Statement
	accounts []Statement // Opening and Balance
	batches  []*batch
	wallets  []*walletOrder
	purses   []Statement     // Opening and Balance of wallets
	office   []Statement     // of settlement
	tills    map[string]bool // terminal numbers that state anything
	hosts    map[Role]bool   // roles that state anything
}

// payment is what all parties state of one payment. The till names it by Ref, the acquirer by Ref and RRN, the issuer by
// RRN.
type payment struct {
	ref                    Ref
	rrn                    string
	till, acquirer, issuer book
	original               *Ref
	acts                   []*payment // voids, refunds and completions: whose original it is
	statements             []Statement
	orphan                 bool // the issuer's, and no till's
}

// book is what one party states of a payment.
type book struct {
	role      Role
	decisions []Statement // what it was told or answered
	moves     []Statement // what its ledger did
}

// gather puts statements together: the till's first, since its names are the payment's own, then host by host.
func gather(statements iter.Seq[Statement]) *hearing {
	c := &hearing{byRef: map[[2]string][]*payment{}, byRRN: map[string]*payment{}, tills: map[string]bool{}, hosts: map[Role]bool{}}
	var all []Statement
	for s := range statements {
		switch {
		case s.Role == Settlement:
			c.office = append(c.office, s)
		case !c.takesWallet(s):
			all = append(all, s)
		}
	}
	for _, s := range all {
		if s.Role == Terminal {
			c.tills[s.Ref.Terminal] = true
		} else {
			c.hosts[s.Role] = true
		}
	}
	for _, role := range []Role{Terminal, Acquirer, Issuer} {
		for _, s := range all {
			if s.Role == role {
				c.take(s)
			}
		}
	}
	if c.hosts[Issuer] && !c.hosts[Acquirer] && len(c.tills) > 0 {
		c.adopt()
	}
	for _, r := range c.payments {
		if r.original == nil {
			continue
		}
		if p := c.named(*r.original); p != nil {
			p.acts = append(p.acts, r)
		}
	}
	return c
}

// adopt finds, where no acquirer speaks, the till's payment for each of the issuer's whose RRN no till has heard: the first of the same kind and amount
// that was never answered. What nobody adopts the till has not asked for.
func (c *hearing) adopt() {
	all := slices.Clone(c.payments)
	c.payments = slices.DeleteFunc(c.payments, func(orphan *payment) bool {
		if orphan.ref.Trace != "" {
			return false
		}
		i := slices.IndexFunc(all, func(p *payment) bool {
			return p.ref.Trace != "" && p.rrn == "" && len(p.till.decisions) > 0 && p.ref.Flow.Kind() == orphan.ref.Flow.Kind() && p.till.amount() == orphan.issuer.amount()
		})
		if i < 0 {
			orphan.orphan = true
			return false
		}
		p := all[i]
		p.rrn, p.issuer, p.statements = orphan.rrn, orphan.issuer, append(p.statements, orphan.statements...)
		c.byRRN[p.rrn] = p
		return true
	})
}

func (c *hearing) take(s Statement) {
	switch s.Fact {
	case Present:
		return
	case Opening, Balance:
		c.accounts = append(c.accounts, s)
		return
	case Settling, Settled:
		c.settles(s)
		return
	}
	p := c.find(s)
	if p == nil {
		c.unnamed = append(c.unnamed, s)
		return
	}
	p.statements = append(p.statements, s)
	if s.Original != nil {
		p.original = s.Original
	}
	b := p.book(s.Role)
	switch s.Fact {
	case Posted, Undone, Held, Released, Refunded, Restored:
		b.moves = append(b.moves, s)
	default:
		b.decisions = append(b.decisions, s)
	}
}

// find gives the payment that a statement names, a new one if nobody has named it before, or nil if it names none. The
// till's word on the RRN is not taken where the acquirer, which makes it, speaks for itself.
func (c *hearing) find(s Statement) *payment {
	var p *payment
	switch {
	case s.Ref.Trace != "":
		p = c.named(s.Ref)
	case s.RRN != "":
		p = c.byRRN[s.RRN]
	default:
		return nil
	}
	if p == nil {
		p = &payment{ref: s.Ref, till: book{role: Terminal}, acquirer: book{role: Acquirer}, issuer: book{role: Issuer}}
		c.payments = append(c.payments, p)
		if s.Ref.Trace != "" {
			key := [2]string{s.Ref.Terminal, s.Ref.Trace}
			c.byRef[key] = append(c.byRef[key], p)
		}
	}
	believed := s.Role != Terminal || !c.hosts[Acquirer]
	if s.RRN != "" && believed && c.byRRN[s.RRN] == nil {
		c.byRRN[s.RRN], p.rrn = p, s.RRN
	}
	return p
}

// named finds a payment by its name on the terminal's wire. A dialect without batches leaves the batch out.
func (c *hearing) named(r Ref) *payment {
	for _, p := range c.byRef[[2]string{r.Terminal, r.Trace}] {
		if p.ref.Batch == r.Batch || p.ref.Batch == "" || r.Batch == "" {
			return p
		}
	}
	return nil
}

// present is the books of the hosts that speak. Without an acquirer only the till's RRN leads to the issuer.
func (c *hearing) present(p *payment) (books []*book) {
	if c.hosts[Acquirer] {
		books = append(books, &p.acquirer)
	}
	if c.hosts[Issuer] && (c.hosts[Acquirer] || p.rrn != "") {
		books = append(books, &p.issuer)
	}
	return books
}

// settled is present without the issuer while the acquirer still waits for it.
func (c *hearing) settled(p *payment) []*book {
	return slices.DeleteFunc(c.present(p), func(b *book) bool { return b.role == Issuer && p.owed() })
}

func (p *payment) book(role Role) *book {
	switch role {
	case Acquirer:
		return &p.acquirer
	case Issuer:
		return &p.issuer
	}
	return &p.till
}

func (p *payment) name() string {
	switch {
	case p.ref.Trace == "":
		return "RRN " + p.rrn
	case p.rrn == "":
		return fmt.Sprintf("%s/%s/%s", p.ref.Terminal, p.ref.Batch, p.ref.Trace)
	}
	return fmt.Sprintf("%s/%s/%s (RRN %s)", p.ref.Terminal, p.ref.Batch, p.ref.Trace, p.rrn)
}

// fact is what the party says became of the payment; "" if it says nothing.
func (b *book) fact() Fact {
	if len(b.decisions) == 0 {
		return ""
	}
	return b.decisions[len(b.decisions)-1].Fact
}

func (b *book) amount() pay.Amount {
	if len(b.decisions) == 0 {
		return pay.Amount{}
	}
	return b.decisions[len(b.decisions)-1].Amount
}

// approved tells that the party said yes.
func (b *book) approved() bool { return b.fact() == Approved || b.fact() == Advised }

// owes tells that a host still waits for the next one: for its answer, or for word that it has reversed or heard.
func (b *book) owes() bool { return b.fact() == Unknown || b.fact() == Pending || b.fact() == Advised }

// owed tells that the acquirer still waits for the issuer, on a payment or on what acts on it.
func (p *payment) owed() bool {
	return p.acquirer.owes() || slices.ContainsFunc(p.acts, func(a *payment) bool { return a.owed() })
}

func (b *book) count(f Fact) (n int) {
	for _, s := range b.moves {
		if s.Fact == f {
			n++
		}
	}
	return n
}

func (b *book) sum(f Fact) (sum pay.Amount) {
	for _, s := range b.moves {
		if s.Fact == f {
			sum = add(sum, s.Amount)
		}
	}
	return sum
}

// standing is the effect that a payment has in one party's books: what was posted or refunded and not undone, or what is
// held and neither released nor posted.
type standing struct {
	count  int
	amount pay.Amount // the zero Amount for no money
}

func (s standing) none() bool { return s == standing{} }

// due is the standing of an approved payment at a host; one about no money, such as a balance inquiry, moves none. The void
// of a deposit moves none either, and a deposit holds nothing any more once it was voided or completed. An adjustment or a tip alters
// what its sale moves.
func (p *payment) due(b *book, a pay.Amount) standing {
	if a.Minor == 0 || p.ref.Flow.Kind() == pay.PreAuthVoid || p.ref.Flow.Amends() || b.fact() == Expired || p.ended(b.role) {
		return standing{}
	}
	return standing{1, a}
}

// amending tells that the till does not know yet whether the host has taken another amount.
func (p *payment) amending() bool {
	return slices.ContainsFunc(p.acts, func(a *payment) bool { return a.ref.Flow.Amends() && a.till.fact() == Pending })
}

// chargedBack tells that an offline sale was told to the cardholder, posted, and taken back since the issuer refused it.
func (p *payment) chargedBack() bool { return p.acquirer.fact() == Charged }

// ended tells that a deposit was voided or completed, and that this still stands.
func (p *payment) ended(role Role) bool {
	return p.ref.Flow.Kind() == pay.PreAuth && p.acted(role, pay.PreAuthVoid, pay.Completion) > 0
}

// acted counts what of these kinds acts on a payment at a host, and was not voided itself.
func (p *payment) acted(role Role, kinds ...pay.Flow) (n int) {
	for _, a := range p.acts {
		if a.book(role).approved() && slices.Contains(kinds, a.ref.Flow.Kind()) && a.acted(role, pay.CompletionVoid) == 0 {
			n++
		}
	}
	return n
}

func (b *book) standing() standing {
	var s standing
	posted := b.count(Posted) + b.count(Refunded)
	for _, m := range b.moves {
		switch m.Fact {
		case Posted, Refunded:
			s.count, s.amount = s.count+1, add(s.amount, m.Amount)
		case Undone, Restored:
			s.count, s.amount = s.count-1, add(s.amount, m.Amount.Neg())
		case Held:
			if posted == 0 {
				s.count, s.amount = s.count+1, add(s.amount, m.Amount)
			}
		case Released:
			if posted == 0 {
				s.count, s.amount = s.count-1, add(s.amount, m.Amount.Neg())
			}
		}
	}
	if s.amount.Minor == 0 {
		s.amount = pay.Amount{}
	}
	return s
}

func (s standing) String() string {
	switch {
	case s.none():
		return "no money"
	case s.count == 1:
		return s.amount.String()
	}
	return fmt.Sprintf("%d movements of %s in all", s.count, s.amount)
}

// add sums amounts. Amounts of two currencies have no sum: they give one in no currency, which equals no honest amount.
func add(a, b pay.Amount) pay.Amount {
	switch {
	case a == (pay.Amount{}):
		return b
	case b == (pay.Amount{}), a.Currency == b.Currency:
		return pay.Amount{Minor: a.Minor + b.Minor, Currency: a.Currency}
	}
	return pay.Amount{Minor: a.Minor + b.Minor}
}
