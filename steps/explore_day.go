package steps

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// act is one thing that people do, or that befalls them, on a day. It names what it is about by other acts, not by numbers of
// messages, so that acts before it may be left out.
type act struct {
	id     int
	deed   string
	till   string
	who    string
	minor  int64
	on     int // the act whose payment it is about; 0 for none
	pin    rig.PINAct
	wrongs []wrong
	choice int        // among the deed's words
	code   pay.Answer // that the host is told to answer with

	op, other, text string // who does something to whom, and a password
	times           int    // that he mistypes his
	approvals       []approval
}

// wrong is what goes wrong with a message of an act: the next request of a flow, or the answer to it.
type wrong struct {
	words  string // with {message} and {till} in them
	flow   pay.Flow
	answer bool
	spared int // messages of the flow before that one
}

// deed is a kind of act. A new one needs no more than an entry in deeds.
type deed struct {
	name      string
	weight    int
	flow      pay.Flow                                     // of an order; "" for what is none, and for what acts on a payment
	onto      map[pay.Flow]pay.Flow                        // what the order acts on, and the order's flow by it
	kept      bool                                         // about the till's last offline sale, of which the host has not heard
	made      bool                                         // a tester's message, not the till's
	takes     bool                                         // the till's next number, or its batch: somebody signs in
	forbidden bool                                         // ... that the host must not approve
	staff     bool                                         // the supervisor must be there
	miscounts bool                                         // the host says that it has counted other uploads
	watched   bool                                         // the supervisor is not there, and others try their passwords
	people    func(staff, *act, string) ([]string, string) // of operators among themselves: what the till shows, and who is in
	answered  bool                                         // the host gives the act's code, whatever it is
	instead   pay.Answer                                   // of an approval: the host gives this code, which the till must not take for one
	draw      func(*player, *rand.Rand, *act) bool         // draws what is special; false: it cannot be done now
	words     func(*player, *act) string                   // what is said; nil: nothing
}

// deeds lists all that a day may bring.
func deeds() []deed {
	return append(orders(), mishaps()...)
}

// orders are what cashiers are asked for.
func orders() []deed {
	return []deed{
		{name: "sale", weight: 40, flow: pay.Sale, draw: drawSale, words: saleWords},
		{name: "part of a sale", weight: 2, flow: pay.Sale, draw: drawSale, instead: "10", words: saleWords},
		{name: "chip", weight: 8, flow: pay.Sale, draw: drawChip, words: says("{who} inserts {his} card for {amount} at {till}")},
		{name: "order by telephone", weight: 5, flow: pay.MOTOSale, draw: drawSale, words: says("{who} orders for {amount} at {till} by telephone")},
		{name: "subscription", weight: 3, flow: pay.Recurring, draw: drawSale, words: says("the shop charges {who}'s subscription of {amount} at {till}")},
		{name: "instalments", weight: 3, flow: pay.Instalment, draw: drawSale, words: says("{who} pays {amount} at {till} in 3 instalments", "{who} pays {amount} at {till} in 12 instalments")},
		{name: "offline", weight: 6, flow: pay.OfflineSale, draw: drawOffline, words: says(`{who} pays {amount} offline at {till} with code "654321"`, "{who} pays {amount} offline at {till}")},
		{name: "void offline", weight: 2, flow: pay.Void, kept: true, staff: true, draw: drawKept(100), words: says("{who}'s offline sale is voided at {till}")},
		{name: "adjust offline", weight: 2, flow: pay.Adjustment, kept: true, staff: true, draw: drawKept(50, 80, 110, 120, 121), words: says("{who}'s offline sale is adjusted to {amount} at {till}")},
		{name: "tip offline", weight: 2, flow: pay.Tip, kept: true, draw: drawKept(5, 10, 20, 21, 40), words: says("{who} adds a tip of {amount} to {his} offline sale at {till}")},
		{name: "adjust", weight: 3, onto: map[pay.Flow]pay.Flow{pay.OfflineSale: pay.Adjustment}, staff: true, draw: drawAmendment(50, 80, 110, 120, 121), words: says("{who}'s offline sale is adjusted to {amount} at {till}")},
		{name: "tip", weight: 6, onto: map[pay.Flow]pay.Flow{pay.Sale: pay.Tip, pay.OfflineSale: pay.Tip}, draw: drawAmendment(5, 10, 20, 21, 40), words: says("{who} adds a tip of {amount} to {payment} at {till}")},
		{name: "balance", weight: 3, flow: pay.Balance, draw: drawBalance, words: says("{who} asks for the balance at {till}")},
		{name: "deposit", weight: 9, flow: pay.PreAuth, draw: drawSale, words: says("{who} leaves a deposit of {amount} at {till}")},
		{name: "deposit by telephone", weight: 3, flow: pay.MOTOPreAuth, draw: drawSale, words: says("{who} leaves a deposit of {amount} at {till} by telephone")},
		{name: "settle", weight: 6, flow: pay.Settlement, draw: drawSettle, words: says("the cashier settles at {till}")},
		{name: "settle, miscounted", weight: 3, flow: pay.Settlement, miscounts: true, draw: drawSettle, words: says("the cashier settles at {till}")},
		{name: "complete", weight: 9, onto: completed(false), draw: drawShare(100, 100, 96, 50, 115, 116), words: says("{who} has {payment} completed with {amount} at {till}")},
		{name: "complete by advice", weight: 4, onto: completed(true), draw: drawShare(100, 100, 96, 50, 101), words: says("{who} has {payment} completed with {amount} at {till} by advice")},
		{name: "void", weight: 18, onto: voids, staff: true, draw: drawWhole, words: says("{who} has {payment} voided at {till}")},
		{name: "refund", weight: 10, onto: refunds, staff: true, draw: drawShare(100, 50, 40, 20, 101), words: says("{who} has {amount} of {payment} refunded at {till}")},
	}
}

