package terminal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// TestWalletPay plays the rows of DOMAIN.md E.4: what the host says, word by word, what the till asks, and how it ends. "-" is no answer.
func TestWalletPay(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		says         string // result or result+state, one for each question
		asks         string // operation@seconds since the payment began
		stage        WalletStage
		result       walletapi.Result
	}{
		{"paid at once", "wechat", "done+paid", "pay@0", WalletPaid, walletapi.Done},
		{"refused", "wechat", "balance-low", "pay@0", WalletRefused, walletapi.BalanceLow},
		{"the payer types his password", "wechat", "waiting+open done+open done+paid", "pay@0 query@10 query@20", WalletPaid, walletapi.Done},
		{"the payer does not", "wechat", "waiting+open done+open done+open done+open done+cancelled", "pay@0 query@10 query@20 query@30 cancel@30", WalletCancelled, walletapi.Cancelled},
		{"the payer refuses", "wechat", "waiting+open done+closed", "pay@0 query@10", WalletRefused, walletapi.AlreadyClosed},
		{"no answer, and it was paid", "alipay", "- done+paid", "pay@0 query@5", WalletPaid, walletapi.Done},
		{"no answer, and it never came", "alipay", "- no-such-order no-such-order no-such-order no-such-order no-such-order no-such-order done+cancelled",
			"pay@0 query@5 query@10 query@15 query@20 query@25 query@30 cancel@30", WalletCancelled, walletapi.Cancelled},
		{"unknown", "alipay", "unknown done+paid", "pay@0 query@5", WalletPaid, walletapi.Done},
		{"the cancel must be repeated", "wechat", "unknown unknown unknown unknown unknown - done+cancelled", "pay@0 query@10 query@20 query@30 cancel@30 cancel@40 cancel@50", WalletCancelled, walletapi.Cancelled},
		{"the first answer was lost and the code is sent again", "wechat", "already-paid+paid", "pay@0", WalletPaid, walletapi.Done},
		{"the cancel is never answered", "alipay", "- - - - - - - - - - - - - - - - -", "pay@0 query@5 query@10 query@15 query@20 query@25 query@30 " +
			"cancel@30 cancel@35 cancel@40 cancel@45 cancel@50 cancel@55 cancel@60 cancel@65 cancel@70 cancel@75", WalletOwed, walletapi.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := walletapi.Load(fixtures.FS, c.scheme)
			if err != nil {
				t.Fatal(err)
			}
			now, asked := sim.Start, []string{}
			p := &WalletPay{Order: "A1", Amount: pay.CNY(1000)}
			ask := p.Begin(now, walletapi.Params{walletapi.PayerCode: "131234567890123456"})
			if ask.Params[walletapi.PayerCode] == "" || ask.Params[walletapi.Amount] != "1000" || ask.Params[walletapi.Order] != "A1" {
				t.Errorf("asks %v", ask.Params)
			}
			for _, word := range strings.Fields(c.says) {
				if p.Ended() {
					t.Fatalf("%s and more to say: %s", p.Stage, word)
				}
				now = now.Add(ask.After)
				asked = append(asked, string(ask.Operation)+"@"+strings.TrimSuffix(now.Sub(sim.Start).Truncate(time.Second).String(), "s"))
				ask = p.Heard(now, s, ReferenceWallet(), said(s, word))
			}
			got := strings.NewReplacer("1m0", "60", "1m5", "65", "1m10", "70", "1m15", "75").Replace(strings.Join(asked, " "))
			if got != c.asks || p.Stage != c.stage || p.Result != c.result {
				t.Errorf("%s, %s, having asked\n%s, want\n%s", p.Stage, p.Result, got, c.asks)
			}
		})
	}
}

// said makes an answer of "done+paid".
func said(s *walletapi.Scheme, word string) walletapi.Params {
	if word == "-" {
		return nil
	}
	result, state, _ := strings.Cut(word, "+")
	p := walletapi.Params{walletapi.Order: "A1"}
	p.SetMoney(walletapi.Amount, pay.CNY(1000))
	s.Say(p, walletapi.Result(result))
	if state != "" {
		p[walletapi.Standing] = state
	}
	return p
}

// An answer about another order, or another amount, is none.
func TestWalletPayBelieves(t *testing.T) {
	s, err := walletapi.Load(fixtures.FS, "wechat")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(walletapi.Params){
		"order":    func(p walletapi.Params) { p[walletapi.Order] = "A2" },
		"amount":   func(p walletapi.Params) { p[walletapi.Amount] = "1" },
		"currency": func(p walletapi.Params) { p[walletapi.Currency] = "USD" },
	} {
		p := &WalletPay{Order: "A1", Amount: pay.CNY(1000)}
		p.Begin(sim.Start, nil)
		answer := said(s, "done+paid")
		change(answer)
		if ask := p.Heard(sim.Start, s, ReferenceWallet(), answer); p.Stage != WalletAsking || ask.Operation != walletapi.OpQuery {
			t.Errorf("another %s: %s", name, p.Stage)
		}
	}
}

func TestWalletPayResumes(t *testing.T) {
	s, err := walletapi.Load(fixtures.FS, "alipay")
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []WalletStage{WalletPaying, WalletAsking, WalletCancelling, WalletOwed} {
		p := &WalletPay{Order: "A1", Amount: pay.CNY(1000), Stage: stage, Began: sim.Start, Tries: 10}
		if ask := p.Resume(); ask.Operation != walletapi.OpCancel || ask.After != 0 {
			t.Errorf("%s: asks %s after %s", stage, ask.Operation, ask.After)
		}
		if p.Heard(sim.Start, s, ReferenceWallet(), said(s, "done+cancelled")); p.Stage != WalletCancelled {
			t.Errorf("%s: %s", stage, p.Stage)
		}
	}
}

// A payment whose outcome the storage refuses is not sold: the journal has it undecided, so that it is cancelled before the next order.
func TestWalletPaymentUnstored(t *testing.T) {
	b := newBench(t)
	stored := 0
	b.storeErr = func(batch []journal.Record) error {
		if batch[0].Kind == (&walletLine{}).kind() {
			if stored++; stored == 2 { // the outcome
				return errors.New("the storage is full")
			}
		}
		return nil
	}
	sellByWallet("done+paid | done+cancelled done+paid")(b)
	var kinds []EndingKind
	for _, e := range b.endings[1:] {
		kinds = append(kinds, e.Kind)
	}
	same(t, "endings", kinds, []EndingKind{Unknown})
	if s := b.till.wallets[0].Pay.Stage; s != WalletCancelled {
		t.Errorf("the first payment is %s", s)
	}
}
