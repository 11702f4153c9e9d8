package hsm_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/cbcmac"
	"github.com/emmansun/gmsm/padding"
	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

func algorithms() []hsm.Algorithm {
	return []hsm.Algorithm{hsm.DES, hsm.TDES2, hsm.TDES3, hsm.AES128, hsm.AES192, hsm.AES256, hsm.SM4}
}

func TestComponentsJoinToTheKey(t *testing.T) {
	for _, a := range algorithms() {
		for n := 2; n <= 3; n++ {
			t.Run(fmt.Sprintf("%s in %d", a, n), func(t *testing.T) {
				h := hsm.New(sim.Seed(2).Reader("hsm"))
				generate(t, h, "K", a)
				want, _ := h.KCV("K")
				parts, err := h.Components("K", n)
				if err != nil || len(parts) != n {
					t.Fatalf("%d parts, %v", len(parts), err)
				}
				got, err := h.Import("K2", a, parts...)
				if err != nil || got != want {
					t.Errorf("joined key has KCV %s, %v, want %s", got, err, want)
				}
				if missing, err := h.Import("K3", a, parts[:n-1]...); err != nil || missing == want {
					t.Errorf("one component is not needed: %v", err)
				}
			})
		}
	}
}

func TestWrapAndUnwrap(t *testing.T) {
	h := hsm.New(sim.Seed(2).Reader("hsm"))
	for _, a := range algorithms() {
		generate(t, h, string(a), a)
	}
	for _, under := range []hsm.Algorithm{hsm.TDES2, hsm.TDES3, hsm.AES128, hsm.SM4} {
		for _, a := range algorithms() {
			wrapped, want, err := h.Wrap(string(under), string(a))
			if fits := under == hsm.TDES2 || under == hsm.TDES3 || a.Size()%16 == 0; !fits {
				if err == nil {
					t.Errorf("%d bytes under %s: want an error, they are no whole blocks", a.Size(), under)
				}
				continue
			}
			got, err2 := h.Unwrap(string(under), "back", a, wrapped)
			if got != want || err != nil || err2 != nil {
				t.Errorf("%s under %s: KCV %s, want %s, %v, %v", a, under, got, want, err, err2)
			}
		}
	}
}

