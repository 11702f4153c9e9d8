package iso8583

import (
	"encoding/hex"
	"fmt"
)

// kind is what a field may hold: digits, letters, text, bytes or a track (ISO 8583, 4.4).
type kind string

const (
	kindN   kind = "n"   // digits
	kindAN  kind = "an"  // letters, digits and spaces
	kindANS kind = "ans" // any text
	kindB   kind = "b"   // bytes
	kindZ   kind = "z"   // a track: digits, separator D, and A to F where it is encrypted
)

// coding is how a value, a length or a bitmap is written.
type coding string

const (
	packedLeft  coding = "bcd-left"  // two digits a byte; an odd last byte is filled on its right
	packedRight coding = "bcd-right" // two digits a byte; an odd first byte is filled on its left
	packed      coding = "bcd"       // of lengths and MTIs, which are always filled on the left
	ascii       coding = "ascii"
	asBytes     coding = "binary"
	hexText     coding = "hex" // two characters a byte
)

// field is one data element's place on the wire. Sizes count digits for n and z and bytes for the rest (DOMAIN.md A.2).
type field struct {
	number    int
	name      string
	kind      kind
	size      int    // of a fixed field, or the longest of a variable one
	prefix    int    // digits of the length in front; 0 for a fixed field
	lengths   coding // packed, ascii or asBytes
	content   coding
	pad       byte // the nibble that fills an odd byte
	separator byte // how a track's D looks in ASCII
	parts     []part
	secrecy   secrecy
	clearIn   []string // MTIs in which the field is no secret
}

// part is a positional sub-field. Trailing parts may be absent.
type part struct {
	name    string
	kind    kind
	from    int
	size    int // 0: the rest
	secrecy secrecy
}

// fault says what is wrong with a value or its bytes, never showing them.
type fault string

func (f fault) Error() string { return string(f) }

func faultf(format string, a ...any) error { return fault(fmt.Sprintf(format, a...)) }

func (f *field) label() string { return fieldLabel(f.number) }

func fieldLabel(n int) string { return fmt.Sprintf("F%d", n) }

// prefixSize is the length's size in bytes.
func (f *field) prefixSize() int {
	if f.lengths == ascii {
		return f.prefix
	}
	return (f.prefix + 1) / 2
}

// wireSize is the size in bytes of a value of so many units.
func (f *field) wireSize(units int) int {
	switch f.content {
	case packedLeft, packedRight:
		return (units + 1) / 2
	case hexText:
		return 2 * units
	}
	return units
}

// check tells whether the field can hold a value of this length.
func (f *field) check(units int) error {
	if f.prefix == 0 && units != f.size {
		return faultf("want %d %s, got %d", f.size, f.unit(), units)
	}
	if units > f.size {
		return faultf("want at most %d %s, got %d", f.size, f.unit(), units)
	}
	return nil
}

func (f *field) unit() string {
	if f.kind == kindN || f.kind == kindZ {
		return "digits"
	}
	return "bytes"
}

func (f *field) appendLength(dst []byte, units int) []byte {
	switch {
	case f.prefix == 0:
		return dst
	case f.lengths == asBytes:
		if f.prefixSize() == 2 {
			dst = append(dst, byte(units>>8))
		}
		return append(dst, byte(units))
	case f.lengths == ascii:
		for unit := pow10(f.prefix - 1); unit > 0; unit /= 10 {
			dst = append(dst, byte('0'+units/unit%10))
		}
		return dst
	}
	for unit := pow10(2*f.prefixSize() - 2); unit > 0; unit /= 100 {
		two := units / unit % 100
		dst = append(dst, byte(two/10<<4|two%10))
	}
	return dst
}

