package tillproof_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The house has rooms on floors. A room imports rooms of lower floors only, and of its own floor those it names here.
// A folder belongs to the room with the longest path that holds it; the rooms inside a room see one another.
var rooms = []room{
	{"cmd", 5, nil},
	{"steps", 4, []string{"load", "reports"}},
	{"load", 4, []string{"reports"}},
	{"reports", 4, nil},
	{"simulators/rig", 3, nil},
	{"simulators/terminal", 2, nil}, // the parties never import one another
	{"simulators/card", 2, nil},
	{"simulators/acquirer", 2, nil},
	{"simulators/issuer", 2, nil},
	{"simulators/wallet", 2, nil},
	{"simulators/merchant", 2, nil},
	{"simulators/fault", 2, nil},
	{"simulators/protocol/wire", 1, nil},
	{"simulators/protocol/capture", 1, nil},
	{"simulators/protocol/iso8583", 1, []string{"simulators/protocol/wire", "simulators/protocol/hsm"}},
	{"simulators/protocol/emv", 1, []string{"simulators/protocol/hsm"}},
	{"simulators/protocol/qr", 1, nil},
	{"simulators/protocol/walletapi", 1, nil},
	{"simulators/protocol/hsm", 1, nil},
	{"simulators/core/pay", 0, nil},
	{"simulators/core/tlv", 0, nil},
	{"simulators/core/settings", 0, nil},
	{"simulators/core/sim", 0, []string{"simulators/core/pay", "simulators/core/trace"}},
	{"simulators/core/trace", 0, []string{"simulators/core/pay"}},
	{"simulators/core/journal", 0, []string{"simulators/core/pay", "simulators/core/trace"}},
	{"simulators/core/ledger", 0, []string{"simulators/core/pay", "simulators/core/trace", "simulators/core/journal"}},
	{"simulators/core/audit", 0, []string{"simulators/core/pay", "simulators/core/trace"}},
	{"features", 0, nil},
	{"fixtures", 0, nil},
	{".", 0, nil},
}

// Each third party has its doors: the rooms that may import it. Tests may import all that stands here.
var doors = map[string][]string{
	"github.com/HdrHistogram/hdrhistogram-go": {"load"},
	"github.com/cucumber/gherkin":             {"steps", "reports"},
	"github.com/cucumber/godog":               {"steps", "reports"},
	"github.com/cucumber/messages":            {"steps", "reports"},
	"github.com/emmansun/gmsm":                {"simulators/protocol/hsm"},
	"github.com/goccy/go-yaml":                {"simulators/core/settings", "simulators/protocol/iso8583", "simulators/protocol/walletapi", "simulators/terminal", "simulators/card", "simulators/rig", "steps"},
	"github.com/gopacket/gopacket":            {"simulators/protocol/capture"},
	"github.com/jackc/pgx":                    {"simulators/core/journal"},
	"github.com/makiuchi-d/gozxing":           {"simulators/protocol/qr"},
	"github.com/moov-io/iso8583":              {"simulators/protocol/iso8583"},
	"github.com/nats-io/nats-server":          {"load/workers"},
	"github.com/nats-io/nats.go":              {"load/workers"},
	"github.com/ncruces/go-sqlite3":           {"simulators/core/journal"},
	"github.com/ory/dockertest":               {"simulators/rig"},
	"github.com/spf13/cobra":                  {"cmd"},
	"github.com/tsenart/vegeta":               {"load"},
	"golang.org/x/term":                       {"cmd"},
	"github.com/chromedp":                     {"reports/browser"}, // which is for tests, as is the rest
	"github.com/google/go-cmp":                {},
	"github.com/moov-io/iso8583-connection":   {},
	"github.com/rogpeppe/go-internal":         {},
	"github.com/santhosh-tekuri/jsonschema":   {},
	"go.uber.org/goleak":                      {},
	"pgregory.net/rapid":                      {},
}

