package hsm_test

import (
	"bytes"
	"crypto/des"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

func TestPINBlockVectors(t *testing.T) {
	for _, c := range []struct {
		name     string
		format   hsm.PINFormat
		pin, pan string
		clear    string
	}{
		{"openemv", hsm.PINISO0, "1234", "4012345678909", "041274EDCBA9876F"},
		{"PAN of 18 digits", hsm.PINISO0, "123456", "123456789012345678", "061253DFFEDCBA98"},
		{"PAN of 16 digits", hsm.PINISO0, "123456", "1234567890123456", "0612713176FEDCBA"},
		{"golden card", hsm.PINISO0, "123456", goldenPAN, "06123575BA9876FE"},
		{"psec, longest PIN", hsm.PINISO0, "123456789012", "5555555551234567", "0C1261032D8226A9"},
		{"EFTlab format 0", hsm.PINISO0, "1234", "43219876543210987", "0412AC89ABCDEF67"},
		{"UnionPay without PAN", hsm.PINUnionPayNoPAN, "123456", "", "06123456FFFFFFFF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := module(t, "PIK", hsm.TDES2, goldenPIK)
			got, err := h.EncryptPIN("PIK", c.format, secret(c.pin), pay.NewPAN(c.pan))
			if clear := decrypted(t, goldenPIK, got); err != nil || !bytes.Equal(clear, unhex(c.clear)) {
				t.Fatalf("clear block %X, %v, want %s", clear, err, c.clear)
			}
		})
	}
}

func TestGoldenPINBlock(t *testing.T) {
	h := module(t, "PIK", hsm.TDES2, goldenPIK)
	got, err := h.EncryptPIN("PIK", hsm.PINISO0, secret("123456"), pay.NewPAN(goldenPAN))
	if err != nil || !bytes.Equal(got, unhex("EA2514F264D469BE")) {
		t.Errorf("got %X, %v", got, err)
	}
}

// The block that EFTlab's tool prints for an 18-digit PAN; its random half is given to the module as its chance.
func TestPINFormat4Vector(t *testing.T) {
	pan := pay.NewPAN("432198765432109870")
	h := hsm.New(bytes.NewReader(unhex("0000000000000000" + "146C6601F4A8035C")))
	mustImport(t, h, "ZPK", hsm.AES128, "00112233445566778899AABBCCDDEEFF")
	got, err := h.EncryptPIN("ZPK", hsm.PINISO4, secret("1234"), pan)
	if err != nil || !bytes.Equal(got, unhex("88E33C3ACF404F234F10F889C364E377")) {
		t.Errorf("got %X, %v", got, err)
	}
}

// ISO 9564-1, 9.3.5: format 3 fills with random digits A to F; 9.3.3: format 1 with any.
func TestRandomFill(t *testing.T) {
	h := module(t, "PIK", hsm.TDES2, goldenPIK)
	zeroPAN := pay.NewPAN(strings.Repeat("0", 13)) // joins nothing
	seen := map[string]bool{}
	for range 50 {
		three, err := h.EncryptPIN("PIK", hsm.PINISO3, secret("1234"), zeroPAN)
		if err != nil {
			t.Fatal(err)
		}
		clear := strings.ToUpper(hexOf(decrypted(t, goldenPIK, three)))
		if clear[:6] != "341234" || strings.Trim(clear[6:], "ABCDEF") != "" {
			t.Fatalf("format 3: clear block %s", clear)
		}
		seen[clear] = true
		one, err := h.EncryptPIN("PIK", hsm.PINISO1, secret("1234"), pay.PAN{})
		if err != nil {
			t.Fatal(err)
		}
		if clear := hexOf(decrypted(t, goldenPIK, one)); clear[:6] != "141234" {
			t.Fatalf("format 1: clear block %s", clear)
		}
	}
	if len(seen) != 50 {
		t.Errorf("%d different fills in 50 blocks", len(seen))
	}
}

// The labelled variant of DOMAIN.md B.3: UnionPay's block stretched to the 16 bytes of SM4.
func TestSM4PINBlock(t *testing.T) {
	h := module(t, "PIK", hsm.SM4, goldenPIK)
	mustImport(t, h, "clear", hsm.SM4, "06123456FFFFFFFFFFFF"+"FEDCBA9876FE") // PIN field with 001234567890 1 joined at the right
	want, _, err := h.Wrap("PIK", "clear")
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.EncryptPIN("PIK", hsm.PINISO0, secret("123456"), pay.NewPAN(goldenPAN))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %X, %v, want %X", got, err, want)
	}
}

