package steps

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	gherkin "github.com/cucumber/gherkin/go/v42"
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/tillproof/tillproof/reports"
)

// ErrNoScenario says that the features were read and no scenario of them was asked for.
var ErrNoScenario = errors.New("no scenario matches")

// Source is where features come from: a path that is on disk is read there, any other among the built-in ones.
type Source struct {
	Builtin fs.FS
	Name    string          // the folder that the built-in features are known under: features
	listed  []*featureFile  // all the built-in ones, when runs share them: each file is parsed once
	only    map[string]bool // just the scenarios with these ids; nil: whichever
}

// parsed is a feature file as gherkin reads it. Nothing in it changes.
type parsed struct {
	text    []byte
	doc     *messages.GherkinDocument
	pickles []*messages.Pickle
}

// Selection is what was asked for, in the order asked; the features of one folder in the order of their names.
type Selection struct{ Features []SelectedFeature }

// SelectedFeature is one feature file with at least one selected scenario.
type SelectedFeature struct {
	URI     string
	Source  []byte // the file with all that was not selected blanked, so that each line keeps its number
	Doc     *messages.GherkinDocument
	Pickles []*messages.Pickle // all of Source, and just what was selected
}

// Select reads the features at paths and keeps the scenarios that tags holds for. A path is a folder, a file, or a file
// with lines behind it (sale.feature:12:30); a line stands for what it is part of: a row of examples, a scenario, a rule,
// a feature. No paths means all the built-in features. A mistake in any file that was read is an error with its place.
func (s Source) Select(paths []string, tags Tags) (*Selection, error) {
	files, err := s.files(paths)
	if err != nil {
		return nil, err
	}
	sel, owners := &Selection{}, map[string]string{}
	for _, f := range files {
		whole, err := f.parse()
		if err != nil {
			return nil, err
		}
		feature, err := f.selected(whole, tags, s.only)
		if err != nil {
			return nil, err
		}
		if len(feature.Pickles) == 0 {
			continue
		}
		id := reports.ScenarioID(f.uri, 0)
		if other, taken := owners[id]; taken {
			return nil, fmt.Errorf("feature %s: its reports would be named like those of %s: rename one", f.uri, other)
		}
		owners[id] = f.uri
		sel.Features = append(sel.Features, feature)
	}
	if len(sel.Features) == 0 {
		return nil, fmt.Errorf("features: %w: %d files read, paths %q, tags %q", ErrNoScenario, len(files), paths, tags)
	}
	return sel, nil
}

// Contents gives the features in the form in which godog runs just the selected scenarios.
func (s *Selection) Contents() []godog.Feature {
	contents := make([]godog.Feature, len(s.Features))
	for i, f := range s.Features {
		contents[i] = godog.Feature{Name: f.URI, Contents: f.Source}
	}
	return contents
}

// Tree gives the run tree before the run: every scenario Broken, since nobody has reported on it yet, and every step Skipped.
func (s *Selection) Tree() []reports.Feature {
	tree := make([]reports.Feature, len(s.Features))
	for i, f := range s.Features {
		head := f.Doc.Feature
		tree[i] = reports.Feature{
			URI: f.URI, Name: head.Name, Description: strings.TrimSpace(head.Description), Language: head.Language,
			Keyword: head.Keyword, Line: int(head.Location.Line), Text: string(f.Source),
		}
		for _, tag := range head.Tags {
			tree[i].Tags = append(tree[i].Tags, tag.Name)
		}
		layout := newLayout(f.Doc)
		for _, p := range f.Pickles {
			tree[i].Scenarios = append(tree[i].Scenarios, layout.scenario(p))
		}
	}
	return tree
}

// featureFile is a file to read and the lines that were asked for; none means all of it.
type featureFile struct {
	uri   string
	parse func() (parsed, error) // once
	whole bool
	lines []int
}