// Some functions of the standard library may be called in some rooms only; a "*" stands for all of a package.
var guarded = []guard{
	{"os", "Getenv LookupEnv Environ ExpandEnv Setenv Unsetenv", []string{"cmd"}, "the environment is read in cmd only"},
	{"syscall", "Getenv Environ", []string{"cmd"}, "the environment is read in cmd only"},
	{"time", "Sleep", nil, "nothing sleeps: wait for what is to happen"},
	{"time", "Now Since Until After AfterFunc Tick NewTimer NewTicker", append(above(2), "simulators/core/sim", "simulators/protocol/wire"),
		"time is handed in"},
	{"net", "*", append(above(2), "simulators/protocol/wire"), "machines do no input or output"},
	{"net/http", "*", append(above(2), "simulators/protocol/wire", "simulators/protocol/walletapi"), "machines do no input or output"},
	{"os", "*", append(above(2), "simulators/protocol/wire", "simulators/core/journal"), "machines do no input or output"},
	{"os/exec", "*", above(2), "machines do no input or output"},
	{"crypto/rand", "*", above(2), "all chance comes from the seed"},
}

// Exported variables are constants that Go cannot write as such: embedded files, a moment, a zone; and errors, Err...
var variables = []string{"features.FS", "fixtures.FS", "simulators/core/sim.Start", "simulators/core/sim.Zone"}

const (
	module       = "github.com/tillproof/tillproof"
	longestFunc  = 70  // lines
	longestFile  = 500 // lines, tests apart
	fewestSource = 20  // files: a house test that reads nothing holds nothing
)

var laws = []law{
	{"floors", each(floors)},
	{"doors", each(thirdParties)},
	{"guarded functions", each(guards)},
	{"foreign hosts", each(foreignHosts)},
	{"package comments", packageComments},
	{"short functions", each(shortFunctions)},
	{"short files", each(shortFiles)},
	{"no init", each(noInit)},
	{"no exported variables", each(noVariables)},
	{"gofmt", each(formatted)},
	{"nothing put off", each(nothingPutOff)},
}

func TestHouse(t *testing.T) {
	house, err := read(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(house) < fewestSource {
		t.Fatalf("only %d source files were found", len(house))
	}
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			for _, breach := range l.breaches(house) {
				t.Error(breach)
			}
		})
	}
}

type room struct {
	path     string
	floor    int
	sideways []string // rooms of the same floor that it may import
}

type guard struct {
	pkg, names string
	rooms      []string
	why        string
}

type law struct {
	name     string
	breaches func(house []source) []string
}

// source is one Go file, with its path from the root.
type source struct {
	path, dir string
	test      bool
	text      []byte
	file      *ast.File
	set       *token.FileSet
}

// above lists the rooms above a floor.
func above(floor int) (paths []string) {
	for _, r := range rooms {
		if r.floor > floor {
			paths = append(paths, r.path)
		}
	}
	return paths
}

// read parses every Go file that the go command would.
func read(fsys fs.FS) (house []source, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments)
		house = append(house, source{name, path.Dir(name), strings.HasSuffix(name, "_test.go"), text, file, set})
		return err
	})
	return house, err
}

// each makes a law of what is asked of each file.
func each(ask func(s source, breach func(at ast.Node, format string, args ...any))) func([]source) []string {
	return func(house []source) (breaches []string) {
		for _, s := range house {
			ask(s, func(at ast.Node, format string, args ...any) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s", s.path, s.line(at.Pos()), fmt.Sprintf(format, args...)))
			})
		}
		return breaches
	}
}

func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

func (s source) lines(n ast.Node) int { return s.line(n.End()-1) - s.line(n.Pos()) + 1 }

// inHouse gives the folder that an import means; false for imports from outside.
func inHouse(imported string) (dir string, ok bool) {
	rest, ok := strings.CutPrefix(imported+"/", module+"/")
	return path.Clean(rest), ok
}

// within tells that a folder is path or lies below it.
func within(dir, path string) bool { return strings.HasPrefix(dir+"/", path+"/") }

func roomOf(dir string) (found room, ok bool) {
	for _, r := range rooms {
		if within(dir, r.path) && len(r.path) >= len(found.path) {
			found, ok = r, true
		}
	}
	return found, ok
}

// foreignHosts: what stands for somebody else's host shares nothing with us but Go itself.
func foreignHosts(s source, breach func(ast.Node, string, ...any)) {
	if !within(s.dir, "simulators/rig/foreign") {
		return
	}
	s.imports(func(at ast.Node, imported string) {
		if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
			breach(at, "a foreign host imports %s: the standard library only", imported)
		}
	})
}

func (s source) imports(visit func(at ast.Node, imported string)) {
	for _, i := range s.file.Imports {
		imported, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(err) // the parser saw to it
		}
		visit(i, imported)
	}
}

