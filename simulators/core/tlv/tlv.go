// Package tlv reads and writes BER-TLV as cards and terminals use it (ISO/IEC 8825-1, EMV 4.4 Book 3 annex B).
package tlv

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Tag is a tag's bytes as one number: 0x5A, 0x9F26, 0xDF8129.
type Tag uint32

// String gives the tag as EMV prints it: 9F26.
func (t Tag) String() string { return fmt.Sprintf("%02X", uint32(t)) }

// Constructed tells that the tag's value is made of objects: bit 6 of the first byte (Book 3, B1).
func (t Tag) Constructed() bool { return trimmed(uint32(t))[0]&0x20 != 0 }

// Object is one data object. A primitive one has a Value, a constructed one (a template) has Objects.
type Object struct {
	Tag     Tag
	Value   []byte
	Objects List
}

// List is objects in the order they stand.
type List []Object

// Mode says how forgiving Parse is.
type Mode int

// The modes.
const (
	Strict   Mode = iota // every byte as the standards want it; what was parsed encodes to the same bytes
	Tolerant             // bytes 00 and FF between objects are skipped, so no tag may begin with FF; lengths may be longer than needed
)

// Error says where the bytes stop making sense. It never shows a value.
type Error struct {
	Offset int // bytes from the start of what was parsed
	Tag    Tag // the object it happened in; zero when its tag cannot be read
	Why    string
}

func (e *Error) Error() string {
	if e.Tag == 0 {
		return fmt.Sprintf("tlv: offset %d: %s", e.Offset, e.Why)
	}
	return fmt.Sprintf("tlv: offset %d: tag %s: %s", e.Offset, e.Tag, e.Why)
}

// Parse reads objects until b ends. Values are parts of b, not copies. Its errors are of type *Error.
func Parse(b []byte, m Mode) (List, error) {
	p := parser{bytes: b, mode: m}
	return p.list(len(b), 0)
}

// Without gives b without the outermost objects of a tag: the others as they stand, byte for byte.
func Without(b []byte, tag Tag, m Mode) (rest []byte, err error) {
	p := parser{bytes: b, mode: m}
	for p.skip(len(b)); p.at < len(b); p.skip(len(b)) {
		start := p.at
		o, err := p.object(len(b), 0)
		if err != nil {
			return nil, err
		}
		if o.Tag != tag {
			rest = append(rest, b[start:p.at]...)
		}
	}
	return rest, nil
}

// All gives every object, a template before what is in it.
func (l List) All() iter.Seq[Object] {
	return func(yield func(Object) bool) { l.walk(yield) }
}

func (l List) walk(yield func(Object) bool) bool {
	for _, o := range l {
		if !yield(o) || !o.Objects.walk(yield) {
			return false
		}
	}
	return true
}

// Find gives the first object with the tag, in the order of All.
func (l List) Find(tag Tag) (Object, bool) {
	for o := range l.All() {
		if o.Tag == tag {
			return o, true
		}
	}
	return Object{}, false
}

// Append encodes the list behind b, with the shortest lengths.
func (l List) Append(b []byte) []byte {
	for _, o := range l {
		if o.Tag.Constructed() {
			o.Value = o.Objects.Append(nil)
		}
		b = Append(b, o.Tag, o.Value)
	}
	return b
}

// Append encodes one object behind b, with the shortest length. A template's value is what it contains, encoded.
func Append(b []byte, tag Tag, value []byte) []byte {
	b = append(b, trimmed(uint32(tag))...)
	return append(appendLength(b, uint32(len(value))), value...)
}

// appendLength writes the shortest definite form (Book 3, B2).
func appendLength(b []byte, n uint32) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	length := trimmed(n)
	return append(append(b, 0x80|byte(len(length))), length...)
}

// trimmed gives n without leading zero bytes; 0 is one byte.
func trimmed(n uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, n)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// maxDepth bounds templates in templates; EMV needs three.
const maxDepth = 16

type parser struct {
	bytes []byte
	at    int
	mode  Mode
}

// list reads objects up to end, which the caller has checked to be within the bytes.
func (p *parser) list(end, depth int) (List, error) {
	var l List
	for {
		if p.skip(end); p.at == end {
			return l, nil
		}
		o, err := p.object(end, depth)
		if err != nil {
			return nil, err
		}
		l = append(l, o)
	}
}

// skip passes over what may stand between objects.
func (p *parser) skip(end int) {
	for p.mode == Tolerant && p.at < end && (p.bytes[p.at] == 0x00 || p.bytes[p.at] == 0xFF) {
		p.at++
	}
}

func (p *parser) object(end, depth int) (o Object, err error) {
	if o.Tag, err = p.tag(end); err != nil {
		return o, err
	}
	length, err := p.length(o.Tag, end)
	if err != nil {
		return o, err
	}
	stop := p.at + int(length)
	switch {
	case int64(length) > int64(end-p.at):
		return o, &Error{p.at, o.Tag, fmt.Sprintf("want %d bytes, %d are left", length, end-p.at)}
	case !o.Tag.Constructed():
		o.Value = p.bytes[p.at:stop:stop]
		p.at = stop
	case depth == maxDepth:
		return o, &Error{p.at, o.Tag, fmt.Sprintf("more than %d templates in one another", maxDepth)}
	default:
		o.Objects, err = p.list(stop, depth+1)
	}
	return o, err
}

// tag reads a tag of one to four bytes. EMV writes numbers below 31 in several bytes too (9F02), so that is no mistake.
func (p *parser) tag(end int) (Tag, error) {
	start, first := p.at, p.bytes[p.at]
	tag := Tag(first)
	p.at++
	if first == 0 {
		return 0, &Error{start, 0, "a tag cannot begin with 00"}
	}
	for more := first&0x1F == 0x1F; more; p.at++ {
		switch {
		case p.at == end:
			return 0, &Error{p.at, 0, fmt.Sprintf("the tag beginning %s is not complete", tag)}
		case p.at-start == 4:
			return 0, &Error{start, 0, fmt.Sprintf("the tag beginning %s is longer than 4 bytes", tag)}
		case p.mode == Strict && p.at-start == 1 && p.bytes[p.at] == 0x80:
			return 0, &Error{start, 0, fmt.Sprintf("the tag beginning %s80 has a leading zero (ISO/IEC 8825-1, 8.1.2.4.2)", tag)}
		}
		tag = tag<<8 | Tag(p.bytes[p.at])
		more = p.bytes[p.at]&0x80 != 0
	}
	return tag, nil
}

// length reads a definite length of one to five bytes (Book 3, B2).
func (p *parser) length(tag Tag, end int) (uint32, error) {
	start := p.at
	if start == end {
		return 0, &Error{start, tag, "its length is missing"}
	}
	first := p.bytes[p.at]
	p.at++
	if first < 0x80 {
		return uint32(first), nil
	}
	size := int(first & 0x7F)
	switch {
	case size == 0:
		return 0, &Error{start, tag, "its length is indefinite (80)"}
	case size > 4:
		return 0, &Error{start, tag, fmt.Sprintf("its length has %d bytes, want at most 4", size)}
	case size > end-p.at:
		return 0, &Error{start, tag, fmt.Sprintf("its length has %d bytes, %d are left", size, end-p.at)}
	}
	var length uint32
	for range size {
		length = length<<8 | uint32(p.bytes[p.at])
		p.at++
	}
	if least := len(appendLength(nil, length)); p.mode == Strict && 1+size > least {
		return 0, &Error{start, tag, fmt.Sprintf("its length %d takes %d bytes, want %d", length, 1+size, least)}
	}
	return length, nil
}
