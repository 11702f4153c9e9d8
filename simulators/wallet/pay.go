package wallet

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

func isFunds(err error) bool { return errors.Is(err, ledger.ErrFunds) }

// work is one decision about money.
type work struct {
	*Host
	tx *ledger.Tx
}

func (h *Host) begin(now time.Time) *work { return &work{h, h.books.Begin(now)} }

// charge moves an order's money from its payer to its merchant.
func charge(w *work, o Order) error {
	return w.tx.Post(o.Posting, payerAccount(o.Payer), merchantAccount(o.Merchant), o.Amount)
}

// giveBack moves a part of it back.
func giveBack(w *work, o Order, a pay.Amount, number string) error {
	return w.tx.Refund(ledger.ID(o.Trade+":refund:"+number), o.Posting, a)
}

// firstPay gives the repeat of a payment what became of the first; another order under its number is refused.
func firstPay(c *Call) (walletapi.Result, string) {
	return c.first(func(o Order) bool { return o.Code == hashOf(c.req[walletapi.PayerCode]) })
}

func firstOrder(c *Call) (walletapi.Result, string) {
	return c.first(func(o Order) bool { return o.Code == "" })
}

func (c *Call) first(same func(Order) bool) (walletapi.Result, string) {
	key := orderKey(c.merchant.Number, c.req[walletapi.Order])
	o, known := c.orders[key]
	switch {
	case !known:
		c.order = Order{Merchant: c.merchant.Number, Number: c.req[walletapi.Order], At: c.now, Amount: c.amount, Subject: c.req[walletapi.Subject],
			Notify: c.req[walletapi.Notify], Trade: c.trade()}
		return "", ""
	case o.State == walletapi.StateCancelled:
		c.tell(o)
		return walletapi.Cancelled, "the order was cancelled"
	case o.State == walletapi.StateClosed:
		c.tell(o)
		return walletapi.AlreadyClosed, "the order is closed"
	case o.Amount != c.amount || !same(o):
		return walletapi.NumberUsed, "another order has this number"
	case o.State == walletapi.StateOpen && o.Code != "":
		c.tell(o)
		return walletapi.Waiting, "the payer is asked for his password"
	case o.State == walletapi.StateOpen:
		c.order = o
		return "", "" // a merchant code is told again
	}
	c.tell(o)
	return walletapi.AlreadyPaid, "the order is paid"
}

// trade numbers an order: the day, and how many there were before.
func (c *Call) trade() string {
	return fmt.Sprintf("%s%s%08d", c.Scheme.CodePrefix, c.now.Format("20060102"), len(c.Host.order)+1)
}

func codeKnown(c *Call) (walletapi.Result, string) {
	k, known := c.codes[hashOf(c.req[walletapi.PayerCode])]
	if !known {
		return walletapi.CodeInvalid, "nobody was given this code"
	}
	c.code, c.payer = k, c.payers[k.Payer]
	return "", ""
}

func codeUnused(c *Call) (walletapi.Result, string) {
	if c.code.Used != "" && c.Rules.SingleUse {
		return walletapi.CodeUsed, "the code was used for another order"
	}
	return "", ""
}

func codeFresh(c *Call) (walletapi.Result, string) {
	if !c.Rules.Fresh(c.Host, c.code.At, c.now) {
		return walletapi.CodeExpired, fmt.Sprintf("the code is older than %s", c.Scheme.CodeLife)
	}
	return "", ""
}

// asksPayer tells whether a payer must type his password (DOMAIN.md E.4).
func asksPayer(c *Call, p payer, a pay.Amount) bool {
	if p.Settings.Asked || a.Minor > c.Scheme.NoPasswordUpTo.Minor {
		return true
	}
	return c.paid[dayKey(p.Name, c.now)] >= c.Scheme.NoPasswordCount
}

// payByCode takes the money, or asks the payer.
func payByCode(c *Call) {
	c.code.Used = c.order.key()
	c.order.Code, c.order.Payer = c.code.Hash, c.payer.Name
	if c.Rules.AsksPayer(c, c.payer, c.amount) {
		c.order.State = walletapi.StateOpen
		c.tell(c.order)
		c.finish(change{codes: []code{c.code}, orders: []Order{c.order}}, walletapi.Waiting, "password", c.payer.Name+" is asked for the password")
		return
	}
	c.settle(c.code)
}

// settle takes an order's money from its payer; used is the payer code that it takes, if any.
func (c *Call) settle(used ...code) {
	o := c.order
	o.State, o.PaidAt, o.Payer, o.Posting = walletapi.StatePaid, c.now, c.payer.Name, ledger.ID(o.Trade+":pay")
	o.Returned.Currency = o.Amount.Currency
	w := c.begin(c.now)
	if err := c.Rules.Charge(w, o); err != nil {
		c.failed(err)
		return
	}
	o.told(walletapi.StatePaid)
	c.tell(o)
	c.finish(change{codes: used, orders: []Order{o}, books: w.tx}, walletapi.Done, "pay", fmt.Sprintf("%s pays %s to %s", o.Payer, o.Amount, c.merchants[o.Merchant].Name))
}

// told marks what the merchant must hear.
func (o *Order) told(s walletapi.OrderState) {
	if o.Notify != "" {
		o.Untold = append(slices.Clone(o.Untold), s)
	}
}

// openOrder gives an order its merchant code.
func openOrder(c *Call) {
	c.order.State = walletapi.StateOpen
	text, err := c.merchantCode(c.order)
	if err != nil {
		c.end(walletapi.BadRequest, "merchant-code", err.Error())
		return
	}
	c.tell(c.order)
	c.answer[walletapi.QR] = text
	c.finish(change{orders: []Order{c.order}}, walletapi.Done, "order", "a code for "+c.order.Amount.String())
}

// tell puts what is known of an order into the answer.
func (c *Call) tell(o Order) { o.into(c.answer) }

func (o Order) into(p walletapi.Params) {
	p[walletapi.Merchant], p[walletapi.Order], p[walletapi.Trade], p[walletapi.Standing] = o.Merchant, o.Number, o.Trade, string(o.State)
	if o.Amount.Minor > 0 {
		p.SetMoney(walletapi.Amount, o.Amount)
	}
	if o.Payer != "" {
		p[walletapi.Payer] = masked(o.Payer)
	}
	if !o.PaidAt.IsZero() {
		p[walletapi.PaidAt] = o.PaidAt.Format(time.RFC3339)
		p[walletapi.Returned] = fmt.Sprint(o.Returned.Minor)
	}
}

// masked shows a merchant no more of a payer's name than its first character.
func masked(name string) string { return string([]rune(name)[:1]) + "**" }

// codeMemory is how long a payer code that has run out is still known as one, so that whoever shows it is told what is wrong.
const codeMemory = 10 * time.Minute

// Age forgets codes and closes the orders that nobody has paid in time. Serve calls it first; whoever looks at the orders calls it before.
func (h *Host) Age(now time.Time) {
	for len(h.shown) > 0 && now.Sub(h.codes[h.shown[0]].At) > h.Scheme.CodeLife+codeMemory {
		delete(h.codes, h.shown[0])
		h.shown = h.shown[1:]
	}
	if h.broken || !h.Rules.ClosesStale {
		return
	}
	for _, key := range slices.Clone(h.open) {
		if o := h.orders[key]; now.Sub(o.At) > h.Scheme.WaitsForPayer {
			o.State = walletapi.StateClosed
			h.note(now, trace.Decided, "age", "order "+o.Number+" closes: nobody has paid it")
			h.commit(change{orders: []Order{o}}, func() {})
		}
	}
}
