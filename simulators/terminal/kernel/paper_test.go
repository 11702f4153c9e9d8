package kernel

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// private is one of the test keys of testdata/keys.txt.
type private struct{ n, d *big.Int }

func (k private) public() emv.PublicKey {
	return emv.PublicKey{Modulus: k.n.Bytes(), Exponent: []byte{3}}
}

func (k private) sign(block []byte) []byte {
	x := new(big.Int).SetBytes(block)
	return x.Exp(x, k.d, k.n).FillBytes(make([]byte, len(block)))
}

func testKeys(t testing.TB) map[string]private {
	t.Helper()
	text, err := os.ReadFile("testdata/keys.txt")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]private{}
	for line := range strings.Lines(string(text)) {
		if w := strings.Fields(line); line[0] != '#' {
			keys[w[0]] = private{new(big.Int).SetBytes(unhex(w[1])), new(big.Int).SetBytes(unhex(w[2]))}
		}
	}
	return keys
}

// seal frames and hashes content to a block of 128 bytes and signs it.
func (k private) seal(head, content, also []byte) []byte {
	block := slices.Concat([]byte{0x6A}, head, content)
	block = append(block, bytes.Repeat([]byte{0xBB}, 128-21-len(block))...)
	sum := sha1.Sum(slices.Concat(block[1:], also))
	return k.sign(append(append(block, sum[:]...), 0xBC))
}

// certify makes a certificate of a 128-byte key under a 128-byte key: what does not fit is the remainder.
func (k private) certify(format byte, owner string, key private, static []byte) (certificate, remainder []byte) {
	room := 128 - 36
	if format == 0x04 {
		room = 128 - 42
	}
	modulus := key.n.Bytes()
	head := slices.Concat([]byte{format}, unhex(owner), unhex("1230 000001 01 01 80 01"))
	return k.seal(head, modulus[:room], slices.Concat(modulus[room:], []byte{3}, static)), modulus[room:]
}

// paper is a card on paper: all that it says is data, so that a test changes one thing. The zero CID list answers what is asked.
type paper struct {
	keys     map[string]private
	pse      bool
	ppse     bool
	name     []byte
	priority byte
	pdol     []byte
	aip      emv.AIP
	data     emv.Data // its record
	options  emv.Data // contactless: what GET PROCESSING OPTIONS brings beside AIP and AFL
	get      emv.Data // GET DATA
	answers  []emv.CID
	pin      string
	tries    int
	refuse   map[byte]emv.StatusWord // by instruction
	goneAt   int                     // the command at which it is taken away; 0 never
	spoilCDA bool
	spoilSDA bool
	spoilDDA bool
	fast     byte                                   // format of a signature of fast DDA
	long     bool                                   // a signed cryptogram stands in longer lengths than needed
	format2  bool                                   // INTERNAL AUTHENTICATE answers in template 77
	pinCert  bool                                   // it has a key of its own for PINs
	afl      []byte                                 // instead of the usual one
	raw      func(emv.Command) (emv.Response, bool) // what a test wants answered otherwise

	seen   []emv.Command
	sent   []byte              // what a combined signature covers
	number []byte              // 9F37
	made   [][]byte            // the records, made once
	shared map[string][][]byte // records of cards before; signing takes longer than all the rest
	acs    int
}

const (
	testPAN  = "6200123456789010"
	testAID  = "A000000333010102"
	cdol1    = "9F0206 9F0306 9F1A02 9505 5F2A02 9A03 9C01 9F3704 9F2103 9F4E14"
	cdol2    = "8A02 9505 9F3704 9F0206 9F0306 9F1A02 5F2A02 9A03 9C01 9F2103"
	quickTTQ = "26000080"
)

