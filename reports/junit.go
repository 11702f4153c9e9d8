package reports

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The elements of JUnit XML that the schema of Jenkins' xUnit plugin (junit-10.xsd) knows and we need. A scenario that
// failed or waits for review is a failure, a broken one an error.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Time     string       `xml:"time,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		File       string          `xml:"file,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string    `xml:"classname,attr"`
		Name    string    `xml:"name,attr"`
		Time    string    `xml:"time,attr"`
		Skipped *junitEnd `xml:"skipped"`
		Error   *junitEnd `xml:"error"`
		Failure *junitEnd `xml:"failure"`
		Out     string    `xml:"system-out,omitempty"`
	}
	junitEnd struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func writeJUnit(w io.Writer, r *Run) error {
	out := junitSuites{Name: "tillproof", Time: seconds(r.Took)}
	for i := range r.Features {
		out.Suites = append(out.Suites, junitFeature(r, &r.Features[i]))
	}
	if r.Broken != "" {
		end := &junitEnd{Type: "broken", Message: firstLine(r.Broken), Text: r.Broken}
		out.Suites = append(out.Suites, junitSuite{
			Name: "harness", Tests: 1, Errors: 1, Time: seconds(0), Timestamp: timestamp(r), Properties: junitProperties(r),
			Cases: []junitCase{{Class: "tillproof", Name: "harness", Time: seconds(0), Error: end}},
		})
	}
	for _, s := range out.Suites {
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Errors += s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitFeature(r *Run, f *Feature) junitSuite {
	t := f.Totals()
	suite := junitSuite{
		Name: cmp.Or(f.Name, f.URI), Tests: t.Scenarios(), Failures: t.Failed + t.Review, Errors: t.Broken, Skipped: t.Skipped,
		Timestamp: timestamp(r), File: f.URI, Properties: junitProperties(r),
	}
	named := map[string]int{}
	for _, s := range f.Scenarios {
		named[s.Name]++
	}
	var took time.Duration
	for i := range f.Scenarios {
		s := &f.Scenarios[i]
		c := junitScenario(s)
		c.Class = strings.ReplaceAll(strings.TrimSuffix(f.URI, ".feature"), "/", ".")
		if named[s.Name] > 1 || s.Name == "" { // servers take cases of one name for one
			c.Name = strings.TrimSpace(fmt.Sprintf("%s (line %d)", s.Name, s.Line))
		}
		took += s.Took
		suite.Cases = append(suite.Cases, c)
	}
	suite.Time = seconds(took)
	return suite
}

func junitScenario(s *Scenario) junitCase {
	c := junitCase{Name: s.Name, Time: seconds(s.Took)}
	end := &junitEnd{Type: s.Status.String(), Message: s.headline(), Text: s.account()}
	switch s.Status {
	case Broken:
		c.Error = end
	case Failed, Review:
		c.Failure = end
	case Skipped:
		c.Skipped = &junitEnd{Message: s.Reason}
	}
	if s.wrong() {
		c.Out = s.asWritten()
		if s.Replay != "" {
			c.Out += "replay: " + s.Replay + "\n"
		}
	}
	return c
}

// headline says in one line why a scenario did not pass.
func (s *Scenario) headline() string {
	var failures []*Failure
	for _, step := range s.Steps {
		failures = append(failures, step.Failure)
	}
	for _, f := range append(failures, s.Failure) {
		switch {
		case f == nil:
		case f.Wanted != "" || f.Got != "":
			return oneLine(strings.TrimPrefix(f.Where+": ", ": ") + "wanted " + cmp.Or(f.Wanted, "nothing") + ", got " + cmp.Or(f.Got, "nothing"))
		case f.Text != "":
			return firstLine(f.Text)
		}
	}
	if s.Reason == "" && len(s.Breaks) > 0 {
		return "the money does not balance: " + s.Breaks[0].Rule
	}
	return firstLine(s.Reason)
}

// asWritten gives a scenario's steps with their verdicts.
func (s *Scenario) asWritten() string {
	var rows [][]string
	for _, step := range s.Steps {
		rows = append(rows, []string{step.Status.String(), step.Keyword + " " + oneLine(step.Text)})
	}
	return table("", rows)
}

func junitProperties(r *Run) []junitProperty {
	return []junitProperty{
		{"seed", strconv.FormatUint(r.Seed, 10)}, {"profile", r.Profile}, {"line", r.Line}, {"dialect", r.Dialect}, {"version", r.Version},
	}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// timestamp is the start of the run as JUnit writes it, without a zone; it is UTC.
func timestamp(r *Run) string { return r.Started.UTC().Format("2006-01-02T15:04:05") }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
