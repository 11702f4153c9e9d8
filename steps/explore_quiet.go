package steps

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// evening ends the day.
func (p *player) evening() error {
	if err := p.quiet(); err != nil {
		return err
	}
	return p.secrets()
}

// quiet puts right what was arranged, has the tills do what they still owe, gives the hosts time, and then looks at every book.
func (p *player) quiet() error {
	for _, words := range slices.Sorted(maps.Keys(p.unwell)) {
		if err := p.say("Given", p.unwell[words]); err != nil {
			return err
		}
		delete(p.unwell, words)
	}
	clear(p.model.flat)
	for till, barred := range p.model.barred { // known again, a terminal begins anew
		p.model.off[till], p.model.barred[till] = p.model.off[till] || barred, false
	}
	for _, t := range p.world.Tills() {
		if err := p.settleTill(t); err != nil {
			return err
		}
	}
	for range 3 {
		owed, err := p.owed()
		if err != nil {
			return err
		}
		if len(owed) == 0 {
			break
		}
		if err := p.say("When", "2 minutes pass"); err != nil {
			return err
		}
		if err := p.say("When", fmt.Sprintf("Bob asks for the balance at %q", p.world.Tills()[0].Name)); err != nil {
			return err
		}
	}
	if err := p.settleDoubts(); err != nil {
		return err
	}
	p.stirred = false
	return p.check()
}

// settleTill has a till get through what it owes: a reversal has three attempts, then people look after it.
func (p *player) settleTill(t *rig.Till) error {
	if err := p.ready(t.Name); err != nil {
		return err
	}
	if p.model.off[t.Name] {
		if err := p.say("When", fmt.Sprintf("the cashier signs in at %q", t.Name)); err != nil {
			return err
		}
	}
	for n := range 4 {
		if n == 2 { // the acquirer may have to tell the issuer something first
			if err := p.say("When", "2 minutes pass"); err != nil {
				return err
			}
		}
		order := fmt.Sprintf("Bob asks for the balance at %q", t.Name)
		switch s := t.Status(); {
		case s.Settling: // before it trades, whatever it owes
			order = fmt.Sprintf("the cashier settles at %q", t.Name)
		case !s.Pending && s.Stored == 0:
			unsigned, err := p.unsigned(t.Name)
			if err != nil {
				return err
			}
			if len(unsigned) == 0 && (!p.torn[t.Name] || n > 0) { // whose storage takes what it did not with the next record
				return p.night(t)
			}
		}
		if err := p.say("When", order); err != nil {
			return err
		}
		if err := p.ready(t.Name); err != nil {
			return err
		}
	}
	if err := p.signatures(); err != nil {
		return err
	}
	return p.finds("pending", t.Name+" does not get through what it owes, and nothing is wrong any more", "")
}

// night switches off a till whose storage has failed and works again.
func (p *player) night(t *rig.Till) error {
	if !p.torn[t.Name] {
		return nil
	}
	delete(p.torn, t.Name)
	return p.asBefore(t)
}

// owed gives what the acquirer has still to get through to the issuer.
func (p *player) owed() ([]audit.Statement, error) {
	state, err := p.world.Look()
	if err != nil {
		return nil, err
	}
	last := map[audit.Ref]audit.Statement{}
	for _, s := range state.Statements {
		if decides(s) {
			last[s.Ref] = s
		}
	}
	maps.DeleteFunc(last, func(_ audit.Ref, s audit.Statement) bool {
		return s.Fact != audit.Unknown && s.Fact != audit.Pending && s.Fact != audit.Advised
	})
	return slices.Collect(maps.Values(last)), nil
}

// settleDoubts asks the tills' journals what became of the orders that ended in doubt, and whether the others stand as the
// cardholder was told.
func (p *player) settleDoubts() (err error) {
	said := map[string]audit.Statement{}
	for _, t := range p.world.Tills() {
		for _, s := range t.Statements() {
			said[t.Name+s.Ref.Batch+s.Ref.Trace+string(s.Ref.Flow)] = s
		}
	}
	for _, o := range p.model.payments {
		s := said[o.till+o.batch+o.trace+string(o.flow)]
		fact := s.Fact
		if err := p.dropped(o, fact); err != nil {
			return err
		}
		switch {
		case o.flow == pay.OfflineSale:
			if err := p.settleOffline(o, fact); err != nil {
				return err
			}
		case o.doubtful && (fact == audit.Pending || fact == audit.Unknown):
			return p.finds("pending", fmt.Sprintf("%s at %s (%s): the till's journal says %s, and nothing is wrong any more", nthOf(o.nth, o.flow), o.till, pay.CNY(o.minor), fact),
				fmt.Sprintf("%q has %s as reversed", o.till, nthOf(o.nth, o.flow)))
		case o.doubtful:
			o.stands, o.open = fact == audit.Approved, fact == audit.Exception
			if o.open {
				if s, err = p.acquirer(o); err != nil {
					return err
				}
			}
			if o.flow == pay.Sale && (o.stands || o.open) && s.Amount.Minor > 0 { // or a part of it
				o.minor, o.first, o.told = s.Amount.Minor, s.Amount.Minor, s.Amount.Minor
			}
		case o.said == terminal.Approved && fact != audit.Approved:
			return p.finds("ending", fmt.Sprintf("%s at %s (%s): the cardholder was told yes, and the till's journal says %s", nthOf(o.nth, o.flow), o.till, pay.CNY(o.minor), orNothing(string(fact))),
				fmt.Sprintf("%q has %s as approved", o.till, nthOf(o.nth, o.flow)))
		}
		o.doubtful = false
	}
	return nil
}

