package terminal

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// dayDefects are those of what follows a sale.
func dayDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-voids-alone", "security", "voids without the supervisor", "shops with one cashier asked for it, and it became the default",
			func(r *Rules) {
				r.editPlans(func(p *Plan) {
					p.Needs = slices.DeleteFunc(slices.Clone(p.Needs), func(n Need) bool { return n == NeedSupervisor })
				})
			}),
		defect("terminal-tells-balance-without-pin", "security", "asks for no PIN before a balance inquiry", "its amount is zero, and zero is under every limit",
			func(r *Rules) {
				r.AskPIN = func(service string, a pay.Amount, limit int64) bool {
					return a.Minor > limit && askPIN(service, a, limit)
				}
			}),
	}
}
