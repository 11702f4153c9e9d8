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
	StripeScratched  StripeFault = "scratched"   // one digit of each track reads as another; the check characters are as they were
	StripeScratched1 StripeFault = "scratched-1" // of track 1 only
	StripeScratched2 StripeFault = "scratched-2" // of track 2 only
	StripeFromChip   StripeFault = "from-chip"   // somebody wrote it with what he read from the chip
	StripeHalf       StripeFault = "half"        // somebody wrote another card on its track 1
)

// SpoilStripe arranges what is the matter with a cardholder's stripe from now on.
func (w *World) SpoilStripe(who string, f StripeFault) error {
	c, err := w.Rig.Cast.Cardholder(who)
	w.stripes[c.Name] = f
	return err
}

// TrackOnChip has a cardholder's chip carry somebody's track, before its first use: a stripe's, verification value and all, or a chip's.
func (w *World) TrackOnChip(who, whose string, asStripe bool) error {
	c, err := w.Rig.Cast.Cardholder(whose)
	if err != nil {
		return err
	}
	verifiedWith := chipService
	if asStripe {
		verifiedWith = c.Service
	}
	track, err := w.track2(c.PAN, c.Expiry, c.Service, verifiedWith)
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

// read gives a stripe as a reader's head does: each track between its sentinels, with its check character (ISO/IEC 7811-2).
func (w *World) read(c Cardholder) (terminal.Stripe, error) {
	s, err := w.stripe(c)
	fault := w.stripes[c.Name]
	pan, rest, _ := strings.Cut(s.Track2.Reveal(), "D")
	s.Track2 = track(";"+pan+"="+rest, '0', 0x0F, fault == StripeScratched || fault == StripeScratched2)
	if fault == StripeHalf {
		pan = strings.Map(nextDigit, pan)
	}
	if c.Track2 == "" { // a card of which only its track 2 is known may have another
		s.Track1 = track("%B"+pan+"^TEST/"+strings.ToUpper(c.Name)+"^"+rest, ' ', 0x3F, fault == StripeScratched || fault == StripeScratched1)
	}
	return s, err
}

// track ends a track: end sentinel, and the check character over characters of so many bits from the first one on. A scratch comes later.
func track(text string, first, bits byte, scratched bool) pay.Secret {
	raw := []byte(text + "?")
	var sum byte
	for _, b := range raw {
		sum ^= (b - first) & bits
	}
	if last := len(raw) - 2; scratched {
		raw[last] = byte(nextDigit(rune(raw[last])))
	}
	return pay.NewSecret(string(append(raw, first+sum)))
}
