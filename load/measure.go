package load

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// Measure is a time of an order.
type Measure uint8

const (
	Response    Measure = iota // due to answered
	Service                    // written to answered
	Lateness                   // due to written
	OwnLateness                // the generator's part of it
	measures
)

func (m Measure) String() string {
	return [measures]string{"response", "service", "lateness", "own_lateness"}[m]
}

// Stray is an answer that no order was waiting for.
type Stray uint8

const (
	Late      Stray = iota // its order had timed out
	Duplicate              // its order had been answered
	Unmatched              // there is no such order
	Malformed              // it cannot be read
	strays
)

func (s Stray) String() string {
	return [strays]string{"late", "duplicate", "unmatched", "malformed"}[s]
}

// Code is an answer code, padded with blanks.
type Code [3]byte

func (c Code) String() string { return string(bytes.TrimRight(c[:], " \x00")) }

// CodeCount is how often an answer code came, as an approval or as a decline.
type CodeCount struct {
	Code  Code
	End   End
	Count uint64
}

// Tally is what became of the orders of one kind, or of several: their ends, answer codes and times. An order without an answer is in the
// response and service times with the moment at which it timed out; one that never left is in none.
type Tally struct {
	Ends  [ends]uint64
	Early uint64 // written before they were due, which a sender must never do
	Owed  uint64 // of the dropped: their tills were busy for long, so the target made them too late
	Codes []CodeCount
	Times [measures]Hist
}

// Due is how many orders there were.
func (t *Tally) Due() (n uint64) {
	for _, count := range t.Ends {
		n += count
	}
	return n
}

// Written is how many were sent.
func (t *Tally) Written() uint64 { return t.Due() - t.Ends[Dropped] - t.Ends[Refused] }

// Answered is how many answers came that could be believed.
func (t *Tally) Answered() uint64 { return t.Ends[Approved] + t.Ends[Declined] }

func (t *Tally) record(s *Sample) {
	t.Ends[s.End]++
	if !s.Left() {
		if s.End == Dropped && s.OwnLateness() <= s.Waited {
			t.Owed++
		}
		return
	}
	if s.Written < s.Due {
		t.Early++
	}
	t.Times[Response].Add(s.Response())
	t.Times[Service].Add(s.Service())
	t.Times[Lateness].Add(s.Lateness())
	t.Times[OwnLateness].Add(s.OwnLateness())
	if s.End == Approved || s.End == Declined {
		t.addCode(s.Code, s.End, 1)
	}
}

// addCode looks along a list: a host says few codes, and one of them nearly always.
func (t *Tally) addCode(c Code, e End, n uint64) {
	for i := range t.Codes {
		if t.Codes[i].Code == c && t.Codes[i].End == e {
			t.Codes[i].Count += n
			return
		}
	}
	t.Codes = append(t.Codes, CodeCount{c, e, n})
}

// Merge adds another, exactly.
func (t *Tally) Merge(o *Tally) {
	for end, n := range o.Ends {
		t.Ends[end] += n
	}
	t.Early += o.Early
	t.Owed += o.Owed
	for _, c := range o.Codes {
		t.addCode(c.Code, c.End, c.Count)
	}
	for m := range o.Times {
		t.Times[m].Merge(&o.Times[m])
	}
}

func (t *Tally) reset() {
	for m := range t.Times {
		t.Times[m].reset()
	}
	*t = Tally{Codes: t.Codes[:0], Times: t.Times}
}

// Stats is what became of orders by their kind, the answers that no order was waiting for, and how long connections took to stand.
type Stats struct {
	Kinds     []Tally // in the order of the plan's list
	Strays    [strays]uint64
	Reversed  uint64 // payments of unknown outcome that were taken back
	Connected Hist
	Switch    Hist // services less what our issuer behind the switch took
}

func newStats(kinds int) *Stats { return &Stats{Kinds: make([]Tally, kinds)} }

// Merge adds another over the same kinds, exactly.
func (s *Stats) Merge(o *Stats) {
	for i := range o.Kinds {
		s.Kinds[i].Merge(&o.Kinds[i])
	}
	for i, n := range o.Strays {
		s.Strays[i] += n
	}
	s.Reversed += o.Reversed
	s.Connected.Merge(&o.Connected)
	s.Switch.Merge(&o.Switch)
}

