// Package qr makes and reads the codes that QR payments show and scan: the merchant's (EMV QRCPS Merchant-Presented Mode 1.1), the
// consumer's (Consumer-Presented Mode 1.1), the digits that Chinese wallets show, and their images.
package qr

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Object is one data object of a merchant code. A primitive one has a Value, a template has Objects.
type Object struct {
	ID      string // two digits
	Value   string
	Objects Payload
}

// Payload is what a merchant code says, in the order it stands, without the CRC.
type Payload []Object

// The objects that Payload itself knows; the rest are those of Merchant.
const (
	idFormat   = "00"
	idCRC      = "63"
	format01   = "01"
	maxPayload = 512 // characters (Merchant-Presented Mode, 3.2)
)

// Error says where a merchant code stops making sense.
type Error struct {
	Offset int    // characters from the start
	Path   string // "62.05"; "" outside of any object
	Why    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("qr: merchant code: character %d: ", e.Offset+1)
	if e.Path != "" {
		s += "object " + e.Path + ": "
	}
	return s + e.Why
}

// Parse reads a merchant code and checks its CRC. Lengths count characters, and the CRC is over the UTF-8 bytes
// (Merchant-Presented Mode, 3.1 and 4.7.3). Its errors are of type *Error.
func Parse(text string) (Payload, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{Why: "it is not UTF-8"}
	}
	characters := []rune(text)
	if len(characters) > maxPayload {
		return nil, &Error{Offset: maxPayload, Why: fmt.Sprintf("%d characters, at most %d are allowed", len(characters), maxPayload)}
	}
	p, err := parse(characters, 0, "", template)
	if err != nil {
		return nil, err
	}
	last := len(p) - 1
	switch {
	case last < 0 || p[0].ID != idFormat || p[0].Value != format01:
		return nil, &Error{Why: `it does not begin with object 00, format "01"`}
	case p[last].ID != idCRC || len(p[last].Value) != 4:
		return nil, &Error{Offset: len(characters), Why: "it does not end with object 63, a CRC of four digits"}
	}
	body := text[:len(text)-4]
	if want := fmt.Sprintf("%04X", CRC([]byte(body))); p[last].Value != want {
		return nil, &Error{Offset: len(characters) - 4, Path: idCRC, Why: fmt.Sprintf("the CRC is %q, want %s: the code is damaged or was altered", p[last].Value, want)}
	}
	return p[:last], nil
}

// parse reads objects until text ends; nested tells which of them are templates.
func parse(text []rune, at int, path string, nested func(path string) bool) (Payload, error) {
	var p Payload
	for len(text) > 0 {
		if len(text) < 4 || !digits(text[:4]) {
			return nil, &Error{Offset: at, Path: path, Why: "an object begins with two digits of id and two of length"}
		}
		o := Object{ID: string(text[:2])}
		length := int(text[2]-'0')*10 + int(text[3]-'0')
		here := strings.TrimPrefix(path+"."+o.ID, ".")
		switch {
		case length == 0:
			return nil, &Error{Offset: at + 2, Path: here, Why: "it is empty"}
		case length > len(text)-4:
			return nil, &Error{Offset: at + 2, Path: here, Why: fmt.Sprintf("length %d, and %d characters follow", length, len(text)-4)}
		case slices.ContainsFunc(p, func(other Object) bool { return other.ID == o.ID }):
			return nil, &Error{Offset: at, Path: here, Why: "it stands twice"}
		}
		value := text[4 : 4+length]
		if nested(here) {
			inner, err := parse(value, at+4, here, nested)
			if err != nil {
				return nil, err
			}
			o.Objects = inner
		} else {
			o.Value = string(value)
		}
		p = append(p, o)
		text, at = text[4+length:], at+4+length
	}
	return p, nil
}

func digits(text []rune) bool {
	return !slices.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// template tells whether an object is made of objects (Merchant-Presented Mode, tables 3.1, 3.6 and 3.7).
func template(path string) bool {
	id := path[:2]
	switch {
	case len(path) == 2:
		return id >= "26" && id <= "51" || id == idAdditional || id == idLanguage || id >= "80"
	case len(path) == 5:
		return id == idAdditional && path[3:] >= "50"
	}
	return false
}

// Get gives the value of the object at a path of ids, as "62", "05"; "" when there is none.
func (p Payload) Get(path ...string) string {
	for _, o := range p {
		switch {
		case o.ID != path[0]:
		case len(path) == 1:
			return o.Value
		default:
			return o.Objects.Get(path[1:]...)
		}
	}
	return ""
}

// Encode writes the code, with its CRC. It fails when a value is empty or longer than 99 characters, or the code longer than 512.
func (p Payload) Encode() (string, error) {
	body, err := p.encode("")
	if err != nil {
		return "", err
	}
	body += idCRC + "04"
	if n := utf8.RuneCountInString(body) + 4; n > maxPayload {
		return "", fmt.Errorf("qr: merchant code: %d characters, at most %d are allowed", n, maxPayload)
	}
	return body + fmt.Sprintf("%04X", CRC([]byte(body))), nil
}

func (p Payload) encode(path string) (string, error) {
	var b strings.Builder
	for _, o := range p {
		here, value := strings.TrimPrefix(path+"."+o.ID, "."), o.Value
		if len(o.Objects) > 0 {
			var err error
			if value, err = o.Objects.encode(here); err != nil {
				return "", err
			}
		}
		n := utf8.RuneCountInString(value)
		if n == 0 || n > 99 || len(o.ID) != 2 || !digits([]rune(o.ID)) || !utf8.ValidString(value) {
			return "", fmt.Errorf("qr: merchant code: object %s: an object has an id of two digits and a value of 1 to 99 characters, got %d", here, n)
		}
		fmt.Fprintf(&b, "%s%02d%s", o.ID, n, value)
	}
	return b.String(), nil
}

// CRC is CRC-16/CCITT-FALSE: polynomial 1021, begun with FFFF (Merchant-Presented Mode, 4.7.3; ISO/IEC 13239).
func CRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			carry := crc & 0x8000
			crc <<= 1
			if carry != 0 {
				crc ^= 0x1021
			}
		}
	}
	return crc
}
