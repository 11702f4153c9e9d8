package iso8583

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// tagged is where the value of a tag stands.
type tagged struct {
	tag tlv.Tag
	stretch
}

// chipSecrets finds in chip data the values of tags that show the card number, a track, the name or the PIN (EMV 4.4 Book 3,
// annex A). It tells false of data that cannot be parsed.
func chipSecrets(v []byte) (found []tagged, ok bool) {
	list, err := tlv.Parse(v, tlv.Strict)
	if err != nil {
		return nil, false
	}
	secret := []tlv.Tag{0x56, 0x57, 0x5A, 0x5F20, 0x99, 0x9F0B, 0x9F1F, 0x9F20, 0x9F6B}
	at := 0
	for o := range list.All() {
		value := o.Value
		if o.Tag.Constructed() {
			value = o.Objects.Append(nil)
		}
		at += len(tlv.Append(nil, o.Tag, value)) - len(value) // what was parsed strictly encodes to the same bytes
		if o.Tag.Constructed() {
			continue // its objects come next
		}
		if slices.Contains(secret, o.Tag) {
			found = append(found, tagged{o.Tag, stretch{at, at + len(value)}})
		}
		at += len(value)
	}
	return found, true
}

// secretTags gives what is secret of chip data. Data that cannot be parsed is secret as a whole.
func secretTags(v []byte) (found []stretch) {
	secrets, ok := chipSecrets(v)
	if !ok {
		return []stretch{{0, len(v)}}
	}
	for _, s := range secrets {
		found = append(found, s.stretch)
	}
	return found
}
