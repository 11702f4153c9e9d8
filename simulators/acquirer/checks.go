package acquirer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// passed is the answer of a check that lets the request on.
const passed pay.Answer = ""

func systemWell(c *Call) (pay.Answer, string) {
	answer := c.condition.Answer
	if c.next != "" {
		answer, c.next = c.next, ""
		if c.Dialect.Answer(answer).Category == iso8583.CategoryApproved {
			c.instead, answer = answer, passed
		}
	}
	return answer, "the acquirer is not working normally"
}

func noFlow(c *Call) (pay.Answer, string) {
	return pay.Answer12Invalid, "no flow has MTI " + c.req.MTI() + " with this processing code"
}

func notServed(c *Call) (pay.Answer, string) {
	return pay.Answer40NotSupported, "this acquirer does not serve " + string(c.spec.Flow)
}

// wellFormed holds the request against the dialect's rules. A missing MAC is left to the MAC check.
func wellFormed(c *Call) (pay.Answer, string) {
	for _, v := range c.Dialect.Validate(c.req) {
		if v.Field != iso8583.MAC.String() {
			return pay.Answer30Format, v.Rule + ": " + v.Field + ": " + v.Text
		}
	}
	return passed, ""
}

func merchantKnown(c *Call) (pay.Answer, string) {
	number := c.req.Value(iso8583.Merchant)
	m, known := c.merchants[string(number)]
	switch {
	case !known:
		return pay.Answer03BadMerchant, fmt.Sprintf("merchant %q is not registered", number)
	case m.Closed:
		return pay.Answer03BadMerchant, "merchant " + m.Number + " is closed"
	}
	c.merchant = m
	return passed, ""
}

func terminalKnown(c *Call) (pay.Answer, string) {
	if c.terminal.Number == "" || c.terminal.Unlisted {
		return pay.Answer97UnknownTill, fmt.Sprintf("terminal %q is not registered", c.req.Get(iso8583.Terminal))
	}
	return passed, ""
}

func terminalEnabled(c *Call) (pay.Answer, string) {
	if c.terminal.State == Disabled {
		return pay.Answer58NotPermittedTill, "terminal " + c.terminal.Number + " is disabled"
	}
	return passed, ""
}

// terminalBound holds a terminal to its merchant, and to its device and place as far as the message tells them
// (DOMAIN.md F.3: one machine, one code).
func terminalBound(c *Call) (pay.Answer, string) {
	t := c.terminal
	if t.Merchant != c.merchant.Number {
		return pay.Answer58NotPermittedTill, fmt.Sprintf("terminal %s belongs to merchant %s", t.Number, t.Merchant)
	}
	serial, place := reported(c.req)
	if t.Serial != "" && serial != "" && serial != t.Serial {
		return pay.Answer58NotPermittedTill, fmt.Sprintf("terminal %s is bound to device %s, the message comes from %s", t.Number, t.Serial, serial)
	}
	if t.Place != "" && place != "" && place != t.Place {
		return pay.Answer58NotPermittedTill, fmt.Sprintf("terminal %s is bound to %s, the message comes from %s", t.Number, t.Place, place)
	}
	return passed, ""
}

func notInMaintenance(c *Call) (pay.Answer, string) {
	if c.terminal.State == Maintenance {
		return pay.Answer58NotPermittedTill, "terminal " + c.terminal.Number + " is in maintenance"
	}
	return passed, ""
}

func signedIn(c *Call) (pay.Answer, string) {
	if c.terminal.State != SignedIn {
		return pay.Answer77SignInAgain, fmt.Sprintf("terminal %s is %s", c.terminal.Number, c.terminal.State)
	}
	return passed, ""
}

// batchAgrees compares batch numbers; a dialect that sends none leaves the count to the acquirer.
func batchAgrees(c *Call) (pay.Answer, string) {
	if b := c.req.Value(iso8583.Batch); len(b) > 0 && string(b) != c.terminal.Batch {
		return pay.Answer77SignInAgain, fmt.Sprintf("terminal %s sends batch %s, it should be %s", c.terminal.Number, b, c.terminal.Batch)
	}
	return passed, ""
}

