package qr

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Scheme is whose payer code it is.
type Scheme string

// The schemes of DOMAIN.md E.3.
const (
	WeChat     Scheme = "wechat"
	Alipay     Scheme = "alipay"
	UnionPay   Scheme = "unionpay"
	DigitalRMB Scheme = "ecny"
)

// payerRange is the digits by which a till tells a scheme's codes: the first two from first to last.
type payerRange struct {
	scheme      Scheme
	min, max    int
	first, last string
}

// payerRanges are those of DOMAIN.md E.3.
func payerRanges() []payerRange {
	return []payerRange{
		{WeChat, 18, 18, "10", "15"},
		{Alipay, 16, 24, "25", "30"},
		{UnionPay, 19, 19, "62", "62"},
		{DigitalRMB, 19, 19, "01", "01"},
	}
}

// PayerCode is the number in the code that a payer's phone shows, good for one payment within about a minute. Whoever has it can
// pay with it meanwhile, so it prints masked.
type PayerCode struct {
	Scheme Scheme
	digits pay.Secret
}

// ParsePayerCode tells whose code a till has scanned; false when it is nobody's that is known here.
func ParsePayerCode(scanned string) (PayerCode, bool) {
	if scanned == "" || strings.Trim(scanned, "0123456789") != "" {
		return PayerCode{}, false
	}
	for _, r := range payerRanges() {
		if n := len(scanned); n >= r.min && n <= r.max && scanned[:2] >= r.first && scanned[:2] <= r.last {
			return PayerCode{Scheme: r.scheme, digits: pay.NewSecret(scanned)}, true
		}
	}
	return PayerCode{}, false
}

// IsZero tells that there is no code.
func (p PayerCode) IsZero() bool { return p.digits.IsZero() }

// String gives the code masked as a card number is: its first six and last four digits.
func (p PayerCode) String() string { return pay.MaskPAN(p.digits.Reveal()) }

// Reveal gives the digits, for the message that pays.
func (p PayerCode) Reveal() string { return p.digits.Reveal() }
