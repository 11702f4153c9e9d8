package terminal

import (
	"fmt"
	"maps"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// WalletRules are those about payments by a wallet's code.
type WalletRules struct {
	Doubtful    func(walletapi.Result) bool             // terminal/wallet-doubt: what may or may not have been paid, and is asked about
	Believe     func(*WalletPay, walletapi.Params) bool // terminal/wallet-answer: whether an answer is about this payment
	CancelDoubt bool                                    // terminal/wallet-cancel: what stays in doubt is cancelled
	CancelTries int                                     // terminal/wallet-tries: attempts at once; the rest wait for the next order
}

// ReferenceWallet gives the rules of a till that does everything right.
func ReferenceWallet() WalletRules {
	return WalletRules{Doubtful: doubtful, Believe: aboutThis, CancelDoubt: true, CancelTries: 10}
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
	WalletOwed       WalletStage = "owed"      // the cancel has not been acknowledged: it goes before the next order
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
}

// WalletAsk is a question for the wallet host, after a while.
type WalletAsk struct {
	After     time.Duration
	Operation walletapi.Operation
	Params    walletapi.Params
}

// Begin asks the host to take the money. say is what the request says besides, as the payer's code.
func (p *WalletPay) Begin(now time.Time, say walletapi.Params) WalletAsk {
	p.Stage, p.Began = WalletPaying, now
	ask := p.ask(walletapi.OpPay, 0)
	maps.Copy(ask.Params, say)
	ask.Params.SetMoney(walletapi.Amount, p.Amount)
	return ask
}

func (p *WalletPay) ask(op walletapi.Operation, after time.Duration) WalletAsk {
	return WalletAsk{After: after, Operation: op, Params: walletapi.Params{walletapi.Order: p.Order}}
}

// Resume goes on after a power cut: nobody has told the cashier, so whatever became of it is cancelled.
func (p *WalletPay) Resume() WalletAsk {
	p.Stage, p.Tries = WalletCancelling, 1
	return p.ask(walletapi.OpCancel, 0)
}

// Ended tells that nothing is left to be asked.
func (p *WalletPay) Ended() bool {
	return p.Stage != WalletPaying && p.Stage != WalletAsking && p.Stage != WalletCancelling
}

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
	case p.Stage == WalletCancelling && result == walletapi.Done:
		return p.end(WalletCancelled, walletapi.Cancelled)
	case p.Stage == WalletCancelling:
		return p.cancel(s, r)
	case p.Stage == WalletPaying && result == walletapi.Done,
		result != walletapi.Unknown && (state == walletapi.StatePaid || state == walletapi.StateRefunded):
		return p.end(WalletPaid, walletapi.Done)
	case p.Stage == WalletPaying && !r.Doubtful(result):
		return p.end(WalletRefused, result)
	case p.Stage == WalletAsking && result == walletapi.Done && state != walletapi.StateOpen:
		return p.end(WalletRefused, walletapi.AlreadyClosed)
	case now.Sub(p.Began) >= s.QueryFor && !r.CancelDoubt:
		return p.end(WalletRefused, result)
	case now.Sub(p.Began) >= s.QueryFor:
		p.Stage = WalletCancelling
		return p.cancel(s, r)
	}
	p.Stage = WalletAsking
	return p.ask(walletapi.OpQuery, s.QueryEvery)
}

func (p *WalletPay) end(stage WalletStage, result walletapi.Result) WalletAsk {
	p.Stage, p.Result = stage, result
	return WalletAsk{}
}

// cancel asks for it once more; the first time at once.
func (p *WalletPay) cancel(s *walletapi.Scheme, r WalletRules) WalletAsk {
	p.Tries++
	switch {
	case p.Tries > r.CancelTries:
		return p.end(WalletOwed, walletapi.Unknown)
	case p.Tries == 1:
		return p.ask(walletapi.OpCancel, 0)
	}
	return p.ask(walletapi.OpCancel, s.QueryEvery)
}
