package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// daySteps are a cashier's orders beside the sale. The cardholder stands by with card and PIN, and the supervisor comes when he
// is asked for, unless a step says that he does not.
func daySteps() []Step {
	return slices.Concat(paySteps(), actOnSteps())
}

// paySteps begin something.
func paySteps() []Step {
	return []Step{
		{Name: "asks-balance", En: `{who} asks for the balance at {till}`, Zh: `{who}在 {till} 查询余额`,
			Example: `When Alice asks for the balance at "T1"`, ExampleZh: `当 小爱在 "T1" 查询余额`,
			Is: "Balance inquiry: card, PIN if asked.", do: order(1, func(a args) (rig.Order, error) {
				return rig.Order{Flow: pay.Balance, Who: a.at(0)}, nil
			})},
		{Name: "shows-balance", En: `{till} shows a balance of {amount}`, Zh: `{till} 显示余额 {amount}`,
			Example: `Then "T1" shows a balance of 500.00 CNY`, ExampleZh: `那么 "T1" 显示余额 500.00 元`,
			Is: "The last balance shown since the When; a debt is negative.", do: onTill(showsBalance)},
		{Name: "leaves-deposit", En: `{who} leaves a deposit of {amount} at {till}( by telephone)?`, Zh: `{who}在 {till} 预授权 {amount}(（电话）)?`, Order: []int{0, 2, 1, 3},
			Example: `When Alice leaves a deposit of 500.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 预授权 500.00 元`,
			Is: "Pre-authorization: the money is held, nothing moves. By telephone the cashier types the card number.",
			do: order(2, pays(pay.PreAuth, pay.MOTOPreAuth))},
		{Name: "orders-by-telephone", En: `{who} orders for {amount} at {till} by (telephone)`, Zh: `{who}(电话)订购 {amount}，终端 {till}`, Order: []int{0, 3, 1, 2},
			Example: `When Bob orders for 10.00 CNY at "T1" by telephone`, ExampleZh: `当 小波电话订购 10.00 元，终端 "T1"`,
			Is: "Sale by mail or telephone: the cashier types the card number, nobody enters a PIN.", do: order(2, pays("", pay.MOTOSale))},
		{Name: "subscription", En: `the shop charges {who}'s subscription of {amount} at {till}`, Zh: `商户按订购协议向{who}收取 {amount}，终端 {till}`,
			Example: `When the shop charges Bob's subscription of 10.00 CNY at "T1"`, ExampleZh: `当 商户按订购协议向小波收取 10.00 元，终端 "T1"`,
			Is: "Recurring payment, without the cardholder: the cashier types the card number.", do: order(2, func(a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(1))
				return rig.Order{Flow: pay.Recurring, Who: a.at(0), Amount: amount, Keyed: true}, err
			})},
		{Name: "pays-in-instalments", En: `{who} pays {amount} at {till} in {count} instalments`, Zh: `{who}在 {till} 分 {count} 期支付 {amount}`, Order: []int{0, 2, 3, 1},
			Example: `When Bob pays 600.00 CNY at "T1" in 6 instalments`, ExampleZh: `当 小波在 "T1" 分 6 期支付 600.00 元`,
			Is: "Instalment sale: the till asks how many, then for card and PIN.", do: order(2, instalments)},
	}
}

// pays makes an order of a flow, or of another by telephone.
func pays(here, far pay.Flow) func(args) (rig.Order, error) {
	return func(a args) (rig.Order, error) {
		amount, err := pay.ParseAmount(a.at(1))
		if a.at(3) == "" {
			return rig.Order{Flow: here, Who: a.at(0), Amount: amount}, err
		}
		return rig.Order{Flow: far, Who: a.at(0), Amount: amount, Keyed: true}, err
	}
}

func instalments(a args) (o rig.Order, err error) {
	o = rig.Order{Flow: pay.Instalment, Who: a.at(0)}
	if o.Amount, err = pay.ParseAmount(a.at(1)); err == nil {
		o.Parts, err = strconv.Atoi(a.at(3))
	}
	return o, err
}

