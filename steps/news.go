package steps

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/rig"
)

// newsSteps are about what merchants are told, and what they ask.
func newsSteps() []Step { return slices.Concat(noticeSteps(), querySteps()) }

func noticeSteps() []Step {
	return []Step{
		{Name: "is-told-by", En: `{merchant} is told by (text|app|signed message)`, Zh: `{merchant} 订阅(短信|应用|签名消息)通知`,
			Example: `Given "Noodle House" is told by text`, ExampleZh: `假如 "面馆" 订阅短信通知`,
			Is: "Of its money, from now on: on its owner's phone, in its app, or at its server.", do: func(s *scenario, a args) error {
				return officeTook(s.world.Subscribe(a.at(0), map[string]merchant.Channel{"text": merchant.ChannelSMS, "app": merchant.ChannelApp, "signed message": merchant.ChannelWebhook}[a.at(1)]))
			}},
		{Name: "shop-hears", En: `the server of {merchant} (says nothing|is well again)`, Zh: `{merchant} 的服务器(不应答|恢复正常)`,
			Example: `Given the server of "Noodle House" says nothing`, ExampleZh: `假如 "面馆" 的服务器不应答`,
			Is: "To what it is told; it takes it all the same.", do: func(s *scenario, a args) error {
				return s.world.ArrangeNews(a.at(0), map[string]string{"says nothing": rig.ConditionMute, "is well again": rig.ConditionNormal}[a.at(1)])
			}},
		{Name: "texts-arrive", En: `texts to merchants (get lost|arrive again)`, Zh: `商户短信(丢失|恢复送达)`,
			Example: `Given texts to merchants get lost`, ExampleZh: `假如 商户短信丢失`,
			Is: "From now on.", do: func(s *scenario, a args) error {
				return s.world.ArrangeNews("", map[string]string{"get lost": rig.ConditionMute, "arrive again": rig.ConditionNormal}[a.at(0)])
			}},
		{Name: "office-told", En: `{merchant} was told`, Zh: `{merchant} 收到的通知为`, Table: true,
			Example: `Then "Noodle House" was told`, ExampleZh: `那么 "面馆" 收到的通知为`,
			Is: "Exactly this, by text or signed message: what (sold, given_back, paid_out ...), details, signature (right, wrong, none), event (1 for the first, and for whatever repeats it).", do: officeTold},
		{Name: "news-is", En: `the news of {merchant} is`, Zh: `{merchant} 的通知记录为`, Table: true,
			Example: `Then the news of "Noodle House" is`, ExampleZh: `那么 "面馆" 的通知记录为`,
			Is: "As the office has it: what, by, details, state (waiting, heard, unheard), tries. An app that asks has heard.", do: newsIs},
	}
}

func querySteps() []Step {
	return []Step{
		{Name: "looks-up", En: `{merchant} looks {message} up`, Zh: `{merchant} 查询{message}`,
			Example: `When "Noodle House" looks the 1st sale up`, ExampleZh: `当 "面馆" 查询第 1 笔消费`,
			Is: "By the reference number on its receipt.", do: func(s *scenario, a args) error {
				s.act()
				rrn, err := rrnOf(s, a.at(1))
				if err != nil {
					return err
				}
				_, err = s.world.AskOfficeFor(a.at(0), merchant.OpRecord, merchant.Request{RRN: rrn})
				return err
			}},
		{Name: "record-has", En: `the record has`, Zh: `交易详情为`, Table: true,
			Example: `Then the record has`, ExampleZh: `那么 交易详情为`,
			Is: "Exactly these lines: what, amount, fee, net, card.", do: func(s *scenario, a args) error {
				said := s.world.OfficeSaid()
				if said.Record == nil {
					return failed("office", "a record", string(said.Code))
				}
				return compareLines("record", a, said.Record.Lines)
			}},
		{Name: "records-are", En: `the records of {merchant} for (today|yesterday) are`, Zh: `{merchant} (今日|昨日)的交易记录为`, Table: true,
			Example: `Then the records of "Noodle House" for today are`, ExampleZh: `那么 "面馆" 今日的交易记录为`,
			Is: "Exactly these lines: what, amount, fee, net, card.", do: func(s *scenario, a args) error {
				said, err := s.world.AskOfficeFor(a.at(0), merchant.OpRecords, merchant.Request{From: businessDay(s, a.at(1))})
				if err != nil {
					return err
				}
				return compareLines("records of "+a.at(0), a, said.Records)
			}},
		{Name: "statistics-are", En: `the statistics of {merchant} for (today|yesterday) are`, Zh: `{merchant} (今日|昨日)的统计为`, Table: true,
			Example: `Then the statistics of "Noodle House" for today are`, ExampleZh: `那么 "面馆" 今日的统计为`,
			Is: "One row for each way of paying: payment (debit, credit, code, agreement, besides), number, sold, back, fees, net.", do: statisticsAre},
	}
}

// toldOf names what a notice is about.
func toldOf(id string) string { return strings.ToLower(strings.TrimPrefix(id, "TEXT_")) }

func officeTold(s *scenario, a args) error {
	told, err := s.world.ToldShop(a.at(0))
	if err != nil {
		return err
	}
	var events []string
	return compareRows("news of "+a.at(0), a, len(told), func(i int, column string) string {
		t := told[i]
		event := t.Said[walletapi.Event]
		if !slices.Contains(events, event) {
			events = append(events, event)
		}
		return map[string]string{"what": toldOf(t.ID), "details": strings.Join(t.Args, ", "), "signature": t.Signature, "event": strconv.Itoa(slices.Index(events, event) + 1)}[column]
	})
}

func newsIs(s *scenario, a args) error {
	said, err := s.world.AskOfficeFor(a.at(0), merchant.OpNews, merchant.Request{})
	if err != nil {
		return err
	}
	return compareRows("news of "+a.at(0), a, len(said.News), func(i int, column string) string {
		n := said.News[i]
		return map[string]string{"what": toldOf(n.ID), "by": string(n.Channel), "details": strings.Join(n.Args, ", "), "state": string(n.State), "tries": strconv.Itoa(n.Tries)}[column]
	})
}

func compareLines(where string, a args, lines []merchant.Line) error {
	return compareRows(where, a, len(lines), func(i int, column string) string {
		l := lines[i]
		if text, known := map[string]string{"what": l.What, "amount": l.Amount.String(), "card": l.Card}[column]; known {
			return text
		}
		return ofShare(l.Share, column)
	})
}

func statisticsAre(s *scenario, a args) error {
	said, err := s.world.AskOfficeFor(a.at(0), merchant.OpStatistics, merchant.Request{From: businessDay(s, a.at(1))})
	if err != nil {
		return err
	}
	return compareRows("statistics of "+a.at(0), a, len(said.Statistics), func(i int, column string) string {
		t := said.Statistics[i]
		return map[string]string{"payment": t.Payment, "number": strconv.Itoa(t.Sold.Count), "sold": t.Sold.Amount.String(), "back": t.Back.Amount.String(), "fees": t.Fees.String(), "net": t.Net.String()}[column]
	})
}
