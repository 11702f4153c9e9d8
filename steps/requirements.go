package steps

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/reports"
)

// Requirement is one thing that must hold, as fixtures/requirements states it.
type Requirement struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	Why     string   `yaml:"why"`
	RestsOn string   `yaml:"rests_on"`
	Defects []string `yaml:"defects"`
}

// LoadRequirements reads requirements/*.yaml of fsys in the order of the files.
func LoadRequirements(fsys fs.FS) ([]Requirement, error) {
	files, err := fs.Glob(fsys, "requirements/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("requirements: %w", err)
	}
	var all []Requirement
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("requirements: %w", err)
		}
		var list []Requirement
		if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("requirements %s: %w", file, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// Reported gives requirements as reports show them, each with all the scenarios of builtin that it takes, so that a run of
// some of them does not call it held.
func Reported(list []Requirement, builtin fs.FS) ([]reports.Requirement, error) {
	all, err := Source{Builtin: builtin, Name: "features"}.Select(nil, Tags{})
	if err != nil {
		return nil, err
	}
	takes := map[string][]string{}
	for _, f := range all.Tree() {
		for _, s := range f.Scenarios {
			for _, id := range s.Requirements {
				takes[id] = append(takes[id], s.ID)
			}
		}
	}
	var out []reports.Requirement
	for _, r := range list {
		out = append(out, reports.Requirement{ID: r.ID, Title: r.Title, Why: r.Why, Fact: r.RestsOn, Scenarios: takes[r.ID]})
	}
	return out, nil
}

// shown keeps the requirements that at least one selected scenario names.
func shown(list []reports.Requirement, tree []reports.Feature) []reports.Requirement {
	var out []reports.Requirement
	for _, r := range list {
		if slices.ContainsFunc(tree, func(f reports.Feature) bool {
			return slices.ContainsFunc(f.Scenarios, func(s reports.Scenario) bool { return slices.Contains(s.Requirements, r.ID) })
		}) {
			out = append(out, r)
		}
	}
	return out
}
