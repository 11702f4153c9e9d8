package rig

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// payerPhone gives the number of a payer's phone: nobody's, and his own in every world.
func (w *World) payerPhone(who string) string {
	number := "155"
	for _, b := range w.Seed.Bytes("phone/"+who, 8) {
		number += string('0' + b%10)
	}
	return number
}

// agreement gives the last one that a shop has offered to a payer.
func (w *World) agreement(shop, who string) string {
	if w.officeLine == nil {
		return "none"
	}
	if number := w.officeLine.agreements[shop+"/"+who]; number != "" {
		return number
	}
	return "none"
}

// agreeing finds a shop and the cardholder whom it debits.
func (w *World) agreeing(shop, who string) (Shop, Cardholder, error) {
	m, unknown := w.Rig.Cast.Merchant(shop)
	c, err := w.Rig.Cast.Cardholder(who)
	return m, c, errors.Join(err, unknown)
}

// Agree has a shop ask a cardholder to agree to debits; change asks for other terms of the same agreement.
func (w *World) Agree(shop, who string, k merchant.Consent, change bool) (merchant.Answer, error) {
	m, c, err := w.agreeing(shop, who)
	if err != nil {
		return merchant.Answer{}, err
	}
	r := merchant.Request{Merchant: m.Number, Payer: c.Name, Phone: merchant.NewPrivate(w.payerPhone(c.Name)), Consent: &k}
	op := merchant.OpAgree
	if change {
		r.Payer, r.Agreement, op = "", w.agreement(m.Name, c.Name), merchant.OpChange
	}
	answer, err := w.AskOffice(op, r)
	if l := w.officeLine; err == nil && answer.Agreement != nil {
		if l.agreements == nil {
			l.agreements = map[string]string{}
		}
		l.agreements[m.Name+"/"+c.Name], l.payers = answer.Agreement.Number, m.Name
	}
	return answer, err
}

// ConfirmsDebits has a cardholder confirm what he was asked for last, by the code on his phone or by another.
func (w *World) ConfirmsDebits(who string, wrong bool) (merchant.Answer, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return merchant.Answer{}, err
	}
	if _, err := w.office(); err != nil {
		return merchant.Answer{}, err
	}
	code, err := w.readPhone(w.payerPhone(c.Name))
	if err != nil {
		return merchant.Answer{}, err
	}
	if wrong {
		code = pay.NewSecret("000000")
	}
	return w.AskOffice(merchant.OpConsent, merchant.Request{Agreement: w.agreement(w.officeLine.payers, c.Name), Activation: merchant.Private{Secret: code}})
}

// EndsDebits has him cancel it.
func (w *World) EndsDebits(who string) (merchant.Answer, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return merchant.Answer{}, err
	}
	if _, err := w.office(); err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpCancel, merchant.Request{Agreement: w.agreement(w.officeLine.payers, c.Name)})
}

// Debit has a shop debit a cardholder, at once or on a day.
func (w *World) Debit(shop, who, number string, a pay.Amount, day string) (merchant.Answer, error) {
	m, c, err := w.agreeing(shop, who)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpDebit, merchant.Request{Merchant: m.Number, Agreement: w.agreement(m.Name, c.Name), Number: number, Amount: a, Day: day})
}

// DebitWithCoupon is Debit at once, with a coupon.
func (w *World) DebitWithCoupon(shop, who, number string, a pay.Amount, k merchant.Coupon) (merchant.Answer, error) {
	m, c, err := w.agreeing(shop, who)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpDebit, merchant.Request{Merchant: m.Number, Agreement: w.agreement(m.Name, c.Name), Number: number, Amount: a, Coupon: &k})
}

// BecomesMember has a cardholder debited by a shop every month.
func (w *World) BecomesMember(shop, who string, a pay.Amount) (merchant.Answer, error) {
	m, c, err := w.agreeing(shop, who)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpMember, merchant.Request{Merchant: m.Number, Agreement: w.agreement(m.Name, c.Name), Number: "member", Amount: a})
}

// ArrangePayer sets what a cardholder's bank account holds, or whether his bank answers.
func (w *World) ArrangePayer(who string, holds pay.Amount, condition string) error {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return err
	}
	if _, err := w.office(); err != nil {
		return err
	}
	return w.Arrange(Arrangement{Party: partyBank, Payer: c.Name, Holds: holds, Condition: condition})
}

// PayerHolds gives what a cardholder's bank account holds.
func (w *World) PayerHolds(who string) (pay.Amount, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return pay.Amount{}, err
	}
	s, err := w.Look()
	if err != nil {
		return pay.Amount{}, err
	}
	h, known := s.Balances["bank:payer:"+c.Name]
	if !known {
		return pay.Amount{}, fmt.Errorf("%s has no account with a bank", c.Name)
	}
	return h.Balance, nil
}

// PayerTexts counts what the office has texted to a cardholder.
func (w *World) PayerTexts(who string) (n int, err error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return 0, err
	}
	s, err := w.Look()
	for _, t := range s.Texts {
		if t.To == c.Name {
			n++
		}
	}
	return n, err
}
