package rig_test

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Without Docker the seat says so, with its place.
func TestContainerWithoutDocker(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	p, err := rig.LoadProfile("container")
	must(t, err)
	_, err = rig.StartContainer(t.Context(), p, io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "profile profiles/container.yaml:5: seat: no Docker daemon answers here (") {
		t.Errorf("it says %v", err)
	}
}

// dockered skips where there is no daemon, or not our image.
func dockered(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts containers")
	}
	if out, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		t.Skipf("no Docker daemon answers: %s%v", out, err)
	}
	if err := exec.Command("docker", "image", "inspect", "tillproof:latest").Run(); err != nil {
		t.Skip("image tillproof:latest is not here: `make image` builds it")
	}
	left := ours(t)
	t.Cleanup(func() {
		if now := ours(t); now != left {
			t.Errorf("containers and networks are left: %q, before %q", now, left)
		}
	})
}

// ours lists our containers and networks.
func ours(t *testing.T) string {
	t.Helper()
	containers, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter", "label=tillproof").Output()
	must(t, err)
	networks, err := exec.Command("docker", "network", "ls", "--quiet", "--filter", "name=tillproof-test").Output()
	must(t, err)
	return string(containers) + string(networks)
}

// contained writes the shipped profile with something else in it.
func contained(t *testing.T, old, other string) *rig.Profile {
	t.Helper()
	file := shippedWith(t, "container", old, other)
	p, err := rig.LoadProfile(file)
	must(t, err)
	return p
}

// hostLog gathers what a container prints.
type hostLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *hostLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *hostLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// The whole suite runs at our acquirer in a container, in a network of its own: what needs no more than the line holds, the rest is skipped with
// its reason. What it printed is kept, and nothing of it is left.
func TestSuiteOnAContainer(t *testing.T) {
	dockered(t)
	log := &hostLog{}
	c, err := rig.StartContainer(t.Context(), contained(t, "# network: a-network", "network: tillproof-test"), log)
	must(t, err)
	defer func() { must(t, c.Close()) }()
	all, run := verdicts(t, rig.Options{Profile: c.Profile, Line: rig.LineSocket}, 2, "")
	if code := run.ExitCode(); code != reports.ExitHeld {
		t.Errorf("it ends with code %d", code)
	}
	passed := 0
	for id, s := range all {
		switch {
		case s.Status == reports.Passed:
			passed++
		case s.Status != reports.Skipped || s.Reason == "":
			t.Errorf("%s: %s", id, why(s))
		}
	}
	if passed < 150 {
		t.Errorf("only %d scenarios passed", passed)
	}
	must(t, c.Close())
	if text := log.String(); !strings.Contains(text, "payment line [::]:8583") || !strings.Contains(text, "the issuer approved") || strings.Contains(text, "6200120018438862") {
		t.Errorf("its log has %d bytes: %.300s", len(text), text)
	}
}

// What keeps a container from its work is told, and the container goes.
func TestContainerThatIsNotReady(t *testing.T) {
	dockered(t)
	for _, c := range []struct{ name, old, other, want string }{
		{"no such image", "tillproof:latest", "tillproof:nobody-built-it", "container.image: tillproof:nobody-built-it: no such image: build it (ours: `make image`) or pull it first"},
		{"ends at once", `command: [serve, --profile, container, --listen, "0.0.0.0:8583"]`, "command: [steps]", "container: the container ended before it was ready; its log tells why"},
		{"listens to itself", `--listen, "0.0.0.0:8583"]`, `--listen, "127.0.0.1:8583"]`, "container: it answers no echo within 3s ("},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := contained(t, c.old, c.other)
			p.Container.Ready = 3 * time.Second
			if _, err := rig.StartContainer(t.Context(), p, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v", err)
			}
		})
	}
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := rig.StartContainer(ctx, contained(t, `--listen, "0.0.0.0:8583"]`, `--listen, "127.0.0.1:8583"]`), io.Discard); err == nil {
			t.Error("it is ready")
		}
	})
}

// A container's profile is checked before Docker is asked.
func TestContainerProfileMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, other, want string }{
		{"no port", "port: 8583", "port: 0", ":8: container: port 0: want that of the payment line inside, 1 to 65535"},
		{"no image", "image: tillproof:latest", "image: ''", ":8: container: which image?"},
		{"an address", "seat: container", "seat: container\naddress: 127.0.0.1:5", ":6: address: a container is reached at a port of this machine that Docker gives: take the address out"},
		{"no container", "seat: container", "seat: boat", `"boat" is no seat: want embedded, remote, container, terminal or switch`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := rig.LoadProfile(shippedWith(t, "container", c.old, c.other)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
