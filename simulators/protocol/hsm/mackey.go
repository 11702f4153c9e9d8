package hsm

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// MACKey makes MACs under one key without looking it up and without allocating: what a load engine does a hundred thousand times a
// second. It is the key as it was when it was asked for. It belongs to one goroutine.
type MACKey struct {
	block, right cipher.Block
	make         func(*MACKey, []byte)
	sum          [16]byte // the MAC, after make
	text         [32]byte
	size         int
}

// MACKey gives a key of the module for that algorithm, of those that DES keys are for.
func (h *HSM) MACKey(name string, a MACAlgorithm) (*MACKey, error) {
	k, err := h.key(name)
	if err != nil {
		return nil, fmt.Errorf("hsm: mac: %w", err)
	}
	m := &MACKey{block: k.block, size: k.block.BlockSize()}
	switch {
	case a == MACUnionPayECB && k.algorithm.isDES(), a == MACUnionPaySM4 && k.algorithm == SM4:
		m.make, m.size = (*MACKey).fold, 8
	case a == MACX99 && k.algorithm == DES, a == MACCBC:
		m.make = (*MACKey).chain
	case a == MACX919 && k.algorithm == TDES2:
		m.block, m.right, m.make = k.left, k.right, (*MACKey).retail
	default:
		return nil, fmt.Errorf("hsm: mac %s: no fast way for the %s key %s", a, k.algorithm, name)
	}
	return m, nil
}

// Format keeps the key out of every print.
func (m *MACKey) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, "MAC key") }

// Sum gives the MAC of data. It is valid until the next one.
func (m *MACKey) Sum(data []byte) []byte {
	m.make(m, data)
	return m.sum[:m.size]
}

// Verify compares in constant time; a mac may be cut to its first 8 bytes.
func (m *MACKey) Verify(data, mac []byte) bool {
	if len(mac) < shortestMAC || len(mac) > m.size {
		return false
	}
	return subtle.ConstantTimeCompare(m.Sum(data)[:len(mac)], mac) == 1
}

// fold is foldMAC.
func (m *MACKey) fold(data []byte) {
	n := m.block.BlockSize()
	sum, text := m.sum[:n], m.text[:2*n]
	if n == 8 {
		binary.BigEndian.PutUint64(sum, xor8(data))
	} else {
		xor16(sum, data)
	}
	upperHex(text, sum)
	m.block.Encrypt(sum, text[:n])
	subtle.XORBytes(sum, sum, text[n:])
	m.block.Encrypt(sum, sum)
	copy(text, sum[:4])
	upperHex(m.sum[:8], text[:4])
}

// xor8 joins blocks of eight bytes by XOR, the last one filled with zeros.
func xor8(data []byte) (sum uint64) {
	for len(data) >= 8 {
		sum ^= binary.BigEndian.Uint64(data)
		data = data[8:]
	}
	for i, b := range data {
		sum ^= uint64(b) << (56 - 8*i)
	}
	return sum
}

func xor16(sum, data []byte) {
	clear(sum)
	for len(data) > 0 {
		data = data[subtle.XORBytes(sum, sum, data):]
	}
}

// chain is cbcMAC.
func (m *MACKey) chain(data []byte) {
	sum := m.sum[:m.block.BlockSize()]
	clear(sum)
	for {
		data = data[subtle.XORBytes(sum, sum, data):]
		m.block.Encrypt(sum, sum)
		if len(data) == 0 {
			return
		}
	}
}

// retail is ISO/IEC 9797-1 algorithm 3.
func (m *MACKey) retail(data []byte) {
	m.chain(data)
	sum := m.sum[:8]
	m.right.Decrypt(sum, sum)
	m.block.Encrypt(sum, sum)
}
