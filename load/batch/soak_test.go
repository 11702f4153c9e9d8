//go:build unix

package batch

import (
	"flag"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

var soak = flag.Duration("soak", 20*time.Second, "how long TestSoak goes on")

// Over a long run the engine needs no more memory than the book of its orders, and not one more goroutine.
func TestSoak(t *testing.T) {
	const rate = 2000
	length := *soak
	if testing.Short() {
		length = 6 * time.Second // long enough for an answer that is spoilt
	}
	p := part{Rate: rate, Orders: int(length.Seconds() * rate), PerWrite: perWrite, Sealed: true}
	f := newProof(t, p)
	p.Address = f.Address
	c, err := p.crowd()
	if err != nil {
		t.Fatal(err)
	}
	m, err := load.NewMeasurement(1, time.Second, c.Workload.Length())
	if err != nil {
		t.Fatal(err)
	}
	desk := m.Recorder()
	clock := load.RealClock{Began: time.Now()}
	c.Desk, c.Clock = desk, clock.Now
	s, err := New(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Connect(t.Context(), wire.Address{Addr: p.Address}); err != nil {
		t.Fatal(err)
	}
	pacer, err := c.Workload.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		load.Drive(t.Context(), pacer, c.Workload.Length(), s, clock, time.Minute)
		desk.Close()
	}()
	const looks = 10
	tick := time.NewTicker(length / looks)
	defer tick.Stop()
	var heap [looks - 1]int64
	var goroutines [looks - 1]int
	for i := range heap {
		<-tick.C
		m.Collect()
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		heap[i], goroutines[i] = int64(now.HeapAlloc), runtime.NumGoroutine()
	}
	<-done
	m.Collect()
	s.Close()
	tally := m.Total().Total(nil)
	f.broken = int(tally.Ends[load.Broken])
	f.close(0)
	if n := int(tally.Ends[load.Approved] + tally.Ends[load.Broken]); n != p.Orders || s.Err() != nil {
		t.Errorf("of %d orders %d ended well: %v, %v", p.Orders, n, tally.Ends, s.Err())
	}
	const first, last = looks / 3, len(heap) - 1
	orders := int64(p.Orders) * int64(last-first) / looks
	book := (orders + pageSize) * int64(unsafe.Sizeof(entry{}))
	const slack = 4 << 20 // what is in use for the moment: buffers grow with what a busy machine lets wait
	if grown := heap[last] - heap[first]; grown > book+slack {
		t.Errorf("over %d orders the heap grew by %d bytes, and the book by %d at most: %v", orders, grown, book, heap)
	}
	if goroutines[last] > goroutines[first] {
		t.Errorf("goroutines: %v", goroutines)
	}
	t.Logf("heap %v, goroutines %v", heap, goroutines)
}
