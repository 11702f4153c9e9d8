package hsm

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// PINFormat names a PIN block (ISO 9564-1).
type PINFormat string

// The PIN block formats. Formats 0, 1, 3 and UnionPay's are one DES block; under an SM4 key they are the labelled variant
// of DOMAIN.md B.3: the same construction stretched to 16 bytes, fill to the end and the PAN digits at the right.
const (
	PINISO0          PINFormat = "iso-0" // ANSI X9.8 with PAN
	PINISO1          PINFormat = "iso-1"
	PINISO3          PINFormat = "iso-3"
	PINISO4          PINFormat = "iso-4" // AES, 16 bytes, ISO 9564-1:2017
	PINUnionPayNoPAN PINFormat = "unionpay-no-pan"
)

// ErrPINBlock says that a block does not decrypt to a PIN (answer 99), which is not the same as a wrong PIN: the key, the
// format or the PAN is not the sender's.
var ErrPINBlock = errors.New("not a PIN block")

// EncryptPIN makes an encrypted PIN block under key `name`. Formats 0, 3 and 4 need the PAN.
func (h *HSM) EncryptPIN(name string, f PINFormat, digits pay.Secret, pan pay.PAN) ([]byte, error) {
	p, err := parsePIN(digits)
	if err != nil {
		return nil, fmt.Errorf("hsm: encrypt pin: %w", err)
	}
	block, err := h.closePIN(name, f, p, pan)
	if err != nil {
		return nil, fmt.Errorf("hsm: encrypt pin: %w", err)
	}
	return block, nil
}

// TranslatePIN moves a block from one key and format to another without showing the PIN.
func (h *HSM) TranslatePIN(from string, ff PINFormat, to string, tf PINFormat, pan pay.PAN, block []byte) ([]byte, error) {
	p, err := h.openPIN(from, ff, pan, block)
	if err != nil {
		return nil, fmt.Errorf("hsm: translate pin: %w", err)
	}
	translated, err := h.closePIN(to, tf, p, pan)
	if err != nil {
		return nil, fmt.Errorf("hsm: translate pin: %w", err)
	}
	return translated, nil
}

// VerifyPIN compares the PIN of a block with a reference block (made by EncryptPIN under key `refKey`, format iso-0).
// ErrPINBlock is about the block only; a reference that cannot be read is another error.
func (h *HSM) VerifyPIN(name string, f PINFormat, pan pay.PAN, block []byte, refKey string, ref []byte) (bool, error) {
	got, err := h.openPIN(name, f, pan, block)
	if err != nil {
		return false, fmt.Errorf("hsm: verify pin: %w", err)
	}
	want, err := h.openPIN(refKey, PINISO0, pan, ref)
	if err != nil {
		return false, fmt.Errorf("hsm: verify pin: reference block: %v", err)
	}
	return subtle.ConstantTimeCompare(got.digits[:], want.digits[:]) == 1 && got.length == want.length, nil
}

// A pin is 4 to 12 digits, each a nibble's value; the rest is zero.
type pin struct {
	length int
	digits [12]byte
}

func parsePIN(secret pay.Secret) (p pin, err error) {
	text := secret.Reveal()
	p.length = len(text)
	if p.length < 4 || p.length > 12 || !isDigits(text) {
		return pin{}, errors.New("want a PIN of 4 to 12 digits")
	}
	for i := range p.length {
		p.digits[i] = text[i] - '0'
	}
	return p, nil
}

// pinLayout tells PIN blocks apart: control nibble, the nibbles that fill up behind the PIN, and whether the PAN is
// joined in.
type pinLayout struct {
	control, fillFrom, fillTo byte
	pan                       bool
}

func (f PINFormat) layout() (pinLayout, bool) {
	switch f {
	case PINISO0:
		return pinLayout{0, 0xF, 0xF, true}, true
	case PINUnionPayNoPAN:
		return pinLayout{0, 0xF, 0xF, false}, true
	case PINISO1:
		return pinLayout{1, 0x0, 0xF, false}, true
	case PINISO3:
		return pinLayout{3, 0xA, 0xF, true}, true
	case PINISO4:
		return pinLayout{4, 0xA, 0xA, true}, true
	}
	return pinLayout{}, false
}

