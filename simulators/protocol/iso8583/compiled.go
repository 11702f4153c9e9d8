package iso8583

// compiled walks the dialect's table straight through.
type compiled struct{}

func (compiled) encode(d *Dialect, dst []byte, m *Message) ([]byte, error) {
	dst, err := d.appendMTI(dst, m.value(slotMTI))
	if err != nil {
		return dst, &EncodeError{"MTI", err}
	}
	var present bitset
	for n := m.next(2); n <= 128; n = m.next(n + 1) {
		if d.fields[n] == nil {
			return dst, unknownField(n)
		}
		present.set(n)
	}
	dst = d.appendBitmap(dst, present)
	for n := m.next(2); n <= 128; n = m.next(n + 1) {
		f, value := d.fields[n], m.value(n)
		err := f.check(len(value))
		if err == nil {
			dst, err = f.appendContent(f.appendLength(dst, len(value)), value)
		}
		if err != nil {
			return dst, &EncodeError{f.label(), err}
		}
	}
	return dst, nil
}

func unknownField(n int) error {
	return &EncodeError{fieldLabel(n), fault("the dialect has no such field")}
}

func (compiled) decode(d *Dialect, m *Message, frame []byte, off int) error {
	start := len(m.buf)
	var err error
	if m.buf, err = d.readMTI(m.buf, frame[off:]); err != nil {
		return &DecodeError{"MTI", off, err}
	}
	m.mark(slotMTI, start)
	off += d.mtiSize()
	present, size, err := d.readBitmap(frame[off:])
	if err != nil {
		return &DecodeError{"bitmap", off, err}
	}
	off += size
	for n := present.next(2); n <= 128; n = present.next(n + 1) {
		size, err := d.readField(m, n, frame[off:])
		if err != nil {
			return &DecodeError{fieldLabel(n), off, err}
		}
		off += size
	}
	return atEnd(frame, off)
}

func (d *Dialect) readField(m *Message, n int, b []byte) (size int, err error) {
	f := d.fields[n]
	if f == nil {
		return 0, fault("the dialect has no such field")
	}
	units, before, err := f.readLength(b)
	if err != nil {
		return 0, err
	}
	start := len(m.buf)
	buf, after, err := f.readContent(m.buf, b[before:], units)
	if err != nil {
		return 0, err
	}
	m.buf = buf
	m.mark(n, start)
	return before + after, nil
}

func atEnd(frame []byte, off int) error {
	if off == len(frame) {
		return nil
	}
	return &DecodeError{"end", off, faultf("%d bytes are left over", len(frame)-off)}
}
