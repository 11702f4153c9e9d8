package iso8583

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TerminalParameters are values by their two-digit tags: those that a host sets (DOMAIN.md A.8.1, 360), or the states of a
// terminal's devices (362).
type TerminalParameters map[string]string

// The tags. From 90 on they are our own, since the specification's numbers for them are not public.
const (
	Parameter01Keyboard     = "01" // 0 works, 1 does not, as those up to 05
	Parameter02PINPad       = "02"
	Parameter03Reader       = "03"
	Parameter04Printer      = "04"
	Parameter05Display      = "05"
	Parameter11Application  = "11"
	Parameter12Timeout      = "12" // seconds
	Parameter13Retries      = "13"
	Parameter14Phone        = "14"
	Parameter15Phone        = "15"
	Parameter16Phone        = "16"
	Parameter17Management   = "17"
	Parameter18Tip          = "18" // 1 allows tips
	Parameter19TipPercent   = "19"
	Parameter20ManualKey    = "20" // 1 allows card numbers by hand
	Parameter90MerchantName = "90"
	Parameter91Version      = "91" // of the software: header nibbles 3, 4 and 7 to 12
)

// parameterSizes are the sizes of the values, in characters; text ends in spaces.
var parameterSizes = map[string]int{Parameter01Keyboard: 1, Parameter02PINPad: 1, Parameter03Reader: 1, Parameter04Printer: 1,
	Parameter05Display: 1, Parameter11Application: 2, Parameter12Timeout: 2, Parameter13Retries: 1, Parameter14Phone: 14, Parameter15Phone: 14,
	Parameter16Phone: 14, Parameter17Management: 14, Parameter18Tip: 1, Parameter19TipPercent: 2, Parameter20ManualKey: 1,
	Parameter90MerchantName: 40, Parameter91Version: 8}

// textual parameters may hold more than digits.
var textual = []string{Parameter14Phone, Parameter15Phone, Parameter16Phone, Parameter17Management, Parameter90MerchantName}

// Text gives the parameters in the order of their tags.
func (p TerminalParameters) Text() (string, error) {
	var b strings.Builder
	for _, tag := range slices.Sorted(maps.Keys(p)) {
		size, known := parameterSizes[tag]
		value := p[tag]
		if slices.Contains(textual, tag) && len(value) < size {
			value += strings.Repeat(" ", size-len(value))
		}
		if !known || len(value) != size {
			return "", faultf("parameter %q: %d characters, want %d of a known tag", tag, len(value), size)
		}
		b.WriteString(tag + value)
	}
	return b.String(), nil
}

// ParseTerminalParameters reads them. An unknown tag is an error, since nobody can tell where its value ends.
func ParseTerminalParameters(text string) (TerminalParameters, error) {
	if text == "" {
		return nil, faultf("parameters: there are none")
	}
	p := TerminalParameters{}
	for at := 0; at < len(text); {
		tag := text[at:min(at+2, len(text))]
		size, known := parameterSizes[tag]
		_, twice := p[tag]
		switch {
		case !known:
			return nil, faultf("parameters: offset %d: there is no such tag", at)
		case twice:
			return nil, faultf("parameters: offset %d: tag %s stands twice", at, tag)
		case len(text)-at-2 < size:
			return nil, faultf("parameters: offset %d: tag %s: want %d characters, %d are left", at+2, tag, size, len(text)-at-2)
		}
		value := text[at+2 : at+2+size]
		if !slices.Contains(textual, tag) {
			if err := digitsOnly(value, size); err != nil {
				return nil, fmt.Errorf("parameters: tag %s: %w", tag, err)
			}
		}
		p[tag] = strings.TrimRight(value, " ")
		at += 2 + size
	}
	return p, nil
}
