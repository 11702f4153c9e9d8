package steps

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// officeSteps are about what the acquirer does for merchants beside their tills.
func officeSteps() []Step { return slices.Concat(officeGivens(), officeActs(), officeBooks()) }

func officeGivens() []Step {
	return []Step{
		{Name: "office-term", En: `{merchant} is paid (T\+1|D\+1|D\+0)`, Zh: `{merchant} 的结算周期为 (T\+1|D\+1|D\+0)`,
			Example: `Given "Noodle House" is paid D+0`, ExampleZh: `假如 "面馆" 的结算周期为 D+0`,
			Is: "On the next working day (as when nothing is said), the next day, or at the cut-off of the day itself, which costs a surcharge.",
			do: func(s *scenario, a args) error { return s.world.Enrol(a.at(0), merchant.Term(a.at(1)), "") }},
		{Name: "office-trade", En: `{merchant} trades under MCC {text}`, Zh: `{merchant} 的商户类别码为 {text}`,
			Example: `Given "Noodle House" trades under MCC "8062"`, ExampleZh: `假如 "面馆" 的商户类别码为 "8062"`,
			Is: "ISO 18245; fixtures/merchants/services/terms.yaml says which kind of trade that is.",
			do: func(s *scenario, a args) error { return s.world.Enrol(a.at(0), "", a.at(1)) }},
		{Name: "bank-is", En: `the bank of {merchant} (takes nothing|pays and says nothing|is well again)`, Zh: `{merchant} 的开户行(拒收款项|付款但不应答|恢复正常)`,
			Example: `Given the bank of "Noodle House" takes nothing`, ExampleZh: `假如 "面馆" 的开户行拒收款项`,
			Is: "From now on.", do: func(s *scenario, a args) error {
				return s.world.ArrangeBank(a.at(0), map[string]string{"takes nothing": rig.ConditionRefuses, "pays and says nothing": rig.ConditionMute, "is well again": rig.ConditionNormal}[a.at(1)])
			}},
		{Name: "scheme-lacks", En: `the scheme's file lacks {message}`, Zh: `清算文件缺少{message}`,
			Example: `Given the scheme's file lacks the 1st sale`, ExampleZh: `假如 清算文件缺少第 1 笔消费`,
			Is: "The next one.", do: func(s *scenario, a args) error { return editScheme(s, a.at(0), nil) }},
		{Name: "scheme-says", En: `the scheme's file has {amount} for {message}`, Zh: `清算文件中{message}为 {amount}`, Order: []int{1, 0},
			Example: `Given the scheme's file has 9.00 CNY for the 1st sale`, ExampleZh: `假如 清算文件中第 1 笔消费为 9.00 元`,
			Is: "The next one.", do: func(s *scenario, a args) error {
				amount, err := pay.ParseAmount(a.at(0))
				return errors.Join(err, editScheme(s, a.at(1), &amount))
			}},
		{Name: "scheme-strange", En: `the scheme's file has {amount} of {merchant} that nobody sold`, Zh: `清算文件多出 {merchant} 的 {amount}`, Order: []int{1, 0},
			Example: `Given the scheme's file has 5.00 CNY of "Noodle House" that nobody sold`, ExampleZh: `假如 清算文件多出 "面馆" 的 5.00 元`,
			Is: "The next one, under a number that the books do not know.", do: schemeStrange},
	}
}

