package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// cardProbes are those of how a card comes to the terminal.
var cardProbes = map[string]func(*bench) any{
	"terminal-ignores-lrc": func(b *bench) any {
		b.signIn()
		b.swipe(";" + strings.Replace(freeTrack, "D", "=", 1) + "?0")
		return b.till.Status().State
	},
	"terminal-takes-two-cards-of-one-stripe": func(b *bench) any {
		_, ok := b.till.readStripe(Stripe{Track1: pay.NewSecret("B6200123456789011^X^3012101"), Track2: pay.NewSecret(freeTrack)})
		return ok
	},
	"terminal-knows-no-track-1": func(b *bench) any {
		b.till.Dialect = loadDialect(b.t, "iso87-ascii")
		b.till.order.plan.Flow = pay.Sale
		_, ok := b.till.readStripe(Stripe{Track1: pay.NewSecret("B" + panH3 + "^X^3012101")})
		return ok
	},
	"terminal-hides-fallback": func(b *bench) any {
		b.deadChip(3)
		return b.exchanges[len(b.exchanges)-1].Get(iso8583.ICCondition)
	},
	"terminal-knows-international-chips-only": func(b *bench) any {
		b.signIn()
		b.swipe(panH3 + "D3012620" + "1234567890123")
		return b.till.Status().State
	},
	"terminal-boasts-reader":          func(b *bench) any { return b.till.Rules.Capability(false) },
	"terminal-tells-tap-as-chip":      func(b *bench) any { return b.tapped().entry },
	"terminal-taps-without-pin":       func(b *bench) any { return emv.ParseTTQ(b.till.emvData()[emv.Tag9F66TTQ]).String() },
	"terminal-keeps-own-no-pin-limit": func(b *bench) any { return b.hostLimit() },
	"terminal-counts-taps": func(b *bench) any {
		b.signIn()
		b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
		b.step(Event{Kind: Tap, Reader: kernel.CardMute})
		return b.till.order.chipFailures
	},
	"terminal-refuses-over-contactless-limit": func(b *bench) any { return b.tapEnds(kernel.SwitchInterface) },
	"terminal-gives-up-torn-tap":              func(b *bench) any { return b.tapEnds(kernel.TryAgain) },
	"terminal-gives-up-at-phone":              func(b *bench) any { return b.tapEnds(kernel.SeePhone) },
	"terminal-takes-two-cards-for-none":       func(b *bench) any { return b.tapEnds(kernel.PresentOne) },
	"terminal-uploads-taps": func(b *bench) any {
		return len(b.till.Rules.LastCryptogram(&visit{contactless: true, outcome: kernel.Outcome{Data: emv.Data{emv.Tag9F26AC: make([]byte, 8)}}}))
	},
	"terminal-signs-every-slip": func(b *bench) any {
		b.till.order.visit = &visit{}
		return b.till.signatureLine()
	},
}

// tapped is what the terminal makes of a card that was read in the field.
func (b *bench) tapped() card {
	b.till.order.visit = &visit{contactless: true, outcome: kernel.Outcome{PAN: pay.NewPAN(panH3)}}
	var out Actions
	b.till.takeChip(time.Time{}, nil, &out)
	return b.till.order.card
}

// hostLimit is the no-PIN limit after the host has set one of 300.00.
func (b *bench) hostLimit() int64 {
	b.till.parameters.Contactless = map[tlv.Tag][]byte{iso8583.TagFF8058NoPINLimit: emv.N(30000, 6)}
	return b.till.noPINLimit()
}

// tapEnds tells what a terminal shows and waits for when a tap has ended so.
func (b *bench) tapEnds(e kernel.Ending) string {
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.till.order.visit = &visit{contactless: true, outcome: kernel.Outcome{Ending: e}}
	var out Actions
	b.till.cardEnded(time.Time{}, &out)
	return fmt.Sprint(b.till.Status().State, out)
}
