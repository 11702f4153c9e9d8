package hsm

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/cbcmac"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Cryptogram is an application cryptogram: ARQC, TC or AAC.
type Cryptogram [8]byte

// Cryptogram makes an application cryptogram over data, which the scheme's Input has joined.
func (h *HSM) Cryptogram(c CardScheme, of CardKey, s Session, data []byte) (Cryptogram, error) {
	k, err := h.session(of, c.session(s))
	if err != nil {
		return Cryptogram{}, fmt.Errorf("hsm: cryptogram: %w", err)
	}
	mac, err := k.cardMAC(data, c.Filled80)
	if err != nil {
		return Cryptogram{}, fmt.Errorf("hsm: cryptogram: %w", err)
	}
	return Cryptogram(mac), nil
}

// CryptogramKeys gives the check values of the keys that a cryptogram is made with: the card's own, as derived from the issuer's, and that of the
// transaction. They show that two sides derive alike, and nothing of the keys.
func (h *HSM) CryptogramKeys(c CardScheme, of CardKey, s Session) (card, session KCV, err error) {
	own, err := h.card(of)
	if err != nil {
		return card, session, fmt.Errorf("hsm: cryptogram: %w", err)
	}
	k, err := own.forSession(c.session(s))
	if err != nil {
		return card, session, fmt.Errorf("hsm: cryptogram: %w", err)
	}
	return own.kcv(), k.kcv(), nil
}

// VerifyCryptogram compares in constant time.
func (h *HSM) VerifyCryptogram(c CardScheme, of CardKey, s Session, data []byte, got []byte) (bool, error) {
	want, err := h.Cryptogram(c, of, s, data)
	return err == nil && subtle.ConstantTimeCompare(want[:], got) == 1, err
}

// ResponseCryptogram makes the issuer's answer to a cryptogram: eight bytes over the answer code by method 1; by method 2
// four bytes over the card status update and what the issuer adds (EMV 4.4 Book 2, 8.2).
func (h *HSM) ResponseCryptogram(c CardScheme, of CardKey, s Session, of26 Cryptogram, code []byte) ([]byte, error) {
	session := c.session(s)
	if c.ResponseOwn {
		session.Derivation = SessionNone
	}
	k, err := h.session(of, session)
	if err != nil {
		return nil, fmt.Errorf("hsm: response cryptogram: %w", err)
	}
	if c.Response == ResponseMethod2 {
		if len(code) < 4 || len(code) > 12 {
			return nil, fmt.Errorf("hsm: response cryptogram: want 4 to 12 bytes of status, got %d", len(code))
		}
		mac, err := k.cardMAC(append(of26[:], code...), true)
		if err != nil {
			return nil, fmt.Errorf("hsm: response cryptogram: %w", err)
		}
		return mac[:4:4], nil
	}
	if len(code) != 2 {
		return nil, fmt.Errorf("hsm: response cryptogram: want an answer code of 2 bytes, got %d", len(code))
	}
	block := make([]byte, k.block.BlockSize())
	copy(block, of26[:])
	subtle.XORBytes(block, block, code)
	k.block.Encrypt(block, block)
	return block[:8:8], nil
}

// ScriptMAC makes the MAC of a script command: its header of five bytes, of which the last counts the data with the MAC,
// and its data (Book 2, 9.2).
func (h *HSM) ScriptMAC(c CardScheme, of CardKey, s Session, header, data []byte) ([]byte, error) {
	k, err := h.session(of, c.script(s))
	if err != nil {
		return nil, fmt.Errorf("hsm: script mac: %w", err)
	}
	input := append([]byte(nil), header...)
	if c.ScriptATC {
		input = append(binary.BigEndian.AppendUint16(input, s.ATC), s.ARQC[:]...)
	}
	mac, err := k.cardMAC(append(input, data...), true)
	if err != nil {
		return nil, fmt.Errorf("hsm: script mac: %w", err)
	}
	return mac[:c.ScriptSize:c.ScriptSize], nil
}

// EncipherScript makes the data of a script secret (Book 2, 9.3).
func (h *HSM) EncipherScript(c CardScheme, of CardKey, s Session, data []byte) ([]byte, error) {
	k, err := h.session(of, c.script(s))
	if err != nil {
		return nil, fmt.Errorf("hsm: encipher script: %w", err)
	}
	size := k.block.BlockSize()
	clear := append([]byte(nil), data...)
	if c.Encipher == EncipherVisa {
		clear = append([]byte{byte(len(data))}, data...)
	}
	if c.Encipher != EncipherMastercard || len(clear)%size != 0 {
		clear = fill80(clear, size)
	}
	if c.Encipher == EncipherVisa {
		return ecb(size, k.block.Encrypt, clear)
	}
	cipher.NewCBCEncrypter(k.block, make([]byte, size)).CryptBlocks(clear, clear)
	return clear, nil
}

var errScript = errors.New("the enciphered data are not whole or not filled up as they should be")

// DecipherScript gives back the data of a script.
func (h *HSM) DecipherScript(c CardScheme, of CardKey, s Session, enciphered []byte) ([]byte, error) {
	clear, err := h.decipherScript(c, of, s, enciphered)
	if err != nil {
		return nil, fmt.Errorf("hsm: decipher script: %w", err)
	}
	return clear, nil
}

