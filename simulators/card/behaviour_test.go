package card_test

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// behaviour is what a card does, held by an honest card and broken by the defects that it names.
type behaviour struct {
	name    string
	card    string
	edit    string // of the card file: old=>new
	hold    func(*bench)
	defects string
}

func behaviours() []behaviour {
	return []behaviour{
		{"wrong PINs are counted down and block", "unionpay-offline-pin", "", wrongPINs, "card-any-pin card-pin-not-counted card-pin-counted-twice"},
		{"a right PIN gives the tries back", "unionpay-offline-pin", "", rightPIN, "card-pin-tries-stay"},
		{"an enciphered PIN wants a fresh challenge", "unionpay-offline-pin", "", encipheredPIN, "card-challenge-again card-same-challenge"},
		{"no PIN after three wrong ones: declined", "unionpay-offline-pin", "", pinBlockedDeclines, "card-always-approves"},
		{"a wrong issuer cryptogram declines, and the next payment goes online", "unionpay-credit", "", wrongIssuer,
			"card-any-issuer card-approves-after-failed-issuer card-forgets-failed-issuer"},
		{"offline payments are limited", "unionpay-credit", "", offlineLimits, "card-offline-uncounted card-offline-never-reset card-always-approves"},
		{"an open payment sends the next one online", "unionpay-credit", "issuer_proof: true=>issuer_proof: true\n      not_completed: true",
			openPayment, "card-forgets-open-payment"},
		{"the counter goes up when a payment begins, torn or not", "unionpay-debit", "", counterTorn, "card-atc-stands"},
		{"the counter ends", "unionpay-debit", "scheme: unionpay-01=>scheme: unionpay-01\n    atc: 65534", counterEnds, "card-atc-wraps card-atc-stands"},
		{"a blocked application warns, declines, and is unblocked by a script", "unionpay-two", "", blockAndUnblock,
			"card-blocked-answers-ok card-blocked-pays card-unblock-does-nothing"},
		{"a script without its MAC does nothing, and the next payment goes online", "unionpay-credit", "", wrongScript,
			"card-any-script card-forgets-failed-script"},
		{"scripts change PIN, data and records", "unionpay-credit", "", scriptsChange, "card-keeps-pin-blocked card-answers-more card-keeps-old-pin"},
		{"a blocked card answers nothing", "unionpay-debit", "", cardBlock, "card-blocks-one-application"},
		{"payments stand in the log", "unionpay-credit", "", logged, "card-logs-nothing"},
		{"CDA signs all that was said", "visa-credit", "interfaces: [contact]=>interfaces: [contact]\n    data: {9F38: 9F1A02}", combined, "card-signs-no-list"},
		{"DDA signs the terminal's number", "unionpay-debit", "", func(b *bench) { payOnce(b, 0, card.Contact) }, "card-signs-nothing-fresh"},
		{"quickPass: the ARQC comes at once, the PIN is asked for when the terminal wants it", "unionpay-debit", "", quickPass,
			"card-claims-verified"},
		{"contactless and offline: signed, and counted", "visa-credit", "", tapOffline, "card-offline-uncounted"},
		{"a phone wants its holder first", "phone", "", phone, "card-claims-verified card-keeps-confirmation"},
		{"an amount over the card's own limit wants the contacts", "unionpay-debit", "contactless_cvm: online-pin=>contactless_cvm: online-pin\n    risk: {tap_most: 50.00 CNY}",
			tapMost, "card-taps-any-amount"},
		{"each interface shows its own", "unionpay-debit", "", directories, "card-shows-everywhere"},
		{"two applications answer to the beginning of their names", "unionpay-two", "", partialNames, ""},
		{"T=0 tells lengths, T=1 does not", "unionpay-debit", "", manners, ""},
		{"what is out of order or unknown is refused", "unionpay-debit", "", refusals, ""},
		{"an answer that was too long is not made twice", "unionpay-debit", "", askedAgain, ""},
		{"GET DATA tells counters", "unionpay-offline-pin", "", counters, ""},
	}
}

func (v behaviour) bench(t testing.TB, edits ...func(*card.Rules)) *bench {
	spec, err := card.Load(fixtures.FS, v.card)
	if err != nil {
		t.Fatal(err)
	}
	if v.edit != "" {
		text, err := fixtures.FS.ReadFile("cards/chip/" + v.card + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		old, fresh, _ := strings.Cut(v.edit, "=>")
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("%q is not in the card file", old)
		}
		if spec, err = card.Parse(bytes.Replace(text, []byte(old), []byte(fresh), 1), v.card); err != nil {
			t.Fatal(err)
		}
	}
	return specBench(t, spec, edits...)
}

func TestBehaviours(t *testing.T) {
	for _, v := range behaviours() {
		t.Run(v.name, func(t *testing.T) { v.hold(v.bench(t)) })
	}
}

// probe is a test that may fail.
type probe struct {
	testing.TB
	failed bool
}