// newPaper is the base card: one that pays 10 CNY offline with its PIN and a DDA signature.
func newPaper(t testing.TB) *paper {
	return &paper{
		keys: testKeys(t), pse: true, name: unhex(testAID), priority: 1, aip: emv.AIP1x20DDA | emv.AIP1x10CVM | emv.AIP1x08TerminalRisk | emv.AIP1x04IssuerAuth,
		data: emv.Data{
			emv.Tag5APAN: unhex(testPAN), emv.Tag57Track2Equivalent: unhex("6200123456789010D30122011234567F"), emv.Tag5F34PSN: {1},
			emv.Tag5F24Expiry: unhex("301231"), emv.Tag5F25Effective: unhex("200101"), emv.Tag5F28IssuerCountry: unhex("0156"),
			emv.Tag9F07AUC: unhex("FFC0"), emv.Tag9F08CardVersion: unhex("0030"), emv.Tag9F42ApplicationCurrency: unhex("0156"),
			emv.Tag8CCDOL1: unhex(cdol1), emv.Tag8DCDOL2: unhex(cdol2), emv.Tag8ECVMList: unhex("00000000 00000000 4103 4203 5E03 1F03"),
			emv.Tag9F0DIACDefault: unhex("D8603CA800"), emv.Tag9F0EIACDenial: unhex("0010800000"), emv.Tag9F0FIACOnline: unhex("D8683CF800"),
			emv.Tag9F49DDOL: unhex("9F3704"), emv.Tag9F4ASDATagList: {0x82},
		},
		get: emv.Data{emv.Tag9F36ATC: {0, 9}, emv.Tag9F13LastOnlineATC: {0, 7}, emv.Tag9F17PINTries: {3}},
		pin: "1234", tries: 3, refuse: map[byte]emv.StatusWord{},
	}
}

func (p *paper) static() []byte {
	b := p.record()
	if list, ok := p.data[emv.Tag9F4ASDATagList]; ok && bytes.Equal(list, []byte{0x82}) {
		b = append(b, p.aip.Bytes()...)
	}
	return b
}

// record is the first record's content, its tags in rising order.
func (p *paper) record() (b []byte) {
	tags := make([]tlv.Tag, 0, len(p.data))
	for tag := range p.data {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		b = tlv.Append(b, tag, p.data[tag])
	}
	return b
}

// records are file 1: the signed data, the issuer's certificate, the signature of SDA, the card's certificate.
func (p *paper) records() [][]byte {
	if p.made != nil {
		return p.made
	}
	key := fmt.Sprint(p.spoilSDA, p.pinCert, p.static())
	if p.made = p.shared[key]; p.made != nil {
		return p.made
	}
	issuer, rest := p.keys["ca"].certify(0x02, "620012FF", p.keys["issuer"], nil)
	icc, iccRest := p.keys["issuer"].certify(0x04, testPAN+"FFFF", p.keys["icc"], p.static())
	ssad := p.keys["issuer"].seal([]byte{0x03, 0x01, 0xDA, 0xC0}, nil, p.static())
	if p.spoilSDA {
		ssad[40] ^= 1
	}
	list := func(d ...any) (b []byte) {
		for i := 0; i < len(d); i += 2 {
			b = tlv.Append(b, d[i].(tlv.Tag), d[i+1].([]byte))
		}
		return b
	}
	pin, pinRest := p.keys["issuer"].certify(0x04, testPAN+"FFFF", p.keys["icc"], nil)
	p.made = [][]byte{
		p.record(),
		list(emv.Tag8FCAKeyIndex, []byte{0xF1}, emv.Tag90IssuerCertificate, issuer, emv.Tag92IssuerRemainder, rest, emv.Tag9F32IssuerExponent, []byte{3}),
		list(emv.Tag93SSAD, ssad),
		list(emv.Tag9F46ICCCertificate, icc, emv.Tag9F48ICCRemainder, iccRest, emv.Tag9F47ICCExponent, []byte{3}),
	}
	if p.pinCert {
		p.made = append(p.made, list(emv.Tag9F2DPINCertificate, pin, emv.Tag9F2FPINRemainder, pinRest, emv.Tag9F2EPINExponent, []byte{3}))
	}
	if p.shared != nil {
		p.shared[key] = p.made
	}
	return p.made
}

func ok(data []byte) emv.Response { return emv.Response{Data: data, SW: emv.SW9000OK} }

func template(tag tlv.Tag, content ...[]byte) []byte {
	return tlv.Append(nil, tag, slices.Concat(content...))
}

