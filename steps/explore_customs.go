package steps

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// customs are how a day differs from others before it begins.
type customs struct {
	agreed map[string]string // switches of the dialect, where they differ from the profile's (DOMAIN.md K)
	pads   bool              // the Noodle House's tills have signature pads
	copied bool              // Carol's chip does not know its issuer
}

// variants are what hosts and their tills may agree on.
func variants() map[string][]string {
	return map[string][]string{"voided_again": {"12", "22"}, "late_refund": {"25"}, "completion_ceiling": {"100"}, "batch_limit": {"12", "20"}, "refund_days": {"2"},
		"cut_off": {"22h"}}
}

func drawCustoms(r *rand.Rand) customs {
	c := customs{agreed: map[string]string{}, pads: r.IntN(2) == 0, copied: r.IntN(4) == 0}
	all := variants()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if r.IntN(5) == 0 {
			c.agreed[name] = all[name][r.IntN(len(all[name]))]
		}
	}
	return c
}

// drawMoods draws how much more, or less, of each kind of act there is than on other days: what is rare comes together on some. Sales there
// are always.
func drawMoods(r *rand.Rand, all []deed) []deed {
	all = slices.Clone(all)
	for i := range all {
		if mood := []int{0, 1, 1, 1, 4, 8}[r.IntN(6)]; all[i].name != "sale" {
			all[i].weight *= mood
		}
	}
	return all
}

// agree says what host and tills have agreed on; it comes before all else.
func (p *player) agree() error {
	for _, name := range slices.Sorted(maps.Keys(p.agreed)) {
		if err := p.say("Given", fmt.Sprintf("the host and its tills agree that %q is %q", name, p.agreed[name])); err != nil {
			return err
		}
	}
	s := p.world.Rig.Dialect.Switches
	p.model.dialect = switches{s.RefundDays, s.PreAuthDays, s.CompletionCeiling, s.VoidedAgain, s.LateRefund, s.OverRefund, "22"}
	return nil
}

// padded tells that cardholders sign on a till.
func (p *player) padded(till string) bool {
	_, uploads := p.world.Rig.Dialect.Transaction(pay.ESignature)
	return p.pads && uploads && (till == "T1" || till == "T2")
}

// opens has a till sign in, with its pad if it has one.
func (p *player) opens(till, shop string) error {
	if !p.padded(till) {
		return p.say("Given", fmt.Sprintf("till %q of %q has signed in", till, shop))
	}
	for _, text := range []string{fmt.Sprintf("till %q of %q has not signed in", till, shop), fmt.Sprintf("%q has a signature pad", till),
		fmt.Sprintf("the cashier has tried to sign in at %q", till)} {
		if err := p.say("Given", text); err != nil {
			return err
		}
	}
	return nil
}
