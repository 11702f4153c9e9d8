package load

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestShippedWorkloads(t *testing.T) {
	if len(Shipped()) == 0 {
		t.Fatal("no workload is shipped")
	}
	for _, name := range Shipped() {
		w, err := LoadWorkload(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.Name != name || w.About == "" || w.AboutZh == "" {
			t.Errorf("%s: named %q, about %q, %q", name, w.Name, w.About, w.AboutZh)
		}
		if err := w.Preflight(Limits{Files: 8192, Ports: 28_000, Linger: time.Minute, Patience: time.Minute}); err != nil {
			t.Error(err)
		}
	}
}

// The settings and the shipped workloads stand in the README beside them, in both languages.
func TestWorkloadsReadme(t *testing.T) {
	text, err := os.ReadFile("../fixtures/workloads/README.md")
	if err != nil {
		t.Fatal(err)
	}
	english, chinese, _ := strings.Cut(string(text), "\n## 中文\n")
	wanted := []string{}
	for _, part := range []any{Workload{}, Part{}, Leg{}, Stage{}, Blow{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(part)) {
			if tag := f.Tag.Get("yaml"); tag != "" {
				wanted = append(wanted, "`"+tag+"`")
			}
		}
	}
	for f := range flows {
		wanted = append(wanted, "`"+string(f)+"`")
	}
	for _, name := range Shipped() {
		w, err := LoadWorkload(name)
		if err != nil {
			t.Fatal(err)
		}
		wanted = append(wanted, fmt.Sprintf("\n| `%s` | %d | %s |", name, w.Tills, w.Length()))
	}
	for _, want := range wanted {
		if !strings.Contains(english, want) || !strings.Contains(chinese, want) {
			t.Errorf("the README lacks %q in one of its languages", want)
		}
	}
	_, example, _ := strings.Cut(english, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := ParseWorkload([]byte(example), "README.md"); err != nil {
		t.Error(err)
	}
}

const plain = `name: plain
tills: 10
cards: 35
mix:
  - {weight: 3, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}
  - weight: 1
    legs: [{flow: sale, entry: chip, amount: 10.00 CNY to 20.00 CNY}, {flow: void, entry: chip, after: 2s}, {flow: echo, after: 1s}]
stages: [{rate: 600/m, for: 30s}, {rate: 10/s to 2k/s, for: 1m}]
`

func parse(t *testing.T, text string) *Workload {
	t.Helper()
	w, err := ParseWorkload([]byte(text), "plain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWorkload(t *testing.T) {
	w := parse(t, plain)
	kinds := []Kind{{"sale", "stripe"}, {"sale", "chip"}, {"void", "chip"}, {"echo", ""}}
	if !slices.Equal(w.Kinds(), kinds) || w.Length() != 90*time.Second || w.meanLegs() != 1.5 || w.Stages[0].Rate != (RateRange{10, 10}) ||
		w.Stages[1].Rate != (RateRange{10, 2000}) || w.Seed != 1 {
		t.Errorf("%+v", w)
	}
}

func TestChainsArePure(t *testing.T) {
	w, again := parse(t, plain), parse(t, plain)
	voids := 0
	for n := range uint64(4000) {
		c, same := w.Chain(n), again.Chain(n)
		if c.Till != same.Till || c.Card != same.Card || c.Part.Weight != same.Part.Weight || c.Amount(0) != same.Amount(0) {
			t.Fatalf("chain %d is %+v and %+v", n, c, same)
		}
		if c.Card%10 != c.Till || c.Card >= 35 {
			t.Fatalf("chain %d has card %d at till %d", n, c.Card, c.Till)
		}
		r := c.Part.Legs[0].Amount
		if a := c.Amount(0); a.Minor < r.From.Minor || a.Minor > r.To.Minor {
			t.Fatalf("chain %d has the amount %s", n, a)
		}
		if len(c.Part.Legs) == 3 {
			voids++
			if c.Amount(1) != c.Amount(0) || c.Offset(2) != 3*time.Second {
				t.Fatalf("chain %d takes back %s of %s", n, c.Amount(1), c.Amount(0))
			}
		}
	}
	if voids < 900 || voids > 1100 { // 1000 expected, standard deviation 27
		t.Errorf("%d of 4000 chains have weight 1 of 4", voids)
	}
	other := parse(t, "seed: 2\n"+plain)
	if w.Chain(7).Amount(0) == other.Chain(7).Amount(0) && w.Chain(8).Amount(0) == other.Chain(8).Amount(0) {
		t.Error("another seed draws the same amounts")
	}
}

func TestBadWorkloads(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"no name":               {"name: plain\n", "", "plain.yaml:"},
		"unknown setting":       {"tills:", "tils:", `plain.yaml:2: unknown field "tils"`},
		"no tills":              {"tills: 10", "tills: 0", "plain.yaml:2: tills: 0: want 1 to 100000"},
		"fewer cards":           {"cards: 35", "cards: 3", "plain.yaml:3: cards: 3: want at least one"},
		"no weight":             {"weight: 3", "weight: -1", "plain.yaml:5: mix[0]: want a weight"},
		"unknown flow":          {"flow: echo", "flow: eco", `legs[2]: flow "eco"`},
		"void of nothing":       {"[{flow: sale, entry: chip, amount: 10.00 CNY to 20.00 CNY}, ", "[", "void acts on a sale"},
		"echo by card":          {"flow: echo", "flow: echo, entry: tap", "echo needs no card"},
		"entry":                 {"entry: chip, amount", "entry: dip, amount", `entry "dip"`},
		"amount":                {"1.00 CNY to 9.00 CNY", "9.00 CNY to 1.00 CNY", "the smaller first"},
		"refund over the price": {"{flow: void, entry: chip,", "{flow: refund, amount: 15.00 CNY,", "may be more"},
		"rate":                  {"600/m", "600/w", `rate "600/w"`},
		"length":                {"30s", "soon", "want a length of time"},
		"swings nowhere":        {"600/m, for", "600/m, every: 9s, for", "plain.yaml:8: stages[0].every: the rate does not swing"},
		"line":                  {"tills: 10", "tills: 10\nline: wet", `plain.yaml:3: line: "wet"`},
		"arrivals":              {"tills: 10", "tills: 10\narrivals: now", `arrivals: "now"`},
		"balance":               {"tills: 10", "tills: 10\nbalance: much", "plain.yaml:3: balance"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(plain, c.from, c.to, 1)
			if text == plain {
				t.Fatal("nothing was spoiled")
			}
			_, err := ParseWorkload([]byte(text), "plain.yaml")
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "workload plain.yaml:") {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func FuzzWorkload(f *testing.F) {
	f.Add(plain)
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWorkload([]byte(text), "x.yaml")
		if err != nil {
			return
		}
		for n := range uint64(20) {
			c := w.Chain(n)
			for l := range c.Part.Legs {
				_, _ = c.Amount(l), c.Offset(l)
			}
		}
	})
}

func TestRates(t *testing.T) {
	for text, want := range map[string]float64{"200/s": 200, "200": 200, "1200/m": 20, "2k/s": 2000, "2.5k": 2500, "3600/h": 1} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
}

func TestPreflight(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		limits   Limits
		want     string
	}{
		"fits":    {"", "", Limits{Files: 1024, Ports: 28_000, Linger: time.Minute, Batch: 40_000}, ""},
		"money":   {"tills: 10", "tills: 10\nbalance: 50.00 CNY", Limits{}, "plain.yaml:3: balance: card"},
		"batch":   {"", "", Limits{Batch: 1000}, "its batch takes 1000 before it must be settled"},
		"files":   {"tills: 10", "tills: 2000\nline: serial", Limits{Files: 1024}, "2000 connections may be open at once"},
		"ports":   {"tills: 10", "tills: 10\nline: each", Limits{Ports: 28_000, Linger: time.Minute}, "use 120000 ports in the 1m0s"},
		"no file": {"tills: 10", "tills: 2000\nlines: 8", Limits{Files: 1024}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(strings.Replace(plain, "cards: 35\n", "cards: 6000\nbalance: 90000.00 CNY\n", 1), c.from, c.to, 1)
			if strings.Count(text, "balance:") > 1 {
				text = strings.Replace(text, "balance: 90000.00 CNY\n", "", 1)
			}
			err := parse(t, text).Preflight(c.limits)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestDueBy(t *testing.T) {
	w := parse(t, plain) // 10/s for 30 s, then 10/s to 2000/s in 60 s
	for at, want := range map[time.Duration]float64{0: 0, 15 * time.Second: 150, 30 * time.Second: 300, 60 * time.Second: 300 + 30*(10+1005)/2, 2 * time.Minute: 300 + 60*2010/2} {
		if got := w.DueBy(at); got != want {
			t.Errorf("by %s %v are due, want %v", at, got, want)
		}
	}
	w.WarmUp = Span(30 * time.Second)
	if p := w.Plan(time.Second); p.Orders[0]+p.Orders[1]+p.Orders[2]+p.Orders[3] != 60*2010/2 {
		t.Errorf("%v orders after the warm-up", p.Orders)
	}
}
