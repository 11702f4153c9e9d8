package load

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// mostColumns is how many points a chart over time has at most; a longer run puts several intervals into one.
const mostColumns = 240

// column is one point in time of the charts: some intervals of a run. Counts add up, and a percentile is the worst of theirs.
type column struct {
	from, to time.Duration
	Row
}

func columns(s *Summary) []column {
	group := (len(s.Rows) + mostColumns - 1) / mostColumns
	var all []column
	for i, r := range s.Rows {
		to := r.From + s.Interval
		if i%max(group, 1) == 0 {
			r.Declines = maps.Clone(r.Declines)
			r.Heat.Counts = slices.Clone(r.Heat.Counts)
			all = append(all, column{r.From, to, r})
			continue
		}
		c := &all[len(all)-1]
		c.to = to
		c.Counts = c.Counts.plus(r.Counts)
		c.Response, c.Service = c.Response.worst(r.Response), c.Service.worst(r.Service)
		c.Lateness, c.OwnLateness = c.Lateness.worst(r.Lateness), c.OwnLateness.worst(r.OwnLateness)
		c.Heat = c.Heat.plus(r.Heat)
		c.Connected = worseOf(c.Connected, r.Connected)
		for code, n := range r.Declines {
			if c.Declines == nil {
				c.Declines = map[string]uint64{}
			}
			c.Declines[code] += n
		}
	}
	return all
}

func (c Counts) plus(o Counts) Counts {
	return Counts{c.Due + o.Due, c.Written + o.Written, c.Approved + o.Approved, c.Declined + o.Declined, c.TimedOut + o.TimedOut, c.Dropped + o.Dropped,
		c.Broken + o.Broken, c.Early + o.Early, c.Owed + o.Owed, c.Refused + o.Refused}
}

func (t Times) worst(o Times) Times {
	return Times{t.Count + o.Count, max(t.P50, o.P50), max(t.P90, o.P90), max(t.P99, o.P99), max(t.P999, o.P999), max(t.P9999, o.P9999), max(t.Max, o.Max), nil}
}

// worseOf is worst where there may be none.
func worseOf(a, b *Times) *Times {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	t := a.worst(*b)
	return &t
}

func (h Heat) plus(o Heat) Heat {
	if len(h.Counts) == 0 {
		return o
	}
	if len(o.Counts) == 0 {
		return h
	}
	first := min(h.First, o.First)
	sum := Heat{first, make([]uint64, max(h.First+len(h.Counts), o.First+len(o.Counts))-first)}
	for _, part := range []Heat{h, o} {
		for i, n := range part.Counts {
			sum.Counts[part.First-first+i] += n
		}
	}
	return sum
}

func (c *column) seconds() float64 { return (c.to - c.from).Seconds() }

// figuresOf draws the charts of a run.
func figuresOf(s *Summary) []chart {
	cols := columns(s)
	if len(cols) == 0 {
		return nil
	}
	clock := clockAxis(cols[len(cols)-1].to)
	for _, n := range s.Injected {
		if n.Times > 0 {
			clock.bands = append(clock.bands, band{n.At.Seconds(), n.Until.Seconds(), n.Sentence()})
		}
	}
	charts := []chart{percentileCurve(s), latencyOverTime(cols, clock), heatMap(cols, clock), rates(cols, clock)}
	if c, ok := goodput(cols); ok {
		charts = append(charts, c)
	}
	if c, ok := connections(cols, clock); ok {
		charts = append(charts, c)
	}
	charts = append(charts, failures(cols, clock))
	for _, t := range s.Target {
		charts = append(charts, target(t, clock))
	}
	return charts
}

