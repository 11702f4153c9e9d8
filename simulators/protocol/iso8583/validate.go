package iso8583

import (
	"bytes"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Violation is one broken rule of meaning.
type Violation struct {
	Rule  string // mandatory, forbidden, format, echo, unknown-flow
	Field string // the element's name, or F60 where the rule is about a whole field
	Text  string // one line
}

// Validate holds m against the dialect's rules for its flow: what it must, may and must not carry. What no rule names is
// forbidden. A MAC is asked for in the flows that have one, its value is not judged here.
func (d *Dialect) Validate(m *Message) []Violation {
	list := d.formats(m)
	t, answer, ok := d.Identify(m)
	if !ok {
		return append(list, Violation{"unknown-flow", "MTI", fmt.Sprintf("no flow of %s has MTI %s with these constants", d.Name, m.MTI())})
	}
	what, rules := string(t.Flow), t.requestRules
	if answer {
		what, rules = what+" answer", t.answerRules
	}
	var known bitset // fields that a rule allows
	complain := func(kind string, p place, name, why string) {
		list = append(list, Violation{kind, name, fmt.Sprintf("%s: %s", d.title(p, name), fmt.Sprintf(why, what))})
	}
	for _, r := range rules {
		_, has := m.get(r.place)
		holds := r.when.holds(m)
		switch {
		case (r.need == mandatory || holds) && !has:
			complain("mandatory", r.place, r.label(), "mandatory in this %s, absent")
		case (r.need == forbidden || r.need == bound && !holds) && has:
			complain("forbidden", r.place, r.label(), "not allowed in this %s")
		}
		if r.need != forbidden {
			known.set(r.place.field)
		}
	}
	for _, a := range t.accept {
		known.set(d.at[a.element].field)
	}
	list = append(list, d.constants(m, t, answer, what)...)
	mac := m.at(MAC)
	if t.MAC && !m.Has(MAC) {
		complain("mandatory", mac, MAC.String(), "mandatory in this %s, absent")
	}
	for n := range m.Fields() {
		if known.next(n) != n && !(t.MAC && n == mac.field) {
			complain("forbidden", place{field: n}, d.fieldName(n), "not allowed in this %s")
		}
	}
	return list
}

// constants asks a request for the elements that make its flow. (A different value would have made another flow.)
func (d *Dialect) constants(m *Message, t *Transaction, answer bool, what string) (list []Violation) {
	for _, a := range t.accept {
		if e := a.element; !answer && !m.Has(e) {
			text := fmt.Sprintf("%s: mandatory in this %s, absent", d.title(d.at[e], e.String()), what)
			list = append(list, Violation{"mandatory", e.String(), text})
		}
	}
	return list
}

// ValidateAnswer is Validate for an answer whose request is at hand: it also holds the echoed fields against it.
func (d *Dialect) ValidateAnswer(req, answer *Message) []Violation {
	list := d.Validate(answer)
	t, _, ok := d.Identify(req)
	if !ok {
		return list
	}
	if answer.MTI() != t.Answer {
		list = append(list, Violation{"echo", "MTI", fmt.Sprintf("MTI %s does not answer a %s, want %s", answer.MTI(), t.Flow, t.Answer)})
	}
	partial := d.Answer(pay.Answer(answer.Get(AnswerCode))).Next == NextPartial
	for _, p := range t.echo {
		if partial && p == d.at[Amount] {
			continue // F4 is what was approved (DOMAIN.md C, code 10)
		}
		want, asked := req.get(p)
		got, ok := answer.get(p)
		why := ""
		switch {
		case asked && !ok:
			why = "not echoed"
		case asked && !bytes.Equal(want, got):
			why = "echoed with another value"
		default:
			continue
		}
		name := d.placeName(p)
		list = append(list, Violation{"echo", name, fmt.Sprintf("%s: %s in the %s answer", d.title(p, name), why, t.Flow)})
	}
	return list
}

func (r *rule) label() string {
	if isDigit(r.name[0]) {
		return "F" + r.name
	}
	return r.name
}

// placeName is the name of an element at a place, or F60.
func (d *Dialect) placeName(p place) string {
	for e := range elementCount {
		if e != NoElement && d.at[e] == p {
			return e.String()
		}
	}
	return d.placeLabel(p)
}

// title is "F4 amount", or "F60" for what has no other name.
func (d *Dialect) title(p place, name string) string {
	if label := d.placeLabel(p); label != name {
		return label + " " + name
	}
	return name
}

func (d *Dialect) fieldName(n int) string { return d.placeName(place{field: n}) }

func (d *Dialect) placeLabel(p place) string {
	if p.part > 0 {
		return fmt.Sprintf("F%d.%d", p.field, p.part)
	}
	return fieldLabel(p.field)
}

// formats judges each field's length and characters, and the elements that are dates, times and amounts. No value is shown.
func (d *Dialect) formats(m *Message) (list []Violation) {
	for n := range m.Fields() {
		why := "no such field in this dialect"
		if f := d.fields[n]; f != nil {
			why = f.formatFault(m.value(n))
		}
		if why != "" {
			list = append(list, Violation{"format", d.fieldName(n), fmt.Sprintf("F%d: %s", n, why)})
		}
	}
	for _, check := range []struct {
		element Element
		valid   func(string) bool
		want    string
	}{
		{Amount, func(v string) bool { _, err := pay.AmountOf(v, 0); return err == nil }, "an amount"},
		{Trace, func(v string) bool { return v != "000000" }, "a trace number other than 000000"},
		{TransmissionTime, timeIn("0102150405"), "a time MMDDhhmmss"},
		{LocalTime, timeIn("150405"), "a time hhmmss"},
		{LocalDate, timeIn("0102"), "a date MMDD"},
		{SettlementDate, timeIn("0102"), "a date MMDD"},
		{Expiry, timeIn("0601"), "a date YYMM"},
	} {
		if v, ok := m.get(m.at(check.element)); ok && !check.valid(string(v)) {
			p := d.at[check.element]
			list = append(list, Violation{"format", check.element.String(), fmt.Sprintf("%s: want %s", d.placeLabel(p), check.want)})
		}
	}
	return list
}

// timeIn takes dates without a year too: 0229 is one, since it may be a leap year.
func timeIn(layout string) func(string) bool {
	return func(v string) bool {
		_, err := time.Parse("2006"+layout, "2024"+v)
		if layout == "0601" {
			_, err = time.Parse(layout, v)
		}
		return err == nil
	}
}

func (f *field) formatFault(v []byte) string {
	if err := f.check(len(v)); err != nil {
		return err.Error()
	}
	for i, c := range v {
		if !f.kindAt(i).holds(c) {
			return fmt.Sprintf("position %d is not of type %s", i+1, f.kindAt(i))
		}
	}
	return ""
}

// holds tells whether a character is of the kind. Text may be of any script, but holds no control characters.
func (k kind) holds(c byte) bool {
	switch k {
	case kindN:
		return isDigit(c)
	case kindZ:
		_, ok := nibbleOf(c)
		return ok
	case kindAN:
		return isDigit(c) || c == ' ' || c|0x20 >= 'a' && c|0x20 <= 'z'
	case kindANS:
		return c >= ' ' && c != 0x7F
	}
	return true
}
