package wallet_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

const (
	noodles = "898320548160001"
	teas    = "898320548160002"
	told    = "http://127.0.0.1:8099/told"
)

// town is a host with two payers and two shops, on virtual time. It is the outbox of all of them.
type town struct {
	t        testing.TB
	loop     *sim.Loop
	config   wallet.Config
	host     *wallet.Host
	shop     *hsm.HSM // the keys of shops and phones
	events   []string
	life     int
	requests int

	answer    walletapi.Params
	news      []walletapi.Params // what shops were told
	says      func(p walletapi.Params) string
	condition wallet.Condition
	nonce     string // of the last request
}

// newTown makes a host in the shape of one wallet, with the keys that wallet has.
func newTown(t testing.TB, scheme string, edit func(*wallet.Rules)) *town {
	t.Helper()
	return newTownWith(t, scheme, scheme == "alipay", edit)
}

// newTownWith chooses whether the two sides sign under pairs of keys (RSA) or under secrets that both have, which is quicker.
func newTownWith(t testing.TB, scheme string, pairs bool, edit func(*wallet.Rules)) *town {
	t.Helper()
	s, err := walletapi.Load(fixtures.FS, scheme)
	if err != nil {
		t.Fatal(err)
	}
	rules := wallet.Reference()
	if edit != nil {
		edit(&rules)
	}
	w := &town{t: t, loop: sim.NewVirtual(sim.Start), shop: hsm.New(sim.Seed(7).Reader("shop"))}
	w.config = wallet.Config{Scheme: s, HSM: hsm.New(sim.Seed(7).Reader("wallet")), Seed: 7, Rules: &rules, Store: journal.NewMemory(),
		Trace: trace.NewRecorder(func(e trace.Event) { w.events = append(w.events, fmt.Sprint(e.Name, " ", e.Text)) })}
	w.says = func(walletapi.Params) string { return s.Acknowledge }
	w.keys(pairs)
	w.open()
	return w
}

// keys gives both sides the keys of the wallet's kind: a secret that both have, or two pairs.
func (w *town) keys(pairs bool) {
	w.t.Helper()
	secret := func(name string) []byte { return sim.Seed(7).Bytes(name, 32) }
	for _, phone := range []string{"alice", "bob"} {
		w.must(w.config.HSM.ImportSecret(wallet.PhoneKey(phone), secret(phone)))
		w.must(w.shop.ImportSecret(wallet.PhoneKey(phone), secret(phone)))
	}
	for _, number := range []string{noodles, teas} {
		if !pairs {
			w.must(w.config.HSM.ImportSecret(wallet.MerchantKey(number), secret(number)))
			w.must(w.shop.ImportSecret(wallet.MerchantKey(number), secret(number)))
			continue
		}
		public, err := w.shop.ImportSigner(wallet.MerchantKey(number), shippedKey(w.t, "alipay-merchant"))
		w.must(err)
		w.must(w.config.HSM.ImportVerifier(wallet.MerchantKey(number), public))
	}
	if !pairs {
		w.must(w.config.HSM.ImportSecret(wallet.KeyHost, secret("host")))
		w.must(w.shop.ImportSecret(wallet.KeyHost, secret("host")))
		return
	}
	public, err := w.config.HSM.ImportSigner(wallet.KeyHost, shippedKey(w.t, "alipay-host"))
	w.must(err)
	w.must(w.shop.ImportVerifier(wallet.KeyHost, public))
}

func shippedKey(t testing.TB, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, "wallets/"+name+".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

// open starts the host over its store, as after a restart.
func (w *town) open() {
	w.t.Helper()
	w.life++
	var err error
	w.host, err = wallet.New(w.config)
	w.must(err)
	w.must(w.host.AddMerchant(wallet.Merchant{Number: noodles, Name: "Noodle House", MCC: "5812", Notify: told, Limit: pay.CNY(5000_00)}))
	w.must(w.host.AddMerchant(wallet.Merchant{Number: teas, Name: "Tea House", MCC: "5812", Owner: "bob"}))
	w.must(w.host.AddPayer(wallet.Payer{Name: "alice", Password: pay.NewSecret("135790"), Balance: pay.CNY(2000_00)}))
	w.must(w.host.AddPayer(wallet.Payer{Name: "bob", Password: pay.NewSecret("246802"), Balance: pay.CNY(30_00)}))
	w.host.SetCondition(w.condition)
	w.host.Resume(w.loop.Now(), w)
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Answer implements walletapi.Outbox: the answer must be signed by the host.
func (w *town) Answer(p walletapi.Params) {
	right, err := p.Verified(func(message, signature []byte) (bool, error) {
		return w.shop.VerifySignature(wallet.KeyHost, message, signature)
	})
	if !right || err != nil {
		w.t.Fatalf("the answer's signature is wrong: %v, %v", p, err)
	}
	if p[walletapi.Nonce] == w.nonce { // else it answers an earlier request, late
		w.answer = p
	}
}

// After implements walletapi.Outbox.
func (w *town) After(d time.Duration, f func(time.Time)) {
	life := w.life
	w.loop.After(d, func() {
		if w.life == life {
			f(w.loop.Now())
		}
	})
}

// Notify implements walletapi.Outbox.
func (w *town) Notify(address string, p walletapi.Params, done func(time.Time, string)) {
	if address != told {
		w.t.Errorf("%s is told", address)
	}
	w.news = append(w.news, maps.Clone(p))
	w.After(time.Millisecond, func(now time.Time) { done(now, w.says(p)) })
}

func (w *town) rest(d time.Duration) {
	w.t.Helper()
	if err := w.loop.Drain(w.t.Context(), d); err != nil && !errors.Is(err, sim.ErrIdle) {
		w.t.Fatal(err)
	}
}

// send sends a request of a shop or a phone, signed, and gives what its answer means; "" when none came within a second.
func (w *town) send(op walletapi.Operation, key string, p walletapi.Params) walletapi.Result {
	w.t.Helper()
	w.requests++
	w.nonce = fmt.Sprint(w.requests)
	p = maps.Clone(p)
	p[walletapi.Nonce] = w.nonce
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return w.shop.Sign(key, m) })
	w.must(err)
	return w.sendAs(op, signed)
}

