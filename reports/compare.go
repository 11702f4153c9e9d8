package reports

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Comparison is what differs between two runs of the suite.
type Comparison struct {
	Unlike    []string // why not all differences say something of the system under test
	Verdicts  []Change // of scenarios, those first that are worse in B
	Shown     []Change // of requirements
	Fields    []FieldChange
	Latencies []LatencyChange
	Same      int // scenarios with the same verdict in both
}

// Change is something that has one verdict in run A and another in B; "" where it is not in the run.
type Change struct{ ID, Name, A, B string }

// FieldChange is a field of a message that differs, over all scenarios that are in both runs.
type FieldChange struct {
	Message, Field, Name string
	Scenarios            int    // in how many it differs
	First                string // the first of them
	A, B                 string // its values there
}

// LatencyChange is how long one kind of message waited for its answer at the tills.
type LatencyChange struct {
	Message  string
	A, B     Median
	Clear    bool // the bounds do not meet: noise is no likely reason
	Distinct bool // at all
}

// Median of some times, with the bounds between which that of all such times lies, 95 % sure, whatever their distribution.
type Median struct {
	Count          int
	Mid, Low, High time.Duration
}

// Compare tells what differs in B from A.
func Compare(a, b *Run) *Comparison {
	c := &Comparison{}
	for _, f := range []struct{ what, a, b string }{{"version", a.Version, b.Version}, {"profile", a.Profile, b.Profile}, {"dialect", a.Dialect, b.Dialect}, {"line", a.Line, b.Line},
		{"seed", strconv.FormatUint(a.Seed, 10), strconv.FormatUint(b.Seed, 10)}} {
		if f.a != f.b {
			c.Unlike = append(c.Unlike, fmt.Sprintf("%s: %q and %q", f.what, f.a, f.b))
		}
	}
	c.verdicts(a, b)
	c.requirements(a, b)
	c.fields(a, b)
	c.latencies(a, b)
	return c
}

// verdicts are compared by the scenario's id, which is its feature and line, and where that has moved by its feature and name.
func (c *Comparison) verdicts(a, b *Run) {
	pairs, onlyA, onlyB := paired(a, b)
	type change struct {
		Change
		worse int
	}
	var changes []change
	for _, p := range pairs {
		if p[0].Status == p[1].Status {
			c.Same++
			continue
		}
		changes = append(changes, change{Change{p[1].ID, p[1].Name, p[0].Status.String(), p[1].Status.String()}, int(p[1].Status) - int(p[0].Status)})
	}
	slices.SortStableFunc(changes, func(x, y change) int { return cmp.Compare(x.worse, y.worse) })
	for _, x := range changes {
		c.Verdicts = append(c.Verdicts, x.Change)
	}
	for _, s := range onlyA {
		c.Verdicts = append(c.Verdicts, Change{s.ID, s.Name, s.Status.String(), ""})
	}
	for _, s := range onlyB {
		c.Verdicts = append(c.Verdicts, Change{s.ID, s.Name, "", s.Status.String()})
	}
}

// paired finds the scenarios that are in both runs.
func paired(a, b *Run) (pairs [][2]*Scenario, onlyA, onlyB []*Scenario) {
	byID := map[string]*Scenario{}
	byName := map[string][]*Scenario{} // in the order of the run: names may stand twice
	named := func(s *Scenario) string { return s.ID[:max(strings.LastIndexByte(s.ID, '-'), 0)] + "\x00" + s.Name }
	for s := range a.scenarios {
		byID[s.ID+"\x00"+s.Name] = s
	}
	taken := map[*Scenario]bool{}
	var rest []*Scenario
	of := map[*Scenario]*Scenario{}
	for s := range b.scenarios {
		if same := byID[s.ID+"\x00"+s.Name]; same != nil && !taken[same] {
			of[s], taken[same] = same, true
		} else {
			rest = append(rest, s)
		}
	}
	for s := range a.scenarios {
		if !taken[s] {
			byName[named(s)] = append(byName[named(s)], s)
		}
	}
	for _, s := range rest {
		if left := byName[named(s)]; len(left) > 0 {
			of[s], taken[left[0]] = left[0], true
			byName[named(s)] = left[1:]
		} else {
			onlyB = append(onlyB, s)
		}
	}
	for s := range b.scenarios {
		if of[s] != nil {
			pairs = append(pairs, [2]*Scenario{of[s], s})
		}
	}
	for s := range a.scenarios {
		if !taken[s] {
			onlyA = append(onlyA, s)
		}
	}
	return pairs, onlyA, onlyB
}

