package card

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// Image is a personalised card: all that a factory writes into a chip. It never changes, and many cards may be made of it.
type Image struct {
	spec *Spec
	keys *hsm.HSM // the card's own keys: n/AC, n/SMI, n/SMC for application n, and its key pairs
	apps []*app
}

// app is an application as personalised. What changes in its life stands in State.
type app struct {
	*Application
	prefix  string // of its key names
	objects emv.Data
	pdol    emv.DOL
	cdol1   emv.DOL
	cdol2   emv.DOL
	ddol    emv.DOL
	log     emv.DOL
	afl     []byte
	records map[recordID][]tlv.Tag
}

type recordID struct{ file, record byte }

// Shipped makes the image of a shipped card with the shipped test keys.
func Shipped(fsys fs.FS, name string) (*Image, error) {
	s, err := Load(fsys, name)
	if err != nil {
		return nil, err
	}
	keys, err := LoadKeys(fsys)
	if err != nil {
		return nil, err
	}
	return Personalise(s, keys)
}

// Personalise makes a card's data: derives its keys from the issuer's, signs its certificates, lays out its records.
func Personalise(s *Spec, keys *Keys) (*Image, error) {
	image := &Image{spec: s, keys: hsm.New(bytes.NewReader(nil))} // it draws nothing
	factory := hsm.New(bytes.NewReader(nil))
	for i, a := range s.Applications {
		at := fmt.Sprintf("$.applications[%d]", i)
		p := &app{Application: a, prefix: fmt.Sprintf("%d/", i), objects: emv.Data{}}
		if err := image.deriveKeys(p, keys); err != nil {
			return nil, s.mistake(at+".scheme", "%v", err)
		}
		p.plainObjects(s)
		if err := image.sign(p, keys, factory); err != nil {
			return nil, s.mistake(at, "%v", err)
		}
		for tag, value := range a.Data {
			p.objects[parseTag(tag)] = value
		}
		for _, tag := range a.Without {
			delete(p.objects, parseTag(tag))
		}
		if err := p.lists(); err != nil {
			return nil, s.mistake(at, "%v", err)
		}
		image.apps = append(image.apps, p)
	}
	return image, image.answerable()
}

// answerable tells whether an answer carries the directory of the field, and what SELECT brings.
func (i *Image) answerable() error {
	c := New(i, Reference(), nil)
	c.on = Contactless
	if n := len(c.directoryFCI(emv.PPSEProximity)); n > 256 {
		return i.spec.mistake("$.applications", "the directory of the field has %d bytes: no answer carries that; hide some, or give them shorter names", n)
	}
	for a := range i.apps {
		if n := len(c.newPayment(a).fci()); n > 256 {
			return i.spec.mistake(fmt.Sprintf("$.applications[%d]", a), "SELECT would bring %d bytes: no answer carries that", n)
		}
	}
	return nil
}

// deriveKeys puts the application's three keys into the card.
func (i *Image) deriveKeys(a *app, keys *Keys) error {
	masters, err := keys.Masters(a.MasterKeys)
	if err != nil {
		return err
	}
	if a.scheme, err = hsm.LoadCardScheme(a.Scheme, masters.Algorithm); err != nil {
		return err
	}
	if err := masters.Import(i.keys, "issuer/"); err != nil {
		return err
	}
	for _, name := range []string{KeyAC, KeySMI, KeySMC} {
		of := hsm.CardKey{Name: "issuer/" + name, Derivation: a.scheme.Card, PAN: pay.NewPAN(a.PAN), Sequence: a.Sequence}
		if _, err := i.keys.DeriveCard(a.prefix+name, of); err != nil {
			return err
		}
		i.keys.Delete("issuer/" + name)
	}
	return nil
}

// usualCDOL is what both GENERATE AC are told: amounts, country, TVR, currency, date, type, unpredictable number; time and
// merchant's name for the card's log.
const usualCDOL = "9F02069F03069F1A0295055F2A029A039C019F37049F21039F4E14"

