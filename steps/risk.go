package steps

import (
	"cmp"
	"errors"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// riskSteps are about what the acquirer refuses before anybody is asked.
func riskSteps() []Step {
	return []Step{
		{Name: "risk-sum", En: `the acquirer takes at most {amount} a (day|month) of each (card|merchant|terminal)`, Zh: `收单方规定每(张卡|家商户|台终端)每(日|月)累计不超过 {amount}`, Order: []int{2, 1, 0},
			Example: `Given the acquirer takes at most 100.00 CNY a day of each card`, ExampleZh: `假如 收单方规定每张卡每日累计不超过 100.00 元`,
			Is: "A line of its risk control, from now on, with what was paid before.", do: limit(func(a args) (pay.Limit, error) {
				sum, err := pay.ParseAmount(a.at(0))
				return pay.Limit{Amount: sum, In: a.at(1), Of: pay.Subject(a.at(2))}, err
			})},
		{Name: "risk-count", En: `the acquirer takes at most {count} payments a (day|month) of each (card|merchant|terminal)`, Zh: `收单方规定每(张卡|家商户|台终端)每(日|月)不超过 {count} 笔`, Order: []int{2, 1, 0},
			Example: `Given the acquirer takes at most 3 payments a month of each card`, ExampleZh: `假如 收单方规定每张卡每月不超过 3 笔`,
			Is: "As a sum; voided payments do not count.", do: limit(func(a args) (pay.Limit, error) {
				n, err := strconv.Atoi(a.at(0))
				return pay.Limit{Count: n, In: a.at(1), Of: pay.Subject(a.at(2))}, err
			})},
		{Name: "risk-velocity", En: `the acquirer takes at most {count} attempts in {duration} of each (card|merchant|terminal)`, Zh: `收单方规定每(张卡|家商户|台终端) ?{duration}内不超过 {count} 次尝试`, Order: []int{2, 1, 0},
			Example: `Given the acquirer takes at most 3 attempts in 10 minutes of each card`, ExampleZh: `假如 收单方规定每张卡 10 分钟内不超过 3 次尝试`,
			Is: "Back from each payment, with those that were declined.", do: limit(func(a args) (pay.Limit, error) {
				n, err := strconv.Atoi(a.at(0))
				return pay.Limit{Count: n, In: a.at(1), Of: pay.Subject(a.at(2))}, err
			})},
		{Name: "risk-entry", En: `{merchant} takes at most {amount} by (swipe|chip|tap|typing)`, Zh: `{merchant} (刷卡|插卡|挥卡|手输)单笔不超过 {amount}`, Order: []int{0, 2, 1},
			Example: `Given "Noodle House" takes at most 50.00 CNY by swipe`, ExampleZh: `假如 "面馆" 刷卡单笔不超过 50.00 元`,
			Is: "By how the card is read: a line of the acquirer's risk control.", do: func(s *scenario, a args) error {
				sum, err := pay.ParseAmount(a.at(1))
				return errors.Join(err, byEntry(s, a.at(0), a.at(2), sum))
			}},
		{Name: "risk-entry-none", En: `{merchant} takes nothing by (swipe|chip|tap|typing)`, Zh: `{merchant} 不受理(刷卡|插卡|挥卡|手输)`,
			Example: `Given "Noodle House" takes nothing by swipe`, ExampleZh: `假如 "面馆" 不受理刷卡`,
			Is: "A line without a sum.", do: func(s *scenario, a args) error { return byEntry(s, a.at(0), a.at(1), pay.Amount{}) }},
		{Name: "risk-review", En: `the acquirer looks at what is over {amount} first`, Zh: `收单方对超过 {amount}的交易先行人工审核`,
			Example: `Given the acquirer looks at what is over 500.00 CNY first`, ExampleZh: `假如 收单方对超过 500.00 元的交易先行人工审核`,
			Is: "Nothing over it passes before a person has released it.", do: limit(func(a args) (pay.Limit, error) {
				sum, err := pay.ParseAmount(a.at(0))
				return pay.Limit{Amount: sum, Review: true}, err
			})},
		{Name: "blacklists", En: `the acquirer puts {who}'s card (on|off) its blacklist`, Zh: `收单方把{who}的卡(列入|移出)黑名单`,
			Example: `When the acquirer puts Alice's card on its blacklist`, ExampleZh: `当 收单方把小爱的卡列入黑名单`,
			Is: "For all its merchants.", do: func(s *scenario, a args) error {
				_, err := s.world.BlockCard(a.at(0), a.at(1) == "on")
				return err
			}},
		{Name: "review-decided", En: `the acquirer (releases|refuses) what it looks at`, Zh: `收单方对待审交易(放行|拒绝)`,
			Example: `When the acquirer releases what it looks at`, ExampleZh: `当 收单方对待审交易放行`,
			Is: "What has waited longest: released, it passes once within a day; refused, its card goes on the blacklist.", do: func(s *scenario, a args) error {
				_, err := s.world.DecideReview(map[string]merchant.Decision{"releases": merchant.Release, "refuses": merchant.Refuse}[a.at(0)])
				return err
			}},
		{Name: "reviews-are", En: `the acquirer has looked at`, Zh: `收单方的人工审核为`, Table: true,
			Example: `Then the acquirer has looked at`, ExampleZh: `那么 收单方的人工审核为`,
			Is: "Exactly these payments: card, amount, limit, decision (release, refuse; empty while it waits).", do: reviewsAre},
	}
}

// limit puts a line into risk control, by the name of what it bounds.
func limit(of func(args) (pay.Limit, error)) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		l, err := of(a)
		if err != nil {
			return err
		}
		l.Name = cmp.Or(string(l.Of), "payment") + "-" + cmp.Or(l.In, "once")
		if l.Review {
			l.Name = "review"
		}
		return officeTook(s.world.LimitRisk("", l))
	}
}

// officeTook makes an error of what the office refuses to have arranged.
func officeTook(said merchant.Answer, err error) error {
	if err == nil && said.Code != merchant.OK {
		err = failed("office", string(merchant.OK), string(said.Code)+": "+said.Reason)
	}
	return err
}

func byEntry(s *scenario, shop, way string, most pay.Amount) error {
	entries := map[string]pay.Entry{"swipe": pay.Entry02Stripe, "chip": pay.Entry05Chip, "tap": pay.Entry07Contactless, "typing": pay.Entry01Manual}
	return officeTook(s.world.LimitRisk(shop, pay.Limit{Name: way, Entry: entries[way], Amount: most}))
}

func reviewsAre(s *scenario, a args) error {
	said, err := s.world.AskOffice(merchant.OpReviews, merchant.Request{})
	if err != nil {
		return err
	}
	return compareRows("reviews", a, len(said.Reviews), func(i int, column string) string {
		v := said.Reviews[i]
		return map[string]string{"card": v.Card, "amount": v.Amount.String(), "limit": v.Limit, "decision": v.Decision}[column]
	})
}
