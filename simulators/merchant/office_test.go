package merchant_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

const (
	noodles  = "898320548160001"
	hospital = "898320580620001"
	market   = "898320554110001"
)

// town is an office with three merchants, and a bank that says what it is told to.
type town struct {
	t      testing.TB
	office *merchant.Office
	store  *journal.Memory
	words  []merchant.BankWord // that the bank says next; then it pays
	takes  []merchant.BankWord // that the payers' banks say next; then they pay
	code   pay.Secret          // that was texted last
	said   strings.Builder     // everything that came out
	n      int
	now    time.Time
	moves  []audit.Statement // as the acquirer states them
}

func newTown(t testing.TB, r merchant.Rules) *town {
	t.Helper()
	terms, err := merchant.LoadTerms(fixtures.FS, "merchants/services/terms.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, store: journal.NewMemory(), now: sim.Start}
	w.office, err = merchant.New(merchant.Config{Terms: terms, Rules: &r, Store: w.store, Bank: w.bank, HSM: hsm.New(sim.Seed(1).Reader("office")),
		Message: func(phone, code pay.Secret) {
			w.code = code
			fmt.Fprintf(&w.said, "text to %s\n", phone.Reveal())
		},
		Register: func(m merchant.Merchant, d merchant.Device) ([]byte, string, error) {
			fmt.Fprintf(&w.said, "the acquirer hears of %s of %s\n", d.Terminal, m.Name)
			return []byte("key"), "00000000", nil
		},
		Quarrel: func(sale string, a pay.Amount) error {
			fmt.Fprintln(&w.said, "the acquirer refunds less of", sale, a)
			return nil
		},
		Collect: func(_ time.Time, instruction, payer string, a pay.Amount) merchant.BankWord {
			word := merchant.BankPaid
			if len(w.takes) > 0 {
				word, w.takes = w.takes[0], w.takes[1:]
			}
			fmt.Fprintf(&w.said, "the bank takes %s of %s for %s: %s\n", a, payer, instruction, word)
			return word
		},
		Carry: func(_ time.Time, n merchant.Notice, to pay.Secret, said walletapi.Params) {
			fmt.Fprintln(&w.said, n.Channel, to.Reveal(), n.ID, n.Args, said, len(said[walletapi.Sign]))
			if n.Channel == merchant.ChannelSMS && n.Tries > 1 {
				w.office.Heard(n)
			}
		},
		NameOf: func(account pay.Secret) (merchant.Holder, bool) {
			h, known := map[string]merchant.Holder{"6200120018438862": {Name: "Alice"}, "6200120025830432": {Name: "Bob", Credit: true}, "6200129999000013": {Name: "王芳芳"},
				"6200129999000021": {Name: "王芳芳"}}[account.Reveal()]
			return h, known
		},
		Credit: func(now time.Time, instruction string, to merchant.BankAccount, a pay.Amount) merchant.BankWord {
			word := merchant.BankPaid
			if len(w.takes) > 0 {
				word, w.takes = w.takes[0], w.takes[1:]
			}
			fmt.Fprintf(&w.said, "%s: the bank gives %s to %s%s for %s: %s\n", now.Format("02 15:04"), a, to.Number.Reveal(), to.Payer, instruction, word)
			return word
		},
		Tell: func(payer, id string, args ...string) { fmt.Fprintln(&w.said, "text to", payer, id, args) },
		Stop: func(number, terminal string, stop bool) error {
			fmt.Fprintf(&w.said, "the acquirer stops %s %s: %t\n", number, terminal, stop)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []merchant.Merchant{{Number: noodles, Name: "Noodle House", MCC: "5812"}, {Number: hospital, Name: "Hospital", MCC: "8062"},
		{Number: market, Name: "Market", MCC: "5411", Term: merchant.TermSameDay}} {
		if err := w.office.Enrol(w.now, m); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *town) bank(time.Time, merchant.Payout) merchant.BankWord {
	if len(w.words) == 0 {
		return merchant.BankPaid
	}
	word := w.words[0]
	w.words = w.words[1:]
	return word
}

// fact makes a movement of a merchant's; sale names the sale that it is about, "" for a new one.
func (w *town) fact(number, sale string, fen int64, edit func(*merchant.Fact)) merchant.Fact {
	w.n++
	ref := audit.Ref{Terminal: "10000001", Merchant: number, Batch: "000001", Trace: fmt.Sprintf("%06d", w.n), Flow: pay.Sale}
	f := merchant.Fact{ID: fmt.Sprint("m", w.n), At: w.now, Ref: ref, RRN: fmt.Sprintf("260601%06d", w.n), Sale: sale, Amount: pay.CNY(fen), Card: "620012******8862", Entry: pay.Entry02Stripe}
	if sale == "" {
		f.Sale = f.ID
	}
	s := audit.Statement{At: w.now, Role: audit.Acquirer, Fact: audit.Posted, Ref: ref, RRN: f.RRN, Amount: f.Amount}
	if fen < 0 {
		f.Ref.Flow = pay.Refund
		s.Fact, s.Amount = audit.Refunded, f.Amount.Neg()
	}
	if edit != nil {
		edit(&f)
	}
	w.moves = append(w.moves, s)
	w.office.Hear(w.now, []merchant.Fact{f})
	return f
}

func (w *town) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.office.Hear(w.now, nil)
	w.office.Age(w.now)
}

func (w *town) ask(op merchant.Operation, r merchant.Request) merchant.Answer {
	a := w.office.Serve(w.now, op, r)
	fmt.Fprintf(&w.said, "%s %s %s\n", op, a.Code, a.Reason)
	if x := a.Application; x != nil {
		fmt.Fprintf(&w.said, "  %s %s %s %v\n", x.Number, x.Stage, x.Merchant, x.Shown)
	}
	for _, d := range a.Debits {
		fmt.Fprintf(&w.said, "  %s %s %s %d\n", d.Number, d.Amount, d.State, d.Tries)
	}
	if d := a.Device; d != nil {
		fmt.Fprintf(&w.said, "  %s %s %s %s\n", d.Serial, d.Merchant, d.Terminal, d.Deposit)
	}
	if q := a.Quote; q != nil {
		fmt.Fprintf(&w.said, "  %s %s %s %v\n", q.Tariff, q.Name, q.Explained, *a.Share)
	}
	if s := a.Statement; s != nil {
		for _, l := range s.Lines {
			fmt.Fprintf(&w.said, "  %s %s %s %s: %v\n", l.At.Format("02 15:04"), l.What, l.Amount, l.Price, l.Share)
		}
		fmt.Fprintf(&w.said, "  %s %v %v %s %s %s\n", s.Opening, s.Sold, s.Back, s.Fees, s.Net, s.Closing)
	}
	for _, k := range a.Cases {
		fmt.Fprintf(&w.said, "  %s %s %s %s\n", k.RRN, k.Kind, k.Open, k.Decision)
	}
	return a
}

// breaks judges the office's statements beside the acquirer's.
func (w *town) breaks() []audit.Break {
	all := slices.Concat(w.moves, w.office.Statements())
	return slices.DeleteFunc(audit.Judge(slices.Values(all)), func(b audit.Break) bool { // the acquirer states here what it moved, and nothing else
		return b.Rule != "cleared" && b.Rule != "fee" && b.Rule != "payout" && b.Rule != "office-balance" && b.Rule != "consent" && b.Rule != "deposit" && b.Rule != "transfer"
	})
}

// The worked examples of DOMAIN.md F.1, and what the shipped terms make of cards, groups, entries, products and days.
func TestFees(t *testing.T) {
	credit := func(f *merchant.Fact) { f.Credit = true }
	for _, c := range []struct {
		name   string
		number string
		fen    int64
		edit   func(*merchant.Fact)
		want   string // price, fee, issuer, network, acquirer, net
	}{
		{"debit", noodles, 100_00, nil, "debit 0.50 0.32 0.06 0.12 99.50"},
		{"debit at the issuer's cap", noodles, 3714_29, nil, "debit 18.57 11.79 2.42 4.36 3695.72"},
		{"debit past every cap", noodles, 10_000_00, nil, "debit 20.00 9.75 6.50 3.75 9980.00"},
		{"credit has no cap", noodles, 10_000_00, credit, "credit 60.00 41.75 6.50 11.75 9940.00"},
		{"half a fen goes up", noodles, 1_00, nil, "debit 0.01 0.00 0.00 0.01 0.99"},
		{"less than half a fen", noodles, 99, nil, "debit 0.00 0.00 0.00 0.00 0.99"},
		{"a small tap", noodles, 1000_00, func(f *merchant.Fact) { f.Entry = pay.Entry07Contactless }, "small tap 3.80 3.17 0.66 -0.03 996.20"},
		{"a tap that is not small", noodles, 1000_01, func(f *merchant.Fact) { f.Entry = pay.Entry07Contactless }, "debit 5.00 3.17 0.66 1.17 995.01"},
		{"by code", noodles, 100_00, func(f *merchant.Fact) { f.ByCode, f.Credit = true, true }, "code 0.38 0.42 0.06 -0.10 99.62"},
		{"preferential below cost", market, 10_000_00, credit, "preferential credit 38.00 41.75 6.50 -10.25 9962.00"},
		{"preferential debit", market, 10_000_00, nil, "preferential debit 18.00 9.75 6.50 1.75 9982.00"},
		{"zero", hospital, 10_000_00, credit, "zero 0.00 0.00 0.00 0.00 10000.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, merchant.Reference())
			w.fact(c.number, "", c.fen, c.edit)
			l := w.ask(merchant.OpStatement, merchant.Request{Merchant: c.number}).Statement.Lines[0]
			got := fmt.Sprintf("%s %s %s %s %s %s", l.Price, l.Fee, l.Issuer, l.Network, l.Acquirer, l.Net)
			if got = strings.ReplaceAll(got, " CNY", ""); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			for _, b := range w.breaks() {
				t.Error(b.Text)
			}
		})
	}
}

// A life of two weeks, in which everything happens that a defect could do otherwise.
func (w *town) live() {
	credit := func(f *merchant.Fact) { f.Credit = true }
	w.ask(merchant.OpQuote, merchant.Request{Merchant: noodles, Amount: pay.CNY(123_45), Card: "debit"})
	first := w.fact(noodles, "", 123_45, nil)
	w.office.Hear(w.now, []merchant.Fact{first})
	w.fact(noodles, "", 20_000_00, nil)
	w.fact(noodles, "", 77_77, credit)
	w.fact(noodles, "", 77_77, func(f *merchant.Fact) { f.Entry = pay.Entry07Contactless })
	w.fact(noodles, "", 77_77, func(f *merchant.Fact) { f.ByCode = true })
	w.fact(hospital, "", 77_77, nil)
	w.fact(market, "", 1077_77, nil)
	whole := w.fact(noodles, "", 55_55, nil)
	w.fact(noodles, whole.ID, -55_55, func(f *merchant.Fact) { f.Whole = true })
	parts := w.fact(noodles, "", 150_00, credit)
	w.pass(time.Hour)
	for range 3 {
		w.fact(noodles, parts.ID, -50_00, nil)
	}
	w.pass(13*time.Hour + 45*time.Minute) // 00:15
	w.ask(merchant.OpStatement, merchant.Request{Merchant: noodles, Day: "2026-06-01"})
	file := merchant.SchemeFile{Day: "2026-06-01", Rows: []merchant.SchemeRow{{RRN: "260601000001", Merchant: noodles, Amount: pay.CNY(123_45)},
		{RRN: "260601000002", Merchant: noodles, Amount: pay.CNY(20_000_01)}, {RRN: "260601999999", Merchant: noodles, Amount: pay.CNY(5_00)}}}
	w.ask(merchant.OpReconcile, merchant.Request{File: file.String()})
	w.ask(merchant.OpReconcile, merchant.Request{File: file.String()})
	w.ask(merchant.OpResolve, merchant.Request{Case: "C2026-06-01-260601999999", Decision: merchant.ToMerchant})
	w.words = []merchant.BankWord{merchant.BankSilent, merchant.BankPaid}
	w.pass(11 * time.Hour)
	w.fact(noodles, "", 100_00, nil)
	w.fact(noodles, first.ID, -100_00, nil)
	w.pass(12*time.Hour - 15*time.Minute) // 23:00 of the second
	w.fact(noodles, "", 9_99, nil)
	w.words = []merchant.BankWord{merchant.BankRefused}
	w.pass(36 * time.Hour)
	w.ask(merchant.OpPayout, merchant.Request{Merchant: noodles})
	w.pass(24 * time.Hour)
	w.fact(noodles, "", 10_00, nil) // Friday
	w.pass(4 * 24 * time.Hour)
	for day := 1; day < 14; day++ {
		w.ask(merchant.OpStatement, merchant.Request{Merchant: noodles, Day: fmt.Sprintf("2026-06-%02d", day)})
	}
	w.ask(merchant.OpStatement, merchant.Request{Merchant: hospital, Day: "2026-06-01"})
	for _, p := range w.office.Payouts() {
		fmt.Fprintln(&w.said, p.Number, p.At.Format("02 15:04"), p.Amount, p.Surcharge, p.State)
	}
}

// join has people become merchants, and give their devices back, in every way that a defect could do otherwise.
func (w *town) join() {
	const corner, books = "898320554110002", "898320559420001"
	person := func(phone, holder string) *merchant.Person {
		return &merchant.Person{Owner: merchant.NewPrivate("王芳芳"), Identity: merchant.NewPrivate("320500199001011223"), Phone: merchant.NewPrivate(phone),
			Holder: merchant.NewPrivate(holder), Account: merchant.NewPrivate("6200129999000013")}
	}
	apply := func(phone, holder, mcc, campaign string) string {
		a := w.ask(merchant.OpApply, merchant.Request{Kind: "person", Name: "Shop " + mcc, MCC: mcc, Campaign: campaign, Person: person(phone, holder)})
		if a.Application == nil {
			return ""
		}
		return a.Application.Number
	}
	misprinted := person("13800138000", "王芳芳")
	misprinted.Identity = merchant.NewPrivate("320500199001011224")
	w.ask(merchant.OpApply, merchant.Request{Kind: "person", Name: "Shop", MCC: "5411", Person: misprinted})
	apply("13800138000", "赵六", "5411", "")
	apply("13800138000", "王芳芳", "7995", "")
	review := func(number string, d merchant.Decision) {
		w.ask(merchant.OpReview, merchant.Request{Application: number, Decision: d})
	}
	take := func(number string) {
		for _, document := range []string{"account", "identity-back", "identity-front", "shop"} {
			w.ask(merchant.OpDocument, merchant.Request{Application: number, Document: document, Content: merchant.NewPrivate("x")})
		}
	}
	rejected := apply("13700137000", "王芳芳", "5812", "")
	review(rejected, merchant.Approve)
	take(rejected)
	review(rejected, merchant.Reject)
	review(rejected, merchant.Approve)
	first := apply("13800138000", "王芳芳", "5411", "spring")
	take(first)
	review(first, merchant.Approve)
	second := apply("13900139000", "王芳芳", "5942", "winter")
	take(second)
	review(second, merchant.Approve)
	ship := func(number, serial string) {
		w.ask(merchant.OpShip, merchant.Request{Merchant: number, Serial: serial})
	}
	ship(corner, "S1")
	ship(books, "S2")
	ship(books, "S1")
	code := func(serial, phone string) pay.Secret {
		w.ask(merchant.OpCode, merchant.Request{Serial: serial, Phone: merchant.NewPrivate(phone)})
		return w.code
	}
	activate := func(serial string, code pay.Secret) {
		w.ask(merchant.OpActivate, merchant.Request{Serial: serial, Activation: merchant.Private{Secret: code}})
	}
	code("S1", "13900139000")
	one := code("S1", "13800138000")
	code("S2", "13900139000")
	activate("S2", one)
	w.pass(11 * time.Minute)
	activate("S1", one)
	one = code("S1", "13800138000")
	activate("S1", one)
	activate("S1", one)
	two := code("S2", "13900139000")
	for range 4 {
		activate("S2", pay.NewSecret("none"))
	}
	activate("S2", two)
	two = code("S2", "13900139000")
	activate("S2", two)
	activate("S2", code("S2", "13900139000"))
	w.ask(merchant.OpSuspend, merchant.Request{Merchant: books})
	w.ask(merchant.OpResume, merchant.Request{Merchant: books})
	w.ask(merchant.OpClose, merchant.Request{Merchant: books})
	w.ask(merchant.OpReturn, merchant.Request{Serial: "S2", Amount: pay.CNY(20_00)})
	ship(books, "S3")
	activate("S3", code("S3", "13900139000"))
	w.pass(366 * 24 * time.Hour)
	w.ask(merchant.OpOwed, merchant.Request{Merchant: books})
	w.ask(merchant.OpOwed, merchant.Request{Merchant: corner})
	for _, name := range w.office.Ledger().Accounts() {
		b, _ := w.office.Ledger().Balance(name)
		fmt.Fprintln(&w.said, name, b.Booked)
	}
}

// agree debits a payer in every way that a defect could do otherwise.
func (w *town) agree() {
	for w.now.Day() != 2 {
		w.pass(24 * time.Hour)
	}
	k := merchant.Consent{PerDebit: pay.CNY(50_00), PerDay: pay.CNY(80_00), PerMonth: pay.CNY(150_00), Count: 5, From: w.now.Format("2006-01-02"), Until: w.now.AddDate(1, 0, 0).Format("2006-01-02")}
	const payer = "13600136000"
	offer := func() string {
		a := w.ask(merchant.OpAgree, merchant.Request{Merchant: noodles, Payer: "Alice", Phone: merchant.NewPrivate(payer), Consent: &k})
		return a.Agreement.Number
	}
	number := offer()
	n := 0
	debit := func(fen int64, day string) string {
		n++
		id := fmt.Sprint(n)
		w.ask(merchant.OpDebit, merchant.Request{Merchant: noodles, Agreement: number, Number: id, Amount: pay.CNY(fen), Day: day})
		return id
	}
	confirm := func(code pay.Secret) {
		w.ask(merchant.OpConsent, merchant.Request{Agreement: number, Activation: merchant.Private{Secret: code}})
	}
	debit(1_00, "")
	confirm(pay.NewSecret("none"))
	debit(1_00, "")
	confirm(w.code)
	debit(50_01, "")
	debit(40_00, "")
	debit(40_01, "")
	w.ask(merchant.OpDebit, merchant.Request{Merchant: noodles, Agreement: number, Number: fmt.Sprint(n - 1), Amount: pay.CNY(40_00)})
	w.takes = []merchant.BankWord{merchant.BankRefused, merchant.BankPaid, merchant.BankSilent}
	debit(10_00, "")
	w.pass(25 * time.Hour)
	debit(20_00, "")
	w.pass(2 * time.Hour)
	higher := k
	higher.PerDebit, higher.PerDay = pay.CNY(70_00), pay.CNY(100_00)
	w.ask(merchant.OpChange, merchant.Request{Agreement: number, Phone: merchant.NewPrivate(payer), Consent: &higher})
	debit(60_00, "")
	confirm(w.code)
	debit(60_00, "")
	w.pass(24 * time.Hour)
	debit(30_00, "") // the month's cap
	w.pass(31 * 24 * time.Hour)
	for range 6 { // its count
		debit(1_00, "")
	}
	w.pass(31 * 24 * time.Hour)
	w.takes = []merchant.BankWord{merchant.BankRefused, merchant.BankRefused, merchant.BankRefused}
	debit(1_00, w.now.AddDate(0, 0, 3).Format("2006-01-02"))
	w.pass(10 * 24 * time.Hour)
	w.ask(merchant.OpDebits, merchant.Request{Merchant: noodles})
	w.takes = []merchant.BankWord{merchant.BankRefused}
	debit(1_00, "")
	w.ask(merchant.OpCancel, merchant.Request{Agreement: number})
	debit(1_00, "")
	w.pass(48 * time.Hour)
	number = offer()
	confirm(w.code)
	w.pass(400 * 24 * time.Hour)
	debit(1_00, "")
}

// belong debits members and takes coupons, until a card is revoked.
func (w *town) belong() {
	number := w.ask(merchant.OpAgree, merchant.Request{Merchant: noodles, Payer: "Bob", Phone: merchant.NewPrivate("13600136000"),
		Consent: &merchant.Consent{PerDebit: pay.CNY(30_00), PerMonth: pay.CNY(70_00)}}).Agreement.Number
	w.ask(merchant.OpConsent, merchant.Request{Agreement: number, Activation: merchant.Private{Secret: w.code}})
	r := merchant.Request{Merchant: noodles, Agreement: number, Number: "gym", Amount: pay.CNY(20_00)}
	w.ask(merchant.OpMember, r)
	w.pass(70 * 24 * time.Hour)
	for i := range 3 {
		r.Number, r.Coupon = fmt.Sprint("coupon ", i), &merchant.Coupon{Number: "C1", Amount: pay.CNY(int64(i) * 5_00)}
		w.ask(merchant.OpDebit, r)
	}
	r.Number, r.Coupon = "coupon 4", &merchant.Coupon{Number: "C1", Amount: pay.CNY(5_00)}
	w.ask(merchant.OpDebit, r)
	w.takes = []merchant.BankWord{merchant.BankRevoked}
	r.Number, r.Coupon, r.Amount = "last", nil, pay.CNY(1_00)
	w.ask(merchant.OpDebit, r)
	w.pass(40 * 24 * time.Hour)
	for _, d := range w.ask(merchant.OpDebits, merchant.Request{Merchant: noodles}).Debits {
		fmt.Fprintln(&w.said, d.Number, d.Amount, d.State, d.Tries)
	}
}

// quarrel disputes sales in every way that a defect could do otherwise.
func (w *town) quarrel() {
	ask := func(op merchant.Operation, dispute string, fen int64, d merchant.Decision) {
		r := merchant.Request{Dispute: dispute, Decision: d, Content: merchant.NewPrivate("a receipt")}
		if fen > 0 {
			r.Amount = pay.CNY(fen)
		}
		w.ask(op, r)
		w.ask(merchant.OpOwed, merchant.Request{Merchant: noodles})
		b, _ := w.office.Owed(noodles)
		fmt.Fprintln(&w.said, "owed", b)
	}
	number := func() string {
		f := w.fact(noodles, "", 100_00, nil)
		w.fact(noodles, f.ID, -40_00, nil)
		a := w.ask(merchant.OpRetrieve, merchant.Request{RRN: f.RRN})
		return a.Disputes[0].Number
	}
	won := number()
	ask(merchant.OpChargeback, won, 60_01, "")
	ask(merchant.OpChargeback, won, 60_00, "")
	ask(merchant.OpRepresent, won, 0, "")
	ask(merchant.OpEvidence, won, 0, "")
	ask(merchant.OpRepresent, won, 0, "")
	ask(merchant.OpRule, won, 0, merchant.ToMerchant)
	ask(merchant.OpRule, won, 0, merchant.ToCardholder)
	lost := number()
	ask(merchant.OpChargeback, lost, 10_00, "")
	w.pass(11 * 24 * time.Hour)
	number()
	w.pass(31 * 24 * time.Hour)
	for _, d := range w.ask(merchant.OpDisputes, merchant.Request{}).Disputes {
		fmt.Fprintln(&w.said, d.Number, d.Stage, d.Amount)
	}
}

// listen has merchants told of what happens to their money, with one server that never answers, and asks what they may ask.
func (w *town) listen() {
	const corner = "898320554110002"
	for _, number := range []string{noodles, corner} {
		w.ask(merchant.OpSubscribe, merchant.Request{Merchant: number, Channels: []merchant.Channel{merchant.ChannelSMS, merchant.ChannelApp, merchant.ChannelWebhook},
			Phone: merchant.NewPrivate("13700137000"), Webhook: "http://127.0.0.1:1"})
	}
	w.ask(merchant.OpSubscribe, merchant.Request{Merchant: hospital, Channels: []merchant.Channel{"pigeon"}})
	f := w.fact(noodles, "", 100_00, nil)
	w.fact(noodles, f.ID, -40_00, nil)
	w.fact(corner, "", 200_00, nil)
	w.pass(14 * time.Hour)
	w.fact(noodles, "", 10_00, nil)
	w.pass(96 * time.Hour)
	for _, number := range []string{noodles, corner} {
		for _, n := range w.ask(merchant.OpNews, merchant.Request{Merchant: number}).News {
			fmt.Fprintln(&w.said, n.Event, n.Channel, n.State, n.Tries)
		}
	}
	for _, number := range []string{noodles, hospital} {
		if r := w.ask(merchant.OpRecord, merchant.Request{Merchant: number, RRN: f.RRN}).Record; r != nil {
			fmt.Fprintln(&w.said, len(r.Lines), len(r.Payouts), len(r.Dispute))
		}
	}
	for _, s := range w.ask(merchant.OpStatistics, merchant.Request{Merchant: noodles, From: "2026-06-01", Until: "2027-05-31"}).Statistics {
		fmt.Fprintf(&w.said, "%+v\n", s)
	}
	for _, days := range [][2]string{{"2026-06-02", "2026-06-01"}, {"June", ""}, {"2026-06-01", "2028-06-01"}} {
		w.ask(merchant.OpRecords, merchant.Request{Merchant: noodles, From: days[0], Until: days[1]})
	}
}

// send transfers money in every way that a defect could do otherwise.
func (w *town) send() {
	const alice, bob = "6200120018438862", "6200120025830432"
	inquire := func(kind merchant.TransferKind, edit func(*merchant.Request)) string {
		r := merchant.Request{Kind: string(kind), Payer: "Bob", Phone: merchant.NewPrivate("13600136000"), Account: merchant.NewPrivate(alice), Amount: pay.CNY(10_00)}
		if edit != nil {
			edit(&r)
		}
		a := w.ask(merchant.OpInquire, r)
		if a.Transfer == nil {
			return ""
		}
		fmt.Fprintln(&w.said, a.Transfer.Payee, a.Transfer.Account)
		return a.Transfer.Number
	}
	confirm := func(number string, takes ...merchant.BankWord) {
		w.takes = takes
		w.ask(merchant.OpConfirm, merchant.Request{Transfer: number, Activation: merchant.Private{Secret: w.code}})
		for range 3 {
			w.pass(2 * time.Hour)
		}
		if a := w.ask(merchant.OpTransfer, merchant.Request{Transfer: number}); a.Transfer != nil {
			fmt.Fprintln(&w.said, a.Transfer.State, a.Transfer.Ended.Format("02 15:04"))
		}
	}
	paid, silent, refused := merchant.BankPaid, merchant.BankSilent, merchant.BankRefused
	confirm(inquire(merchant.Send, nil))
	for _, takes := range [][]merchant.BankWord{{refused}, {silent, paid}, {paid, silent, paid}, {paid, refused}, {paid, refused, silent, refused, paid}} {
		confirm(inquire(merchant.Send, nil), takes...)
	}
	number := inquire(merchant.Send, nil)
	w.code = pay.NewSecret("000000")
	confirm(number)
	number = inquire(merchant.Send, nil)
	w.pass(6 * time.Minute)
	confirm(number)
	number = inquire(merchant.Send, nil)
	confirm(number)
	confirm(number)
	inquire(merchant.Send, func(r *merchant.Request) { r.Account = merchant.NewPrivate("6200129999999996") })
	inquire(merchant.Repay, nil)
	inquire("loan", nil)
	confirm(inquire(merchant.Repay, func(r *merchant.Request) { r.Account = merchant.NewPrivate(bob) }))
	inquire(merchant.Repay, func(r *merchant.Request) { r.Account, r.Payer = merchant.NewPrivate(bob), "Alice" })
	confirm(inquire(merchant.TopUp, func(r *merchant.Request) { r.Merchant = hospital }))
	code := w.ask(merchant.OpPayeeCode, merchant.Request{Merchant: market}).QR
	for _, fen := range []int64{9_00, 9_00_00_00} {
		confirm(inquire(merchant.PayByQR, func(r *merchant.Request) { r.Merchant, r.QR, r.Amount = hospital, code, pay.CNY(fen) }))
	}
	w.fact("898320554110002", "", 100_00, nil)
	inquire(merchant.Withdraw, func(r *merchant.Request) { r.Merchant = noodles })
	confirm(inquire(merchant.Withdraw, func(r *merchant.Request) { r.Merchant = "898320554110002" }), refused)
	w.bind()
	inquire(merchant.Withdraw, func(r *merchant.Request) { r.Merchant = "898320554110002" })
}

// bind registers an app and binds a card, and unbinds it, in every way that a defect could do otherwise.
func (w *town) bind() {
	on := func(op merchant.Operation, r merchant.Request) {
		r.Merchant = "898320554110002"
		w.ask(op, r)
	}
	prove := func(code pay.Secret) {
		on(merchant.OpProve, merchant.Request{Activation: merchant.Private{Secret: code}})
	}
	card := func(number string) { on(merchant.OpBind, merchant.Request{CardNumber: merchant.NewPrivate(number)}) }
	card("6200129999000021")
	on(merchant.OpApp, merchant.Request{Phone: merchant.NewPrivate("13800138000")})
	prove(pay.NewSecret("none"))
	w.pass(11 * time.Minute)
	prove(w.code)
	on(merchant.OpApp, merchant.Request{Phone: merchant.NewPrivate("13800138000")})
	prove(w.code)
	prove(w.code)
	card("6200120018438862")
	card("6200129999000021")
	for range 4 {
		prove(pay.NewSecret("none"))
	}
	card("6200129999000021")
	prove(w.code)
	on(merchant.OpUnbind, merchant.Request{})
	on(merchant.OpUnbind, merchant.Request{})
}

// told is what an office states, but for how far it has heard.
func told(t *testing.T, o *merchant.Office) string {
	t.Helper()
	text, err := json.MarshalIndent(o.Statements()[1:], "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The honest office leaves nothing to complain of; every defect shows in what it says or is found by audit; and a restart changes nothing.
func TestOfficeDefects(t *testing.T) {
	honest := newTown(t, merchant.Reference())
	honest.live()
	honest.join()
	honest.agree()
	honest.belong()
	honest.quarrel()
	honest.listen()
	honest.send()
	honest.people()
	for _, b := range honest.breaks() {
		t.Errorf("%s: %s", b.Rule, b.Text)
	}
	if err := honest.office.Ledger().TrialBalance(); err != nil {
		t.Error(err)
	}
	terms, err := merchant.LoadTerms(fixtures.FS, "merchants/services/terms.yaml")
	if err != nil {
		t.Fatal(err)
	}
	again, err := merchant.New(merchant.Config{Terms: terms, Store: honest.store, HSM: hsm.New(sim.Seed(1).Reader("office"))})
	if err != nil {
		t.Fatal(err)
	}
	again.Age(honest.now)
	if diff := cmp.Diff(told(t, honest.office), told(t, again)); diff != "" {
		t.Errorf("a restarted office states something else (-before +after):\n%s", diff)
	}
	for _, d := range merchant.OfficeDefects() {
		rules := merchant.Reference()
		d.Edit(&rules)
		w := newTown(t, rules)
		w.live()
		w.join()
		w.agree()
		w.belong()
		w.quarrel()
		w.listen()
		w.send()
		w.people()
		if w.said.String() == honest.said.String() && len(w.breaks()) == 0 {
			t.Errorf("%s changes nothing", d.Name)
		}
		if d.Text == "" || d.Why == "" || d.Category == "" {
			t.Errorf("%s: words are missing", d.Name)
		}
	}
}
