package merchant

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Phone is the app on the phone of a merchant's owner, and the bank card that he has bound by it.
type Phone struct {
	Merchant string    `json:"merchant"`
	App      bool      `json:"app,omitempty"`
	Card     string    `json:"card,omitempty"`   // its last digits
	Sealed   []byte    `json:"sealed,omitempty"` // ... and all of them, under KeyStore
	Asked    []byte    `json:"asked,omitempty"`  // the card that waits for its code, likewise
	Code     []byte    `json:"code,omitempty"`   // that he was texted, under KeyStore
	Given    time.Time `json:"given,omitzero"`
	Tries    int       `json:"tries,omitempty"`
}

func phoneServices() []Service {
	known := Check{"merchant", merchantKnown}
	return []Service{
		{OpApp, []string{"merchant", "phone"}, []Check{known, {"phone", phoneHis}}, func(c *Call) { c.textOwner(nil) }},
		{OpBind, []string{"merchant", "card_number"}, []Check{known, {"app-registered", appRegistered}, {"card-name", cardIsHis}}, bindCard},
		{OpProve, []string{"merchant", "activation"}, []Check{known, {"owner-code", ownerCode}}, prove},
		{OpUnbind, []string{"merchant"}, []Check{known, {"card-bound", cardBound}}, unbindCard},
	}
}

func appRegistered(c *Call) (Code, string) {
	if !c.phones[c.merchant.Number].App {
		return NoApp, "register the app first"
	}
	return "", ""
}

// cardIsHis: the card has the name of the account that is settled to.
func cardIsHis(c *Call) (Code, string) {
	p, err := c.person(c.merchant.Number)
	if err != nil {
		return Broken, err.Error()
	}
	if holder, known := c.NameOf(c.req.CardNumber.Secret); !known || holder.Name != p.Holder.Reveal() {
		return NotHisAccount, "the card is somebody else's"
	}
	return "", ""
}

// ownerCode compares with what the owner was texted last; a wrong code is counted.
func ownerCode(c *Call) (Code, string) {
	p := c.phones[c.merchant.Number]
	switch {
	case len(p.Code) == 0:
		return CodeWrong, "no code was given"
	case p.Tries >= mostTries:
		return CodeLocked, "the code was typed wrongly three times: ask for another"
	case c.now.Sub(p.Given) > codeLife:
		return CodeExpired, fmt.Sprintf("the code is older than %s", codeLife)
	}
	clear, err := c.HSM.Open(KeyStore, p.Code)
	if err != nil {
		return Broken, err.Error()
	}
	if string(clear) != c.req.Activation.Reveal() {
		p.Tries++
		c.commit(change{phones: []Phone{p}})
		return CodeWrong, "it is not the code that the owner was texted"
	}
	return "", ""
}

func cardBound(c *Call) (Code, string) {
	if c.phones[c.merchant.Number].Card == "" {
		return BadCard, "no card is bound"
	}
	return "", ""
}

// textOwner texts the owner a code, for a card under KeyStore or, without one, for the app.
func (c *Call) textOwner(card []byte) {
	who, err := c.person(c.merchant.Number)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	digits, err := c.HSM.Digits(6)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	p := c.phones[c.merchant.Number]
	p.Merchant, p.Asked, p.Given, p.Tries = c.merchant.Number, card, c.now, 0
	if p.Code, err = c.HSM.Seal(KeyStore, []byte(digits)); err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.commit(change{phones: []Phone{p}})
	c.Message(who.Phone.Secret, pay.NewSecret(digits))
	c.note(c.now, trace.Sent, "TEXT_OWNER_CODE", "to "+shown(who).Phone)
}

func bindCard(c *Call) {
	sealed, err := c.HSM.Seal(KeyStore, []byte(c.req.CardNumber.Reveal()))
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.textOwner(sealed)
}

// prove registers the app, or binds the card, for which the code was texted.
func prove(c *Call) {
	p := c.phones[c.merchant.Number]
	p.Merchant, p.Code = c.merchant.Number, nil
	if p.Asked == nil {
		p.App = true
	} else {
		number, err := c.HSM.Open(KeyStore, p.Asked)
		if err != nil {
			c.end(Broken, err.Error())
			return
		}
		p.Card, p.Sealed, p.Asked = lastFour(string(number)), p.Asked, nil
	}
	c.commit(change{phones: []Phone{p}})
	c.answer.Card = p.Card
}

func unbindCard(c *Call) {
	p := c.phones[c.merchant.Number]
	p.Card = ""
	c.consult("unbind-card")
	if c.Rules.Unbinds {
		p.Sealed = nil
	}
	c.commit(change{phones: []Phone{p}})
}

// withdrawTo gives where a merchant's withdrawals go: to the card that is bound, or else to the account that he applied with.
func (o *Office) withdrawTo(merchant string) (string, error) {
	if p := o.phones[merchant]; p.Sealed != nil {
		number, err := o.HSM.Open(KeyStore, p.Sealed)
		return string(number), err
	}
	who, err := o.person(merchant)
	return who.Account.Reveal(), err
}

// phoneDefects are offices that bind anything to anybody.
func phoneDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		skips("merchant-app-takes-any-code", "owner-code", "security", "takes any code for the one that the owner was texted", "the phone's number was right"),
		skips("merchant-binds-without-app", "app-registered", "security", "binds a card for who has not registered the app", "the card's name is looked at anyway"),
		skips("merchant-binds-strangers-card", "card-name", "security", "binds a card of somebody else", "the code went to the owner, so he agrees"),
		{Name: "merchant-keeps-unbound-card", Category: "money", Text: "sends withdrawals to a card that was unbound", Why: "the screen no longer shows it",
			Edit: func(r *Rules) { r.Unbinds = false }},
	}
}
