package rig_test

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// What a scenario leaves held on a card of a remote host is given back when it is over, once, and nothing else is touched.
func TestTidyGivesBackWhatIsHeld(t *testing.T) {
	s := openShop(t, t.TempDir())
	hold := func(fen int64) *rig.Crossing {
		must(t, s.till.Order(rig.Order{Flow: pay.PreAuth, Amount: pay.CNY(fen), Who: "Alice", PIN: rig.PINRight}))
		return s.world.Wire[len(s.world.Wire)-2]
	}
	free := func() int64 { return s.state().Balances["card:Alice"].Available.Minor }
	before := free()
	completed, given := hold(100_00), hold(200_00)
	must(t, s.till.Order(rig.Order{Flow: pay.Completion, Amount: pay.CNY(100_00), Who: "Alice", PIN: rig.PINRight, Original: completed}))
	must(t, s.till.Order(rig.Order{Flow: pay.PreAuthVoid, Amount: pay.CNY(200_00), Who: "Alice", PIN: rig.PINRight, Original: given, Supervisor: true}))
	hold(300_00)
	hold(400_00)
	if got := free(); got != before-800_00 {
		t.Fatalf("Alice may spend %d, want %d", got, before-800_00)
	}
	must(t, s.world.Tidy())
	if got := free(); got != before-100_00 {
		t.Errorf("Alice may spend %d, want %d", got, before-100_00)
	}
	messages := len(s.world.Wire)
	must(t, s.world.Tidy())
	if len(s.world.Wire) != messages {
		t.Error("it gives back what it has given back")
	}
	hold(500_00)
	s.world.SetLine(rig.LineRefuses) // the scenario's: it does not hinder
	must(t, s.world.Tidy())
	hold(600_00)
	s.server.kill(t)
	if err := s.world.Tidy(); err == nil || !strings.Contains(err.Error(), "is left held at the host") {
		t.Errorf("without a host: %v", err)
	}
}
