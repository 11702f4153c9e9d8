package emv

import (
	"bytes"
	"crypto/sha1" // Book 2, B2.1: the only hash of its certificates
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// PublicKey is an RSA key as cards and terminals hold it. EMV encrypts without any padding of PKCS #1, which crypto/rsa
// does not offer; so the arithmetic here is math/big's. All values are public.
type PublicKey struct {
	Modulus, Exponent []byte
}

// Apply raises a block of the modulus's length to the exponent (Book 2, B2.1).
func (k PublicKey) Apply(block []byte) ([]byte, error) {
	n := new(big.Int).SetBytes(k.Modulus)
	x := new(big.Int).SetBytes(block)
	switch {
	case len(block) != len(k.Modulus):
		return nil, fmt.Errorf("want a block of %d bytes, got %d", len(k.Modulus), len(block))
	case len(k.Exponent) == 0 || len(k.Exponent) > 3 || n.Bit(0) == 0 || x.Cmp(n) >= 0:
		return nil, errors.New("not a block under this key")
	}
	return x.Exp(x, new(big.Int).SetBytes(k.Exponent), n).FillBytes(make([]byte, len(block))), nil
}

// Fixed bytes and numbers of what is recovered (Book 2, 5 to 7).
const (
	recoveredHeader, recoveredTrailer = 0x6A, 0xBC
	formatIssuer, formatSSAD          = 0x02, 0x03
	formatICC, formatSDAD             = 0x04, 0x05
	formatFast                        = 0x95 // fast DDA of a card that makes its signature at GET PROCESSING OPTIONS
	hash01SHA1, algorithm01RSA        = 0x01, 0x01
	issuerOverhead, iccOverhead       = 36, 42 // bytes of a certificate that are not key
	longestModulus                    = 248    // bytes (Book 2, D1)
)

// ErrRemainder says that a key is longer than its certificate holds, and the rest did not come.
var ErrRemainder = errors.New("the key's remainder is missing")

// CAKey is a certification authority's public key, as a terminal is loaded with it (DOMAIN.md A.8.1).
type CAKey struct {
	PublicKey
	RID    []byte // five bytes
	Index  byte
	Expiry string // YYYYMMDD, or empty
}

// ParseCAKey reads a set of tags 9F06, 9F22, DF02, DF04, DF05, DF06, DF07 and DF03, whose check value must be right.
func ParseCAKey(d Data) (CAKey, error) {
	k := CAKey{PublicKey{d[TagDF02CAModulus], d[TagDF04CAExponent]}, d[Tag9F06AID], 0, string(d[TagDF05CAExpiry])}
	if len(d[TagDF05CAExpiry]) == 4 {
		k.Expiry = fmt.Sprintf("%X", d[TagDF05CAExpiry])
	}
	index := d[Tag9F22CAKeyIndexTerminal]
	if len(k.RID) != 5 || len(index) != 1 {
		return CAKey{}, errors.New("emv: CA key: want a RID of 5 bytes and an index")
	}
	k.Index = index[0]
	where := fmt.Sprintf("emv: CA key %X %02X", k.RID, k.Index)
	if len(k.Modulus) == 0 || len(k.Modulus) > longestModulus || len(k.Exponent) == 0 || len(k.Exponent) > 3 {
		return CAKey{}, fmt.Errorf("%s: want a modulus of 1 to %d bytes and an exponent of 1 to 3", where, longestModulus)
	}
	for _, algorithm := range [][]byte{d[TagDF06CAHashAlgorithm], d[TagDF07CASignatureAlgorithm]} {
		if len(algorithm) > 0 && !bytes.Equal(algorithm, []byte{0x01}) {
			return CAKey{}, fmt.Errorf("%s: algorithm %X: only SHA-1 and RSA (01) are known", where, algorithm)
		}
	}
	if sum := k.CheckValue(); len(d[TagDF03CACheckValue]) > 0 && !bytes.Equal(d[TagDF03CACheckValue], sum[:]) {
		return CAKey{}, fmt.Errorf("%s: its check value is wrong", where)
	}
	return k, nil
}

// CheckValue is SHA-1 of RID, index, modulus and exponent (DOMAIN.md D.4).
func (k CAKey) CheckValue() [sha1.Size]byte {
	return Digest(k.RID, []byte{k.Index}, k.Modulus, k.Exponent)
}

// Digest is SHA-1 over the parts, one behind the other (Book 2, B3).
func Digest(parts ...[]byte) [sha1.Size]byte { return sha1.Sum(bytes.Join(parts, nil)) }

// Certified is a key and what its certificate says of it.
type Certified struct {
	PublicKey
	Expiry string // YYMM
	Serial []byte // three bytes
	owner  []byte // the issuer's first digits, or the PAN, with F behind
	hashed bool   // the certificate's hash is right
}

// IssuerKey recovers the issuer's key from tags 90, 92 and 9F32 and checks it all: form, hash, the PAN's first digits,
// expiry against today, YYMMDD (Book 2, 5.3 and 6.3).
func IssuerKey(ca CAKey, d Data, pan pay.PAN, today string) (Certified, error) {
	c, err := recoverKey(ca.PublicKey, formatIssuer, issuerOverhead, d[Tag90IssuerCertificate], d[Tag92IssuerRemainder], d[Tag9F32IssuerExponent], nil)
	if err == nil {
		err = c.check(today)
	}
	digits := strings.TrimRight(fmt.Sprintf("%X", c.owner), "F")
	if err == nil && (len(digits) < 3 || !strings.HasPrefix(pan.Reveal(), digits)) {
		err = errors.New("it is another issuer's: the PAN begins otherwise")
	}
	if err != nil {
		return Certified{}, fmt.Errorf("emv: issuer certificate: %w", err)
	}
	return c, nil
}

// ICCKey recovers the card's own key from tags 9F46, 9F47, 9F48; static is the data that the issuer signed (Book 2, 6.4).
func ICCKey(issuer PublicKey, d Data, static []byte, pan pay.PAN, today string) (Certified, error) {
	return cardKey(issuer, "ICC", d[Tag9F46ICCCertificate], d[Tag9F48ICCRemainder], d[Tag9F47ICCExponent], static, pan, today)
}

// PINKey recovers the key that PINs are enciphered under from tags 9F2D, 9F2E and 9F2F (Book 2, 7.1).
func PINKey(issuer PublicKey, d Data, pan pay.PAN, today string) (Certified, error) {
	return cardKey(issuer, "PIN encipherment", d[Tag9F2DPINCertificate], d[Tag9F2FPINRemainder], d[Tag9F2EPINExponent], nil, pan, today)
}

func cardKey(issuer PublicKey, name string, certificate, remainder, exponent, static []byte, pan pay.PAN, today string) (Certified, error) {
	c, err := recoverKey(issuer, formatICC, iccOverhead, certificate, remainder, exponent, static)
	if err == nil {
		err = c.check(today)
	}
	if err == nil && strings.TrimRight(fmt.Sprintf("%X", c.owner), "F") != pan.Reveal() {
		err = errors.New("it is another card's: the PAN differs")
	}
	if err != nil {
		return Certified{}, fmt.Errorf("emv: %s certificate: %w", name, err)
	}
	return c, nil
}

func (c Certified) check(today string) error {
	switch {
	case !c.hashed:
		return errors.New("its hash is wrong")
	case len(today) != 6 || c.Expiry < today[:4]: // good until the month is over; years are of this century
		return fmt.Errorf("it expired in %s (YYMM)", c.Expiry)
	}
	return nil
}

// recoverKey opens a certificate. Its hash is looked at, not insisted on; everything of its form is.
func recoverKey(k PublicKey, format byte, overhead int, certificate, remainder, exponent, static []byte) (Certified, error) {
	b, err := recoverBlock(k, format, certificate, overhead)
	if err != nil {
		return Certified{}, err
	}
	head := overhead - sha1.Size - 1 // up to the key's own bytes
	owner := head - 11
	tail := b[head-4 : head] // hash algorithm, key algorithm, key length, exponent length
	size, room := int(tail[2]), len(b)-overhead
	digits := b[head : len(b)-sha1.Size-1]
	switch {
	case tail[0] != hash01SHA1 || tail[1] != algorithm01RSA:
		return Certified{}, fmt.Errorf("algorithms %02X and %02X: only SHA-1 and RSA (01) are known", tail[0], tail[1])
	case size == 0 || size > longestModulus || int(tail[3]) != len(exponent):
		return Certified{}, fmt.Errorf("a key of %d bytes and an exponent of %d, which came with %d", size, tail[3], len(exponent))
	case size > room && len(remainder) == 0:
		return Certified{}, ErrRemainder
	case size > room && len(remainder) != size-room:
		return Certified{}, fmt.Errorf("want a remainder of %d bytes, got %d", size-room, len(remainder))
	case size <= room:
		digits = digits[:size]
	}
	sum := Digest(b[1:len(b)-sha1.Size-1], remainder, exponent, static)
	return Certified{
		PublicKey: PublicKey{bytes.Join([][]byte{digits, remainder}, nil)[:size], exponent},
		Expiry:    fmt.Sprintf("%02X%02X", b[owner+3], b[owner+2]), // MMYY in the certificate
		Serial:    b[owner+4 : owner+7],
		owner:     b[2 : owner+2],
		hashed:    bytes.Equal(sum[:], b[len(b)-sha1.Size-1:len(b)-1]),
	}, nil
}

// recoverBlock applies the key and looks at the fixed bytes (Book 2, B2.2). least is the shortest block with that format.
func recoverBlock(k PublicKey, format byte, block []byte, least int) ([]byte, error) {
	b, err := k.Apply(block)
	switch {
	case err != nil:
		return nil, err
	case len(b) < least:
		return nil, fmt.Errorf("want at least %d bytes, got %d", least, len(b))
	case b[0] != recoveredHeader || b[len(b)-1] != recoveredTrailer:
		return nil, errors.New("header or trailer is wrong: the key or a byte is not the signer's")
	case b[1] != format:
		return nil, fmt.Errorf("format %02X, want %02X", b[1], format)
	}
	return b, nil
}
