package rig

import (
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// memorySeat is an embedded host in the tills' own loop.
type memorySeat struct {
	host   *host
	config hostConfig // of its next life too
	dial   *memoryDialer
	pki    *pki
	world  *World
	deaths []Death          // to come
	seen   map[pay.Flow]int // requests that have reached it
}

func memorySeats(w *World) (seats, error) {
	c := w.hostConfig(w.Loop)
	h, err := newHost(c)
	if err != nil {
		return nil, err
	}
	s := &memorySeat{host: h, config: c, pki: w.Rig.pki, world: w, seen: map[pay.Flow]int{}}
	s.dial = &memoryDialer{loop: w.Loop, accept: s.accept, open: map[*memoryConn]bool{}}
	return s, nil
}

func (w *World) newHost(loop *sim.Loop) (*host, error) { return newHost(w.hostConfig(loop)) }

func (w *World) hostConfig(loop *sim.Loop) hostConfig {
	return hostConfig{loop: loop, dialect: w.Rig.Dialect, network: w.Rig.network, seed: w.Seed, rules: w.Rig.rules, cvk: w.cvk, cardKeys: w.Rig.cardKeys, editions: w.Rig.editions,
		trace: w.Trace, acquirerStore: journal.NewMemory(), issuerStore: journal.NewMemory()}
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

// remoteSeat is a host somewhere else, of which only the line is known.
type remoteSeat struct{ dial *socketDialer }

func remoteSeats(w *World) seats {
	p := w.Rig.Profile
	return &remoteSeat{dial: &socketDialer{loop: w.Loop, ctx: w.ctx, door: w.Rig.door,
		address: wire.Address{Addr: p.Address, TLS: p.tls, ConnectTimeout: w.Rig.Dialect.Timers.Connect}}}
}

func (s *remoteSeat) dialer(*World) dialer     { return s.dial }
func (s *remoteSeat) control() (Control, bool) { return nil, false }
func (s *remoteSeat) close()                   {}
func (s *remoteSeat) protect() error {
	return lacks("whether the line of a remote host has TLS is its profile's matter")
}
