package acquirer

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// RiskRules are how the lines of risk control are read. The lines themselves are data that the acquirer keeps (pay.Limit): nobody has any to
// begin with.
type RiskRules struct {
	About    func(pay.Limit, Payment) bool              // whether a limit is about a payment
	Whose    func(pay.Limit, Payment) string            // with which others the payment is counted
	Span     func(l pay.Limit, at time.Time) string     // ... and of which day or month
	Since    func(l pay.Limit, now time.Time) time.Time // ... or from when on
	Counts   func(Payment) bool                         // against what may be paid
	Tries    func(Payment) bool                         // against what may be tried
	Over     func(l pay.Limit, so total, p Payment) (amount, count bool)
	Reviews  bool                                  // what is over a line for review waits
	Released func(a *Acquirer, of pay.Review) bool // whether a release is still good for a payment
}

func riskRules() RiskRules {
	return RiskRules{
		About: aboutLimit, Whose: whoseLimit, Span: spanOf, Counts: countsAgainst, Tries: func(Payment) bool { return true }, Over: overLimit, Reviews: true,
		Since:    func(l pay.Limit, now time.Time) time.Time { return now.Add(-l.Window()) },
		Released: func(a *Acquirer, of pay.Review) bool { return a.risk.used[of.Number] == 0 },
	}
}

// risk is what the acquirer bounds, whom it blocks and what it wants to be looked at, with what has been counted for it.
type risk struct {
	limits  map[string]pay.Limit
	order   []string        // of limits, as they came
	blocked map[string]bool // by token
	reviews map[string]review
	cases   []string // reviews, as they came

	counted bool                    // what follows is up to date; otherwise it is counted when it is wanted
	totals  map[counter]total       // by day or month
	tried   map[counter][]time.Time // the last, as many as the limit wants to know of
	used    map[string]int          // payments by the release they passed by
}

// counter is what one limit counts together.
type counter struct{ limit, whose, span string }

// block is a card that is blocked, or is no more.
type block struct {
	Token   string `json:"token"`
	Blocked bool   `json:"blocked"`
}

// review is a payment that waits for a person; Token is its card.
type review struct {
	pay.Review
	Token string `json:"token"`
}

// releaseLife is how long a payment may pass that a person has released.
const releaseLife = 24 * time.Hour

func (r *risk) keep(c change) {
	for _, l := range c.limits {
		if r.limits == nil {
			r.limits = map[string]pay.Limit{}
		}
		if _, known := r.limits[l.Name]; !known {
			r.order = append(r.order, l.Name)
		}
		r.limits[l.Name], r.counted = l, false
		if l == (pay.Limit{Name: l.Name}) { // taken back
			delete(r.limits, l.Name)
			r.order = slices.DeleteFunc(r.order, func(name string) bool { return name == l.Name })
		}
	}
	for _, b := range c.blocks {
		if r.blocked == nil {
			r.blocked = map[string]bool{}
		}
		r.blocked[b.Token] = b.Blocked
	}
	for _, v := range c.reviews {
		if r.reviews == nil {
			r.reviews = map[string]review{}
		}
		if _, known := r.reviews[v.Number]; !known {
			r.cases = append(r.cases, v.Number)
		}
		r.reviews[v.Number] = v
	}
}

// SetLimit puts a line into risk control, in the place of one of the same name; what was paid before counts too.
func (a *Acquirer) SetLimit(l pay.Limit) error {
	if err := l.Check(); err != nil {
		return fmt.Errorf("acquirer: %w", err)
	}
	if l == (pay.Limit{Name: l.Name}) {
		return fmt.Errorf("acquirer: limit %s would let nothing pass anywhere: close the merchants instead", l.Name)
	}
	a.commit(change{limits: []pay.Limit{l}}, func() {})
	return nil
}

// DropLimit takes a line out of risk control.
func (a *Acquirer) DropLimit(name string) error {
	if _, known := a.risk.limits[name]; !known {
		return fmt.Errorf("acquirer: there is no limit %q", name)
	}
	a.commit(change{limits: []pay.Limit{{Name: name}}}, func() {})
	return nil
}

// Limits lists the lines of risk control as they came.
func (a *Acquirer) Limits() []pay.Limit {
	list := make([]pay.Limit, len(a.risk.order))
	for i, name := range a.risk.order {
		list[i] = a.risk.limits[name]
	}
	return list
}

