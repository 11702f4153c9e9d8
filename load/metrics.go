package load

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// metricBounds are the upper bounds of the histograms: 1, 2.5, 5 and so on, from 100 µs to a minute.
func metricBounds() []time.Duration {
	const ms, s = time.Millisecond, time.Second
	return []time.Duration{100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, ms, 2500 * time.Microsecond, 5 * ms, 10 * ms, 25 * ms, 50 * ms,
		100 * ms, 250 * ms, 500 * ms, s, 2500 * ms, 5 * s, 10 * s, 30 * s, 60 * s}
}

// WriteMetrics writes what became of orders in Prometheus' text format. Counts below a bound are true to the histogram's digit.
func WriteMetrics(w io.Writer, kinds []Kind, s *Stats) error {
	b := &bytes.Buffer{}
	head := func(name, kind, help string) { fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	label := func(i int) string {
		return fmt.Sprintf(`flow="%s",entry="%s"`, labelText(kinds[i].Flow), labelText(kinds[i].Entry))
	}
	head("tillproof_load_orders_total", "counter", "Orders that ended, by how they did.")
	for i := range s.Kinds {
		for end := Approved; end < ends; end++ {
			fmt.Fprintf(b, "tillproof_load_orders_total{%s,end=\"%s\"} %d\n", label(i), strings.ReplaceAll(end.String(), " ", "_"), s.Kinds[i].Ends[end])
		}
	}
	head("tillproof_load_answers_total", "counter", "Answers by field 39.")
	for i := range s.Kinds {
		for _, c := range s.Kinds[i].Codes {
			fmt.Fprintf(b, "tillproof_load_answers_total{%s,code=\"%s\"} %d\n", label(i), labelText(c.Code.String()), c.Count)
		}
	}
	head("tillproof_load_stray_answers_total", "counter", "Answers that no order was waiting for.")
	for stray, n := range s.Strays {
		fmt.Fprintf(b, "tillproof_load_stray_answers_total{why=\"%s\"} %d\n", Stray(stray), n)
	}
	for m, help := range [measures]string{"From due to answered.", "From written to answered.", "From due to written.", "The generator's part of the lateness."} {
		name := "tillproof_load_" + Measure(m).String() + "_seconds"
		head(name, "histogram", help)
		for i := range s.Kinds {
			h := &s.Kinds[i].Times[m]
			for _, bound := range metricBounds() {
				fmt.Fprintf(b, "%s_bucket{%s,le=\"%s\"} %d\n", name, label(i), strconv.FormatFloat(bound.Seconds(), 'g', -1, 64), h.atMost(bound))
			}
			fmt.Fprintf(b, "%s_bucket{%s,le=\"+Inf\"} %d\n%s_sum{%s} %g\n%s_count{%s} %d\n", name, label(i), h.Count(), name, label(i), float64(h.sum)/1e9, name, label(i), h.Count())
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func labelText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}

// Metrics serves what became of orders so far to Prometheus. It is a sink of the run's intervals, and an http.Handler.
type Metrics struct {
	kinds []Kind
	mu    sync.Mutex
	total *Stats
}

// NewMetrics begins with nothing.
func NewMetrics(kinds []Kind) *Metrics { return &Metrics{kinds: kinds, total: newStats(len(kinds))} }

// Add takes an interval of the run.
func (m *Metrics) Add(iv *Interval) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Merge(&iv.Stats)
}

// ServeHTTP implements http.Handler.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.mu.Lock()
	defer m.mu.Unlock()
	WriteMetrics(w, m.kinds, m.total) // nobody is left to tell an error to
}
