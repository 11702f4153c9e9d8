package load_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
)

func lunch() load.Plan {
	return load.Plan{
		Kinds: []load.Kind{{Flow: "sale", Entry: "chip"}, {Flow: "sale", Entry: "tap"}, {Flow: "balance"}}, Orders: []float64{3000, 2000, 50},
		Length: 55 * time.Second, WarmUp: 5 * time.Second, Interval: time.Second, Patience: 60 * time.Second, Lag: time.Second,
	}
}

func TestThresholdsThatMakeSense(t *testing.T) {
	for _, text := range []string{
		"response.p99<250ms", "approved>99.5%", "dropped==0", "response{flow=sale,entry=chip}.p99.9<1s", "code{51}<1%", "response.p99<250ms over 10s",
		"dropped == 0 abort", "approved > 60/s over 5s abort", "service.max<=59s", "lateness.p99.9<1ms", "written>99%",
		"timedout{entry=tap}<=3", "late==0", "unmatched<1%", "code{A0,flow=sale}<1%", "approved==100%",
	} {
		if _, err := load.NewWatch(lunch(), text); err != nil {
			t.Errorf("%s", err)
		}
	}
}

func TestThresholdsThatMakeNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    `column 1: "": want a time (response, service, lateness) or a count (approved,`,
		"latency.p99<1s":                      `column 1: "latency": want a time`,
		"response<1s":                         `column 9: want a percentile such as .p50`,
		"response.99<1s":                      `column 9: "99": want p and a number between 0 and 100`,
		"response.p100<1s":                    `column 9: "p100": want p and a number between 0 and 100`,
		"response.p0x1<1s":                    `column 9: "p0x1"`,
		"response.pNaN<1s":                    `column 9: "pNaN"`,
		"response.p99=1s":                     `column 13: want one of < <= > >= ==`,
		"response.p99<250":                    `column 14: "250": want a time above 0 such as 250ms`,
		"response.p99<5%":                     `column 14: "5%": want a time above 0`,
		"approved.p99>5%":                     `column 9: approved is a count: it has no percentile`,
		"approved>1s":                         `column 10: "1s": want a count such as 0, a share such as 99.5%`,
		"approved>1.5":                        `column 10: "1.5": want a count`,
		"approved>-1":                         `column 10: "": want a count`,
		"code<1%":                             `column 5: want the answer code, such as code{51}`,
		"code{}<1%":                           `column 6: answer code "": want one to three`,
		"code{flow=sale}<1%":                  `column 6: answer code "flow"`,
		"late{flow=sale}==0":                  `column 6: late answers belong to no flow or entry`,
		"response{till=3}.p99<1s":             `column 10: "till": want flow=... or entry=...`,
		"response{flow}.p99<1s":               `column 14: want flow=...`,
		"response{flow=}.p99<1s":              `column 15: want the name of the flow`,
		"response{flow=sale.p99<1s":           `column 19: want , or }`,
		"response.p99<1s over":                `column 21: "": want the length of a window`,
		"response.p99<1s over 10":             `column 22: "10": want the length of a window`,
		"response.p99<1s on 10s":              `column 17: "on 10s": want nothing more`,
		"dropped==0 abort abort":              `column 18: "abort": want nothing more`,
		"response{flow=sales}.p99<1s":         `the plan has no such orders; it has sale/chip, sale/tap, balance`,
		"approved{flow=balance,entry=tap}>1%": `the plan has no such orders`,
		"response{flow=balance}.p99<1s":       `p99 needs 100 orders, or it is only the longest time; about 50 are to come`,
		"response.p99.9<1s over 5s":           `p99.9 needs 1000 orders, or it is only the longest time; about 505 are to come`,
		"response.p50<1s over 51s":            `over: want a multiple of the interval of 1s, at most the 50s`,
		"response.p50<1s over 1500ms":         `over: want a multiple of the interval`,
		"approved>100%":                       `it can never hold`,
		"approved>=101%":                      `it can never hold`,
		"approved<=100%":                      `it can never fail`,
		"approved>=0":                         `it can never fail`,
		"dropped<0":                           `it can never hold`,
		"response.p99<62s":                    `it can never fail`,
		"response.p99>61s":                    `it can never hold`,
		"service.p99<=60s":                    `it can never fail`,
		"lateness.p99<2s":                     `it can never fail`,
		"approved>5051":                       `it can never hold: about 5050 orders are to come`,
		"approved>102/s":                      `it can never hold: about 101.0/s are to come`,
	} {
		_, err := load.NewWatch(lunch(), text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), `threshold "`+text+`": `) {
			t.Errorf("%q: got error %v, want %s", text, err, want)
		}
	}
}

