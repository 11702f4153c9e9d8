package acquirer

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// originals lists what each kind of flow may act on. What was paid by instalments is voided and not given back in part
// (DOMAIN.md A.14); a deposit that was completed by advice is given back, since only the request has a void.
func originals() map[pay.Flow][]pay.Flow {
	deposits := []pay.Flow{pay.PreAuth}
	return map[pay.Flow][]pay.Flow{
		pay.Void:                 {pay.Sale, pay.OfflineSale},
		pay.InstalmentVoid:       {pay.Instalment},
		pay.RecurringVoid:        {pay.Recurring},
		pay.MOTOVoid:             {pay.MOTOSale},
		pay.Refund:               {pay.Sale, pay.OfflineSale, pay.Recurring, pay.Completion, pay.CompletionAdvice},
		pay.Adjustment:           {pay.OfflineSale},
		pay.Tip:                  {pay.Sale, pay.OfflineSale},
		pay.MOTORefund:           {pay.MOTOSale, pay.MOTOCompletion, pay.MOTOCompletionAdvice},
		pay.PreAuthVoid:          deposits,
		pay.Completion:           deposits,
		pay.CompletionAdvice:     deposits,
		pay.CompletionVoid:       {pay.Completion},
		pay.MOTOPreAuthVoid:      {pay.MOTOPreAuth},
		pay.MOTOCompletion:       {pay.MOTOPreAuth},
		pay.MOTOCompletionAdvice: {pay.MOTOPreAuth},
		pay.MOTOCompletionVoid:   {pay.MOTOCompletion},
	}
}

// originalKnown finds the payment that a request acts on among those which the search gives.
func originalKnown(search func(*Call) []Key) func(*Call) (pay.Answer, string) {
	return func(c *Call) (pay.Answer, string) {
		other := pay.Flow("")
		for _, k := range search(c) {
			p := c.payments[k]
			switch {
			case p.Ref.Merchant != c.merchant.Number || p.State != Approved && p.State != Expired:
			case slices.Contains(c.Rules.Originals[c.spec.Flow], p.Ref.Flow):
				c.original = p
				return passed, ""
			default:
				other = p.Ref.Flow
			}
		}
		if c.spec.Flow.Kind() == pay.Refund && other.Kind() == pay.Sale {
			return pay.Answer12Invalid, "the original is a payment of the kind " + string(other)
		}
		return pay.Answer25NoOriginal, "this merchant has no such payment that stands"
	}
}

// byTrace looks in the terminal's own batch, for voids.
func byTrace(c *Call) []Key {
	batch := c.req.Get(iso8583.OriginalBatch)
	if batch == "" {
		batch = c.terminal.Batch
	}
	k := Key{c.terminal.Number, batch, c.req.Get(iso8583.OriginalTrace)}
	p, known := c.payments[k]
	if rrn := c.req.Get(iso8583.OriginalRRN); !known || batch != c.terminal.Batch || rrn != "" && rrn != p.RRN {
		return nil
	}
	return []Key{k}
}

// byNumber looks by RRN and date, or by batch and trace where the dialect's switch says so (DOMAIN.md K.9). A message
// without RRN is looked for in the terminal's own numbers.
func byNumber(c *Call) []Key {
	rrn := c.req.Get(iso8583.OriginalRRN)
	if n, known := c.byRRN[rrn]; known && c.Dialect.Switches.RefundLookup != "trace" {
		return c.onDay([]Key{c.order[n]})
	}
	if rrn != "" && c.Dialect.Switches.RefundLookup != "trace" {
		return nil
	}
	var found []Key
	for _, k := range slices.Backward(c.order) {
		batch := c.req.Get(iso8583.OriginalBatch)
		if k.Terminal == c.terminal.Number && k.Trace == c.req.Get(iso8583.OriginalTrace) && (batch == "" || batch == k.Batch) {
			found = append(found, k)
		}
	}
	return c.onDay(found)
}

// byAuthorization looks by merchant, card, date and authorization code (DOMAIN.md A.6).
func byAuthorization(c *Call) []Key {
	name := authorizedAs(c.merchant.Number, c.req.Get(iso8583.OriginalDate), c.req.Get(iso8583.AuthCode))
	all := c.onDay(slices.Clone(c.byAuth[name]))
	slices.Reverse(all) // the youngest first: the same code may have been given on that day of an earlier year
	return slices.Concat(slices.DeleteFunc(slices.Clone(all), func(k Key) bool { return !c.sameCard(c.payments[k]) }), all)
}

func authorizedAs(merchant, mmdd, code string) string { return merchant + " " + mmdd + " " + code }

// authorizedAs gives the names under which an authorization is looked for.
func (p Payment) authorizedAs() []string {
	names := []string{authorizedAs(p.Ref.Merchant, p.At.Format("0102"), p.AuthCode)}
	if p.Sent != "" && p.Sent != p.At.Format("0102") {
		names = append(names, authorizedAs(p.Ref.Merchant, p.Sent, p.AuthCode))
	}
	return names
}

// onDay keeps the payments of the day that the request names.
func (c *Call) onDay(keys []Key) []Key {
	date := c.req.Get(iso8583.OriginalDate)
	c.Trace.Consult("acquirer/date")
	return slices.DeleteFunc(keys, func(k Key) bool { return !c.Rules.OnDay(c.payments[k], date, c.now) })
}

// sameCard compares card with card and code with code. What was paid by code needs neither a second time.
func (c *Call) sameCard(p Payment) bool {
	kept, err := c.HSM.Open(KeyStore, p.Sealed)
	if p.ByCode {
		code := c.card.code.Reveal()
		return err == nil && c.card.pan.IsZero() && (code == "" || code == string(kept))
	}
	return err == nil && string(kept) == c.card.pan.Reveal()
}

func originalCard(c *Call) (pay.Answer, string) {
	if !c.sameCard(c.original) {
		return pay.Answer14BadCard, c.original.Key().String() + " was paid with another card"
	}
	return passed, ""
}

func originalAmount(c *Call) (pay.Answer, string) {
	if c.amount != c.original.Amount {
		return pay.Answer64AmountDiffers, fmt.Sprintf("%s was %s", c.original.Key(), c.original.Amount)
	}
	return passed, ""
}

// originalToday holds a void to the day of what it voids.
func originalToday(c *Call) (pay.Answer, string) {
	if c.age() != 0 {
		return pay.Answer25NoOriginal, c.original.Key().String() + " is of another day"
	}
	return passed, ""
}

// age counts the days since the original, by the calendar.
func (c *Call) age() int {
	return c.daysSince(c.original.At)
}

// daysSince counts the days by the calendar.
func (c *Call) daysSince(at time.Time) int {
	day := func(t time.Time) time.Time {
		t = t.In(c.now.Location())
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(day(c.now).Sub(day(at)) / (24 * time.Hour))
}

// originalStands refuses what was voided or completed already.
func originalStands(c *Call) (pay.Answer, string) {
	if c.original.Ended == nil {
		return passed, ""
	}
	reason := c.original.Key().String() + " was ended by " + c.original.Ended.String()
	if k := c.spec.Flow.Kind(); k == pay.Refund || k == pay.Completion {
		return pay.Answer25NoOriginal, reason
	}
	return c.Dialect.Switches.VoidedAgain, reason
}

// originalWhole refuses to void what was refunded in part: 12, related transaction wrong (DOMAIN.md C).
func originalWhole(c *Call) (pay.Answer, string) {
	if c.original.Disputed.Minor > 0 {
		return pay.Answer12Invalid, fmt.Sprintf("%s of %s is disputed", c.original.Disputed, c.original.Key())
	}
	if c.original.Refunded.Minor > 0 {
		return pay.Answer12Invalid, fmt.Sprintf("%s of %s was refunded", c.original.Refunded, c.original.Key())
	}
	return passed, ""
}

func refundInTime(c *Call) (pay.Answer, string) {
	if days := c.Dialect.Switches.RefundDays; c.age() > days {
		return c.Dialect.Switches.LateRefund, fmt.Sprintf("%s is older than %d days", c.original.Key(), days)
	}
	return passed, ""
}

func refundWithin(c *Call) (pay.Answer, string) {
	if c.amount.Currency != c.original.Amount.Currency || c.original.Refunded.Minor+c.original.Disputed.Minor+c.amount.Minor > c.original.Amount.Minor {
		return c.Dialect.Switches.OverRefund, fmt.Sprintf("%s of %s were refunded, %s more is too much", c.original.Refunded, c.original.Amount, c.amount)
	}
	return passed, ""
}

// authorizationInTime refuses an authorization on the day it ends and later (DOMAIN.md A.14: older than 29 days, of 30).
func authorizationInTime(c *Call) (pay.Answer, string) {
	if days := c.Dialect.Switches.PreAuthDays; c.original.State == Expired || c.age() >= days {
		return "22", fmt.Sprintf("%s ended after %d days", c.original.Key(), days)
	}
	return passed, ""
}

// completionWithin holds a completion to its ceiling. An advice may not go over what is held: the issuer is told of it and
// not asked, and nothing but the hold says that the money is there.
func completionWithin(c *Call) (pay.Answer, string) {
	percent := int64(c.Dialect.Switches.CompletionCeiling)
	if c.spec.Advice {
		percent = 100
	}
	if o := c.original.Amount; c.amount.Currency != o.Currency || c.amount.Minor*100 > o.Minor*percent {
		return pay.Answer64AmountDiffers, fmt.Sprintf("%s is over %d %% of %s", c.amount, percent, o)
	}
	return passed, ""
}

// adviceRepeat gives the repeat of an advice its first answer (DOMAIN.md K.16). Another message under its number is left to
// the duplicate check.
func adviceRepeat(c *Call) (pay.Answer, string) {
	p, seen := c.payments[c.key()]
	if digits, err := p.Amount.Digits(); seen && p.Ref.Flow == c.spec.Flow && err == nil && digits == c.req.Get(iso8583.Amount) {
		c.rrn, c.authCode = p.RRN, p.AuthCode
		return p.Answer, "the repeat of " + p.Key().String() + " gets its first answer"
	}
	return passed, ""
}
