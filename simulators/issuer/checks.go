package issuer

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// passed is the answer of a check that lets the request on.
const passed pay.Answer = ""

func healthy(c *Call) (pay.Answer, string) {
	return c.declines, "the issuer is not working normally"
}

func wellFormed(c *Call) (pay.Answer, string) {
	for _, v := range c.Dialect.Validate(c.req) {
		return pay.Answer30Format, v.Rule + ": " + v.Field + ": " + v.Text
	}
	if c.rrn() == "" {
		return pay.Answer30Format, "no RRN names the payment"
	}
	return passed, ""
}

// first lets a payment pass that was not asked before. A repeat gets its first answer, a payment whose reversal came before
// it is declined.
func first(c *Call) (pay.Answer, string) {
	p, seen := c.payments[c.rrn()]
	switch {
	case !seen, p.State == Tombstone && !c.Rules.Tombstones:
		return passed, ""
	case p.State == Approved || p.State == Declined:
		c.reply.Set(iso8583.AuthCode, p.AuthCode)
		if p.Asked.Minor > 0 {
			c.tellPart(p.Amount)
		}
		return p.Answer, "the repeat of " + p.RRN + " gets its first answer"
	}
	return c.Rules.Late, "the reversal of " + p.RRN + " came before it"
}

func amountGiven(c *Call) (pay.Answer, string) {
	currency, err := pay.ParseCurrency(c.req.Get(iso8583.Currency))
	if err != nil {
		return pay.Answer30Format, err.Error()
	}
	amount, err := pay.AmountOf(c.req.Get(iso8583.Amount), currency)
	if err != nil || amount.Minor == 0 {
		return pay.Answer13BadAmount, fmt.Sprintf("amount %q is no amount to pay", c.req.Get(iso8583.Amount))
	}
	c.amount = amount
	return passed, ""
}

// cardKnown finds the card; what acts on a payment by code has none, and finds the account by that payment.
func cardKnown(c *Call) (pay.Answer, string) {
	o := c.payments[c.req.Get(iso8583.OriginalRRN)]
	switch {
	case c.byCode():
		return passed, ""
	case o.ByCode && !c.req.Has(iso8583.PAN) && !c.req.Has(iso8583.Track1) && !c.req.Has(iso8583.Track2):
		c.card = c.cards[c.names[o.Card]]
		return passed, ""
	}
	number, expiry := c.req.Get(iso8583.PAN), c.req.Get(iso8583.Expiry)
	if onTrack, rest, ok := c.track(); ok && len(rest) >= 4 {
		number, expiry = cmp.Or(number, onTrack), rest[:4]
	}
	c.pan, c.expiry = pay.NewPAN(number), expiry
	a, token, known := c.find(c.pan)
	if !known {
		return c.Rules.UnknownCard, "no card has the number " + c.pan.String()
	}
	c.card, c.token = a, token
	return passed, ""
}

func cardUsable(c *Call) (pay.Answer, string) {
	answer := c.Rules.Statuses[c.card.Status]
	if answer == passed {
		return passed, ""
	}
	if c.byCode() {
		answer = c.Rules.ByCode(answer)
	}
	return answer, fmt.Sprintf("the card of %s is %s", c.card.Name, c.card.Status)
}

// notExpired goes by the track and by the file; a card is good to the end of its month.
func notExpired(c *Call) (pay.Answer, string) {
	today := c.now.Format("0601")
	for _, e := range c.Rules.Expiries(c) {
		if e != "" && e < today {
			return pay.Answer54Expired, fmt.Sprintf("the card of %s expired in %s (YYMM)", c.card.Name, e)
		}
	}
	return passed, ""
}

func triesLeft(c *Call) (pay.Answer, string) {
	if c.card.Tries < c.card.MaxPINTries {
		return passed, ""
	}
	return c.outOfTries()
}

// triesLeftForPIN lets pass what comes without a PIN: a refund gives money back whatever was typed at some till before, and the
// issuer is told of it and not asked.
func triesLeftForPIN(c *Call) (pay.Answer, string) {
	if !c.req.Has(iso8583.PIN) {
		return passed, ""
	}
	return triesLeft(c)
}

