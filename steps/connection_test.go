package steps_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// profiled runs the suite under a profile, beside which a dialect of the user's own may lie.
func profiled(t *testing.T, seed sim.Seed, line, profile, dialect string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"profile.yaml": profile, "own.yaml": dialect} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := rig.LoadProfile(filepath.Join(dir, "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	held(t, suite(t, rig.Options{Profile: p, Line: line}, seed))
}

// The connection model is the profile's to choose: nothing that must hold depends on it.
func TestSuiteHoldsOverConnectionModels(t *testing.T) {
	for i, model := range []string{"multiplexed", "serial", "per-transaction"} {
		t.Run(model, func(t *testing.T) {
			profiled(t, sim.Seed(16+i), rig.LineMemory, "name: own\ndialect: unionpay-pos\nconnection: "+model+"\n", "")
		})
	}
}

// How frames are delimited is data of the dialect: nothing that must hold depends on it either.
func TestSuiteHoldsOverFramings(t *testing.T) {
	for i, framing := range []string{"length: binary2-inclusive", "length: ascii4", "length: bcd2", "length: binary4", "http: true"} {
		t.Run(framing, func(t *testing.T) {
			line := rig.LineMemory
			if framing == "http: true" {
				line = rig.LineSocket
			}
			profiled(t, sim.Seed(19+i), line, "name: own\ndialect: own.yaml\n", "name: own\nextends: unionpay-pos\nframing: {"+framing+"}\n")
		})
	}
}
