package steps

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// daySteps are a cashier's orders beside the sale. The cardholder stands by with card and PIN, and the supervisor comes when he
// is asked for, unless a step says that he does not.
func daySteps() []Step {
	return []Step{
		{Name: "asks-balance", En: `{who} asks for the balance at {till}`, Zh: `{who}在 {till} 查询余额`,
			Example: `When Alice asks for the balance at "T1"`, ExampleZh: `当 小爱在 "T1" 查询余额`,
			Is: "Balance inquiry: card, PIN if asked.", do: order(1, func(a args) (rig.Order, error) {
				return rig.Order{Flow: pay.Balance, Who: a.at(0)}, nil
			})},
		{Name: "leaves-deposit", En: `{who} leaves a deposit of {amount} at {till}`, Zh: `{who}在 {till} 预授权 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice leaves a deposit of 500.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 预授权 500.00 元`,
			Is: "Pre-authorization: the money is held, nothing moves.", do: order(2, func(a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(1))
				return rig.Order{Flow: pay.PreAuth, Who: a.at(0), Amount: amount}, err
			})},
		{Name: "has-completed", En: `{who} has {message} completed with {amount} at {till}`, Zh: `{who}在 {till} 将{message}以 {amount} 完成`, Order: []int{0, 3, 1, 2},
			Example: `When Alice has the 1st pre-auth completed with 480.00 CNY at "T1"`, ExampleZh: `当 小爱在 "T1" 将第 1 笔预授权以 480.00 元 完成`,
			Is: "Completion of a pre-authorization, by request.", do: onOriginal(3, func(_ pay.Flow, a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(2))
				return rig.Order{Flow: pay.Completion, Who: a.at(0), Amount: amount}, err
			})},
		{Name: "has-refunded", En: `{who} has {amount} of {message} refunded at {till}`, Zh: `{who}在 {till} 就{message}退货 {amount}`, Order: []int{0, 3, 2, 1},
			Example: `When Alice has 5.00 CNY of the 1st sale refunded at "T1"`, ExampleZh: `当 小爱在 "T1" 就第 1 笔消费退货 5.00 元`,
			Is: "Refund by reference number and date; the supervisor approves.", do: func(s *scenario, a args) error {
				return onOriginal(3, func(_ pay.Flow, a args) (rig.Order, error) {
					amount, err := pay.ParseAmount(a.at(2))
					return rig.Order{Flow: pay.Refund, Who: a.at(0), Amount: amount, Supervisor: true}, err
				})(s, args{list: []string{a.at(0), a.at(2), a.at(1), a.at(3)}})
			}},
		{Name: "has-voided", En: `{who} has {message} voided at {till}( without the supervisor)?`, Zh: `{who}在 {till} 撤销{message}(但无主管)?`, Order: []int{0, 2, 1, 3},
			Example: `When Alice has the 1st sale voided at "T1"`, ExampleZh: `当 小爱在 "T1" 撤销第 1 笔消费`,
			Is: "Takes a sale, pre-authorization or completion back, whole; the supervisor approves.", do: onOriginal(2, void)},
	}
}

// voids gives the flow that takes another back.
var voids = map[pay.Flow]pay.Flow{pay.Sale: pay.Void, pay.OfflineSale: pay.Void, pay.PreAuth: pay.PreAuthVoid, pay.Completion: pay.CompletionVoid}

func void(of pay.Flow, a args) (rig.Order, error) {
	flow, ok := voids[of]
	if !ok {
		return rig.Order{}, fmt.Errorf("a %s is not voided", of)
	}
	return rig.Order{Flow: flow, Who: a.at(0), Supervisor: a.at(3) == ""}, nil
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
			o.Original = c
			if o.Flow == pay.PreAuthVoid && err == nil { // is made for the whole deposit (DOMAIN.md A.14)
				o.Amount, err = c.Amount()
			}
			return o, err
		})(s, a)
	}
}
