package terminal

import "github.com/tillproof/tillproof/simulators/core/pay"

// OfflineRules are those of what the terminal decides alone, and of amounts that are not the ones first asked for.
type OfflineRules struct {
	UnderFloor   func(a pay.Amount, limit int64) bool // terminal/floor-limit: sold offline without a spoken authorization
	KeepStored   bool                                 // terminal/stored: an offline sale is written down before the cardholder is told
	ForwardFirst bool                                 // terminal/forward: the host hears of them before the next online order
	HoldBatch    bool                                 // terminal/hold-batch: no batch ends before the host has heard of them
	ChangeStored bool                                 // terminal/stored-change: a void or another amount changes what is kept for the host
	SameNumber   bool                                 // terminal/stored-number: an offline sale that is sent again has the number of the first time

	AloneAs           func(pay.Flow) pay.Flow // terminal/alone: the flow by which the host hears of what chip and terminal approved; "" if it must be asked
	Certificate       func(*visit) []byte     // terminal/certificate: F55 of that flow
	ReverseUnanswered bool                    // terminal/alone-reverses: the request without an answer before such a sale is reversed
	DeclineScreen     func(asked bool) string // terminal/chip-decline: what is shown when chip and till decline, having asked for the host or not
	KeepSigned        bool                    // terminal/stored-signed: a sale that a chip has signed is uploaded before it gets another amount
	CountSplit        bool                    // terminal/split: what a card has spent without the host counts towards the floor limit

	TipBase    func(first, untipped, last pay.Amount) pay.Amount // terminal/tip-base: what a tip is added to
	TipWithin  func(first, total pay.Amount, percent int) bool   // terminal/tip-limit
	VoidAmount func(first, last pay.Amount) pay.Amount           // terminal/void-amount: of a payment that was altered

	AskRest     bool // terminal/rest: a part is taken only when the cashier has the rest
	ReversePart bool // terminal/reversal-amount: the reversal of a part is about the part
}

func offlineRules() OfflineRules {
	return OfflineRules{
		UnderFloor: underFloor, KeepStored: true, ForwardFirst: true, HoldBatch: true, ChangeStored: true, SameNumber: true,
		AloneAs: aloneAs, Certificate: certificate, ReverseUnanswered: true, CountSplit: true, KeepSigned: true, DeclineScreen: declineScreen,
		TipBase:    func(_, untipped, _ pay.Amount) pay.Amount { return untipped },
		TipWithin:  tipWithin,
		VoidAmount: func(_, last pay.Amount) pay.Amount { return last },
		AskRest:    true, ReversePart: true,
	}
}
