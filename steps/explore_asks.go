package steps

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// asksCard tells that a till asks for the card, by the parameters that host and tills have agreed on (DOMAIN.md A.15).
func (p *player) asksCard(f pay.Flow) bool {
	s := p.world.Rig.Dialect.Switches
	switch k := f.Kind(); {
	case f.Amends():
		return false
	case k == pay.Void || k == pay.PreAuthVoid || k == pay.CompletionVoid:
		return s.VoidNeedsCard
	case k == pay.Completion:
		return s.CompletionNeedsCard
	}
	return true
}

// asksPINFor tells that a till asks for the PIN of a card that wants one. Nobody enters one by telephone, where a bank is only told, or where money
// is given back.
func (p *player) asksPINFor(f pay.Flow) bool {
	s := p.world.Rig.Dialect.Switches
	switch k := f.Kind(); {
	case far(f), f == pay.RecurringVoid, told(f):
		return false
	case k == pay.Void || k == pay.PreAuthVoid || k == pay.CompletionVoid:
		return s.VoidNeedsPIN
	case k == pay.Completion:
		return s.CompletionNeedsPIN
	}
	return true
}

// asksSupervisor tells that the supervisor approves: money or a deposit goes back over the counter, or a sale gets another amount (DOMAIN.md A.15).
func (p *player) asksSupervisor(f pay.Flow) bool {
	k := f.Kind()
	if k == pay.CompletionVoid {
		return p.world.Rig.Dialect.Switches.CompletionVoidApproval
	}
	return f.GivesBack() || k == pay.PreAuthVoid || f == pay.Adjustment
}

// asked holds what a till has asked for before it sent an order to what it must ask for.
func (p *player) asked(made *payment, t *rig.Till, from, shown int) error {
	sends := slices.ContainsFunc(p.world.Wire[from:], func(c *rig.Crossing) bool { return !c.Answer && c.Till == made.till && c.Flow == made.flow })
	if !sends || made.chip || made.flow == pay.Settlement || made.flow == pay.OfflineSale {
		return nil
	}
	cardless := made.on != nil && made.on.till == made.till && !p.asksCard(made.flow)
	wants := map[string]bool{"SUPERVISOR": p.asksSupervisor(made.flow), "SWIPE_CARD": !cardless && !made.flow.Amends(), "ENTER_PIN": p.asksPINFor(made.flow) && p.asksPIN(made.who)}
	if cardless && !made.on.stands { // nothing is known of its card
		delete(wants, "SWIPE_CARD")
	}
	if cardless && p.asksPINFor(made.flow) { // a journal does not say whether the card wants one
		delete(wants, "ENTER_PIN")
	}
	if rule := p.world.Rig.Dialect.Answer(made.code); made.code != "" && rule.Next == iso8583.NextPIN {
		wants["ENTER_PIN"] = true
	}
	for _, screen := range []string{"SUPERVISOR", "SWIPE_CARD", "ENTER_PIN"} {
		want, ok := wants[screen]
		if !ok || want == p.shows(t, shown, screen) {
			continue
		}
		if want {
			return p.finds("ask", fmt.Sprintf("%s sends %s and has not shown %s", made.till, nthOf(made.nth, made.flow), screen), fmt.Sprintf("%q shows %s", made.till, screen))
		}
		return p.finds("ask", fmt.Sprintf("%s shows %s before %s, which needs none", made.till, screen, nthOf(made.nth, made.flow)), fmt.Sprintf("%q does not show %s", made.till, screen))
	}
	return nil
}

// shows tells that a till has shown a screen since it had shown so many.
func (p *player) shows(t *rig.Till, since int, screen string) bool {
	for _, s := range t.Screens[min(since, len(t.Screens)):] {
		if s.ID == screen {
			return true
		}
	}
	return false
}

// wantsBy is how a payment must end that the host is told to answer with a code. One that approves takes nothing from a bank's decline.
func (p *player) wantsBy(code pay.Answer, otherwise want) want {
	rule := p.world.Rig.Dialect.Answer(code)
	switch {
	case rule.Category == iso8583.CategoryApproved && otherwise.approves():
		return want{kind: terminal.Approved, code: code}
	case rule.Category == iso8583.CategoryApproved:
		return otherwise
	case rule.Next == iso8583.NextReverse:
		return want{kind: terminal.Unknown}
	}
	return no(code)
}

// answeredSo holds what a till does about a code to what the code wants (DOMAIN.md C): once more, three PINs, or a sign-in before the next payment.
func (p *player) answeredSo(made *payment, e terminal.Ending, t *rig.Till, from int) error {
	if made.code == "" || e.Answer != made.code {
		return nil
	}
	rule, want, got := p.world.Rig.Dialect.Answer(made.code), 1, 0
	switch rule.Next {
	case iso8583.NextOnce:
		want = 2
	case iso8583.NextPIN:
		want = 3
	case iso8583.NextSignIn:
		p.model.again[t.Name] = true
	}
	for _, c := range p.world.Wire[from:] {
		if !c.Answer && c.Till == made.till && c.Flow == made.flow {
			got++
		}
	}
	if got == want {
		return nil
	}
	return p.finds("answer", fmt.Sprintf("%s at %s is answered %s and asked %d times, it should be %d", made.flow, t.Name, made.code, got, want),
		carrying(made.nth-got+want, made.flow, "amount", "*"))
}
