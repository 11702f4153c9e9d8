package card

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// own names one of the application's keys in the card's module.
func (p *Payment) own(key string) hsm.CardKey { return hsm.CardKey{Name: p.app.prefix + key} }

func (p *Payment) session() hsm.Session {
	s := hsm.Session{ATC: p.state.ATC, ARQC: p.arqc}
	copy(s.Unpredictable[:], p.values[emv.Tag9F37UnpredictableNumber])
	return s
}

// cryptogram makes the cryptogram of p.kind with all that stands beside it. A status other than 0 says that the card's
// keys do not fit, which no shipped card's do.
func (p *Payment) cryptogram() emv.StatusWord {
	p.fresh[emv.Tag9F27CID] = []byte{byte(p.kind | p.reason())}
	p.fresh[emv.Tag9F10IAD] = p.issuerData()
	input := p.app.scheme.Input(p.told, p.fresh[emv.Tag9F10IAD])
	ac, err := p.card.image.keys.Cryptogram(p.app.scheme, p.own(KeyAC), p.session(), input)
	if err != nil {
		return emv.SW6F00NoPreciseDiagnosis
	}
	if !p.firstMade {
		p.arqc, p.firstMade = ac, true
	}
	p.fresh[emv.Tag9F26AC] = ac[:]
	return 0
}

// told gives what a cryptogram goes over: the terminal's data first, the card's own otherwise.
func (p *Payment) told(tag tlv.Tag) []byte {
	if v, ok := p.values[tag]; ok && tag != emv.Tag82AIP {
		return v
	}
	return p.object(tag)
}

// reason is why an application declines, for the low bits of 9F27.
func (p *Payment) reason() emv.CID {
	switch {
	case p.kind != emv.CID00AAC:
		return 0
	case p.issuer == proofWrong:
		return emv.CIDx03IssuerAuth
	case p.card.state.Tries == 0 && !p.card.state.PIN.IsZero():
		return emv.CIDx02PINTries
	}
	return 0
}

// issuerData is 9F10. Its forms and bits are those that published decoders agree on; UnionPay's are Visa's (DOMAIN.md L).
func (p *Payment) issuerData() []byte {
	s := p.app.scheme
	cvr := p.results()
	switch {
	case s.CVR.To-s.CVR.From == 6: // Mastercard: a key index, the version, the results, a data authentication code, counters
		return append(append([]byte{0x01, s.Version}, cvr...), make([]byte, 10)...)
	case s.CVR.To-s.CVR.From == 5: // Visa from version 22 on: 32 bytes, the results with the device's in front and behind
		device := byte(0x01) // scripts use session keys of the common kind
		return append(append(append([]byte{0x1F, s.Version, 0x01, 0x00}, cvr[1:]...), device), make([]byte, 24)...)
	case s.Name == "unionpay-01" || s.Name == "unionpay-17":
		return append(append([]byte{0x07, 0x01, s.Version}, cvr...), p.cipher())
	}
	return append([]byte{0x06, 0x01, s.Version}, cvr...)
}

// cipher is the algorithm byte at the end of UnionPay's 9F10 (DOMAIN.md D.5).
func (p *Payment) cipher() byte {
	if p.app.scheme.Card == hsm.CardSM4 {
		return 0x04
	}
	return 0x01
}

// bits joins flags to a byte, the highest first.
func bits(flags ...bool) (b byte) {
	for i, f := range flags {
		if f {
			b |= 0x80 >> i
		}
	}
	return b
}

// results are the card verification results: six bytes of Mastercard's, else their length 3 and three of Visa's.
func (p *Payment) results() []byte {
	second := byte(0x80) // not requested
	if p.secondMade {
		second = byte(p.second) // 00 AAC, 40 TC
	}
	first := second | byte(p.first)>>2
	wrong, failed := p.verified && !p.right, p.issuer == proofWrong
	blockedPIN := p.card.state.Tries == 0 && !p.card.state.PIN.IsZero()
	unable := p.secondMade && p.offlineAnswer()
	scripts := byte(min(p.before.Scripts, 15)) << 4
	if p.app.scheme.CVR.To-p.app.scheme.CVR.From == 6 {
		abroad := string(p.values[emv.Tag9F1ATerminalCountry]) != string(p.object(emv.Tag5F28IssuerCountry))
		return []byte{first | bits(false, false, false, false, false, p.verified, p.enciphered, p.right),
			bits(p.signedDDA, p.signedCDA && !p.secondMade, p.signedCDA && p.secondMade, p.issuer != proofNone),
			scripts | byte(p.card.state.Tries),
			bits(p.before.Pending, unable, !p.verified, wrong, blockedPIN, abroad, !abroad),
			bits(p.overLimit, false, p.overLimit, false, false, failed || p.before.IssuerFailed, p.before.Scripts > 0, p.before.ScriptFailed), 0}
	}
	return []byte{0x03,
		first | bits(false, false, false, false, failed, p.verified, wrong, unable),
		bits(p.before.Pending, blockedPIN, p.overLimit, p.before.LastOnline == 0, p.before.IssuerFailed,
			p.secondMade && !unable && p.issuer == proofNone, p.state.Blocked && blockedPIN),
		scripts | bits(false, false, false, false, p.before.ScriptFailed, false, p.signedDDA)}
}

