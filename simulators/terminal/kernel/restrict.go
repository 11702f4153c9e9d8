package kernel

import (
	"bytes"

	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// restrict looks at versions, use and dates; it ends nothing, the TVR tells (Book 3, 10.4).
func restrict(t *transaction) *Outcome {
	card, ok := t.card[emv.Tag9F08CardVersion]
	if ok && !bytes.Equal(card, t.app.Data[emv.Tag9F09TerminalVersion]) { // 10.4.1
		t.tvr |= emv.TVR2x80VersionDiffers
	}
	if !t.useAllowed() {
		t.tvr |= emv.TVR2x10ServiceNotAllowed
	}
	if from, ok := t.card[emv.Tag5F25Effective]; ok && later(from, t.own[emv.Tag9ADate]) { // 10.4.3
		t.tvr |= emv.TVR2x20NotYetEffective
	}
	if t.expired() {
		t.tvr |= emv.TVR2x40Expired
	}
	return nil
}

func (t *transaction) expired() bool {
	until, ok := t.card[emv.Tag5F24Expiry]
	return ok && later(t.own[emv.Tag9ADate], until)
}

// later compares dates YYMMDD; years up to 49 are of this century (Book 4, 6.7.3).
func later(a, b []byte) bool {
	if len(a) != 3 || len(b) != 3 {
		return false
	}
	if aOld, bOld := a[0] >= 0x50, b[0] >= 0x50; aOld != bOld {
		return bOld
	}
	return bytes.Compare(a, b) > 0
}

// useAllowed looks at the application usage control (10.4.2). A card that does not say what it is for is for everything.
func (t *transaction) useAllowed() bool {
	value, ok := t.card[emv.Tag9F07AUC]
	if !ok {
		return true
	}
	auc := emv.ParseAUC(value)
	place := emv.AUC1x01OtherThanATM
	if t.isATM() {
		place = emv.AUC1x02ATM
	}
	if auc&place == 0 {
		return false
	}
	issuer, ok := t.card[emv.Tag5F28IssuerCountry]
	if !ok {
		return true
	}
	domestic := bytes.Equal(issuer, t.terminal(emv.Tag9F1ATerminalCountry))
	for _, u := range []struct {
		kind            byte
		home, elsewhere emv.AUC
	}{
		{TypePurchase, emv.AUC1x20DomesticGoods | emv.AUC1x08DomesticServices, emv.AUC1x10InternationalGoods | emv.AUC1x04InternationalServices},
		{TypeCash, emv.AUC1x80DomesticCash, emv.AUC1x40InternationalCash},
		{TypeCashback, emv.AUC2x80DomesticCashback, emv.AUC2x40InternationalCashback},
	} {
		switch {
		case u.kind != t.c.Type:
		case domestic:
			return auc&u.home != 0
		default:
			return auc&u.elsewhere != 0
		}
	}
	return true
}

// isATM: types 14, 15 and 16 that give cash (Book 4, A1).
func (t *transaction) isATM() bool {
	additional := t.terminal(emv.Tag9F40AdditionalCapabilities)
	kind := t.terminal(emv.Tag9F35TerminalType)
	return len(kind) == 1 && kind[0] >= 0x14 && kind[0] <= 0x16 && len(additional) > 0 && additional[0]&0x80 != 0
}

// Line says when a terminal can reach a host: the second digit of 9F35 (Book 4, A1).
type Line byte

// The lines.
const (
	OnlineOnly Line = iota
	OfflineWithOnline
	OfflineOnly
)

func (t *transaction) line() Line {
	kind := t.terminal(emv.Tag9F35TerminalType)
	if len(kind) != 1 {
		return OnlineOnly
	}
	switch kind[0] & 0x0F {
	case 2, 5:
		return OfflineWithOnline
	case 3, 6:
		return OfflineOnly
	}
	return OnlineOnly
}

// attended: 1 to 3 in the second digit of 9F35.
func (t *transaction) attended() bool {
	kind := t.terminal(emv.Tag9F35TerminalType)
	return len(kind) == 1 && kind[0]&0x0F <= 3
}