func (p *probe) Errorf(string, ...any) { p.failed = true }
func (p *probe) Error(...any)          { p.failed = true }
func (p *probe) Fatalf(string, ...any) { panic(p) }
func (p *probe) Fatal(...any)          { panic(p) }
func (p *probe) Helper()               {}

// Every defect is noticed by each behaviour that names it.
func TestDefects(t *testing.T) {
	for _, d := range card.Defects() {
		t.Run(d.Name, func(t *testing.T) {
			named := 0
			for _, v := range behaviours() {
				if !slices.Contains(strings.Fields(v.defects), d.Name) {
					continue
				}
				named++
				p := &probe{TB: t}
				func() {
					defer func() {
						if r := recover(); r == p {
							p.failed = true
						} else if r != nil {
							panic(r)
						}
					}()
					v.hold(v.bench(p, d.Edit))
				}()
				if !p.failed {
					t.Errorf("%q does not notice it", v.name)
				}
			}
			if named == 0 {
				t.Error("no behaviour names it")
			}
			if d.Text == "" || d.Why == "" || d.Category == "" {
				t.Error("it has no words")
			}
		})
	}
}

func pinBlock(digits string) []byte {
	return unhex(fmt.Sprintf("2%X%s%s", len(digits), digits, strings.Repeat("F", 14-len(digits))))
}

func verifyPIN(digits string) emv.Command { return emv.Verify(emv.P2x80PlaintextPIN, pinBlock(digits)) }

func wrongPINs(b *bench) {
	b.begin(card.Contact, 0)
	b.send(verifyPIN("9999"), 0x63C2)
	b.begin(card.Contact, 0) // pulled and put in again
	b.send(verifyPIN("9999"), 0x63C1)
	b.send(verifyPIN("9999"), 0x63C0)
	b.send(verifyPIN("1234"), emv.SW6983AuthBlocked)
}

func rightPIN(b *bench) {
	b.begin(card.Contact, 0)
	b.send(verifyPIN("9999"), 0x63C2)
	b.send(verifyPIN("1234"), emv.SW9000OK)
	b.send(verifyPIN("9999"), 0x63C2)
	b.send(emv.GetData(0x9F17), emv.SW9000OK)
	if got := b.data[emv.Tag9F17PINTries]; !bytes.Equal(got, []byte{2}) {
		b.t.Errorf("tries left %X", got)
	}
	b.send(emv.Verify(emv.P2x80PlaintextPIN, unhex("0612345678")), emv.SW6700Length)
	b.send(emv.Verify(emv.P2x80PlaintextPIN, unhex("041234FFFFFFFFFF")), emv.SW6A80Data)
	b.send(emv.Verify(0x81, pinBlock("1234")), emv.SW6A86Parameters)
}

// encipher makes an enciphered PIN under the card's PIN key, recovered from its certificate (EMV 4.4 Book 2, 7.2).
func (b *bench) encipher(digits string, challenge []byte) []byte {
	b.t.Helper()
	b.cardKey(0, b.read())
	var ca card.CAKey
	for _, k := range b.keys.CAs() {
		if bytes.Equal(k.RID, b.spec.Applications[0].AID[:5]) && bytes.Equal(k.Index, b.data[emv.Tag8FCAKeyIndex]) {
			ca = k
		}
	}
	c := recoverSigned(b.t, ca.Modulus, ca.Exponent, b.data[emv.Tag90IssuerCertificate])
	issuer := append(slices.Clone(c[15:15+min(int(c[13]), len(c)-36)]), b.data[emv.Tag92IssuerRemainder]...)
	c = recoverSigned(b.t, issuer, b.data[emv.Tag9F32IssuerExponent], b.data[emv.Tag9F2DPINCertificate])
	sameHash(b.t, "PIN certificate", c, b.data[emv.Tag9F2FPINRemainder], b.data[emv.Tag9F2EPINExponent])
	modulus := append(slices.Clone(c[21:21+min(int(c[19]), len(c)-42)]), b.data[emv.Tag9F2FPINRemainder]...)
	block := slices.Concat([]byte{0x7F}, pinBlock(digits), challenge)
	block = append(block, sim.Seed(3).Bytes("fill", len(modulus)-len(block))...)
	enciphered, err := (hsm.RSAPublic{Modulus: modulus, Exponent: b.data[emv.Tag9F2EPINExponent]}).Apply(block)
	if err != nil {
		b.t.Fatal(err)
	}
	return enciphered
}

func encipheredPIN(b *bench) {
	b.begin(card.Contact, 0)
	verify := func(data []byte) emv.Command { return emv.Verify(emv.P2x88EncipheredPIN, data) }
	challenge := b.send(emv.GetChallenge(), emv.SW9000OK)
	enciphered := b.encipher("1234", challenge)
	b.send(verify(enciphered), emv.SW9000OK)
	b.send(verify(enciphered), emv.SW6985Conditions)
	b.send(emv.GetChallenge(), emv.SW9000OK)
	b.send(verify(enciphered), emv.SW6984DataInvalidated)
	challenge = b.send(emv.GetChallenge(), emv.SW9000OK)
	b.send(verify(b.encipher("4321", challenge)), 0x63C2)
	b.send(emv.GetChallenge(), emv.SW9000OK)
	b.send(verify(enciphered[:len(enciphered)-1]), emv.SW6700Length)
}

func pinBlockedDeclines(b *bench) {
	b.begin(card.Contact, 0)
	for range 3 {
		b.raw(verifyPIN("9999"))
	}
	b.first(emv.CID40TC, emv.CID00AAC)
	if !b.verified(0) {
		b.t.Error("the issuer does not accept the AAC")
	}
	if reason := b.data[emv.Tag9F27CID][0] & 7; reason != byte(emv.CIDx02PINTries) {
		b.t.Errorf("reason %d", reason)
	}
}

func wrongIssuer(b *bench) {
	b.begin(card.Contact, 0)
	b.first(emv.CID80ARQC, emv.CID80ARQC)
	arpc := b.answer(0)
	arpc[0] ^= 1
	b.send(emv.ExternalAuthenticate(arpc), emv.SW6300AuthFailed)
	b.secondAC(emv.CID40TC, emv.CID00AAC)
	if !b.verified(0) {
		b.t.Error("the issuer does not accept the AAC")
	}
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID80ARQC)
	b.send(emv.ExternalAuthenticate(b.answer(0)), emv.SW9000OK)
	b.secondAC(emv.CID40TC, emv.CID40TC)
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID40TC)
}

func offlineLimits(b *bench) {
	for range 3 {
		b.begin(card.Contact, 0)
		b.first(emv.CID40TC, emv.CID40TC)
	}
	for range 2 {
		b.begin(card.Contact, 0)
		b.first(emv.CID40TC, emv.CID80ARQC)
		b.tell[emv.Tag8AARC] = []byte("Y3")
		b.secondAC(emv.CID40TC, emv.CID40TC)
	}
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID80ARQC)
	b.secondAC(emv.CID40TC, emv.CID00AAC)
	b.tell[emv.Tag8AARC] = []byte("00")
	payOnce(b, 0, card.Contact)
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID40TC)
	b.tell[emv.Tag9F02Amount] = unhex("000000040100")
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID80ARQC) // 100.00 and 401.00 are more than 500.00
}

func openPayment(b *bench) {
	b.begin(card.Contact, 0)
	b.first(emv.CID80ARQC, emv.CID80ARQC)
	b.begin(card.Contact, 0) // the card was pulled while the host was asked
	b.first(emv.CID40TC, emv.CID80ARQC)
	if cvr := b.data[emv.Tag9F10IAD][5]; cvr&0x80 == 0 {
		b.t.Errorf("the results do not tell: %02X", cvr)
	}
}

func counterTorn(b *bench) {
	for want := range uint16(3) {
		b.Reset(card.Contact)
		b.send(emv.Select(b.spec.Applications[0].AID, false), emv.SW9000OK)
		b.Transmit(time.Time{}, emv.GetProcessingOptions(b.dol(emv.Tag9F38PDOL))) // the answer never arrives
		b.Off()
		if got := b.State().Apps[0].ATC; got != want+1 {
			b.t.Fatalf("ATC %d, want %d", got, want+1)
		}
	}
	b.Reset(card.Contactless) // the same counter serves the field
	b.send(emv.Select(b.spec.Applications[1].AID, false), emv.SW9000OK)
	b.send(emv.GetProcessingOptions(b.dol(emv.Tag9F38PDOL)), emv.SW9000OK)
	if got := b.data[emv.Tag9F36ATC]; !bytes.Equal(got, []byte{0, 4}) {
		b.t.Errorf("ATC %X", got)
	}
}

func counterEnds(b *bench) {
	b.begin(card.Contact, 0)
	b.first(emv.CID80ARQC, emv.CID80ARQC)
	if b.atc != 0xFFFF {
		b.t.Errorf("ATC %d", b.atc)
	}
	b.Reset(card.Contact)
	b.send(emv.Select(b.spec.Applications[0].AID, false), emv.SW9000OK)
	b.send(emv.GetProcessingOptions(nil), emv.SW6985Conditions)
}

func command(ins, p2 byte, data []byte) emv.Command {
	return emv.Command{CLA: emv.CLA84ProprietarySecured, INS: ins, P2: p2, Data: data}
}

// online brings a payment to where scripts may come.
func (b *bench) online(n int) {
	b.t.Helper()
	b.begin(card.Contact, n)
	b.first(emv.CID80ARQC, emv.CID80ARQC)
}

func blockAndUnblock(b *bench) {
	b.online(0)
	b.script(0, command(emv.INS1EApplicationBlock, 0, nil), emv.SW9000OK)
	b.secondAC(emv.CID40TC, emv.CID00AAC)
	b.Reset(card.Contact)
	b.send(emv.Select(b.spec.Applications[0].AID, false), emv.SW6283Invalidated)
	b.send(emv.GetProcessingOptions(b.dol(emv.Tag9F38PDOL)), emv.SW9000OK)
	b.first(emv.CID40TC, emv.CID00AAC)
	b.script(0, command(emv.INS18ApplicationUnblock, 0, nil), emv.SW9000OK)
	payOnce(b, 0, card.Contact)
}