// pinKey finds the key and how the format is laid out under it: format 4 is for AES keys and AES keys for format 4 only.
func (h *HSM) pinKey(name string, f PINFormat) (*key, pinLayout, error) {
	k, err := h.key(name)
	if err != nil {
		return nil, pinLayout{}, err
	}
	l, ok := f.layout()
	if !ok || k.algorithm.isAES() != (f == PINISO4) {
		return nil, pinLayout{}, fmt.Errorf("no PIN block %q under the %s key %s", f, k.algorithm, name)
	}
	return k, l, nil
}

func (h *HSM) closePIN(name string, f PINFormat, p pin, pan pay.PAN) ([]byte, error) {
	k, l, err := h.pinKey(name, f)
	if err != nil {
		return nil, err
	}
	block := make([]byte, k.block.BlockSize())
	if l.fillFrom != l.fillTo || f == PINISO4 {
		if err := h.draw(block); err != nil {
			return nil, err
		}
	}
	l.write(block[:f.textSize(block)], p)
	if f == PINISO4 {
		k.block.Encrypt(block, block)
	}
	if err := joinPAN(block, f, l, pan); err != nil {
		return nil, err
	}
	k.block.Encrypt(block, block)
	return block, nil
}

func (h *HSM) openPIN(name string, f PINFormat, pan pay.PAN, block []byte) (pin, error) {
	k, l, err := h.pinKey(name, f)
	if err != nil {
		return pin{}, err
	}
	if len(block) != k.block.BlockSize() {
		return pin{}, fmt.Errorf("%w: want %d bytes, got %d", ErrPINBlock, k.block.BlockSize(), len(block))
	}
	clear := make([]byte, len(block))
	k.block.Decrypt(clear, block)
	if err := joinPAN(clear, f, l, pan); err != nil {
		return pin{}, err
	}
	if f == PINISO4 {
		k.block.Decrypt(clear, clear)
	}
	p, ok := l.read(clear[:f.textSize(clear)])
	if !ok {
		return pin{}, ErrPINBlock
	}
	return p, nil
}

// textSize is where PIN and fill end: the second half of format 4 is random.
func (f PINFormat) textSize(block []byte) int {
	if f == PINISO4 {
		return 8
	}
	return len(block)
}

// write lays out control nibble, length, PIN and fill. The random fill is made from what stands in text.
func (l pinLayout) write(text []byte, p pin) {
	text[0] = l.control<<4 | byte(p.length)
	for i := 2; i < 2*len(text); i++ {
		v := l.fillFrom + nibble(text, i)%(l.fillTo-l.fillFrom+1)
		if i-2 < p.length {
			v = p.digits[i-2]
		}
		setNibble(text, i, v)
	}
}

func (l pinLayout) read(text []byte) (p pin, ok bool) {
	p.length = int(text[0] & 0xF)
	if text[0]>>4 != l.control || p.length < 4 || p.length > 12 {
		return pin{}, false
	}
	for i := 2; i < 2*len(text); i++ {
		switch v := nibble(text, i); {
		case i-2 >= p.length:
			if v < l.fillFrom || v > l.fillTo {
				return pin{}, false
			}
		case v > 9:
			return pin{}, false
		default:
			p.digits[i-2] = v
		}
	}
	return p, true
}

// joinPAN joins the PAN to a block by XOR: for formats 0 and 3 the rightmost twelve digits without the check digit, at the
// right (ISO 9564-1, 9.3.2); for format 4 the whole PAN behind a nibble that tells how many digits over twelve it has.
func joinPAN(block []byte, f PINFormat, l pinLayout, pan pay.PAN) error {
	if !l.pan {
		return nil
	}
	digits := pan.Reveal()
	if len(digits) < 2 || len(digits) > 19 || !isDigits(digits) {
		return fmt.Errorf("PIN block %s: want a PAN of at most 19 digits", f)
	}
	var at int
	if f == PINISO4 {
		block[0] ^= byte(max(len(digits)-12, 0)) << 4
		at = 1 + max(12-len(digits), 0)
	} else {
		digits = digits[:len(digits)-1]
		digits = digits[max(len(digits)-12, 0):]
		at = 2*len(block) - len(digits)
	}
	for i := range len(digits) {
		setNibble(block, at+i, nibble(block, at+i)^(digits[i]-'0'))
	}
	return nil
}

func nibble(b []byte, i int) byte {
	if i%2 == 0 {
		return b[i/2] >> 4
	}
	return b[i/2] & 0xF
}

func setNibble(b []byte, i int, v byte) {
	if i%2 == 0 {
		b[i/2] = b[i/2]&0x0F | v<<4
	} else {
		b[i/2] = b[i/2]&0xF0 | v
	}
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
