package iso8583

import (
	"crypto/des"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// unionpayMAC is DOMAIN.md B.1 under the MAK of B.2, written from the text: the hsm room is not asked.
func unionpayMAC(input []byte) ([]byte, error) {
	key, err := des.NewCipher([]byte{0x5B, 0xB5, 0xC7, 0x2C, 0xD0, 0x0B, 0x73, 0x38})
	if err != nil {
		return nil, err
	}
	fold := make([]byte, 8)
	for i, c := range input {
		fold[i%8] ^= c
	}
	text := []byte(strings.ToUpper(hex.EncodeToString(fold)))
	block := make([]byte, 8)
	key.Encrypt(block, text[:8])
	subtle.XORBytes(block, block, text[8:])
	key.Encrypt(block, block)
	return []byte(fmt.Sprintf("%X", block[:4])), nil
}

func TestMACsOfTheDerivedFramesVerify(t *testing.T) {
	d := load(t, "unionpay-pos")
	checked := 0
	for _, g := range slices.Concat(goldens(t, "unionpay-derived.txt"), goldens(t, "unionpay-day.txt"), goldens(t, "unionpay-rest.txt"),
		goldens(t, "unionpay-code.txt")) {
		m := decoded(t, d, g.frame)
		input, mac := d.MACInput(m)
		if mac == nil {
			continue
		}
		checked++
		if want, err := unionpayMAC(input); err != nil || string(mac) != string(want) {
			t.Errorf("%s: carries %s, computed %s (%v)", g.name, mac, want, err)
		}
		m.Unset(MAC)
		if sealed, err := d.Seal(nil, m, unionpayMAC); err != nil || string(sealed) != string(g.frame) {
			t.Errorf("%s: sealed again %X (%v)", g.name, sealed, err)
		}
	}
	if checked != 65 {
		t.Errorf("%d frames have a MAC", checked)
	}
}

func TestSealRefusesWhatItCannotSeal(t *testing.T) {
	d := load(t, "unionpay-pos")
	for name, mac := range map[string]MACFunc{
		"no key":    func([]byte) ([]byte, error) { return nil, fmt.Errorf("no key") },
		"too short": func([]byte) ([]byte, error) { return []byte("1234"), nil },
	} {
		m := h3Sale(t, d)
		if out, err := d.Seal([]byte("kept"), m, mac); err == nil || string(out) != "kept" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	m := d.NewRequest(pay.Echo)
	m.Set(Trace, "000001")
	m.Set(Terminal, "12345678")
	m.Set(Merchant, "898320548160001")
	if _, err := d.Seal(nil, m, nil); err != nil || m.Has(MAC) {
		t.Errorf("sealed with nothing: %v", err)
	}
}
