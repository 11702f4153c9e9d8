package kernel

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Method is a way of offline data authentication, and the bits that say that card and terminal can do it.
type Method struct {
	Card     emv.AIP
	Terminal emv.Capabilities
	Do       func(*transaction) *Outcome
}

// authenticate picks the strongest method that both can (Book 3, 10.3).
func authenticate(t *transaction) *Outcome {
	for _, m := range t.r.Methods {
		if t.aip&m.Card != 0 && t.capabilities()&m.Terminal != 0 {
			return m.Do(t)
		}
	}
	t.tvr |= emv.TVR1x80NoODA
	return nil
}

// sda checks the issuer's signature over the card's data (Book 2, 5).
func sda(t *transaction) *Outcome {
	t.tsi |= emv.TSIx80ODA
	t.tvr |= emv.TVR1x02SDASelected
	if t.missing(emv.Tag8FCAKeyIndex, emv.Tag90IssuerCertificate, emv.Tag9F32IssuerExponent, emv.Tag93SSAD) {
		t.tvr |= emv.TVR1x40SDAFailed
		return nil
	}
	static, ok := t.signedData()
	var dac []byte
	if ok = ok && t.recoverIssuer(); ok {
		var err error
		dac, err = emv.VerifySSAD(t.issuer, t.card[emv.Tag93SSAD], static)
		ok = err == nil
	}
	if !ok {
		t.tvr |= emv.TVR1x40SDAFailed
		return nil
	}
	t.card[emv.Tag9F45DataAuthenticationCode] = dac
	return nil
}

// dda has the card sign an unpredictable number (Book 2, 6.5).
func dda(t *transaction) *Outcome {
	t.tsi |= emv.TSIx80ODA
	ddol, ok := t.ddol()
	if !t.recoverICC() || !ok {
		t.tvr |= emv.TVR1x08DDAFailed
		return nil
	}
	signed := ddol.Build(t.sources()...)
	r, out := t.send(emv.InternalAuthenticate(signed))
	switch {
	case out != nil:
		return out
	case r.SW != emv.SW9000OK: // Book 3, 6.5.9
		return t.fail("INTERNAL AUTHENTICATE: " + r.SW.String() + " " + r.SW.Words())
	}
	sdad := signature(r.Data)
	if sdad == nil {
		return t.fail("the answer to INTERNAL AUTHENTICATE makes no sense")
	}
	dynamic, err := emv.VerifySDAD(t.icc, sdad, signed)
	if err != nil {
		t.tvr |= emv.TVR1x08DDAFailed
		return nil
	}
	t.card[emv.Tag9F4BSDAD], t.card[emv.Tag9F4CICCDynamicNumber] = sdad, dynamic.Number
	return nil
}

// signature gives tag 9F4B from either format (Book 3, 6.5.9.4).
func signature(b []byte) []byte {
	list, err := tlv.Parse(b, tlv.Tolerant)
	if err != nil || len(list) != 1 {
		return nil
	}
	if list[0].Tag == emv.Tag80ResponseFormat1 {
		return list[0].Value
	}
	o, _ := list[0].Objects.Find(emv.Tag9F4BSDAD)
	return o.Value
}

// ddol is the card's, or the terminal's when it has none; without an unpredictable number in it it proves nothing (Book 2, 6.5.1).
func (t *transaction) ddol() (emv.DOL, bool) {
	list, ok := t.card[emv.Tag9F49DDOL]
	if t.consult("kernel/default-ddol"); !ok && t.r.DefaultDDOL {
		list = t.app.Data[emv.TagDF14DefaultDDOL]
	}
	d, err := emv.ParseDOL(list)
	return d, err == nil && d.Has(emv.Tag9F37UnpredictableNumber)
}

// prepareCDA recovers the key that the cryptogram's signature will be checked with (Book 2, 6.6).
func prepareCDA(t *transaction) *Outcome {
	if t.cda = t.recoverICC(); !t.cda {
		t.tsi |= emv.TSIx80ODA
		t.tvr |= emv.TVR1x04CDAFailed
	}
	return nil
}

// missing tells, and notes in the TVR, that the card lacks one of these (Book 3, 7.5).
func (t *transaction) missing(tags ...tlv.Tag) bool {
	for _, tag := range tags {
		if len(t.card[tag]) == 0 {
			if t.consult("kernel/data-missing"); t.r.NoteMissing {
				t.tvr |= emv.TVR1x20DataMissing
			}
			return true
		}
	}
	return false
}

// signedData is the static data that the issuer signed: the records and, if 9F4A says so, the AIP; 9F4A may name nothing else
// (Book 3, 10.3).
func (t *transaction) signedData() ([]byte, bool) {
	list, has := t.card[emv.Tag9F4ASDATagList]
	switch {
	case t.broken:
		return nil, false
	case !has:
		return t.static, true
	case !bytes.Equal(list, []byte{byte(emv.Tag82AIP)}):
		return nil, false
	}
	if t.consult("kernel/signed-aip"); !t.r.SignedAIP {
		return t.static, true
	}
	return append(bytes.Clone(t.static), t.card[emv.Tag82AIP]...), true
}

// recoverIssuer recovers the issuer's key once (Book 2, 5.2 and 5.3).
func (t *transaction) recoverIssuer() bool {
	index := t.card[emv.Tag8FCAKeyIndex]
	if len(index) != 1 || len(t.app.AID) < 5 {
		return false
	}
	for _, k := range t.c.Keys {
		if k.Index != index[0] || !bytes.Equal(k.RID, t.app.AID[:5]) {
			continue
		}
		issuer, err := emv.IssuerKey(k, t.card, t.pan, t.certificateDay())
		if t.noteRemainder(err); err != nil || t.isRevoked(k, issuer) {
			return false
		}
		t.issuer = issuer.PublicKey
		t.own[emv.Tag9F22CAKeyIndexTerminal] = index
		return true
	}
	return false
}

// certificateDay is the day that certificates must reach: today.
func (t *transaction) certificateDay() string {
	if t.consult("kernel/certificate-date"); t.r.CheckDates {
		return fmt.Sprintf("%X", t.own[emv.Tag9ADate])
	}
	return "000000"
}

func (t *transaction) isRevoked(k emv.CAKey, issuer emv.Certified) bool {
	for _, r := range t.c.Revoked {
		if bytes.Equal(r.RID, k.RID) && r.Index == k.Index && bytes.Equal(r.Serial, issuer.Serial) {
			t.consult("kernel/revoked")
			return t.r.CheckRevoked
		}
	}
	return false
}

// recoverICC recovers the card's key (Book 2, 6.2 to 6.4).
func (t *transaction) recoverICC() bool {
	if t.missing(emv.Tag8FCAKeyIndex, emv.Tag90IssuerCertificate, emv.Tag9F32IssuerExponent, emv.Tag9F46ICCCertificate, emv.Tag9F47ICCExponent) {
		return false
	}
	static, ok := t.signedData()
	if !ok || !t.recoverIssuer() {
		return false
	}
	icc, err := emv.ICCKey(t.issuer, t.card, static, t.pan, t.certificateDay())
	if t.noteRemainder(err); err != nil {
		return false
	}
	t.icc = icc.PublicKey
	return true
}

func (t *transaction) noteRemainder(err error) {
	if errors.Is(err, emv.ErrRemainder) {
		t.tvr |= emv.TVR1x20DataMissing
	}
}
