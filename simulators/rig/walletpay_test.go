package rig_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/terminal"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// shopCounter is a till's machine and a wallet host, with a line between them that loses what it likes.
type shopCounter struct {
	t      *testing.T
	loop   *sim.Loop
	config wallet.Config
	host   *wallet.Host
	shop   *hsm.HSM
	life   int // of the host
	answer walletapi.Params
	nonce  string
}

func newShopCounter(t *testing.T, scheme string) *shopCounter {
	t.Helper()
	s, err := walletapi.Load(fixtures.FS, scheme)
	must(t, err)
	c := &shopCounter{t: t, loop: sim.NewVirtual(sim.Start), shop: hsm.New(sim.Seed(7).Reader("shop"))}
	c.config = wallet.Config{Scheme: s, HSM: hsm.New(sim.Seed(7).Reader("wallet")), Seed: 7, Store: journal.NewMemory()}
	for _, name := range []string{wallet.MerchantKey("1"), wallet.PhoneKey("alice"), wallet.KeyHost} {
		must(t, c.config.HSM.ImportSecret(name, sim.Seed(7).Bytes(name, 32)))
		must(t, c.shop.ImportSecret(name, sim.Seed(7).Bytes(name, 32)))
	}
	c.open()
	return c
}

func (c *shopCounter) open() {
	c.t.Helper()
	c.life++
	var err error
	c.host, err = wallet.New(c.config)
	must(c.t, err)
	must(c.t, c.host.AddMerchant(wallet.Merchant{Number: "1", Name: "Noodle House", MCC: "5812"}))
	must(c.t, c.host.AddPayer(wallet.Payer{Name: "alice", Password: pay.NewSecret("135790"), Balance: pay.CNY(1050_00)}))
}

func (c *shopCounter) Answer(p walletapi.Params) {
	if p[walletapi.Nonce] == c.nonce {
		c.answer = p
	}
}

func (c *shopCounter) After(d time.Duration, f func(time.Time)) {
	life := c.life
	c.loop.After(d, func() {
		if c.life == life {
			f(c.loop.Now())
		}
	})
}

func (c *shopCounter) Notify(string, walletapi.Params, func(time.Time, string)) {}

func (c *shopCounter) wait(d time.Duration) {
	c.t.Helper()
	if err := c.loop.Drain(c.t.Context(), d); err != nil && !errors.Is(err, sim.ErrIdle) {
		c.t.Fatal(err)
	}
}

// ask sends a signed request; request and answer may be lost, or the request come late. nil is no answer within three seconds.
func (c *shopCounter) ask(op walletapi.Operation, key string, p walletapi.Params, losesRequest, losesAnswer bool, late time.Duration) walletapi.Params {
	c.t.Helper()
	p, c.answer = maps.Clone(p), nil
	c.nonce = fmt.Sprint(c.loop.Now().UnixNano(), op, len(p))
	p[walletapi.Nonce] = c.nonce
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return c.shop.Sign(key, m) })
	must(c.t, err)
	switch {
	case losesRequest:
	case late > 0:
		c.After(late, func(now time.Time) { c.host.Serve(now, op, signed, c) })
	default:
		c.host.Serve(c.loop.Now(), op, signed, c)
	}
	c.wait(3 * time.Second)
	if losesAnswer {
		return nil
	}
	return c.answer
}

// A till that pays by wallet codes over a line that loses requests and answers, with power cuts, hosts that restart or are not sure, and
// payers who consent at any moment: whatever it told the cashier is what the host's books hold.
func TestWalletPaysOnceOrNotAtAll(t *testing.T) {
	stages := map[terminal.WalletStage]int{}
	for _, scheme := range []string{"wechat", "alipay"} {
		t.Run(scheme, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				c := newShopCounter(t, scheme)
				var shop int64
				for i := range rapid.IntRange(1, 6).Draw(rt, "payments") {
					p := c.pays(rt, fmt.Sprint("A", i))
					stages[p.Stage]++
					if p.Stage == terminal.WalletPaid {
						shop += p.Amount.Minor
					}
				}
				c.wait(10 * time.Minute)
				got, err := c.host.MerchantBalance("1")
				must(t, err)
				alice, err := c.host.Balance("alice")
				must(t, err)
				if got.Booked.Minor != shop || alice.Booked.Minor != 1050_00-shop {
					rt.Fatalf("the till has sold for %s; the host has the shop at %s and Alice at %s", pay.CNY(shop), got.Booked, alice.Booked)
				}
			})
		})
	}
	for _, stage := range []terminal.WalletStage{terminal.WalletPaid, terminal.WalletCancelled, terminal.WalletRefused} {
		if stages[stage] < 5 {
			t.Errorf("hardly any payment was %s: %v", stage, stages)
		}
	}
}

// pays plays one payment to its end.
func (c *shopCounter) pays(rt *rapid.T, order string) *terminal.WalletPay {
	shown := c.ask(walletapi.OpAppCode, wallet.PhoneKey("alice"), walletapi.Params{walletapi.Payer: "alice"}, false, false, 0)
	amount := pay.CNY(rapid.SampledFrom([]int64{20_00, 900_00, 1000_01}).Draw(rt, "fen"))
	p := &terminal.WalletPay{Order: order, Amount: amount}
	ask := p.Begin(c.loop.Now(), walletapi.Params{walletapi.PayerCode: shown[walletapi.PayerCode], walletapi.Subject: "noodles"})
	for n := 0; !p.Ended() || p.Stage == terminal.WalletOwed; n++ {
		if n > 60 {
			rt.Fatalf("the payment does not end: %+v", p)
		}
		calm := n > 25
		if p.Stage == terminal.WalletOwed { // before the next order
			ask = p.Resume()
		}
		c.wait(ask.After)
		ask.Params[walletapi.Merchant] = "1"
		var answer walletapi.Params
		if trouble := rapid.SampledFrom([]string{"", "", "request", "late", "answer", "unsure", "power", "restart", "consent", "refuse"}).Draw(rt, "trouble"); calm {
			answer = c.ask(ask.Operation, wallet.MerchantKey("1"), ask.Params, false, false, 0)
		} else {
			var late time.Duration
			if trouble == "late" {
				late = 40 * time.Second
			}
			c.host.SetCondition(wallet.Condition{Unsure: trouble == "unsure"})
			answer = c.ask(ask.Operation, wallet.MerchantKey("1"), ask.Params, trouble == "request", trouble == "answer" || trouble == "power", late)
			c.host.SetCondition(wallet.Condition{})
			if trouble == "power" {
				ask = p.Resume()
				continue
			}
			if trouble == "restart" {
				c.open()
			}
			if trouble == "refuse" && p.Trade != "" {
				c.ask(walletapi.OpAppRefuse, wallet.PhoneKey("alice"), walletapi.Params{walletapi.Payer: "alice", walletapi.Trade: p.Trade}, false, false, 0)
			}
			if trouble == "consent" && p.Trade != "" {
				c.ask(walletapi.OpAppConfirm, wallet.PhoneKey("alice"),
					walletapi.Params{walletapi.Payer: "alice", walletapi.Trade: p.Trade, walletapi.Password: "135790"}, false, false, 0)
			}
		}
		ask = p.Heard(c.loop.Now(), c.config.Scheme, terminal.ReferenceWallet(), answer)
	}
	return p
}
