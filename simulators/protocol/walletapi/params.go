// Package walletapi is what tills, acquirers, phones and wallet hosts say to each other: signed parameters in JSON over HTTP, in
// words of our own (fixtures/wallets/openapi.yaml), and for each wallet the codes of its own that they stand for.
package walletapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Params is what a request, an answer or a notification says: flat, and every value a text, so that what is signed is plain.
type Params map[string]string

// The names of parameters. Amounts are digits in minor units of Currency.
const (
	Merchant  = "merchant"   // its number at the wallet
	Order     = "order"      // the merchant's own number of the order, 1 to 32 characters
	Trade     = "trade"      // the wallet's number of it
	Amount    = "amount"     // of the order
	Currency  = "currency"   // CNY
	Subject   = "subject"    // what the payer reads
	PayerCode = "payer_code" // what the till scanned
	Payer     = "payer"      // who paid, masked
	Terminal  = "terminal"   // where
	Refund    = "refund"     // the merchant's own number of a refund: the same one is the same refund
	Returned  = "returned"   // the amount of a refund; in answers all that was given back of the order
	Refunded  = "refunded"   // in answers: the amount of this refund
	Standing  = "state"      // of an order: one of the OrderStates
	PaidAt    = "paid_at"    // RFC 3339
	Code      = "code"       // how it went, in the wallet's own codes
	SubCode   = "sub_code"
	Reason    = "reason" // for people
	Again     = "again"  // "yes": ask the same once more
	Action    = "action" // what a cancel did: "close" or "refund"
	QR        = "qr"     // the text of a merchant code
	Event     = "event"  // of a notification: those that repeat it have the same
	Notify    = "notify" // where the merchant wants to be told
	Password  = "password"
	Nonce     = "nonce"
	Sign      = "sign"
)

// How much is taken from foreign hands.
const (
	maxBody   = 64 << 10
	maxParams = 64
)

// Text is what is signed: every parameter that has a value, by name, without the signature: amount=1000&merchant=…
func (p Params) Text() []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name == Sign || p[name] == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, name...), '='), p[name]...)
	}
	return b
}

// Signer makes the signature of a message; an hsm.HSM does under one of its keys.
type Signer func(message []byte) ([]byte, error)

// Signed gives the parameters with their signature, Base64.
func (p Params) Signed(sign Signer) (Params, error) {
	p = maps.Clone(p)
	signature, err := sign(p.Text())
	if err != nil {
		return nil, fmt.Errorf("walletapi: %w", err)
	}
	p[Sign] = base64.StdEncoding.EncodeToString(signature)
	return p, nil
}

// Verified tells whether the signature is right; one that is missing or no Base64 is not.
func (p Params) Verified(verify func(message, signature []byte) (bool, error)) (bool, error) {
	signature, err := base64.StdEncoding.DecodeString(p[Sign])
	if err != nil || len(signature) == 0 {
		return false, nil
	}
	return verify(p.Text(), signature)
}

// Encode writes the parameters as a JSON object, by name.
func (p Params) Encode() []byte {
	b, err := json.Marshal(map[string]string(p))
	if err != nil {
		panic(fmt.Sprintf("walletapi: %v", err)) // a map of texts always marshals
	}
	return b
}

// Decode reads a JSON object of texts. Whatever else comes is an error: another shape, a name twice, a name or value that is no
// such thing.
func Decode(body []byte) (Params, error) {
	if len(body) > maxBody {
		return nil, fmt.Errorf("walletapi: %d bytes, at most %d are read", len(body), maxBody)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, fmt.Errorf("walletapi: byte %d: want a JSON object of texts", d.InputOffset())
	}
	p := Params{}
	for d.More() {
		name, _ := d.Token()
		value, err := d.Token()
		text, isText := value.(string)
		key, _ := name.(string)
		_, twice := p[key]
		switch {
		case err != nil || !isText:
			return nil, fmt.Errorf("walletapi: byte %d: want texts only", d.InputOffset())
		case twice || !named(key):
			return nil, fmt.Errorf("walletapi: byte %d: a parameter's name stands once and has 1 to 32 small letters or _", d.InputOffset())
		case strings.ContainsRune(text, utf8.RuneError) || strings.ContainsRune(text, 0):
			return nil, fmt.Errorf("walletapi: byte %d: %s is not UTF-8", d.InputOffset(), key)
		case len(p) == maxParams:
			return nil, fmt.Errorf("walletapi: byte %d: more than %d parameters", d.InputOffset(), maxParams)
		}
		p[key] = text
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("walletapi: byte %d: the object does not end", d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("walletapi: byte %d: more follows", d.InputOffset())
	}
	return p, nil
}

func named(s string) bool {
	return len(s) > 0 && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// Money reads an amount and its currency.
func (p Params) Money(name string) (pay.Amount, error) {
	c, err := pay.ParseCurrency(p[Currency])
	if err != nil {
		return pay.Amount{}, fmt.Errorf("walletapi: %s: %w", Currency, err)
	}
	if n := len(p[name]); n == 0 || n > 12 || strings.Trim(p[name], "0123456789") != "" {
		return pay.Amount{}, fmt.Errorf("walletapi: %s: want 1 to 12 digits of minor units", name)
	}
	return pay.AmountOf(strings.Repeat("0", 12-len(p[name]))+p[name], c)
}

// SetMoney writes an amount and its currency.
func (p Params) SetMoney(name string, a pay.Amount) {
	p[name], p[Currency] = fmt.Sprint(a.Minor), a.Currency.String()
}

// String tells what may be told: no payer code, password or signature.
func (p Params) String() string {
	parts := make([]string, 0, len(p))
	for _, name := range slices.Sorted(maps.Keys(p)) {
		value := p[name]
		switch name {
		case PayerCode, Password, QR:
			value = pay.NewSecret(value).String()
		case Sign:
			continue
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, " ")
}

// Format prints as String does, whatever is asked for.
func (p Params) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.String()) }