// completed gives the flows that complete deposits.
func completed(byAdvice bool) map[pay.Flow]pay.Flow {
	onto := map[pay.Flow]pay.Flow{}
	for deposit, by := range completions {
		onto[deposit] = by[byAdvice]
	}
	return onto
}

// flowOf is the flow of an act's order; "" for none.
func (p *player) flowOf(d deed, a *act) pay.Flow {
	if o := p.original(a); d.onto != nil && o != nil {
		return d.onto[o.flow]
	}
	return d.flow
}

// mishaps are what befalls tills, line and hosts, and how time goes by.
func mishaps() []deed {
	return []deed{
		{name: "quiet", weight: 14},
		{name: "time", weight: 4, draw: drawChoice, words: says("1 minute passes", "30 minutes pass", "3 hours pass", "5 hours pass", "9 hours pass", "14 hours pass")},
		{name: "days", weight: 2, draw: drawChoice, words: says("1 day passes", "1 day passes", "2 days pass", "29 days pass", "30 days pass", "31 days pass")},
		{name: "host", weight: 3, draw: drawChoice, words: says("*the host is in maintenance", "*the host is in day cut-over", "*the host is cut off from the issuer",
			"*the issuer answers 40 seconds late", "*the issuer answers 40 seconds late", "*payments reach the issuer 40 seconds late")},
		{name: "line", weight: 2, draw: drawChoice, words: says("*the line refuses connections", "*the line is silent")},
		{name: "works", weight: 3, draw: drawChoice, words: says("*the host is working again", "*the line works again", "*the issuer answers 0 seconds late")},
		{name: "restart", weight: 2, draw: drawTill, words: says("{till} starts again")},
		{name: "sign-in", weight: 2, draw: drawTill, words: says("the cashier signs in at {till}")},
		{name: "sign-out", weight: 1, draw: drawTill, words: says("the cashier signs out at {till}")},
		{name: "reprint", weight: 1, draw: drawTill, words: says("the cashier prints the last receipt again at {till}")},
		{name: "network", weight: 1, draw: drawTill, words: says("{till} changes from Wi-Fi to 4G")},
		{name: "paper", weight: 1, draw: drawTill, words: says("*{till} is out of paper")},
		{name: "signed off", weight: 1, draw: drawTill, words: says("*the host has signed {till} off", "*the host asks {till} to sign in again")},
		{name: "disabled", weight: 1, draw: drawTill, words: says("*{till} is disabled at the host")},
		{name: "mistyped", weight: 2, draw: drawMistyped, words: says("*{who} has entered a wrong PIN 2 times")},
		{name: "made", weight: 2, made: true, takes: true, draw: drawMade, words: says(`{till} is made to send a sale with currency "840"`, `{till} is made to send a sale with merchant "898320548160002"`,
			`{till} is made to send a reversal with amount "000000000777"`)},
		{name: "void what must stay", weight: 3, onto: voids, made: true, forbidden: true, draw: drawElsewhere, words: saysAct("{till} is made to send a {act} of {payment}")},
		{name: "free a part", weight: 2, onto: map[pay.Flow]pay.Flow{pay.PreAuth: pay.PreAuthVoid, pay.MOTOPreAuth: pay.MOTOPreAuthVoid}, made: true, forbidden: true, draw: drawWhole,
			words: saysAct(`{till} is made to send a {act} of {payment} with amount "000000000100"`)},
		{name: "sell while settling", weight: 4, made: true, forbidden: true, draw: drawTill, words: says(`{till} is made to send a sale with amount "000000000500"`)},
		{name: "published", weight: 2, draw: drawChoice, words: says("*the host has new CA keys")},
		{name: "query", weight: 3, draw: drawTill, words: says("the cashier asks for the last payment at {till}", "the cashier prints the statistics at {till}")},
		{name: "battery", weight: 1, draw: drawTill, words: says("*{till} has a low battery")},
		{name: "given up", weight: 4, draw: drawGivenUp, words: says("{who} has paid {amount} at {till}, which could not take it back")},
		{name: "again", weight: 3, draw: drawAgain, words: says("{till} is made to send {payment} again")},
	}
}

