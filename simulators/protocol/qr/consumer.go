package qr

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// The objects of a consumer code (Consumer-Presented Mode, tables 4.1 to 4.5).
const (
	tagFormat      tlv.Tag = 0x85
	tagApplication tlv.Tag = 0x61
	tagCommon      tlv.Tag = 0x62
	tagTransparent tlv.Tag = 0x63 // in an application: its chip's data
	tagShared      tlv.Tag = 0x64 // in the common data: what chip data all applications share
	tagAID         tlv.Tag = 0x4F
	tagTrack2      tlv.Tag = 0x57
	tagPAN         tlv.Tag = 0x5A
)

const (
	formatCPV01 = "CPV01"
	maxConsumer = 512 // characters of Base64 (Consumer-Presented Mode, 3.2)
)

// Consumer is the code that a payer shows: Base64 of BER-TLV with a cryptogram. It prints without its card number; Encode gives what
// the phone shows.
type Consumer struct {
	Applications []tlv.List // at least one; each has its AID (4F)
	Common       tlv.List   // what all applications share; nil for none
}

// ParseConsumer reads a code.
func ParseConsumer(text string) (Consumer, error) {
	var c Consumer
	if len(text) > maxConsumer {
		return c, fmt.Errorf("qr: consumer code: %d characters, at most %d are allowed", len(text), maxConsumer)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return c, fmt.Errorf("qr: consumer code: it is not Base64: %w", err)
	}
	list, err := tlv.Parse(b, tlv.Strict)
	if err != nil {
		return c, fmt.Errorf("qr: consumer code: %w", err)
	}
	if len(list) == 0 || list[0].Tag != tagFormat || string(list[0].Value) != formatCPV01 {
		return c, fmt.Errorf("qr: consumer code: it does not begin with 85, format %q", formatCPV01)
	}
	for _, o := range list[1:] {
		switch {
		case o.Tag == tagApplication && c.Common == nil:
			c.Applications = append(c.Applications, o.Objects)
		case o.Tag == tagCommon && c.Common == nil && len(o.Objects) > 0:
			c.Common = o.Objects
		default:
			return Consumer{}, fmt.Errorf("qr: consumer code: object %s stands where it may not", o.Tag)
		}
	}
	return c, c.check()
}

func (c Consumer) check() error {
	if len(c.Applications) == 0 {
		return fmt.Errorf("qr: consumer code: it has no application (61)")
	}
	for i, a := range c.Applications {
		if o, ok := a.Find(tagAID); !ok || len(o.Value) < 5 || len(o.Value) > 16 {
			return fmt.Errorf("qr: consumer code: application %d: an AID (4F) of 5 to 16 bytes is missing", i+1)
		}
	}
	return nil
}

// Encode gives the code's text.
func (c Consumer) Encode() (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	list := tlv.List{{Tag: tagFormat, Value: []byte(formatCPV01)}}
	for _, a := range c.Applications {
		list = append(list, tlv.Object{Tag: tagApplication, Objects: a})
	}
	if len(c.Common) > 0 {
		list = append(list, tlv.Object{Tag: tagCommon, Objects: c.Common})
	}
	text := base64.StdEncoding.EncodeToString(list.Append(nil))
	if len(text) > maxConsumer {
		return "", fmt.Errorf("qr: consumer code: %d characters, at most %d are allowed", len(text), maxConsumer)
	}
	return text, nil
}

// Find looks for an object of application i: its own, then what all share (Consumer-Presented Mode, 4.2).
func (c Consumer) Find(i int, tag tlv.Tag) (tlv.Object, bool) {
	if o, ok := c.Applications[i].Find(tag); ok {
		return o, true
	}
	return c.Common.Find(tag)
}

// Chip gives the chip data of application i, for field 55: its own (63), then what all share (64).
func (c Consumer) Chip(i int) tlv.List {
	own, _ := c.Applications[i].Find(tagTransparent)
	shared, _ := c.Common.Find(tagShared)
	return slices.Concat(own.Objects, shared.Objects)
}

// PAN is the card number, or token, of application i: tag 5A, or what stands in track 2 (57) before its separator; zero for none.
func (c Consumer) PAN(i int) pay.PAN {
	o, ok := c.Find(i, tagPAN)
	if !ok {
		if o, ok = c.Find(i, tagTrack2); !ok {
			return pay.PAN{}
		}
	}
	var number []byte
	for _, b := range o.Value {
		for _, nibble := range []byte{b >> 4, b & 0xF} {
			if nibble > 9 {
				return pay.NewPAN(string(number))
			}
			number = append(number, '0'+nibble)
		}
	}
	return pay.NewPAN(string(number))
}

// String tells what may be told.
func (c Consumer) String() string {
	if len(c.Applications) == 0 {
		return "consumer code"
	}
	return fmt.Sprintf("consumer code, %d applications, PAN %s", len(c.Applications), c.PAN(0))
}

// Format prints as String does, whatever is asked for.
func (c Consumer) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }
