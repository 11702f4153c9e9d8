package iso8583

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// SetNamed sets what a trace.Field's ID names: "MTI", "TPDU", "header", "F4" or "F60.2". Binary fields are given in hex.
// It is for those who change messages from outside, such as a fault on the line.
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
	}
	if p.part > 0 {
		m.setPart(p, value)
	} else {
		m.SetField(p.field, value)
	}
	return nil
}

// Named gives what stands there, bytes in hex, and whether it is present.
func (m *Message) Named(id string) (value string, present bool, err error) {
	switch id {
	case "MTI":
		return m.MTI(), m.has(slotMTI), nil
	case "TPDU":
		return m.TPDU(), m.TPDU() != "", nil
	case "header":
		return m.Header(), m.Header() != "", nil
	}
	p, err := m.named(id)
	if err != nil {
		return "", false, err
	}
	v, ok := m.get(p)
	return show(m.dialect.fields[p.field].kind, v), ok, nil
}

// UnsetNamed takes a field, or a part as Unset does, out of the message.
func (m *Message) UnsetNamed(id string) error {
	p, err := m.named(id)
	if err != nil {
		return err
	}
	m.unset(p)
	return nil
}

// named finds the place of F4 or F60.2.
func (m *Message) named(id string) (place, error) {
	number, part, dotted := strings.Cut(strings.TrimPrefix(id, "F"), ".")
	n, err := strconv.Atoi(number)
	if err != nil || !strings.HasPrefix(id, "F") || n < 2 || n > 128 || m.dialect.fields[n] == nil {
		return place{}, fmt.Errorf("%q: dialect %s has no such field", id, m.dialect.Name)
	}
	p := place{field: n}
	if dotted {
		p.part, err = strconv.Atoi(part)
		if err != nil || p.part < 1 || p.part > len(m.dialect.fields[n].parts) {
			return place{}, fmt.Errorf("%q: field %d of dialect %s has no such part", id, n, m.dialect.Name)
		}
	}
	return p, nil
}
