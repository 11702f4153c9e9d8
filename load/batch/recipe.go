package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// recipe makes the requests of one kind of order: a template that a whole terminal's message was compiled to, and what has to be
// written anew for another till, card, amount and moment.
type recipe struct {
	tpl       *iso8583.Template
	tills     []patch // what a till has in all of its requests of this kind
	orders    []patch
	answer    uint16 // MTI of the answer, 0x0210
	money     bool   // it holds or moves money, so that an unknown outcome is to be reversed
	payment   bool   // it stands in the till's journal
	of        pay.Flow
	chip      bool    // the card's chip is read, and counts
	signed    bool    // ... and signs
	living    bool    // something in its chip data differs from order to order
	back      *recipe // of its reversal; nil for none
	sameTrace bool    // ... which has the trace number of what it reverses
	objects   []byte  // the chip's data; those of the last order
	chipTags  [chipTags]span
}

// span is a place in the chip's data.
type span struct{ at, size int }

// The data objects of a chip that differ from order to order.
const (
	tagCryptogram = iota
	tagATC
	tagUnpredictable
	tagAmount
	tagDate
	tagDevice
	tagSequence
	chipTags
)

var chipTagNames = [chipTags]tlv.Tag{0x9F26, 0x9F36, 0x9F37, 0x9F02, 0x9A, 0x9F1E, 0x9F41}

// patch writes one element.
type patch struct {
	element iso8583.Element
	put     func(*iso8583.Template, []byte, *making) bool
	till    bool // it is the same in all requests of a till
}

// making is what a request is made from.
type making struct {
	till   *till
	card   *card
	clock  *clock
	amount pay.Amount
	trace  uint32
	of     *original
	reason [2]byte // of a reversal
}

func (m *making) track2() []byte {
	if m.till.recipe.chip {
		return m.card.chipTrack
	}
	return m.card.track2
}

// clock is the local time in the digits of the trade, made once a second.
type clock struct {
	second                   int64
	date, time, transmission []byte
	day                      [3]byte // YYMMDD, packed
}

func (c *clock) set(now time.Time) {
	if now.Unix() == c.second {
		return
	}
	c.second = now.Unix()
	c.date = now.AppendFormat(c.date[:0], "0102")
	c.time = now.AppendFormat(c.time[:0], "150405")
	year, month, day := now.Date()
	var b [8]byte
	copy(c.day[:], bcd(&b, uint64(year%100*10000+int(month)*100+day), 3))
	c.transmission = now.UTC().AppendFormat(c.transmission[:0], "0102150405")
}

// original is what a later message tells of an earlier one.
type original struct {
	rrn   [12]byte
	auth  [6]byte
	trace uint32
	batch [6]byte
	date  [4]byte // the host's where it told one
	time  [6]byte
}

// The elements that differ from request to request. What else a message has is its kind's.
var patchers = []patch{
	tillText(iso8583.Terminal, func(m *making) []byte { return m.till.number }),
	tillText(iso8583.Merchant, func(m *making) []byte { return m.till.merchant }),
	tillText(iso8583.MerchantName, func(m *making) []byte { return m.till.merchantName }),
	tillText(iso8583.MerchantType, func(m *making) []byte { return m.till.mcc }),
	tillText(iso8583.Batch, func(m *making) []byte { return m.till.batch }),
	digits(iso8583.Trace, func(m *making) uint64 { return uint64(m.trace) }),
	digits(iso8583.Amount, func(m *making) uint64 { return uint64(m.amount.Minor) }),
	text(iso8583.TransmissionTime, func(m *making) []byte { return m.clock.transmission }),
	text(iso8583.LocalTime, func(m *making) []byte { return m.clock.time }),
	text(iso8583.LocalDate, func(m *making) []byte { return m.clock.date }),
	text(iso8583.PAN, func(m *making) []byte { return m.card.pan }),
	text(iso8583.Expiry, func(m *making) []byte { return m.card.expiry }),
	text(iso8583.Track1, func(m *making) []byte { return m.card.track1 }),
	text(iso8583.Track2, (*making).track2),
	text(iso8583.PIN, func(m *making) []byte { return m.card.pinBlock }),
	text(iso8583.RRN, func(m *making) []byte { return m.of.rrn[:] }),
	text(iso8583.OriginalRRN, func(m *making) []byte { return m.of.rrn[:] }),
	text(iso8583.AuthCode, func(m *making) []byte { return m.of.auth[:] }),
	text(iso8583.OriginalBatch, func(m *making) []byte { return m.of.batch[:] }),
	text(iso8583.OriginalDate, func(m *making) []byte { return m.of.date[:] }),
	text(iso8583.OriginalTime, func(m *making) []byte { return m.of.time[:] }),
	digits(iso8583.OriginalTrace, func(m *making) uint64 { return uint64(m.of.trace) }),
	text(iso8583.ReversalReason, func(m *making) []byte { return m.reason[:] }),
}

func text(e iso8583.Element, value func(*making) []byte) patch {
	return patch{element: e, put: func(t *iso8583.Template, f []byte, m *making) bool { return t.Put(f, e, value(m)) }}
}

