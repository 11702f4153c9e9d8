package rig

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// judge is an OpenAPI file between clients and hosts: each request and answer must be as it says.
type judge struct {
	t        *testing.T
	answers  string // where the file says what an answer is
	compiler *jsonschema.Compiler
	requests map[string]string // path to the name of its body
	seen     map[string]bool
	open     map[string]bool // paths that want no token
}

func newJudge(t *testing.T, file, answers string) *judge {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, file)
	fatal(t, err)
	asJSON, err := yaml.YAMLToJSON(text)
	fatal(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	fatal(t, err)
	j := &judge{t: t, answers: answers, compiler: jsonschema.NewCompiler(), requests: map[string]string{}, seen: map[string]bool{}, open: map[string]bool{}}
	fatal(t, j.compiler.AddResource("openapi.json", doc))
	for path, item := range doc.(map[string]any)["paths"].(map[string]any) {
		body := item.(map[string]any)["post"].(map[string]any)["requestBody"].(map[string]any)["$ref"].(string)
		j.requests[path] = strings.TrimPrefix(body, "#")
		of, said := item.(map[string]any)["post"].(map[string]any)["security"].([]any)
		j.open[path] = said && len(of) == 0
	}
	return j
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (j *judge) fits(at string, body []byte) {
	j.t.Helper()
	s, err := j.compiler.Compile("openapi.json#" + at + "/content/application~1json/schema")
	fatal(j.t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	fatal(j.t, err)
	if err := s.Validate(v); err != nil {
		j.t.Errorf("%s: %v\n%s", at, err, body)
	}
}

// RoundTrip implements http.RoundTripper.
func (j *judge) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet { // a phone is read
		return http.DefaultTransport.RoundTrip(r)
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, path, _ := strings.Cut(r.URL.Path, "/v1")
	j.seen[path] = true
	j.fits(j.requests[path], sent)
	r.Body = io.NopCloser(bytes.NewReader(sent))
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	j.fits(j.answers, got)
	res.Body = io.NopCloser(bytes.NewReader(got))
	return res, err
}

// street is a shop and a phone that ask a wallet over HTTP.
type street struct {
	t      *testing.T
	client walletapi.Client
	keys   *hsm.HSM
	scheme *walletapi.Scheme
	answer walletapi.Params
	n      int
}

const streetShop = "898320548160001"

func (s *street) ask(op walletapi.Operation, key string, p walletapi.Params) walletapi.Result {
	s.t.Helper()
	s.n++
	p = maps.Clone(p)
	p[walletapi.Nonce] = fmt.Sprint(s.n)
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return s.keys.Sign(key, m) })
	fatal(s.t, err)
	s.answer, err = s.client.Do(s.t.Context(), op, signed)
	fatal(s.t, err)
	right, err := s.answer.Verified(func(m, sig []byte) (bool, error) { return s.keys.VerifySignature(wallet.KeyHost, m, sig) })
	if !right || err != nil || s.answer[walletapi.Nonce] != p[walletapi.Nonce] {
		s.t.Errorf("%s: %v is not signed over: %v", op, s.answer, err)
	}
	return s.scheme.Hear(s.answer)
}

func (s *street) shop(op walletapi.Operation, order string, more walletapi.Params) walletapi.Result {
	s.t.Helper()
	p := walletapi.Params{walletapi.Merchant: streetShop, walletapi.Order: order}
	maps.Copy(p, more)
	return s.ask(op, wallet.MerchantKey(streetShop), p)
}

func (s *street) phone(op walletapi.Operation, more walletapi.Params) walletapi.Result {
	s.t.Helper()
	p := walletapi.Params{walletapi.Payer: "Alice"}
	maps.Copy(p, more)
	return s.ask(op, wallet.PhoneKey("Alice"), p)
}

func (s *street) done(got walletapi.Result) {
	s.t.Helper()
	if got != walletapi.Done {
		s.t.Errorf("%s: %v", got, s.answer)
	}
}

// walletsOnSockets is a world whose wallets are asked over HTTP, as its shops are.
func walletsOnSockets(t *testing.T) (*World, *walletLine) {
	t.Helper()
	r, err := New(Options{Line: LineSocket})
	fatal(t, err)
	w, err := r.World(t.Context(), 1, "")
	fatal(t, err)
	t.Cleanup(w.Close)
	line, err := w.wallets()
	fatal(t, err)
	return w, line
}

// The hosts over HTTP, under each kind of signature, by the OpenAPI file: a day of shop and phone, with the notifications.
func TestWalletsOverHTTP(t *testing.T) {
	w, line := walletsOnSockets(t)
	told := make(chan walletapi.Params, 100)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p, err := walletapi.Decode(body)
		if err != nil {
			t.Error(err)
		}
		told <- p
		word := "success"
		if strings.HasSuffix(r.URL.Path, "/wechat") {
			word = "SUCCESS"
		}
		_, _ = io.WriteString(w, word)
	}))
	defer shop.Close()
	judge := newJudge(t, "wallets/openapi.yaml", "/components/responses/Order")
	client := &http.Client{Transport: judge}
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for _, seat := range line.town.Wallets {
		t.Run(seat.Name, func(t *testing.T) {
			keys, scheme, err := line.of(w, seat.Name)
			fatal(t, err)
			s := &street{t: t, client: walletapi.Client{Base: line.away + seat.Name, HTTP: client}, keys: keys, scheme: scheme}
			s.day(shop.URL+"/"+seat.Name, told)
		})
	}
	if want := slices.Sorted(maps.Keys(judge.requests)); !slices.Equal(want, slices.Sorted(maps.Keys(judge.seen))) {
		t.Errorf("the file has %v, the day asked %v", want, slices.Sorted(maps.Keys(judge.seen)))
	}
	for _, op := range walletapi.Operations() {
		if judge.requests["/"+string(op)] == "" {
			t.Errorf("openapi.yaml does not have %s", op)
		}
	}
}

