package emv

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// schemeKeys reads testdata/capk.txt and holds each key to its published check value.
func schemeKeys(t testing.TB) map[string]CAKey {
	t.Helper()
	text, err := os.ReadFile("testdata/capk.txt")
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]CAKey)
	for line := range strings.Lines(string(text)) {
		if line[0] == '#' {
			continue
		}
		w := strings.Fields(line)
		k, err := ParseCAKey(Data{Tag9F06AID: unhex(t, w[0]), Tag9F22CAKeyIndexTerminal: unhex(t, w[1]), TagDF02CAModulus: unhex(t, w[2]),
			TagDF04CAExponent: unhex(t, w[3]), TagDF03CACheckValue: unhex(t, w[4]), TagDF06CAHashAlgorithm: {1}, TagDF07CASignatureAlgorithm: {1}})
		if err != nil {
			t.Errorf("%s %s: %v", w[0], w[1], err)
		}
		keys[w[0]+w[1]] = k
	}
	return keys
}

// vectors reads testdata/recovery.txt.
func vectors(t testing.TB) (sets []map[string]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/recovery.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		switch w := strings.Fields(line); {
		case len(w) != 2:
		case w[0] == "set":
			sets = append(sets, map[string]string{"set": w[1]})
		default:
			sets[len(sets)-1][w[0]] = w[1]
		}
	}
	return sets
}

func dataOf(t testing.TB, set map[string]string) Data {
	d := Data{}
	for name, value := range set {
		if tag, err := strconv.ParseUint(name, 16, 32); err == nil && name != "ca" {
			d[tlv.Tag(tag)] = unhex(t, value)
		}
	}
	return d
}

func TestPublishedRecovery(t *testing.T) {
	keys := schemeKeys(t)
	if len(keys) < 15 {
		t.Fatalf("only %d scheme keys", len(keys))
	}
	for _, set := range vectors(t) {
		t.Run(set["set"], func(t *testing.T) {
			d, pan := dataOf(t, set), pay.NewPAN(set["pan"])
			issuer, err := IssuerKey(keys[set["ca"]], d, pan, "220506")
			if err != nil || !bytes.Equal(issuer.Modulus, unhex(t, set["issuer"])) {
				t.Fatalf("issuer key %X, %v", issuer.Modulus, err)
			}
			if _, err := IssuerKey(keys[set["ca"]], d, pan, "320101"); err == nil || !strings.Contains(err.Error(), "expired") {
				t.Errorf("in 2032: %v", err)
			}
			if _, err := IssuerKey(keys[set["ca"]], d, pay.NewPAN("6200123456789010"), "220506"); err == nil || !strings.Contains(err.Error(), "another issuer") {
				t.Errorf("another PAN: %v", err)
			}
			// The vectors come without the static data, so the hash over it cannot be right; the key can.
			icc, err := recoverKey(issuer.PublicKey, formatICC, iccOverhead, d[Tag9F46ICCCertificate], d[Tag9F48ICCRemainder], d[Tag9F47ICCExponent], nil)
			if err != nil || !bytes.Equal(icc.Modulus, unhex(t, set["icc"])) {
				t.Fatalf("ICC key %X, %v", icc.Modulus, err)
			}
			if _, err := ICCKey(issuer.PublicKey, d, nil, pan, "220506"); err == nil || !strings.Contains(err.Error(), "hash") {
				t.Errorf("without the static data: %v", err)
			}
			dynamic, err := VerifySDAD(icc.PublicKey, d[Tag9F4BSDAD], d[Tag9F37UnpredictableNumber])
			if err != nil || !bytes.Equal(dynamic.Number, d[Tag9F4CICCDynamicNumber]) {
				t.Fatalf("dynamic number %X, %v", dynamic.Number, err)
			}
			d[Tag9F4BSDAD][len(d[Tag9F4BSDAD])-1] ^= 1
			if _, err := VerifySDAD(icc.PublicKey, d[Tag9F4BSDAD], d[Tag9F37UnpredictableNumber]); err == nil {
				t.Error("a changed signature is good")
			}
			d[Tag9F4BSDAD][len(d[Tag9F4BSDAD])-1] ^= 1
			if _, err := VerifySDAD(icc.PublicKey, d[Tag9F4BSDAD], []byte{1, 2, 3, 4}); err == nil {
				t.Error("a signature over another number is good")
			}
			if set["hash"] != "" {
				checkCombined(t, icc.PublicKey, d, unhex(t, set["hash"]))
				return
			}
			ssad, err := recoverBlock(issuer.PublicKey, formatSSAD, d[Tag93SSAD], signatureOverhead+2)
			if err != nil || !bytes.Equal(ssad[3:5], d[Tag9F45DataAuthenticationCode]) {
				t.Errorf("data authentication code: %v", err)
			}
		})
	}
}

