package load_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/load"
)

const ms = time.Millisecond

var _ load.Desk = (*load.Recorder)(nil)

// host is a script: how long an order that is due at a time waits until it is written, and then until it is answered.
type host func(i int, due time.Duration) (wait, service time.Duration)

// play runs a script at a rate through shards, and gives its total, its intervals and all samples.
func play(t testing.TB, shards int, rate float64, length time.Duration, h host) (*load.Measurement, []load.Interval, []load.Sample) {
	m := must(load.NewMeasurement(1, time.Second, length))
	var recorders []*load.Recorder
	for range shards {
		recorders = append(recorders, m.Recorder())
	}
	var samples []load.Sample
	for due := range load.Dues(must(load.Constant(rate)), length) {
		wait, service := h(len(samples), due)
		samples = append(samples, load.Sample{Due: due, Written: due + wait, Answered: due + wait + service, End: load.Approved, Code: [3]byte{'0', '0', ' '}})
	}
	var intervals []load.Interval
	keep := func(iv *load.Interval) {
		own := load.Interval{Index: iv.Index, From: iv.From, To: iv.To, Stats: load.Stats{Kinds: make([]load.Tally, 1)}}
		own.Merge(&iv.Stats)
		intervals = append(intervals, own)
	}
	for i := range samples {
		recorders[i%shards].Record(&samples[i])
		if i%1000 == 0 {
			m.Collect(keep)
		}
	}
	for _, r := range recorders {
		r.Close()
	}
	m.Collect(keep)
	return m, intervals, samples
}

// The scripts and what an ideal instrument would read of them; got is within the histogram's digit of it, and never below.
func TestPercentilesAreTheScripts(t *testing.T) {
	const freeze = 500 * ms
	for name, c := range map[string]struct {
		rate   float64
		length time.Duration
		host   host
		want   map[float64]time.Duration // of the response
		wait   time.Duration             // p99 of the lateness
	}{
		"constant": {1000, 10 * time.Second, func(int, time.Duration) (time.Duration, time.Duration) { return 0, 2345678 },
			map[float64]time.Duration{0: 2345678, 0.5: 2345678, 0.99: 2345678, 1: 2345678}, 0},
		"bimodal": {1000, 10 * time.Second, func(i int, _ time.Duration) (time.Duration, time.Duration) {
			if i%4 == 0 {
				return 0, 80 * ms
			}
			return 0, 3 * ms
		}, map[float64]time.Duration{0.5: 3 * ms, 0.75: 3 * ms, 0.7501: 80 * ms, 0.99: 80 * ms}, 0},
		"tail of 0.1 %": {1000, 20 * time.Second, func(i int, _ time.Duration) (time.Duration, time.Duration) {
			if i%1000 == 999 {
				return 0, 900 * ms
			}
			return 0, 5 * ms
		}, map[float64]time.Duration{0.99: 5 * ms, 0.999: 5 * ms, 0.99901: 900 * ms, 0.9999: 900 * ms}, 0},
		// The host stands still from 5 s to 5.5 s: who falls due meanwhile waits for its end. Of 10 s that is one order in twenty, with
		// waits spread evenly from 0 to 500 ms: a share q waits for at most 500 ms less (1-q)·10 s.
		"freeze": {1000, 10 * time.Second, func(_ int, due time.Duration) (time.Duration, time.Duration) {
			if due >= 5*time.Second && due < 5*time.Second+freeze {
				return 0, 5*time.Second + freeze - due + ms
			}
			return 0, ms
		}, map[float64]time.Duration{0.5: ms, 0.95: ms, 0.97: 201 * ms, 0.99: 401 * ms, 0.999: 491 * ms, 1: 501 * ms}, 0},
		// The same, but the generator stands still: the response is the same, and the fault is seen to be its own.
		"generator's freeze": {1000, 10 * time.Second, func(_ int, due time.Duration) (time.Duration, time.Duration) {
			if due >= 5*time.Second && due < 5*time.Second+freeze {
				return 5*time.Second + freeze - due, ms
			}
			return 0, ms
		}, map[float64]time.Duration{0.5: ms, 0.95: ms, 0.97: 201 * ms, 0.99: 401 * ms, 0.999: 491 * ms, 1: 501 * ms}, 400 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, samples := play(t, 3, c.rate, c.length, c.host)
			total := m.Total().Total(nil)
			for q, want := range c.want {
				got := total.Times[load.Response].Quantile(q)
				if got < want || float64(got-want) > max(64, 0.001*float64(want)) {
					t.Errorf("response p%g: got %s, want %s", 100*q, got, want)
				}
			}
			if got := total.Times[load.Lateness].Quantile(0.99); math.Abs(float64(got-c.wait)) > max(64, 0.001*float64(c.wait)) {
				t.Errorf("lateness p99: got %s, want %s", got, c.wait)
			}
			if total.Due() != uint64(len(samples)) || total.Ends[load.Approved] != total.Due() || total.Early != 0 {
				t.Errorf("got %d due, %v", total.Due(), total.Ends)
			}
		})
	}
}

