package load_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"

	"github.com/tillproof/tillproof/load"
)

var update = flag.Bool("update", false, "write the golden files anew")

var rushKinds = []load.Kind{{Flow: "sale", Entry: "chip"}, {Flow: "sale", Entry: "tap"}, {Flow: "balance", Entry: "stripe"}}

var rushStart = time.Date(2026, 6, 1, 9, 30, 0, 250e6, time.FixedZone("", 8*3600))

func terminalName(n uint32) string { return fmt.Sprintf("%08d", 10_000_001+n) }

// rush plays a lunch hour of 40 s: a ramp, times with a tail, a freeze of 500 ms, declines, and a few orders that time out, break or are dropped.
func rush(t testing.TB, dir string, slower float64, seed uint64) (*load.Summary, []load.Sample) {
	t.Helper()
	const length, shards = 40 * time.Second, 2
	m := must(load.NewMeasurement(len(rushKinds), time.Second, length))
	d := must(load.NewDir(dir, rushKinds, rushStart, shards))
	w := must(load.NewWatch(load.Plan{Kinds: rushKinds, Orders: []float64{3000, 4000, 500}, Length: length, Interval: time.Second, Patience: 5 * time.Second,
		Lag: time.Second}, "response.p99<250ms", "approved>90%", "response{flow=sale,entry=tap}.p99<1s over 10s", "dropped==0"))
	var story load.Chronicle
	metrics := load.NewMetrics(rushKinds)
	sinks := []func(*load.Interval){d.Add, w.Add, story.Add, metrics.Add}
	tape := load.NewTape(5, 5)
	var recorders []*load.Recorder
	for range shards {
		recorders = append(recorders, m.Recorder())
	}
	samples := rushOrders(length, slower, seed)
	ended := slices.Clone(samples)
	slices.SortStableFunc(ended, func(a, b load.Sample) int { return int(a.Answered - b.Answered) })
	for i := range ended {
		recorders[i%shards].Record(&ended[i])
		d.Spool(i % shards).Write(&ended[i])
		tape.Keep(&ended[i])
	}
	recorders[0].Unmatched()
	for _, r := range recorders {
		r.Close()
	}
	m.Collect(sinks...)
	s := &load.Summary{Version: "test", Workload: "lunch-rush", Dialect: "unionpay-pos", Seed: seed, Started: rushStart, Length: length, Took: 45 * time.Second,
		Thresholds: w.Verdicts(), Money: "the money balances"}
	s.Sum(rushKinds, m, &story)
	for _, k := range tape.Slowest() {
		told := load.Tell(&k.Sample, rushKinds, terminalName)
		told.Trace = []string{fmt.Sprintf("0200 STAN %06d <for> \"%s\"", k.STAN, told.Terminal)}
		s.Slowest = append(s.Slowest, told)
	}
	for _, k := range tape.Failed() {
		s.Failed = append(s.Failed, load.Tell(&k.Sample, rushKinds, terminalName))
	}
	s.Injected = []load.Injected{{What: "lose: 1 % of answers", At: 10 * time.Second, Until: 15 * time.Second, Times: 7, First: 11 * time.Second, Last: 14 * time.Second},
		{What: "all connections are cut", At: 50 * time.Second, Until: 50 * time.Second, Why: "the run was over before"}}
	s.Target = []load.Series{{Name: "processor", Unit: "%", At: []time.Duration{0, 10 * time.Second, 40 * time.Second}, Values: []float64{10, 80, 20}}}
	if err := d.Finish(s, m.Total(), terminalName); err != nil {
		t.Fatal(err)
	}
	return s, samples
}