// files lists each file once, in the order of first mention.
func (s Source) files(paths []string) ([]*featureFile, error) {
	if len(paths) == 0 && s.listed != nil {
		return s.listed, nil
	}
	list := fileList{byKey: map[string]*featureFile{}}
	if len(paths) == 0 {
		if err := list.add(s.Builtin, ".", s.Name, "builtin:", nil); err != nil {
			return nil, fmt.Errorf("built-in features: %w", err)
		}
		return list.files, nil
	}
	for _, p := range paths {
		name, lines, err := splitLines(p)
		if err == nil {
			err = s.find(&list, name, lines)
		}
		if err != nil {
			return nil, fmt.Errorf("feature path %s: %w", p, err)
		}
	}
	return list.files, nil
}

func (s Source) find(list *fileList, name string, lines []int) error {
	slashed := path.Clean(filepath.ToSlash(name))
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		inside, ok := strings.CutPrefix(slashed+"/", s.Name+"/")
		inside = path.Clean("./" + inside)
		if _, err := fs.Stat(s.Builtin, inside); !ok || err != nil {
			return errors.New("no such file or folder, neither on disk nor built in")
		}
		return list.add(s.Builtin, inside, s.Name, "builtin:", lines)
	}
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return list.add(os.DirFS(name), ".", slashed, abs, lines)
	}
	dir, file := filepath.Split(abs)
	return list.add(os.DirFS(dir), file, path.Dir(slashed), filepath.Clean(dir), lines)
}

// splitLines takes the lines off the end of a path: sale.feature:12:30.
func splitLines(p string) (name string, lines []int, err error) {
	at := regexp.MustCompile(`(:\d+)*$`).FindStringIndex(p)[0]
	for digits := range strings.SplitSeq(strings.TrimPrefix(p[at:], ":"), ":") {
		if digits == "" {
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n == 0 {
			return "", nil, fmt.Errorf("there is no line %s", digits)
		}
		lines = append(lines, n)
	}
	return p[:at], lines, nil
}

type fileList struct {
	files []*featureFile
	byKey map[string]*featureFile
}

// add puts the file at root, or the feature files in the folder at root, on the list. Their URIs begin with prefix; key
// tells one file system from another.
func (l *fileList) add(fsys fs.FS, root, prefix, key string, lines []int) error {
	found := false
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() && len(lines) > 0:
			return errors.New("a folder has no lines: name a file before them")
		case d.IsDir(), p != root && path.Ext(p) != ".feature":
			return nil
		}
		found = true
		f := l.byKey[path.Join(key, p)]
		if f == nil {
			uri := path.Join(prefix, p)
			f = &featureFile{uri: uri, parse: sync.OnceValues(func() (parsed, error) { return parseFile(uri, fsys, p) })}
			l.byKey[path.Join(key, p)] = f
			l.files = append(l.files, f)
		}
		f.whole = f.whole || len(lines) == 0
		f.lines = append(f.lines, lines...)
		return nil
	})
	if err == nil && !found {
		err = errors.New("there is no .feature file in it")
	}
	return err
}

func parseFile(uri string, fsys fs.FS, name string) (p parsed, err error) {
	if p.text, err = fs.ReadFile(fsys, name); err != nil {
		return p, fmt.Errorf("feature %s: %w", uri, err)
	}
	p.text = bytes.TrimPrefix(p.text, []byte("\xef\xbb\xbf")) // editors on Windows write it, gherkin refuses it
	p.doc, p.pickles, err = parseFeature(uri, p.text)
	return p, err
}

// selected keeps of a file what was asked for.
func (f *featureFile) selected(whole parsed, tags Tags, only map[string]bool) (SelectedFeature, error) {
	text, doc, pickles := whole.text, whole.doc, whole.pickles
	last := bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) + 1
	if asked := slices.Max(append(f.lines, 0)); asked > last {
		return SelectedFeature{}, fmt.Errorf("feature %s:%d: the file has only %d lines", f.uri, asked, last)
	}
	layout := newLayout(doc)
	keep := map[int]bool{}
	for _, p := range pickles {
		asked := func(line int) bool { return layout.at(line).holds(lineOf(p)) }
		if (f.whole || slices.ContainsFunc(f.lines, asked)) && tags.Match(tagNames(p)) && (only == nil || only[reports.ScenarioID(f.uri, lineOf(p))]) {
			keep[lineOf(p)] = true
		}
	}
	if len(keep) == 0 {
		return SelectedFeature{}, nil
	}
	if len(keep) < len(pickles) {
		var err error
		text = layout.blank(text, keep)
		if doc, pickles, err = parseFeature(f.uri, text); err != nil {
			return SelectedFeature{}, err
		}
	}
	return SelectedFeature{URI: f.uri, Source: text, Doc: doc, Pickles: pickles}, nil
}

