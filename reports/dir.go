package reports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteDir writes a run directory: the file of every format, and traces/<scenario id>.ndjson with what happened in each
// scenario. It makes the directory if need be and replaces the reports of an earlier run in it. A file that cannot be
// written does not keep the others from being written.
func WriteDir(dir string, r *Run) error {
	traces := filepath.Join(dir, "traces")
	if err := os.MkdirAll(traces, 0o755); err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(traces, "*.ndjson"))
	errs := []error{err}
	for _, name := range old {
		errs = append(errs, os.Remove(name))
	}
	for _, f := range Formats() {
		errs = append(errs, writeFile(filepath.Join(dir, f.File), func(w io.Writer) error { return f.Write(w, r) }))
	}
	for s := range r.scenarios {
		if len(s.Trace) > 0 {
			errs = append(errs, writeFile(filepath.Join(dir, traceFile(s)), func(w io.Writer) error { return WriteTrace(w, s) }))
		}
	}
	return errors.Join(errs...)
}

// traceFile is where a run directory holds the trace of a scenario.
func traceFile(s *Scenario) string { return "traces/" + s.ID + ".ndjson" }

// WriteTrace writes the events of one scenario, one JSON object a line.
func WriteTrace(w io.Writer, s *Scenario) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, event := range s.Trace {
		if err := e.Encode(event); err != nil {
			return fmt.Errorf("trace of %s, event %d: %w", s.ID, event.Seq, err)
		}
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	b := bufio.NewWriter(f)
	if err := errors.Join(write(b), b.Flush(), f.Close()); err != nil {
		return fmt.Errorf("run directory: %s: %w", name, err)
	}
	return nil
}
