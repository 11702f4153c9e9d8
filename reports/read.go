package reports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// longestEvent bounds the bytes of one line of a trace.
const longestEvent = 16 << 20

// ReadDir reads a run directory again: the tree, and the trace of each scenario that has one.
func ReadDir(dir string) (*Run, error) { return readRun(os.DirFS(dir), filepath.Base(dir)) }

// Holds tells that a directory holds such a run.
func Holds(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "run.json"))
	return err == nil
}

func readRun(files fs.FS, name string) (*Run, error) {
	text, err := fs.ReadFile(files, "run.json")
	if err != nil {
		return nil, fmt.Errorf("run %s: %w: want a directory that `tillproof run` wrote", name, err)
	}
	r := &Run{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("run %s: run.json: %w", name, err)
	}
	for s := range r.scenarios {
		if s.ID == "" || !fs.ValidPath(traceFile(s)) {
			return nil, fmt.Errorf("run %s: run.json: scenario id %q is none", name, s.ID)
		}
		if s.Trace, err = readTrace(files, traceFile(s)); err != nil {
			return nil, fmt.Errorf("run %s: %w", name, err)
		}
	}
	return r, nil
}

// readTrace gives nil for a scenario that was not run and so left no trace.
func readTrace(files fs.FS, name string) ([]trace.Event, error) {
	f, err := files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []trace.Event
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestEvent)
	for lines.Scan() {
		var e trace.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, len(all)+1, err)
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s, line %d: %w", name, len(all)+1, err)
	}
	return all, nil
}
