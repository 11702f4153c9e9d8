package hsm

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// CVV computes the three digits for a PAN, expiry (YYMM) and service code (000 for CVV2, 999 for iCVV) under a
// double-length DES key, the CVK pair. CVV and CVV2 differ only by these inputs.
func (h *HSM) CVV(name string, pan pay.PAN, expiry, service string) (string, error) {
	k, err := h.cardKey(name)
	if err != nil {
		return "", fmt.Errorf("hsm: cvv: %w", err)
	}
	digits := pan.Reveal() + expiry + service
	if pan.IsZero() || len(digits) > 32 || len(expiry) != 4 || len(service) != 3 || !isDigits(digits) {
		return "", fmt.Errorf("hsm: cvv: want a PAN, an expiry YYMM and a service code of three digits")
	}
	blocks, err := hex.DecodeString(digits + strings.Repeat("0", 32-len(digits)))
	if err != nil {
		return "", fmt.Errorf("hsm: cvv: %w", err)
	}
	sum := blocks[:8]
	k.left.Encrypt(sum, sum)
	subtle.XORBytes(sum, sum, blocks[8:])
	k.block.Encrypt(sum, sum)
	return decimalise(sum, 3), nil
}

// PVV computes Visa's four-digit PIN verification value from the eleven rightmost PAN digits without the check digit, the
// key index pvki (0 to 9) and the first four digits of the PIN, under a double-length DES key.
func (h *HSM) PVV(name string, pan pay.PAN, pvki int, pin pay.Secret) (string, error) {
	k, err := h.cardKey(name)
	if err != nil {
		return "", fmt.Errorf("hsm: pvv: %w", err)
	}
	digits := pan.Reveal()
	if _, err := parsePIN(pin); err != nil {
		return "", fmt.Errorf("hsm: pvv: %w", err)
	}
	if len(digits) < 12 || !isDigits(digits) || pvki < 0 || pvki > 9 {
		return "", fmt.Errorf("hsm: pvv: want a PAN of at least 12 digits and a key index 0 to 9")
	}
	n := len(digits) - 1
	block, err := hex.DecodeString(digits[n-11:n] + string(rune('0'+pvki)) + pin.Reveal()[:4])
	if err != nil {
		return "", fmt.Errorf("hsm: pvv: %w", err)
	}
	k.block.Encrypt(block, block)
	return decimalise(block, 4), nil
}

func (h *HSM) cardKey(name string) (*key, error) {
	k, err := h.key(name)
	if err != nil {
		return nil, err
	}
	if k.algorithm != TDES2 {
		return nil, fmt.Errorf("key %s is %s, want %s", name, k.algorithm, TDES2)
	}
	return k, nil
}

// decimalise takes the decimal nibbles from left to right, and when they do not suffice, the others less ten.
func decimalise(b []byte, n int) string {
	var decimal, rest []byte
	for i := range 2 * len(b) {
		if v := nibble(b, i); v < 10 {
			decimal = append(decimal, '0'+v)
		} else {
			rest = append(rest, '0'+v-10)
		}
	}
	return string(append(decimal, rest...)[:n])
}
