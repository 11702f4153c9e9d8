package iso8583

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Named gives what stands at a place as traces and tables name it: MTI, TPDU, header, F4, F60.2. Binary fields are given in
// hex. What is absent, or has no place in this dialect, is "", false.
func (m *Message) Named(id string) (value string, present bool) {
	switch id {
	case "MTI":
		value = m.MTI()
	case "TPDU":
		value = m.TPDU()
	case "header":
		value = m.Header()
	default:
		p, err := m.dialect.named(id)
		if err != nil {
			return "", false
		}
		v, ok := m.get(p)
		return show(m.dialect.fields[p.field].kind, v), ok
	}
	return value, value != ""
}

// SetNamed sets what stands there, legal or not. Binary fields are given in hex.
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
	p, err := m.dialect.named(id)
	if err != nil {
		return err
	}
	if m.dialect.fields[p.field].kind == kindB {
		b, err := hex.DecodeString(value)
		if err != nil {
			return fmt.Errorf("%s: the field is binary: want hex", id)
		}
		value = string(b)
	}
	m.setPlace(p, value)
	return nil
}

// UnsetNamed takes out the field that a place is in.
func (m *Message) UnsetNamed(id string) error {
	p, err := m.dialect.named(id)
	if err == nil {
		m.UnsetField(p.field)
	}
	return err
}

// named finds the place of F4 or F60.2.
func (d *Dialect) named(id string) (place, error) {
	digits, ok := strings.CutPrefix(id, "F")
	if !ok {
		return place{}, fmt.Errorf("%q is no place in a message: want MTI, TPDU, header, F4 or F60.2", id)
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
