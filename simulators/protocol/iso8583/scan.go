package iso8583

import "encoding/hex"

// Scan finds where the fields of a frame stand, and decodes none: what a load engine wants of an answer. It is strict about the
// frame's structure and does not look at the values. A Scan is used again for the next frame; it allocates nothing.
type Scan struct {
	dialect *Dialect
	frame   []byte
	mti     uint16
	mac     [16]byte // decoded, where it stands as hex text
	*shape
	shapes [8]shape // seen lately: frames of one kind are often alike
}

// shape is where the fields of a frame stand. It is the same for each frame with the same bitmap and the same lengths.
type shape struct {
	dialect *Dialect // nil: none
	present bitset
	at      [129]uint16 // of the content; valid where present
	units   [129]uint16
	first   int // where they begin: a second bitmap may be empty
	size    int // of the frame
	lengths []length
	spots   [elementCount]spot // of elements that were asked for
	sought  [elementCount]bool
}

// length is the prefix of a field of variable length.
type length struct {
	at, size uint16
	wire     [maxLength]byte
}

// maxLength is the longest prefix that is remembered.
const maxLength = 4

// fits tells that a frame with the same bitmap has the shape: all its lengths are the same.
func (s *shape) fits(frame []byte) bool {
	if s.size != len(frame) {
		return false
	}
	for i := range s.lengths {
		l := &s.lengths[i]
		for j, c := range frame[l.at : l.at+l.size] {
			if l.wire[j] != c {
				return false
			}
		}
	}
	return true
}

// Read takes a frame without length prefix. It keeps it. The error is a *DecodeError.
func (s *Scan) Read(d *Dialect, frame []byte) error {
	s.dialect, s.frame = d, frame
	s.shape = &s.shapes[0] // there is one, whatever the frame is
	off := d.headSize()
	if len(frame) > d.Framing.Max || len(frame) < off+d.mtiSize() || len(frame) > 0xFFFF {
		s.shape.forget()
		return &DecodeError{"length", 0, faultf("%d bytes are none of a message", len(frame))}
	}
	s.mti = scanMTI(frame[off:], d.mtiSize())
	off += d.mtiSize()
	present, size, err := d.readBitmap(frame[off:])
	if err != nil {
		s.shape.forget()
		return &DecodeError{"bitmap", off, err}
	}
	hash := (present[0] ^ present[1]) * 0x9E3779B97F4A7C15
	s.shape = &s.shapes[(hash>>32+uint64(len(frame)))%uint64(len(s.shapes))]
	off += size
	if s.shape.dialect == d && s.present == present && s.first == off && s.shape.fits(frame) {
		return nil
	}
	s.shape.forget()
	if err := s.shape.read(d, frame, off, present); err != nil {
		return err
	}
	s.shape.dialect, s.present, s.first, s.size = d, present, off, len(frame)
	return nil
}

func (s *shape) forget() {
	s.dialect, s.present, s.lengths, s.sought = nil, bitset{}, s.lengths[:0], [elementCount]bool{}
}

// read goes from field to field.
func (s *shape) read(d *Dialect, frame []byte, off int, present bitset) error {
	for n := present.next(2); n <= 128; n = present.next(n + 1) {
		f := d.fields[n]
		if f == nil {
			return &DecodeError{fieldLabel(n), off, fault("the dialect has no such field")}
		}
		units, before, err := f.readLength(frame[off:])
		if err != nil {
			return &DecodeError{fieldLabel(n), off, err}
		}
		if before > 0 {
			l := length{at: uint16(off), size: uint16(before)}
			copy(l.wire[:], frame[off:off+before])
			s.lengths = append(s.lengths, l)
		}
		off += before
		s.at[n], s.units[n] = uint16(off), uint16(units)
		if off += f.wireSize(units); off > len(frame) {
			return &DecodeError{fieldLabel(n), int(s.at[n]), faultf("needs %d bytes, only %d left", f.wireSize(units), len(frame)-int(s.at[n]))}
		}
	}
	return atEnd(frame, off)
}

