package hsm_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// The fast way agrees with the module's, whose MACs are held to the vectors of DOMAIN.md H.
func TestMACKey(t *testing.T) {
	h := hsm.New(sim.Seed(1).Reader("mackey"))
	for _, c := range []struct {
		key hsm.Algorithm
		mac hsm.MACAlgorithm
	}{
		{hsm.DES, hsm.MACUnionPayECB}, {hsm.TDES2, hsm.MACUnionPayECB}, {hsm.SM4, hsm.MACUnionPaySM4}, {hsm.DES, hsm.MACX99},
		{hsm.TDES2, hsm.MACX919}, {hsm.TDES3, hsm.MACCBC}, {hsm.AES128, hsm.MACCBC},
	} {
		t.Run(fmt.Sprint(c.mac, " under ", c.key), func(t *testing.T) {
			if _, err := h.Generate("k", c.key); err != nil {
				t.Fatal(err)
			}
			k, err := h.MACKey("k", c.mac)
			if err != nil {
				t.Fatal(err)
			}
			for size := range 70 {
				data := sim.Seed(size).Bytes("data", size)
				want, err := h.MAC("k", c.mac, data)
				if err != nil || !bytes.Equal(k.Sum(data), want) {
					t.Fatalf("of %d bytes: %X, want %X, %v", size, k.Sum(data), want, err)
				}
				if !k.Verify(data, want) || !k.Verify(data, want[:8]) || k.Verify(data, want[:7]) || k.Verify(append(data, 1), want) {
					t.Fatalf("of %d bytes: a MAC is judged wrongly", size)
				}
			}
			data := make([]byte, 64)
			if n := testing.AllocsPerRun(100, func() { k.Sum(data) }); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
	if _, err := h.MACKey("k", hsm.MACAESCMAC); err == nil || !strings.Contains(err.Error(), "no fast way") {
		t.Errorf("AES-CMAC: %v", err)
	}
	if _, err := h.MACKey("none", hsm.MACCBC); err == nil {
		t.Error("there is no such key")
	}
}

func BenchmarkMACKey(b *testing.B) {
	h := hsm.New(sim.Seed(1).Reader("mackey"))
	data := sim.Seed(1).Bytes("data", 200)
	for _, a := range []hsm.Algorithm{hsm.DES, hsm.TDES2} {
		b.Run(string(a), func(b *testing.B) {
			if _, err := h.Generate("k", a); err != nil {
				b.Fatal(err)
			}
			k, err := h.MACKey("k", hsm.MACUnionPayECB)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				k.Sum(data)
			}
		})
	}
}
