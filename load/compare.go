package load

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

// Comparison is what differs between two runs, and whether it is more than noise.
type Comparison struct {
	A, B    string   // their names
	Unlike  []string // why they can hardly be compared
	Paired  bool     // both followed one schedule, so that their parts were compared one with one
	Changes []Change
}

// Change is one figure of both runs. Low and High bound the change with a confidence of 95 %: of a time as a part of A's, of a share in points.
type Change struct {
	What      string
	A, B      float64 // ns, or percent
	Time      bool
	Low, High float64
	Sure      bool // no change lies outside the bounds
}

const (
	redraws    = 1000
	mostParts  = 40 // of a run: neighbouring intervals resemble one another, so they are drawn together
	fewParts   = 10
	confidence = 0.95
)

// part is some neighbouring intervals of a run.
type part struct {
	counts Counts
	times  map[string]*Hist // by measure and kind
}

// CompareRuns compares the runs of two directories. What is drawn to find the noise comes from the seed.
func CompareRuns(dirA, dirB string, seed sim.Seed) (*Comparison, error) {
	a, partsA, err := readParts(dirA)
	if err != nil {
		return nil, err
	}
	b, partsB, err := readParts(dirB)
	if err != nil {
		return nil, err
	}
	c := &Comparison{A: dirA, B: dirB, Unlike: unlike(a, b)}
	c.Paired = len(partsA) == len(partsB) && a.Length == b.Length && a.WarmUp == b.WarmUp && closeTo(a.Total.Due, b.Total.Due)
	if n := min(len(partsA), len(partsB)); n < fewParts {
		c.Unlike = append(c.Unlike, fmt.Sprintf("one of them has only %d intervals: the bounds are too narrow", n))
	}
	d := &drawn{c: c, a: partsA, b: partsB, random: seed.Stream("load/compare")}
	for _, name := range timesOf(partsA, partsB) {
		d.times(name)
	}
	for _, s := range []struct {
		what string
		of   func(*Counts) uint64
	}{{"approved", func(c *Counts) uint64 { return c.Approved }}, {"declined", func(c *Counts) uint64 { return c.Declined }},
		{"timed out", func(c *Counts) uint64 { return c.TimedOut }}, {"dropped", func(c *Counts) uint64 { return c.Dropped }}, {"refused", func(c *Counts) uint64 { return c.Refused }},
		{"broken", func(c *Counts) uint64 { return c.Broken }}} {
		d.share(s.what, s.of)
	}
	return c, nil
}

func closeTo(a, b uint64) bool { return math.Abs(float64(a)-float64(b)) <= 0.05*float64(max(a, b)) }

func unlike(a, b *Summary) (why []string) {
	for _, f := range []struct{ what, a, b string }{{"workload", a.Workload, b.Workload}, {"profile", a.Profile, b.Profile}, {"dialect", a.Dialect, b.Dialect},
		{"machine", a.Machine, b.Machine}, {"seed", fmt.Sprint(a.Seed), fmt.Sprint(b.Seed)}, {"length", a.Length.String(), b.Length.String()}} {
		if f.a != f.b {
			why = append(why, fmt.Sprintf("%s: %q and %q", f.what, f.a, f.b))
		}
	}
	if !closeTo(a.Total.Due, b.Total.Due) {
		why = append(why, fmt.Sprintf("orders due: %d and %d", a.Total.Due, b.Total.Due))
	}
	for name, s := range map[string]*Summary{"A": a, "B": b} {
		if s.Limit.Who == "generator" {
			why = append(why, fmt.Sprintf("%s: %s", name, s.Limit))
		}
		if s.Aborted != "" {
			why = append(why, fmt.Sprintf("%s was aborted: %s", name, s.Aborted))
		}
	}
	slices.Sort(why)
	return why
}

