package acquirer

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// codeRead finds the payer's code in F59 (DOMAIN.md E.6). What acts on a payment may leave it out: its RRN names the payment, and
// there is no card to compare.
func codeRead(c *Call) (pay.Answer, string) {
	text := c.req.DeviceValue(iso8583.DeviceA3PayerCode)
	if text == "" && c.req.Has(iso8583.OriginalRRN) {
		return passed, ""
	}
	code, known := qr.ParsePayerCode(text)
	if !known || code.Scheme != qr.UnionPay {
		return pay.Answer31NoInstitution, "F59 holds no payer's code of UnionPay's"
	}
	c.card.code = code
	return passed, ""
}

// sameCode holds the reversal of a payment by code to the code that paid: it repeats it (DOMAIN.md E.6).
func sameCode(c *Call) (pay.Answer, string) {
	p, _ := c.Rules.Original(c)
	said := c.req.DeviceValue(iso8583.DeviceA3PayerCode)
	if !p.live() || said == "" {
		return passed, ""
	}
	kept, err := c.HSM.Open(KeyStore, p.Sealed)
	if err != nil || !p.ByCode || string(kept) != said {
		return pay.Answer14BadCard, p.Key().String() + " was not paid with this code"
	}
	return passed, ""
}

// panOf gives the card number that is kept of a payment; "" where a code paid, or where it cannot be read.
func (a *Acquirer) panOf(p Payment) string {
	pan, err := a.HSM.Open(KeyStore, p.Sealed)
	if err != nil || p.ByCode {
		return ""
	}
	return string(pan)
}