func macRight(c *Call) (pay.Answer, string) {
	if !c.spec.MAC || c.Dialect.Security.MAC == "none" {
		return passed, ""
	}
	input, mac := c.Dialect.MACInput(c.req)
	if len(mac) == 0 {
		return pay.AnswerA0BadMAC, "the message has no MAC"
	}
	key := TerminalKey(c.terminal.Number, "MAK")
	if !c.HSM.Has(key) {
		c.loadKeys(c.now, c.terminal) // after a restart they stand in the journal only
	}
	ok, err := c.HSM.VerifyMAC(key, c.macAlgorithm(), input, mac)
	switch {
	case err != nil:
		return pay.AnswerA0BadMAC, err.Error()
	case !ok:
		return pay.AnswerA0BadMAC, "the MAC does not fit the message under this terminal's key"
	}
	return passed, ""
}

// traceFresh refuses a trace number that the batch has seen (DOMAIN.md K.16), or whose reversal came first.
func traceFresh(c *Call) (pay.Answer, string) {
	p, seen := c.payments[c.key()]
	switch {
	case !seen:
		c.claimed = true
		return passed, ""
	case p.State == Tombstone:
		return c.Rules.LateOriginal, "the reversal of " + p.Key().String() + " came before it"
	case p.State == Pending: // refused now, the till would take the 94 for the answer and let an approval go that is on its way
		c.ignored = true
		return pay.Answer94Duplicate, p.Key().String() + " is being decided: the answer to the first answers this one too"
	}
	return pay.Answer94Duplicate, p.Key().String() + " is " + string(p.State) + " already"
}

// currencyGiven is amountGiven for a request about no amount.
func currencyGiven(c *Call) (pay.Answer, string) {
	currency, err := pay.ParseCurrency(c.req.Get(iso8583.Currency))
	if err != nil {
		return pay.Answer30Format, err.Error()
	}
	c.amount = pay.Amount{Currency: currency}
	return currencyTaken(c)
}

func amountGiven(c *Call) (pay.Answer, string) {
	currency, err := pay.ParseCurrency(c.req.Get(iso8583.Currency))
	if err != nil {
		return pay.Answer30Format, err.Error()
	}
	amount, err := pay.AmountOf(c.req.Get(iso8583.Amount), currency)
	if err != nil || amount.Minor == 0 {
		return pay.Answer13BadAmount, fmt.Sprintf("amount %q is no amount to pay", c.req.Get(iso8583.Amount))
	}
	c.amount = amount
	return passed, ""
}

func currencyTaken(c *Call) (pay.Answer, string) {
	if !slices.Contains(c.Rules.Currencies, c.amount.Currency) {
		return pay.Answer12Invalid, "no account here is kept in " + c.amount.Currency.String()
	}
	return passed, ""
}

// pinPresent asks for the PIN that F22 says was entered.
func pinPresent(c *Call) (pay.Answer, string) {
	if mode := c.req.Get(iso8583.EntryMode); len(mode) == 3 && mode[2] == '1' && !c.req.Has(iso8583.PIN) {
		return pay.Answer30Format, "entry mode " + mode + " says that a PIN was entered, and there is none"
	}
	return passed, ""
}

// cardRead finds card number and expiry in the message, and holds an encrypted track to the card number beside it
// (DOMAIN.md B.4). A payer's code needs neither, and may not stand in everything.
func cardRead(c *Call) (pay.Answer, string) {
	c.Trace.Consult("acquirer/by-code")
	if c.req.DeviceValue(iso8583.DeviceA3PayerCode) != "" && !slices.Contains(c.Rules.ByCode, c.spec.Flow) {
		return pay.Answer40NotSupported, "a payer's code pays no " + string(c.spec.Flow)
	}
	if strings.HasPrefix(c.req.Get(iso8583.EntryMode), string(pay.Entry03QR)) {
		return codeRead(c)
	}
	number, track := c.req.Get(iso8583.PAN), pay.NewSecret(c.req.Get(iso8583.Track2))
	c.card.expiry = c.req.Get(iso8583.Expiry)
	if control := c.req.Get(iso8583.SecurityControl); len(control) > 2 && control[2] == '1' && !track.IsZero() {
		var err error
		if track, err = c.HSM.DecryptTrack(TerminalKey(c.terminal.Number, "TDK"), track.Reveal()); err != nil {
			return pay.Answer14BadCard, err.Error()
		}
	}
	first, rest, ok1 := pay.Track1(c.req.Get(iso8583.Track1))
	if c.card.track1 = pay.NewSecret(c.req.Get(iso8583.Track1)); ok1 && len(rest) >= 4 && track.IsZero() {
		c.card.expiry = rest[:4]
	}
	if !track.IsZero() {
		onTrack, rest, ok := strings.Cut(track.Reveal(), "D")
		if !ok || len(rest) < 4 || number != "" && onTrack != number && !c.req.Has(iso8583.Chip) { // what a chip says twice its issuer compares
			return pay.Answer14BadCard, "the track does not belong to the card number"
		}
		number, c.card.expiry, c.card.track2 = cmp.Or(number, onTrack), rest[:4], track
	}
	if number = cmp.Or(number, first); !c.card.track1.IsZero() && (!ok1 || first != number) {
		return pay.Answer14BadCard, "track 1 does not belong to the card number"
	}
	if number == "" {
		return pay.Answer30Format, "there is neither a card number nor a track"
	}
	c.card.pan = pay.NewPAN(number)
	return passed, ""
}

