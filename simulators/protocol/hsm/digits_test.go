package hsm

import (
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

func TestDigits(t *testing.T) {
	h := New(sim.Seed(1).Reader("digits"))
	text, err := h.Digits(20_000)
	if err != nil {
		t.Fatal(err)
	}
	var count [10]int
	for _, d := range text {
		count[d-'0']++
	}
	for d, n := range count {
		if n < 1_800 || n > 2_200 { // more than four standard deviations away
			t.Errorf("%d comes %d times in %d", d, n, len(text))
		}
	}
	again, err := New(sim.Seed(1).Reader("digits")).Digits(20_000)
	if err != nil || again != text {
		t.Error("the same seed gives other digits")
	}
}
