package steps

import (
	"slices"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/rig"
)

// newcomerSteps are about becoming a merchant, and about the device that he gets.
func newcomerSteps() []Step { return slices.Concat(applicantSteps(), activationSteps(), phoneSteps()) }

func applicantSteps() []Step {
	return []Step{
		{Name: "applies", En: `{merchant} (?:applies|has applied) to be a merchant( with somebody else's account| with a misprinted identity number)?`,
			Zh: `{merchant} 申请入网(，收款账户为他人所有|，证件号码有误)?`, Example: `When "Corner Shop" applies to be a merchant with somebody else's account`,
			ExampleZh: `当 "小卖部" 申请入网，收款账户为他人所有`, Is: "With the papers of its owner, as fixtures/merchants has them.", do: func(s *scenario, a args) error {
				_, err := s.world.Apply(a.at(0), rig.Applies{Stranger: a.at(1) == " with somebody else's account", Misprint: a.at(1) == " with a misprinted identity number"})
				return err
			}},
		{Name: "applies-under", En: `{merchant} (?:applies|has applied) to be a merchant (under MCC|in campaign) {text}`, Zh: `{merchant} 申请入网，(商户类别码|活动)为 {text}`,
			Example: `When "Corner Shop" applies to be a merchant under MCC "7995"`, ExampleZh: `当 "小卖部" 申请入网，商户类别码为 "7995"`,
			Is: "Likewise; campaigns stand in the office's terms.", do: func(s *scenario, a args) error {
				how := rig.Applies{MCC: a.at(2)}
				if a.at(1) == "in campaign" {
					how = rig.Applies{Campaign: a.at(2)}
				}
				_, err := s.world.Apply(a.at(0), how)
				return err
			}},
		{Name: "brings-documents", En: `{merchant} (?:brings|has brought) (all its documents|a picture of its shop only)`, Zh: `{merchant} 提交(全部资料|门头照片一张)`,
			Example: `When "Corner Shop" brings all its documents`, ExampleZh: `当 "小卖部" 提交全部资料`,
			Is: "Of the application.", do: func(s *scenario, a args) (err error) {
				if a.at(1) == "all its documents" {
					_, err = s.world.BringDocuments(a.at(0))
				} else {
					_, err = s.world.BringDocument(a.at(0), "shop")
				}
				return err
			}},
		{Name: "reviews", En: `the office (approves|rejects|wants new documents of) {merchant}`, Zh: `后台(批准|拒绝|要求补件) {merchant}`,
			Example: `When the office approves "Corner Shop"`, ExampleZh: `当 后台批准 "小卖部"`,
			Is: "The review of its application, whatever the office says to that.", do: func(s *scenario, a args) error {
				_, err := s.world.Review(a.at(1), map[string]merchant.Decision{"approves": merchant.Approve, "rejects": merchant.Reject, "wants new documents of": merchant.Resubmit}[a.at(0)])
				return err
			}},
		{Name: "is-approved", En: `{merchant} is an approved merchant`, Zh: `{merchant} 已获准入网`,
			Example: `Given "Corner Shop" is an approved merchant`, ExampleZh: `假如 "小卖部" 已获准入网`,
			Is: "It has applied, brought its documents and been approved.", do: func(s *scenario, a args) error { return approved(s, a.at(0), "") }},
		{Name: "application-is", En: `the application of {merchant} is at (documents|review|approved|rejected)`, Zh: `{merchant} 的申请处于(资料提交|审核|通过|拒绝)阶段`,
			Example: `Then the application of "Corner Shop" is at review`, ExampleZh: `那么 "小卖部" 的申请处于审核阶段`,
			Is: "What the office says of it.", do: func(s *scenario, a args) error {
				said, err := s.world.Application(a.at(0))
				if err != nil {
					return err
				}
				stage := string(said.Code)
				if said.Application != nil {
					stage = string(said.Application.Stage)
				}
				return equal("application of "+a.at(0), a.at(1), stage)
			}},
	}
}

