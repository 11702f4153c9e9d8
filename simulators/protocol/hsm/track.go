package hsm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// EncryptTrack encrypts one block inside track digits (separator D), in place: the 8 bytes, SM4 16, that stand immediately
// before the last byte when the digits are packed two a byte (DOMAIN.md B.4). The result may hold A to F.
func (h *HSM) EncryptTrack(name string, digits pay.Secret) (string, error) {
	k, err := h.key(name)
	if err != nil {
		return "", fmt.Errorf("hsm: encrypt track: %w", err)
	}
	track, err := k.inTrack(digits.Reveal(), k.block.Encrypt)
	if err != nil {
		return "", fmt.Errorf("hsm: encrypt track: %w", err)
	}
	return track, nil
}

// DecryptTrack undoes EncryptTrack. Under a wrong key the digits come out wrong, with no error: compare the track's PAN
// with F2.
func (h *HSM) DecryptTrack(name string, digits string) (pay.Secret, error) {
	k, err := h.key(name)
	if err != nil {
		return pay.Secret{}, fmt.Errorf("hsm: decrypt track: %w", err)
	}
	track, err := k.inTrack(digits, k.block.Decrypt)
	if err != nil {
		return pay.Secret{}, fmt.Errorf("hsm: decrypt track: %w", err)
	}
	return pay.NewSecret(track), nil
}

func (k *key) inTrack(track string, cipher func(dst, src []byte)) (string, error) {
	n := 2 * k.block.BlockSize() // digits in a block
	// With an odd number of digits the last byte is half full.
	from := len(track) - n - 2 + len(track)%2
	if from < 0 {
		return "", fmt.Errorf("want at least %d digits, got %d", n+1, len(track))
	}
	block, err := hex.DecodeString(track[from : from+n])
	if err != nil || strings.Trim(track, "0123456789ABCDEF") != "" {
		return "", errors.New("want digits and separator D only")
	}
	cipher(block, block)
	return track[:from] + strings.ToUpper(hex.EncodeToString(block)) + track[from+n:], nil
}