// Total is the tally over the kinds that are wanted; nil wants all.
func (s *Stats) Total(wanted func(kind int) bool) *Tally {
	t := &Tally{}
	for i := range s.Kinds {
		if wanted == nil || wanted(i) {
			t.Merge(&s.Kinds[i])
		}
	}
	slices.SortFunc(t.Codes, func(a, b CodeCount) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), bytes.Compare(a.Code[:], b.Code[:]))
	})
	return t
}

func (s *Stats) reset() {
	for i := range s.Kinds {
		s.Kinds[i].reset()
	}
	s.Strays, s.Reversed = [strays]uint64{}, 0
	s.Connected.reset()
	s.Switch.reset()
}

// Flow is how many orders were due in an interval, and how many were written in it, each by its own time.
type Flow struct{ Due, Written uint64 }

// Interval is what ended in a part of the run: an order belongs to the interval in which it was answered, timed out or was dropped, so that
// an interval is complete when it is over. (One that a sender reports late belongs to the interval in which it does.)
type Interval struct {
	Index    int
	From, To time.Duration
	Stats
}

// Recorder is the Desk of one shard: one goroutine. It fills the open interval and hands it over when its time is past.
type Recorder struct {
	m    *Measurement
	open *frame
	end  time.Duration // of the open interval
	id   int
}

// frame is one interval of one shard. Its flows are of the whole run so far: an order is due, and written, long before it ends.
type frame struct {
	recorder, index int
	Stats
	flows   []Flow
	lo, hi  int  // the flows in use
	foreign bool // of a worker: no shard records into it
}

func (f *frame) flow(at, interval time.Duration) *Flow {
	i := int(max(at, 0) / interval)
	for i >= len(f.flows) {
		f.flows = append(f.flows, Flow{})
	}
	f.lo, f.hi = min(f.lo, i), max(f.hi, i+1)
	return &f.flows[i]
}

// Record takes an order that has ended. It allocates nothing, but for the first of a new answer code.
func (r *Recorder) Record(s *Sample) {
	r.Advance(s.Answered)
	f := r.open
	f.flow(s.Due, r.m.interval).Due++
	if s.Left() {
		f.flow(s.Written, r.m.interval).Written++
	}
	f.Kinds[s.Kind].record(s)
	if s.Issuer > 0 && (s.End == Approved || s.End == Declined) {
		f.Switch.Add(s.Service() - s.Issuer)
	}
}

// Late implements Desk: an answer came to an order that had timed out.
func (r *Recorder) Late() { r.open.Strays[Late]++ }

// Duplicate implements Desk.
func (r *Recorder) Duplicate() { r.open.Strays[Duplicate]++ }

// Unmatched implements Desk.
func (r *Recorder) Unmatched() { r.open.Strays[Unmatched]++ }

// Malformed implements Desk.
func (r *Recorder) Malformed() { r.open.Strays[Malformed]++ }

// Reversed implements Desk.
func (r *Recorder) Reversed() { r.open.Reversed++ }

// Connected implements Desk: a connection stands, so long after it was asked for.
func (r *Recorder) Connected(d time.Duration) { r.open.Connected.Add(d) }

// Advance hands over the open interval if its time is past. A shard calls it also when nothing happens, some times an interval: an interval of
// the run is complete when every shard has passed it.
func (r *Recorder) Advance(now time.Duration) {
	if now >= r.end {
		r.hand(int(now / r.m.interval))
	}
}

// Close hands over what is open. The shard is done then.
func (r *Recorder) Close() { r.hand(math.MaxInt) }

func (r *Recorder) hand(next int) {
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = append(m.full, r.open)
	m.passed[r.id] = next
	if next == math.MaxInt {
		r.open, r.end = nil, math.MaxInt64
		return
	}
	if n := len(m.spare); n > 0 {
		r.open, m.spare = m.spare[n-1], m.spare[:n-1]
	} else {
		r.open = m.newFrame()
	}
	r.open.recorder, r.open.index = r.id, next
	r.end = time.Duration(next+1) * m.interval
}

// Measurement puts together what the shards of a run record: intervals as they are complete, and the total.
type Measurement struct {
	kinds    int
	interval time.Duration
	length   time.Duration

	mu     sync.Mutex
	full   []*frame // handed over, not yet collected
	spare  []*frame
	passed []int // by recorder: the first interval it has not handed over

	collecting sync.Mutex
	pending    map[int]*Stats
	emitted    int // intervals
	free       []*Stats
	total      *Stats
	flows      []Flow
}

