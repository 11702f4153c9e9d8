package steps

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Explore plays random days of whole tills in memory and holds them to a small model of the books. The first day that goes
// wrong is made small and told as a feature.
type Explore struct {
	Rig        *rig.Rig // in memory, with or without defects
	Honest     *rig.Rig // the same without defects, to tell how it should have been; nil: Rig is
	Seed       sim.Seed
	Days       int    // at most; 0: until the context ends
	Orders     int    // a day; 0: DefaultOrders
	Parallel   int    // days at once; 0: as many as there are processors
	Command    string // begins the command that explores again; RunCommand that which runs the feature
	RunCommand string
	Patience   time.Duration     // that a day may take; 0: 30 s
	Done       func(Exploration) // told after each day, from any goroutine but one at a time
}

// DefaultOrders is how many orders a day has.
const DefaultOrders = 40

// Exploration is what was played, and what was found.
type Exploration struct {
	Days    int                         `json:"days"`
	Orders  int                         `json:"orders"`
	Faults  int                         `json:"faults"` // that struck
	Endings map[terminal.EndingKind]int `json:"endings"`
	Counter *Counterexample             `json:"counterexample,omitempty"`
}

// Counterexample is a day that went wrong, made small.
type Counterexample struct {
	Day     int     `json:"day"` // counted from 1
	Seed    uint64  `json:"seed"`
	Finding Finding `json:"finding"`
	Was     int     `json:"acts_before_shrinking"`
	Acts    int     `json:"acts"`
	Plays   int     `json:"plays"` // that shrinking took
	Feature string  `json:"feature"`
	Fails   bool    `json:"feature_fails"` // so it should: a run of its steps shows what was found
}

// Run plays days until one goes wrong, all are played or the context ends; what was played until then is told in any case. The
// day that is told is the first one by number that went wrong, whatever the number of processors.
func (e Explore) Run(ctx context.Context) (Exploration, error) {
	s, err := e.search(ctx)
	if err != nil || s.wrong == nil {
		return s.total, err
	}
	s.total.Counter, err = s.small(ctx, s.wrong)
	return s.total, err
}

// search plays the days.
func (e Explore) search(ctx context.Context) (*search, error) {
	if e.Orders <= 0 {
		e.Orders = DefaultOrders
	}
	if e.Parallel <= 0 {
		e.Parallel = runtime.GOMAXPROCS(0)
	}
	if e.Patience <= 0 {
		e.Patience = 30 * time.Second
	}
	s := &search{Explore: e, total: Exploration{Endings: map[terminal.EndingKind]int{}}}
	var err error
	if s.speech, err = newSpeech(); err != nil {
		return s, err
	}
	var wait sync.WaitGroup
	for range e.Parallel {
		wait.Go(func() { s.work(ctx) })
	}
	wait.Wait()
	return s, s.err
}

// search is the state of a run: days are handed out in order, and none behind one that went wrong.
type search struct {
	Explore
	speech speech

	mu    sync.Mutex
	next  int
	total Exploration
	wrong *lived
	err   error
}

// lived is a day that was played.
type lived struct {
	number int
	player *player
}

func (s *search) work(ctx context.Context) {
	for {
		s.mu.Lock()
		s.next++
		number := s.next
		over := s.err != nil || s.wrong != nil || ctx.Err() != nil || s.Days > 0 && number > s.Days
		s.mu.Unlock()
		if over {
			return
		}
		s.take(ctx, number)
	}
}

// take plays one day and counts it.
func (s *search) take(ctx context.Context, number int) {
	p, err := s.draw(ctx, number)
	if ctx.Err() != nil {
		return // cut short: it shows nothing
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.err = fmt.Errorf("day %d: %w", number, err)
		return
	}
	s.total.Days++
	s.total.Orders += p.orders
	s.total.Faults += p.faults
	for kind, n := range p.endings {
		s.total.Endings[kind] += n
	}
	if p.found != nil && (s.wrong == nil || number < s.wrong.number) {
		s.wrong = &lived{number, p}
	}
	if s.Done != nil {
		now := s.total
		now.Endings = maps.Clone(now.Endings)
		s.Done(now)
	}
}

// draw draws a day of that number and plays it.
func (s *search) draw(ctx context.Context, number int) (*player, error) {
	seed := s.Seed.Sub(fmt.Sprintf("day %d", number))
	r := seed.Stream("acts")
	d := day{seed: seed, holds: map[string]int64{"Alice": []int64{10000, 50000, 100000}[r.IntN(3)]}, customs: drawCustoms(r)}
	wider := seed.Stream("wide")
	d.wide = drawWide(wider)
	return s.play(ctx, s.Rig, d, func(p *player) error {
		p.deeds = drawMoods(r, deeds())
		if d.wide.is {
			p.deeds = append(p.deeds, drawMoods(wider, wideDeeds())...)
		}
		return p.live(r, s.Orders)
	})
}

// play plays a day in a world of its own.
func (s *search) play(ctx context.Context, r *rig.Rig, d day, how func(*player) error) (*player, error) {
	limited, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	p, err := newPlayer(limited, r, s.speech, d)
	if err != nil {
		return nil, err
	}
	defer p.world.Close()
	return p, how(p)
}