func (s *street) day(notify string, told chan walletapi.Params) {
	s.t.Helper()
	money := func(name string, fen int64) walletapi.Params {
		p := walletapi.Params{}
		p.SetMoney(name, pay.CNY(fen))
		return p
	}
	bowl := money(walletapi.Amount, 10_00)
	maps.Copy(bowl, walletapi.Params{walletapi.Subject: "牛肉面", walletapi.Notify: notify, walletapi.Terminal: "10000001"})
	s.done(s.phone(walletapi.OpAppCode, nil))
	bowl[walletapi.PayerCode] = s.answer[walletapi.PayerCode]
	s.done(s.shop(walletapi.OpPay, "A1", bowl))
	s.hears(told, "A1", walletapi.StatePaid)
	s.done(s.shop(walletapi.OpQuery, "A1", nil))
	back := money(walletapi.Returned, 4_00)
	back[walletapi.Refund] = "R1"
	s.done(s.shop(walletapi.OpRefund, "A1", back))
	s.hears(told, "A1", walletapi.StateRefunded)
	s.done(s.shop(walletapi.OpRefundQuery, "A1", walletapi.Params{walletapi.Refund: "R1"}))
	s.done(s.shop(walletapi.OpCancel, "A9", nil))

	delete(bowl, walletapi.PayerCode)
	s.done(s.shop(walletapi.OpOrder, "A2", bowl))
	code, trade := s.answer[walletapi.QR], s.answer[walletapi.Trade]
	s.done(s.phone(walletapi.OpAppScan, walletapi.Params{walletapi.QR: code}))
	s.done(s.phone(walletapi.OpAppConfirm, walletapi.Params{walletapi.QR: code, walletapi.Password: "135790"}))
	s.hears(told, "A2", walletapi.StatePaid)
	s.done(s.phone(walletapi.OpAppBill, walletapi.Params{walletapi.Trade: trade}))
	s.done(s.shop(walletapi.OpOrder, "A3", bowl))
	trade = s.answer[walletapi.Trade]
	s.done(s.phone(walletapi.OpAppRefuse, walletapi.Params{walletapi.Trade: trade}))
	s.done(s.shop(walletapi.OpClose, "A3", nil))
	s.done(s.ask(walletapi.OpWallCode, wallet.MerchantKey(streetShop), walletapi.Params{walletapi.Merchant: streetShop}))
}

// hears waits for a notification, which must be signed and say what it should.
func (s *street) hears(told chan walletapi.Params, order string, want walletapi.OrderState) {
	s.t.Helper()
	select {
	case p := <-told:
		right, err := p.Verified(func(m, sig []byte) (bool, error) { return s.keys.VerifySignature(wallet.KeyHost, m, sig) })
		if !right || err != nil || p[walletapi.Order] != order || p[walletapi.Standing] != string(want) {
			s.t.Errorf("the shop is told %v, %v; want %s %s", p, err, order, want)
		}
	case <-time.After(30 * time.Second):
		s.t.Errorf("the shop is not told of %s", order)
	}
}

// What comes over HTTP and is no request is refused; a host that says nothing leaves its callers with a line that was cut; nobody but
// this machine is told anything.
func TestWalletDoorIsCareful(t *testing.T) {
	w, line := walletsOnSockets(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for body, want := range map[string]int{"{": http.StatusBadRequest, `{"amount": 1}`: http.StatusBadRequest, `{}`: http.StatusOK} {
		res, err := client.Post(line.away+"wechat/v1/pay", "application/json", strings.NewReader(body))
		fatal(t, err)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", body, res.StatusCode, want)
		}
	}
	res, err := client.Get(line.away + "openapi.yaml")
	fatal(t, err)
	text, err := io.ReadAll(res.Body)
	fatal(t, err)
	_ = res.Body.Close()
	if !strings.HasPrefix(string(text), "openapi: 3.0") {
		t.Errorf("openapi.yaml is %.60s", text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	fatal(t, w.ArrangeWallet("wechat", "", Arrangement{Condition: ConditionSilent}))
	if answer, err := (walletapi.Client{Base: line.away + "wechat", HTTP: client}).Do(ctx, walletapi.OpPay, walletapi.Params{}); err == nil {
		t.Errorf("a host that is down says %v", answer)
	}
	said := make(chan string, 1)
	box := &mailbox{ctx: t.Context(), loop: w.Loop, client: client}
	box.Notify("http://192.0.2.1/told", walletapi.Params{}, func(_ time.Time, word string) { said <- word })
	fatal(t, w.Loop.Run(t.Context(), func() bool { return len(said) > 0 }))
	if word := <-said; word != "" {
		t.Errorf("192.0.2.1 said %q", word)
	}
}