// says makes words: one of several, with what the act is about in them. After a star they arrange something: a Given, not a When.
func says(words ...string) func(*player, *act) string {
	return func(p *player, a *act) string {
		about := ""
		if o := p.original(a); o != nil {
			about = nthOf(o.nth, o.flow)
		}
		return strings.NewReplacer("{who}", a.who, "{till}", strconv.Quote(a.till), "{amount}", pay.CNY(a.minor).String(), "{payment}", about, "{his}", hisOf(a.who)).
			Replace(words[a.choice%len(words)])
	}
}

// saysAct makes words with the flow of an act on a payment in them.
func saysAct(words string) func(*player, *act) string {
	return func(p *player, a *act) string {
		return says(strings.ReplaceAll(words, "{act}", string(p.flowOf(p.deed(a), a))))(p, a)
	}
}

// nthOf names a request as features do: the 2nd sale.
func nthOf(n int, f pay.Flow) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		suffix = map[int]string{1: "st", 2: "nd", 3: "rd"}[n%10]
		if suffix == "" {
			suffix = "th"
		}
	}
	return fmt.Sprintf("the %d%s %s", n, suffix, f)
}

func saleWords(_ *player, a *act) string {
	text := fmt.Sprintf("%s swipes %s at %q", a.who, pay.CNY(a.minor), a.till)
	hers := hisOf(a.who)
	switch a.pin {
	case rig.PINRight:
		return text + " and enters " + hers + " PIN"
	case rig.PINWrong:
		return text + " and enters a wrong PIN"
	case rig.PINCorrected:
		return text + " and enters a wrong PIN, then the right one"
	case rig.PINNever:
		return text + " and enters only wrong PINs"
	case rig.PINCancel:
		return text + " and cancels at the PIN"
	}
	return text
}

func hisOf(who string) string {
	if slices.Contains([]string{"Bob", "Dave", "Frank", "Ivan", "Ken"}, who) {
		return "his"
	}
	return "her"
}

// share is a name and how often it is drawn.
type share struct {
	name   string
	weight int
}

func pick(r *rand.Rand, shares []share) string {
	sum := 0
	for _, s := range shares {
		sum += s.weight
	}
	n := r.IntN(sum)
	for _, s := range shares {
		if n -= s.weight; n < 0 {
			return s.name
		}
	}
	return ""
}

func drawTill(_ *player, r *rand.Rand, a *act) bool {
	a.till = pick(r, []share{{"T1", 50}, {"T2", 25}, {"T3", 10}, {"T4", 15}})
	a.choice = r.IntN(12)
	return true
}

func drawChoice(p *player, r *rand.Rand, a *act) bool {
	a.choice = r.IntN(12)
	return true
}

