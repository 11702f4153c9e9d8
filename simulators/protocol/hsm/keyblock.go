package hsm

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// KeyBlock is the head of a key block (ANSI X9.143, formerly TR-31): what its key is for. It is covered by the block's MAC.
type KeyBlock struct {
	Version byte   // B: under 3DES, D: under AES; both derive the keys of a block from the protection key
	Usage   string // P0 PINs, M0 to M7 MACs, K0 and K1 other keys, C0 card verification ...
	Cipher  byte   // of the key: T for 3DES, A for AES
	Mode    byte   // what may be done with it
}

const keyBlockHead = 16 // characters of a block without optional ones

// UnwrapBlock opens a key block under a key protection key, and keeps its key under a name.
func (h *HSM) UnwrapBlock(under, name, block string) (KeyBlock, KCV, error) {
	outer, err := h.key(under)
	if err != nil {
		return KeyBlock{}, KCV{}, fmt.Errorf("hsm: key block: %w", err)
	}
	head, k, err := outer.openBlock(block)
	if err != nil {
		return head, KCV{}, fmt.Errorf("hsm: key block for %s: %w", name, err)
	}
	h.put(name, k)
	return head, k.kcv(), nil
}

var errKeyBlock = errors.New("its MAC is wrong: it was wrapped under another key, or changed since")

func (k *key) openBlock(block string) (head KeyBlock, inner *key, err error) {
	if len(block) < keyBlockHead {
		return head, nil, fmt.Errorf("want %d characters at the least, got %d", keyBlockHead, len(block))
	}
	head = KeyBlock{Version: block[0], Usage: block[5:7], Cipher: block[7], Mode: block[8]}
	tag := map[byte]int{'B': 8, 'D': 16}[head.Version]
	switch {
	case tag == 0:
		return head, nil, fmt.Errorf("version %q: want B or D, whose keys are derived", head.Version)
	case k.block.BlockSize() != tag:
		return head, nil, fmt.Errorf("version %c does not go with a %s key", head.Version, k.algorithm)
	}
	if n, err := strconv.Atoi(block[1:5]); err != nil || n != len(block) {
		return head, nil, fmt.Errorf("it says that it has %q characters, and has %d", block[1:5], len(block))
	}
	from, err := optionalBlocks(block)
	if err != nil {
		return head, nil, err
	}
	body, err := hex.DecodeString(block[from:])
	if err != nil || len(body) < 2*tag || len(body)%tag != 0 {
		return head, nil, errors.New("what follows its head is no ciphertext and MAC in hex")
	}
	inner, err = k.openBody(block[:from], body[:len(body)-tag], body[len(body)-tag:], head)
	return head, inner, err
}

// openBody deciphers with the MAC as initial value, and holds the MAC against head and clear text (X9.143, 6.3.2 and 6.3.4).
func (k *key) openBody(head string, ciphered, mac []byte, of KeyBlock) (*key, error) {
	enciphers, err := k.blockKey(0)
	if err != nil {
		return nil, err
	}
	signs, err := k.blockKey(1)
	if err != nil {
		return nil, err
	}
	clear := make([]byte, len(ciphered))
	cipher.NewCBCDecrypter(enciphers.block, mac).CryptBlocks(clear, ciphered)
	want := cmac(signs.block, append([]byte(head), clear...))
	if subtle.ConstantTimeCompare(want, mac) != 1 {
		return nil, errKeyBlock
	}
	bits := int(binary.BigEndian.Uint16(clear))
	if bits%8 != 0 || bits/8 > len(clear)-2 {
		return nil, errors.New("the key in it has an impossible length")
	}
	a, err := of.algorithm(bits)
	if err != nil {
		return nil, err
	}
	return newKey(a, clear[2:2+bits/8])
}

// blockKey derives one of the two keys that a block is made with: 0 enciphers, 1 makes the MAC (X9.143, 6.3.2.1 and 6.3.4.1).
func (k *key) blockKey(use byte) (*key, error) {
	size, kind := k.algorithm.Size(), map[Algorithm]byte{TDES2: 0, TDES3: 1, AES128: 2, AES192: 3, AES256: 4}
	number, ok := kind[k.algorithm]
	if !ok {
		return nil, fmt.Errorf("a %s key protects no key blocks", k.algorithm)
	}
	var derived []byte
	for count := byte(1); len(derived) < size; count++ {
		derived = append(derived, cmac(k.block, []byte{count, 0, use, 0, 0, number, byte(size * 8 >> 8), byte(size * 8)})...)
	}
	return newKey(k.algorithm, derived[:size])
}

// cmac is that of NIST SP 800-38B for blocks of 8 and of 16 bytes. (gmsm's knows the constant of 16 only.)
func cmac(block cipher.Block, data []byte) []byte {
	n := block.BlockSize()
	whole := len(data) > 0 && len(data)%n == 0
	mask := make([]byte, n)
	block.Encrypt(mask, mask)
	double(mask)
	if !whole {
		double(mask)
		data = fill80(data, n)
	}
	last := len(data) - n
	subtle.XORBytes(mask, mask, data[last:])
	return cbcMAC(block, append(append([]byte(nil), data[:last]...), mask...))
}

// double multiplies by x in the field of the cipher's block.
func double(b []byte) {
	carry := byte(0)
	for i := len(b) - 1; i >= 0; i-- {
		b[i], carry = b[i]<<1|carry, b[i]>>7
	}
	if carry == 1 {
		b[len(b)-1] ^= map[int]byte{8: 0x1B, 16: 0x87}[len(b)]
	}
}

// algorithm of a key of so many bits.
func (b KeyBlock) algorithm(bits int) (Algorithm, error) {
	for _, a := range []Algorithm{TDES2, TDES3, AES128, AES192, AES256} {
		if a.Size()*8 == bits && (b.Cipher == 'T') == a.isDES() && (b.Cipher == 'T' || b.Cipher == 'A') {
			return a, nil
		}
	}
	return "", fmt.Errorf("a key of %d bits for cipher %q", bits, b.Cipher)
}

// optionalBlocks skips them: each has two characters of name, two of length in hex, and what it says. It gives where they end.
func optionalBlocks(block string) (end int, err error) {
	count, err := strconv.Atoi(block[12:14])
	if err != nil {
		return 0, fmt.Errorf("it has %q optional blocks", block[12:14])
	}
	end = keyBlockHead
	for range count {
		if end+4 > len(block) {
			return 0, errors.New("its optional blocks are cut off")
		}
		n, err := strconv.ParseUint(block[end+2:end+4], 16, 8)
		if err != nil || n < 4 || end+int(n) > len(block) {
			return 0, errors.New("an optional block has an impossible length")
		}
		end += int(n)
	}
	return end, nil
}
