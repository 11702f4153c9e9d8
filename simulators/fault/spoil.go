package fault

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// spoil changes what is in a frame, where the fault is of that kind.
func (i *Injector) spoil(p *passage, f Fault) error {
	switch f.Kind {
	case Change:
		return i.edit(p, f.Edit)
	case Corrupt:
		return i.edit(p, i.flip(f.Element))
	case WrongMAC:
		return i.edit(p, i.flip(iso8583.MAC))
	case WrongEcho:
		if err := i.edit(p, i.flip(f.Element)); err != nil || i.config.Reseal == nil {
			return err
		}
		if err := i.config.Reseal(p.where, p.message); err != nil {
			return err
		}
		return p.reframe(p.message.Frame())
	case Undecodable:
		return i.unreadable(p)
	case Garbage:
		return p.reframe(bytes.Repeat([]byte{0xFF}, len(p.frame)))
	case Announce:
		return p.announce(f.Bytes)
	}
	return nil
}

// shape changes how a frame arrives, where the fault is of that kind.
func (i *Injector) shape(p *passage, r Rule, d *Delivery) {
	switch f := r.Do; f.Kind {
	case Silence:
		i.silent[r.Where] = r.Label
		d.Pieces = nil
	case Lose:
		d.Pieces = nil
	case Delay:
		for n := range d.Pieces {
			d.Pieces[n].After += f.Delay
		}
	case Duplicate:
		d.duplicate(f)
	case Coalesce:
		for _, piece := range d.Pieces {
			i.held[p.way] = append(i.held[p.way], piece.Bytes...)
		}
		d.Pieces = nil
	case HangUp:
		d.Pieces, d.Cut = nil, true
	case Cut:
		d.cut(f.Bytes)
	case Fragment:
		d.fragment(f)
	}
}

func (d *Delivery) duplicate(f Fault) {
	for _, piece := range d.Pieces {
		if f.Joined {
			piece.Bytes = bytes.Repeat(piece.Bytes, 2)
			d.Pieces = []Piece{piece}
			return
		}
		piece.After += f.Delay
		d.Pieces = append(d.Pieces, piece)
	}
}

// cut leaves the first n bytes, or the first half.
func (d *Delivery) cut(n int) {
	d.Cut = true
	if len(d.Pieces) == 0 {
		return
	}
	first := d.Pieces[0]
	if n == 0 {
		n = len(first.Bytes) / 2
	}
	first.Bytes = first.Bytes[:min(n, len(first.Bytes))]
	d.Pieces = []Piece{first}
}

func (d *Delivery) fragment(f Fault) {
	var pieces []Piece
	for _, whole := range d.Pieces {
		for at, n := 0, max(f.Bytes, 1); at < len(whole.Bytes); at += n {
			pieces = append(pieces, Piece{whole.Bytes[at:min(at+n, len(whole.Bytes))], whole.After})
			whole.After += f.Delay
		}
	}
	d.Pieces = pieces
}

// edit changes the message and writes it again.
func (i *Injector) edit(p *passage, change func(*iso8583.Message) error) error {
	if p.message == nil {
		return errors.New("the message cannot be read, so nothing in it can be changed")
	}
	if err := change(p.message); err != nil {
		return err
	}
	frame, err := i.config.Dialect.Encode(nil, p.message)
	if err != nil {
		return err
	}
	return p.reframe(frame)
}

func (p *passage) reframe(frame []byte) (err error) {
	if p.frame == nil {
		return errors.New("the bytes are not one frame")
	}
	p.frame = bytes.Clone(frame)
	p.framed, err = p.framer.Append(nil, p.frame)
	return err
}

// flip makes an edit that changes one character of an element to another of its kind.
func (i *Injector) flip(e iso8583.Element) func(*iso8583.Message) error {
	return func(m *iso8583.Message) error {
		value := []byte(m.Get(e))
		if len(value) == 0 {
			return fmt.Errorf("the message carries no %s", e)
		}
		at := len(value) - 1
		if i.config.Random != nil {
			at = i.config.Random.IntN(len(value))
		}
		value[at] = another(value[at])
		m.Set(e, string(value))
		return nil
	}
}

// another gives the next digit, hex digit or letter; of any other byte the last bit is flipped.
func another(c byte) byte {
	for _, ring := range [...]string{"01234567890", "ABCDEFA", "abcdefa", "GHIJKLMNOPQRSTUVWXYZG", "ghijklmnopqrstuvwxyzg"} {
		if at := strings.IndexByte(ring, c); at >= 0 {
			return ring[at+1]
		}
	}
	return c ^ 1
}

// unreadable looks for the first byte that, set to FF, keeps a data field from being read, and sets it.
func (i *Injector) unreadable(p *passage) error {
	scratch := i.config.Dialect.New()
	for at := range p.frame {
		frame := bytes.Clone(p.frame)
		frame[at] = 0xFF
		var wrong *iso8583.DecodeError
		if errors.As(i.config.Dialect.Decode(scratch, frame), &wrong) && strings.HasPrefix(wrong.Field, "F") {
			return p.reframe(frame)
		}
		scratch.Reset()
	}
	return errors.New("no single byte makes the message unreadable")
}

// announce writes another length before the frame.
func (p *passage) announce(length int) error {
	lie, err := p.framer.Append(nil, make([]byte, length))
	if err != nil {
		return err
	}
	p.framed = append(lie[:len(lie)-length], p.frame...)
	return nil
}