// Block has a card pay nothing more here, or lets it pay again.
func (a *Acquirer) Block(number pay.Secret, blocked bool) error {
	token, err := a.HSM.Token(KeyStore, []byte(number.Reveal()))
	if err != nil {
		return fmt.Errorf("acquirer: %w", err)
	}
	a.commit(change{blocks: []block{{token, blocked}}}, func() {})
	return nil
}

// Reviews lists what persons were to look at.
func (a *Acquirer) Reviews() []pay.Review {
	list := make([]pay.Review, len(a.risk.cases))
	for i, number := range a.risk.cases {
		list[i] = a.risk.reviews[number].Review
	}
	return list
}

// Decide ends a review: a payment like it passes, once and within a day, or its card is blocked.
func (a *Acquirer) Decide(now time.Time, number, decision string) error {
	v, known := a.risk.reviews[number]
	switch {
	case !known:
		return fmt.Errorf("acquirer: there is no review %q", number)
	case v.Decision != "":
		return fmt.Errorf("acquirer: review %s was decided before", number)
	}
	made := change{}
	v.Decision = decision
	switch decision {
	case pay.Release:
		v.Until = now.Add(releaseLife)
	case pay.Refuse:
		made.blocks = []block{{v.Token, true}}
	default:
		return fmt.Errorf("acquirer: review %s: %q: want release or refuse", number, decision)
	}
	made.reviews = []review{v}
	a.commit(made, func() {})
	return nil
}

// notBlocked asks whether the card is blocked here. A payer's code is its issuer's to block.
func notBlocked(c *Call) (pay.Answer, string) {
	number := c.card.pan.Reveal()
	if number == "" || len(c.risk.blocked) == 0 && len(c.risk.limits) == 0 {
		return passed, ""
	}
	var err error
	if c.token, err = c.HSM.Token(KeyStore, []byte(number)); err != nil {
		return pay.Answer96Malfunction, err.Error()
	}
	if c.risk.blocked[c.token] {
		return pay.Answer62Restricted, pay.MaskPAN(number) + " is blocked"
	}
	return passed, ""
}

// withinRisk holds a payment to the lines of risk control, in their order.
func withinRisk(c *Call) (pay.Answer, string) {
	if len(c.risk.limits) == 0 {
		return passed, ""
	}
	c.recount()
	p := Payment{Ref: c.ref(), At: c.now, Amount: c.amount, Entry: c.entry(), Token: c.token}
	for _, name := range c.risk.order {
		l := c.risk.limits[name]
		if !c.Rules.About(l, p) {
			continue
		}
		amount, count := c.Rules.Over(l, c.soFar(l, p), p)
		switch banned := l.Amount.Minor == 0 && l.Count == 0; {
		case !amount && !count:
		case l.Review:
			if answer, reason := c.looked(l, p); answer != passed {
				return answer, reason
			}
		case banned:
			return pay.Answer57NotPermittedCard, fmt.Sprintf("limit %s: nothing passes", l.Name)
		case amount:
			return pay.Answer61AmountLimit, fmt.Sprintf("limit %s: %s is over %s", l.Name, p.Amount, l.Amount)
		default:
			return pay.Answer65CountLimit, fmt.Sprintf("limit %s: there were %d already", l.Name, l.Count)
		}
	}
	return passed, ""
}

// looked lets pass what a person has released; anything else waits to be looked at.
func (c *Call) looked(l pay.Limit, p Payment) (pay.Answer, string) {
	if !c.Rules.Reviews {
		return passed, ""
	}
	for _, number := range c.risk.cases {
		v := c.risk.reviews[number]
		if v.Token != p.Token || v.Merchant != p.Ref.Merchant || p.Amount.Minor > v.Amount.Minor {
			continue
		}
		switch {
		case v.Decision == "":
			return pay.Answer60CallAcquirer, "review " + number + " has still to be decided"
		case v.Decision == pay.Release && !c.now.After(v.Until) && c.Rules.Released(c.Acquirer, v.Review):
			c.review = number
			return passed, ""
		}
	}
	number := fmt.Sprintf("R%06d", len(c.risk.cases)+1)
	v := pay.Review{Number: number, At: c.now, Merchant: p.Ref.Merchant, Terminal: p.Ref.Terminal, Card: pay.MaskPAN(c.card.pan.Reveal()), Amount: p.Amount, Limit: l.Name}
	c.commit(change{reviews: []review{{v, p.Token}}}, func() {})
	return pay.Answer60CallAcquirer, "limit " + l.Name + ": review " + number + " is opened"
}

