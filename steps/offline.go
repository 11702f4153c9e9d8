package steps

import (
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// offlineSteps are about sales that the till decides alone, and about amounts that are not the ones asked for.
func offlineSteps() []Step {
	return []Step{
		{Name: "offline-limit", En: `{till} sells below {amount} without asking`, Zh: `{till} 低于 {amount} 可直接离线消费`,
			Example: `Given "T1" sells below 50.00 CNY without asking`, ExampleZh: `假如 "T1" 低于 50.00 元 可直接离线消费`,
			Is: "Sets the till's parameter and starts it again: it sells below this without asking anybody.", do: onTill(func(_ *scenario, t *rig.Till, a args) error {
				limit, err := pay.ParseAmount(a.at(1))
				if err != nil {
					return err
				}
				return t.SetSwitches(map[string]string{"floor_limit": strconv.FormatInt(limit.Minor, 10)})
			})},
		{Name: "chip-floor-limit", En: `{till} lets chips pay below {amount} (without|if it cannot reach) the host`, Zh: `{till} 的芯片低于 {amount} (可脱机|无法联机时可脱机)消费`,
			Example: `Given "T1" lets chips pay below 50.00 CNY without the host`, ExampleZh: `假如 "T1" 的芯片低于 50.00 元 可脱机消费`,
			Is: "Sets the floor limit (9F1B) of all chip applications that the till left the factory with, and how many below it are sent to the host at random (DF16, DF17): none, or 99 percent. Starts it again.",
			do: onTill(chipFloorLimit)},
		{Name: "tip-limit", En: `{till} takes tips of up to {count} percent`, Zh: `{till} 的小费上限为百分之 {count}`,
			Example: `Given "T1" takes tips of up to 50 percent`, ExampleZh: `假如 "T1" 的小费上限为百分之 50`,
			Is: "Sets the till's parameters 18 and 19 and starts it again; the host's limit stays.", do: onTill(func(_ *scenario, t *rig.Till, a args) error {
				return t.SetSwitches(map[string]string{"tips": "true", "tip_percent": a.at(1)})
			})},
		{Name: "no-tips", En: `{till} takes no tips`, Zh: `{till} 不收小费`,
			Example: `Given "T1" takes no tips`, ExampleZh: `假如 "T1" 不收小费`,
			Is: "Clears the till's parameter 18 and starts it again.", do: switched("tips", "false")},
		{Name: "takes-parts", En: `{till} can take a part of a sale`, Zh: `{till} 支持部分批准`,
			Example: `Given "T1" can take a part of a sale`, ExampleZh: `假如 "T1" 支持部分批准`,
			Is: "The till says in its sales that it can collect a rest (F60.6 of UnionPay); it is started again.", do: switched("partial_approval", "true")},
		{Name: "pays-offline", En: `{who} pays {amount} offline at {till}(?: with code {text})?`, Zh: `{who}在 {till} 离线消费 {amount}(?:，授权码为 {text})?`, Order: []int{0, 2, 1, 3},
			Example: `When Alice pays 10.00 CNY offline at "T1" with code "654321"`, ExampleZh: `当 小爱在 "T1" 离线消费 10.00 元，授权码为 "654321"`,
			Is: "Offline sale by stripe; the cashier types the code that was spoken on the telephone, or none.", do: order(2, func(a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(1))
				return rig.Order{Flow: pay.OfflineSale, Who: a.at(0), Amount: amount, Voice: &terminal.Voice{Code: a.at(3)}}, err
			})},
		{Name: "offline-voided", En: `{who}'s offline sale is voided at {till}`, Zh: `{who}的离线消费在 {till} 撤销`,
			Example: `When Alice's offline sale is voided at "T1"`, ExampleZh: `当 小爱的离线消费在 "T1" 撤销`,
			Is: "Void of the till's last offline sale, by its voucher number; the supervisor approves.", do: onVoucher(1, func(args) (rig.Order, error) {
				return rig.Order{Flow: pay.Void}, nil
			})},
		{Name: "offline-adjusted", En: `{who}'s offline sale is adjusted to {amount} at {till}`, Zh: `{who}的离线消费在 {till} 调整为 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice's offline sale is adjusted to 8.00 CNY at "T1"`, ExampleZh: `当 小爱的离线消费在 "T1" 调整为 8.00 元`,
			Is: "Another amount for the till's last offline sale; the supervisor approves.", do: onVoucher(2, func(a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(1))
				return rig.Order{Flow: pay.Adjustment, Amount: amount}, err
			})},
		{Name: "offline-tipped", En: `{who} adds a tip of {amount} to (?:her|his) offline sale at {till}`, Zh: `{who}在 {till} 为离线消费加小费 {amount}`, Order: []int{0, 2, 1},
			Example: `When Alice adds a tip of 1.00 CNY to her offline sale at "T1"`, ExampleZh: `当 小爱在 "T1" 为离线消费加小费 1.00 元`,
			Is: "Tip on the till's last offline sale.", do: onVoucher(2, func(a args) (rig.Order, error) {
				amount, err := pay.ParseAmount(a.at(1))
				return rig.Order{Flow: pay.Tip, Amount: amount}, err
			})},
		{Name: "adds-tip", En: `{who} adds a tip of {amount} to {message} at {till}`, Zh: `{who}在 {till} 为{message}加小费 {amount}`, Order: []int{0, 3, 2, 1},
			Example: `When Alice adds a tip of 1.00 CNY to the 1st sale at "T1"`, ExampleZh: `当 小爱在 "T1" 为第 1 笔消费加小费 1.00 元`,
			Is: "The cashier types the tip that the guest has written on the slip.", do: func(s *scenario, a args) error {
				return onOriginal(3, func(_ pay.Flow, a args) (rig.Order, error) {
					amount, err := pay.ParseAmount(a.at(2))
					return rig.Order{Flow: pay.Tip, Amount: amount}, err
				})(s, args{list: []string{a.at(0), a.at(2), a.at(1), a.at(3)}})
			}},
		{Name: "rest", En: `the cashier (collects the rest|gives the sale up) at {till}`, Zh: `收银员在 {till} (收取余款|放弃交易)`, Order: []int{1, 0},
			Example: `And the cashier collects the rest at "T1"`, ExampleZh: `并且 收银员在 "T1" 收取余款`,
			Is: "The green or the red key when the till asks for the rest of a partial approval.", do: atTill(1, rest)},
		{Name: "keeps-offline", En: `{till} keeps (no|\d+) offline sales? for the host`, Zh: `{till} 有 (0|\d+) 笔离线交易待上送`,
			Example: `Then "T1" keeps 2 offline sales for the host`, ExampleZh: `那么 "T1" 有 2 笔离线交易待上送`,
			Is: "What the till has approved alone and the host has not answered.", do: onTill(keepsOffline)},
	}
}

