package emv

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// longestShown is how many bytes of a value stand in a log. Certificates are longer, and a card's number can be recovered
// from them.
const longestShown = 32

// Text is a command as one line of a log: its name and its data, without a PIN.
func (c Command) Text() string {
	switch {
	case len(c.Data) == 0:
		return c.Name()
	case c.INS == INSA4Select && printable(c.Data):
		return c.Name() + " " + string(c.Data)
	case c.INS == INS20Verify || c.INS == INS24PINChange || c.INS == INSDCUpdateRecord || len(c.Data) > 2*longestShown:
		return fmt.Sprintf("%s (%d bytes)", c.Name(), len(c.Data))
	}
	return fmt.Sprintf("%s %X", c.Name(), c.Data)
}

// Lines is a response as lines of a log: what its status says, then each object by name. Card numbers, tracks and names do
// not show, nor does what cannot be read.
func (r Response) Lines() []string {
	lines := []string{fmt.Sprintf("%s %s", r.SW, r.SW.Words())}
	if len(r.Data) == 0 {
		return lines
	}
	l, err := tlv.Parse(r.Data, tlv.Tolerant)
	if err != nil || len(l) != 1 || l[0].Tag != Tag80ResponseFormat1 && !l[0].Tag.Constructed() && NameOf(l[0].Tag) == "unknown tag" {
		return append(lines, fmt.Sprintf("(%d bytes)", len(r.Data)))
	}
	for o := range l.All() {
		if !o.Tag.Constructed() {
			lines = append(lines, fmt.Sprintf("%s %s: %s", o.Tag, NameOf(o.Tag), shown(o)))
		}
	}
	return lines
}

func shown(o tlv.Object) string {
	info, known := InfoOf(o.Tag)
	switch {
	case !known || info.Secret || len(o.Value) > longestShown:
		return fmt.Sprintf("(%d bytes)", len(o.Value))
	case o.Tag == Tag82AIP:
		return ParseAIP(o.Value).String()
	case o.Tag == Tag9F27CID && len(o.Value) == 1:
		return fmt.Sprintf("%X %s", o.Value, CID(o.Value[0]))
	case o.Tag == Tag9F6CCTQ:
		return ParseCTQ(o.Value).String()
	case (info.Format == FormatAN || info.Format == FormatANS || o.Tag == Tag84DFName) && printable(o.Value):
		return string(o.Value)
	}
	return fmt.Sprintf("%X", o.Value)
}

func printable(b []byte) bool {
	return len(b) > 0 && strings.IndexFunc(string(b), func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
