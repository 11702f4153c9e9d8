package wallet

import (
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// guid names this wallet in the account template of its merchant codes.
func (h *Host) guid() string { return "org.tillproof." + h.Scheme.Name }

// accountID is the template of a merchant code in which a wallet that is no card scheme has its account.
const accountID = "26"

// merchantCode is what the till shows for an order: an EMV merchant code for one payment.
func (h *Host) merchantCode(o Order) (string, error) {
	return h.codeOf(h.merchants[o.Merchant], o.Amount, qr.Object{ID: "02", Value: o.Number})
}

// wallCode gives the code that hangs on a merchant's wall: the payer types the amount.
func wallCode(c *Call) {
	text, err := c.codeOf(c.merchant, pay.CNY(0))
	if err != nil {
		c.end(walletapi.BadRequest, "merchant-code", err.Error())
		return
	}
	c.answer[walletapi.QR] = text
	c.end(walletapi.Done, "wall-code", "the code of "+c.merchant.Name)
}

func (h *Host) codeOf(m Merchant, a pay.Amount, more ...qr.Object) (string, error) {
	fields := append(qr.Payload{{ID: "01", Value: m.Number}}, more...)
	p, err := qr.Merchant{Dynamic: len(more) > 0, Accounts: []qr.Account{{ID: accountID, GUID: h.guid(), Fields: fields}}, MCC: m.MCC, Amount: a,
		Country: "CN", Name: m.Name, City: "Shanghai"}.Payload()
	if err != nil {
		return "", err
	}
	return p.Encode()
}

// scanned is what a merchant code asks for.
type scanned struct {
	merchant Merchant
	order    Order // of a code for one order
	dynamic  bool
	said     pay.Amount
}

// scannedKnown reads the merchant code that a phone has scanned: it must be ours, whole, and say what its order says.
func scannedKnown(c *Call) (walletapi.Result, string) {
	p, err := qr.Parse(c.req[walletapi.QR])
	if err != nil {
		return walletapi.CodeInvalid, err.Error()
	}
	code, err := p.Merchant()
	if err != nil {
		return walletapi.CodeInvalid, err.Error()
	}
	for _, a := range code.Accounts {
		if a.GUID != c.guid() {
			continue
		}
		m, known := c.merchants[a.Fields.Get("01")]
		if !known || m.Name != code.Name {
			return walletapi.CodeInvalid, "the code names a merchant that is not ours"
		}
		c.scanned, c.merchant = scanned{merchant: m, dynamic: code.Dynamic, said: code.Amount}, m
		if !code.Dynamic {
			return "", ""
		}
		o, known := c.orders[orderKey(m.Number, a.Fields.Get("02"))]
		if !known || !c.Rules.CodeAgrees(o, code.Amount) {
			return walletapi.CodeInvalid, "the code says other than its order"
		}
		c.scanned.order = o
		return c.payable(o)
	}
	return walletapi.CodeInvalid, "the code is of another wallet"
}

// payable tells whether an order waits for this payer, or for any.
func (c *Call) payable(o Order) (walletapi.Result, string) {
	switch {
	case o.State == walletapi.StatePaid || o.State == walletapi.StateRefunded:
		return walletapi.AlreadyPaid, "the order is paid"
	case o.State == walletapi.StateCancelled:
		return walletapi.Cancelled, "the order was cancelled"
	case o.State != walletapi.StateOpen:
		return walletapi.AlreadyClosed, "the order is closed"
	case o.Payer != "" && o.Payer != c.payer.Name:
		return walletapi.NoSuchOrder, "another payer is asked for it"
	}
	return "", ""
}

// tellScanned shows the payer whom he is about to pay, and how much.
func tellScanned(c *Call) {
	if c.scanned.dynamic {
		c.tell(c.scanned.order)
	}
	c.answer[walletapi.Merchant], c.answer[walletapi.Subject] = c.merchant.Number, c.merchant.Name
	c.end(walletapi.Done, "scan", "the code of "+c.merchant.Name)
}

// showCode gives the phone a fresh payer code.
func showCode(c *Call) {
	n := c.given
	var digits string
	for {
		stream := c.Seed.Bytes(fmt.Sprintf("%s code %d", c.Scheme.Name, n), c.Scheme.CodeDigits)
		digits = c.Scheme.CodePrefix
		for _, b := range stream[len(digits):] {
			digits += fmt.Sprint(b % 10)
		}
		if _, taken := c.codes[hashOf(digits)]; !taken {
			break
		}
		n++
	}
	c.answer[walletapi.PayerCode] = digits
	c.finish(change{codes: []code{{Hash: hashOf(digits), Payer: c.payer.Name, At: c.now}}}, walletapi.Done, "code", "a fresh code for "+c.payer.Name)
}

func passwordRight(c *Call) (walletapi.Result, string) {
	want, err := c.HSM.Open(KeyStore, c.payer.Password)
	if err != nil || subtle.ConstantTimeCompare(want, []byte(c.req[walletapi.Password])) != 1 {
		return walletapi.WrongPassword, "that is not the password"
	}
	return "", ""
}

// whatIsPaid finds what the payer consents to: an order that waits for him, or the amount that he typed for a static code.
func whatIsPaid(c *Call) (walletapi.Result, string) {
	if key, known := c.trades[c.req[walletapi.Trade]]; known {
		c.order = c.orders[key]
		c.merchant, c.amount = c.merchants[c.order.Merchant], c.order.Amount
		return c.payable(c.order)
	}
	if c.req[walletapi.Trade] != "" || c.req[walletapi.QR] == "" {
		return walletapi.NoSuchOrder, "nothing waits for this payer"
	}
	if r, reason := scannedKnown(c); r != "" {
		return r, reason
	}
	if c.scanned.dynamic {
		c.order, c.amount = c.scanned.order, c.scanned.order.Amount
		return "", ""
	}
	if r, reason := c.money(walletapi.Amount); r != "" {
		return r, reason
	}
	trade := c.trade()
	c.order = Order{Merchant: c.merchant.Number, Number: "static-" + trade, Static: true, Trade: trade, At: c.now, Amount: c.amount, Subject: c.merchant.Name,
		State: walletapi.StateOpen, Notify: c.merchant.Notify}
	return "", ""
}

// withinStatic holds what one payer pays by codes on walls on a day to the rule of F.3.
func withinStatic(c *Call) (walletapi.Result, string) {
	if !c.order.Static {
		return "", ""
	}
	today := c.static[dayKey(c.payer.Name, c.now)]
	if limit := c.Scheme.StaticPerDay; limit.Minor > 0 && today+c.amount.Minor > limit.Minor {
		return walletapi.OverLimit, fmt.Sprintf("%s after %d fen today are over the %s that codes on walls may take a day", c.amount, today, limit)
	}
	return "", ""
}

// confirm pays what the payer has consented to.
func confirm(c *Call) { c.settle() }

// refuse ends what the payer does not want to pay.
func refuse(c *Call) {
	c.order.State = walletapi.StateClosed
	c.tell(c.order)
	c.finish(change{orders: []Order{c.order}}, walletapi.Done, "refuse", c.payer.Name+" does not want to pay")
}

// billKnown finds a payment of this payer.
func billKnown(c *Call) (walletapi.Result, string) {
	o, known := c.orders[c.trades[c.req[walletapi.Trade]]]
	if !known || o.Payer != c.payer.Name {
		return walletapi.NoSuchOrder, c.payer.Name + " has no such bill"
	}
	c.order = o
	return "", ""
}

func tellBill(c *Call) {
	c.tell(c.order)
	shop := c.merchants[c.order.Merchant].Name
	c.answer[walletapi.Subject] = strings.TrimSpace(shop + " " + strings.TrimPrefix(c.order.Subject, shop))
	c.end(walletapi.Done, "bill", "the bill")
}
