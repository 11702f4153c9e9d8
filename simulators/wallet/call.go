package wallet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Call is one request on its way through the host. Checks read it and leave in it what they found.
type Call struct {
	*Host
	now    time.Time
	op     walletapi.Operation
	req    walletapi.Params
	answer walletapi.Params
	out    walletapi.Outbox
	ails   Condition

	merchant Merchant
	payer    payer
	code     code
	order    Order
	amount   pay.Amount
	scanned  scanned
}

// Serve answers one request. It implements walletapi.Handler.
func (h *Host) Serve(now time.Time, op walletapi.Operation, p walletapi.Params, out walletapi.Outbox) {
	c := &Call{Host: h, now: now, op: op, req: p, answer: walletapi.Params{}, out: out, ails: h.condition}
	if op.OfPhone() {
		c.ails = Condition{}
	}
	if c.ails.Down || h.broken {
		h.note(now, trace.Trouble, "silent", "the host takes the request and does nothing")
		return
	}
	h.Age(now)
	h.Trace.Record(trace.Event{At: now, Party: h.Scheme.Name, Kind: trace.Received, Name: string(op), Text: p.String()})
	c.serve()
}

func (c *Call) serve() {
	i := slices.IndexFunc(c.Rules.Services, func(s Service) bool { return s.Operation == c.op })
	if i < 0 {
		c.end(walletapi.BadRequest, "operation", "there is no operation "+string(c.op))
		return
	}
	s := c.Rules.Services[i]
	for _, name := range s.Needs {
		if c.req[name] == "" {
			c.end(walletapi.Lacks, "needs", string(s.Operation)+" lacks "+name)
			return
		}
	}
	for _, check := range s.Checks {
		c.Trace.Consult(c.Scheme.Name + "/" + check.Name)
		if result, reason := check.Ask(c); result != "" {
			c.end(result, check.Name, reason)
			return
		}
	}
	s.Serve(c)
}

// end answers without a change.
func (c *Call) end(r walletapi.Result, rule, reason string) { c.finish(change{}, r, rule, reason) }

// finish commits what was decided, and then answers and tells the merchant.
func (c *Call) finish(made change, r walletapi.Result, rule, reason string) {
	c.note(c.now, trace.Decided, rule, string(r)+": "+reason)
	if c.ails.Unsure && r == walletapi.Done {
		r = walletapi.Unknown
		c.answer = walletapi.Params{}
	}
	c.commit(made, func() {
		c.tellMerchants(made)
		if c.ails.Silent {
			return
		}
		c.Scheme.Say(c.answer, r)
		c.answer[walletapi.Reason] = reason
		c.answer[walletapi.Nonce] = c.req[walletapi.Nonce]
		if c.ails.Delay > 0 {
			c.out.After(c.ails.Delay, c.send)
			return
		}
		c.send(c.now)
	})
}

func (c *Call) send(now time.Time) {
	signed, err := c.answer.Signed(c.signer())
	if err != nil {
		c.note(now, trace.Trouble, "signature", err.Error())
		return
	}
	c.Trace.Record(trace.Event{At: now, Party: c.Scheme.Name, Kind: trace.Sent, Name: string(c.op), Text: signed.String()})
	c.out.Answer(signed)
}

func (h *Host) signer() walletapi.Signer {
	return func(message []byte) ([]byte, error) { return h.HSM.Sign(KeyHost, message) }
}

// failed answers what went wrong in the books: too little money is an outcome, anything else our own fault and unknown to the caller.
func (c *Call) failed(err error) {
	if isFunds(err) {
		c.end(walletapi.BalanceLow, "funds", "the balance is less than "+c.amount.String())
		return
	}
	c.note(c.now, trace.Trouble, "books", err.Error())
	c.end(walletapi.Unknown, "books", "the host could not do it")
}

func merchantKnown(c *Call) (walletapi.Result, string) {
	m, known := c.merchants[c.req[walletapi.Merchant]]
	if !known {
		return walletapi.NoSuchMerchant, "no merchant has this number"
	}
	c.merchant = m
	return "", ""
}

func merchantSigned(c *Call) (walletapi.Result, string) {
	return c.signed(MerchantKey(c.merchant.Number))
}

func phoneSigned(c *Call) (walletapi.Result, string) { return c.signed(PhoneKey(c.payer.Name)) }

func (c *Call) signed(key string) (walletapi.Result, string) {
	right, err := c.req.Verified(func(message, signature []byte) (bool, error) { return c.HSM.VerifySignature(key, message, signature) })
	if err != nil {
		return walletapi.BadSignature, "there is no key to verify it"
	}
	if !right {
		return walletapi.BadSignature, "the signature is not over this request"
	}
	return "", ""
}

// longest are the most characters of parameters.
var longest = map[string]int{walletapi.Order: 32, walletapi.Refund: 32, walletapi.Subject: 128, walletapi.Terminal: 16, walletapi.Notify: 256}

func wellFormed(c *Call) (walletapi.Result, string) {
	for _, name := range slices.Sorted(maps.Keys(longest)) {
		if n := len([]rune(c.req[name])); n > longest[name] {
			return walletapi.BadRequest, fmt.Sprintf("%s has %d characters, at most %d are allowed", name, n, longest[name])
		}
	}
	for _, name := range []string{walletapi.Order, walletapi.Refund} {
		if strings.Trim(c.req[name], "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-*") != "" {
			return walletapi.BadRequest, name + " has other characters than letters, digits, _ - and *"
		}
	}
	if address := c.req[walletapi.Notify]; address != "" && !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return walletapi.BadRequest, "notify is no address of http or https"
	}
	return "", ""
}

func amountGiven(c *Call) (walletapi.Result, string) { return c.money(walletapi.Amount) }

func returnGiven(c *Call) (walletapi.Result, string) { return c.money(walletapi.Returned) }

func (c *Call) money(name string) (walletapi.Result, string) {
	a, err := c.req.Money(name)
	if err != nil || a.Minor == 0 {
		return walletapi.BadRequest, name + " is no amount"
	}
	c.amount = a
	return "", ""
}

func orderKnown(c *Call) (walletapi.Result, string) {
	o, known := c.orders[orderKey(c.merchant.Number, c.req[walletapi.Order])]
	if !known {
		return walletapi.NoSuchOrder, "this merchant has no order of that number"
	}
	c.order = o
	return "", ""
}

func payerKnown(c *Call) (walletapi.Result, string) {
	p, known := c.payers[c.req[walletapi.Payer]]
	if !known {
		return walletapi.PayerBlocked, "nobody has this name"
	}
	c.payer = p
	return "", ""
}

func payerUsable(c *Call) (walletapi.Result, string) {
	if c.payer.Settings.Blocked {
		return walletapi.PayerBlocked, c.payer.Name + "'s account is blocked"
	}
	return "", ""
}

func notSeller(c *Call) (walletapi.Result, string) {
	if c.merchants[c.order.Merchant].Owner == c.payer.Name && c.payer.Name != "" {
		return walletapi.PayerIsSeller, "nobody pays himself"
	}
	return "", ""
}

func withinLimits(c *Call) (walletapi.Result, string) {
	for _, limit := range []pay.Amount{c.Scheme.PerPayment, c.merchant.Limit} {
		if limit.Minor > 0 && (limit.Currency != c.amount.Currency || c.amount.Minor > limit.Minor) {
			return walletapi.OverLimit, fmt.Sprintf("%s is over %s", c.amount, limit)
		}
	}
	return "", ""
}
