package hsm

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// CardDerivation says how a card's own key comes from the issuer's master key (EMV 4.4 Book 2, A1.4).
type CardDerivation string

// The card derivations. Under an SM4 key, and under an AES key with any option but C, there is none.
const (
	CardOwn     CardDerivation = ""         // the named key is the card's own
	CardOptionA CardDerivation = "option-a" // 3DES of the rightmost 16 digits of PAN and sequence number
	CardOptionB CardDerivation = "option-b" // the same for PANs up to 16 digits; longer ones by SHA-1
	CardOptionC CardDerivation = "option-c" // AES; PAN and sequence number filled up to 16 bytes at the left
	CardSM4     CardDerivation = "sm4"      // SM4, by analogy with option A: one block of Y and its complement (DOMAIN.md L)
)

// SessionDerivation says how the key of one transaction comes from the card's own.
type SessionDerivation string

// The session derivations.
const (
	SessionNone       SessionDerivation = ""           // the card's own key
	SessionUnionPay   SessionDerivation = "unionpay"   // 3DES of the ATC at the right of a block, and of its complement (DOMAIN.md D.5)
	SessionCommon     SessionDerivation = "common"     // Book 2, A1.3: from the ATC for cryptograms, from the ARQC for scripts
	SessionMastercard SessionDerivation = "mastercard" // as common, with the terminal's unpredictable number behind the ATC
	SessionVisaScript SessionDerivation = "visa"       // the ATC joined by XOR: scripts of Visa's versions 10 and 18
)

// CardKey names the key of one card. With a derivation, Name is the issuer's master key; a card's own key needs neither
// PAN nor sequence number.
type CardKey struct {
	Name       string
	Derivation CardDerivation
	PAN        pay.PAN
	Sequence   string // two digits, 5F34; empty for 00
}

// Session tells one transaction from another. Each derivation takes what it needs.
type Session struct {
	Derivation    SessionDerivation
	ATC           uint16
	Unpredictable [4]byte // 9F37
	ARQC          [8]byte // of the first GENERATE AC; scripts with common keys
	Script        bool    // common: from the ARQC, not the ATC
}

// DeriveCard stores a card's own key under name: what a personaliser puts into the chip.
func (h *HSM) DeriveCard(name string, of CardKey) (KCV, error) {
	k, err := h.card(of)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: derive %s: %w", name, err)
	}
	h.put(name, k)
	return k.kcv(), nil
}

// DeriveSession stores the key of one transaction under name.
func (h *HSM) DeriveSession(name string, of CardKey, s Session) (KCV, error) {
	k, err := h.session(of, s)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: derive %s: %w", name, err)
	}
	h.put(name, k)
	return k.kcv(), nil
}

func (h *HSM) session(of CardKey, s Session) (*key, error) {
	k, err := h.card(of)
	if err != nil {
		return nil, err
	}
	return k.forSession(s)
}

func (h *HSM) card(of CardKey) (*key, error) {
	k, err := h.key(of.Name)
	if err != nil || of.Derivation == CardOwn {
		return k, err
	}
	digits := of.PAN.Reveal() + (of.Sequence + "00")[:2]
	if of.PAN.IsZero() || len(digits) > 21 || !isDigits(digits) || len(of.Sequence)%2 != 0 || len(of.Sequence) > 2 {
		return nil, errors.New("want a PAN of at most 19 digits and a sequence number of two")
	}
	switch {
	case of.Derivation == CardOptionA && k.algorithm == TDES2:
		return k.diversify(digitBlock(digits, 8))
	case of.Derivation == CardOptionB && k.algorithm == TDES2:
		if len(digits) <= 18 {
			return k.diversify(digitBlock(digits, 8))
		}
		return k.diversify(hashedDigits(digits))
	case of.Derivation == CardOptionC && k.algorithm.isAES(), of.Derivation == CardSM4 && k.algorithm == SM4:
		return k.diversify(digitBlock(digits, 16))
	}
	return nil, fmt.Errorf("no card derivation %q from the %s key %s", of.Derivation, k.algorithm, of.Name)
}

