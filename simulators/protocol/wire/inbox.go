package wire

// Inbox gathers the chunks that one connection brings, however they are cut, and gives whole frames.
type Inbox struct {
	framer Framer
	buf    []byte
	read   int // bytes of buf that were given out already
}

// NewInbox makes an empty inbox.
func NewInbox(f Framer) *Inbox { return &Inbox{framer: f} }

// Add takes the next chunk; it is copied. Frames given out before are no longer valid. An inbox whose frames are taken
// out as they come holds no more than one frame and one chunk.
func (b *Inbox) Add(chunk []byte) {
	b.buf = append(b.buf[:copy(b.buf, b.buf[b.read:])], chunk...)
	b.read = 0
}

// Next gives the next frame; ok is false when no whole frame is there. A keep-alive is an empty frame. The frame is
// valid until Add or Reset. After an error the stream is lost: hang up and Reset.
func (b *Inbox) Next() (frame []byte, ok bool, err error) {
	frame, n, err := b.framer.Next(b.buf[b.read:])
	if err != nil || n == 0 {
		return nil, false, err
	}
	b.read += n
	return frame, true, nil
}

// Progress tells how much of an unfinished frame is there: have of want bytes; want is -1 while its length is incomplete.
// Nothing at all is 0 of -1.
func (b *Inbox) Progress() (have, want int) { return b.framer.Progress(b.buf[b.read:]) }

// Rest gives what is there and was not given out as a frame. It is valid until Add or Reset.
func (b *Inbox) Rest() []byte { return b.buf[b.read:] }

// Reset forgets everything, for a new connection.
func (b *Inbox) Reset() { b.buf, b.read = b.buf[:0], 0 }
