package fault

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/tlv"
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
		return i.editSealed(p, i.flip(f.Element))
	case WrongMTI:
		return i.editSealed(p, i.retype(f.Value))
	case Missing:
		return i.editSealed(p, leaveOut(f.Element))
	case Extra:
		return i.editSealed(p, putIn(f.Element, f.Value))
	case UnknownTag:
		return i.editSealed(p, addObject)
	case BitError:
		return i.flipBit(p, f.Bytes)
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
func (i *Injector) shape(p *passage, r Rule, d *Delivery) error {
	switch f := r.Do; f.Kind {
	case Silence:
		i.silent[r.Where] = r
		d.Pieces = nil
	case HalfOpen:
		i.silent[p.where] = r
		d.Pieces = nil
	case Unsolicited:
		return i.precede(p, f, d)
	case Replay:
		before := i.passed[course{p.way, p.flow}]
		if before == nil {
			return errors.New("nothing of its kind has passed before it")
		}
		d.Pieces = []Piece{{Bytes: before}}
	case Reorder:
		for _, piece := range d.Pieces {
			i.behind[p.way] = append(i.behind[p.way], piece.Bytes...)
		}
		d.Pieces = nil
	case Jitter:
		d.delay(time.Duration(i.config.Random.Int64N(int64(f.Delay) + 1)))
	case Bandwidth:
		d.trickle(f.Bytes)
	case Lose:
		d.Pieces = nil
	case Delay:
		d.delay(f.Delay)
	case Duplicate:
		d.duplicate(f)
	case Coalesce:
		for _, piece := range d.Pieces {
			i.held[p.way] = append(i.held[p.way], piece.Bytes...)
		}
		d.Pieces = nil
	case HangUp:
		d.Pieces, d.Cut = nil, true
	case Reset:
		d.Pieces, d.Cut, d.Reset = nil, true, true
	case Cut:
		d.cut(f.Bytes)
	case Fragment:
		d.fragment(f)
	}
	return nil
}

func (d *Delivery) delay(by time.Duration) {
	for n := range d.Pieces {
		d.Pieces[n].After += by
	}
}

// trickle lets so many bytes through a second, ten times a second.
func (d *Delivery) trickle(rate int) {
	tick := max(time.Second/10, time.Second/time.Duration(rate))
	d.fragment(Fault{Bytes: max(1, rate/10), Delay: tick})
	d.delay(tick)
}

// precede sends ahead what nobody asked for.
func (i *Injector) precede(p *passage, f Fault, d *Delivery) error {
	if f.Element == iso8583.NoElement {
		f.Element = iso8583.Trace
	}
	other := *p
	if p.message != nil {
		other.message = p.message.Clone()
	}
	if err := i.editSealed(&other, i.flip(f.Element)); err != nil {
		return err
	}
	d.Unasked = other.message
	d.Pieces = append([]Piece{{Bytes: other.framed}}, d.Pieces...)
	return nil
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
	d.Pieces, d.Torn = pieces, true
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

// editSealed changes the message and makes its MAC anew, where the line knows how: the sender itself was wrong.
func (i *Injector) editSealed(p *passage, change func(*iso8583.Message) error) error {
	if err := i.edit(p, change); err != nil || i.config.Reseal == nil || !p.message.Has(iso8583.MAC) {
		return err
	}
	if err := i.config.Reseal(p.where, p.message); err != nil {
		return err
	}
	return p.reframe(p.message.Frame())
}

// retype makes an edit that gives a message another type: of the same function (ISO 8583-1: the third digit), and of a class that the
// dialect does not know, unless told which.
func (i *Injector) retype(mti string) func(*iso8583.Message) error {
	return func(m *iso8583.Message) error {
		own := m.MTI()
		if mti != "" {
			m.SetMTI(mti)
			return nil
		}
		for class := '1'; class <= '8'; class++ {
			m.SetMTI(own[:1] + string(class) + own[2:])
			if _, _, known := i.config.Dialect.Identify(m); !known && m.MTI() != own {
				return nil
			}
		}
		return errors.New("the dialect knows every type of message")
	}
}

func leaveOut(e iso8583.Element) func(*iso8583.Message) error {
	return func(m *iso8583.Message) error {
		if !m.Has(e) {
			return fmt.Errorf("the message carries no %s", e)
		}
		m.Unset(e)
		return nil
	}
}

func putIn(e iso8583.Element, value string) func(*iso8583.Message) error {
	return func(m *iso8583.Message) error {
		if !m.Set(e, value) {
			return fmt.Errorf("the dialect has no %s", e)
		}
		return nil
	}
}

// unknownTag is private and of no specification (EMV 4.4 Book 3, B1: class private).
const unknownTag tlv.Tag = 0xDF7E

// addObject puts an object ahead of the chip data: who stops at what he does not know reads none of the others.
func addObject(m *iso8583.Message) error {
	if !m.Has(iso8583.Chip) {
		return fmt.Errorf("the message carries no %s", iso8583.Chip)
	}
	m.Set(iso8583.Chip, string(tlv.Append(nil, unknownTag, []byte{0x5A}))+m.Get(iso8583.Chip))
	return nil
}

// flipBit changes the last bit of the nth byte, or of any.
func (i *Injector) flipBit(p *passage, nth int) error {
	frame := bytes.Clone(p.frame)
	switch {
	case nth > len(frame):
		return fmt.Errorf("it has %d bytes", len(frame))
	case nth == 0 && i.config.Random != nil && len(frame) > 0:
		nth = 1 + i.config.Random.IntN(len(frame))
	case nth == 0:
		nth = len(frame)
	}
	if nth > 0 {
		frame[nth-1] ^= 1
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
