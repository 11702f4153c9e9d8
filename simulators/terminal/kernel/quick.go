package kernel

import (
	"bytes"

	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// quickFlow is how quickPass, qPBOC and Visa-like applications go on: the cryptogram came with the answer to GET PROCESSING
// OPTIONS; there is no issuer authentication, no script, no second cryptogram (DOMAIN.md D.6).
func quickFlow() []Phase {
	return []Phase{
		{"kernel/quick-cryptogram", quickCryptogram},
		{"kernel/quick-records", quickRecords},
		{"kernel/quick-restrictions", quickRestrict},
		{"kernel/fdda", quickAuthenticate},
		{"kernel/quick-cvm", quickVerify},
		{"kernel/quick-decision", quickDecide},
		{"kernel/online", goOnline},
		{"kernel/last-word", hostDecides},
	}
}

// quickCryptogram reads what the card decided. Where 9F27 is missing, the card verification results in 9F10 tell (DOMAIN.md D.5).
func quickCryptogram(t *transaction) *Outcome {
	iad, cid := t.card[emv.Tag9F10IAD], t.card[emv.Tag9F27CID]
	if len(t.card[emv.Tag9F26AC]) == 0 || len(t.card[emv.Tag9F36ATC]) == 0 || len(iad) == 0 || cid == nil && len(iad) < 5 {
		return t.fail("the card made no cryptogram at GET PROCESSING OPTIONS")
	}
	if cid == nil {
		kind := [4]emv.CID{emv.CID00AAC, emv.CID40TC, emv.CID80ARQC, emv.CIDC0RFU}[iad[4]>>4&3]
		t.card[emv.Tag9F27CID] = []byte{byte(kind)}
	}
	t.ac = append(t.ac, emv.CID(t.card[emv.Tag9F27CID][0]))
	if t.quickKind() == emv.CIDC0RFU {
		return t.end(Terminated, "the card answers a reserved cryptogram")
	}
	if t.quickKind() == emv.CID40TC && t.entry(t.app).ttq&emv.TTQ2x80CryptogramOnline != 0 {
		if t.consult("kernel/stronger"); t.r.RefuseStronger {
			return t.end(Terminated, "the card approves offline where an online cryptogram was required")
		}
	}
	return nil
}

// quickKind is what the card decided.
func (t *transaction) quickKind() emv.CID { return emv.CID(t.card[emv.Tag9F27CID][0]).Kind() }

func (t *transaction) ctq() emv.CTQ { return emv.ParseCTQ(t.card[emv.Tag9F6CCTQ]) }

// quickRecords reads records where there are any: an online cryptogram needs none.
func quickRecords(t *transaction) *Outcome {
	if _, ok := t.card[emv.Tag94AFL]; ok {
		afl, out := t.locator()
		if out != nil {
			return out
		}
		t.afl = afl
		if out := readRecords(t); out != nil {
			return out
		}
	}
	return t.readPAN()
}

// quickRestrict looks at what an offline approval may not pass over: expiry and the exception file.
func quickRestrict(t *transaction) *Outcome {
	if t.quickKind() != emv.CID40TC {
		return nil
	}
	if t.c.Exceptions[t.pan] {
		return t.quickDecline("the card is on the exception file")
	}
	if !t.expired() {
		return nil
	}
	if t.ctq()&emv.CTQ1x08OnlineIfExpired != 0 && t.canOnline() {
		t.toHost = true
		return nil
	}
	return t.quickDecline("the application has expired")
}

func (t *transaction) canOnline() bool {
	return t.entry(t.app).ttq&emv.TTQ1x08OfflineOnly == 0
}

func (t *transaction) quickDecline(why string) *Outcome {
	t.arc(ARCZ1OfflineDeclined)
	return t.end(DeclinedOffline, why)
}

// quickAuthenticate checks the card's signature before an offline approval; the card says what becomes of a wrong one.
func quickAuthenticate(t *transaction) *Outcome {
	if t.quickKind() != emv.CID40TC || t.toHost || t.trusts() || t.fdda() {
		return nil
	}
	switch ctq := t.ctq(); {
	case ctq&emv.CTQ1x20OnlineIfODAFails != 0 && t.canOnline():
		t.toHost = true
		return nil
	case ctq&emv.CTQ1x10SwitchIfODAFails != 0:
		return t.end(SwitchInterface, "offline data authentication failed")
	}
	return t.quickDecline("offline data authentication failed")
}

// trusts: a kernel that looks at no signature.
func (t *transaction) trusts() bool {
	t.consult("kernel/fdda")
	return !t.r.VerifyFDDA
}

// fdda: the signature is over the unpredictable number and, in version 1, amount, currency and 9F69, which holds the card's own
// number and its qualifiers (DOMAIN.md D.4).
func (t *transaction) fdda() bool {
	related := t.card[emv.Tag9F69CardAuthenticationData]
	if t.aip&emv.AIP1x20DDA == 0 || len(t.card[emv.Tag9F4BSDAD]) == 0 || !t.recoverICC() {
		return false
	}
	signed := t.own[emv.Tag9F37UnpredictableNumber]
	if len(related) > 0 && related[0] == 0x01 {
		if len(related) < 7 || t.card[emv.Tag9F6CCTQ] != nil && !bytes.Equal(related[5:7], t.card[emv.Tag9F6CCTQ]) {
			return false
		}
		signed = bytes.Join([][]byte{signed, t.own[emv.Tag9F02Amount], t.own[emv.Tag5F2ACurrency], related}, nil)
	}
	dynamic, err := t.r.Fast(t.icc, t.card[emv.Tag9F4BSDAD], signed)
	if err == nil {
		t.card[emv.Tag9F4CICCDynamicNumber] = dynamic.Number
	}
	return err == nil
}

// quickVerify obeys the card's qualifiers where the amount needs a verified cardholder. Up to the no-PIN limit neither PIN nor
// signature is asked for (DOMAIN.md D.6).
func quickVerify(t *transaction) *Outcome {
	ttq, ctq := t.entry(t.app).ttq, t.ctq()
	if ctq&emv.CTQ2x80CDCVMPerformed != 0 && t.trustsDevice() {
		t.onDevice = true
		return nil
	}
	if t.quickKind() == emv.CID00AAC || ttq&emv.TTQ2x40CVMRequired == 0 {
		return nil
	}
	t.consult("kernel/no-pin")
	if t.c.NoPINLimit > 0 && bytes.HasPrefix(t.name, t.r.NoPINScheme) && t.r.UnderNoPIN(t.c.Amount.Minor, t.c.NoPINLimit) {
		return nil
	}
	_, has := t.card[emv.Tag9F6CCTQ]
	switch {
	case ctq&emv.CTQ1x80OnlinePIN != 0 && ttq&emv.TTQ1x04OnlinePIN != 0:
		v, result, out := t.askOnlinePIN()
		t.tvr &^= emv.TVR3x04OnlinePIN | emv.TVR3x08PINNotEntered | emv.TVR3x10NoPINPad // the card's cryptogram is over the TVR as it was
		t.cvm = emv.CVMResults{Code: emv.CVM02OnlinePIN, Result: result}
		t.toHost = t.toHost || v == succeeded
		if out == nil && v != succeeded {
			out = t.quickDecline("the cardholder is not verified")
		}
		return out
	case (ctq&emv.CTQ1x40Signature != 0 || !has) && ttq&emv.TTQ1x02Signature != 0:
		t.signature = true
		t.cvm = emv.CVMResults{Code: emv.CVM1ESignature}
		return nil
	}
	return t.quickDecline("the cardholder cannot be verified")
}

// quickDecide ends what was decided offline.
func quickDecide(t *transaction) *Outcome {
	ctq := t.ctq()
	switch {
	case t.quickKind() == emv.CID80ARQC && !t.canOnline():
		return t.quickDecline("the card wants the host, the terminal has none")
	case t.quickKind() == emv.CID80ARQC, t.quickKind() == emv.CID40TC && t.toHost:
		return nil
	case t.quickKind() == emv.CID40TC:
		t.arc(ARCY1OfflineApproved)
		return t.end(ApprovedOffline, "")
	case t.c.Type == TypeCash && ctq&emv.CTQ1x04SwitchForCash != 0, t.c.Type == TypeCashback && ctq&emv.CTQ1x02SwitchForCashback != 0:
		return t.end(SwitchInterface, "the card wants the other interface for cash")
	}
	return t.quickDecline("the card declines")
}