func readParts(dir string) (*Summary, []part, error) {
	s, err := ReadSummary(dir)
	if err != nil {
		return nil, nil, err
	}
	if s.Interval <= 0 || s.Length-s.WarmUp < s.Interval {
		return nil, nil, fmt.Errorf("run %s: summary.json: want at least one interval, got %s of %s", dir, s.Length-s.WarmUp, s.Interval)
	}
	intervals := int((s.Length - s.WarmUp) / s.Interval)
	size := (intervals + mostParts - 1) / mostParts
	parts := make([]part, (intervals+size-1)/size)
	place := func(from time.Duration) *part { // nil in the warm-up; what ends after the schedule belongs to its end
		if from < s.WarmUp {
			return nil
		}
		return &parts[min(int((from-s.WarmUp)/s.Interval)/size, len(parts)-1)]
	}
	for i := range s.Rows {
		if p := place(s.Rows[i].From); p != nil {
			p.counts = p.counts.plus(s.Rows[i].Counts)
		}
	}
	var errs []error
	for _, m := range []Measure{Response, Service} {
		errs = append(errs, addTimes(filepath.Join(dir, m.String()+".hlog"), m, place))
	}
	return s, parts, errors.Join(errs...)
}

func addTimes(file string, m Measure, place func(time.Duration) *part) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	logged, err := ReadIntervalLog(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for i := range logged {
		l := &logged[i]
		p, name := place(l.From), m.String()
		if p == nil {
			continue
		}
		if l.Tag != "" {
			name = l.Tag + " " + name
		}
		if p.times == nil {
			p.times = map[string]*Hist{}
		}
		if p.times[name] == nil {
			p.times[name] = &Hist{}
		}
		p.times[name].Merge(&l.Hist)
	}
	return nil
}

// timesOf names the times that both runs have, those of all orders first.
func timesOf(a, b []part) []string {
	in := func(parts []part) map[string]bool {
		names := map[string]bool{}
		for _, p := range parts {
			for name := range p.times {
				names[name] = true
			}
		}
		return names
	}
	var both []string
	for name := range in(a) {
		if in(b)[name] {
			both = append(both, name)
		}
	}
	slices.SortFunc(both, func(x, y string) int { return cmp.Or(cmp.Compare(spaces(x), spaces(y)), cmp.Compare(x, y)) })
	return both
}

func spaces(s string) (n int) {
	for _, r := range s {
		if r == ' ' {
			n++
		}
	}
	return n
}

// drawn finds bounds by the bootstrap: it draws the parts of the runs again and again, with replacement, and looks how far the figures move.
type drawn struct {
	c      *Comparison
	a, b   []part
	random *rand.Rand
}

// draw gives how often each part of both runs was drawn.
func (d *drawn) draw() (a, b []uint64) {
	a = make([]uint64, len(d.a))
	for range a {
		a[d.random.IntN(len(a))]++
	}
	if d.c.Paired {
		return a, a
	}
	b = make([]uint64, len(d.b))
	for range b {
		b[d.random.IntN(len(b))]++
	}
	return a, b
}

func once(parts []part) []uint64 {
	all := make([]uint64, len(parts))
	for i := range all {
		all[i] = 1
	}
	return all
}

// times compares the percentiles of one measure that both runs have orders enough for.
func (d *drawn) times(name string) {
	listA, listB := sparse(d.a, name), sparse(d.b, name)
	var shares []float64
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
		t := Threshold{what: "response", quantile: q}
		if float64(min(listA.count(), listB.count())) >= t.needs() {
			shares = append(shares, q)
		}
	}
	wholeA, wholeB := listA.quantiles(once(d.a), shares), listB.quantiles(once(d.b), shares)
	ratios := make([][]float64, len(shares))
	for range redraws {
		a, b := d.draw()
		timesA, timesB := listA.quantiles(a, shares), listB.quantiles(b, shares)
		for i := range shares {
			if timesA[i] > 0 && timesB[i] > 0 {
				ratios[i] = append(ratios[i], float64(timesB[i])/float64(timesA[i])-1)
			}
		}
	}
	for i, q := range shares {
		low, high := bounds(ratios[i])
		d.c.Changes = append(d.c.Changes, Change{What: name + " " + percentile(q), A: float64(wholeA[i]), B: float64(wholeB[i]), Time: true, Low: low, High: high,
			Sure: low > 0 || high < 0})
	}
}

func (d *drawn) share(what string, of func(*Counts) uint64) {
	sum := func(parts []part, times []uint64) float64 {
		var some, due uint64
		for i := range parts {
			some += times[i] * of(&parts[i].counts)
			due += times[i] * parts[i].counts.Due
		}
		return 100 * float64(some) / float64(max(due, 1))
	}
	change := Change{What: what, A: sum(d.a, once(d.a)), B: sum(d.b, once(d.b))}
	if change.A == 0 && change.B == 0 {
		return
	}
	var points []float64
	for range redraws {
		a, b := d.draw()
		points = append(points, sum(d.b, b)-sum(d.a, a))
	}
	change.Low, change.High = bounds(points)
	change.Sure = change.Low > 0 || change.High < 0
	d.c.Changes = append(d.c.Changes, change)
}