func wrongScript(b *bench) {
	b.online(0)
	b.send(emv.ExternalAuthenticate(b.answer(0)), emv.SW9000OK)
	cmd := command(emv.INS1EApplicationBlock, 0, unhex("00000000"))
	cmd.Le = emv.LeAbsent
	b.send(cmd, emv.SW6988SecureWrong)
	cmd.Data = nil
	b.send(cmd, emv.SW6987SecureMissing)
	b.secondAC(emv.CID40TC, emv.CID40TC)
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID80ARQC)
	b.send(emv.ExternalAuthenticate(b.answer(0)), emv.SW9000OK)
	b.secondAC(emv.CID40TC, emv.CID40TC)
	b.begin(card.Contact, 0)
	b.first(emv.CID40TC, emv.CID40TC)
}

func scriptsChange(b *bench) {
	b.begin(card.Contact, 0)
	b.send(verifyPIN("1111"), 0x63C2)
	b.first(emv.CID80ARQC, emv.CID80ARQC)
	scheme, smc, s := b.issuerKey(0, card.KeySMC)
	_, ac, _ := b.issuerKey(0, card.KeyAC)
	for p2, pin := range map[byte]string{1: "579135", 2: ""} {
		block, err := b.issuer.PINChange(scheme, smc, ac, s, secret("86420"), secret(pin))
		if err != nil {
			b.t.Fatal(err)
		}
		b.script(0, command(emv.INS24PINChange, p2, block), emv.SW9000OK)
		if p2 == 1 {
			b.script(0, command(emv.INS24PINChange, p2, block), emv.SW6A80Data) // the current PIN is another one now
		}
		restore, err := b.issuer.PINChange(scheme, smc, ac, s, secret("579135"), secret(""))
		if err != nil {
			b.t.Fatal(err)
		}
		b.script(0, command(emv.INS24PINChange, 2, restore), emv.SW9000OK)
	}
	b.script(0, command(emv.INS24PINChange, 0, nil), emv.SW9000OK)
	if got := b.State().Tries; got != 3 {
		b.t.Errorf("%d tries after the unblock", got)
	}
	put := emv.Command{CLA: 0x04, INS: emv.INSDAPutData, P1: 0x9F, P2: 0x14, Data: []byte{9}}
	b.script(0, put, emv.SW9000OK)
	put.P2 = 0x36
	b.script(0, put, emv.SW6A88DataNotFound)

	record := tlv.Append(nil, emv.Tag70RecordTemplate, tlv.Append(nil, emv.Tag9F08CardVersion, unhex("0031")))
	update := emv.Command{CLA: 0x04, INS: emv.INSDCUpdateRecord, P1: 2, P2: 2<<3 | 4, Data: record}
	b.script(0, update, emv.SW9000OK)
	update.P1 = 9
	b.script(0, update, emv.SW6A83RecordNotFound)
	b.Reset(card.Contact)
	b.send(emv.Select(b.spec.Applications[0].AID, false), emv.SW9000OK)
	b.send(emv.GetData(0x9F14), emv.SW9000OK)
	b.send(emv.GetProcessingOptions(nil), emv.SW9000OK)
	b.send(verifyPIN("579135"), emv.SW9000OK)
	if got := b.send(emv.ReadRecord(2, 2), emv.SW9000OK); !bytes.Equal(got, record) || !bytes.Equal(b.data[emv.Tag9F14LowerConsecutive], []byte{9}) {
		b.t.Errorf("record %X, 9F14 %X", got, b.data[emv.Tag9F14LowerConsecutive])
	}
}

func cardBlock(b *bench) {
	b.online(0)
	b.script(0, command(emv.INS16CardBlock, 0, nil), emv.SW9000OK)
	b.Reset(card.Contact)
	b.send(emv.Select([]byte(emv.PSEContact), false), emv.SW6A81NotSupported)
	b.send(emv.Select(b.spec.Applications[0].AID, false), emv.SW6A81NotSupported)
}

func logged(b *bench) {
	for range 12 {
		payOnce(b, 0, card.Contact)
	}
	format, err := emv.ParseDOL(unhex("9A039F21039F02069F03069F1A025F2A029F4E149C019F3602"))
	if err != nil {
		b.t.Fatal(err)
	}
	for n := byte(1); n <= 10; n++ {
		values, err := format.Split(b.send(emv.ReadRecord(11, n), emv.SW9000OK))
		if err != nil || !bytes.Equal(values[emv.Tag9F36ATC], []byte{0, 13 - n}) || !bytes.Equal(values[emv.Tag9F02Amount], b.tell[emv.Tag9F02Amount]) {
			b.t.Errorf("entry %d: %X, %v", n, values, err)
		}
	}
	b.send(emv.ReadRecord(11, 11), emv.SW6A83RecordNotFound)
}

