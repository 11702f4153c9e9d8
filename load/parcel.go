package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Parcel is an interval on its way from a worker: what ended in it, and how many orders were due and written in the intervals from First on,
// as far as that was not told before.
type Parcel struct {
	Index int
	*Stats
	First int
	Flows []Flow
}

// orders is how many ended.
func (p *Parcel) orders() (n uint64) {
	for i := range p.Kinds {
		n += p.Kinds[i].Due()
	}
	return n
}

// AppendInterval writes an interval; AppendFlows must follow it.
func AppendInterval(b []byte, iv *Interval) []byte {
	b = binary.AppendUvarint(b, uint64(iv.Index))
	for i := range iv.Kinds {
		b = appendTally(b, &iv.Kinds[i])
	}
	for _, n := range iv.Strays {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendUvarint(b, iv.Reversed)
	return appendHist(appendHist(b, &iv.Connected), &iv.Switch)
}

// AppendFlows writes the flows that end a parcel.
func AppendFlows(b []byte, first int, flows []Flow) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(first)), uint64(len(flows)))
	for _, f := range flows {
		b = binary.AppendUvarint(binary.AppendUvarint(b, f.Due), f.Written)
	}
	return b
}

func appendTally(b []byte, t *Tally) []byte {
	for _, n := range t.Ends {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, t.Early), t.Owed)
	b = binary.AppendUvarint(b, uint64(len(t.Codes)))
	for _, c := range t.Codes {
		b = binary.AppendUvarint(append(b, c.Code[0], c.Code[1], c.Code[2], byte(c.End)), c.Count)
	}
	for m := range t.Times {
		b = appendHist(b, &t.Times[m])
	}
	return b
}

// appendHist writes how far each used cell lies beyond the one before, and its count.
func appendHist(b []byte, h *Hist) []byte {
	if b = binary.AppendUvarint(b, h.n); h.n == 0 {
		return b
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, h.sum), uint64(h.longest))
	at := -1
	for cell := h.lo; cell < h.hi; cell++ {
		if n := h.counts[cell]; n > 0 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(cell-at)), n)
			at = cell
		}
	}
	return b
}

// ReadParcel reads what AppendInterval and AppendFlows wrote of orders of so many kinds.
func ReadParcel(b []byte, kinds int) (*Parcel, error) {
	r := parcelReader{b: b}
	p := &Parcel{Index: r.below(int(maxRun / time.Millisecond)), Stats: newStats(kinds)}
	for i := range p.Kinds {
		r.tally(&p.Kinds[i])
	}
	for i := range p.Strays {
		p.Strays[i] = r.number()
	}
	p.Reversed = r.number()
	r.hist(&p.Connected)
	r.hist(&p.Switch)
	p.First = r.below(p.Index + 2)
	for range r.below(p.Index + 2 - p.First) {
		p.Flows = append(p.Flows, Flow{r.number(), r.number()})
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail("%d bytes too many", len(r.b))
	}
	return p, r.err
}

// parcelReader reads a parcel, and keeps its first error.
type parcelReader struct {
	b   []byte
	err error
}

func (r *parcelReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("interval of a worker: "+format, args...)
	}
	r.b = nil
}

// most is more than any run counts, and little enough that sums of such numbers stay right.
const most = 1 << 50

func (r *parcelReader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > most {
		r.fail("a number is cut off or too large")
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *parcelReader) below(limit int) int {
	n := r.number()
	if r.err == nil && n >= uint64(limit) {
		r.fail("%d is not below %d", n, limit)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

func (r *parcelReader) tally(t *Tally) {
	for i := range t.Ends {
		t.Ends[i] = r.number()
	}
	t.Early, t.Owed = r.number(), r.number()
	for range r.below(1 << 16) {
		if len(r.b) < 5 {
			r.fail("it ends in an answer code")
			return
		}
		c := CodeCount{Code: Code(r.b[:3]), End: End(r.b[3])}
		r.b = r.b[4:]
		if c.Count = r.number(); c.End != Approved && c.End != Declined {
			r.fail("answer code %q of an order that is %s", c.Code, c.End)
			return
		}
		t.addCode(c.Code, c.End, c.Count)
	}
	for m := range t.Times {
		if r.hist(&t.Times[m]); r.err == nil && t.Times[m].n != t.Written() {
			r.fail("%d times of %d orders", t.Times[m].n, t.Written())
		}
	}
}

func (r *parcelReader) hist(h *Hist) {
	n := r.number()
	if n == 0 {
		return
	}
	h.reserve()
	h.sum, h.longest = r.number(), time.Duration(r.number())
	for at := -1; h.n < n; {
		step := r.number()
		if r.err != nil || step == 0 || step >= uint64(len(h.counts)-at) {
			r.fail("a time is in no cell")
			return
		}
		at += int(step)
		h.counts[at] = r.number()
		h.n += h.counts[at]
		h.lo, h.hi = min(h.lo, at), at+1
	}
	if h.n != n {
		r.fail("%d times where %d were told", h.n, n)
	}
}

// RecordSize is how many bytes an order takes.
const RecordSize = spoolRecord

// AppendRecord writes an order as a Spool does.
func AppendRecord(b []byte, s *Sample) []byte { return appendRecord(b, s) }

// ReadRecords reads orders of so many kinds.
func ReadRecords(b []byte, kinds int) ([]Sample, error) {
	if len(b)%spoolRecord != 0 {
		return nil, errors.New("orders of a worker: the last one is cut off")
	}
	all := make([]Sample, 0, len(b)/spoolRecord)
	for ; len(b) > 0; b = b[spoolRecord:] {
		s := readRecord(b)
		if err := s.sane(); err != nil || int(s.Kind) >= kinds {
			return nil, fmt.Errorf("orders of a worker: order %d of kind %d: %w", len(all), s.Kind, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// Take hands over an interval of a worker with all its orders. Intervals come in order, and none is left out.
func (r *Recorder) Take(p *Parcel, orders []Sample) error {
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	switch next := m.passed[r.id]; {
	case next != p.Index:
		return fmt.Errorf("interval %d of a worker came where %d was due", p.Index, next)
	case p.orders() != uint64(len(orders)):
		return fmt.Errorf("interval %d of a worker counts %d orders, and %d came", p.Index, p.orders(), len(orders))
	}
	f := &frame{foreign: true, recorder: r.id, index: p.Index, Stats: *p.Stats, lo: p.First, hi: p.First + len(p.Flows)}
	f.flows = append(make([]Flow, p.First, f.hi), p.Flows...)
	m.full = append(m.full, f)
	m.passed[r.id]++
	return nil
}
