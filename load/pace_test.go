package load_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/sim"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func stage(from, to float64, length time.Duration) load.Stage {
	return load.Stage{Rate: load.RateRange{From: from, To: to}, For: load.Span(length)}
}

func dues(p vegeta.Pacer, limit time.Duration) []time.Duration {
	return slices.Collect(load.Dues(p, limit))
}

func TestConstantIsExactAtEveryRate(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 3, 1000, 3000, 300_000, 1_500_000} {
		got := dues(must(load.Constant(rate)), 2*time.Second)
		if len(got) != int(2*rate) {
			t.Errorf("%g/s: got %d orders in 2s", rate, len(got))
		}
		for i, at := range got {
			if want := float64(i+1) / rate * 1e9; math.Abs(float64(at)-want) > 1 {
				t.Fatalf("%g/s: order %d is due at %d, want %.1f", rate, i, at, want)
			}
		}
	}
}

func TestConstantIsVegetasOwnWhereItIsExact(t *testing.T) {
	p := must(load.Constant(1000))
	if p != (vegeta.ConstantPacer{Freq: 1000, Per: time.Second}) {
		t.Errorf("got %v", p)
	}
}

// A schedule of changing rate must come to as many orders as the area under its rate, at each moment.
func TestOrdersAreTheAreaUnderTheRate(t *testing.T) {
	stages := must(load.NewStages(stage(10, 10, time.Second), stage(0, 0, time.Second),
		stage(10, 1000, 4*time.Second), stage(1000, 3, 3*time.Second)))
	for name, c := range map[string]struct {
		p      vegeta.Pacer
		orders float64
		within float64
	}{
		"linear up":   {must(load.Linear(100, 1000, 9*time.Second)), 4950, 1},
		"linear down": {must(load.Linear(1000, 1, 9*time.Second)), 4504.5, 1},
		"sine":        {must(load.Sine(500, 400, 3*time.Second, vegeta.Trough)), 4500, 1},
		"stages":      {stages, 10 + 505*4 + 501.5*3, 0.5},
	} {
		got := dues(c.p, 9*time.Second)
		if math.Abs(float64(len(got))-c.orders) > c.within {
			t.Errorf("%s: got %d orders, want %.1f", name, len(got), c.orders)
		}
		var area float64
		const step = time.Millisecond
		for at, n := time.Duration(0), 0; at < 9*time.Second; at += step {
			for n < len(got) && got[n] <= at {
				n++
			}
			if math.Abs(float64(n)-area) > 3 {
				t.Errorf("%s: %d orders are due by %s, the area is %.1f", name, n, at, area)
				break
			}
			area += (c.p.Rate(at) + c.p.Rate(at+step)) / 2 * step.Seconds()
		}
	}
}

func TestDuesNeverGoBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stages := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) load.Stage {
			return stage(rapid.Float64Range(0, 2000).Draw(t, "from"), rapid.Float64Range(0, 2000).Draw(t, "to"),
				time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "for")))
		}), 1, 5).Draw(t, "stages")
		s, err := load.NewStages(stages...)
		if err != nil {
			t.Skip("no order is due")
		}
		var end time.Duration
		var area float64
		for _, stage := range stages {
			end += time.Duration(stage.For)
			area += (stage.Rate.From + stage.Rate.To) / 2 * time.Duration(stage.For).Seconds()
		}
		got := dues(s, 0)
		if math.Abs(float64(len(got))-area) > 1.001 {
			t.Fatalf("%d orders, the area is %f", len(got), area)
		}
		for _, p := range [][]time.Duration{got, dues(load.NewPoisson(sim.Seed(rapid.Uint64().Draw(t, "seed")), s), 0)} {
			if !slices.IsSorted(p) || len(p) > 0 && (p[0] < 0 || p[len(p)-1] > end+1) {
				t.Fatalf("got %v, the stages end at %s", p, end)
			}
		}
	})
}

func TestSameSeedSameDues(t *testing.T) {
	s := must(load.NewStages(stage(5000, 5000, 10*time.Second)))
	one := load.NewPoisson(7, s)
	first := dues(one, 0)
	if again := dues(one, 0); !slices.Equal(first, again) {
		t.Error("a second run of one schedule differs")
	}
	if again := dues(load.NewPoisson(7, s), 0); !slices.Equal(first, again) {
		t.Error("another schedule of the same seed differs")
	}
	if other := dues(load.NewPoisson(8, s), 0); slices.Equal(first, other) {
		t.Error("another seed gives the same schedule")
	}
	one.Pace(0, 100)
	one.Pace(0, 200)
	if wait, _ := one.Pace(0, 100); wait != first[100] {
		t.Errorf("going back, order 100 is due at %s, want %s", wait, first[100])
	}
}

