package rig

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// StripeFault is what is the matter with a stripe.
type StripeFault string

// The faults of stripes.
const (
	StripeScratched StripeFault = "scratched" // one digit reads as another; the check character is as it was
	StripeFromChip  StripeFault = "from-chip" // somebody wrote it with what he read from the chip
)

// SpoilStripe arranges what is the matter with a cardholder's stripe from now on.
func (w *World) SpoilStripe(who string, f StripeFault) error {
	c, err := w.Rig.Cast.Cardholder(who)
	w.stripes[c.Name] = f
	return err
}

// StripeOnChip has a cardholder's chip carry the track of his stripe, verification value and all, before its first use.
func (w *World) StripeOnChip(who string) error {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return err
	}
	track, err := w.track2(c.PAN, c.Expiry, c.Service, c.Service)
	if err != nil {
		return err
	}
	return w.ChangeChip(who, func(s *card.Spec) {
		for _, a := range s.Applications {
			a.Put(emv.Tag57Track2Equivalent, track.Bytes())
		}
	})
}

// chipService is the service code that the verification value of a chip's track is made with, so that it makes no stripe (iCVV).
const chipService = "999"

// track2 writes a track as the issuer does: PVKI and PVV (not used here) before the verification value, which is made with a service
// code of its own.
func (w *World) track2(pan, expiry, service, verifiedWith string) (emv.Track2, error) {
	cvv, err := w.cvkBox.CVV(issuerCVK, pay.NewPAN(pan), expiry, verifiedWith)
	return emv.Track2{PAN: pay.NewPAN(pan), Expiry: expiry, Service: service, Discretionary: pay.NewSecret("10000" + cvv + "00")}, err
}

// stripe gives track 2 of a card. A forged stripe has another verification value.
func (w *World) stripe(c Cardholder) (terminal.Stripe, error) {
	if c.Track2 != "" {
		return terminal.Stripe{Track2: pay.NewSecret(c.Track2)}, nil
	}
	with := c.Service
	if w.stripes[c.Name] == StripeFromChip {
		with = chipService
	}
	track, err := w.track2(c.PAN, c.Expiry, c.Service, with)
	if err != nil {
		return terminal.Stripe{}, fmt.Errorf("stripe of %s: %w", c.Name, err)
	}
	text := track.Text().Reveal()
	if c.Stripe == "forged" {
		at := len(text) - len("cvv00")
		text = text[:at] + strings.Map(nextDigit, text[at:at+3]) + text[at+3:]
	}
	return terminal.Stripe{Track2: pay.NewSecret(text)}, nil
}

func nextDigit(d rune) rune { return '0' + (d-'0'+1)%10 }

// read gives a stripe as a reader's head does: between its sentinels, with its check character (ISO/IEC 7811-2).
func (w *World) read(c Cardholder) (terminal.Stripe, error) {
	s, err := w.stripe(c)
	raw := []byte(";" + strings.ReplaceAll(s.Track2.Reveal(), "D", "=") + "?")
	var sum byte
	for _, b := range raw {
		sum ^= b & 0x0F
	}
	if w.stripes[c.Name] == StripeScratched {
		last := len(raw) - 2
		raw[last] = byte(nextDigit(rune(raw[last])))
	}
	return terminal.Stripe{Track2: pay.NewSecret(string(raw) + string(rune('0'+sum))), Track3: s.Track3}, err
}