// aboutLimit tells that a limit is about a payment. What a code pays is no card's here.
func aboutLimit(l pay.Limit, p Payment) bool {
	is := func(wanted, has string) bool { return wanted == "" || wanted == has }
	return is(l.Merchant, p.Ref.Merchant) && is(l.Terminal, p.Ref.Terminal) && is(string(l.Entry), string(p.Entry)) && (l.Of != pay.OfCard || p.Token != "")
}

func whoseLimit(l pay.Limit, p Payment) string {
	return map[pay.Subject]string{pay.OfCard: p.Token, pay.OfMerchant: p.Ref.Merchant, pay.OfTerminal: p.Ref.Terminal}[l.Of]
}

func spanOf(l pay.Limit, at time.Time) string {
	switch l.In {
	case pay.InDay:
		return at.Format("060102")
	case pay.InMonth:
		return at.Format("0601")
	}
	return ""
}

// countsAgainst tells that a payment has been paid for, or may be: what is being decided counts, so that two at once do not both pass.
func countsAgainst(p Payment) bool {
	kind := p.Ref.Flow.Kind()
	return p.live() && p.Ended == nil && (kind == pay.Sale || kind == pay.Completion)
}

// overLimit tells whether a payment would be over a limit, with what there was before.
func overLimit(l pay.Limit, so total, p Payment) (amount, count bool) {
	if l.Amount.Minor == 0 && l.Count == 0 {
		return true, false
	}
	return l.Amount.Minor > 0 && so.minor+p.Amount.Minor > l.Amount.Minor, l.Count > 0 && so.count >= l.Count
}

// soFar gives what was paid, or tried, that a limit counts together with a payment.
func (a *Acquirer) soFar(l pay.Limit, p Payment) total {
	of := counter{l.Name, a.Rules.Whose(l, p), a.Rules.Span(l, p.At)}
	if l.In == "" {
		return total{}
	}
	if l.Window() == 0 {
		return a.risk.totals[of]
	}
	since, so := a.Rules.Since(l, p.At), total{}
	for _, at := range a.risk.tried[of] {
		if at.After(since) {
			so.count++
		}
	}
	return so
}

// recount counts what was paid before a limit was set, or before a restart.
func (a *Acquirer) recount() {
	r := &a.risk
	if r.counted {
		return
	}
	r.counted, r.totals, r.tried, r.used = true, map[counter]total{}, map[counter][]time.Time{}, map[string]int{}
	byCard := slices.ContainsFunc(slices.Collect(maps.Values(r.limits)), func(l pay.Limit) bool { return l.Of == pay.OfCard || l.Review })
	for _, k := range a.order {
		p := a.payments[k]
		if byCard && p.Token == "" && !p.ByCode && len(p.Sealed) > 0 {
			if number, err := a.HSM.Open(KeyStore, p.Sealed); err == nil {
				p.Token, _ = a.HSM.Token(KeyStore, number) // the key is there: it has just opened something
				a.payments[k] = p
			}
		}
		a.countRisk(Payment{}, p, false)
	}
}

// countRisk counts a payment as it is now in place of what it was.
func (a *Acquirer) countRisk(was, p Payment, known bool) {
	r := &a.risk
	if !r.counted || len(r.limits) == 0 {
		return
	}
	for _, side := range [...]struct {
		p  Payment
		by int
	}{{was, -1}, {p, +1}} {
		if side.p.Review != "" && side.p.live() {
			r.used[side.p.Review] += side.by
		}
		if !a.Rules.Counts(side.p) {
			continue
		}
		for _, l := range r.limits {
			if (l.In == pay.InDay || l.In == pay.InMonth) && a.Rules.About(l, side.p) {
				of := counter{l.Name, a.Rules.Whose(l, side.p), a.Rules.Span(l, side.p.At)}
				so := r.totals[of]
				r.totals[of] = total{so.count + side.by, so.minor + int64(side.by)*side.p.Amount.Minor}
			}
		}
	}
	decided := p.State != Pending && (!known || was.State == Pending)
	if kind := p.Ref.Flow.Kind(); !decided || !a.Rules.Tries(p) || kind != pay.Sale && kind != pay.PreAuth {
		return
	}
	for _, l := range r.limits {
		if l.Window() > 0 && a.Rules.About(l, p) {
			of := counter{l.Name, a.Rules.Whose(l, p), ""}
			r.tried[of] = append(r.tried[of], p.At)
			r.tried[of] = r.tried[of][max(0, len(r.tried[of])-l.Count):]
		}
	}
}
