package card

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// The formats of signed data (EMV 4.4 Book 2, tables 1, 13, 14, 15, 17).
const (
	signed02Issuer  byte = 0x02
	signed03Static  byte = 0x03
	signed04Card    byte = 0x04
	signed05Dynamic byte = 0x05
	signed95Fast    byte = 0x95 // Visa's fast DDA
	hash01SHA1      byte = 0x01
	signature01RSA  byte = 0x01
	dynamicPad      byte = 0xBB
)

// signer signs with one key of a module. The frame of all that is signed is 6A, a body that fills the modulus, SHA-1, BC.
type signer struct {
	keys *hsm.HSM
	name string
	made *signatures // a factory's; nil: each signature is made anew
}

// signatures are those that a factory has made: RSA gives the same one for the same frame, and takes longer than all else about making a card.
type signatures struct {
	mu      sync.Mutex
	byFrame map[string][]byte
}

const mostSignatures = 4096 // of strangers' cards there is no end

// get gives the signature of a frame under a key; sign makes it the first time.
func (s *signatures) get(key string, frame []byte, sign func(string, []byte) ([]byte, error)) ([]byte, error) {
	if s == nil {
		return sign(key, frame)
	}
	id := key + "\x00" + string(frame)
	s.mu.Lock()
	made, ok := s.byFrame[id]
	s.mu.Unlock()
	if ok {
		return bytes.Clone(made), nil
	}
	made, err := sign(key, frame)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byFrame == nil || len(s.byFrame) >= mostSignatures {
		s.byFrame = map[string][]byte{}
	}
	s.byFrame[id] = bytes.Clone(made)
	return made, nil
}

func (s signer) size() (int, error) {
	public, err := s.keys.PublicRSA(s.name)
	return len(public.Modulus), err
}

// sign fills body up with BB, hashes it together with what is not carried, and signs the frame.
func (s signer) sign(body, behind []byte) ([]byte, error) {
	size, err := s.size()
	if err != nil {
		return nil, err
	}
	fill := size - 22 - len(body)
	if fill < 0 {
		return nil, fmt.Errorf("a modulus of %d bytes cannot sign %d bytes", size, len(body))
	}
	frame := append([]byte{0x6A}, body...)
	frame = append(frame, bytes.Repeat([]byte{dynamicPad}, fill)...)
	sum := hash(append(frame[1:len(frame):len(frame)], behind...))
	return s.made.get(s.name, append(append(frame, sum...), 0xBC), s.keys.PrivateRSA)
}

// A certificate carries as much of a public key as fits; the rest stands beside it.
type certificate struct{ certificate, remainder, exponent []byte }

// certify signs a public key: format and subject, expiry (YYMM), serial number, and static data that are hashed along (Book
// 2, 5.1 and 6.1).
func (s signer) certify(format byte, subject []byte, expiry string, serial [3]byte, public hsm.RSAPublic, static []byte) (certificate, error) {
	size, err := s.size()
	if err != nil {
		return certificate{}, err
	}
	mmyy, err := hex.DecodeString(expiry[2:] + expiry[:2])
	if err != nil {
		return certificate{}, err
	}
	body := append(append([]byte{format}, subject...), mmyy...)
	body = append(append(body, serial[:]...), hash01SHA1, signature01RSA, byte(len(public.Modulus)), byte(len(public.Exponent)))
	room := size - 22 - len(body)
	if room < 0 {
		return certificate{}, fmt.Errorf("a modulus of %d bytes is too short for a certificate", size)
	}
	c := certificate{exponent: public.Exponent}
	if room >= len(public.Modulus) {
		room = len(public.Modulus)
	}
	c.remainder = public.Modulus[room:]
	body = append(body, public.Modulus[:room]...)
	c.certificate, err = s.sign(body, bytes.Join([][]byte{c.remainder, public.Exponent, static}, nil))
	return c, err
}

// IssuerSerial is the serial number of every issuer certificate that is made here: what a revocation list names.
func IssuerSerial() [3]byte { return [3]byte{0, 0, 1} }

// subject fills digits up with F to that many bytes.
func subject(digits string, size int) []byte {
	digits += strings.Repeat("F", 2*size)
	b, err := hex.DecodeString(digits[:2*size])
	if err != nil {
		panic(err) // a PAN was checked to be digits
	}
	return b
}

func hash(b []byte) []byte {
	sum := sha1.Sum(b)
	return sum[:]
}

// checkValue is what a terminal compares a CA key with: SHA-1 over RID, index, modulus and exponent (DOMAIN.md D.4).
func checkValue(rid []byte, index byte, public hsm.RSAPublic) []byte {
	return hash(bytes.Join([][]byte{rid, {index}, public.Modulus, public.Exponent}, nil))
}
