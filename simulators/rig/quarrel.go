package rig

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// Dispute gives the dispute about a payment, by its RRN; the zero Dispute for none.
func (w *World) Dispute(rrn string) (merchant.Dispute, error) {
	all, err := w.AskOffice(merchant.OpDisputes, merchant.Request{})
	i := slices.IndexFunc(all.Disputes, func(d merchant.Dispute) bool { return d.RRN == rrn })
	if err != nil || i < 0 {
		return merchant.Dispute{Number: "none"}, err
	}
	return all.Disputes[i], nil
}

// Retrieve has the issuer ask to see a payment.
func (w *World) Retrieve(rrn string) (merchant.Answer, error) {
	return w.AskOffice(merchant.OpRetrieve, merchant.Request{RRN: rrn})
}

// ChargeBack has the issuer want money back of a payment; it asks to see it first, if it has not.
func (w *World) ChargeBack(rrn string, a pay.Amount) (merchant.Answer, error) {
	d, err := w.Dispute(rrn)
	if err != nil {
		return merchant.Answer{}, err
	}
	if d.Stage == "" {
		if answer, err := w.Retrieve(rrn); err != nil || answer.Code != merchant.OK {
			return answer, err
		}
		if d, err = w.Dispute(rrn); err != nil {
			return merchant.Answer{}, err
		}
	}
	return w.AskOffice(merchant.OpChargeback, merchant.Request{Dispute: d.Number, Amount: a})
}

// ShowReceipt has a merchant show what his till has printed for a payment.
func (w *World) ShowReceipt(rrn, receipt string) (merchant.Answer, error) {
	d, err := w.Dispute(rrn)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpEvidence, merchant.Request{Dispute: d.Number, Content: merchant.NewPrivate(receipt)})
}

// Represent has him disagree, Rule has the scheme decide.
func (w *World) Represent(rrn string) (merchant.Answer, error) {
	d, err := w.Dispute(rrn)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpRepresent, merchant.Request{Dispute: d.Number})
}

// Rule has the scheme decide of a dispute.
func (w *World) Rule(rrn string, whose merchant.Decision) (merchant.Answer, error) {
	d, err := w.Dispute(rrn)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpRule, merchant.Request{Dispute: d.Number, Decision: whose})
}
