package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// WalletLevel says how surely a cardholder's wallet knows who is paying (Yinfa [2017] 296, DOMAIN.md F.3). "" is no wallet.
type WalletLevel string

// The levels.
const (
	WalletA WalletLevel = "A" // two proofs, one of them a signature: as the contract has it
	WalletB WalletLevel = "B"
	WalletC WalletLevel = "C"
	WalletD WalletLevel = "D" // fewer than two proofs
)

// CodeRules are what payers' codes are given and taken by.
type CodeRules struct {
	CodeLife    time.Duration               // from the giving of a code until it has run out
	CodeLimits  map[WalletLevel]pay.Amount  // what codes may pay a day; none for a level that is not named
	CodeSpent   func(by Payment) bool       // whether the payment that was approved with a code has used it up
	ByCode      func(pay.Answer) pay.Answer // of a card's status: the answer to a code of its account
	UnknownCode pay.Answer                  // the answer to a code that was never given
	CodeDay     func(name string) string    // under which name what an account's codes pay is counted
}

// codeRules: about a minute of life (DOMAIN.md E.3), and the limits of F.3. A code is good for one payment, and is not good again
// when that is taken back: whoever has photographed it would have it then. Of a phone there is no card that the till could keep.
func codeRules() CodeRules {
	return CodeRules{
		CodeLife:    time.Minute,
		CodeLimits:  map[WalletLevel]pay.Amount{WalletB: pay.CNY(5000_00), WalletC: pay.CNY(1000_00), WalletD: pay.CNY(500_00)},
		CodeSpent:   func(Payment) bool { return true },
		ByCode:      func(pay.Answer) pay.Answer { return pay.Answer62Restricted },
		UnknownCode: pay.Answer14BadCard,
		CodeDay:     func(name string) string { return name + " by code" },
	}
}

// code is how a payer's code stands in the journal, which does not hold its digits.
type code struct {
	Hash  string    `json:"hash"`
	Card  string    `json:"card"` // name
	Until time.Time `json:"until"`
	Spent string    `json:"spent,omitempty"` // the RRN of the payment that was approved with it
}

// PayerCode gives the phone of a cardholder a code to show, as the token service of a network does: 62, two digits of product, and
// fifteen by chance (DOMAIN.md E.3), which say nothing about the account. It is good for one payment until the time that is told.
func (i *Issuer) PayerCode(now time.Time, card string) (c qr.PayerCode, until time.Time, err error) {
	a, known := i.cards[i.names[card]]
	if !known || a.Wallet == "" {
		return c, until, fmt.Errorf("issuer: card %q has no wallet", card)
	}
	const product = "6201"
	digits, err := i.HSM.Digits(15)
	if err != nil {
		return c, until, fmt.Errorf("issuer: %w", err)
	}
	c, _ = qr.ParsePayerCode(product + digits)
	until = now.Add(i.Rules.CodeLife)
	i.note(now, trace.Decided, "payer-code", fmt.Sprintf("%s is good for %s until %s", c, card, until.Format("15:04:05")))
	i.commit(change{codes: []code{{Hash: hashOfCode(c), Card: card, Until: until}}}, func() {})
	return c, until, nil
}

// codeMemory is how long a code that has run out is still known as one, so that whoever shows it is told what is wrong.
const codeMemory = 10 * time.Minute

func (i *Issuer) remember(k code) {
	if _, known := i.codes[k.Hash]; !known {
		i.shown = append(i.shown, k.Hash)
	}
	i.codes[k.Hash] = k
}

// forgetCodes leaves nothing of codes that ran out long ago; the payments that they made stay.
func (i *Issuer) forgetCodes(now time.Time) {
	for len(i.shown) > 0 && now.Sub(i.codes[i.shown[0]].Until) > codeMemory {
		delete(i.codes, i.shown[0])
		i.shown = i.shown[1:]
	}
}

func hashOfCode(c qr.PayerCode) string {
	sum := sha256.Sum256([]byte("tillproof payer code " + c.Reveal()))
	return hex.EncodeToString(sum[:16])
}

// codeKnown finds the account that a payer's code stands for. What is paid with a card has none.
func codeKnown(c *Call) (pay.Answer, string) {
	text := c.req.DeviceValue(iso8583.DeviceA3PayerCode)
	if text == "" {
		return passed, ""
	}
	scanned, _ := qr.ParsePayerCode(text)
	known, given := c.codes[hashOfCode(scanned)]
	if !given {
		return c.Rules.UnknownCode, "no phone was given the code " + scanned.String()
	}
	pan, err := c.HSM.Open(KeyStore, c.cards[c.names[known.Card]].Number)
	if err != nil {
		return pay.Answer96Malfunction, err.Error()
	}
	c.code, c.card, c.pan = known, c.cards[c.names[known.Card]], pay.NewPAN(string(pan))
	return passed, ""
}

// byCode tells that the payer's code says who pays.
func (c *Call) byCode() bool { return c.code.Hash != "" }

func codeUnspent(c *Call) (pay.Answer, string) {
	if by, known := c.payments[c.code.Spent]; known && c.Rules.CodeSpent(by) {
		return pay.AnswerWCCodeUsed, "the code of " + c.code.Card + " has paid " + c.code.Spent
	}
	return passed, ""
}

func codeFresh(c *Call) (pay.Answer, string) {
	if c.byCode() && !c.now.Before(c.code.Until) {
		return pay.AnswerWECodeExpired, fmt.Sprintf("the code of %s ran out at %s", c.code.Card, c.code.Until.Format("15:04:05"))
	}
	return passed, ""
}

// withinCodeLimit holds what an account pays by codes to its wallet's level.
func withinCodeLimit(c *Call) (pay.Answer, string) {
	most, limited := c.Rules.CodeLimits[c.card.Wallet]
	today := c.days[c.Rules.Day(c.Rules.CodeDay(c.card.Name), c.now)]
	if c.byCode() && limited && today.minor+c.amount.Minor > most.Minor {
		return pay.Answer61AmountLimit, fmt.Sprintf("a wallet of level %s may pay %s a day by code", c.card.Wallet, most)
	}
	return passed, ""
}

func (l WalletLevel) check(card string) error {
	if strings.Contains("ABCD", string(l)) && len(l) <= 1 {
		return nil
	}
	return fmt.Errorf("issuer: card %q: want a wallet of level A, B, C or D, or none", card)
}
