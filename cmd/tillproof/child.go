package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// child is a `tillproof serve` in a process of its own, so that what a load run measures is not mixed with what it measures it with.
type child struct {
	command *exec.Cmd
	control string // its control door
	rest    chan error
}

// childPatience is how long a child may take to start, and to end.
const childPatience = 20 * time.Second

// startServe starts the reference acquirer with a profile, and waits until its doors are open. Stop it.
func startServe(ctx context.Context, profile string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the acquirer's process: %w", err)
	}
	c := &child{command: exec.Command(self, "serve", "--quiet", "--profile", profile, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"), rest: make(chan error, 1)}
	c.command.Args[0], c.command.Stderr = os.Args[0], os.Stderr // under the name that we were called by
	c.command.SysProcAttr = apart()
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("the acquirer's process: %w", err)
	}
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("the acquirer's process: %w", err)
	}
	door := make(chan string, 1)
	go c.listen(out, door)
	select {
	case c.control = <-door:
		return c, nil
	case err = <-c.rest:
		err = fmt.Errorf("the acquirer's process ended before its doors were open: %w", err)
	case <-time.After(childPatience):
		err = fmt.Errorf("the acquirer's process did not open its doors within %s", childPatience)
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.stop()
	return nil, err
}

// listen reads what the child says, so that it never waits for a reader.
func (c *child) listen(out io.Reader, door chan<- string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "control door http://"); ok {
			door <- at
		}
	}
	c.rest <- errors.Join(lines.Err(), c.command.Wait())
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
