package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"
	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/reports"
)

const saleFeature = `@SWP-001
Feature: Sale
  Why it matters.

  Background:
    Given a till

  @SWP-002 @clock
  Scenario: Plain
    When Alice swipes

  # a word about the next one

  @pin
  Scenario Outline: Ending <code>
    When Alice swipes
      """
      Scenario: not one
      """
    Then the till shows <code>

    @declined
    Examples: declined
      | code |
      | 51   |

      | 54   |

    Examples:
      | code |
      | 00   |

  @rule
  Rule: Limits
    Background:
      Given a limit

    Scenario: Under
      When Alice swipes
        | amount | 1.00 |

    Scenario: Over
      When Alice swipes
`

const signFeature = `# language: zh-CN
@SIG-001
功能: 签到
  场景: 先签到
    假如 终端尚未签到
    当 小爱刷卡`

func builtin() Source {
	return Source{Name: "features", Builtin: fstest.MapFS{
		"signin/sign.feature":  {Data: []byte(signFeature)},
		"swipe/sale.feature":   {Data: []byte(saleFeature)},
		"swipe/README.md":      {Data: []byte("Scenario: no feature")},
		"swipe/.old/x.feature": {Data: []byte("not read")},
		"wire/empty.feature":   {Data: []byte("")},
	}}
}

// listed gives the selected scenarios as "stem:line name".
func listed(sel *Selection) []string {
	var list []string
	for _, f := range sel.Tree() {
		for _, s := range f.Scenarios {
			stem, _ := strings.CutSuffix(filepath.Base(f.URI), ".feature")
			list = append(list, fmt.Sprintf("%s:%d %s", stem, s.Line, s.Name))
		}
	}
	return list
}

func TestSelect(t *testing.T) {
	const (
		sign, plain   = "sign:4 先签到", "sale:9 Plain"
		e51, e54, e00 = "sale:25 Ending 51", "sale:27 Ending 54", "sale:31 Ending 00"
		under, over   = "sale:38 Under", "sale:42 Over"
		sale          = "features/swipe/sale.feature"
	)
	rest := []string{plain, e51, e54, e00, under, over}
	for _, c := range []struct {
		name, paths, tags string
		want              []string
	}{
		{"everything", "", "", slices.Concat([]string{sign}, rest)},
		{"the root", "features", "", slices.Concat([]string{sign}, rest)},
		{"a folder", "features/swipe/", "", rest},
		{"a file", sale, "", rest},
		{"the order asked", sale + ":42 features/signin " + sale + ":9", "", []string{plain, over, sign}},
		{"once only", sale + " features features/signin/sign.feature", "", slices.Concat(rest, []string{sign})},
		{"a feature's line", sale + ":2", "", rest},
		{"its tag", sale + ":1", "", rest},
		{"its background", sale + ":6", "", rest},
		{"a scenario", sale + ":9", "", []string{plain}},
		{"its tag", sale + ":8", "", []string{plain}},
		{"a line inside", sale + ":10", "", []string{plain}},
		{"an outline", sale + ":15", "", []string{e51, e54, e00}},
		{"a doc string in it", sale + ":18", "", []string{e51, e54, e00}},
		{"some examples", sale + ":23", "", []string{e51, e54}},
		{"their tag", sale + ":22", "", []string{e51, e54}},
		{"their header", sale + ":24", "", []string{e51, e54}},
		{"a row", sale + ":27", "", []string{e54}},
		{"two rows", sale + ":31:25", "", []string{e51, e00}},
		{"a rule", sale + ":34", "", []string{under, over}},
		{"its background", sale + ":36", "", []string{under, over}},
		{"in a rule", sale + ":40", "", []string{under}},
		{"a tag of the feature", "", "@SIG-001", []string{sign}},
		{"a tag of a scenario", "", "@clock", []string{plain}},
		{"a tag of examples", "", "@declined", []string{e51, e54}},
		{"a tag of a rule", "", "@rule", []string{under, over}},
		{"tags of several", "", "@SWP-001 and not (@rule or @declined)", []string{plain, e00}},
		{"tags and lines", sale + ":15", "not @declined", []string{e00}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tags, err := ParseTags(c.tags)
			if err != nil {
				t.Fatal(err)
			}
			sel, err := builtin().Select(strings.Fields(c.paths), tags)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, listed(sel)); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
			for _, f := range sel.Features {
				if strings.Count(string(f.Source), "\n") < strings.Count(saleFeature, "\n") && f.URI == sale {
					t.Errorf("%s lost lines", f.URI)
				}
			}
		})
	}
}

