package rig_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/rig"
)

// Two runs at once would take the same trace numbers of the same terminals: the second one is refused, until the first has ended.
func TestStateFileIsOneRuns(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("no lock on " + runtime.GOOS)
	}
	profile, err := rig.LoadProfile("loopback-remote")
	must(t, err)
	if state := os.Getenv("STATE_OF_ANOTHER_RUN"); state != "" { // the other run
		r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: state})
		must(t, err)
		os.Stdout.WriteString("\nholds it\n")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		runtime.KeepAlive(r)
		return
	}
	state := filepath.Join(t.TempDir(), "runs", "state.json")
	other := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	other.Env = append(os.Environ(), "STATE_OF_ANOTHER_RUN="+state)
	in, err := other.StdinPipe()
	must(t, err)
	out, err := other.StdoutPipe()
	must(t, err)
	must(t, other.Start())
	said := bufio.NewScanner(out)
	for said.Scan() && said.Text() != "holds it" {
	}
	_, err = rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: state})
	if err == nil || !strings.Contains(err.Error(), "another run (process ") || !strings.Contains(err.Error(), state) {
		t.Errorf("beside another run: %v", err)
	}
	must(t, in.Close())
	must(t, other.Wait())
	if _, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket, State: state}); err != nil {
		t.Errorf("after the other run: %v", err)
	}
}