func (c *Call) outOfTries() (pay.Answer, string) {
	reason := fmt.Sprintf("%d wrong PINs in a row for the card of %s", c.card.Tries, c.card.Name)
	if c.card.PickUp && !c.byCode() { // of a phone there is no card to keep
		return pay.Answer38PINTriesPickUp, reason
	}
	return pay.Answer75PINTries, reason
}

// cvvRight checks the verification value of a stripe. A card number typed in has none. The track that a chip tells has a
// value of its own, made with service code 999 (iCVV), so that it makes no stripe.
func cvvRight(c *Call) (pay.Answer, string) {
	_, rest, ok := c.track()
	if !ok {
		return passed, ""
	}
	const head = len("YYMMSSS")
	if len(rest) < head+cvvTo {
		return pay.Answer59CardVerification, "the track has no verification value"
	}
	c.Trace.Consult("issuer/verification-services")
	for _, service := range c.Rules.VerificationServices(rest[4:head], c.chip != nil) {
		want, err := c.HSM.CVV(KeyCVK, c.pan, rest[:4], service)
		if err != nil {
			return pay.Answer96Malfunction, err.Error()
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(rest[head+cvvFrom:head+cvvTo])) == 1 {
			return passed, ""
		}
	}
	return pay.Answer59CardVerification, "the verification value of the track is wrong"
}

// pinRight compares the PIN if there is one, and counts.
func pinRight(c *Call) (pay.Answer, string) {
	if !c.req.Has(iso8583.PIN) {
		return passed, ""
	}
	format := hsm.PINISO0
	if strings.HasPrefix(c.req.Get(iso8583.SecurityControl), "1") { // without card number (DOMAIN.md B.3)
		format = hsm.PINUnionPayNoPAN
	}
	ok, err := c.HSM.VerifyPIN(KeyZPK, format, c.pan, []byte(c.req.Get(iso8583.PIN)), KeyPINStore, c.card.PIN)
	switch {
	case errors.Is(err, hsm.ErrPINBlock):
		return pay.Answer99PINTranslation, "the PIN block does not decrypt to a PIN"
	case err != nil:
		return pay.Answer96Malfunction, err.Error()
	case ok:
		c.tries(c.Rules.RightPIN(c.card.Tries))
		return passed, ""
	}
	c.tries(c.Rules.WrongPIN(c.card.Tries))
	if c.card.Tries >= c.card.MaxPINTries {
		return c.outOfTries()
	}
	return pay.Answer55WrongPIN, fmt.Sprintf("wrong PIN %d of %d for the card of %s", c.card.Tries, c.card.MaxPINTries, c.card.Name)
}

func (c *Call) tries(n int) {
	c.alters = c.alters || n != c.card.Tries
	c.card.Tries = n
}

func withinAmount(c *Call) (pay.Answer, string) {
	l := c.card.Limits
	if l == (Limits{}) {
		return passed, ""
	}
	today := c.days[c.Rules.Day(c.card.Name, c.now)]
	switch {
	case l.PerSale.Minor > 0 && c.amount.Minor > l.PerSale.Minor:
		return pay.Answer61AmountLimit, fmt.Sprintf("%s may spend %s at once", c.card.Name, l.PerSale)
	case l.PerDay.Minor > 0 && today.minor+c.amount.Minor > l.PerDay.Minor:
		return pay.Answer61AmountLimit, fmt.Sprintf("%s may spend %s a day", c.card.Name, l.PerDay)
	}
	return passed, ""
}

func withinCount(c *Call) (pay.Answer, string) {
	l := c.card.Limits
	if l.DayCount == 0 {
		return passed, ""
	}
	if c.days[c.Rules.Day(c.card.Name, c.now)].count >= l.DayCount {
		return pay.Answer65CountLimit, fmt.Sprintf("%s may pay %d times a day", c.card.Name, l.DayCount)
	}
	return passed, ""
}

// verificationServices: a chip's track has a verification value that is made with 999, a stripe's with its own service code.
func verificationServices(service string, chip bool) []string {
	if chip {
		return []string{"999"}
	}
	return []string{service}
}