// answer is the card's side of one command.
func (p *paper) answer(c emv.Command) emv.Response {
	p.seen = append(p.seen, c)
	if p.raw != nil {
		if r, ok := p.raw(c); ok {
			return r
		}
	}
	if sw, no := p.refuse[c.INS]; no {
		return emv.Response{SW: sw}
	}
	switch c.INS {
	case emv.INSA4Select:
		return p.selected(c)
	case emv.INSB2ReadRecord:
		if sfi := c.P2 >> 3; sfi == 5 && c.P1 == 1 {
			return ok(template(emv.Tag70RecordTemplate, p.entry()))
		} else if records := p.records(); sfi == 1 && int(c.P1) <= len(records) {
			return ok(template(emv.Tag70RecordTemplate, records[c.P1-1]))
		}
		return emv.Response{SW: emv.SW6A83RecordNotFound}
	case emv.INSA8GetProcessing:
		return p.begun(c)
	case emv.INS88InternalAuth:
		sdad := p.keys["icc"].seal([]byte{0x05, 0x01, 0x03, 0x02, 0x12, 0x34}, nil, c.Data)
		if p.spoilDDA {
			sdad[40] ^= 1
		}
		if p.format2 {
			return ok(template(emv.Tag77ResponseFormat2, template(emv.Tag9F4BSDAD, sdad)))
		}
		return ok(template(emv.Tag80ResponseFormat1, sdad))
	case emv.INSCAGetData:
		if v, has := p.get[tlv.Tag(c.P1)<<8|tlv.Tag(c.P2)]; has {
			return ok(template(tlv.Tag(c.P1)<<8|tlv.Tag(c.P2), v))
		}
		return emv.Response{SW: emv.SW6A88DataNotFound}
	case emv.INS84GetChallenge:
		return ok([]byte("CHALLENG"))
	case emv.INS20Verify:
		return p.verified(c)
	case emv.INSAEGenerateAC:
		return p.cryptogram(c)
	}
	return ok(nil)
}

func (p *paper) entry() []byte {
	return template(emv.Tag61ApplicationTemplate, template(emv.Tag4FADFName, p.name), template(emv.Tag50Label, []byte("PAPER")), template(emv.Tag87Priority, []byte{p.priority}))
}

func (p *paper) selected(c emv.Command) emv.Response {
	fci := func(name []byte, more ...[]byte) emv.Response {
		return ok(template(emv.Tag6FFCITemplate, template(emv.Tag84DFName, name), template(emv.TagA5FCIProprietary, more...)))
	}
	switch {
	case string(c.Data) == emv.PSEContact && p.pse:
		return fci(c.Data, template(emv.Tag88SFI, []byte{5}))
	case string(c.Data) == emv.PPSEProximity && p.ppse:
		return fci(c.Data, template(emv.TagBF0CFCIIssuerDiscretionary, p.entry()))
	case bytes.HasPrefix(p.name, c.Data) && c.P2 == emv.P2x00First:
		var pdol []byte
		if p.pdol != nil {
			pdol = template(emv.Tag9F38PDOL, p.pdol)
		}
		return fci(p.name, template(emv.Tag50Label, []byte("PAPER")), template(emv.Tag87Priority, []byte{p.priority}), pdol)
	}
	return emv.Response{SW: emv.SW6A82FileNotFound}
}

func (p *paper) begun(c emv.Command) emv.Response {
	p.sent, p.acs = bytes.Clone(c.Data[2:]), 0
	afl := unhex("08010401")
	if p.afl != nil {
		afl = p.afl
	}
	if p.options == nil {
		return ok(template(emv.Tag80ResponseFormat1, p.aip.Bytes(), afl))
	}
	content := [][]byte{template(emv.Tag82AIP, p.aip.Bytes())}
	for tag, v := range p.options {
		content = append(content, template(tag, v))
	}
	return ok(template(emv.Tag77ResponseFormat2, content...))
}

func (p *paper) verified(c emv.Command) emv.Response {
	block := c.Data
	if c.P2 == emv.P2x88EncipheredPIN {
		block = p.keys["icc"].sign(c.Data)[1:9]
	}
	want, _ := emv.PlainPINBlock(pay.NewSecret(p.pin))
	switch {
	case p.tries == 0:
		return emv.Response{SW: emv.SW6983AuthBlocked}
	case bytes.Equal(block, want):
		return ok(nil)
	}
	p.tries--
	return emv.Response{SW: emv.SW63C0Tries | emv.StatusWord(p.tries)}
}

