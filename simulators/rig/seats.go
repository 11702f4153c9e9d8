package rig

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// memorySeat is an embedded host in the tills' own loop.
type memorySeat struct {
	host *host
	dial *memoryDialer
	pki  *pki
}

func memorySeats(w *World) (seats, error) {
	h, err := w.newHost(w.Loop)
	if err != nil {
		return nil, err
	}
	d := &memoryDialer{loop: w.Loop, accept: h.accept}
	return &memorySeat{host: h, dial: d, pki: w.Rig.pki}, nil
}

func (w *World) newHost(loop *sim.Loop) (*host, error) {
	return newHost(hostConfig{loop: loop, dialect: w.Rig.Dialect, network: w.Rig.network, seed: w.Seed, rules: w.Rig.rules, cvk: w.Rig.cvkOf(w.Seed), cardKeys: w.Rig.cardKeys, editions: w.Rig.editions,
		trace: w.Trace, acquirerStore: journal.NewMemory(), issuerStore: journal.NewMemory()})
}

func (s *memorySeat) dialer(*World) dialer     { return s.dial }
func (s *memorySeat) control() (Control, bool) { return s.host, true }
func (s *memorySeat) close()                   {}
func (s *memorySeat) protect() error {
	s.dial.server, s.dial.client = s.pki.server(), s.pki.client()
	return nil
}

// socketSeat is an embedded host in a loop of its own, behind a listener on loopback.
type socketSeat struct {
	server *server
	dial   *socketDialer
	pki    *pki
}

func socketSeats(w *World) (seats, error) {
	loop := sim.NewReal()
	h, err := w.newHost(loop)
	if err != nil {
		return nil, err
	}
	s, err := startServer(w.ctx, h, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	timeout := w.Rig.Dialect.Timers.Connect
	return &socketSeat{server: s, pki: w.Rig.pki,
		dial: &socketDialer{loop: w.Loop, ctx: w.ctx, address: wire.Address{Addr: s.address, ConnectTimeout: timeout}}}, nil
}

func (s *socketSeat) dialer(*World) dialer     { return s.dial }
func (s *socketSeat) control() (Control, bool) { return later{s.server}, true }
func (s *socketSeat) close()                   { s.server.close() }
func (s *socketSeat) protect() error {
	address, err := s.server.listen("127.0.0.1:0", s.pki)
	if err != nil {
		return err
	}
	s.dial.address.Addr, s.dial.address.TLS = address, s.pki.client()
	return nil
}

// server runs a host's loop and gives it connections from its listeners.
type server struct {
	host    *host
	address string // of the first listener
	ctx     context.Context
	cancel  context.CancelFunc
	group   sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[net.Conn]bool

	opening   sync.Mutex
	walletsAt string // where the wallets listen; "" before they do
}

// startServer runs the host behind a plain listener at addr.
func startServer(ctx context.Context, h *host, addr string) (*server, error) {
	s := &server{host: h, conns: map[net.Conn]bool{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	var err error
	if s.address, err = s.listen(addr, nil); err != nil {
		s.cancel()
		return nil, err
	}
	s.group.Go(func() { _ = h.loop.Run(s.ctx, nil) }) // it ends when the context does
	return s, nil
}

// listen opens one more listener, with TLS if there is a pki, and gives its address.
func (s *server) listen(addr string, p *pki) (string, error) {
	var l net.Listener
	var err error
	if p == nil {
		l, err = wire.Listen(addr, nil)
	} else {
		l, err = wire.Listen(addr, p.server())
	}
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	s.group.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return // the listener was closed
			}
			s.group.Go(func() { s.serve(nc) })
		}
	})
	return l.Addr().String(), nil
}

// serve reads a connection into the host's loop until it ends.
func (s *server) serve(nc net.Conn) {
	s.mu.Lock()
	s.conns[nc] = true
	s.mu.Unlock()
	if s.ctx.Err() != nil { // close has passed over the connections already
		_ = nc.Close()
	}
	defer func() {
		s.mu.Lock()
		delete(s.conns, nc)
		s.mu.Unlock()
		_ = nc.Close()
	}()
	f := s.host.accept(func(b []byte) { s.write(nc, b) }, func() { _ = nc.Close() })
	read(nc, func(b []byte) { s.host.loop.Post(func() { f.bytes(b) }) }, func(error) {})
}

// write gives a peer that does not read ten seconds, and then up.
func (s *server) write(nc net.Conn, b []byte) {
	_ = nc.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := nc.Write(b); err != nil {
		_ = nc.Close()
	}
}

func (s *server) close() {
	s.cancel()
	s.mu.Lock()
	for _, l := range s.listeners {
		_ = l.Close()
	}
	for nc := range s.conns {
		_ = nc.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
}

// remoteSeat is a host somewhere else, of which only the line is known.
type remoteSeat struct{ dial *socketDialer }

func remoteSeats(w *World) seats {
	p := w.Rig.Profile
	return &remoteSeat{dial: &socketDialer{loop: w.Loop, ctx: w.ctx,
		address: wire.Address{Addr: p.Address, TLS: p.tls, ConnectTimeout: w.Rig.Dialect.Timers.Connect}}}
}

func (s *remoteSeat) dialer(*World) dialer     { return s.dial }
func (s *remoteSeat) control() (Control, bool) { return nil, false }
func (s *remoteSeat) close()                   {}
func (s *remoteSeat) protect() error {
	return lacks("whether the line of a remote host has TLS is its profile's matter")
}
