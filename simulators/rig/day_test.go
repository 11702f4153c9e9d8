package rig

import (
	"errors"
	"fmt"
	"slices"
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

// bothHosts is the reference acquirer with the reference issuer and a till that sends what it likes, without keys.
type bothHosts struct {
	t        *testing.T
	loop     *sim.Loop
	pos      *iso8583.Dialect
	acq      acquirer.Config
	iss      issuer.Config
	acquirer *acquirer.Acquirer
	issuer   *issuer.Issuer
	card     issuer.Card
	track    string
	down     bool // between acquirer and issuer
	trace    int
	life     int
	answer   *iso8583.Message
}

// spoken is what till and hosts speak: read once for all the days of a test.
type spoken struct{ pos, network *iso8583.Dialect }

func speaking(t *testing.T, dialect string) spoken {
	t.Helper()
	load := func(name string) *iso8583.Dialect {
		d, err := iso8583.Load(fixtures.FS, "dialects/"+name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	pos, err := load(dialect).With(map[string]string{"mac": "none", "keys": "none"})
	if err != nil {
		t.Fatal(err)
	}
	return spoken{pos, load("issuer-network")}
}

func newBothHosts(t *testing.T, speak spoken) *bothHosts {
	t.Helper()
	b := &bothHosts{t: t, loop: sim.NewVirtual(sim.Start), pos: speak.pos}
	boxes := []*hsm.HSM{hsm.New(sim.Seed(7).Reader("acquirer")), hsm.New(sim.Seed(7).Reader("issuer"))}
	for _, name := range []string{issuer.KeyZPK, issuer.KeyCVK} {
		_, err := boxes[1].Import(name, hsm.TDES2, sim.Seed(7).Bytes(name, 16))
		b.must(err)
	}
	b.iss = issuer.Config{Dialect: speak.network, HSM: boxes[1], Store: journal.NewMemory()}
	b.acq = acquirer.Config{Dialect: b.pos, IssuerDialect: speak.network, Issuer: b, HSM: boxes[0], Store: journal.NewMemory()}
	b.card = issuer.Card{Name: "alice", PAN: pay.NewPAN("6200123456789010"), Expiry: "3012", Service: "120", Balance: pay.CNY(3000)}
	b.open()
	track, err := b.issuer.Stripe(b.card)
	b.must(err)
	b.track = track.Reveal()
	b.ask(b.request(pay.SignIn, 0))
	return b
}

// open starts both hosts over their stores, as after a restart.
func (b *bothHosts) open() {
	b.t.Helper()
	b.life++
	var err error
	b.issuer, err = issuer.New(b.iss)
	b.must(err)
	b.acquirer, err = acquirer.New(b.acq)
	b.must(err)
	b.must(b.issuer.AddCard(b.card))
	b.must(b.acquirer.AddMerchant(acquirer.Merchant{Number: "898320548160001", Name: "Noodle House", MCC: "5812"}))
	b.must(b.acquirer.AddTerminal(acquirer.Terminal{Number: "10000001", Merchant: "898320548160001"}))
}

func (b *bothHosts) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// Serve implements iso8583.Handler: the line to the issuer.
func (b *bothHosts) Serve(now time.Time, m *iso8583.Message, out iso8583.Outbox) {
	if !b.down {
		b.issuer.Serve(now, m, out)
	}
}

// Send implements iso8583.Outbox.
func (b *bothHosts) Send(m *iso8583.Message) {
	b.answer = b.pos.New()
	b.must(b.pos.Decode(b.answer, m.Frame()))
}

// After implements iso8583.Outbox.
func (b *bothHosts) After(d time.Duration, f func(time.Time)) {
	life := b.life
	b.loop.After(d, func() {
		if b.life == life {
			f(b.loop.Now())
		}
	})
}

func (b *bothHosts) rest() {
	b.t.Helper()
	if err := b.loop.Run(b.t.Context(), nil); !errors.Is(err, sim.ErrIdle) {
		b.t.Fatal(err)
	}
}

// ask sends a request, waits until nothing happens any more, and gives the answer's code.
func (b *bothHosts) ask(m *iso8583.Message) string {
	b.t.Helper()
	b.answer = nil
	frame, err := b.pos.Encode(nil, m)
	b.must(err)
	read := b.pos.New()
	b.must(b.pos.Decode(read, frame))
	b.acquirer.Serve(b.loop.Now(), read, b)
	b.rest()
	if b.answer == nil {
		return ""
	}
	return b.answer.Get(iso8583.AnswerCode)
}

func (b *bothHosts) request(f pay.Flow, fen int) *iso8583.Message {
	b.trace++
	m := b.pos.NewRequest(f)
	now := b.loop.Now()
	for e, v := range map[iso8583.Element]string{iso8583.Trace: fmt.Sprintf("%06d", b.trace), iso8583.Terminal: "10000001",
		iso8583.Merchant: "898320548160001", iso8583.Batch: "000001", iso8583.Operator: "001", iso8583.Amount: fmt.Sprintf("%012d", fen),
		iso8583.PAN: b.card.PAN.Reveal(), iso8583.Track2: b.track, iso8583.EntryMode: "022", iso8583.Currency: "156", iso8583.NetworkCode: "000",
		iso8583.SecurityControl: "0600000000000000", iso8583.TransmissionTime: now.Format("0102150405"), iso8583.LocalTime: now.Format("150405"),
		iso8583.LocalDate: now.Format("0102"), iso8583.CardOrganisation: "CUP"} {
		spec, _ := b.pos.Transaction(f)
		if _, constant := spec.Constants[e]; !constant && b.pos.Carries(f, e) && !(e == iso8583.CardOrganisation && b.pos.Carries(f, iso8583.Operator)) {
			m.Set(e, v)
		}
	}
	return m
}

// on makes a request that acts on another, answered one.
func (b *bothHosts) on(f pay.Flow, original, answer *iso8583.Message, fen int) *iso8583.Message {
	m := b.request(f, fen)
	for e, v := range map[iso8583.Element]string{iso8583.OriginalBatch: original.Get(iso8583.Batch), iso8583.OriginalTrace: original.Get(iso8583.Trace),
		iso8583.OriginalDate: answer.Get(iso8583.LocalDate), iso8583.OriginalRRN: answer.Get(iso8583.RRN), iso8583.AuthCode: answer.Get(iso8583.AuthCode),
		iso8583.OriginalMTI: original.MTI(), iso8583.OriginalTime: "000000", iso8583.OriginalAcquirer: "0"} {
		if v != "" && b.pos.Carries(f, e) {
			m.Set(e, v)
		}
	}
	return m
}

func (b *bothHosts) reversalOf(m *iso8583.Message) *iso8583.Message {
	r := b.request(pay.Reversal, 0)
	for _, e := range []iso8583.Element{iso8583.Trace, iso8583.ProcessingCode, iso8583.Condition, iso8583.TypeCode, iso8583.Amount, iso8583.Batch, iso8583.NetworkCode} {
		if m.Has(e) {
			r.Set(e, m.Get(e))
		}
	}
	for e, v := range map[iso8583.Element]string{iso8583.OriginalMTI: m.MTI(), iso8583.OriginalTrace: m.Get(iso8583.Trace),
		iso8583.OriginalDate: "0601", iso8583.OriginalTime: "093000", iso8583.OriginalAcquirer: "0"} {
		if b.pos.Name != "unionpay-pos" {
			r.Set(e, v)
		}
	}
	r.Set(iso8583.ReversalReason, "98")
	return r
}

func (b *bothHosts) breaks() []audit.Break {
	b.acquirer.Age(b.loop.Now())
	b.issuer.Age(b.loop.Now())
	return audit.Judge(slices.Values(slices.Concat(b.acquirer.Statements(), b.issuer.Statements())))
}

func (b *bothHosts) money(t *testing.T) string {
	t.Helper()
	b.must(b.acquirer.Ledger().TrialBalance())
	b.must(b.issuer.Ledger().TrialBalance())
	merchant := b.acquirer.Balance("898320548160001")
	card, err := b.issuer.Balance("alice")
	b.must(err)
	owed, err := b.acquirer.Ledger().Balance("interbank") // which holds what is authorized
	b.must(err)
	if breaks := b.breaks(); len(breaks) > 0 {
		t.Error(breaks)
	}
	if merchant.Booked.Minor+card.Booked.Minor != 3000 || owed.Held != card.Held {
		t.Errorf("the merchant has %+v, others owe %+v, Alice has %+v", merchant, owed, card)
	}
	return fmt.Sprintf("%d+%d", merchant.Booked.Minor, owed.Held.Minor)
}

// A deposit and a sale, all that may come of them, and what the merchant then has and holds, in both dialects.
func TestDayAtBothHosts(t *testing.T) {
	for _, dialect := range []string{"unionpay-pos", "iso87-ascii"} {
		t.Run(dialect, func(t *testing.T) {
			b := newBothHosts(t, speaking(t, dialect))
			step := func(m *iso8583.Message, code, money string) *iso8583.Message {
				t.Helper()
				if got := b.ask(m); got != code {
					t.Fatalf("%s is answered %q, want %s\n%+v\n%+v", m.MTI(), got, code, b.acquirer.Payments(), b.issuer.Payments())
				}
				if got := b.money(t); got != money {
					t.Errorf("the merchant has %s, want %s", got, money)
				}
				return b.answer
			}
			deposit := b.request(pay.PreAuth, 1000)
			answer := step(deposit, "00", "0+1000")
			void := b.on(pay.PreAuthVoid, deposit, answer, 1000)
			step(void, "00", "0+0")
			step(b.reversalOf(void), "00", "0+1000")
			step(b.on(pay.Completion, deposit, answer, 1151), "64", "0+1000")
			completion := b.on(pay.Completion, deposit, answer, 1100)
			done := step(completion, "00", "1100+0")
			step(b.reversalOf(completion), "00", "0+1000")
			completion = b.on(pay.Completion, deposit, answer, 900)
			done = step(completion, "00", "900+0")
			undone := b.on(pay.CompletionVoid, completion, done, 900)
			step(undone, "00", "0+1000")
			step(b.reversalOf(undone), "00", "900+0")
			step(b.on(pay.Refund, completion, done, 300), "00", "600+0")
			step(b.on(pay.Refund, completion, done, 601), "61", "600+0")
			second := b.request(pay.PreAuth, 500)
			answer = step(second, "00", "600+500")
			advice := b.on(pay.CompletionAdvice, second, answer, 400)
			step(advice, "00", "1000+0")
			step(advice, "00", "1000+0")
			sale := b.request(pay.Sale, 500)
			answer = step(sale, "00", "1500+0")
			void = b.on(pay.Void, sale, answer, 500)
			step(void, "00", "1000+0")
			step(b.reversalOf(void), "00", "1500+0")
			if spec, ok := b.pos.Transaction(pay.ReversalRequest); ok { // where a host is asked as well as told
				void = b.on(pay.Void, sale, answer, 500)
				step(void, "00", "1000+0")
				asked := b.reversalOf(void)
				asked.SetMTI(spec.Request)
				step(asked, "00", "1500+0")
				step(asked, "00", "1500+0")
			}
			step(b.on(pay.Refund, sale, answer, 200), "00", "1300+0")
			step(b.on(pay.Void, sale, answer, 500), "12", "1300+0")
		})
	}
}

// Random days at both hosts: payments, what acts on them, repeats, reversals, restarts, a line to the issuer that comes and
// goes, months. In the end the books agree.
func TestRandomDaysAtBothHosts(t *testing.T) {
	acts := map[pay.Flow][]pay.Flow{pay.Sale: {pay.Void, pay.Refund}, pay.PreAuth: {pay.PreAuthVoid, pay.Completion, pay.CompletionAdvice},
		pay.Completion: {pay.CompletionVoid, pay.Refund}, pay.CompletionAdvice: {pay.Refund}}
	speak := speaking(t, "unionpay-pos")
	rapid.Check(t, func(rt *rapid.T) {
		b := newBothHosts(t, speak)
		type sent struct{ request, answer *iso8583.Message }
		var all []sent
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			step := rapid.SampledFrom([]string{"pay", "act", "act", "act", "repeat", "reverse", "line", "restart", "days"}).Draw(rt, "step")
			if len(all) == 0 {
				step = "pay"
			}
			var one sent
			if len(all) > 0 {
				one = all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
			}
			var request *iso8583.Message
			fen := rapid.SampledFrom([]int{500, 1000, 1100}).Draw(rt, "amount")
			switch step {
			case "pay":
				request = b.request(rapid.SampledFrom([]pay.Flow{pay.Sale, pay.PreAuth, pay.Balance}).Draw(rt, "flow"), fen)
			case "act":
				if spec, _, _ := b.pos.Identify(one.request); len(acts[spec.Flow]) > 0 {
					request = b.on(rapid.SampledFrom(acts[spec.Flow]).Draw(rt, "act"), one.request, one.answer, fen)
				}
			case "repeat":
				b.ask(one.request)
			case "reverse":
				if spec, _, _ := b.pos.Identify(one.request); spec.Reversible {
					b.ask(b.reversalOf(one.request))
				}
			case "line":
				b.down = rapid.Bool().Draw(rt, "down")
			case "restart":
				b.open()
				b.acquirer.Resume(b.loop.Now(), b)
			case "days":
				b.must(b.loop.Drain(t.Context(), time.Duration(rapid.SampledFrom([]int{1, 29, 31}).Draw(rt, "days"))*24*time.Hour))
			}
			if request != nil && b.ask(request) != "" {
				all = append(all, sent{request, b.answer})
			}
		}
		b.down = false
		for range 3 {
			b.rest()
			b.acquirer.Resume(b.loop.Now(), b)
		}
		b.rest()
		b.must(b.acquirer.Ledger().TrialBalance())
		b.must(b.issuer.Ledger().TrialBalance())
		if breaks := b.breaks(); len(breaks) > 0 {
			rt.Fatalf("%v\n%+v\n%+v", breaks, b.acquirer.Payments(), b.issuer.Payments())
		}
	})
}