func TestSelectErrors(t *testing.T) {
	files := map[string]string{
		"docs/x.md":    "",
		"a-b.feature":  signFeature,
		"a/b.feature":  signFeature,
		"bad.feature":  "Feature: a\n Scenario: b\n  * c\n   swipes\n",
		"two.feature":  "Feature: a\n Scenario: b\n  * c\n    | a |\n    | a | b |\n  * d\n    | a |\n    | a | b |\n",
		"lang.feature": "# language: xx\nFeature: a\n",
		"long.feature": "Feature: a\n" + strings.Repeat("x", 70_000),
	}
	for _, c := range []struct{ name, path, want string }{
		{"unknown path", "features/tap", "feature path features/tap: no such file or folder, neither on disk nor built in"},
		{"unknown file", "sale.feature:3", "feature path sale.feature:3: no such file or folder, neither on disk nor built in"},
		{"no feature in it", "features/docs", "feature path features/docs: there is no .feature file in it"},
		{"line of a folder", "features/swipe:3", "feature path features/swipe:3: a folder has no lines: name a file before them"},
		{"line too far", "features/swipe/sale.feature:99", "feature features/swipe/sale.feature:99: the file has only 43 lines"},
		{"line 0", "features/swipe/sale.feature:0", "feature path features/swipe/sale.feature:0: there is no line 0"},
		{"no such line", "x.feature:99999999999999999999", "feature path x.feature:99999999999999999999: there is no line 99999999999999999999"},
		{"syntax", "features/bad.feature", "feature features/bad.feature:4:4: expected: #EOF, #TableRow, #DocStringSeparator, #StepLine, #TagLine, #ExamplesLine, #ScenarioLine, #RuleLine, #Comment, #Empty, got '   swipes'"},
		{"two mistakes", "features/two.feature", "feature features/two.feature:5:5: inconsistent cell count within the table\nfeature features/two.feature:8:5: inconsistent cell count within the table"},
		{"language", "features/lang.feature", "feature features/lang.feature:1:1: Language not supported: xx"},
		{"long line", "features/long.feature", "feature features/long.feature:2:1: the line has 70000 bytes, at most 32768 are read"},
		{"names alike", "features/a-b.feature features/a/b.feature", "feature features/a/b.feature: its reports would be named like those of features/a-b.feature: rename one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := builtin()
			for name, text := range files {
				source.Builtin.(fstest.MapFS)[name] = &fstest.MapFile{Data: []byte(text)}
			}
			_, err := source.Select(strings.Fields(c.path), Tags{})
			if err == nil || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if errors.Is(err, ErrNoScenario) {
				t.Error("a mistake looks like an empty selection")
			}
		})
	}
}

