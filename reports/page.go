package reports

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed report.gohtml
var pageText string

//go:embed report.js
var pageScript string

// page is what the HTML report shows: a run, and what follows from it.
type page struct {
	*Run
	Totals     Totals
	Conclusion string
	Counts     string
	Exit       int
	Verdicts   []matrixPart
	Shown      map[string]int
	Files      []pageFeature
	Skips      []skipGroup
	Script     template.JS
	Policy     string
}

// matrixPart is the part of the requirement matrix with one verdict.
type matrixPart struct {
	Verdict Verdict
	Rows    []Shown
}

type pageFeature struct {
	*Feature
	Totals Totals
	Open   bool // something in it wants to be looked at
	Cases  []pageScenario
}

type skipGroup struct {
	Reason string
	Cases  []*Scenario
}

// openAtFirst is how many scenarios that went wrong stand open when the page does.
const openAtFirst = 10

// writeHTML writes the report of a run as one page that needs nothing else. Everything stands in it as plain markup, so that it reads without
// JavaScript. Of passed scenarios, and of all timelines, the markup stands in noscript elements: where scripts run, a browser takes
// those for text, and makes elements of one when somebody opens its scenario. A thousand scenarios open in a fraction of a second.
func writeHTML(w io.Writer, r *Run) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"clean": clean, "line": oneLine, "short": shortly, "sign": sign, "either": func(a, b string) string { return cmp.Or(a, b) }, "picture": picture,
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, pageOf(r))
}

func pageOf(r *Run) *page {
	sum := sha256.Sum256([]byte(pageScript))
	p := &page{
		Run: r, Totals: r.Totals(), Conclusion: conclusion(r), Counts: counts(r.Totals(), false), Exit: r.ExitCode(),
		Shown: map[string]int{}, Script: template.JS(pageScript),
		// Nothing is fetched, and no script runs but ours, whatever a text should smuggle in.
		Policy: "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
	for _, v := range []Verdict{NotHeld, NotShown, Held} {
		part := matrixPart{Verdict: v}
		for _, s := range r.Verdicts() {
			if s.Verdict == v {
				part.Rows = append(part.Rows, s)
			}
		}
		if p.Shown[string(v)] = len(part.Rows); len(part.Rows) > 0 {
			p.Verdicts = append(p.Verdicts, part)
		}
	}
	open := openAtFirst
	for i := range r.Features {
		f := &r.Features[i]
		out := pageFeature{Feature: f, Totals: f.Totals()}
		for j := range f.Scenarios {
			s := &f.Scenarios[j]
			c := pageScenario{Scenario: s, Wrong: s.wrong(), URI: f.URI, run: r}
			if c.Wrong {
				out.Open, c.Open = true, open > 0
				open--
			}
			out.Cases = append(out.Cases, c)
		}
		p.Files = append(p.Files, out)
	}
	p.Skips = skipsOf(r)
	return p
}

func skipsOf(r *Run) (groups []skipGroup) {
	for s := range r.scenarios {
		if s.Status != Skipped {
			continue
		}
		reason := cmp.Or(oneLine(s.Reason), "no reason was given")
		i := slices.IndexFunc(groups, func(g skipGroup) bool { return g.Reason == reason })
		if i < 0 {
			i, groups = len(groups), append(groups, skipGroup{Reason: reason})
		}
		groups[i].Cases = append(groups[i].Cases, s)
	}
	return groups
}

// pageScenario is a scenario as the page shows it.
type pageScenario struct {
	*Scenario
	URI         string
	Wrong, Open bool
	run         *Run
}

// Meant are the requirements that it bears on.
func (s pageScenario) Meant() (all []Requirement) {
	for _, req := range s.run.Requirements {
		if slices.Contains(s.Requirements, req.ID) {
			all = append(all, req)
		}
	}
	return all
}

// Lines are the events of its timeline.
func (s pageScenario) Lines() []moment { return timeline(s.Trace) }

// sign tells a verdict without colour.
func sign(s Status) string { return [...]string{"!", "✗", "?", "–", "✓"}[min(s, Passed)] }

// picture gives the address of a picture that stands in the page itself; "" for what is no picture that browsers may be trusted with.
func picture(a Attachment) template.URL {
	if a.MediaType != "image/png" && a.MediaType != "image/jpeg" && a.MediaType != "image/gif" {
		return ""
	}
	return template.URL("data:" + a.MediaType + ";base64," + base64.StdEncoding.EncodeToString(a.Body))
}

// Content is the body of an attachment that is text.
func (a Attachment) Content() string { return clean(strings.ToValidUTF8(string(a.Body), "\uFFFD")) }

// Wrong are the scenarios that a person must look at.
func (p *page) Wrong() (all []pageScenario) {
	for _, f := range p.Files {
		for _, c := range f.Cases {
			if c.Wrong {
				all = append(all, c)
			}
		}
	}
	return all
}

// Headline says in one line why it did not pass.
func (s pageScenario) Headline() string { return s.headline() }

// Statuses are the verdicts that occur, worst first.
func (p *page) Statuses() (all []Status) {
	seen := map[Status]bool{}
	for s := range p.scenarios {
		seen[s.Status] = true
	}
	for s := Broken; s <= Passed; s++ {
		if seen[s] {
			all = append(all, s)
		}
	}
	return all
}
