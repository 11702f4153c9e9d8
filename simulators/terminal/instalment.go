package terminal

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// enterPlan takes how many instalments the cardholder wants; what the merchant does not offer is asked for again.
func (t *Terminal) enterPlan(now time.Time, e Event, out *Actions) {
	t.consult("terminal/instalments")
	if !slices.Contains(t.Rules.Instalments, e.Count) {
		t.wait(WaitingPlan, NeedPlan, out, "ENTER_INSTALMENTS", t.order.amount.String())
		return
	}
	t.order.parts = e.Count
	t.gained(now, out)
}

// offerInstalments offers the plan of an instalment: two digits, the number of parts. The layout is the acquirer's own matter;
// this one is ours. A void repeats the plan of its original.
func (t *Terminal) offerInstalments(o func(iso8583.Element, string)) {
	plan := t.order.original.kept[iso8583.InstalmentPlan.String()]
	if t.order.parts > 0 {
		t.consult("terminal/instalment-plan")
		plan = t.Rules.InstalmentPlan(t.order.parts)
	}
	o(iso8583.InstalmentPlan, plan)
}

func instalmentPlan(parts int) string { return fmt.Sprintf("%02d", parts) }
