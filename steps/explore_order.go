package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// order has a till given an order, with what goes wrong meanwhile, and holds its ending to the model.
func (p *player) order(d deed, a *act) error {
	if err := p.readyFor(d, a); err != nil {
		return err
	}
	t, err := p.till(a.till)
	if err != nil {
		return err
	}
	made, err := p.begins(d, a, t)
	if err != nil {
		return err
	}
	calm, off := !p.stirred && !p.model.unsure[a.who] && !p.model.uncertain(a.who), p.model.off[a.till]
	var wanted want
	var delivered []*payment
	if calm {
		wanted, delivered = p.wants(d, a, made, t)
	}
	from, ended, shown, printed, began := len(p.world.Wire), len(t.Endings), len(t.Screens), len(t.Slips), p.world.Loop.Now()
	status := t.Status()
	p.unapproved = false
	struck, err := p.given(d, a, t)
	if err != nil {
		return err
	}
	wanted = p.wantsAfter(d, a, made, wanted, from, shown)
	ending := lastEnding(made.flow, t.Endings[min(ended, len(t.Endings)):])
	for _, o := range delivered {
		if !o.answered { // so that what its card holds is not what it was thought to be
			o.stored, o.charged, calm = true, false, false
		}
	}
	if d.kept {
		p.model.changes(made, ending)
	}
	p.sent(made, from)
	if err := p.patient(made, struck, p.world.Loop.Now().Sub(began)); err != nil {
		return err
	}
	if p.asksPINFor(made.flow) && (made.code == "" || ending.Answer != made.code || approving(ending)) {
		p.model.entered(a.who, a.pin, ending)
	}
	p.became(made, ending, t)
	if made.signed = p.penned[a.id] && !tears(struck); tears(struck) {
		p.torn[a.till], p.tornEver[a.till] = true, true
	}
	if err := p.never(made, ending, status, from); err != nil {
		return err
	}
	if off && slices.ContainsFunc(p.world.Wire[from:], func(c *rig.Crossing) bool { return c.Flow == pay.SignIn }) { // it is on again
		calm = false
	}
	p.stirred = p.stirred || harmed(struck)
	if !calm {
		return nil
	}
	if err := p.hold(a, wanted, ending, struck, t); err != nil {
		return err
	}
	if err := p.prompted(made, ending, t); err != nil {
		return err
	}
	if len(struck) == 0 {
		if err := p.unharmed(made, ending, t, stood{wire: from, screens: shown, slips: printed}); err != nil {
			return err
		}
	}
	return p.after(made, struck, t, from, shown)
}

// readyFor does what a till needs before an order; one that is to sign in by itself before a payment does so.
func (p *player) readyFor(d deed, a *act) error {
	p.byItself = p.model.again[a.till] && !p.stirred && !d.kept && d.flow != pay.Settlement && d.flow != pay.OfflineSale
	defer func() { p.byItself = false }()
	return p.ready(a.till)
}

// unharmed holds what a till has asked for, sent and printed of an order with which nothing went wrong.
func (p *player) unharmed(made *payment, e terminal.Ending, t *rig.Till, was stood) error {
	if err := p.asked(made, t, was.wire, was.screens); err != nil {
		return err
	}
	if err := p.answeredSo(made, e, t, was.wire); err != nil || len(t.Slips) == was.slips {
		return err
	}
	return p.slipped(made, e, t, was.wire)
}

// wantsAfter is how an order must end by what was seen meanwhile: whether the host was asked at all, and whether somebody has approved it.
func (p *player) wantsAfter(d deed, a *act, made *payment, wanted want, from, shown int) want {
	t, err := p.till(a.till)
	if err == nil && d.staff { // who has come
		p.withSupervisor(t, shown)
	}
	asked := slices.ContainsFunc(p.world.Wire[from:], func(c *rig.Crossing) bool { return !c.Answer && c.Till == made.till && c.Flow == made.flow })
	switch {
	case p.unapproved:
		return want{kind: terminal.Cancelled}
	case d.answered && made.flow == pay.Settlement && asked:
		return no(a.code)
	}
	return wanted
}