// combined verifies CDA as a terminal does (EMV 4.4 Book 2, 6.6.2).
func combined(b *bench) {
	b.begin(card.Contact, 0)
	key := b.cardKey(0, b.read())
	pdol, cdol1 := b.dol(emv.Tag9F38PDOL), b.dol(emv.Tag8CCDOL1)
	said := slices.Concat(pdol, cdol1)
	for _, kind := range []emv.CID{emv.CID80ARQC, emv.CID40TC} {
		if kind == emv.CID40TC {
			b.send(emv.ExternalAuthenticate(b.answer(0)), emv.SW9000OK)
			said = append(said, b.dol(emv.Tag8DCDOL2)...)
		}
		delete(b.data, emv.Tag9F26AC)
		b.challengeAC(kind, true)
		if b.data[emv.Tag9F26AC] != nil {
			b.t.Error("the cryptogram stands outside the signature")
		}
		s := recoverSigned(b.t, key, b.data[emv.Tag9F47ICCExponent], b.data[emv.Tag9F4BSDAD])
		sameHash(b.t, "CDA", s, b.tell[emv.Tag9F37UnpredictableNumber])
		dynamic := s[4 : 4+int(s[3])]
		n := int(dynamic[0]) + 1
		rest := tlv.Append(nil, emv.Tag9F27CID, b.data[emv.Tag9F27CID])
		rest = tlv.Append(tlv.Append(rest, emv.Tag9F36ATC, b.data[emv.Tag9F36ATC]), emv.Tag9F10IAD, b.data[emv.Tag9F10IAD])
		sum := sha1.Sum(slices.Concat(said, rest))
		if !bytes.Equal(sum[:], dynamic[n+9:]) || emv.CID(dynamic[n]).Kind() != kind {
			b.t.Errorf("%s: the signature is over other words", kind)
		}
		b.data[emv.Tag9F26AC] = dynamic[n+1 : n+9]
		if !b.verified(0) {
			b.t.Errorf("the issuer does not accept the %s", kind)
		}
		b.arqc = hsm.Cryptogram(b.data[emv.Tag9F26AC])
	}
	b.begin(card.Contact, 0)
	b.arqc = hsm.Cryptogram{}
	delete(b.data, emv.Tag9F4BSDAD)
	if b.challengeAC(emv.CID00AAC, true); b.data[emv.Tag9F4BSDAD] == nil {
		b.t.Error("a refusal that was asked for with a signature has none")
	}
}

// tap pays contactless with the n-th application.
func (b *bench) tap(n int, ttq string, want emv.StatusWord) {
	b.t.Helper()
	b.tell[emv.Tag9F66TTQ] = unhex(ttq)
	clear(b.data)
	b.Reset(card.Contactless)
	b.send(emv.Select([]byte(emv.PPSEProximity), false), emv.SW9000OK)
	b.send(emv.Select(b.spec.Applications[n].AID, false), emv.SW9000OK)
	b.send(emv.GetProcessingOptions(b.dol(emv.Tag9F38PDOL)), want)
	if want == emv.SW9000OK {
		b.atc = uint16(b.data[emv.Tag9F36ATC][0])<<8 | uint16(b.data[emv.Tag9F36ATC][1])
	}
}

func (b *bench) ctq() emv.CTQ { return emv.ParseCTQ(b.data[emv.Tag9F6CCTQ]) }

func quickPass(b *bench) {
	b.tap(1, "26000000", emv.SW9000OK)
	b.wantKind(emv.CID80ARQC)
	if !b.verified(1) || b.ctq() != 0 || b.data[emv.Tag94AFL] != nil || b.data[emv.Tag57Track2Equivalent] == nil {
		b.t.Errorf("CTQ %s, AFL %X", b.ctq(), b.data[emv.Tag94AFL])
	}
	b.tap(1, "26800000", emv.SW9000OK)
	if b.ctq() != 0 {
		b.t.Errorf("CTQ %s though no verification is wanted", b.ctq())
	}
	b.tap(1, "26C04000", emv.SW9000OK)
	if b.ctq() != emv.CTQ1x80OnlinePIN {
		b.t.Errorf("CTQ %s", b.ctq())
	}
	b.send(emv.GenerateAC(emv.CID40TC, false, nil), emv.SW6985Conditions)
	b.send(emv.ExternalAuthenticate(make([]byte, 10)), emv.SW6985Conditions)
	b.script(1, command(emv.INS1EApplicationBlock, 0, nil), emv.SW6985Conditions)
}

