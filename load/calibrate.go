package load

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// Machine is what this machine can do at best: a run is read against it.
type Machine struct {
	Cores  int           `json:"cores"`
	Echo   []Echo        `json:"echo"`
	Wake   Times         `json:"wake"` // how late a wait of one quantum ends
	Crypto []CryptoSpeed `json:"crypto,omitempty"`
}

// Echo is how fast frames go over loopback to somebody who sends them straight back, both ends on this machine.
type Echo struct {
	Connections int     `json:"connections"`
	PerWrite    int     `json:"frames_per_write"`
	Rate        float64 `json:"frames_per_s"`
}

// CryptoSpeed is what one operation takes on one core.
type CryptoSpeed struct {
	Name string        `json:"name"`
	Each time.Duration `json:"each_ns"`
}

// echoFrame is the size of a sale with a chip's data, and of its answer.
const echoFrame = 250

// Calibrate measures the machine, each figure for so long. The context ends it early.
func Calibrate(ctx context.Context, each time.Duration, connections []int) (*Machine, error) {
	m := &Machine{Cores: runtime.GOMAXPROCS(0)}
	for _, n := range connections {
		for _, frames := range []int{1, 8, 64} {
			rate, err := echo(ctx, n, frames, each)
			if err != nil {
				return nil, fmt.Errorf("calibrate: echo: %w", err)
			}
			m.Echo = append(m.Echo, Echo{n, frames, rate})
		}
	}
	m.Wake = wake(ctx, each)
	var err error
	m.Crypto, err = cryptography(ctx, each/4)
	return m, err
}

// Best gives the highest echo rate that was measured at so many frames a write, or at fewer where that was not.
func (m *Machine) Best(perWrite float64) (best Echo) {
	for _, e := range m.Echo {
		if (float64(e.PerWrite) <= perWrite || e.PerWrite == 1) && e.Rate > best.Rate {
			best = e
		}
	}
	return best
}

// Reach tells what share of this machine's limit so many orders a second are: of an echo over as many connections, with as many frames a write.
func Reach(ctx context.Context, rate float64, connections, perWrite int, each time.Duration) (string, error) {
	limit, err := echo(ctx, connections, perWrite, each)
	if err != nil {
		return "", fmt.Errorf("calibrate: echo: %w", err)
	}
	frames := "one frame a write"
	if perWrite > 1 {
		frames = fmt.Sprintf("%d frames a write", perWrite)
	}
	return fmt.Sprintf("Reached %.0f orders/s at most, %s %% of the %.0f/s that loopback echo does here at %s", rate,
		strconv.FormatFloat(100*rate/limit, 'f', 2, 64), limit, frames), nil
}

// Peak is the most orders a second that were written in an interval.
func (s *Summary) Peak() (rate float64) {
	for _, r := range s.Rows {
		rate = max(rate, float64(r.Written)/s.Interval.Seconds())
	}
	return rate
}

// echo sends frames over so many connections, several a write, and reads them back.
func echo(ctx context.Context, connections, perWrite int, each time.Duration) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	var servers, clients sync.WaitGroup
	servers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the listener was closed
			}
			servers.Go(func() { _, _ = io.Copy(bare{c}, bare{c}); _ = c.Close() })
		}
	})
	ctx, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	var frames atomic.Int64
	begin := time.Now()
	for range connections {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return 0, errorsAfter(l, err)
		}
		clients.Go(func() { frames.Add(pingPong(ctx, c, perWrite)) })
	}
	clients.Wait()
	took := time.Since(begin)
	_ = l.Close()
	servers.Wait()
	return float64(frames.Load()) / took.Seconds(), nil
}

func errorsAfter(l net.Listener, err error) error { _ = l.Close(); return err }

// bare hides what would let io.Copy have the kernel do the copying, which no host could.
type bare struct{ io.ReadWriter }

// window is how many writes are under way on a connection.
const window = 4

func pingPong(ctx context.Context, c net.Conn, perWrite int) (frames int64) {
	defer c.Close()
	out, in := make([]byte, perWrite*echoFrame), make([]byte, perWrite*echoFrame)
	for range window {
		if _, err := c.Write(out); err != nil {
			return frames
		}
	}
	for ctx.Err() == nil {
		if _, err := io.ReadFull(c, in); err != nil {
			return frames
		}
		frames += int64(perWrite)
		if _, err := c.Write(out); err != nil {
			return frames
		}
	}
	return frames
}

// wake measures how late a wait ends.
func wake(ctx context.Context, each time.Duration) Times {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := RealClock{Began: time.Now()}
	h := newHist()
	for clock.Now() < each && ctx.Err() == nil {
		before := clock.Now()
		clock.Wait(quantum)
		h.Add(clock.Now() - before - quantum)
	}
	return times(&h)
}

// cryptography measures what each order of a UnionPay till costs in keys: MAC and PIN block, under double-length keys and single ones.
func cryptography(ctx context.Context, each time.Duration) ([]CryptoSpeed, error) {
	h := hsm.New(sim.Seed(1).Reader("calibrate"))
	data, pan := make([]byte, echoFrame), pay.NewPAN("6200120000000005")
	var out []CryptoSpeed
	for _, a := range []hsm.Algorithm{hsm.DES, hsm.TDES2} {
		if _, err := h.Generate("key", a); err != nil {
			return nil, fmt.Errorf("calibrate: %w", err)
		}
		mac, err := h.MACKey("key", hsm.MACUnionPayECB)
		if err != nil {
			return nil, fmt.Errorf("calibrate: %w", err)
		}
		out = append(out, CryptoSpeed{fmt.Sprintf("UnionPay MAC, %s", a), speed(ctx, each, func() { mac.Sum(data) })})
		pin := pay.NewSecret("123456")
		out = append(out, CryptoSpeed{fmt.Sprintf("PIN block, %s", a), speed(ctx, each, func() { _, _ = h.EncryptPIN("key", hsm.PINISO0, pin, pan) })})
	}
	return out, nil
}

func speed(ctx context.Context, each time.Duration, do func()) time.Duration {
	begin, n := time.Now(), 0
	for time.Since(begin) < each && ctx.Err() == nil {
		for range 100 {
			do()
		}
		n += 100
	}
	return time.Since(begin) / time.Duration(max(n, 1))
}

// String gives the figures as a table.
func (m *Machine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "loopback echo of %d-byte frames, both ends on %d cores, frames a second:\n", echoFrame, m.Cores)
	fmt.Fprintf(&b, "  %-18s", "frames a write")
	var connections []int
	for _, e := range m.Echo {
		if !slices.Contains(connections, e.Connections) {
			connections = append(connections, e.Connections)
			fmt.Fprintf(&b, "%12s", fmt.Sprintf("%d line(s)", e.Connections))
		}
	}
	for _, frames := range []int{1, 8, 64} {
		fmt.Fprintf(&b, "\n  %-18d", frames)
		for _, e := range m.Echo {
			if e.PerWrite == frames {
				fmt.Fprintf(&b, "%12.0f", e.Rate)
			}
		}
	}
	fmt.Fprintf(&b, "\n\na wait of %s ends late by: p50 %s, p99 %s, at most %s\n\none core does one\n", quantum, m.Wake.P50, m.Wake.P99, m.Wake.Max)
	for _, c := range m.Crypto {
		fmt.Fprintf(&b, "  %-24s in %s\n", c.Name, c.Each)
	}
	return b.String()
}
