package rig_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// The test binary is also the server that tests start in a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := serveChild(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	if os.Getenv("CI") != "" { // a commit is judged by what it changes; everywhere else random days differ from run to run
		if err := flag.Set("rapid.seed", "1"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// serveChild serves until its standard input ends, as it does when the test is gone: profile, listen, store, seed; lean.
func serveChild(args []string) error {
	profile, err := rig.LoadProfile(args[0])
	if err != nil {
		return err
	}
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket})
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[3], 10, 64)
	if err != nil {
		return err
	}
	s, err := rig.Serve(context.Background(), rig.ServeOptions{Rig: r, Listen: args[1], Store: args[2], Seed: sim.Seed(seed), Lean: slices.Contains(args[4:], "lean")})
	if err != nil {
		return err
	}
	line, control := s.Addresses()
	fmt.Println(line, control)
	_, err = io.Copy(io.Discard, os.Stdin)
	s.Close()
	return err
}

// child is a server in another process.
type child struct {
	cmd           *exec.Cmd
	stdin         io.Closer
	line, control string
}

// serving starts a server in another process and waits until it listens.
func serving(t testing.TB, profile, listen, store string, seed sim.Seed, more ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"serve", profile, listen, store, strconv.FormatUint(uint64(seed), 10)}, more...)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &child{cmd: cmd, stdin: stdin}
	t.Cleanup(c.stop)
	told, err := bufio.NewReader(stdout).ReadString('\n')
	must(t, err)
	var ok bool
	if c.line, c.control, ok = strings.Cut(strings.TrimSpace(told), " "); !ok {
		t.Fatalf("the server says %q", told)
	}
	return c
}

// stop ends the server as it should be ended.
func (c *child) stop() {
	if c.cmd != nil {
		_ = c.stdin.Close()
		_ = c.cmd.Wait()
		c.cmd = nil
	}
}

// kill ends the server as a power cut does.
func (c *child) kill(t testing.TB) {
	t.Helper()
	must(t, c.cmd.Process.Kill())
	_ = c.cmd.Wait() // it says that the process was killed
	c.cmd = nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }
