package load

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Verdict is how a threshold fared.
type Verdict struct {
	Threshold string        `json:"threshold"`
	Held      bool          `json:"held"`
	Value     string        `json:"value"`             // over the run, or in its worst window
	Orders    uint64        `json:"orders"`            // that the value was taken from
	From      time.Duration `json:"from_ns,omitempty"` // the worst window
	To        time.Duration `json:"to_ns,omitempty"`
	Why       string        `json:"why,omitempty"` // why a threshold could not be judged; such a one has not held
}

func (v Verdict) String() string {
	text := map[bool]string{true: "held     ", false: "crossed  "}[v.Held] + v.Threshold
	switch {
	case v.Why != "":
		return text + ": " + v.Why
	case v.To > 0:
		return fmt.Sprintf("%s: %s at worst, from %s to %s", text, v.Value, v.From, v.To)
	}
	return text + ": " + v.Value
}

// Watch judges thresholds while a run goes on: it is a sink of the run's intervals.
type Watch struct {
	plan   Plan
	states []*watched
}

// watched is a threshold with what it has seen.
type watched struct {
	*Threshold
	kinds   []int // that fit it
	whole   evidence
	window  []evidence // the newest intervals, a ring
	seen    int        // intervals
	judged  bool
	worst   float64
	verdict Verdict
}

// evidence is all that a threshold wants of an interval: a count and what it is a share of, or times.
type evidence struct {
	count, of uint64
	times     Hist
}

func (e *evidence) merge(o *evidence) {
	e.count += o.count
	e.of += o.of
	e.times.Merge(&o.times)
}

// NewWatch parses thresholds and checks them against a plan. Its error tells of each that is wrong.
func NewWatch(p Plan, thresholds ...string) (*Watch, error) {
	w := &Watch{plan: p}
	var errs []error
	for _, text := range thresholds {
		t, err := ParseThreshold(text)
		if err == nil {
			err = t.Check(p)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s := &watched{Threshold: t, window: make([]evidence, max(1, int(t.over/p.Interval)))}
		for i, k := range p.Kinds {
			if t.fits(k) {
				s.kinds = append(s.kinds, i)
			}
		}
		w.states = append(w.states, s)
	}
	return w, errors.Join(errs...)
}

// Add takes an interval of the run.
func (w *Watch) Add(iv *Interval) {
	for _, s := range w.states {
		if s.over == 0 {
			s.take(&s.whole, iv)
			continue
		}
		slot := &s.window[s.seen%len(s.window)]
		*slot = evidence{}
		s.take(slot, iv)
		if s.seen++; s.seen < len(s.window) || iv.To-s.over < w.plan.WarmUp || s.unit == "/s" && iv.To > w.plan.Length {
			continue // a window that is not full says nothing, and a rate ends with the schedule
		}
		var sum evidence
		for i := range s.window {
			sum.merge(&s.window[i])
		}
		if v, ok := s.value(&sum, s.over); ok && (!s.judged || s.worse(v, s.worst)) {
			s.judged, s.worst = true, v
			s.verdict = Verdict{Held: s.holds(v), Value: s.format(v), Orders: s.orders(&sum), From: iv.To - s.over, To: iv.To}
		}
	}
}

// Abort tells the first threshold with `abort` that is crossed. One over the whole run is judged by what has been so far.
func (w *Watch) Abort() (Verdict, bool) {
	for _, s := range w.states {
		if s.abort {
			if v, judged := s.judge(w.plan, false); judged && !v.Held {
				return v, true
			}
		}
	}
	return Verdict{}, false
}

// Verdicts tells how each threshold fared over the run.
func (w *Watch) Verdicts() []Verdict {
	var all []Verdict
	for _, s := range w.states {
		v, _ := s.judge(w.plan, true)
		all = append(all, v)
	}
	return all
}

func (s *watched) judge(p Plan, ended bool) (v Verdict, judged bool) {
	v, judged = s.verdict, s.judged
	if s.over == 0 {
		var x float64
		if x, judged = s.value(&s.whole, p.Length-p.WarmUp); judged {
			v = Verdict{Held: s.holds(x), Value: s.format(x), Orders: s.orders(&s.whole)}
		}
		if !ended && (s.onlyGrows() || float64(s.whole.of) < s.settles()) {
			judged = false // it may yet come right
		}
	}
	v.Threshold = s.text
	if !judged {
		v.Why = "not one order came to be judged by it"
		if s.isTime() {
			v.Why = fmt.Sprintf("%s needs %.0f orders, and there were %d", percentile(s.quantile), s.needs(), s.whole.times.Count())
		}
		if s.over > 0 {
			v.Why = fmt.Sprintf("no window of %s had the %.0f orders that it needs", s.over, s.needs())
		}
	}
	return v, judged
}

// onlyGrows tells of a count or rate that may still be reached while the run goes on.
func (s *watched) onlyGrows() bool {
	return (s.unit == "" || s.unit == "/s") && s.op != "<" && s.op != "<=" && s.bound > 0
}

// settles is how many orders a share of the run so far needs, so that a single one does not cross it.
func (s *watched) settles() float64 {
	if s.unit != "%" || s.bound == 0 || s.bound == 100 {
		return 0
	}
	return 2 * 100 / min(s.bound, 100-s.bound)
}

func (s *watched) take(e *evidence, iv *Interval) {
	for _, k := range s.kinds {
		t := &iv.Kinds[k]
		e.of += t.Due()
		for m := range t.Times {
			if s.what == Measure(m).String() {
				e.times.Merge(&t.Times[m])
			}
		}
		for end, n := range t.Ends {
			if s.what == End(end).word() {
				e.count += n
			}
		}
		switch s.what {
		case "written":
			e.count += t.Written()
		case "code":
			for _, c := range t.Codes {
				if c.Code == s.code {
					e.count += c.Count
				}
			}
		}
	}
	for stray, n := range iv.Strays {
		if s.what == Stray(stray).String() {
			e.count += n
		}
	}
}

func (s *watched) orders(e *evidence) uint64 {
	if s.isTime() {
		return e.times.Count()
	}
	return e.of
}

// value is what a threshold compares; not ok if there is too little to take it from.
func (s *watched) value(e *evidence, length time.Duration) (v float64, ok bool) {
	switch s.unit {
	case "ns":
		return float64(e.times.Quantile(s.quantile)), float64(e.times.Count()) >= s.needs()
	case "%":
		return 100 * float64(e.count) / float64(e.of), e.of > 0
	case "/s":
		return float64(e.count) / length.Seconds(), true
	}
	return float64(e.count), true
}

func (s *watched) format(v float64) string {
	switch s.unit {
	case "ns":
		return shortTime(time.Duration(v))
	case "%":
		return strconv.FormatFloat(v, 'f', 3, 64) + "%"
	case "/s":
		return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// shortTime rounds a time to the three digits that a histogram knows.
func shortTime(d time.Duration) string {
	unit := time.Nanosecond
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
