package steps

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Finding is where a day went wrong.
type Finding struct {
	Rule string `json:"rule"` // ending, card, merchant, pending, trace, receipts, step, panic, or "audit " and a rule of the audit
	Text string `json:"text"`
	line string // the Then that says what should have been; "" where the feature's other lines or the verdict behind them say it
}

// line is one line of the feature that a day is.
type line struct{ keyword, text string }

// day is what a day is played from: the same day gives the same lines, and the same finding.
type day struct {
	seed  sim.Seed
	holds map[string]int64 // what cards hold in the morning, in minor units
	customs
	acts []act
}

// player plays a day: it says the steps of its acts in a world, and holds what comes of them to the model.
type player struct {
	*scenario
	day
	speech speech
	deeds  []deed
	model  *model
	lines  []line
	dawn   int // how many lines the morning has
	found  *Finding

	stirred    bool              // something went wrong since all was quiet: what the next order brings is open
	unwell     map[string]string // what puts right what was arranged, by what it is about
	dated      int               // crossings whose settlement day was looked at
	signed     int               // crossings that were looked through for sign-ins
	watched    watching          // messages
	staff      map[string]staff  // by till
	typed      map[string]bool   // tills at which people have typed passwords
	unapproved bool              // nobody has approved the order
	byItself   bool              // a till is to sign in by itself
	tester     bool              // what crosses now is a tester's
	moved      map[string]bool   // tills that have changed their network while something was under way: it may have left or not
	torn       map[string]bool   // tills whose storage has failed since they were switched off
	tornEver   map[string]bool   // ... or ever
	published  bool              // the host has other CA keys than the tills left the factory with
	dictated   map[string]bool   // requests that the host was told how to answer
	repeated   map[int]bool      // places in the wire at which a tester repeated a request
	penned     map[int]bool      // acts at which somebody signed on the pad
	orders     int
	faults     int
	endings    map[terminal.EndingKind]int
}

// errEnd ends a day early: there is a finding, or nothing more can be said of it.
var errEnd = errors.New("the day is over")

// newPlayer seats a world and has the morning begin: the tills sign in and the cards are filled.
func newPlayer(ctx context.Context, r *rig.Rig, known speech, d day) (*player, error) {
	w, err := r.World(ctx, d.seed, rig.LineMemory)
	if err != nil {
		return nil, err
	}
	p := &player{scenario: &scenario{world: w, tree: &reports.Scenario{}, mentioned: map[string]bool{}}, day: d, speech: known, deeds: append(deeds(), wideDeeds()...),
		watched: newWatching(), staff: map[string]staff{}, typed: map[string]bool{}, unwell: map[string]string{}, moved: map[string]bool{}, torn: map[string]bool{}, tornEver: map[string]bool{}, dictated: map[string]bool{}, repeated: map[int]bool{}, penned: map[int]bool{}, endings: map[terminal.EndingKind]int{},
		model: &model{cast: r.Cast, holds: map[string]int64{}, tries: map[string]int{}, unsure: map[string]bool{}, off: map[string]bool{}, again: map[string]bool{}, barred: map[string]bool{},
			parts: map[string]bool{}, floor: map[string]int64{}, tips: map[string]int64{}, flat: map[string]bool{}}}
	return p, nil
}

// morning says the background: for the tills and cards that the day's acts need, or for all.
func (p *player) morning(all bool) error {
	if err := p.agree(); err != nil {
		return err
	}
	for _, till := range []string{"T1", "T2", "T3", "T4"} {
		if !all && !slices.ContainsFunc(p.acts, func(a act) bool { return a.till == till }) {
			continue
		}
		shop, _, err := p.world.Rig.Cast.Till(till)
		if err != nil {
			return err
		}
		if err := p.opens(till, shop.Name); err != nil {
			return err
		}
	}
	if err := p.switches(all); err != nil {
		return err
	}
	for _, who := range []string{"Alice", "Bob", "Judy", "Ken", "Lena", "Mia", "Dave", "Erin", "Frank", "Grace", "Ivan", "Carol"} {
		holder, err := p.world.Rig.Cast.Cardholder(who)
		if err != nil {
			return err
		}
		p.model.holds[who] = holder.Balance.Minor
		if minor, ok := p.holds[who]; ok {
			p.model.holds[who] = minor
		}
		if !all && !slices.ContainsFunc(p.acts, func(a act) bool { return a.who == who }) {
			continue
		}
		if p.copied && who == "Carol" {
			if err := p.say("Given", `Carol's chip answers "EXTERNAL AUTHENTICATE" with "6300"`); err != nil {
				return err
			}
		}
		if err := p.say("Given", fmt.Sprintf("%s's %s card holds %s", who, holder.Kind, pay.CNY(p.model.holds[who]))); err != nil {
			return err
		}
	}
	p.dawn = len(p.lines)
	return nil
}

