package emv

import (
	"encoding/binary"
	"fmt"
)

// CVMCode is how a cardholder is to be verified: the first byte of a rule (Book 3, C3).
type CVMCode byte

// The methods, the low six bits; and the bit that sends a failure to the next rule.
const (
	CVM00Fail                      CVMCode = 0x00
	CVM01PlaintextPIN              CVMCode = 0x01
	CVM02OnlinePIN                 CVMCode = 0x02
	CVM03PlaintextPINAndSignature  CVMCode = 0x03
	CVM04EncipheredPIN             CVMCode = 0x04
	CVM05EncipheredPINAndSignature CVMCode = 0x05
	CVM1ESignature                 CVMCode = 0x1E
	CVM1FNone                      CVMCode = 0x1F
	CVM20IDDocument                CVMCode = 0x20 // PBOC
	CVM3FNotPerformed              CVMCode = 0x3F // in CVM results only (Book 4, 6.3.4.5)
	CVMx40NextIfFailed             CVMCode = 0x40
)

// Method is the code without the bit for the next rule.
func (c CVMCode) Method() CVMCode { return c & 0x3F }

// Words names the method for people.
func (c CVMCode) Words() string {
	switch c.Method() {
	case CVM00Fail:
		return "fail"
	case CVM01PlaintextPIN:
		return "plaintext PIN by the card"
	case CVM02OnlinePIN:
		return "online PIN"
	case CVM03PlaintextPINAndSignature:
		return "plaintext PIN by the card, and signature"
	case CVM04EncipheredPIN:
		return "enciphered PIN by the card"
	case CVM05EncipheredPINAndSignature:
		return "enciphered PIN by the card, and signature"
	case CVM1ESignature:
		return "signature"
	case CVM1FNone:
		return "no verification"
	case CVM20IDDocument:
		return "ID document"
	case CVM3FNotPerformed:
		return "not performed"
	}
	return "unknown method"
}

// CVMCondition is when a rule applies: its second byte (Book 3, C3).
type CVMCondition byte

// The conditions.
const (
	When00Always         CVMCondition = 0x00
	When01UnattendedCash CVMCondition = 0x01
	When02NotCash        CVMCondition = 0x02 // neither cash nor cashback
	When03Supported      CVMCondition = 0x03
	When04ManualCash     CVMCondition = 0x04
	When05Cashback       CVMCondition = 0x05
	When06UnderX         CVMCondition = 0x06
	When07OverX          CVMCondition = 0x07
	When08UnderY         CVMCondition = 0x08
	When09OverY          CVMCondition = 0x09
)

// CVMRule is one rule of the list.
type CVMRule struct {
	Code CVMCode
	When CVMCondition
}

// CVMList is tag 8E: two amounts in the application's currency, and rules in order (Book 3, 10.5).
type CVMList struct {
	X, Y  uint32
	Rules []CVMRule
}

// ParseCVMList reads tag 8E: eight bytes of amounts, then pairs.
func ParseCVMList(b []byte) (CVMList, error) {
	if len(b) < 8 || len(b)%2 != 0 {
		return CVMList{}, fmt.Errorf("emv: CVM list: want 8 bytes of amounts and pairs, got %d bytes", len(b))
	}
	l := CVMList{X: binary.BigEndian.Uint32(b), Y: binary.BigEndian.Uint32(b[4:])}
	for b = b[8:]; len(b) > 0; b = b[2:] {
		l.Rules = append(l.Rules, CVMRule{CVMCode(b[0]), CVMCondition(b[1])})
	}
	return l, nil
}

// Append writes the list behind b.
func (l CVMList) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, l.X), l.Y)
	for _, r := range l.Rules {
		b = append(b, byte(r.Code), byte(r.When))
	}
	return b
}

// CVMResult is how a method ended: the third byte of the CVM results (Book 4, A4).
type CVMResult byte

// The results.
const (
	CVMResult00Unknown    CVMResult = 0x00
	CVMResult01Failed     CVMResult = 0x01
	CVMResult02Successful CVMResult = 0x02
)

// CVMResults is tag 9F34: the last method that was tried, its condition, how it ended.
type CVMResults struct {
	Code   CVMCode
	When   CVMCondition
	Result CVMResult
}

// ParseCVMResults reads three bytes.
func ParseCVMResults(b []byte) (CVMResults, error) {
	if len(b) != 3 {
		return CVMResults{}, fmt.Errorf("emv: CVM results: want 3 bytes, got %d", len(b))
	}
	return CVMResults{CVMCode(b[0]), CVMCondition(b[1]), CVMResult(b[2])}, nil
}

// Bytes gives the three bytes.
func (r CVMResults) Bytes() []byte { return []byte{byte(r.Code), byte(r.When), byte(r.Result)} }

// Words names the method and how it ended.
func (r CVMResults) Words() []string {
	ending := "unknown"
	switch r.Result {
	case CVMResult01Failed:
		ending = "failed"
	case CVMResult02Successful:
		ending = "successful"
	}
	return []string{r.Code.Words(), ending}
}

// String gives the bytes and the words.
func (r CVMResults) String() string { return spell(r.Bytes(), r.Words()) }
