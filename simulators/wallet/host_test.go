package wallet_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// both runs a test on the wallets of both shapes.
func both(t *testing.T, f func(t *testing.T, w *town)) {
	for _, scheme := range []string{"wechat", "alipay"} {
		t.Run(scheme, func(t *testing.T) { f(t, newTown(t, scheme, nil)) })
	}
}

func TestPayByCode(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		code := w.code("alice")
		if scanned, ok := qr.ParsePayerCode(code); !ok || string(scanned.Scheme) != w.config.Scheme.Name {
			t.Errorf("a till takes the code for one of %q", scanned.Scheme)
		}
		w.wants(w.pays("A1", code, 10_00), walletapi.Done)
		w.has(1990_00, 10_00)
		w.is("A1", walletapi.StatePaid)
		if w.answer[walletapi.Payer] != "a**" || w.answer[walletapi.Amount] != "1000" || w.answer[walletapi.PaidAt] == "" {
			t.Errorf("the query tells %v", w.answer)
		}
		w.wants(w.pays("A1", code, 10_00), walletapi.AlreadyPaid)
		w.wants(w.pays("A1", code, 11_00), walletapi.NumberUsed)
		w.wants(w.pays("A1", w.code("alice"), 10_00), walletapi.NumberUsed)
		w.has(1990_00, 10_00)
		w.open()
		w.wants(w.pays("A1", code, 10_00), walletapi.AlreadyPaid)
		w.wants(w.pays("A2", code, 10_00), walletapi.CodeUsed)
		w.has(1990_00, 10_00)
		w.leaks(code, "135790")
	})
}

func TestPayIsRefused(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.wants(w.pays("A1", "139999999999999999", 10_00), walletapi.CodeInvalid)
		w.wants(w.pays("A2", w.code("bob"), 30_01), walletapi.BalanceLow)
		w.wants(w.pays("A3", w.code("alice"), 5000_01), walletapi.OverLimit)
		w.wants(w.pays("A4", w.code("alice"), 0), walletapi.BadRequest)
		old := w.code("alice")
		w.rest(61 * time.Second)
		w.wants(w.pays("A5", old, 10_00), walletapi.CodeExpired)
		w.must(w.host.SetPayer("alice", wallet.Settings{Blocked: true}))
		w.wants(w.pays("A6", w.code("alice"), 10_00), walletapi.PayerBlocked)
		p := amountOf(10_00)
		p[walletapi.Merchant], p[walletapi.PayerCode] = teas, w.code("bob")
		w.wants(w.merchant(walletapi.OpPay, "A7", p), walletapi.PayerIsSeller)
		w.has(2000_00, 0)
		if len(w.host.Orders()) != 0 {
			t.Errorf("what was refused left %v", w.host.Orders())
		}
	})
}

func TestCallersFaults(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		good := amountOf(10_00)
		maps.Copy(good, walletapi.Params{walletapi.Merchant: noodles, walletapi.Order: "A1", walletapi.PayerCode: w.code("alice")})
		for name, c := range map[string]struct {
			op     walletapi.Operation
			change func(p walletapi.Params)
			want   walletapi.Result
		}{
			"no subject":          {walletapi.OpPay, func(p walletapi.Params) { delete(p, walletapi.Subject) }, walletapi.Lacks},
			"a long order number": {walletapi.OpPay, func(p walletapi.Params) { p[walletapi.Order] = fmt.Sprintf("%033d", 1) }, walletapi.BadRequest},
			"a space in it":       {walletapi.OpPay, func(p walletapi.Params) { p[walletapi.Order] = "A 1" }, walletapi.BadRequest},
			"another currency":    {walletapi.OpPay, func(p walletapi.Params) { p[walletapi.Currency] = "XXX" }, walletapi.BadRequest},
			"nobody to be told":   {walletapi.OpPay, func(p walletapi.Params) { p[walletapi.Notify] = "file:///etc" }, walletapi.BadRequest},
			"no such operation":   {"dance", func(walletapi.Params) {}, walletapi.BadRequest},
		} {
			t.Run(name, func(t *testing.T) {
				p := maps.Clone(good)
				c.change(p)
				w.wants(w.send(c.op, wallet.MerchantKey(noodles), p), c.want)
			})
		}
		stranger := maps.Clone(good)
		stranger[walletapi.Merchant] = "1"
		w.wants(w.send(walletapi.OpPay, wallet.MerchantKey(noodles), stranger), walletapi.NoSuchMerchant)
		good[walletapi.Nonce] = w.nonce
		signed, err := good.Signed(func(m []byte) ([]byte, error) { return w.shop.Sign(wallet.MerchantKey(noodles), m) })
		w.must(err)
		signed[walletapi.Amount] = "1"
		w.wants(w.sendAs(walletapi.OpPay, signed), walletapi.BadSignature)
		w.wants(w.sendAs(walletapi.OpPay, good), walletapi.BadSignature)
		w.wants(w.send(walletapi.OpAppCode, wallet.PhoneKey("bob"), walletapi.Params{walletapi.Payer: "alice"}), walletapi.BadSignature)
		w.has(2000_00, 0)
	})
}

