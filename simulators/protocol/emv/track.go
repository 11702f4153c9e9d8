package emv

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Track2 is the track 2 equivalent data, tag 57 (Book 3, annex A).
type Track2 struct {
	PAN           pay.PAN
	Expiry        string     // YYMM
	Service       string     // three digits
	Discretionary pay.Secret // digits
}

// ParseTrack2 reads tag 57. Its errors show no digit.
func ParseTrack2(b []byte) (Track2, error) {
	digits := strings.ToUpper(hex.EncodeToString(b))
	number, rest, ok := strings.Cut(digits, "D")
	rest = strings.TrimSuffix(rest, "F")
	switch {
	case len(b) > 19:
		return Track2{}, fmt.Errorf("emv: track 2 equivalent data: want at most 19 bytes, got %d", len(b))
	case !ok:
		return Track2{}, fmt.Errorf("emv: track 2 equivalent data: the separator D is missing")
	case len(number) == 0 || len(number) > 19 || strings.Trim(number, decimals) != "":
		return Track2{}, fmt.Errorf("emv: track 2 equivalent data: want a PAN of up to 19 digits before the separator")
	case len(rest) < 7 || strings.Trim(rest, decimals) != "":
		return Track2{}, fmt.Errorf("emv: track 2 equivalent data: want digits behind the separator: expiry, service code, discretionary data")
	}
	return Track2{pay.NewPAN(number), rest[:4], rest[4:7], pay.NewSecret(rest[7:])}, nil
}

const decimals = "0123456789"

// Text is the track as a stripe's head gives it, with D as separator: what F35 carries.
func (t Track2) Text() pay.Secret {
	return pay.NewSecret(t.PAN.Reveal() + "D" + t.Expiry + t.Service + t.Discretionary.Reveal())
}

// Bytes gives the value of tag 57, or nil when a part holds anything but digits.
func (t Track2) Bytes() []byte {
	digits := t.Text().Reveal()
	if len(digits)%2 == 1 {
		digits += "F"
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil
	}
	return b
}

// PANOf reads tag 5A: digits with F at the right.
func PANOf(b []byte) (pay.PAN, error) {
	digits := strings.TrimRight(strings.ToUpper(hex.EncodeToString(b)), "F")
	if digits == "" || len(digits) > 19 || strings.Trim(digits, decimals) != "" {
		return pay.PAN{}, fmt.Errorf("emv: application PAN: want up to 19 digits with F behind them")
	}
	return pay.NewPAN(digits), nil
}

// PANBytes gives the value of tag 5A, or nil when the PAN holds anything but digits.
func PANBytes(p pay.PAN) []byte {
	digits := p.Reveal()
	if len(digits)%2 == 1 {
		digits += "F"
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil
	}
	return b
}

// N12 gives an amount as tags 9F02 and 9F03 carry it: twelve digits in six bytes.
func N12(a pay.Amount) ([]byte, error) {
	digits, err := a.Digits()
	if err != nil {
		return nil, fmt.Errorf("emv: %w", err)
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("emv: amount: %w", err)
	}
	return b, nil
}

// N writes n as digits in that many bytes, cut at the left.
func N(n uint64, bytes int) []byte {
	b := make([]byte, bytes)
	for i := bytes - 1; i >= 0; i-- {
		b[i] = byte(n%10 | n/10%10<<4)
		n /= 100
	}
	return b
}

// Number reads digits, two a byte; false when there are others.
func Number(b []byte) (n uint64, ok bool) {
	if len(b) > 9 || !numeric(b) {
		return 0, false
	}
	for _, x := range b {
		n = n*100 + uint64(x>>4)*10 + uint64(x&0x0F)
	}
	return n, true
}
