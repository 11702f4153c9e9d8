package rig_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/journal/scratch"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// crowd is many tills that sell for one fen by stripe and PIN, with MAC, as whole terminals would: each with keys of its own, from a
// sign-in of its own. Its messages are made before a measurement begins.
type crowd struct {
	testing.TB
	dialect *iso8583.Dialect
	box     *hsm.HSM
	seed    sim.Seed
	cards   []pay.PAN
	tracks  []string
	sold    int
}

const (
	crowdTills    = 500
	crowdCards    = 200
	crowdMerchant = "898320548160001"
	crowdPIN      = "123456"
)

func newCrowd(t testing.TB, seed sim.Seed) *crowd {
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	must(t, err)
	f := &crowd{TB: t, dialect: d.Using(iso8583.Compiled), box: hsm.New(seed.Reader("crowd")), seed: seed}
	_, err = f.box.Import(issuer.KeyCVK, hsm.TDES2, seed.Bytes("cvk", 16))
	must(t, err)
	for n := range crowdCards {
		number := fmt.Sprintf("620012%09d", n)
		pan := pay.NewPAN(number + string(pay.LuhnDigit(number)))
		cvv, err := f.box.CVV(issuer.KeyCVK, pan, "3012", "120")
		must(t, err)
		f.cards = append(f.cards, pan)
		f.tracks = append(f.tracks, pan.Reveal()+"D3012120"+"00000"+cvv+"00000")
	}
	for n := range crowdTills {
		for _, part := range f.parts(n) {
			_, err := f.box.Import(f.number(n)+"/TMK", hsm.TDES2, part)
			must(t, err)
		}
	}
	return f
}

func (f *crowd) number(till int) string { return fmt.Sprintf("2%07d", till) }

func (f *crowd) parts(till int) [][]byte {
	return [][]byte{f.seed.Bytes("tmk "+f.number(till), 16)}
}

// seeds are what the host has to know of the crowd.
func (f *crowd) seeds() (s rig.Seeds) {
	s.Merchants = []rig.MerchantSeed{{Number: crowdMerchant, Name: "Noodle House"}}
	for n := range crowdTills {
		s.Terminals = append(s.Terminals, rig.TerminalSeed{Number: f.number(n), Merchant: crowdMerchant, TMK: []rig.Clear{rig.NewClear(hex.EncodeToString(f.parts(n)[0]))}})
	}
	for n, pan := range f.cards {
		s.Cards = append(s.Cards, rig.CardSeed{Name: fmt.Sprint("card", n), PAN: rig.NewClear(pan.Reveal()), Expiry: "3012", Service: "120",
			PIN: rig.NewClear(crowdPIN), Balance: pay.CNY(1_000_000_000)})
	}
	return s
}

func (f *crowd) request(flow pay.Flow, till, trace int) *iso8583.Message {
	m := f.dialect.NewRequest(flow)
	for e, v := range map[iso8583.Element]string{iso8583.Trace: fmt.Sprintf("%06d", trace), iso8583.Terminal: f.number(till), iso8583.Merchant: crowdMerchant,
		iso8583.Batch: "000001"} {
		m.Set(e, v)
	}
	return m
}

// signIn signs all tills in; exchange takes a request and gives its answer.
func (f *crowd) signIn(exchange func([]byte) []byte) {
	f.Helper()
	for n := range crowdTills {
		m := f.request(pay.SignIn, n, 1)
		m.Set(iso8583.NetworkCode, "003")
		m.Set(iso8583.Operator, "001")
		frame, err := f.dialect.Encode(nil, m)
		must(f, err)
		answer := f.dialect.New()
		must(f, f.dialect.Decode(answer, exchange(frame)))
		names := hsm.KeyNames{PIK: f.number(n) + "/PIK", MAK: f.number(n) + "/MAK"}
		failed, err := f.box.LoadWorkingKeys(f.number(n)+"/TMK", []byte(answer.Get(iso8583.Keys)), names, false, hsm.MAKAuto)
		if err != nil || failed != "" {
			f.Fatalf("till %d signs in: %s %v (answer %s)", n, failed, err, answer.Get(iso8583.AnswerCode))
		}
	}
}

