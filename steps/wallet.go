package steps

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// walletSteps are about payments by the codes of wallets, whose hosts are asked over HTTP.
func walletSteps() []Step {
	return slices.Concat(walletAccounts(), walletTroubles(), walletActs(), walletBooks(), walletShop())
}

func walletAccounts() []Step {
	return []Step{
		{Name: "takes-wallet", En: `{till} takes codes of (WeChat|Alipay)`, Zh: `{till} 受理(微信|支付宝)付款码`,
			Example: `Given "T1" takes codes of WeChat`, ExampleZh: `假如 "T1" 受理微信付款码`,
			Is: "The shop gets an account with that wallet. The till starts again and has yet to sign in.",
			do: onTill(func(_ *scenario, t *rig.Till, a args) error { return t.TakeWallet(strings.ToLower(a.at(1))) })},
		{Name: "has-paid-by-wallet", En: `{who} has paid {amount} at {till} by (WeChat|Alipay)`, Zh: `{who}已在 {till} 用(微信|支付宝)支付 {amount}`, Order: []int{0, 2, 3, 1},
			Example: `Given Alice has paid 10.00 CNY at "T1" by WeChat`, ExampleZh: `假如 小爱已在 "T1" 用微信支付 10.00 元`,
			Is: "The same; the scenario cannot begin unless it is approved.", do: hasPaidByWallet},
		{Name: "payer-scans", En: `{who} scans what the till shows with (WeChat|Alipay) after {duration}`, Zh: `{who}将在 {duration}后用(微信|支付宝)扫收银机上的码`, Order: []int{0, 2, 1},
			Example: `Given Alice scans what the till shows with WeChat after 5 seconds`, ExampleZh: `假如 小爱将在 5 秒后用微信扫收银机上的码`,
			Is: "And types the password. Counted from when the code is there.", do: payerScans(false)},
		{Name: "payer-scans-tampered", En: `{who} scans what the till shows with (WeChat|Alipay) after {duration}, but somebody has put {amount} into the code`,
			Zh: `{who}将在 {duration}后用(微信|支付宝)扫收银机上的码，但码中金额已被改为 {amount}`, Order: []int{0, 2, 1, 3},
			Example: `Given Alice scans what the till shows with WeChat after 5 seconds, but somebody has put 0.01 CNY into the code`, ExampleZh: `假如 小爱将在 5 秒后用微信扫收银机上的码，但码中金额已被改为 0.01 元`,
			Is: "With a CRC that fits.", do: payerScans(true)},
		{Name: "payer-consents", En: `{who} (types the password|types a wrong password|refuses to pay) {duration} after the wallet asks`,
			Zh: `钱包询问 {duration}后{who}(输入支付密码|输错支付密码|拒绝付款)`, Order: []int{2, 0, 1},
			Example: `Given Alice types the password 12 seconds after the wallet asks`, ExampleZh: `假如 钱包询问 12 秒后小爱输入支付密码`,
			Is: "What the payer does on the phone, if the wallet wants the password. Without it nobody does anything.", do: payerConsents},
		{Name: "payer-is-asked", En: `(WeChat|Alipay) asks {who} for the password at every payment`, Zh: `(微信|支付宝)每笔都要求{who}输入支付密码`,
			Example: `Given WeChat asks Alice for the password at every payment`, ExampleZh: `假如 微信每笔都要求小爱输入支付密码`,
			Is: "Whatever the amount.", do: setPayer(rig.PayerAsked)},
		{Name: "payer-is-blocked", En: `(WeChat|Alipay) has blocked {who}'s account`, Zh: `(微信|支付宝)已冻结{who}的账户`,
			Example: `Given WeChat has blocked Alice's account`, ExampleZh: `假如 微信已冻结小爱的账户`,
			Is: "It may not pay.", do: setPayer(rig.PayerBlocked)},
		{Name: "wrong-wallet-key", En: `{till} signs for (WeChat|Alipay) with another shop's key`, Zh: `{till} 用别家商户的密钥为(微信|支付宝)签名`,
			Example: `Given "T1" signs for WeChat with another shop's key`, ExampleZh: `假如 "T1" 用别家商户的密钥为微信签名`,
			Is: "From now on.", do: onTill(func(_ *scenario, t *rig.Till, a args) error { return t.SpoilWalletKey(strings.ToLower(a.at(1))) })},
	}
}