func (w *town) sendAs(op walletapi.Operation, p walletapi.Params) walletapi.Result {
	w.t.Helper()
	w.answer = nil
	read, err := walletapi.Decode(p.Encode())
	w.must(err)
	w.host.Serve(w.loop.Now(), op, read, w)
	if w.rest(time.Second); w.answer == nil {
		return ""
	}
	return w.config.Scheme.Hear(w.answer)
}

func (w *town) merchant(op walletapi.Operation, order string, more walletapi.Params) walletapi.Result {
	w.t.Helper()
	p := walletapi.Params{walletapi.Merchant: noodles, walletapi.Order: order}
	maps.Copy(p, more)
	return w.send(op, wallet.MerchantKey(p[walletapi.Merchant]), p)
}

func (w *town) phone(op walletapi.Operation, payer string, more walletapi.Params) walletapi.Result {
	w.t.Helper()
	p := walletapi.Params{walletapi.Payer: payer}
	maps.Copy(p, more)
	return w.send(op, wallet.PhoneKey(payer), p)
}

// code shows a fresh payer code.
func (w *town) code(payer string) string {
	w.t.Helper()
	if got := w.phone(walletapi.OpAppCode, payer, nil); got != walletapi.Done {
		w.t.Fatalf("a fresh code: %s", got)
	}
	return w.answer[walletapi.PayerCode]
}

func amountOf(fen int64) walletapi.Params {
	p := walletapi.Params{walletapi.Subject: "牛肉面", walletapi.Notify: told}
	p.SetMoney(walletapi.Amount, pay.CNY(fen))
	return p
}

// pays lets a payer pay by a code.
func (w *town) pays(order, code string, fen int64) walletapi.Result {
	w.t.Helper()
	p := amountOf(fen)
	p[walletapi.PayerCode] = code
	return w.merchant(walletapi.OpPay, order, p)
}

func (w *town) refunds(order, number string, fen int64) walletapi.Result {
	w.t.Helper()
	p := walletapi.Params{walletapi.Refund: number}
	p.SetMoney(walletapi.Returned, pay.CNY(fen))
	return w.merchant(walletapi.OpRefund, order, p)
}

// has holds the money of Alice and the noodle house to amounts in fen.
func (w *town) has(alice, shop int64) {
	w.t.Helper()
	a, err := w.host.Balance("alice")
	w.must(err)
	s, err := w.host.MerchantBalance(noodles)
	w.must(err)
	w.must(w.host.Ledger().TrialBalance())
	for _, b := range audit.Judge(slices.Values(w.host.Statements())) {
		w.t.Error(b.Text)
	}
	if a.Booked.Minor != alice || s.Booked.Minor != shop {
		w.t.Errorf("Alice has %s and the shop %s, want %d and %d fen", a.Booked, s.Booked, alice, shop)
	}
}

// is holds an order to a state.
func (w *town) is(order string, want walletapi.OrderState) {
	w.t.Helper()
	if got := w.merchant(walletapi.OpQuery, order, nil); got != walletapi.Done || w.answer[walletapi.Standing] != string(want) {
		w.t.Errorf("order %s: %s, state %q, want %s", order, got, w.answer[walletapi.Standing], want)
	}
}

func (w *town) wants(got, want walletapi.Result) {
	w.t.Helper()
	// One code may stand for several results; what matters is that they are called the same.
	if w.config.Scheme.Results[got] != w.config.Scheme.Results[want] {
		w.t.Errorf("got %q, want %q", got, want)
	}
}

func (w *town) leaks(secrets ...string) {
	w.t.Helper()
	var all bytes.Buffer
	for _, e := range w.events {
		all.WriteString(e + "\n")
	}
	w.must(w.config.Store.Replay(func(r journal.Record) error { all.Write(r.Data); return nil }))
	for _, secret := range secrets {
		if bytes.Contains(all.Bytes(), []byte(secret)) {
			w.t.Errorf("%s leaks", secret)
		}
	}
}
