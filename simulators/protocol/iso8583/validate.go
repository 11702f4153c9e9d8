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
	for _, e := range [...]Element{Amount, Trace, TransmissionTime, LocalTime, LocalDate, SettlementDate, Expiry} {
		if v, ok := m.get(m.at(e)); ok {
			if want := wrongValue(e, v); want != "" {
				list = append(list, Violation{"format", e.String(), fmt.Sprintf("%s: want %s", d.placeLabel(d.at[e]), want)})
			}
		}
	}
	return list
}

// wrongValue tells what an element should have been; "" when it is that.
func wrongValue(e Element, v []byte) (want string) {
	ok := true
	switch e {
	case Amount:
		ok, want = len(v) > 0 && len(v) <= 18 && notDigit(v) < 0, "an amount"
	case Trace:
		ok, want = string(v) != "000000", "a trace number other than 000000"
	case TransmissionTime:
		ok, want = len(v) == 10 && isDate(v[:4]) && isTime(v[4:]), "a time MMDDhhmmss"
	case LocalTime:
		ok, want = isTime(v), "a time hhmmss"
	case LocalDate, SettlementDate:
		ok, want = isDate(v), "a date MMDD"
	case Expiry:
		ok, want = len(v) == 4 && two(v) >= 0 && inRange(v[2:], 1, 12), "a date YYMM"
	}
	if ok {
		return ""
	}
	return want
}

// isDate takes MMDD without a year, so 0229 is one: it may be a leap year.
func isDate(v []byte) bool {
	return len(v) == 4 && inRange(v, 1, 12) && inRange(v[2:], 1, time.Date(2024, time.Month(two(v))+1, 0, 0, 0, 0, 0, time.UTC).Day())
}

// isTime takes hhmmss.
func isTime(v []byte) bool {
	return len(v) == 6 && inRange(v, 0, 23) && inRange(v[2:], 0, 59) && inRange(v[4:], 0, 59)
}

func inRange(v []byte, from, to int) bool { return two(v) >= from && two(v) <= to }

// two gives the number of the first two digits; -1 if they are none.
func two(v []byte) int {
	if !isDigit(v[0]) || !isDigit(v[1]) {
		return -1
	}
	return int(v[0]-'0')*10 + int(v[1]-'0')
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