func walletTroubles() []Step {
	return []Step{
		{Name: "wallet-is", En: `(WeChat|Alipay) (does what it is asked and says nothing|does what it is asked and is not sure|takes questions and does nothing)`,
			Zh:      `(微信|支付宝)(照办但不应答|照办但应答不明|收到请求但不处理)`,
			Example: `Given WeChat does what it is asked and says nothing`, ExampleZh: `假如 微信照办但不应答`,
			Is: "From now on. Phones still get their codes.", do: walletIs},
		{Name: "wallet-goes-down", En: `(WeChat|Alipay) is down from {duration} on`, Zh: `(微信|支付宝)从 {duration}后起停止服务`,
			Example: `And WeChat is down from 5 seconds on`, ExampleZh: `并且 微信从 5 秒后起停止服务`,
			Is: "Counted from now: then it takes questions and does nothing. Needs @clock.", do: walletGoesDown},
		{Name: "wallet-is-well", En: `(WeChat|Alipay) is well again`, Zh: `(微信|支付宝)恢复正常`,
			Example: `And WeChat is well again`, ExampleZh: `并且 微信恢复正常`,
			Is: "Takes that back.", do: func(s *scenario, a args) error {
				return arrangeWallet(s, a.at(0), rig.ConditionNormal)
			}},
		{Name: "line-loses-question", En: `the line to the wallet loses (the question|the answer) of ` + walletQuestion, Zh: `钱包线路丢失` + walletQuestionZh + `的(请求|应答)`, Order: []int{1, 2, 0},
			Example: `Given the line to the wallet loses the answer of the 1st pay`, ExampleZh: `假如 钱包线路丢失第 1 次支付的应答`,
			Is: "Once. The answer of a notification is the shop's word.", do: func(s *scenario, a args) error { return spoilWallet(s, a.at(0), a.at(1), a.at(2), 0, "") }},
		{Name: "line-delays-question", En: `the line to the wallet delays (the question|the answer) of ` + walletQuestion + ` by {duration}`, Zh: `钱包线路把` + walletQuestionZh + `的(请求|应答)延迟 {duration}`, Order: []int{1, 2, 0, 3},
			Example: `Given the line to the wallet delays the question of the 1st pay by 40 seconds`, ExampleZh: `假如 钱包线路把第 1 次支付的请求延迟 40 秒`,
			Is: "Once. Needs @clock.", do: func(s *scenario, a args) error {
				d, err := time.ParseDuration(a.at(3))
				return errors.Join(err, spoilWallet(s, a.at(0), a.at(1), a.at(2), d, ""))
			}},
		{Name: "line-alters-answer", En: `the answer of ` + walletQuestion + ` (names another amount|names another order|is signed by nobody)`, Zh: walletQuestionZh + `的应答(金额不符|订单号不符|签名无效)`,
			Example: `Given the answer of the 1st pay names another amount`, ExampleZh: `假如 第 1 次支付的应答金额不符`,
			Is: "Once. Another amount or order is signed by the wallet, which errs.", do: func(s *scenario, a args) error {
				alter := map[string]string{"names another amount": "amount", "names another order": "order", "is signed by nobody": "signature"}[a.at(2)]
				return spoilWallet(s, "the answer", a.at(0), a.at(1), 0, alter)
			}},
		{Name: "line-alters-question", En: `somebody puts another amount into the question of ` + walletQuestion, Zh: `有人篡改` + walletQuestionZh + `的请求金额`,
			Example: `Given somebody puts another amount into the question of the 1st pay`, ExampleZh: `假如 有人篡改第 1 次支付的请求金额`,
			Is: "0.01, under the shop's signature of what it was.", do: func(s *scenario, a args) error { return spoilWallet(s, "the question", a.at(0), a.at(1), 0, "amount") }},
	}
}

