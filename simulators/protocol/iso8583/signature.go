package iso8583

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// SignatureSlip is what goes with the picture of a signature in F55 (DOMAIN.md A.16 [S]). It never holds a card number.
type SignatureSlip struct {
	Merchant      string // FF00
	Type          string // FF01
	Operator      string // FF02
	Time          string // FF06, YYYYMMDDhhmmss
	AuthCode      string // FF07
	Currency      string // FF0A, three digits
	OriginalTrace string // FF60
	OriginalBatch string // FF61
}

// fields pairs the tags with the slip's values.
func (s *SignatureSlip) fields() []struct {
	tag   tlv.Tag
	value *string
} {
	return []struct {
		tag   tlv.Tag
		value *string
	}{{0xFF00, &s.Merchant}, {0xFF01, &s.Type}, {0xFF02, &s.Operator}, {0xFF06, &s.Time}, {0xFF07, &s.AuthCode}, {0xFF0A, &s.Currency},
		{0xFF60, &s.OriginalTrace}, {0xFF61, &s.OriginalBatch}}
}

// TLV gives the slip as a message carries it; what is empty is left out.
func (s SignatureSlip) TLV() []byte {
	var b []byte
	for _, f := range s.fields() {
		if *f.value != "" {
			b = tlv.Append(b, f.tag, []byte(*f.value))
		}
	}
	return b
}

// ParseSignatureSlip reads it. Tags that nobody here knows are passed over.
func ParseSignatureSlip(b []byte) (SignatureSlip, error) {
	var s SignatureSlip
	values, err := byTag(b)
	if err != nil {
		return s, fmt.Errorf("signature slip: %w", err)
	}
	for _, f := range s.fields() {
		*f.value = string(values[f.tag])
	}
	return s, nil
}

// ParseScriptResults gives the results of the issuer's commands (DF31) in F55 of a notice (DOMAIN.md A.11).
func ParseScriptResults(chip []byte) ([]byte, error) {
	values, err := byTag(chip)
	if err != nil {
		return nil, fmt.Errorf("script results: %w", err)
	}
	results := values[TagDF31ScriptResults]
	if len(results) == 0 {
		return nil, faultf("script results: tag %s is missing", TagDF31ScriptResults)
	}
	return results, nil
}
