package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// RecorderOptions say between whom a recorder sits, and what it makes of what it sees.
type RecorderOptions struct {
	Listen  string           // where tills call
	TLS     *tls.Config      // towards the tills; nil for plain TCP
	To      wire.Address     // the host
	Dialect *iso8583.Dialect // by which secrets are known
	Out     capture.Writer
	Secret  []byte       // makes the tokens; nobody should keep it
	Remote  bool         // allows addresses that are not this machine's
	Tell    func(string) // what goes wrong, as it does; may be nil
	Room    int          // bytes that may wait for the writer; 0: 32 MiB
}

// Recorder sits between tills and a host. It passes on the bytes as they come and never waits for who writes them down: what finds no room
// to wait in is not recorded, and counted.
type Recorder struct {
	options  RecorderOptions
	listener net.Listener
	keeper   *keeper
	ctx      context.Context
	cancel   context.CancelFunc
	group    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	next  int
}

// recorderRoom is how much may wait for the writer, in bytes.
const recorderRoom = 32 << 20

// Record starts a recorder. Close ends it.
func Record(ctx context.Context, o RecorderOptions) (*Recorder, error) {
	for _, a := range []struct{ what, addr string }{{"--listen", o.Listen}, {"--to", o.To.Addr}} {
		here, err := isLoopback(a.addr)
		if err != nil {
			return nil, fmt.Errorf("%s %q: want host:port", a.what, a.addr)
		}
		if !here && !o.Remote {
			return nil, fmt.Errorf("%s %s is not this machine: say --remote if the traffic of other machines may pass here", a.what, a.addr)
		}
	}
	if o.Room == 0 {
		o.Room = recorderRoom
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	k, err := newKeeper(o)
	if err != nil {
		return nil, err
	}
	l, err := wire.Listen(o.Listen, nil)
	if err != nil {
		return nil, err
	}
	r := &Recorder{options: o, listener: l, keeper: k, conns: map[net.Conn]bool{}}
	r.ctx, r.cancel = context.WithCancel(ctx)
	context.AfterFunc(r.ctx, r.hangUp)
	go k.run()
	r.group.Go(r.accept)
	return r, nil
}

// Address tells where tills call.
func (r *Recorder) Address() string { return r.listener.Addr().String() }

// Close hangs up, gives what waits for the writer so long to be written, and tells what was recorded.
func (r *Recorder) Close(patience time.Duration) Recorded {
	r.cancel()
	r.hangUp()
	r.group.Wait()
	return r.keeper.close(patience)
}

func (r *Recorder) hangUp() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *Recorder) accept() {
	for {
		c, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as for want of file descriptors: the next may fit
			r.options.Tell("a call could not be taken: " + err.Error())
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-r.ctx.Done():
				return
			}
		}
		number := r.next
		r.next++
		r.group.Go(func() { r.carry(number, c) })
	}
}

// hold keeps a connection so that hangUp finds it; let go of it by release.
func (r *Recorder) hold(c net.Conn) {
	r.mu.Lock()
	r.conns[c] = true
	r.mu.Unlock()
	if r.ctx.Err() != nil { // hangUp has passed over the connections already
		_ = c.Close()
	}
}

func (r *Recorder) release(c net.Conn) {
	r.mu.Lock()
	delete(r.conns, c)
	r.mu.Unlock()
	_ = c.Close()
}

// carry calls the host for a till and passes on what they say until both have hung up. Where the host cannot be reached, the till is hung up on,
// hard, as it would have been by the host.
func (r *Recorder) carry(number int, till net.Conn) {
	r.hold(till)
	plain := till
	if r.options.TLS != nil {
		secured := tls.Server(till, r.options.TLS)
		limited, cancel := context.WithTimeout(r.ctx, 30*time.Second)
		defer cancel()
		if err := secured.HandshakeContext(limited); err != nil {
			r.options.Tell("a till could not agree on TLS: " + wire.FaultOf(err).Text())
			r.keeper.failed()
			r.release(till)
			return
		}
		till = secured
	}
	defer r.release(plain)
	host, err := wire.Dial(r.ctx, r.options.To)
	if err != nil {
		if r.ctx.Err() == nil {
			r.options.Tell(err.Error())
		}
		r.keeper.failed()
		reset(till)
		return
	}
	r.hold(host)
	defer r.release(host)
	ends := [2]netip.AddrPort{addressOf(till.RemoteAddr()), addressOf(host.RemoteAddr())}
	r.keeper.offer(sight{kind: sawOpen, at: time.Now(), connection: number, ends: ends})
	var both sync.WaitGroup
	both.Go(func() { r.pass(direction{number, capture.Till, ends}, till, host) })
	both.Go(func() { r.pass(direction{number, capture.Host, ends}, host, till) })
	both.Wait()
	r.keeper.offer(sight{kind: sawClose, at: time.Now(), connection: number})
}

// direction names one direction of a connection.
type direction struct {
	connection int
	from       capture.Side
	ends       [2]netip.AddrPort
}

// pass carries bytes one way. What is read is noted first and then written, so that an answer is never noted before its question. Who stops
// speaking may still listen.
func (r *Recorder) pass(d direction, from, to net.Conn) {
	lost := 0
	for b := make([]byte, 32<<10); ; {
		n, err := from.Read(b)
		if n > 0 {
			s := sight{kind: sawBytes, at: time.Now(), connection: d.connection, ends: d.ends, from: d.from, lost: lost}
			if r.keeper.say(s, b[:n]) {
				lost = 0
			} else {
				lost += n
			}
			if _, err := to.Write(b[:n]); err != nil {
				reset(from)
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite() // who has gone already needs no word
			}
			return
		default:
			reset(to)
			return
		}
	}
}

// reset hangs up as a machine does that has fallen over.
func reset(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

func addressOf(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort()
	}
	return netip.AddrPort{}
}