func walletActs() []Step {
	return []Step{
		{Name: "pays-by-wallet", En: `{who} pays {amount} at {till} by (WeChat|Alipay)`, Zh: `{who}在 {till} 出示(微信|支付宝)付款码付款 {amount}`, Order: []int{0, 2, 3, 1},
			Example: `When Alice pays 10.00 CNY at "T1" by WeChat`, ExampleZh: `当 小爱在 "T1" 出示微信付款码付款 10.00 元`,
			Is: "Sale, amount, a fresh code of that wallet before the scanner; then whatever the till does until it is through.", do: paysByWallet},
		{Name: "till-shows-code", En: `{till} shows a (WeChat|Alipay) code for {amount}`, Zh: `{till} 出示 {amount}的(微信|支付宝)收款码`, Order: []int{0, 2, 1},
			Example: `When "T1" shows a WeChat code for 12.00 CNY`, ExampleZh: `当 "T1" 出示 12.00 元的微信收款码`,
			Is: "Sale, amount, and a merchant code for it on the display; then whatever the till does until it is through.", do: tillShowsCode},
		{Name: "scans-wall", En: `{who} scans the (WeChat|Alipay) code on the wall of {merchant} and pays {amount}`, Zh: `{who}用(微信|支付宝)扫 {merchant} 墙上的码支付 {amount}`,
			Example: `When Alice scans the WeChat code on the wall of "Noodle House" and pays 8.00 CNY`, ExampleZh: `当 小爱用微信扫 "面馆" 墙上的码支付 8.00 元`,
			Is: "A static code: the payer types the amount, and the password. No till has to do with it.", do: scansWall},
		{Name: "pays-with-wallet-photograph", En: `the photograph of {who}'s (WeChat|Alipay) code is shown for {amount} at {till} after {duration}`,
			Zh: `{duration}后在 {till} 出示{who}的(微信|支付宝)付款码照片支付 {amount}`, Order: []int{4, 3, 0, 1, 2},
			Example: `When the photograph of Alice's WeChat code is shown for 10.00 CNY at "T1" after 61 seconds`, ExampleZh: `当 61 秒后在 "T1" 出示小爱的微信付款码照片支付 10.00 元`,
			Is: "A code that was fresh so long ago. Needs @clock.", do: paysWithPhotograph},
		{Name: "shows-last-wallet-code", En: `the code that {who} paid with is shown for {amount} at {till} once more`, Zh: `在 {till} 再次出示{who}用过的付款码支付 {amount}`, Order: []int{2, 0, 1},
			Example: `And the code that Alice paid with is shown for 5.00 CNY at "T1" once more`, ExampleZh: `并且 在 "T1" 再次出示小爱用过的付款码支付 5.00 元`,
			Is: "The last one of her phone.", do: showsLastCode},
		{Name: "reprints-by-wallet", En: `the cashier prints the receipt of the {count}(?:st|nd|rd|th) payment by code again at {till}`, Zh: `收银员在 {till} 重印第 {count} 笔扫码付款的签购单`, Order: []int{1, 0},
			Example: `When the cashier prints the receipt of the 1st payment by code again at "T1"`, ExampleZh: `当 收银员在 "T1" 重印第 1 笔扫码付款的签购单`,
			Is: "Reprint by voucher number.", do: func(s *scenario, a args) error {
				t, c, err := byWallet(s, a.at(1), a.at(0))
				if err != nil {
					return err
				}
				_, voucher := rig.VoucherOf(c)
				return t.Do(terminal.Event{Kind: terminal.Reprint, Original: terminal.Original{Trace: voucher}})
			}},
		{Name: "voids-by-wallet", En: `the {count}(?:st|nd|rd|th) payment by code is voided at {till}`, Zh: `在 {till} 撤销第 {count} 笔扫码付款`, Order: []int{1, 0},
			Example: `When the 1st payment by code is voided at "T1"`, ExampleZh: `当 在 "T1" 撤销第 1 笔扫码付款`,
			Is: "Void, the supervisor's consent, its voucher number.", do: backByWallet(pay.Void, 0, 1, -1)},
		{Name: "refunds-by-wallet", En: `{amount} of the {count}(?:st|nd|rd|th) payment by code are refunded at {till}`, Zh: `在 {till} 就第 {count} 笔扫码付款退货 {amount}`, Order: []int{2, 1, 0},
			Example: `When 4.00 CNY of the 1st payment by code are refunded at "T1"`, ExampleZh: `当 在 "T1" 就第 1 笔扫码付款退货 4.00 元`,
			Is: "Refund, amount, the supervisor's consent, its voucher number.", do: backByWallet(pay.Refund, 1, 2, 0)},
	}
}

