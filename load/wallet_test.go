package load_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/rig"
)

const (
	crowdShop  = "898320548160001"
	crowdPayer = "Carol"
	crowdSize  = 200 // requests, at as many a second
)

// crowd signs what a shop and a phone ask WeChat's host for.
type crowd struct {
	t      *testing.T
	keys   *hsm.HSM
	scheme *walletapi.Scheme
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	scheme, err := walletapi.Load(fixtures.FS, "wechat")
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(fixtures.FS, "wallets/town.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ Secret string }
	var town struct {
		Wallets []struct {
			Name           string
			Host, Merchant key
		}
		Phone key
	}
	if err := yaml.Unmarshal(text, &town); err != nil {
		t.Fatal(err)
	}
	c := &crowd{t, hsm.New(sim.Seed(1).Reader("crowd")), scheme}
	for name, k := range map[string]key{"host": town.Wallets[0].Host, "shop": town.Wallets[0].Merchant, "phone": town.Phone} {
		secret, err := hex.DecodeString(k.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.keys.ImportSecret(name, secret); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *crowd) signed(key string, p walletapi.Params) (walletapi.Params, error) {
	return p.Signed(func(m []byte) ([]byte, error) { return c.keys.Sign(key, m) })
}

// codes gives as many fresh codes of Carol's phone.
func (c *crowd) codes(base string, n int) (codes []string) {
	c.t.Helper()
	client := walletapi.Client{Base: base, HTTP: &http.Client{Transport: &http.Transport{}}}
	defer client.HTTP.CloseIdleConnections()
	p, err := c.signed("phone", walletapi.Params{walletapi.Payer: crowdPayer})
	if err != nil {
		c.t.Fatal(err)
	}
	for range n {
		answer, err := client.Do(c.t.Context(), walletapi.OpAppCode, p)
		if err != nil || answer[walletapi.PayerCode] == "" {
			c.t.Fatal(answer, err)
		}
		codes = append(codes, answer[walletapi.PayerCode])
	}
	return codes
}

// target makes every other request a payment by a code of Carol's, and the others ask for a merchant code.
func (c *crowd) target(base string, codes []string) vegeta.Targeter {
	var mu sync.Mutex
	n := 0
	return func(target *vegeta.Target) error {
		mu.Lock()
		i := n
		n++
		mu.Unlock()
		op, p := walletapi.OpOrder, walletapi.Params{walletapi.Merchant: crowdShop, walletapi.Order: fmt.Sprint("A", i), walletapi.Subject: "noodles", walletapi.Nonce: fmt.Sprint(i)}
		p.SetMoney(walletapi.Amount, pay.CNY(int64(100+i)))
		if i%2 == 0 {
			op = walletapi.OpPay
			p[walletapi.PayerCode] = codes[i/2]
		}
		signed, err := c.signed("shop", p)
		if err != nil {
			return err
		}
		*target = vegeta.Target{Method: http.MethodPost, URL: base + walletapi.Prefix + string(op), Body: signed.Encode(), Header: http.Header{"Content-Type": {"application/json"}}}
		return nil
	}
}

// exactly asks crowdSize times: on a busy machine that takes longer than a second.
type exactly struct{ vegeta.ConstantPacer }

// Pace implements vegeta.Pacer.
func (e exactly) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	if hits >= crowdSize {
		return 0, true
	}
	return e.ConstantPacer.Pace(elapsed, hits)
}

// vegeta's Attacker drives a wallet's host over HTTP: every request is answered, in the host's own codes under its signature, and its books
// hold what the answers say.
func TestVegetaAttacksAWallet(t *testing.T) {
	r, err := rig.New(rig.Options{Line: rig.LineSocket})
	if err != nil {
		t.Fatal(err)
	}
	server, err := rig.Serve(context.Background(), rig.ServeOptions{Rig: r, Wallets: "127.0.0.1:0", Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, base := newCrowd(t), "http://"+server.WalletAddress()+"/wechat"
	target := c.target(base, c.codes(base, crowdSize/2))

	attacker := vegeta.NewAttacker(vegeta.Timeout(30*time.Second), vegeta.Connections(50))
	defer attacker.Stop()
	var metrics vegeta.Metrics
	var paid int64
	results := map[walletapi.Result]int{}
	for res := range attacker.Attack(target, exactly{vegeta.ConstantPacer{Freq: crowdSize, Per: time.Second}}, 0, "wallet") {
		metrics.Add(res)
		answer, err := walletapi.Decode(res.Body)
		if err != nil {
			t.Fatalf("%s: %v", res.Error, err)
		}
		right, err := answer.Verified(func(m, s []byte) (bool, error) { return c.keys.VerifySignature("host", m, s) })
		if err != nil || !right {
			t.Errorf("%v is not signed by the host: %v", answer, err)
		}
		results[c.scheme.Hear(answer)]++
		if answer[walletapi.Standing] == string(walletapi.StatePaid) {
			a, err := answer.Money(walletapi.Amount)
			if err != nil {
				t.Fatal(err)
			}
			paid += a.Minor
		}
	}
	metrics.Close()
	if metrics.Requests != crowdSize || metrics.Success != 1 {
		t.Errorf("%d requests, %.2f of them answered: %v", metrics.Requests, metrics.Success, metrics.Errors)
	}
	// The day's first ten payments go without a password, and those after wait for it.
	if want := map[walletapi.Result]int{walletapi.Done: crowdSize/2 + 10, walletapi.Waiting: crowdSize/2 - 10}; !maps.Equal(results, want) {
		t.Errorf("results %v, want %v", results, want)
	}
	state := stateOf(t, server)
	if got := state.Balances["wechat:merchant:"+crowdShop].Balance; got != pay.CNY(paid) {
		t.Errorf("the answers say that the shop was paid %s, the books say %s", pay.CNY(paid), got)
	}
	t.Logf("%.0f requests a second, 99 of 100 within %s", metrics.Throughput, metrics.Latencies.P99)
}

// stateOf asks the control door what the books of the standing world hold.
func stateOf(t *testing.T, server *rig.Server) (state rig.State) {
	t.Helper()
	_, control := server.Addresses()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + control + "/worlds/" + rig.StandingWorld + "/state")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state
}
