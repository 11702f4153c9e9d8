package hsm

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
)

// shippedKey gives a key of fixtures/wallets, in PKCS #8.
func shippedKey(t testing.TB, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, "wallets/"+name+".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal(name, "is no PEM")
	}
	return block.Bytes
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signedByOthers is what OpenSSL 3.0 signed with the shipped keys (dgst -sha256 -sign; pkeyutl -rawin -digest sm3, distid
// 1234567812345678).
const (
	signedMessage = "amount=1000&order=A1&subject=面"
	opensslRSA    = "62f0deaa3673a7070e3498fe9f9b3153368fddcb528813147a39b6c7c6b204fd9eb081b5373723a4e290bd81c862cec59744d9a6c896f8cfdf5031b7f7c3452c634197cafe3f0ca0f057d775706afe08397553baf780d9955ea8261a8b73ed746aed0bb1308caeb5ea2037e836ee8ed27fbf693a95891fe4d63ffaa51ca43b05efe7eef87ab2452db12bc1065106511b5d78c7c81d9881ebfa7b02f0710005e39a46199e92ec0851dceffc6807bb11b68fb8d023676be4aa21a3f39aeab5ca67cdcd2864e6fcaf7359994f9fe8a23a260a06b12f78bdf2cf63645527040fc7bc65d6c2bbd2a2e94fd63ec6ed26b9290377f1a2eb0e1e0f9c0f4b8aa086e79876"
	opensslSM2    = "3046022100de8b21baf50a0bcf020a21e95d3732dfb7ba46a9418835630300776ae6e0de55022100a91fe3c90464002df3da591384f9a9dce765da00de0ff2c560721c7be4ce8b52"
)

func TestSignaturesOfOthers(t *testing.T) {
	h := New(bytes.NewReader(nil))
	for _, c := range []struct{ key, signature string }{{"alipay-host", opensslRSA}, {"guomi-host", opensslSM2}} {
		public, err := h.ImportSigner(c.key, shippedKey(t, c.key))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.ImportVerifier(c.key+" public", public); err != nil {
			t.Fatal(err)
		}
		for message, want := range map[string]bool{signedMessage: true, "amount=1&order=A1&subject=面": false} {
			if got, err := h.VerifySignature(c.key+" public", []byte(message), unhex(t, c.signature)); got != want || err != nil {
				t.Errorf("%s over %q: %v, %v", c.key, message, got, err)
			}
		}
	}
	got, err := h.Sign("alipay-host", []byte(signedMessage))
	if err != nil || !bytes.Equal(got, unhex(t, opensslRSA)) {
		t.Errorf("RSA: %x, %v", got, err)
	}
}

// RFC 4231, test case 2 asks for a shorter key than we take; this is case 3.
func TestHMACVector(t *testing.T) {
	h := New(bytes.NewReader(nil))
	if err := h.ImportSecret("k", bytes.Repeat([]byte{0xAA}, 20)); err != nil {
		t.Fatal(err)
	}
	got, err := h.Sign("k", bytes.Repeat([]byte{0xDD}, 50))
	if want := "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"; err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x, %v", got, err)
	}
}

func TestSignAndVerify(t *testing.T) {
	h := New(bytes.NewReader(nil))
	if err := h.ImportSecret("hmac", []byte("0123456789ABCDEF")); err != nil {
		t.Fatal(err)
	}
	want := map[string]Signing{"hmac": HMACSHA256, "alipay-merchant": RSASHA256, "guomi-merchant": SM2SM3}
	for name, kind := range want {
		verifier := name
		if kind != HMACSHA256 {
			public, err := h.ImportSigner(name, shippedKey(t, name))
			if err != nil {
				t.Fatal(err)
			}
			verifier += " public"
			if err := h.ImportVerifier(verifier, public); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Sign(verifier, []byte("m")); err == nil {
				t.Errorf("%s: a public key signs", name)
			}
		}
		if got, err := h.Signing(verifier); got != kind || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		one, err := h.Sign(name, []byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		if two, err := h.Sign(name, []byte("message")); err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: %x, then %x, %v", name, one, two, err)
		}
		for message, right := range map[string]bool{"message": true, "messagE": false, "": false} {
			if got, err := h.VerifySignature(verifier, []byte(message), one); got != right || err != nil {
				t.Errorf("%s over %q: %v, %v", name, message, got, err)
			}
		}
		for _, bad := range [][]byte{nil, one[:len(one)-1], append([]byte{0}, one...), []byte("no signature")} {
			if got, err := h.VerifySignature(verifier, []byte("message"), bad); got || err != nil {
				t.Errorf("%s: %x is taken, %v", name, bad, err)
			}
		}
	}
}

func TestSignErrors(t *testing.T) {
	h := New(bytes.NewReader(nil))
	short := strings.Repeat("s", 15)
	_, errSigner := h.ImportSigner("k", []byte("4111111111111111"))
	_, errSign := h.Sign("nowhere", nil)
	_, errVerify := h.VerifySignature("nowhere", nil, nil)
	for _, err := range []error{h.ImportSecret("k", []byte(short)), errSigner, h.ImportVerifier("k", []byte("4111111111111111")), errSign, errVerify} {
		if err == nil || strings.Contains(err.Error(), short) || strings.Contains(err.Error(), "4111") {
			t.Errorf("%v", err)
		}
	}
	if !errors.Is(errSign, ErrNoKey) {
		t.Error(errSign)
	}
}

func FuzzVerifySignature(f *testing.F) {
	h := New(bytes.NewReader(nil))
	for _, name := range []string{"alipay-host", "guomi-host"} {
		if _, err := h.ImportSigner(name, shippedKey(f, name)); err != nil {
			f.Fatal(err)
		}
	}
	f.Add([]byte(signedMessage), unhex(f, opensslSM2))
	f.Fuzz(func(t *testing.T, message, signature []byte) {
		for _, name := range []string{"alipay-host", "guomi-host"} {
			if ok, _ := h.VerifySignature(name, message, signature); ok && string(message) != signedMessage {
				t.Errorf("%s: %x is taken for %x", name, signature, message)
			}
		}
	})
}
