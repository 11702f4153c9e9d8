package main

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
)

// line is how one of the hosts speaks.
type line struct {
	digits    bool // the length is four digits
	inclusive bool // the length counts itself
	tpdu      bool
	hexed     bool // bitmap and binary fields are hex text
	packed    bool // digits are packed
	mac       bool
	of93      bool // ISO 8583:1993, otherwise 1987
	dukpt     bool // each PIN has a key of its own, whose serial number is F47
	batch     int  // the field that begins with the batch number
}

// ascii has four digits of length, text, bitmap and PIN block in hex, and no MAC. inclusive has two bytes of length that count
// themselves, text of 1993 with binary bitmap and PIN block, three-digit answers, and no MAC. dukpt is ascii with a key for each PIN. packed has two bytes of length, a TPDU,
// packed digits, what it knows of a terminal in F48, and a MAC.
var lines = map[string]line{
	"ascii":     {digits: true, hexed: true, batch: 60},
	"inclusive": {inclusive: true, of93: true, batch: 60},
	"dukpt":     {digits: true, hexed: true, dukpt: true, batch: 60},
	"packed":    {tpdu: true, packed: true, mac: true, batch: 48},
}

// A message by field; 0 is its type.
type message map[int]string

// size of a field: digits or bytes, or minus the digits of its length prefix. kind is n, z, b or a.
type size struct {
	kind byte
	n    int
}

var sizes = map[int]size{2: {'n', -2}, 3: {'n', 6}, 4: {'n', 12}, 7: {'n', 10}, 11: {'n', 6}, 12: {'n', 6}, 13: {'n', 4}, 14: {'n', 4}, 15: {'n', 4},
	18: {'n', 4}, 22: {'n', 3}, 23: {'n', 3}, 25: {'n', 2}, 26: {'n', 2}, 32: {'n', -2}, 35: {'z', -2}, 36: {'z', -3}, 37: {'a', 12}, 38: {'a', 6},
	39: {'a', 2}, 41: {'a', 8}, 42: {'a', 15}, 43: {'a', 40}, 44: {'a', -2}, 45: {'a', -2}, 48: {'a', -3}, 47: {'b', 10}, 49: {'a', 3}, 52: {'b', 8}, 53: {'n', 16},
	54: {'a', -3}, 55: {'b', -3}, 56: {'a', -3}, 59: {'a', -3}, 60: {'a', -3}, 61: {'a', -3}, 63: {'a', -3}, 64: {'b', 8}, 70: {'n', 3}, 90: {'n', 42}, 128: {'b', 8}}

// sizes93 are those that ISO 8583:1993 has otherwise.
var sizes93 = map[int]size{12: {'n', 12}, 15: {'n', 6}, 22: {'a', 12}, 24: {'n', 3}, 25: {'n', 4}, 26: {'n', 4}, 39: {'n', 3}, 43: {'a', -2}, 44: {'a', -2},
	53: {'n', -2}, 56: {'n', -2}}

func (l line) size(field int) (size, error) {
	if s, ok := sizes93[field]; ok && l.of93 {
		return s, nil
	}
	s, ok := sizes[field]
	if !ok {
		return s, fmt.Errorf("field %d is none of ours", field)
	}
	return s, nil
}

// read takes one frame off the line: its TPDU, if there is one, and the message.
func (l line) read(r *bufio.Reader) (tpdu, body []byte, err error) {
	var head [4]byte
	length := 0
	if l.digits {
		if _, err = io.ReadFull(r, head[:]); err == nil {
			length, err = strconv.Atoi(string(head[:]))
		}
	} else if _, err = io.ReadFull(r, head[:2]); err == nil {
		length = int(binary.BigEndian.Uint16(head[:2]))
	}
	if l.inclusive {
		length -= 2
	}
	if err == nil && (length < 4 || length > 4096) {
		err = errors.New("no message has that length")
	}
	if err != nil {
		return nil, nil, err
	}
	body = make([]byte, length)
	if _, err = io.ReadFull(r, body); err != nil {
		return nil, nil, err
	}
	if l.tpdu {
		if length < 5 {
			return nil, nil, errors.New("there is no TPDU")
		}
		// Who answers turns destination and origin round.
		tpdu = slices.Concat(body[:1], body[3:5], body[1:3])
		body = body[5:]
	}
	return tpdu, body, nil
}

// serve answers what comes on a connection, until it ends or says what nobody can frame.
func (l line) serve(conn net.Conn, answer func(body []byte) []byte) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		tpdu, body, err := l.read(r)
		if err != nil {
			return
		}
		if out := answer(body); out != nil {
			if _, err := conn.Write(l.frame(tpdu, out)); err != nil {
				return
			}
		}
	}
}

