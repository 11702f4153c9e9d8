package iso8583

// piece is where one thing stands in a frame: head, MTI, bitmap or a field with its length.
type piece struct {
	name              string
	field             *field // nil for what is no field
	from, content, to int    // bytes; content begins behind the length
	units             int
}

// pieces walks a frame without reading the values.
func (d *Dialect) pieces(frame []byte) ([]piece, error) {
	head := d.headSize()
	mti := head + d.mtiSize()
	if len(frame) < mti {
		return nil, &DecodeError{"MTI", head, fault("the frame is too short")}
	}
	present, size, err := d.readBitmap(frame[mti:])
	if err != nil {
		return nil, &DecodeError{"bitmap", mti, err}
	}
	off := mti + size
	all := []piece{
		{name: "head", to: head},
		{name: "MTI", from: head, content: head, to: mti},
		{name: "bitmap", from: mti, content: mti, to: off},
	}
	for n := present.next(2); n <= 128; n = present.next(n + 1) {
		f := d.fields[n]
		if f == nil {
			return nil, &DecodeError{fieldLabel(n), off, fault("the dialect has no such field")}
		}
		units, before, err := f.readLength(frame[off:])
		to := off + before + f.wireSize(units)
		if err == nil && to > len(frame) {
			err = fault("the frame is too short")
		}
		if err != nil {
			return nil, &DecodeError{f.label(), off, err}
		}
		all = append(all, piece{f.label(), f, off, off + before, to, units})
		off = to
	}
	return all, atEnd(frame, off)
}
