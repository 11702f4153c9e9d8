package iso8583

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Template is a message compiled to bytes, with places that can be written anew without encoding: trace number, time, amount, PIN
// block, a chip's data objects, MAC. What is written has the size that it has in the template, since nothing moves. A Template is
// immutable; the frames made from it belong to whoever made them.
type Template struct {
	dialect *Dialect
	frame   []byte
	mti     []byte
	spots   [elementCount]spot
	mac     spot
	echo    []echoed // what the answer has to bring back
}

type echoed struct {
	place    place
	spot     spot
	at, size int // in bytes
}

// spot is a place in a frame: units from at on, in nibbles where digits are packed and in bytes elsewhere.
type spot struct {
	at, units int
	content   coding
	separator byte // how the D of a track looks
}

// Template compiles a message that was sealed or encoded, and not changed since.
func (d *Dialect) Template(m *Message) (*Template, error) {
	if m.Frame() == nil {
		return nil, errors.New("template: the message was never encoded")
	}
	t := &Template{dialect: d, frame: bytes.Clone(m.Frame()), mti: []byte(m.MTI())}
	var s Scan
	if err := s.Read(d, t.frame); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	for e := NoElement + 1; e < elementCount; e++ {
		t.spots[e] = s.spot(m.at(e))
	}
	if p := m.at(MAC); p.field != 0 && m.has(p.field) {
		t.mac = t.spots[MAC]
	}
	echo := d.echo
	if tx, answer, ok := d.Identify(m); ok && !answer {
		echo = tx.echo
	}
	for _, p := range echo {
		if p.field != 0 && m.has(p.field) {
			t.echo = append(t.echo, echoed{p, s.spot(p), int(s.at[p.field]), d.fields[p.field].wireSize(int(s.units[p.field]))})
		}
	}
	return t, nil
}

// Append writes a frame like the template's to dst, without the length prefix.
func (t *Template) Append(dst []byte) []byte { return append(dst, t.frame...) }

// Size gives how long a value of the element has to be; 0 when it does not stand in the template.
func (t *Template) Size(e Element) int { return t.spots[e].units }

// Put writes an element of a frame made from the template. It reports false, and leaves the frame as it is, when the value has not
// the template's size or is none of its kind.
func (t *Template) Put(frame []byte, e Element, value []byte) bool {
	if w := t.dialect.words[e]; w != nil {
		value = []byte(w.toWire(t.mti, string(value)))
	}
	return t.spots[e].put(frame, value)
}

// PutNumber writes digits, filled with zeros on the left. What is too long is cut there.
func (t *Template) PutNumber(frame []byte, e Element, n uint64) bool {
	spot := &t.spots[e]
	var digits [20]byte
	if spot.units == 0 || spot.units > len(digits) {
		return false
	}
	if spot.packed() && spot.at%2 == 0 && spot.units%2 == 0 {
		for i := (spot.at+spot.units)/2 - 1; i >= spot.at/2; i-- {
			pair := n % 100
			frame[i], n = byte(pair/10<<4|pair%10), n/100
		}
		return true
	}
	for i := spot.units - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return spot.put(frame, digits[:spot.units])
}

// Seal writes the MAC of a frame; nothing where the template carries none.
func (t *Template) Seal(frame []byte, mac func(input []byte) []byte) bool {
	if t.mac.units == 0 {
		return true
	}
	sum := mac(frame[t.dialect.headSize():t.macAt()])
	return len(sum) >= t.mac.units && t.mac.put(frame, sum[:t.mac.units])
}

// Sealed tells that the template carries a MAC.
func (t *Template) Sealed() bool { return t.mac.units > 0 }

func (t *Template) macAt() int {
	if t.mac.packed() {
		return t.mac.at / 2
	}
	return t.mac.at
}

