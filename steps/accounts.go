package steps

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/rig"
)

// accountSteps are about who may ask the office: accounts, passwords, sessions, keys.
func accountSteps() []Step { return slices.Concat(accountGivens(), accountActs(), accountAsks()) }

func accountGivens() []Step {
	return []Step{
		{Name: "has-account", En: `{text} is (owner|operator) of {merchant} at the office`, Zh: `{text} 是 {merchant} 在后台的(店主|操作员)`, Order: []int{0, 2, 1},
			Example: `Given "mei" is owner of "Noodle House" at the office`, ExampleZh: `假如 "mei" 是 "面馆" 在后台的店主`,
			Is: "The office has opened the account, its first password was changed, and its user has logged in.", do: func(s *scenario, a args) error {
				if err := asWanted(s.world.OpenAccount("", a.at(2), a.at(0), merchant.Role(a.at(1)))); err != nil {
					return err
				}
				if err := asWanted(s.world.LogIn(a.at(0), a.at(2), false)); err != nil {
					return err
				}
				return asWanted(s.world.ChangePassword(a.at(0), a.at(2), rig.PasswordGood))
			}},
		{Name: "opens-account", En: `the office (?:opens|has opened|resets) the account of {text} of {merchant}`, Zh: `后台(?:开通|重置) {merchant} 的 {text} 的账号`, Order: []int{1, 0},
			Example: `Given the office has opened the account of "mei" of "Noodle House"`, ExampleZh: `假如 后台开通 "面馆" 的 "mei" 的账号`,
			Is: "An owner's; the first password is drawn, and told to the user.", do: func(s *scenario, a args) error {
				return asWanted(s.world.OpenAccount("", a.at(1), a.at(0), merchant.RoleOwner))
			}},
		{Name: "closes-account", En: `the office (?:closes|has closed) the account of {text} of {merchant}`, Zh: `后台注销 {merchant} 的 {text} 的账号`, Order: []int{1, 0},
			Example: `When the office closes the account of "mei" of "Noodle House"`, ExampleZh: `当 后台注销 "面馆" 的 "mei" 的账号`,
			Is: "It is not there any more.", do: func(s *scenario, a args) error {
				_, err := s.world.CloseAccount(a.at(0), a.at(1))
				return err
			}},
	}
}

func accountActs() []Step {
	return []Step{
		{Name: "account-logs-in", En: `{text} of {merchant} (?:logs|has logged) in( with a wrong password)?(?: {count} times)?`, Zh: `{merchant} 的 {text} (?:用密码|再次)?登录后台(，密码有误)?(?:，共 {count} 次)?`, Order: []int{1, 0, 2, 3},
			Example: `When "mei" of "Noodle House" logs in with a wrong password 5 times`, ExampleZh: `当 "面馆" 的 "mei" 登录后台，密码有误，共 5 次`,
			Is: "Of the office, with the password that was set last.", do: logsInAtOffice},
		{Name: "account-logs-out", En: `{text} of {merchant} (?:logs|has logged) out`, Zh: `{merchant} 的 {text} 退出后台`, Order: []int{1, 0},
			Example: `When "mei" of "Noodle House" logs out`, ExampleZh: `当 "面馆" 的 "mei" 退出后台`,
			Is: "Of the office; what knew the session goes on knowing it.", do: func(s *scenario, a args) error {
				_, err := s.world.AskAs(a.at(0), a.at(1), merchant.OpLogOut, merchant.Request{})
				return err
			}},
		{Name: "earlier-phone", En: `{text} of {merchant} takes the earlier phone again`, Zh: `{merchant} 的 {text} 改用先前的手机`, Order: []int{1, 0},
			Example: `When "mei" of "Noodle House" takes the earlier phone again`, ExampleZh: `当 "面馆" 的 "mei" 改用先前的手机`,
			Is: "With the session before the last one.", do: func(s *scenario, a args) error { return s.world.UseEarlierPhone(a.at(0), a.at(1)) }},
		{Name: "changes-password", En: `{text} of {merchant} changes the password to (a good one|a short one|one of digits|one with the own name|the same)`,
			Zh: `{merchant} 的 {text} 将密码改为(合格的|过短的|纯数字的|含本人用户名的|原来的)`, Order: []int{1, 0, 2},
			Example: `When "mei" of "Noodle House" changes the password to a short one`, ExampleZh: `当 "面馆" 的 "mei" 将密码改为过短的`,
			Is: "Within the session; the one before is told, too.", do: func(s *scenario, a args) error {
				kind := map[string]string{"a good one": rig.PasswordGood, "a short one": rig.PasswordShort, "one of digits": rig.PasswordDigits,
					"one with the own name": rig.PasswordName, "the same": rig.PasswordSame}[a.at(2)]
				_, err := s.world.ChangePassword(a.at(0), a.at(1), kind)
				return err
			}},
		{Name: "opens-for", En: `{text} of {merchant} opens an account for (owner|operator) {text}`, Zh: `{merchant} 的 {text} 为(店主|操作员) {text} 开通账号`, Order: []int{1, 0, 2, 3},
			Example: `When "mei" of "Noodle House" opens an account for operator "lin"`, ExampleZh: `当 "面馆" 的 "mei" 为操作员 "lin" 开通账号`,
			Is: "Of the same shop.", do: func(s *scenario, a args) error {
				_, err := s.world.OpenAccount(a.at(0), a.at(1), a.at(3), merchant.Role(a.at(2)))
				return err
			}},
		{Name: "makes-key", En: `{text} of {merchant} makes a key`, Zh: `{merchant} 的 {text} 生成接口密钥`, Order: []int{1, 0},
			Example: `When "mei" of "Noodle House" makes a key`, ExampleZh: `当 "面馆" 的 "mei" 生成接口密钥`,
			Is: "For the shop's own programs.", do: func(s *scenario, a args) error {
				_, err := s.world.MakeKey(a.at(0), a.at(1))
				return err
			}},
	}
}

