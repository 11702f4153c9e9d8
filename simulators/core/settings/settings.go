// Package settings reads YAML files that people write, and tells what is wrong with them by file, line and setting.
package settings

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// Kind is a kind of file.
type Kind struct {
	Name   string // as errors call it: "profile"
	Secret bool   // it may hold card numbers, PINs or keys: an error quotes none of its longer numbers
}

// File is a file as it was read.
type File struct {
	Name string
	kind Kind
	line func(at string) int // looks a setting's line up, 0 for none: a function, since what it looks into must not be printed
}

// Read reads the text of a file into a value. A setting that the value has no place for is a mistake.
func (k Kind) Read(name string, text []byte, into any) (f File, err error) {
	f = File{Name: name, kind: k, line: func(at string) int { return lineOf(text, at) }}
	defer func() {
		if r := recover(); r != nil { // the parser has panicked on odd input before
			err = fmt.Errorf("%s %s: not YAML: %s", k.Name, name, k.shown(fmt.Sprint(r)))
		}
	}()
	if err = yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		err = fmt.Errorf("%s %s:%s", k.Name, name, k.told(err, text))
	}
	return f, err
}

// told turns goccy's "[12:3] message\n excerpt" into "12: message". What a value says of its own text comes without a place: there the text that
// it quotes is looked up.
func (k Kind) told(err error, whole []byte) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if place, message, ok := strings.Cut(strings.TrimPrefix(text, "["), "] "); ok && text != place {
		line, _, _ := strings.Cut(place, ":")
		return line + ": " + k.shown(message)
	}
	for _, t := range lexer.Tokenize(string(whole)) {
		if t.Value != "" && strings.Contains(text, strconv.Quote(t.Value)) {
			return fmt.Sprintf("%d: %s", t.Position.Line, k.shown(text))
		}
	}
	return " " + k.shown(text)
}

var numbers = regexp.MustCompile(`[0-9A-Fa-f]{13,}|[0-9]{4,}`)

func (k Kind) shown(text string) string {
	if !k.Secret {
		return text
	}
	return numbers.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("*", len(s)) })
}

// Mistake is an error at the setting of a path, "$.tills" or "$.mix[2].legs[0]"; "$" is the whole file. A setting that is missing is
// told at the line of what it is missing in.
func (f File) Mistake(at, format string, args ...any) error {
	where := f.kind.Name + " " + f.Name
	for above := at; ; above = above[:strings.LastIndexAny(above, ".[")] {
		if line := f.line(above); line > 0 {
			where = fmt.Sprintf("%s:%d", where, line)
			break
		}
		if !strings.ContainsAny(above, ".[") {
			break
		}
	}
	if setting, ok := strings.CutPrefix(at, "$."); ok {
		where += ": " + setting
	}
	return fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
}

// lineOf parses the text, which happens once a mistake was made.
func lineOf(text []byte, at string) int {
	lines, err := parser.ParseBytes(text, 0)
	if err != nil {
		return 0
	}
	p, err := yaml.PathString(at)
	if err != nil {
		return 0
	}
	node, err := p.FilterFile(lines)
	if err != nil || node == nil || node.GetToken() == nil {
		return 0
	}
	return node.GetToken().Position.Line
}