func rushOrders(length time.Duration, slower float64, seed uint64) []load.Sample {
	draw := rand.New(rand.NewPCG(seed, 2))
	var all []load.Sample
	schedule := must(load.NewStages(stage(50, 300, length/2), stage(300, 100, length/2)))
	for due := range load.Dues(schedule, length) {
		n := len(all)
		s := load.Sample{Due: due, Written: due + time.Duration(draw.IntN(200_000)), Chain: uint64(n), Terminal: uint32(n % 50), STAN: uint32(n/50 + 1),
			Kind: uint16([]int{0, 0, 0, 1, 1, 1, 1, 2}[n%8]), End: load.Approved, Code: load.Code{'0', '0', ' '}}
		s.Answered = s.Written + time.Duration(slower*5e6*math.Exp(draw.NormFloat64()/2))
		if freeze := 20 * time.Second; due >= freeze && due < freeze+500*ms {
			s.Answered = max(s.Answered, freeze+500*ms+time.Duration(draw.IntN(5_000_000)))
		}
		switch {
		case n%41 == 7:
			s.End, s.Code = load.Declined, load.Code{'5', '1', ' '}
		case n%300 == 11:
			s.End, s.Code = load.Declined, load.Code{'A', '0', ' '}
		case n%2000 == 501:
			s.End, s.Answered, s.Code = load.TimedOut, s.Written+5*time.Second, load.Code{}
		case n == 3001:
			s.End = load.Broken
		case n == 3500:
			s.End, s.Answered, s.Written, s.Code = load.Dropped, s.Due+time.Second, 0, load.Code{}
		}
		all = append(all, s)
	}
	return all
}

func TestRunDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	wrote, samples := rush(t, dir, 1, 1)
	t.Run("holds what happened", func(t *testing.T) { holdsWhatHappened(t, dir, wrote, samples) })
	t.Run("interval logs add up to the total", func(t *testing.T) { logsAddUp(t, dir, wrote) })
	t.Run("vegeta reads the results", func(t *testing.T) { vegetaReads(t, dir, wrote, samples) })
	t.Run("vegeta, the program", func(t *testing.T) { vegetaTheProgram(t, dir, wrote) })
	t.Run("metrics", func(t *testing.T) { metricsAreServed(t, dir, wrote) })
	t.Run("report", func(t *testing.T) { reportOpensOffline(t, dir) })
}

