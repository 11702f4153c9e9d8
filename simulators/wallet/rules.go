package wallet

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Check is one question asked of a request. An empty result lets it pass; any other ends it, with a reason for people.
type Check struct {
	Name string
	Ask  func(*Call) (result walletapi.Result, reason string)
}

// Service is how one operation is served: what it must say, its checks in order, then what it does.
type Service struct {
	Operation walletapi.Operation
	Needs     []string // parameters
	Checks    []Check
	Serve     func(*Call)
}

// Rules are all that a host decides from. A value is immutable once a host works with it.
type Rules struct {
	Services    []Service
	Fresh       func(h *Host, at, now time.Time) bool        // whether a payer code of then may be used now
	SingleUse   bool                                         // a payer code pays once
	AsksPayer   func(c *Call, p payer, a pay.Amount) bool    // whether the password is wanted
	Charge      func(*work, Order) error                     // moves an order's money to its merchant
	GiveBack    func(*work, Order, pay.Amount, string) error // moves a part of it back, for a reason's number
	CodeAgrees  func(o Order, said pay.Amount) bool          // whether a merchant code says what its order says
	Tombstones  bool                                         // the cancel of an unknown order keeps it from being paid later
	SignsTold   bool                                         // notifications are signed
	TellsAgain  bool                                         // ... and repeated until acknowledged
	ClosesStale bool                                         // an order that nobody pays closes by itself
	Floor       int64                                        // minor units below which no payer's account may fall
}

// Reference gives the rules of a host that does everything right.
func Reference() Rules {
	return Rules{
		Services:    services(),
		Fresh:       func(h *Host, at, now time.Time) bool { return now.Sub(at) <= h.Scheme.CodeLife },
		SingleUse:   true,
		AsksPayer:   asksPayer,
		Charge:      charge,
		GiveBack:    giveBack,
		CodeAgrees:  func(o Order, said pay.Amount) bool { return o.Amount == said },
		Tombstones:  true,
		SignsTold:   true,
		TellsAgain:  true,
		ClosesStale: true,
	}
}

func services() []Service {
	merchant := []Check{{"merchant", merchantKnown}, {"signature", merchantSigned}, {"format", wellFormed}}
	order := slices.Concat(merchant, []Check{{"order", orderKnown}})
	phone := []Check{{"payer", payerKnown}, {"signature", phoneSigned}}
	with := func(base []Check, more ...Check) []Check { return slices.Concat(base, more) }
	return []Service{
		{walletapi.OpPay, []string{walletapi.Order, walletapi.Amount, walletapi.PayerCode, walletapi.Subject},
			with(merchant, Check{"amount", amountGiven}, Check{"repeat", firstPay}, Check{"payer-code", codeKnown}, Check{"code-used", codeUnused},
				Check{"code-fresh", codeFresh}, Check{"payer-status", payerUsable}, Check{"seller", notSeller}, Check{"limit", withinLimits}), payByCode},
		{walletapi.OpOrder, []string{walletapi.Order, walletapi.Amount, walletapi.Subject},
			with(merchant, Check{"amount", amountGiven}, Check{"repeat", firstOrder}, Check{"limit", withinLimits}), openOrder},
		{walletapi.OpQuery, []string{walletapi.Order}, order, query},
		{walletapi.OpCancel, []string{walletapi.Order}, with(merchant, Check{"cancel-time", cancelInTime}), cancel},
		{walletapi.OpClose, []string{walletapi.Order}, with(order, Check{"unpaid", notPaidYet}), closeOrder},
		{walletapi.OpRefund, []string{walletapi.Order, walletapi.Refund, walletapi.Returned},
			with(order, Check{"refund-amount", returnGiven}, Check{"repeat", firstRefund}, Check{"paid", wasPaid}, Check{"refund-time", refundInTime},
				Check{"refund-total", refundWithin}), refund},
		{walletapi.OpRefundQuery, []string{walletapi.Order, walletapi.Refund}, with(order, Check{"refund", refundKnown}), tellRefund},
		{walletapi.OpWallCode, nil, merchant, wallCode},

		{walletapi.OpAppCode, []string{walletapi.Payer}, phone, showCode},
		{walletapi.OpAppScan, []string{walletapi.Payer, walletapi.QR}, with(phone, Check{"merchant-code", scannedKnown}), tellScanned},
		{walletapi.OpAppConfirm, []string{walletapi.Payer, walletapi.Password},
			with(phone, Check{"payer-status", payerUsable}, Check{"password", passwordRight}, Check{"what", whatIsPaid}, Check{"seller", notSeller},
				Check{"limit", withinLimits}, Check{"static-limit", withinStatic}), confirm},
		{walletapi.OpAppRefuse, []string{walletapi.Payer, walletapi.Trade}, with(phone, Check{"what", whatIsPaid}), refuse},
		{walletapi.OpAppBill, []string{walletapi.Payer, walletapi.Trade}, with(phone, Check{"bill", billKnown}), tellBill},
	}
}

// without gives the services with one check left out, of all of them or of those named: an edit that defects make.
func without(list []Service, check string, of ...walletapi.Operation) []Service {
	list = slices.Clone(list)
	for i, s := range list {
		if len(of) == 0 || slices.Contains(of, s.Operation) {
			list[i].Checks = slices.DeleteFunc(slices.Clone(s.Checks), func(c Check) bool { return c.Name == check })
		}
	}
	return list
}
