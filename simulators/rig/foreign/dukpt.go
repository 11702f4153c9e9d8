package main

import (
	"crypto/des"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// baseKey is that of ANSI X9.24-1's example. All terminals' initial keys are made from it.
const baseKey = "0123456789ABCDEFFEDCBA9876543210"

// transactionKey gives the PIN key that belongs to a serial number, from the base key: the host keeps no terminal's own.
func transactionKey(base string, serial []byte) string {
	const counting = 0x1FFFFF
	name := make([]byte, 8)
	binary.BigEndian.PutUint64(name, binary.BigEndian.Uint64(serial))
	name[7] &= 0xE0
	key := make([]byte, 16)
	triple(base).Encrypt(key, name)
	triple(masked(base)).Encrypt(key[8:], name)

	count := uint64(binary.BigEndian.Uint32(serial[6:]) & counting)
	state := binary.BigEndian.Uint64(serial[2:]) &^ counting
	for shift := 20; shift >= 0; shift-- {
		if bit := uint64(1) << shift; count&bit != 0 {
			state |= bit
			other, _ := hex.DecodeString(masked(hex.EncodeToString(key)))
			low, high := oneWay(key, state), oneWay(other, state)
			key = append(high, low...)
		}
	}
	key[7] ^= 0xFF
	key[15] ^= 0xFF
	return strings.ToUpper(hex.EncodeToString(key))
}

// masked is a key with C0C0C0C000000000 over each of its halves.
func masked(key string) string {
	b, err := hex.DecodeString(key)
	if err != nil {
		panic(err) // keys are ours
	}
	for _, i := range []int{0, 1, 2, 3, 8, 9, 10, 11} {
		b[i] ^= 0xC0
	}
	return hex.EncodeToString(b)
}

func oneWay(key []byte, state uint64) []byte {
	block, err := des.NewCipher(key[:8])
	if err != nil {
		panic(err)
	}
	right := binary.BigEndian.Uint64(key[8:])
	out := binary.BigEndian.AppendUint64(nil, state^right)
	block.Encrypt(out, out)
	return binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(out)^right)
}