// after holds what is left when an order has ended: the totals of a settlement, a balance that was told, a reversal that is owed.
func (p *player) after(made *payment, struck []armed, t *rig.Till, from, shown int) error {
	switch made.flow {
	case pay.Settlement:
		if err := p.chipUploads(made); err != nil {
			return err
		}
		if err := p.balanced(made, from, t, t.Screens[shown:]); err != nil {
			return err
		}
		return p.settledSo(made, struck, t, t.Screens[shown:])
	case pay.Balance:
		return p.toldBalance(made, t.Screens[shown:])
	}
	return p.reversedAtOnce(made, struck, t)
}

// lastEnding gives the last ending of a flow.
func lastEnding(f pay.Flow, all []terminal.Ending) (last terminal.Ending) {
	for _, e := range all {
		if e.Flow == f {
			last = e
		}
	}
	return last
}

// tears tells that a till's storage failed.
func tears(struck []armed) bool {
	return slices.ContainsFunc(struck, func(one armed) bool { return one.words == storageWords })
}

// never finds what must not come of an order whatever goes wrong: that what was authorised before is not kept for the host, that a
// till trades whose batch is half settled, and that one settles which owes something.
func (p *player) never(made *payment, e terminal.Ending, stood terminal.Status, from int) error {
	sent := slices.DeleteFunc(slices.Clone(p.world.Wire[from:]), func(c *rig.Crossing) bool { return c.Answer || c.Till != made.till })
	trades := slices.ContainsFunc(sent, func(c *rig.Crossing) bool { return c.Flow == made.flow })
	signs := slices.ContainsFunc(p.world.Wire[from:], func(c *rig.Crossing) bool { return c.Flow == pay.SignIn }) // which may end the batch
	stored := slices.ContainsFunc(p.model.payments, func(o *payment) bool { return o.till == made.till && o.batch == made.batch && o.stored && o.stands })
	switch kept := told(made.flow) && made.flow.Kind() != pay.Refund; {
	case made.flow == pay.Settlement && e.Kind == terminal.Settled && stored:
		return p.finds("settlement", fmt.Sprintf("%s ends its batch while the host has not heard of an offline sale", made.till), fmt.Sprintf("%q shows ADVICE_PENDING", made.till))
	case p.unapproved && trades:
		return p.finds("people", fmt.Sprintf("%s sends a %s that nobody has approved", made.till, made.flow), fmt.Sprintf("%q does not show APPROVED", made.till))
	case kept && e.Kind == terminal.Unknown:
		return p.finds("advice", fmt.Sprintf("%s of %s at %s ended %s, and is not kept for the host", made.flow, pay.CNY(made.minor), made.till, e.Screen), "")
	case stood.Pending && made.flow == pay.Settlement && len(sent) > 0 && sent[0].Flow == pay.Settlement:
		return p.finds("settlement", fmt.Sprintf("%s settles, and owes a reversal or an advice", made.till), "")
	case made.flow == pay.Settlement && e.Kind == terminal.Declined && p.letGo(made):
		return p.finds("settlement", fmt.Sprintf("%s has forgotten the settlement of batch %s, whose totals its host has compared", made.till, made.batch), fmt.Sprintf("%q has a half done settlement", made.till))
	case stood.Settling && trades && made.flow != pay.Settlement && made.flow != pay.Balance && !signs:
		return p.finds("settlement", fmt.Sprintf("%s trades while its batch is half settled: %s of %s", made.till, made.flow, pay.CNY(made.minor)), fmt.Sprintf("%q shows SETTLE_FIRST", made.till))
	}
	return nil
}

// toldBalance holds the balance that a till shows to what the card may spend.
func (p *player) toldBalance(made *payment, screens []terminal.Screen) error {
	want := pay.CNY(p.model.card(made.who, made.at)).String()
	for _, s := range screens {
		if s.ID == "BALANCE" && strings.Join(s.Args, " ") != want {
			return p.finds("balance", fmt.Sprintf("%s is told a balance of %s, it should be %s", made.who, strings.Join(s.Args, " "), want), fmt.Sprintf("%q shows a balance of %s", made.till, want))
		}
	}
	return nil
}

