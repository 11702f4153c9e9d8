package rig

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// What fmt prints of the rig's things, for every verb. Each says it for itself, since fmt calls no Format on what stands in
// an unexported field, nor on anything that a wrong verb (%s of a struct) finds behind a pointer.

// Format names the rig's profile.
func (r Rig) Format(s fmt.State, _ rune) { say(s, "rig of profile ", r.Profile.Name) }

// Format names the world's seed.
func (w World) Format(s fmt.State, _ rune) { say(s, "world of seed ", uint64(w.Seed)) }

// Format names the till.
func (t Till) Format(s fmt.State, _ rune) { say(s, "till ", t.Name) }

// Format names the message on the line, and shows nothing of it.
func (c Crossing) Format(s fmt.State, _ rune) { say(s, c.Till, " ", c.Name(), " ", c.Nth) }

// Format counts who is there.
func (c Cast) Format(s fmt.State, _ rune) {
	say(s, "cast of ", len(c.cards), " cards and ", len(c.merchants), " merchants")
}

// Format names the profile.
func (p Profile) Format(s fmt.State, _ rune) { say(s, "profile ", p.Name) }

// Format gives the key's check value as the profile states it.
func (k ProfileKey) Format(s fmt.State, _ rune) { say(s, "key with KCV ", k.KCV) }

// Format names the cardholder.
func (c ProfileCard) Format(s fmt.State, _ rune) { say(s, c.Name) }

func say(s fmt.State, words ...any) { _, _ = fmt.Fprint(s, words...) }

// hide puts asterisks over what may be a card number or a key that somebody wrote in the wrong place. Amounts, ports, check
// values and the numbers of terminals and merchants stay.
func hide(text string) string {
	return long.ReplaceAllStringFunc(text, func(s string) string {
		if len(s) < 16 && !pay.NewPAN(s).LuhnValid() {
			return s
		}
		return strings.Repeat("*", len(s))
	})
}

// hideDigits also covers what may be a PIN.
func hideDigits(text string) string {
	return digits.ReplaceAllStringFunc(hide(text), func(s string) string { return strings.Repeat("*", len(s)) })
}

var (
	long   = regexp.MustCompile(`[0-9A-Fa-f]{13,}`)
	digits = regexp.MustCompile(`[0-9]{4,}`)
)
