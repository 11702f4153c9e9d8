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

// stood is how things were before an act.
type stood struct {
	wire, screens, slips int
	endings              map[string]int
}

// befell looks at what has come of what is no order.
func (p *player) befell(d deed, a *act, was stood) error {
	if a.till == "" {
		return p.undisturbed("", was.endings)
	}
	t, err := p.till(a.till)
	if err != nil {
		return err
	}
	switch {
	case d.forbidden:
		if err := p.forbidden(was.wire); err != nil {
			return err
		}
		if err := p.voidedAgain(a, was.wire); byVoucher(p.flowOf(d, a)) && err != nil {
			return err
		}
	case d.name == "query":
		return p.tells(t, was.screens, was.slips)
	case d.name == "reprint": // of what was perhaps never printed
		return p.reprinted(t, was.slips)
	case d.name == "voucher":
		return p.vouched(a, t)
	case d.name == "rush":
		return p.rushed(a, was.wire)
	case d.name == "given up":
		return p.gaveUp(a, was.wire)
	case d.name == "made":
		if err := p.answeredNo(a, was.wire); err != nil {
			return err
		}
	case d.name == "restart": // with what the storage did not take
		return nil
	}
	if d.takes { // the till's next number, or its batch
		return p.say("When", fmt.Sprintf("the cashier signs in at %q", a.till))
	}
	if d.forbidden {
		return nil
	}
	return p.undisturbed(a.till, was.endings)
}

// seen is how much a till has shown and printed; of no till nothing.
func (p *player) seen(till string) (screens, slips int, err error) {
	if till == "" {
		return 0, 0, nil
	}
	t, err := p.till(till)
	if err != nil {
		return 0, 0, err
	}
	return len(t.Screens), len(t.Slips), nil
}

// forbidden finds that a host has approved what it must never approve.
func (p *player) forbidden(from int) error {
	for _, c := range p.world.Wire[from:] {
		if c.Answer && c.Message != nil && p.world.Rig.Dialect.Answer(pay.Answer(c.Message.Get(iso8583.AnswerCode))).Category == iso8583.CategoryApproved {
			return p.finds("forbidden", fmt.Sprintf("%s is approved, and must not be", nthOf(c.Nth, c.Flow)), "")
		}
	}
	return nil
}

// voidedAgain holds the answer to the void of what was voided, at its own till and on its day, to the code that host and tills have agreed
// on. A tester's void has the amount that was asked for first, which a tip or a partial approval has changed.
func (p *player) voidedAgain(a *act, from int) error {
	o := p.original(a)
	t, err := p.till(a.till)
	if err != nil {
		return err
	}
	if o == nil || o.flow.Kind() == pay.PreAuth || a.till != o.till || o.batch != t.Status().Batch || !p.model.undone(o) || !sameDay(o.at, p.world.Loop.Now()) || t.Status().Settling ||
		p.stirred || p.model.off[a.till] || p.model.barred[a.till] {
		return nil
	}
	for _, c := range p.world.Wire[from:] {
		if code := pay.Answer(c.Message.Get(iso8583.AnswerCode)); c.Answer && code != p.model.dialect.voidedAgain && code != pay.Answer64AmountDiffers {
			return p.finds("ending", fmt.Sprintf("%s, of what was voided before, is answered %s; want %s", nthOf(c.Nth, c.Flow), code, p.model.dialect.voidedAgain),
				fmt.Sprintf("the answer to %s carries\n      | field | value |\n      | F39   | %s    |", nthOf(c.Nth, c.Flow), p.model.dialect.voidedAgain))
		}
	}
	return nil
}

// answeredNo holds the answer to a made sale in another currency to its code: such money moves nowhere, whatever is answered.
func (p *player) answeredNo(a *act, from int) error {
	if a.choice%3 != 0 || p.stirred || p.model.off[a.till] || p.model.barred[a.till] {
		return nil
	}
	for _, c := range p.world.Wire[from:] {
		if code := pay.Answer(c.Message.Get(iso8583.AnswerCode)); c.Answer && c.Flow == pay.Sale && code != pay.Answer12Invalid {
			return p.finds("ending", fmt.Sprintf("a sale in a currency that nobody is paid in is answered %s; want %s", code, pay.Answer12Invalid),
				fmt.Sprintf("the answer to %s carries\n      | field | value |\n      | F39   | %s    |", nthOf(c.Nth, c.Flow), pay.Answer12Invalid))
		}
	}
	return nil
}

