package terminal

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The synthetic cards of these tests (DOMAIN.md H.3): chip, stripe with PIN, stripe without.
const (
	panH3     = "6200123456789010"
	chipTrack = panH3 + "D30122011234567890123"
	pinTrack  = panH3 + "D30121201234567890123"
	freeTrack = panH3 + "D30121011234567890123"
	goodPIN   = "975310"
)

// bench is a terminal at a table with everything it needs: a store, a printer, a screen and a host that it can be rude to.
type bench struct {
	t       testing.TB
	dialect *iso8583.Dialect
	config  Config
	till    *Terminal
	now     time.Time
	journal []journal.Record

	host      host
	card      *paperCard                         // in the reader
	twin      *bench                             // another one that a probe works with
	lenient   bool                               // a message may break its dialect's rules
	storeErr  func(batch []journal.Record) error // nil: the store is well
	unwritten []journal.Record                   // what it did not take
	budget    int                                // actions that may still be done before the power goes; < 0 for no end
	done      int                                // actions done so far, over all lives

	asked     *Action // of a wallet's host; nil for nothing
	code      string  // on the cardholder's phone, which he shows instead of a card
	noCard    bool    // the cashier presses the green key instead
	pin       string  // what the cardholder types
	far       bool    // the cardholder is: his number is typed
	voice     Voice   // what the cashier types
	noRest    bool    // nobody pays the rest of a partial approval
	onShow    func(Screen)
	screens   []string
	slips     []Slip
	endings   []Ending
	need      Need
	restart   bool // the terminal wants to be switched off and on
	clock     time.Time
	network   string
	timers    map[string]time.Duration
	exchanges []*iso8583.Message
}

// host answers requests: by itself as an honest acquirer would, or through do, which sees every request first.
type host struct {
	hsm   *hsm.HSM
	f62   []byte // the keys of the last sign-in
	keys  func() []byte
	frame func(pay.Flow) []byte // the whole answer, before anything else is asked; nil for none
	do    func(n int, flow pay.Flow, req *iso8583.Message) (reply, bool)
	shelf *shelf // what there is to fetch; nil for nothing

	parts           map[string]bool // traces of which a part was approved
	charged, undone map[string]bool // what the host's books say, by trace
}

// reply is what comes of a request: a code, or no answer.
type reply struct {
	code    pay.Answer
	edit    func(*iso8583.Message) // before it is sealed
	spoil   func(*iso8583.Message) // after it was sealed and read again
	trouble *iso8583.Trouble
}

var silent = iso8583.Trouble{Cause: iso8583.NoBytes, Sent: true, Waited: time.Minute}

// loaded keeps the dialects, which are immutable.
var loaded sync.Map

