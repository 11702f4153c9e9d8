package steps

import (
	"errors"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/rig"
)

// transferSteps are about money that goes from one account to another.
func transferSteps() []Step {
	asks := func(kind merchant.TransferKind) func(*scenario, args) error {
		return withAmount(1, func(s *scenario, a args, amount pay.Amount) error {
			_, err := s.world.AskTransfer(kind, a.at(0), a.at(2), amount)
			return err
		})
	}
	return []Step{
		{Name: "account-is", En: `the account of {who} (takes nothing|is credited without a word|is well again)`, Zh: `{who}的账户(拒收款项|入账但不应答|恢复正常)`,
			Example: `Given the account of Carol takes nothing`, ExampleZh: `假如 小萝的账户拒收款项`,
			Is: "The one that belongs to the card, from now on.", do: func(s *scenario, a args) error {
				return s.world.ArrangeAccount(a.at(0), map[string]string{"takes nothing": rig.ConditionRefuses, "is credited without a word": rig.ConditionMute, "is well again": rig.ConditionNormal}[a.at(1)])
			}},
		{Name: "asks-to-send", En: `{who} asks to send {amount} to {who}`, Zh: `{who}申请转账 {amount} 给{who}`,
			Example: `When Alice asks to send 100.00 CNY to Carol`, ExampleZh: `当 小爱申请转账 100.00 元 给小萝`,
			Is: "From the bank account to that of another's card: the office asks whose it is, and texts a code.", do: asks(merchant.Send)},
		{Name: "asks-to-send-nobody", En: `{who} asks to send {amount} to an account that nobody has`, Zh: `{who}申请转账 {amount} 到不存在的账户`,
			Example: `When Alice asks to send 100.00 CNY to an account that nobody has`, ExampleZh: `当 小爱申请转账 100.00 元 到不存在的账户`,
			Is: "Likewise.", do: withAmount(1, func(s *scenario, a args, amount pay.Amount) error {
				_, err := s.world.AskTransfer(merchant.Send, a.at(0), "", amount)
				return err
			})},
		{Name: "asks-to-repay", En: `{who} asks to repay {amount} on the card of {who}`, Zh: `{who}申请还款 {amount} 到{who}的信用卡`,
			Example: `When Bob asks to repay 100.00 CNY on the card of Bob`, ExampleZh: `当 小波申请还款 100.00 元 到小波的信用卡`,
			Is: "From the bank account; only one's own card is repaid.", do: asks(merchant.Repay)},
		{Name: "asks-to-top-up", En: `{who} asks to top {merchant} up by {amount}`, Zh: `{who}申请向 {merchant} 充值 {amount}`,
			Example: `When Alice asks to top "Noodle House" up by 100.00 CNY`, ExampleZh: `当 小爱申请向 "面馆" 充值 100.00 元`,
			Is: "From the bank account to what the office owes the shop.", do: withAmount(2, func(s *scenario, a args, amount pay.Amount) error {
				_, err := s.world.AskTopUp(a.at(0), a.at(1), amount)
				return err
			})},
		{Name: "asks-to-withdraw", En: `{merchant} asks to withdraw {amount}`, Zh: `{merchant} 申请提现 {amount}`,
			Example: `When "Corner Shop" asks to withdraw 100.00 CNY`, ExampleZh: `当 "小卖部" 申请提现 100.00 元`,
			Is: "From what it is owed to the card that its owner has bound, or to its own account.", do: withAmount(1, func(s *scenario, a args, amount pay.Amount) error {
				_, err := s.world.AskWithdrawal(a.at(0), amount)
				return err
			})},
		{Name: "scans-payee", En: `{merchant} scans the code of {merchant}( with a damaged line)? to pay {amount}`, Zh: `{merchant} 扫描 {merchant} 的收款码(，码已损坏)?，付 {amount}`,
			Example: `When "Noodle House" scans the code of "Corner Shop" to pay 30.00 CNY`, ExampleZh: `当 "面馆" 扫描 "小卖部" 的收款码，付 30.00 元`,
			Is: "The merchant is the payer: from his balance to the other's.", do: withAmount(3, func(s *scenario, a args, amount pay.Amount) error {
				_, err := s.world.ScanPayee(a.at(0), a.at(1), amount, a.at(2) != "")
				return err
			})},
		{Name: "confirms-transfer", En: `the transfer is confirmed( with a wrong code)?`, Zh: `确认转账(，但验证码错误)?`,
			Example: `When the transfer is confirmed`, ExampleZh: `当 确认转账`,
			Is: "The one that was asked for last; by the code on the payer's phone, where a person pays.", do: func(s *scenario, a args) error {
				_, err := s.world.ConfirmTransfer(a.at(0) != "")
				return err
			}},
		{Name: "transfer-is", En: `the transfer is (inquired|debiting|crediting|returning|done|refused|returned)`, Zh: `转账状态为(已查询|扣款中|入账中|退回中|完成|被拒|已退回)`,
			Example: `Then the transfer is done`, ExampleZh: `那么 转账状态为完成`,
			Is: "The one that was asked for last.", do: func(s *scenario, a args) error {
				t, err := s.world.Transfer()
				return errors.Join(err, equal("transfer", a.at(0), string(t.State)))
			}},
		{Name: "transfer-goes-to", En: `the transfer goes to {text}`, Zh: `转账收款方为 {text}`,
			Example: `Then the transfer goes to "C****"`, ExampleZh: `那么 转账收款方为 "C****"`,
			Is: "The name that the payer is shown, masked.", do: func(s *scenario, a args) error {
				t, err := s.world.Transfer()
				return errors.Join(err, equal("transfer", a.at(0), t.Payee))
			}},
		{Name: "card-was-repaid", En: `the card of {who} was repaid {amount}`, Zh: `{who}的信用卡已还款 {amount}`,
			Example: `Then the card of Bob was repaid 100.00 CNY`, ExampleZh: `那么 小波的信用卡已还款 100.00 元`,
			Is: "In all, by its bank's own books.", do: func(s *scenario, a args) error {
				got, err := s.world.CardRepaid(a.at(0))
				return sameMoney("card of "+a.at(0), a.at(1), got, err)
			}},
	}
}

// withAmount reads the amount that stands in an argument.
func withAmount(at int, do func(*scenario, args, pay.Amount) error) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		amount, err := pay.ParseAmount(a.at(at))
		if err != nil {
			return err
		}
		return do(s, a, amount)
	}
}
