package hsm

import (
	"crypto/cipher"
	"crypto/subtle"
	"fmt"

	"github.com/emmansun/gmsm/cbcmac"
)

// MACAlgorithm names a way to make a MAC.
type MACAlgorithm string

// The MAC algorithms (DOMAIN.md B.1). All but CMAC fill up with zeros (ISO/IEC 9797-1, padding method 1).
const (
	MACUnionPayECB MACAlgorithm = "unionpay-ecb" // 8 ASCII hex characters; DES or 3DES by the key
	MACUnionPaySM4 MACAlgorithm = "unionpay-sm4" // 8 ASCII hex characters; SM4
	MACX99         MACAlgorithm = "x9.9"         // 8 bytes; single DES
	MACX919        MACAlgorithm = "x9.19"        // 8 bytes; double-length DES key, ISO/IEC 9797-1 algorithm 3
	MACCBC         MACAlgorithm = "cbc"          // one block; CBC under the whole key, any cipher
	MACAESCMAC     MACAlgorithm = "aes-cmac"     // 16 bytes; RFC 4493
)

// shortestMAC is the size of F64: a longer MAC may be cut to it, never below.
const shortestMAC = 8

// MAC computes the MAC of data; for its length see the algorithm. An algorithm that does not go with the key is an error.
func (h *HSM) MAC(name string, a MACAlgorithm, data []byte) ([]byte, error) {
	k, err := h.key(name)
	if err != nil {
		return nil, fmt.Errorf("hsm: mac: %w", err)
	}
	switch {
	case a == MACUnionPayECB && k.algorithm.isDES(), a == MACUnionPaySM4 && k.algorithm == SM4:
		return foldMAC(k.block, data), nil
	case a == MACX99 && k.algorithm == DES, a == MACCBC:
		return cbcMAC(k.block, data), nil
	case a == MACX919 && k.algorithm == TDES2:
		mac := cbcMAC(k.left, data)
		k.right.Decrypt(mac, mac)
		k.left.Encrypt(mac, mac)
		return mac, nil
	case a == MACAESCMAC && k.algorithm.isAES():
		return cbcmac.NewCMAC(k.block, k.block.BlockSize()).MAC(data), nil
	}
	return nil, fmt.Errorf("hsm: mac %s: no such algorithm for the %s key %s", a, k.algorithm, name)
}

// VerifyMAC compares in constant time. A mac cut to its first 8 bytes, the size of F64, is accepted; a shorter one never.
func (h *HSM) VerifyMAC(name string, a MACAlgorithm, data, mac []byte) (bool, error) {
	want, err := h.MAC(name, a, data)
	if err != nil {
		return false, err
	}
	if len(mac) < shortestMAC || len(mac) > len(want) {
		return false, nil
	}
	return subtle.ConstantTimeCompare(want[:len(mac)], mac) == 1, nil
}

// foldMAC is UnionPay's "ECB method": the blocks are joined by XOR, the sum is written as hex, and the two halves of
// that text are chained under the key; the MAC is the first eight characters of the result (DOMAIN.md B.1).
func foldMAC(block cipher.Block, data []byte) []byte {
	n := block.BlockSize()
	work := make([]byte, 3*n)
	text, sum := work[:2*n], work[2*n:]
	for len(data) > 0 {
		data = data[subtle.XORBytes(sum, sum, data):]
	}
	upperHex(text, sum)
	block.Encrypt(sum, text[:n])
	subtle.XORBytes(sum, sum, text[n:])
	block.Encrypt(sum, sum)
	upperHex(text, sum)
	return text[:8:8]
}

// cbcMAC chains the blocks with a zero start. No data is one block of zeros, as ISO/IEC 9797-1 has it.
func cbcMAC(block cipher.Block, data []byte) []byte {
	mac := make([]byte, block.BlockSize())
	for {
		data = data[subtle.XORBytes(mac, mac, data):]
		block.Encrypt(mac, mac)
		if len(data) == 0 {
			return mac
		}
	}
}
