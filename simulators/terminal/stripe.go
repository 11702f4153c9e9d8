package terminal

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// readStripe reads what the head gave (ISO/IEC 7813). A track whose check character is wrong was not read. Track 2 tells the card; track 1
// goes with it where the message has a place for it, and there it is enough.
func (t *Terminal) readStripe(s Stripe) (card, bool) {
	t.consult("terminal/lrc")
	read := func(track pay.Secret) string {
		if s.Bad || t.Rules.CheckLRC && !lrcRight(track) {
			return ""
		}
		return trackText(track)
	}
	first, ok1 := readTrack1(read(s.Track1))
	c, ok2 := readTrack2(read(s.Track2))
	if t.consult("terminal/tracks-agree"); ok1 && ok2 && t.Rules.TracksAgree && (first.pan != c.pan || first.expiry != c.expiry) {
		return card{}, false
	}
	switch t.consult("terminal/track-1"); {
	case !ok1 || !t.Rules.SendTrack1 || !t.Dialect.Carries(t.order.plan.Flow, iso8583.Track1) || t.encryptsTracks(): // no key is for its letters
	case ok2:
		c.track1 = first.track1
	default:
		c, ok2 = first, true
	}
	c.track3 = pay.NewSecret(strings.ReplaceAll(read(s.Track3), "=", "D"))
	return c, ok2
}

// readTrack2: card number, separator, expiry YYMM, service code, and what the issuer likes.
func readTrack2(track string) (card, bool) {
	pan, rest, ok := strings.Cut(strings.ReplaceAll(track, "=", "D"), "D")
	if !ok || pan == "" || len(rest) < 7 || len(track) > 37 || !digitsOnly(pan+rest) {
		return card{}, false
	}
	return card{entry: pay.Entry02Stripe, pan: pay.NewPAN(pan), expiry: rest[:4], service: rest[4:7], track2: pay.NewSecret(pan + "D" + rest)}, true
}

// readTrack1: the same, with the holder's name between card number and expiry, and letters.
func readTrack1(track string) (card, bool) {
	pan, rest, ok := pay.Track1(track)
	if !ok || len(rest) < 7 || len(track) > 76 || !digitsOnly(pan+rest[:7]) {
		return card{}, false
	}
	return card{entry: pay.Entry02Stripe, pan: pay.NewPAN(pan), expiry: rest[:4], service: rest[4:7], track1: pay.NewSecret(track)}, true
}

// trackText drops the sentinels.
func trackText(track pay.Secret) string {
	s, _, _ := strings.Cut(strings.TrimLeft(track.Reveal(), "%;"), "?")
	return s
}

// lrcRight tells that a track as it was read has the right check character: the exclusive or of all characters from the start sentinel to
// the end sentinel, of six bits on track 1 and of four on the others (ISO/IEC 7811-2). A reader that gives no sentinels has looked by itself.
func lrcRight(track pay.Secret) bool {
	s := track.Reveal()
	if s == "" || s[0] != '%' && s[0] != ';' {
		return true
	}
	first, bits := byte('0'), byte(0x0F)
	if s[0] == '%' {
		first, bits = ' ', 0x3F
	}
	var sum byte
	for i := range len(s) {
		sum ^= (s[i] - first) & bits
		if s[i] == '?' {
			return i+2 == len(s) && (s[i+1]-first)&bits == sum
		}
	}
	return false
}