func scanMTI(b []byte, size int) uint16 {
	if size == 2 {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	var mti uint16
	for _, c := range b[:4] {
		mti = mti<<4 | uint16(c&15)
	}
	return mti
}

// MTI gives the type as four nibbles, 0x0210.
func (s *Scan) MTI() uint16 { return s.mti }

// Has tells that the element's field is there.
func (s *Scan) Has(e Element) bool { return s.element(e).units > 0 }

// Number reads an element of digits; false when it is absent, longer than 18 digits or none.
func (s *Scan) Number(e Element) (n uint64, ok bool) {
	p := s.element(e)
	if p.units == 0 || p.units > 18 || p.content == hexText {
		return 0, false
	}
	for i := range p.units {
		c := s.digit(p, i)
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, true
}

func (s *Scan) digit(p *spot, i int) byte {
	if !p.packed() {
		return s.frame[p.at+i] - '0'
	}
	if at := p.at + i; at%2 == 1 {
		return s.frame[at/2] & 15
	} else {
		return s.frame[at/2] >> 4
	}
}

// Bytes gives an element of text or bytes as it stands on the wire, in our own word where the dialect has another; nil when it is
// absent. It lies in the frame.
func (s *Scan) Bytes(e Element) []byte {
	p := s.element(e)
	if p.units == 0 {
		return nil
	}
	if w := s.dialect.words[e]; w != nil {
		return s.word(w, p)
	}
	return p.bytes(s.frame)
}

func (s *Scan) word(w words, p *spot) []byte {
	wire := p.bytes(s.frame)
	if p.packed() {
		wire = make([]byte, p.units)
		for i := range wire {
			wire[i] = '0' + s.digit(p, i)
		}
	}
	mti := [4]byte{'0' + byte(s.mti>>12), '0' + byte(s.mti>>8&15), '0' + byte(s.mti>>4&15), '0' + byte(s.mti&15)}
	return w.fromWire(mti[:], wire)
}

// MAC gives the bytes that the MAC covers and the MAC, nil when there is none that can be read.
func (s *Scan) MAC() (input, mac []byte) {
	start := s.dialect.headSize()
	p := s.element(MAC)
	if p.units == 0 {
		return s.frame[start:], nil
	}
	wire := p.bytes(s.frame)
	input, mac = s.frame[start:len(s.frame)-len(wire)], wire
	if p.content == hexText {
		n, err := hex.Decode(s.mac[:], wire[:min(len(wire), 2*len(s.mac))])
		if mac = s.mac[:n]; err != nil {
			mac = nil
		}
	}
	return input, mac
}

func (s *Scan) has(n int) bool { return s.present[(n-1)/64]&(1<<(63-(n-1)%64)) != 0 }

// element finds an element as Message.at does, once for a shape.
func (s *Scan) element(e Element) *spot {
	if found := &s.spots[e]; s.sought[e] {
		return found
	}
	p := s.dialect.at[e]
	if e == MAC && p.field == 64 && s.dialect.fields[128] != nil && s.present[1] != 0 {
		p.field = 128
	}
	s.spots[e], s.sought[e] = s.spot(p), true
	return &s.spots[e]
}

// spot gives where a place stands; its units are 0 when it is absent or empty.
func (s *Scan) spot(p place) spot {
	if p.field < 2 || !s.has(p.field) {
		return spot{}
	}
	f := s.dialect.fields[p.field]
	at, units := int(s.at[p.field]), int(s.units[p.field])
	from, to := 0, units
	if p.part > 0 {
		from, to = f.parts[p.part-1].within(units)
	}
	out := spot{units: to - from, content: f.content}
	if f.kind == kindZ {
		out.separator = f.separator
	}
	switch f.content {
	case packedLeft:
		out.at = 2*at + from
	case packedRight:
		out.at = 2*at + units%2 + from
	case hexText:
		out.at = at + 2*from
	default:
		out.at = at + from
	}
	return out
}
