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
	wide   wide
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
	if p.wide.speaks != "" {
		if err := p.say("Given", fmt.Sprintf("the host and its tills speak %q", p.wide.speaks)); err != nil {
			return err
		}
	}
	for _, of := range []map[string]string{p.agreed, p.wide.differs} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			if err := p.say("Given", fmt.Sprintf("the host and its tills agree that %q is %q", name, of[name])); err != nil {
				return err
			}
		}
	}
	if p.wide.begins != "" {
		if err := p.say("Given", fmt.Sprintf("it is %q", p.wide.begins)); err != nil {
			return err
		}
	}
	s := p.world.Rig.Dialect.Switches
	p.model.dialect = switches{s.RefundDays, s.PreAuthDays, s.CompletionCeiling, s.VoidedAgain, s.LateRefund, s.OverRefund, "22", s.RefundLookup == "trace"}
	return nil
}

// padded tells that cardholders sign on a till.
func (p *player) padded(till string) bool {
	_, uploads := p.world.Rig.Dialect.Transaction(pay.ESignature)
	return p.pads && uploads && (till == "T1" || till == "T2")
}

// opens has a till sign in, with its pad if it has one, and with the numbers and the clock that it has in the morning.
func (p *player) opens(till, shop string) error {
	var before []string
	if p.padded(till) {
		before = append(before, fmt.Sprintf("%q has a signature pad", till))
	}
	if _, batches := p.world.Rig.Dialect.Transaction(pay.SignOut); p.wide.batch != "" && batches {
		before = append(before, fmt.Sprintf("the host has opened batch %q for %q", p.wide.batch, till))
	}
	if p.wide.trace > 0 {
		before = append(before, fmt.Sprintf("the next trace number of %q is %d", till, p.wide.trace))
	}
	if p.wide.skewed != "" {
		before = append(before, fmt.Sprintf("the clock of %q is %s", till, p.wide.skewed))
	}
	if len(before) == 0 {
		return p.say("Given", fmt.Sprintf("till %q of %q has signed in", till, shop))
	}
	all := append([]string{fmt.Sprintf("till %q of %q has not signed in", till, shop)}, before...)
	for _, text := range append(all, fmt.Sprintf("the cashier has tried to sign in at %q", till)) {
		if err := p.say("Given", text); err != nil {
			return err
		}
	}
	return nil
}
