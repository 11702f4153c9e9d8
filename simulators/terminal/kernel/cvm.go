package kernel

import (
	"bytes"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// verified is how one rule of the CVM list ended.
type verified uint8

const (
	succeeded verified = iota
	failed
	unsupported // known, but this terminal has not what it needs
	unknown
)

// verifyCardholder goes through the CVM list (Book 3, 10.5).
func verifyCardholder(t *transaction) *Outcome {
	if t.consult("kernel/cvm-always"); t.aip&emv.AIP1x10CVM == 0 && !t.r.VerifyAlways {
		return nil
	}
	value := t.card[emv.Tag8ECVMList]
	list, err := emv.ParseCVMList(value)
	switch {
	case len(value) == 0 || err == nil && len(list.Rules) == 0: // Book 3, 7.5
		t.tvr |= emv.TVR1x20DataMissing
		return nil
	case err != nil:
		return t.fail("the CVM list makes no sense")
	}
	t.tsi |= emv.TSIx40CVM
	tried := false // a rule that this terminal supports was tried
	for _, rule := range list.Rules {
		if !t.applies(rule, list) {
			continue
		}
		v, result, out := t.verify(rule.Code.Method())
		if out != nil {
			return out
		}
		tried = tried || v == succeeded || v == failed
		t.cvm = emv.CVMResults{Code: rule.Code, When: rule.When, Result: result}
		if v == succeeded {
			return nil
		}
		if t.consult("kernel/cvm-next"); !t.r.FallThrough(rule) {
			break
		}
	}
	if t.tvr |= emv.TVR3x80CVMFailed; !tried { // Book 4, 6.3.4.5
		t.cvm = emv.CVMResults{Code: emv.CVM3FNotPerformed, Result: emv.CVMResult01Failed}
	}
	return nil
}

// applies tells that a rule's condition holds (Book 3, table 40). Conditions that nobody knows do not.
func (t *transaction) applies(rule emv.CVMRule, list emv.CVMList) bool {
	if t.consult("kernel/cvm-condition"); !t.r.CheckCondition {
		return true
	}
	cash, cashback := t.c.Type == TypeCash, t.c.Type == TypeCashback
	same := bytes.Equal(t.card[emv.Tag9F42ApplicationCurrency], t.own[emv.Tag5F2ACurrency])
	if rule.When >= emv.When06UnderX {
		t.consult("kernel/cvm-currency")
		same = same || !t.r.SameCurrency
	}
	amount := t.c.Amount.Minor
	switch rule.When {
	case emv.When00Always:
		return true
	case emv.When01UnattendedCash:
		return cash && !t.attended()
	case emv.When02NotCash:
		return !cash && !cashback
	case emv.When03Supported:
		return t.supports(rule.Code.Method())
	case emv.When04ManualCash:
		return cash && t.attended()
	case emv.When05Cashback:
		return cashback
	case emv.When06UnderX:
		return same && amount < int64(list.X)
	case emv.When07OverX:
		return same && amount > int64(list.X)
	case emv.When08UnderY:
		return same && amount < int64(list.Y)
	case emv.When09OverY:
		return same && amount > int64(list.Y)
	}
	return false
}

// needs gives the capabilities that a method wants, all of them; false when nobody knows the method.
func needs(m emv.CVMCode) (emv.Capabilities, bool) {
	switch m {
	case emv.CVM00Fail:
		return 0, true
	case emv.CVM01PlaintextPIN:
		return emv.Cap2x80PlaintextPIN, true
	case emv.CVM02OnlinePIN:
		return emv.Cap2x40OnlinePIN, true
	case emv.CVM03PlaintextPINAndSignature:
		return emv.Cap2x80PlaintextPIN | emv.Cap2x20Signature, true
	case emv.CVM04EncipheredPIN:
		return emv.Cap2x10EncipheredPIN, true
	case emv.CVM05EncipheredPINAndSignature:
		return emv.Cap2x10EncipheredPIN | emv.Cap2x20Signature, true
	case emv.CVM1ESignature:
		return emv.Cap2x20Signature, true
	case emv.CVM1FNone:
		return emv.Cap2x08NoCVM, true
	case emv.CVM20IDDocument:
		return emv.Cap2x01IDDocument, true
	}
	return 0, false
}

func (t *transaction) supports(m emv.CVMCode) bool {
	want, known := needs(m)
	return known && t.verification()&want == want
}

// verification is what 9F33 says of cardholder verification; in the field there are no offline PINs, and below the limit nothing but none.
func (t *transaction) verification() emv.Capabilities {
	can := t.capabilities()
	if bytes.Equal(t.app.Data[emv.TagDF18OnlinePINCapable], []byte{0}) {
		can &^= emv.Cap2x40OnlinePIN
	}
	if t.c.Contactless {
		can &^= emv.Cap2x80PlaintextPIN | emv.Cap2x10EncipheredPIN
		if !t.cvmRequired() {
			can &^= emv.Cap2x40OnlinePIN | emv.Cap2x20Signature | emv.Cap2x01IDDocument
		}
	}
	return can
}

// verify carries out one method.
func (t *transaction) verify(m emv.CVMCode) (verified, emv.CVMResult, *Outcome) {
	want, known := needs(m)
	switch {
	case !known:
		t.tvr |= emv.TVR3x40UnknownCVM
		return unknown, emv.CVMResult01Failed, nil
	case t.verification()&want != want && t.checksCapable():
		t.noPINPad(m)
		return unsupported, emv.CVMResult01Failed, nil
	}
	switch m {
	case emv.CVM01PlaintextPIN, emv.CVM04EncipheredPIN:
		return t.offlinePIN(m, false)
	case emv.CVM03PlaintextPINAndSignature, emv.CVM05EncipheredPINAndSignature:
		return t.offlinePIN(m, true)
	case emv.CVM02OnlinePIN:
		return t.askOnlinePIN()
	case emv.CVM1ESignature:
		t.signature = true
		return succeeded, emv.CVMResult00Unknown, nil
	case emv.CVM1FNone:
		return succeeded, emv.CVMResult02Successful, nil
	case emv.CVM20IDDocument:
		return t.checkDocument()
	}
	return failed, emv.CVMResult01Failed, nil
}

func (t *transaction) checksCapable() bool {
	t.consult("kernel/cvm-capable")
	return t.r.CheckCapable
}

// noPINPad notes that a PIN was wanted that this terminal cannot take (Book 3, 10.5.1 and 10.5.2).
func (t *transaction) noPINPad(m emv.CVMCode) {
	can := t.verification()
	offline := m == emv.CVM01PlaintextPIN || m == emv.CVM03PlaintextPINAndSignature || m == emv.CVM04EncipheredPIN || m == emv.CVM05EncipheredPINAndSignature
	if m == emv.CVM02OnlinePIN || offline && can&(emv.Cap2x80PlaintextPIN|emv.Cap2x10EncipheredPIN) == 0 {
		t.tvr |= emv.TVR3x10NoPINPad
	}
}

// askPIN asks the cardholder; a second result of false ends the method.
func (t *transaction) askPIN(kind PINKind, tries int) (pay.Secret, bool, *Outcome) {
	if t.noPIN {
		return pay.Secret{}, false, nil
	}
	p := t.ask(Need{Kind: NeedPIN, PIN: kind, Tries: tries, Outcome: t.told(Outcome{})}).PIN
	switch p.State {
	case PINCancelled:
		return pay.Secret{}, false, t.end(Cancelled, "the cardholder gave up at the PIN")
	case PINBypassed:
		t.consult("kernel/bypass")
		t.noPIN = t.r.BypassAll // Book 4, 6.3.4.3
		t.tvr |= emv.TVR3x08PINNotEntered
		return pay.Secret{}, false, nil
	case PINNoPad:
		t.tvr |= emv.TVR3x10NoPINPad
		return pay.Secret{}, false, nil
	}
	return p.Clear, true, nil
}

func (t *transaction) askOnlinePIN() (verified, emv.CVMResult, *Outcome) {
	if _, ok, out := t.askPIN(PINOnline, TriesUnknown); !ok || out != nil {
		return failed, emv.CVMResult01Failed, out
	}
	t.tvr |= emv.TVR3x04OnlinePIN
	t.onlinePIN = true
	return succeeded, emv.CVMResult00Unknown, nil
}

// offlinePIN asks for a PIN and hands it to the card until the card is content or has no tries left (Book 3, 10.5.1).
func (t *transaction) offlinePIN(m emv.CVMCode, signed bool) (verified, emv.CVMResult, *Outcome) {
	kind, p2 := PINPlaintext, emv.P2x80PlaintextPIN
	t.consult("kernel/encipher")
	if t.r.Encipher && (m == emv.CVM04EncipheredPIN || m == emv.CVM05EncipheredPINAndSignature) {
		kind, p2 = PINEnciphered, emv.P2x88EncipheredPIN
	}
	tries, out := t.pinTries()
	for ; out == nil && tries != 0; tries-- {
		pin, ok, out := t.askPIN(kind, max(tries, TriesUnknown))
		if out != nil || !ok {
			return failed, emv.CVMResult01Failed, out
		}
		block, ok, out := t.pinBlock(kind, pin)
		if out != nil || !ok {
			return failed, emv.CVMResult01Failed, out
		}
		r, out := t.send(emv.Verify(p2, block))
		if out != nil {
			return failed, emv.CVMResult01Failed, out
		}
		left, told := r.SW.Tries()
		switch {
		case r.SW == emv.SW9000OK && signed:
			t.signature = true
			return succeeded, emv.CVMResult00Unknown, nil
		case r.SW == emv.SW9000OK:
			return succeeded, emv.CVMResult02Successful, nil
		case r.SW == emv.SW6983AuthBlocked || r.SW == emv.SW6984DataInvalidated || told && left == 0:
			tries = 1
		case told && (tries < 0 || left < tries): // a card whose tries do not get fewer asks for ever
			if t.consult("kernel/pin-again"); !t.r.AskAgain {
				return failed, emv.CVMResult01Failed, nil
			}
			tries = left + 1
		default:
			return failed, 0, t.fail("VERIFY: " + r.SW.String() + " " + r.SW.Words())
		}
	}
	t.tvr |= emv.TVR3x20PINTriesExceeded
	return failed, emv.CVMResult01Failed, out
}

// pinTries asks the card how many tries are left; a card need not tell.
func (t *transaction) pinTries() (int, *Outcome) {
	if t.consult("kernel/pin-tries"); !t.r.ReadTries || t.noPIN {
		return TriesUnknown, nil
	}
	tries, out := t.getData(emv.Tag9F17PINTries)
	if len(tries) != 1 {
		return TriesUnknown, out
	}
	return int(tries[0]), out
}

// getData asks for one object; nil when the card does not give it, or gives another.
func (t *transaction) getData(tag tlv.Tag) ([]byte, *Outcome) {
	r, out := t.send(emv.GetData(uint16(tag)))
	if out != nil || r.SW != emv.SW9000OK {
		return nil, out
	}
	list, err := tlv.Parse(r.Data, tlv.Tolerant)
	if err != nil || len(list) != 1 || list[0].Tag != tag || emv.CheckLength(tag, list[0].Value) != nil {
		return nil, nil
	}
	t.card[tag] = list[0].Value
	return list[0].Value, nil
}

// pinBlock makes what VERIFY carries. Without the card's key there is no enciphered PIN (Book 2, 7).
func (t *transaction) pinBlock(kind PINKind, pin pay.Secret) ([]byte, bool, *Outcome) {
	if kind == PINPlaintext {
		block, err := emv.PlainPINBlock(pin)
		return block, err == nil, nil
	}
	key, ok := t.pinKey()
	if !ok {
		return nil, false, nil
	}
	r, out := t.send(emv.GetChallenge())
	if out != nil || r.SW != emv.SW9000OK {
		return nil, false, out
	}
	block, err := emv.EncipherPIN(key, pin, r.Data, t.c.Random)
	return block, err == nil, nil
}

// pinKey is the card's PIN encipherment key, or its own key when it has none for PINs (Book 2, 7.1).
func (t *transaction) pinKey() (emv.PublicKey, bool) {
	if _, ok := t.card[emv.Tag9F2DPINCertificate]; !ok {
		ok = len(t.icc.Modulus) > 0 || t.recoverICC()
		return t.icc, ok
	}
	if len(t.issuer.Modulus) == 0 && !t.recoverIssuer() {
		return emv.PublicKey{}, false
	}
	k, err := emv.PINKey(t.issuer, t.card, t.pan, t.certificateDay())
	return k.PublicKey, err == nil
}

// checkDocument has the cashier compare the ID document that the card names, 9F62 and 9F61 (DOMAIN.md D.3, PBOC).
func (t *transaction) checkDocument() (verified, emv.CVMResult, *Outcome) {
	if t.missing(emv.Tag9F62DocumentType, emv.Tag9F61Document) {
		return failed, emv.CVMResult01Failed, nil
	}
	n := Need{Kind: NeedDocument, DocumentType: t.card[emv.Tag9F62DocumentType][0], Document: pay.NewSecret(string(t.card[emv.Tag9F61Document]))}
	if !t.ask(n).Agreed {
		return failed, emv.CVMResult01Failed, nil
	}
	return succeeded, emv.CVMResult02Successful, nil
}
