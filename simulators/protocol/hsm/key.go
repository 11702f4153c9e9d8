package hsm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"
	"slices"

	"github.com/emmansun/gmsm/sm4"
)

// Algorithm of a key: the block cipher and its length.
type Algorithm string

// The key algorithms.
const (
	DES    Algorithm = "des"     // 8 bytes
	TDES2  Algorithm = "3des-2"  // 16 bytes
	TDES3  Algorithm = "3des-3"  // 24 bytes
	AES128 Algorithm = "aes-128" // 16 bytes
	AES192 Algorithm = "aes-192" // 24 bytes
	AES256 Algorithm = "aes-256" // 32 bytes
	SM4    Algorithm = "sm4"     // 16 bytes
)

// Size is the length of a key in bytes; 0 for an unknown algorithm.
func (a Algorithm) Size() int {
	switch a {
	case DES:
		return 8
	case TDES2, AES128, SM4:
		return 16
	case TDES3, AES192:
		return 24
	case AES256:
		return 32
	}
	return 0
}

func (a Algorithm) isDES() bool { return a == DES || a == TDES2 || a == TDES3 }
func (a Algorithm) isAES() bool { return a == AES128 || a == AES192 || a == AES256 }

// key is immutable: its schedules are made once and shared by all goroutines.
type key struct {
	algorithm Algorithm
	clear     []byte
	block     cipher.Block
	left      cipher.Block // TDES2: single DES under the first half
	right     cipher.Block // and under the second
	aead      cipher.AEAD  // AES: GCM
}

// errAlgorithm does not say what came: it may be a key that was written in the wrong place.
var errAlgorithm = fmt.Errorf("unknown algorithm: want %s, %s, %s, %s, %s, %s or %s", DES, TDES2, TDES3, AES128, AES192, AES256, SM4)

func newKey(a Algorithm, clear []byte) (*key, error) {
	if a.Size() == 0 {
		return nil, errAlgorithm
	}
	if len(clear) != a.Size() {
		return nil, fmt.Errorf("%s: want %d bytes, got %d", a, a.Size(), len(clear))
	}
	k := &key{algorithm: a, clear: clear}
	var err error
	switch a {
	case DES:
		k.block, err = des.NewCipher(clear)
	case TDES2:
		k.block, err = des.NewTripleDESCipher(slices.Concat(clear, clear[:8]))
		if err == nil {
			k.left, err = des.NewCipher(clear[:8])
		}
		if err == nil {
			k.right, err = des.NewCipher(clear[8:])
		}
	case TDES3:
		k.block, err = des.NewTripleDESCipher(clear)
	case SM4:
		k.block, err = sm4.NewCipher(clear)
	default:
		k.block, err = aes.NewCipher(clear)
		if err == nil {
			k.aead, err = cipher.NewGCM(k.block)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a, err)
	}
	return k, nil
}

func (k *key) kcv() (check KCV) {
	zeros := make([]byte, k.block.BlockSize())
	k.block.Encrypt(zeros, zeros)
	copy(check[:], zeros)
	return check
}
