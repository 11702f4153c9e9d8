package rig

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Recorded is what a recorder saw and wrote.
type Recorded struct {
	Connections int
	Failed      int            // calls that did not get through to the host
	Messages    map[string]int // written, by name; "sale", "sale answer"
	Unread      int            // frames that could not be read and are kept as length and hash
	Cards       int
	Dropped     int64 // bytes that crossed and were not written down
	Err         error // why the file took no more; nil where it was only too slow
}

// Whole tells that all that crossed was written.
func (r Recorded) Whole() bool { return r.Dropped == 0 && r.Err == nil }

// String tells it in words.
func (r Recorded) String() string {
	var b strings.Builder
	total := 0
	for _, n := range r.Messages {
		total += n
	}
	fmt.Fprintf(&b, "%d connections, %d messages of %d cards", r.Connections, total, r.Cards)
	for _, name := range slices.Sorted(maps.Keys(r.Messages)) {
		fmt.Fprintf(&b, "\n  %-28s %6d", name, r.Messages[name])
	}
	if r.Failed > 0 {
		fmt.Fprintf(&b, "\n%d calls did not get through to the host", r.Failed)
	}
	if r.Unread > 0 {
		fmt.Fprintf(&b, "\n%d frames could not be read in this dialect: kept as length and hash", r.Unread)
	}
	if r.Dropped > 0 {
		fmt.Fprintf(&b, "\n%d bytes passed and were not recorded: the file did not take them in time", r.Dropped)
	}
	if r.Err != nil {
		fmt.Fprintf(&b, "\nthe file took no more: %v", r.Err)
	}
	return b.String()
}

// sight is what a recorder saw.
type sight struct {
	kind       sightKind
	at         time.Time
	connection int
	ends       [2]netip.AddrPort
	from       capture.Side
	bytes      []byte
	lost       int // bytes of this direction before these that found no room
}

type sightKind uint8

const (
	sawOpen sightKind = iota
	sawBytes
	sawClose
)

// sightsWaiting is how many sights may wait, besides the bound on their bytes.
const sightsWaiting = 1 << 13

// keeper writes down what was seen, in a goroutine of its own.
type keeper struct {
	dialect *iso8583.Dialect
	tokens  *iso8583.Tokenizer
	out     capture.Writer
	tell    func(string)
	framers map[capture.Side][2]wire.Framer // how a side's frames are read and written
	inboxes map[inboxKey]*keptInbox
	message *iso8583.Message
	sights  chan sight
	done    chan struct{}
	ended   sync.Once

	mu   sync.Mutex
	room int
	sum  Recorded
}

type inboxKey struct {
	connection int
	from       capture.Side
}

// keptInbox gathers one direction's bytes.
type keptInbox struct {
	*wire.Inbox
	astray bool // bytes are missing: it is not known where the next frame begins
}

func newKeeper(o RecorderOptions) (*keeper, error) {
	client, err := o.Dialect.Framing.Framer("recorded/")
	if err != nil {
		return nil, err
	}
	server, err := o.Dialect.Framing.ServerFramer()
	if err != nil {
		return nil, err
	}
	return &keeper{dialect: o.Dialect, tokens: iso8583.NewTokenizer(o.Dialect, o.Secret), out: o.Out, tell: o.Tell,
		framers: map[capture.Side][2]wire.Framer{capture.Till: {server, client}, capture.Host: {client, server}},
		inboxes: map[inboxKey]*keptInbox{}, message: o.Dialect.New(), sights: make(chan sight, sightsWaiting), done: make(chan struct{}),
		room: o.Room, sum: Recorded{Messages: map[string]int{}}}, nil
}

func (k *keeper) failed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sum.Failed++
}

// offer hands over a sight if there is room for it; it never waits.
func (k *keeper) offer(s sight) bool {
	select {
	case k.sights <- s:
		return true
	default:
		return false
	}
}

// say offers bytes. They are copied.
func (k *keeper) say(s sight, b []byte) bool {
	k.mu.Lock()
	fits := len(b) <= k.room
	if fits {
		k.room -= len(b)
	}
	k.mu.Unlock()
	if fits {
		s.bytes = slices.Clone(b)
		if k.offer(s) {
			return true
		}
	}
	k.mu.Lock()
	if fits {
		k.room += len(b)
	}
	first := k.sum.Dropped == 0
	k.sum.Dropped += int64(len(b))
	k.mu.Unlock()
	if first {
		k.tell("the file is too slow: some of what passes now is not recorded; payments go on")
	}
	return false
}