// floors also binds the tests of the parties: they meet in tests of rig and steps only.
func floors(s source, breach func(ast.Node, string, ...any)) {
	from, ok := roomOf(s.dir)
	if !ok {
		breach(s.file.Name, "room %s has no floor", s.dir)
		return
	}
	s.imports(func(at ast.Node, imported string) {
		dir, ours := inHouse(imported)
		if !ours {
			return
		}
		to, ok := roomOf(dir)
		switch {
		case !ok:
			breach(at, "room %s has no floor", dir)
		case to.path == from.path || to.floor < from.floor || slices.Contains(from.sideways, to.path):
		case s.test && (to.floor != 2 || from.floor != 2):
		default:
			breach(at, "%s on floor %d imports %s on floor %d", from.path, from.floor, to.path, to.floor)
		}
	})
}

func thirdParties(s source, breach func(ast.Node, string, ...any)) {
	s.imports(func(at ast.Node, imported string) {
		host, _, _ := strings.Cut(imported, "/")
		if _, ours := inHouse(imported); ours || !strings.Contains(host, ".") {
			return
		}
		for party, open := range doors {
			if within(imported, party) {
				if !s.test && !slices.ContainsFunc(open, func(room string) bool { return within(s.dir, room) }) {
					breach(at, "%s imports %s, whose doors are %q", s.dir, imported, open)
				}
				return
			}
		}
		breach(at, "%s imports %s, which has no door", s.dir, imported)
	})
}

// guards lets tests do what they need, but not sleep.
func guards(s source, breach func(ast.Node, string, ...any)) {
	names := map[string]string{} // of imported packages in this file
	s.imports(func(at ast.Node, imported string) {
		name := path.Base(imported)
		if spec := at.(*ast.ImportSpec); spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	})
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := selector.X.(*ast.Ident)
		if !ok || of.Obj != nil { // a variable of that name
			return true
		}
		for _, g := range guarded {
			if g.pkg != names[of.Name] || g.names != "*" && !slices.Contains(strings.Fields(g.names), selector.Sel.Name) || s.test && g.rooms != nil {
				continue
			}
			if !slices.ContainsFunc(g.rooms, func(room string) bool { return within(s.dir, room) }) {
				breach(selector, "%s uses %s.%s: %s", s.dir, g.pkg, selector.Sel.Name, g.why)
			}
		}
		return true
	})
}

// packageComments wants one sentence, in one file of each room.
func packageComments(house []source) (breaches []string) {
	comments := map[string][]string{}
	for _, s := range house {
		if s.test {
			continue
		}
		var comment []string
		if s.file.Doc != nil {
			comment = []string{strings.Join(strings.Fields(s.file.Doc.Text()), " ")}
		}
		comments[s.dir] = append(comments[s.dir], comment...)
	}
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		switch found := comments[dir]; {
		case len(found) != 1:
			breaches = append(breaches, fmt.Sprintf("%s: want one package comment, got %d", dir, len(found)))
		case !strings.HasSuffix(found[0], ".") || strings.Contains(found[0], ". "):
			breaches = append(breaches, fmt.Sprintf("%s: want a package comment of one sentence, got %q", dir, found[0]))
		}
	}
	return breaches
}

func shortFunctions(s source, breach func(ast.Node, string, ...any)) {
	if s.test {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			if lines := s.lines(n); lines > longestFunc {
				breach(n, "a function of %d lines, more than %d", lines, longestFunc)
			}
		}
		return true
	})
}

func shortFiles(s source, breach func(ast.Node, string, ...any)) {
	if lines := bytes.Count(s.text, []byte("\n")); !s.test && lines > longestFile {
		breach(s.file, "a file of %d lines, more than %d", lines, longestFile)
	}
}

func noInit(s source, breach func(ast.Node, string, ...any)) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			breach(f, "a func init: a list in one place beats registration")
		}
	}
}

func noVariables(s source, breach func(ast.Node, string, ...any)) {
	if s.test {
		return
	}
	for _, d := range s.file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.VAR {
			continue
		}
		for _, spec := range decl.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if name.IsExported() && !strings.HasPrefix(name.Name, "Err") && !slices.Contains(variables, s.dir+"."+name.Name) {
					breach(name, "variable %s can be changed from anywhere: make it a constant or a function", name.Name)
				}
			}
		}
	}
}

func formatted(s source, breach func(ast.Node, string, ...any)) {
	if clean, err := format.Source(s.text); err != nil || !bytes.Equal(clean, s.text) {
		breach(s.file, "not as gofmt writes it")
	}
}

func nothingPutOff(s source, breach func(ast.Node, string, ...any)) {
	for _, group := range s.file.Comments {
		for _, word := range []string{"TODO", "FIXME", "XXX"} {
			if strings.Contains(group.Text(), word) {
				breach(group, "%s: do it now or write an issue", word)
			}
		}
	}
}

// Each law is shown to bite: a house with one breach, and what is said of it; "" where nothing is wrong.
func TestLawsBite(t *testing.T) {
	const head = "// Package x is a room.\npackage x\n"
	use := func(imported string) string { return head + "\nimport _ \"" + imported + "\"\n" }
	call := func(pkg, expression string) string {
		return head + "\nimport \"" + pkg + "\"\n\nvar _ = " + expression + "\n"
	}
	long := func(lines int) string { return strings.Repeat("\n\tprintln()", lines) }
	for _, c := range []struct{ name, file, text, want string }{
		{"a clean room", "simulators/terminal/x.go", use(module + "/simulators/core/pay"), ""},
		{"upwards", "simulators/core/pay/x.go", use(module + "/simulators/protocol/hsm"), "x.go:4: simulators/core/pay on floor 0 imports simulators/protocol/hsm on floor 1"},
		{"into the rig", "simulators/acquirer/x.go", use(module + "/simulators/rig"), "imports simulators/rig on floor 3"},
		{"a party imports a party", "simulators/terminal/x.go", use(module + "/simulators/acquirer"), "simulators/terminal on floor 2 imports simulators/acquirer on floor 2"},
		{"a party's room imports a party", "simulators/terminal/kernel/x.go", use(module + "/simulators/card/chip"), "imports simulators/card on floor 2"},
		{"a party's test imports a party", "simulators/terminal/x_test.go", use(module + "/simulators/issuer"), "imports simulators/issuer on floor 2"},
		{"a party imports its own room", "simulators/terminal/x.go", use(module + "/simulators/terminal/kernel"), ""},
		{"a test imports what is above", "simulators/protocol/wire/x_test.go", use(module + "/simulators/rig"), ""},
		{"sideways, allowed", "simulators/protocol/iso8583/x.go", use(module + "/simulators/protocol/wire"), ""},
		{"sideways, the other way", "simulators/protocol/wire/x.go", use(module + "/simulators/protocol/iso8583"), "on floor 1 imports simulators/protocol/iso8583"},
		{"core sideways, allowed", "simulators/core/ledger/x.go", use(module + "/simulators/core/journal"), ""},
		{"core sideways", "simulators/core/audit/x.go", use(module + "/simulators/core/ledger"), "imports simulators/core/ledger on floor 0"},
		{"pay knows nobody", "simulators/core/pay/x.go", use(module + "/simulators/core/trace"), "imports simulators/core/trace on floor 0"},
		{"reports sees no steps", "reports/html/x.go", use(module + "/steps"), "reports on floor 4 imports steps on floor 4"},
		{"a room without a floor", "helpers/x.go", head, "x.go:2: room helpers has no floor"},
		{"an import without a floor", "cmd/tillproof/x.go", use(module + "/simulators/helpers"), "room simulators/helpers has no floor"},
		{"like the module, but outside", "cmd/x.go", use(module + "2/steps"), "has no door"},

		{"a door", "simulators/protocol/iso8583/x.go", use("github.com/moov-io/iso8583/field"), ""},
		{"past the door", "simulators/terminal/x.go", use("github.com/moov-io/iso8583"), "imports github.com/moov-io/iso8583, whose doors are"},
		{"a neighbour of a third party", "simulators/protocol/iso8583/x.go", use("github.com/moov-io/iso8583-neighbour"), "which has no door"},
		{"a newcomer", "cmd/x.go", use("github.com/new/comer"), "imports github.com/new/comer, which has no door"},
		{"a newcomer in a test", "cmd/x_test.go", use("github.com/new/comer"), "which has no door"},
		{"for tests only", "simulators/terminal/x.go", use("pgregory.net/rapid"), "whose doors are []"},
		{"for tests only, in a test", "simulators/terminal/x_test.go", use("pgregory.net/rapid"), ""},

		{"environment", "reports/x.go", call("os", "os.Getenv(`HOME`)"), "x.go:6: reports uses os.Getenv: the environment is read in cmd only"},
		{"environment, renamed", "steps/x.go", head + "\nimport system \"os\"\n\nvar _ = system.Environ()\n", "uses os.Environ"},
		{"environment in cmd", "cmd/tillproof/x.go", call("os", "os.Getenv(`HOME`)"), ""},
		{"a party's clock", "simulators/issuer/x.go", call("time", "time.Now()"), "uses time.Now: time is handed in"},
		{"rig's clock", "simulators/rig/x.go", call("time", "time.Now()"), ""},
		{"a duration is no clock", "simulators/issuer/x.go", call("time", "time.Second"), ""},
		{"a sleep", "simulators/rig/x.go", head + "\nimport \"time\"\n\nfunc x() { time.Sleep(1) }\n", "uses time.Sleep"},
		{"a sleep in a test", "simulators/rig/x_test.go", head + "\nimport \"time\"\n\nfunc x() { time.Sleep(1) }\n", "uses time.Sleep"},
		{"a party's socket", "simulators/terminal/x.go", call("net", "net.Dial"), "uses net.Dial: machines do no input or output"},
		{"a variable of that name", "simulators/terminal/x.go", head + "\nfunc x(os struct{ Getenv int }) int { return os.Getenv }\n", ""},

		{"a foreign host with a room of ours", "simulators/rig/foreign/x.go", use(module + "/simulators/core/pay"), "a foreign host imports " + module},
		{"a foreign host by itself", "simulators/rig/foreign/x.go", use("bufio"), ""},

		{"no package comment", "cmd/x.go", "package x\n", "cmd: want one package comment, got 0"},
		{"two sentences", "cmd/x.go", "// Package x is one. It is two.\npackage x\n", "want a package comment of one sentence"},
		{"no sentence", "cmd/x.go", "// Package x\npackage x\n", "want a package comment of one sentence"},
		{"a test needs no package comment", "cmd/x_test.go", "package x\n", ""},

		{"70 lines", "cmd/x.go", head + "\nfunc x() {" + long(68) + "\n}\n", ""},
		{"71 lines", "cmd/x.go", head + "\nfunc x() {" + long(69) + "\n}\n", "x.go:4: a function of 71 lines, more than 70"},
		{"71 lines in a variable", "cmd/x.go", head + "\nvar x = func() {" + long(69) + "\n}\n", "a function of 71 lines"},
		{"71 lines in a test", "cmd/x_test.go", head + "\nfunc x() {" + long(69) + "\n}\n", ""},
		{"500 lines", "cmd/x.go", head + strings.Repeat("\n//\n", 249), ""},
		{"502 lines", "cmd/x.go", head + strings.Repeat("\n//\n", 250), "a file of 502 lines, more than 500"},

		{"init", "cmd/x.go", head + "\nfunc init() {}\n", "x.go:4: a func init"},
		{"a method init", "cmd/x.go", head + "\ntype x int\n\nfunc (x) init() {}\n", ""},
		{"an exported variable", "cmd/x.go", head + "\nvar (\n\ta = 1\n\tB = a\n)\n", "x.go:6: variable B can be changed from anywhere"},
		{"an error, an asserted type, an embedded file", "features/x.go", head + "\nvar ErrX, _, FS = 1, 2, 3\n", ""},
		{"not formatted", "cmd/x_test.go", head + "\nvar  x = 1\n", "not as gofmt writes it"},
		{"put off", "cmd/x_test.go", head + "\n// TODO: think.\n", "x_test.go:4: TODO: do it now"},
		{"not a source of the house", "cmd/testdata/x.go", "package  x // TODO", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			house, err := read(fstest.MapFS{c.file: {Data: []byte(c.text)}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range laws {
				got = append(got, l.breaches(house)...)
			}
			if c.want == "" && len(got) == 0 || c.want != "" && len(got) == 1 && strings.Contains(got[0], c.want) {
				return
			}
			t.Errorf("got %q, want %q", got, c.want)
		})
	}
}

func TestTwoPackageComments(t *testing.T) {
	house, err := read(fstest.MapFS{
		"cmd/a.go": {Data: []byte("// Package x is a room.\npackage x\n")},
		"cmd/b.go": {Data: []byte("// Package x is a room too.\npackage x\n")},
		"cmd/c.go": {Data: []byte("package x\n")},
	})
	if got := packageComments(house); err != nil || len(got) != 1 || got[0] != "cmd: want one package comment, got 2" {
		t.Errorf("got %q, %v", got, err)
	}
}
