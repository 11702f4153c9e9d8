package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// order is what an operator asked for, from Choose to End. It is gone after a power cut; what must outlive it is pending.
type order struct {
	plan         Plan
	amount       pay.Amount
	original     original
	met          int // how many of plan.Needs are met
	card         card
	pin          pay.Secret
	tries        int             // that the host answered and wanted another after
	pinWanted    bool            // the host wants a PIN, whatever the card says
	parts        int             // instalments
	swipes       int             // bad ones
	scans        int             // bad ones
	chipFailures int             // of chips that could not be used
	visit        *visit          // the card in the reader; nil for none
	cleared      bool            // what is left over from before has had its turn
	repeats      int             // of an advice or upload, at once
	again        bool            // the uploads have begun anew
	fresh        bool            // no message of this settlement has ever left
	failed       map[string]bool // errands, by name
	named        bool            // the original is known
	forwarded    bool            // what is stored for the host has had its turn
	typed        *Original       // what the cashier typed, while the host hears of that payment first
	local        bool            // the host is not asked, and told later if at all
	voice        Voice
	tip          pay.Amount
	rest         pay.Amount  // of a partial approval, to be collected otherwise
	talk         *walletTalk // with a wallet's host; nil for none
	walletTried  bool        // what a wallet is owed has had its turn
	over         bool        // the ending is known; only a reversal may still be under way
	ending       Ending      // see over
}

// choose begins an order.
func (t *Terminal) choose(now time.Time, e Event, out *Actions) {
	t.order = order{amount: e.Amount, plan: Plan{Flow: e.Flow}}
	if e.Amount.Currency == 0 {
		t.order.amount.Currency = t.Currency
	}
	known := false
	for _, p := range t.Rules.Plans {
		if p.Flow == e.Flow {
			t.order.plan, known = p, true
		}
	}
	if _, ok := t.Dialect.Transaction(e.Flow); !ok || !known {
		t.refuse(now, "terminal/plans", "NOT_SUPPORTED", out)
		return
	}
	t.enterGates(now, out)
}

// enterGates goes on with the order unless one of the gates is shut.
func (t *Terminal) enterGates(now time.Time, out *Actions) {
	for _, g := range t.Rules.Gates {
		t.consult(g.Name)
		if g.Shut(t, t.order.plan, t.order.amount) {
			t.refuse(now, g.Name, g.Screen, out)
			return
		}
	}
	t.proceed(now, out)
}

// proceed takes the order one step further: it does what is owed first, or asks for the next need, or sends.
func (t *Terminal) proceed(now time.Time, out *Actions) {
	o := &t.order
	clears := t.clears(o.plan) && !o.plan.Offline
	switch {
	case o.plan.Trade && t.again && !t.signedIn: // without it nothing else would be taken
		t.send(now, pay.SignIn, out)
	case clears && t.pending != nil && !o.cleared: // a reversal goes before the next transaction (DOMAIN.md A.12, rule 3)
		o.cleared = true
		t.clear(now, out)
	case clears && t.pending != nil:
		if t.pending.advice != nil {
			t.refuse(now, "terminal/repeat", "ADVICE_PENDING", out)
			return
		}
		t.refuse(now, "terminal/reverse", "REVERSAL_PENDING", out)
	case o.plan.Trade && t.again && !o.plan.Offline: // asked for by header nibble 6 = 3 (DOMAIN.md A.1)
		t.send(now, pay.SignIn, out)
	case t.errandRuns(now, out):
	case t.walletOwed(now, out):
	case t.forwardsFirst():
		t.forward(now, out)
	case t.holdsBatch():
		t.refuse(now, "terminal/hold-batch", "ADVICE_PENDING", out)
	case o.plan.Done == Settled:
		t.resume(now, out)
	default:
		switch {
		case t.askNext(now, out):
		case o.plan.Offline:
			t.sellOffline(now, out)
		default:
			t.send(now, o.plan.Flow, out)
		}
	}
}