func officeActs() []Step {
	return []Step{
		{Name: "asks-quote", En: `{merchant} asks what {amount} by (debit card|credit card|code|tap) costs`, Zh: `{merchant} 询价 {amount}的(借记卡|贷记卡|付款码|挥卡)收款`,
			Example: `When "Noodle House" asks what 100.00 CNY by credit card costs`, ExampleZh: `当 "面馆" 询价 100.00 元的贷记卡收款`,
			Is: "Of the office, by the tariff of now; a tap is of a debit card.", do: asksQuote},
		{Name: "wants-money", En: `{merchant} wants its money at once`, Zh: `{merchant} 申请即时到账`,
			Example: `When "Noodle House" wants its money at once`, ExampleZh: `当 "面馆" 申请即时到账`,
			Is: "All that the office owes it, for the surcharge of the same day.", do: askOffice(merchant.OpPayout)},
		{Name: "hands-over-again", En: `the acquirer hands over its postings once more`, Zh: `收单方再次移交流水`,
			Example: `When the acquirer hands over its postings once more`, ExampleZh: `当 收单方再次移交流水`,
			Is: "All of them, to the office.", do: func(s *scenario, _ args) error {
				s.act()
				return s.world.HandOverAgain()
			}},
		{Name: "scheme-comes", En: `the scheme's file of (today|yesterday) comes`, Zh: `收到(今日|昨日)的清算文件`,
			Example: `When the scheme's file of today comes`, ExampleZh: `当 收到今日的清算文件`,
			Is: "What the issuer's books have moved on that business day, with what was arranged.", do: func(s *scenario, a args) error {
				s.act()
				_, err := s.world.Reconcile(businessDay(s, a.at(0)))
				return err
			}},
		{Name: "office-decides", En: `the office decides that {message} is (the merchant's|the scheme's)`, Zh: `后台判定{message}(归商户|归清算方)`,
			Example: `When the office decides that the 1st sale is the merchant's`, ExampleZh: `当 后台判定第 1 笔消费归商户`,
			Is: "The open difference about that payment.", do: func(s *scenario, a args) error {
				rrn, err := rrnOf(s, a.at(0))
				return errors.Join(err, decide(s, rrn, a.at(1)))
			}},
		{Name: "office-decides-strange", En: `the office decides that what nobody sold is (the merchant's|the scheme's)`, Zh: `后台判定多出的款项(归商户|归清算方)`,
			Example: `When the office decides that what nobody sold is the scheme's`, ExampleZh: `当 后台判定多出的款项归清算方`,
			Is: "The open difference about what the file has and the books do not.", do: func(s *scenario, a args) error { return decide(s, strangeRRN, a.at(0)) }},
	}
}

func officeBooks() []Step {
	return []Step{
		{Name: "office-says", En: `the office says {SCREEN}`, Zh: `后台回答 {SCREEN}`,
			Example: `Then the office says FILE_TAKEN`, ExampleZh: `那么 后台回答 FILE_TAKEN`,
			Is: "To what it was asked last: OK, or why not.", do: func(s *scenario, a args) error {
				said := s.world.OfficeSaid()
				return equal("office", a.at(0), string(said.Code))
			}},
		{Name: "quote-is", En: `the quote is`, Zh: `报价为`, Table: true,
			Example: `Then the quote is`, ExampleZh: `那么 报价为`,
			Is: "One row: price (the tariff's line), tariff (the day it is from), fee, net, issuer, network, acquirer, explained.", do: quoteIs},
		{Name: "statement-has", En: `the statement of {merchant} for (today|yesterday) has`, Zh: `{merchant} (今日|昨日)的对账单有`, Table: true,
			Example: `Then the statement of "Noodle House" for today has`, ExampleZh: `那么 "面馆" 今日的对账单有`,
			Is: "Exactly these lines: what, amount, price, fee, net, issuer, network, acquirer, explained, card. Columns left out are not checked.", do: statementHas},
		{Name: "statement-comes-to", En: `the statement of {merchant} for (today|yesterday) comes to`, Zh: `{merchant} (今日|昨日)的对账单合计`, Table: true,
			Example: `And the statement of "Noodle House" for today comes to`, ExampleZh: `并且 "面馆" 今日的对账单合计`,
			Is: "One row: opening, sold, back, fees, net, closing.", do: statementComesTo},
		{Name: "statement-as-receipts", En: `the statement of {merchant} for today agrees with the receipts of {till}`, Zh: `{merchant} 今日的对账单与 {till} 的签购单一致`,
			Example: `And the statement of "Noodle House" for today agrees with the receipts of "T1"`, ExampleZh: `并且 "面馆" 今日的对账单与 "T1" 的签购单一致`,
			Is: "Sold and given back, in number and sum, are what the merchant copies say.", do: statementAsReceipts},
		{Name: "was-paid-out", En: `{merchant} was paid out`, Zh: `{merchant} 的出款为`, Table: true,
			Example: `Then "Noodle House" was paid out`, ExampleZh: `那么 "面馆" 的出款为`,
			Is: "Exactly these payouts: at (2026-06-02 09:00), amount, surcharge, state (paid, failed, unknown).", do: wasPaidOut},
		{Name: "bank-was-paid", En: `the bank of {merchant} has received {amount}`, Zh: `{merchant} 的开户行已收到 {amount}`,
			Example: `And the bank of "Noodle House" has received 99.50 CNY`, ExampleZh: `并且 "面馆" 的开户行已收到 99.50 元`,
			Is: "In all, by the bank's own books.", do: func(s *scenario, a args) error {
				got, err := s.world.BankHas(a.at(0))
				return sameMoney("bank of "+a.at(0), a.at(1), got, err)
			}},
		{Name: "office-owes", En: `the office owes {merchant} {amount}`, Zh: `后台应付 {merchant} {amount}`,
			Example: `And the office owes "Noodle House" -9.95 CNY`, ExampleZh: `并且 后台应付 "面馆" -9.95 元`,
			Is: "By the office's books; less than nothing when the merchant owes.", do: officeOwes},
		{Name: "file-differs", En: `the scheme's file and the books differ in`, Zh: `清算文件与账面的差异为`, Table: true,
			Example: `Then the scheme's file and the books differ in`, ExampleZh: `那么 清算文件与账面的差异为`,
			Is: "Exactly these rows, also those that were resolved: kind (long, short, differs), file, books, open, decision (merchant, scheme, later).", do: fileDiffers},
	}
}

