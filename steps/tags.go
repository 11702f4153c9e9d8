package steps

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tillproof/tillproof/reports"
)

// Tags is a Cucumber tag expression such as "@swipe and not (@slow or @clock)": not binds tighter than and, and tighter
// than or; a backslash escapes a bracket, a space or a backslash in a tag's name. The zero Tags holds for every scenario.
type Tags struct{ root *tagNode }

// tagNode is a tag (op ""), a "not" of left, or an "and" or "or" of both.
type tagNode struct {
	op, tag     string
	left, right *tagNode
}

// tagsLimit bounds the bytes of an expression, and by that how deep brackets nest.
const tagsLimit = 4096

// ParseTags reads an expression. Text without any tag is the zero Tags. An error shows the expression with a caret under
// the place.
func ParseTags(text string) (Tags, error) {
	if strings.TrimSpace(text) == "" {
		return Tags{}, nil
	}
	if len(text) > tagsLimit {
		return Tags{}, fmt.Errorf("tags: the expression has %d bytes, at most %d are read", len(text), tagsLimit)
	}
	p := &tagParser{text: text}
	p.next()
	root := p.or()
	if p.err == nil && p.token != "" {
		p.unwanted()
	}
	if p.err != nil {
		return Tags{}, p.err
	}
	return Tags{root}, nil
}

// Match tells whether a scenario with these tags, each with its @, is meant.
func (t Tags) Match(tags []string) bool { return t.root == nil || t.root.match(tags) }

// String gives the expression with every bracket written out.
func (t Tags) String() string {
	if t.root == nil {
		return ""
	}
	return t.root.String()
}

func (n *tagNode) match(tags []string) bool {
	switch n.op {
	case "not":
		return !n.left.match(tags)
	case "and":
		return n.left.match(tags) && n.right.match(tags)
	case "or":
		return n.left.match(tags) || n.right.match(tags)
	}
	return slices.Contains(tags, n.tag)
}

func (n *tagNode) String() string {
	switch n.op {
	case "not":
		if n.left.right != nil { // and, or: they bring brackets of their own
			return "not " + n.left.String()
		}
		return "not ( " + n.left.String() + " )"
	case "and", "or":
		return "( " + n.left.String() + " " + n.op + " " + n.right.String() + " )"
	}
	var b strings.Builder
	for _, r := range n.tag {
		if escapable(r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// tagParser reads by recursive descent, one function for each strength of binding. After the first error every function
// falls through, since the token stays empty.
type tagParser struct {
	text  string
	at    int    // where the next token is looked for
	start int    // where the token stands
	token string // as written, escapes and all; "" at the end
	tag   string // the token without its escapes
	err   error
}

func (p *tagParser) or() *tagNode {
	n := p.and()
	for p.accept("or") {
		n = &tagNode{op: "or", left: n, right: p.and()}
	}
	return n
}

func (p *tagParser) and() *tagNode {
	n := p.operand()
	for p.accept("and") {
		n = &tagNode{op: "and", left: n, right: p.operand()}
	}
	return n
}

func (p *tagParser) operand() *tagNode {
	open := p.start
	switch {
	case p.accept("not"):
		return &tagNode{op: "not", left: p.operand()}
	case p.accept("("):
		n := p.or()
		if p.err == nil && p.token == "" {
			p.fail(open, "this ( is never closed")
		} else if p.err == nil && !p.accept(")") {
			p.unwanted()
		}
		return n
	case strings.HasPrefix(p.token, "@"):
		n := &tagNode{tag: p.tag}
		p.next()
		return n
	}
	p.fail(p.start, "want a tag here, such as @swipe")
	return nil
}

// unwanted reports a token that stands where an operator belongs.
func (p *tagParser) unwanted() {
	if p.token == ")" {
		p.fail(p.start, "this ) closes nothing")
	} else {
		p.fail(p.start, `want "and" or "or" here`)
	}
}

func (p *tagParser) accept(token string) bool {
	if p.token != token {
		return false
	}
	p.next()
	return true
}

// next reads the next token: a bracket, or everything up to a space or bracket that is not escaped.
func (p *tagParser) next() {
	rest := strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace)
	p.start = len(p.text) - len(rest)
	p.token, p.tag = "", ""
	escaped := false
	var tag strings.Builder
	for i, r := range rest {
		switch {
		case escaped && !escapable(r):
			p.fail(p.start+i-1, "a backslash stands only before a bracket, a space or a backslash")
			return
		case escaped:
			escaped = false
			tag.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == ',':
			p.fail(p.start+i, `a comma joins nothing: write "and" or "or"`)
			return
		case unicode.IsSpace(r), i > 0 && bracket(r):
			p.take(rest[:i], tag.String())
			return
		case bracket(r):
			p.take(rest[:1], "")
			return
		default:
			tag.WriteRune(r)
		}
	}
	if escaped {
		p.fail(len(p.text)-1, "nothing follows the backslash")
		return
	}
	p.take(rest, tag.String())
}

func (p *tagParser) take(token, tag string) {
	p.at, p.token, p.tag = p.start+len(token), token, tag
}

// fail keeps the first error, with the place and a caret under it, and ends the reading.
func (p *tagParser) fail(at int, why string) {
	p.token = ""
	if p.err != nil {
		return
	}
	before := p.text[:at]
	p.err = fmt.Errorf("tags: column %d: %s\n  %s\n  %s^", utf8.RuneCountInString(before)+1, why, p.text,
		strings.Repeat(" ", reports.Width(before)))
}

func bracket(r rune) bool   { return r == '(' || r == ')' }
func escapable(r rune) bool { return bracket(r) || r == '\\' || unicode.IsSpace(r) }