// plainObjects gives the application every usual object that needs no signature.
func (a *app) plainObjects(s *Spec) {
	put := func(tag tlv.Tag, value []byte) { a.objects[tag] = value }
	text := func(tag tlv.Tag, digits string) {
		b, err := hex.DecodeString(digits)
		if err != nil {
			panic(err) // written here, or checked to be digits
		}
		put(tag, b)
	}
	pan := pay.NewPAN(a.PAN)
	track := emv.Track2{PAN: pan, Expiry: a.Expiry, Service: s.Service, Discretionary: pay.NewSecret("0000000000"[:max(0, min(10, 26-len(a.PAN)))])}
	put(emv.Tag57Track2Equivalent, track.Bytes())
	put(emv.Tag5APAN, emv.PANBytes(pan))
	put(emv.Tag5F20CardholderName, []byte(s.Holder))
	text(emv.Tag5F24Expiry, a.Expiry+lastDay(a.Expiry))
	text(emv.Tag5F25Effective, s.Effective+"01")
	text(emv.Tag5F28IssuerCountry, s.Country)
	text(emv.Tag5F30ServiceCode, "0"+s.Service)
	text(emv.Tag5F34PSN, a.Sequence)
	text(emv.Tag9F42ApplicationCurrency, s.Currency)
	put(emv.Tag50Label, []byte(a.Label))
	put(emv.Tag87Priority, []byte{a.Priority})
	if a.Preferred != "" {
		put(emv.Tag9F12PreferredName, []byte(a.Preferred))
		put(emv.Tag9F11CodeTable, []byte{1})
	}
	if a.Language != "" {
		put(emv.Tag5F2DLanguage, []byte(a.Language))
	}
	put(emv.Tag82AIP, a.profile())
	text(emv.Tag9F07AUC, "FF00")
	text(emv.Tag9F08CardVersion, "0030")
	text(emv.Tag8ECVMList, "00000000000000004203"+"5E03"+"1F00") // online PIN, signature, none
	text(emv.Tag9F0DIACDefault, "D86000A800")
	text(emv.Tag9F0EIACDenial, "0010000000")
	text(emv.Tag9F0FIACOnline, "D86004F800")
	text(emv.Tag9F49DDOL, "9F3704")
	text(emv.Tag9F4ASDATagList, "82")
	text(emv.Tag8CCDOL1, usualCDOL)
	cdol2 := "8A02" + usualCDOL
	if emv.ParseAIP(a.objects[emv.Tag82AIP])&emv.AIP1x04IssuerAuth == 0 {
		cdol2 = map[hsm.ResponseMethod]string{hsm.ResponseMethod1: "910A", hsm.ResponseMethod2: "9108"}[a.scheme.Response] + cdol2
	}
	text(emv.Tag8DCDOL2, cdol2)
	text(emv.Tag9F4DLogEntry, "0B0A")
	text(emv.Tag9F4FLogFormat, "9A039F21039F02069F03069F1A025F2A029F4E149C019F3602")
	if a.Flow == FlowGPO {
		text(emv.Tag9F38PDOL, "9F66049F02069F03069F1A0295055F2A029A039C019F3704")
	}
	if a.Risk.Count > 0 || a.Risk.Most > 0 {
		put(emv.Tag9F14LowerConsecutive, []byte{byte(a.Risk.Count)})
		put(emv.Tag9F23UpperConsecutive, []byte{byte(a.Risk.Most)})
	}
}

// profile is the AIP unless the file gives one: what the keys allow, cardholder verification, terminal risk management.
func (a *app) profile() []byte {
	if len(a.AIP) == 2 {
		return a.AIP
	}
	p := emv.AIP1x10CVM | emv.AIP1x08TerminalRisk
	if a.Flow == FlowGenerate && a.scheme.Response == hsm.ResponseMethod1 {
		p |= emv.AIP1x04IssuerAuth
	}
	switch {
	case len(a.CA) == 0:
	case a.CardKey == "":
		p |= emv.AIP1x40SDA
	case a.Flow == FlowGPO:
		p |= emv.AIP1x20DDA
	default:
		p |= emv.AIP1x20DDA | emv.AIP1x01CDA
	}
	return p.Bytes()
}

// lastDay gives the last day of a month YYMM of the years 2000 to 2099.
func lastDay(yymm string) string {
	switch yymm[2:] {
	case "04", "06", "09", "11":
		return "30"
	case "02":
		if year := (int(yymm[0]-'0')*10 + int(yymm[1]-'0')); year%4 == 0 {
			return "29"
		}
		return "28"
	}
	return "31"
}