func holdsWhatHappened(t *testing.T, dir string, wrote *load.Summary, samples []load.Sample) {
	read := must(load.ReadSummary(dir))
	if a, b := must(json.Marshal(wrote)), must(json.Marshal(read)); !bytes.Equal(a, b) {
		t.Error("the summary that is read differs from the one that was written")
	}
	var due, declined, timedOut uint64
	for _, r := range read.Rows {
		due += r.Due
		declined += r.Declines["51"] + r.Declines["A0"]
		timedOut += r.TimedOut
	}
	if due != uint64(len(samples)) || read.Total.Due != due || declined != read.Total.Declined || timedOut != 4 || read.Total.TimedOut != 4 || read.Unmatched != 1 {
		t.Errorf("rows have %d due, %d declined, %d timed out; the total %+v; there were %d orders", due, declined, timedOut, read.Total.Counts, len(samples))
	}
	for i, k := range []uint64{0, 0, 0} {
		for j := range samples {
			if int(samples[j].Kind) == i {
				k++
			}
		}
		if read.Kinds[i].Due != k {
			t.Errorf("kind %d has %d due, want %d", i, read.Kinds[i].Due, k)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "orders-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func logsAddUp(t *testing.T, dir string, wrote *load.Summary) {
	for name, want := range map[string]load.Times{"response": wrote.Total.Response, "service": wrote.Total.Service, "lateness": wrote.Total.Lateness} {
		text := must(os.ReadFile(filepath.Join(dir, name+".hlog")))
		logged, err := load.ReadIntervalLog(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var all, chip load.Hist
		for i, l := range logged {
			switch l.Tag {
			case "":
				all.Merge(&l.Hist)
				if l.To-l.From != time.Second || l.From%time.Second != 0 {
					t.Fatalf("%s: interval %d is from %s to %s", name, i, l.From, l.To)
				}
			case "sale/chip":
				chip.Merge(&l.Hist)
			}
		}
		if all.Count() != want.Count || all.Quantile(0.5) != want.P50 || all.Quantile(0.999) != want.P999 {
			t.Errorf("%s: got %d times, p50 %s, p99.9 %s; want %+v", name, all.Count(), all.Quantile(0.5), all.Quantile(0.999), want)
		}
		if name == "response" && (chip.Count() != wrote.Kinds[0].Response.Count || chip.Quantile(0.99) != wrote.Kinds[0].Response.P99) {
			t.Errorf("chip: got %d times, want %d", chip.Count(), wrote.Kinds[0].Response.Count)
		}
		for _, head := range []string{"#[Histogram log format version 1.3]\n", "#[StartTime: 1780277400 ", `"StartTimestamp","Interval_Length"`} {
			if !strings.Contains(string(text), head) {
				t.Errorf("%s.hlog lacks %s", name, head)
			}
		}
	}
}

// What vegeta reads of our results must be what happened: by its own decoders, metrics and plot.
func vegetaReads(t *testing.T, dir string, wrote *load.Summary, samples []load.Sample) {
	file := must(os.Open(filepath.Join(dir, "results.gob")))
	defer file.Close()
	decode := vegeta.DecoderFor(file)
	if decode == nil {
		t.Fatal("vegeta does not know the format")
	}
	var metrics vegeta.Metrics
	p := plot.New(plot.Title("lunch"), plot.Downsample(4000))
	for i := 0; ; i++ {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		s := &samples[i]
		if r.Seq != uint64(i) || !r.Timestamp.Equal(rushStart.Add(s.Due)) || r.Latency != s.Response() || r.Attack != "lunch-rush" || r.Method != rushKinds[s.Kind].Flow ||
			!strings.HasPrefix(r.URL, fmt.Sprintf("terminal/%s/stan/%06d?chain=%d&leg=0", terminalName(s.Terminal), s.STAN, s.Chain)) {
			t.Fatalf("result %d is %+v, the order was %+v", i, r, s)
		}
		metrics.Add(&r)
		if err := p.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	metrics.Close()
	p.Close()
	if int(metrics.Requests) != len(samples) || metrics.Success != float64(wrote.Total.Approved)/float64(wrote.Total.Due) {
		t.Errorf("vegeta reads %d requests, %f of them good", metrics.Requests, metrics.Success)
	}
	for code, want := range map[string]uint64{"200": wrote.Total.Approved, "451": wrote.Total.Codes["51"], "400": wrote.Total.Codes["A0"], "0": 4 + 1, "502": 1} {
		if metrics.StatusCodes[code] != int(want) {
			t.Errorf("vegeta reads code %s %d times, want %d", code, metrics.StatusCodes[code], want)
		}
	}
	var page bytes.Buffer
	if _, err := p.WriteTo(&page); err != nil || !strings.Contains(page.String(), "lunch-rush: ERROR") {
		t.Errorf("plot wrote %d bytes, %v", page.Len(), err)
	}
}

func TestResultsInEachFormat(t *testing.T) {
	samples := rushOrders(2*time.Second, 1, 1)
	for _, format := range []string{"gob", "json", "csv"} {
		var out bytes.Buffer
		orders := func(yield func(*load.Sample, error) bool) {
			for i := range samples {
				if !yield(&samples[i], nil) {
					return
				}
			}
		}
		if err := load.WriteResults(&out, format, "x", rushStart, rushKinds, terminalName, orders); err != nil {
			t.Fatal(err)
		}
		decode, n := vegeta.DecoderFor(&out), 0
		for r := (vegeta.Result{}); decode(&r) == nil; n++ {
			if !r.Timestamp.Equal(rushStart.Add(samples[n].Due)) || r.Latency != samples[n].Response() {
				t.Fatalf("%s: result %d is %+v", format, n, r)
			}
		}
		if n != len(samples) {
			t.Errorf("%s: %d results of %d", format, n, len(samples))
		}
	}
	if err := load.WriteResults(nil, "xml", "", rushStart, nil, nil, nil); err == nil || err.Error() != `results: format "xml": want gob, json or csv` {
		t.Errorf("got %v", err)
	}
}

// The program itself, as a user has it.
func vegetaTheProgram(t *testing.T, dir string, wrote *load.Summary) {
	if testing.Short() {
		t.Skip("builds vegeta")
	}
	program := filepath.Join(t.TempDir(), "vegeta")
	source, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tsenart/vegeta/v12").Output()
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-mod=readonly", "-o", program, ".")
	build.Dir = strings.TrimSpace(string(source)) // its own module: it wants packages that we do not
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("vegeta cannot be built here: %v\n%s", err, out)
	}
	run := func(args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("vegeta %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	report := run("report", "results.gob")
	for _, want := range []string{fmt.Sprintf("%d,", wrote.Total.Due), fmt.Sprintf("200:%d", wrote.Total.Approved), "451:", "declined 51"} {
		if !strings.Contains(report, want) {
			t.Errorf("vegeta report lacks %q:\n%s", want, report)
		}
	}
	if got := strings.Count(run("encode", "--to", "csv", "results.gob"), "\n"); got != int(wrote.Total.Due) {
		t.Errorf("vegeta encode wrote %d lines, want %d", got, wrote.Total.Due)
	}
	if page := run("plot", "results.gob"); !strings.Contains(page, "lunch-rush: OK") {
		t.Errorf("vegeta plot wrote %d bytes", len(page))
	}
}

func metricsAreServed(t *testing.T, dir string, wrote *load.Summary) {
	text := string(must(os.ReadFile(filepath.Join(dir, "metrics.prom"))))
	chip := wrote.Kinds[0]
	for _, want := range []string{
		fmt.Sprintf("tillproof_load_orders_total{flow=\"sale\",entry=\"chip\",end=\"approved\"} %d\n", chip.Approved),
		fmt.Sprintf("tillproof_load_answers_total{flow=\"sale\",entry=\"chip\",code=\"51\"} %d\n", chip.Codes["51"]),
		"tillproof_load_stray_answers_total{why=\"unmatched\"} 1\n",
		fmt.Sprintf("tillproof_load_response_seconds_bucket{flow=\"sale\",entry=\"chip\",le=\"+Inf\"} %d\n", chip.Response.Count),
		fmt.Sprintf("tillproof_load_response_seconds_bucket{flow=\"sale\",entry=\"chip\",le=\"60\"} %d\n", chip.Response.Count),
		"# TYPE tillproof_load_service_seconds histogram\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics.prom lacks %q", want)
		}
	}
	server := load.NewMetrics(rushKinds)
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, nil)
	if !strings.Contains(answer.Body.String(), "tillproof_load_response_seconds_count{flow=\"balance\",entry=\"stripe\"} 0\n") {
		t.Errorf("got %s", answer.Body)
	}
}

func reportOpensOffline(t *testing.T, dir string) {
	page := must(os.ReadFile(filepath.Join(dir, "report.html")))
	for _, forbidden := range []string{"<script", "http:", "https:", "src=", "href=", "url(", "@import", "NaN", "Inf", "<no value>", "%!", "<for>"} {
		if bytes.Contains(page, []byte(forbidden)) {
			t.Errorf("the report holds %q", forbidden)
		}
	}
	charts, rows := 0, 0
	x := xml.NewDecoder(bytes.NewReader(page))
	x.Strict, x.AutoClose, x.Entity = false, []string{"meta", "!doctype"}, xml.HTMLEntity
	for {
		token, err := x.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the report is not well formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			switch e.Name.Local {
			case "svg":
				charts++
			case "tr":
				rows++
			}
		}
	}
	if charts != 7 || rows < 25 {
		t.Errorf("got %d charts and %d rows of tables", charts, rows)
	}
	for _, want := range []string{"prefers-color-scheme: dark", "response.p99&lt;250ms", "crossed", "The slowest orders", "The last orders that failed", "timed out",
		"10000", "09:30:", "the money balances", "The generator was the limit: 1 of", "Target: processor", `<rect class="band" `, "What went wrong on purpose", "<td>7</td><td>11s</td>", `<td class="bad">never</td>`, "A0 (", "&lt;for&gt;", "99.9 %"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the report lacks %q", want)
		}
	}
	golden := filepath.Join("testdata", "report.html")
	if *update {
		must(0, os.WriteFile(golden, page, 0o644))
	}
	if want := must(os.ReadFile(golden)); !bytes.Equal(page, want) {
		t.Errorf("the report differs from %s; look at it, then run with -update", golden)
	}
}

