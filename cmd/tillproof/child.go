package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// child is a `tillproof serve` in a process of its own, so that what a load run measures is not mixed with what it measures it with.
type child struct {
	command *exec.Cmd
	self    string
	flags   []string
	line    string // its payment line
	control string // its control door
	rest    chan error
}

// childPatience is how long a child may take to start, and to end.
const childPatience = 20 * time.Second

// startServe starts the reference acquirer with a profile, and waits until its doors are open. Stop it.
func startServe(ctx context.Context, profile string, flags ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the acquirer's process: %w", err)
	}
	c := &child{self: self, flags: append([]string{"serve", "--quiet", "--profile", profile}, flags...), line: "127.0.0.1:0", control: "127.0.0.1:0"}
	return c, c.start(ctx)
}

// start starts it at its addresses.
func (c *child) start(ctx context.Context) error {
	c.command, c.rest = exec.Command(c.self, append(slices.Clone(c.flags), "--listen", c.line, "--control", c.control)...), make(chan error, 1)
	c.command.Args[0], c.command.Stderr = os.Args[0], os.Stderr // under the name that we were called by
	c.command.SysProcAttr = apart()
	out, err := c.command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("the acquirer's process: %w", err)
	}
	if err := c.command.Start(); err != nil {
		return fmt.Errorf("the acquirer's process: %w", err)
	}
	doors := make(chan [2]string, 1)
	go listen(c.command, c.rest, out, doors)
	select {
	case at := <-doors:
		c.line, c.control = at[0], at[1]
		return nil
	case err = <-c.rest:
		err = fmt.Errorf("the acquirer's process ended before its doors were open: %w", err)
	case <-time.After(childPatience):
		err = fmt.Errorf("the acquirer's process did not open its doors within %s", childPatience)
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.stop()
	return err
}

// Restart implements campaign.Host: the process is killed, and started again with the same addresses and flags.
func (c *child) Restart(ctx context.Context) error {
	if err := c.command.Process.Kill(); err != nil {
		return fmt.Errorf("the acquirer's process: %w", err)
	}
	<-c.rest // it ends with the signal
	return c.start(ctx)
}

// listen reads what the child says, so that it never waits for a reader.
func listen(command *exec.Cmd, rest chan<- error, out io.Reader, doors chan<- [2]string) {
	lines := bufio.NewScanner(out)
	line := ""
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "payment line "); ok {
			line, _, _ = strings.Cut(at, ",")
		}
		if at, ok := strings.CutPrefix(lines.Text(), "control door http://"); ok {
			doors <- [2]string{line, at}
		}
	}
	rest <- errors.Join(lines.Err(), command.Wait())
}

// stop ends the child, and waits for its end.
func (c *child) stop() {
	_ = c.command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-c.rest:
	case <-time.After(childPatience):
		_ = c.command.Process.Kill()
		<-c.rest
	}
}
