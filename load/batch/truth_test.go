package batch

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// logged is what a host wrote down of one request, by its own clock.
type logged struct{ read, wrote time.Duration }

// truthful is a host on a socket that answers by a script and keeps a log of its own.
type truthful struct {
	*testing.T
	*crowd
	clock  load.RealClock
	answer func(n int, read time.Duration) (at time.Duration)

	mu   sync.Mutex
	n    int
	log  map[[2]uint64]logged // by the number of the till, and the trace number
	wait sync.WaitGroup
}

func (h *truthful) serve(conn net.Conn) {
	k, err := h.clerk()
	if err != nil {
		h.Error(err)
		return
	}
	err = h.frames(conn, func(frames [][]byte) error {
		read := h.clock.Now()
		for _, f := range frames {
			out, err := k.reply(nil, f, false)
			if err != nil {
				return err
			}
			till, _ := k.scan.Number(iso8583.Terminal)
			trace, _ := k.scan.Number(iso8583.Trace)
			h.mu.Lock()
			at := h.answer(h.n, read)
			h.n++
			h.mu.Unlock()
			h.wait.Add(1)
			time.AfterFunc(at-h.clock.Now(), func() {
				defer h.wait.Done()
				h.mu.Lock()
				defer h.mu.Unlock()
				h.log[[2]uint64{till, trace}] = logged{read, h.clock.Now()}
				if _, err := conn.Write(out); err != nil {
					h.Error(err)
				}
			})
		}
		return nil
	})
	if err != nil {
		h.Error(err)
	}
}

// ledger keeps all samples, and measures them as a run does.
type ledger struct {
	*load.Recorder
	samples []load.Sample
}

func (l *ledger) Record(s *load.Sample) {
	l.Recorder.Record(s)
	l.samples = append(l.samples, *s)
}

// measured is a run on sockets.
type measured struct {
	samples []load.Sample
	log     map[[2]uint64]logged
	total   *load.Tally
	raw     []time.Duration // what eight bytes took there and back meanwhile
}