func businessDay(s *scenario, which string) string {
	if which == "yesterday" {
		return s.world.BusinessDay(1)
	}
	return s.world.BusinessDay(0)
}

// rrnOf gives the reference number that the host gave a payment.
func rrnOf(s *scenario, message string) (string, error) {
	c, err := s.crossing(strings.Replace(message, "request", "answer", 1))
	if err != nil {
		return "", err
	}
	return c.Message.Get(iso8583.RRN), nil
}

// editScheme has the scheme's next file lack a payment, or say another amount.
func editScheme(s *scenario, message string, amount *pay.Amount) error {
	rrn, err := rrnOf(s, message)
	if err != nil {
		return err
	}
	return s.world.EditScheme(func(f *merchant.SchemeFile) {
		for i := range f.Rows {
			if amount != nil && f.Rows[i].RRN == rrn {
				f.Rows[i].Amount = *amount
			}
		}
		f.Rows = slices.DeleteFunc(f.Rows, func(r merchant.SchemeRow) bool { return amount == nil && r.RRN == rrn })
	})
}

// strangeRRN is that of a row of the scheme's file that no books know.
const strangeRRN = "260601999999"

func schemeStrange(s *scenario, a args) error {
	amount, err := pay.ParseAmount(a.at(0))
	if err != nil {
		return err
	}
	shop, err := s.world.Rig.Cast.Merchant(a.at(1))
	if err != nil {
		return err
	}
	return s.world.EditScheme(func(f *merchant.SchemeFile) {
		f.Rows = append(f.Rows, merchant.SchemeRow{RRN: strangeRRN, Merchant: shop.Number, Amount: amount})
	})
}

func asksQuote(s *scenario, a args) error {
	s.act()
	amount, err := pay.ParseAmount(a.at(1))
	if err != nil {
		return err
	}
	r := merchant.Request{Amount: amount, Card: merchant.CardDebit, Product: merchant.ProductCard}
	switch a.at(2) {
	case "credit card":
		r.Card = merchant.CardCredit
	case "code":
		r.Product = merchant.ProductCode
	case "tap":
		r.Entry = pay.Entry07Contactless
	}
	_, err = s.world.AskOfficeFor(a.at(0), merchant.OpQuote, r)
	return err
}

// askOffice asks something of the office for the merchant that the step names.
func askOffice(op merchant.Operation) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		s.act()
		_, err := s.world.AskOfficeFor(a.at(0), op, merchant.Request{})
		return err
	}
}

func decide(s *scenario, rrn, whose string) error {
	s.act()
	d := merchant.ToMerchant
	if whose == "the scheme's" {
		d = merchant.ToScheme
	}
	_, err := s.world.Resolve(rrn, d)
	return err
}

// ofShare gives a column of a table about shares.
func ofShare(sh merchant.Share, column string) string {
	return map[string]string{"fee": sh.Fee.String(), "net": sh.Net.String(), "issuer": sh.Issuer.String(), "network": sh.Network.String(), "acquirer": sh.Acquirer.String()}[column]
}

