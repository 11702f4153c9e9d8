package load

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

// MaxRate is the highest rate of a schedule in orders a second: past it, vegeta's pacers fall over their whole nanoseconds.
const MaxRate = 10_000_000

// Dues runs a schedule in virtual time and yields when each order is due, up to and with limit (0: until the schedule stops). Orders are
// counted as vegeta counts: the first is due when the schedule has come to 1.
func Dues(p vegeta.Pacer, limit time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		run := p
		if s, ok := p.(interface{ restarted() vegeta.Pacer }); ok {
			run = s.restarted() // so that two runs of one schedule do not draw from one another
		}
		for at, orders := time.Duration(0), uint64(0); ; orders++ {
			wait, stop := run.Pace(at, orders)
			at += max(wait, 0)
			if stop || limit > 0 && at > limit || !yield(at) {
				return
			}
		}
	}
}

// Constant is due at one rate for ever: vegeta's own pacer where its whole nanoseconds give the rate exactly, and one endless stage where they do not.
func Constant(rate float64) (vegeta.Pacer, error) {
	if err := checkRate("rate", rate); err != nil {
		return nil, err
	}
	if whole := int(rate); float64(whole) == rate && int(time.Second)%whole == 0 {
		return vegeta.ConstantPacer{Freq: whole, Per: time.Second}, nil
	}
	return NewStages(Stage{Rate: RateRange{rate, rate}})
}

// Linear goes from one rate to another and stops there.
func Linear(from, to float64, over time.Duration) (vegeta.Pacer, error) {
	if err := cmp.Or(checkRate("from", from), checkRate("to", to)); err != nil {
		return nil, err
	}
	if over <= 0 {
		return nil, fmt.Errorf("over: want a time above 0, got %s", over)
	}
	return until{vegeta.LinearPacer{StartAt: vegetaRate(from), Slope: (to - from) / over.Seconds()}, over}, nil
}

// Sine swings about a mean rate for ever, beginning at the angle start, such as vegeta.Trough.
func Sine(mean, amplitude float64, period time.Duration, start float64) (vegeta.Pacer, error) {
	switch err := checkRate("mean", mean); {
	case err != nil:
		return nil, err
	case !(amplitude >= 0 && amplitude < mean):
		return nil, fmt.Errorf("amplitude: want from 0 to below the mean of %g/s, got %g/s", mean, amplitude)
	case mean+amplitude > MaxRate:
		return nil, fmt.Errorf("amplitude: the peak of %g/s is over %d/s", mean+amplitude, MaxRate)
	case period <= 0:
		return nil, fmt.Errorf("period: want a time above 0, got %s", period)
	case math.IsNaN(start) || math.IsInf(start, 0):
		return nil, fmt.Errorf("start: want an angle, got %g", start)
	}
	return vegeta.SinePacer{Period: period, Mean: vegetaRate(mean), Amp: vegetaRate(amplitude), StartAt: start}, nil
}

// vegetaRate keeps nine digits after the point at low rates, and what a float has at high ones.
func vegetaRate(rate float64) vegeta.Rate {
	return vegeta.Rate{Freq: int(math.Round(rate * 1e9)), Per: 1e9 * time.Second}
}

func seconds(s Span) float64 { return time.Duration(s).Seconds() }

func checkRate(name string, rate float64) error {
	if !(rate > 0 && rate <= MaxRate) {
		return fmt.Errorf("%s: want above 0/s and at most %d/s, got %g/s", name, MaxRate, rate)
	}
	return nil
}

// until stops a schedule that would go on.
type until struct {
	vegeta.Pacer
	end time.Duration
}

func (u until) Pace(elapsed time.Duration, orders uint64) (time.Duration, bool) {
	wait, stop := u.Pacer.Pace(elapsed, orders)
	return wait, stop || elapsed+wait > u.end
}

// Stages are due one after the other; the schedule stops after the last. A rate may be 0; the last stage holds its rate for ever if its time is 0.
type Stages struct {
	stages []Stage
	starts []time.Duration // when each stage starts
	counts []float64       // orders due before each stage, and after the last
}

// NewStages checks stages and counts their orders.
func NewStages(stages ...Stage) (*Stages, error) {
	s := &Stages{stages: stages, counts: []float64{0}}
	var at time.Duration
	var count float64
	for i, stage := range stages {
		last := i == len(stages)-1
		for _, rate := range []float64{stage.Rate.From, stage.Rate.To} {
			if !(rate >= 0 && rate <= MaxRate) {
				return nil, fmt.Errorf("stage %d: want rates from 0/s to %d/s, got %g/s", i+1, MaxRate, rate)
			}
		}
		switch {
		case stage.For < 0 || stage.For == 0 && !last:
			return nil, fmt.Errorf("stage %d: for: want a time above 0, got %s", i+1, time.Duration(stage.For))
		case stage.For == 0 && stage.Rate.From != stage.Rate.To:
			return nil, fmt.Errorf("stage %d: for: a stage that changes its rate needs a time", i+1)
		case stage.For == 0 && stage.Rate.From > 0:
			count = math.Inf(1)
		default:
			count += stage.count(seconds(stage.For))
		}
		s.starts, s.counts = append(s.starts, at), append(s.counts, count)
		at += time.Duration(stage.For)
	}
	if count < 1 {
		return nil, fmt.Errorf("stages: not one order is due in them")
	}
	return s, nil
}

