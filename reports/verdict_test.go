package reports

import (
	"encoding/json"
	"testing"
)

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		name string
		of   []Status
		want Status
	}{
		{"nothing", nil, Skipped},
		{"all passed", []Status{Passed, Passed}, Passed},
		{"one skipped", []Status{Passed, Skipped}, Skipped},
		{"review before skipped", []Status{Skipped, Review, Passed}, Review},
		{"failed before review", []Status{Review, Failed, Passed}, Failed},
		{"broken before failed", []Status{Failed, Broken}, Broken},
		{"a verdict nobody gave", make([]Status, 1), Broken},
	} {
		if got := Worst(c.of...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestStatusText(t *testing.T) {
	for s := Broken; s <= Passed; s++ {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Status
		if err := json.Unmarshal(text, &back); err != nil || back != s {
			t.Errorf("%s reads back as %s, %v", text, back, err)
		}
	}
	var s Status
	if err := s.UnmarshalText([]byte("Passed")); err == nil {
		t.Error("a status in other letters was read")
	}
}

// TestExitCode tries every combination of what may be in a run.
func TestExitCode(t *testing.T) {
	for mix := range 1 << 8 {
		in := func(bit int) bool { return mix>>bit&1 == 1 }
		passed, skipped, review, failed, broken, breaks, outside, interrupted := in(0), in(1), in(2), in(3), in(4), in(5), in(6), in(7)
		r := &Run{Interrupted: interrupted, Features: []Feature{{}, {}}}
		add := func(wanted bool, s Scenario) {
			if wanted {
				f := &r.Features[len(r.Features[0].Scenarios)%2]
				f.Scenarios = append(f.Scenarios, s)
			}
		}
		add(passed, Scenario{Status: Passed})
		add(skipped, Scenario{Status: Skipped})
		add(review, Scenario{Status: Review})
		add(failed, Scenario{Status: Failed})
		add(broken, Scenario{Status: Broken})
		add(breaks, Scenario{Status: Failed, Breaks: []Break{{Rule: "agree", Text: "x"}}})
		if outside {
			r.Broken = "no dialect"
		}
		want := 0
		switch {
		case interrupted:
			want = 130
		case broken, outside:
			want = 2
		case breaks:
			want = 5
		case failed, review:
			want = 1
		case !passed:
			want = 4
		}
		if got := r.ExitCode(); got != want {
			t.Errorf("passed %v, skipped %v, review %v, failed %v, broken %v, breaks %v, broken outside %v, interrupted %v: exit %d, want %d",
				passed, skipped, review, failed, broken, breaks, outside, interrupted, got, want)
		}
	}
}

// TestExitCodePassedBreak: a break counts whatever the scenario's verdict says.
func TestExitCodePassedBreak(t *testing.T) {
	r := &Run{Features: []Feature{{Scenarios: []Scenario{{Status: Passed, Requirements: []string{"A-1"}, Breaks: []Break{{}}}}}}, Requirements: []Requirement{{ID: "A-1"}}}
	if code := r.ExitCode(); code != ExitMoney {
		t.Errorf("exit %d", code)
	}
	if v := r.Verdicts()[0].Verdict; v != NotHeld {
		t.Errorf("verdict %s", v)
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name     string
		with     []Status
		required []string
		want     Verdict
	}{
		{"passed", []Status{Passed}, nil, Held},
		{"all passed", []Status{Passed, Passed}, nil, Held},
		{"none in this run", nil, nil, NotShown},
		{"one skipped", []Status{Passed, Skipped}, nil, NotShown},
		{"one to review", []Status{Passed, Review}, nil, NotShown},
		{"one broken", []Status{Passed, Broken}, nil, NotShown},
		{"one failed", []Status{Passed, Failed}, nil, NotHeld},
		{"one failed, one skipped", []Status{Failed, Skipped}, nil, NotHeld},
		{"one failed, one broken", []Status{Broken, Failed}, nil, NotHeld},
		{"all that it takes", []Status{Passed, Passed}, []string{"s-0", "s-1"}, Held},
		{"one left out", []Status{Passed}, []string{"s-0", "s-1"}, NotShown},
		{"one left out, one failed", []Status{Failed}, []string{"s-0", "s-1"}, NotHeld},
	} {
		r := &Run{Requirements: []Requirement{{ID: "A-1", Scenarios: c.required}}, Features: []Feature{{}}}
		for i, s := range c.with {
			r.Features[0].Scenarios = append(r.Features[0].Scenarios, Scenario{ID: ScenarioID("s", i), Status: s, Requirements: []string{"A-1"}})
		}
		r.Features[0].Scenarios = append(r.Features[0].Scenarios, Scenario{ID: "other", Status: Failed, Requirements: []string{"A-11"}})
		v := r.Verdicts()[0]
		if v.Verdict != c.want || len(v.Evidence) != len(c.with) {
			t.Errorf("%s: %s by %d scenarios, want %s", c.name, v.Verdict, len(v.Evidence), c.want)
		}
	}
}
