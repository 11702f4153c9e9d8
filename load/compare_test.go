package load_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
)

// sound tells which changes of a comparison are more than noise.
func sound(c *load.Comparison) map[string]load.Change {
	sure := map[string]load.Change{}
	for _, ch := range c.Changes {
		if ch.Sure {
			sure[ch.What] = ch
		}
	}
	return sure
}

func TestASlowerRunIsTold(t *testing.T) {
	dir := t.TempDir()
	rush(t, filepath.Join(dir, "a"), 1, 1)
	rush(t, filepath.Join(dir, "b"), 1.1, 2)
	c := must(load.CompareRuns(filepath.Join(dir, "a"), filepath.Join(dir, "b"), 1))
	sure := sound(c)
	for _, what := range []string{"response p50", "service p50", "service p90", "sale/tap response p50"} {
		ch, ok := sure[what]
		if !ok || ch.B <= ch.A || ch.Low > 0.1 || ch.High < 0.1 {
			t.Errorf("%s: got %+v, want about 10 %% more", what, ch)
		}
	}
	for _, what := range []string{"declined", "timed out", "approved"} { // the script has as many
		if ch, ok := sure[what]; ok {
			t.Errorf("%s: got %+v, want no change", what, ch)
		}
	}
	var text bytes.Buffer
	if err := c.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"unlike: seed: \"1\" and \"2\"\n", "SLOWER", "no more than noise", "response p50", "each part of A with the same part of B"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the comparison lacks %q:\n%s", want, text.String())
		}
	}
	if !c.Paired {
		t.Error("runs of one schedule were not compared part with part")
	}
}

// Of runs that differ by chance alone, few figures may be taken for a change: at 95 % one in twenty, and they are not independent.
func TestChanceIsNotToldAsAChange(t *testing.T) {
	dir := t.TempDir()
	const runs = 3
	for seed := range uint64(runs) {
		rush(t, filepath.Join(dir, fmt.Sprint(seed)), 1, seed)
	}
	sure, all := 0, 0
	for i := range runs {
		for j := range i {
			c := must(load.CompareRuns(filepath.Join(dir, fmt.Sprint(i)), filepath.Join(dir, fmt.Sprint(j)), 1))
			sure += len(sound(c))
			all += len(c.Changes)
		}
	}
	t.Logf("%d of %d figures", sure, all)
	if sure > all*15/100 {
		t.Errorf("%d of %d figures of runs that differ by chance are told as changes", sure, all)
	}
}

func TestARunEqualsItself(t *testing.T) {
	dir := t.TempDir()
	rush(t, dir, 1, 1)
	c := must(load.CompareRuns(dir, dir, 1))
	if len(sound(c)) > 0 || len(c.Changes) < 12 {
		t.Errorf("got %d changes, sure are %v", len(c.Changes), sound(c))
	}
	for _, why := range c.Unlike {
		if !strings.Contains(why, "the generator was the limit") { // the script drops an order
			t.Errorf("unlike itself: %s", why)
		}
	}
	for _, ch := range c.Changes {
		if ch.A != ch.B || ch.Low != 0 || ch.High != 0 {
			t.Errorf("got %+v", ch)
		}
	}
	if _, err := load.CompareRuns(dir, t.TempDir(), 1); err == nil || !strings.Contains(err.Error(), "want a directory that `tillproof load` wrote") {
		t.Errorf("got %v", err)
	}
}

// row makes a row of a constant rate.
func row(i int, due, written uint64, p50 time.Duration) load.Row {
	r := load.Row{From: time.Duration(i) * time.Second}
	r.Due, r.Written = due, written
	r.Service = load.Times{Count: due, P50: p50}
	return r
}