func (p *paper) cryptogram(c emv.Command) emv.Response {
	kind := emv.CID(c.P1).Kind()
	if p.acs < len(p.answers) {
		kind = p.answers[p.acs]
	}
	p.acs++
	p.sent = append(p.sent, c.Data...)
	ac, iad := unhex("1122334455667788"), unhex("07010103A0200001")
	if c.P1&emv.P1x10CDA == 0 || kind.Kind() == emv.CID00AAC {
		return ok(template(emv.Tag80ResponseFormat1, []byte{byte(kind), 0, 9}, ac, iad))
	}
	content := slices.Concat(template(emv.Tag9F27CID, []byte{byte(kind)}), template(emv.Tag9F36ATC, []byte{0, 9}), template(emv.Tag9F10IAD, iad))
	if p.long { // the same in longer lengths than needed, and in another order
		content = slices.Concat(unhex("9F108108"), iad, unhex("9F36810200099F278101"), []byte{byte(kind)})
	}
	sum := sha1.Sum(slices.Concat(p.sent, content))
	dynamic := slices.Concat([]byte{2, 0xAB, 0xCD, byte(kind)}, ac, sum[:])
	sdad := p.keys["icc"].seal([]byte{0x05, 0x01, byte(len(dynamic))}, dynamic, p.number)
	if p.spoilCDA {
		sdad[40] ^= 1
	}
	return ok(template(emv.Tag77ResponseFormat2, content, template(emv.Tag9F4BSDAD, sdad)))
}

// setting is one card at one terminal, with the people and the host around them.
type setting struct {
	card  *paper
	c     *Config
	host  Host
	pins  []PIN // what the cardholder does at each PIN; then the right one
	takes int   // which application is chosen
	asked []Need
}

// steady gives the same byte for ever.
type steady byte

func (s steady) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s)
	}
	return len(b), nil
}

func baseApp() App {
	return App{AID: unhex("A00000033301"), Data: emv.Data{
		emv.Tag9F06AID: unhex("A00000033301"), emv.TagDF01SelectionIndicator: {0}, emv.Tag9F09TerminalVersion: unhex("0030"), emv.TagDF11TACDefault: unhex("DC4000A800"),
		emv.TagDF12TACOnline: unhex("DC4004F800"), emv.TagDF13TACDenial: unhex("0010000000"), emv.Tag9F1BFloorLimit: unhex("00001388"),
		emv.TagDF15RandomThreshold: unhex("000003E8"), emv.TagDF16RandomMaxPercent: unhex("00"), emv.TagDF17RandomPercent: unhex("00"),
		emv.TagDF14DefaultDDOL: unhex("9F3704"), emv.TagDF18OnlinePINCapable: {1}, emv.TagDF19ContactlessFloorLimit: unhex("000000005000"),
		emv.TagDF20ContactlessLimit: unhex("000000500000"), emv.TagDF21ContactlessCVMLimit: unhex("000000100000"),
	}}
}

// newSetting is the base setting: 10 CNY at an attended terminal that can everything.
func newSetting(t testing.TB) *setting {
	card := newPaper(t)
	return &setting{card: card, host: Host{Reached: true, Answer: "00"}, c: &Config{
		Rules: Reference(), Apps: []App{baseApp()}, Keys: []emv.CAKey{{PublicKey: card.keys["ca"].public(), RID: unhex("A000000333"), Index: 0xF1}},
		Terminal: emv.Data{
			emv.Tag9F33TerminalCapabilities: unhex("E0F9C8"), emv.Tag9F35TerminalType: {0x22}, emv.Tag9F40AdditionalCapabilities: unhex("6000F0A001"),
			emv.Tag9F1ATerminalCountry: unhex("0156"), emv.Tag9F1EIFDSerial: []byte("TILL0001"), emv.Tag9F66TTQ: unhex(quickTTQ),
		},
		Amount: pay.CNY(1000), Now: time.Date(2026, 6, 1, 9, 30, 0, 0, time.FixedZone("", 8*3600)), Sequence: 1, Random: steady(0),
	}}
}

// run does the transaction and hands every need to its answerer.
func (s *setting) run() Outcome {
	commands := 0
	return Run(s.c, func(n Need) Answer {
		s.asked = append(s.asked, n)
		switch n.Kind {
		case NeedAPDU:
			if commands++; commands == s.card.goneAt {
				return Answer{Reader: CardGone}
			}
			s.card.number = make([]byte, 4) // steady(0) gives it
			return Answer{Response: s.card.answer(n.Command)}
		case NeedChoice:
			return Answer{Choice: s.takes}
		case NeedPIN:
			if len(s.pins) == 0 {
				return Answer{PIN: PIN{Clear: pay.NewSecret(s.card.pin)}}
			}
			p := s.pins[0]
			s.pins = s.pins[1:]
			return Answer{PIN: p}
		case NeedDocument:
			return Answer{Agreed: true}
		}
		return Answer{Host: s.host}
	})
}