// The gaps of a Poisson process are exponential: their deviation is their mean, and 1/e of them is longer than it.
func TestPoissonIsPoisson(t *testing.T) {
	s := must(load.NewStages(stage(10_000, 10_000, 0)))
	got := dues(load.NewPoisson(1, s), 20*time.Second)
	const mean = 1e5 // ns
	var squares, longer float64
	for i := 1; i < len(got); i++ {
		gap := float64(got[i] - got[i-1])
		squares += (gap - mean) * (gap - mean)
		if gap > mean {
			longer++
		}
	}
	n := float64(len(got))
	if math.Abs(n-200_000) > 4*math.Sqrt(200_000) {
		t.Errorf("got %g orders in 20s at 10000/s", n)
	}
	if deviation := math.Sqrt(squares/n) / mean; math.Abs(deviation-1) > 0.02 {
		t.Errorf("the gaps deviate by %.3f of their mean, want 1", deviation)
	}
	if share := longer / n; math.Abs(share-1/math.E) > 0.01 {
		t.Errorf("%.3f of the gaps are longer than the mean, want 1/e", share)
	}
}

func replayed(times ...time.Duration) func() (time.Duration, bool) {
	return func() (time.Duration, bool) {
		if len(times) == 0 {
			return 0, false
		}
		at := times[0]
		times = times[1:]
		return at, true
	}
}

func TestReplayScalesRecordedTimes(t *testing.T) {
	r := must(load.NewReplay(replayed(5*time.Second, 6*time.Second, 5500*time.Millisecond, 9*time.Second), 2))
	want := []time.Duration{0, 500 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second}
	if got := dues(r, 0); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if r.Rate(0) != 2 {
		t.Errorf("got a mean rate of %g/s, want 2/s", r.Rate(0))
	}
}

func TestSchedulesWithoutSenseAreRefused(t *testing.T) {
	refuse := func(want string) func(any, error) {
		return func(_ any, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want %q", err, want)
			}
		}
	}
	anyOf := func(p vegeta.Pacer, err error) (any, error) { return p, err }
	stages := func(s ...load.Stage) (any, error) { p, err := load.NewStages(s...); return p, err }
	refuse("rate: want above 0/s")(anyOf(load.Constant(0)))
	refuse("rate: want above 0/s")(anyOf(load.Constant(math.NaN())))
	refuse("at most 10000000/s, got 2e+07/s")(anyOf(load.Constant(2e7)))
	refuse("to: want above 0/s")(anyOf(load.Linear(1, 0, time.Second)))
	refuse("over: want a time above 0")(anyOf(load.Linear(1, 2, 0)))
	refuse("amplitude: want from 0 to below the mean of 5/s, got 5/s")(anyOf(load.Sine(5, 5, time.Second, 0)))
	refuse("period: want a time above 0")(anyOf(load.Sine(5, 1, 0, 0)))
	refuse("not one order")(stages())
	refuse("not one order")(stages(stage(0.5, 0.5, time.Second)))
	refuse("stage 2: want rates from 0/s")(stages(stage(1, 1, time.Second), stage(0, -1, time.Second)))
	refuse("stage 1: for: want a time above 0")(stages(stage(1, 1, 0), stage(1, 1, 0)))
	refuse("stage 1: for: a stage that changes")(stages(stage(1, 2, 0)))
	_, err := load.NewReplay(nil, 0)
	refuse("speed: want a number above 0")(nil, err)
}

func TestDuesAllocateNothingAnOrder(t *testing.T) {
	s := must(load.NewStages(stage(10, 1e5, time.Second)))
	for name, p := range map[string]vegeta.Pacer{"stages": s, "poisson": load.NewPoisson(1, s), "constant": must(load.Constant(50_000))} {
		if per := testing.AllocsPerRun(3, func() {
			for range load.Dues(p, time.Second) {
			}
		}); per > 10 {
			t.Errorf("%s: %g allocations in 50000 orders", name, per)
		}
	}
}

func BenchmarkDues(b *testing.B) {
	s := must(load.NewStages(stage(1e5, 1e5, 0)))
	for name, p := range map[string]vegeta.Pacer{"stages": s, "poisson": load.NewPoisson(1, s), "constant": must(load.Constant(100_000))} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for range load.Dues(p, 0) {
				if n++; n == b.N {
					break
				}
			}
		})
	}
}

// A stage that swings is due when vegeta's own sine is, which begins at its trough; Poisson stands on top of it.
func TestSwingIsVegetasSine(t *testing.T) {
	swing := stage(100, 900, 7500*time.Millisecond)
	swing.Every = load.Span(3 * time.Second)
	stages := must(load.NewStages(stage(10, 10, time.Second), swing))
	got := dues(stages, 0)[10:]
	want := dues(must(load.Sine(500, 400, 3*time.Second, vegeta.Trough)), time.Duration(swing.For))
	if d := len(got) - len(want); d < -1 || d > 1 || len(want) < 3700 {
		t.Fatalf("%d orders, vegeta's has %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if off := got[i] - time.Second - want[i]; off.Abs() > 10*time.Millisecond { // vegeta's waits by the rate at its last order
			t.Fatalf("order %d is due %s from vegeta's %s", i, off, want[i])
		}
	}
	for at, rate := range map[time.Duration]float64{time.Second: 100, 2500 * time.Millisecond: 900, 4 * time.Second: 100, 8499 * time.Millisecond: 900} {
		if r := stages.Rate(at); math.Abs(r-rate) > 0.1 {
			t.Errorf("at %s: %g/s, want %g/s", at, r, rate)
		}
	}
	if n := len(dues(load.NewPoisson(7, stages), 0)); n < 3500 || n > 4100 { // about 3760 expected, standard deviation 61
		t.Errorf("%d orders at random", n)
	}
}