func quoteIs(s *scenario, a args) error {
	said := s.world.OfficeSaid()
	if said.Quote == nil || said.Share == nil {
		return failed("office", "a quote", string(said.Code))
	}
	return compareRows("quote", a, 1, func(_ int, column string) string {
		switch column {
		case "price":
			return said.Quote.Name
		case "tariff":
			return said.Quote.Tariff
		case "explained":
			return said.Quote.Explained
		}
		return ofShare(*said.Share, column)
	})
}

// statementOf asks for a statement.
func statementOf(s *scenario, shop, day string) (*merchant.Statement, error) {
	said, err := s.world.AskOfficeFor(shop, merchant.OpStatement, merchant.Request{Day: businessDay(s, day)})
	if err == nil && said.Statement == nil {
		err = failed("office", "a statement", string(said.Code))
	}
	return said.Statement, err
}

func statementHas(s *scenario, a args) error {
	st, err := statementOf(s, a.at(0), a.at(1))
	if err != nil {
		return err
	}
	return compareRows("statement of "+a.at(0), a, len(st.Lines), func(i int, column string) string {
		l := st.Lines[i]
		switch column {
		case "what":
			return l.What
		case "amount":
			return l.Amount.String()
		case "price":
			return l.Price
		case "explained":
			return l.Explains
		case "card":
			return l.Card
		}
		return ofShare(l.Share, column)
	})
}

func statementComesTo(s *scenario, a args) error {
	st, err := statementOf(s, a.at(0), a.at(1))
	if err != nil {
		return err
	}
	return compareRows("statement of "+a.at(0), a, 1, func(_ int, column string) string {
		return map[string]string{"opening": st.Opening.String(), "sold": st.Sold.Amount.String(), "back": st.Back.Amount.String(), "fees": st.Fees.String(),
			"net": st.Net.String(), "closing": st.Closing.String()}[column]
	})
}

func statementAsReceipts(s *scenario, a args) error {
	st, err := statementOf(s, a.at(0), "today")
	if err != nil {
		return err
	}
	t, err := s.till(a.at(1))
	if err != nil {
		return err
	}
	var sold, back int64
	var sales, backs int
	for _, slip := range t.Slips {
		if slip.Copy != terminal.MerchantCopy || slip.Reprint {
			continue
		}
		said := map[string]string{}
		for _, l := range slip.Lines {
			said[l.ID] = strings.Join(l.Args, " ")
		}
		amount, err := pay.ParseAmount(said["SLIP_AMOUNT"])
		switch kind := said["SLIP_TYPE"]; {
		case err != nil:
		case strings.HasSuffix(kind, "VOID") || strings.HasSuffix(kind, "REFUND"):
			back, backs = back+amount.Minor, backs+1
		default:
			sold, sales = sold+amount.Minor, sales+1
		}
	}
	return equal("statement of "+a.at(0), fmt.Sprintf("%d sold for %s, %d back for %s", sales, pay.CNY(sold), backs, pay.CNY(-back)),
		fmt.Sprintf("%d sold for %s, %d back for %s", st.Sold.Count, st.Sold.Amount, st.Back.Count, st.Back.Amount))
}

func wasPaidOut(s *scenario, a args) error {
	said, err := s.world.AskOfficeFor(a.at(0), merchant.OpPayouts, merchant.Request{})
	if err != nil {
		return err
	}
	return compareRows("payouts to "+a.at(0), a, len(said.Payouts), func(i int, column string) string {
		p := said.Payouts[i]
		return map[string]string{"at": p.At.Format("2006-01-02 15:04"), "amount": p.Amount.String(), "surcharge": p.Surcharge.String(), "state": string(p.State)}[column]
	})
}

func officeOwes(s *scenario, a args) error {
	said, err := s.world.AskOfficeFor(a.at(0), merchant.OpOwed, merchant.Request{})
	if err != nil {
		return err
	}
	if said.Owed == nil {
		return failed("office", "what it owes", string(said.Code))
	}
	return sameMoney("office, "+a.at(0), a.at(1), *said.Owed, nil)
}

func fileDiffers(s *scenario, a args) error {
	said, err := s.world.AskOffice(merchant.OpCases, merchant.Request{})
	if err != nil {
		return err
	}
	return compareRows("differences", a, len(said.Cases), func(i int, column string) string {
		k := said.Cases[i]
		return map[string]string{"kind": string(k.Kind), "file": k.File.String(), "books": k.Books.String(), "open": k.Open.String(), "decision": string(k.Decision)}[column]
	})
}