func TestARunJudgesItself(t *testing.T) {
	steady := func(i int) load.Row { return row(i, 1000, 1000, 5*ms+time.Duration(i*7919%100)*10_000) }
	for name, c := range map[string]struct {
		row   func(i int) load.Row
		end   load.End
		wait  time.Duration
		limit string
		fails string // the check that does not hold
		says  string
	}{
		"all well":      {steady, load.Approved, 100_000, "neither the generator nor the target was at its limit: every one of 1000 orders", "", ""},
		"rising times":  {func(i int) load.Row { return row(i, 1000, 1000, 5*ms+time.Duration(i)*50_000) }, load.Approved, 0, "the target was the limit: over 38 intervals", "samples are stationary", "+31"},
		"falling times": {func(i int) load.Row { return row(i, 1000, 1000, 8*ms-time.Duration(i)*50_000) }, load.Approved, 0, "neither", "samples are stationary", "-2"},
		"a queue that grows with the rate": {func(i int) load.Row {
			return row(i, uint64(1000+100*i), uint64(1000+100*i), 5*ms+max(0, time.Duration(i-30))*20*ms)
		}, load.Approved, 0,
			"the target was the limit: its median service time was 85ms at 34s, and 5ms in the quiet quarter", "", "not judged"},
		"a pause": {func(i int) load.Row {
			r := steady(i)
			if i == 20 || i == 21 {
				r.Service.P50 = 300 * ms
			}
			return r
		}, load.Approved, 0, "neither", "", "no more than chance"},
		"a changing rate": {func(i int) load.Row { return row(i, uint64(1000+100*i), uint64(1000+100*i), time.Duration(5+i)*ms) }, load.Approved, 0, "neither", "", "not judged"},
		"late":            {steady, load.Approved, 2 * ms, "the generator was the limit: at p50 it was 2ms, 20.0 % of the 10ms", "own lateness is a small share of service", "20.0 %"},
		"behind": {func(i int) load.Row {
			r := steady(i)
			if i == 20 {
				r.Written = 400
			}
			if i == 21 {
				r.Written = 1600
			}
			return r
		}, load.Approved, 0, "neither", "arrivals followed the schedule", "at worst 600 orders were due and not written, about 600ms of the schedule, at 21s"},
		"refused":   {steady, load.Refused, 0, "neither the generator nor the target was at its limit: every one of 999 orders", "", ""},
		"dropped":   {steady, load.Dropped, 0, "the generator was the limit: 1 of 1000 orders could not be sent", "", ""},
		"timed out": {steady, load.TimedOut, 0, "the target was the limit: it left 1 orders without an answer", "", ""},
		"broken":    {steady, load.Broken, 0, "the target was the limit: it left 0 orders without an answer, and 1 with one", "", ""},
		"early":     {steady, load.Approved, -1, "the generator was the limit: it wrote 1000 orders before they were due", "arrivals followed the schedule", "before they were due"},
	} {
		t.Run(name, func(t *testing.T) {
			m := must(load.NewMeasurement(1, time.Second, time.Minute))
			r := m.Recorder()
			for i := range 1000 {
				s := load.Sample{Due: time.Second, Written: time.Second + c.wait, End: load.Approved}
				s.Answered = s.Written + 10*ms
				if i == 500 {
					s.End = c.end
				}
				r.Record(&s)
			}
			r.Close()
			m.Collect()
			s := &load.Summary{Length: 40 * time.Second}
			s.Sum([]load.Kind{{Flow: "sale"}}, m, &load.Chronicle{})
			for i := range 40 {
				s.Rows = append(s.Rows, c.row(i))
			}
			s.JudgeRun()
			if !strings.HasPrefix(s.Limit.String(), c.limit) {
				t.Errorf("limit: got %s", s.Limit)
			}
			var said []string
			for _, check := range s.Checks {
				said = append(said, check.Says)
				if check.Held != (check.Name != c.fails) {
					t.Errorf("got %+v", check)
				}
			}
			if !strings.Contains(strings.Join(said, "\n"), c.says) {
				t.Errorf("got %q, want %q", said, c.says)
			}
		})
	}
}

