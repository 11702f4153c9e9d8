// Package wire carries frames over a stream of bytes and knows nothing of what is in them.
package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// Framer delimits messages on a stream. Its methods are pure: they keep nothing, so one Framer serves any number of
// connections and goroutines.
//
// A frame of length zero is a keep-alive: Append writes one for an empty frame, Next gives an empty frame for one, and
// who reads it passes over it.
type Framer interface {
	// Append writes frame behind its length to dst. A frame over the limit is an error, and dst comes back as it was.
	Append(dst, frame []byte) ([]byte, error)
	// Next gives the frame that buf begins with and how many bytes of buf it took. n = 0 says that more bytes are
	// needed. An error says that the stream cannot be read from here on. The frame lies in buf, except that a framer
	// which has to join pieces (HTTP, chunked) may give memory of its own.
	Next(buf []byte) (frame []byte, n int, err error)
	// Progress tells how much of an unfinished frame buf holds: have of want bytes, the length not counted. want is -1
	// while the length itself is incomplete, and have then counts the bytes of it.
	Progress(buf []byte) (have, want int)
}

// NewFramer gives the framer of that kind: binary2 (two bytes, big-endian, of what follows), binary2-inclusive (the same,
// the two bytes counted too), binary4 (four bytes, big-endian), ascii4 (four digits) or bcd2 (two bytes of packed digits).
// max is the longest frame in bytes, the length not counted.
func NewFramer(kind string, max int) (Framer, error) {
	if max < 1 {
		return nil, fmt.Errorf("framing %s: the longest frame is %d bytes: want one at least", kind, max)
	}
	for _, p := range [...]prefix{
		{kind: "binary2", size: 2, most: 0xFFFF, put: putBinary, get: getBinary},
		{kind: "binary2-inclusive", size: 2, most: 0xFFFF - 2, own: 2, put: putBinary, get: getBinary},
		{kind: "binary4", size: 4, most: 0xFFFFFFFF, put: putBinary, get: getBinary},
		{kind: "ascii4", size: 4, most: 9999, put: putASCII, get: getASCII},
		{kind: "bcd2", size: 2, most: 9999, put: putBCD, get: getBCD},
	} {
		if p.kind == kind {
			p.max = max
			return p, nil
		}
	}
	return nil, fmt.Errorf("framing %q: want binary2, binary2-inclusive, binary4, ascii4 or bcd2", kind)
}

// prefix is a framer whose frames stand behind a length of fixed size.
type prefix struct {
	kind string
	size int    // bytes of the length
	own  uint64 // how much of itself the length counts
	most uint64 // the longest frame the length can say
	max  int
	put  func(dst []byte, n uint64, size int) []byte
	get  func(length []byte) (uint64, bool)
}

func (p prefix) Append(dst, frame []byte) ([]byte, error) {
	if n := len(frame); n > p.max || uint64(n) > p.most {
		return dst, fmt.Errorf("frame of %d bytes over the limit of %d", n, min(uint64(p.max), p.most))
	}
	return append(p.put(dst, uint64(len(frame))+p.own, p.size), frame...), nil
}

func (p prefix) Next(buf []byte) (frame []byte, n int, err error) {
	if len(buf) < p.size {
		return nil, 0, nil
	}
	length, ok := p.get(buf[:p.size])
	switch {
	case !ok:
		return nil, 0, fmt.Errorf("frame length % X is not %s%s", buf[:p.size], p.kind, p.hint(buf))
	case length < p.own:
		return nil, 0, fmt.Errorf("frame length %d does not count its own %d bytes%s", length, p.own, p.hint(buf))
	case length-p.own > uint64(p.max):
		return nil, 0, fmt.Errorf("frame length %d over the limit of %d%s", length, p.max, p.hint(buf))
	}
	n = p.size + int(length-p.own)
	if len(buf) < n {
		return nil, 0, nil
	}
	return buf[p.size:n:n], n, nil
}

func (p prefix) Progress(buf []byte) (have, want int) {
	if len(buf) < p.size {
		return len(buf), -1
	}
	length, ok := p.get(buf[:p.size])
	if !ok || length < p.own || length-p.own > uint64(p.max) {
		return len(buf), -1
	}
	return len(buf) - p.size, int(length - p.own)
}

// hint guesses from the first bytes what the stream is instead.
func (p prefix) hint(buf []byte) string {
	begins := func(words ...string) bool {
		for _, w := range words {
			if n := min(len(buf), len(w)); n > 1 && string(buf[:n]) == w[:n] {
				return true
			}
		}
		return false
	}
	switch {
	case begins("HTTP", "POST", "GET "):
		return ": these bytes look like HTTP"
	case begins("\x16\x03", "\x15\x03"):
		return ": these bytes look like TLS"
	}
	if _, digits := getASCII(buf[:min(len(buf), 4)]); digits && p.kind != "ascii4" {
		return ": these bytes are ASCII digits, is the framing ascii4?"
	}
	return ": are these bytes framed another way?"
}

func putBinary(dst []byte, n uint64, size int) []byte {
	whole := binary.BigEndian.AppendUint64(nil, n)
	return append(dst, whole[8-size:]...)
}

func getBinary(length []byte) (n uint64, ok bool) {
	for _, b := range length {
		n = n<<8 | uint64(b)
	}
	return n, true
}

func putASCII(dst []byte, n uint64, size int) []byte {
	return fmt.Appendf(dst, "%0*d", size, n)
}

func getASCII(length []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(length), 10, 32)
	return n, err == nil
}

func putBCD(dst []byte, n uint64, size int) []byte {
	return append(dst, byte(n/1000%10<<4|n/100%10), byte(n/10%10<<4|n%10))
}

func getBCD(length []byte) (n uint64, ok bool) {
	for _, b := range length {
		if b>>4 > 9 || b&0xF > 9 {
			return 0, false
		}
		n = n*100 + uint64(b>>4*10+b&0xF)
	}
	return n, true
}
