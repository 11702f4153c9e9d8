package pay

import (
	"fmt"
	"io"
	"strings"
	"unique"
)

// PAN is a card number. However it is printed it shows only its first six and last four digits: the digits sit
// behind a unique.Handle, so that even %#v of a struct with an unexported PAN shows an address. Two PANs compare
// equal when their digits do. The zero PAN is no card number.
type PAN struct{ digits unique.Handle[string] }

// NewPAN wraps digits; it does not judge them (a tester must be able to hold a wrong number).
func NewPAN(digits string) PAN {
	if digits == "" {
		return PAN{}
	}
	return PAN{unique.Make(digits)}
}

// Reveal gives the digits in the clear. Search for its callers to see where card numbers go.
func (p PAN) Reveal() string {
	if p == (PAN{}) {
		return ""
	}
	return p.digits.Value()
}

// IsZero tells that there is no number.
func (p PAN) IsZero() bool { return p == PAN{} }

// String gives the masked number, 620012******9010.
func (p PAN) String() string { return MaskPAN(p.Reveal()) }

// Format prints the masked number for every verb.
func (p PAN) Format(s fmt.State, verb rune) { formatMasked(s, verb, p.String()) }

// MarshalText writes the masked number.
func (p PAN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// LuhnValid checks the last digit (ISO/IEC 7812-1, annex B). What holds anything but digits is not valid.
func (p PAN) LuhnValid() bool {
	d := p.Reveal()
	return len(d) > 1 && strings.Trim(d, "0123456789") == "" && LuhnDigit(d[:len(d)-1]) == d[len(d)-1]
}

// LuhnDigit computes the check digit that belongs behind digits.
func LuhnDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return byte('0' + (10-sum%10)%10)
}

// MaskPAN keeps the first six and last four digits; a number too short for that is hidden whole.
func MaskPAN(digits string) string {
	if len(digits) < 13 {
		return strings.Repeat("*", len(digits))
	}
	return digits[:6] + strings.Repeat("*", len(digits)-10) + digits[len(digits)-4:]
}

// Secret is a PIN, a track, a password: text that never prints. The zero Secret is empty.
type Secret struct{ text unique.Handle[string] }

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal gives the text in the clear. Search for its callers to see where secrets go.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.text.Value()
}

// IsZero tells that there is no text.
func (s Secret) IsZero() bool { return s == Secret{} }

// String gives six asterisks, whatever the length, or nothing for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return "******"
}

// Format prints asterisks for every verb.
func (s Secret) Format(f fmt.State, verb rune) { formatMasked(f, verb, s.String()) }

// MarshalText writes asterisks.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func formatMasked(s fmt.State, verb rune, masked string) {
	if verb == 'q' {
		masked = `"` + masked + `"`
	}
	if w, ok := s.Width(); ok {
		if s.Flag('-') {
			w = -w
		}
		masked = fmt.Sprintf("%*s", w, masked)
	}
	_, _ = io.WriteString(s, masked)
}
