package load

import (
	"bytes"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// published is the example of Prometheus' own documentation (Exposition formats, "Text format example"), shortened.
const published = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

http_request_duration_seconds_bucket{le="+Inf"} 144320
`

func TestParseMetrics(t *testing.T) {
	all, err := ParseMetrics(strings.NewReader(published))
	if err != nil || len(all) != 6 {
		t.Fatalf("%v, %v", all, err)
	}
	if m := all[0]; m != (Metric{"http_requests_total", `{method="post",code="200"}`, 1027, true}) {
		t.Errorf("%+v", m)
	}
	if m := all[2]; m.Value != 1.458255915e9 || m.Counter || !strings.HasSuffix(m.Labels, `\"FILE.TXT\""}`) {
		t.Errorf("%+v", m)
	}
	if m := all[4]; !math.IsInf(m.Value, 1) {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{"9x 1", "x", "x{ 1", "x one", `x{a="b} 1`, "x 1 now"} {
		if all, err := ParseMetrics(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: %v", bad, all)
		}
	}
}

// What grows is drawn as a rate, processors in percent, labels added up; a target that was started anew leaves a gap.
func TestScraperTakes(t *testing.T) {
	s := NewScraper(Target{Show: []string{"process_cpu_seconds_total", "queue", `queue{of="b"}`, "absent"}})
	for i, cpu := range []float64{10, 10.5, 1, 2} {
		s.take(time.Duration(i)*time.Second, []Metric{{"process_cpu_seconds_total", "", cpu, true}, {"queue", `{of="a"}`, 3, false}, {"queue", `{of="b"}`, 4, false}})
	}
	all, err := s.Series()
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	if c := all[0]; c.Unit != "% of a core" || len(c.Values) != 2 || c.Values[0] != 50 || c.Values[1] != 100 || c.At[1] != 3*time.Second {
		t.Errorf("%+v", c)
	}
	if all[1].Values[0] != 7 || all[2].Values[0] != 4 {
		t.Errorf("%+v", all[1:])
	}
}

// A target that does not answer as it should is told of, and the run is over when it is over.
func TestScraperTellsWhatIsWrong(t *testing.T) {
	asked := make(chan struct{}, 10)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		asked <- struct{}{}
	}))
	defer door.Close()
	s, over, ended := NewScraper(Target{URL: door.URL}), make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); s.Watch(over, func() time.Duration { return 0 }) }()
	<-asked
	<-asked // so the first was judged
	close(over)
	<-ended
	if _, err := s.Series(); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("%v", err)
	}
}

func FuzzParseMetrics(f *testing.F) {
	f.Add([]byte(published))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := ParseMetrics(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, m := range all {
			if m.Name == "" || m.Labels != "" && (m.Labels[0] != '{' || m.Labels[len(m.Labels)-1] != '}') {
				t.Errorf("%+v", m)
			}
		}
	})
}
