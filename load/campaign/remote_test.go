package campaign

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/rig"
)

const hour = `name: hour
tills: 2
cards: 2
whole: true
line: serial
patience: 20s
lag: 10s
mix:
  - {weight: 3, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}, {flow: void, after: 100ms}]}
  - {weight: 1, legs: [{flow: settlement}]}
stages: [{rate: 12/s, for: 2s}]
`

// Of a host whose books nobody sees the money is judged by what it answers: an honest one balances, and one that counts its totals wrongly does not.
func TestRemoteHostIsJudgedByItsAnswers(t *testing.T) {
	shipped, err := fs.ReadFile(fixtures.FS, "profiles/loopback-remote.yaml")
	if err != nil {
		t.Fatal(err)
	}
	line := free(t)
	file := filepath.Join(t.TempDir(), "remote.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(shipped), "127.0.0.1:8583", line, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := rig.LoadProfile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, defects := range [][]string{nil, {"acquirer-settles-wrong-totals"}} {
		host, err := rig.New(rig.Options{Profile: p, Line: rig.LineSocket, Defects: defects})
		if err != nil {
			t.Fatal(err)
		}
		server, err := rig.Serve(context.Background(), rig.ServeOptions{Rig: host, Listen: line, Control: "127.0.0.1:0", Seed: 1, Lean: true})
		if err != nil {
			t.Fatal(err)
		}
		w, err := load.ParseWorkload([]byte(hour), "hour.yaml")
		if err != nil {
			t.Fatal(err)
		}
		r, err := rig.New(rig.Options{Profile: p, Line: rig.LineSocket})
		if err != nil {
			t.Fatal(err)
		}
		out, err := Run(t.Context(), Config{Workload: w, Rig: r, Live: io.Discard, Now: time.Now})
		server.Close()
		switch {
		case err != nil:
			t.Error(err)
		case out.Judged || !strings.Contains(out.Summary.Money, map[bool]string{true: "what it has answered balances", false: "the host answers that its totals differ"}[defects == nil]):
			t.Errorf("with %v: %s", defects, out.Summary.Money)
		}
	}
}
