package iso8583

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// codec turns fields into what stands behind TPDU and header, and back.
type codec interface {
	encode(d *Dialect, dst []byte, m *Message) ([]byte, error)
	// decode reads frame from off on. Its error is a *DecodeError.
	decode(d *Dialect, m *Message, frame []byte, off int) error
}

// DecodeError says where a frame could not be read.
type DecodeError struct {
	Field  string // "length", "TPDU", "header", "MTI", "bitmap", "F4", or "end" when bytes are left over
	Offset int    // byte in the frame where that field begins
	Err    error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("decode: %s at byte %d: %v", e.Field, e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// EncodeError says which field could not be written.
type EncodeError struct {
	Field string // "TPDU", "header", "MTI", "F4", "F60.2"
	Err   error
}

func (e *EncodeError) Error() string { return fmt.Sprintf("encode: %s: %v", e.Field, e.Err) }

// Unwrap gives the cause.
func (e *EncodeError) Unwrap() error { return e.Err }

// Encode appends the frame of m to dst, without the length prefix. The error is an *EncodeError; dst is then unchanged.
func (d *Dialect) Encode(dst []byte, m *Message) ([]byte, error) {
	start := len(dst)
	if len(m.misfits) > 0 {
		f := m.misfits[0]
		return dst, &EncodeError{fmt.Sprintf("F%d.%d", f.field, f.part), faultf("want at most %d characters, got %d", f.size, f.got)}
	}
	out, err := d.appendHead(dst, m)
	if err != nil {
		return dst, err
	}
	if out, err = d.codec.encode(d, out, m); err != nil {
		return dst, err
	}
	if size := len(out) - start; size > d.Framing.Max {
		return dst, &EncodeError{"length", faultf("%d bytes are over the dialect's %d", size, d.Framing.Max)}
	}
	m.frame = append(m.frame[:0], out[start:]...)
	return out, nil
}

// Decode reads a frame (without length prefix) into m. The error is a *DecodeError: field, offset and why; the fields
// read until then are in m.
func (d *Dialect) Decode(m *Message, frame []byte) error {
	m.Reset()
	m.frame = append(m.frame, frame...)
	if len(frame) > d.Framing.Max {
		return &DecodeError{"length", 0, faultf("%d bytes are over the dialect's %d", len(frame), d.Framing.Max)}
	}
	off, err := d.readHead(m, frame)
	if err != nil {
		return err
	}
	return d.codec.decode(d, m, frame, off)
}

// headSize is the size of TPDU and application header.
func (d *Dialect) headSize() int { return (len(d.Framing.TPDU) + len(d.Framing.Header)) / 2 }

func (d *Dialect) appendHead(dst []byte, m *Message) ([]byte, error) {
	for _, h := range d.heads() {
		value := m.value(h.slot)
		if len(value) != h.digits {
			return dst, &EncodeError{h.name, faultf("want %d digits, got %d", h.digits, len(value))}
		}
		var err error
		if dst, err = appendPacked(dst, value, false, 0, true); err != nil {
			return dst, &EncodeError{h.name, err}
		}
	}
	return dst, nil
}

func (d *Dialect) readHead(m *Message, frame []byte) (off int, err error) {
	for _, h := range d.heads() {
		size := h.digits / 2
		if len(frame)-off < size {
			return off, &DecodeError{h.name, off, faultf("needs %d bytes, only %d left", size, len(frame)-off)}
		}
		start := len(m.buf)
		m.buf, _ = readPacked(m.buf, frame[off:], h.digits, false, true)
		m.mark(h.slot, start)
		off += size
	}
	return off, nil
}

type head struct {
	name         string
	slot, digits int
}

func (d *Dialect) heads() [2]head {
	return [2]head{{"TPDU", slotTPDU, len(d.Framing.TPDU)}, {"header", slotHeader, len(d.Framing.Header)}}
}

func (d *Dialect) mtiSize() int {
	if d.mti == packed {
		return 2
	}
	return 4
}

func (d *Dialect) appendMTI(dst, mti []byte) ([]byte, error) {
	if len(mti) != 4 || notDigit(mti) >= 0 {
		return dst, fault("want four digits")
	}
	if d.mti == packed {
		return appendPacked(dst, mti, false, 0, false)
	}
	return append(dst, mti...), nil
}

func (d *Dialect) readMTI(dst, b []byte) ([]byte, error) {
	size := d.mtiSize()
	if len(b) < size {
		return dst, faultf("needs %d bytes, only %d left", size, len(b))
	}
	if d.mti == packed {
		return readPacked(dst, b, 4, false, false)
	}
	if notDigit(b[:size]) >= 0 {
		return dst, fault("is not made of digits")
	}
	return append(dst, b[:size]...), nil
}

// bitset holds bits 1 to 64 and 65 to 128; bit 1 is the highest of the first word.
type bitset [2]uint64

func (s *bitset) set(n int) { s[(n-1)/64] |= 1 << (63 - (n-1)%64) }

// next gives the first bit set from n on, or 129.
func (s *bitset) next(n int) int {
	for n <= 128 {
		word := (n - 1) / 64
		if left := s[word] << ((n - 1) % 64); left != 0 {
			return n + bits.LeadingZeros64(left)
		}
		n = word*64 + 65
	}
	return 129
}

func (d *Dialect) appendBitmap(dst []byte, s bitset) []byte {
	var b [16]byte
	if s[1] != 0 {
		s.set(1)
	}
	binary.BigEndian.PutUint64(b[:], s[0])
	binary.BigEndian.PutUint64(b[8:], s[1])
	used := b[:8]
	if s[1] != 0 {
		used = b[:]
	}
	if d.bitmap == hexText {
		for _, c := range used {
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		}
		return dst
	}
	return append(dst, used...)
}

// readBitmap reads one bitmap or two, and clears the bit that says so.
func (d *Dialect) readBitmap(b []byte) (s bitset, size int, err error) {
	for i := range s {
		word, n, err := d.readWord(b[size:])
		if err != nil {
			return s, 0, err
		}
		s[i], size = word, size+n
		switch more := word>>63 == 1; {
		case i == 0 && more && !d.wide:
			return s, 0, fault("bit 1 is set, but the dialect has one bitmap only")
		case i == 1 && more:
			return s, 0, fault("bit 65 is set, but the dialect has two bitmaps only")
		case !more:
			s[0] &^= 1 << 63
			return s, size, nil
		}
	}
	return s, size, nil
}

func (d *Dialect) readWord(b []byte) (word uint64, size int, err error) {
	size = 8
	if d.bitmap == hexText {
		size = 16
	}
	if len(b) < size {
		return 0, 0, faultf("needs %d bytes, only %d left", size, len(b))
	}
	if d.bitmap == asBytes {
		return binary.BigEndian.Uint64(b), size, nil
	}
	for _, c := range b[:size] {
		if c >= 'a' {
			c -= 'a' - 'A'
		}
		nibble, ok := nibbleOf(c)
		if !ok {
			return 0, 0, fault("is not hex text")
		}
		word = word<<4 | uint64(nibble)
	}
	return word, size, nil
}
