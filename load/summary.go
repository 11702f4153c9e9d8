package load

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Summary is all that a run leaves: summary.json holds it, the report shows it, two of them are compared.
type Summary struct {
	Version  string    `json:"version"` // of tillproof
	Workload string    `json:"workload"`
	Profile  string    `json:"profile,omitempty"`
	Dialect  string    `json:"dialect,omitempty"`
	Machine  string    `json:"machine,omitempty"`
	Seed     uint64    `json:"seed"`
	Started  time.Time `json:"started"`

	WarmUp   time.Duration `json:"warm_up_ns"` // orders due before are not in the figures
	Length   time.Duration `json:"length_ns"`  // how long orders fell due, warm-up included
	Took     time.Duration `json:"took_ns"`
	Interval time.Duration `json:"interval_ns"` // of the rows
	Aborted  string        `json:"aborted,omitempty"`

	Total      Figures        `json:"total"`
	Kinds      []Figures      `json:"kinds"`
	Late       uint64         `json:"late"`      // answers to orders that had timed out
	Duplicate  uint64         `json:"duplicate"` // answers to orders that had been answered
	Unmatched  uint64         `json:"unmatched"` // answers to nothing that was asked
	Malformed  uint64         `json:"malformed"` // answers that cannot be read
	Reversed   uint64         `json:"reversed"`  // payments of unknown outcome that were taken back
	Connected  *Times         `json:"connected,omitempty"`
	Switch     *Times         `json:"switch,omitempty"` // services less what our issuer behind a switch under test took
	Thresholds []Verdict      `json:"thresholds"`
	Checks     []Check        `json:"checks"` // of the run itself
	Limit      Limit          `json:"limit"`
	Money      string         `json:"money,omitempty"`   // what the audit said
	Reached    string         `json:"reached,omitempty"` // what share of this machine's limit
	Replayed   *Replayed      `json:"replayed,omitempty"`
	Rows       []Row          `json:"rows"`
	Slowest    []Told         `json:"slowest"`
	Failed     []Told         `json:"failed"`             // the last of the orders that timed out or broke
	Refusals   map[string]int `json:"refusals,omitempty"` // why tills refused orders, by the screen that said so
	Target     []Series       `json:"target,omitempty"`
	Workers    []Worker       `json:"workers,omitempty"`
	Injected   []Injected     `json:"injected,omitempty"` // what went wrong on purpose
}

// Worker is a process that carried out a part of a run.
type Worker struct {
	Name      string        `json:"name"`
	Tills     int           `json:"tills"`
	Planned   uint64        `json:"planned"`   // orders of its tills
	Delivered uint64        `json:"delivered"` // that it told of
	Until     time.Duration `json:"until_ns"`  // the end of its last interval
	Lost      string        `json:"lost,omitempty"`
}