func switched(name, value string) func(*scenario, args) error {
	return onTill(func(_ *scenario, t *rig.Till, _ args) error { return t.SetSwitches(map[string]string{name: value}) })
}

// onVoucher gives an order about the last offline sale of the till that argument i names.
func onVoucher(i int, make func(args) (rig.Order, error)) func(*scenario, args) error {
	return atTill(i, func(_ *scenario, t *rig.Till, a args) error {
		o, err := make(a)
		if err != nil {
			return err
		}
		if o.Voucher, err = t.Voucher(pay.OfflineSale); err != nil {
			return err
		}
		o.Who, o.PIN, o.Supervisor = a.at(0), rig.PINRight, true
		return t.Order(o)
	})
}

func rest(_ *scenario, t *rig.Till, a args) error {
	if t.Need() != terminal.NeedRest {
		return failed(t.Name, "asks for the rest", "it waits for "+orNothing(string(t.Need())))
	}
	if a.at(0) == "collects the rest" {
		return t.Do(terminal.Event{Kind: terminal.Confirm})
	}
	return t.Do(terminal.Event{Kind: terminal.Cancel})
}

func keepsOffline(_ *scenario, t *rig.Till, a args) error {
	wanted := a.at(1)
	if wanted == "no" {
		wanted = "0"
	}
	return equal(t.Name+" offline sales", wanted, strconv.Itoa(t.Status().Stored))
}

func chipFloorLimit(_ *scenario, t *rig.Till, a args) error {
	limit, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	return t.SetFloor(limit, a.at(2) == "without")
}
