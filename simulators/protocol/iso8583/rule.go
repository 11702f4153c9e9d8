package iso8583

import (
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// rule says whether a message must, may or must not carry an element, or a whole field. In a dialect file it reads
// "mandatory", "optional", "forbidden", "if pin" (mandatory then, otherwise optional) or "only if pin" (otherwise forbidden).
type rule struct {
	name  string
	place place
	need  need
	when  condition
}

type need uint8

const (
	mandatory need = iota
	optional
	forbidden
	wanted // mandatory when the condition holds
	bound  // mandatory when the condition holds, forbidden otherwise
)

// condition holds when all terms of one of its rows hold: "pin and track_2 or approved".
type condition [][]term

// term is "pin", "no pin", "entry_mode is 05*|07*", "entry_mode is not 05*" or "approved".
type term struct {
	element  Element
	not      bool
	patterns []string // nil: presence
	approved bool
}

func (d *Dialect) parseRule(name, text string) (rule, error) {
	p, err := d.findPlace(name)
	if err != nil {
		return rule{}, err
	}
	r := rule{name: name, place: p}
	switch text {
	case "mandatory":
		r.need = mandatory
	case "optional":
		r.need = optional
	case "forbidden":
		r.need = forbidden
	default:
		words, only := strings.CutPrefix(text, "only ")
		words, ok := strings.CutPrefix(words, "if ")
		if !ok {
			return rule{}, faultf("%q: want mandatory, optional, forbidden, if ... or only if ...", text)
		}
		r.need = wanted
		if only {
			r.need = bound
		}
		r.when, err = d.parseCondition(words)
	}
	return r, err
}

// findPlace finds an element by name, or a field by number.
func (d *Dialect) findPlace(name string) (place, error) {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 2 || n > 128 || d.fields[n] == nil {
			return place{}, faultf("field %d is not defined", n)
		}
		return place{field: n}, nil
	}
	e, err := d.findElement(name)
	if err != nil {
		return place{}, err
	}
	return d.at[e], nil
}

func (d *Dialect) findElement(name string) (Element, error) {
	e, ok := ParseElement(name)
	if !ok {
		return NoElement, faultf("there is no element %q", name)
	}
	if !d.Has(e) {
		return NoElement, faultf("element %s has no field in this dialect", name)
	}
	return e, nil
}

func (d *Dialect) parseCondition(text string) (condition, error) {
	var c condition
	for _, row := range strings.Split(text, " or ") {
		var terms []term
		for _, words := range strings.Split(row, " and ") {
			t, err := d.parseTerm(strings.Fields(words))
			if err != nil {
				return nil, err
			}
			terms = append(terms, t)
		}
		c = append(c, terms)
	}
	return c, nil
}

func (d *Dialect) parseTerm(words []string) (t term, err error) {
	if len(words) > 0 && (words[0] == "no" || words[0] == "not") {
		t.not, words = true, words[1:]
	}
	switch {
	case len(words) == 1 && words[0] == "approved":
		t.approved = true
		return t, nil
	case len(words) == 4 && words[1] == "is" && words[2] == "not":
		t.not, t.patterns = !t.not, strings.Split(words[3], "|")
	case len(words) == 3 && words[1] == "is":
		t.patterns = strings.Split(words[2], "|")
	case len(words) != 1:
		return t, faultf("condition %q: want an element, no ELEMENT, ELEMENT is 05*|07*, or approved", strings.Join(words, " "))
	}
	t.element, err = d.findElement(words[0])
	return t, err
}

func (c condition) holds(m *Message) bool {
	for _, row := range c {
		all := true
		for _, t := range row {
			all = all && t.holds(m) != t.not
		}
		if all {
			return true
		}
	}
	return false
}

func (t *term) holds(m *Message) bool {
	switch {
	case t.approved:
		code := pay.Answer(m.Get(AnswerCode))
		return m.dialect.Answer(code).Category == CategoryApproved
	case t.patterns == nil:
		return m.Has(t.element)
	}
	v, _ := m.said(t.element)
	return matches(v, t.patterns)
}

// matches holds a value against patterns; a trailing * stands for anything.
func matches(value []byte, patterns []string) bool {
	for _, p := range patterns {
		if begin, open := strings.CutSuffix(p, "*"); string(value) == p || open && strings.HasPrefix(string(value), begin) {
			return true
		}
	}
	return false
}
