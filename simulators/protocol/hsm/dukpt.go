package hsm

import (
	"crypto/des"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// A derived unique key per transaction (DUKPT, ANSI X9.24): each PIN has a key of its own, made from the terminal's initial key and a
// counter. The key serial number names both: ten bytes under 3DES (part 1), of which the last 21 bits count, twelve under AES (part 3),
// of which the last four bytes do.

var errSerial = errors.New("want a key serial number of 10 bytes with a 3DES key, and of 12 with AES")

// PINKeyFor derives the PIN key of one transaction from an initial key, and keeps it under a name.
func (h *HSM) PINKeyFor(initial, name string, serial []byte) (KCV, error) {
	from, err := h.key(initial)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: dukpt: %w", err)
	}
	var k *key
	switch {
	case from.algorithm == TDES2 && len(serial) == 10:
		k, err = from.pinKeyTDES(serial)
	case from.algorithm.isAES() && len(serial) == 12:
		k, err = from.pinKeyAES(serial)
	default:
		err = errSerial
	}
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: dukpt with %s: %w", initial, err)
	}
	h.put(name, k)
	return k.kcv(), nil
}

// NextSerial gives the key serial number of the next transaction: the next counter that makes a key, for one with too many bits makes
// none (X9.24-1, annex A; X9.24-3, 6.3.1). At its end the terminal wants a new initial key.
func NextSerial(serial []byte) ([]byte, error) {
	next := append([]byte(nil), serial...)
	at, mask, most := len(next)-4, uint32(1<<21-1), 10
	switch len(next) {
	case 10:
	case 12:
		mask, most = 1<<32-1, 16
	default:
		return nil, errSerial
	}
	word := binary.BigEndian.Uint32(next[at:])
	counter := word & mask
	for counter++; bits.OnesCount32(counter) > most; {
		counter += counter & -counter // the next one with fewer bits at its end
	}
	if counter&mask != counter || counter == 0 {
		return nil, errors.New("the counter of the key serial number is used up: the terminal wants a new initial key")
	}
	binary.BigEndian.PutUint32(next[at:], word&^mask|counter)
	return next, nil
}

// pinKeyTDES walks from the initial key by the bits of the counter, and takes the PIN variant (X9.24-1, annex A).
func (k *key) pinKeyTDES(serial []byte) (*key, error) {
	counter := binary.BigEndian.Uint32(serial[6:]) & (1<<21 - 1)
	register := binary.BigEndian.Uint64(serial[2:]) &^ (1<<21 - 1)
	var current [16]byte
	copy(current[:], k.clear)
	for bit := uint32(1 << 20); bit > 0; bit >>= 1 {
		if counter&bit == 0 {
			continue
		}
		register |= uint64(bit)
		var left, right [16]byte
		for i, c := range current {
			left[i] = c
			if i%8 < 4 {
				left[i] ^= 0xC0
			}
		}
		if err := blackBox(right[8:], current[:], register); err != nil {
			return nil, err
		}
		if err := blackBox(right[:8], left[:], register); err != nil {
			return nil, err
		}
		current = right
	}
	current[7] ^= 0xFF
	current[15] ^= 0xFF
	return newKey(TDES2, current[:])
}

// blackBox is the one-way function of X9.24-1: the register goes through single DES under the left half of a key, between two XORs
// with the right half.
func blackBox(out, k []byte, register uint64) error {
	block, err := des.NewCipher(k[:8])
	if err != nil {
		return err
	}
	right := binary.BigEndian.Uint64(k[8:])
	binary.BigEndian.PutUint64(out, register^right)
	block.Encrypt(out, out)
	binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(out)^right)
	return nil
}

// What a derived key is for (X9.24-3, table 2).
const (
	usePIN       = 0x1000
	useDerive    = 0x8000
	deriveBlocks = 2 // an AES-256 key takes two
)

// pinKeyAES walks from the initial key by the bits of the counter, then derives the PIN key, of the same length (X9.24-3, 6.3).
func (k *key) pinKeyAES(serial []byte) (*key, error) {
	counter, walked, current := binary.BigEndian.Uint32(serial[8:]), uint32(0), k
	var err error
	for bit := uint32(1 << 31); bit > 0; bit >>= 1 {
		if counter&bit == 0 {
			continue
		}
		walked |= bit
		if current, err = current.derive(useDerive, serial[4:8], walked); err != nil {
			return nil, err
		}
	}
	return current.derive(usePIN, serial[4:8], counter)
}

func (k *key) derive(use uint16, id []byte, counter uint32) (*key, error) {
	kind := map[Algorithm]byte{AES128: 2, AES192: 3, AES256: 4}[k.algorithm]
	size := k.algorithm.Size()
	var out [16 * deriveBlocks]byte
	for n := range deriveBlocks {
		data := [16]byte{1, byte(n + 1), byte(use >> 8), byte(use), 0, kind, byte(size * 8 >> 8), byte(size * 8), id[0], id[1], id[2], id[3]}
		binary.BigEndian.PutUint32(data[12:], counter)
		k.block.Encrypt(out[16*n:], data[:])
	}
	return newKey(k.algorithm, append([]byte(nil), out[:size]...))
}