func percentileCurve(s *Summary) chart {
	var series []line
	least, most, beyond := time.Duration(math.MaxInt64), time.Duration(0), 10.0
	for _, m := range []struct {
		name  string
		times *Times
	}{{"response", &s.Total.Response}, {"service", &s.Total.Service}, {"lateness", &s.Total.Lateness}} {
		l := line{name: m.name}
		for _, p := range m.times.Curve {
			x := 1 / (1 - p.Share)
			l.x, l.y = append(l.x, x), append(l.y, float64(p.Time))
			least, most, beyond = min(least, p.Time), max(most, p.Time), max(beyond, x)
		}
		series = append(series, l)
	}
	return lines("Percentiles", "How long the orders took. Each nine of a percentile is as wide as the one before, so the tail is not hidden. Response is what users feel: from due to answered.",
		shareAxis(beyond), timeAxis(least, most), series...)
}

func latencyOverTime(cols []column, clock axis) chart {
	series := []line{{name: "p50"}, {name: "p99"}, {name: "p99.9"}, {name: "longest"}}
	least, most := time.Duration(math.MaxInt64), time.Duration(0)
	for i := range cols {
		r := &cols[i].Response
		for n, v := range []time.Duration{r.P50, r.P99, r.P999, r.Max} {
			y := math.NaN()
			if r.Count > 0 {
				y = float64(v)
				least, most = min(least, v), max(most, v)
			}
			series[n].x, series[n].y = append(series[n].x, middle(&cols[i])), append(series[n].y, y)
		}
	}
	return lines("Response over time", "Of the orders that ended in each interval; one without an answer ends when it times out.", clock, timeAxis(least, most), series...)
}

func middle(c *column) float64 { return (c.from + c.to).Seconds() / 2 }

func heatMap(cols []column, clock axis) chart {
	var most uint64
	first, last := math.MaxInt, 0
	for i := range cols {
		if h := &cols[i].Heat; len(h.Counts) > 0 {
			first, last = min(first, h.First), max(last, h.First+len(h.Counts))
			most = max(most, slices.Max(h.Counts))
		}
	}
	f := chart{Title: "Heat map of the response", Says: "The stronger, the more orders; the scale is of square roots, so that few are seen too."}
	if most == 0 {
		f.Says = "Not one order ended."
		return f
	}
	c := newCanvas(f.Title, clock, timeAxis(heatStart(first), heatStart(last)))
	for i := range cols {
		for k, n := range cols[i].Heat.Counts {
			if n == 0 {
				continue
			}
			from, to := heatStart(cols[i].Heat.First+k), heatStart(cols[i].Heat.First+k+1)
			shade := 1 + int(8*math.Sqrt(float64(n)/float64(most)))
			c.box(fmt.Sprintf("h%d", min(shade, 9)), cols[i].from.Seconds(), float64(from), cols[i].to.Seconds(), float64(to),
				fmt.Sprintf("%s: %d orders took %s to %s", cols[i].from, n, shortTime(from), shortTime(to)))
		}
	}
	f.SVG = c.done()
	return f
}

func rates(cols []column, clock axis) chart {
	series := []line{{name: "due", step: true}, {name: "reached", step: true}, {name: "approved", step: true}}
	var most float64
	for i := range cols {
		c := &cols[i]
		for n, count := range []uint64{c.Due, c.Written, c.Approved} {
			rate := float64(count) / c.seconds()
			series[n].x, series[n].y = append(series[n].x, c.from.Seconds()), append(series[n].y, rate)
			most = max(most, rate)
		}
	}
	return lines("Rate due, rate reached, goodput", "Orders a second: due by the schedule, written, and approved. Where reached falls below due the generator was late; where approved falls below reached the target was.",
		clock, evenAxis(most, number), series...)
}

// connections draws how many were made a second, where they are made anew all the time.
func connections(cols []column, clock axis) (chart, bool) {
	l, last, most := line{name: "connections a second", step: true}, 0, 0.0
	for i := range cols {
		rate := 0.0
		if c := cols[i].Connected; c != nil {
			last, rate = i, float64(c.Count)/cols[i].seconds()
		}
		l.x, l.y, most = append(l.x, cols[i].from.Seconds()), append(l.y, rate), max(most, rate)
	}
	return lines("Connections", "How many connections stood a second, each with its TLS handshake where the line has TLS. How long that took is part of what its order waited.",
		clock, evenAxis(most, number), l), last > 0
}

