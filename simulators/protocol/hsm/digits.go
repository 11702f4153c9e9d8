package hsm

import "fmt"

// Digits draws n decimal digits by chance, each as likely as any other.
func (h *HSM) Digits(n int) (string, error) {
	const fair = 250 // bytes from there on would favour the small digits
	digits := make([]byte, 0, n)
	var b [1]byte
	for len(digits) < n {
		if err := h.draw(b[:]); err != nil {
			return "", fmt.Errorf("hsm: digits: %w", err)
		}
		if b[0] < fair {
			digits = append(digits, '0'+b[0]%10)
		}
	}
	return string(digits), nil
}