// switches sets what the tills may do: one sells cheap things without asking, another can take a part of a sale.
func (p *player) switches(all bool) error {
	does := func(till, deed string) bool {
		return all || slices.ContainsFunc(p.acts, func(a act) bool { return a.till == till && a.deed == deed })
	}
	if does("T1", "offline") {
		p.model.floor["T1"] = 5000
		if err := p.say("Given", `"T1" sells below 50.00 CNY without asking`); err != nil {
			return err
		}
	}
	if does("T2", "sale") {
		p.model.parts["T2"] = true
		if err := p.say("Given", `"T2" can take a part of a sale`); err != nil {
			return err
		}
	}
	if does("T2", "tip") {
		p.model.tips["T2"] = 150
		return p.say("Given", `"T2" takes tips of up to 50 percent`)
	}
	return nil
}

// live draws a day as it goes, of so many orders, and plays it to its evening.
func (p *player) live(r *rand.Rand, orders int) (err error) {
	defer p.recovered(&err)
	if err := p.morning(true); err != nil {
		return err
	}
	for id := 1; p.orders < orders; id++ {
		a, ok := p.drawn(r, id)
		if !ok {
			continue
		}
		p.acts = append(p.acts, a)
		if err := p.do(&a); err != nil {
			return err
		}
	}
	return p.evening()
}

// again plays a day from its acts. What cannot be done any more, since an act that it rests on was left out, is left out too.
func (p *player) again() (err error) {
	defer p.recovered(&err)
	if err := p.morning(false); err != nil {
		return err
	}
	for i := range p.acts {
		if err := p.do(&p.acts[i]); err != nil {
			return err
		}
	}
	return p.evening()
}

// recovered makes a finding of a panic, and ends a day that is over without an error.
func (p *player) recovered(err *error) {
	if v := recover(); v != nil {
		p.found = &Finding{Rule: "panic", Text: fmt.Sprintf("%v\n%s", v, debug.Stack())}
		*err = nil
	}
	if errors.Is(*err, errEnd) {
		*err = nil
	}
}

// drawn draws the next act.
func (p *player) drawn(r *rand.Rand, id int) (act, bool) {
	sum := 0
	for _, d := range p.deeds {
		sum += d.weight
	}
	n := r.IntN(sum)
	a := act{id: id}
	switch stirred := r.IntN(12); {
	case p.stirred && stirred < 4:
		a.deed = "quiet"
		return a, true
	case p.stirred && stirred == 4: // what is owed is owed on another day
		a.deed = "days"
		return a, true
	case p.stirred && stirred == 5: // or to a host that has troubles of its own
		a.deed, a.choice = "host", r.IntN(12)
		return a, true
	}
	if owing := p.owing(); owing != "" && r.IntN(6) == 0 { // the shop closes whatever the till owes
		a.deed, a.till = "settle", owing
		return a, true
	}
	till := p.halfSettled()
	if till != "" && r.IntN(4) > 0 { // people go on as if nothing were
		a.deed, a.till = []string{"sell while settling", "sell while settling", "sign-in", "sign-in", "settle", "sale", "restart"}[r.IntN(7)], till
		if p.wide.is && r.IntN(3) == 0 {
			a.deed = "settle, refused"
		}
		if d := p.deed(&a); a.deed == "sale" || a.deed == "settle, refused" {
			d.draw(p, r, &a)
			a.till = till
		}
		return a, p.possible(p.deed(&a), &a)
	}
	for _, d := range p.deeds {
		if n -= d.weight; n >= 0 {
			continue
		}
		a.deed = d.name
		if d.draw != nil && !d.draw(p, r, &a) || !p.possible(d, &a) {
			return a, false
		}
		flow := p.flowOf(d, &a)
		if d.made {
			return a, true
		}
		if flow != "" && !p.strange(d, &a) && !d.miscounts && len(a.wrongs) == 0 {
			a.wrongs = drawWrongs(p, r, a.till, flow)
		}
		return a, true
	}
	return a, false
}