func (c *Comparison) requirements(a, b *Run) {
	before := map[string]Verdict{}
	for _, v := range a.Verdicts() {
		before[v.ID] = v.Verdict
	}
	for _, v := range b.Verdicts() {
		if was := before[v.ID]; was != v.Verdict {
			c.Shown = append(c.Shown, Change{v.ID, v.Title, string(was), string(v.Verdict)})
		}
		delete(before, v.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		c.Shown = append(c.Shown, Change{ID: id, A: string(before[id])})
	}
}

// fields compares the messages of each scenario in their order, those of one kind and way with one another.
func (c *Comparison) fields(a, b *Run) {
	at := map[string]int{}
	pairs, _, _ := paired(a, b)
	for _, p := range pairs {
		seen := map[string]bool{}
		note := func(message, field, name, was, is string) {
			key := message + "\x00" + field
			if was == is || seen[key] {
				return
			}
			seen[key] = true
			i, ok := at[key]
			if !ok {
				i, at[key] = len(c.Fields), len(c.Fields)
				c.Fields = append(c.Fields, FieldChange{Message: message, Field: field, Name: name, First: p[1].ID, A: was, B: is})
			}
			c.Fields[i].Scenarios++
		}
		before, after := crossings(p[0]), crossings(p[1])
		for _, key := range slices.Sorted(maps.Keys(after)) {
			for i := range min(len(before[key]), len(after[key])) {
				differences(before[key][i].Fields, after[key][i].Fields, func(f trace.Field, was, is string) { note(messageName(after[key][i]), f.ID, f.Name, was, is) })
			}
		}
		for _, key := range slices.Sorted(maps.Keys(merged(before, after))) {
			e := slices.Concat(after[key], before[key])[0]
			note(messageName(e), "", "how many", strconv.Itoa(len(before[key])), strconv.Itoa(len(after[key])))
		}
	}
	slices.SortStableFunc(c.Fields, func(x, y FieldChange) int { return cmp.Compare(y.Scenarios, x.Scenarios) })
}

func merged[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// crossings gives the decoded messages of a scenario by who sent or received what.
func crossings(s *Scenario) map[string][]trace.Event {
	all := map[string][]trace.Event{}
	for _, e := range s.Trace {
		if (e.Kind == trace.Sent || e.Kind == trace.Received) && len(e.Fields) > 0 {
			key := strings.Join([]string{e.Party, string(e.Kind), e.Peer, messageName(e)}, "\x00")
			all[key] = append(all[key], e)
		}
	}
	return all
}

// differences tells the fields that are not the same. Sub-fields stand for their field.
func differences(a, b []trace.Field, tell func(f trace.Field, was, is string)) {
	before := map[string]trace.Field{}
	for _, f := range a {
		before[f.ID] = f
	}
	parts := func(list []trace.Field, id string) bool {
		return slices.ContainsFunc(list, func(f trace.Field) bool { return strings.HasPrefix(f.ID, id+".") })
	}
	for _, f := range b {
		was, ok := before[f.ID]
		delete(before, f.ID)
		switch {
		case !ok:
			tell(f, "absent", f.Value)
		case was.Value != f.Value && !parts(b, f.ID):
			tell(f, was.Value, f.Value)
		}
	}
	for _, f := range a {
		if _, gone := before[f.ID]; gone {
			tell(f, f.Value, "absent")
		}
	}
}

func (c *Comparison) latencies(a, b *Run) {
	before, after := waits(a), waits(b)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] == nil {
			continue
		}
		l := LatencyChange{Message: name, A: median(before[name]), B: median(after[name])}
		l.Distinct = l.A.Mid != l.B.Mid
		l.Clear = l.A.Low > 0 && l.B.Low > 0 && (l.A.High < l.B.Low || l.B.High < l.A.Low)
		c.Latencies = append(c.Latencies, l)
	}
}