// lineLimit bounds the bytes of one line: gherkin v42 panics on one that its scanner's buffer of 64 KiB does not hold.
const lineLimit = 32 << 10

// parseFeature reads one feature. Its errors have the form feature path:line:col: why.
func parseFeature(uri string, text []byte) (*messages.GherkinDocument, []*messages.Pickle, error) {
	n := 0
	for line := range bytes.Lines(text) {
		if n++; len(line) > lineLimit {
			return nil, nil, fmt.Errorf("feature %s:%d:1: the line has %d bytes, at most %d are read", uri, n, len(line), lineLimit)
		}
	}
	newID := (&messages.Incrementing{}).NewId
	doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(text), newID)
	if err != nil {
		return nil, nil, parseError(uri, err)
	}
	doc.Uri = uri
	return doc, gherkin.Pickles(*doc, uri, newID), nil
}

// parseError turns gherkin's "Parser errors:\n(line:col): why\n..." into one line for each mistake.
func parseError(uri string, err error) error {
	var all []error
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		place, why, ok := strings.Cut(strings.TrimPrefix(line, "("), "): ")
		switch {
		case line == "Parser errors:":
		case ok && strings.HasPrefix(line, "("):
			all = append(all, fmt.Errorf("feature %s:%s: %s", uri, place, why))
		default:
			all = append(all, fmt.Errorf("feature %s: %s", uri, line))
		}
	}
	return errors.Join(all...)
}

func lineOf(p *messages.Pickle) int { return int(p.Location.Line) }

func tagNames(p *messages.Pickle) []string {
	var names []string
	for _, tag := range p.Tags {
		names = append(names, tag.Name)
	}
	return names
}

// span is the lines from up to, not including, to.
type span struct{ from, to int }

func (s span) holds(line int) bool { return s.from <= line && line < s.to }

// layout says which lines of a feature belong to what.
type layout struct {
	places    []place
	scenarios []block
	steps     map[string]*messages.Step // by id, backgrounds included
}

// place: from this line on, up to the next place, a line stands for the scenarios and rows of examples in span.
type place struct {
	line int
	span
}

// block is a scenario with its tags, steps and examples, and all lines up to its next neighbour.
type block struct {
	span
	rule string
	*messages.Scenario
}

func newLayout(doc *messages.GherkinDocument) *layout {
	all := span{0, math.MaxInt}
	l := &layout{places: []place{{0, all}}, steps: map[string]*messages.Step{}}
	if doc.Feature != nil {
		l.add(doc.Feature.Children, all, "")
	}
	return l
}

// add lays out the children of a feature or rule that takes the lines of parent.
func (l *layout) add(children []*messages.FeatureChild, parent span, rule string) {
	for i, c := range children {
		own := span{firstLine(c), parent.to}
		if i+1 < len(children) {
			own.to = firstLine(children[i+1])
		}
		switch {
		case c.Background != nil:
			l.places = append(l.places, place{own.from, parent})
			l.addSteps(c.Background.Steps)
		case c.Rule != nil:
			l.places = append(l.places, place{own.from, own})
			var inner []*messages.FeatureChild
			for _, rc := range c.Rule.Children {
				inner = append(inner, &messages.FeatureChild{Background: rc.Background, Scenario: rc.Scenario})
			}
			l.add(inner, own, c.Rule.Name)
		case c.Scenario != nil:
			l.places = append(l.places, place{own.from, own})
			l.scenarios = append(l.scenarios, block{own, rule, c.Scenario})
			l.addSteps(c.Scenario.Steps)
			l.addExamples(c.Scenario.Examples, own.to)
		}
	}
}