func TestEveryWrongThresholdIsTold(t *testing.T) {
	_, err := load.NewWatch(lunch(), "x<1", "dropped==0", "y<1")
	if err == nil || !strings.Contains(err.Error(), `"x<1"`) || !strings.Contains(err.Error(), `"y<1"`) {
		t.Errorf("got %v", err)
	}
}

// What a threshold was read as, is said by the threshold when it is read again.
func FuzzThreshold(f *testing.F) {
	for _, seed := range []string{"response.p99<250ms", "code{51,flow=sale}<=1% over 10s abort", "approved>950/s", "response{", "late=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := load.ParseThreshold(text)
		if err != nil {
			return
		}
		if again, err := load.ParseThreshold(read.String()); err != nil || *again != *read {
			t.Errorf("%q: %+v, then %+v, %v", text, read, again, err)
		}
		read.Check(lunch())
	})
}

// watch runs a script of one kind through thresholds and gives their verdicts and when an abort was called for.
func watch(t *testing.T, orders []load.Sample, thresholds ...string) (verdicts []load.Verdict, abort time.Duration) {
	t.Helper()
	const length = 20 * time.Second
	w := must(load.NewWatch(load.Plan{Kinds: []load.Kind{{Flow: "sale"}, {Flow: "void"}}, Orders: []float64{1000, 1000}, Length: length, Interval: time.Second,
		Patience: 30 * time.Second, Lag: time.Second}, thresholds...))
	m := must(load.NewMeasurement(2, time.Second, length))
	r := m.Recorder()
	sink := func(iv *load.Interval) {
		w.Add(iv)
		if _, crossed := w.Abort(); crossed && abort == 0 {
			abort = iv.To
		}
	}
	for i := range orders {
		r.Record(&orders[i])
		m.Collect(sink)
	}
	r.Advance(length)
	r.Close()
	m.Collect(sink)
	return w.Verdicts(), abort
}

// hundred gives 100 orders a second for 20 s, each answered in 10 ms; change may spoil them.
func hundred(change func(i int, s *load.Sample)) []load.Sample {
	var all []load.Sample
	for i := range 2000 {
		s := load.Sample{Due: time.Duration(i) * 10 * ms, End: load.Approved, Code: load.Code{'0', '0', ' '}}
		s.Written, s.Answered = s.Due, s.Due+9*ms
		change(i, &s)
		all = append(all, s)
	}
	return all
}

