package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// dayDefects are those of what follows a sale.
func dayDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-voids-alone", "security", "voids without the supervisor", "shops with one cashier asked for it, and it became the default",
			func(r *Rules) { r.approvedByNobody(pay.Void, pay.CompletionVoid) }),
		defect("terminal-refunds-alone", "security", "refunds without the supervisor", "a refund came later than the void, and its plan was written anew",
			func(r *Rules) { r.approvedByNobody(pay.Refund) }),
		defect("terminal-frees-deposits-alone", "security", "gives a deposit back without the supervisor", "no money moves, so nobody asked who may",
			func(r *Rules) { r.approvedByNobody(pay.PreAuthVoid) }),
		defect("terminal-tells-balance-without-pin", "security", "asks for no PIN before a balance inquiry", "its amount is zero, and zero is under every limit",
			func(r *Rules) {
				r.AskPIN = func(service string, a pay.Amount, limit int64) bool {
					return a.Minor > limit && askPIN(service, a, limit)
				}
			}),
	}
}
