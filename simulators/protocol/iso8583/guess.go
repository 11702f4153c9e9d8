package iso8583

import (
	"cmp"
	"slices"
)

// Candidate is a dialect that might be the one of some bytes.
type Candidate struct {
	Dialect    *Dialect
	Framed     bool  // the bytes are frames behind lengths; otherwise they are one frame alone
	Messages   int   // decoded with no remainder
	Violations int   // broken rules in them
	Rest       int   // bytes behind the last of them
	Err        error // why the rest could not be read, nil when there is none
}

// guessLimit bounds how many messages are looked at.
const guessLimit = 64

// Guess ranks the dialects by how well they read a stream, or one frame without its length. Those that read nothing are
// left out. Reading to the end without an error is better than not, then counts how much was read, in how many messages, and
// with how few violations.
func Guess(dialects []*Dialect, stream []byte) []Candidate {
	var all []Candidate
	for _, d := range dialects {
		for _, c := range []Candidate{d.readFramed(stream), d.readAlone(stream)} {
			if c.Messages > 0 {
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int {
		if (a.Err == nil) != (b.Err == nil) {
			if a.Err == nil {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Rest, b.Rest), -cmp.Compare(a.Messages, b.Messages), cmp.Compare(a.Violations, b.Violations))
	})
	return all
}

func (d *Dialect) readFramed(stream []byte) Candidate {
	c := Candidate{Dialect: d, Framed: true, Rest: len(stream)}
	framer, err := d.Framing.ServerFramer()
	if err != nil {
		c.Err = err
		return c
	}
	for m := d.New(); c.Rest > 0 && c.Messages < guessLimit; {
		frame, n, err := framer.Next(stream[len(stream)-c.Rest:])
		if err == nil && n == 0 {
			err = faultf("the last frame is not complete")
		}
		if err == nil && len(frame) == 0 { // a keep-alive
			c.Rest -= n
			continue
		}
		if err == nil {
			err = d.Decode(m, frame)
		}
		if c.Err = err; err != nil {
			return c
		}
		c.Rest -= n
		c.Messages++
		c.Violations += len(d.Validate(m))
	}
	return c
}

func (d *Dialect) readAlone(frame []byte) Candidate {
	c, m := Candidate{Dialect: d, Rest: len(frame)}, d.New()
	if c.Err = d.Decode(m, frame); c.Err == nil {
		c.Messages, c.Rest, c.Violations = 1, 0, len(d.Validate(m))
	}
	return c
}