// combine is CDA: the cryptogram goes into a signature over all that was said (Book 2, 6.6.1).
func (p *Payment) combine() emv.StatusWord {
	p.signedCDA = true
	p.card.consult("card/cda")
	rest := p.objects(emv.Tag9F27CID, emv.Tag9F36ATC, emv.Tag9F10IAD)
	sum := hash(p.card.rules.Signed(p.pdol, p.cdol1, p.cdol2, rest))
	dynamic := slices.Concat([]byte{byte(len(p.dynamic))}, p.dynamic, p.fresh[emv.Tag9F27CID], p.fresh[emv.Tag9F26AC], sum)
	body := append([]byte{signed05Dynamic, hash01SHA1, byte(len(dynamic))}, dynamic...)
	return p.signed(body, p.values[emv.Tag9F37UnpredictableNumber])
}

// signed puts the signature into 9F4B.
func (p *Payment) signed(body, behind []byte) emv.StatusWord {
	b, err := signer{keys: p.card.image.keys, name: p.app.CardKey}.sign(body, behind)
	if err != nil {
		return emv.SW6F00NoPreciseDiagnosis
	}
	p.fresh[emv.Tag9F4BSDAD] = b
	return 0
}

// internalAuthenticate is DDA (Book 2, 6.5.1; Book 3, 6.5.9).
func (c *Card) internalAuthenticate(cmd emv.Command) ([]byte, emv.StatusWord) {
	p := c.payment
	switch {
	case p == nil || p.stage != begun || p.app.CardKey == "" || emv.ParseAIP(p.object(emv.Tag82AIP))&emv.AIP1x20DDA == 0:
		return nil, emv.SW6985Conditions
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, emv.SW6A86Parameters
	case len(cmd.Data) == 0 || len(p.app.ddol) > 0 && len(cmd.Data) != p.app.ddol.Size():
		return nil, emv.SW6700Length
	}
	c.consult("card/dda")
	body := append([]byte{signed05Dynamic, hash01SHA1, byte(1 + len(p.dynamic)), byte(len(p.dynamic))}, p.dynamic...)
	if sw := p.signed(body, c.rules.Dynamic(cmd.Data)); sw != 0 {
		return nil, sw
	}
	p.signedDDA = true
	if p.app.Format2 {
		return p.template(emv.Tag9F4BSDAD), 0
	}
	return tlv.Append(nil, emv.Tag80ResponseFormat1, p.fresh[emv.Tag9F4BSDAD]), 0
}

// externalAuthenticate hears the issuer's proof once in a payment, between the two cryptograms (Book 3, 6.5.4).
func (c *Card) externalAuthenticate(cmd emv.Command) ([]byte, emv.StatusWord) {
	p := c.payment
	switch {
	case p == nil || p.stage != online || p.asked || emv.ParseAIP(p.object(emv.Tag82AIP))&emv.AIP1x04IssuerAuth == 0:
		return nil, emv.SW6985Conditions
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, emv.SW6A86Parameters
	case len(cmd.Data) < 8 || len(cmd.Data) > 16:
		return nil, emv.SW6700Length
	}
	p.asked = true
	if !p.prove(cmd.Data) {
		return nil, emv.SW6300AuthFailed
	}
	return nil, 0
}

// prove compares the issuer's cryptogram, and writes down whether it was right.
func (p *Payment) prove(data []byte) bool {
	size := 8
	if p.app.scheme.Response == hsm.ResponseMethod2 {
		size = 4
	}
	p.issuer = proofWrong
	if len(data) > size {
		code := data[size:]
		if p.app.scheme.Response == hsm.ResponseMethod1 {
			code = code[:min(2, len(code))]
		}
		want, err := p.card.image.keys.ResponseCryptogram(p.app.scheme, p.own(KeyAC), p.session(), p.arqc, code)
		p.card.consult("card/issuer-auth")
		if err == nil && p.card.rules.Issuer(want, data[:size]) {
			p.issuer = proofRight
		}
	}
	p.state.IssuerFailed = p.issuer == proofWrong
	return p.issuer == proofRight
}
