package iso8583_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// aidH1 is F62 of the answer to an AID download that a foreign host sent (DOMAIN.md H.1).
const aidH1 = "319f0607a0000000031010df0101009f08020140df1105d84000a800df1205d84004f800df130500100000009f1b0400000000" +
	"df150400000000df160199df170199df14039f3704df1801019f7b06000000010000df1906000000000001df2006000000010000df2106000000010000"

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestForeignAID(t *testing.T) {
	set, found, err := iso8583.ParseDownloaded(string(bytesOf(t, aidH1)))
	if err != nil || !found {
		t.Fatalf("found %t, %v", found, err)
	}
	got, err := iso8583.ParseAID(set)
	if err != nil {
		t.Fatal(err)
	}
	want := map[tlv.Tag]string{0x9F06: "A0000000031010", 0xDF01: "00", 0x9F08: "0140", 0xDF11: "D84000A800", 0xDF12: "D84004F800",
		0xDF13: "0010000000", 0x9F1B: "00000000", 0xDF15: "00000000", 0xDF16: "99", 0xDF17: "99", 0xDF14: "9F3704", 0xDF18: "01",
		0x9F7B: "000000010000", 0xDF19: "000000000001", 0xDF20: "000000010000", 0xDF21: "000000010000"}
	values := map[tlv.Tag]string{}
	for tag, v := range got.Values {
		values[tag] = fmt.Sprintf("%X", v)
	}
	if !maps.Equal(want, values) || fmt.Sprintf("%X", got.AID) != "A0000000031010" {
		t.Errorf("%X with %v", got.AID, values)
	}
}

func TestLists(t *testing.T) {
	key := iso8583.Item{Name: "\x9F\x06\x05\xA0\x00\x00\x03\x33\x9F\x22\x01\xF1", Expires: "20351231"}
	for name, p := range map[string]iso8583.ListPart{
		"none":       {},
		"keys":       {Count: 1, Items: []iso8583.Item{key}},
		"first part": {More: true, Count: 1, Items: []iso8583.Item{{Name: "\x9F\x06\x05\xA0\x00\x00\x03\x33"}}},
		"later part": {Count: 12, Items: []iso8583.Item{{Name: "\x9F\x06\x05\xA0\x00\x00\x03\x33"}, key}},
	} {
		text, err := p.Text()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back, err := iso8583.ParseListPart(text)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(p) {
			t.Errorf("%s: %q came back as %v, %v", name, text, back, err)
		}
	}
	if text, _ := (iso8583.ListPart{More: true, Count: 10, Items: []iso8583.Item{key}}).Text(); text[:3] != "210" {
		t.Errorf("the head is %q", text)
	}
	for name, text := range map[string]string{
		"nothing": "", "no digits": "2x0", "more than it says": "101" + key.Name + key.Name, "none with an item": "000" + key.Name,
		"an index of nothing": "101\x9F\x22\x01\xF1", "an expiry of nothing": "101\xDF\x05\x0820351231", "half a tag": "101\x9F",
		"a value cut off": "101\x9F\x06\x07\xA0", "an unknown kind": "901" + key.Name, "another tag": "101" + key.Name + "\x5A\x01\x00",
	} {
		if p, err := iso8583.ParseListPart(text); err == nil {
			t.Errorf("%s: read as %v", name, p)
		}
	}
}

