package steps_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/simulators/rig"
)

// The connection model is the profile's to choose: nothing that must hold depends on it.
func TestSuiteHoldsOverConnectionModels(t *testing.T) {
	for _, model := range []string{"multiplexed", "serial", "per-transaction"} {
		t.Run(model, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "profile.yaml")
			if err := os.WriteFile(file, []byte("name: "+model+"\ndialect: unionpay-pos\nconnection: "+model+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			profile, err := rig.LoadProfile(file)
			if err != nil {
				t.Fatal(err)
			}
			held(t, suite(t, rig.Options{Profile: profile, Line: rig.LineMemory}, 1))
		})
	}
}