func walletBooks() []Step {
	return []Step{
		{Name: "wallet-holds", En: `{who}'s (WeChat|Alipay) holds {amount}`, Zh: `{who}的(微信|支付宝)余额为 {amount}`,
			Example: `And Alice's WeChat holds 1990.00 CNY`, ExampleZh: `并且 小爱的微信余额为 1990.00 元`,
			Is: "What the wallet's books say.", do: walletHolds},
		{Name: "shop-has-at-wallet", En: `{merchant} has {amount} at (WeChat|Alipay)`, Zh: `{merchant} 在(微信|支付宝)有 {amount}`, Order: []int{0, 2, 1},
			Example: `And "Noodle House" has 10.00 CNY at WeChat`, ExampleZh: `并且 "面馆" 在微信有 10.00 元`,
			Is: "Likewise.", do: shopHasAtWallet},
		{Name: "phone-showed", En: `{who}'s phone showed`, Zh: `{who}的手机显示`, Table: true,
			Example: `And Alice's phone showed`, ExampleZh: `并且 小爱的手机显示`,
			Is: "One row: what it said of the last merchant code (subject, amount, and other parameters), under paid how the payment went, and under bill what the phone keeps of it.", do: phoneShowed},
		{Name: "wallet-was-asked", En: `the wallet was asked`, Zh: `向钱包依次询问`, Table: true,
			Example: `And the wallet was asked`, ExampleZh: `并且 向钱包依次询问`,
			Is: "Exactly these rows, from the beginning, in order of sending: question or answer (pay, pay answer), and any of code, state, note, at (seconds since the first). Columns left out are not checked.",
			do: walletWasAsked},
		{Name: "last-payment-by-wallet", En: `{till} tells of the {count}(?:st|nd|rd|th) payment by code as {fact}`, Zh: `{till} 告知第 {count} 笔扫码付款为{fact}`,
			Example: `Then "T1" tells of the 1st payment by code as approved`, ExampleZh: `那么 "T1" 告知第 1 笔扫码付款为已批准`,
			Is: "The last query showed its voucher number, amount and what became of it.", do: lastPaymentByWallet},
	}
}

const (
	walletQuestion   = `the {count}(?:st|nd|rd|th) (pay|order|query|cancel|refund|notification)`
	walletQuestionZh = `第 {count} 次(支付|下单|查询|撤销|退款|通知)`
)

func arrangeWallet(s *scenario, name, condition string) error {
	return s.world.ArrangeWallet(strings.ToLower(name), "", rig.Arrangement{Condition: condition})
}

// showsCode sells to a code on somebody's phone.
func showsCode(t *rig.Till, who string, amount pay.Amount, code string) error {
	return t.Order(rig.Order{Flow: pay.Sale, Amount: amount, Who: who, By: rig.ByPhone, Phone: rig.PhoneShown{Text: code}, PIN: rig.PINNobody})
}

// walletOrder sells to a code of a wallet.
func walletOrder(s *scenario, who, amount, till, name string) (*rig.Till, error) {
	t, err := s.till(till)
	if err != nil {
		return nil, err
	}
	a, err := pay.ParseAmount(amount)
	if err != nil {
		return nil, err
	}
	code, err := s.world.WalletCode(who, strings.ToLower(name))
	if err != nil {
		return nil, err
	}
	return t, showsCode(t, who, a, code)
}

func paysByWallet(s *scenario, a args) error {
	s.act()
	_, err := walletOrder(s, a.at(0), a.at(1), a.at(2), a.at(3))
	return err
}

func hasPaidByWallet(s *scenario, a args) error {
	t, err := walletOrder(s, a.at(0), a.at(1), a.at(2), a.at(3))
	if err != nil {
		return err
	}
	if n := len(t.Endings); n == 0 || t.Endings[n-1].Kind != "approved" {
		return begin(t, "the payment approved")
	}
	return nil
}

func paysWithPhotograph(s *scenario, a args) error {
	s.act()
	t, err := s.till(a.at(3))
	if err != nil {
		return err
	}
	amount, err := pay.ParseAmount(a.at(2))
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(a.at(4))
	if err != nil {
		return err
	}
	code, err := s.world.WalletCode(a.at(0), strings.ToLower(a.at(1)))
	if err != nil {
		return err
	}
	if err := s.world.Pass(d); err != nil {
		return err
	}
	return showsCode(t, a.at(0), amount, code)
}

func showsLastCode(s *scenario, a args) error {
	s.act()
	t, err := s.till(a.at(2))
	if err != nil {
		return err
	}
	amount, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	code, err := s.world.LastCode(a.at(0))
	if err != nil {
		return err
	}
	return showsCode(t, a.at(0), amount, code)
}