func TestAReportOfNothing(t *testing.T) {
	var out bytes.Buffer
	if err := load.WriteReport(&out, &load.Summary{}); err != nil || !strings.Contains(out.String(), "orders due<b>0</b>") {
		t.Errorf("got %v", err)
	}
	m := must(load.NewMeasurement(1, time.Second, time.Second))
	r := m.Recorder()
	r.Advance(3 * time.Second)
	r.Close()
	var story load.Chronicle
	m.Collect(story.Add)
	s := &load.Summary{Length: 3 * time.Second}
	s.Sum([]load.Kind{{Flow: "sale"}}, m, &story)
	if err := load.WriteReport(&out, s); err != nil || strings.Contains(out.String(), "NaN") {
		t.Errorf("an empty run: %v", err)
	}
}

func TestSpoolsAreReadInOrder(t *testing.T) {
	samples := rushOrders(40*time.Second, 1, 1)
	var files [3]bytes.Buffer
	var spools [3]*load.Spool
	for i := range spools {
		spools[i] = load.NewSpool(&files[i])
	}
	ended := slices.Clone(samples)
	slices.SortStableFunc(ended, func(a, b load.Sample) int { return int(a.Answered - b.Answered) })
	for i := range ended {
		spools[i%7%3].Write(&ended[i])
	}
	var readers []io.ReadSeeker
	for i := range spools {
		if err := spools[i].Flush(); err != nil {
			t.Fatal(err)
		}
		readers = append(readers, bytes.NewReader(files[i].Bytes()))
	}
	i := 0
	for s, err := range load.InOrder(readers...) {
		if err != nil {
			t.Fatal(err)
		}
		if *s != samples[i] {
			t.Fatalf("order %d: got %+v, want %+v", i, *s, samples[i])
		}
		i++
	}
	if i != len(samples) {
		t.Errorf("got %d of %d orders", i, len(samples))
	}
	if per := testing.AllocsPerRun(100, func() { spools[0].Write(&samples[0]) }); per != 0 {
		t.Errorf("%g allocations an order", per)
	}
}