// settleOffline asks what became of an offline sale: the host has heard of it, and its bank has paid or the merchant has not been paid.
func (p *player) settleOffline(o *payment, fact audit.Fact) error {
	name := fmt.Sprintf("the offline sale of %s at %s (trace %s)", pay.CNY(o.minor), o.till, o.trace)
	switch {
	case !o.stands:
		return nil
	case fact == audit.Declined:
		o.stands = false
		return nil
	case fact != audit.Approved || o.stored:
		return p.finds("pending", fmt.Sprintf("%s: the till's journal says %s, and nothing is wrong any more", name, orNothing(string(fact))), "")
	}
	s, err := p.acquirer(o)
	if err != nil {
		return err
	}
	charged := s.Fact == audit.Charged
	if o.unsure {
		o.charged, o.unsure = charged, false
	}
	if charged != o.charged {
		return p.finds("charge-back", fmt.Sprintf("%s is charged back: %t, it should be %t", name, charged, o.charged), "")
	}
	return nil
}

// decides tells that a statement says what the acquirer has decided of a payment, and not what it has moved.
func decides(s audit.Statement) bool {
	return s.Role == audit.Acquirer && s.Ref.Trace != "" && !slices.Contains([]audit.Fact{audit.Posted, audit.Undone, audit.Held, audit.Released,
		audit.Refunded, audit.Restored}, s.Fact)
}

// acquirer gives what the acquirer has decided of a payment.
func (p *player) acquirer(o *payment) (decision audit.Statement, err error) {
	t, err := p.till(o.till)
	if err != nil {
		return decision, err
	}
	state, err := p.world.Look()
	for _, s := range state.Statements {
		if decides(s) && s.Ref.Terminal == t.Number() && s.Ref.Batch == o.batch && s.Ref.Trace == o.trace {
			decision = s
		}
	}
	return decision, err
}

// check looks at every book.
func (p *player) check() error {
	owed, err := p.owed()
	if err != nil {
		return err
	}
	if len(owed) > 0 {
		return p.finds("pending", fmt.Sprintf("the acquirer has not got through to the issuer about %s of %s, and nothing is wrong any more", owed[0].Ref.Flow, owed[0].Amount), "")
	}
	if err := p.balances(); err != nil {
		return err
	}
	breaks, err := p.world.Verify()
	if err != nil {
		return err
	}
	for _, b := range breaks {
		return p.finds("audit "+b.Rule, b.Text, "")
	}
	for _, rule := range []func() error{p.traces, p.reversals, p.settlementDays, p.signatures, p.uploadEnds, p.downloads} {
		if err := rule(); err != nil {
			return err
		}
	}
	return p.receipts()
}

// balances compares cards and merchants with the model. Of a payment that people must look after either way is right.
func (p *player) balances() error {
	state, err := p.world.Look()
	if err != nil {
		return err
	}
	var open []*payment
	for _, o := range p.model.payments {
		if o.open {
			open = append(open, o)
		}
	}
	if len(open) > 5 {
		return errEnd
	}
	var first error
	for mask := range 1 << len(open) {
		for i, o := range open {
			o.stands = mask>>i&1 == 1
		}
		err := p.compare(state)
		if err == nil {
			p.found = nil
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (p *player) compare(state rig.State) error {
	now := p.world.Loop.Now()
	for _, who := range slices.Sorted(maps.Keys(p.model.holds)) {
		h, ok := state.Balances["card:"+who]
		if want := p.model.card(who, now); ok && h.Available.Minor != want {
			return p.finds("card", fmt.Sprintf("%s's card holds %s, it should hold %s", who, h.Available, pay.CNY(want)), "")
		}
	}
	for _, t := range p.world.Tills() {
		shop, _, err := p.world.Rig.Cast.Till(t.Name)
		if err != nil {
			return err
		}
		if got, want := state.Balances["merchant:"+shop.Number].Available.Minor, p.model.merchant(shop.Name); got != want {
			return p.finds("merchant", fmt.Sprintf("%s is owed %s, it should be owed %s", shop.Name, pay.CNY(got), pay.CNY(want)), "")
		}
	}
	return nil
}

// receipts: each approval has a slip for the merchant and one for the cardholder.
func (p *player) receipts() error {
	for _, t := range p.world.Tills() {
		printed := map[string]bool{}
		for _, slip := range t.Slips {
			for _, l := range slip.Lines {
				if l.ID == "SLIP_TRACE" && len(l.Args) == 1 {
					printed[string(slip.Copy)+l.Args[0]] = true
				}
			}
		}
		missing := 0
		for _, o := range p.model.payments {
			for _, which := range []terminal.Copy{terminal.MerchantCopy, terminal.CustomerCopy} {
				if o.till == t.Name && o.stands && !o.open && !o.unknown && !printed[string(which)+o.trace] {
					missing++
				}
			}
		}
		if missing > 0 {
			n := len(p.slips(t))
			return p.finds("receipts", fmt.Sprintf("%s has not printed %d receipts of approved payments", t.Name, missing),
				fmt.Sprintf("%q prints %d receipts", t.Name, n+missing))
		}
	}
	return nil
}