func payerScans(tampered bool) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		d, err := time.ParseDuration(a.at(2))
		if err != nil {
			return err
		}
		c := rig.WalletConsent{After: d, Scans: strings.ToLower(a.at(1))}
		if tampered {
			if c.Tampers, err = pay.ParseAmount(a.at(3)); err != nil {
				return err
			}
		}
		return s.world.Consents(a.at(0), c)
	}
}

func tillShowsCode(s *scenario, a args) error {
	s.act()
	t, err := s.till(a.at(0))
	if err != nil {
		return err
	}
	amount, err := pay.ParseAmount(a.at(2))
	if err != nil {
		return err
	}
	return t.ShowsCode(amount, strings.ToLower(a.at(1)))
}

func scansWall(s *scenario, a args) error {
	s.act()
	holder, err := s.world.Rig.Cast.Cardholder(a.at(0))
	if err != nil {
		return err
	}
	amount, err := pay.ParseAmount(a.at(3))
	if err != nil {
		return err
	}
	name := strings.ToLower(a.at(1))
	code, err := s.world.WallCode(name, a.at(2))
	if err != nil {
		return err
	}
	return errors.Join(s.world.ScanCode(holder.Name, name, code, rig.WalletConsent{Typed: amount}), s.world.Rest())
}

func phoneShowed(s *scenario, a args) error {
	seen, err := s.world.Seen(a.at(0))
	if err != nil {
		return err
	}
	return compareRows(a.at(0)+"'s phone", a, 1, func(_ int, column string) string { return strings.TrimSpace(seen[column]) })
}

func payerConsents(s *scenario, a args) error {
	d, err := time.ParseDuration(a.at(2))
	if err != nil {
		return err
	}
	return s.world.Consents(a.at(0), rig.WalletConsent{After: d, Refuses: a.at(1) == "refuses to pay", Mistypes: a.at(1) == "types a wrong password"})
}

func setPayer(status string) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		return s.world.ArrangeWallet(strings.ToLower(a.at(0)), a.at(1), rig.Arrangement{Status: status})
	}
}

func walletIs(s *scenario, a args) error {
	return arrangeWallet(s, a.at(0), map[string]string{"does what it is asked and says nothing": rig.ConditionMute,
		"does what it is asked and is not sure": rig.ConditionUnsure, "takes questions and does nothing": rig.ConditionSilent}[a.at(1)])
}

func walletGoesDown(s *scenario, a args) error {
	d, err := time.ParseDuration(a.at(1))
	if err != nil {
		return err
	}
	return s.world.WalletGoesDown(strings.ToLower(a.at(0)), d)
}

func spoilWallet(s *scenario, side, nth, op string, late time.Duration, alter string) error {
	n, err := strconv.Atoi(nth)
	if err != nil {
		return err
	}
	return s.world.SpoilWallet(rig.WalletFault{Operation: walletapi.Operation(op), Nth: n, Answer: side == "the answer", Late: late, Alter: alter})
}

// backByWallet gives back a payment by a wallet's code, whose number, till and amount stand in these arguments.
func backByWallet(flow pay.Flow, number, till, amount int) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		s.act()
		t, c, err := byWallet(s, a.at(till), a.at(number))
		if err != nil {
			return err
		}
		o := rig.Order{Flow: flow, Supervisor: true}
		if amount >= 0 {
			if o.Amount, err = pay.ParseAmount(a.at(amount)); err != nil {
				return err
			}
		}
		o.Typed.Batch, o.Typed.Trace = rig.VoucherOf(c)
		return t.Order(o)
	}
}

// byWallet finds a till, and the question by which the nth payment by a wallet's code was asked for.
func byWallet(s *scenario, till, nth string) (*rig.Till, rig.WalletCrossing, error) {
	t, err := s.till(till)
	if err != nil {
		return nil, rig.WalletCrossing{}, err
	}
	n, err := strconv.Atoi(nth)
	if err != nil {
		return nil, rig.WalletCrossing{}, err
	}
	crossed, _ := s.world.WalletTraffic()
	for _, c := range crossed {
		if c.Operation == walletapi.OpPay && !c.Answer && c.Nth == n {
			return t, c, nil
		}
	}
	return nil, rig.WalletCrossing{}, failed("wallet", nth+" payments by code", "fewer")
}

