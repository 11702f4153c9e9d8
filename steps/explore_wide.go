package steps

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// wide is what half of the days have beside: people who change shifts and mistype passwords, numbers and years that wrap, another dialect. The
// other half are about payments alone, since what is rare there must not become rarer still.
type wide struct {
	is      bool
	speaks  string            // a dialect; "" is the profile's
	begins  string            // when the day does; "" is the first of June
	batch   string            // that the host has open; "" is the first
	trace   int               // next trace number of each till; 0 is 1
	skewed  string            // how wrong the tills' clocks are before they sign in
	differs map[string]string // more switches
}

// wideVariants are more of them, of wide days.
func wideVariants() map[string][]string {
	return map[string][]string{"void_needs_card": {"false"}, "void_needs_pin": {"false"}, "completion_needs_card": {"false"}, "completion_needs_pin": {"false"},
		"completion_void_approval": {"false"}, "sign_out_after_settlement": {"false"}, "refund_lookup": {"trace"}, "host_totals": {"false"}}
}

func drawWide(r *rand.Rand) (w wide) {
	if w.is = r.IntN(2) == 0; !w.is {
		return w
	}
	w.differs = map[string]string{}
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	w.speaks = one("", "", "", "", "iso87-ascii")
	w.begins = one("", "", "2026-12-31 20:00:00", "2026-12-31 20:00:00", "2026-12-30 15:00:00")
	if r.IntN(4) == 0 || w.speaks != "" && r.IntN(2) == 0 { // when it is yesterday where the wire's clock is
		w.begins = "2026-06-02 05:00:00"
	}
	w.batch = one("", "", "999998", "999999")
	w.trace = []int{0, 0, 999950, 999990}[r.IntN(4)]
	w.skewed = one("", "", "10 minutes slow", "5 hours fast", "5 hours fast")
	all := wideVariants()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if r.IntN(5) < 2 {
			w.differs[name] = all[name][r.IntN(len(all[name]))]
		}
	}
	return w
}

// wideDeeds are what wide days have beside.
func wideDeeds() []deed {
	return append(peopleDeeds(), []deed{
		{name: "answered sale", weight: 12, flow: pay.Sale, answered: true, draw: drawAnswered, words: saleWords},
		{name: "answered deposit", weight: 3, flow: pay.PreAuth, answered: true, draw: drawAnswered, words: says("{who} leaves a deposit of {amount} at {till}")},
		{name: "voucher", weight: 4, draw: drawVoucher, words: says("the cashier prints the receipt of {payment} again at {till}")},
		{name: "rush", weight: 8, draw: drawRush, words: says("*{who} has paid {amount} at {till} 9 times")},
		{name: "void completion", weight: 12, onto: map[pay.Flow]pay.Flow{pay.Completion: pay.CompletionVoid, pay.MOTOCompletion: pay.MOTOCompletionVoid}, staff: true, draw: drawWhole,
			words: says("{who} has {payment} voided at {till}")},
		{name: "settle, unheard", weight: 3, flow: pay.Settlement, draw: drawUnheard, words: says("the cashier settles at {till}")},
		{name: "settle, refused", weight: 3, flow: pay.Settlement, answered: true, draw: drawRefused, words: says("the cashier settles at {till}")},
		{name: "odd plan", weight: 8, made: true, takes: true, forbidden: true, draw: drawMade, words: says(`{till} is made to send an instalment with instalment_plan "05"`,
			`{till} is made to send an instalment with instalment_plan "99"`)},
		{name: "refund another", weight: 3, onto: refunds, made: true, forbidden: true, draw: drawWhole, words: saysAct(`{till} is made to send a {act} of {payment} with original_trace "500000"`)},
		{name: "host batch", weight: 12, takes: true, draw: drawTill, words: func(p *player, a *act) string {
			return fmt.Sprintf("*the host has opened batch %q for %q", following(p.batch(a.till)), a.till)
		}},
	}...)
}

// following is the number after another: 000001 follows 999999.
func following(number string) string {
	n, _ := strconv.Atoi(number) // our own tills have digits
	return fmt.Sprintf("%06d", n%999999+1)
}

// drawRush draws a till at which many people pay a little.
func drawRush(p *player, r *rand.Rand, a *act) bool {
	a.who, a.minor, a.till = "Bob", 100, []string{"T1", "T1", "T2", "T3"}[r.IntN(4)]
	return true
}

// drawUnheard breaks a settlement off: the host has compared the totals and the till hears nothing of it, or the end of its uploads does not get through.
func drawUnheard(p *player, r *rand.Rand, a *act) bool {
	drawn := drawSettle(p, r, a)
	w := wrong{words: "the line loses {message}", flow: pay.Settlement, answer: true}
	if p.unbalanced(a.till) {
		w.flow, w.answer = pay.UploadEnd, false
	}
	for w.spared = range 3 {
		a.wrongs = append(a.wrongs, w)
	}
	return drawn
}

// drawRefused has the host refuse the totals of a batch.
func drawRefused(p *player, r *rand.Rand, a *act) bool {
	a.code = []pay.Answer{pay.Answer06Error, pay.Answer90CutOver, pay.Answer96Malfunction}[r.IntN(3)]
	return drawSettle(p, r, a)
}

// drawAnswered draws a payment that the host is told how to answer, at a till that takes all or nothing. What a part comes to is another act.
func drawAnswered(p *player, r *rand.Rand, a *act) bool {
	drawSale(p, r, a)
	all := p.world.Rig.Dialect.Answers()
	rule := all[r.IntN(len(all))]
	if often := []pay.Answer{"19", "55", "77", "A0", "A2", "A4"}; r.IntN(3) == 0 { // after which there is more to do than to show it
		rule = p.world.Rig.Dialect.Answer(often[r.IntN(len(often))])
	}
	a.code = rule.Code
	again := p.asksPIN(a.who) && p.asksAgain(a)
	if again {
		a.pin = rig.PINNever
	}
	return rule.Next != iso8583.NextPartial && !p.model.parts[a.till] && (rule.Next != iso8583.NextPIN || again) && (!again || a.deed == "answered sale")
}

// asksAgain tells that a till asks for the PIN after the host's code, which no bank compares.
func (p *player) asksAgain(a *act) bool {
	next := p.world.Rig.Dialect.Answer(a.code).Next
	return next == iso8583.NextPIN || next == iso8583.NextOnce && p.asksPIN(a.who)
}