// A key is read, made again and checked; every way to spoil it is noticed, and the error names the place.
func TestCAKey(t *testing.T) {
	k := iso8583.CAPublicKey{RID: bytesOf(t, "A000000333"), Index: 0xF1, Expires: "20351231", Hash: 1, Algorithm: 1,
		Modulus: bytes.Repeat([]byte{0xC7}, 128), Exponent: []byte{3}}
	k.Check = k.CheckValue()
	good := k.TLV()
	if got, err := iso8583.ParseCAPK(good); err != nil || !got.Genuine() || fmt.Sprint(got) != fmt.Sprint(k) {
		t.Fatalf("%v, %v", got, err)
	}
	day := time.Date(2035, 12, 31, 23, 0, 0, 0, time.UTC)
	if k.Expired(day) || !k.Expired(day.AddDate(0, 0, 1)) {
		t.Error("the last day is not the last")
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		got, err := iso8583.ParseCAPK(bad)
		got.Expires = k.Expires // which the check value does not cover
		if err == nil && got.Genuine() && fmt.Sprint(got) != fmt.Sprint(k) {
			t.Errorf("byte %d may be changed", i)
		}
	}
	for name, c := range map[string]struct{ set, want string }{
		"no index":   {"9F0605A000000333", "tag 9F22"},
		"twice":      {hex.EncodeToString(good) + "9F220101", "tag 9F22 stands twice"},
		"no check":   {hex.EncodeToString(good[:len(good)-23]), "tag DF03"},
		"not whole":  {hex.EncodeToString(good[:len(good)-1]), "tag DF03: want 20 bytes"},
		"short RID":  {"9F0604A0000003", "tag 9F06: want 5 to 5 bytes, got 4"},
		"odd length": {"9F068005", "its length"},
	} {
		if _, err := iso8583.ParseCAPK(bytesOf(t, c.set)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something of %q", name, err, c.want)
		}
	}
}

func TestTerminalParameters(t *testing.T) {
	p := iso8583.TerminalParameters{"12": "60", "13": "3", "18": "1", "19": "15", "20": "0", "90": "Noodle House", "91": "31310000"}
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := iso8583.ParseTerminalParameters(text); err != nil || !maps.Equal(back, p) {
		t.Errorf("%q came back as %v, %v", text, back, err)
	}
	for name, text := range map[string]string{"nothing": "", "half a tag": "1", "an unknown tag": "9912", "cut off": "126", "twice": "12601260", "letters": "12xx"} {
		if p, err := iso8583.ParseTerminalParameters(text); err == nil {
			t.Errorf("%s: read as %v", name, p)
		}
	}
	for _, p := range []iso8583.TerminalParameters{{"77": "1"}, {"12": "600"}} {
		if text, err := p.Text(); err == nil {
			t.Errorf("%v is written as %q", p, text)
		}
	}
}

// FuzzDownloads: no bytes make a parser panic, and what one reads it writes back to the same.
func FuzzDownloads(f *testing.F) {
	f.Add([]byte("101\x9F\x06\x05\xA0\x00\x00\x03\x33\x9F\x22\x01\xF1\xDF\x05\x0820351231"))
	f.Add(bytesOf(f, aidH1))
	f.Add([]byte("1260133"))
	f.Add([]byte("\xFF\x80\x58\x06\x00\x00\x00\x10\x00\x00"))
	f.Add([]byte("\xFF\x00\x03abc\xFF\x06\x0e20260601093000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := iso8583.ParseListPart(string(b)); err == nil {
			text, err := p.Text()
			back, again := iso8583.ParseListPart(text)
			if err != nil || again != nil || fmt.Sprint(back) != fmt.Sprint(p) {
				t.Fatalf("%q: %v became %q (%v) and %v (%v)", b, p, text, err, back, again)
			}
		}
		if p, err := iso8583.ParseTerminalParameters(string(b)); err == nil {
			text, err := p.Text()
			back, again := iso8583.ParseTerminalParameters(text)
			if err != nil || again != nil || !maps.Equal(back, p) {
				t.Fatalf("%q became %q: %v, %v", b, text, err, again)
			}
		}
		if k, err := iso8583.ParseCAPK(b); err == nil {
			back, err := iso8583.ParseCAPK(k.TLV())
			if err != nil || fmt.Sprint(back) != fmt.Sprint(k) {
				t.Fatalf("%X became %X: %v", b, k.TLV(), err)
			}
		}
		if s, err := iso8583.ParseSignatureSlip(b); err == nil {
			if back, err := iso8583.ParseSignatureSlip(s.TLV()); err != nil || back != s {
				t.Fatalf("%+v became %+v: %v", s, back, err)
			}
		}
		_, _ = iso8583.ParseScriptResults(b)
		_, _ = iso8583.ParseAID(b)
		_, _ = iso8583.ParseContactless(b)
		_, _, _ = iso8583.ParseDownloaded(string(b))
		if n, err := iso8583.ParseListQuery(string(b)); err == nil {
			if text, err := iso8583.ListQuery(n); err != nil || text != string(b) {
				t.Fatalf("%q is %d and %q", b, n, text)
			}
		}
	})
}
