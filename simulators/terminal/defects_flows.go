package terminal

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// flowDefects are those of keys and repeats, and of payments beside the plain sale.
func flowDefects() []pay.Defect[Rules] {
	return slices.Concat(owedDefects(), familyDefects())
}

// owedDefects are those of what is sent again: reversals, advices, and a key change that nobody answered.
func owedDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-repeats-as-new", "protocol", "sends a reversal or an advice again under the MTI of a first one",
			"what is stored is the message itself, and nothing in it says how often it went out",
			func(r *Rules) { r.RepeatMTI = false }),
		defect("terminal-trusts-doubtful-keys", "keys", "goes on with its keys after a key change without an answer",
			"only the sign-in was seen as a message that changes keys",
			func(r *Rules) { r.KeyDoubt = false }),
		defect("terminal-reverses-voided-sale", "protocol", "names the voided sale in the reversal of a void, not the void",
			"F61 is copied from the message that is reversed",
			func(r *Rules) { r.NameVoid = false }),
		defect("terminal-reverses-without-auth-code", "protocol", "leaves F38 out of the reversal of an approval that it has seen",
			"the reversal is written before the answer comes and never touched again",
			func(r *Rules) { r.TellAuthCode = false }),
		defect("terminal-signs-out-owing", "money", "signs out before it has sent the reversal that it owes",
			"what is owed is sent by the sale, and signing out sells nothing",
			func(r *Rules) { r.Clears = func(p Plan) bool { return p.Trade } }),
		defect("terminal-trusts-late-25", "money", "takes a 25 for a reversal of another day as done",
			"25 is on the list of final answers, and nobody asked what it leaves open",
			func(r *Rules) { r.ListLate = false }),
		defect("terminal-drops-advice", "money", "gives an advice up after three attempts",
			"advices are sent by the code that sends reversals, with its counter",
			func(r *Rules) { r.AdviceAttempts = 3 }),
		defect("terminal-renumbers-advice", "money", "sends an advice again under a new trace number",
			"every message takes the next number where it is built",
			func(r *Rules) { r.SameTrace = false }),
		defect("terminal-forgets-unsent-advice", "money", "forgets the completion advice that found no line",
			"what never left is deleted, as it is for a sale",
			func(r *Rules) { r.editPlans(func(p *Plan) { p.Forward = false }) }),
	}
}

// familyDefects are those of voids, orders by telephone, instalments and balances.
func familyDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-voids-twice", "money", "lets a cashier void the same sale again",
			"the void looks for the sale and not for its void",
			func(r *Rules) { r.UndoOnce = false }),
		defect("terminal-void-always-asks", "protocol", "asks for card and PIN at a void whatever the operator's parameters say",
			"the parameters are downloaded and only the setup menu reads them",
			func(r *Rules) {
				r.editPlans(func(p *Plan) {
					if p.Card != nil {
						p.Card = func(iso8583.Switches) (card, pin bool) { return true, true }
					}
				})
			}),
		defect("terminal-moto-asks-pin", "protocol", "asks for a PIN at an order by telephone",
			"a typed card number has no service code, and no service code means a PIN",
			func(r *Rules) {
				r.editPlans(func(p *Plan) {
					if p.Flow == pay.MOTOSale || p.Flow == pay.Recurring {
						p.Needs = []Need{NeedCard, NeedPIN}
					}
				})
			}),
		defect("terminal-forgets-plan", "protocol", "sends an instalment without its plan",
			"the number of instalments is kept for the slip, and F62 is filled by the sign-in only",
			func(r *Rules) { r.InstalmentPlan = func(int) string { return "01" } }),
		defect("terminal-hides-debt", "protocol", "shows a debt as money that may be spent",
			"the sign is a character of F54 and not part of the amount",
			func(r *Rules) {
				r.Balance = func(all []iso8583.AccountBalance) pay.Amount {
					a := mayBeSpent(all)
					if a.Minor < 0 {
						return a.Neg()
					}
					return a
				}
			}),
	}
}

// editPlans gives the rules plans of their own, each as edit changes it.
func (r *Rules) editPlans(edit func(*Plan)) {
	r.Plans = slices.Clone(r.Plans)
	for i := range r.Plans {
		edit(&r.Plans[i])
	}
}

// approvedByNobody takes the supervisor out of the plans of these kinds of flows.
func (r *Rules) approvedByNobody(kinds ...pay.Flow) {
	r.editPlans(func(p *Plan) {
		if slices.Contains(kinds, p.Flow.Kind()) {
			p.Needs = slices.DeleteFunc(slices.Clone(p.Needs), func(n Need) bool { return n == NeedSupervisor })
		}
	})
}
