package merchant_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

var wechat = &walletapi.Scheme{Name: "wechat", Acknowledge: "SUCCESS"}

// counter gives what the desk of shop 1 says and texts, notification by notification. What is signed "right" is signed by the wallet.
func counter(r merchant.Rules) func(walletapi.Params) string {
	d := &merchant.Desk{Merchant: "1", Name: "Noodle House", Rules: &r, Trace: trace.NewRecorder(nil),
		Verify: func(wallet string, _, signature []byte) (bool, error) {
			return wallet == "wechat" && string(signature) == "right", nil
		}}
	return func(p walletapi.Params) string {
		said, text := d.Hear(time.Time{}, wechat, p)
		if text == nil {
			return said
		}
		return fmt.Sprint(said, " ", text.ID, text.Args)
	}
}

// notice is Alice's bowl of noodles, as the wallet tells it; more replaces what it says.
func notice(more walletapi.Params) walletapi.Params {
	p := walletapi.Params{walletapi.Merchant: "1", walletapi.Order: "A1", walletapi.Trade: "1320260601000042", walletapi.Event: "1320260601000042-1",
		walletapi.Standing: "paid", walletapi.Payer: "A**", walletapi.Sign: "cmlnaHQ="}
	p.SetMoney(walletapi.Amount, pay.CNY(10_00))
	maps.Copy(p, more)
	return p
}

const paid = "SUCCESS TEXT_PAID[@WALLET_WECHAT 10.00 CNY A** *0042]"

func TestDesk(t *testing.T) {
	second := walletapi.Params{walletapi.Event: "1320260601000042-2"}
	back := walletapi.Params{walletapi.Event: "1320260601000042-2", walletapi.Standing: "refunded", walletapi.Returned: "400"}
	for name, c := range map[string]struct {
		hears []walletapi.Params
		want  []string
	}{
		"a payment":              {[]walletapi.Params{nil}, []string{paid}},
		"its repeat":             {[]walletapi.Params{nil, nil}, []string{paid, "SUCCESS"}},
		"another one":            {[]walletapi.Params{nil, second}, []string{paid, paid}},
		"a part that goes back":  {[]walletapi.Params{nil, back}, []string{paid, "SUCCESS TEXT_REFUNDED[@WALLET_WECHAT 4.00 CNY A** *0042]"}},
		"before it was paid":     {[]walletapi.Params{back, nil, back}, []string{"SUCCESS TEXT_REFUNDED[@WALLET_WECHAT 4.00 CNY A** *0042]", paid, "SUCCESS"}},
		"signed by nobody":       {[]walletapi.Params{{walletapi.Sign: ""}}, []string{""}},
		"signed by another":      {[]walletapi.Params{{walletapi.Sign: "d3Jvbmc="}, nil}, []string{"", paid}},
		"another shop's":         {[]walletapi.Params{{walletapi.Merchant: "2"}}, []string{""}},
		"no news":                {[]walletapi.Params{{walletapi.Standing: "open"}}, []string{""}},
		"without an event":       {[]walletapi.Params{{walletapi.Event: ""}}, []string{""}},
		"without an amount":      {[]walletapi.Params{{walletapi.Amount: ""}}, []string{""}},
		"a refund of how much":   {[]walletapi.Params{{walletapi.Standing: "refunded"}}, []string{""}},
		"a payment that is void": {[]walletapi.Params{{walletapi.Standing: "cancelled"}}, []string{"SUCCESS TEXT_CANCELLED[@WALLET_WECHAT 10.00 CNY A** *0042]"}},
	} {
		t.Run(name, func(t *testing.T) {
			hear := counter(merchant.Reference())
			for i, p := range c.hears {
				if got := hear(notice(p)); got != c.want[i] {
					t.Errorf("notification %d: %q, want %q", i+1, got, c.want[i])
				}
			}
		})
	}
}

// Each defect shows where the honest desk does the other thing.
func TestDefects(t *testing.T) {
	probes := map[string]func(func(walletapi.Params) string) string{
		"merchant-believes-anybody": func(hear func(walletapi.Params) string) string {
			return hear(notice(walletapi.Params{walletapi.Sign: ""}))
		},
		"merchant-hears-twice":        func(hear func(walletapi.Params) string) string { return hear(notice(nil)) + hear(notice(nil)) },
		"merchant-texts-whole-number": func(hear func(walletapi.Params) string) string { return hear(notice(nil)) },
	}
	for _, d := range merchant.DeskDefects() {
		rules := merchant.Reference()
		d.Edit(&rules)
		probe := probes[d.Name]
		if probe == nil || d.Text == "" || d.Why == "" || d.Category == "" {
			t.Errorf("%+v: nothing here shows what it changes, or words are missing", d)
			continue
		}
		if honest, broken := probe(counter(merchant.Reference())), probe(counter(rules)); honest == broken {
			t.Errorf("%s changes nothing: %s", d.Name, honest)
		}
	}
}
