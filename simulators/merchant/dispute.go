package merchant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// DisputeStage is how far a dispute has come.
type DisputeStage string

// The stages of a dispute.
const (
	Retrieval   DisputeStage = "retrieval"      // the issuer wants to see what was sold
	ChargedBack DisputeStage = "charged-back"   // ... and wants the money; it is held
	Represented DisputeStage = "represented"    // the merchant does not agree, with his evidence
	MerchantWon DisputeStage = "merchant-won"   // he has the money again
	PayerWon    DisputeStage = "cardholder-won" // it has gone back
	Dropped     DisputeStage = "dropped"        // the issuer did not ask for the money in time
)

func (s DisputeStage) ended() bool { return s == MerchantWon || s == PayerWon || s == Dropped }

// Dispute is a quarrel about a sale that a cardholder does not know of.
type Dispute struct {
	Number   string       `json:"number"`
	Merchant string       `json:"merchant"`
	RRN      string       `json:"rrn"`
	Sale     string       `json:"sale"`
	At       time.Time    `json:"at"`
	Stage    DisputeStage `json:"stage"`
	Amount   pay.Amount   `json:"amount,omitzero"`    // that is wanted back
	Evidence string       `json:"evidence,omitempty"` // the SHA-256 of what the merchant has shown
	Until    time.Time    `json:"until,omitzero"`     // whose turn it is must have done it by then
}

// How long who has time: the merchant to answer, the issuer to ask for the money.
const (
	retrievalDays = 30
	answerDays    = 10
)

// disputed holds what is quarrelled about.
const disputed ledger.Account = "disputed"

func disputeServices() []Service {
	known, open := Check{"dispute", disputeKnown}, Check{"dispute-open", disputeOpen}
	return []Service{
		{OpRetrieve, []string{"rrn"}, []Check{{"sale", saleKnown}, {"dispute-new", noDispute}}, retrieve},
		{OpEvidence, []string{"dispute", "content"}, []Check{known, open}, takeEvidence},
		{OpChargeback, []string{"dispute", "amount"}, []Check{known, open, {"dispute-stage", inRetrieval}, {"dispute-left", withinSale}}, chargeBack},
		{OpRepresent, []string{"dispute"}, []Check{known, open, {"dispute-stage", isChargedBack}, {"evidence", evidenceThere}, {"deadline", inTime}}, represent},
		{OpRule, []string{"dispute", "decision"}, []Check{known, open, {"dispute-stage", isRepresented}}, rule},
		{OpDisputes, nil, nil, func(c *Call) {
			for _, number := range c.disputeOrder {
				if d := c.disputes[number]; c.mayHear(d.Merchant) {
					c.answer.Disputes = append(c.answer.Disputes, d)
				}
			}
		}},
	}
}

func saleKnown(c *Call) (Code, string) {
	for _, id := range c.order {
		if i := c.items[id]; i.RRN == c.req.RRN && i.Other == "" && i.Amount.Minor > 0 {
			c.disputing = Dispute{Number: fmt.Sprintf("D%06d", len(c.disputeOrder)+1), Merchant: i.Ref.Merchant, RRN: i.RRN, Sale: i.Sale, At: c.now}
			return "", ""
		}
	}
	return NoSale, "no sale has this number"
}

func noDispute(c *Call) (Code, string) {
	for _, number := range c.disputeOrder {
		if c.disputes[number].RRN == c.req.RRN {
			return DisputeRepeated, "there is a dispute about this sale: " + number
		}
	}
	return "", ""
}

func disputeKnown(c *Call) (Code, string) {
	d, known := c.disputes[c.req.Dispute]
	if !known {
		return NoDispute, "there is no dispute of this number"
	}
	c.disputing = d
	return "", ""
}

func disputeOpen(c *Call) (Code, string) {
	if c.disputing.Stage.ended() {
		return DisputeEnded, "the dispute has ended: " + string(c.disputing.Stage)
	}
	return "", ""
}

// at wants a dispute at a stage.
func (c *Call) at(stage DisputeStage) (Code, string) {
	if c.disputing.Stage != stage {
		return WrongStage, "the dispute is at " + string(c.disputing.Stage)
	}
	return "", ""
}

func inRetrieval(c *Call) (Code, string)   { return c.at(Retrieval) }
func isChargedBack(c *Call) (Code, string) { return c.at(ChargedBack) }
func isRepresented(c *Call) (Code, string) { return c.at(Represented) }