// possible tells that an act can be done as things are.
func (p *player) possible(d deed, a *act) bool {
	o, flow := p.original(a), p.flowOf(d, a)
	if _, known := p.world.Rig.Dialect.Transaction(flow); flow != "" && !known {
		return false
	}
	switch {
	case d.kept && (o == nil || !o.stored || !o.stands || o.nth > 0 || o.till != a.till || o != p.lastOffline(a.till)):
		return false
	case d.name == "adjust" && o != p.lastOffline(a.till):
		return false
	case d.name == "void what must stay" && o != nil && (!byVoucher(voids[o.flow]) || a.till == o.till && o.stands && !p.model.undone(o)):
		return false
	case d.name == "free a part" && (o == nil || o.minor <= 100):
		return false
	case d.miscounts: // which it must not say of a batch that balances
		return p.unbalanced(a.till)
	case d.name == "sell while settling":
		return p.compared(a.till)
	case d.onto != nil && (o == nil || o.chip || o.nth == 0 || !o.answered || o.doubtful || o.open):
		return false
	case !d.made && o != nil && a.who != o.who && a.till == o.till && !p.asksCard(flow): // it is the payment's, and he does not know its PIN
		return false
	case !d.made && byVoucher(flow) && o != nil && a.till != o.till: // where the voucher's number may be another payment's
		return false
	case flow.Kind() == pay.Refund && !d.made && p.model.dialect.byTrace && a.till != o.till: // where it may be another payment's
		return false
	case (d.people != nil || d.watched) && p.tornEver[a.till]: // which may have forgotten who mistyped what
		return false
	case d.staff && p.asksSupervisor(flow) && p.lockedOut(a.till):
		return false
	case d.staff && (a.till == "T3" || a.till == "T4"): // these shops have no supervisor
		return false
	case p.strange(d, a) && p.stirred:
		return false
	case d.name == "mistyped" && p.stirred, d.name == "signed off" && p.model.barred[a.till]: // that would let the till in again
		return false
	case d.name == "given up":
		return !p.stirred && !p.full(a.till) && !p.model.flat[a.till] && !p.model.off[a.till] && !p.model.barred[a.till] && p.model.card(a.who, p.world.Loop.Now()) >= a.minor
	case d.name == "published":
		_, known := p.world.Rig.Dialect.Transaction(pay.CAPKDownload)
		return known && !p.published
	case d.name == "voucher":
		return o != nil && o.till == a.till && p.voucher(o)
	case d.name == "rush":
		return p.rushes(a)
	case d.name == "odd plan":
		return slices.ContainsFunc(p.world.Wire, func(c *rig.Crossing) bool {
			return !c.Answer && c.Till == a.till && c.Flow == pay.Instalment && c.Message != nil
		})
	case d.name == "refund another":
		return o != nil && p.model.dialect.byTrace
	case d.name == "host batch":
		t, err := p.till(a.till)
		return err == nil && p.world.Rig.Dialect.AnswerCarries(pay.SignIn, iso8583.Batch) && (t.Status().Pending || t.Status().Stored > 0) && !t.Status().Settling
	case d.answered && a.pin != rig.PINNever && p.asksAgain(a):
		return false
	case d.answered && flow != pay.Settlement && (p.full(a.till) || p.model.flat[a.till] || p.model.off[a.till] || p.model.barred[a.till]):
		return false
	case d.name == "again" && (o == nil || o.chip || !o.stands || !o.answered):
		return false
	}
	return true
}