// begins describes the payment that an order would make.
func (p *player) begins(d deed, a *act, t *rig.Till) (*payment, error) {
	shop, _, err := p.world.Rig.Cast.Till(a.till)
	made := &payment{act: a.id, flow: p.flowOf(d, a), till: a.till, shop: shop, who: a.who, minor: a.minor, on: p.original(a), at: p.world.Loop.Now(),
		batch: t.Status().Batch, first: a.minor, told: a.minor, spoken: a.choice%2 == 0, chip: d.name == "chip", code: a.code}
	made.byPIN = p.asksPINFor(made.flow)
	if byVoucher(made.flow) && !made.flow.Amends() { // whole
		made.minor = p.model.amount(made.on)
	}
	return made, err
}

// wants says how an order must end when all is calm, and which offline sales the host must hear of before.
func (p *player) wants(d deed, a *act, made *payment, t *rig.Till) (wanted want, delivered []*payment) {
	if made.flow != pay.OfflineSale && !d.kept && !p.model.off[a.till] && !p.model.barred[a.till] {
		delivered = p.model.deliver(a.till, made.at)
	}
	wanted = p.model.wants(made, a.pin, made.batch, made.at)
	switch {
	case !t.Status().SignedIn && !p.model.again[a.till], moves(made.flow) && p.full(a.till): // the host does not let it, or its batch is full
		wanted = refused()
	case made.chip && p.copied && wanted.approves():
		wanted = want{kind: terminal.Declined}
	case d.answered && made.flow != pay.Settlement && wanted.kind != terminal.Refused:
		wanted = p.wantsBy(a.code, wanted)
	case d.instead != "" && wanted.approves() && wanted.part == 0:
		wanted = no(d.instead)
	}
	return wanted, delivered
}

// balanced holds what a till has settled to the model, and the host's judgement to what must come of it.
func (p *player) balanced(made *payment, from int, t *rig.Till, screens []terminal.Screen) error {
	debits, debit, credits, credit, balances, known := p.model.totals(t.Name, made.batch)
	if !known || made.said != terminal.Settled {
		return nil
	}
	unbalanced := slices.ContainsFunc(screens, func(s terminal.Screen) bool { return s.ID == "UNBALANCED" })
	switch {
	case unbalanced && balances:
		return p.finds("settlement", fmt.Sprintf("batch %s of %s does not balance, and nothing was wrong", made.batch, t.Name), fmt.Sprintf("%q does not show UNBALANCED", t.Name))
	case !unbalanced && !balances:
		return p.finds("settlement", fmt.Sprintf("batch %s of %s balances, and the host has more", made.batch, t.Name), fmt.Sprintf("%q shows UNBALANCED", t.Name))
	}
	for _, c := range p.world.Wire[from:] {
		if c.Answer || c.Flow != pay.Settlement || c.Till != t.Name || c.Message == nil {
			continue
		}
		s, err := iso8583.ParseSettlement(c.Message.Get(iso8583.SettlementData), pay.Currency156CNY)
		if err != nil {
			return err
		}
		got := fmt.Sprint(s.Domestic.DebitCount+s.Foreign.DebitCount, s.Domestic.Debit.Minor+s.Foreign.Debit.Minor,
			s.Domestic.CreditCount+s.Foreign.CreditCount, s.Domestic.Credit.Minor+s.Foreign.Credit.Minor)
		if want := fmt.Sprint(debits, debit, credits, credit); got != want {
			return p.finds("settlement", fmt.Sprintf("batch %s of %s is settled with %s (debits, debit, credits, credit in fen), it should be %s", made.batch, t.Name, got, want), "")
		}
	}
	return nil
}

// sentEnd tells that the host may have heard the end of a till's batch: no host says later that it counted otherwise.
func (p *player) sentEnd(t *rig.Till) bool {
	return slices.ContainsFunc(p.world.Wire, func(c *rig.Crossing) bool {
		return !c.Answer && c.Flow == pay.UploadEnd && c.Till == t.Name && c.Message != nil && c.Message.Get(iso8583.Batch) == t.Status().Batch
	})
}

