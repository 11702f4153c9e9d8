package load

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Check is what a run says of itself: whether its figures may be believed.
type Check struct {
	Name string `json:"name"`
	Held bool   `json:"held"`
	Says string `json:"says"`
}

// Limit says whether the generator or the target was the limit, and why.
type Limit struct {
	Who string `json:"who"` // generator, target or neither
	Why string `json:"why"`
}

func (l Limit) String() string {
	if l.Who == "neither" {
		return "neither the generator nor the target was at its limit: " + l.Why
	}
	return "the " + l.Who + " was the limit: " + l.Why
}

// Sentence says it as one.
func (l Limit) Sentence() string {
	text := l.String()
	return strings.ToUpper(text[:1]) + text[1:]
}

const (
	smallShare = 0.1  // of service that lateness may be
	drift      = 0.1  // of the median that the times may move over the run
	steadyRate = 0.05 // that the rate may differ from its median
	fewestRows = 10   // for a drift to be told from noise
	surely     = 3    // deviations of Mann and Kendall's test
	slower     = 5    // times the times of quiet intervals are no longer a change but a queue
	inARow     = 3    // intervals: one alone is a pause
)

// JudgeRun fills in what a run says of itself, from its figures and rows.
func (s *Summary) JudgeRun() {
	rows := s.rowsOfSchedule()
	steady, risen := stationary(rows)
	strain := strained(rows)
	late := onTime(s)
	s.Checks = []Check{followed(s), late, steady}
	t := &s.Total
	switch {
	case t.Early > 0:
		s.Limit = Limit{"generator", fmt.Sprintf("it wrote %d orders before they were due", t.Early)}
	case t.Dropped > t.Owed:
		s.Limit = Limit{"generator", fmt.Sprintf("%d of %d orders could not be sent within the allowed lag", t.Dropped-t.Owed, t.Due)}
	case !late.Held:
		s.Limit = Limit{"generator", late.Says}
	case t.Owed > 0:
		s.Limit = Limit{"target", fmt.Sprintf("%d of %d orders were dropped because their tills were still busy with the orders before", t.Owed, t.Due)}
	case t.TimedOut+t.Broken > 0:
		s.Limit = Limit{"target", fmt.Sprintf("it left %d orders without an answer, and %d with one that cannot be believed", t.TimedOut, t.Broken)}
	case strain != "":
		s.Limit = Limit{"target", strain}
	case risen:
		s.Limit = Limit{"target", steady.Says}
	default:
		s.Limit = Limit{"neither", fmt.Sprintf("every one of %d orders was sent in time and answered", t.Due-t.Refused)}
	}
}

// rowsOfSchedule gives the rows in which orders fell due and were counted, but for the first and the last, which may be parts of intervals.
func (s *Summary) rowsOfSchedule() []Row {
	var rows []Row
	for _, r := range s.Rows {
		if r.From >= s.WarmUp && r.From+s.Interval <= s.Length && r.Due > 0 {
			rows = append(rows, r)
		}
	}
	if len(rows) > 2 {
		rows = rows[1 : len(rows)-1]
	}
	return rows
}

// followed tells whether arrivals followed the schedule: how far behind it the writing ever was.
func followed(s *Summary) Check {
	var due, written, most uint64
	var at, behind time.Duration
	for _, r := range s.Rows {
		due += r.Due
		written += r.Written + r.Dropped + r.Refused
		if backlog := due - min(written, due); backlog > most {
			most, at = backlog, r.From+s.Interval
			behind = time.Duration(float64(backlog) / max(1, float64(r.Due)) * float64(s.Interval))
		}
	}
	c := Check{Name: "arrivals followed the schedule", Held: behind <= s.Interval/20 && s.Total.Early == 0}
	switch {
	case s.Total.Early > 0:
		c.Says = fmt.Sprintf("%d orders were written before they were due", s.Total.Early)
	case most == 0:
		c.Says = "at the end of each interval every order due had been written"
	default:
		c.Says = fmt.Sprintf("at worst %d orders were due and not written, about %s of the schedule, at %s", most, shortTime(behind), at)
	}
	return c
}