// Whatever the shards and ends are, and in whatever order the shards hand over: intervals add up to the total, nothing is lost, and each
// order is in the interval in which it ended.
func TestIntervalsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := load.NewMeasurement(3, 100*ms, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		shards := make([]*load.Recorder, rapid.IntRange(1, 3).Draw(t, "shards"))
		now := make([]time.Duration, len(shards))
		for i := range shards {
			shards[i] = m.Recorder()
		}
		want := [3]load.Tally{}
		ended := map[int]uint64{}
		strays := uint64(0)
		next := 0
		sum := load.Stats{Kinds: make([]load.Tally, 3)}
		sink := func(iv *load.Interval) {
			if iv.Index != next || iv.From != time.Duration(iv.Index)*100*ms || iv.To != iv.From+100*ms {
				t.Fatalf("interval %d of %s to %s comes when %d is due", iv.Index, iv.From, iv.To, next)
			}
			if got := iv.Total(nil).Due(); got != ended[iv.Index] {
				t.Fatalf("interval %d has %d orders, want %d", iv.Index, got, ended[iv.Index])
			}
			next++
			sum.Merge(&iv.Stats)
		}
		for range rapid.IntRange(0, 200).Draw(t, "events") {
			i := rapid.IntRange(0, len(shards)-1).Draw(t, "shard")
			now[i] += time.Duration(rapid.IntRange(0, 150).Draw(t, "step")) * ms
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				m.Collect(sink)
			case 1:
				shards[i].Advance(now[i])
			case 2:
				shards[i].Unmatched()
				strays++
			default:
				s := load.Sample{Answered: now[i], Kind: uint16(rapid.IntRange(0, 2).Draw(t, "kind")), End: load.End(rapid.IntRange(1, 5).Draw(t, "end")),
					Code: [3]byte{'0', byte('0' + rapid.IntRange(0, 9).Draw(t, "code")), ' '}}
				s.Written = s.Answered - min(now[i], time.Duration(rapid.IntRange(0, 500).Draw(t, "service"))*ms)
				s.Due = s.Written - min(s.Written, time.Duration(rapid.IntRange(0, 50).Draw(t, "lateness"))*ms)
				shards[i].Record(&s)
				one := load.Tally{}
				one.Ends[s.End] = 1
				if s.End != load.Dropped {
					one.Times[load.Response].Add(s.Answered - s.Due)
				}
				if s.End == load.Approved || s.End == load.Declined {
					one.Codes = []load.CodeCount{{Code: s.Code, End: s.End, Count: 1}}
				}
				want[s.Kind].Merge(&one)
				ended[int(now[i]/(100*ms))]++
			}
		}
		for _, r := range shards {
			r.Close()
		}
		m.Collect(sink)
		total := m.Total()
		var flows load.Flow
		for _, f := range m.Flows() {
			flows.Due += f.Due
			flows.Written += f.Written
		}
		var due, written uint64
		for k := range want {
			for name, got := range map[string]*load.Tally{"total": &total.Kinds[k], "sum of intervals": &sum.Kinds[k]} {
				w := &want[k]
				if got.Ends != w.Ends || !sameCodes(got.Codes, w.Codes) || got.Times[load.Response].Count() != w.Times[load.Response].Count() ||
					got.Times[load.Response].Quantile(0.7) != w.Times[load.Response].Quantile(0.7) {
					t.Fatalf("%s of kind %d: got %v %v, want %v %v", name, k, got.Ends, got.Codes, w.Ends, w.Codes)
				}
			}
			due += want[k].Due()
			written += want[k].Written()
		}
		if flows != (load.Flow{Due: due, Written: written}) || total.Strays[load.Unmatched] != strays || sum.Strays != total.Strays {
			t.Fatalf("got flows %v, strays %v; want %d due, %d written, %d strays", flows, total.Strays, due, written, strays)
		}
	})
}