func tapOffline(b *bench) {
	b.tap(1, "26000000", emv.SW9000OK)
	b.wantKind(emv.CID40TC)
	if !b.verified(1) {
		b.t.Error("the issuer does not accept the TC")
	}
	signature := b.data[emv.Tag9F4BSDAD]
	key := b.cardKey(1, b.read())
	own := b.data[emv.Tag9F69CardAuthenticationData]
	s := recoverSigned(b.t, key, b.data[emv.Tag9F47ICCExponent], signature)
	sameHash(b.t, "fast DDA", s, b.tell[emv.Tag9F37UnpredictableNumber], b.tell[emv.Tag9F02Amount], b.tell[emv.Tag5F2ACurrency], own)
	if s[1] != 0x95 || !bytes.Equal(s[5:7], b.data[emv.Tag9F36ATC]) || len(own) != 7 {
		b.t.Errorf("signature %X, 9F69 %X", s[:8], own)
	}
	if got := b.State().Apps[0].Spent; got != 10000 {
		b.t.Errorf("spent %d", got)
	}
	b.tap(1, "26000000", emv.SW9000OK) // 100.00 are spent
	b.wantKind(emv.CID80ARQC)
	b.tap(1, "2E000000", emv.SW9000OK) // a terminal that cannot go online
	b.wantKind(emv.CID00AAC)
}

func phone(b *bench) {
	atc := b.State().Apps[0].ATC
	b.tap(0, "26C04000", emv.SW6986SeePhone)
	if b.State().Apps[0].ATC != atc {
		b.t.Error("a payment that was not begun is counted")
	}
	b.Confirm()
	b.tap(0, "26C04000", emv.SW9000OK)
	if b.ctq() != emv.CTQ2x80CDCVMPerformed || !b.verified(0) {
		b.t.Errorf("CTQ %s", b.ctq())
	}
	track, err := emv.ParseTrack2(b.data[emv.Tag57Track2Equivalent])
	if err != nil || track.PAN.Reveal() != b.spec.Applications[0].PAN || track.PAN.Reveal() == b.spec.PAN || track.Expiry != "2806" {
		b.t.Errorf("the token does not stand on the track: %v", err)
	}
	b.tap(0, "26C04000", emv.SW6986SeePhone) // a confirmation lasts for one tap
	b.tap(0, "26000000", emv.SW9000OK)
}

func tapMost(b *bench) {
	b.tap(1, "26000000", emv.SW6985Conditions) // 100.00
	b.tell[emv.Tag9F02Amount] = unhex("000000005000")
	b.tap(1, "26000000", emv.SW9000OK)
	if b.atc != 1 {
		b.t.Errorf("ATC %d: a payment that was not begun is counted", b.atc)
	}
}

func names(b *bench) (aids []string) {
	for o := range parse(b.send(emv.Select([]byte(emv.PPSEProximity), false), emv.SW9000OK)).All() {
		if o.Tag == emv.Tag4FADFName {
			aids = append(aids, fmt.Sprintf("%X", o.Value))
		}
	}
	return aids
}

func parse(data []byte) tlv.List {
	l, _ := tlv.Parse(data, tlv.Strict)
	return l
}

func directories(b *bench) {
	b.Reset(card.Contactless)
	if got := names(b); len(got) != 1 {
		b.t.Errorf("the contactless directory has %v", got)
	}
	b.send(emv.Select([]byte(emv.PSEContact), false), emv.SW6A82FileNotFound)
	b.Reset(card.Contact)
	b.send(emv.Select([]byte(emv.PPSEProximity), false), emv.SW6A82FileNotFound)
	b.send(emv.Select([]byte(emv.PSEContact), false), emv.SW9000OK)
	if got := b.data[emv.Tag88SFI]; !bytes.Equal(got, []byte{1}) {
		b.t.Errorf("SFI %X", got)
	}
	b.send(emv.ReadRecord(1, 1), emv.SW9000OK)
	if !bytes.Equal(b.data[emv.Tag4FADFName], b.spec.Applications[0].AID) {
		b.t.Error("the directory names another application")
	}
	b.send(emv.ReadRecord(1, 2), emv.SW6A83RecordNotFound)
	b.send(emv.ReadRecord(2, 1), emv.SW6A82FileNotFound)
}

func partialNames(b *bench) {
	b.Reset(card.Contact)
	for n, next := range []bool{false, true} {
		b.send(emv.Select(unhex("A000000333"), next), emv.SW9000OK)
		if !bytes.Equal(b.data[emv.Tag84DFName], b.spec.Applications[n].AID) {
			b.t.Errorf("application %d is %X", n, b.data[emv.Tag84DFName])
		}
	}
	b.send(emv.Select(unhex("A000000333"), true), emv.SW6A82FileNotFound)
	b.send(emv.Select(unhex("A00000033301010199"), false), emv.SW6A82FileNotFound)
}

