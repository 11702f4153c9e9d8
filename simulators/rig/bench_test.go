package rig_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// counter sells on a line, one fen at a time: stripe, PIN, sealed 0200, acquirer, issuer, ledgers, sealed 0210, receipt.
type counter struct {
	b    *testing.B
	rig  *rig.Rig
	line string

	world *rig.World
	till  *rig.Till
	sold  int
}

// perWorld is how many sales a world sees before another takes its place: it keeps every event and frame.
const perWorld = 500

func (c *counter) open() {
	c.b.StopTimer()
	defer c.b.StartTimer()
	if c.world != nil {
		c.world.Close()
	}
	var err error
	if c.world, err = c.rig.World(c.b.Context(), 1, c.line); err != nil {
		c.b.Fatal(err)
	}
	c.b.Cleanup(c.world.Close)
	if c.till, err = c.world.Till("T1"); err != nil {
		c.b.Fatal(err)
	}
	if err := c.till.SignIn(); err != nil {
		c.b.Fatal(err)
	}
}

func (c *counter) sell() {
	if err := c.till.Swipe("Alice", pay.CNY(1), rig.PINRight); err != nil {
		c.b.Fatal(err)
	}
	if e := c.till.Endings[len(c.till.Endings)-1]; e.Kind != terminal.Approved {
		c.b.Fatalf("sale %d is %s: %s", c.sold, e.Kind, e.Screen)
	}
	c.sold++
}

func counters(b *testing.B) map[string]*counter {
	b.Helper()
	r, err := rig.New(rig.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return map[string]*counter{rig.LineMemory: {b: b, rig: r, line: rig.LineMemory}, rig.LineSocket: {b: b, rig: r, line: rig.LineSocket}}
}

// A whole sale with PIN, on each line.
func BenchmarkWholeSale(b *testing.B) {
	for _, line := range []string{rig.LineMemory, rig.LineSocket} {
		b.Run(line, func(b *testing.B) {
			c := counters(b)[line]
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%perWorld == 0 {
					c.open()
				}
				c.sell()
			}
		})
	}
}

// How many times what a sale takes in memory it takes over loopback, both sides in turn.
func BenchmarkRatioSaleSocketToMemory(b *testing.B) {
	both := counters(b)
	memory, socket := both[rig.LineMemory], both[rig.LineSocket]
	var inMemory, overSocket time.Duration
	for n := 0; b.Loop(); n++ {
		if n%perWorld == 0 {
			memory.open()
			socket.open()
		}
		begin := time.Now()
		memory.sell()
		middle := time.Now()
		socket.sell()
		inMemory, overSocket = inMemory+middle.Sub(begin), overSocket+time.Since(middle)
	}
	b.ReportMetric(float64(overSocket)/float64(inMemory), "x")
}
