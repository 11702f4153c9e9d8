package iso8583

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Named gives what stands at a place as traces and tables name it: MTI, TPDU, header, F4, F60.2, or an element by its name in
// dialect files, such as amount, in our own words. Binary fields are given in hex. What is absent, or has no place in this dialect, is "", false.
func (m *Message) Named(id string) (value string, present bool) {
	switch id {
	case "MTI":
		value = m.MTI()
	case "TPDU":
		value = m.TPDU()
	case "header":
		value = m.Header()
	default:
		p, err := m.named(id)
		if err != nil {
			return "", false
		}
		v, ok := m.get(p)
		if e, element := ParseElement(id); element && ok && m.dialect.words[e] != nil {
			v = m.dialect.words[e].fromWire(m.value(slotMTI), v)
		}
		return show(m.dialect.fields[p.field].kind, v), ok
	}
	return value, value != ""
}

// SetNamed sets what stands there, legal or not. Binary fields are given in hex, and a short fixed one is filled with zeros.
func (m *Message) SetNamed(id, value string) error {
	switch id {
	case "MTI":
		m.SetMTI(value)
		return nil
	case "TPDU":
		m.SetTPDU(value)
		return nil
	case "header":
		m.SetHeader(value)
		return nil
	}
	p, err := m.named(id)
	if err != nil {
		return err
	}
	if m.dialect.fields[p.field].kind == kindB {
		b, err := hex.DecodeString(value)
		if err != nil {
			return fmt.Errorf("%s: the field is binary: want hex", id)
		}
		value = string(b)
		if f := m.dialect.fields[p.field]; f.prefix == 0 && len(b) < f.size {
			value += strings.Repeat("\x00", f.size-len(b))
		}
	}
	if e, element := ParseElement(id); element && m.dialect.words[e] != nil {
		value = m.dialect.words[e].toWire(m.value(slotMTI), value)
	}
	setPlace(m, p, value)
	return nil
}

// UnsetNamed takes out the field that a place is in.
func (m *Message) UnsetNamed(id string) error {
	p, err := m.named(id)
	if err == nil {
		m.UnsetField(p.field)
	}
	return err
}

// Label gives the place that a name stands for in this message as Describe labels it: F4 for amount. What has no place in this
// dialect is as it was given.
func (m *Message) Label(id string) string {
	p, err := m.named(id)
	switch {
	case err != nil:
		return id
	case p.part > 0:
		return fmt.Sprintf("%s.%d", fieldLabel(p.field), p.part)
	}
	return fieldLabel(p.field)
}

// named finds the place of amount, F4 or F60.2.
func (m *Message) named(id string) (place, error) {
	d := m.dialect
	if e, ok := ParseElement(id); ok {
		if p := m.at(e); p.field != 0 {
			return p, nil
		}
		return place{}, fmt.Errorf("%s: dialect %s has no such element", id, d.Name)
	}
	digits, ok := strings.CutPrefix(id, "F")
	if !ok {
		return place{}, fmt.Errorf("%q is no place in a message: want MTI, TPDU, header, F4, F60.2, or an element such as amount", id)
	}
	number, sub, inside := strings.Cut(digits, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 || n > 128 || d.fields[n] == nil {
		return place{}, fmt.Errorf("%q: dialect %s has no such field", id, d.Name)
	}
	if !inside {
		return place{field: n}, nil
	}
	part, err := strconv.Atoi(sub)
	if err != nil || part < 1 || part > len(d.fields[n].parts) {
		return place{}, fmt.Errorf("%q: field %d of dialect %s has %d parts", id, n, d.Name, len(d.fields[n].parts))
	}
	return place{n, part}, nil
}