// DOMAIN.md E.4: over 1000 CNY, at the eleventh payment of a day, or when the host wants it.
func TestPayerIsAsked(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		code := w.code("alice")
		w.wants(w.pays("A1", code, 1000_01), walletapi.Waiting)
		w.is("A1", walletapi.StateOpen)
		trade := w.answer[walletapi.Trade]
		w.wants(w.pays("A1", code, 1000_01), walletapi.Waiting)
		w.has(2000_00, 0)
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "000000"}), walletapi.WrongPassword)
		w.wants(w.phone(walletapi.OpAppConfirm, "bob", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "246802"}), walletapi.NoSuchOrder)
		w.open()
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "135790"}), walletapi.Done)
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "135790"}), walletapi.AlreadyPaid)
		w.has(999_99, 1000_01)
		w.is("A1", walletapi.StatePaid)
		for i := range 9 {
			w.wants(w.pays(fmt.Sprint("B", i), w.code("alice"), 1_00), walletapi.Done)
		}
		w.wants(w.pays("B9", w.code("alice"), 1_00), walletapi.Waiting)
		w.wants(w.phone(walletapi.OpAppRefuse, "alice", walletapi.Params{walletapi.Trade: w.answer[walletapi.Trade]}), walletapi.Done)
		w.is("B9", walletapi.StateClosed)
		w.rest(24 * time.Hour)
		w.wants(w.pays("C1", w.code("alice"), 1_00), walletapi.Done)
		w.must(w.host.SetPayer("alice", wallet.Settings{Asked: true}))
		w.wants(w.pays("C2", w.code("alice"), 1_00), walletapi.Waiting)
		w.rest(121 * time.Second)
		w.is("C2", walletapi.StateClosed)
	})
}

func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		code := w.code("alice")
		w.wants(w.pays("A1", code, 10_00), walletapi.Done)
		if w.config.Scheme.CancelAfter > 0 {
			w.wants(w.merchant(walletapi.OpCancel, "A1", nil), walletapi.Unknown)
			if w.answer[walletapi.Again] != "yes" {
				t.Error("the till is not told to cancel again")
			}
			w.has(1990_00, 10_00)
			w.rest(w.config.Scheme.CancelAfter)
		}
		for range 2 {
			w.wants(w.merchant(walletapi.OpCancel, "A1", nil), walletapi.Done)
			if w.answer[walletapi.Action] != "refund" {
				t.Errorf("action %q", w.answer[walletapi.Action])
			}
			w.has(2000_00, 0)
			w.open()
		}
		w.is("A1", walletapi.StateCancelled)
		w.wants(w.pays("A1", code, 10_00), walletapi.Cancelled)
		w.wants(w.refunds("A1", "R1", 1_00), walletapi.NotPaid)

		w.wants(w.merchant(walletapi.OpCancel, "A2", nil), walletapi.Done)
		if w.answer[walletapi.Action] != "close" {
			t.Errorf("action %q", w.answer[walletapi.Action])
		}
		w.wants(w.pays("A2", w.code("alice"), 10_00), walletapi.Cancelled)
		w.has(2000_00, 0)

		w.wants(w.pays("A3", w.code("alice"), 10_00), walletapi.Done)
		w.wants(w.refunds("A3", "R1", 4_00), walletapi.Done)
		w.rest(time.Minute)
		w.wants(w.merchant(walletapi.OpCancel, "A3", nil), walletapi.Done)
		w.has(2000_00, 0)

		w.wants(w.pays("A4", w.code("alice"), 10_00), walletapi.Done)
		w.rest(w.config.Scheme.CancelFor + time.Second)
		w.wants(w.merchant(walletapi.OpCancel, "A4", nil), walletapi.TooLate)
	})
}

// The payer types his password while the till cancels: whoever comes first, the other is told, and no money hangs between.
func TestCancelRacesThePayer(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.wants(w.pays("A1", w.code("alice"), 1500_00), walletapi.Waiting)
		trade := w.answer[walletapi.Trade]
		w.rest(30 * time.Second)
		w.wants(w.merchant(walletapi.OpCancel, "A1", nil), walletapi.Done)
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "135790"}), walletapi.Cancelled)
		w.has(2000_00, 0)
		w.wants(w.pays("A2", w.code("alice"), 1500_00), walletapi.Waiting)
		trade = w.answer[walletapi.Trade]
		w.rest(30 * time.Second)
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "135790"}), walletapi.Done)
		w.wants(w.merchant(walletapi.OpCancel, "A2", nil), walletapi.Done)
		w.has(2000_00, 0)
	})
}