// sale makes the next order of the crowd.
func (f *crowd) sale() []byte {
	till, card, trace := f.sold%crowdTills, f.sold%crowdCards, f.sold/crowdTills+2
	f.sold++
	block, err := f.box.EncryptPIN(f.number(till)+"/PIK", hsm.PINFormat(f.dialect.Security.PINFormat), pay.NewSecret(crowdPIN), f.cards[card])
	must(f, err)
	m := f.request(pay.Sale, till, trace)
	for e, v := range map[iso8583.Element]string{iso8583.PAN: f.cards[card].Reveal(), iso8583.Amount: "000000000001", iso8583.Expiry: "3012", iso8583.EntryMode: "021",
		iso8583.PINCapture: "12", iso8583.Track2: f.tracks[card], iso8583.Currency: "156", iso8583.PIN: string(block), iso8583.SecurityControl: "2600000000000000",
		iso8583.NetworkCode: "000"} {
		m.Set(e, v)
	}
	frame, err := f.dialect.Seal(nil, m, func(input []byte) ([]byte, error) {
		return f.box.MAC(f.number(till)+"/MAK", hsm.MACAlgorithm(f.dialect.Security.MAC), input)
	})
	must(f, err)
	return frame
}

// leanHosts are acquirer and issuer as in a lean world, round a crowd, without a line.
type leanHosts struct {
	*crowd
	loop     *sim.Loop
	acquirer *acquirer.Acquirer
	issuer   *issuer.Issuer
	req      *iso8583.Message
	frame    []byte
	code     string
}

func newLeanHosts(t testing.TB, stores ...journal.Store) *leanHosts {
	h := &leanHosts{crowd: newCrowd(t, 1), loop: sim.NewVirtual(sim.Start)}
	network, err := iso8583.Load(fixtures.FS, "dialects/issuer-network.yaml")
	must(t, err)
	network = network.Using(iso8583.Compiled)
	boxes := [2]*hsm.HSM{hsm.New(h.seed.Reader("a")), hsm.New(h.seed.Reader("i"))}
	for _, box := range boxes {
		_, err = box.Import("ZPK", hsm.TDES2, h.seed.Bytes("zpk", 16))
		must(t, err)
	}
	_, err = boxes[1].Import(issuer.KeyCVK, hsm.TDES2, h.seed.Bytes("cvk", 16))
	must(t, err)
	configI := issuer.Config{Dialect: network, HSM: boxes[1]}
	configA := acquirer.Config{Dialect: h.dialect, IssuerDialect: network, HSM: boxes[0]}
	if len(stores) > 0 {
		configA.Store, configI.Store = stores[0], stores[1]
	}
	h.issuer, err = issuer.New(configI)
	must(t, err)
	configA.Issuer = h.issuer
	h.acquirer, err = acquirer.New(configA)
	must(t, err)
	h.req = h.dialect.New()
	s := h.seeds()
	must(t, h.acquirer.AddMerchant(acquirer.Merchant{Number: crowdMerchant, Name: "Noodle House"}))
	for n, terminal := range s.Terminals {
		_, err := boxes[0].Import(acquirer.TerminalKey(terminal.Number, "TMK"), hsm.TDES2, h.parts(n)[0])
		must(t, err)
		must(t, h.acquirer.AddTerminal(acquirer.Terminal{Number: terminal.Number, Merchant: crowdMerchant}))
	}
	for _, c := range s.Cards {
		must(t, h.issuer.AddCard(issuer.Card{Name: c.Name, PAN: pay.NewPAN(c.PAN.Reveal()), Expiry: c.Expiry, Service: c.Service, PIN: c.PIN.Secret, Balance: c.Balance}))
	}
	h.signIn(h.exchange)
	return h
}

// Send implements iso8583.Outbox.
func (h *leanHosts) Send(m *iso8583.Message) {
	h.frame, h.code = append(h.frame[:0], m.Frame()...), m.Get(iso8583.AnswerCode)
}

// After implements iso8583.Outbox.
func (h *leanHosts) After(d time.Duration, f func(time.Time)) {
	h.loop.After(d, func() { f(h.loop.Now()) })
}

func (h *leanHosts) exchange(frame []byte) []byte {
	must(h, h.dialect.Decode(h.req, frame))
	h.acquirer.Serve(h.loop.Now(), h.req, h)
	return h.frame
}