func TestBadSpools(t *testing.T) {
	var good bytes.Buffer
	s := load.NewSpool(&good)
	s.Write(&load.Sample{End: load.Approved})
	s.Flush()
	for want, text := range map[string]string{
		"want a file that begins with": "x",
		"record 0: unexpected EOF":     good.String()[:good.Len()-1],
		"record 1: it is no end":       good.String() + strings.Repeat("\x00", 48),
	} {
		var got error
		for _, err := range load.InOrder(strings.NewReader(text)) {
			got = err
		}
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("got %v, want %q", got, want)
		}
	}
}

func FuzzSpool(f *testing.F) {
	var good bytes.Buffer
	s := load.NewSpool(&good)
	s.Write(&load.Sample{End: load.Approved})
	s.Flush()
	f.Add(good.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		last := time.Duration(0)
		for o, err := range load.InOrder(bytes.NewReader(text)) {
			if err != nil {
				return
			}
			if o.Due < last {
				t.Fatal("out of order")
			}
			last = o.Due
		}
	})
}

// few measures three orders in two intervals.
func few(m *load.Measurement, sink func(*load.Interval)) {
	r := m.Recorder()
	r.Record(&load.Sample{Answered: ms, End: load.Approved})
	r.Record(&load.Sample{Due: time.Second, Written: time.Second, Answered: 1200 * ms, End: load.Declined, Code: load.Code{'5', '1', ' '}})
	r.Record(&load.Sample{Due: time.Second, Written: time.Second, Answered: 1900 * ms, End: load.TimedOut})
	r.Close()
	m.Collect(sink)
}

func FuzzIntervalLog(f *testing.F) {
	var text bytes.Buffer
	few(must(load.NewMeasurement(1, time.Second, time.Second)), load.NewIntervalLog(&text, load.Response, rushKinds[:1], rushStart).Add)
	f.Add(text.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		logged, err := load.ReadIntervalLog(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, l := range logged {
			if l.Hist.Count() > 0 && l.Hist.Quantile(0.5) > l.Hist.Quantile(1) {
				t.Fatal("the median is above the maximum")
			}
		}
	})
}

// Whatever a summary says, its report is written.
func FuzzSummary(f *testing.F) {
	m, story := must(load.NewMeasurement(1, time.Second, time.Second)), &load.Chronicle{}
	few(m, story.Add)
	s := &load.Summary{Length: 2 * time.Second, Target: []load.Series{{Name: "queue", At: []time.Duration{0}, Values: []float64{1}}}, Slowest: []load.Told{{Flow: "sale"}}}
	s.Sum([]load.Kind{{Flow: "sale"}}, m, story)
	var text bytes.Buffer
	if err := load.WriteSummary(&text, s); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add([]byte(`{"interval_ns": 1, "rows": [{"from_ns": 0}], "total": {"response": {"curve": [{"share": 1}]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := load.ParseSummary(text)
		if err != nil {
			return
		}
		s.JudgeRun()
		if err := load.WriteReport(io.Discard, s); err != nil {
			t.Fatal(err)
		}
	})
}