// waits gathers how long the tills waited for answers, by the request's name.
func waits(r *Run) map[string][]time.Duration {
	all := map[string][]time.Duration{}
	for s := range r.scenarios {
		tills := tillsOf(s.Trace)
		asked := map[string]trace.Event{}
		for _, e := range s.Trace {
			if !tills[e.Party] {
				continue
			}
			switch line := e.Party + "\x00" + e.Peer; e.Kind {
			case trace.Sent:
				asked[line] = e
			case trace.Received:
				if q, ok := asked[line]; ok && e.Name == q.Name+" answer" {
					all[q.Name] = append(all[q.Name], e.At.Sub(q.At))
					delete(asked, line)
				}
			}
		}
	}
	return all
}

// fewest is how many times a median needs to have bounds: with five, all lie on one side of it more often than once in twenty.
const fewest = 6

func median(times []time.Duration) Median {
	slices.Sort(times)
	n := len(times)
	m := Median{Count: n, Mid: (times[(n-1)/2] + times[n/2]) / 2}
	if n >= fewest {
		// The number of times below the median is binomial, so that order statistics bound it: n/2 ± 1.96 √n / 2.
		reach := 0.98 * math.Sqrt(float64(n))
		low := max(int(math.Floor(float64(n)/2-reach)), 0)
		m.Low, m.High = times[low], times[n-1-low]
	}
	return m
}

// Write tells the comparison to people.
func (c *Comparison) Write(w io.Writer, nameA, nameB string) error {
	p := &textPrinter{}
	p.line("A is %s\nB is %s", nameA, nameB)
	for _, u := range c.Unlike {
		p.line("unlike: %s", u)
	}
	changes := func(title string, list []Change) {
		if len(list) == 0 {
			return
		}
		p.line("\n%s", title)
		var rows [][]string
		for _, x := range list {
			rows = append(rows, []string{x.ID, cmp.Or(x.A, "absent") + " → " + cmp.Or(x.B, "absent"), cut(oneLine(x.Name), 90)})
		}
		p.WriteString(table("  ", rows))
	}
	changes("Scenarios with another verdict", c.Verdicts)
	changes("Requirements with another verdict", c.Shown)
	if len(c.Fields) > 0 {
		p.line("\nFields that differ, in scenarios of both")
		rows := [][]string{{"message", "field", "", "scenarios", "first", "A", "B"}}
		for _, f := range c.Fields {
			rows = append(rows, []string{oneLine(f.Message), f.Field, oneLine(f.Name), strconv.Itoa(f.Scenarios), f.First, cut(oneLine(f.A), 36), cut(oneLine(f.B), 36)})
		}
		p.WriteString(table("  ", rows))
	}
	p.waited(c.Latencies)
	p.line("\n%s with the same verdict, %d with another; %d fields differ", number(c.Same, "scenario"), len(c.Verdicts), len(c.Fields))
	_, err := io.WriteString(w, p.String())
	return err
}

// waited lists the latencies, if any differs: in memory they are the line's own and the same.
func (p *textPrinter) waited(list []LatencyChange) {
	if !slices.ContainsFunc(list, func(l LatencyChange) bool { return l.Distinct }) {
		return
	}
	p.line("\nMedian time to the answer, with its bounds (95 %%)")
	rows := [][]string{{"message", "A", "", "B", "", ""}}
	bounds := func(m Median) string {
		if m.Low == 0 {
			return fmt.Sprintf("of %d", m.Count)
		}
		return fmt.Sprintf("%s to %s, of %d", shortly(m.Low), shortly(m.High), m.Count)
	}
	for _, l := range list {
		verdict := "no clear change"
		if l.Clear {
			verdict = fmt.Sprintf("%+.0f %%", 100*(float64(l.B.Mid)/float64(l.A.Mid)-1))
		}
		rows = append(rows, []string{l.Message, shortly(l.A.Mid), bounds(l.A), shortly(l.B.Mid), bounds(l.B), verdict})
	}
	p.WriteString(table("  ", rows))
}
