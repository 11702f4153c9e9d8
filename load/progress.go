package load

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const quietFor = 10 * time.Second // between lines where nobody watches

// Progress tells how a run goes: on a terminal two lines that are written over each second, elsewhere a line each 10 s at most. It is a sink of the
// run's intervals. Percentiles are of the time since the last line, counts of the run so far.
type Progress struct {
	w     io.Writer
	tty   bool
	flow  func() Flow
	since Tally // the last line
	sofar Tally
	stray [strays]uint64
	told  time.Duration // when the last line was written
	was   Flow          // then
	lines int           // on the terminal, to be written over
}

// NewProgress writes to w. flow gives how many orders were due and written so far, also those that have not ended.
func NewProgress(w io.Writer, tty bool, flow func() Flow) *Progress {
	return &Progress{w: w, tty: tty, flow: flow}
}

// Add takes an interval of the run.
func (p *Progress) Add(iv *Interval) {
	t := iv.Total(nil)
	p.since.Merge(t)
	p.sofar.Merge(t)
	for i, n := range iv.Strays {
		p.stray[i] += n
	}
	every := quietFor
	if p.tty {
		every = time.Second
	}
	if iv.To-p.told >= every {
		p.tell(iv.To)
	}
}

func (p *Progress) tell(now time.Duration) {
	flow := p.flow()
	seconds := (now - p.told).Seconds()
	rate := func(now, was uint64) string { return number(float64(int(float64(now-was)/seconds+0.5))) + "/s" }
	response, lateness := &p.since.Times[Response], &p.since.Times[OwnLateness]
	times := fmt.Sprintf("%5s  due %s, reached %s   response p50 %s  p99 %s  p99.9 %s   own lateness p99 %s", now.Round(time.Second), rate(flow.Due, p.was.Due),
		rate(flow.Written, p.was.Written), shortTime(response.Quantile(0.5)), shortTime(response.Quantile(0.99)), shortTime(response.Quantile(0.999)),
		shortTime(lateness.Quantile(0.99)))
	counts := fmt.Sprintf("approved %d  declined %d%s  timed out %d  dropped %d  refused %d  broken %d  late %d  duplicate %d  unmatched %d", p.sofar.Ends[Approved],
		p.sofar.Ends[Declined], p.declines(), p.sofar.Ends[TimedOut], p.sofar.Ends[Dropped], p.sofar.Ends[Refused], p.sofar.Ends[Broken], p.stray[Late], p.stray[Duplicate], p.stray[Unmatched])
	switch {
	case !p.tty:
		fmt.Fprintf(p.w, "%s   %s\n", times, counts)
	case p.lines > 0:
		fmt.Fprintf(p.w, "\x1b[2A\x1b[K%s\n\x1b[K       %s\n", times, counts)
	default:
		fmt.Fprintf(p.w, "%s\n       %s\n", times, counts)
	}
	p.lines, p.told, p.was = 2, now, flow
	p.since.reset()
}

// declines names the codes, the most frequent three of them.
func (p *Progress) declines() string {
	var parts []string
	for _, c := range (&Stats{Kinds: []Tally{p.sofar}}).Total(nil).Codes {
		if c.End == Declined && len(parts) < 3 {
			parts = append(parts, fmt.Sprintf("%s×%d", c.Code, c.Count))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, " ") + ")"
}