func accountAsks() []Step {
	return []Step{
		{Name: "asks-as", En: `{text} of {merchant} asks what is owed to {merchant}`, Zh: `{merchant} 的 {text} 查询 {merchant} 的应付款`, Order: []int{1, 0, 2},
			Example: `When "mei" of "Noodle House" asks what is owed to "Noodle House"`, ExampleZh: `当 "面馆" 的 "mei" 查询 "面馆" 的应付款`,
			Is: "With the session of now, if there is one.", do: func(s *scenario, a args) error {
				return askAbout(s, a.at(2), func(r merchant.Request) (merchant.Answer, error) {
					return s.world.AskAs(a.at(0), a.at(1), merchant.OpOwed, r)
				})
			}},
		{Name: "goes-on-asking", En: `{text} of {merchant} goes on asking every {duration} for {duration}`, Zh: `{merchant} 的 {text} 每隔 {duration}查询一次，持续 {duration}`, Order: []int{1, 0, 2, 3},
			Example: `When "mei" of "Noodle House" goes on asking every 10 minutes for 2 hours`, ExampleZh: `当 "面馆" 的 "mei" 每隔 10 分钟查询一次，持续 2 小时`,
			Is: "What is owed to the shop, whatever the office says.", do: goesOnAsking},
		{Name: "wants-money-as", En: `{text} of {merchant} wants the money at once`, Zh: `{merchant} 的 {text} 申请即时到账`, Order: []int{1, 0},
			Example: `When "mei" of "Noodle House" wants the money at once`, ExampleZh: `当 "面馆" 的 "mei" 申请即时到账`,
			Is: "All that the office owes the shop.", do: func(s *scenario, a args) error {
				return askAbout(s, a.at(1), func(r merchant.Request) (merchant.Answer, error) {
					return s.world.AskAs(a.at(0), a.at(1), merchant.OpPayout, r)
				})
			}},
		{Name: "asks-as-nobody", En: `somebody who has not logged in asks what is owed to {merchant}`, Zh: `未登录者查询 {merchant} 的应付款`,
			Example: `When somebody who has not logged in asks what is owed to "Noodle House"`, ExampleZh: `当 未登录者查询 "面馆" 的应付款`,
			Is: "Of the office.", do: func(s *scenario, a args) error {
				return askAbout(s, a.at(0), func(r merchant.Request) (merchant.Answer, error) {
					return s.world.AskAs("", a.at(0), merchant.OpOwed, r)
				})
			}},
		{Name: "asks-by-key", En: `(the key|the key before) of {merchant} asks what is owed to {merchant}`, Zh: `用 {merchant} 的(密钥|旧密钥)查询 {merchant} 的应付款`, Order: []int{1, 0, 2},
			Example: `When the key of "Noodle House" asks what is owed to "Noodle House"`, ExampleZh: `当 用 "面馆" 的密钥查询 "面馆" 的应付款`,
			Is: "The last key that the shop has made, or the one before.", do: func(s *scenario, a args) error {
				return askAbout(s, a.at(2), func(r merchant.Request) (merchant.Answer, error) {
					return s.world.AskByKey(a.at(1), a.at(0) == "the key before", merchant.OpOwed, r)
				})
			}},
		{Name: "no-output-holds-account", En: `no output holds a password, a session or a key of the office`, Zh: `任何输出都不含后台的密码、会话或密钥`,
			Example: `Then no output holds a password, a session or a key of the office`, ExampleZh: `那么 任何输出都不含后台的密码、会话或密钥`,
			Is: "Trace, journals, and the control door's answers.", do: func(s *scenario, _ args) error {
				secrets, err := s.world.AccountSecrets()
				return noLeak(s, secrets, err)
			}},
	}
}

// askAbout asks the office something about a shop.
func askAbout(s *scenario, shop string, ask func(merchant.Request) (merchant.Answer, error)) error {
	m, err := s.world.Rig.Cast.Merchant(shop)
	if err != nil {
		return err
	}
	_, err = ask(merchant.Request{Merchant: m.Number})
	return err
}

func logsInAtOffice(s *scenario, a args) error {
	n, err := times(a.at(3))
	if err != nil {
		return err
	}
	for range n {
		if _, err := s.world.LogIn(a.at(0), a.at(1), a.at(2) != ""); err != nil {
			return err
		}
	}
	return nil
}

func goesOnAsking(s *scenario, a args) error {
	every, err := time.ParseDuration(a.at(2))
	if err != nil {
		return err
	}
	all, err := time.ParseDuration(a.at(3))
	if err != nil {
		return err
	}
	for range int(all / every) {
		if err := s.world.Pass(every); err != nil {
			return err
		}
		err := askAbout(s, a.at(1), func(r merchant.Request) (merchant.Answer, error) {
			return s.world.AskAs(a.at(0), a.at(1), merchant.OpOwed, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
