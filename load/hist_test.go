package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

func anyTime() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(math.Exp(rapid.Float64Range(0, math.Log(float64(longest))).Draw(t, "log of a time")))
	})
}

// Our cells must be the library's, or its tools would read our logs as something else.
func TestCellsAreTheLibrarys(t *testing.T) {
	lib := hdrhistogram.New(1<<unitBits, int64(longest), digits)
	check := func(t interface{ Fatalf(string, ...any) }, d time.Duration) {
		cell := cellOf(d)
		if cellStart(cell) > d || d > cellEnd(cell) {
			t.Fatalf("%d is not within its cell of %d to %d", d, cellStart(cell), cellEnd(cell))
		}
		for _, edge := range []time.Duration{cellStart(cell), cellEnd(cell)} {
			if !lib.ValuesAreEquivalent(int64(edge), int64(d)) {
				t.Fatalf("%d and the edge %d of its cell differ for the library", d, edge)
			}
		}
		if lib.ValuesAreEquivalent(int64(cellEnd(cell)), int64(cellEnd(cell)+1)) {
			t.Fatalf("the library's cell goes on after %d", cellEnd(cell))
		}
	}
	for d := time.Duration(0); d < 1<<20; d += 7 {
		check(t, d)
	}
	for edge := time.Duration(1); edge < longest; edge *= 2 {
		check(t, edge-1)
		check(t, edge)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, anyTime().Draw(t, "time")) })
}

// A quantile is the end of the cell of the time that sorting gives, whatever the times are; so its error is below 0.1 %, or 64 ns.
func TestQuantilesAreThoseOfTheSortedTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(anyTime(), 1, 300).Draw(t, "times")
		q := rapid.SampledFrom([]float64{0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1}).Draw(t, "share")
		var h Hist
		for _, d := range times {
			h.Add(d)
		}
		slices.Sort(times)
		rank := 1 // the least that has a share q of the times at or below it
		for float64(rank) < q*float64(len(times))-1e-9 {
			rank++
		}
		exact := times[rank-1]
		got := h.Quantile(q)
		if cellOf(got) != cellOf(exact) || got < exact && exact != h.Max() || float64(got-exact) > max(64, 0.001*float64(exact)) {
			t.Fatalf("q %g of %d times: got %d, exactly %d", q, len(times), got, exact)
		}
		if h.Count() != uint64(len(times)) || h.Max() != times[len(times)-1] {
			t.Fatalf("count %d, max %d", h.Count(), h.Max())
		}
	})
}

func TestNoQuantileIsFlattered(t *testing.T) {
	var h Hist
	for range 158 { // 99 % of 160 are 158.4: the 159th, which rounding would miss
		h.Add(time.Millisecond)
	}
	h.Add(time.Second)
	h.Add(time.Second)
	if got := h.Quantile(0.99); got != time.Second {
		t.Errorf("p99 of 158 times of 1ms and 2 of 1s is %s", got)
	}
}

func TestMergeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(anyTime(), 0, 200).Draw(t, "times")
		var whole, merged Hist
		parts := make([]Hist, 3)
		for _, d := range times {
			whole.Add(d)
			parts[rapid.IntRange(0, 2).Draw(t, "part")].Add(d)
		}
		for i := range parts {
			merged.Merge(&parts[i])
		}
		if merged.n != whole.n || merged.sum != whole.sum || merged.longest != whole.longest || !slices.Equal(merged.counts, whole.counts) {
			t.Fatal("the merged histogram differs from the whole one")
		}
		whole.reset()
		if whole.n != 0 || slices.ContainsFunc(whole.counts, func(n uint64) bool { return n > 0 }) {
			t.Fatal("something is left after a reset")
		}
	})
}

func TestTimesOutsideTheHistogramAreNotLost(t *testing.T) {
	var h Hist
	h.Add(-time.Second)
	h.Add(time.Hour)
	if h.Count() != 2 || h.Quantile(0.5) > 64 || h.Max() != time.Hour || h.Quantile(1) < longest {
		t.Errorf("got count %d, p50 %s, p100 %s, max %s", h.Count(), h.Quantile(0.5), h.Quantile(1), h.Max())
	}
}
