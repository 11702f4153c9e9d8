package iso8583

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// AIDParameters are what a terminal needs to know of one chip application (DOMAIN.md A.8.1): its tag 9F06, and the value of
// every tag, for the kernel to read.
type AIDParameters struct {
	AID    []byte
	Values map[tlv.Tag][]byte
}

// aidSizes are the sizes of what an application's parameters may hold, in bytes; 0 is any.
var aidSizes = map[tlv.Tag]int{0xDF01: 1, 0x9F08: 2, 0x9F09: 2, 0xDF11: 5, 0xDF12: 5, 0xDF13: 5, 0x9F1B: 4, 0xDF15: 4, 0xDF16: 1, 0xDF17: 1,
	0xDF14: 0, 0xDF18: 1, 0x9F7B: 6, 0xDF19: 6, 0xDF20: 6, 0xDF21: 6}

// ParseAID reads the parameters of one chip application. Tags that nobody here knows are kept.
func ParseAID(set []byte) (AIDParameters, error) {
	values, err := byTag(set)
	if err != nil {
		return AIDParameters{}, fmt.Errorf("AID parameters: %w", err)
	}
	aid := values[Tag9F06AID]
	if len(aid) < ridSize || len(aid) > 16 {
		return AIDParameters{}, faultf("AID parameters: tag %s: want 5 to 16 bytes, got %d", Tag9F06AID, len(aid))
	}
	for tag, size := range aidSizes {
		if v, ok := values[tag]; ok && size > 0 && len(v) != size {
			return AIDParameters{}, faultf("AID parameters %X: tag %s: want %d bytes, got %d", aid, tag, size, len(v))
		}
	}
	return AIDParameters{AID: aid, Values: values}, nil
}

// Item names the application in a list.
func (p AIDParameters) Item() Item { return Item{Name: string(tlv.Append(nil, Tag9F06AID, p.AID))} }

// CAPublicKey is a public key of a certification authority (DOMAIN.md A.8.1, EMV 4.4 Book 2, 11.2.2).
type CAPublicKey struct {
	RID       []byte
	Index     byte
	Expires   string // YYYYMMDD
	Hash      byte   // 01 SHA-1, 07 SM3
	Algorithm byte   // 01 RSA, 04 SM2
	Modulus   []byte // of SM2 the point
	Exponent  []byte // of RSA
	Check     []byte
}

// The algorithms whose check value can be made here.
const (
	hash01SHA1     = 1
	algorithm01RSA = 1
)

// ParseCAPK reads a key. It says nothing of whether the key is the one that was issued: see Genuine.
func ParseCAPK(set []byte) (CAPublicKey, error) {
	values, err := byTag(set)
	if err != nil {
		return CAPublicKey{}, fmt.Errorf("CA key: %w", err)
	}
	for _, want := range []struct {
		tag      tlv.Tag
		min, max int
	}{{Tag9F06AID, ridSize, ridSize}, {Tag9F22KeyIndex, 1, 1}, {TagDF05Expiry, 4, 8}, {TagDF06HashAlgorithm, 1, 1},
		{TagDF07KeyAlgorithm, 1, 1}, {TagDF02Modulus, 32, 248}, {TagDF03CheckValue, 20, 32}} {
		if n := len(values[want.tag]); n < want.min || n > want.max {
			return CAPublicKey{}, faultf("CA key: tag %s: want %d to %d bytes, got %d", want.tag, want.min, want.max, n)
		}
	}
	k := CAPublicKey{RID: values[Tag9F06AID], Index: values[Tag9F22KeyIndex][0], Hash: values[TagDF06HashAlgorithm][0],
		Algorithm: values[TagDF07KeyAlgorithm][0], Modulus: values[TagDF02Modulus], Exponent: values[TagDF04Exponent], Check: values[TagDF03CheckValue]}
	if n := len(k.Exponent); k.Algorithm == algorithm01RSA && (n < 1 || n > 3) {
		return CAPublicKey{}, faultf("CA key: tag %s: want 1 to 3 bytes, got %d", TagDF04Exponent, n)
	}
	k.Expires, err = expiry(values[TagDF05Expiry])
	return k, err
}

// TLV gives the key as it is downloaded.
func (k CAPublicKey) TLV() []byte {
	b := tlv.Append(nil, Tag9F06AID, k.RID)
	b = tlv.Append(b, Tag9F22KeyIndex, []byte{k.Index})
	b = tlv.Append(b, TagDF05Expiry, []byte(k.Expires))
	b = tlv.Append(b, TagDF06HashAlgorithm, []byte{k.Hash})
	b = tlv.Append(b, TagDF07KeyAlgorithm, []byte{k.Algorithm})
	b = tlv.Append(b, TagDF02Modulus, k.Modulus)
	if len(k.Exponent) > 0 {
		b = tlv.Append(b, TagDF04Exponent, k.Exponent)
	}
	return tlv.Append(b, TagDF03CheckValue, k.Check)
}

// Item names the key in a list.
func (k CAPublicKey) Item() Item {
	return Item{string(tlv.Append(tlv.Append(nil, Tag9F06AID, k.RID), Tag9F22KeyIndex, []byte{k.Index})), k.Expires}
}

// CheckValue is the SHA-1 hash over RID, index, modulus and exponent (DOMAIN.md D.4 [V]).
func (k CAPublicKey) CheckValue() []byte {
	sum := sha1.Sum(bytes.Join([][]byte{k.RID, {k.Index}, k.Modulus, k.Exponent}, nil))
	return sum[:]
}

// Genuine tells that the key is the one that its check value was made for. The expiry is not part of it, and a hash other than
// SHA-1 proves nothing here.
func (k CAPublicKey) Genuine() bool {
	return k.Hash == hash01SHA1 && k.Algorithm == algorithm01RSA && bytes.Equal(k.Check, k.CheckValue())
}

// Expired tells that the key's last day is over.
func (k CAPublicKey) Expired(now time.Time) bool { return k.Expires < now.Format("20060102") }

// ParseContactless reads contactless parameters (DOMAIN.md A.8.1, 394): the value of every tag, for the kernel to read.
func ParseContactless(set []byte) (map[tlv.Tag][]byte, error) {
	values, err := byTag(set)
	switch {
	case err != nil:
		return nil, fmt.Errorf("contactless parameters: %w", err)
	case len(values) == 0:
		return nil, faultf("contactless parameters: there are none")
	}
	if limit, ok := values[TagFF8058NoPINLimit]; ok && len(limit) != 6 {
		return nil, faultf("contactless parameters: tag %s: want 6 bytes, got %d", TagFF8058NoPINLimit, len(limit))
	}
	return values, nil
}