func TestRefund(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.wants(w.refunds("A1", "R1", 1_00), walletapi.NoSuchOrder)
		w.wants(w.pays("A1", w.code("alice"), 10_00), walletapi.Done)
		w.wants(w.refunds("A1", "R1", 4_00), walletapi.Done)
		w.open()
		w.wants(w.refunds("A1", "R1", 4_00), walletapi.Done)
		w.wants(w.refunds("A1", "R1", 5_00), walletapi.NumberUsed)
		w.has(1994_00, 6_00)
		w.wants(w.refunds("A1", "R2", 6_01), walletapi.RefundTooMuch)
		w.wants(w.refunds("A1", "R3", 6_00), walletapi.Done)
		w.has(2000_00, 0)
		w.is("A1", walletapi.StateRefunded)
		w.wants(w.refunds("A1", "R4", 1), walletapi.RefundTooMuch)
		w.wants(w.merchant(walletapi.OpRefundQuery, "A1", walletapi.Params{walletapi.Refund: "R1"}), walletapi.Done)
		if w.answer[walletapi.Refunded] != "400" || w.answer[walletapi.Returned] != "1000" {
			t.Errorf("the refund is told as %v", w.answer)
		}
		w.wants(w.merchant(walletapi.OpRefundQuery, "A1", walletapi.Params{walletapi.Refund: "R9"}), walletapi.NoSuchOrder)
		w.wants(w.pays("A2", w.code("alice"), 10_00), walletapi.Done)
		w.rest(w.config.Scheme.RefundFor + time.Second)
		w.wants(w.refunds("A2", "R1", 1_00), walletapi.TooLate)
	})
}

func TestMerchantCode(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.wants(w.merchant(walletapi.OpOrder, "A1", amountOf(12_00)), walletapi.Done)
		code := w.answer[walletapi.QR]
		w.wants(w.phone(walletapi.OpAppScan, "alice", walletapi.Params{walletapi.QR: code}), walletapi.Done)
		if w.answer[walletapi.Subject] != "Noodle House" || w.answer[walletapi.Amount] != "1200" {
			t.Errorf("the phone shows %v", w.answer)
		}
		trade := w.answer[walletapi.Trade]
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.QR: code, walletapi.Password: "135790"}), walletapi.Done)
		w.has(1988_00, 12_00)
		for payer, password := range map[string]string{"alice": "135790", "bob": "246802"} {
			w.wants(w.phone(walletapi.OpAppConfirm, payer, walletapi.Params{walletapi.QR: code, walletapi.Password: password}), walletapi.AlreadyPaid)
		}
		w.wants(w.phone(walletapi.OpAppBill, "alice", walletapi.Params{walletapi.Trade: trade}), walletapi.Done)
		if w.answer[walletapi.Subject] != "Noodle House 牛肉面" || w.answer[walletapi.Amount] != "1200" {
			t.Errorf("the bill says %v", w.answer)
		}
		w.wants(w.phone(walletapi.OpAppBill, "bob", walletapi.Params{walletapi.Trade: trade}), walletapi.NoSuchOrder)
		w.wants(w.merchant(walletapi.OpClose, "A1", nil), walletapi.AlreadyPaid)

		w.wants(w.merchant(walletapi.OpOrder, "A2", amountOf(12_00)), walletapi.Done)
		first := w.answer[walletapi.QR]
		w.wants(w.merchant(walletapi.OpOrder, "A2", amountOf(12_00)), walletapi.Done)
		if w.answer[walletapi.QR] != first {
			t.Error("the same order has another code")
		}
		w.wants(w.merchant(walletapi.OpClose, "A2", nil), walletapi.Done)
		w.wants(w.phone(walletapi.OpAppScan, "alice", walletapi.Params{walletapi.QR: first}), walletapi.AlreadyClosed)
		w.has(1988_00, 12_00)
	})
}

func TestStaticCode(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.wants(w.merchant(walletapi.OpWallCode, "", nil), walletapi.Done)
		code := w.answer[walletapi.QR]
		w.wants(w.phone(walletapi.OpAppScan, "alice", walletapi.Params{walletapi.QR: code}), walletapi.Done)
		p := amountOf(8_00)
		maps.Copy(p, walletapi.Params{walletapi.QR: code, walletapi.Password: "135790"})
		delete(p, walletapi.Notify)
		for range 2 { // two bowls
			w.wants(w.phone(walletapi.OpAppConfirm, "alice", p), walletapi.Done)
		}
		w.has(1984_00, 16_00)
		w.rest(time.Second)
		if len(w.news) != 2 {
			t.Errorf("the shop was told %d times", len(w.news))
		}
		p.SetMoney(walletapi.Amount, pay.CNY(484_01)) // five hundred yuan a day
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", p), walletapi.OverLimit)
		w.open()
		p.SetMoney(walletapi.Amount, pay.CNY(484_00))
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", p), walletapi.Done)
		w.rest(24 * time.Hour)
		w.wants(w.phone(walletapi.OpAppConfirm, "alice", p), walletapi.Done)
	})
}