func bounds(v []float64) (low, high float64) {
	if len(v) == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	slices.Sort(v)
	beyond := int(float64(len(v)) * (1 - confidence) / 2)
	return v[beyond], v[len(v)-1-beyond]
}

// sparseTimes are the cells in use of each part, so that a thousand draws of a run are quick.
type sparseTimes struct {
	parts  [][]cellCount
	lo, hi int
	sum    []uint64
}

type cellCount struct {
	cell  int
	count uint64
}

func sparse(parts []part, name string) *sparseTimes {
	s := &sparseTimes{lo: math.MaxInt}
	for i := range parts {
		var cells []cellCount
		if h := parts[i].times[name]; h != nil && h.n > 0 {
			for cell := h.lo; cell < h.hi; cell++ {
				if h.counts[cell] > 0 {
					cells = append(cells, cellCount{cell, h.counts[cell]})
				}
			}
			s.lo, s.hi = min(s.lo, h.lo), max(s.hi, h.hi)
		}
		s.parts = append(s.parts, cells)
	}
	s.sum = make([]uint64, max(0, s.hi-s.lo))
	return s
}

func (s *sparseTimes) count() (n uint64) {
	for _, cells := range s.parts {
		for _, c := range cells {
			n += c.count
		}
	}
	return n
}

// quantiles gives the times at shares, which rise, of the parts taken so many times each.
func (s *sparseTimes) quantiles(times []uint64, shares []float64) []time.Duration {
	clear(s.sum)
	var n uint64
	for i, cells := range s.parts {
		if times[i] > 0 {
			for _, c := range cells {
				s.sum[c.cell-s.lo] += times[i] * c.count
				n += times[i] * c.count
			}
		}
	}
	found := make([]time.Duration, len(shares))
	var seen uint64
	next := 0
	for i := 0; i < len(s.sum) && next < len(shares); i++ {
		for seen += s.sum[i]; next < len(shares) && n > 0 && seen >= rank(shares[next], n); next++ {
			found[next] = cellEnd(s.lo + i)
		}
	}
	return found
}

// Write tells a comparison in words.
func (c *Comparison) Write(w io.Writer) error {
	fmt.Fprintf(w, "A is %s\nB is %s\n", c.A, c.B)
	for _, why := range c.Unlike {
		fmt.Fprintf(w, "unlike: %s\n", why)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\n\tA\tB\tchange\t95 % sure\t\t\n")
	for _, ch := range c.Changes {
		fmt.Fprintf(table, "%s\t%s\n", ch.What, ch.words())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	how := "The bounds are of the noise within the runs, whose parts were drawn anew 1000 times"
	if c.Paired {
		how += ", each part of A with the same part of B"
	}
	_, err := fmt.Fprintf(w, "\n%s. How much one run differs from the next, only more runs can tell.\n", how)
	return err
}

func (ch Change) words() string {
	a, b, change, bounds := shortTime(time.Duration(ch.A)), shortTime(time.Duration(ch.B)), "–", ""
	if ch.Time {
		if ch.A > 0 {
			change = fmt.Sprintf("%+.1f %%", 100*(ch.B/ch.A-1))
		}
		bounds = fmt.Sprintf("%+.1f to %+.1f %%", 100*ch.Low, 100*ch.High)
	} else {
		a, b, change = fmt.Sprintf("%.3f %%", ch.A), fmt.Sprintf("%.3f %%", ch.B), fmt.Sprintf("%+.3f", ch.B-ch.A)
		bounds = fmt.Sprintf("%+.3f to %+.3f", ch.Low, ch.High)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t", a, b, change, bounds, ch.verdict())
}

func (ch Change) verdict() string {
	more := ch.B > ch.A
	switch {
	case !ch.Sure:
		return "no more than noise"
	case ch.Time && more:
		return "SLOWER"
	case ch.Time:
		return "faster"
	case more:
		return "more"
	}
	return "less"
}
