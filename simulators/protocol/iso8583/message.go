package iso8583

import (
	"bytes"
	"fmt"
	"iter"
	"math/bits"
	"slices"
)

// Message is one ISO 8583 message in memory: an MTI and field values in one buffer. Values are canonical whatever the wire
// does: digits as ASCII digits, text as its bytes, binary as its bytes, tracks as digits with separator 'D' (an encrypted
// track may hold any of 0-9A-F). A Message belongs to one goroutine at a time.
type Message struct {
	dialect *Dialect
	buf     []byte
	spans   [slotCount]struct{ from, to int32 } // of buf
	present [3]uint64                           // bit 0 of word 0 is slot 0
	frame   []byte
	misfits []misfit

	known struct { // what Identify found, until the next change
		by     *Dialect
		flow   *Transaction
		answer bool
	}
}

// Slots 2 to 128 are the fields; bit 1 of a bitmap is never a field.
const (
	slotMTI    = 0
	slotTPDU   = 1
	slotHeader = 129
	slotCount  = 130
)

// misfit is a part that was given a value too long for it; Encode reports it.
type misfit struct {
	place
	size, got int
}

// Format prints how many fields the message has and none of their values, for every verb.
func (m Message) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "message with %d fields", len(slices.Collect(m.Fields())))
}

// Dialect tells whose fields these are.
func (m *Message) Dialect() *Dialect { return m.dialect }

// MTI gives the four digits, "0200".
func (m *Message) MTI() string { return string(m.value(slotMTI)) }

// SetMTI sets the four digits.
func (m *Message) SetMTI(mti string) { put(m, slotMTI, mti) }

// TPDU gives the ten digits of the transport header, or "" where the dialect has none.
func (m *Message) TPDU() string { return string(m.value(slotTPDU)) }

// SetTPDU sets the ten digits; a dialect without TPDU ignores them.
func (m *Message) SetTPDU(s string) {
	if m.dialect.Framing.TPDU != "" {
		put(m, slotTPDU, s)
	}
}

// Header gives the application header (twelve nibbles in unionpay-pos), or "" where the dialect has none.
func (m *Message) Header() string { return string(m.value(slotHeader)) }

// SetHeader sets the header's nibbles; a dialect without header ignores them.
func (m *Message) SetHeader(s string) {
	if m.dialect.Framing.Header != "" {
		put(m, slotHeader, s)
	}
}

// Get gives an element's value in our own words, "" when it is absent. Use Has where absent and empty differ.
func (m *Message) Get(e Element) string {
	v, _ := m.said(e)
	return string(v)
}

// Value is Get without a copy: it is valid until the message changes, and nobody may change it.
func (m *Message) Value(e Element) []byte {
	v, _ := m.said(e)
	return v
}

// Has tells that the element is present.
func (m *Message) Has(e Element) bool {
	_, ok := m.get(m.at(e))
	return ok
}

// Set puts an element where the dialect carries it; it reports false, and does nothing, when the dialect has no such
// element. Fixed text is filled with spaces on its right, a part made of digits with zeros on its left. Any other value
// that its field cannot hold is found by Encode, so that a mistake is never sent silently.
func (m *Message) Set(e Element, value string) bool {
	p := m.at(e)
	if p.field == 0 {
		return false
	}
	if w := m.dialect.words[e]; w != nil {
		value = w.toWire(m.value(slotMTI), value)
	}
	if p.part > 0 {
		setPart(m, p, value)
		return true
	}
	m.SetField(p.field, value)
	f := m.dialect.fields[p.field]
	if f.prefix == 0 && (f.kind == kindAN || f.kind == kindANS) && len(value) < f.size {
		m.stretch(p.field, f.size, ' ')
	}
	return true
}

// Unset takes the element out. Unsetting one part of a field leaves its other parts: a part that stands before others
// keeps its place, filled with zeros or spaces.
func (m *Message) Unset(e Element) {
	p := m.at(e)
	if p.field == 0 || !m.has(p.field) {
		return
	}
	if p.part == 0 {
		m.UnsetField(p.field)
		return
	}
	f := m.dialect.fields[p.field]
	part, v := f.parts[p.part-1], m.value(p.field)
	m.known.by = nil
	switch to := part.from + part.size; {
	case f.prefix == 0 || part.size > 0 && to < len(v):
		for i := part.from; i < min(to, len(v)); i++ {
			v[i] = blank(part.kind)
		}
	case part.from == 0:
		m.UnsetField(p.field)
	case part.from < len(v):
		m.spans[p.field].to = m.spans[p.field].from + int32(part.from)
	}
}

// Field gives the whole value of field n and whether it is present.
func (m *Message) Field(n int) (string, bool) {
	if n < 2 || n > 128 || !m.has(n) {
		return "", false
	}
	return string(m.value(n)), true
}

// SetField sets the whole value of field n, a number from 2 to 128. Nothing is filled up.
func (m *Message) SetField(n int, value string) {
	if n >= 2 && n <= 128 {
		m.fit(place{field: n}, 0, 0)
		put(m, n, value)
	}
}

// UnsetField takes field n out.
func (m *Message) UnsetField(n int) {
	if n >= 2 && n <= 128 {
		m.fit(place{field: n}, 0, 0)
		m.known.by = nil
		m.present[n/64] &^= 1 << (n % 64)
	}
}

