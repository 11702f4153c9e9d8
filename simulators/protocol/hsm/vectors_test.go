package hsm_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// The keys of the golden frames (DOMAIN.md B.2).
const (
	goldenTMK = "CA5D92598DCA48CE8A4C76361A9269E9"
	goldenPIK = "807A23AD32B36D457AE91FDF927570EA"
	goldenMAK = "5BB5C72CD00B7338"
	goldenF62 = "6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8" + "B651F9E9BACE9AE10000000000000000AB7153CA"
	goldenPAN = "6200123456789010"
)

func TestMACVectors(t *testing.T) {
	const double = "0123456789ABCDEFFEDCBA9876543210"
	const cnblogs = "02003020048000c08015000000000000001234000002030099303030303030303139353237313831383232313738373531353600192600000100060000000000435f01123238343431323334353637383930313233345f03063136303033365f04063230303832365c023031"
	const message = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
	const aesKey = "2b7e151628aed2a6abf7158809cf4f3c"
	for _, c := range []struct {
		name string
		mac  hsm.MACAlgorithm
		key  hsm.Algorithm
		hex  string
		data []byte
		want []byte
	}{
		{"B.1 vector 1, single DES", hsm.MACUnionPayECB, hsm.DES, "0723C80DB5F4CD3D", unhex(cnblogs), []byte("B3A092AE")},
		{"B.1 vector 2, double DES", hsm.MACUnionPayECB, hsm.TDES2, "55036372B17543ECB173730768B8D6C4", unhex("1212B04E1227809C"), []byte("5FE058DB")},
		{"B.1 vector 2, split in blocks whose sum is the same", hsm.MACUnionPayECB, hsm.TDES2, "55036372B17543ECB173730768B8D6C4", unhex("1112B04E1227809C03"), []byte("5FE058DB")},
		{"B.1 vector 4, SM4", hsm.MACUnionPaySM4, hsm.SM4, double, unhex(cnblogs), []byte("A580B05F")},
		{"X9.9", hsm.MACX99, hsm.DES, "0123456789ABCDEF", []byte("7654321 Now is the time for "), unhex("F1D30F6849312CA4")},
		{"CBC under single DES is X9.9", hsm.MACCBC, hsm.DES, "0123456789ABCDEF", []byte("7654321 Now is the time for "), unhex("F1D30F6849312CA4")},
		{"X9.19 whole blocks", hsm.MACX919, hsm.TDES2, double, []byte("Now is the time for all "), unhex("A1C72E74EA3FA9B6")},
		{"X9.19 filled up", hsm.MACX919, hsm.TDES2, double, []byte("Now is the time for it"), unhex("2E2B1428CC78254F")},
		{"RFC 4493 example 1", hsm.MACAESCMAC, hsm.AES128, aesKey, nil, unhex("bb1d6929e95937287fa37d129b756746")},
		{"RFC 4493 example 2", hsm.MACAESCMAC, hsm.AES128, aesKey, unhex(message)[:16], unhex("070a16b46b4d4144f79bdd9dd04a287c")},
		{"RFC 4493 example 3", hsm.MACAESCMAC, hsm.AES128, aesKey, unhex(message)[:40], unhex("dfa66747de9ae63030ca32611497c827")},
		{"RFC 4493 example 4", hsm.MACAESCMAC, hsm.AES128, aesKey, unhex(message), unhex("51f0bebf7e3b9d92fc49741779363cfe")},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := module(t, "MAK", c.key, c.hex)
			got, err := h.MAC("MAK", c.mac, c.data)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Fatalf("got %q (%X), %v, want %q (%X)", got, got, err, c.want, c.want)
			}
			if ok, err := h.VerifyMAC("MAK", c.mac, c.data, c.want); !ok || err != nil {
				t.Errorf("its own MAC does not verify: %v", err)
			}
			if ok, err := h.VerifyMAC("MAK", c.mac, append(c.data, 1), c.want); ok || err != nil {
				t.Errorf("verifies data that was changed: %v, %v", ok, err)
			}
		})
	}
}

