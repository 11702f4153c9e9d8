package emv

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// longestShown is how many bytes of a value stand in a log. Certificates are longer, and a card's number can be recovered
// from them.
const longestShown = 32

// Shown is a tag's value for people: text, or bytes in hex. Of a card number the middle does not show; of tracks, names, PINs, of
// what is long and of what nobody here knows only the length.
func Shown(tag tlv.Tag, value []byte) string {
	info, known := InfoOf(tag)
	switch {
	case tag == Tag5APAN && len(value) > 0:
		return pay.NewPAN(strings.TrimRight(fmt.Sprintf("%X", value), "F")).String()
	case !known || info.Secret || len(value) > longestShown:
		return fmt.Sprintf("(%d bytes)", len(value))
	case (info.Format == FormatAN || info.Format == FormatANS || tag == Tag84DFName) && printable(value):
		return string(value)
	}
	return fmt.Sprintf("%X", value)
}

// Words spells the bits or codes of a tag's value; nil for a tag that has none.
func Words(tag tlv.Tag, value []byte) []string {
	if CheckLength(tag, value) != nil {
		return nil
	}
	switch tag {
	case Tag95TVR, Tag9F0DIACDefault, Tag9F0EIACDenial, Tag9F0FIACOnline, TagDF11TACDefault, TagDF12TACOnline, TagDF13TACDenial:
		return ParseTVR(value).Words()
	case Tag9BTSI:
		return TSI(number(value)).Words()
	case Tag82AIP:
		return ParseAIP(value).Words()
	case Tag9F27CID:
		return []string{CID(value[0]).String()}
	case Tag9F34CVMResults:
		r, _ := ParseCVMResults(value) // its length is right
		return r.Words()
	case Tag8ECVMList:
		return listWords(value)
	case Tag9F66TTQ:
		return ParseTTQ(value).Words()
	case Tag9F6CCTQ:
		return ParseCTQ(value).Words()
	}
	return nil
}

// listWords names the methods of a CVM list in order.
func listWords(value []byte) (said []string) {
	l, err := ParseCVMList(value)
	if err != nil {
		return nil
	}
	for _, r := range l.Rules {
		said = append(said, r.Code.Words())
	}
	return said
}

func printable(b []byte) bool {
	return len(b) > 0 && strings.IndexFunc(string(b), func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