func (l line) frame(tpdu, body []byte) []byte {
	n := len(tpdu) + len(body)
	if l.inclusive {
		n += 2
	}
	head := binary.BigEndian.AppendUint16(nil, uint16(n))
	if l.digits {
		head = fmt.Appendf(nil, "%04d", n)
	}
	return slices.Concat(head, tpdu, body)
}

// scanner takes a message apart.
type scanner struct {
	line
	rest []byte
}

var errShort = errors.New("the message ends too early")

func (s *scanner) bytes(n int) ([]byte, error) {
	if n < 0 || n > len(s.rest) {
		return nil, errShort
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b, nil
}

func (s *scanner) binary(n int) ([]byte, error) {
	if !s.hexed {
		return s.bytes(n)
	}
	text, err := s.bytes(2 * n)
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(string(text))
}

// number reads n digits. Packed ones fill their bytes from the right, those of a track from the left.
func (s *scanner) number(n int, left bool) (string, error) {
	if !s.packed {
		b, err := s.bytes(n)
		return string(b), err
	}
	b, err := s.bytes((n + 1) / 2)
	if err != nil {
		return "", err
	}
	text := strings.ToUpper(hex.EncodeToString(b))
	if left {
		return text[:n], nil
	}
	return text[len(text)-n:], nil
}

func (s *scanner) field(f int) (string, error) {
	z, err := s.size(f)
	n := z.n
	if err == nil && n < 0 {
		var prefix string
		if prefix, err = s.number(-n, false); err == nil {
			n, err = strconv.Atoi(prefix)
		}
	}
	if err != nil {
		return "", err
	}
	switch z.kind {
	case 'n', 'z':
		return s.number(n, z.kind == 'z')
	case 'b':
		b, err := s.binary(n)
		return string(b), err
	}
	b, err := s.bytes(n)
	return string(b), err
}

func (l line) decode(body []byte) (message, error) {
	s := &scanner{l, body}
	mti, err := s.number(4, false)
	if err != nil {
		return nil, err
	}
	m := message{0: mti}
	first, err := s.binary(8)
	if err != nil {
		return nil, err
	}
	bits := slices.Clone(first)
	if bits[0]&0x80 != 0 {
		second, err := s.binary(8)
		if err != nil {
			return nil, err
		}
		bits = append(bits, second...)
	}
	for f := 2; f <= 8*len(bits); f++ {
		if bits[(f-1)/8]&(0x80>>((f-1)%8)) == 0 {
			continue
		}
		if m[f], err = s.field(f); err != nil {
			return nil, fmt.Errorf("field %d: %w", f, err)
		}
	}
	if len(s.rest) > 0 {
		return nil, errors.New("the message goes on behind its last field")
	}
	return m, nil
}

func (l line) number(v string, left bool) []byte {
	if !l.packed {
		return []byte(v)
	}
	if len(v)%2 == 1 && left {
		v += "F"
	} else if len(v)%2 == 1 {
		v = "0" + v
	}
	b, err := hex.DecodeString(v)
	if err != nil {
		panic(err) // we write digits only
	}
	return b
}

func (l line) binary(b []byte) []byte {
	if l.hexed {
		return fmt.Appendf(nil, "%X", b)
	}
	return b
}

// encode writes a message, with mac over all before it where this line has one.
func (l line) encode(m message, mac func([]byte) []byte) ([]byte, error) {
	at, wide := 64, false
	for f := range m {
		wide = wide || f > 64
	}
	bits := make([]byte, 8)
	if wide {
		at, bits = 128, make([]byte, 16)
		bits[0] = 0x80
	}
	if mac != nil {
		m[at] = strings.Repeat("\x00", 8)
	}
	var fields []byte
	for f := 2; f <= 8*len(bits); f++ {
		v, ok := m[f]
		if !ok {
			continue
		}
		z, err := l.size(f)
		if err != nil {
			return nil, err
		}
		bits[(f-1)/8] |= 0x80 >> ((f - 1) % 8)
		if z.n < 0 {
			fields = append(fields, l.number(fmt.Sprintf("%0*d", -z.n, len(v)), false)...)
		}
		switch z.kind {
		case 'n', 'z':
			fields = append(fields, l.number(v, z.kind == 'z')...)
		case 'b':
			fields = append(fields, l.binary([]byte(v))...)
		default:
			fields = append(fields, v...)
		}
	}
	out := slices.Concat(l.number(m[0], false), l.binary(bits), fields)
	if mac != nil {
		n := len(l.binary(make([]byte, 8)))
		copy(out[len(out)-n:], l.binary(mac(out[:len(out)-n])))
	}
	return out, nil
}
