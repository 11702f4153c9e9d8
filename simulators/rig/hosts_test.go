package rig_test

import (
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// hosts is the reference acquirer before the reference issuer, each with its journal, and no till: messages come without
// MAC and without PIN, with the card number typed in.
type hosts struct {
	t        testing.TB
	loop     *sim.Loop
	dialect  *iso8583.Dialect
	acquirer *acquirer.Acquirer
	issuer   *issuer.Issuer
	configA  acquirer.Config
	configI  issuer.Config
	life     int
	traceNo  int
	last     string // answer code
}

const aliceOpening = 1000_00

var hostDialects = sync.OnceValues(func() (pair [2]*iso8583.Dialect, err error) {
	for i, name := range []string{"unionpay-pos", "issuer-network"} {
		d, err := iso8583.Load(fixtures.FS, "dialects/"+name+".yaml")
		if err != nil {
			return pair, err
		}
		if d, err = d.With(map[string]string{"mac": "none"}); err != nil {
			return pair, err
		}
		pair[i] = d.Using(iso8583.Compiled)
	}
	return pair, nil
})

func newHosts(t testing.TB) *hosts {
	h := &hosts{t: t, loop: sim.NewVirtual(sim.Start)}
	pair, err := hostDialects()
	h.must(err)
	h.dialect = pair[0]
	network := pair[1]
	seed := sim.Seed(1)
	h.configI = issuer.Config{Dialect: network, HSM: hsm.New(seed.Reader("issuer")), Store: journal.NewMemory()}
	h.configA = acquirer.Config{Dialect: h.dialect, IssuerDialect: network, HSM: hsm.New(seed.Reader("acquirer")), Store: journal.NewMemory()}
	h.start()
	h.must(h.issuer.AddCard(issuer.Card{Name: "alice", PAN: pay.NewPAN("6200123456789010"), Expiry: "3012", Balance: pay.CNY(aliceOpening)}))
	h.must(h.acquirer.AddMerchant(acquirer.Merchant{Number: "898320548160001", Name: "Noodle House"}))
	h.must(h.acquirer.AddTerminal(acquirer.Terminal{Number: "10000001", Merchant: "898320548160001", State: acquirer.SignedIn}))
	return h
}

// start starts both hosts over their journals. What an earlier life had set for later does not happen.
func (h *hosts) start() {
	h.life++
	var err error
	h.issuer, err = issuer.New(h.configI)
	h.must(err)
	h.configA.Issuer = h.issuer
	h.acquirer, err = acquirer.New(h.configA)
	h.must(err)
	h.acquirer.Resume(h.loop.Now(), h)
}

func (h *hosts) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Send implements iso8583.Outbox.
func (h *hosts) Send(m *iso8583.Message) { h.last = m.Get(iso8583.AnswerCode) }

// After implements iso8583.Outbox.
func (h *hosts) After(d time.Duration, f func(time.Time)) {
	life := h.life
	h.loop.After(d, func() {
		if h.life == life {
			f(h.loop.Now())
		}
	})
}

func (h *hosts) serve(m *iso8583.Message) {
	frame, err := h.dialect.Encode(nil, m)
	h.must(err)
	read := h.dialect.New()
	h.must(h.dialect.Decode(read, frame))
	h.acquirer.Serve(h.loop.Now(), read, h)
}

func (h *hosts) message(f pay.Flow, trace, fen int) *iso8583.Message {
	m := h.dialect.NewRequest(f)
	for e, v := range map[iso8583.Element]string{iso8583.PAN: "6200123456789010", iso8583.ProcessingCode: "000000",
		iso8583.Amount: fmt.Sprintf("%012d", fen), iso8583.Trace: fmt.Sprintf("%06d", trace), iso8583.EntryMode: "012",
		iso8583.Condition: "00", iso8583.Terminal: "10000001", iso8583.Merchant: "898320548160001", iso8583.Currency: "156",
		iso8583.TypeCode: "22", iso8583.Batch: "000001", iso8583.NetworkCode: "000"} {
		m.Set(e, v)
	}
	if f == pay.Reversal {
		m.Set(iso8583.ReversalReason, "98")
	}
	return m
}

func (h *hosts) statements() iter.Seq[audit.Statement] {
	return slices.Values(append(h.acquirer.Statements(), h.issuer.Statements()...))
}

// Whatever comes in whatever order, sales, repeats, reversals before and after, repeats of reversals, restarts of both
// hosts, a slow or silent issuer: in the end the books agree, and each payment was posted at most once and undone at most
// once.
func TestHostsAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHosts(t)
		amounts := map[int]int{}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			trace := rapid.IntRange(1, 4).Draw(rt, "trace")
			if amounts[trace] == 0 {
				amounts[trace] = rapid.SampledFrom([]int{1, 1000, 600_00}).Draw(rt, "fen")
			}
			switch rapid.SampledFrom([]string{"sale", "sale", "reversal", "reversal", "issuer", "wait", "restart"}).Draw(rt, "step") {
			case "sale":
				h.serve(h.message(pay.Sale, trace, amounts[trace]))
			case "reversal":
				h.serve(h.message(pay.Reversal, trace, amounts[trace]))
			case "issuer":
				h.issuer.SetCondition(issuer.Condition{Down: rapid.Bool().Draw(rt, "down"),
					Delay: time.Duration(rapid.SampledFrom([]int{0, 10, 45}).Draw(rt, "delay")) * time.Second})
			case "wait":
				h.must(h.loop.Drain(t.Context(), time.Duration(rapid.IntRange(1, 60).Draw(rt, "seconds"))*time.Second))
			case "restart":
				h.start()
			}
		}
		h.must(h.loop.Drain(t.Context(), time.Hour))
		h.issuer.SetCondition(issuer.Condition{})
		h.acquirer.Resume(h.loop.Now(), h)
		h.must(h.loop.Drain(t.Context(), time.Hour))
		for _, b := range audit.Judge(h.statements()) {
			rt.Errorf("%s: %s", b.Rule, b.Text)
		}
		for _, s := range slices.Collect(h.statements()) {
			if s.Fact == audit.Pending || s.Fact == audit.Unknown {
				rt.Errorf("%s states %s of %s when all is quiet", s.Party, s.Fact, s.RRN)
			}
		}
		card, err := h.issuer.Balance("alice")
		h.must(err)
		if got := card.Booked.Minor + h.acquirer.Balance("898320548160001").Booked.Minor; got != aliceOpening {
			rt.Errorf("Alice and the merchant have %d of %d", got, aliceOpening)
		}
	})
}

// A whole sale through acquirer and issuer with their journals in memory: no till, no MAC, no PIN.
func BenchmarkHostsSale(b *testing.B) {
	h := newHosts(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%90000 == 89999 { // Alice has no more than that many fen
			b.StopTimer()
			h = newHosts(b)
			b.StartTimer()
		}
		if h.serve(h.message(pay.Sale, n%90000+1, 1)); h.last != "00" {
			b.Fatalf("sale %d: %q", n, h.last)
		}
	}
}
