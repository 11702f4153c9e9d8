package terminal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// WalletRules are those about payments by a wallet's code.
type WalletRules struct {
	Doubtful    func(walletapi.Result) bool             // terminal/wallet-doubt: what may or may not have been paid, and is asked about
	Believe     func(*WalletPay, walletapi.Params) bool // terminal/wallet-answer: whether an answer is about this payment
	CancelDoubt bool                                    // terminal/wallet-cancel: what stays in doubt is cancelled
	Signed      bool                                    // terminal/wallet-signature: what the host has not signed is no answer
	Prompt      func(walletapi.Result) string           // terminal/wallet-prompt: what the cashier reads
	Slip        bool                                    // terminal/wallet-slip: a payment by a wallet's code leaves a slip
	Apart       bool                                    // terminal/wallet-apart: slips of totals have the wallets, apart from the cards
	Listed      bool                                    // terminal/wallet-listed: queries, statistics and reprints know what was paid by wallets' codes
	PayDebts    bool                                    // terminal/wallet-owed: what is owed goes before the next order
	CancelTries int                                     // terminal/wallet-tries: attempts at once; the rest wait for the next order
}

// ReferenceWallet gives the rules of a till that does everything right.
func ReferenceWallet() WalletRules {
	return WalletRules{Doubtful: doubtful, Believe: aboutThis, CancelDoubt: true, Signed: true, Prompt: walletPrompt, Slip: true, Apart: true, Listed: true, PayDebts: true, CancelTries: 10}
}

// doubtful follows DOMAIN.md E.4.
func doubtful(r walletapi.Result) bool {
	return r == walletapi.Waiting || r == walletapi.Unknown || r == walletapi.AlreadyPaid || r == walletapi.NumberUsed
}

// aboutThis holds an answer to the order and amount that it says it is about.
func aboutThis(p *WalletPay, a walletapi.Params) bool {
	if order := a[walletapi.Order]; order != "" && order != p.Order {
		return false
	}
	said := a[walletapi.Amount]
	return said == "" || said == fmt.Sprint(p.Amount.Minor) && a[walletapi.Currency] == p.Amount.Currency.String()
}

// WalletStage is how far a payment by a wallet's code is.
type WalletStage string

// The stages.
const (
	WalletPaying     WalletStage = "paying"
	WalletAsking     WalletStage = "asking"     // what became of it
	WalletCancelling WalletStage = "cancelling" // whatever became of it
	WalletPaid       WalletStage = "paid"
	WalletRefused    WalletStage = "refused"   // never paid, and never will be
	WalletCancelled  WalletStage = "cancelled" // costs nothing
	WalletOwed       WalletStage = "owed"      // a cancel or refund has not been acknowledged: it goes before the next order
	WalletRefunding  WalletStage = "refunding"
)

// WalletPay is one payment by a wallet's code on its way to the wallet host and back (DOMAIN.md E.4): pay, ask, cancel. It is a machine
// without I/O: Begin, Heard and Resume say what is to be asked next. What it is must be written before the question leaves.
type WalletPay struct {
	Order  string           `json:"order"` // the till's own number
	Amount pay.Amount       `json:"amount"`
	Stage  WalletStage      `json:"stage"`
	Began  time.Time        `json:"began"`
	Tries  int              `json:"tries,omitempty"`  // of the cancel
	Trade  string           `json:"trade,omitempty"`  // the wallet's number
	Result walletapi.Result `json:"result,omitempty"` // that it ended with
	Shows  bool             `json:"shows,omitempty"`  // the till shows a merchant code instead of scanning a payer's
	Backs  []WalletBack     `json:"backs,omitempty"`  // refunds that were made
	Back   *WalletBack      `json:"back,omitempty"`   // one that is under way
}

// WalletBack is a refund.
type WalletBack struct {
	Number string     `json:"number"` // the till's own: the same one is the same refund
	Amount pay.Amount `json:"amount"`
	At     time.Time  `json:"at"`
}

// voucher is the last part of the number.
func (b WalletBack) voucher() string { return b.Number[strings.LastIndexByte(b.Number, '-')+1:] }

// Left is what of a paid order has not gone back.
func (p *WalletPay) Left() pay.Amount {
	left := pay.Amount{Currency: p.Amount.Currency}
	if p.Stage == WalletRefused || p.Stage == WalletCancelled {
		return left
	}
	left.Minor = p.Amount.Minor
	for _, b := range p.Backs {
		left.Minor -= b.Amount.Minor
	}
	return left
}

// Refund asks the host to give a part of a paid order back.
func (p *WalletPay) Refund(now time.Time, number string, a pay.Amount) WalletAsk {
	p.Back = &WalletBack{number, a, now}
	return p.Resume()
}

// WalletAsk is a question for the wallet host, after a while.
type WalletAsk struct {
	After     time.Duration
	Operation walletapi.Operation
	Params    walletapi.Params
}