func TestTranslateAndVerifyPIN(t *testing.T) {
	type end struct {
		name   string
		key    hsm.Algorithm
		format hsm.PINFormat
	}
	ends := []end{
		{"des iso-0", hsm.DES, hsm.PINISO0}, {"3des iso-0", hsm.TDES2, hsm.PINISO0}, {"3des-3 iso-1", hsm.TDES3, hsm.PINISO1},
		{"3des iso-3", hsm.TDES2, hsm.PINISO3}, {"3des no PAN", hsm.TDES2, hsm.PINUnionPayNoPAN}, {"aes iso-4", hsm.AES256, hsm.PINISO4},
		{"sm4 iso-0", hsm.SM4, hsm.PINISO0}, {"sm4 iso-3", hsm.SM4, hsm.PINISO3}, {"sm4 no PAN", hsm.SM4, hsm.PINUnionPayNoPAN},
	}
	h := hsm.New(sim.Seed(7).Reader("hsm"))
	generate(t, h, "ref", hsm.TDES2)
	for _, e := range ends {
		generate(t, h, e.name, e.key)
	}
	for _, digits := range []string{"1234", "000000", "123456789012"} {
		for _, card := range []string{goldenPAN, "4012345678909", "6200120000000000018", "62001200006"} {
			pan := pay.NewPAN(card)
			right := encrypt(t, h, "ref", hsm.PINISO0, digits, pan)
			wrong := encrypt(t, h, "ref", hsm.PINISO0, "4321", pan)
			for _, from := range ends {
				for _, to := range ends {
					block, err := h.TranslatePIN(from.name, from.format, to.name, to.format, pan, encrypt(t, h, from.name, from.format, digits, pan))
					if err != nil {
						t.Fatalf("%s to %s: %v", from.name, to.name, err)
					}
					if ok, err := h.VerifyPIN(to.name, to.format, pan, block, "ref", right); !ok || err != nil {
						t.Errorf("%s to %s: the PIN is lost: %v", from.name, to.name, err)
					}
					if ok, err := h.VerifyPIN(to.name, to.format, pan, block, "ref", wrong); ok || err != nil {
						t.Errorf("%s to %s: another PIN verifies: %v", from.name, to.name, err)
					}
				}
			}
		}
	}
}

func TestPINOfAPrefixIsWrong(t *testing.T) {
	h := module(t, "PIK", hsm.TDES2, goldenPIK)
	pan := pay.NewPAN(goldenPAN)
	ref := encrypt(t, h, "PIK", hsm.PINISO0, "123400", pan)
	ok, err := h.VerifyPIN("PIK", hsm.PINISO0, pan, encrypt(t, h, "PIK", hsm.PINISO0, "1234", pan), "PIK", ref)
	if ok || err != nil {
		t.Errorf("1234 verifies as 123400: %v, %v", ok, err)
	}
}

func TestNotAPINBlock(t *testing.T) {
	pan := pay.NewPAN(strings.Repeat("0", 13)) // joins nothing: the clear text below is what is decrypted
	for _, c := range []struct {
		name   string
		format hsm.PINFormat
		clear  string
	}{
		{"control nibble of another format", hsm.PINISO0, "141234FFFFFFFFFF"},
		{"PIN of three digits", hsm.PINISO0, "03123FFFFFFFFFFF"},
		{"PIN of thirteen digits", hsm.PINISO0, "0D1234567890123F"},
		{"letter in the PIN", hsm.PINISO0, "0412A4FFFFFFFFFF"},
		{"fill is not F", hsm.PINISO0, "041234FFFFFFFFFE"},
		{"format 3 fill below A", hsm.PINISO3, "3412349ABCDEFABC"},
		{"format 0 in place of 3", hsm.PINISO3, "041234FFFFFFFFFF"},
		{"no PAN, fill is not F", hsm.PINUnionPayNoPAN, "041234000000FFFF"},
		{"seven bytes", hsm.PINISO0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := module(t, "PIK", hsm.TDES2, goldenPIK)
			block := make([]byte, 7)
			if c.clear != "" {
				block = encrypted(t, goldenPIK, unhex(c.clear))
			}
			_, err := h.TranslatePIN("PIK", c.format, "PIK", hsm.PINISO0, pan, block)
			if !errors.Is(err, hsm.ErrPINBlock) {
				t.Errorf("translate gives %v", err)
			}
			ref := encrypt(t, h, "PIK", hsm.PINISO0, "1234", pan)
			if _, err := h.VerifyPIN("PIK", c.format, pan, block, "PIK", ref); !errors.Is(err, hsm.ErrPINBlock) {
				t.Errorf("verify gives %v", err)
			}
			if _, err := h.VerifyPIN("PIK", hsm.PINISO0, pan, ref, "PIK", make([]byte, 8)); err == nil || errors.Is(err, hsm.ErrPINBlock) {
				t.Errorf("a spoiled reference is the issuer's fault, not the terminal's: %v", err)
			}
		})
	}
}

