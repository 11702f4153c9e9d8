package terminal

import (
	"cmp"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// card is what an order knows of the card. The tracks are forgotten as soon as the request can no longer be sent anew: when its
// answer asks for no other try, or none came.
type card struct {
	entry          pay.Entry
	pan            pay.PAN
	code           qr.PayerCode // in the place of all that a card says
	expiry         string       // YYMM
	service        string       // "" when typed by hand
	sequence       string       // two digits, of a chip
	chip           []byte       // F55
	track1         pay.Secret   // where the message has a place for it
	track2, track3 pay.Secret
	pinned         bool // a PIN was entered
	fallback       bool // a chip card whose chip does not work
}

func (c *card) forget() { c.track1, c.track2, c.track3 = pay.Secret{}, pay.Secret{}, pay.Secret{} }

// swipe takes a stripe. A stripe that cannot be read is asked for again; that of a chip card is refused.
func (t *Terminal) swipe(now time.Time, e Event, out *Actions) {
	c, ok := t.readStripe(e.Stripe)
	switch {
	case !ok:
		t.consult("terminal/swipe-tries")
		if t.order.swipes++; t.order.swipes >= t.Rules.SwipeTries {
			t.refuse(now, "terminal/swipe-tries", "CARD_UNREADABLE", out)
			return
		}
		t.wait(WaitingCard, NeedCard, out, "SWIPE_AGAIN")
	case t.chipCard(c.service) && !t.fallsBack(&c):
		t.decide(now, "terminal/service-code", "the card has a chip")
		t.wait(WaitingCard, NeedCard, out, "INSERT_CHIP")
	default:
		t.take(now, c, out)
	}
}

// chipCard: the first digit of the service code tells (ISO/IEC 7813).
func (t *Terminal) chipCard(service string) bool {
	t.consult("terminal/service-code")
	return t.Rules.ChipReader && strings.Contains(t.Rules.ChipServices, service[:1])
}

// fallsBack takes the stripe of a card whose chip was tried often enough, as the dialect tells it (DOMAIN.md A.10).
func (t *Terminal) fallsBack(c *card) bool {
	if t.chipBroken() {
		c.fallback, c.entry = true, pay.Entry(t.Dialect.Switches.FallbackEntry)
	}
	return c.fallback
}

func (t *Terminal) keyIn(now time.Time, e Event, out *Actions) {
	if !t.manualEntry() {
		t.decide(now, "terminal/manual-entry", "no card numbers by hand")
		t.wait(WaitingCard, NeedCard, out, "NO_MANUAL_ENTRY")
		return
	}
	t.take(now, card{entry: pay.Entry01Manual, pan: e.PAN, expiry: e.Expiry}, out)
}

func (t *Terminal) take(now time.Time, c card, out *Actions) {
	t.consult("terminal/card-number")
	if !t.Rules.CardNumber(c.pan) {
		t.refuse(now, "terminal/card-number", "BAD_CARD_NUMBER", out)
		return
	}
	t.order.card = c
	t.gained(now, out)
}

func (t *Terminal) wantsPIN(now time.Time) bool {
	o := &t.order
	if o.visit != nil { // the chip has said it
		return false
	}
	if t.byCode() {
		t.consult("terminal/code-pin")
		return t.Rules.CodePIN(o.amount, int64(t.Dialect.Switches.NoPINLimit))
	}
	wanted := t.Rules.AskPIN(o.card.service, o.amount, t.Rules.NoPINLimit)
	if wanted {
		t.decide(now, "terminal/pin", "the card wants a PIN")
	} else {
		t.decide(now, "terminal/pin", "no PIN is needed")
	}
	return wanted
}

// enterPIN takes the PIN, four to twelve digits (ISO 9564-1); none is a bypass, which the issuer may accept or not.
func (t *Terminal) enterPIN(now time.Time, e Event, out *Actions) {
	digits := e.PIN.Reveal()
	if digits != "" && (len(digits) < 4 || len(digits) > 12 || !digitsOnly(digits)) {
		t.wait(WaitingPIN, NeedPIN, out, "ENTER_PIN", t.order.amount.String())
		return
	}
	if v := t.order.visit; v != nil && !v.waits {
		t.visitPIN(now, e, out)
		return
	}
	t.order.pin, t.order.card.pinned = e.PIN, digits != ""
	t.gained(now, out)
}

// offerOrder offers what the order brought: amount, card and PIN. A sign-in says which keys it wants and who it is.
func (t *Terminal) offerOrder(o func(iso8583.Element, string), m *iso8583.Message, flow pay.Flow) error {
	if flow == pay.SignIn {
		t.nameKeys(m)
		o(iso8583.TerminalInfo, t.serialInfo())
	}
	if t.order.plan.Done == Settled {
		return t.offerSettlement(o, m, flow)
	}
	if flow != t.order.plan.Flow || !t.order.plan.Trade {
		return nil
	}
	amount, err := t.order.amount.Digits()
	if err != nil {
		return err
	}
	o(iso8583.Amount, amount)
	o(iso8583.Currency, t.order.amount.Currency.Digits())
	o(iso8583.CardOrganisation, t.order.plan.Organisation)
	t.offerPartial(o)
	t.offerVoice(o)
	t.offerTip(o, flow)
	t.offerOriginal(o, m)
	t.offerInstalments(o)
	return t.offerCard(o)
}

// offerCard offers card number, tracks and PIN (DOMAIN.md A.10, B.3, B.4).
func (t *Terminal) offerCard(o func(iso8583.Element, string)) error {
	c := &t.order.card
	o(iso8583.PAN, c.pan.Reveal())
	o(iso8583.DeviceData, t.deviceText(iso8583.DeviceA3PayerCode, c.code.Reveal()))
	c.offerChip(o)
	entered, format, encrypted := cmp.Or(t.order.plan.NoPIN, "2"), "0", "0" // last digit of F22, first and third of F53
	if c.pinned {
		entered, format = "1", "2"
		if t.pinFormat() == hsm.PINUnionPayNoPAN {
			format = "1"
		}
		if err := t.nextPINKey(o); err != nil {
			return err
		}
		block, err := t.HSM.EncryptPIN(KeyPIK, t.pinFormat(), t.order.pin, c.pan)
		if err != nil {
			return err
		}
		o(iso8583.PIN, string(block))
		o(iso8583.PINCapture, t.Dialect.Switches.PINCapture)
	}
	o(iso8583.EntryMode, string(c.entry)+entered)
	t.consult("terminal/tell-fallback")
	if c.fallback && t.Rules.TellFallback {
		o(iso8583.ICCondition, "2")
	}
	if c.track2.IsZero() || len(c.chip) > 0 { // a stripe says it in its track (DOMAIN.md H.3)
		o(iso8583.Expiry, c.expiry)
	}
	if !c.track2.IsZero() && t.encryptsTracks() {
		encrypted = "1"
	}
	if err := t.offerTracks(o, c.tracks()); err != nil {
		return err
	}
	if c.pinned || !c.track2.IsZero() {
		o(iso8583.SecurityControl, format+t.cipherDigit()+encrypted+strings.Repeat("0", 13))
	}
	return nil
}

// nextPINKey derives a key for one PIN, where the terminal has an initial key, and offers its serial number. No number is used twice.
func (t *Terminal) nextPINKey(o func(iso8583.Element, string)) error {
	if !t.HSM.Has(KeyInitial) {
		return nil
	}
	if _, err := t.HSM.PINKeyFor(KeyInitial, KeyPIK, t.KeySerial); err != nil {
		return err
	}
	o(iso8583.KeySerial, string(t.KeySerial))
	next, err := hsm.NextSerial(t.KeySerial)
	t.KeySerial = next
	return err
}

// offerTracks offers the tracks, those of digits encrypted where the terminal has a track key.
func (t *Terminal) offerTracks(o func(iso8583.Element, string), clear tracks) (err error) {
	o(iso8583.Track1, clear.Track1)
	for _, track := range []struct {
		element iso8583.Element
		digits  string
	}{{iso8583.Track2, clear.Track2}, {iso8583.Track3, clear.Track3}} {
		if track.digits != "" && t.encryptsTracks() {
			if track.digits, err = t.HSM.EncryptTrack(KeyTDK, pay.NewSecret(track.digits)); err != nil {
				return err
			}
		}
		o(track.element, track.digits)
	}
	return nil
}

func (t *Terminal) encryptsTracks() bool {
	t.consult("terminal/track")
	return t.Rules.EncryptTrack && t.HSM.Has(KeyTDK)
}

// pinFormat is the dialect's; some terminals leave the card number out of the block on a swipe (DOMAIN.md B.3), and beside a payer's
// code nobody knows it.
func (t *Terminal) pinFormat() hsm.PINFormat {
	if t.byCode() || !t.order.card.track2.IsZero() && t.Dialect.Switches.SwipePINFormat == "1" {
		return hsm.PINUnionPayNoPAN
	}
	return hsm.PINFormat(t.Dialect.Security.PINFormat)
}

// cipherDigit is the second digit of F53: single DES, double-length 3DES or SM4 (DOMAIN.md B.3).
func (t *Terminal) cipherDigit() string {
	switch {
	case t.sm4():
		return "3"
	case t.KeyScheme == "001":
		return "0"
	}
	return "6"
}