// Fields gives the numbers of the present fields, ascending.
func (m *Message) Fields() iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := m.next(2); n <= 128; n = m.next(n + 1) {
			if !yield(n) {
				return
			}
		}
	}
}

// Frame gives the bytes the message was decoded from or last encoded to, without the length prefix; nil if neither.
// The caller must not change or keep them.
func (m *Message) Frame() []byte {
	if len(m.frame) == 0 {
		return nil
	}
	return m.frame
}

// Clone gives an independent copy.
func (m *Message) Clone() *Message {
	c := *m
	c.buf, c.frame = bytes.Clone(m.buf), bytes.Clone(m.frame)
	c.misfits = append([]misfit(nil), m.misfits...)
	return &c
}

// Reset empties the message for reuse within the same dialect.
func (m *Message) Reset() {
	m.buf, m.frame, m.misfits, m.known.by = m.buf[:0], m.frame[:0], m.misfits[:0], nil
	m.present = [3]uint64{}
}

func (m *Message) has(slot int) bool { return m.present[slot/64]&(1<<(slot%64)) != 0 }

// next gives the first present field from n on, or a number over 128.
func (m *Message) next(n int) int {
	for word := n / 64; word < len(m.present); word++ {
		if left := m.present[word] >> (n % 64); left != 0 {
			return n + bits.TrailingZeros64(left)
		}
		n = (word + 1) * 64
	}
	return slotCount
}

func (m *Message) value(slot int) []byte {
	if !m.has(slot) {
		return nil
	}
	s := m.spans[slot]
	return m.buf[s.from:s.to:s.to]
}

// mark makes the end of the buffer, from start on, the value of a slot.
func (m *Message) mark(slot, start int) {
	m.spans[slot].from, m.spans[slot].to = int32(start), int32(len(m.buf))
	m.present[slot/64] |= 1 << (slot % 64)
	m.known.by = nil
}

func put[T string | []byte](m *Message, slot int, value T) {
	if old := m.value(slot); old != nil && len(value) <= len(old) {
		copy(old, value)
		m.known.by = nil
		m.spans[slot].to = m.spans[slot].from + int32(len(value))
		return
	}
	start := len(m.buf)
	m.buf = append(m.buf, value...)
	m.mark(slot, start)
}

// stretch fills a value up to size.
func (m *Message) stretch(slot, size int, fill byte) {
	start := len(m.buf)
	m.buf = append(m.buf, m.value(slot)...)
	for len(m.buf)-start < size {
		m.buf = append(m.buf, fill)
	}
	m.mark(slot, start)
}

// place is a field, or one of its parts (counted from 1). The zero place is nowhere.
type place struct{ field, part int }

// at finds an element. The MAC moves to F128 as soon as a field above 64 is present (ISO 8583:1987, 4.4.2).
func (m *Message) at(e Element) place {
	if e >= elementCount {
		return place{}
	}
	p := m.dialect.at[e]
	if e == MAC && p.field == 64 && m.dialect.fields[128] != nil && m.next(65) <= 128 {
		p.field = 128
	}
	return p
}

func (m *Message) get(p place) ([]byte, bool) {
	if p.field == 0 || !m.has(p.field) {
		return nil, false
	}
	v := m.value(p.field)
	if p.part == 0 {
		return v, true
	}
	from, to := m.dialect.fields[p.field].parts[p.part-1].within(len(v))
	if to == 0 {
		return nil, false
	}
	return v[from:to], true
}

// within tells where the part stands in a value of that length; 0, 0 when it is not there.
func (p *part) within(length int) (from, to int) {
	to = p.from + p.size
	if p.size == 0 {
		to = length
	}
	if to > length || p.from >= to {
		return 0, 0
	}
	return p.from, to
}

func setPart[T string | []byte](m *Message, p place, value T) {
	f := m.dialect.fields[p.field]
	part := f.parts[p.part-1]
	size := part.size
	if size == 0 {
		size = len(value)
	}
	m.fit(p, size, len(value))
	need := part.from + size
	if f.prefix == 0 {
		need = f.size
	}
	start, old := len(m.buf), m.value(p.field)
	if part.size == 0 {
		old = old[:min(len(old), need)]
	}
	m.buf = append(m.buf, old...)
	for i := len(old); i < need; i++ {
		m.buf = append(m.buf, blank(f.kindAt(i)))
	}
	room := m.buf[start+part.from:][:size]
	for i := range room {
		room[i] = blank(part.kind)
	}
	if value = value[:min(len(value), size)]; part.kind == kindN {
		room = room[size-len(value):]
	}
	copy(room, value)
	m.mark(p.field, start)
}

// fit remembers, or forgets, that a part's value is too long. A place without part forgets all of the field.
func (m *Message) fit(p place, size, got int) {
	if len(m.misfits) == 0 && got <= size {
		return
	}
	m.misfits = slices.DeleteFunc(m.misfits, func(old misfit) bool {
		return old.place == p || p.part == 0 && old.field == p.field
	})
	if got > size {
		m.misfits = append(m.misfits, misfit{p, size, got})
	}
}

func (f *field) kindAt(position int) kind {
	for _, p := range f.parts {
		if position >= p.from && (p.size == 0 || position < p.from+p.size) {
			return p.kind
		}
	}
	return f.kind
}

func blank(k kind) byte {
	switch k {
	case kindN, kindZ:
		return '0'
	case kindB:
		return 0
	}
	return ' '
}