func TestGeneratedKeysHaveOddParity(t *testing.T) {
	h := hsm.New(sim.Seed(5).Reader("hsm"))
	generate(t, h, "K", hsm.TDES3)
	parts, err := h.Components("K", 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range parts[0] {
		if bits.OnesCount8(parts[0][i]^parts[1][i])%2 != 1 {
			t.Errorf("byte %d has even parity", i)
		}
	}
}

func TestSameSeedSameKeys(t *testing.T) {
	kcv := func(seed sim.Seed) hsm.KCV {
		k, err := hsm.New(seed.Reader("hsm")).Generate("K", hsm.AES256)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if kcv(1) != kcv(1) || kcv(1) == kcv(2) {
		t.Error("keys do not follow the seed")
	}
}

func TestRefusals(t *testing.T) {
	h := module(t, "K", hsm.TDES2, goldenPIK)
	generate(t, h, "AES", hsm.AES128)
	eight, sixteen := make([]byte, 8), make([]byte, 16)
	for name, err := range map[string]error{
		"import, no components":     second(h.Import("X", hsm.DES)),
		"import, four components":   second(h.Import("X", hsm.DES, eight, eight, eight, eight)),
		"import, wrong length":      second(h.Import("X", hsm.DES, eight, sixteen)),
		"import, unknown algorithm": second(h.Import("X", "rot13", nil)),
		"generate, unknown":         second(h.Generate("X", "rot13")),
		"unwrap, no key":            second(h.Unwrap("none", "X", hsm.DES, eight)),
		"unwrap, empty":             second(h.Unwrap("K", "X", hsm.DES, nil)),
		"unwrap, wrong length":      second(h.Unwrap("K", "X", hsm.DES, sixteen)),
		"unwrap, half a block":      second(h.Unwrap("K", "X", hsm.DES, eight[:4])),
		"components of none":        second(h.Components("none", 2)),
		"one component":             second(h.Components("K", 1)),
		"four components":           second(h.Components("K", 4)),
		"kcv of none":               second(h.KCV("none")),
		"cmac of 3des":              second(h.CMACCheckValue("K")),
		"mac, no key":               second(h.MAC("none", hsm.MACCBC, nil)),
		"mac x9.9 double":           second(h.MAC("K", hsm.MACX99, nil)),
		"mac x9.19 aes":             second(h.MAC("AES", hsm.MACX919, nil)),
		"mac fold aes":              second(h.MAC("AES", hsm.MACUnionPayECB, nil)),
		"mac sm4 by 3des":           second(h.MAC("K", hsm.MACUnionPaySM4, nil)),
		"mac unknown":               second(h.MAC("K", "crc", nil)),
		"verify, no key":            second(h.VerifyMAC("none", hsm.MACCBC, nil, eight)),
		"seal under 3des":           second(h.Seal("K", nil)),
		"seal, no key":              second(h.Seal("none", nil)),
		"open, no key":              second(h.Open("none", nil)),
		"open, too short":           second(h.Open("AES", eight)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if h.Has("X") {
		t.Error("a refused key was stored")
	}
	h.Delete("K")
	h.Delete("K")
	if h.Has("K") {
		t.Error("a deleted key is still there")
	}
	if _, err := h.KCV("K"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("a deleted key gives %v", err)
	}
}

func TestKCVMatches(t *testing.T) {
	k := hsm.KCV{0x8D, 0x0A, 0x74, 0xB8}
	for text, want := range map[string]bool{
		"8D0A74B8": true, "8d0a74b8": true, "8D0A74": true, "8d0a74": true,
		"8D0A": false, "8D0A74B9": false, "": false, "8D0A74B": false, "8D0A74B800": false,
	} {
		if k.Matches(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

func TestVerifyMACLength(t *testing.T) {
	h := module(t, "K", hsm.AES128, goldenPIK)
	mac, err := h.MAC("K", hsm.MACAESCMAC, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		candidate := append(bytes.Clone(mac), 0, 0, 0, 0)[:n]
		ok, err := h.VerifyMAC("K", hsm.MACAESCMAC, []byte("data"), candidate)
		if want := n >= 8 && n <= 16; ok != want || err != nil {
			t.Errorf("%d bytes: %v, %v, want %v", n, ok, err, want)
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	h := hsm.New(sim.Seed(1).Reader("hsm"))
	generate(t, h, "K", hsm.AES256)
	generate(t, h, "other", hsm.AES256)
	clear := []byte("a stored card")
	sealed, err := h.Seal("K", clear)
	if err != nil || bytes.Contains(sealed, clear) {
		t.Fatalf("sealed %q, %v", sealed, err)
	}
	if again, _ := h.Seal("K", clear); bytes.Equal(again, sealed) {
		t.Error("the nonce is used twice")
	}
	if got, err := h.Open("K", sealed); err != nil || !bytes.Equal(got, clear) {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, err := h.Open("other", sealed); err == nil {
		t.Error("opens under another key")
	}
	for i := range sealed {
		sealed[i] ^= 1
		if _, err := h.Open("K", sealed); err == nil {
			t.Errorf("opens with byte %d changed", i)
		}
		sealed[i] ^= 1
	}
}

// gmsm's cbcmac is a second implementation of the chained MACs, with the same zero fill.
func TestMACsAgreeWithGMSM(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key")
		data := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "data")
		h := hsm.New(bytes.NewReader(nil))
		for name, key := range map[string]struct {
			a     hsm.Algorithm
			clear []byte
		}{"double": {hsm.TDES2, k}, "single": {hsm.DES, k[:8]}, "aes": {hsm.AES128, k}} {
			if _, err := h.Import(name, key.a, key.clear); err != nil {
				t.Fatal(err)
			}
		}
		single := func(key []byte) cipher.Block { b, _ := des.NewCipher(key); return b }
		create := func(key []byte) (cipher.Block, error) { return des.NewCipher(key) }
		retail := cbcmac.NewANSIRetailMACWithPadding(create, k[:8], k[8:], 8, padding.NewZeroPadding)
		same(t, h, "double", hsm.MACX919, data, retail.MAC(data))
		chained := cbcmac.NewCBCMACWithPadding(single(k[:8]), 8, padding.NewZeroPadding)
		same(t, h, "single", hsm.MACX99, data, chained.MAC(data))
		same(t, h, "single", hsm.MACCBC, data, chained.MAC(data))
	})
}

func same(t *rapid.T, h *hsm.HSM, key string, a hsm.MACAlgorithm, data, want []byte) {
	t.Helper()
	if got, err := h.MAC(key, a, data); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s: got %X, %v, want %X", a, got, err, want)
	}
}

// However a module is printed, and whatever it is part of, no key byte shows.
func TestPrintsNoKey(t *testing.T) {
	h := module(t, "T1/TMK", hsm.TDES2, goldenTMK)
	mustImport(t, h, "T1/MAK", hsm.DES, goldenMAK)
	mustImport(t, h, "T1/AES", hsm.AES128, goldenPIK)
	holder := struct {
		Open   *hsm.HSM
		Value  hsm.HSM
		hidden *hsm.HSM
		value  hsm.HSM
	}{h, *h, h, *h}
	var out strings.Builder
	for _, v := range []any{h, *h, holder, &holder, []any{h}, map[string]*hsm.HSM{"k": h}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		js, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(js)
	}
	printed := strings.ToUpper(out.String())
	for _, key := range []string{goldenTMK, goldenMAK, goldenPIK} {
		raw := unhex(key)
		for _, form := range []string{key[:12], strings.ToUpper(string(raw[:4])), strings.Trim(fmt.Sprint(raw[:4]), "[]"), strings.Trim(fmt.Sprintf("%#v", raw[:4]), "[]byte{}")} {
			if strings.Contains(printed, strings.ToUpper(form)) {
				t.Errorf("found %q in what is printed", form)
			}
		}
	}
	if got := fmt.Sprint(h); got != "hsm with 3 keys" {
		t.Errorf("printed %q", got)
	}
}

func TestManyGoroutines(t *testing.T) {
	h := module(t, "shared", hsm.TDES2, goldenPIK)
	pan := pay.NewPAN(goldenPAN)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			own := fmt.Sprint("own", i)
			for range 20 {
				if _, err := h.Generate(own, hsm.SM4); err != nil {
					t.Error(err)
				}
				block, err := h.EncryptPIN("shared", hsm.PINISO3, secret("1234"), pan)
				if err != nil {
					t.Error(err)
				}
				if _, err := h.TranslatePIN("shared", hsm.PINISO3, own, hsm.PINISO0, pan, block); err != nil {
					t.Error(err)
				}
				if _, err := h.MAC("shared", hsm.MACX919, block); err != nil {
					t.Error(err)
				}
				_ = fmt.Sprint(h)
				h.Delete(own)
			}
		})
	}
	all.Wait()
}

func BenchmarkMAC(b *testing.B) {
	h := module(b, "double", hsm.TDES2, goldenPIK)
	mustImport(b, h, "single", hsm.DES, goldenMAK)
	mustImport(b, h, "sm4", hsm.SM4, goldenPIK)
	data := make([]byte, 120) // a sale of DOMAIN.md H.3
	for _, c := range []struct {
		key string
		mac hsm.MACAlgorithm
	}{{"single", hsm.MACUnionPayECB}, {"double", hsm.MACUnionPayECB}, {"sm4", hsm.MACUnionPaySM4}, {"double", hsm.MACX919}} {
		b.Run(string(c.mac)+"/"+c.key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.MAC(c.key, c.mac, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// How many times what a MAC under a single-length key takes it takes under a double-length one, both sides in turn.
func BenchmarkRatioMACDoubleToSingle(b *testing.B) {
	const turn = 100 // MACs between two looks at the clock
	h := module(b, "double", hsm.TDES2, goldenPIK)
	mustImport(b, h, "single", hsm.DES, goldenMAK)
	data := make([]byte, 120)
	var took [2]time.Duration
	for b.Loop() {
		for i, key := range []string{"double", "single"} {
			begin := time.Now()
			for range turn {
				if _, err := h.MAC(key, hsm.MACUnionPayECB, data); err != nil {
					b.Fatal(err)
				}
			}
			took[i] += time.Since(begin)
		}
	}
	b.ReportMetric(float64(took[0])/float64(took[1]), "x")
}

func BenchmarkPIN(b *testing.B) {
	h := module(b, "PIK", hsm.TDES2, goldenPIK)
	mustImport(b, h, "ZPK", hsm.TDES2, goldenTMK)
	pin, pan := secret("123456"), pay.NewPAN(goldenPAN)
	block := encrypt(b, h, "PIK", hsm.PINISO0, "123456", pan)
	b.Run("encrypt", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.EncryptPIN("PIK", hsm.PINISO0, pin, pan); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("translate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.TranslatePIN("PIK", hsm.PINISO0, "ZPK", hsm.PINISO0, pan, block); err != nil {
				b.Fatal(err)
			}
		}
	})
}