func loadDialect(t testing.TB, name string) *iso8583.Dialect {
	t.Helper()
	if d, ok := loaded.Load(name); ok {
		return d.(*iso8583.Dialect)
	}
	d, err := iso8583.Load(fixtures.FS, "dialects/"+name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	d = d.Using(iso8583.Compiled)
	loaded.Store(name, d)
	return d
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newBench gives a terminal with its power on and cashier 01 logged in.
func newBench(t testing.TB, edit ...func(*Config)) *bench {
	t.Helper()
	return newBenchIn(t, "unionpay-pos", edit...)
}

func newBenchIn(t testing.TB, dialect string, edit ...func(*Config)) *bench {
	t.Helper()
	seed := sim.Seed(1)
	b := &bench{t: t, dialect: loadDialect(t, dialect), now: sim.Start, budget: -1, pin: goodPIN, timers: map[string]time.Duration{}}
	b.host = host{hsm: hsm.New(seed.Reader("host")), parts: map[string]bool{}, charged: map[string]bool{}, undone: map[string]bool{}}
	b.config = Config{Name: "T1", Number: "12345678", Merchant: "898320548160001", MerchantName: "Noodle House", MCC: "5812",
		Scanner: true, Dialect: b.dialect, HSM: hsm.New(seed.Reader("till")), Rules: Reference(), Trace: trace.NewRecorder(nil),
		Operators: []Operator{{ID: "01", Password: pay.NewSecret("4719")}, {ID: "00", Password: pay.NewSecret("903512")},
			{ID: "99", Password: pay.NewSecret("58130472")}, {ID: "02", Password: pay.NewSecret("0000")}}}
	for _, e := range edit {
		e(&b.config)
	}
	algorithm := hsm.TDES2
	if b.config.KeyScheme == "005" || b.config.KeyScheme == "006" {
		algorithm = hsm.SM4
	}
	for _, h := range []*hsm.HSM{b.host.hsm, b.config.HSM} {
		if _, err := h.Import(KeyTMK, algorithm, unhex(t, "CA5D92598DCA48CE8A4C76361A9269E9")); err != nil {
			t.Fatal(err)
		}
	}
	b.host.keys = func() []byte {
		scheme := b.till.KeyScheme
		f62, err := b.host.hsm.WorkingKeys(KeyTMK, scheme, hsm.KeyNames{PIK: KeyPIK, MAK: KeyMAK, TDK: KeyTDK}, hsm.MAKLength(b.dialect.Switches.MAKLength))
		if err != nil {
			b.t.Fatal(err)
		}
		return f62
	}
	b.powerOn()
	b.logIn("01", "4719")
	return b
}

func (b *bench) powerOn() {
	b.t.Helper()
	till, err := New(b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range b.journal {
		if err := till.Restore(r); err != nil {
			b.t.Fatal(err)
		}
	}
	b.till, b.unwritten = till, nil
	b.step(Event{Kind: PowerOn})
}

func (b *bench) logIn(id, password string) {
	b.step(Event{Kind: LogIn, Operator: id, Password: pay.NewSecret(password)})
}

// step gives the terminal an event, and then whatever its actions bring, until it rests or its power goes.
func (b *bench) step(e Event) {
	b.t.Helper()
	if b.till == nil {
		return // no power
	}
	queue := []Event{e}
	var out Actions
	for ; len(queue) > 0 && b.till != nil; queue = queue[1:] {
		out.Reset()
		b.till.Step(b.now, queue[0], &out)
		for i, a := range out.All() {
			if b.budget == 0 {
				b.till = nil
				return
			}
			b.budget--
			b.done++
			if a.Kind == Exchange && i != len(out.All())-1 {
				b.t.Fatalf("an exchange is not the last action of its step: %v", out.All()[i+1].Kind)
			}
			if next, ok := b.carryOut(a); ok {
				queue = append(queue, next)
			}
		}
	}
	if b.restart {
		b.restart = false
		b.powerOn()
	}
}

func (b *bench) carryOut(a Action) (Event, bool) {
	switch a.Kind {
	case Exchange:
		b.exchanges = append(b.exchanges, a.Message)
		return b.host.serve(b, a.Message), true
	case Show:
		b.screens = append(b.screens, a.Screen.ID)
		if b.onShow != nil {
			b.onShow(a.Screen)
		}
	case APDU:
		r, says := b.card.answer(a.Command)
		return Event{Kind: CardAnswered, Response: r, Reader: says}, true
	case Ask:
		b.need = a.Need
	case Print:
		b.slips = append(b.slips, a.Slip)
	case Write:
		var err error
		batch := slices.Concat(b.unwritten, a.Records)
		if b.storeErr != nil {
			err = b.storeErr(batch)
		}
		switch {
		case err == nil:
			b.journal, b.unwritten = append(b.journal, batch...), nil
		case a.Again:
			b.unwritten = batch
		}
		return Event{Kind: Stored, Err: err}, a.Await
	case AskWallet:
		b.asked = &a
	case StartTimer:
		b.timers[a.Timer] = a.After
	case StopTimer:
		delete(b.timers, a.Timer)
	case SetClock:
		b.clock = a.At
	case UseNetwork:
		b.network = a.Network
	case Restart:
		b.restart = true
	case End:
		b.endings = append(b.endings, a.Ending)
		b.need = ""
	}
	return Event{}, false
}

// serve takes the frame of a request, as the wire would, and answers it.
func (h *host) serve(b *bench, sent *iso8583.Message) Event {
	b.t.Helper()
	req := b.dialect.New()
	if err := b.dialect.Decode(req, sent.Frame()); err != nil {
		b.t.Fatalf("the terminal's frame cannot be read: %v", err)
	}
	tx, _, ok := b.dialect.Identify(req)
	if !ok {
		b.t.Fatalf("the terminal's message is of no flow: %s", req.MTI())
	}
	for _, v := range b.dialect.Validate(req) {
		if b.lenient {
			break
		}
		b.t.Errorf("the terminal's %s breaks its dialect's rules: %+v", tx.Flow, v)
	}
	if h.frame != nil {
		if frame := h.frame(tx.Flow); frame != nil {
			m := b.dialect.New()
			if err := b.dialect.Decode(m, frame); err != nil {
				b.t.Fatal(err)
			}
			return Event{Kind: Answered, Message: m}
		}
	}
	r := reply{code: pay.Answer00Approved}
	if h.do != nil {
		if other, mine := h.do(len(b.exchanges), tx.Flow, req); mine {
			r = other
		}
	}
	payment := tx.Reversible || tx.Advice && tx.MAC
	book := h.charged
	if tx.Flow == pay.Reversal {
		book = h.undone
	}
	if payment || tx.Flow == pay.Reversal {
		if r.code == pay.Answer10Partial {
			h.parts[req.Get(iso8583.Trace)] = true
		}
		if r.code == pay.Answer00Approved || r.code == pay.Answer10Partial || r.trouble != nil && r.trouble.Sent {
			book[req.Get(iso8583.Trace)] = true // an answer that is lost was given
		}
	}
	if r.trouble != nil {
		return Event{Kind: Unanswered, Trouble: *r.trouble}
	}
	m := b.dialect.NewAnswer(req)
	m.Set(iso8583.LocalTime, b.now.Add(90*time.Second).Format("150405"))
	m.Set(iso8583.LocalDate, b.now.Format("0102"))
	m.Set(iso8583.RRN, fmt.Sprintf("2606%08d", len(b.exchanges)))
	m.Set(iso8583.AnswerCode, string(r.code))
	m.Set(iso8583.Batch, "000001")
	if tx.Flow == pay.SignIn && r.code == pay.Answer00Approved {
		h.f62 = h.keys()
		m.Set(iso8583.Keys, string(h.f62))
	}
	if tx.Flow == pay.Balance && r.code == pay.Answer00Approved {
		m.Set(iso8583.Balance, "0002156C000000123456")
	}
	if tx.Flow == pay.Settlement && r.code == pay.Answer00Approved {
		m.Set(iso8583.SettlementData, withResult(req.Get(iso8583.SettlementData), "1"))
		m.Set(iso8583.Currency, "156")
	}
	if payment && r.code == pay.Answer00Approved {
		m.Set(iso8583.AuthCode, "102030")
		m.Set(iso8583.Institutions, "01020000   48270000   ")
	}
	if h.shelf != nil && r.code == pay.Answer00Approved {
		h.shelf.answer(tx.Flow, req, m)
	}
	if r.edit != nil {
		r.edit(m)
	}
	if err := h.seal(b, tx, m); err != nil {
		b.t.Fatalf("answer to the %s: %v", tx.Flow, err)
	}
	answer := b.dialect.New()
	if err := b.dialect.Decode(answer, m.Frame()); err != nil {
		b.t.Fatal(err)
	}
	if r.spoil != nil {
		r.spoil(answer)
		if _, err := b.dialect.Encode(nil, answer); err != nil {
			b.t.Fatal(err)
		}
		frame := slices.Clone(answer.Frame())
		if err := b.dialect.Decode(answer, frame); err != nil {
			b.t.Fatal(err)
		}
	}
	return Event{Kind: Answered, Message: answer}
}

// withResult puts the host's judgement into both totals of F48.
func withResult(data, result string) string { return data[:30] + result + data[31:61] + result }

func (h *host) seal(b *bench, tx *iso8583.Transaction, m *iso8583.Message) error {
	if !tx.MAC {
		_, err := b.dialect.Encode(nil, m)
		return err
	}
	_, err := b.dialect.Seal(nil, m, func(input []byte) ([]byte, error) { return h.hsm.MAC(KeyMAK, b.till.macAlgorithm(), input) })
	return err
}

func (b *bench) signIn() {
	b.t.Helper()
	b.step(Event{Kind: Choose, Flow: pay.SignIn})
}

// swipe sells 10.00 with a stripe, and with the PIN if it is asked for.
func (b *bench) swipe(track string) {
	b.t.Helper()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(track)}})
	if b.till != nil && b.need == NeedPIN {
		b.step(Event{Kind: EnterPIN, PIN: pay.NewSecret(goodPIN)})
	}
}