// digitBlock gives the rightmost digits, two a byte, filled up with zeros at the left.
func digitBlock(digits string, size int) []byte {
	digits = strings.Repeat("0", 2*size) + digits
	block, err := hex.DecodeString(digits[len(digits)-2*size:])
	if err != nil {
		panic(err) // they are digits
	}
	return block
}

// hashedDigits is step 2 of option B: the decimal digits of a SHA-1 over the digits, which are filled up to whole bytes at
// the left (Book 2, A1.4.2).
func hashedDigits(digits string) []byte {
	sum := sha1.Sum(digitBlock(digits, (len(digits)+1)/2))
	return digitBlock(decimalise(sum[:], 16), 8)
}

// diversify encrypts a block, and its complement where one block is too short for a key. DES keys get odd parity.
func (k *key) diversify(y []byte) (*key, error) {
	clear := make([]byte, 2*len(y))
	k.block.Encrypt(clear, y)
	for i, b := range y {
		clear[len(y)+i] = ^b
	}
	k.block.Encrypt(clear[len(y):], clear[len(y):])
	return k.derived(clear)
}

// derived cuts key bytes to the length of the key that they were made with.
func (k *key) derived(clear []byte) (*key, error) {
	clear = clear[:k.algorithm.Size()]
	if k.algorithm.isDES() {
		oddParity(clear)
	}
	return newKey(k.algorithm, clear)
}

func oddParity(clear []byte) {
	for i, b := range clear {
		clear[i] = b&^1 | byte(bits.OnesCount8(b>>1)+1)&1
	}
}

func (k *key) forSession(s Session) (*key, error) {
	size := k.block.BlockSize()
	atc := binary.BigEndian.AppendUint16(nil, s.ATC)
	if k.algorithm == DES || k.algorithm == TDES3 {
		return nil, fmt.Errorf("no session keys from a %s key", k.algorithm)
	}
	switch s.Derivation {
	case SessionNone:
		return k, nil
	case SessionUnionPay:
		if k.algorithm == SM4 { // one block makes the key: each half as the halves of a 3DES key are made
			block := make([]byte, size)
			copy(block[6:], atc)
			block[14], block[15] = ^atc[0], ^atc[1]
			k.block.Encrypt(block, block)
			return k.derived(block)
		}
		block := make([]byte, 2*size)
		copy(block[size-2:], atc)
		block[2*size-2], block[2*size-1] = ^atc[0], ^atc[1]
		k.block.Encrypt(block, block)
		k.block.Encrypt(block[size:], block[size:])
		return k.derived(block)
	case SessionVisaScript:
		if k.algorithm != TDES2 {
			return nil, fmt.Errorf("no session keys %q from a %s key", s.Derivation, k.algorithm)
		}
		clear := bytes.Clone(k.clear)
		subtle.XORBytes(clear[6:8], clear[6:8], atc)
		subtle.XORBytes(clear[14:], clear[14:], []byte{^atc[0], ^atc[1]})
		return k.derived(clear)
	case SessionCommon, SessionMastercard:
		r := make([]byte, size)
		copy(r, atc)
		if s.Derivation == SessionMastercard {
			copy(r[4:], s.Unpredictable[:])
		}
		if s.Script {
			clear(r)
			copy(r, s.ARQC[:])
		}
		return k.common(r)
	}
	return nil, fmt.Errorf("no session derivation %q", s.Derivation)
}

// common is the function of Book 2, A1.3.1. A cipher whose block is as long as its key takes R as it is; the others take
// it twice, with F0 and 0F as third byte.
func (k *key) common(r []byte) (*key, error) {
	size := len(r)
	clear := make([]byte, 2*size)
	if k.algorithm.Size() == size {
		k.block.Encrypt(clear, r)
		return k.derived(clear)
	}
	copy(clear, r)
	copy(clear[size:], r)
	clear[2], clear[size+2] = 0xF0, 0x0F
	k.block.Encrypt(clear, clear)
	k.block.Encrypt(clear[size:], clear[size:])
	return k.derived(clear)
}
