package rig_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Each PIN has a key of its own, whose serial number is used once: from order to order, over a power cut, and from run to run. The host
// refuses one that it has seen.
func TestEachPINHasItsKey(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	profile := foreignHost(t, foreignProgram(t), "dukpt")
	state := filepath.Join(t.TempDir(), "state.json")
	last := ""
	for range 2 { // runs
		r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: state})
		must(t, err)
		w, err := r.World(t.Context(), 1, "")
		must(t, err)
		till, err := w.Till("T1")
		must(t, err)
		must(t, till.SignIn())
		for n := range 3 {
			if n == 2 {
				till.CutPower()
				must(t, till.StartAgain())
				must(t, till.SignIn())
			}
			must(t, till.Swipe("Alice", pay.CNY(1_00), rig.PINRight))
			if got := till.Screens[len(till.Screens)-1].ID; got != "APPROVED" {
				t.Errorf("the till shows %s", got)
			}
		}
		for _, c := range w.Wire {
			if c.Answer || !c.Message.Has(iso8583.PIN) {
				continue
			}
			serial := hex.EncodeToString([]byte(c.Message.Get(iso8583.KeySerial)))
			if !strings.HasPrefix(serial, "ffff9876543210e0") || serial <= last {
				t.Errorf("serial number %s after %s", serial, last)
			}
			last = serial
		}
		w.Close()
		must(t, r.Close())
	}
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: state})
	must(t, err)
	defer func() { must(t, r.Close()) }()
	f, err := r.Fleet(t.Context(), rig.FleetPlan{Tills: 1, Cards: 1})
	must(t, err)
	defer f.Close()
	if _, err := f.Standings(t.Context()); err == nil || !strings.Contains(err.Error(), "say `whole: true`") {
		t.Errorf("templates for tills with a key for each PIN: %v", err)
	}
	text, err := os.ReadFile(state)
	must(t, err)
	var kept map[string]struct{ KSN string }
	must(t, json.Unmarshal(text, &kept))
	if kept["10000001"].KSN <= last || last != "ffff9876543210e00006" {
		t.Errorf("six PINs, the last with %s; the state file goes on with %s", last, kept["10000001"].KSN)
	}
}

func TestDUKPTMistakes(t *testing.T) {
	const good = "serial: FFFF9876543210E00000"
	for name, c := range map[string]struct{ old, new, want string }{
		"good":                     {"", "", ""},
		"a short serial number":    {good, "serial: FFFF9876543210E0", "terminals[0].dukpt.serial: want 20 hex digits"},
		"an AES key with its size": {`["6AC292FAA1315B4D858AB3A3D7D5933A"]`, `["1273671EA26AC29AFA4D1084127652A1"], algorithm: aes-128`, "want 24 hex digits"},
		"a PIN key beside it":      {"    dukpt:", "    pik: {components: [\"6AC292FAA1315B4D858AB3A3D7D5933A\"]}\n    dukpt:", "want one of pik and dukpt"},
		"no place for it":          {"host-dukpt.yaml", "host-ascii.yaml", "dialect host-ascii has no place for the key serial number"},
		"wrong check value":        {`D5933A"]`, `D5933A"], kcv: "000000"`, "terminals[0].dukpt.initial.kcv: the components give KCV"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := foreignProfile(t, "dukpt", c.old, c.new)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
