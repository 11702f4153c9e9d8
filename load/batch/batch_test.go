package batch

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// table is a sender with a scripted host in virtual time: each answer comes when the script says.
type table struct {
	t       testing.TB
	dialect *iso8583.Dialect
	framer  wire.Framer
	sender  *Sender
	now     time.Duration
	coming  []chunk // by time
	keys    *hsm.HSM

	script    func(n int, req *iso8583.Message) reply
	asked     int
	flows     []pay.Flow
	samples   []load.Sample
	late      int
	duplicate int
	unmatched int
	malformed int
	reversed  int
}

// reply is what comes of a request.
type reply struct {
	after  time.Duration
	silent bool
	code   string
	times  int // 0 is once
	spoil  func([]byte)
	edit   func(*iso8583.Message)
}

func (b *table) Now() time.Duration               { return b.now }
func (b *table) Record(s *load.Sample)            { b.samples = append(b.samples, *s) }
func (b *table) Late()                            { b.late++ }
func (b *table) Duplicate()                       { b.duplicate++ }
func (b *table) Unmatched()                       { b.unmatched++ }
func (b *table) Malformed()                       { b.malformed++ }
func (b *table) Reversed()                        { b.reversed++ }
func (b *table) Connected(d time.Duration)        {}
func (b *table) Wait(d time.Duration)             { b.now += d; b.arrive() }
func (b *table) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (b *table) Close() error                     { return nil }
func (b *table) LocalAddr() net.Addr              { return nil }
func (b *table) RemoteAddr() net.Addr             { return nil }
func (b *table) SetDeadline(time.Time) error      { return nil }
func (b *table) SetReadDeadline(time.Time) error  { return nil }
func (b *table) SetWriteDeadline(time.Time) error { return nil }

// Write is the line: the host reads the requests, and plans its answers.
func (b *table) Write(out []byte) (int, error) {
	for rest := out; len(rest) > 0; {
		frame, n, err := b.framer.Next(rest)
		if err != nil || n == 0 {
			b.t.Fatalf("the sender wrote no frames: %v", err)
		}
		b.ask(frame)
		rest = rest[n:]
	}
	return len(out), nil
}

func (b *table) ask(frame []byte) {
	req := b.dialect.New()
	if err := b.dialect.Decode(req, frame); err != nil {
		b.t.Fatal(err)
	}
	if v := b.dialect.Validate(req); len(v) > 0 {
		b.t.Fatalf("the dialect forbids it: %v", v)
	}
	tx, _, ok := b.dialect.Identify(req)
	if !ok {
		b.t.Fatal("a request of no known flow")
	}
	b.flows = append(b.flows, tx.Flow)
	if input, mac := b.dialect.MACInput(req); mac != nil {
		if good, err := b.keys.VerifyMAC("MAK", hsm.MACUnionPayECB, input, mac); !good || err != nil {
			b.t.Fatalf("the MAC of %s is wrong, %v", tx.Flow, err)
		}
	}
	r := b.script(b.asked, req)
	b.asked++
	if r.silent {
		return
	}
	a := b.dialect.NewAnswer(req)
	a.Set(iso8583.AnswerCode, r.code)
	a.Set(iso8583.RRN, fmt.Sprintf("%012d", b.asked))
	a.Set(iso8583.AuthCode, fmt.Sprintf("A%05d", b.asked))
	a.Set(iso8583.LocalDate, "0601")
	if r.edit != nil {
		r.edit(a)
	}
	sealed, err := b.dialect.Seal(nil, a, func(in []byte) ([]byte, error) { return b.keys.MAC("MAK", hsm.MACUnionPayECB, in) })
	if err != nil {
		b.t.Fatal(err)
	}
	if r.spoil != nil {
		r.spoil(sealed)
	}
	framed, err := b.framer.Append(nil, sealed)
	if err != nil {
		b.t.Fatal(err)
	}
	for range max(r.times, 1) {
		b.coming = append(b.coming, chunk{at: b.now + r.after, bytes: append(make([]byte, 0, chunkSize), framed...)})
	}
	slices.SortStableFunc(b.coming, func(x, y chunk) int { return int(x.at - y.at) })
}