func sameCodes(a, b []load.CodeCount) bool {
	counts := map[load.CodeCount]uint64{}
	for _, c := range a {
		counts[load.CodeCount{Code: c.Code, End: c.End}] += c.Count
	}
	for _, c := range b {
		counts[load.CodeCount{Code: c.Code, End: c.End}] -= c.Count
	}
	for _, n := range counts {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestFlowsAreByTheirOwnTimes(t *testing.T) {
	m, _, _ := play(t, 1, 10, 3*time.Second, func(int, time.Duration) (time.Duration, time.Duration) { return 1050 * ms, ms })
	if got, want := m.Flows(), []load.Flow{{Due: 9}, {Due: 10, Written: 9}, {Due: 10, Written: 10}, {Due: 1, Written: 10}, {Written: 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAnOrderWithoutAnAnswerStaysInThePercentiles(t *testing.T) {
	m := must(load.NewMeasurement(1, time.Second, time.Minute))
	r := m.Recorder()
	for range 98 {
		r.Record(&load.Sample{Answered: ms, End: load.Approved})
	}
	r.Record(&load.Sample{Answered: 30 * time.Second, End: load.TimedOut})
	r.Record(&load.Sample{Answered: 30 * time.Second, End: load.TimedOut})
	r.Record(&load.Sample{Answered: 31 * time.Second, End: load.Dropped})
	r.Close()
	m.Collect()
	total := m.Total().Total(nil)
	if got := total.Times[load.Response].Quantile(0.99); got != 30*time.Second {
		t.Errorf("p99 of 98 answers in 1ms and two in no time is %s", got)
	}
	if total.Times[load.Response].Count() != 100 || total.Due() != 101 || total.Written() != 100 || total.Answered() != 98 {
		t.Errorf("got %d times, %d due, %d written, %d answered", total.Times[load.Response].Count(), total.Due(), total.Written(), total.Answered())
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	m := must(load.NewMeasurement(2, time.Second, time.Minute))
	r := m.Recorder()
	s := load.Sample{End: load.Approved, Code: [3]byte{'0', '0', ' '}}
	r.Record(&s)
	if per := testing.AllocsPerRun(1000, func() {
		s.Due, s.Written, s.Answered = s.Due+10_000, s.Due+50_000, s.Due+200_000
		s.Kind = 1 - s.Kind
		r.Record(&s)
	}); per != 0 {
		t.Errorf("%g allocations an order", per)
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, kinds := range []int{1, 12} {
		b.Run(fmt.Sprintf("%d kinds", kinds), func(b *testing.B) {
			m := must(load.NewMeasurement(kinds, time.Second, time.Minute))
			r := m.Recorder()
			s := load.Sample{End: load.Approved, Code: [3]byte{'0', '0', ' '}}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				s.Due += 10_000
				s.Written = s.Due + time.Duration(i&1023)*100
				s.Answered = s.Written + 100_000 + time.Duration(i*7&4095)*200
				s.Kind = uint16(i % kinds)
				r.Record(&s)
				if i%100_000 == 0 {
					m.Collect()
				}
			}
		})
	}
}