// happens says what an act arranges or does, and notes what it disturbs.
func (p *player) happens(a *act, text string) error {
	arranged, given := strings.CutPrefix(text, "*")
	if !given {
		return p.say("When", text)
	}
	for words, remedy := range map[string]string{"the host is": "the host is working again", "the issuer answers": "the issuer answers 0 seconds late",
		"payments reach": "payments reach the issuer 0 seconds late", "the line": "the line works again",
		fmt.Sprintf("%q has a low", a.till):   fmt.Sprintf("%q has a charged battery", a.till),
		fmt.Sprintf("%q is out", a.till):      fmt.Sprintf("%q has new paper", a.till),
		fmt.Sprintf("%q is disabled", a.till): fmt.Sprintf("%q is known again at the host", a.till)} {
		if !strings.HasPrefix(arranged, words) {
			continue
		}
		if arranged == remedy {
			delete(p.unwell, words)
			continue
		}
		p.unwell[words] = remedy
		p.stirred = p.stirred || strings.HasPrefix(words, "the ") || strings.HasPrefix(words, "payments ")
	}
	switch {
	case arranged == "the host has new CA keys":
		p.published = true
	case strings.HasSuffix(arranged, "has a low battery"):
		p.model.flat[a.till] = true
	case strings.HasSuffix(arranged, "is disabled at the host"):
		p.model.barred[a.till] = true
	case strings.HasSuffix(arranged, "has entered a wrong PIN 2 times"):
		p.model.tries[a.who], p.model.unsure[a.who] = 2, false
	}
	if strings.HasPrefix(arranged, "the host has signed") {
		p.model.off[a.till] = true
	}
	return p.say("Given", arranged)
}

// undisturbed holds what is no order, such as a sign-in, to ending well when nothing is wrong.
func (p *player) undisturbed(till string, before map[string]int) error {
	if p.stirred || p.model.off[till] || p.model.barred[till] {
		return nil
	}
	for _, t := range p.world.Tills() {
		for _, e := range t.Endings[min(before[t.Name], len(t.Endings)):] {
			if e.Kind == terminal.Declined || e.Kind == terminal.Unknown || e.Kind == terminal.Refused {
				return p.finds("ending", fmt.Sprintf("%s: %s ended %s %s %s, and nothing was wrong", t.Name, e.Flow, e.Kind, e.Screen, e.Answer), "")
			}
		}
	}
	return nil
}

// uploaded takes what crossed about an offline sale. What its bank says is known only when nothing was in doubt meanwhile.
func (p *player) uploaded(c *rig.Crossing) {
	i := slices.IndexFunc(p.model.payments, func(o *payment) bool {
		return o.flow == pay.OfflineSale && o.till == c.Till && o.trace == c.Message.Get(iso8583.Trace) && o.batch == c.Message.Get(iso8583.Batch)
	})
	if i < 0 {
		return
	}
	o := p.model.payments[i]
	if !c.Answer && !o.answered {
		o.nth = c.Nth
	}
	approved := p.world.Rig.Dialect.Answer(pay.Answer(c.Message.Get(iso8583.AnswerCode))).Category == iso8583.CategoryApproved
	if !c.Answer || !approved || o.answered {
		return
	}
	o.answered = true
	if o.stored {
		o.stored, o.at, o.told, o.unsure = false, c.At, p.model.amount(o), true
	}
}

// rushes tells that many people can pay a little at a till now.
func (p *player) rushes(a *act) bool {
	t, err := p.till(a.till)
	limit := p.world.Rig.Dialect.Switches.BatchLimit
	if err != nil || p.padded(a.till) || p.stirred || len(p.unwell) > 0 || p.model.flat[a.till] || p.model.off[a.till] || p.model.barred[a.till] || p.model.keeps(a.till) {
		return false
	}
	s := t.Status()
	return !s.Pending && !s.Settling && s.Stored == 0 && (limit == 0 || len(t.Statements())+10 < limit) && p.model.card(a.who, p.world.Loop.Now()) >= 10*a.minor
}

// rushed notes what was paid in a rush.
func (p *player) rushed(a *act, from int) error {
	shop, _, err := p.world.Rig.Cast.Till(a.till)
	for _, c := range p.world.Wire[from:] {
		if c.Answer || c.Till != a.till || c.Flow != pay.Sale || c.Message == nil {
			continue
		}
		p.model.payments = append(p.model.payments, &payment{act: a.id, flow: pay.Sale, till: a.till, shop: shop, who: a.who, minor: a.minor, first: a.minor, told: a.minor,
			at: c.At, batch: c.Message.Get(iso8583.Batch), trace: c.Message.Get(iso8583.Trace), nth: c.Nth, stands: true, said: terminal.Approved, answered: true})
	}
	return err
}

// gaveUp notes a payment that the host has, and that its till could not take back.
func (p *player) gaveUp(a *act, from int) (err error) {
	made := &payment{act: a.id, flow: pay.Sale, till: a.till, who: a.who, minor: a.minor, at: p.world.Loop.Now(), stands: true, unknown: true}
	if made.shop, _, err = p.world.Rig.Cast.Till(a.till); err != nil {
		return err
	}
	p.sent(made, from)
	p.model.payments = append(p.model.payments, made)
	return nil
}
