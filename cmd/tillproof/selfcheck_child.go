package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/steps"
)

// trialPatience is how long a process may take over one defect. It has a patience of its own, half as long, which tells more.
const trialPatience = 2 * time.Minute

// benches are the processes in which selfcheck has defects tried: `tillproof selfcheck --child`, as many as there are defects at once.
type benches struct {
	seed     uint64
	patience time.Duration
	free     chan *bench
}

// bench is one such process; nil in the channel of the free ones stands for one that has still to be started.
type bench struct {
	process *exec.Cmd
	errands io.WriteCloser
	trials  *json.Decoder
	said    *bytes.Buffer // on its standard error
}

func newBenches(n int, seed uint64) *benches {
	b := &benches{seed: seed, patience: trialPatience, free: make(chan *bench, n)}
	for range n {
		b.free <- nil
	}
	return b
}

// try has a defect tried. A process that does not answer in time is killed, and the next defect gets a new one.
func (b *benches) try(ctx context.Context, e steps.Errand) steps.Trial {
	at := <-b.free
	trial, err := steps.Trial{}, error(nil)
	if at == nil {
		at, err = startBench(b.seed)
	}
	if err == nil {
		trial, err = at.try(ctx, e, b.patience)
	}
	if err != nil {
		at.kill()
		at = nil
		trial = steps.Trial{Defect: rig.Defect{Name: e.Defect}, Trouble: err.Error()}
	}
	b.free <- at
	return trial
}

func (b *benches) close() {
	for range cap(b.free) {
		if at := <-b.free; at != nil {
			_ = at.errands.Close() // it ends with its errands
			_ = at.process.Wait()
		}
	}
}

func startBench(seed uint64) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("its process: %w", err)
	}
	b := &bench{process: exec.Command(self, "selfcheck", "--child", "--seed", fmt.Sprint(seed)), said: &bytes.Buffer{}}
	b.process.Args[0], b.process.Stderr, b.process.SysProcAttr = os.Args[0], b.said, apart()
	if b.errands, err = b.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("its process: %w", err)
	}
	out, err := b.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("its process: %w", err)
	}
	b.trials = json.NewDecoder(out)
	if err := b.process.Start(); err != nil {
		return nil, fmt.Errorf("its process: %w", err)
	}
	return b, nil
}

func (b *bench) try(ctx context.Context, e steps.Errand, patience time.Duration) (t steps.Trial, err error) {
	watchdog, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(watchdog, func() { _ = b.process.Process.Kill() })()
	if err = json.NewEncoder(b.errands).Encode(e); err == nil {
		err = b.trials.Decode(&t)
	}
	if err == nil {
		return t, nil
	}
	if watchdog.Err() != nil {
		return t, fmt.Errorf("its process was killed: no verdict within %s", patience)
	}
	ended := b.process.Wait()
	last, _, _ := strings.Cut(strings.TrimSpace(b.said.String()), "\n")
	return t, fmt.Errorf("its process ended (%v): %s", ended, last)
}

func (b *bench) kill() {
	if b != nil {
		_ = b.process.Process.Kill() // it may have ended
		_ = b.process.Wait()
	}
}
