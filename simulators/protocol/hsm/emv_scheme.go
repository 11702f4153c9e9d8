package hsm

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// CardScheme is what card and issuer must agree on to understand each other's cryptograms and scripts. The version number
// in 9F10 names it to the issuer. A scheme is fitted to the cipher of the issuer's keys by LoadCardScheme.
type CardScheme struct {
	Name    string // unionpay-01
	Version byte   // in 9F10, at VersionAt

	Card     CardDerivation // how the card's own keys are made
	Session  SessionDerivation
	Data     []tlv.Tag // what goes into a cryptogram, in this order
	IAD      []Span    // and the parts of 9F10 that go in behind them
	Filled80 bool      // the data end with 80 and zeros (ISO/IEC 9797-1, method 2), not with zeros alone (method 1)

	VersionAt int
	CVR       Span // the card verification results within 9F10

	Response    ResponseMethod
	ResponseOwn bool // the response cryptogram is made with the card's own key, not with the session's

	Script     SessionDerivation
	ScriptATC  bool // ATC and ARQC stand between header and data of what a script's MAC is made over
	ScriptSize int  // bytes of a script's MAC
	Encipher   Encipherment
	PINBlock   PINChangeFormat
}

// Span is a part of 9F10: bytes from From up to To; a To of 0 means to its end.
type Span struct{ From, To int }

// Of gives the part of b, or as much of it as there is.
func (s Span) Of(b []byte) []byte {
	to := s.To
	if to == 0 || to > len(b) {
		to = len(b)
	}
	return b[min(s.From, to):to]
}

// ResponseMethod says how an issuer proves itself (EMV 4.4 Book 2, 8.2).
type ResponseMethod int

// The response methods.
const (
	ResponseMethod1 ResponseMethod = 1 // 8 bytes over the answer code (2 bytes)
	ResponseMethod2 ResponseMethod = 2 // 4 bytes over the card status update (4 bytes) and up to 8 bytes of the issuer's own
)

// Encipherment says how the data of a script are made secret.
type Encipherment string

// The encipherments. All fill up with 80 and zeros.
const (
	EncipherVisa       Encipherment = "visa"       // a length byte in front; ECB
	EncipherMastercard Encipherment = "mastercard" // CBC; whole blocks are not filled up
	EncipherEMV        Encipherment = "emv"        // CBC; Book 2, 9.3
)

// PINChangeFormat says how a new PIN is laid out in a script.
type PINChangeFormat string

// The formats of a new PIN.
const (
	PINChangeVIS  PINChangeFormat = "vis"   // joined with four bytes of the card's cryptogram key, and with the current PIN when that is asked for
	PINChangeISO2 PINChangeFormat = "iso-2" // ISO 9564-1 format 2
	PINChangeBoth PINChangeFormat = "both"  // VIS with the current PIN, format 2 without
)

