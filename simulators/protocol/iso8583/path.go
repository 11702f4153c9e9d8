package iso8583

import (
	"fmt"
	"strconv"
	"strings"
)

// Path gives what stands at a place as traces and tables name it: MTI, TPDU, header, F4, F60.2. An absent field or part is
// "", false. A place that the dialect does not have is an error.
func (m *Message) Path(name string) (value string, present bool, err error) {
	switch name {
	case "MTI":
		return m.MTI(), true, nil
	case "TPDU":
		return m.TPDU(), m.TPDU() != "", nil
	case "header":
		return m.Header(), m.Header() != "", nil
	}
	p, err := m.dialect.pathPlace(name)
	if err != nil {
		return "", false, err
	}
	v, ok := m.get(p)
	return string(v), ok, nil
}

// SetPath sets what stands there, legal or not.
func (m *Message) SetPath(name, value string) error {
	switch name {
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
	p, err := m.dialect.pathPlace(name)
	if err == nil {
		m.setPlace(p, value)
	}
	return err
}

// UnsetPath takes out the field that a place is in.
func (m *Message) UnsetPath(name string) error {
	p, err := m.dialect.pathPlace(name)
	if err == nil {
		m.UnsetField(p.field)
	}
	return err
}

func (d *Dialect) pathPlace(name string) (place, error) {
	digits, ok := strings.CutPrefix(name, "F")
	if !ok {
		return place{}, fmt.Errorf("%q is no place in a message: want MTI, TPDU, header, F4 or F60.2", name)
	}
	number, sub, inside := strings.Cut(digits, ".")
	p, err := d.findPlace(number)
	if err != nil || !inside {
		return p, err
	}
	part, err := strconv.Atoi(sub)
	if err != nil || part < 1 || part > len(d.fields[p.field].parts) {
		return place{}, fmt.Errorf("%s: field %s has %d parts", name, number, len(d.fields[p.field].parts))
	}
	p.part = part
	return p, nil
}

// Binary tells that a place as traces name it (F52) holds bytes rather than characters.
func (d *Dialect) Binary(name string) bool {
	p, err := d.pathPlace(name)
	return err == nil && p.part == 0 && d.fields[p.field].kind == kindB
}