func (l *layout) addSteps(steps []*messages.Step) {
	for _, s := range steps {
		l.steps[s.Id] = s
	}
}

func (l *layout) addExamples(examples []*messages.Examples, end int) {
	for i, e := range examples {
		own := span{startLine(e.Location, e.Tags), end}
		if i+1 < len(examples) {
			own.to = startLine(examples[i+1].Location, examples[i+1].Tags)
		}
		l.places = append(l.places, place{own.from, own})
		for _, row := range e.TableBody {
			line := int(row.Location.Line)
			l.places = append(l.places, place{line, span{line, line + 1}})
		}
	}
}

// at gives the lines whose scenarios a line stands for.
func (l *layout) at(line int) span {
	stands := l.places[0].span
	for _, p := range l.places {
		if p.line <= line {
			stands = p.span
		}
	}
	return stands
}

// blank empties the lines of every scenario and row of examples whose line is not in keep.
func (l *layout) blank(text []byte, keep map[int]bool) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	erase := func(s span) {
		for i := s.from - 1; i < min(s.to-1, len(lines)); i++ {
			lines[i] = []byte("\n")
		}
	}
	for _, b := range l.scenarios {
		kept := false
		for line := range keep {
			kept = kept || b.holds(line)
		}
		if !kept {
			erase(b.span)
			continue
		}
		for _, e := range b.Examples {
			for _, row := range e.TableBody {
				if line := int(row.Location.Line); !keep[line] {
					erase(span{line, line + 1})
				}
			}
		}
	}
	return bytes.Join(lines, nil)
}

// scenario gives a pickle's place in the run tree.
func (l *layout) scenario(p *messages.Pickle) reports.Scenario {
	s := reports.Scenario{
		ID: reports.ScenarioID(p.Uri, lineOf(p)), Name: p.Name, Line: lineOf(p), Tags: tagNames(p),
		Status: reports.Broken, Reason: "the runner never reported it",
	}
	for _, b := range l.scenarios {
		if b.Id == p.AstNodeIds[0] {
			s.Keyword, s.Rule = b.Keyword, b.rule
		}
	}
	for _, tag := range s.Tags {
		if id := tag[1:]; requirementID(id) && !slices.Contains(s.Requirements, id) {
			s.Requirements = append(s.Requirements, id)
		}
	}
	if len(p.Steps) == 0 {
		s.Reason = "it has no steps"
	}
	for _, ps := range p.Steps {
		written := l.steps[ps.AstNodeIds[0]]
		step := reports.Step{
			Keyword: strings.TrimSpace(written.Keyword), Text: ps.Text, Line: int(written.Location.Line), Status: reports.Skipped,
		}
		if a := ps.Argument; a != nil && a.DocString != nil {
			step.DocString = a.DocString.Content
		}
		if a := ps.Argument; a != nil && a.DataTable != nil {
			for _, row := range a.DataTable.Rows {
				var cells []string
				for _, cell := range row.Cells {
					cells = append(cells, cell.Value)
				}
				step.Table = append(step.Table, cells)
			}
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}

// requirementID tells a requirement's id, such as SWP-003, from other tags.
func requirementID(s string) bool {
	letters, digits, ok := strings.Cut(s, "-")
	return ok && letters != "" && digits != "" && strings.Trim(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" &&
		strings.Trim(digits, "0123456789") == ""
}

func firstLine(c *messages.FeatureChild) int {
	switch {
	case c.Rule != nil:
		return startLine(c.Rule.Location, c.Rule.Tags)
	case c.Scenario != nil:
		return startLine(c.Scenario.Location, c.Scenario.Tags)
	}
	return startLine(c.Background.Location, nil)
}

// startLine is where something with tags begins: at its first tag, which stands above its keyword.
func startLine(keyword *messages.Location, tags []*messages.Tag) int {
	if len(tags) > 0 {
		return int(tags[0].Location.Line)
	}
	return int(keyword.Line)
}