func drawCard(p *player, r *rand.Rand, a *act) bool {
	a.who = pick(r, []share{{"Alice", 30}, {"Bob", 30}, {"Judy", 10}, {"Ken", 8}, {"Lena", 4}, {"Mia", 5}, {"Dave", 1}, {"Erin", 1}, {"Frank", 1}, {"Grace", 1},
		{"Heidi", 1}, {"Ivan", 1}})
	return drawTill(p, r, a)
}

// drawBalance has the PIN entered as it should be.
func drawBalance(p *player, r *rand.Rand, a *act) bool {
	drawCard(p, r, a)
	if p.asksPIN(a.who) {
		a.pin = rig.PINRight
	}
	return true
}

// drawSale draws a payment by card. PINs go wrong when nothing else does, so that it is known what the issuer counted.
func drawSale(p *player, r *rand.Rand, a *act) bool {
	drawCard(p, r, a)
	amounts := []int64{100, 1000, 1000, 1234, 2000, 4850, 5000, 5001, 7500, 10000, 10001, 25000, 60000, 150000}
	a.minor = amounts[r.IntN(len(amounts))]
	if p.asksPIN(a.who) {
		a.pin = rig.PINRight
	}
	if left := p.model.card(a.who, p.world.Loop.Now()); left > 0 && r.IntN(12) == 0 { // all that is there
		a.minor = left
	}
	if p.asksPIN(a.who) && a.deed == "sale" && !p.stirred && r.IntN(5) == 0 {
		a.pin = []rig.PINAct{rig.PINWrong, rig.PINWrong, rig.PINCorrected, rig.PINNever, rig.PINCancel, rig.PINNobody}[r.IntN(6)]
	}
	return true
}

// drawChip draws a payment by the chip of the cardholder who has one, at a till that takes all or nothing.
func drawChip(p *player, r *rand.Rand, a *act) bool {
	drawSale(p, r, a)
	a.who, a.pin = "Carol", rig.PINRight
	return !p.model.parts[a.till]
}

// drawOriginal draws a payment to act on: mostly one that stands, at its own till, with its own card.
func drawOriginal(p *player, r *rand.Rand, a *act, of map[pay.Flow]pay.Flow, fit func(*payment) bool) *payment {
	var good, all []*payment
	for _, o := range p.model.payments {
		if o.nth == 0 || o.chip || o.doubtful || o.open || !o.answered || of[o.flow] == "" {
			continue
		}
		all = append(all, o)
		if o.stands && !p.model.ended(o) && fit(o) {
			good = append(good, o)
		}
	}
	if len(good) > 0 && r.IntN(8) > 0 {
		all = good
	}
	if len(all) == 0 {
		return nil
	}
	o := all[r.IntN(len(all))]
	drawCard(p, r, a)
	if r.IntN(12) > 0 {
		a.who = o.who
	}
	if r.IntN(6) > 0 {
		a.till = o.till
	}
	a.on, a.minor = o.act, o.minor
	if p.asksPIN(a.who) {
		a.pin = rig.PINRight
	}
	return o
}

func drawWhole(p *player, r *rand.Rand, a *act) bool {
	return drawOriginal(p, r, a, p.deed(a).onto, func(*payment) bool { return true }) != nil
}

// drawShare draws a part of the original's amount, in percent.
func drawShare(percents ...int64) func(*player, *rand.Rand, *act) bool {
	return func(p *player, r *rand.Rand, a *act) bool {
		o := drawOriginal(p, r, a, p.deed(a).onto, func(o *payment) bool { return p.model.refunded(o) < p.model.amount(o) })
		if o == nil {
			return false
		}
		a.minor = max(1, p.model.amount(o)*percents[r.IntN(len(percents))]/100)
		return true
	}
}

// drawAmendment draws another amount for a payment, or a tip, in percent of what it was first.
func drawAmendment(percents ...int64) func(*player, *rand.Rand, *act) bool {
	return func(p *player, r *rand.Rand, a *act) bool {
		o := drawOriginal(p, r, a, p.deed(a).onto, func(*payment) bool { return true })
		if o == nil {
			return false
		}
		a.who, a.pin = o.who, ""
		a.minor = max(1, o.first*percents[r.IntN(len(percents))]/100)
		return true
	}
}

