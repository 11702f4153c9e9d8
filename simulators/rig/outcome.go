package rig

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// ProfileOutcome is what makes a remote host answer so: the amount of a payment, or the card that it is paid with.
type ProfileOutcome struct {
	Answer string `yaml:"answer"`
	Amount string `yaml:"amount"`
	Card   string `yaml:"card"`
}

// checkOutcome holds an outcome against the dialect and the cards of the profile.
func (p *Profile) checkOutcome(at string, o ProfileOutcome) error {
	codes := p.dialect.Answers()
	if !slices.ContainsFunc(codes, func(a iso8583.AnswerRule) bool { return string(a.Code) == o.Answer }) {
		return p.mistake(at+".answer", "%q is no answer of dialect %s", o.Answer, p.dialect.Name)
	}
	if (o.Amount == "") == (o.Card == "") {
		return p.mistake(at, "want one of amount and card: what makes the host answer %s", o.Answer)
	}
	if o.Card != "" {
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
	if k := a.Flow.Kind(); k != pay.Sale && k != pay.PreAuth {
		return lacks(fmt.Sprintf("the answer to a %s cannot be had from a remote host: outcomes are of payments, whose amount or card is free", a.Flow))
	}
	p := w.Rig.Profile
	i := slices.IndexFunc(p.Outcomes, func(o ProfileOutcome) bool { return o.Answer == string(a.Answer) })
	if i < 0 {
		return lacks(fmt.Sprintf("profile %s has no outcome %s: it does not say what makes the host answer so", p.Name, a.Answer))
	}
	w.pulls = append(w.pulls, pull{a.Flow, a.Nth, p.Outcomes[i]})
	return nil
}

// provoked gives an order the amount or the card that makes the host answer as the scenario wants it to.
func (t *Till) provoked(o Order) (Order, error) {
	for _, p := range t.world.pulls {
		if p.flow != o.Flow || p.nth != 0 && p.nth != t.world.flows[o.Flow]+1 {
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