func cardTaken(c *Call) (pay.Answer, string) {
	for _, l := range []Limits{c.merchant.Limits, c.terminal.Limits} {
		if number := cmp.Or(c.card.pan.Reveal(), c.card.code.Reveal()); len(l.Prefixes) > 0 && !l.takes(number) {
			return pay.Answer57NotPermittedCard, "cards like " + pay.MaskPAN(number) + " are not taken here"
		}
	}
	return passed, ""
}

func (l Limits) takes(number string) bool {
	for _, prefix := range l.Prefixes {
		if strings.HasPrefix(number, prefix) {
			return true
		}
	}
	return false
}

func withinAmount(c *Call) (pay.Answer, string) {
	return c.eachLimit(func(whose string, l Limits, today total) (pay.Answer, string) {
		if l.PerSale.Minor > 0 && c.amount.Minor > l.PerSale.Minor {
			return pay.Answer61AmountLimit, fmt.Sprintf("%s is over %s's limit of %s", c.amount, whose, l.PerSale)
		}
		if l.PerDay.Minor > 0 && today.minor+c.amount.Minor > l.PerDay.Minor {
			return pay.Answer61AmountLimit, fmt.Sprintf("%s is over what %s may take today", c.amount, whose)
		}
		return passed, ""
	})
}

func withinCount(c *Call) (pay.Answer, string) {
	return c.eachLimit(func(whose string, l Limits, today total) (pay.Answer, string) {
		if l.DayCount > 0 && today.count >= l.DayCount {
			return pay.Answer65CountLimit, fmt.Sprintf("%s has taken %d payments today", whose, today.count)
		}
		return passed, ""
	})
}

// eachLimit asks for the merchant's limits and then for the terminal's, where there are any.
func (c *Call) eachLimit(ask func(string, Limits, total) (pay.Answer, string)) (pay.Answer, string) {
	for _, of := range [...]struct {
		kind, number string
		limits       *Limits
	}{{"merchant ", c.merchant.Number, &c.merchant.Limits}, {"terminal ", c.terminal.Number, &c.terminal.Limits}} {
		if l := of.limits; l.PerSale.Minor == 0 && l.PerDay.Minor == 0 && l.DayCount == 0 {
			continue
		}
		if answer, reason := ask(of.kind+of.number, *of.limits, c.days[dayOf{of.number, c.Rules.Day(c.now)}]); answer != passed {
			return answer, reason
		}
	}
	return passed, ""
}

// pinTranslated moves the PIN block from the terminal's key to the issuer's.
func pinTranslated(c *Call) (pay.Answer, string) {
	if !c.req.Has(iso8583.PIN) {
		return passed, ""
	}
	format := hsm.PINFormat(c.Dialect.Security.PINFormat)
	if control := c.req.Get(iso8583.SecurityControl); strings.HasPrefix(control, "1") {
		format = hsm.PINUnionPayNoPAN // DOMAIN.md B.3: F53 first digit 1
	}
	onward := hsm.PINISO0
	if !c.card.code.IsZero() {
		onward = hsm.PINUnionPayNoPAN // nobody here knows the card number
	}
	block, err := c.HSM.TranslatePIN(TerminalKey(c.terminal.Number, "PIK"), format, KeyZPK, onward, c.card.pan, []byte(c.req.Get(iso8583.PIN)))
	switch {
	case errors.Is(err, hsm.ErrPINBlock):
		return pay.Answer99PINTranslation, "the PIN block does not decrypt to a PIN under this terminal's key"
	case err != nil:
		return pay.Answer99PINTranslation, err.Error()
	}
	c.card.pinBlock = block
	return passed, ""
}
