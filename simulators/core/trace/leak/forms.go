package leak

import (
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	stdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

func (s Secret) needles() []*needle {
	w := &writer{secret: s.name}
	digits := strings.NewReplacer("=", "D", "d", "D").Replace(s.text)
	switch {
	case s.binary != nil:
		w.put("raw bytes", string(s.binary))
		w.quoted(string(s.binary))
		w.bytes("bytes", s.binary)
	case isPacked(digits):
		for _, separator := range []string{"D", "d", "=", `\u003d`, `\u003D`, "%3D", "%3d", "&#61;"} {
			w.text(strings.Replace(digits, "D", separator, 1), len(digits) < 10)
		}
		if len(digits) >= 10 {
			w.bcd(digits)
		}
	default:
		w.text(s.text, false)
	}
	return w.needles
}

// isPacked tells digits with at most one separator: what can be packed two a byte.
func isPacked(digits string) bool {
	return strings.Trim(strings.Replace(digits, "D", "", 1), "0123456789") == ""
}

// writer gathers the forms of one secret.
type writer struct {
	secret  string
	needles []*needle
}

func (w *writer) put(form, pattern string) {
	w.needles = append(w.needles, &needle{secret: w.secret, form: form, pattern: []byte(pattern), before: -1, after: -1})
}

// text puts characters as they are, with escapes where they differ, and as bytes.
func (w *writer) text(text string, alone bool) {
	w.needles = append(w.needles, &needle{secret: w.secret, form: "text", pattern: []byte(text), before: -1, after: -1, alone: alone})
	escape := func(form, escaped string) {
		if escaped != text {
			w.put(form, escaped)
		}
	}
	if js, err := json.Marshal(text); err == nil { // of a string, it never fails
		escape("JSON", string(js[1:len(js)-1]))
	}
	var x, lower, upper strings.Builder
	if err := xml.EscapeText(&x, []byte(text)); err == nil { // into a Builder, it never fails
		escape("XML", x.String())
	}
	for _, c := range text {
		fmt.Fprintf(&lower, `\u%04x`, c)
		fmt.Fprintf(&upper, `\u%04X`, c)
	}
	escape("JSON escapes", lower.String())
	escape("JSON escapes", upper.String())
	escape("URL escapes", url.QueryEscape(text))
	if strconv.Quote(text) != `"`+text+`"` {
		w.quoted(text)
	}
	w.bytes("text", []byte(text))
}

func (w *writer) quoted(text string) {
	q := strconv.Quote(text)
	w.put("a quoted string", q[1:len(q)-1])
}

// bytes puts bytes written with characters.
func (w *writer) bytes(of string, b []byte) {
	w.hex("hex of "+of, hex.EncodeToString(b))
	w.list("list of "+of, b)
	w.base64("base64 of "+of, hex.EncodeToString(b))
}

func (w *writer) hex(form, digits string) {
	w.put(form, strings.ToLower(digits))
	w.put(form, strings.ToUpper(digits))
}

// list puts bytes one by one: hex with spaces or colons, decimals, Go's %#v.
func (w *writer) list(form string, b []byte) {
	decimals := fmt.Sprint(b)
	for _, spaced := range []string{fmt.Sprintf("% x", b), fmt.Sprintf("% X", b), decimals[1 : len(decimals)-1]} {
		for _, between := range []string{" ", ":", ",", ", "} {
			w.put(form, strings.ReplaceAll(spaced, " ", between))
		}
	}
	source := fmt.Sprintf("%#v", b)
	w.put(form, source[len("[]byte{"):len(source)-1])
}

// bcd puts digits packed two a byte: from the high nibble of a byte and from the low one.
func (w *writer) bcd(digits string) {
	w.packed("BCD", digits, -1)
	w.packed("BCD from the low nibble", digits[1:], nibble(digits[0]))
	w.hex("hex of BCD", digits)
	w.base64("base64 of BCD", digits)
}

func (w *writer) packed(form, digits string, before int) {
	after := -1
	if n := len(digits); n%2 == 1 {
		after, digits = nibble(digits[n-1]), digits[:n-1]
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return // isPacked saw to it
	}
	w.needles = append(w.needles, &needle{secret: w.secret, form: form, pattern: b, before: before, after: after})
	w.list("list of "+form, b)
}

// base64 puts what is certain of the characters when the nibbles stand anywhere in a longer input. A character holds six
// bits and a nibble four, so that they begin at bit 0, 2 or 4 of a character, and the characters at both ends that hold
// other bits too are left out.
func (w *writer) base64(form, nibbles string) {
	for _, skip := range []int{0, 4, 2} {
		for _, alphabet := range []string{stdAlphabet, urlAlphabet} {
			var text []byte
			for from := skip; from+6 <= 4*len(nibbles); from += 6 {
				six := 0
				for bit := from; bit < from+6; bit++ {
					six = six<<1 | nibble(nibbles[bit/4])>>(3-bit%4)&1
				}
				text = append(text, alphabet[six])
			}
			w.put(form, string(text))
		}
	}
}

func nibble(c byte) int {
	if c >= '0' && c <= '9' {
		return int(c - '0')
	}
	return int(c|0x20-'a') + 10
}
