package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// talk is a run of one scenario in which a till asks and is answered, again and again.
func talk(code string, wait time.Duration, times int) *Run {
	at := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)
	s := Scenario{ID: "swipe-sale-9", Name: "A sale", Requirements: []string{"SWP-001"}, Status: Passed}
	for range times {
		ask := []trace.Field{{ID: "MTI", Name: "message type", Value: "0200", Note: "sale"}, {ID: "F60", Name: "data", Value: "22"}, {ID: "F60.1", Name: "code", Value: "22"}}
		answer := []trace.Field{{ID: "MTI", Name: "message type", Value: "0210", Note: "sale answer"}, {ID: "F39", Name: "response code", Value: code}}
		s.Trace = append(s.Trace, trace.Event{At: at, Party: "T1", Kind: trace.Sent, Peer: "host", Name: "sale", Fields: ask},
			trace.Event{At: at.Add(wait), Party: "T1", Kind: trace.Received, Peer: "host", Name: "sale answer", Fields: answer},
			trace.Event{At: at.Add(wait), Party: "T1", Kind: trace.Shown, Name: "ENDED"})
		at, wait = at.Add(time.Second), wait+time.Millisecond
	}
	return &Run{Seed: 1, Dialect: "unionpay-pos", Requirements: []Requirement{{ID: "SWP-001", Title: "Money moves once"}}, Features: []Feature{{Scenarios: []Scenario{s}}}}
}

func TestCompareGolden(t *testing.T) {
	a, b := sample(), sample()
	b.Seed = 7
	sale := b.Features[0].Scenarios
	sale[0].Status, sale[1].Status = Failed, Passed
	sale[3].ID, sale[3].Line = "swipe-sale-44", 44 // moved, and the same
	b.Features[1].Scenarios = b.Features[1].Scenarios[:3]
	b.Features[1].Scenarios = append(b.Features[1].Scenarios, Scenario{ID: "signin-签到-30", Name: "新的", Status: Passed})
	a.Features = append(a.Features, talk("00", 10*time.Millisecond, 30).Features...)
	b.Features = append(b.Features, talk("51", 100*time.Millisecond, 31).Features...)
	a.Features[2].Scenarios[0].ID, b.Features[2].Scenarios[0].ID = "load-talk-1", "load-talk-1"
	var out bytes.Buffer
	if err := Compare(a, b).Write(&out, "before", "after"); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", out.Bytes())
}

func TestCompareWithItself(t *testing.T) {
	c := Compare(sample(), sample())
	if len(c.Verdicts)+len(c.Shown)+len(c.Fields)+len(c.Unlike) > 0 || c.Same != 8 {
		t.Errorf("%+v", c)
	}
	var out bytes.Buffer
	if err := c.Write(&out, "a", "b"); err != nil || out.String() != "A is a\nB is b\n\n8 scenarios with the same verdict, 0 with another; 0 fields differ\n" {
		t.Errorf("%v: %s", err, &out)
	}
}

// A latency is called changed only where noise is no likely reason.
func TestCompareLatencies(t *testing.T) {
	for _, c := range []struct {
		name   string
		b      time.Duration
		timesB int
		clear  bool
	}{
		{"ten times slower", 400 * time.Millisecond, 30, true},
		{"a little slower", 41 * time.Millisecond, 30, false},
		{"too few to say", 400 * time.Millisecond, 5, false},
	} {
		got := Compare(talk("00", 40*time.Millisecond, 30), talk("00", c.b, c.timesB)).Latencies
		if len(got) != 1 || got[0].Clear != c.clear || got[0].Message != "sale" || got[0].A.Count != 30 || got[0].B.Count != c.timesB {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestMedian(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i)*time.Second)
	}
	// The bounds of the median of 100 values are the 40th and the 61st (Conover, Practical Nonparametric Statistics, 3.2).
	if m := median(times); m.Mid != 50500*time.Millisecond || m.Low < 40*time.Second || m.Low > 42*time.Second || m.High < 59*time.Second || m.High > 61*time.Second {
		t.Errorf("%+v", m)
	}
	if m := median([]time.Duration{3, 1, 2}); m.Mid != 2 || m.Low != 0 || m.High != 0 {
		t.Errorf("%+v", m)
	}
}

func TestFind(t *testing.T) {
	_, run := world(t, "unionpay-pos")
	all := payments(&run.Features[0].Scenarios[0])
	if len(all) != 3 {
		t.Fatalf("%d payments, want a swipe, a chip and a decline", len(all))
	}
	kinds := func(p Payment) (all []string) {
		for _, e := range p.Events {
			all = append(all, string(e.Kind)+" "+e.Name)
		}
		return all
	}
	var rrn, pan string
	for _, e := range all[1].Events {
		for _, f := range e.Fields {
			switch f.ID {
			case "F37":
				rrn = f.Value
			case "F2":
				pan = f.Value
			}
		}
	}
	for _, c := range []struct {
		name  string
		words string
		want  []int
	}{
		{"by its reference number", rrn, []int{1}},
		{"by its trace number, as a message and a slip have it", "000003", []int{1}},
		{"by its card and the date", pan + " 2026-06-01", []int{1}},
		{"not on another date", pan + " 2026-06-02", nil},
		{"by amount", "10.00", []int{0}},
		{"by scenario", "day-1", []int{0, 1, 2}},
		{"a part of a number is none", rrn[:8], nil},
		{"all words must be told", rrn + " 000004", nil},
		{"no word finds nothing", "", nil},
	} {
		var got []int
		for _, p := range Find(run, strings.Fields(c.words)) {
			got = append(got, slices.IndexFunc(all, func(q Payment) bool { return q.Events[0].Seq == p.Events[0].Seq }))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s (%s): payments %v, want %v", c.name, c.words, got, c.want)
		}
	}
	told := strings.Join(kinds(all[1]), "\n")
	for _, want := range []string{"shown SWIPE_CARD", "noted card-presented", "noted apdu", "sent sale", "decided approve", "moved post", "received sale answer", "stored till.outcome",
		"shown APPROVED", "printed merchant", "printed customer"} {
		if strings.Count(told, want) == 0 {
			t.Errorf("the chip's payment does not tell %q:\n%s", want, told)
		}
	}
	for _, no := range []string{"sign-in", "INSUFFICIENT"} {
		if strings.Contains(told, no) {
			t.Errorf("the chip's payment tells %q", no)
		}
	}
	if n := strings.Count(told, "shown SWIPE_CARD"); n != 1 {
		t.Errorf("the order of another payment is told with it: %d\n%s", n, told)
	}
	var out bytes.Buffer
	if err := WritePayments(&out, Find(run, []string{rrn})); err != nil || !strings.Contains(out.String(), "retrieval reference number") || !strings.Contains(out.String(), "| Reference: "+rrn) {
		t.Errorf("%v: %s", err, &out)
	}
	out.Reset()
	if err := WritePayments(&out, slices.Repeat(all, 20)); err != nil || !strings.Contains(out.String(), "60 payments: ") || !strings.Contains(out.String(), "and 10 more") {
		t.Errorf("%v: %s", err, &out)
	}
}
