package emv

import (
	"bytes"
	"crypto/sha1" // Book 2, B2.1
	"errors"
	"fmt"
	"io"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// signatureOverhead is the bytes of a signed block around its data and padding (Book 2, tables 7 and 15).
const signatureOverhead = 24

// VerifySSAD checks the issuer's signature over the static data and gives the data authentication code, 9F45 (Book 2, 5.4).
func VerifySSAD(issuer PublicKey, ssad, static []byte) (dac []byte, err error) {
	b, err := recoverSigned(issuer, formatSSAD, ssad, static)
	if err != nil {
		return nil, fmt.Errorf("emv: signed static application data: %w", err)
	}
	return b[3:5], nil
}

// Dynamic is what a card signed anew.
type Dynamic struct {
	Number []byte // ICC dynamic number, 9F4C
	CID    CID    // these three in a CDA signature only
	AC     []byte
	Hash   []byte // over the transaction's data
}

// VerifySDAD checks the card's signature; signed is the data that its DDOL named (Book 2, 6.5.2).
func VerifySDAD(icc PublicKey, sdad, signed []byte) (Dynamic, error) {
	return verifyDynamic(icc, formatSDAD, sdad, signed)
}

// VerifyFast checks the signature of fast DDA, which cards write in a format of its own or in that of DDA (DOMAIN.md D.4).
func VerifyFast(icc PublicKey, sdad, signed []byte) (Dynamic, error) {
	if d, err := verifyDynamic(icc, formatFast, sdad, signed); err == nil {
		return d, nil
	}
	return VerifySDAD(icc, sdad, signed)
}

func verifyDynamic(icc PublicKey, format byte, sdad, signed []byte) (Dynamic, error) {
	data, err := recoverDynamic(icc, format, sdad, signed)
	if err != nil {
		return Dynamic{}, err
	}
	return Dynamic{Number: data[1 : 1+data[0]]}, nil
}

// VerifyCDA checks the card's signature over a cryptogram, and the hash over what went to and fro: the PDOL's, CDOL1's (and
// CDOL2's) data and the answer's objects without 9F4B (Book 2, 6.6.2). unpredictable is tag 9F37.
func VerifyCDA(icc PublicKey, sdad, unpredictable []byte, exchanged ...[]byte) (Dynamic, error) {
	data, err := recoverDynamic(icc, formatSDAD, sdad, unpredictable)
	if err != nil {
		return Dynamic{}, err
	}
	d, err := combined(data)
	if sum := Digest(exchanged...); err == nil && !bytes.Equal(sum[:], d.Hash) {
		err = errors.New("emv: CDA: the hash over the transaction's data is wrong")
	}
	if err != nil {
		return Dynamic{}, err
	}
	return d, nil
}

func combined(data []byte) (Dynamic, error) {
	n := 1 + int(data[0])
	if len(data) < n+1+8+sha1.Size {
		return Dynamic{}, errors.New("emv: CDA: the signed data holds no cryptogram")
	}
	return Dynamic{data[1:n], CID(data[n]), data[n+1 : n+9], data[n+9 : n+9+sha1.Size]}, nil
}

// recoverDynamic gives the ICC dynamic data, whose first byte is a length within it.
func recoverDynamic(icc PublicKey, format byte, sdad, signed []byte) ([]byte, error) {
	b, err := recoverSigned(icc, format, sdad, signed)
	if err != nil {
		return nil, fmt.Errorf("emv: signed dynamic application data: %w", err)
	}
	n := int(b[3])
	if n == 0 || n > len(b)-signatureOverhead-1 || int(b[4]) >= n {
		return nil, fmt.Errorf("emv: signed dynamic application data: %d bytes of dynamic data do not fit", n)
	}
	return b[4 : 4+n], nil
}

func recoverSigned(k PublicKey, format byte, block, signed []byte) ([]byte, error) {
	b, err := recoverBlock(k, format, block, signatureOverhead+2)
	if err != nil {
		return nil, err
	}
	if b[2] != hash01SHA1 {
		return nil, fmt.Errorf("hash algorithm %02X: only SHA-1 (01) is known", b[2])
	}
	end := len(b) - sha1.Size - 1
	if sum := Digest(b[1:end], signed); !bytes.Equal(sum[:], b[end:len(b)-1]) {
		return nil, errors.New("its hash is wrong")
	}
	return b, nil
}

// PlainPINBlock is the block of a plaintext VERIFY: control 2, length, digits, filled with F (Book 3, 6.5.12).
func PlainPINBlock(pin pay.Secret) ([]byte, error) {
	digits := pin.Reveal()
	if len(digits) < 4 || len(digits) > 12 {
		return nil, errors.New("emv: PIN block: want a PIN of 4 to 12 digits")
	}
	block := bytes.Repeat([]byte{0xFF}, 8)
	block[0] = 0x20 | byte(len(digits))
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			return nil, errors.New("emv: PIN block: want digits only")
		}
		if i%2 == 0 {
			block[1+i/2] = d<<4 | 0x0F
		} else {
			block[1+i/2] &= 0xF0 | d
		}
	}
	return block, nil
}

// EncipherPIN makes the block of an enciphered VERIFY; challenge is the card's eight bytes, random gives the filling
// (Book 2, 7.2).
func EncipherPIN(k PublicKey, pin pay.Secret, challenge []byte, random io.Reader) ([]byte, error) {
	block, err := PlainPINBlock(pin)
	if err != nil {
		return nil, err
	}
	if len(challenge) != 8 || len(k.Modulus) < 17 {
		return nil, errors.New("emv: enciphered PIN: want a challenge of 8 bytes and a key of at least 17")
	}
	filling := make([]byte, len(k.Modulus)-17)
	if _, err := io.ReadFull(random, filling); err != nil {
		return nil, fmt.Errorf("emv: enciphered PIN: %w", err)
	}
	enciphered, err := k.Apply(bytes.Join([][]byte{{0x7F}, block, challenge, filling}, nil))
	if err != nil {
		return nil, fmt.Errorf("emv: enciphered PIN: %w", err)
	}
	return enciphered, nil
}