func TestSelectNothing(t *testing.T) {
	tags, _ := ParseTags("@tap and not @clock")
	_, err := builtin().Select([]string{"features/swipe"}, tags)
	want := `features: no scenario matches: 1 files read, paths ["features/swipe"], tags "( @tap and not ( @clock ) )"`
	if !errors.Is(err, ErrNoScenario) || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if _, err := builtin().Select([]string{"features/wire/empty.feature:1"}, Tags{}); !errors.Is(err, ErrNoScenario) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestSelectFromDisk(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"mine/b.feature":                "\xef\xbb\xbfFeature: B\r\n Scenario: one\r\n  * x\r\n Scenario: two\r\n  * x\r\n",
		"mine/a/a.feature":              "Feature: A\n Scenario: one\n  * x\n",
		"mine/notes.txt":                "no feature",
		"features/swipe/sale.feature":   "Feature: mine\n Scenario: on disk first\n  * x\n",
		"mine/odd name 签.feature.draft": "Feature: C\n Scenario: one\n  * x\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		paths []string
		want  []string
	}{
		{"a folder", []string{"mine"}, []string{"a:2 one", "b:2 one", "b:4 two"}},
		{"a line after CRLF", []string{"./mine/b.feature:5"}, []string{"b:4 two"}},
		{"one file by two names", []string{"mine/b.feature:2", filepath.Join(dir, "mine", "b.feature")}, []string{"b:2 one", "b:4 two"}},
		{"a file of another kind", []string{"mine/odd name 签.feature.draft"}, []string{"odd name 签.feature.draft:2 one"}},
		{"disk before built in", []string{"features/swipe/sale.feature"}, []string{"sale:2 on disk first"}},
		{"built in behind it", []string{"features/signin/sign.feature"}, []string{"sign:4 先签到"}},
		{"nothing named", nil, []string{"sign:4 先签到", "sale:9 Plain", "sale:25 Ending 51", "sale:27 Ending 54", "sale:31 Ending 00", "sale:38 Under", "sale:42 Over"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sel, err := builtin().Select(c.paths, Tags{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, listed(sel)); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTree(t *testing.T) {
	sel, err := builtin().Select([]string{"features/swipe/sale.feature:25:38", "features/signin"}, Tags{})
	if err != nil {
		t.Fatal(err)
	}
	given := reports.Step{Keyword: "Given", Text: "a till", Line: 6, Status: reports.Skipped}
	unreported := "the runner never reported it"
	want := []reports.Feature{{
		URI: "features/swipe/sale.feature", Name: "Sale", Description: "Why it matters.", Language: "en", Keyword: "Feature", Line: 2,
		Tags: []string{"@SWP-001"},
		Scenarios: []reports.Scenario{{
			ID: "swipe-sale-25", Name: "Ending 51", Keyword: "Scenario Outline", Line: 25, Reason: unreported,
			Tags: []string{"@SWP-001", "@pin", "@declined"}, Requirements: []string{"SWP-001"},
			Steps: []reports.Step{
				given,
				{Keyword: "When", Text: "Alice swipes", Line: 16, Status: reports.Skipped, DocString: "Scenario: not one"},
				{Keyword: "Then", Text: "the till shows 51", Line: 20, Status: reports.Skipped},
			},
		}, {
			ID: "swipe-sale-38", Name: "Under", Keyword: "Scenario", Rule: "Limits", Line: 38, Reason: unreported,
			Tags: []string{"@SWP-001", "@rule"}, Requirements: []string{"SWP-001"},
			Steps: []reports.Step{
				given,
				{Keyword: "Given", Text: "a limit", Line: 36, Status: reports.Skipped},
				{Keyword: "When", Text: "Alice swipes", Line: 39, Status: reports.Skipped, Table: [][]string{{"amount", "1.00"}}},
			},
		}},
	}, {
		URI: "features/signin/sign.feature", Name: "签到", Language: "zh-CN", Keyword: "功能", Line: 3, Tags: []string{"@SIG-001"},
		Scenarios: []reports.Scenario{{
			ID: "signin-sign-4", Name: "先签到", Keyword: "场景", Line: 4, Reason: unreported,
			Tags: []string{"@SIG-001"}, Requirements: []string{"SIG-001"},
			Steps: []reports.Step{
				{Keyword: "假如", Text: "终端尚未签到", Line: 5, Status: reports.Skipped},
				{Keyword: "当", Text: "小爱刷卡", Line: 6, Status: reports.Skipped},
			},
		}},
	}}
	got := sel.Tree()
	for i := range got {
		if !strings.Contains(got[i].Text, got[i].Keyword+": "+got[i].Name) {
			t.Errorf("%s has the text %q", got[i].URI, got[i].Text)
		}
		got[i].Text = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestTreeWithoutSteps(t *testing.T) {
	source := Source{Name: "features", Builtin: fstest.MapFS{"x.feature": {Data: []byte("Feature: a\n Scenario: b\n")}}}
	sel, err := source.Select(nil, Tags{})
	if err != nil {
		t.Fatal(err)
	}
	if s := sel.Tree()[0].Scenarios[0]; s.Status != reports.Broken || s.Reason != "it has no steps" {
		t.Errorf("%v, %s", s.Status, s.Reason)
	}
}

// TestContents holds that godog runs what was selected, in order, and that its hooks tell by URI and line which one it is.
func TestContents(t *testing.T) {
	sel, err := builtin().Select([]string{"features/swipe/sale.feature:9:27:40", "features/signin"}, Tags{})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, f := range sel.Tree() {
		for _, s := range f.Scenarios {
			want = append(want, s.ID+" "+s.Name)
		}
	}
	suite := godog.TestSuite{
		Options: &godog.Options{Format: "progress", Output: io.Discard, NoColors: true, Strict: true, FeatureContents: sel.Contents()},
		TestSuiteInitializer: func(ts *godog.TestSuiteContext) {
			sc := ts.ScenarioContext()
			sc.Step(`^[^|]*$`, func() {})
			sc.Step(`^Alice swipes$`, func(*godog.DocString) {})
			sc.Before(func(ctx context.Context, p *godog.Scenario) (context.Context, error) {
				got = append(got, reports.ScenarioID(p.Uri, int(p.Location.Line))+" "+p.Name)
				return ctx, nil
			})
		},
	}
	suite.Run()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("godog ran (-want +got):\n%s", diff)
	}
}

// FuzzSelect: no text panics, and blanking one scenario away leaves the others as they were.
func FuzzSelect(f *testing.F) {
	f.Add([]byte(saleFeature), 27)
	f.Add([]byte(signFeature), 5)
	f.Add([]byte("Feature: a\r\nScenario Outline: <b>\r\n* <b>\r\n@t\r\nExamples:\r\n|b|\r\n|1|"), 7)
	f.Add([]byte("@a @b\n@c #d\nFeature: x\nRule: y\n@z\nRule: z\nBackground:\n* a\n@q\nExample: e\n* \n```\n@s\n```\n"), 10)
	f.Add([]byte("Feature:\n\"\"\""), 1)
	f.Fuzz(func(t *testing.T, text []byte, line int) {
		source := Source{Name: "features", Builtin: fstest.MapFS{"x.feature": {Data: text}}}
		whole, err := source.Select(nil, Tags{})
		if err != nil || line < 1 {
			return
		}
		part, err := source.Select([]string{fmt.Sprintf("features/x.feature:%d", line)}, Tags{})
		if err != nil {
			return
		}
		all, some := whole.Tree()[0], part.Tree()[0]
		for _, s := range some.Scenarios {
			i := slices.IndexFunc(all.Scenarios, func(o reports.Scenario) bool { return o.Line == s.Line })
			if i < 0 {
				t.Fatalf("line %d: scenario %q of line %d is not in the file", line, s.Name, s.Line)
			}
			if diff := cmp.Diff(all.Scenarios[i], s); diff != "" {
				t.Fatalf("line %d: (-whole +part)\n%s", line, diff)
			}
			all.Scenarios = all.Scenarios[i+1:]
		}
	})
}
