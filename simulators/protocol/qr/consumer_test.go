package qr

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/tlv"
)

// publishedConsumer is the example of DOMAIN.md E.2.
const publishedConsumer = "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="

func TestPublishedConsumerCode(t *testing.T) {
	c, err := ParseConsumer(publishedConsumer)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Encode(); err != nil || again != publishedConsumer {
		t.Errorf("encodes as %s, %v", again, err)
	}
	for _, want := range []struct {
		application int
		tag         tlv.Tag
		value       string
	}{{0, 0x4F, "A0000000555555"}, {1, 0x4F, "A0000000666666"}, {0, 0x50, fmt.Sprintf("%X", "Product1")}, {1, 0x50, fmt.Sprintf("%X", "Product2")},
		{1, 0x5F20, fmt.Sprintf("%X", "CARDHOLDER/EMV")}, {0, 0x9F26, "584FD385FA234BCC"}, {0, 0x9F36, "0001"}, {1, 0x9F37, "6D58EF13"}} {
		if o, ok := c.Find(want.application, want.tag); !ok || fmt.Sprintf("%X", o.Value) != want.value {
			t.Errorf("application %d, tag %s: %X", want.application, want.tag, o.Value)
		}
	}
	if got := c.PAN(1).Reveal(); got != "1234567890123458" {
		t.Errorf("PAN %s", got)
	}
	if got := fmt.Sprintf("%X", c.Chip(0).Append(nil)); got != "9F100706010A030000009F2608584FD385FA234BCC9F360200019F37046D58EF13" {
		t.Errorf("chip data %s", got)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, c); got != "consumer code, 2 applications, PAN 123456******3458" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestConsumerPAN(t *testing.T) {
	aid := tlv.Object{Tag: 0x4F, Value: []byte{0xA0, 0, 0, 3, 0x33}}
	for name, c := range map[string]struct {
		with tlv.Object
		want string
	}{
		"track 2":  {tlv.Object{Tag: 0x57, Value: []byte{0x62, 0x00, 0x12, 0x34, 0x56, 0x78, 0x90, 0x10, 0xD3, 0x01, 0x22, 0x01}}, "6200123456789010"},
		"odd":      {tlv.Object{Tag: 0x5A, Value: []byte{0x62, 0x00, 0x12, 0x34, 0x56, 0x78, 0x90, 0x1F}}, "620012345678901"},
		"no digit": {tlv.Object{Tag: 0x50, Value: []byte("Card")}, ""},
	} {
		code := Consumer{Applications: []tlv.List{{aid, c.with}}}
		if got := code.PAN(0).Reveal(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestConsumerErrors(t *testing.T) {
	of := func(hex string) string {
		var b []byte
		if _, err := fmt.Sscanf(hex, "%X", &b); err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	const format, application = "85054350563031", "61074F05A000000333"
	for name, c := range map[string]struct{ text, want string }{
		"no Base64":            {"###", "it is not Base64"},
		"nothing":              {"", `it does not begin with 85, format "CPV01"`},
		"another version":      {of("85054350563032" + application), `format "CPV01"`},
		"no application":       {of(format), "it has no application"},
		"no AID":               {of(format + "610350014F"), "application 1: an AID (4F) of 5 to 16 bytes is missing"},
		"cut":                  {of(format + "61074F05A0000003"), "qr: consumer code: tlv"},
		"application too late": {of(format + application + "6203500141" + application), "object 61 stands where it may not"},
		"common twice":         {of(format + application + "6203500141" + "6203500141"), "object 62 stands where it may not"},
		"a stranger":           {of(format + application + "500141"), "object 50 stands where it may not"},
		"too long":             {strings.Repeat("A", 516), "516 characters, at most 512"},
	} {
		if _, err := ParseConsumer(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if _, err := (Consumer{}).Encode(); err == nil {
		t.Error("a code of nothing was encoded")
	}
}

func TestPayerCodes(t *testing.T) {
	for scanned, want := range map[string]Scheme{
		"101234567890123456":        WeChat,
		"151234567890123456":        WeChat,
		"161234567890123456":        "",
		"10123456789012345":         "", // 17 digits
		"251234567890123456":        Alipay,
		"3012345678901234":          Alipay,
		"301234567890123456789012":  Alipay,
		"3012345678901234567890123": "",
		"6212345678901234567":       UnionPay,
		"621234567890123456":        "",
		"0112345678901234567":       DigitalRMB,
		"10123456789012345x":        "",
		"":                          "",
		published:                   "",
	} {
		code, ok := ParsePayerCode(scanned)
		if code.Scheme != want || ok != (want != "") {
			t.Errorf("%s is of %q, want %q", scanned, code.Scheme, want)
		}
		if ok && (code.Reveal() != scanned || strings.Contains(fmt.Sprintf("%v %+v", code, code), scanned)) {
			t.Errorf("%s: %v", scanned, code)
		}
	}
}

func FuzzParseConsumer(f *testing.F) {
	f.Add(publishedConsumer)
	f.Add("hQVDUFYwMQ==")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseConsumer(text)
		if err != nil {
			return
		}
		if again, err := c.Encode(); err != nil || again != text {
			t.Errorf("%q encodes as %q, %v", text, again, err)
		}
		for i := range c.Applications {
			_, _ = c.PAN(i), c.Chip(i)
		}
	})
}