// actOnSteps act on a payment.
func actOnSteps() []Step {
	return []Step{
		{Name: "has-completed", En: `{who} has {message} completed with {amount} at {till}( by advice)?`, Zh: `{who}在 {till} 将{message}以 {amount} 完成(（通知）)?`, Order: []int{0, 3, 1, 2, 4},
			Example: `When Alice has the 1st pre-auth completed with 480.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 将第 1 笔预授权以 480.00 元 完成`,
			Is: "Completion of a pre-authorization, by request or by advice.", do: onOriginal(3, func(of pay.Flow, a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(2))
				return rig.Order{Flow: completions[of][a.at(4) != ""], Who: a.at(0), Amount: amount}, err
			})},
		{Name: "has-refunded", En: `{who} has {amount} of {message} refunded at {till}( without the supervisor)?`, Zh: `{who}在 {till} 就{message}退货 {amount}(但无主管)?`, Order: []int{0, 3, 2, 1, 4},
			Example: `When Alice has 5.00 CNY of the 1st sale refunded at "T1"`, ExampleZh: `当 小爱在 "T1" 就第 1 笔消费退货 5.00 元`,
			Is: "Refund by reference number and date; the supervisor approves.", do: func(s *scenario, a args) error {
				return onOriginal(3, refund)(s, args{list: []string{a.at(0), a.at(2), a.at(1), a.at(3), a.at(4)}})
			}},
		{Name: "has-refunded-by-number", En: `{who} has {amount} refunded at {till} by reference number {text}`, Zh: `{who}在 {till} 凭参考号 {text} 退货 {amount}`, Order: []int{0, 2, 3, 1},
			Example: `When Bob has 10.00 CNY refunded at "T1" by reference number "999999999999"`, ExampleZh: `当 小波在 "T1" 凭参考号 "999999999999" 退货 10.00 元`,
			Is: "A refund of a payment of today that no slip names.", do: atTill(2, func(s *scenario, t *rig.Till, a args) error {
				amount, err := pay.ParseAmount(a.at(1))
				if err != nil {
					return err
				}
				return t.Order(rig.Order{Flow: pay.Refund, Who: a.at(0), Amount: amount, Supervisor: true,
					Typed: terminal.Original{RRN: a.at(3), Date: s.world.Loop.Now().Format("0102")}})
			})},
		{Name: "has-voided", En: `{who} has {message} voided at {till}( without the supervisor)?`, Zh: `{who}在 {till} 撤销{message}(但无主管)?`, Order: []int{0, 2, 1, 3},
			Example: `When Alice has the 1st sale voided at "T1"`, ExampleZh: `当 小爱在 "T1" 撤销第 1 笔消费`,
			Is: "Takes a payment, pre-authorization or completion back, whole; the supervisor approves.", do: onOriginal(2, void)},
		{Name: "sends-act", En: `{till} is made to send a {act} of {message}`, Zh: `令 {till} 发出对{message}的{act}`, Order: []int{0, 2, 1},
			Example: `When "T1" is made to send a void of the 1st sale`, ExampleZh: `当 令 "T1" 发出对第 1 笔消费的消费撤销`,
			Is: "A tester's message beside the till's machine, about any till's payment: whole, without track or PIN, sealed with the till's MAK.",
			do: onTill(func(s *scenario, t *rig.Till, a args) error { return sendsAct(s, t, a, "", "") })},
		{Name: "sends-act-with", En: `{till} is made to send a {act} of {message} with {field} {text}`, Zh: `令 {till} 发出对{message}的{act}，{field} 为 {text}`, Order: []int{0, 2, 1, 3, 4},
			Example: `When "T1" is made to send a refund of the 1st sale with amount "000000001001"`, ExampleZh: `当 令 "T1" 发出对第 1 笔消费的退货，amount 为 "000000001001"`,
			Is: "As above, with another value in the field.",
			do: onTill(func(s *scenario, t *rig.Till, a args) error { return sendsAct(s, t, a, a.at(3), a.at(4)) })},
	}
}

