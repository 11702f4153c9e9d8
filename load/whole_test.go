package load_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/rig"
)

// desk keeps what a sender tells. It is not locked: all is told by whoever calls Turn.
type desk struct {
	samples                    []load.Sample
	late, duplicate, unmatched int
	connected                  int
}

func (d *desk) Record(s *load.Sample)   { d.samples = append(d.samples, *s) }
func (d *desk) Late()                   { d.late++ }
func (d *desk) Duplicate()              { d.duplicate++ }
func (d *desk) Malformed()              {}
func (d *desk) Reversed()               {}
func (d *desk) Unmatched()              { d.unmatched++ }
func (d *desk) Connected(time.Duration) { d.connected++ }

const everything = `name: everything
whole: true
tills: 30
lag: 1m
mix:
  - {weight: 3, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 3, legs: [{flow: sale, entry: chip, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 3, legs: [{flow: sale, entry: tap, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 3, legs: [{flow: sale, entry: code, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 1, legs: [{flow: sale, entry: chip, amount: 3.00 CNY}, {flow: void, entry: chip, after: 20ms}, {flow: echo, after: 10ms}]}
  - {weight: 1, legs: [{flow: sale, amount: 2.00 CNY to 9.00 CNY}, {flow: refund, amount: 1.00 CNY, after: 20ms}]}
  - {weight: 1, legs: [{flow: pre-auth, entry: tap, amount: 2.00 CNY to 9.00 CNY}, {flow: completion, entry: tap, amount: 2.00 CNY, after: 20ms}]}
  - {weight: 1, legs: [{flow: pre-auth, amount: 2.00 CNY to 9.00 CNY}, {flow: pre-auth-void, after: 20ms}]}
  - {weight: 1, legs: [{flow: sale, amount: 2.00 CNY to 9.00 CNY}, {flow: reversal, after: 20ms}]}
  - {weight: 1, legs: [{flow: balance}]}
  - {weight: 1, legs: [{flow: sign-in}]}
stages: [{rate: 400/s, for: 500ms}]
`

func whole(t *testing.T, line, text string, loops int) (*load.Whole, *load.Workload, *desk) {
	t.Helper()
	w, err := load.ParseWorkload([]byte(text), "everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Line: line})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{}
	s, err := load.NewWhole(t.Context(), r, w, d, loops)
	if err != nil {
		t.Fatal(err)
	}
	return s, w, d
}

// A few hundred chains of every flow end as they should, and the money of all parties agrees.
func TestWholeTerminalsDoEveryFlow(t *testing.T) {
	const chains, every = 200, 2500 * time.Microsecond
	for _, c := range []struct {
		line, kind string
		loops      int
	}{{rig.LineMemory, "serial", 1}, {rig.LineSocket, "serial", 2}, {rig.LineSocket, "each", 1}} {
		t.Run(fmt.Sprint(c.line, " ", c.kind), func(t *testing.T) {
			others := goleak.IgnoreCurrent()
			s, w, d := whole(t, c.line, strings.Replace(everything, "whole: true", "whole: true\nline: "+c.kind, 1), c.loops)
			defer s.Close()
			begin := s.Now()
			s.Start(begin)
			orders, pace := 0, time.NewTicker(every)
			defer pace.Stop()
			for n, now := uint64(0), time.Duration(0); n < chains || s.Open() > 0; now += every {
				if c.line == rig.LineSocket {
					<-pace.C
					now = s.Now().Sub(begin)
				}
				var due []load.Due
				for ; n < chains && time.Duration(n)*every <= now; n++ {
					due = append(due, load.Due{At: time.Duration(n) * every, Chain: n})
					orders += len(w.Chain(n).Part.Legs)
				}
				s.Turn(now, due)
			}
			if len(d.samples) != orders || d.connected < w.Tills || d.late+d.duplicate+d.unmatched > 0 {
				t.Errorf("%d samples of %d orders, %+v", len(d.samples), orders, d)
			}
			seen := map[uint16]int{}
			for _, o := range d.samples {
				if seen[o.Kind]++; o.End != load.Approved || o.Written < o.Due || o.Answered <= o.Written || o.Waited < 0 || o.OwnLateness() < 0 || c.line == rig.LineMemory && w.Kinds()[o.Kind].Entry == "stripe" && o.OwnLateness() > every || string(o.Code[:]) != "00 " || o.Terminal/1000 != 40000 {
					t.Errorf("%s: %+v", w.Kinds()[o.Kind], o)
				}
			}
			if len(seen) != len(w.Kinds()) {
				t.Errorf("kinds %v of %v were seen", slices.Sorted(maps.Keys(seen)), w.Kinds())
			}
			breaks, err := s.Verify(t.Context())
			if err != nil || len(breaks) > 0 || s.Err() != nil || len(s.Refused()) > 0 {
				t.Errorf("the money: %v, %v, %v, refused %v", err, breaks, s.Err(), s.Refused())
			}
			s.Close()
			goleak.VerifyNone(t, others)
		})
	}
}

func TestWholeTerminalsDoNotFit(t *testing.T) {
	for name, c := range map[string]struct{ from, to, profile, want string }{
		"multiplexed": {"tills: 30", "tills: 30\nline: multiplexed", "embedded", "everything.yaml:4: line: multiplexed is for compiled templates"},
		"no such flow": {"{flow: sign-in}", "{flow: settlement}", "iso87-ascii",
			"everything.yaml:16: mix[10].legs[0]: dialect iso87-ascii has no settlement"},
		"reversal": {"{flow: reversal, after: 20ms}", "{flow: echo}, {flow: reversal}", "embedded", "mix[8].legs[2]: a reversal comes right after its sale"},
		"codes":    {"tills: 30", "tills: 30", "loopback-remote", "mix[3].legs[0]: a remote host's issuer gives no payers' codes"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := load.ParseWorkload([]byte(strings.Replace(everything, c.from, c.to, 1)), "everything.yaml")
			if err != nil {
				t.Fatal(err)
			}
			p, err := rig.LoadProfile(c.profile)
			if err != nil {
				t.Fatal(err)
			}
			r, err := rig.New(rig.Options{Line: rig.LineSocket, Profile: p})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := load.NewWhole(t.Context(), r, w, &desk{}, 1); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