func TestPINRefusals(t *testing.T) {
	h := module(t, "PIK", hsm.TDES2, goldenPIK)
	generate(t, h, "AES", hsm.AES128)
	for _, c := range []struct {
		name   string
		key    string
		format hsm.PINFormat
		pin    string
		pan    string
	}{
		{"no key", "none", hsm.PINISO0, "1234", goldenPAN},
		{"unknown format", "PIK", "iso-9", "1234", goldenPAN},
		{"format 4 under DES", "PIK", hsm.PINISO4, "1234", goldenPAN},
		{"format 0 under AES", "AES", hsm.PINISO0, "1234", goldenPAN},
		{"short PIN", "PIK", hsm.PINISO0, "913", goldenPAN},
		{"long PIN", "PIK", hsm.PINISO0, "9131313131313", goldenPAN},
		{"letters", "PIK", hsm.PINISO0, "91a3", goldenPAN},
		{"no PAN", "PIK", hsm.PINISO0, "9131", ""},
		{"letters in PAN", "PIK", hsm.PINISO3, "9131", "62001234567890A0"},
		{"PAN too long", "AES", hsm.PINISO4, "9131", "62001234567890101234"},
	} {
		t.Run(c.name, func(t *testing.T) {
			block, err := h.EncryptPIN(c.key, c.format, secret(c.pin), pay.NewPAN(c.pan))
			if err == nil {
				t.Fatalf("made block %X", block)
			}
			if strings.Contains(err.Error(), "913") || c.pan != "" && strings.Contains(err.Error(), c.pan) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func TestNoChance(t *testing.T) {
	h := hsm.New(bytes.NewReader(nil))
	mustImport(t, h, "PIK", hsm.TDES2, goldenPIK)
	if _, err := h.EncryptPIN("PIK", hsm.PINISO1, secret("1234"), pay.PAN{}); !errors.Is(err, io.EOF) {
		t.Errorf("encrypt without random bytes: %v", err)
	}
	if _, err := h.Generate("K", hsm.DES); !errors.Is(err, io.EOF) {
		t.Errorf("generate without random bytes: %v", err)
	}
	if _, err := h.Components("PIK", 2); !errors.Is(err, io.EOF) {
		t.Errorf("components without random bytes: %v", err)
	}
}

func FuzzTranslatePIN(f *testing.F) {
	f.Add(unhex("EA2514F264D469BE"), byte(0), goldenPAN)
	f.Add(make([]byte, 16), byte(3), "1")
	formats := []hsm.PINFormat{hsm.PINISO0, hsm.PINISO1, hsm.PINISO3, hsm.PINISO4, hsm.PINUnionPayNoPAN, "?"}
	h := module(f, "des", hsm.TDES2, goldenPIK)
	mustImport(f, h, "aes", hsm.AES128, goldenPIK)
	mustImport(f, h, "sm4", hsm.SM4, goldenPIK)
	f.Fuzz(func(t *testing.T, block []byte, which byte, pan string) {
		format := formats[int(which)%len(formats)]
		for _, key := range []string{"des", "aes", "sm4"} {
			out, err := h.TranslatePIN(key, format, "des", hsm.PINISO1, pay.NewPAN(pan), block)
			if err == nil && len(out) != 8 {
				t.Errorf("%s %s: %d bytes", key, format, len(out))
			}
		}
	})
}

func encrypt(t testing.TB, h *hsm.HSM, key string, f hsm.PINFormat, digits string, pan pay.PAN) []byte {
	t.Helper()
	block, err := h.EncryptPIN(key, f, secret(digits), pan)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

func generate(t testing.TB, h *hsm.HSM, name string, a hsm.Algorithm) {
	t.Helper()
	if _, err := h.Generate(name, a); err != nil {
		t.Fatal(err)
	}
}

// decrypted and encrypted are the standard library's 3DES under a double-length key, beside the module.
func decrypted(t testing.TB, key string, block []byte) []byte {
	t.Helper()
	out := make([]byte, 8)
	tdes(t, key).Decrypt(out, block)
	return out
}

func encrypted(t testing.TB, key string, block []byte) []byte {
	t.Helper()
	out := make([]byte, 8)
	tdes(t, key).Encrypt(out, block)
	return out
}

func tdes(t testing.TB, key string) interface {
	Encrypt(dst, src []byte)
	Decrypt(dst, src []byte)
} {
	t.Helper()
	c, err := des.NewTripleDESCipher(unhex(key + key[:16]))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