func (h *HSM) decipherScript(c CardScheme, of CardKey, s Session, enciphered []byte) ([]byte, error) {
	k, err := h.session(of, c.script(s))
	if err != nil {
		return nil, err
	}
	size := k.block.BlockSize()
	if len(enciphered) == 0 || len(enciphered)%size != 0 {
		return nil, errScript
	}
	if c.Encipher == EncipherVisa {
		clear, err := ecb(size, k.block.Decrypt, enciphered)
		if err != nil || int(clear[0]) >= len(clear) {
			return nil, errScript
		}
		return clear[1 : 1+clear[0]], nil
	}
	clear := append([]byte(nil), enciphered...)
	cipher.NewCBCDecrypter(k.block, make([]byte, size)).CryptBlocks(clear, clear)
	end := len(clear) - 1
	for end > 0 && clear[end] == 0 {
		end--
	}
	switch {
	case clear[end] == 0x80 && end >= len(clear)-size:
		return clear[:end], nil
	case c.Encipher == EncipherMastercard:
		return clear, nil
	}
	return nil, errScript
}

// PINChange makes the enciphered PIN block of a script that sets a new PIN; current is the card's present PIN, or none when
// the script does not prove it. smc is the card's key for secret data, ac its key for cryptograms.
func (h *HSM) PINChange(c CardScheme, smc, ac CardKey, s Session, fresh, current pay.Secret) ([]byte, error) {
	p, err := parsePIN(fresh)
	if err != nil {
		return nil, fmt.Errorf("hsm: pin change: %w", err)
	}
	mask, err := h.pinMask(c, ac, current)
	if err != nil {
		return nil, fmt.Errorf("hsm: pin change: %w", err)
	}
	block := make([]byte, 8)
	c.pinLayout(current).write(block, p)
	subtle.XORBytes(block, block, mask)
	return h.EncipherScript(c, smc, s, block)
}

// OpenPINChange gives the PIN of such a block.
func (h *HSM) OpenPINChange(c CardScheme, smc, ac CardKey, s Session, enciphered []byte, current pay.Secret) (pay.Secret, error) {
	mask, err := h.pinMask(c, ac, current)
	if err != nil {
		return pay.Secret{}, fmt.Errorf("hsm: pin change: %w", err)
	}
	block, err := h.decipherScript(c, smc, s, enciphered)
	if err != nil || len(block) != 8 {
		return pay.Secret{}, fmt.Errorf("hsm: pin change: %w", errors.Join(ErrPINBlock, err))
	}
	subtle.XORBytes(block, block, mask)
	p, ok := c.pinLayout(current).read(block)
	if !ok {
		return pay.Secret{}, fmt.Errorf("hsm: pin change: %w", ErrPINBlock)
	}
	text := make([]byte, p.length)
	for i := range text {
		text[i] = '0' + p.digits[i]
	}
	return pay.NewSecret(string(text)), nil
}

// vis tells whether the PIN stands in Visa's own block.
func (c CardScheme) vis(current pay.Secret) bool {
	return c.PINBlock == PINChangeVIS || c.PINBlock == PINChangeBoth && !current.IsZero()
}

func (c CardScheme) pinLayout(current pay.Secret) pinLayout {
	if !c.vis(current) {
		return pinLayout{2, 0xF, 0xF, false}
	}
	return pinLayout{0, 0xF, 0xF, false}
}

// pinMask is what a VIS block is joined with: bytes 5 to 8 of the card's cryptogram key at the right, and the current PIN
// at the left.
func (h *HSM) pinMask(c CardScheme, ac CardKey, current pay.Secret) ([]byte, error) {
	mask := make([]byte, 8)
	if !c.vis(current) {
		return mask, nil
	}
	k, err := h.card(ac)
	if err != nil {
		return nil, err
	}
	copy(mask[4:], k.clear[4:8])
	if !current.IsZero() {
		p, err := parsePIN(current)
		if err != nil {
			return nil, err
		}
		for i := range p.length {
			setNibble(mask, i, nibble(mask, i)^p.digits[i])
		}
	}
	return mask, nil
}

// cardMAC gives the first eight bytes of: ISO/IEC 9797-1 algorithm 3 under 3DES, CMAC under AES (Book 2, A1.2), CBC under SM4.
func (k *key) cardMAC(data []byte, filled80 bool) ([]byte, error) {
	if k.algorithm.isAES() {
		mac := cbcmac.NewCMAC(k.block, k.block.BlockSize()).MAC(data)
		return mac[:8:8], nil
	}
	if filled80 {
		data = fill80(data, k.block.BlockSize())
	}
	switch k.algorithm {
	case TDES2:
		mac := cbcMAC(k.left, data)
		k.right.Decrypt(mac, mac)
		k.left.Encrypt(mac, mac)
		return mac, nil
	case SM4:
		return cbcMAC(k.block, data)[:8:8], nil
	}
	return nil, fmt.Errorf("no card MAC under a %s key", k.algorithm)
}

// fill80 fills up with 80 and zeros, a whole block if need be (ISO/IEC 9797-1, method 2).
func fill80(b []byte, size int) []byte {
	filled := make([]byte, (len(b)/size+1)*size)
	filled[copy(filled, b)] = 0x80
	return filled
}