// lists reads the object lists and lays out the records.
func (a *app) lists() (err error) {
	for _, l := range []struct {
		tag  tlv.Tag
		into *emv.DOL
	}{{emv.Tag9F38PDOL, &a.pdol}, {emv.Tag8CCDOL1, &a.cdol1}, {emv.Tag8DCDOL2, &a.cdol2}, {emv.Tag9F49DDOL, &a.ddol}, {emv.Tag9F4FLogFormat, &a.log}} {
		if *l.into, err = emv.ParseDOL(a.objects[l.tag]); err != nil {
			return err
		}
	}
	layout := a.layout()
	a.records = map[recordID][]tlv.Tag{}
	for _, r := range layout {
		a.records[recordID{r.File, r.Record}] = tags(r.Tags)
		if n := len(a.record(recordID{r.File, r.Record}, a.object)); n > 255 {
			return fmt.Errorf("record %d of file %d has %d bytes: no answer carries that", r.Record, r.File, n)
		}
	}
	a.afl = a.objects[emv.Tag94AFL]
	if a.afl == nil {
		a.afl = locator(layout)
	}
	return nil
}

func tags(texts []string) (t []tlv.Tag) {
	for _, text := range texts {
		t = append(t, parseTag(text))
	}
	return t
}

func (a *app) object(tag tlv.Tag) []byte { return a.objects[tag] }

// layout gives the records of the file, or the usual ones. A record all of whose objects the card lacks is left out, and
// those behind it move up.
func (a *app) layout() []RecordSpec {
	if a.Records != nil {
		return a.Records
	}
	usual := []RecordSpec{
		{File: 1, Tags: []string{"57", "5F20"}},
		{File: 2, Signed: true, Tags: []string{"5A", "5F24", "5F25", "5F34", "9F07", "8E", "9F0D", "9F0E", "9F0F", "5F28", "9F4A"}},
		{File: 2, Tags: []string{"8C", "8D", "9F08", "9F42", "5F30", "9F14", "9F23", "9F49"}},
		{File: 3, Tags: []string{"8F", "9F32", "92"}}, {File: 3, Tags: []string{"90"}}, {File: 3, Tags: []string{"93"}},
		{File: 4, Tags: []string{"9F46"}}, {File: 4, Tags: []string{"9F47", "9F48"}},
		{File: 4, Tags: []string{"9F2D"}}, {File: 4, Tags: []string{"9F2E", "9F2F"}},
	}
	if a.Flow == FlowGPO { // nothing is read of an online payment: the card may leave the field
		usual = []RecordSpec{
			{File: 2, Signed: true, Tags: []string{"5A", "5F24", "5F25", "9F07", "5F28", "9F4A"}},
			{File: 2, Tags: []string{"9F08", "5F20"}},
			{File: 3, Tags: []string{"8F", "9F32", "92"}}, {File: 3, Tags: []string{"90"}},
			{File: 4, Tags: []string{"9F46"}}, {File: 4, Tags: []string{"9F47", "9F48", "9F69"}}, {File: 4, Tags: []string{"9F4B"}},
		}
	}
	var layout []RecordSpec
	next := map[byte]byte{}
	for _, r := range usual {
		has := func(tag string) bool { return a.objects[parseTag(tag)] != nil }
		if slices.ContainsFunc(r.Tags, has) {
			next[r.File]++
			r.Record = next[r.File]
			layout = append(layout, r)
		}
	}
	return layout
}

// record encodes a record; get gives the objects. Those that the card lacks are left out.
func (a *app) record(id recordID, get func(tlv.Tag) []byte) []byte {
	var body []byte
	for _, tag := range a.records[id] {
		if value := get(tag); value != nil {
			body = tlv.Append(body, tag, value)
		}
	}
	return tlv.Append(nil, emv.Tag70RecordTemplate, body)
}

// locator makes the AFL: an entry for each file whose records follow one another.
func locator(layout []RecordSpec) []byte {
	var l emv.AFL
	for _, r := range layout {
		if n := len(l); n > 0 && l[n-1].SFI == r.File && l[n-1].Last+1 == r.Record {
			l[n-1].Last = r.Record
		} else {
			l = append(l, emv.AFLEntry{SFI: r.File, First: r.Record, Last: r.Record})
		}
		if last := &l[len(l)-1]; r.Signed && last.ODA == r.Record-last.First {
			last.ODA++
		}
	}
	return l.Append(nil)
}

