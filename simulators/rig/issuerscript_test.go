package rig

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// stopwatch is an outbox that tells when something came.
type stopwatch struct {
	loop *sim.Loop
	came []time.Duration // after the question
	lost int
}

// ask puts one question at an instant of the script and waits for what comes.
func (w *stopwatch) ask(t *testing.T, n *network, at time.Time) {
	asked, before := at, len(w.came)
	w.loop.At(at, func() { n.Serve(asked, new(iso8583.Dialect).New(), &timed{w, asked}) })
	if err := w.loop.Drain(t.Context(), at.Sub(w.loop.Now())+time.Minute); err != nil {
		t.Fatal(err)
	}
	if len(w.came) == before {
		w.lost++
	}
}

type timed struct {
	*stopwatch
	asked time.Time
}

// Send implements iso8583.Outbox.
func (w *timed) Send(*iso8583.Message) { w.came = append(w.came, w.loop.Now().Sub(w.asked)) }

// After implements iso8583.Outbox.
func (w *timed) After(d time.Duration, f func(time.Time)) {
	w.loop.After(d, func() { f(w.loop.Now()) })
}

// played asks n questions, one a minute after the begin of the script.
func played(t *testing.T, text string, n int, gap time.Duration) (came []time.Duration, lost, decided int) {
	t.Helper()
	s, err := parseIssuerScript("s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w := &stopwatch{loop: sim.NewVirtual(sim.Start)}
	issuer := iso8583.HandlerFunc(func(_ time.Time, m *iso8583.Message, out iso8583.Outbox) { decided++; out.Send(m) })
	line := &network{dialect: new(iso8583.Dialect), issuer: issuer, play: &play{stages: s.Stages, begun: sim.Start, chance: sim.Seed(1).Stream("script")}}
	for i := range n {
		w.ask(t, line, sim.Start.Add(time.Duration(i)*gap))
	}
	return w.came, w.lost, decided
}

// Each stage holds from its begin to its end, to the nanosecond; between them the issuer answers at once.
func TestIssuerScriptHoldsItsTimes(t *testing.T) {
	came, lost, decided := played(t, `
stages:
  - {from: 2m, for: 1m, latency: {constant: 20ms}}
  - {from: 4m, for: 2m, down: true}
  - {from: 6m, latency: {constant: 1s}}
  - {from: 8m, for: 1m, unanswered: 1}
`, 10, time.Minute)
	want := []time.Duration{0, 0, 20 * time.Millisecond, 0, time.Second, time.Second, 0}
	if !slices.Equal(came, want) || lost != 3 || decided != 8 {
		t.Errorf("answers after %v, want %v; %d lost, want 3; %d decided, want 8 (whose answer is lost has decided)", came, want, lost, decided)
	}
}

func TestIssuerScriptDrawsAsItSays(t *testing.T) {
	const draws = 4000
	share := func(came []time.Duration, over time.Duration) float64 {
		n := 0
		for _, d := range came {
			if d > over {
				n++
			}
		}
		return float64(n) / float64(len(came))
	}
	came, _, _ := played(t, "stages: [{from: 0s, latency: {lognormal: {median: 50ms, p99: 400ms}}}]", draws, time.Minute)
	if half, tail := share(came, 50*time.Millisecond), share(came, 400*time.Millisecond); half < 0.47 || half > 0.53 || tail < 0.006 || tail > 0.014 {
		t.Errorf("%.3f are over the median and %.4f over p99", half, tail)
	}
	came, _, _ = played(t, "stages: [{from: 0s, latency: {uniform: [10ms, 30ms]}}]", draws, time.Minute)
	if half := share(came, 20*time.Millisecond); slices.Min(came) < 10*time.Millisecond || slices.Max(came) > 30*time.Millisecond || half < 0.47 || half > 0.53 {
		t.Errorf("from %s to %s, %.3f over the middle", slices.Min(came), slices.Max(came), half)
	}
	_, lost, decided := played(t, "stages: [{from: 0s, unanswered: 0.1}]", draws, time.Minute)
	if lost < draws*8/100 || lost > draws*12/100 || decided != draws {
		t.Errorf("%d of %d answers are lost, %d decided", lost, draws, decided)
	}
}

func TestIssuerScriptTellsMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"stages: []", "issuer script s.yaml:1: stages: want one at least"},
		{"stages:\n  - from: soon", `issuer script s.yaml:2: `},
		{"stages:\n  - from: 1s\n    colour: red", "issuer script s.yaml:3: unknown field"},
		{"stages:\n  - from: 10s\n    for: 10s\n    down: true\n  - from: 15s", "issuer script s.yaml:5: stages[1].from: it begins at 15s, before the stage above has ended (20s)"},
		{"stages:\n  - from: 0s\n    unanswered: 30", "issuer script s.yaml:3: stages[0].unanswered: 30: want a share from 0 to 1"},
		{"stages:\n  - from: 0s\n    latency: {uniform: [30ms, 10ms]}", "issuer script s.yaml:3: stages[0].latency: uniform: want two times, the shorter one first"},
		{"stages:\n  - from: 0s\n    latency: {lognormal: {median: 30ms, p99: 10ms}}", "a p99 not under it"},
		{"stages:\n  - from: 0s\n    latency: {constant: 1s, uniform: [1s, 2s]}", "want one of constant, uniform and lognormal"},
		{"stages:\n  - from: 0s\n    down: true\n    unanswered: 0.5", "issuer script s.yaml:3: stages[0].down: an issuer that is down answers nothing"},
		{"stages: {", "issuer script s.yaml:1: "},
	} {
		if _, err := parseIssuerScript("s.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}

// What a script does is told in the trace, since nobody else could tell an outage from a fault.
func TestIssuerScriptIsTraced(t *testing.T) {
	p := &play{stages: []IssuerStage{{Down: true}}, begun: sim.Start, trace: trace.NewRecorder(nil)}
	if out := p.before(sim.Start, nil); out != nil || len(p.trace.Events()) != 1 || p.trace.Events()[0].Kind != trace.Injected {
		t.Errorf("out %v, events %v", out, p.trace.Events())
	}
}

func FuzzIssuerScript(f *testing.F) {
	text, err := fs.ReadFile(fixtures.FS, "issuers/lunch-outage.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("stages: [{from: 1s, for: 2562047h47m16.854775807s}, {from: 0s}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseIssuerScript("s.yaml", text)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "issuer script s.yaml:") {
					t.Errorf("the mistake does not say where: %q", line)
				}
			}
			return
		}
		p := &play{stages: s.Stages, begun: sim.Start, chance: sim.Seed(1).Stream("script")}
		for _, after := range []time.Duration{0, time.Second, time.Hour} {
			if d := p.stage(sim.Start.Add(after)).Latency.draw(p.chance); d < 0 {
				t.Errorf("a latency of %s", d)
			}
		}
	})
}