func tillText(e iso8583.Element, value func(*making) []byte) patch {
	p := text(e, value)
	p.till = true
	return p
}

func digits(e iso8583.Element, value func(*making) uint64) patch {
	return patch{element: e, put: func(t *iso8583.Template, f []byte, m *making) bool { return t.PutNumber(f, e, value(m)) }}
}

// newRecipe compiles a request that a whole terminal sealed.
func newRecipe(d *iso8583.Dialect, m *iso8583.Message) (*recipe, error) {
	tpl, err := d.Template(m)
	if err != nil {
		return nil, err
	}
	tx, answer, ok := d.Identify(m)
	if !ok || answer {
		return nil, errors.New("it is a request of no known flow")
	}
	r := &recipe{tpl: tpl, money: tx.Reversible}
	if _, err := fmt.Sscanf(tx.Answer, "%x", &r.answer); err != nil {
		return nil, fmt.Errorf("the dialect's answer to %s is %q: want four digits", tx.Flow, tx.Answer)
	}
	for _, p := range patchers {
		switch constant := tx.Constants[p.element] != ""; {
		case tpl.Size(p.element) == 0 || constant:
		case p.till:
			r.tills = append(r.tills, p)
		default:
			r.orders = append(r.orders, p)
		}
	}
	for _, e := range []iso8583.Element{iso8583.Track3, iso8583.DeviceData} {
		if tpl.Size(e) > 0 {
			return nil, fmt.Errorf("its %s says something of the card that nobody here writes anew: use whole terminals (`whole: true`)", e)
		}
	}
	return r, r.readChip(m)
}

// readChip finds where the data objects stand that differ from order to order.
func (r *recipe) readChip(m *iso8583.Message) error {
	r.objects = []byte(m.Get(iso8583.Chip))
	list, err := tlv.Parse(r.objects, tlv.Strict)
	if err != nil {
		return fmt.Errorf("its chip data: %w", err)
	}
	end := 0
	for _, o := range list {
		end += len(tlv.List{o}.Append(nil))
		if i := slices.Index(chipTagNames[:], o.Tag); i >= 0 {
			r.chipTags[i] = span{end - len(o.Value), len(o.Value)}
		}
	}
	r.signed = r.chipTags[tagCryptogram].size > 0
	r.follows(tagDevice, []byte(m.Get(iso8583.Terminal)))
	var b [8]byte
	if trace, err := strconv.ParseUint(m.Get(iso8583.Trace), 10, 32); err == nil {
		r.follows(tagSequence, bcd(&b, trace, 4))
	}
	r.living = r.chipTags != [chipTags]span{}
	return nil
}

// follows keeps a data object to be written anew only if the sample's said the same as its message.
func (r *recipe) follows(tag int, said []byte) {
	if at := r.chipTags[tag]; !bytes.Equal(r.objects[at.at:at.at+at.size], said) {
		r.chipTags[tag] = span{}
	}
}

// make writes a request to its till's frame, all but its MAC. It tells the element that does not fit; NoElement when all do.
func (r *recipe) make(m *making) iso8583.Element {
	t := m.till
	if t.framed != r { // or else the till's own elements stand there already
		t.frame, t.framed = r.tpl.Append(t.frame[:0]), nil
		if misfit := r.write(r.tills, m); misfit != iso8583.NoElement {
			return misfit
		}
		t.framed = r
	}
	return r.write(r.orders, m)
}

func (r *recipe) write(patches []patch, m *making) iso8583.Element {
	for i := range patches {
		if p := &patches[i]; !p.put(r.tpl, m.till.frame, m) {
			return p.element
		}
	}
	return iso8583.NoElement
}

// tell writes what card and till tell of each other, with the cryptogram that the chip makes over it.
func (r *recipe) tell(frame []byte, m *making, chance uint64) error {
	c := m.card
	r.object(tagATC, c.counter[:])
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], chance)
	r.object(tagUnpredictable, b[:4])
	r.object(tagAmount, bcd(&b, uint64(m.amount.Minor), 6))
	r.object(tagDate, m.clock.day[:])
	r.object(tagDevice, m.till.number)
	r.object(tagSequence, bcd(&b, uint64(m.trace), 4))
	if r.signed {
		if c.chip == nil {
			return errors.New("it has no chip")
		}
		cryptogram, err := c.chip.Sign(r.objects, c.counter)
		if err != nil {
			return err
		}
		r.object(tagCryptogram, cryptogram[:])
	}
	if !r.tpl.Put(frame, iso8583.Chip, r.objects) {
		return errors.New("its data have not the size that the sample had")
	}
	return nil
}

// object writes a data object's value if it has that size.
func (r *recipe) object(tag int, value []byte) {
	if at := r.chipTags[tag]; at.size == len(value) {
		copy(r.objects[at.at:], value)
	}
}

// bcd packs the digits of n into size bytes.
func bcd(b *[8]byte, n uint64, size int) []byte {
	for i := size - 1; i >= 0; i-- {
		b[i] = byte(n%10 | n/10%10<<4)
		n /= 100
	}
	return b[:size]
}