// given says the steps of an order and of what goes wrong with it, and gives what struck.
func (p *player) given(d deed, a *act, t *rig.Till) ([]armed, error) {
	all, err := p.arm(a)
	if err != nil {
		return nil, err
	}
	instead := d.instead
	if d.answered {
		instead = a.code
	}
	if instead != "" {
		if err := p.happens(a, fmt.Sprintf("*the host answers every %s with %q", d.flow, instead)); err != nil {
			return nil, err
		}
	}
	if d.miscounts && p.unbalanced(a.till) && !p.sentEnd(t) { // still, after a sign-in
		nth := p.count(pay.UploadEnd) + 1
		p.dictated[fmt.Sprintf("%s %d", pay.UploadEnd, nth)] = true
		if err := p.happens(a, fmt.Sprintf("*the host answers %s with %q", nthOf(nth, pay.UploadEnd), pay.Answer95TotalsDiffer)); err != nil {
			return nil, err
		}
	}
	if err := p.say("When", d.words(p, a)); err != nil {
		return nil, err
	}
	if d.watched && t.Need() == terminal.NeedSupervisor {
		if err := p.approves(a, t); err != nil {
			return nil, err
		}
	}
	if t.Need() == terminal.NeedRest {
		if err := p.rest(a); err != nil {
			return nil, err
		}
	}
	if err := p.signs(a, t); err != nil {
		return nil, err
	}
	struck := p.disarm(t, all)
	if instead != "" || d.miscounts {
		return struck, p.happens(a, "*the host is working again")
	}
	return struck, nil
}

// rest has the cashier do something about the rest of a sale, or nothing.
func (p *player) rest(a *act) error {
	switch a.choice % 4 {
	case 3:
		return nil
	case 2:
		return p.say("When", fmt.Sprintf("the cashier gives the sale up at %q", a.till))
	}
	return p.say("When", fmt.Sprintf("the cashier collects the rest at %q", a.till))
}

// reversedAtOnce: with a line that works again, a till has reversed by the time that it rests, if its keys are not in doubt.
func (p *player) reversedAtOnce(made *payment, all []armed, t *rig.Till) error {
	plain := len(all) > 0 && len(p.unwell) == 0 && !p.model.off[t.Name] && !slices.ContainsFunc(all, func(one armed) bool {
		return !slices.Contains([]string{"the line loses {message}", "the line breaks before {message}",
			"the line breaks in the middle of {message}"}, one.words)
	})
	if tx, _ := p.world.Rig.Dialect.Transaction(made.flow); !plain || !tx.Reversible || made.said != terminal.Unknown || !t.Status().Pending {
		return nil
	}
	return p.finds("pending", fmt.Sprintf("%s at %s (%s) had no answer, the line works, and the till does not reverse it", nthOf(made.nth, made.flow), t.Name, pay.CNY(made.minor)),
		fmt.Sprintf("%q has %s as reversed", t.Name, nthOf(made.nth, made.flow)))
}

// sent finds the last message that an order sent: a corrected PIN makes a payment of its own.
func (p *player) sent(made *payment, from int) {
	for _, c := range p.world.Wire[from:] {
		if c.Answer || c.Till != made.till || c.Flow != made.flow || c.Message == nil {
			continue
		}
		number := c.Message.Get(iso8583.Trace)
		late := slices.ContainsFunc(p.model.payments, func(o *payment) bool { return o.till == made.till && o.flow == made.flow && o.trace == number })
		if late { // an advice of before
			continue
		}
		made.nth, made.trace, made.at = c.Nth, number, c.At
		if b := c.Message.Get(iso8583.Batch); b != "" {
			made.batch = b
		}
	}
}

