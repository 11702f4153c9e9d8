package steps

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// walletShop are about what wallets tell the shop, and the shop its owner.
func walletShop() []Step {
	return []Step{
		{Name: "shop-is-busy", En: `the shop does not take the next {count} notifications?`, Zh: `商户不接收接下来的 {count} 次通知`,
			Example: `Given the shop does not take the next 2 notifications`, ExampleZh: `假如 商户不接收接下来的 2 次通知`,
			Is: "Of any wallet; it takes those after.", do: func(s *scenario, a args) error {
				n, err := strconv.Atoi(a.at(0))
				return errors.Join(err, s.world.ShopIsBusy(n))
			}},
		{Name: "forges-notification", En: `somebody tells {merchant} that {who} has paid {amount} by (WeChat|Alipay)`, Zh: `有人冒充(微信|支付宝)通知 {merchant}：{who}已支付 {amount}`, Order: []int{3, 0, 1, 2},
			Example: `When somebody tells "Noodle House" that Alice has paid 10.00 CNY by WeChat`, ExampleZh: `当 有人冒充微信通知 "面馆"：小爱已支付 10.00 元`,
			Is: "A notification that the wallet has not signed.", do: forgesNotification},
		{Name: "shop-was-told", En: `the shop was told`, Zh: `商户依次收到通知`, Table: true,
			Example: `And the shop was told`, ExampleZh: `并且 商户依次收到通知`,
			Is: "Exactly these notifications, from the beginning: state, amount, signed (yes or no), and any parameter.", do: shopWasTold},
		{Name: "owner-was-texted", En: `the owner of {merchant} was texted`, Zh: `{merchant} 的店主收到短信`, Table: true,
			Example: `And the owner of "Noodle House" was texted`, ExampleZh: `并且 "面馆" 的店主收到短信`,
			Is: "Exactly these texts, from the beginning, by the id of their words: text, wallet, amount, payer, and number (a star and the last four digits).", do: ownerWasTexted},
	}
}

func forgesNotification(s *scenario, a args) error {
	s.act()
	amount, err := pay.ParseAmount(a.at(2))
	if err != nil {
		return err
	}
	p := walletapi.Params{walletapi.Order: "forged", walletapi.Trade: "1320260601000001", walletapi.Event: "1320260601000001-1", walletapi.Standing: "paid", walletapi.Payer: a.at(1)}
	p.SetMoney(walletapi.Amount, amount)
	return s.world.Forge(strings.ToLower(a.at(3)), a.at(0), p)
}

func shopWasTold(s *scenario, a args) error {
	if err := s.world.ShopIsTold(len(a.table.Rows) - 1); err != nil {
		return err
	}
	_, told := s.world.WalletTraffic()
	return compareRows("shop", a, len(told), func(i int, column string) string {
		if column == "signed" {
			if told[i][walletapi.Sign] == "" {
				return "no"
			}
			return "yes"
		}
		return told[i][column]
	})
}

func ownerWasTexted(s *scenario, a args) error {
	texts, err := s.world.Texts(a.at(0))
	if err != nil {
		return err
	}
	columns := []string{"text", "wallet", "amount", "payer", "number"}
	return compareRows(a.at(0)+"'s owner", a, len(texts), func(i int, column string) string {
		if k := slices.Index(columns, column); k >= 0 && k < len(texts[i]) {
			return texts[i][k]
		}
		return ""
	})
}
