// Package leak finds secrets in outputs, in whatever form they got there.
package leak

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Secret is what must not be found.
type Secret struct {
	name   string
	text   string
	binary []byte
}

// Format prints the secret's name, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.name)) }

// Text is a secret of characters: a PAN, a track (separator D or =), a PIN, a password. It is looked for in ASCII, with the
// escapes of JSON, XML, URLs and Go, in hex and base64; digits are also looked for in BCD at both nibble alignments, and BCD
// in hex and base64. Digits must be six at least. Fewer than ten cannot be told from chance in every form: they are found
// only where no other hex digit stands beside them, and not in BCD.
func Text(name, text string) Secret { return Secret{name: name, text: text} }

// Key is a secret of bytes, six at least: a key, a clear PIN block. It is looked for raw, quoted as Go does, as a list of
// decimals, in hex and base64.
func Key(name string, b []byte) Secret { return Secret{name: name, binary: b} }

// Hit is a secret that was found. It does not hold the secret.
type Hit struct {
	Output string // the output's name; members of archives and decoded base64 behind an exclamation mark
	Secret string // the secret's name
	Form   string // how it was written
	Offset int    // where, in bytes
}

// String gives one line.
func (h Hit) String() string {
	return fmt.Sprintf("%s, byte %d: %s as %s", h.Output, h.Offset, h.Secret, h.Form)
}

// Finder looks for a set of secrets. It may be used from any goroutine.
type Finder struct {
	needles map[uint32][]*needle // by their first four bytes
	maybe   [1 << 12]uint64      // a bit for each hash of four bytes that begin a needle
}

// New prepares to look for the secrets; one too short to be looked for is an error.
func New(secrets ...Secret) (*Finder, error) {
	f := &Finder{needles: map[uint32][]*needle{}}
	for _, s := range secrets {
		if max(len(s.text), len(s.binary)) < 6 {
			return nil, fmt.Errorf("leak: %s: want at least 6 characters or bytes", s.name)
		}
		for _, n := range s.needles() {
			f.add(n)
		}
	}
	return f, nil
}

func (f *Finder) add(n *needle) {
	head := binary.LittleEndian.Uint32(n.pattern)
	for _, other := range f.needles[head] {
		if n.secret == other.secret && n.same(other) {
			return
		}
	}
	f.needles[head] = append(f.needles[head], n)
	f.maybe[slot(head)/64] |= 1 << (slot(head) % 64)
}

// slot hashes four bytes to 18 bits (Knuth's multiplicative hash).
func slot(head uint32) uint32 { return head * 2654435769 >> 14 }

// Find looks through an output, and through what is packed in it: zip and gzip members and long runs of base64. Each form
// of each secret is told once an output, at its first place. An archive that cannot be read is a hit too, since nobody
// knows what is in it.
func (f *Finder) Find(name string, output []byte) []Hit {
	hits := f.scan(name, output)
	return append(hits, f.unpack(name, output, 0)...)
}

func (f *Finder) scan(name string, output []byte) (hits []Hit) {
	told := map[[2]string]bool{}
	for at := 0; at+4 <= len(output); at++ {
		head := binary.LittleEndian.Uint32(output[at:])
		if f.maybe[slot(head)/64]&(1<<(slot(head)%64)) == 0 {
			continue
		}
		for _, n := range f.needles[head] {
			if id := [2]string{n.secret, n.form}; n.at(output, at) && !told[id] {
				told[id] = true
				hits = append(hits, Hit{Output: name, Secret: n.secret, Form: n.form, Offset: at})
			}
		}
	}
	return hits
}

// needle is one way to write one secret.
type needle struct {
	secret, form string
	pattern      []byte // at least four bytes
	before       int    // the low nibble of the byte before, or -1
	after        int    // the high nibble of the byte behind, or -1
	alone        bool   // no hex digit may stand beside it
}

func (n *needle) same(o *needle) bool {
	return bytes.Equal(n.pattern, o.pattern) && n.before == o.before && n.after == o.after
}

func (n *needle) at(output []byte, at int) bool {
	if !bytes.HasPrefix(output[at:], n.pattern) {
		return false
	}
	end := at + len(n.pattern)
	if n.before >= 0 && (at == 0 || int(output[at-1]&0xF) != n.before) {
		return false
	}
	if n.after >= 0 && (end == len(output) || int(output[end]>>4) != n.after) {
		return false
	}
	return !n.alone || (at == 0 || !isHex(output[at-1])) && (end == len(output) || !isHex(output[end]))
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
