package acquirer_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

const (
	shop      = "898320548160001"
	otherShop = "898320548160002"
	tillOne   = "10000001"
)

// world is an acquirer, a bank and a till's security module round one virtual clock.
type world struct {
	t        testing.TB
	loop     *sim.Loop
	trace    *trace.Recorder
	pos, net *iso8583.Dialect
	acquirer *acquirer.Acquirer
	bank     *bank
	hosts    acquirer.Config
	till     *hsm.HSM
	store    *journal.Memory
	answers  []*iso8583.Message
	traceNo  int
	batch    string
	scheme   string
	life     int // of the acquirer
}

var loaded = sync.OnceValues(func() (map[string]*iso8583.Dialect, error) {
	all := map[string]*iso8583.Dialect{}
	for _, name := range []string{"unionpay-pos", "iso87-ascii", "issuer-network"} {
		d, err := iso8583.Load(fixtures.FS, "dialects/"+name+".yaml")
		if err != nil {
			return nil, err
		}
		all[name] = d.Using(iso8583.Compiled)
	}
	return all, nil
})

func dialect(t testing.TB, name string) *iso8583.Dialect {
	t.Helper()
	all, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return all[name]
}

type setting struct {
	rules    *acquirer.Rules
	quiet    bool   // no trace
	dialect  string // of the till; unionpay-pos
	switches map[string]string
}

// newWorld seats a merchant with a till that has its master key, and a cardholder. Nobody has signed in.
func newWorld(t testing.TB, s setting) *world {
	t.Helper()
	w := &world{t: t, loop: sim.NewVirtual(sim.Start), batch: "000001", scheme: "003", store: journal.NewMemory()}
	w.pos, w.net = dialect(t, cmp.Or(s.dialect, "unionpay-pos")), dialect(t, "issuer-network")
	var err error
	if s.switches != nil {
		w.pos, err = w.pos.With(s.switches)
		w.must(err)
	}
	if !s.quiet {
		w.trace = trace.NewRecorder(nil)
	}
	seed := sim.Seed(7)
	host, network := hsm.New(seed.Reader("acquirer")), hsm.New(seed.Reader("issuer"))
	w.till = hsm.New(seed.Reader("till"))
	load := func(h *hsm.HSM, name string, key []byte) {
		_, err := h.Import(name, hsm.TDES2, key)
		w.must(err)
	}
	tmk, zpk := seed.Bytes("tmk", 16), seed.Bytes("zpk", 16)
	load(w.till, "TMK", tmk)
	load(host, acquirer.TerminalKey(tillOne, "TMK"), tmk)
	load(host, acquirer.KeyZPK, zpk)
	load(network, acquirer.KeyZPK, zpk)
	w.bank = newBank(w.net, network)
	w.hosts = acquirer.Config{Dialect: w.pos, IssuerDialect: w.net, Issuer: w.bank, HSM: host, Rules: s.rules, Store: w.store, Trace: w.trace}
	w.open()
	return w
}

// open starts the acquirer over its store, as after a restart.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.life++
	w.acquirer, err = acquirer.New(w.hosts)
	w.must(err)
	w.must(w.acquirer.AddMerchant(acquirer.Merchant{Number: shop, Name: "Noodle House", MCC: "5812"}))
	w.must(w.acquirer.AddMerchant(acquirer.Merchant{Number: otherShop, Name: "Tea House", MCC: "5812"}))
	w.must(w.acquirer.AddTerminal(acquirer.Terminal{Number: tillOne, Merchant: shop, Serial: "SN-T1-000001", Place: "Shanghai"}))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Send implements iso8583.Outbox: an answer is read from its bytes, as a till reads it.
func (w *world) Send(m *iso8583.Message) {
	answer := w.pos.New()
	w.must(w.pos.Decode(answer, m.Frame()))
	w.answers = append(w.answers, answer)
}

// After implements iso8583.Outbox. What an acquirer of an earlier life has set does not happen.
func (w *world) After(d time.Duration, f func(time.Time)) {
	life := w.life
	w.loop.After(d, func() {
		if w.life == life {
			f(w.loop.Now())
		}
	})
}

// sealed encodes m with the till's MAC where it carries one.
func (w *world) sealed(m *iso8583.Message) []byte {
	w.t.Helper()
	var frame []byte
	var err error
	if spec, _, ok := w.pos.Identify(m); ok && spec.MAC && w.till.Has("MAK") {
		frame, err = w.pos.Seal(nil, m, func(input []byte) ([]byte, error) { return w.till.MAC("MAK", w.macAlgorithm(), input) })
	} else {
		frame, err = w.pos.Encode(nil, m)
	}
	w.must(err)
	return frame
}

func (w *world) macAlgorithm() hsm.MACAlgorithm {
	if w.sm4() {
		return hsm.MACUnionPaySM4
	}
	return hsm.MACAlgorithm(w.pos.Security.MAC)
}

func (w *world) sm4() bool { return w.scheme == "005" || w.scheme == "006" }

// deliver gives the acquirer a frame and returns at once.
func (w *world) deliver(frame []byte) {
	w.t.Helper()
	m := w.pos.New()
	w.must(w.pos.Decode(m, frame))
	w.acquirer.Serve(w.loop.Now(), m, w)
}

// rest lets everything happen that happens by itself.
func (w *world) rest() {
	w.t.Helper()
	if err := w.loop.Run(context.Background(), nil); !errors.Is(err, sim.ErrIdle) {
		w.t.Fatal(err)
	}
}

// ask sends a message and gives the answer, nil when none came within ten minutes.
func (w *world) ask(m *iso8583.Message) *iso8583.Message {
	w.t.Helper()
	return w.askFrame(w.sealed(m))
}