// Degraded tells that workers were lost, and what of the load was offered; "" when none was. Nothing is scaled to make up for it.
func (s *Summary) Degraded() string {
	var planned, delivered uint64
	var lost []string
	for _, w := range s.Workers {
		planned, delivered = planned+w.Planned, delivered+w.Delivered
		if w.Lost != "" {
			lost = append(lost, w.Name)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return fmt.Sprintf("degraded: offered %d of %d orders; lost: %s", delivered, planned, strings.Join(lost, ", "))
}

// Figures are what became of the orders of a kind, or of all.
type Figures struct {
	Flow  string `json:"flow,omitempty"`
	Entry string `json:"entry,omitempty"`
	Counts
	Codes       map[string]uint64 `json:"codes"`    // answers by field 39
	Declines    map[string]uint64 `json:"declines"` // those of them that declined
	Response    Times             `json:"response"`
	Service     Times             `json:"service"`
	Lateness    Times             `json:"lateness"`
	OwnLateness Times             `json:"own_lateness"` // the generator's part of it
}

// Counts are the ends of orders. Due is their sum.
type Counts struct {
	Due      uint64 `json:"due"`
	Written  uint64 `json:"written"`
	Approved uint64 `json:"approved"`
	Declined uint64 `json:"declined"`
	TimedOut uint64 `json:"timed_out"`
	Dropped  uint64 `json:"dropped"`
	Broken   uint64 `json:"broken"`
	Early    uint64 `json:"early,omitempty"`        // written before they were due: a fault of the sender
	Owed     uint64 `json:"dropped_owed,omitempty"` // of the dropped: their tills were busy with the order before
	Refused  uint64 `json:"refused,omitempty"`      // by their own tills
}

// Times are the percentiles of a measure, in nanoseconds.
type Times struct {
	Count uint64        `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p99_9_ns"`
	P9999 time.Duration `json:"p99_99_ns"`
	Max   time.Duration `json:"max_ns"`
	Curve []Point       `json:"curve,omitempty"`
}

// Point is a place on a percentile curve: a share of the orders took at most this long.
type Point struct {
	Share float64       `json:"share"`
	Time  time.Duration `json:"ns"`
}

// Row is an interval of the run. Due and Written are by their own times; what ended is in the row in which it did.
type Row struct {
	From time.Duration `json:"from_ns"`
	Counts
	Late        uint64            `json:"late,omitempty"`
	Duplicate   uint64            `json:"duplicate,omitempty"`
	Unmatched   uint64            `json:"unmatched,omitempty"`
	Declines    map[string]uint64 `json:"declines,omitempty"` // by field 39
	Response    Times             `json:"response"`
	Service     Times             `json:"service"`
	Lateness    Times             `json:"lateness"`
	OwnLateness Times             `json:"own_lateness"`
	Heat        Heat              `json:"heat"`                // of the response
	Connected   *Times            `json:"connected,omitempty"` // how long connections took to stand
}

// Heat counts times on a coarse scale: four steps a doubling. Step k begins at 64 ns · 2^(k/4).
type Heat struct {
	First  int      `json:"first_step"`
	Counts []uint64 `json:"counts"`
}

// mostConnected is how many connections a second stood in the best row.
func (s *Summary) mostConnected() (most float64) {
	for _, r := range s.Rows {
		if r.Connected != nil {
			most = max(most, float64(r.Connected.Count)/s.Interval.Seconds())
		}
	}
	return most
}

// Sent counts the orders that were written in the rows of a time.
func (s *Summary) Sent(from, to time.Duration) (n uint64) {
	for _, r := range s.Rows {
		if r.From < to && r.From+s.Interval > from {
			n += r.Written
		}
	}
	return n
}

// Series is something of the target over the run, such as the use of its processors.
type Series struct {
	Name   string          `json:"name"`
	Unit   string          `json:"unit"`
	At     []time.Duration `json:"at_ns"`
	Values []float64       `json:"values"`
}

// Told is an order with what is needed to find it on the host.
type Told struct {
	Chain    uint64        `json:"chain"` // `--chain N` tells it again
	Leg      uint8         `json:"leg"`
	Flow     string        `json:"flow"`
	Entry    string        `json:"entry,omitempty"`
	Terminal string        `json:"terminal"`
	STAN     uint32        `json:"stan"`
	End      string        `json:"end"`
	Code     string        `json:"code,omitempty"`
	Due      time.Duration `json:"due_ns"`
	Written  time.Duration `json:"written_ns"`
	Answered time.Duration `json:"answered_ns"`
	Trace    []string      `json:"trace,omitempty"` // what went over the line, masked
}

// Tell says an order in words; terminal names the one with a number.
func Tell(s *Sample, kinds []Kind, terminal func(uint32) string) Told {
	k := kinds[s.Kind]
	return Told{Chain: s.Chain, Leg: s.Leg, Flow: k.Flow, Entry: k.Entry, Terminal: terminal(s.Terminal), STAN: s.STAN, End: s.End.String(),
		Code: Code(s.Code).String(), Due: s.Due, Written: s.Written, Answered: s.Answered}
}

func counts(t *Tally) Counts {
	return Counts{Due: t.Due(), Written: t.Written(), Approved: t.Ends[Approved], Declined: t.Ends[Declined], TimedOut: t.Ends[TimedOut],
		Dropped: t.Ends[Dropped], Broken: t.Ends[Broken] + t.Ends[0], Early: t.Early,
		Owed: t.Owed, Refused: t.Ends[Refused]}
}

// codes counts answer codes: of declines, and of approvals if they are wanted.
func codes(t *Tally, approvals bool) map[string]uint64 {
	m := map[string]uint64{}
	for _, c := range t.Codes {
		if approvals || c.End == Declined {
			m[c.Code.String()] += c.Count
		}
	}
	return m
}

func times(h *Hist) Times {
	return Times{Count: h.Count(), P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), P999: h.Quantile(0.999), P9999: h.Quantile(0.9999),
		Max: h.Max()}
}

// curve gives ten points for each nine of a percentile, as far as there are orders beyond.
func curve(h *Hist) (points []Point) {
	for k := 0; ; k++ {
		beyond := math.Pow(10, -float64(k)/10)
		if beyond*float64(h.Count()) < 1 {
			return points
		}
		points = append(points, Point{1 - beyond, h.Quantile(1 - beyond)})
	}
}

func figures(k Kind, t *Tally) Figures {
	f := Figures{Flow: k.Flow, Entry: k.Entry, Counts: counts(t), Codes: codes(t, true), Declines: codes(t, false)}
	for m, to := range map[Measure]*Times{Response: &f.Response, Service: &f.Service, Lateness: &f.Lateness, OwnLateness: &f.OwnLateness} {
		*to = times(&t.Times[m])
		to.Curve = curve(&t.Times[m])
	}
	return f
}

// Chronicle writes the rows of a run: it is a sink of the run's intervals.
type Chronicle struct{ rows []Row }

// Add takes an interval of the run.
func (c *Chronicle) Add(iv *Interval) {
	t := iv.Total(nil)
	row := Row{From: iv.From, Counts: counts(t), Late: iv.Strays[Late], Duplicate: iv.Strays[Duplicate], Unmatched: iv.Strays[Unmatched],
		Response: times(&t.Times[Response]), Service: times(&t.Times[Service]), Lateness: times(&t.Times[Lateness]), OwnLateness: times(&t.Times[OwnLateness]), Heat: heat(&t.Times[Response])}
	if iv.Connected.Count() > 0 {
		t := times(&iv.Connected)
		row.Connected = &t
	}
	if t.Ends[Declined] > 0 {
		row.Declines = codes(t, false)
	}
	c.rows = append(c.rows, row)
}

// Rows gives what was written, with when orders were due and written.
func (c *Chronicle) Rows(flows []Flow) []Row {
	rows := slices.Clone(c.rows)
	for i := range rows {
		rows[i].Due, rows[i].Written = 0, 0
		if i < len(flows) {
			rows[i].Due, rows[i].Written = flows[i].Due, flows[i].Written
		}
	}
	return rows
}

const heatSteps = 4 // a doubling

func heat(h *Hist) Heat {
	if h.Count() == 0 {
		return Heat{}
	}
	first := heatStep(h.lo)
	counts := make([]uint64, heatStep(h.hi-1)-first+1)
	for cell := h.lo; cell < h.hi; cell++ {
		if n := h.counts[cell]; n > 0 {
			counts[heatStep(cell)-first] += n
		}
	}
	return Heat{first, counts}
}

func heatStep(cell int) int {
	return int(heatSteps * math.Log2(float64(max(cellStart(cell), 1<<unitBits))/(1<<unitBits)))
}

// heatStart is where a step of a heat map begins.
func heatStart(step int) time.Duration {
	return time.Duration((1 << unitBits) * math.Pow(2, float64(step)/heatSteps))
}

// Sum fills the figures of a summary from what was measured.
func (s *Summary) Sum(kinds []Kind, m *Measurement, c *Chronicle) {
	total := m.Total()
	s.Total = figures(Kind{}, total.Total(nil))
	s.Kinds = nil
	for i, k := range kinds {
		s.Kinds = append(s.Kinds, figures(k, &total.Kinds[i]))
	}
	s.Late, s.Duplicate, s.Unmatched, s.Malformed = total.Strays[Late], total.Strays[Duplicate], total.Strays[Unmatched], total.Strays[Malformed]
	s.Reversed = total.Reversed
	if total.Connected.Count() > 0 {
		t := times(&total.Connected)
		s.Connected = &t
	}
	if total.Switch.Count() > 0 {
		t := times(&total.Switch)
		s.Switch = &t
	}
	s.Interval = m.interval
	s.Rows = c.Rows(m.Flows())
	s.JudgeRun()
}

// named is a row of a table.
type named struct {
	Name string
	Figures
}

// Lines are the kinds of order, and their total.
func (s *Summary) Lines() []named {
	var all []named
	for _, k := range s.Kinds {
		all = append(all, named{Kind{k.Flow, k.Entry}.String(), k})
	}
	return append(all, named{"all", s.Total})
}

// CodeList has the answer codes, the most frequent first.
func (s *Summary) CodeList() []nameCount { return byCount(s.Total.Codes) }

type nameCount struct {
	Name  string
	Count uint64
}

// byCount sorts what was counted, the most frequent first.
func byCount[N int | uint64](counts map[string]N) (all []nameCount) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, nameCount{name, uint64(counts[name])})
	}
	slices.SortStableFunc(all, func(a, b nameCount) int { return -cmp.Compare(a.Count, b.Count) })
	return all
}

// share gives a part in percent.
func share(part, of uint64) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(of))
}
