package steps

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/features"
)

// ready is a step whose patterns are compiled in both languages.
type ready struct {
	Step
	exprs [2]*regexp.Regexp
	slots [2][]slot
}

func compiled(t *testing.T) []ready {
	t.Helper()
	var all []ready
	for _, s := range Table() {
		r := ready{Step: s}
		for l, pattern := range []string{s.En, s.Zh} {
			expr, slots, err := compile(pattern, language(l))
			if err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			if r.exprs[l], err = regexp.Compile(expr); err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			r.slots[l] = slots
		}
		all = append(all, r)
	}
	return all
}

// read gives the arguments that a text has for the step, in English order; ok is false when it is no such step.
func (r ready) read(text string, l language) (list []string, ok bool) {
	captured := r.exprs[l].FindStringSubmatch(text)
	if captured == nil {
		return nil, false
	}
	list = make([]string, len(r.slots[l]))
	next := 1
	for i, s := range r.slots[l] {
		at := i
		if l == chinese && r.Order != nil {
			at = r.Order[i]
		}
		list[at] = s.value(l, captured[next:next+s.captures()], r.slots[english][at])
		next += s.captures()
	}
	return list, true
}

// fitting names the steps that a text fits, in either language: godog asks the expressions of both.
func fitting(steps []ready, text string) []string {
	var names []string
	for _, r := range steps {
		for _, expr := range r.exprs {
			if expr.MatchString(text) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

var keyword = regexp.MustCompile(`^(Given|When|Then|And|But|假如|假设|当|那么|并且|而且|但是) ?`)

func TestEveryStepIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range compiled(t) {
		if seen[r.Name] {
			t.Errorf("%s: two steps have this name", r.Name)
		}
		seen[r.Name] = true
		if r.Is == "" || r.do == nil || !keyword.MatchString(r.Example) || !keyword.MatchString(r.ExampleZh) {
			t.Errorf("%s: it lacks a meaning, a deed, or an example that begins with a keyword", r.Name)
		}
		for i, zh := range r.slots[chinese] {
			at := i
			if r.Order != nil {
				at = r.Order[i]
			}
			if en := r.slots[english][at]; len(en.alternatives) != len(zh.alternatives) || en.of.name != zh.of.name {
				t.Errorf("%s: argument %d is %v{%s} in English, %v{%s} in Chinese", r.Name, at, en.alternatives, en.of.name, zh.alternatives, zh.of.name)
			}
		}
		places := slices.Clone(r.Order)
		slices.Sort(places)
		for i, at := range places {
			if at != i || len(places) != len(r.slots[chinese]) {
				t.Errorf("%s: order %v does not place %d arguments", r.Name, r.Order, len(r.slots[chinese]))
				break
			}
		}
	}
}

// An example is the step it explains and no other, and says the same in both languages.
func TestExamples(t *testing.T) {
	steps := compiled(t)
	for _, r := range steps {
		var lists [2][]string
		for l, example := range []string{r.Example, r.ExampleZh} {
			text := keyword.ReplaceAllString(example, "")
			if names := fitting(steps, text); !slices.Equal(names, []string{r.Name}) {
				t.Errorf("%s: %q fits %v", r.Name, example, names)
			}
			lists[l], _ = r.read(text, language(l))
		}
		if diff := cmp.Diff(inEnglish(lists[0]), inEnglish(lists[1])); diff != "" {
			t.Errorf("%s: the examples differ (-English +Chinese):\n%s", r.Name, diff)
		}
	}
}

// inEnglish gives arguments with the cast's names in English, which the rig knows by either.
func inEnglish(list []string) []string {
	people := map[string]string{"小爱": "Alice", "小波": "Bob", "小萝": "Carol", "面馆": "Noodle House", "小卖部": "Corner Shop"}
	out := slices.Clone(list)
	for i, a := range out {
		if en, ok := people[a]; ok {
			out[i] = en
		}
	}
	return out
}

// Every line of the shipped features is one step, and every step is said by one of them.
func TestFeaturesSayEveryStep(t *testing.T) {
	steps, said, lines := compiled(t), map[string]bool{}, 0
	err := fs.WalkDir(features.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".feature") {
			return err
		}
		lines += len(stepLines(t, name))
		for _, text := range stepLines(t, name) {
			names := fitting(steps, text)
			if len(names) != 1 {
				t.Errorf("%s: %q fits %v", name, text, names)
			}
			for _, n := range names {
				said[n] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines < 500 {
		t.Errorf("only %d lines of steps were found", lines)
	}
	for _, r := range steps {
		if !said[r.Name] {
			t.Errorf("%s: no shipped feature says this step", r.Name)
		}
	}
}

// stepLines gives the step texts of a feature as it runs: an outline's with their examples filled in.
func stepLines(t *testing.T, name string) []string {
	t.Helper()
	selection, err := Source{Builtin: features.FS, Name: "features"}.Select([]string{"features/" + name}, Tags{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range selection.Tree() {
		for _, s := range f.Scenarios {
			for _, step := range s.Steps {
				out = append(out, step.Text)
			}
		}
	}
	return out
}

func TestStepsAreFound(t *testing.T) {
	count := func(words ...string) (n int) {
		for _, s := range Table() {
			if s.Has(words...) {
				n++
			}
		}
		return n
	}
	all := len(Table())
	if n := count(); n != all {
		t.Errorf("no word finds %d of %d steps", n, all)
	}
	if one, two := count("PIN"), count("pin", "swipes"); one == 0 || two == 0 || two >= one || one == all {
		t.Errorf("%d steps have PIN, %d of them swipes too", one, two)
	}
	if count("签退") == 0 || count("unheard-of") != 0 {
		t.Error("Chinese words are not found, or words that nobody says are")
	}
}
