package issuer

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// spoken is the authorization code that was given by voice before an offline sale; "" for none.
func (c *Call) spoken() string {
	if c.flow != pay.OfflineSale {
		return ""
	}
	return c.req.Get(iso8583.AuthCode)
}

// certified tells that the card itself has approved, and its certificate is right: the issuer gave it the power to.
func (c *Call) certified() bool {
	return c.flow == pay.OfflineSale && c.chip != nil && c.chip.proven && c.chip.kind == emv.CID40TC
}

// forced: what was authorised by voice or by the card is owed whatever has become of the account, and so is what the cardholder wrote
// on the slip of a payment that was authorised, and what an advice takes of a deposit that was. A sale under the floor limit that
// nobody was asked about needs the money.
func forced(c *Call) bool {
	return c.spoken() != "" || c.certified() || c.flow.Amends() || c.flow == pay.CompletionAdvice || c.flow == pay.MOTOCompletionAdvice
}

// certificateNew posts each transaction certificate once, whatever message brings it. Certificates come late and in any order, so that
// their counters may be lower than the last one of an online payment, or the same where that payment got no answer.
func certificateNew(c *Call) (pay.Answer, string) {
	if !c.certified() {
		return passed, ""
	}
	atc := c.chip.session.ATC
	c.Trace.Consult("issuer/certificate")
	if c.Rules.CertificateOnce && slices.Contains(c.card.Chip.Certificates, atc) {
		return c.Rules.StaleCounter, fmt.Sprintf("the certificate of transaction counter %d was posted before", atc)
	}
	c.card.Chip.Certificates, c.alters = append(slices.Clone(c.card.Chip.Certificates), atc), true
	return passed, ""
}

// part gives what an account has left of a sale whose till can collect the rest (F60.6, DOMAIN.md A.5 and C: 10).
func part(c *Call) (pay.Amount, bool) {
	b, err := c.Balance(c.card.Name)
	short := err == nil && c.flow == pay.Sale && c.req.Get(iso8583.PartialApproval) == "1" &&
		b.Available.Currency == c.amount.Currency && b.Available.Minor > 0 && b.Available.Minor < c.amount.Minor
	return b.Available, short
}

// tellPart puts the part that is approved in the place of the amount that was asked for.
func (c *Call) tellPart(part pay.Amount) {
	if digits, err := part.Digits(); err == nil {
		c.reply.Set(iso8583.Amount, digits)
	}
}

// amend gives a payment the amount of an adjustment or a tip, in place of the one it had.
func amend(w *work, o, by Payment) error {
	if err := w.tx.Void(o.move("until-"+by.RRN), o.Posting); err != nil {
		return err
	}
	o.Amount, o.Forced = by.Amount, true
	return w.debit(o, o.move("by-"+by.RRN))
}

// notRefunded refuses to alter what was given back in part.
func notRefunded(c *Call) (pay.Answer, string) {
	if c.original.Refunded.Minor > 0 {
		return pay.Answer12Invalid, fmt.Sprintf("%s of payment %s was refunded", c.original.Refunded, c.original.RRN)
	}
	return passed, ""
}
