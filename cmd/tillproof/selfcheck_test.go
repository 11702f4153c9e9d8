package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/steps"
)

// A process that does not answer is killed, and one that dies tells what it said; neither is waited for.
func TestBenchOutlivesItsProcess(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"hangs", "exec sleep 600", "was killed: no verdict within 50ms"},
		{"dies", "read errand; echo out of memory >&2; exit 3", "ended (exit status 3): out of memory"},
		{"talks nonsense", "read errand; echo { ; exit 0", "ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{process: exec.Command("sh", "-c", c.script), said: &bytes.Buffer{}}
			b.process.Stderr = b.said
			var err error
			if b.errands, err = b.process.StdinPipe(); err != nil {
				t.Fatal(err)
			}
			out, err := b.process.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			b.trials = json.NewDecoder(out)
			if err := b.process.Start(); err != nil {
				t.Fatal(err)
			}
			patience := time.Minute
			if c.name == "hangs" {
				patience = 50 * time.Millisecond
			}
			if _, err := b.try(t.Context(), steps.Errand{Defect: "any"}, patience); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			b.kill()
		})
	}
}
