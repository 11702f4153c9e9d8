//go:build unix

package batch

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// The proofs of the engine's cost run each side in a process of its own, so that its CPU can be told: the test binary begins itself
// again with these flags.
var (
	role = flag.String("role", "", "what this process does in a benchmark: host, engine, raw, vegeta or moov")
	with = flag.String("with", "", "... and with what (JSON)")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *role == "" {
		os.Exit(m.Run())
	}
	if err := play(*role, *with); err != nil {
		fmt.Fprintln(os.Stderr, *role+":", err)
		os.Exit(1)
	}
}

// part is what a process plays.
type part struct {
	Address      string
	Rate, Orders int
	PerWrite     int // frames at most
	Sealed       bool
	Writes       string // a file: the engine's writes
}

// effort is what it took.
type effort struct {
	Orders, Broken int
	CPU            time.Duration
	Mallocs        uint64
}

// wrote is one write of the engine's.
type wrote struct {
	At         time.Duration
	Line, Size int
}

const (
	proofTills = 1000
	proofLines = 1      // so that what is due together leaves together
	spoilEvery = 10_000 // sales
)

func (p part) crowd() (*crowd, error) {
	return newCrowd(proofTills, proofLines, p.Rate, (time.Duration(p.Orders) * time.Second / time.Duration(p.Rate)).String(), p.Sealed)
}

func play(role, text string) error {
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	c, err := p.crowd()
	if err != nil {
		return err
	}
	if role == "host" {
		return p.host(c)
	}
	do := map[string]func(*crowd) (func() (effort, error), error){"engine": p.engine, "raw": p.raw, "vegeta": p.vegeta, "moov": p.moov}[role]
	run, err := do(c)
	if err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := cpu()
	out, err := run()
	out.CPU = cpu() - begun
	runtime.ReadMemStats(&after)
	if out.Mallocs = after.Mallocs - before.Mallocs; err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// cpu is what this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// host tells its address, answers what comes in one read with one write, and in the end how many sales it has answered and spoilt.
func (p part) host(c *crowd) error {
	l, err := wire.Listen("127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	var asked, spoilt atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				k, err := c.clerk()
				var out []byte
				if err == nil {
					err = c.frames(conn, func(frames [][]byte) error {
						out = out[:0]
						for _, f := range frames {
							spoil := false
							if n, sale := asked.Load(), f[mtiAt] == 0x02; sale {
								n = asked.Add(1)
								if spoil = n%spoilEvery == 0; spoil {
									spoilt.Add(1)
								}
							}
							if out, err = k.reply(out, f, spoil); err != nil {
								return err
							}
						}
						_, err := conn.Write(out)
						return err
					})
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, "host:", err)
				}
				_ = conn.Close()
			}()
		}
	}()
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(effort{Orders: int(asked.Load()), Broken: int(spoilt.Load())})
}

// mtiAt is where a frame of the crowd's dialect says what it is: behind TPDU and header.
const mtiAt = 11

// recorder writes down what is written to a connection.
type recorder struct {
	net.Conn
	wrote func(size int)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote(len(b))
	return r.Conn.Write(b)
}

// connect opens the lines, as Connect does, and wraps them.
func (p part) connect(s *Sender, wrap func(conn net.Conn, line int) net.Conn) error {
	for i := range proofLines {
		conn, err := wire.Dial(context.Background(), wire.Address{Addr: p.Address})
		if err != nil {
			return err
		}
		s.attach(wrap(conn, i))
	}
	for i := range s.tills {
		s.tills[i].line = s.lines[i%proofLines]
	}
	return nil
}

// engine sends by a Sender.
func (p part) engine(c *crowd) (func() (effort, error), error) {
	m, err := load.NewMeasurement(1, time.Second, c.Workload.Length())
	if err != nil {
		return nil, err
	}
	desk := m.Recorder()
	clock := load.RealClock{Began: time.Now()}
	c.Desk, c.Clock = desk, func() time.Duration { return clock.Now() }
	s, err := New(c.Config)
	if err != nil {
		return nil, err
	}
	s.perWrite = p.PerWrite
	writes := make([]wrote, 0, p.Orders)
	if err := p.connect(s, func(conn net.Conn, line int) net.Conn {
		if p.Writes == "" {
			return conn
		}
		return &recorder{conn, func(size int) { writes = append(writes, wrote{clock.Now(), line, size}) }}
	}); err != nil {
		return nil, err
	}
	pacer, err := c.Workload.Pacer()
	return func() (effort, error) {
		clock.Began = time.Now()
		load.Drive(context.Background(), pacer, c.Workload.Length(), s, clock, time.Minute)
		desk.Close()
		m.Collect()
		t := m.Total().Total(nil)
		if err := s.Err(); err != nil {
			return effort{}, err
		}
		if n := int(t.Ends[load.Approved] + t.Ends[load.Broken]); n != p.Orders {
			return effort{}, fmt.Errorf("of %d orders %d ended well: %v", p.Orders, n, t.Ends)
		}
		out := effort{Orders: p.Orders, Broken: int(t.Ends[load.Broken])}
		if p.Writes == "" {
			return out, nil
		}
		text, err := json.Marshal(writes)
		if err != nil {
			return out, err
		}
		return out, os.WriteFile(p.Writes, text, 0o600)
	}, err
}

