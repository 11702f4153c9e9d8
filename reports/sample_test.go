package reports

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// sample is a run with one of everything: every verdict, a decoded message, a money break, rows of examples, Chinese, and
// characters that XML, HTML, Markdown and terminals do not take well.
func sample() *Run {
	at := time.Date(2026, 6, 1, 9, 30, 0, 0, time.FixedZone("CST", 8*60*60))
	given := Step{Keyword: "Given", Text: `till "T1" of "Noodle House" has signed in`, Line: 6, Status: Passed, Took: 1500 * time.Microsecond}
	passed := func(s Step) Step { s.Status = Passed; return s }
	rest := func(s Step) Step { s.Status = Skipped; return s }
	when := Step{Keyword: "When", Text: "Alice swipes 10.00 CNY", Line: 9, Took: 2 * time.Millisecond}
	return &Run{
		Version: "v0.1.0", Seed: 18446744073709551615, Line: "socket", Profile: "embedded", Dialect: "unionpay-pos", Framing: iso8583.Framing{Length: "binary2", Max: 2048},
		Started: at, Took: 3217 * time.Millisecond,
		Requirements: []Requirement{
			{ID: "SWP-001", Title: "A sale that was approved moves the money once", Why: "double debit"},
			{ID: "SWP-002", Title: "A decline is shown & moves no money"},
			{ID: "SIG-001", Title: "终端签到后才能消费", Fact: "DOMAIN A.5"},
			{ID: "SEC-001", Title: "A false MAC is refused", Scenarios: []string{"swipe-sale-9", "security-mac-7"}},
			{ID: "RFD-001", Title: "A refund stays within its sale"},
			{ID: "QRP-001", Title: "Nothing in this run bears on it"},
		},
		Features: []Feature{{
			URI: "features/swipe/sale.feature", Name: "Sale | by *stripe*", Description: "Why it matters: <money>.", Language: "en",
			Keyword: "Feature", Line: 2, Tags: []string{"@SWP-001"}, Text: saleText,
			Scenarios: []Scenario{{
				ID: "swipe-sale-9", Name: "An approved sale", Keyword: "Scenario", Line: 9, Tags: []string{"@SWP-001"},
				Requirements: []string{"SWP-001", "SEC-001"}, Status: Passed, Started: at.Add(time.Second), Took: 4 * time.Millisecond,
				Steps: []Step{given, passed(when), {
					Keyword: "Then", Text: "T1 prints", Line: 10, Status: Passed, Judge: "person", DocString: "面馆\n10.00 CNY",
					Attachments: []Attachment{{Name: "receipt", MediaType: "text/plain", Body: []byte("面馆\n")}},
				}},
				Trace: []trace.Event{
					{Seq: 1, At: at, Party: "T1", Kind: trace.Sent, Peer: "host", Name: "sale", Frame: trace.NewFrame([]byte{0x02, 0x00, 0x12, 0x34}, []trace.Span{{From: 4, To: 8}})},
					{Seq: 2, At: at, Party: "T1", Kind: trace.Shown, Name: "APPROVED", Text: "交易成功 <ok>"},
				},
			}, {
				ID: "swipe-sale-25", Name: "Ending 51", Keyword: "Scenario Outline", Line: 25, Tags: []string{"@SWP-002"},
				Requirements: []string{"SWP-002"}, Status: Failed, Took: 5 * time.Millisecond,
				Steps: []Step{given, passed(when), {
					Keyword: "Then", Text: `"T1" shows <DECLINED_51> & "no more"`, Line: 20, Status: Failed, Took: time.Millisecond,
					Failure: &Failure{
						Where: "T1 screen", Wanted: "DECLINED_51 余额不足", Got: "APPROVED",
						Message: []trace.Field{
							{ID: "MTI", Name: "message type", Value: "0210", Note: "sale answer"},
							{ID: "F2", Name: "卡号", Value: "620012******9010"},
							{ID: "F4", Name: "amount", Value: "000000001000", Note: "10.00 CNY"},
							{ID: "F39", Name: "应答码 answer", Value: "00", Note: "wanted 51"},
							{ID: "F63", Name: "private", Value: "a\x00b\x1b[31m]]>\x9b"},
						},
					},
				}, rest(Step{Keyword: "And", Text: "nothing moved", Line: 21})},
				Replay: "tillproof run features/swipe/sale.feature:25 --line socket --seed 18446744073709551615",
				Trace:  []trace.Event{{Seq: 1, At: at, Party: "acquirer", Kind: trace.Decided, Name: "acquirer/mac", Text: "the MAC is right"}},
			}, {
				ID: "swipe-sale-26", Name: "Ending 61", Keyword: "Scenario Outline", Line: 26, Rule: "Limits | of <all>",
				Requirements: []string{"SWP-002"}, Status: Failed, Took: 5 * time.Millisecond, Steps: []Step{given, passed(when),
					passed(Step{Keyword: "Then", Text: `"T1" shows <DECLINED_61>`, Line: 20}), passed(Step{Keyword: "And", Text: "nothing moved", Line: 21})},
				Failure: &Failure{Text: "a decline with 61 that the scenario does not mention\nrule: no silent decline"},
				Breaks: []Break{
					{Rule: "captured-once", Text: "RRN 000000000001: posted twice\n  issuer   10.00 CNY, 10.00 CNY"},
					{Rule: "agree", Text: "terminal declined, issuer posted"},
				},
				Replay: "tillproof run features/swipe/sale.feature:26",
			}, {
				ID: "swipe-sale-40", Name: "Ending 61", Keyword: "Scenario", Line: 40, Requirements: []string{"SWP-001"}, Status: Broken,
				Reason: "a step has no meaning", Replay: "tillproof run features/swipe/sale.feature:40",
				Steps: []Step{given, {
					Keyword: "When", Text: "Alice sings", Line: 41, Status: Broken, Failure: &Failure{Text: "no step reads like this"},
					Table: [][]string{{"song", "小夜曲"}, {"length", "10"}},
				}},
			}},
		}, {
			URI: "features/signin/签到.feature", Name: "签到", Language: "zh-CN", Keyword: "功能", Line: 3, Tags: []string{"@SIG-001"}, Text: signInText,
			Scenarios: []Scenario{{
				ID: "signin-签到-4", Name: "先签到", Keyword: "场景", Line: 4, Requirements: []string{"SIG-001"}, Status: Review,
				Reason: "the slip is to be judged by a person", Steps: []Step{{Keyword: "假如", Text: "终端尚未签到", Line: 5, Status: Review}},
			}, {
				ID: "signin-签到-9", Name: "退货", Keyword: "场景", Line: 9, Requirements: []string{"RFD-001"}, Status: Skipped,
				Reason: "the profile does not claim refund", Steps: []Step{{Keyword: "当", Text: "退货", Line: 10, Status: Skipped}},
			}, {
				ID: "signin-签到-14", Name: "退货两次", Keyword: "场景", Line: 14, Requirements: []string{"RFD-001"}, Status: Skipped,
				Reason: "the profile does not claim refund",
			}, {
				ID: "signin-签到-20", Name: "看账", Keyword: "场景", Line: 20, Status: Skipped, Reason: "the books are not in sight",
			}},
		}},
	}
}

// saleText and signInText are the files of the sample.
const saleText = `@SWP-001
Feature: Sale | by *stripe*
  Why it matters: <money>.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-001
  Scenario: An approved sale
    When Alice swipes 10.00 CNY
    Then T1 prints
      """
      面馆
      10.00 CNY
      """

  @SWP-002
  Scenario Outline: Ending <code>
    When Alice swipes 10.00 CNY
    Then "T1" shows <DECLINED_<code>> & "no more"
    And nothing moved

    Examples:
      | code |
      | 51   |
      | 61   |
` + "\n\n\n\n\n\n\n\n\n\n\n\n\n" + `  Scenario: Ending 61
    When Alice sings
      | song   | 小夜曲 |
      | length | 10     |
`

const signInText = `# language: zh-CN
@SIG-001
功能: 签到
  场景: 先签到
    假如终端尚未签到



  场景: 退货
    当退货



  场景: 退货两次





  场景: 看账
`

// held is the sample with nothing but what passed.
func held() *Run {
	r := sample()
	r.Features = r.Features[:1]
	r.Features[0].Scenarios = r.Features[0].Scenarios[:1]
	r.Requirements = r.Requirements[:1]
	return r
}
