package steps

import (
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/rig"
)

// payerSteps are about automatic debits, which need a payer's consent.
func payerSteps() []Step { return slices.Concat(consentSteps(), debitSteps()) }

func consentSteps() []Step {
	return []Step{
		{Name: "payer-has", En: `{who} has {amount} in the bank`, Zh: `{who}在银行有 {amount}`,
			Example: `Given Alice has 500.00 CNY in the bank`, ExampleZh: `假如 小爱在银行有 500.00 元`,
			Is: "In the account from which debits are made, from now on.", do: func(s *scenario, a args) error {
				amount, err := pay.ParseAmount(a.at(1))
				if err != nil {
					return err
				}
				return s.world.ArrangePayer(a.at(0), amount, rig.ConditionNormal)
			}},
		{Name: "payers-bank-is", En: `the bank of {who} (pays debits and says nothing|answers again)`, Zh: `{who}的银行(扣款但不应答|恢复应答)`,
			Example: `Given the bank of Alice pays debits and says nothing`, ExampleZh: `假如 小爱的银行扣款但不应答`,
			Is: "From now on.", do: func(s *scenario, a args) error {
				condition := rig.ConditionNormal
				if a.at(1) == "pays debits and says nothing" {
					condition = rig.ConditionMute
				}
				return s.world.ArrangePayer(a.at(0), pay.Amount{}, condition)
			}},
		{Name: "asks-consent", En: `{merchant} asks {who} to agree to debits of at most {amount}, {amount} a day and {amount} a month`, Zh: `{merchant} 请{who}同意代扣：单笔 {amount}、每日 {amount}、每月 {amount}`,
			Example: `When "Noodle House" asks Alice to agree to debits of at most 50.00 CNY, 80.00 CNY a day and 100.00 CNY a month`, ExampleZh: `当 "面馆" 请小爱同意代扣：单笔 50.00 元、每日 80.00 元、每月 100.00 元`,
			Is: "For a year from today and at most four times a month. The office texts the payer a code.", do: asksConsent(false)},
		{Name: "asks-other-consent", En: `{merchant} asks {who} to agree to other debits of at most {amount}, {amount} a day and {amount} a month`, Zh: `{merchant} 请{who}同意变更代扣：单笔 {amount}、每日 {amount}、每月 {amount}`,
			Example: `When "Noodle House" asks Alice to agree to other debits of at most 90.00 CNY, 90.00 CNY a day and 200.00 CNY a month`, ExampleZh: `当 "面馆" 请小爱同意变更代扣：单笔 90.00 元、每日 90.00 元、每月 200.00 元`,
			Is: "Instead of those agreed to; likewise.", do: asksConsent(true)},
		{Name: "payer-answers", En: `{who} (agrees to the debits|types a wrong code for the debits|cancels the debits)`, Zh: `{who}(同意代扣|输错代扣验证码|取消代扣)`,
			Example: `When Alice agrees to the debits`, ExampleZh: `当 小爱同意代扣`,
			Is: "With the code on the phone, where there is one to type.", do: func(s *scenario, a args) (err error) {
				if a.at(1) == "cancels the debits" {
					_, err = s.world.EndsDebits(a.at(0))
				} else {
					_, err = s.world.ConfirmsDebits(a.at(0), a.at(1) == "types a wrong code for the debits")
				}
				return err
			}},
	}
}

