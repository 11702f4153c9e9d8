package rig_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
)

// pooled is more terminals of the host "packed", for a scenario that runs beside another.
const pooled = `pool:
  - terminals:
      - label: T1
        number: "10000003"
        merchant: "898320548160001"
        pik: {components: ["D07716364E6D082BE8CB8CAF57741132", "5A5B58595E5F5C5D5253505156575455"]}
        mak: {components: ["9EBDA0F94562032DC0F7E6998CBBAA45", "5A5B58595E5F5C5D5253505156575455"]}
      - label: T2
        number: "10000004"
        merchant: "898320548160001"
        pik: {components: ["D07716364E6D082BE8CB8CAF57741132", "5A5B58595E5F5C5D5253505156575455"]}
        mak: {components: ["9EBDA0F94562032DC0F7E6998CBBAA45", "5A5B58595E5F5C5D5253505156575455"]}
outcomes:`

// At a host without worlds as many scenarios run at once as the profile has sets of terminals, and none has another's.
func TestPoolIsLentToScenariosAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it for seconds")
	}
	address := hostOfAnotherMake(t, foreignProgram(t), "packed", "127.0.0.1:0")
	profile, err := foreignProfile(t, "packed", "outcomes:", pooled)
	must(t, err)
	profile.Address = address
	state := filepath.Join(t.TempDir(), "state.json")
	all, run := verdicts(t, rig.Options{Profile: profile, Line: rig.LineSocket, State: state}, 2, "@SWP-002 or @SWP-004 or @REV-002 or @VOI-002")
	if code := run.ExitCode(); code != reports.ExitHeld || len(all) < 6 {
		for id, s := range all {
			t.Logf("%s: %s: %s", id, s.Status, why(s))
		}
		t.Errorf("the run of %d scenarios ends with code %d", len(all), code)
	}
	text, err := os.ReadFile(state)
	must(t, err)
	var kept map[string]struct{ Trace int }
	must(t, json.Unmarshal(text, &kept))
	if kept["10000001"].Trace < 2 || kept["10000003"].Trace < 2 {
		t.Errorf("one set of terminals had it all to do: %s", text)
	}
}

func TestPoolMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, other, want string }{
		{"good", "", "", ""},
		{"a number twice", "10000003", "10000001", "another terminal has this number"},
		{"a label is missing", "label: T2\n        number: \"10000004\"", "label: T3\n        number: \"10000004\"", "want one terminal for each of the labels [T1 T2]"},
		{"no keys", "        pik: {comp", "        # {comp", "pik"},
		{"an embedded host", "seat: remote", "seat: embedded", "only a remote host and a switch lend their terminals"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "foreign"))))
			text, err := os.ReadFile(filepath.Join(dir, "packed.yaml"))
			must(t, err)
			file := filepath.Join(dir, "pool.yaml")
			must(t, writeFile(file, strings.Replace(strings.Replace(string(text), "outcomes:", pooled, 1), c.old, c.other, 1)))
			if _, err := rig.LoadProfile(file); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