// goodput draws what was approved over what was due. It says something only if the rate changed.
func goodput(cols []column) (chart, bool) {
	l := line{name: "approved"}
	var most, least float64
	least = math.Inf(1)
	for i := range cols {
		c := &cols[i]
		if c.Due > 0 {
			due := float64(c.Due) / c.seconds()
			l.x, l.y = append(l.x, due), append(l.y, float64(c.Approved)/c.seconds())
			most, least = max(most, due), min(least, due)
		}
	}
	if most < 1.2*least || len(l.x) == 0 {
		return chart{}, false
	}
	f := chart{Title: "Goodput against load", Says: "Each point is an interval. On the diagonal, all that was due was approved; where the points bend away from it, the target is past saturation."}
	x, y := evenAxis(most, number), evenAxis(max(most, slices.Max(l.y)), number)
	x.label = "orders a second due"
	c := newCanvas(f.Title, x, y)
	fmt.Fprintf(c, `<path class="line grid" d="M%.1f %.1fL%.1f %.1f"/>`, c.atX(0), c.atY(0), c.atX(min(x.to, y.to)), c.atY(min(x.to, y.to)))
	for i := range l.x {
		fmt.Fprintf(c, `<circle class="s2" cx="%.1f" cy="%.1f" r="3"><title>%s/s due, %s/s approved</title></circle>`, c.atX(l.x[i]), c.atY(l.y[i]), number(l.x[i]), number(l.y[i]))
	}
	f.SVG = c.done()
	return f, true
}

// failures draws what was not approved, by answer code or the lack of one, one above the other.
func failures(cols []column, clock axis) chart {
	f := chart{Title: "Codes over time", Says: "Orders a second that were not approved: by the answer's code, or by why there was none."}
	sums := map[string]uint64{}
	of := func(c *column) map[string]uint64 {
		m := map[string]uint64{"timed out": c.TimedOut, "dropped": c.Dropped, "broken": c.Broken, "refused": c.Refused}
		for code, n := range c.Declines {
			m[code] += n
		}
		return m
	}
	var most float64
	for i := range cols {
		var sum uint64
		for name, n := range of(&cols[i]) {
			sums[name] += n
			sum += n
		}
		most = max(most, float64(sum)/cols[i].seconds())
	}
	maps.DeleteFunc(sums, func(_ string, n uint64) bool { return n == 0 })
	if len(sums) == 0 {
		f.Says = "Every order was approved."
		return f
	}
	names := slices.SortedFunc(maps.Keys(sums), func(a, b string) int { return cmp.Or(-cmp.Compare(sums[a], sums[b]), cmp.Compare(a, b)) })
	c := newCanvas(f.Title, clock, evenAxis(most, number))
	for n, name := range names {
		f.Key = append(f.Key, key{class(n), fmt.Sprintf("%s (%d)", name, sums[name])})
	}
	for i := range cols {
		base, counts := 0.0, of(&cols[i])
		for n, name := range names {
			if rate := float64(counts[name]) / cols[i].seconds(); rate > 0 {
				c.box(class(n), cols[i].from.Seconds(), base, cols[i].to.Seconds(), base+rate, fmt.Sprintf("%s: %s, %d", cols[i].from, name, counts[name]))
				base += rate
			}
		}
	}
	f.SVG = c.done()
	return f
}

func target(t Series, clock axis) chart {
	l := line{name: t.Name, y: t.Values}
	for _, at := range t.At {
		l.x = append(l.x, at.Seconds())
	}
	y := evenAxis(slices.Max(append([]float64{0}, t.Values...)), func(v float64) string { return number(v) + " " + t.Unit })
	return lines("Target: "+t.Name, "As the target's own metrics have it, on the clock of the run.", clock, y, l)
}