// became notes what the till said of an order. What it left open is known when all is quiet.
func (p *player) became(made *payment, e terminal.Ending, t *rig.Till) {
	if t.Status().Pending && (e.Kind == terminal.Declined || e.Kind == terminal.Refused || e.Kind == terminal.Cancelled) { // a part that was not wanted is to be taken back
		made.doubtful = made.trace != ""
		p.stirred = p.stirred || made.doubtful
	}
	switch e.Kind {
	case terminal.Approved:
		made.stands = made.flow != pay.Balance
		if made.flow == pay.Sale { // or a part of it
			made.minor, made.first, made.told = e.Amount.Minor, e.Amount.Minor, e.Amount.Minor
		}
		if made.flow == pay.OfflineSale {
			made.trace, made.stored = e.Trace, true
		}
	case terminal.Declined, terminal.Refused, terminal.Cancelled, terminal.Told:
	case terminal.Settled:
	default:
		if e.Kind == terminal.Kept { // an advice that has perhaps not left yet
			made.trace = e.Trace
		}
		made.doubtful = made.trace != ""
		p.stirred = p.stirred || made.doubtful
	}
	made.said = e.Kind
	if made.flow == pay.Settlement {
		p.stirred = p.stirred || e.Kind != terminal.Settled
		return
	}
	made.answered = slices.ContainsFunc(p.world.Wire, func(c *rig.Crossing) bool {
		return c.Answer && c.Flow == made.flow && c.Nth == made.nth && c.Message != nil && c.Message.Get(iso8583.AuthCode) != ""
	})
	if made.trace != "" {
		p.model.payments = append(p.model.payments, made)
	}
}

// hold holds an order's ending to what was wanted. What went wrong may keep an order from ending well; it never makes a
// payment of one that must be declined.
func (p *player) hold(a *act, wanted want, e terminal.Ending, struck []armed, t *rig.Till) error {
	if wanted.part > 0 && a.choice%4 > 1 {
		if e.Kind == "" && a.choice%4 == 3 && t.Need() == terminal.NeedRest {
			return nil
		}
		wanted = want{kind: terminal.Cancelled}
	}
	if p.asksPIN(a.who) && a.deed == "sale" && wanted.kind != terminal.Refused {
		switch {
		case a.pin == rig.PINCancel:
			wanted = want{kind: terminal.Cancelled}
		case a.pin == rig.PINNobody && (e.Kind == "" && t.Need() == terminal.NeedPIN):
			return nil
		case a.pin == rig.PINNobody:
			wanted = want{kind: "waiting for the PIN"}
		}
	}
	said := strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Screen, e.Answer))
	naked := slices.ContainsFunc(struck, func(one armed) bool {
		return one.words == noMACWords && one.answer && one.flow == p.flowOf(p.deed(a), a)
	})
	switch {
	case naked && approving(e) && p.world.Rig.Dialect.Security.MAC != "none":
		wanted = want{kind: terminal.Unknown}
	case wanted.fits(e):
		return nil
	case harmed(struck) && (!approving(e) || wanted.approves()):
		return nil
	}
	then := p.wantedLine(a.till, wanted)
	if e.Kind == "" && t.Need() != "" && !wanted.approves() { // which may have shown that already, and goes on
		then = fmt.Sprintf("%q is ready", a.till)
	}
	return p.finds("ending", fmt.Sprintf("%q ended %s; want %s", p.lastWhen(), orNothing(said), strings.TrimSpace(string(wanted.kind)+" "+string(wanted.code))), then)
}

// lastWhen is what people have done last.
func (p *player) lastWhen() string {
	for _, l := range slices.Backward(p.lines) {
		if l.keyword == "When" {
			return l.text
		}
	}
	return ""
}

func approving(e terminal.Ending) bool { return e.Kind == terminal.Approved || e.Kind == terminal.Told }

// wantedLine says the screen of a wanted ending; "" where several would do.
func (p *player) wantedLine(till string, w want) string {
	screen := ""
	switch w.kind {
	case terminal.Approved:
		screen = "APPROVED"
	case terminal.Told:
		screen = "BALANCE"
	case terminal.Declined:
		screen = p.world.Rig.Dialect.Answer(w.code).Prompt
	}
	if screen == "" {
		return ""
	}
	return fmt.Sprintf("%q shows %s", till, screen)
}