// NewMeasurement measures orders of so many kinds in intervals, 1 s being usual. The expected length of the run makes room ahead; a run may last longer.
func NewMeasurement(kinds int, interval, length time.Duration) (*Measurement, error) {
	if kinds < 1 || kinds > math.MaxUint16 {
		return nil, fmt.Errorf("measurement: want from 1 to %d kinds of orders, got %d", math.MaxUint16, kinds)
	}
	if interval < 10*time.Millisecond {
		return nil, fmt.Errorf("measurement: interval: want at least 10ms, got %s", interval)
	}
	return &Measurement{kinds: kinds, interval: interval, length: length, pending: map[int]*Stats{}, total: newStats(kinds)}, nil
}

func (m *Measurement) newFrame() *frame {
	f := &frame{Stats: *newStats(m.kinds), lo: math.MaxInt, flows: make([]Flow, 0, m.length/m.interval+180)}
	f.Connected, f.Switch = newHist(), newHist()
	for i := range f.Kinds {
		f.Kinds[i].Codes = make([]CodeCount, 0, 32)
		for t := range f.Kinds[i].Times {
			f.Kinds[i].Times[t] = newHist()
		}
	}
	return f
}

// Recorder adds a shard. All are added before the first of them records.
func (m *Measurement) Recorder() *Recorder {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &Recorder{m: m, id: len(m.passed), open: m.newFrame(), end: m.interval}
	r.open.recorder = r.id
	m.passed = append(m.passed, 0)
	m.spare = append(m.spare, m.newFrame(), m.newFrame()) // so that a shard finds one also when Collect comes late
	return r
}

// Collect merges what the shards have handed over and gives each interval that is complete to the sinks, in order and without a gap. An
// interval is the sink's until it returns. Somebody calls Collect about once an interval, and once more after the shards are closed.
func (m *Measurement) Collect(sinks ...func(*Interval)) {
	m.collecting.Lock()
	defer m.collecting.Unlock()
	m.mu.Lock()
	full, complete := m.full, slices.Min(append(m.passed, math.MaxInt))
	m.full = nil
	m.mu.Unlock()
	for _, f := range full {
		m.take(f)
	}
	m.mu.Lock()
	for _, f := range full {
		if !f.foreign {
			m.spare = append(m.spare, f)
		}
	}
	m.mu.Unlock()
	if complete == math.MaxInt { // all closed: the last interval is the last that holds anything
		complete = m.emitted
		for i := range m.pending {
			complete = max(complete, i+1)
		}
	}
	for ; m.emitted < complete; m.emitted++ {
		m.emit(sinks)
	}
}

func (m *Measurement) take(f *frame) {
	s := m.pending[f.index]
	if s == nil {
		s = m.empty()
		m.pending[f.index] = s
	}
	s.Merge(&f.Stats)
	if missing := f.hi - len(m.flows); missing > 0 {
		m.flows = append(m.flows, make([]Flow, missing)...)
	}
	for i := f.lo; i < f.hi; i++ {
		m.flows[i].Due += f.flows[i].Due
		m.flows[i].Written += f.flows[i].Written
		f.flows[i] = Flow{}
	}
	f.lo, f.hi = math.MaxInt, 0
	f.Stats.reset()
}

func (m *Measurement) empty() *Stats {
	if n := len(m.free); n > 0 {
		s := m.free[n-1]
		m.free = m.free[:n-1]
		return s
	}
	return newStats(m.kinds)
}

func (m *Measurement) emit(sinks []func(*Interval)) {
	s := m.pending[m.emitted]
	if s == nil {
		s = m.empty()
	}
	delete(m.pending, m.emitted)
	m.total.Merge(s)
	from := time.Duration(m.emitted) * m.interval
	iv := &Interval{Index: m.emitted, From: from, To: from + m.interval, Stats: *s}
	for _, sink := range sinks {
		sink(iv)
	}
	s.reset()
	m.free = append(m.free, s)
}

// Total is what became of all orders of the intervals that were collected. It is complete after the last Collect.
func (m *Measurement) Total() *Stats {
	m.collecting.Lock()
	defer m.collecting.Unlock()
	total := newStats(m.kinds)
	total.Merge(m.total)
	return total
}

// Flows tells for each interval how many orders were due and written in it. It knows of orders that have ended, so it is complete after the
// last Collect.
func (m *Measurement) Flows() []Flow {
	m.collecting.Lock()
	defer m.collecting.Unlock()
	return slices.Clone(m.flows)
}
