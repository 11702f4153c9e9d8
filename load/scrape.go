package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Target is where the host under test tells of itself in Prometheus' text format, and what of it belongs on the time axis of the report:
// names of metrics, all their labels added up, or of one with its labels as they are written there.
type Target struct {
	URL  string
	Show []string
}

// Scraper asks a target each second while a run goes on.
type Scraper struct {
	target Target
	client *http.Client
	series map[string]*Series
	before map[string]reading
	err    error // the first
}

// reading is what a metric said when.
type reading struct {
	at    time.Duration
	value float64
}

// scrapeEvery is how often a target is asked, and how long it may take to answer.
const scrapeEvery = time.Second

// maxScrape bounds what a target may say, in bytes.
const maxScrape = 8 << 20

// NewScraper makes one.
func NewScraper(t Target) *Scraper {
	return &Scraper{target: t, client: &http.Client{Timeout: scrapeEvery, Transport: &http.Transport{}}, series: map[string]*Series{}, before: map[string]reading{}}
}

// Watch asks until over is closed; now gives the time since the run's start.
func (s *Scraper) Watch(over <-chan struct{}, now func() time.Duration) {
	defer s.client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-over:
			cancel()
		case <-ctx.Done():
		}
	}()
	tick := time.NewTicker(scrapeEvery)
	defer tick.Stop()
	for {
		if err := s.ask(ctx, now); err != nil && s.err == nil && ctx.Err() == nil {
			s.err = fmt.Errorf("the target's metrics: %w", err)
		}
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}

func (s *Scraper) ask(ctx context.Context, now func() time.Duration) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.target.URL, nil)
	if err != nil {
		return err
	}
	a, err := s.client.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", s.target.URL, a.Status)
	}
	all, err := ParseMetrics(io.LimitReader(a.Body, maxScrape))
	if err != nil {
		return fmt.Errorf("%s: %w", s.target.URL, err)
	}
	s.take(now(), all)
	return nil
}

// take adds one look to the series. What only grows is drawn as what was added a second.
func (s *Scraper) take(at time.Duration, all []Metric) {
	for _, name := range s.target.Show {
		sum, there, grows := 0.0, false, false
		for _, m := range all {
			if m.Name == name || m.Name+m.Labels == name {
				sum, there, grows = sum+m.Value, true, m.Counter
			}
		}
		if !there || math.IsNaN(sum) || math.IsInf(sum, 0) {
			continue
		}
		one := s.series[name]
		if one == nil {
			one = &Series{Name: name}
			s.series[name] = one
		}
		value := sum
		if grows {
			before, seen := s.before[name]
			s.before[name] = reading{at, sum}
			if !seen || at <= before.at || sum < before.value { // it was started anew
				continue
			}
			one.Unit, value = "/s", (sum-before.value)/(at-before.at).Seconds()
			if strings.HasSuffix(strings.SplitN(name, "{", 2)[0], "cpu_seconds_total") {
				one.Unit, value = "% of a core", 100*value
			}
		}
		one.At, one.Values = append(one.At, at), append(one.Values, value)
	}
}

// Series gives what was seen, in the order of the target's names, and the first error. Watch must have ended.
func (s *Scraper) Series() (all []Series, err error) {
	for _, name := range s.target.Show {
		if one := s.series[name]; one != nil && len(one.At) > 0 {
			all = append(all, *one)
		}
	}
	return all, s.err
}

// Metric is one line of Prometheus' text format.
type Metric struct {
	Name, Labels string // Labels with its braces, as written; "" without
	Value        float64
	Counter      bool
}

// metricLine is name, labels, value and a time that nobody needs here (Prometheus, Exposition formats, text format 0.0.4).
var metricLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]*(\S+)(?:[ \t]+-?[0-9]+)?[ \t]*$`)

// ParseMetrics reads Prometheus' text format.
func ParseMetrics(r io.Reader) (all []Metric, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	counters := map[string]bool{}
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "#") {
			if f := strings.Fields(line); len(f) == 4 && f[1] == "TYPE" && f[3] == "counter" {
				counters[f[2]] = true
			}
			continue
		}
		if line == "" {
			continue
		}
		parts := metricLine.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("line %d is not in Prometheus' text format", n)
		}
		value, err := strconv.ParseFloat(parts[3], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: its value is no number", n)
		}
		all = append(all, Metric{parts[1], parts[2], value, counters[parts[1]]})
	}
	return all, lines.Err()
}
