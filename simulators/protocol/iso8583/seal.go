package iso8583

// MACFunc makes the MAC over a frame's MAC input.
type MACFunc func(input []byte) ([]byte, error)

// Seal is Encode with a MAC. It sets the MAC's bit first, since the bitmap is covered, encodes, computes mac over everything
// from the MTI through the last field before the MAC, and patches it in (DOMAIN.md B.1; ISO 9807). A MAC longer than its
// field is cut. Seal does so for any message: whether a flow carries a MAC is its Transaction's to say. With a nil mac it
// is Encode.
func (d *Dialect) Seal(dst []byte, m *Message, mac MACFunc) ([]byte, error) {
	if mac == nil {
		return d.Encode(dst, m)
	}
	p := m.at(MAC)
	if p.field == 0 {
		return dst, &EncodeError{"MAC", fault("the dialect has no such field")}
	}
	if p.field == 128 {
		m.UnsetField(64)
	}
	f, start := d.fields[p.field], len(dst)
	var zeros [64]byte
	for i := range zeros {
		zeros[i] = '0'
	}
	put(m, p.field, zeros[:f.size])
	dst, err := d.Encode(dst, m)
	if err != nil {
		return dst, err
	}
	end := len(dst) - f.wireSize(f.size)
	sum, err := mac(dst[start+d.headSize() : end : end])
	if err == nil && len(sum) < f.size {
		err = faultf("want %d bytes, the algorithm made %d", f.size, len(sum))
	}
	if err != nil {
		return dst[:start], &EncodeError{f.label(), err}
	}
	put(m, p.field, sum[:f.size])
	if dst, err = f.appendContent(dst[:end], sum[:f.size]); err != nil {
		return dst[:start], &EncodeError{f.label(), err}
	}
	m.frame = append(m.frame[:0], dst[start:]...)
	return dst, nil
}

// MACInput gives the bytes that a frame's MAC covers and the MAC it carries (nil when it carries none). m must have been
// decoded or sealed, and not changed since. Both alias the message.
func (d *Dialect) MACInput(m *Message) (input, mac []byte) {
	end := len(m.frame)
	if end < d.headSize() {
		return nil, nil
	}
	if p := m.at(MAC); p.field != 0 && m.has(p.field) {
		f := d.fields[p.field]
		mac = m.value(p.field)
		end -= min(f.wireSize(f.size), end-d.headSize())
	}
	return m.frame[d.headSize():end:end], mac
}
