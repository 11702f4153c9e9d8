package features_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gherkin "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/features"
)

// requirement is one entry of fixtures/requirements.
type requirement struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	Why     string   `yaml:"why"`
	RestsOn string   `yaml:"rests_on"`
	Defects []string `yaml:"defects"`
}

var (
	idTag    = regexp.MustCompile(`^@[A-Z]{3}-\d{3}$`)
	factTag  = regexp.MustCompile(`\[(C\d|S|M|V|D|C2-C3)\]`)
	otherTag = map[string]bool{"@clock": true, "@host-control": true, "@unionpay": true}
)

// TestRequirements holds requirements and scenarios to each other: each requirement says what it is, why it matters, what it
// rests on and what breaks it, and has a scenario; each tag names a requirement.
func TestRequirements(t *testing.T) {
	known := readRequirements(t)
	held := map[string]bool{}
	for _, p := range pickles(t) {
		ids := 0
		for _, tag := range p.Tags {
			switch {
			case idTag.MatchString(tag.Name):
				id := tag.Name[1:]
				if _, ok := known[id]; !ok {
					t.Errorf("%s: %q: tag %s names no requirement of fixtures/requirements", p.Uri, p.Name, tag.Name)
				}
				held[id] = true
				ids++
			case !otherTag[tag.Name]:
				t.Errorf("%s: %q: tag %s has no meaning", p.Uri, p.Name, tag.Name)
			}
		}
		if ids == 0 {
			t.Errorf("%s: %q: holds no requirement: tag it", p.Uri, p.Name)
		}
	}
	for id := range known {
		if !held[id] {
			t.Errorf("requirement %s: no scenario is tagged @%s", id, id)
		}
	}
}

// What a step says that needs a virtual clock, or a way into the host.
var (
	waits    = regexp.MustCompile(`line is silent|line loses|line delays|issuer answers|reach the issuer|into garbage|could not take it back|^it is |(minute|hour|day)s? pass|线路丢失|延迟|没有响应|乱码|经过|未能冲正|^时间为|到达发卡行`)
	arranges = regexp.MustCompile(`^the (host|issuer) |^payments reach |at the host$|has entered a wrong PIN|^主机|^发卡行|^交易晚|已输错密码`)
)

// TestScenarios holds the voice of a scenario: it acts and then looks, no clock runs unsaid, and a host that must be arranged is
// tagged so.
func TestScenarios(t *testing.T) {
	for _, p := range pickles(t) {
		var acts, asserts int
		needs := map[string]bool{}
		for _, s := range p.Steps {
			needs["@clock"] = needs["@clock"] || waits.MatchString(s.Text)
			if s.Type == messages.PickleStepType_OUTCOME {
				asserts++
				continue
			}
			if asserts > 0 {
				t.Errorf("%s: %q: %q acts after the first Then", p.Uri, p.Name, s.Text)
			}
			if s.Type == messages.PickleStepType_ACTION {
				acts++
			}
			needs["@host-control"] = needs["@host-control"] || arranges.MatchString(s.Text)
		}
		if acts == 0 || asserts == 0 {
			t.Errorf("%s: %q: want a When and a Then", p.Uri, p.Name)
		}
		for _, tag := range p.Tags {
			delete(needs, tag.Name)
		}
		for tag, needed := range needs {
			if needed {
				t.Errorf("%s: %q: needs %s", p.Uri, p.Name, tag)
			}
		}
	}
}

// pickles compiles every shipped feature.
func pickles(t *testing.T) []*messages.Pickle {
	t.Helper()
	names, err := fs.Glob(features.FS, "*/*.feature")
	if err != nil || len(names) == 0 {
		t.Fatalf("no features: %v", err)
	}
	var all []*messages.Pickle
	for _, name := range names {
		text, err := features.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		id := func() string { n++; return fmt.Sprint(n) }
		document, err := gherkin.ParseGherkinDocument(strings.NewReader(string(text)), id)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, gherkin.Pickles(*document, name, id)...)
	}
	return all
}

func readRequirements(t *testing.T) map[string]requirement {
	t.Helper()
	dir := filepath.Join("..", "fixtures", "requirements")
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no requirements in %s: %v", dir, err)
	}
	known := map[string]requirement{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []requirement
		if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, r := range list {
			where := path.Base(file) + ": " + r.ID
			if _, twice := known[r.ID]; twice {
				t.Errorf("%s: stands twice", where)
			}
			if !idTag.MatchString("@" + r.ID) {
				t.Errorf("%s: want an id such as SIG-001", where)
			}
			if r.Title == "" || r.Why == "" {
				t.Errorf("%s: want a title and a reason", where)
			}
			if !factTag.MatchString(r.RestsOn) {
				t.Errorf("%s: rests_on %q: want a place in DOMAIN.md with its certainty tag", where, r.RestsOn)
			}
			known[r.ID] = r
		}
	}
	return known
}
