package emv

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// Format says how a value is written (Book 3, 4.3), which decides how a list cuts and fills it.
type Format uint8

// The formats.
const (
	FormatB   Format = iota // bytes or bits
	FormatN                 // digits, two a byte, zeros at the left
	FormatCN                // digits, two a byte, F at the right
	FormatAN                // letters and digits
	FormatANS               // any printable text
	FormatVar               // a template, or what has no form of its own
)

// TagInfo is what is known of a tag.
type TagInfo struct {
	Tag      tlv.Tag
	Name     string
	Format   Format
	Min, Max int  // length in bytes
	Secret   bool // the value never shows: card numbers, tracks, PINs
}

// InfoOf gives what is known of a tag.
func InfoOf(tag tlv.Tag) (TagInfo, bool) {
	for lo, hi := 0, len(tagInfos); lo < hi; { // tagInfos stands in rising order; a test holds that
		mid := (lo + hi) / 2
		switch t := tagInfos[mid].Tag; {
		case t == tag:
			return tagInfos[mid], true
		case t < tag:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return TagInfo{}, false
}

const unknownTag = "unknown tag"

// NameOf gives a tag's name for people.
func NameOf(tag tlv.Tag) string {
	if i, ok := InfoOf(tag); ok {
		return i.Name
	}
	return unknownTag
}

// CheckLength tells what is wrong with a value's length or digits; unknown tags have no wrong length (Book 3, 7.5).
func CheckLength(tag tlv.Tag, value []byte) error {
	i, ok := InfoOf(tag)
	switch {
	case !ok:
		return nil
	case len(value) < i.Min || len(value) > i.Max:
		return fmt.Errorf("tag %s (%s): want %d to %d bytes, got %d", tag, i.Name, i.Min, i.Max, len(value))
	case i.Format == FormatN && !numeric(value):
		return fmt.Errorf("tag %s (%s): want digits only", tag, i.Name)
	}
	return nil
}

func numeric(b []byte) bool {
	for _, x := range b {
		if x>>4 > 9 || x&0x0F > 9 {
			return false
		}
	}
	return true
}

func appendTLV(tag tlv.Tag, value []byte) []byte { return tlv.Append(nil, tag, value) }

// Data is values by tag: what a terminal, a reader's configuration or a card brings.
type Data map[tlv.Tag][]byte

// Format keeps the values out of every print: there are card numbers and tracks among them.
func (d Data) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%d objects", len(d)) }
