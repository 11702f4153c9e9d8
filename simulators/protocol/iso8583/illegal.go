package iso8583

import (
	"bytes"
	"fmt"
	"slices"
)

// Edit makes a frame illegal in one way. Make one with the functions below.
type Edit struct {
	name string
	do   func(d *Dialect, pieces []rawPiece) ([]rawPiece, error)
}

// rawPiece is a stretch of a frame under edit: a field's length and content, or what is no field with its bytes as content.
type rawPiece struct {
	piece
	length, bytes []byte
}

// EncodeIllegal appends a frame that breaks the dialect on purpose. It encodes m, which must be legal, and applies the
// edits in their order. m keeps no frame of it.
func (d *Dialect) EncodeIllegal(dst []byte, m *Message, edits ...Edit) ([]byte, error) {
	legal, err := d.Using(Compiled).Encode(nil, m.Clone())
	if err != nil {
		return dst, err
	}
	pieces, err := d.pieces(legal)
	if err != nil {
		return dst, err
	}
	raw := make([]rawPiece, len(pieces))
	for i, p := range pieces {
		raw[i] = rawPiece{p, legal[p.from:p.content], legal[p.content:p.to]}
	}
	for _, e := range edits {
		if raw, err = e.do(d, raw); err != nil {
			return dst, fmt.Errorf("illegal message: %s: %w", e.name, err)
		}
	}
	for _, p := range raw {
		dst = append(append(dst, p.length...), p.bytes...)
	}
	return dst, nil
}

// DropField takes field n out but leaves its bit in the bitmap.
func DropField(n int) Edit {
	return onField("drop", n, func(p *rawPiece) error {
		p.length, p.bytes = nil, nil
		return nil
	})
}

// WrongLength writes another length in front of field n, in the dialect's own coding.
func WrongLength(n, units int) Edit {
	return onField("wrong length", n, func(p *rawPiece) error {
		if p.field.prefix == 0 {
			return fault("the field has no length")
		}
		if units < 0 || p.field.lengths != asBytes && units >= pow10(p.field.prefix) || units >= 1<<(8*p.field.prefixSize()) {
			return faultf("%d does not fit the length", units)
		}
		p.length = p.field.appendLength(nil, units)
		return nil
	})
}

// RawField puts bytes as they are in the place of field n's content, and leaves its length: a wrong charset, or a value
// that is too long or too short.
func RawField(n int, content []byte) Edit {
	return onField("raw", n, func(p *rawPiece) error {
		p.bytes = bytes.Clone(content)
		return nil
	})
}

// FlipBit turns bit n of the bitmap over (bit 1 announces a second bitmap) and leaves the fields as they are.
func FlipBit(n int) Edit {
	return Edit{fmt.Sprintf("bit %d", n), func(d *Dialect, all []rawPiece) ([]rawPiece, error) {
		p, b := find(all, "bitmap"), []byte(nil)
		if b = append(b, p.bytes...); n < 1 || n > len(b)*8 || d.bitmap == hexText && n > len(b)*4 {
			return nil, fault("the bitmap has no such bit")
		}
		if d.bitmap == asBytes {
			b[(n-1)/8] ^= 0x80 >> ((n - 1) % 8)
		} else {
			nibble, _ := nibbleOf(b[(n-1)/4])
			b[(n-1)/4] = hexDigits[nibble^8>>((n-1)%4)]
		}
		p.bytes = b
		return all, nil
	}}
}

// RawMTI puts bytes as they are in the place of the MTI.
func RawMTI(b []byte) Edit {
	return Edit{"MTI", func(_ *Dialect, all []rawPiece) ([]rawPiece, error) {
		find(all, "MTI").bytes = bytes.Clone(b)
		return all, nil
	}}
}

// CutAfter ends the frame after n bytes, counted from its begin (the TPDU, if there is one).
func CutAfter(n int) Edit {
	return whole("cut", func(b []byte) ([]byte, error) {
		if n < 0 || n >= len(b) {
			return nil, faultf("the frame has only %d bytes", len(b))
		}
		return b[:n], nil
	})
}

// Extra appends bytes behind the last field.
func Extra(b []byte) Edit {
	return whole("extra", func(frame []byte) ([]byte, error) { return append(frame, b...), nil })
}

// whole edits the frame as one piece: nothing can be found in it by edits that follow.
func whole(name string, f func([]byte) ([]byte, error)) Edit {
	return Edit{name, func(_ *Dialect, all []rawPiece) ([]rawPiece, error) {
		var frame []byte
		for _, p := range all {
			frame = append(append(frame, p.length...), p.bytes...)
		}
		frame, err := f(frame)
		return []rawPiece{{bytes: frame}}, err
	}}
}

func onField(name string, n int, f func(*rawPiece) error) Edit {
	label := fmt.Sprintf("F%d", n)
	return Edit{name + " " + label, func(_ *Dialect, all []rawPiece) ([]rawPiece, error) {
		p := find(all, label)
		if p.field == nil {
			return nil, fault("the message has no such field")
		}
		return all, f(p)
	}}
}

// find gives the piece of that name, or one that is thrown away.
func find(all []rawPiece, name string) *rawPiece {
	if i := slices.IndexFunc(all, func(p rawPiece) bool { return p.name == name }); i >= 0 {
		return &all[i]
	}
	return &rawPiece{}
}
