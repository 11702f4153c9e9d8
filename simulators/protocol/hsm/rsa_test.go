package hsm_test

import (
	"bytes"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

func TestRSA(t *testing.T) {
	for _, v := range []struct{ bits, exponent int }{{512, 3}, {768, 65537}, {1024, 3}} {
		h := hsm.New(sim.Seed(7).Reader("rsa"))
		public, err := h.GenerateRSA("K", v.bits, v.exponent)
		if err != nil || len(public.Modulus) != v.bits/8 || public.Modulus[0] < 0x80 {
			t.Fatalf("%d bits: %d bytes, %v", v.bits, len(public.Modulus), err)
		}
		again, err := hsm.New(sim.Seed(7).Reader("rsa")).GenerateRSA("K", v.bits, v.exponent)
		if err != nil || !bytes.Equal(again.Modulus, public.Modulus) {
			t.Errorf("%d bits: the same seed makes another key: %v", v.bits, err)
		}
		block := sim.Seed(8).Bytes("block", v.bits/8)
		block[0] = 0x6A
		signed, err := h.PrivateRSA("K", block)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := public.Apply(signed); err != nil || !bytes.Equal(back, block) {
			t.Errorf("%d bits: another block comes back: %v", v.bits, err)
		}
		block[0] = 0xFF
		block[1] = 0xFF
		if _, err := h.PrivateRSA("K", block[1:]); err == nil {
			t.Errorf("%d bits: signs a short block", v.bits)
		}
	}
}

func TestRSARefuses(t *testing.T) {
	h := hsm.New(sim.Seed(7).Reader("rsa"))
	for name, refuse := range map[string]func() error{
		"no primes":      func() error { _, err := h.ImportRSA("K", 3, []byte{15}, []byte{21}); return err },
		"twice the same": func() error { _, err := h.ImportRSA("K", 3, []byte{11}, []byte{11}); return err },
		"exponent":       func() error { _, err := h.ImportRSA("K", 5, []byte{11}, []byte{17}); return err },
		"common factor":  func() error { _, err := h.ImportRSA("K", 3, []byte{7}, []byte{11}); return err },
		"bits":           func() error { _, err := h.GenerateRSA("K", 1000, 3); return err },
		"unknown":        func() error { _, err := h.PrivateRSA("K", nil); return err },
		"no modulus":     func() error { _, err := (hsm.RSAPublic{}).Apply(nil); return err },
	} {
		if refuse() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkPrivateRSA1024(b *testing.B) {
	h := hsm.New(sim.Seed(7).Reader("rsa"))
	if _, err := h.GenerateRSA("K", 1024, 3); err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 128)
	block[0], block[127] = 0x6A, 0xBC
	for b.Loop() {
		if _, err := h.PrivateRSA("K", block); err != nil {
			b.Fatal(err)
		}
	}
}