func manners(b *bench) {
	b.Reset(card.Contact)
	r := b.Transmit(time.Time{}, emv.Select([]byte(emv.PSEContact), false))
	n, ok := r.SW.More()
	if !ok || len(r.Data) != 0 {
		b.t.Fatalf("SELECT: %s with %d bytes", r.SW, len(r.Data))
	}
	get := emv.Command{INS: emv.INSC0GetResponse, Le: 5}
	if r = b.Transmit(time.Time{}, get); len(r.Data) != 5 || r.SW != emv.SW6100MoreData|emv.StatusWord(n-5) {
		b.t.Errorf("the beginning: %d bytes, %s", len(r.Data), r.SW)
	}
	get.Le = 256
	if r = b.Transmit(time.Time{}, get); r.SW != emv.SW6C00Length|emv.StatusWord(n-5) {
		b.t.Errorf("too much: %s", r.SW)
	}
	get.Le = n - 5
	if r = b.Transmit(time.Time{}, get); len(r.Data) != n-5 || r.SW != emv.SW9000OK {
		b.t.Errorf("the rest: %d bytes, %s", len(r.Data), r.SW)
	}
	if r = b.Transmit(time.Time{}, get); r.SW != emv.SW6985Conditions {
		b.t.Errorf("nothing waits: %s", r.SW)
	}
	if r = b.Transmit(time.Time{}, emv.ReadRecord(1, 1)); r.SW&0xFF00 != emv.SW6C00Length {
		b.t.Errorf("READ RECORD with Le 00: %s", r.SW)
	}
	if atr := b.Reset(card.Contactless); atr[0] != 0x3B || b.Transmit(time.Time{}, emv.Select([]byte(emv.PPSEProximity), false)).SW != emv.SW9000OK {
		b.t.Error("without contacts the answer comes at once")
	}
	b.Off()
	if r = b.Transmit(time.Time{}, get); r.SW != emv.SW6F00NoPreciseDiagnosis {
		b.t.Errorf("without power: %s", r.SW)
	}
}

// askedAgain: who asks for too little hears how much there is; a payment that has begun does not begin again.
func askedAgain(b *bench) {
	b.tell[emv.Tag9F66TTQ] = unhex("26000000")
	b.Reset(card.Contactless)
	b.send(emv.Select(b.spec.Applications[1].AID, false), emv.SW9000OK)
	begin := emv.GetProcessingOptions(b.dol(emv.Tag9F38PDOL))
	begin.Le = 10
	r := b.Transmit(time.Time{}, begin)
	n, ok := r.SW.RightLe()
	if !ok || len(r.Data) != 0 {
		b.t.Fatalf("with Le 10: %s, %d bytes", r.SW, len(r.Data))
	}
	begin.Le = n
	if r = b.Transmit(time.Time{}, begin); r.SW != emv.SW9000OK || len(r.Data) != n {
		b.t.Errorf("with Le %d: %s, %d bytes", n, r.SW, len(r.Data))
	}
	if r = b.Transmit(time.Time{}, begin); r.SW != emv.SW6985Conditions {
		b.t.Errorf("once more: %s", r.SW)
	}
	if got := b.State().Apps[0].ATC; got != 1 {
		b.t.Errorf("ATC %d", got)
	}
}

func refusals(b *bench) {
	b.Reset(card.Contact)
	for _, v := range []struct {
		cmd  emv.Command
		want emv.StatusWord
	}{
		{emv.Command{INS: 0x42, Le: -1}, emv.SW6D00InstructionUnknown},
		{emv.Command{CLA: 0x90, INS: 0x60, Le: -1}, emv.SW6E00ClassUnknown},
		{emv.Command{CLA: 0xFF, INS: emv.INSCAGetData, Le: 256}, emv.SW6E00ClassUnknown},
		{emv.Command{CLA: 0x01, INS: emv.INSA4Select, P1: 4, Data: unhex("A000000333"), Le: 256}, emv.SW6E00ClassUnknown},
		{emv.Command{CLA: 0x80, INS: emv.INSA4Select, P1: 4, Data: unhex("A000000333"), Le: -1}, emv.SW6E00ClassUnknown},
		{emv.Command{INS: emv.INSA4Select, P1: 2, Data: unhex("A000000333"), Le: -1}, emv.SW6A86Parameters},
		{emv.Command{INS: emv.INSA4Select, P1: 4, Le: -1}, emv.SW6700Length},
		{emv.GetProcessingOptions(nil), emv.SW6985Conditions},
		{emv.GenerateAC(emv.CID40TC, false, nil), emv.SW6985Conditions},
		{emv.ReadRecord(1, 1), emv.SW6985Conditions},
		{emv.GetData(0x9F36), emv.SW6985Conditions},
		{emv.GetChallenge(), emv.SW6985Conditions},
		{verifyPIN("1234"), emv.SW6985Conditions},
		{emv.InternalAuthenticate(make([]byte, 4)), emv.SW6985Conditions},
		{command(emv.INS1EApplicationBlock, 0, make([]byte, 8)), emv.SW6985Conditions},
	} {
		if got := b.raw(v.cmd).SW; got != v.want {
			b.t.Errorf("%s: got %s, want %s", v.cmd.Name(), got, v.want)
		}
	}
	b.send(emv.Select(b.spec.Applications[0].AID, false), emv.SW9000OK)
	b.send(emv.GetProcessingOptions(unhex("00")), emv.SW6700Length)
	b.send(emv.Command{CLA: 0x80, INS: emv.INSA8GetProcessing, Data: unhex("8400"), Le: 256}, emv.SW6A80Data)
	b.send(emv.GetProcessingOptions(nil), emv.SW9000OK)
	b.send(emv.GetProcessingOptions(nil), emv.SW6985Conditions)
	b.send(emv.GenerateAC(emv.CID40TC, false, unhex("00")), emv.SW6700Length)
	b.send(emv.GenerateAC(0xC0, false, nil), emv.SW6A86Parameters)
	b.send(emv.ReadRecord(2, 9), emv.SW6A83RecordNotFound)
	b.send(emv.ReadRecord(9, 1), emv.SW6A82FileNotFound)
	b.read()
	b.begin(card.Contact, 0)
	b.first(emv.CID00AAC, emv.CID00AAC)
	b.send(emv.GenerateAC(emv.CID40TC, false, b.dol(emv.Tag8DCDOL2)), emv.SW6985Conditions)
}