func TestTheTapeKeepsTheSlowestAndTheFailed(t *testing.T) {
	tape := load.NewTape(3, 2)
	traces := map[int]uint64{} // by place: what an engine would keep there
	add := func(chain uint64, response time.Duration, end load.End) {
		if place, kept := tape.Keep(&load.Sample{Chain: chain, Answered: response, End: end}); kept {
			if place < 0 || place >= 5 {
				t.Fatalf("place %d", place)
			}
			traces[place] = chain
		}
	}
	for i := range uint64(1000) { // a permutation of 1 to 1000 ms
		add(i, time.Duration(i*379%1000+1)*ms, load.Approved)
	}
	add(2000, time.Hour, load.TimedOut)
	add(2001, time.Hour, load.Dropped)
	add(2002, 0, load.Broken)
	add(2003, time.Hour, load.TimedOut)
	var got []string
	for _, kept := range append(tape.Slowest(), tape.Failed()...) {
		if traces[kept.Place] != kept.Chain {
			t.Errorf("the trace of chain %d is that of %d", kept.Chain, traces[kept.Place])
		}
		got = append(got, fmt.Sprint(kept.Response(), kept.End))
	}
	if want := "1s approved, 999ms approved, 998ms approved, 0s broken, 1h0m0s timed out"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	s := load.Sample{Answered: time.Second, End: load.Approved}
	if per := testing.AllocsPerRun(100, func() { s.Answered++; tape.Keep(&s) }); per != 0 {
		t.Errorf("%g allocations an order", per)
	}
}

func TestProgress(t *testing.T) {
	for _, tty := range []bool{true, false} {
		var out bytes.Buffer
		var flow load.Flow
		p := load.NewProgress(&out, tty, func() load.Flow { return flow })
		m := must(load.NewMeasurement(1, time.Second, time.Minute))
		r := m.Recorder()
		orders := hundred(func(i int, s *load.Sample) {
			if i%100 == 50 {
				s.End, s.Code = load.Declined, load.Code{'5', '1', ' '}
			}
		})
		for i := range orders {
			flow.Due, flow.Written = uint64(i+1), uint64(i+1)
			r.Record(&orders[i])
			m.Collect(p.Add)
		}
		r.Unmatched()
		r.Advance(20 * time.Second)
		m.Collect(p.Add)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		want := []string{"  10s  due 100/s, reached 100/s   response p50 9ms  p99 9ms  p99.9 9ms   own lateness p99 0s   approved 990  declined 10 (51×10)  timed out 0  dropped 0  refused 0  broken 0  late 0  duplicate 0  unmatched 0",
			"  20s  due 100/s, reached 100/s   response p50 9ms  p99 9ms  p99.9 9ms   own lateness p99 0s   approved 1980  declined 20 (51×20)  timed out 0  dropped 0  refused 0  broken 0  late 0  duplicate 0  unmatched 1"}
		if tty {
			if len(lines) != 40 || !strings.HasPrefix(lines[38], "\x1b[2A\x1b[K  20s  due ") || strings.Contains(lines[0], "\x1b") {
				t.Errorf("on a terminal: %d lines, %q", len(lines), lines)
			}
		} else if strings.Join(lines, "\n") != strings.Join(want, "\n") {
			t.Errorf("elsewhere: got\n%s", out.String())
		}
	}
}

// What an order waited for, the target owed: the generator is not to blame, and the response is whole all the same.
func TestAWaitIsTheTargets(t *testing.T) {
	for name, c := range map[string]struct {
		waited time.Duration
		end    load.End
		limit  string
	}{
		"its till was busy":                {300 * ms, load.Approved, "neither"},
		"the sender was late":              {0, load.Approved, "the generator was the limit: at p50 it was 300ms"},
		"dropped, for its till was busy":   {300 * ms, load.Dropped, "the target was the limit: 1000 of 1000 orders were dropped because their tills"},
		"dropped, for the sender was late": {ms, load.Dropped, "the generator was the limit: 1000 of 1000 orders could not be sent"},
	} {
		t.Run(name, func(t *testing.T) {
			m := must(load.NewMeasurement(1, time.Second, time.Minute))
			r := m.Recorder()
			for i := range 1000 {
				o := load.Sample{Due: time.Duration(i) * ms, Written: time.Duration(i+300) * ms, Waited: c.waited, End: c.end}
				o.Answered = o.Written + 10*ms
				if !o.Left() {
					o.Answered, o.Written = o.Written, 0
				} else if o.Response() != o.Lateness()+o.Service() || o.OwnLateness() != o.Lateness()-o.Waited {
					t.Fatalf("%+v", o)
				}
				r.Record(&o)
			}
			r.Close()
			m.Collect()
			s := &load.Summary{Length: 2 * time.Second}
			s.Sum([]load.Kind{{Flow: "sale"}}, m, &load.Chronicle{})
			if !strings.HasPrefix(s.Limit.String(), c.limit) {
				t.Errorf("limit: got %s", s.Limit)
			}
		})
	}
}
