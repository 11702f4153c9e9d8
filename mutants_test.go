package tillproof_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var mutants = flag.String("mutants", "", "a report of gremlins': tell the score, and fail for survivors that .ci/mutants.yaml does not explain")

// mutant is a change of the honest code that the suite does not notice.
type mutant struct {
	File     string `yaml:"file"`
	Mutation string `yaml:"mutation"`
	Line     string `yaml:"line"` // as it stands in the file, with the place marked
	Why      string `yaml:"why"`
}

func (m mutant) String() string { return fmt.Sprintf("%s %s %s", m.File, m.Mutation, m.Line) }

// linesIn gives the lines of a file.
func linesIn(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestMutants holds what explains surviving mutants to the code, and with -mutants a run of gremlins to what explains it.
func TestMutants(t *testing.T) {
	text, err := os.ReadFile(".ci/mutants.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []mutant
	if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range list {
		whole := strings.Replace(m.Line, "«", "", 1)
		found := false
		for _, line := range linesIn(t, m.File) {
			found = found || strings.TrimSpace(line) == whole
		}
		if !found || whole == m.Line || m.Why == "" {
			t.Errorf("%s: the file has no such line, no place is marked, or nothing explains it", m)
		}
		explained[m.String()] = true
	}
	if *mutants != "" {
		score(t, *mutants, explained)
	}
}

// score reads a report of gremlins' (its output file).
func score(t *testing.T, report string, explained map[string]bool) {
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var run struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type, Status string
				Line, Column int
			} `json:"mutations"`
		} `json:"files"`
	}
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	count, excused := map[string]int{}, 0
	for _, f := range run.Files {
		for _, m := range f.Mutations {
			count[m.Status]++
			if m.Status != "LIVED" {
				continue
			}
			line := linesIn(t, f.Name)[m.Line-1]
			alive := mutant{File: f.Name, Mutation: m.Type, Line: strings.TrimSpace(line[:m.Column-1] + "«" + line[m.Column-1:])}
			if explained[alive.String()] {
				excused++
				continue
			}
			t.Errorf("%s:%d:%d survives: kill it by a scenario, or explain it in .ci/mutants.yaml:\n- file: %s\n  mutation: %s\n  line: %s", f.Name, m.Line, m.Column, alive.File, alive.Mutation, alive.Line)
		}
	}
	dead := count["KILLED"] + count["TIMED OUT"]
	tried := dead + count["LIVED"]
	if tried == 0 {
		t.Fatal("no mutant was tried")
	}
	t.Logf("%d mutants of covered lines, %d killed (%d%%), %d survive, of which %d are explained; %d more on lines that no scenario comes to, %d that cannot be built",
		tried, dead, 100*dead/tried, count["LIVED"], excused, count["NOT COVERED"], count["NOT VIABLE"])
}
