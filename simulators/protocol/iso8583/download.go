package iso8583

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// Item is one thing of a list that a host offers: a chip application, or a public key of a certification authority.
type Item struct {
	Name    string // the bytes that ask for it: 9F06 with its value, and 9F22 of a key
	Expires string // of a key, YYYYMMDD
}

// ListPart is what a host answers to the query of a list (DOMAIN.md A.8.1).
type ListPart struct {
	More  bool // another part follows
	Count int  // items so far, with these
	Items []Item
}

// MaxListItems is how many items one part may have.
const MaxListItems = 10

// Tags of what is downloaded (DOMAIN.md A.8.1).
const (
	Tag9F06AID                   tlv.Tag = 0x9F06 // or the RID of a key
	Tag9F22KeyIndex              tlv.Tag = 0x9F22
	TagDF02Modulus               tlv.Tag = 0xDF02
	TagDF03CheckValue            tlv.Tag = 0xDF03
	TagDF04Exponent              tlv.Tag = 0xDF04
	TagDF05Expiry                tlv.Tag = 0xDF05
	TagDF06HashAlgorithm         tlv.Tag = 0xDF06
	TagDF07KeyAlgorithm          tlv.Tag = 0xDF07
	TagDF31ScriptResults         tlv.Tag = 0xDF31
	TagFF8058NoPINLimit          tlv.Tag = 0xFF8058
	ridSize                              = 5
	listHead                             = 3 // a digit for none, last or more; two for the count
	downloadFound                        = "1"
	downloadUnknown                      = "0"
	listNone, listLast, listMore         = '0', '1', '2'
)

// ListQuery asks for the part of a list behind the first have items.
func ListQuery(have int) (string, error) {
	if have < 0 || have > 99 {
		return "", faultf("list query: %d items received: want 0 to 99", have)
	}
	return fmt.Sprintf("1%02d", have), nil
}

// ParseListQuery reads how many items the asker has.
func ParseListQuery(v string) (have int, err error) {
	if err := digitsOnly(v, listHead); err != nil {
		return 0, fmt.Errorf("list query: %w", err)
	}
	if v[0] != '1' {
		return 0, faultf("list query: it begins with %q, want 1", v[:1])
	}
	return strconv.Atoi(v[1:])
}