// drawKept draws what is done to the till's last offline sale before the host has heard of it.
func drawKept(percents ...int64) func(*player, *rand.Rand, *act) bool {
	return func(p *player, r *rand.Rand, a *act) bool {
		drawTill(p, r, a)
		o := p.lastOffline(a.till)
		if o == nil {
			return false
		}
		a.who, a.on = o.who, o.act
		a.minor = max(1, o.first*percents[r.IntN(len(percents))]/100)
		return true
	}
}

// lastOffline is the offline sale that a till made last; nil for none.
func (p *player) lastOffline(till string) *payment {
	for _, o := range slices.Backward(p.model.payments) {
		if o.till == till && o.flow == pay.OfflineSale {
			return o
		}
	}
	return nil
}

// drawOffline draws a sale that the till decides alone: mostly one that was authorised by telephone, or one that is cheap.
func drawOffline(p *player, r *rand.Rand, a *act) bool {
	drawCard(p, r, a)
	amounts := []int64{100, 1000, 2500, 4999, 5000, 20000, 150000}
	a.minor = amounts[r.IntN(len(amounts))]
	if a.choice%2 == 1 {
		a.till = "T1"
	}
	return true
}

// drawMade has a till send a sale of Bob's that no till sends: it must cost nobody anything.
func drawMade(p *player, r *rand.Rand, a *act) bool {
	drawTill(p, r, a)
	a.who, a.minor = "Bob", 1000
	return a.till != "T3" // whose merchant the made sale may name
}

// drawGivenUp has a till give up a reversal: the host has the money, and people will find out.
func drawGivenUp(p *player, r *rand.Rand, a *act) bool {
	drawTill(p, r, a)
	a.who, a.minor = "Bob", 1000
	for _, t := range p.world.Tills() {
		if p.wide.is && p.fills(t.Name) && r.IntN(2) == 0 {
			a.till = t.Name
		}
	}
	return a.till != "T4" // which may take little
}

// drawSettle draws a till, mostly one whose batch will not balance.
func drawSettle(p *player, r *rand.Rand, a *act) bool {
	drawTill(p, r, a)
	for _, t := range p.world.Tills() {
		if p.full(t.Name) && r.IntN(2) == 0 {
			a.till = t.Name
		}
	}
	for _, o := range p.model.payments {
		if (o.unknown || o.stored || o.chip) && o.batch == p.batch(o.till) && r.IntN(2) == 0 {
			a.till = o.till
		}
	}
	return true
}

// drawElsewhere draws a payment, and mostly a till that it was not made at.
func drawElsewhere(p *player, r *rand.Rand, a *act) bool {
	o := drawOriginal(p, r, a, voids, func(*payment) bool { return true })
	var ended []*payment
	for _, o := range p.model.payments {
		if voids[o.flow] != "" && o.answered && p.model.undone(o) {
			ended = append(ended, o)
		}
	}
	if o == nil {
		return false
	}
	if len(ended) > 0 && r.IntN(2) == 0 { // what was voided already
		o = ended[r.IntN(len(ended))]
		a.on, a.who, a.till = o.act, o.who, o.till
		return true
	}
	a.who = o.who
	if r.IntN(2) == 0 {
		a.till = []string{"T1", "T2"}[r.IntN(2)]
	}
	return true
}

// drawMistyped has somebody mistype the PIN elsewhere.
func drawMistyped(p *player, r *rand.Rand, a *act) bool {
	a.who = []string{"Alice", "Lena"}[r.IntN(2)]
	return !p.stirred
}

// drawAgain has a till send what was approved once more.
func drawAgain(p *player, r *rand.Rand, a *act) bool {
	again := map[pay.Flow]pay.Flow{}
	for _, f := range []pay.Flow{pay.Sale, pay.MOTOSale, pay.PreAuth, pay.Void, pay.Refund, pay.Completion, pay.OfflineSale, pay.Tip} {
		again[f] = f
	}
	o := drawOriginal(p, r, a, again, func(*payment) bool { return true })
	if o == nil || !o.stands {
		return false
	}
	a.till, a.who, a.pin = o.till, o.who, rig.PINNobody
	return true
}