// due is when the schedule has come to a count of orders.
func (s *Stages) due(count float64) (time.Duration, bool) {
	for i, stage := range s.stages {
		end := s.counts[i+1]
		if count > end+1e-6 { // the sum of the stages is a float, and its last order is owed
			continue
		}
		t := stage.comes(min(count, end) - s.counts[i])
		return s.starts[i] + time.Duration(math.Round(t*1e9)), true
	}
	return 0, false
}

// rateAt is the rate after so many seconds.
func (s Stage) rateAt(t float64) float64 {
	if s.Every > 0 {
		return s.mean() + (s.Rate.From-s.mean())*math.Cos(2*math.Pi*t/seconds(s.Every))
	}
	if s.For == 0 {
		return s.Rate.From
	}
	return s.Rate.From + (s.Rate.To-s.Rate.From)*t/seconds(s.For)
}

// count is how many orders are due within so many seconds: the integral of the rate.
func (s Stage) count(t float64) float64 {
	if s.Every > 0 {
		turn := 2 * math.Pi / seconds(s.Every)
		return s.mean()*t + (s.Rate.From-s.mean())*math.Sin(turn*t)/turn
	}
	return (s.Rate.From + s.slope()*t/2) * t
}

// comes is after how many seconds the count comes to in.
func (s Stage) comes(in float64) float64 {
	if s.Every > 0 { // the count only grows, but has no root in closed form
		early, late := 0.0, seconds(s.For)
		for late-early > 1e-10 {
			if middle := (early + late) / 2; s.count(middle) < in {
				early = middle
			} else {
				late = middle
			}
		}
		return late
	}
	// Orders in a ramp grow as from·t + slope·t²/2; this form of the root loses no digits when the slope is small.
	return 2 * in / (s.Rate.From + math.Sqrt(max(0, s.Rate.From*s.Rate.From+2*s.slope()*in)))
}

func (s Stage) mean() float64 { return (s.Rate.From + s.Rate.To) / 2 }

func (s Stage) slope() float64 {
	if s.For == 0 {
		return 0
	}
	return (s.Rate.To - s.Rate.From) / seconds(s.For)
}

// Pace implements vegeta.Pacer.
func (s *Stages) Pace(elapsed time.Duration, orders uint64) (time.Duration, bool) {
	due, ok := s.due(float64(orders + 1))
	return max(0, due-elapsed), !ok
}

// Rate implements vegeta.Pacer.
func (s *Stages) Rate(elapsed time.Duration) float64 {
	for i, stage := range s.stages {
		if in := elapsed - s.starts[i]; stage.For == 0 || in < time.Duration(stage.For) {
			return stage.rateAt(in.Seconds())
		}
	}
	return 0
}

// Poisson is due at random, at the rates of its stages: as people come who do not know of one another. The same seed gives the same times.
// It remembers how far it is, so one attacker uses it at a time; Dues begins it anew.
type Poisson struct {
	*Stages
	seed   sim.Seed
	draw   *rand.Rand
	orders uint64  // drawn
	sum    float64 // of their gaps, each 1 on average
}

// NewPoisson gives the schedule of a seed.
func NewPoisson(seed sim.Seed, s *Stages) *Poisson {
	return &Poisson{Stages: s, seed: seed, draw: seed.Stream("load/poisson")}
}

func (p *Poisson) restarted() vegeta.Pacer { return NewPoisson(p.seed, p.Stages) }

// Pace implements vegeta.Pacer.
func (p *Poisson) Pace(elapsed time.Duration, orders uint64) (time.Duration, bool) {
	if orders < p.orders-min(p.orders, 1) {
		*p = *NewPoisson(p.seed, p.Stages)
	}
	for p.orders <= orders {
		p.sum += p.draw.ExpFloat64()
		p.orders++
	}
	due, ok := p.due(p.sum)
	return max(0, due-elapsed), !ok
}

// Replay is due at recorded times. It reads them once, as an attacker asks for them in order, so a recording of any size will do.
type Replay struct {
	next   func() (time.Duration, bool)
	speed  float64
	first  time.Duration
	at     time.Duration // the newest time read, from the first on, scaled
	orders uint64        // read
	ended  bool
}

// NewReplay reads times from next until it says false. The first is due at once; speed 2 plays twice as fast, so at twice the rate. A time
// that lies before its forerunner is due with it.
func NewReplay(next func() (at time.Duration, ok bool), speed float64) (*Replay, error) {
	if !(speed > 0) || math.IsInf(speed, 1) {
		return nil, fmt.Errorf("speed: want a number above 0, got %g", speed)
	}
	return &Replay{next: next, speed: speed}, nil
}

// Pace implements vegeta.Pacer.
func (r *Replay) Pace(elapsed time.Duration, orders uint64) (time.Duration, bool) {
	for !r.ended && r.orders <= orders {
		at, ok := r.next()
		if !ok {
			r.ended = true
			break
		}
		if r.orders == 0 {
			r.first = at
		}
		r.at = max(r.at, time.Duration(math.Round(float64(at-r.first)/r.speed)))
		r.orders++
	}
	return max(0, r.at-elapsed), r.ended
}

// Rate implements vegeta.Pacer with the mean rate of what was read: a recording does not say what comes.
func (r *Replay) Rate(time.Duration) float64 {
	if r.at == 0 {
		return 0
	}
	return float64(r.orders) / r.at.Seconds()
}