// Text gives the part as a message carries it.
func (p ListPart) Text() (string, error) {
	if len(p.Items) > MaxListItems || p.Count < len(p.Items) || p.Count > 99 {
		return "", faultf("list: %d items of %d: want at most %d of 99", len(p.Items), p.Count, MaxListItems)
	}
	kind := byte(listLast)
	switch {
	case len(p.Items) == 0:
		kind = listNone
	case p.More:
		kind = listMore
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%c%02d", kind, p.Count)
	for _, item := range p.Items {
		b.WriteString(item.Name)
		if item.Expires != "" {
			b.Write(tlv.Append(nil, TagDF05Expiry, []byte(item.Expires)))
		}
	}
	return b.String(), nil
}

// ParseListPart reads an answer to a query.
func ParseListPart(v string) (ListPart, error) {
	if len(v) < listHead {
		return ListPart{}, faultf("list: %d bytes, want at least %d", len(v), listHead)
	}
	if err := digitsOnly(v[:listHead], listHead); err != nil {
		return ListPart{}, fmt.Errorf("list: head: %w", err)
	}
	p := ListPart{More: v[0] == listMore}
	p.Count, _ = strconv.Atoi(v[1:listHead]) // two digits
	objects, err := flatTLV([]byte(v[listHead:]))
	if err != nil {
		return ListPart{}, fmt.Errorf("list: %w", err)
	}
	for i, o := range objects {
		last := len(p.Items) - 1
		switch {
		case o.Tag == Tag9F06AID && len(o.Value) >= ridSize && len(o.Value) <= 16:
			p.Items = append(p.Items, Item{Name: string(tlv.Append(nil, o.Tag, o.Value))})
		case o.Tag == Tag9F22KeyIndex && len(o.Value) == 1 && i > 0 && objects[i-1].Tag == Tag9F06AID:
			p.Items[last].Name += string(tlv.Append(nil, o.Tag, o.Value))
		case o.Tag == TagDF05Expiry && i > 0 && p.Items[last].Expires == "":
			if p.Items[last].Expires, err = expiry(o.Value); err != nil {
				return ListPart{}, fmt.Errorf("list: item %d: %w", last+1, err)
			}
		default:
			return ListPart{}, faultf("list: item %d: tag %s with %d bytes is out of place", last+1, o.Tag, len(o.Value))
		}
	}
	none := v[0] == listNone
	if v[0] > listMore || len(p.Items) > MaxListItems || p.Count < len(p.Items) || none != (len(p.Items) == 0) {
		return ListPart{}, faultf("list: it begins with %q and has %d items", v[:listHead], len(p.Items))
	}
	return p, nil
}

// Downloaded gives the answer to the download of one item; nil for one that there is not.
func Downloaded(set []byte) string {
	if set == nil {
		return downloadUnknown
	}
	return downloadFound + string(set)
}

// ParseDownloaded reads it.
func ParseDownloaded(v string) (set []byte, found bool, err error) {
	switch {
	case v == downloadUnknown:
		return nil, false, nil
	case strings.HasPrefix(v, downloadFound) && len(v) > 1:
		return []byte(v[1:]), true, nil
	}
	return nil, false, faultf("download: %d bytes: want 0, or 1 and what is downloaded", len(v))
}

// expiry reads a date: eight digits of text, or packed in four bytes, as some hosts send it.
func expiry(v []byte) (string, error) {
	digits := string(v)
	if len(v) == 4 {
		digits = fmt.Sprintf("%X", v)
	}
	if err := digitsOnly(digits, 8); err != nil {
		return "", fmt.Errorf("expiry (DF05): %w", err)
	}
	return digits, nil
}

// flatTLV reads objects one behind the other. Unlike tlv.Parse it looks into none of them: the private tags of downloads and
// slips (FF00, FF805D) are templates by their bits and hold plain values. Every tag stands once, but in a list.
func flatTLV(b []byte) (tlv.List, error) {
	var all tlv.List
	for at := 0; at < len(b); {
		start := at
		tag := tlv.Tag(b[at])
		at++
		for more := b[start]&0x1F == 0x1F; more; at++ {
			if at == len(b) || at-start == 4 {
				return nil, faultf("offset %d: the tag is not complete", start)
			}
			tag, more = tag<<8|tlv.Tag(b[at]), b[at]&0x80 != 0
		}
		size, n := flatLength(b[at:])
		switch {
		case b[start] == 0:
			return nil, faultf("offset %d: a tag cannot begin with 00", start)
		case n == 0:
			return nil, faultf("offset %d: tag %s: its length is not one of 0 to 255", at, tag)
		case size > len(b)-at-n:
			return nil, faultf("offset %d: tag %s: want %d bytes, %d are left", at+n, tag, size, len(b)-at-n)
		}
		at += n
		all = append(all, tlv.Object{Tag: tag, Value: b[at : at+size : at+size]})
		at += size
	}
	return all, nil
}

// flatLength reads a length of one byte, or of 81 and one byte, and gives how many bytes it took; 0 for none.
func flatLength(b []byte) (size, n int) {
	switch {
	case len(b) > 0 && b[0] < 0x80:
		return int(b[0]), 1
	case len(b) > 1 && b[0] == 0x81 && b[1] >= 0x80:
		return int(b[1]), 2
	}
	return 0, 0
}

// byTag gives the values of a set in which every tag stands once.
func byTag(b []byte) (map[tlv.Tag][]byte, error) {
	objects, err := flatTLV(b)
	if err != nil {
		return nil, err
	}
	values := map[tlv.Tag][]byte{}
	for _, o := range objects {
		if _, twice := values[o.Tag]; twice {
			return nil, faultf("tag %s stands twice", o.Tag)
		}
		values[o.Tag] = o.Value
	}
	return values, nil
}
