package card_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// bench is a card on a table, with what its issuer and a terminal know of it.
type bench struct {
	t    testing.TB
	keys *card.Keys
	spec *card.Spec
	*card.Card
	issuer *hsm.HSM
	data   emv.Data // all that the card has told
	tell   emv.Data // what the terminal tells
	atc    uint16
	arqc   hsm.Cryptogram
}

func newBench(t testing.TB, name string, edit ...func(*card.Rules)) *bench {
	t.Helper()
	spec, err := card.Load(fixtures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return specBench(t, spec, edit...)
}

func specBench(t testing.TB, spec *card.Spec, edit ...func(*card.Rules)) *bench {
	t.Helper()
	keys, err := card.LoadKeys(fixtures.FS)
	if err != nil {
		t.Fatal(err)
	}
	image, err := card.Personalise(spec, keys)
	if err != nil {
		t.Fatal(err)
	}
	rules := card.Reference()
	for _, e := range edit {
		e(&rules)
	}
	b := &bench{t: t, keys: keys, spec: spec, issuer: hsm.New(sim.Seed(2).Reader("issuer")), data: emv.Data{}, tell: emv.Data{
		emv.Tag9F02Amount: unhex("000000010000"), emv.Tag9F03AmountOther: unhex("000000000000"), emv.Tag9F1ATerminalCountry: unhex("0156"),
		emv.Tag95TVR: unhex("0000048000"), emv.Tag5F2ACurrency: unhex("0156"), emv.Tag9ADate: unhex("260601"),
		emv.Tag9CTransactionType: unhex("00"), emv.Tag9F37UnpredictableNumber: unhex("1A2B3C4D"), emv.Tag9F21Time: unhex("093000"),
		emv.Tag8AARC: []byte("00"), emv.Tag9F66TTQ: unhex("26000000"),
	}}
	b.Card = card.New(image, rules, sim.Seed(1).Reader("card"))
	return b
}

// send gives a command and wants a status; it does what a T=0 terminal does with 61 and 6C.
func (b *bench) send(cmd emv.Command, want emv.StatusWord) []byte {
	b.t.Helper()
	r := b.raw(cmd)
	if r.SW != want {
		b.t.Fatalf("%s: got %s (%s), want %s", cmd.Name(), r.SW, r.SW.Words(), want)
	}
	if l, err := tlv.Parse(r.Data, tlv.Strict); err == nil {
		for o := range l.All() {
			if !o.Tag.Constructed() {
				b.data[o.Tag] = o.Value
			}
		}
	}
	return r.Data
}

func (b *bench) raw(cmd emv.Command) emv.Response {
	r := b.Transmit(time.Time{}, cmd)
	if n, ok := r.SW.RightLe(); ok {
		cmd.Le = n
		r = b.Transmit(time.Time{}, cmd)
	}
	if n, ok := r.SW.More(); ok {
		r = b.Transmit(time.Time{}, emv.Command{INS: emv.INSC0GetResponse, Le: n})
	} else if r.SW == emv.SW6283Invalidated && len(r.Data) == 0 && b.spec.Protocol == "T=0" {
		r = b.Transmit(time.Time{}, emv.Command{INS: emv.INSC0GetResponse, Le: 256})
		if n, ok := r.SW.RightLe(); ok {
			r = b.Transmit(time.Time{}, emv.Command{INS: emv.INSC0GetResponse, Le: n})
		}
	}
	return r
}

func (b *bench) dol(tag tlv.Tag) []byte {
	d, err := emv.ParseDOL(b.data[tag])
	if err != nil {
		b.t.Fatal(err)
	}
	return d.Build(b.tell)
}

// begin selects the n-th application and reads all its records.
func (b *bench) begin(on card.Interface, n int) {
	b.t.Helper()
	b.Reset(on)
	clear(b.data)
	b.send(emv.Select(b.spec.Applications[n].AID, false), emv.SW9000OK)
	got := b.send(emv.GetProcessingOptions(b.dol(emv.Tag9F38PDOL)), emv.SW9000OK)
	if got[0] == 0x80 {
		b.data[emv.Tag82AIP], b.data[emv.Tag94AFL] = got[2:4], got[4:]
	}
	if v := b.data[emv.Tag9F36ATC]; v != nil {
		b.atc = uint16(v[0])<<8 | uint16(v[1])
	}
	b.read()
}

// read reads the records of the AFL and joins what is signed.
func (b *bench) read() (signed []byte) {
	b.t.Helper()
	afl, _ := emv.ParseAFL(b.data[emv.Tag94AFL])
	for _, e := range afl {
		for r := e.First; r <= e.Last; r++ {
			record := b.send(emv.ReadRecord(e.SFI, r), emv.SW9000OK)
			if r < e.First+e.ODA {
				l, _ := tlv.Parse(record, tlv.Strict)
				signed = append(signed, l[0].Objects.Append(nil)...)
			}
		}
	}
	return append(signed, b.data[emv.Tag82AIP]...)
}

func (b *bench) challengeAC(kind emv.CID, cda bool) {
	b.t.Helper()
	tag := emv.Tag8CCDOL1
	if b.arqc != (hsm.Cryptogram{}) {
		tag = emv.Tag8DCDOL2
	}
	got := b.send(emv.GenerateAC(kind, cda, b.dol(tag)), emv.SW9000OK)
	if got[0] == 0x80 {
		v := got[2:]
		b.data[emv.Tag9F27CID], b.data[emv.Tag9F36ATC], b.data[emv.Tag9F26AC], b.data[emv.Tag9F10IAD] = v[:1], v[1:3], v[3:11], v[11:]
	}
	b.atc = uint16(b.data[emv.Tag9F36ATC][0])<<8 | uint16(b.data[emv.Tag9F36ATC][1])
}

// first asks for the first cryptogram and wants a kind.
func (b *bench) first(asked, want emv.CID) {
	b.t.Helper()
	b.arqc = hsm.Cryptogram{}
	b.challengeAC(asked, false)
	b.wantKind(want)
	b.arqc = hsm.Cryptogram(b.data[emv.Tag9F26AC])
}

func (b *bench) secondAC(asked, want emv.CID) {
	b.t.Helper()
	b.challengeAC(asked, false)
	b.wantKind(want)
	b.arqc = hsm.Cryptogram{}
}

func (b *bench) wantKind(want emv.CID) {
	b.t.Helper()
	if got := emv.CID(b.data[emv.Tag9F27CID][0]).Kind(); got != want {
		b.t.Fatalf("cryptogram: got %s, want %s", got, want)
	}
}

// issuerKey names one of the issuer's keys for this card.
func (b *bench) issuerKey(n int, key string) (hsm.CardScheme, hsm.CardKey, hsm.Session) {
	a := b.spec.Applications[n]
	masters, err := b.keys.Masters(a.MasterKeys)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := masters.Import(b.issuer, ""); err != nil {
		b.t.Fatal(err)
	}
	scheme, err := hsm.LoadCardScheme(a.Scheme, masters.Algorithm)
	if err != nil {
		b.t.Fatal(err)
	}
	s := hsm.Session{ATC: b.atc, ARQC: b.arqc}
	copy(s.Unpredictable[:], b.tell[emv.Tag9F37UnpredictableNumber])
	return scheme, hsm.CardKey{Name: key, Derivation: scheme.Card, PAN: pay.NewPAN(a.PAN), Sequence: a.Sequence}, s
}

// verified tells whether the issuer, which knows only its master keys, accepts the last cryptogram.
func (b *bench) verified(n int) bool {
	scheme, key, s := b.issuerKey(n, card.KeyAC)
	input := scheme.Input(func(tag tlv.Tag) []byte {
		if v, ok := b.tell[tag]; ok {
			return v
		}
		return b.data[tag]
	}, b.data[emv.Tag9F10IAD])
	ok, err := b.issuer.VerifyCryptogram(scheme, key, s, input, b.data[emv.Tag9F26AC])
	if err != nil {
		b.t.Fatal(err)
	}
	return ok
}

// answer is the issuer's proof for the answer code 00, as tag 91 has it.
func (b *bench) answer(n int) []byte {
	scheme, key, s := b.issuerKey(n, card.KeyAC)
	code := []byte("00")
	if scheme.Response == hsm.ResponseMethod2 {
		code = unhex("00820000")
	}
	arpc, err := b.issuer.ResponseCryptogram(scheme, key, s, b.arqc, code)
	if err != nil {
		b.t.Fatal(err)
	}
	return append(arpc, code...)
}

// script sends an issuer's command with its MAC.
func (b *bench) script(n int, cmd emv.Command, want emv.StatusWord) {
	b.t.Helper()
	scheme, key, s := b.issuerKey(n, card.KeySMI)
	header := []byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2, byte(len(cmd.Data) + scheme.ScriptSize)}
	mac, err := b.issuer.ScriptMAC(scheme, key, s, header, cmd.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	cmd.Data, cmd.Le = append(slices.Clone(cmd.Data), mac...), emv.LeAbsent
	b.send(cmd, want)
}

// recover opens a certificate or signature with a public key.
func recoverSigned(t testing.TB, modulus, exponent, signed []byte) []byte {
	t.Helper()
	b, err := (hsm.RSAPublic{Modulus: modulus, Exponent: exponent}).Apply(signed)
	if err != nil || b[0] != 0x6A || b[len(b)-1] != 0xBC {
		t.Fatalf("does not open: %v", err)
	}
	return b
}

func sameHash(t testing.TB, what string, opened []byte, behind ...[]byte) {
	t.Helper()
	n := len(opened) - 21
	sum := sha1.Sum(append(slices.Clone(opened[1:n]), slices.Concat(behind...)...))
	if !bytes.Equal(sum[:], opened[n:n+20]) {
		t.Errorf("%s: the hash is another one", what)
	}
}

// cardKeys recovers the card's public key from its certificates (EMV 4.4 Book 2, 5.3 and 6.4).
func (b *bench) cardKey(n int, signed []byte) (modulus []byte) {
	b.t.Helper()
	var ca card.CAKey
	rid := b.spec.Applications[0].AID[:5]
	for _, k := range b.keys.CAs() {
		if bytes.Equal(k.RID, rid) && bytes.Equal(k.Index, b.data[emv.Tag8FCAKeyIndex]) {
			ca = k
		}
	}
	c := recoverSigned(b.t, ca.Modulus, ca.Exponent, b.data[emv.Tag90IssuerCertificate])
	sameHash(b.t, "issuer certificate", c, b.data[emv.Tag92IssuerRemainder], b.data[emv.Tag9F32IssuerExponent])
	issuer := append(slices.Clone(c[15:15+min(int(c[13]), len(c)-36)]), b.data[emv.Tag92IssuerRemainder]...)
	if int(c[13]) != len(issuer) {
		b.t.Fatalf("issuer key: %d bytes, the certificate says %d", len(issuer), c[13])
	}
	if b.data[emv.Tag93SSAD] != nil {
		sameHash(b.t, "static data", recoverSigned(b.t, issuer, b.data[emv.Tag9F32IssuerExponent], b.data[emv.Tag93SSAD]), signed)
	}
	if b.data[emv.Tag9F46ICCCertificate] == nil {
		return nil
	}
	c = recoverSigned(b.t, issuer, b.data[emv.Tag9F32IssuerExponent], b.data[emv.Tag9F46ICCCertificate])
	sameHash(b.t, "card certificate", c, b.data[emv.Tag9F48ICCRemainder], b.data[emv.Tag9F47ICCExponent], signed)
	if pan := strings.TrimRight(strings.ToUpper(hex.EncodeToString(c[2:12])), "F"); pan != b.spec.Applications[n].PAN {
		b.t.Error("the certificate is for another card")
	}
	return append(slices.Clone(c[21:21+min(int(c[19]), len(c)-42)]), b.data[emv.Tag9F48ICCRemainder]...)
}

func aip(b *bench) emv.AIP { return emv.ParseAIP(b.data[emv.Tag82AIP]) }

// Every shipped card pays on each of its interfaces: certificates and signatures open, the issuer accepts cryptograms that
// it can only make from its master keys, and the card accepts the issuer.
func TestShippedCardsPay(t *testing.T) {
	for _, name := range card.Names(fixtures.FS) {
		spec, err := card.Load(fixtures.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		for n, a := range spec.Applications {
			for _, on := range a.Interfaces {
				if a.Blocked || a.Flow == card.FlowGPO {
					continue
				}
				t.Run(name+" "+a.Label+" "+string(on), func(t *testing.T) { payOnce(newBench(t, name), n, on) })
			}
		}
	}
}

func payOnce(b *bench, n int, on card.Interface) {
	b.t.Helper()
	b.begin(on, n)
	if len(b.spec.Applications[n].CA) > 0 {
		key := b.cardKey(n, b.read())
		if aip(b)&emv.AIP1x20DDA != 0 {
			ddol := b.dol(emv.Tag9F49DDOL)
			got := b.send(emv.InternalAuthenticate(ddol), emv.SW9000OK)
			if got[0] == 0x80 {
				l, _ := tlv.Parse(got, tlv.Strict)
				got = l[0].Value
			} else {
				got = b.data[emv.Tag9F4BSDAD]
			}
			sameHash(b.t, "DDA", recoverSigned(b.t, key, b.data[emv.Tag9F47ICCExponent], got), ddol)
		}
	}
	b.first(emv.CID80ARQC, emv.CID80ARQC)
	if !b.verified(n) {
		b.t.Error("the issuer does not accept the ARQC")
	}
	arpc := b.answer(n)
	if aip(b)&emv.AIP1x04IssuerAuth != 0 {
		b.send(emv.ExternalAuthenticate(arpc), emv.SW9000OK)
		b.send(emv.ExternalAuthenticate(arpc), emv.SW6985Conditions)
	} else {
		b.tell[emv.Tag91IssuerAuthenticationData] = arpc
	}
	b.secondAC(emv.CID40TC, emv.CID40TC)
	if !b.verified(n) {
		b.t.Error("the issuer does not accept the TC")
	}
	if c := b.State().Apps[0]; c.Pending || c.IssuerFailed {
		b.t.Errorf("the card keeps a payment open: pending %v, issuer failed %v", c.Pending, c.IssuerFailed)
	}
}

// The chip sale of DOMAIN.md H.3: the card makes the cryptogram of the golden frame.
func TestGoldenChipSale(t *testing.T) {
	b := newBench(t, "unionpay-golden")
	b.begin(card.Contact, 0)
	b.first(emv.CID80ARQC, emv.CID80ARQC)
	scheme, key, s := b.issuerKey(0, card.KeyAC)
	input := scheme.Input(func(tag tlv.Tag) []byte {
		if tag == emv.Tag82AIP {
			return unhex("7C00") // the frame's card has DDA too
		}
		if v, ok := b.tell[tag]; ok {
			return v
		}
		return b.data[tag]
	}, unhex("07010103A02000"))
	ac, err := b.issuer.Cryptogram(scheme, key, s, input)
	if want := unhex("C05040629FF93A86"); err != nil || !bytes.Equal(ac[:], want) {
		t.Errorf("got %X, %v, want %X", ac, err, want)
	}
	if b.atc != 1 || !b.verified(0) {
		t.Errorf("ATC %d", b.atc)
	}
}
