package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/simulators/core/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStart(t *testing.T) {
	if got := sim.Start.Format(time.RFC3339); got != "2026-06-01T09:30:00+08:00" {
		t.Errorf("virtual time begins %s", got)
	}
}

// loops runs a test on a virtual loop and, in a bubble where waiting costs nothing, on a real one.
func loops(t *testing.T, test func(*testing.T, *sim.Loop)) {
	t.Run("virtual", func(t *testing.T) { test(t, sim.NewVirtual(sim.Start)) })
	t.Run("real", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, sim.NewReal()) })
	})
}

func TestOrder(t *testing.T) {
	loops(t, func(t *testing.T, l *sim.Loop) {
		var got []string
		begin := l.Now()
		note := func(name string) func() {
			return func() { got = append(got, fmt.Sprint(name, " ", l.Now().Sub(begin))) }
		}
		l.After(3*time.Second, note("c"))
		l.After(time.Second, note("a"))
		l.After(time.Second, note("b"))
		l.After(2*time.Second, func() {
			note("set")()
			l.After(0, note("now"))
			l.At(begin, note("past"))
			l.After(time.Second, note("after c"))
		})
		l.After(time.Second, note("stopped")).Stop()
		err := l.Run(t.Context(), func() bool { return len(got) == 7 })
		want := []string{"a 1s", "b 1s", "set 2s", "now 2s", "past 2s", "c 3s", "after c 3s"}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}

func TestVirtualTimeStandsStill(t *testing.T) {
	l := sim.NewVirtual(sim.Start)
	if err := l.Run(t.Context(), nil); !errors.Is(err, sim.ErrIdle) {
		t.Fatalf("an empty loop gives %v", err)
	}
	if !l.Now().Equal(sim.Start) || !l.Virtual() {
		t.Errorf("it is %s", l.Now())
	}
	l.After(60*time.Second, func() {})
	if err := l.Run(t.Context(), func() bool { return false }); !errors.Is(err, sim.ErrIdle) {
		t.Fatalf("want ErrIdle, got %v", err)
	}
	if got := l.Now().Sub(sim.Start); got != 60*time.Second {
		t.Errorf("the clock moved %s", got)
	}
}

func TestConditionIsAskedBeforeEachEvent(t *testing.T) {
	loops(t, func(t *testing.T, l *sim.Loop) {
		n := 0
		count := func() { n++ }
		l.Post(count)
		l.Post(count)
		l.After(time.Second, count)
		l.After(time.Second, count)
		for want := range 5 {
			if err := l.Run(t.Context(), func() bool { return n == want }); err != nil || n != want {
				t.Fatalf("%d events ran, %v, want %d", n, err, want)
			}
		}
	})
}

func TestPostedRunInOrder(t *testing.T) {
	loops(t, func(t *testing.T, l *sim.Loop) {
		var got []int
		for i := range 100 {
			l.Post(func() { got = append(got, i) })
		}
		if err := l.Run(t.Context(), func() bool { return len(got) == 100 }); err != nil || !slices.IsSorted(got) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestPostFromGoroutines(t *testing.T) {
	l := sim.NewReal()
	const posters, each = 8, 200
	n := 0 // only the loop touches it; the race detector watches
	var all sync.WaitGroup
	for range posters {
		all.Go(func() {
			for range each {
				l.Post(func() { n++ })
				_ = l.Now()
			}
		})
	}
	if err := l.Run(t.Context(), func() bool { return n == posters*each }); err != nil {
		t.Errorf("%d of %d ran: %v", n, posters*each, err)
	}
	all.Wait()
}

func TestPostWakesAWaitingLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begin, posted := sim.NewReal(), time.Now(), false
		l.After(time.Hour, func() { t.Error("waited for the timer") })
		time.AfterFunc(time.Second, func() { l.Post(func() { posted = true }) })
		if err := l.Run(t.Context(), func() bool { return posted }); err != nil || time.Since(begin) != time.Second {
			t.Errorf("woke after %s, %v", time.Since(begin), err)
		}
	})
}

func TestStop(t *testing.T) {
	loops(t, func(t *testing.T, l *sim.Loop) {
		var none *sim.Timer
		if none.Stop() {
			t.Error("no timer was stopped")
		}
		ran := false
		var first *sim.Timer
		second := l.After(time.Second, func() { t.Error("a stopped event ran") })
		first = l.At(l.Now(), func() {
			ran = true
			if first.Stop() || !second.Stop() || second.Stop() {
				t.Error("Stop tells wrongly whether the event had still to run")
			}
		})
		if err := l.Drain(t.Context(), 2*time.Second); err != nil || !ran {
			t.Errorf("ran %v, %v", ran, err)
		}
	})
}

func TestDrain(t *testing.T) {
	loops(t, func(t *testing.T, l *sim.Loop) {
		begin, n := l.Now(), 0
		var tick func()
		tick = func() { n++; l.After(time.Second, tick) }
		l.After(time.Second, tick)
		if err := l.Drain(t.Context(), 3500*time.Millisecond); err != nil || n != 3 {
			t.Errorf("%d ticks, %v", n, err)
		}
		if got := l.Now().Sub(begin); got != 3500*time.Millisecond {
			t.Errorf("the clock moved %s", got)
		}
	})
}

func TestContextEndsARun(t *testing.T) {
	loops(t, func(t *testing.T, l *sim.Loop) {
		ctx, cancel := context.WithCancel(t.Context())
		l.After(time.Second, cancel)
		l.After(time.Hour, func() { t.Error("ran on") })
		if err := l.Run(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestContextEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := sim.NewReal().Run(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSeedRepeatsAndStreamsAreIndependent(t *testing.T) {
	draw := func(s sim.Seed, name string) (n [4]uint64) {
		r := s.Stream(name)
		for i := range n {
			n[i] = r.Uint64()
		}
		return n
	}
	if draw(1, "T1") != draw(1, "T1") {
		t.Error("one seed and name give two streams")
	}
	seen := map[any]string{}
	for _, s := range []sim.Seed{0, 1, 2, 1 << 63} {
		for _, name := range []string{"", "T1", "T2", "T1/pin", "1"} {
			what := fmt.Sprint(uint64(s), "/", name)
			for kind, v := range map[string]any{"stream": draw(s, name), "sub-seed": draw(s.Sub(name), name)} {
				if other, dup := seen[v]; dup {
					t.Errorf("%s of %s is that of %s", kind, what, other)
				}
				seen[v] = what
			}
		}
	}
	a, b := sim.Seed(9).Stream("a"), sim.Seed(9).Stream("b")
	first := b.Uint64()
	a.Uint64()
	if again := sim.Seed(9).Stream("b").Uint64(); again != first {
		t.Error("drawing from one stream moved another")
	}
}

func TestSeedBytes(t *testing.T) {
	want := sim.Seed(4).Bytes("key", 64)
	got := make([]byte, 64)
	if _, err := io.ReadFull(sim.Seed(4).Reader("key"), got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("reader and bytes differ: %v", err)
	}
	if bytes.Equal(want, sim.Seed(5).Bytes("key", 64)) || reflect.DeepEqual(want[:32], want[32:]) {
		t.Error("bytes repeat")
	}
}

// The printed seed is a promise: what it gives must not change between versions.
func TestSeedIsAPromise(t *testing.T) {
	const promised = "17f91dec0861d38e 7305179954221193351"
	if got := fmt.Sprintf("%x %d", sim.Seed(1).Bytes("T1", 8), uint64(sim.Seed(1).Sub("scenario 1"))); got != promised {
		t.Errorf("seed 1 gives %s, it gave %s", got, promised)
	}
}

func BenchmarkVirtualEvent(b *testing.B) {
	l := sim.NewVirtual(sim.Start)
	var tick func()
	n := 0
	tick = func() { n++; l.After(time.Second, tick) }
	l.After(time.Second, tick)
	b.ReportAllocs()
	for b.Loop() {
		want := n + 1
		if err := l.Run(b.Context(), func() bool { return n == want }); err != nil {
			b.Fatal(err)
		}
	}
}

// Between comes once for a row of events, when the loop rests; within a row without end it comes all the same.
func TestBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sim.NewReal()
		var rows []int
		n := 0
		l.Between(func() { rows, n = append(rows, n), 0 })
		for range 3 {
			l.Post(func() { n++ })
		}
		l.After(time.Second, func() { n++ })
		if err := l.Run(t.Context(), func() bool { return len(rows) == 2 }); err != nil || !slices.Equal(rows, []int{3, 1}) {
			t.Errorf("rows of %v events, %v: want 3 and, a second later, 1", rows, err)
		}
		rows = nil
		var again func()
		again = func() { n++; l.Post(again) }
		l.Post(again)
		if err := l.Run(t.Context(), func() bool { return len(rows) == 3 }); err != nil || slices.Max(rows) > 100 {
			t.Errorf("a row without end is cut into %v, %v", rows, err)
		}
	})
	l := sim.NewVirtual(sim.Start)
	l.Between(func() { t.Error("a virtual loop has nothing to send") })
	if err := l.Drain(t.Context(), time.Second); err != nil {
		t.Error(err)
	}
}
