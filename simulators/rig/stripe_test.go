package rig

import (
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

// Under one key in some hundreds a chip of the cast has the verification value of its stripe, by chance (seed 202 of the suite raised a false alarm).
func TestChipsAndStripesAreToldApart(t *testing.T) {
	r, err := New(Options{Line: LineMemory})
	if err != nil {
		t.Fatal(err)
	}
	chances := 0
	for seed := range sim.Seed(2000) {
		if !r.apart(seed.Bytes("cvk", 16)) {
			chances++
		}
		if !r.apart(r.cvkOf(seed)[0]) {
			t.Errorf("seed %d: a chip's verification value makes a stripe", seed)
		}
	}
	if chances == 0 {
		t.Error("no seed of 2000 has such a key: the test sees nothing")
	}
}
