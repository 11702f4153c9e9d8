package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A run that is interrupted takes its container away.
func TestInterruptedRunRemovesItsContainer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a container")
	}
	if err := exec.Command("docker", "image", "inspect", "tillproof:latest").Run(); err != nil {
		t.Skip("no Docker daemon answers, or image tillproof:latest is not there: `make image` builds it")
	}
	containers := func() string {
		out, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter", "label=tillproof=container").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	before := containers()
	c := tillproof(t, "run", "--profile", "container", "--parallel", "1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); containers() == before; {
		if time.Now().After(end) {
			t.Error("no container was started")
			break
		}
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := code(c.Wait()); got != 130 {
		t.Errorf("it ended with %d", got)
	}
	if after := containers(); after != before {
		t.Errorf("containers %q are left", after)
	}
}
