package iso8583

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Load reads and checks the dialect file at path in fsys; `extends: NAME` is looked for beside it. Every mistake is told,
// each in a line such as "dialect acme.yaml:12: field 60: ...".
func Load(fsys fs.FS, name string) (*Dialect, error) {
	f, err := readFile(fsys, name, nil)
	if err != nil {
		return nil, err
	}
	return f.build()
}

// LoadAll loads every dialect of a folder, and of its folder foreign, in the order of their names.
func LoadAll(fsys fs.FS, dir string) ([]*Dialect, error) {
	var all []*Dialect
	var wrong error
	for _, pattern := range []string{"*.yaml", "foreign/*.yaml"} {
		names, err := fs.Glob(fsys, path.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("dialects in %s: %w", dir, err)
		}
		for _, name := range names {
			d, err := Load(fsys, name)
			wrong = errors.Join(wrong, err)
			all = append(all, d)
		}
	}
	if wrong != nil {
		return nil, wrong
	}
	return all, nil
}

// file is a dialect file as it is written. Sections are tables so that each entry knows its line, and so that a dialect
// which extends another replaces entries one by one.
type file struct {
	Name         word
	About        word
	Extends      word
	Framing      table[word]
	Encoding     table[word]
	Fields       table[fieldEntry]
	Elements     table[word]
	Words        table[table[word]]
	Security     table[word]
	Correlation  []word
	Echo         []word
	Timers       table[word]
	Switches     table[word]
	Transactions table[flowEntry]
	Answers      table[answerEntry]

	path    string
	lineage []string
}

type fieldEntry struct {
	Name      string
	Type      kind
	Size      int
	Max       int
	Prefix    string // LL, LLL
	Lengths   coding
	Content   coding
	Pad       word
	Separator word
	Secret    secrecy
	ClearIn   []word `yaml:"clear_in"`
	Parts     []partEntry
}

type partEntry struct {
	Name   string
	Type   kind
	Size   int // none: the rest
	Secret secrecy
}

type flowEntry struct {
	Like       word
	Request    word
	Answer     word
	Repeat     word
	Constants  table[word]
	Reversible *bool
	Advice     *bool
	MAC        *bool
	Carries    table[word] // of the request
	Answers    table[word] // what the answer carries
	Echo       []word
}

type answerEntry struct {
	Category Category
	Prompt   string
	Next     Next
}

// word is a scalar as it stands in the file: 000000 and 60.10 are no numbers here.
type word struct {
	text string
	line int
	file string // known for the entries of lists only
}

func (w *word) where() string { return fmt.Sprintf("%s:%d", w.file, w.line) }

// UnmarshalYAML takes the scalar's own characters.
func (w *word) UnmarshalYAML(n ast.Node) error {
	scalar, ok := n.(ast.ScalarNode)
	if !ok {
		return &yaml.SyntaxError{Message: "want a single value", Token: n.GetToken()}
	}
	w.text, w.line = scalar.GetToken().Value, scalar.GetToken().Position.Line
	switch n := n.(type) {
	case *ast.LiteralNode:
		w.text = n.Value.Value
	case *ast.NullNode:
		w.text = ""
	}
	return nil
}

// table is a YAML mapping in the order of its file.
type table[T any] []entry[T]

type entry[T any] struct {
	key   string
	line  int
	file  string
	value T
}

func (e *entry[T]) where() string { return fmt.Sprintf("%s:%d", e.file, e.line) }

// UnmarshalYAML reads a mapping.
func (t *table[T]) UnmarshalYAML(n ast.Node) error {
	m, ok := n.(ast.MapNode)
	if !ok {
		return &yaml.SyntaxError{Message: "want a mapping", Token: n.GetToken()}
	}
	for each := m.MapRange(); each.Next(); {
		token := each.Key().GetToken()
		e := entry[T]{key: token.Value, line: token.Position.Line}
		if err := yaml.NodeToValue(each.Value(), &e.value, yaml.Strict()); err != nil {
			return err
		}
		*t = append(*t, e)
	}
	return nil
}

func (t table[T]) find(key string) (*entry[T], bool) {
	i := slices.IndexFunc(t, func(e entry[T]) bool { return e.key == key })
	if i < 0 {
		return nil, false
	}
	return &t[i], true
}