// arrive hands over what has come by now, split as a stream may be.
func (b *table) arrive() {
	for len(b.coming) > 0 && b.coming[0].at <= b.now {
		c := b.coming[0]
		b.coming = b.coming[1:]
		first := c
		first.bytes = append(make([]byte, 0, chunkSize), c.bytes[:3]...)
		c.bytes = append(make([]byte, 0, chunkSize), c.bytes[3:]...)
		b.sender.inbox.put(first)
		b.sender.inbox.put(c)
	}
}

const workload = `name: test
tills: 4
cards: 8
patience: 2s
lag: 700ms
mix:
%s
stages: [{rate: %s, for: 2s}]
`

// sampled builds a request as a whole terminal would (DOMAIN.md H.3).
func sampled(d *iso8583.Dialect, flow pay.Flow) (*iso8583.Message, error) {
	m := d.NewRequest(flow)
	tx, _ := d.Transaction(flow)
	for e, v := range map[iso8583.Element]string{
		iso8583.PAN: "6200123456789010", iso8583.Amount: "000000010000", iso8583.Trace: "000002", iso8583.TransmissionTime: "0601093015",
		iso8583.LocalTime: "093015", iso8583.LocalDate: "0601", iso8583.EntryMode: "021", iso8583.PINCapture: "06",
		iso8583.Track2: "6200123456789010D30121201234567890123", iso8583.Terminal: "12345678", iso8583.Merchant: "898320548160001",
		iso8583.Currency: "156", iso8583.PIN: "\xEA\x25\x14\xF2\x64\xD4\x69\xBE", iso8583.SecurityControl: "2600000000000000", iso8583.Batch: "000001",
		iso8583.NetworkCode: "000", iso8583.ReadCapability: "6", iso8583.ICCondition: "0", iso8583.OriginalBatch: "000001", iso8583.OriginalTrace: "000001",
		iso8583.OriginalRRN: "123456789012", iso8583.AuthCode: "123456", iso8583.ReversalReason: "98", iso8583.CardOrganisation: "CUP", iso8583.Operator: "001",
	} {
		if flow == pay.Reversal && (e == iso8583.OriginalBatch || e == iso8583.OriginalTrace || e == iso8583.AuthCode || e == iso8583.PIN) {
			continue
		}
		if tx.Constants[e] == "" && d.Carries(flow, e) {
			m.Set(e, v)
		}
	}
	if flow == pay.Reversal {
		m.Set(iso8583.ProcessingCode, "000000")
		m.Set(iso8583.Condition, "00")
	}
	_, err := d.Seal(nil, m, func([]byte) ([]byte, error) { return []byte("00000000"), nil })
	return m, err
}

