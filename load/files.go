package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Dir is the directory that a run writes: interval logs and orders while it goes on, the rest at its end.
//
//	summary.json                                 Summary
//	response.hlog service.hlog lateness.hlog     HdrHistogram logs, an interval a line; the response also by kind
//	results.gob                                  vegeta's: vegeta report results.gob
//	metrics.prom                                 Prometheus' text format
//	report.html                                  opens offline
type Dir struct {
	path    string
	kinds   []Kind
	started time.Time
	logs    []*IntervalLog
	files   []*file
	spools  []*Spool
	orders  []*file
}

// file is a file that is written through a buffer.
type file struct {
	*bufio.Writer
	f *os.File
}

func create(path string) (*file, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	return &file{bufio.NewWriterSize(f, 1<<16), f}, nil
}

func (f *file) Close() error { return errors.Join(f.Flush(), f.f.Close()) }

// NewDir makes a directory for a run of so many shards; what an earlier run left in it is written over. Close it with Finish.
func NewDir(path string, kinds []Kind, started time.Time, shards int) (*Dir, error) {
	d := &Dir{path: path, kinds: kinds, started: started}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	for m := range measures {
		f, err := create(d.file(m.String() + ".hlog"))
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.files = append(d.files, f)
		byKind := kinds
		if m != Response {
			byKind = nil
		}
		d.logs = append(d.logs, NewIntervalLog(f, m, byKind, started))
	}
	for i := range shards {
		f, err := create(d.file("orders-" + strconv.Itoa(i)))
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.orders = append(d.orders, f)
		d.spools = append(d.spools, NewSpool(f))
	}
	return d, nil
}

func (d *Dir) file(name string) string { return filepath.Join(d.path, name) }

// Spool takes the orders of a shard as they end.
func (d *Dir) Spool(shard int) *Spool { return d.spools[shard] }

// Add takes an interval of the run.
func (d *Dir) Add(iv *Interval) {
	for _, l := range d.logs {
		l.Add(iv)
	}
}

// Finish writes all that is written at the end. The orders of the shards become results.gob. An error with one file keeps no other from being
// written.
func (d *Dir) Finish(s *Summary, total *Stats, terminal func(uint32) string) error {
	var errs []error
	for _, l := range d.logs {
		errs = append(errs, l.Err())
	}
	for _, spool := range d.spools {
		errs = append(errs, spool.Flush())
	}
	errs = append(errs, d.close())
	for name, write := range map[string]func(io.Writer) error{
		"summary.json": func(w io.Writer) error { return WriteSummary(w, s) },
		"metrics.prom": func(w io.Writer) error { return WriteMetrics(w, d.kinds, total) },
		"report.html":  func(w io.Writer) error { return WriteReport(w, s) },
		"results.gob":  func(w io.Writer) error { return d.results(w, s.Workload, terminal) },
	} {
		f, err := create(d.file(name))
		if err == nil {
			err = errors.Join(write(f), f.Close())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.file(name), err))
		}
	}
	return errors.Join(errs...)
}

func (d *Dir) results(w io.Writer, attack string, terminal func(uint32) string) error {
	var spools []io.ReadSeeker
	for _, o := range d.orders {
		f, err := os.Open(o.f.Name())
		if err != nil {
			return err
		}
		defer f.Close()
		spools = append(spools, f)
	}
	if err := WriteResults(w, "gob", attack, d.started, d.kinds, terminal, InOrder(spools...)); err != nil {
		return err
	}
	for _, o := range d.orders {
		if err := os.Remove(o.f.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) close() error {
	var errs []error
	for _, f := range append(d.files, d.orders...) {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// WriteSummary writes summary.json.
func WriteSummary(w io.Writer, s *Summary) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(s)
}

// ReadSummary reads the summary of a run from its directory.
func ReadSummary(dir string) (*Summary, error) {
	b, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w (want a directory that `tillproof load` wrote)", dir, err)
	}
	s, err := ParseSummary(b)
	if err != nil {
		return nil, fmt.Errorf("run %s: summary.json: %w", dir, err)
	}
	return s, nil
}

// ParseSummary reads what WriteSummary wrote.
func ParseSummary(b []byte) (*Summary, error) {
	s := &Summary{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, err
	}
	steps := heatStep(cellOf(longest)) + 1
	for i, r := range s.Rows {
		switch h := r.Heat; {
		case s.Interval <= 0 || r.From != time.Duration(i)*s.Interval || r.From > maxRun:
			return nil, fmt.Errorf("rows: row %d begins at %s, and the interval is %s", i, r.From, s.Interval)
		case h.First < 0 || h.First > steps || len(h.Counts) > steps-h.First:
			return nil, fmt.Errorf("rows: row %d: heat: want at most %d steps", i, steps)
		}
	}
	for _, f := range append(s.Kinds, s.Total) {
		for _, t := range []*Times{&f.Response, &f.Service, &f.Lateness, &f.OwnLateness} {
			for _, p := range t.Curve {
				if !(p.Share >= 0 && p.Share < 1-1e-15) || p.Time < 0 {
					return nil, fmt.Errorf("curve: a share of %g took %d ns", p.Share, p.Time)
				}
			}
		}
	}
	for _, t := range s.Target {
		if len(t.At) != len(t.Values) {
			return nil, fmt.Errorf("target: %s has %d times and %d values", t.Name, len(t.At), len(t.Values))
		}
	}
	if s.WarmUp < 0 || s.Length < s.WarmUp || s.Length > maxRun {
		return nil, fmt.Errorf("length: %s with a warm-up of %s", s.Length, s.WarmUp)
	}
	return s, nil
}

const maxRun = 366 * 24 * time.Hour