func activationSteps() []Step {
	return []Step{
		{Name: "ships", En: `the office ships {till} to {merchant}`, Zh: `后台向 {merchant} 发出 {till}`, Order: []int{1, 0},
			Example: `When the office ships "T5" to "Corner Shop"`, ExampleZh: `当 后台向 "小卖部" 发出 "T5"`,
			Is: "As it comes from the factory: bound to that merchant, and without keys.", do: func(s *scenario, a args) error {
				_, err := s.world.Ship(a.at(0), a.at(1))
				return err
			}},
		{Name: "asks-code", En: `the owner of {merchant} asks for a code for {till}`, Zh: `{merchant} 的店主为 {till} 索取激活码`,
			Example: `When the owner of "Corner Shop" asks for a code for "T5"`, ExampleZh: `当 "小卖部" 的店主为 "T5" 索取激活码`,
			Is: "It is texted to the owner's phone.", do: func(s *scenario, a args) error {
				_, err := s.world.AskCode(a.at(0), a.at(1))
				return err
			}},
		{Name: "activates", En: `the owner of {merchant} types (the code|a wrong code) into {till}(?: {count} times)?`, Zh: `{merchant} 的店主在 {till} 输入(激活码|错误的激活码)(?: {count} 次)?`, Order: []int{0, 2, 1, 3},
			Example: `When the owner of "Corner Shop" types the code into "T5"`, ExampleZh: `当 "小卖部" 的店主在 "T5" 输入激活码`,
			Is: "The last code that was texted to the owner. If it is right, the till gets its number and its master key, and starts again.", do: typesCode},
		{Name: "is-unboxed", En: `{till} is fresh from the factory`, Zh: `{till} 是出厂状态的新机`,
			Example: `Given "T5" is fresh from the factory`, ExampleZh: `假如 "T5" 是出厂状态的新机`,
			Is: "No acquirer knows it; somebody has typed its numbers in.", do: func(s *scenario, a args) error {
				_, err := s.world.Unbox(a.at(0))
				return err
			}},
		{Name: "has-activated", En: `{merchant} sells with {till}( in campaign "spring"| in campaign "winter")?`, Zh: `{merchant} 已启用 {till}(，参加活动 "spring"|，参加活动 "winter")?`,
			Example: `Given "Corner Shop" sells with "T5"`, ExampleZh: `假如 "小卖部" 已启用 "T5"`,
			Is: "It is an approved merchant, its till was shipped and activated, and has signed in.", do: hasActivated},
		{Name: "suspends", En: `the office (suspends|lets sell again|closes) {merchant}`, Zh: `后台(暂停|恢复|注销) {merchant}`,
			Example: `When the office suspends "Corner Shop"`, ExampleZh: `当 后台暂停 "小卖部"`,
			Is: "At the acquirer too.", do: func(s *scenario, a args) (err error) {
				switch a.at(0) {
				case "suspends":
					_, err = s.world.Suspend(a.at(1))
				case "closes":
					_, err = s.world.CloseShop(a.at(1))
				default:
					_, err = s.world.Resume(a.at(1))
				}
				return err
			}},
		{Name: "gives-back", En: `{till} is given back with damage of {amount}`, Zh: `退还 {till}，损坏赔偿 {amount}`,
			Example: `When "T5" is given back with damage of 20.00 CNY`, ExampleZh: `当 退还 "T5"，损坏赔偿 20.00 元`,
			Is: "To the office; no damage is 0.00 CNY.", do: func(s *scenario, a args) error {
				damage, err := pay.ParseAmount(a.at(1))
				if err != nil {
					return err
				}
				_, err = s.world.GiveBack(a.at(0), damage)
				return err
			}},
		{Name: "no-output-holds-person", En: `no output holds the name, the papers, the phone or the account of the owner of {merchant}`, Zh: `任何输出都不含 {merchant} 店主的姓名、证件、手机号或账号`,
			Example: `Then no output holds the name, the papers, the phone or the account of the owner of "Corner Shop"`, ExampleZh: `那么 任何输出都不含 "小卖部" 店主的姓名、证件、手机号或账号`,
			Is: "Nor an activation code: trace, journals, what the office said, and the control door's answers.", do: func(s *scenario, a args) error {
				secrets, err := s.world.PersonSecrets(a.at(0))
				return noLeak(s, secrets, err)
			}},
	}
}

