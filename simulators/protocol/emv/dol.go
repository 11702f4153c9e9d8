package emv

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// DOL is a data object list: tags and lengths, no values (Book 3, 5.4).
type DOL []DOLEntry

// DOLEntry is one tag and the length that is wanted of it.
type DOLEntry struct {
	Tag    tlv.Tag
	Length int // 0 to 255 bytes
}

// ParseDOL reads a list. Its tags are read as core/tlv does; each is followed by one length byte.
func ParseDOL(b []byte) (DOL, error) {
	var d DOL
	total := 0
	for at := 0; at < len(b); {
		tag, n, err := readTag(b[at:])
		if err != nil {
			return nil, fmt.Errorf("emv: DOL: offset %d: %w", at, err)
		}
		at += n
		if at == len(b) {
			return nil, fmt.Errorf("emv: DOL: offset %d: tag %s has no length", at, tag)
		}
		d = append(d, DOLEntry{tag, int(b[at])})
		total += int(b[at])
		at++
	}
	if total > 255 {
		return nil, fmt.Errorf("emv: DOL: its data has %d bytes, a command takes 255", total)
	}
	return d, nil
}

// readTag reads one tag and tells how many bytes it took.
func readTag(b []byte) (tag tlv.Tag, n int, err error) {
	tag = tlv.Tag(b[0])
	switch {
	case b[0] == 0:
		return 0, 0, errors.New("a tag cannot begin with 00")
	case b[0]&0x1F != 0x1F:
		return tag, 1, nil
	}
	for n = 1; n < 4; n++ {
		if n == len(b) {
			break
		}
		tag = tag<<8 | tlv.Tag(b[n])
		if b[n]&0x80 == 0 {
			return tag, n + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("the tag beginning %02X is not complete or longer than 4 bytes", b[0])
}

// ParseTags reads a list of tags without lengths, such as 9F4A.
func ParseTags(b []byte) (tags []tlv.Tag, err error) {
	for at := 0; at < len(b); {
		tag, n, err := readTag(b[at:])
		if err != nil {
			return nil, fmt.Errorf("emv: tag list: offset %d: %w", at, err)
		}
		tags = append(tags, tag)
		at += n
	}
	return tags, nil
}

// Has tells that the list asks for a tag.
func (d DOL) Has(tag tlv.Tag) bool {
	for _, e := range d {
		if e.Tag == tag {
			return true
		}
	}
	return false
}

// Size is the length of the data that the list asks for.
func (d DOL) Size() (n int) {
	for _, e := range d {
		n += e.Length
	}
	return n
}

// Append writes the list itself behind b.
func (d DOL) Append(b []byte) []byte {
	for _, e := range d {
		for shift := 24; shift >= 0; shift -= 8 {
			if x := uint32(e.Tag) >> shift; x != 0 {
				b = append(b, byte(x))
			}
		}
		b = append(b, byte(e.Length))
	}
	return b
}

// Build gives the values in the list's order, each from the first source that has it and cut or filled to its length;
// what nobody has and what is a template is zeros (Book 3, 5.4).
func (d DOL) Build(sources ...Data) []byte {
	b := make([]byte, 0, d.Size())
	for _, e := range d {
		b = append(b, fit(e, find(e.Tag, sources))...)
	}
	return b
}

// Split is the card's side of Build: it gives the values by tag. Data of another length than the list's is an error.
func (d DOL) Split(b []byte) (Data, error) {
	if len(b) != d.Size() {
		return nil, fmt.Errorf("emv: DOL: want %d bytes of data, got %d", d.Size(), len(b))
	}
	values := make(Data, len(d))
	for _, e := range d {
		values[e.Tag] = b[:e.Length:e.Length]
		b = b[e.Length:]
	}
	return values, nil
}

func find(tag tlv.Tag, sources []Data) []byte {
	if tag.Constructed() {
		return nil
	}
	for _, s := range sources {
		if v, ok := s[tag]; ok {
			return v
		}
	}
	return nil
}

// fit cuts numbers at the left and everything else at the right; it fills numbers with zeros at the left, compressed
// numbers with F at the right, everything else with zeros at the right.
func fit(e DOLEntry, value []byte) []byte {
	info, _ := InfoOf(e.Tag)
	missing := e.Length - len(value)
	switch {
	case missing == 0:
		return value
	case missing < 0 && info.Format == FormatN:
		return value[-missing:]
	case missing < 0:
		return value[:e.Length]
	}
	filled := make([]byte, e.Length)
	switch {
	case info.Format == FormatN:
		copy(filled[missing:], value)
	case info.Format == FormatCN && len(value) > 0:
		for i := copy(filled, value); i < e.Length; i++ {
			filled[i] = 0xFF
		}
	default:
		copy(filled, value)
	}
	return filled
}