// askNext asks for the next need that is not met; false when there is none.
func (t *Terminal) askNext(now time.Time, out *Actions) bool {
	o := &t.order
	for ; o.met < len(o.plan.Needs); o.met++ {
		switch need := o.plan.Needs[o.met]; need {
		case NeedCard:
			if !t.needsCard() {
				continue
			}
			t.wait(WaitingCard, need, out, "SWIPE_CARD", o.amount.String())
		case NeedPIN:
			if !o.pinWanted && (!t.needsPIN() || !t.wantsPIN(now)) {
				continue
			}
			t.wait(WaitingPIN, need, out, "ENTER_PIN", o.amount.String())
		case NeedOriginal:
			if o.typed != nil {
				t.enterOriginal(now, Event{Original: *o.typed}, out)
				return true
			}
			t.askOriginal(out)
		case NeedPlan:
			t.wait(WaitingPlan, need, out, "ENTER_INSTALMENTS", o.amount.String())
		case NeedConfirm:
			t.wait(WaitingConfirm, need, out, "CONFIRM", o.amount.String(), o.card.pan.String())
		case NeedCode:
			t.wait(WaitingCode, need, out, "ENTER_VOICE_CODE", o.amount.String())
		case NeedSupervisor:
			if !t.needsSupervisor() {
				continue
			}
			t.wait(WaitingSupervisor, need, out, "SUPERVISOR")
		}
		return true
	}
	return false
}

func (t *Terminal) wait(s State, n Need, out *Actions, screen string, args ...string) {
	t.state = s
	out.show(screen, args...)
	out.add(Action{Kind: Ask, Need: n})
	t.startIdle(out)
}

// gained goes on after a need was met.
func (t *Terminal) gained(now time.Time, out *Actions) {
	t.order.met++
	t.proceed(now, out)
}

func (t *Terminal) confirm(now time.Time, _ Event, out *Actions) {
	if t.order.visit != nil && !t.order.visit.waits { // an ID document was compared
		t.kernelStep(now, kernel.Answer{Agreed: true}, out)
		return
	}
	t.gained(now, out)
}

func (t *Terminal) cancel(_ time.Time, _ Event, out *Actions) {
	t.tell(Ending{Kind: Cancelled, Screen: "CANCELLED"}, out)
	t.finish(out)
}

// abandon ends an order that nobody went on with, and logs the operator out.
func (t *Terminal) abandon(now time.Time, e Event, out *Actions) {
	t.cancel(now, e, out)
	t.logOut(now, e, out)
}

// refuse ends an order by the terminal's own decision, before anything that moves money has left.
func (t *Terminal) refuse(now time.Time, entry, screen string, out *Actions) {
	t.decide(now, entry, "refused: "+screen)
	t.tell(Ending{Kind: Refused, Screen: screen}, out)
	t.finish(out)
}

// tell makes the order's ending known and shows it; the order itself ends with finish.
func (t *Terminal) tell(e Ending, out *Actions, args ...string) {
	e.Flow, e.Amount = t.order.plan.Flow, t.order.amount
	t.order.ending, t.order.over = e, true
	out.show(e.Screen, args...)
}

// finish ends the order and forgets card and PIN.
func (t *Terminal) finish(out *Actions) {
	t.endVisit()
	out.add(Action{Kind: End, Ending: t.order.ending})
	t.order, t.exchange = order{}, exchange{}
	t.rest(out)
}

// rest goes back to where the next order may begin.
func (t *Terminal) rest(out *Actions) {
	if t.operator == nil {
		t.state = LoggedOut
		return
	}
	t.state = Idle
	t.startIdle(out)
}

// endingOf describes an exchange's answer in the words of an Ending.
func endingOf(k EndingKind, rule iso8583.AnswerRule, m *iso8583.Message) Ending {
	return Ending{Kind: k, Answer: rule.Code, Screen: rule.Prompt, Next: rule.Next, Trace: m.Get(iso8583.Trace),
		RRN: m.Get(iso8583.RRN), AuthCode: m.Get(iso8583.AuthCode)}
}