func phoneSteps() []Step {
	return []Step{
		{Name: "registers-app", En: `the owner of {merchant} (?:registers|has registered) the phone app( with a wrong code)?`, Zh: `{merchant} 的店主注册手机 APP(，但验证码错误)?`,
			Example: `When the owner of "Corner Shop" registers the phone app`, ExampleZh: `当 "小卖部" 的店主注册手机 APP`,
			Is: "By the code that was texted to the phone of who applied.", do: func(s *scenario, a args) error {
				_, err := s.world.RegisterApp(a.at(0), a.at(1) != "")
				return err
			}},
		{Name: "binds-card", En: `the owner of {merchant} (?:binds|has bound) the card of {who}`, Zh: `{merchant} 的店主绑定{who}的银行卡`,
			Example: `When the owner of "Corner Shop" binds the card of Carol`, ExampleZh: `当 "小卖部" 的店主绑定小萝的银行卡`,
			Is: "That of a cardholder; the code is the owner's.", do: func(s *scenario, a args) error {
				_, err := s.world.BindCard(a.at(0), a.at(1))
				return err
			}},
		{Name: "binds-own-card", En: `the owner of {merchant} (binds|has bound|unbinds) a card of his own`, Zh: `{merchant} 的店主(绑定|已绑定|解绑)本人银行卡`,
			Example: `When the owner of "Corner Shop" binds a card of his own`, ExampleZh: `当 "小卖部" 的店主绑定本人银行卡`,
			Is: "The one in fixtures/merchants; withdrawals go there while it is bound.", do: func(s *scenario, a args) (err error) {
				if a.at(1) == "unbinds" {
					_, err = s.world.UnbindCard(a.at(0))
				} else {
					_, err = s.world.BindCard(a.at(0), "")
				}
				return err
			}},
	}
}

// asWanted holds what the office said to what a scenario needs to begin.
func asWanted(said merchant.Answer, err error) error {
	if err == nil && said.Code != merchant.OK {
		err = failed("office", "OK", string(said.Code)+" "+said.Reason)
	}
	return err
}

func approved(s *scenario, shop, campaign string) error {
	if err := asWanted(s.world.Apply(shop, rig.Applies{Campaign: campaign})); err != nil {
		return err
	}
	if err := asWanted(s.world.BringDocuments(shop)); err != nil {
		return err
	}
	return asWanted(s.world.Review(shop, merchant.Approve))
}

func hasActivated(s *scenario, a args) error {
	campaign := map[string]string{` in campaign "spring"`: "spring", ` in campaign "winter"`: "winter"}[a.at(2)]
	if err := approved(s, a.at(0), campaign); err != nil {
		return err
	}
	if err := asWanted(s.world.Ship(a.at(1), a.at(0))); err != nil {
		return err
	}
	if err := asWanted(s.world.AskCode(a.at(0), a.at(1))); err != nil {
		return err
	}
	if err := asWanted(s.world.Activate(a.at(1), a.at(0), false)); err != nil {
		return err
	}
	t, err := s.till(a.at(1))
	if err != nil {
		return err
	}
	return t.SignIn()
}

func typesCode(s *scenario, a args) error {
	times := 1
	if a.at(3) != "" {
		n, err := strconv.Atoi(a.at(3))
		if err != nil {
			return err
		}
		times = n
	}
	for range times {
		if _, err := s.world.Activate(a.at(2), a.at(0), a.at(1) == "a wrong code"); err != nil {
			return err
		}
	}
	return nil
}