// withinSale: what was refunded is not charged back as well.
func withinSale(c *Call) (Code, string) {
	s := c.sales[c.disputing.Sale]
	if left := s.sold.Minor - s.back.Minor; c.req.Amount.Currency != s.sold.Currency || c.req.Amount.Minor > left {
		return OverSale, fmt.Sprintf("%s of %s went back already", s.back, s.sold)
	}
	return "", ""
}

func evidenceThere(c *Call) (Code, string) {
	if c.disputing.Evidence == "" {
		return NoEvidence, "nothing was shown that the sale was made"
	}
	return "", ""
}

func inTime(c *Call) (Code, string) {
	if c.now.After(c.disputing.Until) {
		return TooLate, "the merchant had time until " + c.disputing.Until.Format(dayLayout)
	}
	return "", ""
}

// keepDispute commits a dispute as it is now.
func (c *Call) keepDispute(d Dispute) {
	c.commit(change{disputes: []Dispute{d}})
	c.note(c.now, trace.Decided, "dispute", fmt.Sprintf("%s about RRN %s is at %s", d.Number, d.RRN, d.Stage))
	c.answer.Disputes = []Dispute{d}
}

func retrieve(c *Call) {
	d := c.disputing
	d.Stage, d.Until = Retrieval, c.now.AddDate(0, 0, retrievalDays)
	c.keepDispute(d)
}

func takeEvidence(c *Call) {
	hash := sha256.Sum256([]byte(c.req.Content.Reveal()))
	c.disputing.Evidence = hex.EncodeToString(hash[:])
	c.keepDispute(c.disputing)
}

// chargeBack holds the money, and has the acquirer refund no more of the sale than is left.
func chargeBack(c *Call) {
	d := c.disputing
	d.Stage, d.Amount, d.Until = ChargedBack, c.req.Amount, c.now.AddDate(0, 0, answerDays)
	c.consult("dispute-refunds")
	err := c.Rules.Quarrel(c.Office, d, d.Amount)
	c.consult("dispute-hold")
	if err == nil && c.Rules.HoldsDisputed {
		err = c.aboutSale(c.now, d, "charged back", disputed, d.Amount.Neg())
	}
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.keepDispute(d)
}

// aboutSale books what a dispute moves: a line of the statement without a fee.
func (o *Office) aboutSale(now time.Time, d Dispute, what string, other ledger.Account, a pay.Amount) error {
	return o.besidesSale(now, d.Merchant, d.Number+":"+what, what, other, a, d.Sale, d.RRN)
}

func represent(c *Call) {
	d := c.disputing
	d.Stage, d.Until = Represented, time.Time{}
	c.keepDispute(d)
}

func rule(c *Call) {
	if c.req.Decision != ToMerchant && c.req.Decision != ToCardholder {
		c.end(BadDecision, "want merchant or cardholder")
		return
	}
	d := c.disputing
	err := c.settleDispute(c.now, &d, c.req.Decision == ToMerchant)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.keepDispute(d)
}

// settleDispute ends a dispute: the money is the merchant's again, or goes back to the scheme.
func (o *Office) settleDispute(now time.Time, d *Dispute, merchant bool) error {
	d.Until = time.Time{}
	o.consult("dispute-ruling")
	if !merchant {
		d.Stage = PayerWon
		tx := o.books.Begin(now)
		err := errors.Join(open(tx, disputed), move(tx, d.Number+":lost", disputed, network, d.Amount))
		if err == nil {
			o.commit(change{books: tx})
		}
		return err
	}
	d.Stage = MerchantWon
	if !o.Rules.ReturnsWon {
		return nil
	}
	return errors.Join(o.Rules.Quarrel(o, *d, d.Amount.Neg()), o.aboutSale(now, *d, "chargeback won", disputed, d.Amount))
}

// ageDisputes ends what nobody has done in time: a chargeback that the merchant does not answer is lost, and a retrieval without one is dropped.
func (o *Office) ageDisputes(now time.Time) {
	for _, number := range o.disputeOrder {
		d := o.disputes[number]
		if d.Stage.ended() || d.Until.IsZero() || !now.After(d.Until) {
			continue
		}
		o.consult("dispute-deadline")
		if !o.Rules.Deadlines {
			continue
		}
		at := d.Until
		if d.Stage == Retrieval {
			d.Stage, d.Until = Dropped, time.Time{}
		} else if err := o.settleDispute(at, &d, false); err != nil {
			o.note(at, trace.Trouble, "dispute", err.Error())
			continue
		}
		o.commit(change{disputes: []Dispute{d}})
	}
}

// ToCardholder decides a dispute for the cardholder.
const ToCardholder Decision = "cardholder"