// Echoes tells that an answer brings back what the dialect has it bring back of a request made from the template. It compares the
// bytes on the wire.
func (t *Template) Echoes(request []byte, answer *Scan) bool {
	for i := range t.echo {
		asked := &t.echo[i]
		if f := asked.place.field; asked.place.part == 0 { // a whole field: no need to find a part of it
			if !answer.has(f) || int(answer.units[f]) != asked.spot.units ||
				!bytes.Equal(request[asked.at:asked.at+asked.size], answer.frame[answer.at[f]:int(answer.at[f])+asked.size]) {
				return false
			}
			continue
		}
		got := answer.spot(asked.place)
		if got.units != asked.spot.units || !bytes.Equal(asked.spot.bytes(request), got.bytes(answer.frame)) {
			return false
		}
	}
	return true
}

func (s *spot) packed() bool { return s.content == packedLeft || s.content == packedRight }

// bytes gives the bytes that the spot stands in.
func (s *spot) bytes(frame []byte) []byte {
	switch {
	case s.packed():
		return frame[s.at/2 : (s.at+s.units+1)/2]
	case s.content == hexText:
		return frame[s.at : s.at+2*s.units]
	}
	return frame[s.at : s.at+s.units]
}

func (s *spot) put(frame, value []byte) bool {
	if s.units == 0 || len(value) != s.units {
		return false
	}
	switch {
	case s.packed():
		return s.putPacked(frame, value)
	case s.content == hexText:
		for i, c := range value {
			frame[s.at+2*i], frame[s.at+2*i+1] = hexDigits[c>>4], hexDigits[c&15]
		}
		return true
	}
	copy(frame[s.at:], value)
	if s.separator != 0 && s.separator != 'D' {
		if i := bytes.IndexByte(value, 'D'); i >= 0 {
			frame[s.at+i] = s.separator
		}
	}
	return true
}

// putPacked writes two digits a byte. A PAN and a track are most of what is written of an order, so eight digits at once where they are all digits.
func (s *spot) putPacked(frame, value []byte) bool {
	var bad byte
	for rest := value; len(rest) > 0; {
		if len(rest) >= 8 && allDigits(binary.BigEndian.Uint64(rest)) {
			rest = rest[8:]
			continue
		}
		bad |= nibbleTable[rest[0]]
		rest = rest[1:]
	}
	if bad > 15 {
		return false
	}
	at := s.at
	if at%2 == 1 {
		frame[at/2] = frame[at/2]&0xF0 | nibbleTable[value[0]]
		value, at = value[1:], at+1
	}
	for at /= 2; len(value) > 1; {
		if len(value) >= 8 {
			if x := binary.BigEndian.Uint64(value); allDigits(x) {
				binary.BigEndian.PutUint32(frame[at:], packDigits(x))
				value, at = value[8:], at+4
				continue
			}
		}
		frame[at] = nibbleTable[value[0]]<<4 | nibbleTable[value[1]]
		value, at = value[2:], at+1
	}
	if len(value) == 1 {
		frame[at] = nibbleTable[value[0]]<<4 | frame[at]&15
	}
	return true
}

// allDigits tells that eight characters are '0' to '9'.
func allDigits(x uint64) bool {
	const high, zeros, six = 0xF0F0F0F0F0F0F0F0, 0x3030303030303030, 0x0606060606060606
	return x&high == zeros && (x+six)&high == zeros
}

// packDigits gives the digits of eight characters, two a byte.
func packDigits(x uint64) uint32 {
	x &= 0x0F0F0F0F0F0F0F0F
	x = (x | x>>4) & 0x00FF00FF00FF00FF
	x = (x | x>>8) & 0x0000FFFF0000FFFF
	return uint32(x | x>>16)
}

// nibbleTable is nibbleOf, with more than 15 for what is none.
var nibbleTable = func() (table [256]byte) {
	for i := range table {
		nibble, ok := nibbleOf(byte(i))
		if table[i] = nibble; !ok {
			table[i] = 0xFF
		}
	}
	return table
}()
