package campaign

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Each kind of fault strikes under load on sockets, and the money balances. Requests are not doubled besides: where the first answer is lost too, the
// second is 94, which the dialect has a till take for a decline (DOMAIN.md B), and the audit rightly finds a payment that nobody was told of.
func TestFaultsStrikeUnderLoad(t *testing.T) {
	text := `name: struck
tills: 30
whole: true
line: each
patience: 700ms
lag: 20s
mix:
  - {weight: 4, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}, {flow: void, after: 200ms}]}
stages: [{rate: 100/s, for: 5s}]
faults:
  - {fault: lose, message: request, share: 2%}
  - {fault: lose, message: answer, share: 2%}
  - {fault: delay, message: request, by: 100ms, share: 2%}
  - {fault: delay, message: answer, by: 1s, share: 2%}
  - {fault: duplicate, message: answer, share: 2%}
  - {fault: coalesce, message: answer, share: 3%}
  - {fault: fragment, bytes: 9, share: 2%}
  - {fault: hang-up, share: 3%}
  - {fault: cut, share: 3%}
  - {fault: corrupt, message: request, flow: sale, element: amount, share: 2%}
  - {fault: wrong-mac, flow: sale, share: 2%}
  - {fault: wrong-echo, message: answer, flow: sale, element: terminal, share: 2%}
  - {fault: undecodable, message: answer, share: 3%}
  - {fault: garbage, message: request, share: 3%}
  - {fault: announce, message: answer, bytes: 700, share: 3%}
  - {fault: refuse, message: connection, share: 3%}
  - {fault: delay, message: connection, by: 50ms, share: 2%}
  - {fault: lose, message: request, flow: sale, nth: 20}
  - {at: 2s, for: 500ms, fault: silence, message: request}
  - {at: 3s, for: 200ms, issuer: silent}
`
	out := struck(t, text)
	for _, n := range out.Summary.Injected {
		if n.Times == 0 || n.First < n.At || n.Last > n.Until+100*time.Millisecond {
			t.Errorf("%s", n.Sentence())
		}
	}
	if s := out.Summary; !out.Judged || s.Total.Approved < 50 || s.Reversed == 0 {
		t.Errorf("%+v, taken back %d", s.Total.Counts, s.Reversed)
	}
	for _, b := range out.Breaks {
		t.Errorf("%s: %s", b.Rule, b.Text)
	}
}

// All lines are cut under a load that keeps them open, and the tills connect again.
func TestCutLinesUnderLoad(t *testing.T) {
	out := struck(t, "name: cut\ntills: 10\nwhole: true\npatience: 5s\nlag: 20s\nmix: [{weight: 1, legs: [{flow: sale, amount: 1.00 CNY}]}]\n"+
		"stages: [{rate: 50/s, for: 2s}]\nfaults:\n  - {at: 1s, line: cut}\n  - {at: 1m, line: cut}\n")
	s := out.Summary
	if s.Injected[0].Times != 10 || s.Injected[1].Times != 0 || !strings.Contains(s.Injected[1].Sentence(), "NEVER STRUCK") || len(out.Breaks) > 0 || s.Total.Approved < 90 || s.Connected == nil {
		t.Errorf("%+v; breaks %v; %+v", s.Injected, out.Breaks, s.Total.Counts)
	}
}

func struck(t *testing.T, text string) *Result {
	t.Helper()
	w, err := load.ParseWorkload([]byte(text), "struck.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Line: rig.LineSocket})
	if err != nil {
		t.Fatal(err)
	}
	out, err := Run(t.Context(), Config{Workload: w, Rig: r, Live: io.Discard, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