// close waits for the writer, but no longer than that.
func (k *keeper) close(patience time.Duration) Recorded {
	k.ended.Do(func() { close(k.sights) })
	timer := time.NewTimer(patience)
	defer timer.Stop()
	late := false
	select {
	case <-k.done:
	case <-timer.C:
		late = true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	sum := k.sum
	sum.Messages = maps.Clone(sum.Messages)
	if late {
		sum.Err = errors.Join(sum.Err, fmt.Errorf("at the end it did not take what was waiting within %s", patience))
	}
	return sum
}

// run writes until close. It flushes whenever nothing waits, so that the file is as new as can be.
func (k *keeper) run() {
	defer close(k.done)
	for s := range k.sights {
		k.note(s)
		if len(k.sights) == 0 {
			k.wrote(k.out.Flush())
		}
	}
	k.wrote(k.out.Flush())
}

// wrote takes the end of a write. After a failure nothing more is written: the file would have holes that nobody sees.
func (k *keeper) wrote(err error) {
	if err == nil {
		return
	}
	k.mu.Lock()
	first := k.sum.Err == nil
	if first {
		k.sum.Err = err
	}
	k.mu.Unlock()
	if first {
		k.tell(fmt.Sprintf("the recording ends here, payments go on: %v", err))
	}
}

func (k *keeper) broken() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sum.Err != nil
}

func (k *keeper) note(s sight) {
	switch s.kind {
	case sawOpen:
		k.mu.Lock()
		k.sum.Connections++
		k.mu.Unlock()
		if !k.broken() {
			k.wrote(k.out.Open(s.connection, s.at, s.ends[0], s.ends[1]))
		}
	case sawClose:
		for _, side := range []capture.Side{capture.Till, capture.Host} {
			key := inboxKey{s.connection, side}
			if in := k.inboxes[key]; in != nil && len(in.Rest()) > 0 {
				k.unread(s, side, in, "the connection ended within a frame")
			}
			delete(k.inboxes, key)
		}
		if !k.broken() {
			k.wrote(k.out.Close(s.connection, s.at))
		}
	case sawBytes:
		k.heard(s)
		k.mu.Lock()
		k.room += len(s.bytes)
		k.mu.Unlock()
	}
}

// heard puts bytes to those of the same direction, and writes the frames that are whole now.
func (k *keeper) heard(s sight) {
	if k.broken() {
		k.mu.Lock()
		k.sum.Dropped += int64(len(s.bytes))
		k.mu.Unlock()
		return
	}
	key := inboxKey{s.connection, s.from}
	in := k.inboxes[key]
	if in == nil {
		in = &keptInbox{Inbox: wire.NewInbox(k.framers[s.from][0])}
		k.inboxes[key] = in
	}
	if s.lost > 0 {
		k.wrote(k.out.Write(capture.Record{At: s.at, Connection: s.connection, From: s.from, Note: fmt.Sprintf("%d bytes were not recorded: the file was too slow", s.lost+len(in.Rest()))}))
		in.Reset()
		in.astray = true
	}
	in.Add(s.bytes)
	for {
		frame, ok, err := in.Next()
		if err != nil {
			k.unread(s, s.from, in, "not framed as the dialect says")
			return
		}
		if !ok {
			return
		}
		kept, err := k.tokens.Frame(frame)
		if len(frame) == 0 { // it keeps the line open
			kept, err = frame, nil
		}
		if err == nil {
			err = k.keep(s, kept)
		}
		if err != nil && in.astray {
			k.unread(s, s.from, in, "bytes before these are missing")
			return
		}
		if err != nil {
			k.opaque(s, s.from, frame, err.Error())
		} else {
			in.astray = false
		}
	}
}

// keep writes a frame without secrets, behind its length, and counts it.
func (k *keeper) keep(s sight, frame []byte) error {
	framed, err := k.framers[s.from][1].Append(nil, frame)
	if err != nil {
		return err
	}
	name := "keep-alive"
	if len(frame) > 0 {
		if err := k.dialect.Decode(k.message, frame); err != nil {
			return err
		}
		name = k.nameOf(k.message)
	}
	k.mu.Lock()
	k.sum.Messages[name]++
	k.sum.Cards = k.tokens.Cards()
	k.mu.Unlock()
	k.wrote(k.out.Write(capture.Record{At: s.at, Connection: s.connection, From: s.from, Bytes: framed}))
	return nil
}

func (k *keeper) nameOf(m *iso8583.Message) string {
	tx, answer, ok := k.dialect.Identify(m)
	switch {
	case !ok:
		return m.MTI()
	case answer:
		return string(tx.Flow) + " answer"
	}
	return string(tx.Flow)
}

// unread gives up what an inbox holds.
func (k *keeper) unread(s sight, from capture.Side, in *keptInbox, why string) {
	k.opaque(s, from, in.Rest(), why)
	in.Reset()
}

// opaque keeps of a frame that cannot be read its length and hash: nobody knows what is secret in it.
func (k *keeper) opaque(s sight, from capture.Side, frame []byte, why string) {
	k.mu.Lock()
	k.sum.Unread++
	k.mu.Unlock()
	k.wrote(k.out.Write(capture.Record{At: s.at, Connection: s.connection, From: from, Note: trace.Opaque(frame).String() + ": " + why}))
}