func checkCombined(t *testing.T, icc PublicKey, d Data, hash []byte) {
	t.Helper()
	data, err := recoverDynamic(icc, formatSDAD, d[Tag9F4BSDAD], d[Tag9F37UnpredictableNumber])
	if err != nil {
		t.Fatal(err)
	}
	c, err := combined(data)
	if err != nil || c.CID != CID00AAC || !bytes.Equal(c.AC, d[Tag9F26AC]) || !bytes.Equal(c.Hash, hash) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := VerifyCDA(icc, d[Tag9F4BSDAD], d[Tag9F37UnpredictableNumber], []byte("another transaction")); err == nil {
		t.Error("the hash over other data is good")
	}
}

func TestCAKeyIsRefused(t *testing.T) {
	good := func() Data {
		return Data{Tag9F06AID: unhex(t, "A000000333"), Tag9F22CAKeyIndexTerminal: {0xF1}, TagDF02CAModulus: {0x80, 1}, TagDF04CAExponent: {3}}
	}
	if _, err := ParseCAKey(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(Data){
		"no index":      func(d Data) { delete(d, Tag9F22CAKeyIndexTerminal) },
		"no modulus":    func(d Data) { delete(d, TagDF02CAModulus) },
		"check value":   func(d Data) { d[TagDF03CACheckValue] = make([]byte, 20) },
		"SM2":           func(d Data) { d[TagDF07CASignatureAlgorithm] = []byte{4} },
		"long exponent": func(d Data) { d[TagDF04CAExponent] = make([]byte, 4) },
	} {
		d := good()
		change(d)
		if _, err := ParseCAKey(d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPINBlocks(t *testing.T) {
	block, err := PlainPINBlock(pay.NewSecret("12345"))
	if err != nil || !bytes.Equal(block, unhex(t, "2512345FFFFFFFFF")) {
		t.Errorf("%X, %v", block, err)
	}
	for _, bad := range []string{"", "123", "12A4", "1234567890123"} {
		if _, err := PlainPINBlock(pay.NewSecret(bad)); err == nil {
			t.Errorf("%q is a PIN", bad)
		}
	}
	key := PublicKey{bytes.Repeat([]byte{0xFF}, 96), []byte{1}} // exponent 1 leaves the block as it is
	enciphered, err := EncipherPIN(key, pay.NewSecret("1234"), unhex(t, "0102030405060708"), strings.NewReader(strings.Repeat("r", 100)))
	if err != nil || !bytes.HasPrefix(enciphered, unhex(t, "7F 241234FFFFFFFFFF 0102030405060708 7272")) {
		t.Errorf("%X, %v", enciphered, err)
	}
}

func FuzzSignatures(f *testing.F) {
	key := PublicKey{bytes.Repeat([]byte{0xFF}, 100), []byte{1}} // the bytes are what is recovered
	f.Add([]byte{0x6A, 2, 0x62}, []byte{})
	f.Add([]byte{0x6A, 5, 1, 9, 8}, []byte{3})
	f.Fuzz(func(t *testing.T, b, more []byte) {
		block := append(b, make([]byte, 100)...)[:100]
		block[99] = recoveredTrailer
		d := Data{Tag90IssuerCertificate: block, Tag92IssuerRemainder: more, Tag9F32IssuerExponent: {3}, Tag9F46ICCCertificate: block,
			Tag9F48ICCRemainder: more, Tag9F47ICCExponent: {3}, Tag9F2DPINCertificate: block, Tag9F2EPINExponent: {3}}
		pan := pay.NewPAN("6200123456789010")
		_, _ = IssuerKey(CAKey{PublicKey: key}, d, pan, "260601")
		_, _ = ICCKey(key, d, more, pan, "260601")
		_, _ = PINKey(key, d, pan, "260601")
		_, _ = VerifySSAD(key, block, more)
		_, _ = VerifySDAD(key, block, more)
		_, _ = VerifyCDA(key, block, more)
		_, _ = key.Apply(b)
	})
}
