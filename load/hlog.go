package load

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// IntervalLog writes one measure as an HdrHistogram log, version 1.3: a line for each interval over all orders, and one for each kind, tagged.
// Values are in nanoseconds, times since the run's start. It is a sink of the run's intervals; Err tells its first error.
type IntervalLog struct {
	log     *hdrhistogram.HistogramLogWriter
	measure Measure
	kinds   []Kind
	err     error
}

// NewIntervalLog writes to w. Without kinds, only the lines over all orders are written.
func NewIntervalLog(w io.Writer, m Measure, kinds []Kind, started time.Time) *IntervalLog {
	log := hdrhistogram.NewHistogramLogWriter(w)
	return &IntervalLog{log: log, measure: m, kinds: kinds, err: errors.Join(log.OutputLogFormatVersion(), log.OutputComment("[tillproof: "+m.String()+" times in ns]"),
		log.OutputStartTime(started.UnixMilli()), log.OutputLegend())}
}

// Add takes an interval of the run.
func (l *IntervalLog) Add(iv *Interval) {
	l.line(iv, "", &iv.Total(nil).Times[l.measure])
	for i, k := range l.kinds {
		if h := &iv.Kinds[i].Times[l.measure]; h.Count() > 0 {
			l.line(iv, k.String(), h)
		}
	}
}

// Err tells the first error.
func (l *IntervalLog) Err() error { return l.err }

func (l *IntervalLog) line(iv *Interval, tag string, h *Hist) {
	lib := h.library()
	lib.SetTag(tag)
	lib.SetStartTimeMs(iv.From.Milliseconds())
	lib.SetEndTimeMs(iv.To.Milliseconds())
	if err := l.log.OutputIntervalHistogram(lib); l.err == nil {
		l.err = err
	}
}

// library gives the histogram as the library has it.
func (h *Hist) library() *hdrhistogram.Histogram {
	lib := hdrhistogram.New(1<<unitBits, int64(longest), digits)
	s := lib.Export()
	for cell := h.lo; cell < h.hi; cell++ {
		s.Counts[cell] = int64(h.counts[cell])
	}
	return hdrhistogram.Import(s)
}

// Logged is an interval read back from a log.
type Logged struct {
	Tag      string // "" is over all orders
	From, To time.Duration
	Hist     Hist
}

// ReadIntervalLog reads what IntervalLog wrote; a log of other cells is refused.
func ReadIntervalLog(r io.Reader) ([]Logged, error) {
	var all []Logged
	in := hdrhistogram.NewHistogramLogReader(r)
	want := hdrhistogram.New(1<<unitBits, int64(longest), digits).Export()
	var first int64 // the library gives absolute times, and the first interval begins with the run
	for {
		lib, err := in.NextIntervalHistogram()
		if err != nil {
			return nil, fmt.Errorf("interval log: line of interval %d: %w", len(all)+1, err)
		}
		if lib == nil {
			return all, nil
		}
		got := lib.Export()
		if len(got.Counts) != len(want.Counts) || got.LowestTrackableValue != want.LowestTrackableValue || got.SignificantFigures != want.SignificantFigures {
			return nil, fmt.Errorf("interval log: interval %d: want times from %d ns to %s with %d digits, as tillproof writes them", len(all)+1, 1<<unitBits, longest, digits)
		}
		if len(all) == 0 {
			first = lib.StartTimeMs()
		}
		since := func(ms int64) time.Duration { return time.Duration(ms-first) * time.Millisecond }
		l := Logged{Tag: lib.Tag(), From: since(lib.StartTimeMs()), To: since(lib.EndTimeMs())}
		if l.Hist.take(got.Counts); l.Hist.n != uint64(lib.TotalCount()) {
			return nil, fmt.Errorf("interval log: interval %d: it holds times over %s", len(all)+1, longest)
		}
		all = append(all, l)
	}
}

// take fills an empty histogram from counts; the longest time and the sum are known to the cell then.
func (h *Hist) take(counts []int64) {
	h.reserve()
	for cell, n := range counts[:len(h.counts)] {
		if n > 0 {
			h.counts[cell] = uint64(n)
			h.n += uint64(n)
			h.sum += uint64(n) * uint64(cellStart(cell))
			h.lo, h.hi, h.longest = min(h.lo, cell), cell+1, cellEnd(cell)
		}
	}
}
