package rig

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// life is a host's process from its start to its end, and the machine's clock.
type life struct {
	loop  *sim.Loop
	skew  time.Duration // that the clock is ahead
	ended bool
}

func (l *life) now() time.Time { return l.loop.Now().Add(l.skew) }

// while lets bytes out as long as the process lives.
func (l *life) while(write func([]byte)) func([]byte) {
	return func(b []byte) {
		if !l.ended {
			write(b)
		}
	}
}

// disks puts the stores of a host on disks that can have trouble.
func (c *hostConfig) disks() (all []*journal.Troubled) {
	after := func(d time.Duration, f func()) { c.loop.After(d, f) }
	for _, s := range [...]*journal.Store{&c.acquirerStore, &c.issuerStore} {
		if *s != nil {
			disk := journal.NewTroubled(*s, after)
			*s, all = disk, append(all, disk)
		}
	}
	return all
}

func machineConditions() []string {
	return []string{ConditionClockJump, ConditionDiskFull, ConditionDiskRoom, ConditionDiskSlow}
}

// trouble does to the machine under a host, or to one party's disk, what an arrangement says.
func (h *host) trouble(a Arrangement) error {
	if a.Condition == ConditionClockJump {
		h.life.skew += a.Delay
		h.note("clock", fmt.Sprintf("the host's clock jumps by %v", a.Delay))
		return nil
	}
	if len(h.disks) == 0 {
		return errors.New("this host keeps no journal: it has no disk that could be slow or full")
	}
	disk := h.disks[0]
	if a.Party == "issuer" {
		disk = h.disks[1]
	}
	switch a.Condition {
	case ConditionDiskFull:
		disk.Fill(true)
		h.note("disk", "the disk of the "+a.Party+" is full")
	case ConditionDiskRoom:
		disk.Fill(false)
		disk.Slow(0)
	case ConditionDiskSlow:
		disk.Slow(a.Delay)
		h.note("disk", fmt.Sprintf("every write of the %s takes %v", a.Party, a.Delay))
	}
	return nil
}

func (h *host) note(name, text string) {
	h.trace.Record(trace.Event{At: h.life.now(), Party: "host", Kind: trace.Injected, Name: name, Text: text})
}

// Death is when the host's process is killed, and for how long it stays away.
type Death struct {
	Flow      pay.Flow
	Nth       int           // the request of that flow, as they reach the host
	Answering bool          // when the answer would leave, which it then does not; otherwise when the request is there
	After     time.Duration // ... and so long later; 0 is before anything is done with it
	Back      time.Duration // after so long it is started again on its journals
}

// HostDies has the host killed at a moment to come.
func (w *World) HostDies(d Death) error {
	s, err := w.mortal()
	if err == nil {
		s.deaths = append(s.deaths, d)
	}
	return err
}

// KillHost kills the host and starts it again on its journals: all else that it knew is gone, and so are its connections.
func (w *World) KillHost() error {
	s, err := w.mortal()
	if err != nil {
		return err
	}
	s.die()
	s.revive()
	return w.Rest()
}

func (w *World) mortal() (*memorySeat, error) {
	s, ok := w.seats.(*memorySeat)
	switch {
	case !ok:
		return nil, lacks("the process of this host is not ours to kill: tag the scenario @clock")
	case s.host.wallets != nil || s.host.office != nil:
		return nil, errors.New("wallets and office live in the host's process and keep no journal: a scenario has those or a host that dies")
	}
	return s, nil
}

// accept makes the host's side of a connection.
func (s *memorySeat) accept(write func([]byte), hangUp func()) *front {
	f := s.host.accept(write, hangUp)
	f.handler = mortal{s, f.handler}
	return f
}

// mortal stands before a host that may die of a request.
type mortal struct {
	seat *memorySeat
	iso8583.Handler
}

// Serve implements iso8583.Handler.
func (m mortal) Serve(now time.Time, req *iso8583.Message, out iso8583.Outbox) {
	s := m.seat
	if spec, answer, ok := s.host.dialect.Identify(req); ok && !answer {
		s.seen[spec.Flow]++
		if i := slices.IndexFunc(s.deaths, func(d Death) bool { return d.Flow == spec.Flow && d.Nth == s.seen[spec.Flow] }); i >= 0 {
			d := s.deaths[i]
			s.deaths = slices.Delete(s.deaths, i, i+1)
			die := func() {
				s.die()
				s.world.Loop.After(d.Back, s.revive)
			}
			switch {
			case d.Answering:
				out = lastWords{out, die}
			case d.After == 0:
				die()
				return
			default:
				s.world.Loop.After(d.After, die)
			}
		}
	}
	m.Handler.Serve(now, req, out)
}

// lastWords are never said: the host dies of them.
type lastWords struct {
	iso8583.Outbox
	die func()
}

// Send implements iso8583.Outbox.
func (l lastWords) Send(*iso8583.Message) { l.die() }

// die ends the host's process: what is not durable is gone, and its connections are closed, as an operating system does.
func (s *memorySeat) die() {
	h := s.host
	if h.life.ended {
		return
	}
	h.note("kill", "the host is killed")
	h.life.ended, s.dial.down = true, true
	for _, d := range h.disks {
		d.Die()
	}
	open := slices.SortedFunc(maps.Keys(s.dial.open), func(a, b *memoryConn) int { return cmp.Compare(a.number, b.number) })
	for _, c := range open {
		c.hangUp()
	}
}

// revive starts the host again on its journals. Its security modules, its disks' trouble and its machine's clock are as they were.
func (s *memorySeat) revive() {
	was, c := s.host, s.config
	c.boxes = was.boxes
	h, err := newHost(c)
	if err != nil {
		s.world.broken = errors.Join(s.world.broken, fmt.Errorf("the host that was killed does not start again: %w", err))
		return
	}
	for i, d := range was.disks {
		h.disks[i].Like(d)
	}
	h.life.skew, h.grease.every, h.grease.always = was.life.skew, was.grease.every, was.grease.always
	s.host, s.dial.down = h, false
	h.note("start", "the host is started again on its journals")
	h.resume()
}

// resume takes up what the journal says was under way when the host last stopped.
func (h *host) resume() {
	nobody := h.accept(func([]byte) {}, func() {}) // the tills that waited then have hung up
	h.acquirer.Resume(h.life.now(), nobody)
}