// BenchmarkHostsWholeSale is a whole sale at the hosts of a lean world, from the frame to the frame: decode, validate, MAC, PIN, card
// verification, both books, answer with MAC.
func BenchmarkHostsWholeSale(b *testing.B) {
	for _, journals := range []bool{false, true} {
		b.Run(fmt.Sprintf("journals=%t", journals), func(b *testing.B) {
			var stores []journal.Store
			if journals {
				stores = []journal.Store{journal.NewMemory(), journal.NewMemory()}
			}
			h := newLeanHosts(b, stores...)
			frames := make([][]byte, b.N)
			for i := range frames {
				frames[i] = h.sale()
			}
			before := heap()
			b.ReportAllocs()
			b.ResetTimer()
			for n, frame := range frames {
				if h.exchange(frame); h.code != "00" {
					b.Fatalf("sale %d: %q", n, h.code)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(heap()-before)/float64(b.N), "kept-B/op")
			runtime.KeepAlive(frames)
			runtime.KeepAlive(h)
		})
	}
}

// heap is what is in use of it when the collector has been.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// threadTime is how long the calling thread has had a CPU, as Linux tells it: the machine is not ours alone.
func threadTime(t *testing.T) time.Duration {
	text, err := os.ReadFile("/proc/thread-self/schedstat")
	if err != nil {
		t.Skip("no /proc/thread-self/schedstat tells a thread's CPU time here")
	}
	onCPU, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseInt(onCPU, 10, 64)
	must(t, err)
	return time.Duration(n)
}

// However many orders a world has seen, the next one costs the same, and its books can be told.
func TestOrdersCostTheSameAfterMany(t *testing.T) {
	orders := 200_000
	if testing.Short() {
		orders = 20_000
	}
	h := newLeanHosts(t)
	const row = 500
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var rows []time.Duration
	for range orders / row {
		frames := make([][]byte, row)
		for i := range frames {
			frames[i] = h.sale()
		}
		begun := threadTime(t)
		for n, frame := range frames {
			if h.exchange(frame); h.code != "00" {
				t.Fatalf("sale %d: %q", n, h.code)
			}
		}
		rows = append(rows, threadTime(t)-begun)
	}
	quick := func(rows []time.Duration) time.Duration { return slices.Min(rows) } // without the collector's turns
	tenth := len(rows) / 10
	if first, last := quick(rows[:tenth]), quick(rows[len(rows)-tenth:]); last > 4*first {
		t.Errorf("%d orders took %s at first and %s after %d", row, first, last, orders)
	}
	if got := h.acquirer.Balance(crowdMerchant).Booked; got != pay.CNY(int64(orders)) {
		t.Errorf("the merchant is owed %s after %d orders of 0.01", got, orders)
	}
	if got := len(h.acquirer.Statements()); got < 2*orders {
		t.Errorf("%d statements of %d orders", got, orders)
	}
}

// cpuOf gives what a process has used of a CPU so far, as Linux tells it in hundredths of a second.
func cpuOf(t testing.TB, pid int) time.Duration {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Skip("no /proc tells the server's CPU time here")
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	words := strings.Fields(rest)
	user, err := strconv.Atoi(words[11])
	must(t, err)
	system, err := strconv.Atoi(words[12])
	must(t, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkServedSale is the same over a socket, with the host in a process of its own, of which it tells the CPU time: 64 orders a
// write and 256 on their way, as a load engine's quantum brings them; in a lean world, and in standing ones that are durable.
func BenchmarkServedSale(b *testing.B) {
	b.Run("lean", func(b *testing.B) {
		server := serving(b, rig.DefaultProfile, "", "", 1)
		f := newCrowd(b, 1)
		line, _ := f.open(visiting(b, server.control), `{"seed": 1, "lean": true}`)
		f.sellOver(b, line, server)
	})
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			store := b.TempDir()
			if kind == "postgres" {
				var why string
				if store, why = scratch.Database(b, os.Getenv(scratch.Cluster)); store == "" {
					b.Skip(why)
				}
			}
			server := serving(b, rig.DefaultProfile, "", store, 1, "lean")
			f := newCrowd(b, 1)
			f.sellOver(b, f.enter(visiting(b, server.control), rig.StandingWorld, server.line), server)
		})
	}
}

func (f *crowd) sellOver(b *testing.B, line *crowdLine, server *child) {
	defer line.Close()
	const together, underway = 64, 256
	frames := make([][]byte, b.N)
	for i := range frames {
		frames[i] = f.sale()
	}
	m := f.dialect.New()
	begun := cpuOf(b, server.cmd.Process.Pid)
	b.ResetTimer()
	sent := 0
	for n := range frames {
		for sent < b.N && sent < n+underway {
			to := min(sent+together, b.N)
			line.write(frames[sent:to]...)
			sent = to
		}
		must(b, f.dialect.Decode(m, line.read()))
		if code := m.Get(iso8583.AnswerCode); code != "00" {
			b.Fatalf("sale %d: %q", n, code)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(cpuOf(b, server.cmd.Process.Pid)-begun)/float64(b.N), "cpu-ns/op")
}
