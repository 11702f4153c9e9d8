package batch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// line is one connection that many tills share.
type line struct {
	number    int
	conn      net.Conn
	out       []byte
	unwritten []int32 // tills whose request stands in out
	in        []byte  // the part of a frame that has come
	down      bool
}

// unwritten marks a request that has not left.
const unwritten = time.Duration(-1)

// Connect opens the lines, and deals the tills out over them.
func (s *Sender) Connect(ctx context.Context, address wire.Address) error {
	n := min(s.Workload.Lines, len(s.tills))
	for i := range n {
		conn, err := wire.Dial(ctx, address)
		if err != nil {
			return fmt.Errorf("batch: line %d: %w", i+1, err)
		}
		s.attach(conn)
	}
	for i := range s.tills {
		s.tills[i].line = s.lines[i%n]
	}
	return nil
}

func (s *Sender) attach(conn net.Conn) {
	l := &line{number: len(s.lines), conn: conn}
	s.lines = append(s.lines, l)
	s.inbox.readers.Go(func() { s.read(l) })
}

// Close ends the lines, and waits for their readers.
func (s *Sender) Close() {
	for _, l := range s.lines {
		_ = l.conn.Close()
	}
	s.inbox.readers.Wait()
}

// chunkSize is what one read takes at most.
const chunkSize = 64 << 10

// read stamps what arrives with the time of its arrival, and leaves it for the next turn.
func (s *Sender) read(l *line) {
	for {
		b := s.inbox.buffer()
		n, err := l.conn.Read(b)
		at := s.Clock()
		if n > 0 {
			s.inbox.put(chunk{line: l.number, at: at, bytes: b[:n]})
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				err = nil
			}
			s.inbox.put(chunk{line: l.number, at: at, ended: true, err: err})
			return
		}
	}
}

// flush writes what stands in a line's buffer with one call.
func (s *Sender) flush(l *line) {
	if len(l.unwritten) == 0 {
		return
	}
	at := s.Clock()
	for _, i := range l.unwritten {
		t := &s.tills[i]
		t.written = at
		s.flights.push(flight{till: i, number: t.flight, written: at})
	}
	s.frames, s.writes = s.frames+len(l.unwritten), s.writes+1
	_, err := l.conn.Write(l.out)
	l.out, l.unwritten = l.out[:0], l.unwritten[:0]
	if err != nil {
		l.down = true // the orders on it have no answer, and time out
	}
}

// arrived takes bytes of a line: frames to tills.
func (s *Sender) arrived(c *chunk) {
	l := s.lines[c.line]
	if c.ended {
		l.down = true
		return
	}
	buf := c.bytes
	if len(l.in) > 0 {
		l.in = append(l.in, c.bytes...)
		buf = l.in
	}
	for {
		frame, n, err := s.framer.Next(buf)
		if err != nil {
			s.Desk.Unmatched()
			_ = l.conn.Close() // where the next frame begins nobody knows
			l.down = true
			return
		}
		if n == 0 {
			break
		}
		buf = buf[n:]
		if len(frame) > 0 {
			s.frame(c.at, frame)
		}
	}
	l.in = append(l.in[:0], buf...)
}

// frame finds the till that an answer is for.
func (s *Sender) frame(at time.Duration, frame []byte) {
	if err := s.scan.Read(s.Dialect, frame); err != nil {
		s.Desk.Malformed()
		return
	}
	s.heard = frame
	var number [8]byte
	if copy(number[:], s.scan.Bytes(iso8583.Terminal)) != len(number) {
		s.Desk.Unmatched()
		return
	}
	i, ok := s.known[number]
	if !ok {
		s.Desk.Unmatched()
		return
	}
	s.answered(at, &s.tills[i], &s.scan)
}

// chunk is what one read brought.
type chunk struct {
	line  int
	at    time.Duration
	bytes []byte
	ended bool
	err   error
}

// inbox carries chunks from the readers to the turn, and their buffers back.
type inbox struct {
	readers sync.WaitGroup
	mu      sync.Mutex
	chunks  []chunk
	free    [][]byte
}

func (b *inbox) buffer() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		last := b.free[n-1]
		b.free = b.free[:n-1]
		return last
	}
	return make([]byte, chunkSize)
}

func (b *inbox) put(c chunk) {
	b.mu.Lock()
	b.chunks = append(b.chunks, c)
	b.mu.Unlock()
}

// take gives what has come.
func (b *inbox) take(into []chunk) []chunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	into, b.chunks = b.chunks, into
	return into
}

// give returns buffers that were read.
func (b *inbox) give(chunks []chunk) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range chunks {
		if c.bytes != nil {
			b.free = append(b.free, c.bytes[:chunkSize])
		}
	}
}
