package journal

import (
	"errors"
	"sync"
)

// groups is the way in of a store that is not of memory. A goroutine of its own takes every batch that is queued, lets them be
// committed together, and then calls each done: the more wait, the less each costs.
type groups struct {
	commit  func([]pending) error
	explain func(error) error // says whose error it is
	wake    chan struct{}     // holds one: there is something in queue
	stopped chan struct{}     // closed when the committer has ended

	mu     sync.Mutex
	queue  []pending
	closed bool
	done   uint64 // commits

	file   sync.Mutex // guards what the store writes to, and failed
	failed error      // the first failure; nothing is written after it
}

type pending struct {
	batch []Record
	done  func(error)
}

func (g *groups) start(commit func([]pending) error, explain func(error) error) {
	g.commit, g.explain, g.wake, g.stopped = commit, explain, make(chan struct{}, 1), make(chan struct{})
	go g.run()
}

// Append queues the batch; it never waits for the disk. After a failure done gets that same failure.
func (g *groups) Append(batch []Record, done func(error)) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		done(g.explain(errors.New("it is closed")))
		return
	}
	g.queue = append(g.queue, pending{batch, done})
	select {
	case g.wake <- struct{}{}:
	default:
	}
	g.mu.Unlock()
}

// Counts tells how many batches wait, and how many commits there were.
func (g *groups) Counts() (waiting int, commits uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue), g.done
}

// stop commits what is queued and takes no more.
func (g *groups) stop() {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.wake)
	}
	g.mu.Unlock()
	<-g.stopped
}

func (g *groups) run() {
	defer close(g.stopped)
	for range g.wake {
		g.flush()
	}
	g.flush()
}

// flush makes everything that is queued durable, or fails all of it.
func (g *groups) flush() {
	g.file.Lock()
	g.mu.Lock()
	group := g.queue
	g.queue = nil
	if len(group) > 0 {
		g.done++
	}
	g.mu.Unlock()
	if g.failed == nil && len(group) > 0 {
		g.failed = g.commit(group)
	}
	failed := g.failed
	g.file.Unlock()
	for _, p := range group {
		p.done(failed)
	}
}
