package merchant

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

func words(p walletapi.Params) []string {
	return []string{p[walletapi.Payer], lastFour(p[walletapi.Trade])}
}

// tail is lastFour of what may not be there.
func tail(number string) string {
	if number == "" {
		return ""
	}
	return lastFour(number)
}

func lastFour(number string) string { return "*" + number[max(0, len(number)-4):] }

// Text is a short message to the owner's phone: the id of its words in fixtures/texts, and what stands in them.
type Text struct {
	ID   string
	Args []string // wallet, amount, payer, number
}

// Desk takes the notifications of wallets for one shop (DOMAIN.md E.5). It belongs to one loop.
type Desk struct {
	Merchant string
	Name     string
	Rules    *Rules
	Verify   func(wallet string, message, signature []byte) (bool, error)
	Trace    *trace.Recorder

	heard map[string]bool // by wallet and event
}

// Hear takes a notification of a wallet's. It gives what the desk answers, "" for what it does not take, and the text for the owner, nil
// when there is nothing new.
func (d *Desk) Hear(now time.Time, s *walletapi.Scheme, p walletapi.Params) (said string, text *Text) {
	d.Trace.Consult("merchant/notice-signature")
	right, err := p.Verified(func(message, signature []byte) (bool, error) { return d.Verify(s.Name, message, signature) })
	if (err != nil || !right) && d.Rules.Signed {
		d.note(now, "notice-signature", "the wallet has not signed this")
		return "", nil
	}
	amount, err := p.Money(walletapi.Amount)
	if id := news[walletapi.OrderState(p[walletapi.Standing])]; err == nil && p[walletapi.Merchant] == d.Merchant && p[walletapi.Event] != "" && id != "" {
		text = &Text{ID: id}
	} else {
		d.note(now, "notice", "it is not about a payment to this shop")
		return "", nil
	}
	if text.ID == "TEXT_REFUNDED" {
		if amount, err = p.Money(walletapi.Returned); err != nil {
			d.note(now, "notice", "it does not say how much went back")
			return "", nil
		}
	}
	d.Trace.Consult("merchant/notice-repeat")
	event := s.Name + " " + p[walletapi.Event]
	if d.heard[event] && d.Rules.Once {
		d.note(now, "notice-repeat", p[walletapi.Event]+" was heard before")
		return s.Acknowledge, nil
	}
	if d.heard == nil {
		d.heard = map[string]bool{}
	}
	d.heard[event] = true
	d.Trace.Consult("merchant/notice-words")
	text.Args = append([]string{"@WALLET_" + s.Text(), amount.String()}, d.Rules.Words(p)...)
	d.note(now, "notice", fmt.Sprintf("%s: the owner is texted %s", p[walletapi.Event], text.ID))
	return s.Acknowledge, text
}

// news are the texts of what wallets tell.
var news = map[walletapi.OrderState]string{walletapi.StatePaid: "TEXT_PAID", walletapi.StateRefunded: "TEXT_REFUNDED", walletapi.StateCancelled: "TEXT_CANCELLED"}

func (d *Desk) note(now time.Time, rule, text string) {
	d.Trace.Record(trace.Event{At: now, Party: d.Name, Kind: trace.Decided, Name: rule, Text: text})
}