// over gives t with its entries replaced, and added to, by those of top.
func (t table[T]) over(top table[T]) table[T] {
	merged := slices.Clone(t)
	for _, e := range top {
		if old, ok := merged.find(e.key); ok {
			*old = e
		} else {
			merged = append(merged, e)
		}
	}
	return merged
}

func (t table[T]) from(file string) {
	for i := range t {
		t[i].file = file
	}
}

func readFile(fsys fs.FS, name string, seen []string) (*file, error) {
	if slices.Contains(seen, name) {
		return nil, fmt.Errorf("dialect %s: extends itself, by way of %s", name, strings.Join(seen, ", "))
	}
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("dialect %s: %w", name, err)
	}
	f, err := parseFile(text)
	if err != nil {
		return nil, fmt.Errorf("dialect %s:%w", name, err)
	}
	f.setPath(name)
	f.lineage = []string{f.Name.text}
	if f.Extends.text == "" {
		return f, nil
	}
	base, err := readFile(fsys, path.Join(path.Dir(name), f.Extends.text+".yaml"), append(seen, name))
	if err != nil {
		return nil, fmt.Errorf("dialect %s: extends: %w", name, err)
	}
	f.lineage = append(f.lineage, base.lineage...)
	return base.extendedBy(f), nil
}

// parseFile reads YAML strictly. The error begins with its line: "12: unknown field ...".
func parseFile(text []byte) (f *file, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser has panicked on odd input before
			f, err = nil, fmt.Errorf("1: not YAML: %v", r)
		}
	}()
	tree, err := parser.ParseBytes(text, 0)
	if err == nil {
		if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
			return nil, errors.New("1: want one YAML document")
		}
		f = &file{}
		err = yaml.NodeToValue(tree.Docs[0].Body, f, yaml.Strict())
	}
	var located yaml.Error
	if errors.As(err, &located) && located.GetToken() != nil {
		return nil, fmt.Errorf("%d: %s", located.GetToken().Position.Line, located.GetMessage())
	}
	if err != nil {
		return nil, fmt.Errorf("1: %w", err)
	}
	return f, nil
}

func (f *file) setPath(name string) {
	f.path = name
	f.Framing.from(name)
	f.Encoding.from(name)
	f.Fields.from(name)
	f.Elements.from(name)
	f.Words.from(name)
	for _, w := range f.Words {
		w.value.from(name)
	}
	f.Security.from(name)
	f.Timers.from(name)
	f.Switches.from(name)
	f.Transactions.from(name)
	f.Answers.from(name)
	setFile(f.Correlation, name)
	setFile(f.Echo, name)
	for _, t := range f.Transactions {
		setFile(t.value.Echo, name)
		t.value.Constants.from(name)
		t.value.Carries.from(name)
		t.value.Answers.from(name)
	}
}

func setFile(words []word, name string) {
	for i := range words {
		words[i].file = name
	}
}

func (base *file) extendedBy(f *file) *file {
	merged := *f
	if f.About.text == "" {
		merged.About = base.About
	}
	merged.Framing = base.Framing.over(f.Framing)
	merged.Encoding = base.Encoding.over(f.Encoding)
	merged.Fields = base.Fields.over(f.Fields)
	merged.Elements = base.Elements.over(f.Elements)
	merged.Words = base.Words.over(f.Words)
	merged.Security = base.Security.over(f.Security)
	merged.Timers = base.Timers.over(f.Timers)
	merged.Switches = base.Switches.over(f.Switches)
	merged.Transactions = base.Transactions.over(f.Transactions)
	merged.Answers = base.Answers.over(f.Answers)
	if f.Correlation == nil {
		merged.Correlation = base.Correlation
	}
	if f.Echo == nil {
		merged.Echo = base.Echo
	}
	return &merged
}

// Beside gives own with the files of shipped behind it, so that a user's dialect may extend one of ours.
func Beside(own, shipped fs.FS) fs.FS { return beside{own, shipped} }

type beside struct{ own, shipped fs.FS }

// Open implements fs.FS.
func (b beside) Open(name string) (fs.File, error) {
	file, err := b.own.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return b.shipped.Open(name)
	}
	return file, err
}
