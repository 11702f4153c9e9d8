package rig

import (
	"net"
	"sync"
	"time"
)

// What may wait in one direction of a connection, in bytes. A peer that sends more than the host takes is read later; one that
// does not read its answers is hung up on: the host has other tills to serve.
const (
	unreadRoom = 1 << 18
	unsentRoom = 1 << 22
)

// readTime is how long a peer may take to read what is written to it.
const readTime = 10 * time.Second

// outgoing writes a connection's answers in a goroutine of its own, as many at once as there are: a write costs more than all
// that was done for the answer. The loop adds to it and never waits.
type outgoing struct {
	conn net.Conn
	wake chan struct{} // holds one

	mu     sync.Mutex
	queue  []byte
	spare  []byte // the other buffer
	ending bool
}

func newOutgoing(conn net.Conn) *outgoing { return &outgoing{conn: conn, wake: make(chan struct{}, 1)} }

// add queues bytes; it tells that nothing was queued before. They are written after send.
func (o *outgoing) add(b []byte) (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending {
		return false
	}
	if len(o.queue)+len(b) > unsentRoom {
		o.ending, o.queue = true, nil
		_ = o.conn.Close() // also ends a write that waits for the peer
		return false
	}
	first = len(o.queue) == 0
	o.queue = append(o.queue, b...)
	return first
}

func (o *outgoing) send() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// end hangs up when what is queued has been written.
func (o *outgoing) end() {
	o.mu.Lock()
	o.ending = true
	o.mu.Unlock()
	o.send()
}

// run writes until end, or until the peer is gone or does not read.
func (o *outgoing) run() {
	defer o.conn.Close()
	for range o.wake {
		o.mu.Lock()
		b, ending := o.queue, o.ending
		o.queue, o.spare = o.spare[:0], b
		o.mu.Unlock()
		if len(b) > 0 {
			_ = o.conn.SetWriteDeadline(time.Now().Add(readTime))
			if _, err := o.conn.Write(b); err != nil {
				return
			}
		}
		if ending {
			return
		}
	}
}

// incoming reads a connection and hands what arrived to the loop, all of it at once when the loop comes to it.
type incoming struct {
	server *server
	conn   net.Conn
	front  *front
	room   chan struct{} // holds one: the loop has emptied the queue

	mu     sync.Mutex
	queue  []byte
	spare  []byte // the other buffer
	posted bool
}

func newIncoming(s *server, conn net.Conn, f *front) *incoming {
	return &incoming{server: s, conn: conn, front: f, room: make(chan struct{}, 1)}
}

// run reads until the connection ends.
func (i *incoming) run() {
	buf := make([]byte, 1<<15)
	take := i.take
	for {
		n, err := i.conn.Read(buf)
		if n > 0 {
			i.mu.Lock()
			i.queue = append(i.queue, buf[:n]...)
			full, posted := len(i.queue) > unreadRoom, i.posted
			i.posted = true
			i.mu.Unlock()
			if !posted {
				i.server.host.loop.Post(take)
			}
			if full {
				select {
				case <-i.room:
				case <-i.server.ctx.Done():
					return
				}
			}
		}
		if err != nil {
			return
		}
	}
}

// take is the loop's turn.
func (i *incoming) take() {
	i.mu.Lock()
	b := i.queue
	i.queue, i.spare, i.posted = i.spare[:0], b, false
	i.mu.Unlock()
	select {
	case i.room <- struct{}{}:
	default:
	}
	i.front.bytes(b)
}