// voids gives the flow that takes another back.
var voids = map[pay.Flow]pay.Flow{pay.Sale: pay.Void, pay.OfflineSale: pay.Void, pay.PreAuth: pay.PreAuthVoid, pay.Completion: pay.CompletionVoid,
	pay.Instalment: pay.InstalmentVoid, pay.Recurring: pay.RecurringVoid, pay.MOTOSale: pay.MOTOVoid,
	pay.MOTOPreAuth: pay.MOTOPreAuthVoid, pay.MOTOCompletion: pay.MOTOCompletionVoid}

// completions gives the flow that completes a deposit, and by advice.
var completions = map[pay.Flow]map[bool]pay.Flow{pay.PreAuth: {false: pay.Completion, true: pay.CompletionAdvice},
	pay.MOTOPreAuth: {false: pay.MOTOCompletion, true: pay.MOTOCompletionAdvice}}

// refunds gives the flow that gives back what another has taken, or tries to: instalments are not given back.
var refunds = map[pay.Flow]pay.Flow{pay.Sale: pay.Refund, pay.OfflineSale: pay.Refund, pay.Instalment: pay.Refund, pay.Recurring: pay.Refund,
	pay.Completion: pay.Refund, pay.CompletionAdvice: pay.Refund, pay.MOTOSale: pay.MOTORefund, pay.MOTOCompletion: pay.MOTORefund,
	pay.MOTOCompletionAdvice: pay.MOTORefund}

// far tells that the cardholder of a payment is not there.
func far(of pay.Flow) bool { return strings.HasPrefix(string(of), "moto-") || of == pay.Recurring }

func void(of pay.Flow, a args) (rig.Order, error) {
	flow, ok := voids[of]
	if !ok {
		return rig.Order{}, fmt.Errorf("a %s is not voided", of)
	}
	return rig.Order{Flow: flow, Who: a.at(0), Supervisor: a.at(3) == ""}, nil
}

func refund(of pay.Flow, a args) (rig.Order, error) {
	flow, ok := refunds[of]
	if !ok {
		return rig.Order{}, fmt.Errorf("a %s is not refunded", of)
	}
	amount, err := pay.ParseAmount(a.at(2))
	return rig.Order{Flow: flow, Who: a.at(0), Amount: amount, Supervisor: a.at(4) == ""}, err
}

// order gives an order, with the right PIN if asked, at the till that argument i names.
func order(i int, make func(args) (rig.Order, error)) func(*scenario, args) error {
	return atTill(i, func(_ *scenario, t *rig.Till, a args) error {
		o, err := make(a)
		if err != nil {
			return err
		}
		o.PIN = rig.PINRight
		return t.Order(o)
	})
}

// onOriginal gives an order about the payment that argument 1 names.
func onOriginal(i int, make func(pay.Flow, args) (rig.Order, error)) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		c, err := s.crossing(a.at(1))
		if err != nil {
			return err
		}
		return order(i, func(a args) (rig.Order, error) {
			o, err := make(c.Flow, a)
			o.Original, o.Keyed = c, far(c.Flow)
			if o.Flow.Kind() == pay.PreAuthVoid && err == nil { // is made for the whole deposit (DOMAIN.md A.14)
				o.Amount, err = c.Amount()
			}
			return o, err
		})(s, a)
	}
}

// sendsAct has a tester send what acts on a payment.
func sendsAct(s *scenario, t *rig.Till, a args, field, value string) error {
	c, err := s.crossing(a.at(2))
	if err != nil {
		return err
	}
	return t.SendAct(pay.Flow(a.at(1)), c, func(m *iso8583.Message) error {
		if field == "" {
			return nil
		}
		return m.SetNamed(field, value)
	})
}

func showsBalance(s *scenario, t *rig.Till, a args) error {
	wanted, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	got := ""
	for _, screen := range s.screens(t) {
		if screen.ID == "BALANCE" {
			got = strings.Join(screen.Args, " ")
		}
	}
	return equal(t.Name+" screen, the balance", wanted.String(), got)
}