func (w *world) askFrame(frame []byte) *iso8583.Message {
	w.t.Helper()
	w.answers = nil
	w.deliver(frame)
	if len(w.answers) == 0 {
		until := w.loop.Now().Add(10 * time.Minute)
		w.loop.At(until, func() {})
		w.must(w.loop.Run(context.Background(), func() bool { return len(w.answers) > 0 || !w.loop.Now().Before(until) }))
	}
	if len(w.answers) == 0 {
		return nil
	}
	return w.answers[0]
}

// code is an answer's F39, "" for no answer.
func code(m *iso8583.Message) string {
	if m == nil {
		return ""
	}
	return m.Get(iso8583.AnswerCode)
}

// request begins a message with what all of this till's messages carry.
func (w *world) request(f pay.Flow) *iso8583.Message {
	w.traceNo++
	m := w.pos.NewRequest(f)
	m.Set(iso8583.Trace, fmt.Sprintf("%06d", w.traceNo))
	m.Set(iso8583.Terminal, tillOne)
	m.Set(iso8583.Merchant, shop)
	m.Set(iso8583.Batch, w.batch)
	return m
}

func (w *world) signInRequest() *iso8583.Message {
	m := w.request(pay.SignIn)
	m.Set(iso8583.NetworkCode, w.scheme)
	m.Set(iso8583.Operator, "001")
	m.Set(iso8583.TerminalInfo, "Sequence No12SN-T1-000001")
	return m
}

// signIn signs the till in and loads what the answer brings; it gives the answer.
func (w *world) signIn() *iso8583.Message {
	w.t.Helper()
	answer := w.ask(w.signInRequest())
	if code(answer) != "00" {
		w.t.Fatalf("sign-in: answer %q", code(answer))
	}
	if failed := w.loadKeys(answer); failed != "" {
		w.t.Fatalf("sign-in: the check value of %s does not fit", failed)
	}
	w.batch = answer.Get(iso8583.Batch)
	return answer
}

func (w *world) loadKeys(answer *iso8583.Message) (failed string) {
	w.t.Helper()
	failed, err := w.till.LoadWorkingKeys("TMK", []byte(answer.Get(iso8583.Keys)), hsm.KeyNames{PIK: "PIK", MAK: "MAK", TDK: "TDK"}, w.sm4(), hsm.MAKAuto)
	w.must(err)
	return failed
}

// sale begins a good sale: Alice's stripe, her PIN, 10.00 CNY.
func (w *world) sale() *iso8583.Message {
	w.t.Helper()
	m := w.request(pay.Sale)
	m.Set(iso8583.PAN, alicePAN)
	m.Set(iso8583.Amount, "000000001000")
	m.Set(iso8583.EntryMode, "021")
	m.Set(iso8583.PINCapture, "06")
	m.Set(iso8583.Track2, aliceTrack)
	m.Set(iso8583.Currency, "156")
	m.Set(iso8583.SecurityControl, "2600000000000000")
	m.Set(iso8583.NetworkCode, "000")
	m.Set(iso8583.ReadCapability, "6")
	m.Set(iso8583.ICCondition, "0")
	w.setPIN(m, alicePIN)
	return m
}

func (w *world) setPIN(m *iso8583.Message, pin string) {
	w.t.Helper()
	block, err := w.till.EncryptPIN("PIK", hsm.PINISO0, pay.NewSecret(pin), pay.NewPAN(alicePAN))
	w.must(err)
	m.Set(iso8583.PIN, string(block))
}

// noPIN makes a sale one without PIN.
func noPIN(m *iso8583.Message) {
	m.Unset(iso8583.PIN)
	m.Unset(iso8583.PINCapture)
	m.Set(iso8583.EntryMode, "022")
	m.Set(iso8583.SecurityControl, "0600000000000000")
}

// reversalOf makes the reversal of a sale, under the till's present keys.
func (w *world) reversalOf(sale *iso8583.Message) *iso8583.Message {
	m := w.pos.NewRequest(pay.Reversal)
	for _, e := range []iso8583.Element{iso8583.PAN, iso8583.ProcessingCode, iso8583.Amount, iso8583.Trace, iso8583.EntryMode,
		iso8583.Condition, iso8583.Terminal, iso8583.Merchant, iso8583.Currency, iso8583.TypeCode, iso8583.Batch,
		iso8583.NetworkCode, iso8583.ReadCapability, iso8583.ICCondition} {
		m.Set(e, sale.Get(e))
	}
	m.Set(iso8583.ReversalReason, "98")
	return m
}

// reason gives the rule and the text of the acquirer's last decision.
func (w *world) reason() string {
	var last string
	for _, e := range w.trace.Events() {
		if e.Kind == trace.Decided {
			last = e.Name + ": " + e.Text
		}
	}
	return last
}

// books tells the merchant's and Alice's money in minor units.
func (w *world) books() (merchant, card int64) {
	w.t.Helper()
	w.must(w.acquirer.Ledger().TrialBalance())
	return w.acquirer.Balance(shop).Booked.Minor, w.bank.booked()
}

func (w *world) wantBooks(merchant int64) {
	w.t.Helper()
	w.rest()
	if m, c := w.books(); m != merchant || c != aliceHas-merchant {
		w.t.Errorf("merchant has %d, Alice %d of %d; want %d to have moved", m, c, aliceHas, merchant)
	}
	if breaks := audit.Judge(slices.Values(w.acquirer.Statements())); len(breaks) > 0 {
		w.t.Errorf("the acquirer's own statements: %v", breaks)
	}
}