// onTime tells whether the generator's own lateness is a small share of service, at each percentile that has orders beyond it. What is below
// the rest between two turns says nothing: nobody could be more punctual, and it is no limit.
func onTime(s *Summary) Check {
	late, served := &s.Total.OwnLateness, &s.Total.Service
	c := Check{Name: "own lateness is a small share of service", Held: true}
	for _, p := range []struct {
		name          string
		late, service time.Duration
		needs         uint64
	}{{"p50", late.P50, served.P50, 1}, {"p99", late.P99, served.P99, 100}, {"p99.9", late.P999, served.P999, 1000}} {
		share := float64(p.late) / max(1, float64(p.service))
		if late.Count < p.needs || c.Says != "" && share <= smallShare {
			continue
		}
		c.Says = fmt.Sprintf("at %s it was %s, %.1f %% of the %s that the target took", p.name, shortTime(p.late), 100*share, shortTime(p.service))
		if share > smallShare && p.late > quantum {
			c.Held = false
			return c
		}
	}
	if c.Says == "" {
		c.Says = "not one order was sent"
	}
	return c
}

// stationary tells whether the times stayed what they were while the rate did, by Mann and Kendall's test for a trend on the median of each
// interval, and the size of the trend by Theil and Sen's slope. Where the rate changed, nothing can be said. risen tells of times that grew.
func stationary(rows []Row) (c Check, risen bool) {
	c = Check{Name: "samples are stationary", Held: true}
	var rates []float64
	for _, r := range rows {
		rates = append(rates, float64(r.Due))
	}
	mid := median(rates)
	var medians []float64
	for _, r := range rows {
		if math.Abs(float64(r.Due)-mid) <= max(steadyRate*mid, 3*math.Sqrt(mid)) && r.Service.Count > 0 {
			medians = append(medians, float64(r.Service.P50))
		}
	}
	if len(medians) < max(fewestRows, len(rows)*4/5) {
		c.Says = fmt.Sprintf("not judged: of %d intervals, %d have the same rate, and at least %d are needed", len(rows), len(medians), max(fewestRows, len(rows)*4/5))
		return c, false
	}
	intervals := len(medians)
	medians = thinned(medians)
	z, slope := trend(medians)
	moved := slope * float64(len(medians)-1) / max(1, median(medians))
	c.Says = fmt.Sprintf("over %d intervals of one rate the median service time moved by %+.1f %%", intervals, 100*moved)
	c.Held = math.Abs(z) < surely || math.Abs(moved) < drift
	if c.Held && math.Abs(z) < surely {
		c.Says += ", no more than chance"
	}
	return c, !c.Held && moved > 0
}

// strained tells of a target whose queue grew, at whatever rate: where in some intervals in a row the median service time was several times that
// of the quiet quarter.
func strained(rows []Row) string {
	var medians []time.Duration
	for _, r := range rows {
		if r.Service.Count > 0 {
			medians = append(medians, r.Service.P50)
		}
	}
	if len(medians) == 0 {
		return ""
	}
	slices.Sort(medians)
	quiet := medians[len(medians)/4]
	n := 0
	for _, r := range rows {
		if r.Service.P50 <= slower*quiet {
			n = 0
		} else if n++; n == inARow {
			return fmt.Sprintf("its median service time was %s at %s, and %s in the quiet quarter of the run", shortTime(r.Service.P50), r.From, shortTime(quiet))
		}
	}
	return ""
}

// thinned takes values at even steps, so that the pairs of a long run stay few.
func thinned(v []float64) (thin []float64) {
	step := 1 + len(v)/500
	for i := 0; i < len(v); i += step {
		thin = append(thin, v[i])
	}
	return thin
}

// trend gives Mann and Kendall's deviate, and the median slope of all pairs.
func trend(v []float64) (z, slope float64) {
	var sign float64
	var slopes []float64
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			d := v[j] - v[i]
			slopes = append(slopes, d/float64(j-i))
			switch {
			case d > 0:
				sign++
			case d < 0:
				sign--
			}
		}
	}
	n := float64(len(v))
	if sign != 0 {
		sign -= math.Copysign(1, sign) // the correction for continuity
	}
	return sign / math.Sqrt(n*(n-1)*(2*n+5)/18), median(slopes)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
