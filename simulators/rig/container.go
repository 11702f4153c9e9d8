package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// ProfileContainer is the container that a host runs in.
type ProfileContainer struct {
	Image   string            `yaml:"image"`   // name:tag, which must be on this machine: nothing is pulled
	Command []string          `yaml:"command"` // for the image's entry point; its own when absent
	Port    int               `yaml:"port"`    // of the payment line, inside
	Env     map[string]string `yaml:"env"`
	Network string            `yaml:"network"` // of Docker's, to join; made for the run when there is none of that name
	Ready   time.Duration     `yaml:"ready"`   // the longest wait until it answers an echo; 0 is a minute
}

// Container is a host that runs until Close.
type Container struct {
	Profile *Profile // of a remote host at the container's port on loopback

	pool     *dockertest.Pool
	resource *dockertest.Resource
	network  *dockertest.Network // to be removed; nil for one that was there
	logged   chan struct{}
	stopLogs context.CancelFunc
}

// longestContainer is when a container that nobody removed is stopped: its tillproof was killed.
const longestContainer = 6 * time.Hour

// StartContainer runs the profile's container and waits until it answers an echo. All that it prints goes to log. It is reached by loopback only.
func StartContainer(ctx context.Context, p *Profile, log io.Writer) (*Container, error) {
	c := &Container{logged: make(chan struct{}), stopLogs: func() {}}
	var err error
	if c.pool, err = dockertest.NewPool(""); err == nil {
		err = c.pool.Client.PingWithContext(ctx)
	}
	if err != nil {
		return nil, p.mistake("$.seat", "no Docker daemon answers here (%v): start one, or take another seat", err)
	}
	if _, err := c.pool.Client.InspectImage(p.Container.Image); err != nil {
		return nil, p.mistake("$.container.image", "%s: %v: build it (ours: `make image`) or pull it first", p.Container.Image, err)
	}
	if err := c.start(ctx, p, log); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := c.ready(ctx, p.Container.Ready); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Container) start(ctx context.Context, p *Profile, log io.Writer) error {
	w := p.Container
	repository, tag := w.Image, ""
	if i := strings.LastIndexByte(w.Image, ':'); i > strings.LastIndexByte(w.Image, '/') {
		repository, tag = w.Image[:i], w.Image[i+1:]
	}
	port := fmt.Sprintf("%d/tcp", w.Port)
	o := &dockertest.RunOptions{Name: fmt.Sprintf("tillproof-%d-%d", os.Getpid(), time.Now().UnixNano()), Repository: repository, Tag: tag, Cmd: w.Command,
		ExposedPorts: []string{port}, Labels: map[string]string{"tillproof": p.Name},
		PortBindings: map[docker.Port][]docker.PortBinding{docker.Port(port): {{HostIP: "127.0.0.1"}}}}
	for _, name := range slices.Sorted(maps.Keys(w.Env)) {
		o.Env = append(o.Env, name+"="+w.Env[name])
	}
	if w.Network != "" {
		n, err := c.join(w.Network)
		if err != nil {
			return p.mistake("$.container.network", "%v", err)
		}
		o.Networks = []*dockertest.Network{n}
	}
	resource, err := c.pool.RunWithOptions(o, func(h *docker.HostConfig) {
		h.AutoRemove, h.PublishAllPorts = true, false
	})
	if err != nil {
		_ = c.pool.RemoveContainerByName(o.Name) // one that was made and did not start
		return p.mistake("$.container", "%v", err)
	}
	c.resource = resource
	if err := resource.Expire(uint(longestContainer / time.Second)); err != nil {
		return fmt.Errorf("container: %w", err)
	}
	logs, stop := context.WithCancel(context.WithoutCancel(ctx)) // what it says while it is stopped is heard too
	c.stopLogs = stop
	go func() {
		defer close(c.logged)
		err := c.pool.Client.Logs(docker.LogsOptions{Context: logs, Container: resource.Container.ID, OutputStream: log, ErrorStream: log, Stdout: true, Stderr: true, Follow: true})
		if err != nil && logs.Err() == nil {
			_, _ = fmt.Fprintf(log, "(the container's log breaks off: %v)\n", err)
		}
	}()
	number, err := strconv.ParseUint(resource.GetPort(port), 10, 16)
	if err != nil {
		return p.mistake("$.container.port", "%d is not published: did the container end at once?", w.Port)
	}
	remote := *p
	remote.Seat, remote.Address = SeatRemote, net.JoinHostPort("127.0.0.1", strconv.FormatUint(number, 10))
	c.Profile = &remote
	return nil
}

