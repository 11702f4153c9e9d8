package wire

import (
	"encoding/hex"
	"fmt"
)

// TPDU is the transport header before a message: an id (60), a destination and a source of two bytes each (DOMAIN.md A.1).
type TPDU [5]byte

// ParseTPDU reads ten digits, such as 6000030000.
func ParseTPDU(digits string) (t TPDU, err error) {
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(t) {
		return t, fmt.Errorf("TPDU %q: want ten digits, such as 6000030000", digits)
	}
	return TPDU(b), nil
}

// Swapped gives the TPDU of the way back: destination and source change places.
func (t TPDU) Swapped() TPDU { return TPDU{t[0], t[3], t[4], t[1], t[2]} }

// String gives the ten digits.
func (t TPDU) String() string { return hex.EncodeToString(t[:]) }