// signedData joins what offline data authentication covers: the signed records without their template when they stand in
// files 1 to 10, and the objects of the SDA tag list (EMV 4.4 Book 3, 10.3).
func (a *app) signedData() []byte {
	a.records = map[recordID][]tlv.Tag{}
	var b []byte
	for _, r := range a.layout() {
		if !r.Signed {
			continue
		}
		id := recordID{r.File, r.Record}
		a.records[id] = tags(r.Tags)
		record := a.record(id, a.object)
		if r.File <= 10 {
			if l, err := tlv.Parse(record, tlv.Strict); err == nil && len(l) == 1 {
				record = l[0].Objects.Append(nil)
			}
		}
		b = append(b, record...)
	}
	return append(b, a.objects[emv.Tag82AIP]...)
}

// sign makes the certificates and the signed static data. Overrides of the file come first where they are signed.
func (i *Image) sign(a *app, keys *Keys, factory *hsm.HSM) error {
	if len(a.CA) == 0 {
		return nil
	}
	for tag, value := range a.Data {
		a.objects[parseTag(tag)] = value
	}
	for _, tag := range a.Without {
		delete(a.objects, parseTag(tag))
	}
	ca, err := keys.ca(a.AID[:5], a.CA[0])
	if err != nil {
		return err
	}
	for _, name := range []string{ca.Key, a.IssuerKey} {
		if err := keys.importPair(factory, name); err != nil {
			return err
		}
	}
	issuer, err := factory.PublicRSA(a.IssuerKey)
	if err != nil {
		return err
	}
	c, err := signer{factory, ca.Key, &keys.made}.certify(signed02Issuer, subject(a.PAN[:8], 4), a.Certified, IssuerSerial(), issuer, nil)
	if err != nil {
		return fmt.Errorf("issuer certificate: %w", err)
	}
	a.objects[emv.Tag8FCAKeyIndex] = a.CA
	a.certificate(c, emv.Tag90IssuerCertificate, emv.Tag92IssuerRemainder, emv.Tag9F32IssuerExponent)
	by := signer{factory, a.IssuerKey, &keys.made}
	static := a.signedData()
	if emv.ParseAIP(a.objects[emv.Tag82AIP])&emv.AIP1x40SDA != 0 {
		signed, err := by.sign([]byte{signed03Static, hash01SHA1, 0xDA, 0xC1}, static)
		if err != nil {
			return fmt.Errorf("signed static data: %w", err)
		}
		a.objects[emv.Tag93SSAD] = signed
	}
	if err := i.certifyOwn(a, keys, by, a.CardKey, static, emv.Tag9F46ICCCertificate, emv.Tag9F48ICCRemainder, emv.Tag9F47ICCExponent); err != nil {
		return fmt.Errorf("card certificate: %w", err)
	}
	if a.Flow == FlowGPO && a.CardKey != "" { // made anew in each payment; here only the room for them
		a.objects[emv.Tag9F69CardAuthenticationData] = make([]byte, 7)
		if public, err := i.keys.PublicRSA(a.CardKey); err == nil && len(public.Modulus) > longestInGPO {
			a.objects[emv.Tag9F4BSDAD] = make([]byte, len(public.Modulus))
		}
	}
	if err := i.certifyOwn(a, keys, by, a.PINKey, nil, emv.Tag9F2DPINCertificate, emv.Tag9F2FPINRemainder, emv.Tag9F2EPINExponent); err != nil {
		return fmt.Errorf("PIN certificate: %w", err)
	}
	return nil
}

// longestInGPO is the size of a signature that the answer to GET PROCESSING OPTIONS has room for; a longer one stands in a
// record.
const longestInGPO = 144

// certifyOwn puts one of the card's own key pairs into it, with the issuer's certificate.
func (i *Image) certifyOwn(a *app, keys *Keys, by signer, name string, static []byte, cert, rest, exponent tlv.Tag) error {
	if name == "" {
		return nil
	}
	if err := keys.importPair(i.keys, name); err != nil {
		return err
	}
	public, err := i.keys.PublicRSA(name)
	if err != nil {
		return err
	}
	c, err := by.certify(signed04Card, subject(a.PAN, 10), a.Certified, [3]byte{0, 0, 2}, public, static)
	if err == nil {
		a.certificate(c, cert, rest, exponent)
	}
	return err
}

func (a *app) certificate(c certificate, cert, rest, exponent tlv.Tag) {
	a.objects[cert], a.objects[exponent] = c.certificate, c.exponent
	if len(c.remainder) > 0 {
		a.objects[rest] = c.remainder
	}
}
