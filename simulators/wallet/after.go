package wallet

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// query tells what became of an order.
func query(c *Call) {
	c.tell(c.order)
	c.end(walletapi.Done, "query", "the order is "+string(c.order.State))
}

// cancelInTime refuses a cancel that comes too soon after the payment, or too late. What is not known may be cancelled at any time.
func cancelInTime(c *Call) (walletapi.Result, string) {
	o, known := c.orders[orderKey(c.merchant.Number, c.req[walletapi.Order])]
	if !known || o.State == walletapi.StateCancelled {
		return "", ""
	}
	switch age := c.now.Sub(o.At); {
	case age < c.Scheme.CancelAfter:
		c.answer[walletapi.Again] = "yes"
		return walletapi.Unknown, fmt.Sprintf("not sooner than %s after the payment", c.Scheme.CancelAfter)
	case age > c.Scheme.CancelFor:
		return walletapi.TooLate, fmt.Sprintf("not later than %s after the payment", c.Scheme.CancelFor)
	}
	return "", ""
}

// cancelNumber stands for the refund that a cancel makes; no merchant's number has a space.
const cancelNumber = "cancel of the order"

// cancel gives back what is left of a payment, or keeps an order from being paid: also one that has not come yet.
func cancel(c *Call) {
	o, known := c.orders[orderKey(c.merchant.Number, c.req[walletapi.Order])]
	w, action := c.begin(c.now), "close"
	switch {
	case !known && !c.Rules.Tombstones:
		c.end(walletapi.Done, "cancel", "no such order")
		return
	case !known:
		o = Order{Merchant: c.merchant.Number, Number: c.req[walletapi.Order], Trade: c.trade(), At: c.now}
	case o.State == walletapi.StateCancelled:
		c.cancelled(change{}, o)
		return
	case o.State == walletapi.StatePaid:
		action = "refund"
		left := o.left()
		if err := c.Rules.GiveBack(w, o, left, cancelNumber); err != nil {
			c.failed(err)
			return
		}
		o.Returned = o.Amount
	}
	o.State = walletapi.StateCancelled
	o.told(walletapi.StateCancelled)
	c.answer[walletapi.Action] = action
	c.cancelled(change{orders: []Order{o}, books: w.tx}, o)
}

func (c *Call) cancelled(made change, o Order) {
	c.tell(o)
	if c.answer[walletapi.Action] == "" {
		c.answer[walletapi.Action] = "close"
		if !o.PaidAt.IsZero() {
			c.answer[walletapi.Action] = "refund"
		}
	}
	c.finish(made, walletapi.Done, "cancel", "the order is cancelled")
}

func notPaidYet(c *Call) (walletapi.Result, string) {
	switch c.order.State {
	case walletapi.StatePaid, walletapi.StateRefunded:
		return walletapi.AlreadyPaid, "the order is paid: cancel or refund it"
	case walletapi.StateCancelled:
		return walletapi.Cancelled, "the order was cancelled"
	}
	return "", ""
}

// closeOrder lets nobody pay an order any more.
func closeOrder(c *Call) {
	c.order.State = walletapi.StateClosed
	c.tell(c.order)
	c.finish(change{orders: []Order{c.order}}, walletapi.Done, "close", "the order is closed")
}

// firstRefund gives the repeat of a refund its first answer; another refund under its number is refused.
func firstRefund(c *Call) (walletapi.Result, string) {
	i := slices.IndexFunc(c.order.Refunds, func(r Refund) bool { return r.Number == c.req[walletapi.Refund] })
	switch {
	case i < 0:
		return "", ""
	case c.order.Refunds[i].Amount != c.amount:
		return walletapi.NumberUsed, "another refund has this number"
	}
	c.refunded(c.order.Refunds[i])
	return walletapi.Done, "the refund was made already"
}

func wasPaid(c *Call) (walletapi.Result, string) {
	if s := c.order.State; s != walletapi.StatePaid && s != walletapi.StateRefunded {
		return walletapi.NotPaid, "the order is " + string(s)
	}
	return "", ""
}

func refundInTime(c *Call) (walletapi.Result, string) {
	if c.now.Sub(c.order.PaidAt) > c.Scheme.RefundFor {
		return walletapi.TooLate, fmt.Sprintf("the payment is older than %s", c.Scheme.RefundFor)
	}
	return "", ""
}

func refundWithin(c *Call) (walletapi.Result, string) {
	if left := c.order.left(); c.amount.Currency != left.Currency || c.amount.Minor > left.Minor {
		return walletapi.RefundTooMuch, fmt.Sprintf("%s is left of the payment", left)
	}
	return "", ""
}

// refund gives a part of a payment back, or all of it.
func refund(c *Call) {
	o, r := c.order, Refund{c.req[walletapi.Refund], c.amount, c.now}
	w := c.begin(c.now)
	if err := c.Rules.GiveBack(w, o, c.amount, r.Number); err != nil {
		c.failed(err)
		return
	}
	o.Refunds = append(slices.Clone(o.Refunds), r)
	o.Returned = pay.Amount{Minor: o.Returned.Minor + r.Amount.Minor, Currency: o.Amount.Currency}
	if o.left().Minor <= 0 {
		o.State = walletapi.StateRefunded
	}
	o.told(walletapi.StateRefunded)
	c.order = o
	c.refunded(r)
	c.finish(change{orders: []Order{o}, books: w.tx}, walletapi.Done, "refund", fmt.Sprintf("%s of %s go back", r.Amount, o.Amount))
}

func (c *Call) refunded(r Refund) {
	c.tell(c.order)
	c.answer[walletapi.Refund] = r.Number
	c.answer[walletapi.Refunded] = fmt.Sprint(r.Amount.Minor)
}

func refundKnown(c *Call) (walletapi.Result, string) {
	i := slices.IndexFunc(c.order.Refunds, func(r Refund) bool { return r.Number == c.req[walletapi.Refund] })
	if i < 0 {
		return walletapi.NoSuchOrder, "the order has no refund of that number"
	}
	c.refunded(c.order.Refunds[i])
	return "", ""
}

func tellRefund(c *Call) { c.end(walletapi.Done, "refund-query", "the refund was made") }