func TestVerdicts(t *testing.T) {
	decline := func(i int, s *load.Sample) { s.End, s.Code = load.Declined, load.Code{'5', '1', ' '} }
	slow := func(_ int, s *load.Sample) { s.Answered = s.Due + 300*ms }
	in := func(from, to int, change func(int, *load.Sample)) func(int, *load.Sample) {
		return func(i int, s *load.Sample) {
			if i >= from && i < to {
				change(i, s)
			}
		}
	}
	for name, c := range map[string]struct {
		change    func(int, *load.Sample)
		threshold string
		held      bool
		value     string
		abort     time.Duration
	}{
		"all well":                    {in(0, 0, nil), "response.p99<250ms", true, "9ms", 0},
		"1 % is slow, at the edge":    {in(500, 520, slow), "response.p99<250ms", true, "9ms", 0},
		"just over 1 % is slow":       {in(500, 521, slow), "response.p99<250ms", false, "300ms", 0},
		"a window sees it":            {in(500, 511, slow), "response.p99<250ms over 10s", false, "300ms", 0},
		"at its edge, it does not":    {in(500, 510, slow), "response.p99<250ms over 10s", true, "9ms", 0},
		"a window of 1 s":             {in(500, 502, slow), "response.p99<250ms over 1s", false, "300ms", 0},
		"a window aborts":             {in(500, 511, slow), "response.p99<250ms over 10s abort", false, "300ms", 10 * time.Second},
		"0.5 % declined, at the edge": {in(100, 110, decline), "approved>99.5%", false, "99.500%", 0},
		"0.45 % declined":             {in(100, 109, decline), "approved>99.5%", true, "99.550%", 0},
		"one decline does not abort":  {in(0, 1, decline), "approved>99.5% abort", true, "99.950%", 0},
		"many do":                     {in(300, 2000, decline), "approved>99.5% abort", false, "15.000%", 4 * time.Second},
		"a code":                      {in(100, 120, decline), "code{51}<1%", false, "1.000%", 0},
		"another code":                {in(100, 120, decline), "code{61}<1%", true, "0.000%", 0},
		"a code of a flow":            {in(100, 120, decline), "code{51,flow=void}==0", true, "0", 0},
		"a code counted":              {in(100, 120, decline), "code{51}<=20", true, "20", 0},
		"dropped":                     {in(1000, 1001, func(_ int, s *load.Sample) { s.End = load.Dropped }), "dropped==0 abort", false, "1", 11 * time.Second},
		"timed out":                   {in(1999, 2000, func(_ int, s *load.Sample) { s.End = load.TimedOut }), "timedout==0", false, "1", 0},
		"broken":                      {in(7, 8, func(_ int, s *load.Sample) { s.End = load.Broken }), "broken==0", false, "1", 0},
		"written":                     {in(0, 20, func(_ int, s *load.Sample) { s.End = load.Dropped }), "written>99%", false, "99.000%", 0},
		"goodput":                     {in(1000, 1400, decline), "approved>79/s", true, "80.0/s", 0},
		"goodput of a window":         {in(1000, 1100, decline), "approved>79/s over 5s", true, "80.0/s", 0},
		"goodput of a worse window":   {in(1000, 1110, decline), "approved>79/s over 5s", false, "78.0/s", 0},
		"goodput may yet come":        {in(0, 0, nil), "approved>99/s abort", true, "100.0/s", 0},
		"lateness":                    {in(0, 100, func(_ int, s *load.Sample) { s.Written += 5 * ms }), "lateness.p99<1ms", false, "5ms", 0},
		"service knows no lateness":   {in(0, 100, func(_ int, s *load.Sample) { s.Written += 5 * ms }), "service.max<10ms", true, "9ms", 0},
		"an early abort of the whole": {in(100, 200, slow), "response.p99<250ms abort", false, "300ms", 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			v, abort := watch(t, hundred(c.change), c.threshold)
			if v[0].Held != c.held || v[0].Value != c.value || abort != c.abort || v[0].Why != "" {
				t.Errorf("got %+v, abort at %s; want held %v, %s, abort at %s", v[0], abort, c.held, c.value, c.abort)
			}
		})
	}
}

func TestAThresholdThatCannotBeJudgedHasNotHeld(t *testing.T) {
	few := hundred(func(int, *load.Sample) {})[:50]
	for threshold, why := range map[string]string{
		"response.p99<1s":                  "p99 needs 100 orders, and there were 50",
		"response.p99<1s over 10s":         "no window of 10s had the 100 orders that it needs",
		"approved{flow=void}>5%":           "not one order came to be judged by it",
		"response{flow=void}.p50<1s abort": "p50 needs 2 orders, and there were 0",
	} {
		v, abort := watch(t, few, threshold)
		if v[0].Held || v[0].Why != why || abort != 0 {
			t.Errorf("%s: got %+v", threshold, v[0])
		}
	}
}
