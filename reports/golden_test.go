package reports

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got, go test -update writes it anew):\n%s", name, diff)
	}
}

func written(t *testing.T, write func(io.Writer, *Run) error, r *Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormatsGolden(t *testing.T) {
	for _, f := range Formats() {
		if strings.HasPrefix(f.Name, "pcapng") {
			continue // tshark says what is in it: TestRunCaptureInTshark
		}
		t.Run(f.Name, func(t *testing.T) {
			golden(t, f.File, anywhere(written(t, f.Write, sample())))
		})
	}
	t.Run("text when all is well", func(t *testing.T) {
		golden(t, "held.txt", written(t, Text{}.Write, held()))
	})
	t.Run("markdown when all is well", func(t *testing.T) {
		golden(t, "held.md", written(t, writeMarkdown, held()))
	})
	t.Run("text when the harness is broken", func(t *testing.T) {
		golden(t, "broken.txt", written(t, Text{}.Write, &Run{Broken: "profile x.yaml:3: no such dialect\nuse unionpay-pos"}))
	})
}

// anywhere takes out of an output what it says of the machine that wrote it.
func anywhere(b []byte) []byte {
	machine := fmt.Sprintf(`"os":{"name":"%s"},"cpu":{"name":"%s"}`, runtime.GOOS, runtime.GOARCH)
	return bytes.Replace(b, []byte(machine), []byte(`"os":{"name":"linux"},"cpu":{"name":"amd64"}`), 1)
}

// TestFormatsAreReadOnly: writers may run side by side on one tree.
func TestFormatsAreReadOnly(t *testing.T) {
	r := sample()
	var all sync.WaitGroup
	for _, f := range Formats() {
		all.Go(func() { written(t, f.Write, r) })
		all.Go(func() { written(t, f.Write, r) })
	}
	all.Wait()
	if diff := cmp.Diff(sample(), r, cmp.AllowUnexported(trace.Frame{})); diff != "" {
		t.Errorf("a writer changed the run:\n%s", diff)
	}
}

// TestFormatsOfNothing: an empty run is written too.
func TestFormatsOfNothing(t *testing.T) {
	for _, r := range []*Run{{}, {Broken: "x"}, {Interrupted: true}, {Features: []Feature{{Scenarios: []Scenario{{}}}}}} {
		for _, f := range Formats() {
			if len(written(t, f.Write, r)) == 0 {
				t.Errorf("%s wrote nothing", f.Name)
			}
		}
	}
}

func TestFormatNamed(t *testing.T) {
	for _, f := range Formats() {
		if got, err := FormatNamed(f.Name); err != nil || got.File != f.File {
			t.Errorf("%s: %v, %v", f.Name, got, err)
		}
	}
	_, err := FormatNamed("pdf")
	if want := `format "pdf": there is none of that name; use text, markdown, junit, cucumber, messages, json, pcapng, pcapng-issuer, html`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestNoControlCharacters: no answer of a host can paint on the reader's terminal.
func TestNoControlCharacters(t *testing.T) {
	for _, f := range Formats() {
		if strings.HasPrefix(f.Name, "pcapng") {
			continue // is read by no terminal
		}
		text := string(written(t, f.Write, sample()))
		for _, r := range text {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7F && r < 0xA0 {
				t.Errorf("%s lets %U through", f.Name, r)
			}
		}
	}
}

func TestTextColour(t *testing.T) {
	r := sample()
	plain := string(written(t, Text{}.Write, r))
	coloured := string(written(t, Text{Colour: true}.Write, r))
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[31mFAILED\x1b[0m") {
		t.Error("colour only when asked for")
	}
	for status := Broken; status <= Passed; status++ {
		for _, code := range []string{"31", "32", "33", "35", "36", "0"} {
			coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
		}
	}
	if coloured != plain {
		t.Error("colour changes the text")
	}
}

func TestJSONReadsBack(t *testing.T) {
	var got struct {
		Run
		ExitCode int    `json:"exit_code"`
		Totals   Totals `json:"totals"`
	}
	text := written(t, writeJSON, sample())
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := sample()
	for s := range want.scenarios {
		s.Trace = nil
	}
	want.Features[0].Scenarios[1].Steps[2].Failure.Message[4].Value = got.Features[0].Scenarios[1].Steps[2].Failure.Message[4].Value
	instants := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff(*want, got.Run, instants); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if got.ExitCode != ExitBroken || got.Totals != (Totals{Passed: 1, Skipped: 3, Review: 1, Failed: 2, Broken: 1, Breaks: 2}) {
		t.Errorf("exit %d, totals %+v", got.ExitCode, got.Totals)
	}
}

// junitRule is what the schema of Jenkins' xUnit plugin, junit-10.xsd, says about an element: its attributes ("!" for
// required ones) and its children; text tells that it may hold text.
type junitRule struct {
	attributes, children string
	text                 bool
}

var junitSchema = map[string]junitRule{
	"testsuites": {attributes: "name time tests failures errors", children: "testsuite"},
	"testsuite": {
		attributes: "name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
		children:   "testsuite properties testcase system-out system-err",
	},
	"properties": {children: "property"},
	"property":   {attributes: "name! value!"},
	"testcase":   {attributes: "name! time classname group", children: "skipped error failure system-out system-err"},
	"skipped":    {attributes: "type message", text: true},
	"error":      {attributes: "type message", text: true},
	"failure":    {attributes: "type message", text: true},
	"system-out": {text: true},
	"system-err": {text: true},
}

// checkJUnit holds a document to the schema.
func checkJUnit(document []byte) error {
	d := xml.NewDecoder(bytes.NewReader(document))
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			rule, known := junitSchema[e.Name.Local]
			switch {
			case !known:
				return fmt.Errorf("element %s is not in the schema", e.Name.Local)
			case len(open) == 0 && e.Name.Local != "testsuites":
				return fmt.Errorf("root %s", e.Name.Local)
			case len(open) > 0 && !slices.Contains(strings.Fields(junitSchema[open[len(open)-1]].children), e.Name.Local):
				return fmt.Errorf("%s in %s", e.Name.Local, open[len(open)-1])
			}
			if err := checkJUnitAttributes(e, strings.Fields(rule.attributes)); err != nil {
				return err
			}
			open = append(open, e.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && !junitSchema[open[len(open)-1]].text && len(bytes.TrimSpace(e)) > 0 {
				return fmt.Errorf("text %q in %s", e, open[len(open)-1])
			}
		}
	}
}

func checkJUnitAttributes(e xml.StartElement, rules []string) error {
	given := map[string]string{}
	for _, a := range e.Attr {
		given[a.Name.Local] = a.Value
		if !slices.Contains(rules, a.Name.Local) && !slices.Contains(rules, a.Name.Local+"!") {
			return fmt.Errorf("%s has attribute %s", e.Name.Local, a.Name.Local)
		}
		if _, err := strconv.ParseFloat(a.Value, 64); a.Name.Local == "time" && err != nil {
			return fmt.Errorf("%s time=%q is no number of seconds", e.Name.Local, a.Value)
		}
	}
	for _, rule := range rules {
		name, required := strings.CutSuffix(rule, "!")
		if _, ok := given[name]; required && !ok {
			return fmt.Errorf("%s lacks %s", e.Name.Local, name)
		}
	}
	return nil
}

func TestJUnitSchema(t *testing.T) {
	for name, r := range map[string]*Run{"sample": sample(), "held": held(), "empty": {}, "broken": {Broken: "no \x00 dialect"}} {
		if err := checkJUnit(written(t, writeJUnit, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		`<testsuite name="a" tests="1" failures="0" errors="0"/>`, `<testsuites><testcase name="a"/></testsuites>`,
		`<testsuites><testsuite name="a" tests="1" failures="0"/></testsuites>`, `<testsuites>text</testsuites>`,
		`<testsuites flaky="1"/>`, `<testsuites time="1s"/>`, `<testsuites><testsuite`,
	} {
		if checkJUnit([]byte(bad)) == nil {
			t.Errorf("the test lets %s through", bad)
		}
	}
}

// The schema that Jenkins' xUnit plugin holds reports to, as its repository has it (MIT licence), by a validator that is not ours.
func TestJUnitByXmllint(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint on the path: install Debian's libxml2-utils to hold JUnit to Jenkins' own schema")
	}
	check := func(document []byte) (string, error) {
		file := filepath.Join(t.TempDir(), "junit.xml")
		if err := os.WriteFile(file, document, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), xmllint, "--nonet", "--noout", "--schema", "testdata/junit/junit-10.xsd", file).CombinedOutput()
		return string(out), err
	}
	for name, r := range map[string]*Run{"sample": sample(), "rich": rich(), "held": held(), "empty": {}, "broken": {Broken: "no \x00 dialect"}} {
		if out, err := check(written(t, writeJUnit, r)); err != nil {
			t.Errorf("%s: %s", name, out)
		}
	}
	if _, err := check([]byte(`<testsuites><testsuite name="a" tests="1" failures="0"/></testsuites>`)); err == nil {
		t.Error("the schema lets a suite without errors through")
	}
}

func TestJUnitReadsBack(t *testing.T) {
	var got junitSuites
	if err := xml.Unmarshal(written(t, writeJUnit, sample()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 8 || got.Failures != 3 || got.Errors != 1 {
		t.Errorf("tests %d, failures %d, errors %d", got.Tests, got.Failures, got.Errors)
	}
	var verdicts []string
	names := map[string]bool{}
	for _, s := range got.Suites {
		for _, c := range s.Cases {
			verdict := "passed"
			for name, end := range map[string]*junitEnd{"skipped": c.Skipped, "error": c.Error, "failure": c.Failure} {
				if end != nil {
					verdict = name + ": " + end.Message
				}
			}
			verdicts = append(verdicts, verdict)
			if names[c.Class+c.Name] {
				t.Errorf("two cases are called %s %s", c.Class, c.Name)
			}
			names[c.Class+c.Name] = true
		}
	}
	want := []string{
		"passed", "failure: T1 screen: wanted DECLINED_51 余额不足, got APPROVED", "failure: a decline with 61 that the scenario does not mention",
		"error: no step reads like this", "failure: the slip is to be judged by a person",
		"skipped: the profile does not claim refund", "skipped: the profile does not claim refund", "skipped: the books are not in sight",
	}
	if diff := cmp.Diff(want, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if text := got.Suites[0].Cases[1].Failure.Text; !strings.Contains(text, "DECLINED_51 余额不足") || !strings.Contains(text, "]]>") {
		t.Errorf("the failure text lost something: %s", text)
	}
}

// TestCucumberReadsBack reads it as the common report plugins do: by these members, in these types.
func TestCucumberReadsBack(t *testing.T) {
	type result struct {
		Status   string
		Duration int64
		Error    string `json:"error_message"`
	}
	var got []struct {
		URI, ID, Keyword, Name string
		Elements               []struct {
			ID, Type string
			Line     int
			Steps    []struct {
				Keyword, Name string
				Result        result
				Rows          []struct{ Cells []string }
				DocString     *struct{ Value string } `json:"doc_string"`
				Embeddings    []struct {
					MediaType string `json:"mime_type"`
					Data      []byte
				}
			}
			After []struct{ Result result }
		}
	}
	if err := json.Unmarshal(written(t, writeCucumber, sample()), &got); err != nil {
		t.Fatal(err)
	}
	sale := got[0].Elements
	var statuses []string
	for _, e := range append(sale, got[1].Elements...) {
		all := []string{}
		for _, s := range e.Steps {
			all = append(all, s.Result.Status)
		}
		for _, h := range e.After {
			all = append(all, "after:"+h.Result.Status)
		}
		statuses = append(statuses, strings.Join(all, " "))
	}
	want := []string{
		"passed passed passed", "passed passed failed skipped", "passed passed passed passed after:failed", "passed failed after:failed",
		"pending after:pending", "skipped after:skipped", "after:skipped", "after:skipped",
	}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if d := sale[0].Steps[0].Result.Duration; d != 1_500_000 {
		t.Errorf("duration %d, want nanoseconds", d)
	}
	if e := sale[0].Steps[2].Embeddings; len(e) != 1 || e[0].MediaType != "text/plain" || string(e[0].Data) != "面馆\n" {
		t.Errorf("embeddings %v", e)
	}
	if s := sale[0].Steps[2]; s.DocString == nil || s.DocString.Value != "面馆\n10.00 CNY" {
		t.Error("the doc string is lost")
	}
	if rows := sale[3].Steps[1].Rows; len(rows) != 2 || rows[0].Cells[1] != "小夜曲" {
		t.Errorf("rows %v", rows)
	}
	if text := sale[1].Steps[2].Result.Error; !strings.Contains(text, "wanted  DECLINED_51 余额不足\n") {
		t.Errorf("error_message %q", text)
	}
	if text := sale[2].After[0].Result.Error; !strings.Contains(text, "captured-once") {
		t.Errorf("the money break is lost: %q", text)
	}
}
