package card

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

func payerCode(t *testing.T, chance *rand.Rand) qr.PayerCode {
	t.Helper()
	c, ok := qr.ParsePayerCode(fmt.Sprintf("6201%015d", chance.Int64N(1e15)))
	if !ok {
		t.Fatal("no payer's code")
	}
	return c
}

func TestPhoneShowsItsCode(t *testing.T) {
	for n := range 20 {
		var p Phone
		c := payerCode(t, sim.Seed(n).Stream("phone"))
		p.Take(c, sim.Start)
		picture, err := p.Show(ScreenClear)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := qr.Scan(picture); !ok || text != c.Reveal() {
			t.Errorf("seed %d: scanned %q", n, text)
		}
		for _, s := range []Screen{ScreenTorn, ScreenSmeared, ScreenOff} {
			picture, err := p.Show(s)
			if err != nil {
				t.Fatal(err)
			}
			if text, ok := qr.Scan(picture); ok {
				t.Errorf("seed %d: through a screen that is %s a scanner reads %q", n, s, text)
			}
		}
	}
}

func TestPhoneWantsACode(t *testing.T) {
	var p Phone
	until := sim.Start.Add(time.Minute)
	if !p.Wants(sim.Start) {
		t.Error("a new phone wants none")
	}
	if _, err := p.Show(ScreenClear); err == nil {
		t.Error("a phone without a code shows one")
	}
	p.Take(payerCode(t, sim.Seed(1).Stream("phone")), until)
	if p.Wants(until.Add(-time.Nanosecond)) || !p.Wants(until) {
		t.Error("it wants one before the old one has run out, or not then")
	}
	p.Refresh()
	if !p.Wants(sim.Start) {
		t.Error("refreshed it wants none")
	}
}