// The golden frames (DOMAIN.md H.3) were computed from the same facts as this package: they hold the code to the facts, not
// the facts to the world.
func TestGoldenFrameMACs(t *testing.T) {
	h := module(t, "MAK", hsm.DES, goldenMAK)
	for name, frame := range map[string]string{
		"sale":           "007D60000300006031003100000200702004C020C0981116620012345678901000000000000001000000000202100006376200123456789010D3012201123456789012303132333435363738383938333230353438313630303031313536EA2514F264D469BE26000000000000000013220000010006003146303534323535",
		"sale answer":    "009260000000036031003100000210703A00810ED080131662001234567890100000000000000100000000020930150601060100084827000032363036303130303030303231323334353630303132333435363738383938333230353438313630303031223031303230303030202020343832373030303020202031353600132200000100060000034355503841393431373934",
		"reversal":       "005A600003000060310031000004007020048002C08011166200123456789010000000000000010000000002021000393831323334353637383839383332303534383136303030313135360013220000010006003046363733343730",
		"balance answer": "008060000000036031003100000210603A00810AC084111662001234567890103100000000110931150601060100084827000032363036303130303030313130303132333435363738383938333230353438313630303031313536002031303032313536433030303030303132333435360013010000010006003839394436434539",
		"chip sale":      "010960000300006031003100000200702406C020C09A111662001234567890100000000000000100000000163012051000010006376200123456789010D3012201123456789012303132333435363738383938333230353438313630303031313536EA2514F264D469BE260000000000000001349F2608C05040629FF93A869F2701809F100807010103A02000019F37041A2B3C4D9F36020001950500000480009A032606019C01009F02060000000100005F2A02015682027C009F1A0201569F03060000000000009F3303E0E1C89F34030203009F3501229F1E0831323334353637388408A0000003330101029F090200309F4104000000160013220000010006003842443935443533",
		"payer code":     "0069600003000060310031000002003020048000C08031000000000000010000000017032000313233343536373838393833323035343831363030303131353600244133303139363231323334353637383930313233343536370013220000010006003935313131444430",
	} {
		t.Run(name, func(t *testing.T) {
			message := unhex(frame)[13:] // behind length, TPDU and header
			data, f64 := message[:len(message)-8], message[len(message)-8:]
			if ok, err := h.VerifyMAC("MAK", hsm.MACUnionPayECB, data, f64); !ok || err != nil {
				t.Errorf("F64 %s does not verify: %v", f64, err)
			}
		})
	}
}

func TestCheckValues(t *testing.T) {
	for _, c := range []struct {
		name      string
		algorithm hsm.Algorithm
		hex, want string
	}{
		{"TMK", hsm.TDES2, goldenTMK, "43C6CCCB"},
		{"PIK", hsm.TDES2, goldenPIK, "8D0A74B8"},
		{"MAK", hsm.DES, goldenMAK, "AB7153CA"},
		{"SM4", hsm.SM4, "0123456789ABCDEFFEDCBA9876543210", "2677F46B"},
		{"triple length of two halves is double length", hsm.TDES3, goldenTMK + goldenTMK[:16], "43C6CCCB"},
		{"AES-128, FIPS 197 cipher of zeros", hsm.AES128, strings.Repeat("00", 16), "66E94BD4"},
		{"AES-192", hsm.AES192, strings.Repeat("00", 24), "AAE06992"},
		{"AES-256", hsm.AES256, strings.Repeat("00", 32), "DC95C078"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hsm.New(bytes.NewReader(nil))
			kcv, err := h.Import("K", c.algorithm, unhex(c.hex))
			if err != nil || kcv.String() != c.want {
				t.Errorf("got %s, %v, want %s", kcv, err, c.want)
			}
			if again, err := h.KCV("K"); again != kcv || err != nil {
				t.Errorf("KCV gives %s, %v", again, err)
			}
		})
	}
}

func TestCMACCheckValue(t *testing.T) {
	// The CMAC was computed by OpenSSL.
	h := module(t, "K", hsm.AES128, strings.Repeat("00", 16))
	got, err := h.CMACCheckValue("K")
	if err != nil || hex.EncodeToString(got) != "763cbcde81" {
		t.Errorf("got %x, %v", got, err)
	}
}

// GB/T 32907, example 1: one encryption under SM4. Wrapping a key is one.
func TestSM4Vector(t *testing.T) {
	const k = "0123456789ABCDEFFEDCBA9876543210"
	h := module(t, "KEK", hsm.SM4, k)
	mustImport(t, h, "K", hsm.SM4, k)
	got, kcv, err := h.Wrap("KEK", "K")
	if err != nil || !bytes.Equal(got, unhex("681EDF34D206965E86B3E94F536E4246")) || kcv.String() != "2677F46B" {
		t.Errorf("got %X, KCV %s, %v", got, kcv, err)
	}
}

func module(t testing.TB, name string, a hsm.Algorithm, key string) *hsm.HSM {
	t.Helper()
	h := hsm.New(sim.Seed(1).Reader("hsm"))
	mustImport(t, h, name, a, key)
	return h
}

func mustImport(t testing.TB, h *hsm.HSM, name string, a hsm.Algorithm, key string) {
	t.Helper()
	if _, err := h.Import(name, a, unhex(key)); err != nil {
		t.Fatal(err)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func secret(s string) pay.Secret { return pay.NewSecret(s) }