// Whoever pastes another shop's code over ours, or alters the amount in it, is found out.
func TestTamperedMerchantCode(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.wants(w.merchant(walletapi.OpOrder, "A1", amountOf(12_00)), walletapi.Done)
		p, err := qr.Parse(w.answer[walletapi.QR])
		w.must(err)
		for name, change := range map[string]func(m *qr.Merchant){
			"amount":         func(m *qr.Merchant) { m.Amount = pay.CNY(1) },
			"name":           func(m *qr.Merchant) { m.Name = "Tea House" },
			"another wallet": func(m *qr.Merchant) { m.Accounts[0].GUID = "com.example" },
			"no such order":  func(m *qr.Merchant) { m.Accounts[0].Fields[1].Value = "A9" },
			"no such shop":   func(m *qr.Merchant) { m.Accounts[0].Fields[0].Value = "9" },
		} {
			m, err := p.Merchant()
			w.must(err)
			m.Accounts[0].Fields = append(qr.Payload(nil), m.Accounts[0].Fields...)
			change(&m)
			altered, err := m.Payload()
			w.must(err)
			text, err := altered.Encode()
			w.must(err)
			if got := w.phone(walletapi.OpAppScan, "alice", walletapi.Params{walletapi.QR: text}); got == walletapi.Done {
				t.Errorf("%s: the code is taken", name)
			}
			w.wants(w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.QR: text, walletapi.Password: "135790"}), walletapi.CodeInvalid)
		}
		w.wants(w.phone(walletapi.OpAppScan, "alice", walletapi.Params{walletapi.QR: "000201"}), walletapi.CodeInvalid)
		w.has(2000_00, 0)
	})
}

func TestConditions(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		code := w.code("alice")
		w.host.SetCondition(wallet.Condition{Down: true})
		w.wants(w.pays("A1", code, 10_00), "")
		w.has(2000_00, 0)
		w.host.SetCondition(wallet.Condition{Silent: true})
		w.wants(w.pays("A1", code, 10_00), "")
		w.has(1990_00, 10_00)
		w.host.SetCondition(wallet.Condition{Unsure: true})
		w.wants(w.pays("A2", w.codeWhole("alice"), 10_00), walletapi.Unknown)
		w.has(1980_00, 20_00)
		w.host.SetCondition(wallet.Condition{Delay: 2 * time.Second})
		w.wants(w.merchant(walletapi.OpQuery, "A1", nil), "")
		w.rest(2 * time.Second)
		if w.answer[walletapi.Standing] != string(walletapi.StatePaid) {
			t.Errorf("the late answer is %v", w.answer)
		}
	})
}

// codeWhole shows a code while the host is well, and puts its condition back.
func (w *town) codeWhole(payer string) string {
	w.t.Helper()
	w.host.SetCondition(wallet.Condition{})
	defer w.host.SetCondition(wallet.Condition{Unsure: true})
	return w.code(payer)
}

func TestMistakes(t *testing.T) {
	w := newTown(t, "wechat", nil)
	for name, err := range map[string]error{
		"a shop without number": w.host.AddMerchant(wallet.Merchant{Name: "x"}),
		"a payer without name":  w.host.AddPayer(wallet.Payer{Password: pay.NewSecret("135790"), Balance: pay.CNY(1)}),
		"a short password":      w.host.AddPayer(wallet.Payer{Name: "carol", Password: pay.NewSecret("13579"), Balance: pay.CNY(1)}),
		"nobody's settings":     w.host.SetPayer("carol", wallet.Settings{}),
	} {
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// A code that ran out is known as one for a while, and then it is forgotten, used or not; no phone is given its digits again.
func TestOldCodesAreForgotten(t *testing.T) {
	w := newTown(t, "wechat", nil)
	given := map[string]bool{}
	for range 3 {
		used, unused := w.code("alice"), w.code("alice")
		if given[used] || given[unused] {
			t.Error("a code is given a second time")
		}
		given[used], given[unused] = true, true
		w.wants(w.pays(fmt.Sprint("A", len(given)), used, 1_00), walletapi.Done)
		w.rest(2 * time.Minute)
		w.wants(w.pays("B1", unused, 1_00), walletapi.CodeExpired)
		w.rest(20 * time.Minute)
		w.wants(w.pays("B1", unused, 1_00), walletapi.CodeInvalid)
		w.wants(w.pays("B1", used, 1_00), walletapi.CodeInvalid)
		w.open()
	}
}
