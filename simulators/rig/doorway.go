package rig

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// doorway is where a host dials in that calls its terminals, as one behind a firewall does. Each connection goes to the next till that
// wants one; who comes before any till does waits.
type doorway struct {
	listener net.Listener
	tls      *tls.Config // nil for a plain line
	came     chan net.Conn
}

// waitingRoom is how many connections wait for a till; who comes after them is hung up on.
const waitingRoom = 16

func openDoorway(p *Profile) (*doorway, error) {
	l, err := wire.Listen(p.Listen, nil)
	if err != nil {
		return nil, p.mistake("$.listen", "%v", err)
	}
	d := &doorway{listener: l, tls: p.tls, came: make(chan net.Conn, waitingRoom)}
	go d.accept()
	return d, nil
}

func (d *doorway) accept() {
	defer close(d.came)
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return // it is closed
		}
		select {
		case d.came <- conn:
		default:
			_ = conn.Close()
		}
	}
}

// close sends everybody away.
func (d *doorway) close() {
	_ = d.listener.Close()
	for conn := range d.came {
		_ = conn.Close()
	}
}

// take gives the next connection that is still there, and waits for one no longer than the profile's connect timer.
func (d *doorway) take(ctx context.Context, patience time.Duration) (net.Conn, error) {
	if patience > 0 {
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		ctx = limited
	}
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody has dialled in at %s: %w", d.listener.Addr(), wire.Classify(ctx.Err()))
		case conn, ok := <-d.came:
			if !ok {
				return nil, fmt.Errorf("%s: %w", d.listener.Addr(), net.ErrClosed)
			}
			if !alive(conn) {
				_ = conn.Close()
				continue
			}
			if d.tls == nil {
				return conn, nil
			}
			secure := tls.Server(conn, d.tls)
			if err := secure.HandshakeContext(ctx); err != nil {
				_ = conn.Close()
				return nil, fmt.Errorf("who dialled in at %s: %w", d.listener.Addr(), wire.Classify(err))
			}
			return secure, nil
		}
	}
}

// alive tells that a connection on which nothing was said yet was not hung up meanwhile. Hosts do not speak first, and of TLS the
// client does, which is the host here: its first byte may be there and must stay there.
func alive(conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return true
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Control(func(fd uintptr) { open = stillOpen(fd) })
	return err == nil && open
}
