package iso8583

import (
	"math/bits"
	"slices"
	"strings"
)

// ElementSet is a set of elements. The zero set is empty, and sets are equal when they hold the same.
type ElementSet [(elementCount + 63) / 64]uint64

func (s *ElementSet) add(e Element) { s[e/64] |= 1 << (e % 64) }

// And gives the elements that are in both.
func (s ElementSet) And(o ElementSet) ElementSet {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

// Minus gives the elements that are not in the other.
func (s ElementSet) Minus(o ElementSet) ElementSet {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

// String gives their names.
func (s ElementSet) String() string {
	var names []string
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			names = append(names, Element(64*i+bits.TrailingZeros64(word)).String())
		}
	}
	return strings.Join(names, ", ")
}

// Elements gives those that the dialect has a place for; of several at one place, as an RRN and an original's, the first.
func (d *Dialect) Elements() ElementSet {
	return elementsThat(func(e Element) bool { return d.Has(e) && !slices.Contains(d.at[:e], d.at[e]) })
}

// Elements gives those that the message has.
func (m *Message) Elements() ElementSet { return elementsThat(m.Has) }

// Elements gives those that the frame has.
func (s *Scan) Elements() ElementSet { return elementsThat(s.Has) }

func elementsThat(has func(Element) bool) (s ElementSet) {
	for e := NoElement + 1; e < elementCount; e++ {
		if has(e) {
			s.add(e)
		}
	}
	return s
}