// say says a step, and writes down the line.
func (p *player) say(keyword, text string) error {
	if keyword == "When" {
		p.act()
	}
	p.lines = append(p.lines, line{keyword, text})
	from := p.standing()
	err := p.speech.say(p.scenario, text)
	p.notice(from)
	var f *failure
	switch {
	case err == nil:
		return p.watch()
	case errors.As(err, &f):
		return p.finds("step", text+": "+f.Error(), "")
	}
	return p.finds("step", text+": "+err.Error(), "")
}

// finds ends the day with a finding.
func (p *player) finds(rule, text, wanted string) error {
	p.found = &Finding{rule, text, wanted}
	return errEnd
}

// standing is how many endings each till has had.
func (p *player) standing() map[string]int {
	n := map[string]int{}
	for _, t := range p.world.Tills() {
		n[t.Name] = len(t.Endings)
	}
	return n
}

// notice counts the endings since, mentions those without money, and sees who has signed in.
func (p *player) notice(from map[string]int) {
	for _, t := range p.world.Tills() {
		for _, e := range t.Endings[min(from[t.Name], len(t.Endings)):] {
			p.endings[e.Kind]++
			if p.acted && (e.Kind == terminal.Declined || e.Kind == terminal.Unknown || e.Kind == terminal.Refused) {
				p.expect(fmt.Sprintf("%q shows %s", t.Name, e.Screen))
			}
		}
	}
	for ; p.signed < len(p.world.Wire); p.signed++ {
		c := p.world.Wire[p.signed]
		if c.Answer && c.Flow == pay.SignIn {
			p.model.off[c.Till], p.model.again[c.Till] = false, false
		}
		if c.Flow == pay.OfflineSale && c.Message != nil {
			p.uploaded(c)
		}
	}
}

// expect writes down a Then, once.
func (p *player) expect(text string) {
	if l := (line{"Then", text}); !slices.Contains(p.lines, l) {
		p.lines = append(p.lines, l)
	}
}

// do does an act, if it can be done.
func (p *player) do(a *act) (err error) {
	d := p.deed(a)
	if !p.possible(d, a) {
		return nil
	}
	switch {
	case d.name == "quiet":
		return p.quiet()
	case d.name == "restart" && !p.stirred && !p.torn[a.till]:
		t, err := p.till(a.till)
		if err != nil {
			return err
		}
		return p.asBefore(t)
	case !d.made && p.flowOf(d, a) != "":
		p.orders++
		return p.order(d, a)
	}
	if a.till != "" && d.name != "restart" {
		if err := p.ready(a.till); err != nil {
			return err
		}
	}
	if d.people != nil {
		return p.manned(d, a)
	}
	from, before := len(p.world.Wire), p.standing()
	shown, printed, err := p.seen(a.till)
	if err != nil {
		return err
	}
	p.tester = d.name == "again" || d.made
	if err := p.happens(a, d.words(p, a)); err != nil {
		return err
	}
	p.tester = false
	if d.name == "again" || d.made {
		for i := from; i < len(p.world.Wire); i++ {
			p.repeated[i] = true
		}
	}
	return p.befell(d, a, stood{from, shown, printed, before})
}

// ready does what a till needs before somebody can work at it.
func (p *player) ready(name string) error {
	t, err := p.till(name)
	if err != nil {
		return err
	}
	before := p.standing()
	if t.Status().State == "off" {
		if err := p.say("When", fmt.Sprintf("%q starts again", name)); err != nil {
			return err
		}
	}
	if t.Need() != "" { // somebody went away
		if err := p.say("When", "11 minutes pass"); err != nil {
			return err
		}
	}
	if t.Status().Operator == "" {
		if err := p.say("When", fmt.Sprintf(`operator "01" logs in at %q`, name)); err != nil {
			return err
		}
	}
	if !t.Status().SignedIn && !p.byItself {
		if err := p.say("When", fmt.Sprintf("the cashier signs in at %q", name)); err != nil {
			return err
		}
	}
	return p.undisturbed(name, before)
}