// CardSchemes lists the cryptogram versions (DOMAIN.md D.5; Mastercard's by the published vectors).
func CardSchemes() []CardScheme {
	whole := []tlv.Tag{0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37, 0x82, 0x9F36}
	short := []tlv.Tag{0x9F02, 0x9F37, 0x9F36} // contactless: the amount and what makes it unique
	visa := CardScheme{Card: CardOptionA, Data: whole, VersionAt: 2, CVR: Span{3, 7}, Response: ResponseMethod1, ResponseOwn: true,
		Script: SessionVisaScript, ScriptATC: true, ScriptSize: 8, Encipher: EncipherVisa, PINBlock: PINChangeVIS}
	// How UnionPay's scripts are made has no source at hand: as Visa's, with the session key of the cryptogram.
	unionPay := visa
	unionPay.Session, unionPay.Script, unionPay.ResponseOwn = SessionUnionPay, SessionUnionPay, false
	unionPay.Filled80, unionPay.ScriptSize = true, 4
	common := visa
	common.Card, common.Session, common.Filled80 = CardOptionB, SessionCommon, true
	common.Response, common.ResponseOwn = ResponseMethod2, false
	chip := CardScheme{Card: CardOptionA, Data: whole, Filled80: true, VersionAt: 1, CVR: Span{2, 8}, Response: ResponseMethod1,
		Script: SessionCommon, ScriptATC: true, ScriptSize: 8, Encipher: EncipherMastercard, PINBlock: PINChangeISO2}
	counters := []Span{{2, 8}, {10, 18}} // all but the data authentication code between them
	version := func(of CardScheme, name string, number byte, edit func(*CardScheme)) CardScheme {
		of.Name, of.Version, of.IAD = name, number, []Span{of.CVR}
		edit(&of)
		return of
	}
	return []CardScheme{
		version(unionPay, "unionpay-01", 0x01, func(*CardScheme) {}),
		version(unionPay, "unionpay-17", 0x17, func(c *CardScheme) { c.Data, c.IAD = short, []Span{{4, 5}} }), // by analogy with Visa's
		version(visa, "visa-10", 0x0A, func(*CardScheme) {}),
		version(visa, "visa-17", 0x11, func(c *CardScheme) { c.Data, c.IAD = short, []Span{{4, 5}} }),
		version(common, "visa-18", 0x12, func(c *CardScheme) { c.IAD = []Span{{}} }),
		version(common, "visa-22", 0x22, func(c *CardScheme) { // the first whose number is written in hex: 9F10 has another form
			c.IAD, c.VersionAt, c.CVR, c.Script, c.PINBlock = []Span{{}}, 1, Span{3, 8}, SessionCommon, PINChangeBoth
		}),
		version(chip, "mchip-16", 0x10, func(c *CardScheme) { c.Session, c.ResponseOwn = SessionMastercard, true }),
		version(chip, "mchip-17", 0x11, func(c *CardScheme) {
			c.Session, c.ResponseOwn, c.IAD = SessionMastercard, true, counters
		}),
		version(chip, "mchip-20", 0x14, func(c *CardScheme) { c.Session = SessionCommon }),
		version(chip, "mchip-21", 0x15, func(c *CardScheme) { c.Session, c.IAD = SessionCommon, counters }),
	}
}

// LoadCardScheme finds a scheme by name and fits it to the cipher of its issuer's keys: AES takes option C and common
// session keys; SM4 is a labelled variant, made by analogy (DOMAIN.md L).
func LoadCardScheme(name string, a Algorithm) (CardScheme, error) {
	for _, c := range CardSchemes() {
		if c.Name != name {
			continue
		}
		switch {
		case a == TDES2:
		case a.isAES():
			c.Card, c.Session, c.Script, c.Filled80 = CardOptionC, SessionCommon, SessionCommon, true
			c.Encipher, c.PINBlock = EncipherEMV, PINChangeISO2
		case a == SM4:
			c.Card, c.Session, c.Script, c.Filled80 = CardSM4, SessionUnionPay, SessionUnionPay, true
		default:
			return c, fmt.Errorf("card scheme %s: no cards with %s keys", name, a)
		}
		return c, nil
	}
	return CardScheme{}, fmt.Errorf("no card scheme %q", name)
}

// Input joins what a cryptogram is made over. get gives a data object's value; iad is the whole 9F10.
func (c CardScheme) Input(get func(tlv.Tag) []byte, iad []byte) []byte {
	var b []byte
	for _, tag := range c.Data {
		b = append(b, get(tag)...)
	}
	for _, span := range c.IAD {
		b = append(b, span.Of(iad)...)
	}
	return b
}

// Names tells that a card's 9F10 says that it speaks this version.
func (c CardScheme) Names(iad []byte) bool {
	return c.VersionAt < len(iad) && iad[c.VersionAt] == c.Version
}

// session describes one transaction to the key derivation of cryptograms, and script to that of scripts.
func (c CardScheme) session(s Session) Session {
	s.Derivation, s.Script = c.Session, false
	return s
}

func (c CardScheme) script(s Session) Session {
	s.Derivation, s.Script = c.Script, true
	return s
}