// truth offers sales for three seconds to a host of that script.
func truth(t *testing.T, rate int, script func(n int, read time.Duration) time.Duration) measured {
	t.Helper()
	c, err := newCrowd(400, 4, rate, "3s", true)
	if err != nil {
		t.Fatal(err)
	}
	// The sender's thread sleeps in the kernel and keeps what it runs on from the others meanwhile: one more for the host.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 1))
	l, err := wire.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := load.NewMeasurement(1, time.Second, c.Workload.Length())
	if err != nil {
		t.Fatal(err)
	}
	book := &ledger{Recorder: m.Recorder()}
	c.Desk = book
	clock := load.RealClock{Began: time.Now()}
	c.Clock = clock.Now
	s, err := New(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	h := &truthful{T: t, crowd: c, answer: script, log: map[[2]uint64]logged{}}
	var group sync.WaitGroup
	group.Go(func() {
		defer l.Close()
		for range c.Workload.Lines {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { defer conn.Close(); h.serve(conn) })
		}
	})
	if err := s.Connect(t.Context(), wire.Address{Addr: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	out := measured{}
	ctx, stop := context.WithCancel(t.Context())
	group.Go(func() { out.raw = echo(ctx, t) })
	clock.Began = time.Now()
	h.clock = clock
	c.Clock = clock.Now
	s.Clock = clock.Now
	p, err := c.Workload.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	load.Drive(t.Context(), p, c.Workload.Length(), s, clock, time.Minute)
	stop()
	h.wait.Wait()
	s.Close()
	group.Wait()
	book.Close()
	m.Collect(func(*load.Interval) {})
	out.samples, out.log, out.total = book.samples, h.log, m.Total().Total(nil)
	if want := rate * 3; len(out.samples) != want || out.total.Ends[load.Approved] != uint64(want) || len(out.log) != want {
		t.Fatalf("%d samples, %d approved, %d in the host's log, of %d", len(out.samples), out.total.Ends[load.Approved], len(out.log), want)
	}
	return out
}

// echo measures what this machine makes of bytes that are answered a while later: what an exchange took beyond what the other side says it
// held the answer back, four of them at a time.
func echo(ctx context.Context, t *testing.T) (beyond []time.Duration) {
	l, err := wire.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer l.Close()
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		conn, err := wire.Dial(ctx, wire.Address{Addr: l.Addr().String()})
		if err != nil {
			t.Error(err)
			return nil
		}
		other, err := l.Accept()
		if err != nil {
			t.Error(err)
			return nil
		}
		held := make(chan time.Duration, 1)
		group.Go(func() {
			for b := make([]byte, 8); ; {
				if _, err := io.ReadFull(other, b); err != nil {
					return
				}
				read := time.Now()
				<-time.After(5 * time.Millisecond)
				held <- time.Since(read)
				if _, err := other.Write(b); err != nil {
					return
				}
			}
		})
		group.Go(func() {
			defer other.Close()
			defer conn.Close()
			for b := make([]byte, 8); ctx.Err() == nil; {
				begin := time.Now()
				if _, err := conn.Write(b); err != nil {
					return
				}
				if _, err := io.ReadFull(conn, b); err != nil {
					return
				}
				took := time.Since(begin)
				mu.Lock()
				beyond = append(beyond, took-<-held)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return beyond
}

// quantile is the smallest of which at least q are at most so long.
func quantile(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

var truthQuantiles = []float64{0.5, 0.99, 0.999}

// Service time is what the host's own log says, paired by till and trace number: never less, and at p50, p99 and p99.9 no more than 1 % or
// 50 µs over it, but for what this machine takes at the same time to bring eight bytes there and back. What disturbs a busy machine only
// adds, so one of three runs has to hold; in the tail, a machine that disturbs bare bytes by more than that allows is none to tell by.
func TestServiceTimeIsTheHostsOwn(t *testing.T) {
	var why string
	for range 3 {
		m := truth(t, 1000, func(n int, read time.Duration) time.Duration { // 10 % slow, 0.2 % very slow
			switch {
			case n%500 == 499:
				return read + 100*time.Millisecond
			case n%10 == 9:
				return read + 20*time.Millisecond
			}
			return read + 5*time.Millisecond
		})
		var own, services, beyond []time.Duration
		var sums [3]time.Duration
		for i := range m.samples {
			s := &m.samples[i]
			l, ok := m.log[[2]uint64{10000000 + uint64(s.Terminal), uint64(s.STAN)}]
			if !ok || s.Written > l.read || s.Answered < l.wrote || s.Written < s.Due {
				t.Fatalf("%+v, and the host's log says %+v, %v", s, l, ok)
			}
			own, services, beyond = append(own, l.wrote-l.read), append(services, s.Service()), append(beyond, s.Service()-(l.wrote-l.read))
			for i, d := range []time.Duration{s.Response(), s.Service(), s.Lateness()} {
				sums[i] += d
			}
		}
		if sums[0] != sums[1]+sums[2] {
			t.Errorf("responses sum up to %s, services to %s, lateness to %s", sums[0], sums[1], sums[2])
		}
		for _, q := range truthQuantiles { // the histogram has three digits
			if got, want := m.total.Times[load.Service].Quantile(q), quantile(services, q); got < want || got > want+want/500 {
				t.Errorf("service p%g is reported as %s, and is %s", 100*q, got, want)
			}
		}
		if why = m.strays(t, own, beyond); why == "" {
			t.Logf("service and log differ by %s at p50, %s at p99, bare bytes by %s and %s", quantile(beyond, 0.5), quantile(beyond, 0.99), quantile(m.raw, 0.5), quantile(m.raw, 0.99))
			return
		}
		t.Log(why)
	}
	t.Error(why)
}

// strays tells where the measured service times go beyond the host's own; "" for nowhere.
func (m *measured) strays(t *testing.T, own, beyond []time.Duration) string {
	for _, q := range truthQuantiles {
		got, held, raw := quantile(beyond, q), quantile(own, q), quantile(m.raw, q)
		allowed := max(held/100, 50*time.Microsecond)
		if q > 0.5 && raw > allowed {
			t.Logf("p%g: bare bytes are disturbed by %s, so nobody can tell (service and log differ by %s)", 100*q, raw, got)
			continue
		}
		if allowed += raw; got > allowed {
			return fmt.Sprintf("p%g: service goes beyond the host's log by %s: want %s at most, of which %s is the machine's", 100*q, got, allowed, raw)
		}
	}
	return ""
}

// A host that freezes for half a second flatters no percentile: each is at least what the schedule's arithmetic says of orders that were due meanwhile.
func TestFreezeFlattersNoPercentile(t *testing.T) {
	const freeze, thaw, rate = time.Second, 1500 * time.Millisecond, 2000
	m := truth(t, rate, func(_ int, read time.Duration) time.Duration {
		if read >= freeze && read < thaw {
			return thaw
		}
		return read
	})
	var least []time.Duration
	for n := range 3 * rate {
		due := time.Duration(n+1) * time.Second / rate
		if due >= freeze && due < thaw {
			least = append(least, thaw-due)
		} else {
			least = append(least, 0)
		}
	}
	for _, s := range m.samples {
		if s.Due >= freeze && s.Due < thaw && s.Answered < thaw {
			t.Errorf("due %s, answered %s, while the host was frozen", s.Due, s.Answered)
		}
	}
	for _, q := range []float64{0.5, 0.84, 0.9, 0.95, 0.99, 0.999, 1} {
		got, want := m.total.Times[load.Response].Quantile(q), quantile(least, q)
		if t.Logf("p%g: %s, by arithmetic at least %s", 100*q, got, want); got < want-want/1000 {
			t.Errorf("p%g is flattered", 100*q)
		}
	}
}