// raw writes as many bytes as the engine wrote, at the same times, and reads as many as it is answered with.
func (p part) raw(c *crowd) (func() (effort, error), error) {
	text, err := os.ReadFile(p.Writes)
	if err != nil {
		return nil, err
	}
	var writes []wrote
	if err := json.Unmarshal(text, &writes); err != nil {
		return nil, err
	}
	sale, err := c.sale()
	if err != nil {
		return nil, err
	}
	sale = sale.Clone()
	sale.Set(iso8583.Terminal, c.Tills[0].Number)
	frame, err := c.Dialect.Encode(nil, sale)
	if err != nil {
		return nil, err
	}
	framed, err := c.framer.Append(nil, frame)
	if err != nil {
		return nil, err
	}
	k, err := c.clerk()
	if err != nil {
		return nil, err
	}
	answer, err := k.reply(nil, frame, false)
	if err != nil {
		return nil, err
	}
	bytes := []byte(strings.Repeat(string(framed), 256))
	conns := make([]net.Conn, proofLines)
	for i := range conns {
		if conns[i], err = wire.Dial(context.Background(), wire.Address{Addr: p.Address}); err != nil {
			return nil, err
		}
	}
	return func() (effort, error) {
		var group sync.WaitGroup
		var orders [proofLines]int
		for _, w := range writes {
			orders[w.Line] += w.Size / len(framed)
		}
		for i, conn := range conns {
			group.Go(func() {
				b := make([]byte, chunkSize)
				for left := orders[i] * len(answer); left > 0; {
					n, err := conn.Read(b)
					if left -= n; err != nil {
						return
					}
				}
			})
		}
		runtime.LockOSThread()
		clock, n := load.RealClock{Began: time.Now()}, 0
		for _, w := range writes {
			for now := clock.Now(); now < w.At; now = clock.Now() {
				clock.Wait(min(w.At-now, 200*time.Microsecond))
			}
			frames := w.Size / len(framed)
			if _, err := conns[w.Line].Write(bytes[:frames*len(framed)]); err != nil {
				return effort{}, err
			}
			n += frames
		}
		group.Wait()
		return effort{Orders: n}, nil
	}, nil
}

// proof is a host and the parts that are played to it.
type proof struct {
	testing.TB
	part
	host   *exec.Cmd
	stdin  io.WriteCloser
	stdout *json.Decoder
	broken int
}

func self(role string, p part) (*exec.Cmd, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	c := exec.Command(os.Args[0], "-role", role, "-with", string(text))
	c.Stderr = os.Stderr
	return c, nil
}

func newProof(b testing.TB, p part) *proof {
	b.Helper()
	f := &proof{TB: b, part: p}
	var err error
	if f.host, err = self("host", p); err != nil {
		b.Fatal(err)
	}
	if f.stdin, err = f.host.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := f.host.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := f.host.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Fscanln(out, &f.Address); err != nil {
		b.Fatal(err)
	}
	f.stdout = json.NewDecoder(out)
	return f
}

// run has a process play a part, and gives its CPU an order.
func (f *proof) run(role string, p part) (effort, time.Duration) {
	f.Helper()
	p.Address = f.Address
	c, err := self(role, p)
	if err != nil {
		f.Fatal(err)
	}
	out, err := c.Output()
	var e effort
	if err == nil {
		err = json.Unmarshal(out, &e)
	}
	if err != nil || e.Orders != p.Orders {
		f.Fatalf("%s carried out %d orders: %v", role, e.Orders, err)
	}
	f.broken += e.Broken
	return e, e.CPU / time.Duration(e.Orders)
}