// join finds a network, or makes it.
func (c *Container) join(name string) (*dockertest.Network, error) {
	known, err := c.pool.Client.FilteredListNetworks(docker.NetworkFilterOpts{"name": {name: true}})
	if err != nil {
		return nil, err
	}
	for i := range known {
		if known[i].Name == name { // the filter also finds longer names
			return &dockertest.Network{Network: &known[i]}, nil
		}
	}
	c.network, err = c.pool.CreateNetwork(name)
	return c.network, err
}

// ready has a till try the line until an echo is answered.
func (c *Container) ready(ctx context.Context, longest time.Duration) error {
	if longest == 0 {
		longest = time.Minute
	}
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	p := *c.Profile
	with, err := p.dialect.With(map[string]string{"answer": "2s", "connect": "2s"})
	if err != nil {
		return err
	}
	p.dialect = with
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		found := tryEcho(limited, &p)
		if found.State == Well {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			continue
		case <-c.logged:
			err = p.mistake("$.container", "the container ended before it was ready; its log tells why")
		case <-limited.Done():
			if err = ctx.Err(); err == nil {
				err = p.mistake("$.container", "it answers no echo within %s (%s); its log may tell why", longest, found.Text)
			}
		}
		timer.Stop()
		return err
	}
}

// tryEcho asks once. A dialect without an echo is answered for by its port.
func tryEcho(ctx context.Context, p *Profile) Finding {
	d := &doctor{DoctorOptions: DoctorOptions{Wait: 2 * time.Second}, ctx: ctx, profile: p}
	defer d.close()
	if f := d.seatTill(); f.State != Well {
		return f
	}
	if f := d.echo(); f.State != Skipped {
		return f
	}
	return d.connect()
}

// Close removes the container and what was made for it. It may be called again.
func (c *Container) Close() error {
	var all []error
	if c.resource != nil {
		err := c.pool.Purge(c.resource)
		var gone *docker.NoSuchContainer
		if err != nil && !errors.As(err, &gone) {
			all = append(all, fmt.Errorf("container: %w", err))
		}
		patient := time.AfterFunc(5*time.Second, c.stopLogs)
		<-c.logged
		patient.Stop()
		c.stopLogs()
		c.resource = nil
	}
	if c.network != nil {
		if err := c.pool.RemoveNetwork(c.network); err != nil {
			all = append(all, fmt.Errorf("container: network: %w", err))
		}
		c.network = nil
	}
	return errors.Join(all...)
}

func (p *Profile) checkContainer() error {
	w := p.Container
	switch {
	case w == nil:
		return p.mistake("$.seat", "a container needs `container`: image and port")
	case w.Image == "":
		return p.mistake("$.container", "which image?")
	case w.Port < 1 || w.Port > 65535:
		return p.mistake("$.container", "port %d: want that of the payment line inside, 1 to 65535", w.Port)
	case p.Address != "" || p.Listen != "":
		return p.mistake("$.address", "a container is reached at a port of this machine that Docker gives: take the address out")
	case len(p.Terminals) == 0:
		return p.mistake("$.seat", "a host in a container needs `terminals`: number, merchant and keys that it knows")
	}
	return nil
}
