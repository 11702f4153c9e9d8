package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// latency is what a frame takes on the memory line, each way.
const latency = 5 * time.Millisecond

// conn is an open connection as its user sees it. Its methods are called from the user's loop.
type conn interface {
	Write([]byte)
	Close()
	Reset() // closes at once, by a reset: what is under way is lost
}

// caller is told, in its own loop, what becomes of a connection: open or failed, then bytes, then closed.
type caller struct {
	open   func(conn)
	failed func(error)
	bytes  func(at time.Time, b []byte) // at: when they came, which may be before the loop got to them
	closed func(error)
}

// dialer opens connections to the host under test. clock is the till's own time, by which certificates are judged.
type dialer interface {
	dial(c caller, clock time.Time)
}

// memoryDialer reaches an embedded host in the same loop. A line with TLS makes a real handshake over a pipe, so that a
// wrong clock or a foreign certificate fails in memory as it does on a socket; the frames then pass in the clear.
type memoryDialer struct {
	loop   *sim.Loop
	accept func(write func([]byte), hangUp func()) *front
	server *tls.Config // nil for a plain line
	client *tls.Config
	down   bool // nobody listens
	made   int
	open   map[*memoryConn]bool
}

func (d *memoryDialer) dial(c caller, clock time.Time) {
	d.loop.After(latency, func() {
		err := d.handshake(clock)
		if d.down {
			err = syscall.ECONNREFUSED
		}
		if err != nil {
			c.failed(err)
			return
		}
		d.made++
		mc := &memoryConn{dialer: d, number: d.made, loop: d.loop, caller: c}
		d.open[mc] = true
		mc.front = d.accept(mc.deliver, mc.hangUp)
		c.open(mc)
	})
}

func (d *memoryDialer) handshake(clock time.Time) error {
	if d.server == nil {
		return nil
	}
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	out := make(chan []byte, 64)
	go func() {
		for b := range out {
			_, _ = there.Write(b) // a client that has gone reads no more
		}
	}()
	go func() {
		_ = tls.Server(ahead{there, out}, d.server).Handshake() // its error reaches the client as an alert
		close(out)
	}()
	config := d.client.Clone()
	config.Time = func() time.Time { return clock }
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return tls.Client(here, config).HandshakeContext(ctx)
}

// ahead lets its writer go on before the reader has read, as a socket's buffer does: without it a client that refuses the
// certificate and a server that is still sending wait for each other.
type ahead struct {
	net.Conn
	out chan<- []byte
}

// Write implements net.Conn.
func (a ahead) Write(b []byte) (int, error) {
	a.out <- append([]byte(nil), b...)
	return len(b), nil
}

// memoryConn carries bytes between a till and the host's front with a fixed delay.
type memoryConn struct {
	dialer *memoryDialer
	number int // of the connections made
	loop   *sim.Loop
	caller caller
	front  *front
	ended  bool
}

func (m *memoryConn) Write(b []byte) {
	b = append([]byte(nil), b...)
	m.loop.After(latency, func() { m.front.bytes(b) })
}

func (m *memoryConn) Close() {
	m.ended = true
	delete(m.dialer.open, m)
}
func (m *memoryConn) Reset() { m.Close() }

func (m *memoryConn) deliver(b []byte) {
	b = append([]byte(nil), b...)
	m.loop.After(latency, func() { m.caller.bytes(m.loop.Now(), b) })
}

func (m *memoryConn) hangUp() {
	delete(m.dialer.open, m)
	m.loop.After(latency, func() {
		if !m.ended {
			m.ended = true
			m.caller.closed(nil)
		}
	})
}

// socketDialer reaches a host over TCP, with or without TLS.
type socketDialer struct {
	loop    *sim.Loop
	ctx     context.Context
	address wire.Address
	door    *doorway // where the host dials in, in place of an address
}

func (d *socketDialer) connect(ctx context.Context, address wire.Address) (net.Conn, error) {
	if d.door != nil {
		return d.door.take(ctx, address.ConnectTimeout)
	}
	return wire.Dial(ctx, address)
}

func (d *socketDialer) dial(c caller, clock time.Time) {
	address := d.address
	if address.TLS != nil {
		skew := clock.Sub(d.loop.Now())
		address.TLS = address.TLS.Clone()
		address.TLS.Time = func() time.Time { return d.loop.Now().Add(skew) }
	}
	go func() {
		nc, err := d.connect(d.ctx, address)
		if err != nil {
			d.loop.Post(func() { c.failed(err) })
			return
		}
		sc := &socketConn{conn: nc}
		d.loop.Post(func() { c.open(sc) })
		read(nc, func(b []byte) {
			at := d.loop.Now()
			d.loop.Post(func() { c.bytes(at, b) })
		},
			func(err error) { d.loop.Post(func() { c.closed(err) }) })
	}()
}

type socketConn struct{ conn net.Conn }

// Write hands the bytes to the kernel. A failed write shows as the reader's error, which is where the line's end is told.
func (s *socketConn) Write(b []byte) { _, _ = s.conn.Write(b) }
func (s *socketConn) Close()         { _ = s.conn.Close() }
func (s *socketConn) Reset()         { reset(s.conn) }

// read passes on what arrives until the connection ends. A clean end and our own Close give a nil error.
func read(nc net.Conn, bytes func([]byte), closed func(error)) {
	for b := make([]byte, 4096); ; {
		n, err := nc.Read(b)
		if n > 0 {
			bytes(slices.Clone(b[:n]))
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				err = nil
			}
			closed(err)
			return
		}
	}
}