// close holds the broken orders that were counted to those that the host has spoilt.
func (f *proof) close(spoilt int) {
	f.Helper()
	var e effort
	if err := f.stdin.Close(); err != nil {
		f.Fatal(err)
	}
	if err := f.stdout.Decode(&e); err != nil {
		f.Fatal(err)
	}
	if err := f.host.Wait(); err != nil {
		f.Fatal(err)
	}
	if f.broken+spoilt != e.Broken || f.broken == 0 {
		f.Fatalf("%d answers were counted as broken, and the host had spoilt %d, %d of them to who does not look", f.broken, e.Broken, spoilt)
	}
}

// median gives the middle one and the spread, of an odd number.
func median(all []float64) (middle, spread float64) {
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1] - all[0]
}

const pairs = 5

// What an order adds to the raw bytes of its request and answer: template, clock, MAC made and verified, echo, three histograms, books.
func BenchmarkAddedCPU(b *testing.B) {
	for _, sealed := range []bool{false, true} {
		b.Run(map[bool]string{false: "no MAC", true: "UnionPay MAC"}[sealed], func(b *testing.B) {
			for b.Loop() {
				p := part{Rate: 100_000, Orders: 200_000, PerWrite: 256, Sealed: sealed, Writes: filepath.Join(b.TempDir(), "writes.json")}
				f := newProof(b, p)
				f.run("engine", p) // which writes down its writes
				silent := p
				silent.Writes = ""
				var added, engine, allocations []float64
				unseen := 0
				for range pairs {
					e, mine := f.run("engine", silent)
					_, bare := f.run("raw", p)
					unseen += p.Orders / spoilEvery
					added, engine = append(added, float64(mine-bare)), append(engine, float64(mine))
					allocations = append(allocations, float64(e.Mallocs)/float64(p.Orders))
				}
				f.close(unseen)
				middle, spread := median(added)
				all, _ := median(engine)
				none, _ := median(allocations)
				b.ReportMetric(middle, "added-ns/order")
				b.ReportMetric(spread, "spread-ns")
				b.ReportMetric(all, "cpu-ns/order")
				b.ReportMetric(none, "allocs/order")
				if sealed {
					b.ReportMetric(macCost(b), "MAC-ns/order")
				}
				if none > 0.2 { // the run has its own, such as a page of its book, and buffers when the machine is busy
					b.Errorf("%.3f allocations an order", none)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// macCost is what two MACs over messages of that size cost: one made, one verified.
func macCost(b *testing.B) float64 {
	c, err := newCrowd(1, 1, 1, "1s", true)
	if err != nil {
		b.Fatal(err)
	}
	mac, err := c.keys.MACKey(c.Tills[0].MAK, hsm.MACUnionPayECB)
	if err != nil {
		b.Fatal(err)
	}
	const n = 100_000
	text := make([]byte, 140)
	begin := cpu()
	for i := range n {
		text[i%len(text)]++
		if sum := mac.Sum(text); !mac.Verify(text, slices.Clone(sum)) {
			b.Fatal("a MAC does not verify")
		}
	}
	return float64(cpu()-begin) / n
}

// How many times the orders a core of another client the engine carries out, on the same lines to the same host.
func BenchmarkRatioEngineTo(b *testing.B) {
	for _, c := range []struct {
		name, role string
		perWrite   int
		orders     int
		sealed     bool
		looks      bool // the other client checks the answers
	}{
		{"vegeta, one frame a write", "vegeta", 1, 40_000, true, true},
		{"vegeta, eight frames a write", "vegeta", 8, 40_000, true, true},
		{"iso8583-connection", "moov", 1, 10_000, false, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				// More than it can carry, so that it goes as fast as it can, as the other does.
				mine := part{Rate: 200_000, Orders: 200_000, PerWrite: c.perWrite, Sealed: c.sealed}
				other := mine
				other.Orders = c.orders
				f := newProof(b, mine)
				var ratios, engine, others []float64
				unseen := 0
				for range pairs {
					_, a := f.run("engine", mine)
					_, o := f.run(c.role, other)
					if !c.looks {
						unseen += other.Orders / spoilEvery
					}
					ratios, engine, others = append(ratios, float64(o)/float64(a)), append(engine, float64(a)), append(others, float64(o))
				}
				f.close(unseen)
				middle, spread := median(ratios)
				one, _ := median(engine)
				two, _ := median(others)
				b.ReportMetric(middle, "x")
				b.ReportMetric(spread, "spread-x")
				b.ReportMetric(one, "engine-ns/order")
				b.ReportMetric(two, "other-ns/order")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