// Begin asks the host to take the money, or, of an order that Shows, for its merchant code. say is what the request says besides, as
// the payer's code.
func (p *WalletPay) Begin(now time.Time, say walletapi.Params) WalletAsk {
	p.Stage, p.Began = WalletPaying, now
	op := walletapi.OpPay
	if p.Shows {
		op = walletapi.OpOrder
	}
	ask := p.ask(op, 0)
	maps.Copy(ask.Params, say)
	ask.Params.SetMoney(walletapi.Amount, p.Amount)
	return ask
}

func (p *WalletPay) ask(op walletapi.Operation, after time.Duration) WalletAsk {
	return WalletAsk{After: after, Operation: op, Params: walletapi.Params{walletapi.Order: p.Order}}
}

// Resume goes on with what is owed: a refund, or the cancel of a payment of which nobody could tell the cashier, as after a power cut.
func (p *WalletPay) Resume() WalletAsk {
	p.Tries = 1
	if p.Back != nil {
		p.Stage = WalletRefunding
		return p.askRefund(0)
	}
	p.Stage = WalletCancelling
	return p.ask(walletapi.OpCancel, 0)
}

func (p *WalletPay) askRefund(after time.Duration) WalletAsk {
	a := p.ask(walletapi.OpRefund, after)
	a.Params[walletapi.Refund] = p.Back.Number
	a.Params.SetMoney(walletapi.Returned, p.Back.Amount)
	return a
}

// Ended tells that nothing is left to be asked, for now.
func (p *WalletPay) Ended() bool {
	return p.Stage != WalletPaying && p.Stage != WalletAsking && p.Stage != WalletCancelling && p.Stage != WalletRefunding
}

// Owes tells that the host must still be asked, also after a power cut.
func (p *WalletPay) Owes() bool { return !p.Ended() || p.Stage == WalletOwed }

// Heard takes an answer whose signature is right, or nil when none came, and gives the next question unless the payment has Ended.
func (p *WalletPay) Heard(now time.Time, s *walletapi.Scheme, r WalletRules, answer walletapi.Params) WalletAsk {
	result := walletapi.Unknown
	if answer != nil && r.Believe(p, answer) {
		result = s.Hear(answer)
		if answer[walletapi.Trade] != "" {
			p.Trade = answer[walletapi.Trade]
		}
	} else {
		answer = walletapi.Params{}
	}
	switch state := walletapi.OrderState(answer[walletapi.Standing]); {
	case p.Stage == WalletRefunding && result == walletapi.Done:
		p.Backs = append(slices.Clone(p.Backs), *p.Back)
		p.Back = nil
		return p.end(WalletPaid, walletapi.Done)
	case p.Stage == WalletRefunding && result != walletapi.Unknown:
		p.Back = nil
		return p.end(WalletPaid, result)
	case p.Stage == WalletCancelling && result == walletapi.Done:
		return p.end(WalletCancelled, walletapi.Cancelled)
	case p.Stage == WalletRefunding || p.Stage == WalletCancelling:
		return p.cancel(s, r)
	case p.Stage == WalletPaying && result == walletapi.Done && !p.Shows,
		result != walletapi.Unknown && (state == walletapi.StatePaid || state == walletapi.StateRefunded):
		return p.end(WalletPaid, walletapi.Done)
	case p.Stage == WalletPaying && !r.Doubtful(result) && result != walletapi.Done:
		return p.end(WalletRefused, result)
	case p.Stage == WalletPaying && p.Shows && result != walletapi.Done: // nobody has seen a code
		p.Stage = WalletCancelling
		return p.cancel(s, r)
	case p.Stage == WalletAsking && result == walletapi.Done && state != walletapi.StateOpen:
		return p.end(WalletRefused, walletapi.AlreadyClosed)
	case now.Sub(p.Began) >= p.patience(s) && !r.CancelDoubt:
		return p.end(WalletRefused, result)
	case now.Sub(p.Began) >= p.patience(s):
		p.Stage = WalletCancelling
		return p.cancel(s, r)
	}
	p.Stage = WalletAsking
	return p.ask(walletapi.OpQuery, s.QueryEvery)
}

// patience is how long a payment may stay undecided: a customer who must first find his phone gets as long as the order is open.
func (p *WalletPay) patience(s *walletapi.Scheme) time.Duration {
	if p.Shows {
		return s.WaitsForPayer
	}
	return s.QueryFor
}

func (p *WalletPay) end(stage WalletStage, result walletapi.Result) WalletAsk {
	p.Stage, p.Result = stage, result
	return WalletAsk{}
}

// cancel asks for the cancel, or a refund, once more; the first time at once.
func (p *WalletPay) cancel(s *walletapi.Scheme, r WalletRules) WalletAsk {
	p.Tries++
	switch {
	case p.Tries > r.CancelTries:
		return p.end(WalletOwed, walletapi.Unknown)
	case p.Stage == WalletRefunding:
		return p.askRefund(s.QueryEvery)
	case p.Tries == 1:
		return p.ask(walletapi.OpCancel, 0)
	}
	return p.ask(walletapi.OpCancel, s.QueryEvery)
}
