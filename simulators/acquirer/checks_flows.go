package acquirer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// planOffered holds an instalment to the plans of the contract; one without a plan has the only one that was agreed. The plan's
// layout is ours: two digits, how many.
func planOffered(c *Call) (pay.Answer, string) {
	if plan := c.req.Get(iso8583.InstalmentPlan); plan != "" && !slices.Contains(c.Rules.Instalments, plan) {
		return pay.Answer12Invalid, fmt.Sprintf("nobody here offers %q instalments", plan)
	}
	return passed, ""
}

// reversedToday holds a reversal to the day of what it takes back (DOMAIN.md A.12, rule 6). One that was done already gets its
// answer again on any day.
func reversedToday(c *Call) (pay.Answer, string) {
	if p, _ := c.Rules.Original(c); p.live() && c.daysSince(p.At) != 0 {
		return pay.Answer25NoOriginal, p.Key().String() + " is of another day"
	}
	return passed, ""
}

// batchBegun takes an advice of the present batch or an earlier one: it is repeated as it was until it is answered, and the host
// may have gone on to another batch meanwhile (DOMAIN.md A.12, rule 5).
func batchBegun(c *Call) (pay.Answer, string) {
	const batches = 999999
	own, _ := strconv.Atoi(c.terminal.Batch)
	if sent, err := strconv.Atoi(c.req.Get(iso8583.Batch)); err == nil && (own-sent+batches)%batches > batches/2 {
		return batchAgrees(c)
	}
	return passed, ""
}
