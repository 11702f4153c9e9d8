package issuer

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Token is a number that a phone pays with in place of its holder's card number. It has an expiry of its own, and whoever learns it
// can make neither stripe nor telephone order of it: it pays with a cryptogram or not at all.
type Token struct {
	PAN    pay.PAN
	Expiry string // YYMM
}

// tokenOf is what the journal keeps of a token.
type tokenOf struct {
	Hash   string `json:"hash"` // of its number
	Expiry string `json:"expiry"`
}

// find gives the account of a card number or of a token.
func (i *Issuer) find(pan pay.PAN) (a account, token, known bool) {
	hash, ok := i.hashes[pan]
	if !ok {
		hash = hashOf(pan)
		if i.cards[hash].Hash != "" || i.tokens[hash] != "" { // others come without end
			i.hashes[pan] = hash
		}
	}
	card, token := i.tokens[hash]
	if token {
		hash = card
	}
	a, known = i.cards[hash]
	return a, token, known
}

// tokenProves refuses a token that comes without its phone's cryptogram.
func tokenProves(c *Call) (pay.Answer, string) {
	if c.token && c.chip == nil {
		return pay.Answer59CardVerification, "the token of " + c.card.Name + " came without a cryptogram"
	}
	return passed, ""
}

// expiries are the dates (YYMM) that a card must not be past: that of the message and that of the file, where a token has its own.
func expiries(c *Call) []string {
	if c.token {
		return []string{c.expiry, c.card.Token.Expiry}
	}
	return []string{c.expiry, c.card.Expiry}
}
