package load

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"
)

const (
	spoolMagic  = "tillproof orders 1\n"
	spoolRecord = 3*8 + 8 + 2*4 + 2 + 1 + 1 + 3 + 1
	spoolBlock  = 4096 // records
)

// Spool writes the orders of one shard to a file, as they end: 48 bytes each, and no allocation. The first error is told by Flush.
type Spool struct{ w *bufio.Writer }

// NewSpool writes to w.
func NewSpool(w io.Writer) *Spool {
	s := &Spool{bufio.NewWriterSize(w, 1<<18)}
	s.w.WriteString(spoolMagic) // a bufio.Writer keeps its error
	return s
}

// Write takes an order.
func (s *Spool) Write(o *Sample) {
	s.w.Write(appendRecord(s.w.AvailableBuffer(), o))
}

func appendRecord(b []byte, o *Sample) []byte {
	for _, d := range [...]time.Duration{o.Due, o.Written, o.Answered} {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	b = binary.LittleEndian.AppendUint64(b, o.Chain)
	b = binary.LittleEndian.AppendUint32(b, o.Terminal)
	b = binary.LittleEndian.AppendUint32(b, o.STAN)
	b = binary.LittleEndian.AppendUint16(b, o.Kind)
	return append(b, o.Leg, byte(o.End), o.Code[0], o.Code[1], o.Code[2], 0)
}

// Flush writes what is left.
func (s *Spool) Flush() error { return s.w.Flush() }

func readRecord(b []byte) Sample {
	le := binary.LittleEndian
	at := func(i int) time.Duration { return time.Duration(le.Uint64(b[8*i:])) }
	return Sample{Due: at(0), Written: at(1), Answered: at(2), Chain: le.Uint64(b[24:]), Terminal: le.Uint32(b[32:]), STAN: le.Uint32(b[36:]),
		Kind: le.Uint16(b[40:]), Leg: b[42], End: End(b[43]), Code: Code(b[44:47])}
}

// sane holds a record that was read to what an order may be.
func (s *Sample) sane() error {
	if s.End == 0 || s.End >= ends || s.Due < 0 || s.Answered < s.Due {
		return fmt.Errorf("it is %s, due at %d and answered at %d", s.End, s.Due, s.Answered)
	}
	return nil
}

// blocks reads a spool. A block is the reader's until the next.
func blocks(r io.Reader) iter.Seq2[[]Sample, error] {
	return func(yield func([]Sample, error) bool) {
		in := bufio.NewReaderSize(r, 1<<18)
		head := make([]byte, len(spoolMagic))
		if _, err := io.ReadFull(in, head); err != nil || string(head) != spoolMagic {
			yield(nil, errors.New("orders: want a file that begins with \"tillproof orders 1\""))
			return
		}
		var b [spoolRecord]byte
		all := make([]Sample, 0, spoolBlock)
		for n := 0; ; n++ {
			_, err := io.ReadFull(in, b[:])
			if err == io.EOF {
				yield(all, nil)
				return
			}
			s := readRecord(b[:])
			if err == nil {
				err = s.sane()
			}
			if err != nil {
				yield(nil, fmt.Errorf("orders: record %d: %w", n, err))
				return
			}
			if all = append(all, s); len(all) == spoolBlock {
				if !yield(all, nil) {
					return
				}
				all = all[:0]
			}
		}
	}
}

// shelf is a spool that is read in the order in which its records fell due: least[k] is the earliest due of block k and all that follow.
type shelf struct {
	next  func() ([]Sample, error, bool)
	least []time.Duration
}

func (s *shelf) floor() time.Duration {
	if len(s.least) == 0 {
		return math.MaxInt64
	}
	return s.least[0]
}

// InOrder reads spools together, in the order in which their orders fell due. It reads each twice, and holds only as many orders as there ended
// before one that had fallen due earlier.
func InOrder(spools ...io.ReadSeeker) iter.Seq2[*Sample, error] {
	return func(yield func(*Sample, error) bool) {
		var shelves []*shelf
		for _, r := range spools {
			s, stop, err := open(r)
			defer stop()
			if err != nil {
				yield(nil, err)
				return
			}
			shelves = append(shelves, s)
		}
		held := heap[Sample]{less: func(a, b *Sample) bool { return a.Due < b.Due }}
		for {
			first := &shelf{}
			for _, s := range shelves {
				if s.floor() < first.floor() {
					first = s
				}
			}
			for len(held.items) > 0 && held.items[0].Due <= first.floor() {
				s := held.pop()
				if !yield(&s, nil) {
					return
				}
			}
			if first.next == nil {
				return
			}
			block, err, _ := first.next()
			if err != nil {
				yield(nil, err)
				return
			}
			first.least = first.least[1:]
			for _, s := range block {
				held.push(s)
			}
		}
	}
}

func open(r io.ReadSeeker) (s *shelf, stop func(), err error) {
	s, stop = &shelf{}, func() {}
	for block, err := range blocks(r) {
		if err != nil {
			return s, stop, err
		}
		least := time.Duration(math.MaxInt64 - 1)
		for _, o := range block {
			least = min(least, o.Due)
		}
		s.least = append(s.least, least)
	}
	for i := len(s.least) - 2; i >= 0; i-- {
		s.least[i] = min(s.least[i], s.least[i+1])
	}
	if _, err = r.Seek(0, io.SeekStart); err == nil {
		s.next, stop = iter.Pull2(blocks(r))
	}
	return s, stop, err
}
