package walletapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

func order() walletapi.Params {
	return walletapi.Params{walletapi.Merchant: "898320548160001", walletapi.Order: "A1", walletapi.Amount: "1000", walletapi.Currency: "CNY",
		walletapi.Subject: "牛肉面", walletapi.PayerCode: "101234567890123456"}
}

func TestText(t *testing.T) {
	p := order()
	p[walletapi.Reason], p[walletapi.Sign] = "", "xxx"
	if got, want := string(p.Text()), "amount=1000&currency=CNY&merchant=898320548160001&order=A1&payer_code=101234567890123456&subject=牛肉面"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSignedAndVerified(t *testing.T) {
	sum := func(message []byte) ([]byte, error) { return []byte(fmt.Sprintf("%x", len(message))), nil }
	verify := func(message, signature []byte) (bool, error) {
		want, _ := sum(message)
		return bytes.Equal(signature, want), nil
	}
	p := order()
	signed, err := p.Signed(sum)
	if err != nil || p[walletapi.Sign] != "" {
		t.Fatal(p, err)
	}
	for name, c := range map[string]struct {
		change func(walletapi.Params)
		want   bool
	}{
		"as it is":                {func(walletapi.Params) {}, true},
		"an empty value more":     {func(p walletapi.Params) { p[walletapi.Trade] = "" }, true},
		"another amount":          {func(p walletapi.Params) { p[walletapi.Amount] = "10000" }, false},
		"no signature":            {func(p walletapi.Params) { delete(p, walletapi.Sign) }, false},
		"a signature of no bytes": {func(p walletapi.Params) { p[walletapi.Sign] = "#" }, false},
	} {
		q := maps.Clone(signed)
		c.change(q)
		if got, err := q.Verified(verify); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := p.Signed(func([]byte) ([]byte, error) { return nil, errors.New("no key") }); err == nil {
		t.Error("signed without a key")
	}
}

func TestDecode(t *testing.T) {
	p := order()
	if got, err := walletapi.Decode(p.Encode()); err != nil || !cmp.Equal(map[string]string(p), map[string]string(got)) {
		t.Errorf("%v, %v", got, err)
	}
	many := map[string]string{}
	for i := range 65 {
		many[strings.Repeat("a", i/26+1)+string(rune('a'+i%26))] = "x"
	}
	tooMany, _ := json.Marshal(many)
	for name, c := range map[string]struct{ body, want string }{
		"nothing":         {"", "byte 0: want a JSON object of texts"},
		"a list":          {"[]", "byte 1: want a JSON object of texts"},
		"a number":        {`{"amount":1000}`, "byte 14: want texts only"},
		"an object in it": {`{"a":{"b":"c"}}`, "want texts only"},
		"null":            {`{"a":null}`, "want texts only"},
		"twice":           {`{"a":"1","a":"2"}`, "a parameter's name stands once"},
		"no name":         {`{"":"1"}`, "a parameter's name stands once"},
		"capitals":        {`{"Amount":"1"}`, "1 to 32 small letters"},
		"not UTF-8":       {"{\"a\":\"\xFF\"}", "a is not UTF-8"},
		"zero byte":       {`{"a":"\u0000"}`, "a is not UTF-8"},
		"cut":             {`{"a":"1"`, "the object does not end"},
		"more behind":     {`{"a":"1"}{}`, "more follows"},
		"too many":        {string(tooMany), "more than 64 parameters"},
		"too long":        {`{"a":"` + strings.Repeat("x", 64<<10) + `"}`, "at most 65536 are read"},
	} {
		if got, err := walletapi.Decode([]byte(c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestMoney(t *testing.T) {
	p := order()
	p.SetMoney(walletapi.Amount, pay.CNY(123))
	if got, err := p.Money(walletapi.Amount); got != pay.CNY(123) || err != nil {
		t.Error(got, err)
	}
	for _, bad := range []walletapi.Params{{}, {walletapi.Amount: "1", walletapi.Currency: "??"}, {walletapi.Amount: "-1", walletapi.Currency: "CNY"},
		{walletapi.Amount: "1.00", walletapi.Currency: "CNY"}, {walletapi.Amount: "1234567890123", walletapi.Currency: "CNY"}} {
		if got, err := bad.Money(walletapi.Amount); err == nil {
			t.Errorf("%s is %s", bad, got)
		}
	}
}

func TestParamsKeepSecrets(t *testing.T) {
	p := order()
	p[walletapi.Password], p[walletapi.Sign], p[walletapi.QR] = "135790", "c2lnbmVk", "00020101"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		got := fmt.Sprintf(verb, p)
		if !strings.Contains(got, "order=A1") {
			t.Errorf("%s prints %s", verb, got)
		}
		for _, secret := range []string{"101234567890123456", "135790", "c2lnbmVk", "00020101"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
}

// Each wallet has codes for each result, and a caller who hears them knows what to do.
func TestShippedSchemes(t *testing.T) {
	for _, name := range []string{"wechat", "alipay"} {
		s, err := walletapi.Load(fixtures.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != name {
			t.Errorf("%s calls itself %s", name, s.Name)
		}
		for _, r := range walletapi.Results() {
			p := walletapi.Params{}
			s.Say(p, r)
			if heard := s.Hear(p); s.Results[heard] != s.Results[r] {
				t.Errorf("%s: %s is heard as %s", name, r, heard)
			}
		}
		if got := s.Hear(walletapi.Params{walletapi.Code: "nobody's"}); got != walletapi.Unknown {
			t.Errorf("%s: a code that nobody knows is %s", name, got)
		}
	}
}

// DOMAIN.md E.5: 24 hours and 4 minutes; eight within 25 hours.
func TestNotificationsOfShippedSchemes(t *testing.T) {
	for name, want := range map[string]struct {
		times int
		last  time.Duration
	}{"wechat": {16, 24*time.Hour + 4*time.Minute}, "alipay": {8, 24*time.Hour + 24*time.Minute}} {
		s, err := walletapi.Load(fixtures.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		var sum time.Duration
		for _, d := range s.NotifyAfter {
			sum += d
		}
		if len(s.NotifyAfter) != want.times || sum != want.last {
			t.Errorf("%s notifies %d times over %s", name, len(s.NotifyAfter), sum)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	whole, err := fixtures.FS.ReadFile("wallets/wechat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"unknown key":    {"query_every", "query_evry", "query_evry"},
		"unknown result": {"too-late:", "to-late:", `there is no "to-late"`},
		"no code":        {"too-late: {code: FAIL,", "too-late: {", "too-late has no code"},
		"no duration":    {"code_life: 60s", "code_life: 0s", "code_life: want more than nothing"},
		"no prefix":      {`code_prefix: "13"`, `code_prefix: "1"`, "code_prefix: want two or more digits"},
		"no name":        {"name: wechat", `name: ""`, "want a name"},
	} {
		tree := fstest.MapFS{"wallets/w.yaml": {Data: bytes.Replace(whole, []byte(c.from), []byte(c.to), 1)}}
		if _, err := walletapi.Load(tree, "w"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "wallet w: ") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := walletapi.Load(fixtures.FS, "nobody"); err == nil {
		t.Error("there is a wallet nobody")
	}
}

func TestOverHTTP(t *testing.T) {
	server := httptest.NewServer(walletapi.Server(func(_ context.Context, op walletapi.Operation, p walletapi.Params) (walletapi.Params, bool) {
		p[walletapi.Reason] = string(op)
		return p, p[walletapi.Order] != "silent"
	}))
	defer server.Close()
	client := walletapi.Client{Base: server.URL, HTTP: server.Client()}
	for _, op := range walletapi.Operations() {
		got, err := client.Do(t.Context(), op, order())
		if err != nil || got[walletapi.Reason] != string(op) || got[walletapi.Subject] != "牛肉面" {
			t.Errorf("%s: %v, %v", op, got, err)
		}
	}
	if got, err := client.Do(t.Context(), walletapi.OpPay, walletapi.Params{walletapi.Order: "silent"}); err == nil {
		t.Errorf("no answer is %v", got)
	}
	if _, err := client.Do(t.Context(), "nothing", order()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
	for body, want := range map[string]int{"{": http.StatusBadRequest, strings.Repeat("x", 65<<10): http.StatusBadRequest} {
		res, err := server.Client().Post(server.URL+"/v1/pay", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%.3s: status %d, want %d", body, res.StatusCode, want)
		}
	}
}

func TestTell(t *testing.T) {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/told" {
			http.Error(w, "not here", http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte("success"))
	}))
	defer shop.Close()
	if said, err := walletapi.Tell(t.Context(), shop.Client(), shop.URL+"/told", order()); said != "success" || err != nil {
		t.Errorf("%q, %v", said, err)
	}
	if said, err := walletapi.Tell(t.Context(), shop.Client(), shop.URL, order()); said != "" || err == nil {
		t.Errorf("%q, %v", said, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(order().Encode())
	f.Add([]byte(`{"a":"\ud800"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := walletapi.Decode(body)
		if err != nil {
			return
		}
		again, err := walletapi.Decode(p.Encode())
		if err != nil || !cmp.Equal(map[string]string(p), map[string]string(again)) {
			t.Errorf("%q: %v, %v", body, again, err)
		}
	})
}