func counters(b *bench) {
	payOnce(b, 0, card.Contact)
	b.begin(card.Contact, 0)
	for tag, want := range map[uint16]string{0x9F36: "0002", 0x9F13: "0001", 0x9F17: "03"} {
		b.send(emv.GetData(tag), emv.SW9000OK)
		if got := b.data[tlv.Tag(tag)]; !bytes.Equal(got, unhex(want)) {
			b.t.Errorf("%04X: got %X, want %s", tag, got, want)
		}
	}
	b.send(emv.GetData(0x9F4F), emv.SW9000OK)
	b.send(emv.GetData(0x5A5A), emv.SW6A88DataNotFound)
}

// What 9F10 tells of a payment and of the one before it, as published decoders read the bits: Visa's and Mastercard's forms.
func TestCardVerificationResults(t *testing.T) {
	for _, v := range []struct {
		name, card, edit string
		do               func(*bench)
		want             string
	}{
		{"first payment, online", "unionpay-debit", "", func(b *bench) { b.online(0) }, "07010103A0100001"},
		{"after an answer", "unionpay-debit", "", func(b *bench) { payOnce(b, 0, card.Contact); b.online(0) }, "07010103A0000001"},
		{"second cryptogram", "unionpay-debit", "", func(b *bench) { payOnce(b, 0, card.Contact) }, "0701010360100201"},
		{"declined at once", "unionpay-debit", "", func(b *bench) { b.begin(card.Contact, 0); b.first(emv.CID00AAC, emv.CID00AAC) }, "0701010380100001"},
		{"pulled before the answer", "unionpay-debit", "", func(b *bench) { b.online(0); b.online(0) }, "07010103A0900001"},
		{"wrong PIN", "unionpay-offline-pin", "", func(b *bench) {
			b.begin(card.Contact, 0)
			b.raw(verifyPIN("9999"))
			b.first(emv.CID80ARQC, emv.CID80ARQC)
		}, "07010103A6100001"},
		{"no PIN tries", "unionpay-offline-pin", "", pinBlockedDeclines, "0701010386500001"},
		{"issuer not proved", "unionpay-credit", "issuer_proof: true=>issuer_proof: false", func(b *bench) {
			b.online(0)
			b.secondAC(emv.CID40TC, emv.CID40TC)
		}, "0701010360140001"},
		{"issuer failed, and failed before", "unionpay-credit", "", func(b *bench) {
			for range 2 {
				b.online(0)
				b.send(emv.ExternalAuthenticate(make([]byte, 10)), emv.SW6300AuthFailed)
				b.secondAC(emv.CID40TC, emv.CID00AAC)
			}
		}, "0701010328180001"},
		{"a script before, and one that failed", "unionpay-debit", "", func(b *bench) {
			b.online(0)
			b.script(0, command(emv.INS24PINChange, 0, nil), emv.SW9000OK)
			if got := b.State().Tries; got != 3 {
				b.t.Errorf("%d tries after the unblock", got)
			}
			b.script(0, command(emv.INS24PINChange, 3, nil), emv.SW6A86Parameters)
			b.online(0)
		}, "07010103A0901801"},
		{"Visa's short form", "visa-credit", "", func(b *bench) { b.online(0) }, "06010A03A01000"},
		{"Visa's long form", "visa-22", "", func(b *bench) { b.online(0) }, "1F220100A010000100" + strings.Repeat("00", 23)},
		{"SM4 says so", "sm4", "", func(b *bench) { b.online(0) }, "07010103A0100004"},
		{"Mastercard, abroad", "mastercard-credit", "", func(b *bench) { b.online(0) }, "0111A0000324000000000000000000000000"},
		{"Mastercard, right PIN", "mastercard-credit", "", func(b *bench) {
			b.begin(card.Contact, 0)
			b.send(verifyPIN("8765"), emv.SW9000OK)
			b.first(emv.CID80ARQC, emv.CID80ARQC)
		}, "0111A5000304000000000000000000000000"},
	} {
		t.Run(v.name, func(t *testing.T) {
			b := behaviour{card: v.card, edit: v.edit}.bench(t)
			v.do(b)
			if got := fmt.Sprintf("%X", b.data[emv.Tag9F10IAD]); got != v.want {
				t.Errorf("got %s, want %s", got, v.want)
			}
		})
	}
}
