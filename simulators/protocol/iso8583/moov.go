package iso8583

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	moov "github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	moverrors "github.com/moov-io/iso8583/errors"
	moovfield "github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
)

// moovCodec lets moov-io/iso8583 pack and unpack. Encoders and prefixers are ours, put in through moov's interfaces: its
// own BCD is ten times slower, its prefixes take signs, its padding eats leading zeros and its ASCII refuses Chinese text.
type moovCodec struct{ spec *moov.MessageSpec }

// newMoov builds the spec from a dialect that has passed all checks; moov panics on a bad one.
func newMoov(d *Dialect) *moovCodec {
	spec := &moov.MessageSpec{Name: d.Name, Fields: map[int]moovfield.Field{
		0: moovfield.NewBinary(moovfield.NewSpec(4, "MTI", moovMTI{d}, moovFixed{})),
	}}
	size := 8
	if d.wide {
		size = 16
	}
	bitmap := moovfield.NewSpec(size, "bitmap", moovBitmap{d}, moovFixed{})
	bitmap.DisableAutoExpand = true // moovBitmap reads and writes the second bitmap itself
	spec.Fields[1] = moovfield.NewBitmap(bitmap)
	for n, f := range d.fields {
		if f != nil {
			spec.Fields[n] = moovfield.NewBinary(moovfield.NewSpec(f.size, f.name, moovContent{f}, moovPrefix{f}))
		}
	}
	return &moovCodec{spec}
}

func (c *moovCodec) encode(d *Dialect, dst []byte, m *Message) (out []byte, err error) {
	defer func() {
		if why := panicked(recover()); why != nil {
			out, err = dst, &EncodeError{"message", why}
		}
	}()
	msg := moov.NewMessage(c.spec)
	if err := msg.BinaryField(0, m.value(slotMTI)); err != nil {
		return dst, &EncodeError{"MTI", err}
	}
	for n := m.next(2); n <= 128; n = m.next(n + 1) {
		if err := msg.BinaryField(n, m.value(n)); err != nil {
			return dst, unknownField(n)
		}
	}
	packed, err := msg.Pack()
	var ours *EncodeError
	if errors.As(err, &ours) {
		return dst, ours
	}
	if err != nil {
		return dst, &EncodeError{"message", err}
	}
	return append(dst, packed...), nil
}

func (c *moovCodec) decode(d *Dialect, m *Message, frame []byte, off int) (err error) {
	defer func() {
		if why := panicked(recover()); why != nil {
			err = &DecodeError{"message", off, why}
		}
	}()
	msg := moov.NewMessage(c.spec)
	unpackErr := msg.Unpack(frame[off:])
	var failed *moverrors.UnpackError
	if unpackErr != nil && !errors.As(unpackErr, &failed) {
		return &DecodeError{"message", off, unpackErr}
	}
	at := -1 // the field that failed
	if failed != nil {
		if at, err = strconv.Atoi(failed.FieldID); err != nil {
			return &DecodeError{"message", off, unpackErr}
		}
	}
	got := msg.GetFields()
	if at == 0 {
		return &DecodeError{"MTI", off, innermost(unpackErr)}
	}
	copyField(m, slotMTI, got[0])
	off += d.mtiSize()
	if at == 1 {
		return &DecodeError{"bitmap", off, innermost(unpackErr)}
	}
	present, size, err := d.readBitmap(frame[off:])
	if err != nil {
		return &DecodeError{"bitmap", off, err}
	}
	off += size
	for n := present.next(2); n <= 128; n = present.next(n + 1) {
		if n == at {
			return &DecodeError{fieldLabel(n), off, innermost(unpackErr)}
		}
		copyField(m, n, got[n])
		units := len(m.value(n))
		off += d.fields[n].prefixSize() + d.fields[n].wireSize(units)
	}
	return atEnd(frame, off)
}

func copyField(m *Message, slot int, f moovfield.Field) {
	value, _ := f.Bytes() // a Binary's Bytes never fail
	start := len(m.buf)
	m.buf = append(m.buf, value...)
	m.mark(slot, start)
}

// innermost finds our own word in moov's chain; moov's only word of its own is a field that is not in the spec.
func innermost(err error) error {
	var f fault
	if errors.As(err, &f) {
		return f
	}
	return fault("the dialect has no such field")
}

// panicked makes a panic of moov's an error: it never reaches a caller. Its words are left out, as they may show values.
func panicked(r any) error {
	if r == nil {
		return nil
	}
	return faultf("moov panicked: %T", r)
}

var (
	_ encoding.Encoder = moovMTI{}
	_ encoding.Encoder = moovBitmap{}
	_ encoding.Encoder = moovContent{}
	_ prefix.Prefixer  = moovPrefix{}
	_ prefix.Prefixer  = moovFixed{}
)

type moovMTI struct{ d *Dialect }

func (e moovMTI) Encode(mti []byte) ([]byte, error) {
	b, err := e.d.appendMTI(nil, mti)
	if err != nil {
		return nil, &EncodeError{"MTI", err}
	}
	return b, nil
}

func (e moovMTI) Decode(b []byte, _ int) ([]byte, int, error) {
	mti, err := e.d.readMTI(nil, b)
	return mti, e.d.mtiSize(), err
}

type moovBitmap struct{ d *Dialect }

func (e moovBitmap) Encode(b []byte) ([]byte, error) {
	var s bitset
	for i, c := range b {
		s[i/8] = s[i/8]<<8 | uint64(c)
	}
	return e.d.appendBitmap(nil, s), nil
}

func (e moovBitmap) Decode(b []byte, _ int) ([]byte, int, error) {
	s, size, err := e.d.readBitmap(b)
	if err != nil {
		return nil, 0, err
	}
	bits := binary.BigEndian.AppendUint64(nil, s[0])
	return binary.BigEndian.AppendUint64(bits, s[1]), size, nil
}

type moovContent struct{ f *field }

func (e moovContent) Encode(value []byte) ([]byte, error) {
	err := e.f.check(len(value))
	var b []byte
	if err == nil {
		b, err = e.f.appendContent(make([]byte, 0, e.f.wireSize(len(value))), value)
	}
	if err != nil {
		return nil, &EncodeError{e.f.label(), err}
	}
	return b, nil
}

func (e moovContent) Decode(b []byte, units int) ([]byte, int, error) {
	return e.f.readContent(make([]byte, 0, min(units, 2*len(b))), b, units)
}

type moovPrefix struct{ f *field }

func (p moovPrefix) EncodeLength(_, units int) ([]byte, error) {
	return p.f.appendLength(make([]byte, 0, p.f.prefixSize()), units), nil
}

func (p moovPrefix) DecodeLength(_ int, b []byte) (units, size int, err error) {
	return p.f.readLength(b)
}

func (p moovPrefix) Inspect() string { return fmt.Sprintf("tillproof.%s.%d", p.f.lengths, p.f.prefix) }

type moovFixed struct{}

func (moovFixed) EncodeLength(_, _ int) ([]byte, error) { return nil, nil }

func (moovFixed) DecodeLength(size int, _ []byte) (int, int, error) { return size, 0, nil }

func (moovFixed) Inspect() string { return "tillproof.fixed" }
