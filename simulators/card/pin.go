package card

import (
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// verify compares a PIN that came in the clear or enciphered (Book 3, 6.5.12; Book 2, 7.2). The try is counted before the
// PIN is looked at.
func (c *Card) verify(cmd emv.Command) ([]byte, emv.StatusWord) {
	p := c.payment
	switch {
	case p == nil || p.stage != begun || c.state.PIN.IsZero():
		return nil, emv.SW6985Conditions
	case cmd.P1 != 0 || cmd.P2 != emv.P2x80PlaintextPIN && cmd.P2 != emv.P2x88EncipheredPIN:
		return nil, emv.SW6A86Parameters
	case c.state.Tries <= 0:
		return nil, emv.SW6983AuthBlocked
	}
	block := cmd.Data
	if cmd.P2 == emv.P2x88EncipheredPIN {
		var sw emv.StatusWord
		if block, sw = p.decipher(cmd.Data); sw != 0 {
			return nil, sw
		}
		p.enciphered = true
	}
	if len(block) != 8 {
		return nil, emv.SW6700Length
	}
	pin, ok := pinOf(block)
	if !ok {
		return nil, emv.SW6A80Data
	}
	c.consult("card/pin-count")
	c.consult("card/pin")
	c.state.Tries = c.rules.CountPIN(c.state.Tries)
	p.verified, p.right = true, c.rules.PIN(c.state.PIN, pin)
	if !p.right {
		return nil, emv.SW63C0Tries | emv.StatusWord(c.state.Tries)&0x0F
	}
	c.consult("card/pin-right")
	c.state.Tries = c.rules.RightPIN(c.image.spec.Tries)
	return nil, 0
}

// decipher opens an enciphered PIN: 7F, the block, the card's last challenge, and filling. Under another key or with an
// old challenge the data are invalid; no try is lost.
func (p *Payment) decipher(data []byte) ([]byte, emv.StatusWord) {
	c, key := p.card, p.app.PINKey
	if key == "" {
		key = p.app.CardKey
	}
	challenge := c.challenge
	c.consult("card/challenge")
	if c.rules.Challenge {
		c.challenge = nil
	}
	if key == "" || challenge == nil {
		return nil, emv.SW6985Conditions
	}
	public, err := c.image.keys.PublicRSA(key)
	if err != nil || len(data) != len(public.Modulus) {
		return nil, emv.SW6700Length
	}
	clear, err := c.image.keys.PrivateRSA(key, data)
	if err != nil || clear[0] != 0x7F || subtle.ConstantTimeCompare(clear[9:17], challenge) != 1 {
		return nil, emv.SW6984DataInvalidated
	}
	return clear[1:9], 0
}

// pinOf reads a block of ISO 9564-1 format 2: 2, the length, the digits, F.
func pinOf(block []byte) (pay.Secret, bool) {
	text := strings.ToUpper(hex.EncodeToString(block))
	n := int(block[0] & 0x0F)
	if block[0]>>4 != 2 || n < 4 || n > 12 || strings.Trim(text[2+n:], "F") != "" || strings.ContainsAny(text[2:2+n], "ABCDEF") {
		return pay.Secret{}, false
	}
	return pay.NewSecret(text[2 : 2+n]), true
}
