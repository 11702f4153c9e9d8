package issuer

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// originals lists what each kind of flow may act on.
func originals() map[pay.Flow][]pay.Flow {
	return map[pay.Flow][]pay.Flow{
		pay.Void:           {pay.Sale},
		pay.Refund:         {pay.Sale, pay.Completion},
		pay.Adjustment:     {pay.Sale},
		pay.Tip:            {pay.Sale},
		pay.PreAuthVoid:    {pay.PreAuth},
		pay.Completion:     {pay.PreAuth},
		pay.CompletionVoid: {pay.Completion},
	}
}

// originalStands finds the payment that a request acts on by its RRN, and wants it to be this card's and to stand.
func originalStands(c *Call) (pay.Answer, string) {
	o, known := c.payments[c.req.Get(iso8583.OriginalRRN)]
	switch {
	case !known || o.State != Approved || !slices.Contains(c.Rules.Originals[c.flow.Kind()], o.Flow.Kind()):
		return pay.Answer25NoOriginal, "no such payment stands"
	case o.Card != c.card.Name:
		return pay.Answer14BadCard, "payment " + o.RRN + " was paid with another card"
	case o.Ended != "":
		return pay.Answer25NoOriginal, "payment " + o.RRN + " was ended by " + o.Ended
	}
	c.original = o
	return passed, ""
}

// wholeAmount holds a void to all of its original, of which nothing was given back.
func wholeAmount(c *Call) (pay.Answer, string) {
	if c.amount != c.original.Amount || c.original.Refunded.Minor > 0 {
		return pay.Answer64AmountDiffers, fmt.Sprintf("payment %s was %s, %s of it refunded", c.original.RRN, c.original.Amount, c.original.Refunded)
	}
	return passed, ""
}

func refundWithin(c *Call) (pay.Answer, string) {
	if c.amount.Currency != c.original.Amount.Currency || c.original.Refunded.Minor+c.amount.Minor > c.original.Amount.Minor {
		return pay.Answer61AmountLimit, fmt.Sprintf("%s of %s were refunded, %s more is too much", c.original.Refunded, c.original.Amount, c.amount)
	}
	return passed, ""
}

// completionWithin holds a completion to the network's ceiling (DOMAIN.md A.14); an acquirer may have a lower one.
func completionWithin(c *Call) (pay.Answer, string) {
	if o := c.original.Amount; c.amount.Currency != o.Currency || c.amount.Minor*100 > o.Minor*c.Rules.Ceiling {
		return pay.Answer64AmountDiffers, fmt.Sprintf("%s is over %d %% of %s", c.amount, c.Rules.Ceiling, o)
	}
	return passed, ""
}

// available is what a balance inquiry tells: not what the account holds, but what of it may be spent (F54, type 02).
func available(b ledger.Balance) iso8583.AccountBalance {
	return iso8583.AccountBalance{Account: "00", Type: "02", Amount: b.Available}
}

// inquire tells what of the card's account may be spent.
func inquire(c *Call) {
	b, err := c.Balance(c.card.Name)
	c.Trace.Consult("issuer/balance")
	if err == nil {
		c.balance, err = iso8583.Balances(c.Rules.Tell(b))
	}
	if err != nil {
		c.end(pay.Answer96Malfunction, "balance", err.Error())
		return
	}
	p := Payment{RRN: c.rrn(), Flow: c.flow, Card: c.card.Name, At: c.now, State: Approved, Answer: pay.Answer00Approved}
	c.finish(change{payments: []Payment{p}}, p, "balance", "the balance of "+c.card.Name)
}