func debitSteps() []Step {
	return []Step{
		{Name: "debits", En: `{merchant} debits {who} {amount} under number {text}`, Zh: `{merchant} 向{who}代扣 {amount}，单号 {text}`,
			Example: `When "Noodle House" debits Alice 30.00 CNY under number "1"`, ExampleZh: `当 "面馆" 向小爱代扣 30.00 元，单号 "1"`,
			Is: "At once, whatever the office says to that.", do: debits(false)},
		{Name: "debits-later", En: `{merchant} debits {who} {amount} under number {text}, due in {duration}`, Zh: `{merchant} 向{who}代扣 {amount}，单号 {text}，{duration}后到期`,
			Example: `When "Noodle House" debits Alice 30.00 CNY under number "1", due in 7 days`, ExampleZh: `当 "面馆" 向小爱代扣 30.00 元，单号 "1"，7 天后到期`,
			Is: "Enjoyed now, paid then, in the morning.", do: debits(true)},
		{Name: "debits-with-coupon", En: `{merchant} debits {who} {amount} under number {text}, with coupon {text} of {amount}`, Zh: `{merchant} 向{who}代扣 {amount}，单号 {text}，使用优惠券 {text} 抵 {amount}`,
			Example: `When "Noodle House" debits Alice 30.00 CNY under number "1", with coupon "C1" of 5.00 CNY`, ExampleZh: `当 "面馆" 向小爱代扣 30.00 元，单号 "1"，使用优惠券 "C1" 抵 5.00 元`,
			Is: "The coupon makes it cheaper, and counts once.", do: withAmount(2, func(s *scenario, a args, amount pay.Amount) error {
				off, err := pay.ParseAmount(a.at(5))
				if err == nil {
					_, err = s.world.DebitWithCoupon(a.at(0), a.at(1), a.at(3), amount, merchant.Coupon{Number: a.at(4), Amount: off})
				}
				return err
			})},
		{Name: "becomes-member", En: `{merchant} makes {who} a member for {amount} a month`, Zh: `{merchant} 让{who}成为会员，每月 {amount}`,
			Example: `When "Noodle House" makes Alice a member for 20.00 CNY a month`, ExampleZh: `当 "面馆" 让小爱成为会员，每月 20.00 元`,
			Is: "By what the payer has agreed to: the first month at once, then on the same day of each.", do: withAmount(2, func(s *scenario, a args, amount pay.Amount) error {
				_, err := s.world.BecomesMember(a.at(0), a.at(1), amount)
				return err
			})},
		{Name: "card-revoked", En: `the bank of {who} revokes the card`, Zh: `{who}的银行吊销其卡片`,
			Example: `Given the bank of Alice revokes the card`, ExampleZh: `假如 小爱的银行吊销其卡片`,
			Is: "It pays no debit any more, and says why.", do: func(s *scenario, a args) error {
				return s.world.ArrangePayer(a.at(0), pay.Amount{}, rig.ConditionRevoked)
			}},
		{Name: "debits-are", En: `the debits of {merchant} are`, Zh: `{merchant} 的代扣为`, Table: true,
			Example: `Then the debits of "Noodle House" are`, ExampleZh: `那么 "面馆" 的代扣为`,
			Is: "Exactly these: number, amount, state (waiting, paid, failed, overdue, unknown), tries.", do: debitsAre},
		{Name: "payer-has-left", En: `{who} has {amount} left in the bank`, Zh: `{who}在银行还有 {amount}`,
			Example: `Then Alice has 470.00 CNY left in the bank`, ExampleZh: `那么 小爱在银行还有 470.00 元`,
			Is: "By the bank's own books.", do: func(s *scenario, a args) error {
				got, err := s.world.PayerHolds(a.at(0))
				return sameMoney("bank of "+a.at(0), a.at(1), got, err)
			}},
		{Name: "payer-was-texted", En: `{who} was texted of {count} debits?`, Zh: `{who}收到 {count} 条代扣短信`,
			Example: `And Alice was texted of 1 debit`, ExampleZh: `并且 小爱收到 1 条代扣短信`,
			Is: "In all.", do: func(s *scenario, a args) error {
				n, err := s.world.PayerTexts(a.at(0))
				if err != nil {
					return err
				}
				return equal("texts to "+a.at(0), a.at(1), strconv.Itoa(n))
			}},
	}
}

func asksConsent(change bool) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		k := merchant.Consent{Count: 4, From: s.world.Loop.Now().Format("2006-01-02"), Until: s.world.Loop.Now().AddDate(1, 0, 0).Format("2006-01-02")}
		for i, into := range []*pay.Amount{&k.PerDebit, &k.PerDay, &k.PerMonth} {
			var err error
			if *into, err = pay.ParseAmount(a.at(2 + i)); err != nil {
				return err
			}
		}
		_, err := s.world.Agree(a.at(0), a.at(1), k, change)
		return err
	}
}

func debits(later bool) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		amount, err := pay.ParseAmount(a.at(2))
		if err != nil {
			return err
		}
		day := ""
		if later {
			d, err := time.ParseDuration(a.at(4))
			if err != nil {
				return err
			}
			day = s.world.Loop.Now().Add(d).Format("2006-01-02")
		}
		_, err = s.world.Debit(a.at(0), a.at(1), a.at(3), amount, day)
		return err
	}
}

func debitsAre(s *scenario, a args) error {
	said, err := s.world.AskOfficeFor(a.at(0), merchant.OpDebits, merchant.Request{})
	if err != nil {
		return err
	}
	return compareRows("debits of "+a.at(0), a, len(said.Debits), func(i int, column string) string {
		d := said.Debits[i]
		return map[string]string{"number": d.Number, "amount": d.Amount.String(), "state": string(d.State), "tries": strconv.Itoa(d.Tries)}[column]
	})
}