func sampleOf(t testing.TB, d *iso8583.Dialect, flow pay.Flow) *iso8583.Message {
	m, err := sampled(d, flow)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lay sets a table for a mix.
func lay(t testing.TB, mix, rate string) *table {
	t.Helper()
	w, err := load.ParseWorkload(fmt.Appendf(nil, workload, mix, rate), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := &table{t: t, dialect: d.Using(iso8583.Compiled), keys: hsm.New(sim.Seed(1).Reader("keys"))}
	if b.framer, err = d.Framing.Framer(""); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"PIK", "MAK"} {
		if _, err := b.keys.Generate(k, hsm.TDES2); err != nil {
			t.Fatal(err)
		}
	}
	c := Config{Workload: w, Dialect: b.dialect, Desk: b, Clock: b.Now, Began: sim.Start}
	for i := range w.Tills {
		c.Tills = append(c.Tills, Till{Number: fmt.Sprintf("1000%04d", i), Merchant: "898320548160001", Batch: "000001", HSM: b.keys, PIK: "PIK", MAK: "MAK"})
	}
	for i := range w.Cards {
		pan := fmt.Sprintf("62001200%08d", i)
		c.Cards = append(c.Cards, Card{PAN: pay.NewPAN(pan), Expiry: "3012", Track2: pay.NewSecret(pan + "D30121201234567890123"), PIN: pay.NewSecret("1234")})
	}
	for _, k := range w.Kinds() {
		s := Sample{Request: sampleOf(t, b.dialect, pay.Flow(k.Flow))}
		if tx, _ := b.dialect.Transaction(pay.Flow(k.Flow)); tx.Reversible {
			s.Reversal = sampleOf(t, b.dialect, pay.Reversal)
		}
		c.Samples = append(c.Samples, s)
	}
	if b.sender, err = New(c); err != nil {
		t.Fatal(err)
	}
	b.sender.lines = []*line{{conn: b}}
	for i := range b.sender.tills {
		b.sender.tills[i].line = b.sender.lines[0]
	}
	return b
}

func (b *table) drive(script func(n int, req *iso8583.Message) reply) {
	b.t.Helper()
	b.script = script
	p, err := b.sender.Workload.Pacer()
	if err != nil {
		b.t.Fatal(err)
	}
	load.Drive(context.Background(), p, b.sender.Workload.Length(), b.sender, b, time.Minute)
	if err := b.sender.Err(); err != nil || b.sender.Open() != 0 {
		b.t.Fatalf("%d open, %v", b.sender.Open(), err)
	}
}

const sales = "  - {weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}"

func yes(after time.Duration) reply { return reply{after: after, code: "00"} }

func TestSalesToTheMicrosecond(t *testing.T) {
	b := lay(t, sales, "10/s")
	b.drive(func(n int, _ *iso8583.Message) reply { return yes(time.Duration(n+1) * time.Millisecond) })
	if len(b.samples) != 20 {
		t.Fatalf("%d samples", len(b.samples))
	}
	for i, s := range b.samples {
		due := time.Duration(i+1) * 100 * time.Millisecond
		if s.End != load.Approved || s.Due != due || s.Written != due || s.Service() != time.Duration(i+1)*time.Millisecond || string(s.Code[:]) != "00 " {
			t.Errorf("sample %d is %+v", i, s)
		}
	}
}

// An order that is due on a busy till waits, and the wait counts.
func TestBusyTill(t *testing.T) {
	b := lay(t, sales, "10/s") // each of the four tills every 400 ms
	b.drive(func(n int, _ *iso8583.Message) reply { return yes(500 * time.Millisecond) })
	for i, s := range b.samples {
		if wait := time.Duration(i/4) * 100 * time.Millisecond; s.End != load.Approved || s.Lateness() < wait || s.Lateness() > wait+time.Millisecond || s.OwnLateness() > time.Millisecond {
			t.Errorf("sample %d waited %s, want %s: %s", i, s.Lateness(), wait, s.End)
		}
	}
}

func TestTooLateIsDropped(t *testing.T) {
	b := lay(t, sales, "10/s")
	b.drive(func(n int, _ *iso8583.Message) reply { return yes(1300 * time.Millisecond) })
	ends := map[load.End]int{}
	for _, s := range b.samples {
		if ends[s.End]++; s.End == load.Dropped && (s.Written != 0 || s.Lateness() == 0 || s.OwnLateness() > time.Millisecond) || s.End == load.Approved && s.Lateness() > 701*time.Millisecond {
			t.Errorf("%+v", s)
		}
	}
	if len(b.samples) != 20 || ends[load.Dropped] == 0 || ends[load.Approved]+ends[load.Dropped] != 20 {
		t.Errorf("%v", ends)
	}
}

func TestDeclined(t *testing.T) {
	b := lay(t, sales, "10/s")
	b.drive(func(n int, _ *iso8583.Message) reply { return reply{code: "51"} })
	if s := b.samples[0]; s.End != load.Declined || string(s.Code[:]) != "51 " {
		t.Errorf("%+v", s)
	}
}

const voids = "  - {weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}, {flow: void, after: 100ms}, {flow: balance, after: 100ms}]}"

// The void names what the sale's answer brought, and is due from the sale's own due time.
func TestChain(t *testing.T) {
	b := lay(t, voids, "3/s")
	var sale *iso8583.Message
	b.drive(func(n int, req *iso8583.Message) reply {
		switch n {
		case 0:
			sale = req.Clone()
		case 1:
			for e, want := range map[iso8583.Element]string{iso8583.OriginalRRN: "000000000001", iso8583.AuthCode: "A00001", iso8583.OriginalTrace: sale.Get(iso8583.Trace),
				iso8583.OriginalBatch: "000001", iso8583.Amount: sale.Get(iso8583.Amount), iso8583.PAN: req.Get(iso8583.PAN)} {
				if got := req.Get(e); got != want {
					t.Errorf("the void's %s is %q, want %q", e, got, want)
				}
			}
		}
		return yes(time.Millisecond)
	})
	if len(b.samples) != 6 {
		t.Fatalf("%d samples: %v", len(b.samples), b.flows)
	}
	for i := range 3 {
		if got, want := b.samples[i].Due-b.samples[0].Due, time.Duration(i)*100*time.Millisecond; got != want || int(b.samples[i].Leg) != i {
			t.Errorf("leg %d is due after %s", i, got)
		}
	}
}

func TestChainEndsWithADecline(t *testing.T) {
	b := lay(t, voids, "3/s")
	b.drive(func(int, *iso8583.Message) reply { return reply{code: "51"} })
	if len(b.samples) != 2 || b.asked != 2 {
		t.Errorf("%d samples of %v", len(b.samples), b.flows)
	}
}

// Silence ends in a timeout that counts, and a reversal that is repeated until it is answered.
func TestSilence(t *testing.T) {
	b := lay(t, sales, "1/s")
	b.drive(func(n int, req *iso8583.Message) reply {
		switch n {
		case 0, 2:
			return reply{silent: true}
		}
		return yes(time.Millisecond)
	})
	slices.SortFunc(b.samples, func(x, y load.Sample) int { return int(x.Due - y.Due) })
	if s := b.samples[0]; s.End != load.TimedOut || s.Response() != 2*time.Second || len(b.samples) != 2 || b.samples[1].End != load.Approved {
		t.Errorf("%+v", b.samples)
	}
	if want := []pay.Flow{pay.Sale, pay.Sale, pay.Reversal, pay.Reversal}; !slices.Equal(b.flows, want) || b.reversed != 1 {
		t.Errorf("flows %v, %d reversed", b.flows, b.reversed)
	}
}

func TestStrays(t *testing.T) {
	flip := func(at int) func([]byte) {
		return func(frame []byte) {
			if at < 0 {
				at += len(frame)
			}
			frame[at] ^= 1
		}
	}
	for name, c := range map[string]struct {
		reply    reply
		end      load.End
		check    func(*table) int
		reversed int
	}{
		"twice":        {reply{code: "00", times: 3}, load.Approved, func(b *table) int { return b.duplicate - 1 }, 0},
		"late":         {reply{code: "00", after: 2000500 * time.Microsecond}, load.TimedOut, func(b *table) int { return b.late }, 1},
		"MAC":          {reply{code: "00", spoil: flip(-1)}, load.Broken, func(b *table) int { return 1 }, 1},
		"another MTI":  {reply{code: "00", edit: func(m *iso8583.Message) { m.SetMTI("0230") }}, load.Broken, func(b *table) int { return 1 }, 1},
		"another shop": {reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Merchant, "898320548160002") }}, load.Broken, func(b *table) int { return 1 }, 1},
		"another till": {reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Terminal, "99999999") }}, load.TimedOut, func(b *table) int { return b.unmatched }, 1},
		"garbage":      {reply{code: "00", spoil: func(f []byte) { copy(f[11:], bytes.Repeat([]byte{0xFF}, 12)) }}, load.TimedOut, func(b *table) int { return b.malformed }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := lay(t, sales, "1/s")
			first := true
			b.drive(func(n int, req *iso8583.Message) reply {
				if first {
					first = false
					return c.reply
				}
				return yes(time.Millisecond)
			})
			slices.SortFunc(b.samples, func(x, y load.Sample) int { return int(x.Due - y.Due) })
			if b.samples[0].End != c.end || b.samples[1].End != load.Approved || c.check(b) != 1 || b.reversed != c.reversed {
				t.Errorf("%+v: late %d, duplicate %d, unmatched %d, malformed %d, reversed %d", b.samples, b.late, b.duplicate, b.unmatched, b.malformed, b.reversed)
			}
		})
	}
}
