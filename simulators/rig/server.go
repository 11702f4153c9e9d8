package rig

import (
	"context"
	"net"
	"sync"

	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// server runs a host's loop and gives it connections from its listeners.
type server struct {
	host    *host
	address string // of the first listener
	ctx     context.Context
	cancel  context.CancelFunc
	group   sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[net.Conn]queues

	opening   sync.Mutex
	walletsAt string // where the wallets listen; "" before they do
	officeAt  string // ... and the office

	durable func() error // waits until all that was done is in the journals; nil where they end with the process

	unsent []*outgoing // the loop's: connections with answers that nobody has been told of
}

// queues are what waits in a connection.
type queues struct {
	in  *incoming
	out *outgoing
}

// startServer runs the host behind a plain listener at addr.
func startServer(ctx context.Context, h *host, addr string) (*server, error) {
	s := &server{host: h, conns: map[net.Conn]queues{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	var err error
	if s.address, err = s.listen(addr, nil); err != nil {
		s.cancel()
		return nil, err
	}
	h.loop.Between(s.flush)
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
	out := newOutgoing(nc)
	f := s.host.accept(func(b []byte) { s.answer(out, b) }, out.end)
	in := newIncoming(s, nc, f)
	s.mu.Lock()
	s.conns[nc] = queues{in, out}
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
	s.group.Go(out.run)
	defer out.end()
	in.run()
}

// answer queues what a front says; it leaves with all else that the connection is told before the loop rests.
func (s *server) answer(out *outgoing, b []byte) {
	if first := out.add(b); first {
		s.unsent = append(s.unsent, out)
	}
}

// flush lets go what was queued.
func (s *server) flush() {
	for i, out := range s.unsent {
		out.send()
		s.unsent[i] = nil
	}
	s.unsent = s.unsent[:0]
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
