package pay

import "strings"

// Track1 splits track 1 of a payment card, without its sentinels, at the holder's name: in front the card number, behind it expiry YYMM,
// service code, and what the issuer likes (ISO/IEC 7813, format B).
func Track1(text string) (number, rest string, ok bool) {
	number, rest, _ = strings.Cut(strings.TrimPrefix(text, "B"), "^")
	_, rest, ok = strings.Cut(rest, "^")
	return number, rest, ok && strings.HasPrefix(text, "B")
}
