package wallet_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// money tells what Alice and the noodle house have.
func (w *town) money() string {
	w.t.Helper()
	a, err := w.host.Balance("alice")
	w.must(err)
	s, err := w.host.MerchantBalance(noodles)
	w.must(err)
	return fmt.Sprintf("%d %d", a.Booked.Minor, s.Booked.Minor)
}

func (w *town) paid(order string, fen int64) {
	w.t.Helper()
	w.pays(order, w.code("alice"), fen)
}

// defectProbes shows for each defect what an honest host does and the defective one does not.
var defectProbes = map[string]struct {
	do   func(w *town) string
	want string
}{
	"wallet-skips-signature": {func(w *town) string {
		p := amountOf(10_00)
		maps.Copy(p, walletapi.Params{walletapi.Merchant: noodles, walletapi.Order: "A1", walletapi.PayerCode: w.code("alice"), walletapi.Nonce: w.nonce})
		w.sendAs(walletapi.OpPay, p)
		return w.money()
	}, "200000 0"},
	"wallet-skips-password": {func(w *town) string {
		w.paid("A1", 1500_00)
		w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: w.answer[walletapi.Trade], walletapi.Password: "000000"})
		return w.money()
	}, "200000 0"},
	"wallet-pays-blocked": {func(w *town) string {
		w.must(w.host.SetPayer("alice", wallet.Settings{Blocked: true}))
		w.paid("A1", 10_00)
		return w.money()
	}, "200000 0"},
	"wallet-pays-itself": {func(w *town) string {
		p := amountOf(10_00)
		p[walletapi.Merchant], p[walletapi.PayerCode] = teas, w.code("bob")
		return string(w.merchant(walletapi.OpPay, "A1", p))
	}, "payer-is-seller"},
	"wallet-over-limit": {func(w *town) string {
		w.must(w.host.AddPayer(wallet.Payer{Name: "rich", Password: pay.NewSecret("111111"), Balance: pay.CNY(9000_00)}))
		w.must(w.config.HSM.ImportSecret(wallet.PhoneKey("rich"), []byte("0123456789ABCDEF")))
		w.must(w.shop.ImportSecret(wallet.PhoneKey("rich"), []byte("0123456789ABCDEF")))
		w.pays("A1", w.code("rich"), 5000_01)
		return w.answer[walletapi.Reason]
	}, "5000.01 CNY is over 5000.00 CNY"},
	"wallet-refunds-late": {func(w *town) string {
		w.paid("A1", 10_00)
		w.rest(w.config.Scheme.RefundFor + time.Second)
		w.refunds("A1", "R1", 1_00)
		return w.money()
	}, "199000 1000"},
	"wallet-cancels-at-once": {func(w *town) string {
		w.paid("A1", 10_00)
		return string(w.merchant(walletapi.OpCancel, "A1", nil))
	}, "unknown"},
	"wallet-reuses-code": {func(w *town) string {
		code := w.code("alice")
		w.pays("A1", code, 10_00)
		w.pays("A2", code, 10_00)
		return w.money()
	}, "199000 1000"},
	"wallet-keeps-code": {func(w *town) string {
		code := w.code("alice")
		w.rest(5 * time.Minute)
		w.pays("A1", code, 10_00)
		return w.money()
	}, "200000 0"},
	"wallet-asks-nobody":     {func(w *town) string { w.paid("A1", 1500_00); return w.money() }, "200000 0"},
	"wallet-charges-nothing": {func(w *town) string { w.paid("A1", 10_00); return w.money() }, "199000 1000"},
	"wallet-overdraws":       {func(w *town) string { return string(w.pays("A1", w.code("bob"), 30_01)) }, "balance-low"},
	"wallet-refunds-again": {func(w *town) string {
		w.paid("A1", 10_00)
		w.refunds("A1", "R1", 4_00)
		w.refunds("A1", "R1", 4_00)
		return w.money()
	}, "199400 600"},
	"wallet-refunds-too-much": {func(w *town) string {
		w.paid("A1", 10_00)
		w.refunds("A1", "R1", 6_00)
		w.refunds("A1", "R2", 6_00)
		return w.money()
	}, "199600 400"},
	"wallet-cancel-keeps-money": {func(w *town) string {
		w.paid("A1", 10_00)
		w.rest(time.Minute)
		w.merchant(walletapi.OpCancel, "A1", nil)
		return w.money()
	}, "200000 0"},
	"wallet-no-tombstone": {func(w *town) string {
		w.merchant(walletapi.OpCancel, "A1", nil)
		w.paid("A1", 10_00)
		return w.money()
	}, "200000 0"},
	"wallet-never-closes": {func(w *town) string {
		w.paid("A1", 1500_00)
		trade := w.answer[walletapi.Trade]
		w.rest(time.Hour)
		w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: trade, walletapi.Password: "135790"})
		return w.money()
	}, "200000 0"},
	"wallet-tells-once": {func(w *town) string {
		w.says = func(walletapi.Params) string { return "" }
		w.paid("A1", 10_00)
		w.rest(time.Minute)
		return fmt.Sprint(len(w.news))
	}, "4"},
	"wallet-tells-unsigned": {func(w *town) string {
		w.paid("A1", 10_00)
		return fmt.Sprint(w.news[0][walletapi.Sign] != "")
	}, "true"},
	"wallet-static-over-limit": {func(w *town) string {
		w.merchant(walletapi.OpWallCode, "", nil)
		p := walletapi.Params{walletapi.QR: w.answer[walletapi.QR], walletapi.Password: "135790"}
		p.SetMoney(walletapi.Amount, pay.CNY(500_01))
		w.phone(walletapi.OpAppConfirm, "alice", p)
		return w.money()
	}, "200000 0"},
	"wallet-believes-code": {func(w *town) string {
		w.merchant(walletapi.OpOrder, "A1", amountOf(12_00))
		p, err := qr.Parse(w.answer[walletapi.QR])
		w.must(err)
		m, err := p.Merchant()
		w.must(err)
		m.Amount = pay.CNY(1)
		p, err = m.Payload()
		w.must(err)
		text, err := p.Encode()
		w.must(err)
		w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.QR: text, walletapi.Password: "135790"})
		return w.money()
	}, "200000 0"},
}

func TestDefects(t *testing.T) {
	for _, d := range wallet.Defects() {
		t.Run(d.Name, func(t *testing.T) {
			probe, ok := defectProbes[d.Name]
			if !ok {
				t.Fatal("nothing here shows what it changes")
			}
			if got := probe.do(newTown(t, "wechat", nil)); got != probe.want {
				t.Errorf("the honest host: %s, want %s", got, probe.want)
			}
			if got := probe.do(newTown(t, "wechat", d.Edit)); got == probe.want {
				t.Errorf("the defect shows nothing: %s", got)
			}
			if !strings.HasPrefix(d.Name, "wallet-") || d.Text == "" || d.Why == "" || d.Category == "" {
				t.Errorf("%+v", d)
			}
		})
	}
	if len(defectProbes) != len(wallet.Defects()) {
		t.Error("a probe has no defect")
	}
}