func (b *bench) plan(f pay.Flow) (Plan, bool) {
	i := slices.IndexFunc(b.config.Rules.Plans, func(p Plan) bool { return p.Flow == f })
	return b.config.Rules.Plans[max(i, 0)], i >= 0
}

// order plays an order to its end: everybody does what the terminal asks for.
func (b *bench) order(flow pay.Flow, fen int64, of Original, track string) {
	b.t.Helper()
	b.need = ""
	b.step(Event{Kind: Choose, Flow: flow, Amount: pay.CNY(fen)})
	for asked := 0; b.till != nil && b.need != "" && asked < 9; asked++ {
		need := b.need
		b.need = ""
		switch need {
		case NeedSupervisor:
			b.logIn("00", "903512")
		case NeedOriginal:
			b.step(Event{Kind: EnterOriginal, Original: of})
		case NeedCard:
			if b.code != "" || b.noCard {
				b.codeOrNone()
				continue
			}
			if b.far {
				b.step(Event{Kind: KeyIn, PAN: pay.NewPAN(panH3), Expiry: "3012"})
				continue
			}
			b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(track)}})
		case NeedPIN:
			b.step(Event{Kind: EnterPIN, PIN: pay.NewSecret(b.pin)})
		case NeedCode:
			b.step(Event{Kind: EnterCode, Voice: b.voice})
		case NeedRest:
			if b.noRest {
				b.step(Event{Kind: Cancel})
			} else {
				b.step(Event{Kind: Confirm})
			}
		case NeedPlan:
			b.step(Event{Kind: EnterPlan, Count: 6})
		}
	}
}

// forget drops what was seen so far.
func (b *bench) forget() {
	b.screens, b.slips, b.endings, b.exchanges = nil, nil, nil, nil
}

func (b *bench) ending() Ending {
	b.t.Helper()
	if len(b.endings) == 0 {
		b.t.Fatalf("no order has ended; screens: %v", b.screens)
	}
	return b.endings[len(b.endings)-1]
}

func (b *bench) flows() []string {
	var flows []string
	for _, m := range b.exchanges {
		tx, _, _ := b.dialect.Identify(m)
		flows = append(flows, strings.TrimSpace(fmt.Sprintf("%s %s %s", tx.Flow, m.Get(iso8583.Trace)[3:], m.Get(iso8583.ReversalReason))))
	}
	return flows
}

func (b *bench) fact() audit.Fact {
	all := b.till.Statements()
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Fact
}

func (b *bench) mustShow(id string) {
	b.t.Helper()
	if !slices.Contains(b.screens, id) {
		b.t.Errorf("want screen %s, got %v", id, b.screens)
	}
}

func same[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not current (write it with -update):\n%s", path, cmp.Diff(string(want), string(got)))
	}
}
