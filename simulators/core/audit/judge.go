package audit

import (
	"fmt"
	"iter"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Break is one place where the money went astray, or where the parties contradict one another about it.
type Break struct {
	Rule       string
	Text       string // one line with the amounts
	Ref        Ref    // the payment, as far as anybody named it
	RRN        string
	Statements []Statement // what led to it
}

// mostLed bounds what a break tells of what led to it: an account of a load run has thousands of movements.
const mostLed = 12

// Led tells what each party states that led to it, in a line each: the last of them, where there are many.
func (b Break) Led() (lines []string) {
	last := b.Statements[max(0, len(b.Statements)-mostLed):]
	if n := len(b.Statements) - len(last); n > 0 {
		lines = append(lines, fmt.Sprintf("... and %d statements before", n))
	}
	for _, s := range last {
		lines = append(lines, s.Line())
	}
	return lines
}

// Judge holds the statements against each other. A party that states nothing is not there: what would need it is not
// judged. A payment whose reversal the till still owes (Pending) is judged when the till has done with it; see Open.
func Judge(statements iter.Seq[Statement]) []Break {
	c := gather(statements)
	var breaks []Break
	all := rules()
	for _, p := range c.payments {
		for _, r := range all {
			for _, text := range r.judge(c, p) {
				breaks = append(breaks, Break{Rule: r.name, Text: p.name() + ": " + text, Ref: p.ref, RRN: p.rrn, Statements: p.statements})
			}
		}
	}
	for _, s := range c.unnamed {
		text := fmt.Sprintf("the %s states %s %s without saying for which payment", s.Role, s.Fact, s.Amount)
		breaks = append(breaks, Break{Rule: "unnamed", Text: text, Statements: []Statement{s}})
	}
	return slices.Concat(breaks, c.settlements(), c.balances(), c.walletBreaks(), c.officeBreaks())
}

// Open gives the till's statements on payments that the host has still to hear of: whose reversal or advice it has stored and not
// got through yet.
func Open(statements iter.Seq[Statement]) []Statement {
	var open []Statement
	for s := range statements {
		if s.Role == Terminal && (s.Fact == Pending || s.Fact == Stored) {
			open = append(open, s)
		}
	}
	return open
}

// rule says what must hold for a payment; judge gives one line for each way in which it does not.
type rule struct {
	name  string
	judge func(*hearing, *payment) []string
}

func rules() []rule {
	return []rule{
		{"approved-posted", approvedPosted},
		{"posted-untold", postedUntold},
		{"reversed-undone", reversedUndone},
		{"unanswered", unanswered},
		{"twice", twice},
		{"decision-posted", decisionPosted},
		{"hosts-agree", hostsAgree},
		{"refunds", refunds},
		{"completions", completions},
		{"stored", stored},
		{"charge-back", chargeBack},
	}
}

// approvedPosted: what the cardholder was told yes to has moved at each host, once and in that amount.
func approvedPosted(c *hearing, p *payment) (lines []string) {
	if p.till.fact() != Approved || p.amending() || p.chargedBack() {
		return nil
	}
	for _, h := range c.settled(p) {
		if s := h.standing(); s != p.due(h, p.till.amount()) {
			lines = append(lines, fmt.Sprintf("the till was told yes to %s, the %s has %s", p.till.amount(), h.role, s))
		}
	}
	return lines
}

// postedUntold: no money has moved for what the till was told no to, or never asked for.
func postedUntold(c *hearing, p *payment) (lines []string) {
	told := p.till.fact()
	if told != Declined && (told != "" || !c.tills[p.ref.Terminal] && !p.orphan) {
		return nil
	}
	if told == "" {
		told = "nothing of it"
	}
	for _, h := range c.settled(p) {
		if s := h.standing(); !s.none() {
			lines = append(lines, fmt.Sprintf("the till states %s, the %s has %s", told, h.role, s))
		}
	}
	return lines
}

// reversedUndone: a payment that the till has reversed has no effect at any host.
func reversedUndone(c *hearing, p *payment) (lines []string) {
	if p.till.fact() != Reversed {
		return nil
	}
	for _, h := range c.settled(p) {
		if s := h.standing(); !s.none() {
			lines = append(lines, fmt.Sprintf("the till has reversed it, the %s has %s", h.role, s))
		}
	}
	return lines
}

// unanswered: a till that cannot trust an answer reverses, or puts the payment on the exception list.
func unanswered(_ *hearing, p *payment) []string {
	if p.till.fact() != Unknown {
		return nil
	}
	return []string{fmt.Sprintf("the till had no answer on %s that it could trust, and does not reverse it", p.till.amount())}
}

// twice: each fact happens once.
func twice(_ *hearing, p *payment) (lines []string) {
	if n := len(p.till.decisions); n > 1 {
		lines = append(lines, fmt.Sprintf("the till states %d payments under one name", n))
	}
	for _, h := range []*book{&p.acquirer, &p.issuer} {
		for _, fact := range []Fact{Posted, Refunded, Undone, Restored, Held} {
			limit := 1
			if fact == Posted || fact == Undone { // each adjustment or tip takes the amount back and posts another
				limit += p.acted(h.role, pay.Adjustment, pay.Tip)
			}
			if fact == Held { // a deposit stands again when its void or completion is taken back
				limit = max(1, h.count(Released)+1)
			}
			if n := h.count(fact); n > limit {
				lines = append(lines, fmt.Sprintf("the %s states %s %d times, %s in all", h.role, fact, n, h.sum(fact)))
			}
		}
		if n := len(h.decisions); n > 1 {
			lines = append(lines, fmt.Sprintf("the %s states %d decisions on one payment", h.role, n))
		}
	}
	return lines
}

// decisionPosted: a host's books say what it decided. An approved authorization holds the money, an approved payment has
// moved it; whatever did not happen or was reversed holds and moves nothing.
func decisionPosted(_ *hearing, p *payment) (lines []string) {
	for _, h := range []*book{&p.acquirer, &p.issuer} {
		s := h.standing()
		switch fact := h.fact(); {
		case fact == "" && !s.none():
			lines = append(lines, fmt.Sprintf("the %s has %s and never decided on it", h.role, s))
		case (h.approved() || fact == Expired) && s != p.due(h, h.amount()):
			lines = append(lines, fmt.Sprintf("the %s approved %s and has %s", h.role, h.amount(), s))
		case (fact == Declined || fact == Reversed || fact == Tombstone || fact == Charged) && !s.none():
			lines = append(lines, fmt.Sprintf("the %s states %s and has %s", h.role, fact, s))
		}
	}
	return lines
}

// hostsAgree: acquirer and issuer have moved the same, by RRN, unless the acquirer still waits for the issuer.
func hostsAgree(c *hearing, p *payment) []string {
	a, i := p.acquirer.standing(), p.issuer.standing()
	if !c.hosts[Acquirer] || !c.hosts[Issuer] || a == i || p.owed() {
		return nil
	}
	return []string{fmt.Sprintf("the acquirer has %s, the issuer has %s", a, i)}
}

// refunds: all refunds and voids of a payment together give back no more than what was moved for it and still stands.
func refunds(c *hearing, p *payment) (lines []string) {
	if line := p.toldBack(); line != "" && !c.hosts[Acquirer] {
		lines = append(lines, line)
	}
	for _, h := range []*book{&p.acquirer, &p.issuer} {
		var given pay.Amount
		for _, r := range p.acts {
			if b := r.book(h.role); b.count(Refunded) > 0 {
				given = add(given, b.standing().amount)
			}
		}
		if s := h.standing(); given.Minor > s.amount.Minor {
			lines = append(lines, fmt.Sprintf("the %s has %s and refunded %s of it", h.role, s, given))
		}
	}
	return lines
}

// toldBack tells that the till was told yes to more money back than it was told yes to: all there is to judge by at a host whose books nobody sees.
func (p *payment) toldBack() string {
	if p.till.fact() != Approved {
		return ""
	}
	var given pay.Amount
	for _, a := range p.acts {
		switch {
		case a.ref.Flow.Amends(): // then the first amount is not the last
			return ""
		case a.ref.Flow.GivesBack() && a.till.fact() == Approved && a.acted(Terminal, pay.Void, pay.CompletionVoid) == 0:
			given = add(given, a.till.amount())
		}
	}
	if given.Minor <= p.till.amount().Minor {
		return ""
	}
	return fmt.Sprintf("the till was told yes to %s, and to %s of it back", p.till.amount(), given)
}

// completions: a deposit is voided or completed once.
func completions(_ *hearing, p *payment) (lines []string) {
	for _, h := range []*book{&p.acquirer, &p.issuer} {
		if n := p.acted(h.role, pay.PreAuthVoid, pay.Completion); n > 1 {
			lines = append(lines, fmt.Sprintf("the %s has voided or completed it %d times", h.role, n))
		}
	}
	return lines
}

// stored: what the till has approved by itself stands at the hosts in that amount, or not yet.
func stored(c *hearing, p *payment) (lines []string) {
	if p.till.fact() != Stored {
		return nil
	}
	for _, h := range c.settled(p) {
		if s := h.standing(); !s.none() && s != (standing{1, p.till.amount()}) {
			lines = append(lines, fmt.Sprintf("the till has stored %s, the %s has %s", p.till.amount(), h.role, s))
		}
	}
	return lines
}

// chargeBack: only a sale that the issuer refused, and that nobody had authorised before, goes back from the merchant.
func chargeBack(c *hearing, p *payment) (lines []string) {
	if p.acquirer.fact() != Charged {
		return nil
	}
	if p.ref.Flow != pay.OfflineSale || c.hosts[Issuer] && p.issuer.fact() != Declined {
		lines = append(lines, fmt.Sprintf("the acquirer has charged it back, and the issuer states %q", p.issuer.fact()))
	}
	return lines
}
