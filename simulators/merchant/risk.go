package merchant

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Risk is the acquirer's risk control, as the office may change it. The acquirer refuses what is over a limit, at the till; the office says what
// the limits are, whose card is blocked, and what becomes of payments that a person is to look at.
type Risk struct {
	Set     func(pay.Limit) error
	Drop    func(name string) error
	Limits  func() []pay.Limit
	Block   func(card pay.Secret, blocked bool) error
	Reviews func() []pay.Review
	Decide  func(now time.Time, number, decision string) error
}

// Decisions about a payment that a person is to look at.
const (
	Release Decision = pay.Release
	Refuse  Decision = pay.Refuse
)

func riskServices() []Service {
	return []Service{
		{OpLimit, []string{"limit"}, []Check{{"limit", limitMeant}}, func(c *Call) { c.done(c.Risk.Set(*c.req.Limit)) }},
		{OpDropLimit, []string{"name"}, []Check{{"limit-known", limitKnown}}, func(c *Call) { c.done(c.Risk.Drop(c.req.Name)) }},
		{OpLimits, nil, nil, func(c *Call) { c.answer.Limits = c.Risk.Limits() }},
		{OpBlock, []string{"card_number"}, []Check{{"card-number", cardMeant}}, block(true)},
		{OpUnblock, []string{"card_number"}, []Check{{"card-number", cardMeant}}, block(false)},
		{OpReviews, nil, nil, func(c *Call) { c.answer.Reviews = c.Risk.Reviews() }},
		{OpDecide, []string{"review", "decision"}, []Check{{"review-open", reviewOpen}}, func(c *Call) { c.done(c.Risk.Decide(c.now, c.req.Review, string(c.req.Decision))) }},
	}
}

// done ends a call that the acquirer has carried out, or could not.
func (c *Call) done(err error) {
	if err != nil {
		c.end(Broken, err.Error())
	}
}

func limitMeant(c *Call) (Code, string) {
	if l := *c.req.Limit; l == (pay.Limit{Name: l.Name}) {
		return BadLimit, "it would let nothing pass anywhere"
	} else if err := l.Check(); err != nil {
		return BadLimit, err.Error()
	}
	return "", ""
}

func limitKnown(c *Call) (Code, string) {
	if !slices.ContainsFunc(c.Risk.Limits(), func(l pay.Limit) bool { return l.Name == c.req.Name }) {
		return BadLimit, "there is no limit of this name"
	}
	return "", ""
}

func cardMeant(c *Call) (Code, string) {
	if number := c.req.CardNumber.Reveal(); len(number) < 12 || len(number) > 19 || !pay.NewPAN(number).LuhnValid() {
		return BadCard, "it is no card number"
	}
	return "", ""
}

func block(blocked bool) func(*Call) {
	return func(c *Call) { c.done(c.Risk.Block(c.req.CardNumber.Secret, blocked)) }
}

func reviewOpen(c *Call) (Code, string) {
	all := c.Risk.Reviews()
	i := slices.IndexFunc(all, func(v pay.Review) bool { return v.Number == c.req.Review })
	switch {
	case i < 0:
		return NoReview, "there is no review of this number"
	case all[i].Decision != "":
		return CaseEnded, "it was decided before"
	case c.req.Decision != Release && c.req.Decision != Refuse:
		return BadDecision, "want release or refuse"
	}
	return "", ""
}