// readLength gives the units that follow in b, and how many bytes said so.
func (f *field) readLength(b []byte) (units, size int, err error) {
	if f.prefix == 0 {
		return f.size, 0, nil
	}
	size = f.prefixSize()
	if len(b) < size {
		return 0, 0, faultf("length needs %d bytes, only %d left", size, len(b))
	}
	for _, c := range b[:size] {
		switch {
		case f.lengths == asBytes:
			units = units<<8 | int(c)
		case f.lengths == ascii && isDigit(c):
			units = units*10 + int(c-'0')
		case f.lengths == packed && c>>4 < 10 && c&15 < 10:
			units = units*100 + int(c>>4)*10 + int(c&15)
		default:
			return 0, 0, fault("length is not made of digits")
		}
	}
	if units > f.size {
		return 0, 0, faultf("length %d is over the field's %d", units, f.size)
	}
	return units, size, nil
}

// appendContent writes a value, whose length has been checked.
func (f *field) appendContent(dst, value []byte) ([]byte, error) {
	switch f.content {
	case packedLeft, packedRight:
		return appendPacked(dst, value, f.content == packedRight, f.pad, f.kind == kindZ)
	case hexText:
		for _, c := range value {
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		}
		return dst, nil
	}
	start := len(dst)
	dst = append(dst, value...)
	switch f.kind {
	case kindN:
		if i := notDigit(value); i >= 0 {
			return dst, faultf("position %d is no digit", i+1)
		}
	case kindZ:
		for i, c := range dst[start:] {
			switch nibble, ok := nibbleOf(c); {
			case !ok:
				return dst, faultf("position %d is no digit and no separator", i+1)
			case nibble == 0xD:
				dst[start+i] = f.separator
			}
		}
	}
	return dst, nil
}

// readContent appends the value of so many units that stands at the start of b, and tells its size in bytes.
func (f *field) readContent(dst, b []byte, units int) ([]byte, int, error) {
	size := f.wireSize(units)
	if len(b) < size {
		return dst, 0, faultf("needs %d bytes, only %d left", size, len(b))
	}
	start, b := len(dst), b[:size]
	var err error
	switch f.content {
	case packedLeft, packedRight:
		dst, err = readPacked(dst, b, units, f.content == packedRight, f.kind == kindZ)
		return dst, size, err
	case hexText:
		dst, err = hex.AppendDecode(dst, b)
		if err != nil {
			return dst[:start], 0, fault("is not hex text")
		}
		return dst, size, nil
	}
	dst = append(dst, b...)
	switch f.kind {
	case kindN:
		if i := notDigit(b); i >= 0 {
			return dst[:start], 0, faultf("position %d is no digit", i+1)
		}
	case kindZ:
		for i, c := range b {
			switch nibble, ok := nibbleOf(c); {
			case c == f.separator:
				dst[start+i] = 'D'
			case !ok, nibble == 0xD:
				return dst[:start], 0, faultf("position %d is no digit and no separator", i+1)
			}
		}
	}
	return dst, size, nil
}

const hexDigits = "0123456789ABCDEF"

// appendPacked writes digits two a byte. Letters A to F are taken only where wide allows them.
func appendPacked[T string | []byte](dst []byte, digits T, right bool, pad byte, wide bool) ([]byte, error) {
	half, pending := false, byte(0)
	if right && len(digits)%2 == 1 {
		half, pending = true, pad<<4
	}
	for i := range len(digits) {
		nibble, ok := nibbleOf(digits[i])
		if !ok || nibble > 9 && !wide {
			return dst, faultf("position %d is no digit", i+1)
		}
		if half {
			dst = append(dst, pending|nibble)
		} else {
			pending = nibble << 4
		}
		half = !half
	}
	if half {
		dst = append(dst, pending|pad)
	}
	return dst, nil
}

// readPacked appends n digits packed in b. The filling nibble of an odd number may be anything: senders differ.
func readPacked(dst, b []byte, n int, right, wide bool) ([]byte, error) {
	first := 0
	if right {
		first = n % 2
	}
	for i := first; i < first+n; i++ {
		nibble := b[i/2] >> 4
		if i%2 == 1 {
			nibble = b[i/2] & 15
		}
		if nibble > 9 && !wide {
			return dst, faultf("digit %d is %X", i-first+1, nibble)
		}
		dst = append(dst, hexDigits[nibble])
	}
	return dst, nil
}

func nibbleOf(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func notDigit(b []byte) int {
	for i, c := range b {
		if !isDigit(c) {
			return i
		}
	}
	return -1
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
