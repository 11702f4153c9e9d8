package rig

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// ProfileOutcome is what makes a remote host answer so: the amount of a payment, the card that it is paid with, or, of whatever is asked, the merchant number.
type ProfileOutcome struct {
	Answer   string `yaml:"answer"`
	Amount   string `yaml:"amount"`
	Card     string `yaml:"card"`
	Merchant string `yaml:"merchant"`
}

// checkOutcome holds an outcome against the dialect and the cards of the profile.
func (p *Profile) checkOutcome(at string, o ProfileOutcome) error {
	codes := p.dialect.Answers()
	if !slices.ContainsFunc(codes, func(a iso8583.AnswerRule) bool { return string(a.Code) == o.Answer }) {
		return p.mistake(at+".answer", "%q is no answer of dialect %s", o.Answer, p.dialect.Name)
	}
	ways := slices.DeleteFunc([]string{o.Amount, o.Card, o.Merchant}, func(s string) bool { return s == "" })
	switch {
	case len(ways) != 1:
		return p.mistake(at, "want one of amount, card and merchant: what makes the host answer %s", o.Answer)
	case o.Merchant != "" && len(o.Merchant) != merchantDigits:
		return p.mistake(at+".merchant", "%q: want fifteen characters", o.Merchant)
	case o.Merchant != "":
		return nil
	case o.Card != "":
		if !slices.ContainsFunc(p.Cards, func(c ProfileCard) bool { return c.Name == o.Card }) {
			return p.mistake(at+".card", "%q is no card of this profile", o.Card)
		}
		return nil
	}
	if a, err := pay.ParseAmount(o.Amount); err != nil || a.Minor <= 0 {
		return p.mistake(at+".amount", "%q is no amount such as 99.51 CNY", o.Amount)
	}
	return nil
}

// pull is an answer that a scenario wants of a remote host, and what makes the host give it.
type pull struct {
	flow    pay.Flow
	nth     int // 0 is every one
	outcome ProfileOutcome
}

// provoke arranges an answer of a host that nobody can arrange, where the profile says what makes it answer so.
func (w *World) provoke(a Arrangement) error {
	if !w.remote() || a.Condition != ConditionAnswers {
		return ErrNoSight
	}
	// Of what acts on a payment, and of a sign-in, only the merchant number is free; a reversal repeats what it takes back.
	paying := slices.Contains([]pay.Flow{pay.Sale, pay.PreAuth}, a.Flow.Kind())
	if !paying && !slices.Contains([]pay.Flow{pay.SignIn, pay.Void, pay.Refund, pay.PreAuthVoid, pay.Completion, pay.CompletionVoid, pay.Balance}, a.Flow.Kind()) {
		return lacks(fmt.Sprintf("the answer to a %s cannot be had from a remote host: nothing in it is free", a.Flow))
	}
	p := w.Rig.Profile
	i := slices.IndexFunc(p.Outcomes, func(o ProfileOutcome) bool { return o.Answer == string(a.Answer) && (paying || o.Merchant != "") })
	switch {
	case i < 0 && !paying:
		return lacks(fmt.Sprintf("profile %s has no outcome %s by merchant: nothing else in a %s is free", p.Name, a.Answer, a.Flow))
	case i < 0:
		return lacks(fmt.Sprintf("profile %s has no outcome %s: it does not say what makes the host answer so", p.Name, a.Answer))
	}
	w.pulls = append(w.pulls, pull{a.Flow, a.Nth, p.Outcomes[i]})
	return nil
}

// is tells that the next request of a flow is the one.
func (p pull) is(w *World, f pay.Flow) bool {
	return p.flow == f && (p.nth == 0 || p.nth == w.flows[f]+1)
}

// pose has the till ask in the name of the merchant that makes the host answer as the scenario wants it to, until the order is over.
func (t *Till) pose(f pay.Flow) (over func()) {
	i := slices.IndexFunc(t.world.pulls, func(p pull) bool { return p.is(t.world, f) && p.outcome.Merchant != "" })
	if i < 0 || t.machine == nil {
		return func() {}
	}
	p := t.world.pulls[i].outcome
	t.note(fmt.Sprintf("merchant %s asks in place of %s: so the host answers %s", p.Merchant, t.config.Merchant, p.Answer))
	t.machine.Merchant = p.Merchant
	return func() {
		if t.machine != nil {
			t.machine.Merchant = t.config.Merchant
		}
	}
}

// provoked gives an order the amount or the card that makes the host answer as the scenario wants it to.
func (t *Till) provoked(o Order) (Order, error) {
	for _, p := range t.world.pulls {
		if !p.is(t.world, o.Flow) || p.outcome.Merchant != "" {
			continue
		}
		if p.outcome.Card != "" {
			t.note(fmt.Sprintf("%s pays in place of %s: so the host answers %s", p.outcome.Card, o.Who, p.outcome.Answer))
			o.Who = p.outcome.Card
			return o, nil
		}
		amount, err := pay.ParseAmount(p.outcome.Amount)
		t.note(fmt.Sprintf("%s is paid in place of %s: so the host answers %s", amount, o.Amount, p.outcome.Answer))
		o.Amount = amount
		return o, err
	}
	return o, nil
}
