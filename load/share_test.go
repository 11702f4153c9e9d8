package load

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every chain, till and card of a workload belongs to one share, and the plans of the shares add up to the whole.
func TestSharesAreTheWhole(t *testing.T) {
	text := "name: s\ntills: 7\ncards: 17\nwarm_up: 1s\nmix: [{weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}]\nstages: [{rate: 300/s, for: 3s}]\n"
	w, err := ParseWorkload([]byte(text), "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const parts = 3
	tills, cards, planned := map[int]bool{}, map[int]bool{}, uint64(0)
	for part := range parts {
		s, err := w.Mission(part, parts).Workload()
		if err != nil {
			t.Fatal(err)
		}
		for n := range s.Tills {
			tills[s.TillOf(n)] = true
		}
		for n := range s.Cards {
			cards[s.CardOf(n)] = true
		}
		n, err := s.Planned(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		planned += n
		for n := range uint64(500) {
			all := w.Chain(n)
			if s.Mine(n) != (all.Till%parts == part) {
				t.Fatalf("chain %d of till %d: is it of part %d?", n, all.Till, part)
			}
			if !s.Mine(n) {
				continue
			}
			own := s.Chain(n)
			if s.TillOf(own.Till) != all.Till || s.CardOf(own.Card) != all.Card || own.Amount(0) != all.Amount(0) || own.Card >= s.Cards || own.Card%s.Tills != own.Till {
				t.Fatalf("chain %d is at till %d with card %d, and in the share at %d with %d", n, all.Till, all.Card, s.TillOf(own.Till), s.CardOf(own.Card))
			}
		}
	}
	if whole, err := w.Planned(time.Minute); err != nil || whole != planned || whole < 500 || len(tills) != 7 || len(cards) != 17 {
		t.Errorf("%d tills, %d cards, %d orders of %d: %v", len(tills), len(cards), planned, whole, err)
	}
	if _, err := w.Share(0, 8); err == nil {
		t.Error("eight workers have seven tills")
	}
}

// A mission carries all of a schedule: stages that hold, rise and swing, at random, also such as flags have changed.
func TestMissionKeepsTheSchedule(t *testing.T) {
	text := "name: s\ntills: 4\npatience: 7s\narrivals: poisson\nmix: [{weight: 1, legs: [{flow: sale, amount: 1.00 CNY}]}]\n" +
		"stages: [{rate: 40/s, for: 1s}, {rate: 10/s to 90/s, for: 2s}, {rate: 20/s to 200/s, every: 1500ms, for: 3s}]\n"
	w, err := ParseWorkload([]byte(text), "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(){
		"as written": func() {},
		"by flags": func() {
			w.Seed, w.Tills, w.Cards, w.WarmUp = 99, 6, 13, Span(time.Second)
			w.Stages[0].Rate = RateRange{70, 70}
		},
	} {
		change()
		b, err := json.Marshal(w.Mission(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		var m Mission
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		s, err := m.Workload()
		if err != nil {
			t.Fatal(err)
		}
		want, got := dues(t, w), dues(t, s)
		if !slices.Equal(want, got) || len(got) < 300 || s.Seed != w.Seed || s.Patience != w.Patience || s.WarmUp != w.WarmUp || s.Tills != w.Tills/2 {
			t.Errorf("%s: %d chains are due, and at the worker %d, with seed %d, patience %s, %d tills", name, len(want), len(got), s.Seed, time.Duration(s.Patience), s.Tills)
		}
	}
}

func dues(t *testing.T, w *Workload) []time.Duration {
	t.Helper()
	p, err := w.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(Dues(p, w.Length()))
}

// A replay is not shared, and says so at its line.
func TestReplayIsNotShared(t *testing.T) {
	capture, err := filepath.Abs(filepath.Join("..", "fixtures", "captures", "ascii-4digit.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := ParseWorkload([]byte("name: r\nreplay: {capture: "+capture+", dialect: jpos-ascii4}\n"), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Share(0, 1); err == nil || !strings.HasPrefix(err.Error(), "workload r.yaml:2: replay: ") {
		t.Errorf("%v", err)
	}
}

// What workers deliver is merged to what one process would have measured.
func TestParcelsMergeExactly(t *testing.T) {
	const kinds = 2
	whole, err := NewMeasurement(kinds, time.Second, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := NewMeasurement(kinds, time.Second, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	one := whole.Recorder()
	for worker := range 2 {
		own, err := NewMeasurement(kinds, time.Second, 3*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		r, to := own.Recorder(), merged.Recorder()
		var orders []Sample
		for i := range 300 {
			due := time.Duration(i) * 9 * time.Millisecond
			s := Sample{Due: due, Written: due + 50, Answered: due + time.Duration(i*i*(worker+1)+70), Kind: uint16(i % kinds), End: Approved, Code: Code{'0', '0', ' '}}
			r.Record(&s)
			one.Record(&s)
			orders = append(orders, s)
		}
		r.Close()
		own.Collect(func(iv *Interval) {
			n := iv.Total(nil).Due()
			var b []byte
			for i := range orders[:n] {
				b = AppendRecord(b, &orders[i])
			}
			orders = orders[n:]
			back, err := ReadRecords(b, kinds)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ReadParcel(AppendFlows(AppendInterval(nil, iv), 0, nil), kinds)
			if err != nil {
				t.Fatal(err)
			}
			if err := to.Take(p, back[1:]); err == nil {
				t.Fatal("an interval with an order missing was taken")
			}
			if err := to.Take(p, back); err != nil {
				t.Fatal(err)
			}
			if err := to.Take(p, back); err == nil {
				t.Fatal("an interval was taken twice")
			}
		})
		to.Close()
	}
	one.Close()
	whole.Collect()
	merged.Collect()
	a, b := whole.Total().Total(nil), merged.Total().Total(nil)
	for m := range measures {
		x, y := &a.Times[m], &b.Times[m]
		if x.Count() != 600 || x.Count() != y.Count() || x.Max() != y.Max() || x.sum != y.sum || x.Quantile(0.5) != y.Quantile(0.5) || x.Quantile(0.999) != y.Quantile(0.999) {
			t.Errorf("%s: %d and %d times, %s and %s at most", m, x.Count(), y.Count(), x.Max(), y.Max())
		}
	}
}
