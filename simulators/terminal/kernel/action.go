package kernel

import (
	"bytes"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Codes are action codes: which bits of the TVR decline, go online, or decline when there is no host (Book 3, 10.7).
type Codes struct{ Denial, Online, Default emv.TVR }

// codes joins the issuer's codes and the terminal's.
func (t *transaction) codes() Codes {
	read := func(d emv.Data, tag tlv.Tag, missing emv.TVR) emv.TVR {
		if v, ok := d[tag]; ok {
			return emv.ParseTVR(v)
		}
		return missing
	}
	t.consult("kernel/iac")
	t.consult("kernel/tac")
	iac, tac := t.r.MissingIAC, t.r.MissingTAC
	return Codes{
		Denial:  read(t.card, emv.Tag9F0EIACDenial, iac.Denial) | read(t.app.Data, emv.TagDF13TACDenial, tac.Denial),
		Online:  read(t.card, emv.Tag9F0FIACOnline, iac.Online) | read(t.app.Data, emv.TagDF12TACOnline, tac.Online),
		Default: read(t.card, emv.Tag9F0DIACDefault, iac.Default) | read(t.app.Data, emv.TagDF11TACDefault, tac.Default),
	}
}

// analyse is terminal action analysis (Book 3, 10.7).
func analyse(l Line, tvr emv.TVR, c Codes) emv.CID {
	switch {
	case tvr&c.Denial != 0:
		return emv.CID00AAC
	case l == OnlineOnly, l == OfflineWithOnline && tvr&c.Online != 0:
		return emv.CID80ARQC
	case l == OfflineOnly && tvr&c.Default != 0:
		return emv.CID00AAC
	}
	return emv.CID40TC
}

// unable decides when the host was not reached: a terminal that is online only declines (Book 3, 10.7).
func unable(l Line, tvr emv.TVR, c Codes) bool { return l != OnlineOnly && tvr&c.Default == 0 }

// firstCryptogram analyses, asks for the first cryptogram and obeys it (Book 3, 9.3 and 10.8).
func firstCryptogram(t *transaction) *Outcome {
	t.consult("kernel/analysis")
	asked := t.r.Analyse(t.line(), t.tvr, t.codes())
	switch asked {
	case emv.CID00AAC:
		if t.cda { // what nobody signs is not authenticated (Book 4, 6.3.2)
			t.tvr |= emv.TVR1x80NoODA
		}
		t.arc(ARCZ1OfflineDeclined)
	case emv.CID40TC:
		t.arc(ARCY1OfflineApproved)
	}
	got, signed, out := t.generateAC(asked, emv.Tag8CCDOL1)
	switch {
	case out != nil:
		return out
	case !signed && got == emv.CID80ARQC: // Book 2, 6.6.2: an ARQC that is not the card's own is not sent
		t.arc(ARCZ1OfflineDeclined)
		if !t.c.Contactless {
			if _, _, out := t.generateAC(emv.CID00AAC, emv.Tag8DCDOL2); out != nil {
				return out
			}
		}
		return t.end(DeclinedOffline, "the signature of the cryptogram is wrong")
	case !signed:
		t.arc(ARCZ1OfflineDeclined)
		return t.end(DeclinedOffline, "the signature of the cryptogram is wrong")
	case got == emv.CID00AAC && emv.CID(t.card[emv.Tag9F27CID][0])&0x07 == emv.CIDx01NotAllowed:
		return t.end(NotAccepted, "the card does not allow this service") // Book 4, 6.3.7
	case got == emv.CID00AAC:
		t.arc(ARCZ1OfflineDeclined)
		return t.end(DeclinedOffline, "the card or the terminal declines")
	case got == emv.CID40TC:
		return t.end(ApprovedOffline, "")
	}
	return nil
}

func (t *transaction) arc(code string) { t.own[emv.Tag8AARC] = []byte(code) }

// generateAC asks for a cryptogram and checks what comes (Book 3, 6.5.5). signed is false when a signature was due and is wrong.
func (t *transaction) generateAC(asked emv.CID, list tlv.Tag) (got emv.CID, signed bool, out *Outcome) {
	dol, err := emv.ParseDOL(t.card[list])
	if err != nil {
		return 0, false, t.fail(emv.NameOf(list) + " makes no sense")
	}
	cda := t.cda && asked != emv.CID00AAC
	if cda {
		t.tsi |= emv.TSIx80ODA
	}
	t.tsi |= emv.TSIx20CardRisk // before the command, so that the card is told so (Book 4, 10.1)
	t.hashTDOL(dol)
	data := dol.Build(t.sources()...)
	if list == emv.Tag8CCDOL1 {
		t.sent.cdol1 = data
	} else {
		t.sent.cdol2 = data
	}
	r, out := t.send(emv.GenerateAC(asked, cda, data))
	switch {
	case out != nil:
		return 0, false, out
	case r.SW != emv.SW9000OK:
		return 0, false, t.fail("GENERATE AC: " + r.SW.String() + " " + r.SW.Words())
	}
	answer, out := t.takeCryptogram(r.Data)
	if out != nil {
		return 0, false, out
	}
	signed = true
	if got = emv.CID(t.card[emv.Tag9F27CID][0]).Kind(); cda && got != emv.CID00AAC {
		if signed, out = t.checkCDA(answer); out != nil {
			return 0, false, out
		}
		got = emv.CID(t.card[emv.Tag9F27CID][0]).Kind()
	}
	if len(t.card[emv.Tag9F26AC]) == 0 {
		return 0, false, t.fail("the cryptogram is missing")
	}
	t.ac = append(t.ac, emv.CID(t.card[emv.Tag9F27CID][0]))
	t.consult("kernel/stronger")
	if strength(got) < 0 || t.r.RefuseStronger && strength(got) > strength(asked) {
		return 0, false, t.fail("the card answers " + got.String() + " where " + asked.String() + " was asked for")
	}
	return got, signed, nil
}

// strength orders cryptograms: a card may always answer less than it was asked for (Book 3, 9.3).
func strength(c emv.CID) int {
	switch c {
	case emv.CID00AAC:
		return 0
	case emv.CID80ARQC:
		return 1
	case emv.CID40TC:
		return 2
	}
	return -1
}

// takeCryptogram reads an answer to GENERATE AC in either format (Book 3, 6.5.5.4) and gives what a signature is over: the
// objects but the signature itself.
func (t *transaction) takeCryptogram(b []byte) ([]byte, *Outcome) {
	for _, tag := range append(t.answered, emv.Tag9F27CID, emv.Tag9F36ATC, emv.Tag9F26AC, emv.Tag9F10IAD, emv.Tag9F4BSDAD) {
		delete(t.card, tag)
	}
	t.answered = nil
	list, err := tlv.Parse(b, tlv.Tolerant)
	switch {
	case err != nil || len(list) != 1:
		return nil, t.fail("the answer to GENERATE AC makes no sense")
	case list[0].Tag == emv.Tag80ResponseFormat1 && len(list[0].Value) >= 11 && len(list[0].Value) <= 43:
		v := list[0].Value
		t.card[emv.Tag9F27CID], t.card[emv.Tag9F36ATC], t.card[emv.Tag9F26AC] = v[:1], v[1:3], v[3:11]
		if len(v) > 11 {
			t.card[emv.Tag9F10IAD] = v[11:]
		}
		return nil, nil
	case list[0].Tag != emv.Tag77ResponseFormat2:
		return nil, t.fail("the answer to GENERATE AC has no format 1 or 2")
	}
	if out := t.put(list[0].Objects); out != nil {
		return nil, out
	}
	if len(t.card[emv.Tag9F27CID]) == 0 || len(t.card[emv.Tag9F36ATC]) == 0 {
		return nil, t.fail("the answer to GENERATE AC lacks the kind of cryptogram or the counter")
	}
	for _, o := range list[0].Objects {
		t.answered = append(t.answered, o.Tag)
	}
	answer, _ := tlv.Without(content(b), emv.Tag9F4BSDAD, tlv.Tolerant) // it was parsed before
	return answer, nil
}

// checkCDA checks the signature over a cryptogram and takes the cryptogram from it (Book 2, 6.6.2). No signature at all ends
// the transaction.
func (t *transaction) checkCDA(answer []byte) (bool, *Outcome) {
	sdad := t.card[emv.Tag9F4BSDAD]
	if len(sdad) == 0 {
		return false, t.fail("the cryptogram's signature is missing")
	}
	d, err := emv.VerifyCDA(t.icc, sdad, t.own[emv.Tag9F37UnpredictableNumber], t.sent.pdol, t.sent.cdol1, t.sent.cdol2, answer)
	if err == nil {
		t.card[emv.Tag9F26AC], t.card[emv.Tag9F4CICCDynamicNumber] = d.AC, d.Number
	}
	t.consult("kernel/cda")
	switch {
	case !t.r.VerifyCDA && err != nil:
		t.card[emv.Tag9F26AC] = make([]byte, 8)
	case err != nil || !bytes.Equal(t.card[emv.Tag9F27CID], []byte{byte(d.CID)}):
		t.tvr |= emv.TVR1x04CDAFailed
		t.cda = false
		if err != nil {
			t.card[emv.Tag9F26AC] = make([]byte, 8) // it cannot be read
		}
		return false, nil
	}
	return true, nil
}

// hashTDOL makes the hash that an old list may ask for, by the card's TDOL, the terminal's, or an empty one (Book 3, 9.2.2).
func (t *transaction) hashTDOL(dol emv.DOL) {
	if !dol.Has(emv.Tag98TCHash) {
		return
	}
	list, ok := t.card[emv.Tag97TDOL]
	if !ok {
		list = t.app.Data[emv.Tag97TDOL]
		t.tvr |= emv.TVR5x80DefaultTDOL
	}
	tdol, err := emv.ParseDOL(list)
	if err != nil {
		tdol = nil
	}
	sum := emv.Digest(tdol.Build(t.sources()...))
	t.own[emv.Tag98TCHash] = sum[:]
}
