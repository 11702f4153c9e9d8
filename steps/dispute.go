package steps

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/rig"
)

// disputeSteps are about payments that a cardholder does not know of.
func disputeSteps() []Step {
	return []Step{
		{Name: "issuer-retrieves", En: `the issuer wants to see {message}`, Zh: `发卡行调阅{message}`,
			Example: `When the issuer wants to see the 1st sale`, ExampleZh: `当 发卡行调阅第 1 笔消费`,
			Is: "A retrieval: the merchant is asked for his evidence.", do: about(0, func(w *rig.World, rrn string, _ args) (merchant.Answer, error) { return w.Retrieve(rrn) })},
		{Name: "issuer-charges-back", En: `the issuer charges back {amount} of {message}`, Zh: `发卡行就{message}退单 {amount}`, Order: []int{1, 0},
			Example: `When the issuer charges back 10.00 CNY of the 1st sale`, ExampleZh: `当 发卡行就第 1 笔消费退单 10.00 元`,
			Is: "The money is held until the dispute has ended.", do: about(1, func(w *rig.World, rrn string, a args) (merchant.Answer, error) {
				amount, err := pay.ParseAmount(a.at(0))
				if err != nil {
					return merchant.Answer{}, err
				}
				return w.ChargeBack(rrn, amount)
			})},
		{Name: "shows-receipt", En: `{merchant} shows the receipt of {message}`, Zh: `{merchant} 提供{message}的签购单`,
			Example: `When "Noodle House" shows the receipt of the 1st sale`, ExampleZh: `当 "面馆" 提供第 1 笔消费的签购单`,
			Is: "What its till has printed with that reference number, if it has.", do: about(1, func(w *rig.World, rrn string, _ args) (merchant.Answer, error) {
				return w.ShowReceipt(rrn, receiptOf(w, rrn))
			})},
		{Name: "represents", En: `{merchant} disagrees about {message}`, Zh: `{merchant} 就{message}提出申诉`,
			Example: `When "Noodle House" disagrees about the 1st sale`, ExampleZh: `当 "面馆" 就第 1 笔消费提出申诉`,
			Is: "A representment, with the evidence that it has shown.", do: about(1, func(w *rig.World, rrn string, _ args) (merchant.Answer, error) { return w.Represent(rrn) })},
		{Name: "scheme-rules", En: `the scheme rules for the (merchant|cardholder) about {message}`, Zh: `仲裁就{message}判(商户|持卡人)胜`, Order: []int{1, 0},
			Example: `When the scheme rules for the merchant about the 1st sale`, ExampleZh: `当 仲裁就第 1 笔消费判商户胜`,
			Is: "The end of a dispute.", do: about(1, func(w *rig.World, rrn string, a args) (merchant.Answer, error) {
				return w.Rule(rrn, merchant.Decision(a.at(0)))
			})},
		{Name: "dispute-is", En: `the dispute about {message} is at (retrieval|charged-back|represented|merchant-won|cardholder-won|dropped)`,
			Zh: `{message}的争议处于(调阅|退单|申诉|商户胜|持卡人胜|撤销)阶段`, Example: `Then the dispute about the 1st sale is at retrieval`, ExampleZh: `那么 第 1 笔消费的争议处于调阅阶段`,
			Is: "What the office says of it.", do: func(s *scenario, a args) error {
				rrn, err := rrnOf(s, a.at(0))
				if err != nil {
					return err
				}
				d, err := s.world.Dispute(rrn)
				if err != nil {
					return err
				}
				return equal("dispute", a.at(1), string(d.Stage))
			}},
	}
}

// about does something about the payment of a message, which stands in this argument.
func about(message int, do func(*rig.World, string, args) (merchant.Answer, error)) func(*scenario, args) error {
	return func(s *scenario, a args) error {
		rrn, err := rrnOf(s, a.at(message))
		if err != nil {
			return err
		}
		_, err = do(s.world, rrn, a)
		return err
	}
}

// receiptOf finds a slip that a till has printed, by the reference number on it; "" when there is none.
func receiptOf(w *rig.World, rrn string) string {
	for _, t := range w.Tills() {
		for _, slip := range t.Slips {
			if text := w.Rig.Slip(slip); strings.Contains(text, rrn) {
				return text
			}
		}
	}
	return ""
}