func lastPaymentByWallet(s *scenario, a args) error {
	t, c, err := byWallet(s, a.at(0), a.at(1))
	if err != nil {
		return err
	}
	amount, err := c.Params.Money(walletapi.Amount)
	if err != nil {
		return err
	}
	_, voucher := rig.VoucherOf(c)
	wanted := strings.Join([]string{"@FLOW_WALLET_SALE", voucher, amount.String(), "@FACT_" + strings.ToUpper(a.at(2))}, " ")
	for _, screen := range slices.Backward(s.screens(t)) {
		if screen.ID == "LAST_PAYMENT" {
			return equal(t.Name+" last payment", wanted, strings.Join(screen.Args[:4], " "))
		}
	}
	return failed(t.Name+" last payment", wanted, "no such screen")
}

func walletHolds(s *scenario, a args) error {
	got, err := s.world.WalletHolds(strings.ToLower(a.at(1)), a.at(0))
	return sameMoney(a.at(1)+", "+a.at(0), a.at(2), got, err)
}

func shopHasAtWallet(s *scenario, a args) error {
	got, err := s.world.WalletOwes(strings.ToLower(a.at(2)), a.at(0))
	return sameMoney(a.at(2)+", "+a.at(0), a.at(1), got, err)
}

func sameMoney(where, want string, got pay.Amount, err error) error {
	if err == nil && got.String() != want {
		err = failed(where, want, got.String())
	}
	return err
}

// walletColumns translates the heads of tables about wallets.
var walletColumns = map[string]string{"询问": "question", "代码": "code", "状态": "state", "备注": "note", "时刻": "at", "金额": "amount", "签名": "signed", "商户": "subject", "支付结果": "paid", "账单": "bill", "短信": "text", "钱包": "wallet", "付款人": "payer", "单号": "number",
	"项目": "what", "价目": "price", "手续费": "fee", "净额": "net", "发卡行": "issuer", "清算方": "network", "收单方": "acquirer", "计算": "explained", "种类": "kind", "文件": "file", "账面": "books",
	"差额": "open", "处理": "decision", "附加费": "surcharge", "费率表": "tariff", "收款": "sold", "退回": "back", "费用": "fees", "期初": "opening", "期末": "closing", "卡号": "card", "次数": "tries"}

// walletWords translates their cells.
var walletWords = map[string]string{"支付": "pay", "查询": "query", "撤销": "cancel", "退款": "refund", "支付应答": "pay answer", "查询应答": "query answer", "撤销应答": "cancel answer",
	"退款应答": "refund answer", "下单": "order", "下单应答": "order answer", "丢失": "lost", "迟到": "late", "被改": "altered", "是": "yes", "否": "no", "未付": "open", "已付": "paid", "已退": "refunded", "已关闭": "closed", "已撤销": "cancelled",
	"消费": "sale", "消费撤销": "void", "退货": "refund", "差错": "difference", "长款": "long", "短款": "short", "金额不符": "differs", "商户": "merchant", "清算方": "scheme", "后到": "later", "等待": "waiting", "已扣款": "paid", "失败": "failed", "逾期": "overdue", "已付款": "paid", "付款失败": "failed", "未知": "unknown"}

func walletWasAsked(s *scenario, a args) error {
	crossed, _ := s.world.WalletTraffic()
	return compareRows("wallet", a, len(crossed), func(i int, column string) string {
		c := crossed[i]
		switch column {
		case "question":
			if c.Answer {
				return string(c.Operation) + " answer"
			}
			return string(c.Operation)
		case "code":
			return strings.TrimSpace(c.Params[walletapi.Code] + " " + c.Params[walletapi.SubCode])
		case "note":
			return c.Note
		case "at":
			return fmt.Sprintf("%.0fs", c.At.Sub(crossed[0].At).Seconds())
		}
		return c.Params[column]
	})
}

// compareRows holds what happened, row by row, to a table.
func compareRows(where string, a args, n int, value func(i int, column string) string) error {
	head := cells(a.table, 0)
	for k := range head {
		head[k] = translated(walletColumns, head[k])
	}
	var got, wanted [][]string
	for i := range n {
		row := make([]string, len(head))
		for k, column := range head {
			row[k] = value(i, column)
		}
		got = append(got, row)
	}
	same := n == len(a.table.Rows)-1
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		for k := range row {
			row[k] = translated(walletWords, row[k])
			same = same && i < n && (row[k] == got[i][k] || row[k] == "*" && got[i][k] != "")
		}
		wanted = append(wanted, row)
	}
	if same {
		return nil
	}
	return &failure{reports.Failure{Where: where, Wanted: "\n" + grid(head, wanted), Got: "\n" + grid(head, got)}}
}
