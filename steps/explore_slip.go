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

// slipped holds the two copies of an approval's receipt to what they must say, by DOMAIN.md A.17.
func (p *player) slipped(made *payment, e terminal.Ending, t *rig.Till, from int) error {
	if e.Kind != terminal.Approved || made.flow == pay.Balance || made.flow == pay.Settlement {
		return nil
	}
	rows := p.slipRows(made, e, from)
	for _, which := range []string{"merchant copy", "customer copy"} {
		text := fmt.Sprintf("the %s of %q has\n      | line | value |\n%s", which, t.Name, rows)
		if err := p.speech.say(p.scenario, text); err != nil {
			return p.finds("slip", err.Error(), text)
		}
	}
	return nil
}

// prompted holds what a till shows of a decline to what the dialect has it show for the answer's code (DOMAIN.md C).
func (p *player) prompted(made *payment, e terminal.Ending, t *rig.Till) error {
	rule := p.world.Rig.Dialect.Answer(e.Answer)
	if e.Kind != terminal.Declined || e.Answer == "" || rule.Category == iso8583.CategoryApproved || e.Screen == rule.Prompt {
		return nil
	}
	return p.finds("prompt", fmt.Sprintf("%s is told %s after an answer %s, it should be %s", made.who, e.Screen, e.Answer, rule.Prompt), fmt.Sprintf("%q shows %s", t.Name, rule.Prompt))
}

// slipRows tells what is known of a receipt: an empty cell is a line that it must not have, and * is any value.
func (p *player) slipRows(made *payment, e terminal.Ending, from int) string {
	var b strings.Builder
	row := func(id, value string) { fmt.Fprintf(&b, "      | %s | %s |\n", id, value) }
	row("SLIP_TYPE", flowID(made.flow))
	row("SLIP_EXPIRY", "")
	if !made.chip && !p.padded(made.till) {
		row("SLIP_SIGNATURE", "*")
	}
	if made.flow != pay.Tip { // whose slip has the bare amount and the tip
		row("SLIP_AMOUNT", e.Amount.String())
		row("SLIP_TOTAL", e.Amount.String())
	}
	if holder, err := p.world.Rig.Cast.Cardholder(made.who); err == nil {
		row("SLIP_CARD", pay.NewPAN(holder.PAN).String())
	}
	switch {
	case made.chip:
		row("SLIP_CARD", "I")
	case made.flow == pay.Sale || made.flow == pay.PreAuth:
		row("SLIP_CARD", "S")
	}
	if byVoucher(made.flow) && made.on != nil && made.nth > 0 { // which the till does not do by itself
		row("SLIP_ORIGINAL", made.on.trace)
	}
	if prompt := p.world.Rig.Dialect.Answer(e.Answer).Prompt; e.Answer != "" && prompt != "APPROVED" && e.Answer != pay.Answer10Partial {
		row(prompt, "*")
	}
	for _, c := range slices.Backward(p.world.Wire[from:]) {
		if c.Answer && c.Flow == made.flow && c.Till == made.till && c.Message != nil && c.Message.Has(iso8583.LocalDate) {
			date, time := c.Message.Get(iso8583.LocalDate), c.Message.Get(iso8583.LocalTime)
			row("SLIP_TIME", fmt.Sprintf("%d-%s-%s %s:%s:%s", made.at.Year(), date[:2], date[2:], time[:2], time[2:4], time[4:]))
			break
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
