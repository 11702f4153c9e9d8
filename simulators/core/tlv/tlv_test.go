package tlv

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// show writes a list as one line: tag=value, a template's objects in brackets.
func show(l List) string {
	var words []string
	for _, o := range l {
		if o.Tag.Constructed() {
			words = append(words, fmt.Sprintf("%s[%s]", o.Tag, show(o.Objects)))
		} else {
			words = append(words, fmt.Sprintf("%s=%X", o.Tag, o.Value))
		}
	}
	return strings.Join(words, " ")
}

// aidAnswer is F62 of the public 380 answer behind its leading "1" (DOMAIN.md H.1).
const aidAnswer = "9f0607a0000000031010df0101009f08020140df1105d84000a800df1205d84004f800df130500100000009f1b0400000000df150400000000df160199df170199" +
	"df14039f3704df1801019f7b06000000010000df1906000000000001df2006000000010000df2106000000010000"

// chipSale is F55 of the golden chip sale (DOMAIN.md H.3).
const chipSale = "9F2608C05040629FF93A869F2701809F100807010103A02000019F37041A2B3C4D9F36020001950500000480009A032606019C01009F0206000000010000" +
	"5F2A02015682027C009F1A0201569F03060000000000009F3303E0E1C89F34030203009F3501229F1E0831323334353637388408A0000003330101029F090200309F410400000016"

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"AID answer", aidAnswer, "9F06=A0000000031010 DF01=00 9F08=0140 DF11=D84000A800 DF12=D84004F800 DF13=0010000000 9F1B=00000000 DF15=00000000 " +
			"DF16=99 DF17=99 DF14=9F3704 DF18=01 9F7B=000000010000 DF19=000000000001 DF20=000000010000 DF21=000000010000"},
		{"chip sale", chipSale, "9F26=C05040629FF93A86 9F27=80 9F10=07010103A0200001 9F37=1A2B3C4D 9F36=0001 95=0000048000 9A=260601 9C=00 " +
			"9F02=000000010000 5F2A=0156 82=7C00 9F1A=0156 9F03=000000000000 9F33=E0E1C8 9F34=020300 9F35=22 9F1E=3132333435363738 " +
			"84=A000000333010102 9F09=0030 9F41=00000016"},
		{"templates", "6F 0B 84 01 AA A5 06 50 01 42 BF0C 00", "6F[84=AA A5[50=42 BF0C[]]]"},
		{"no value", "9C 00 5A 01 62", "9C= 5A=62"},
		{"three-byte tag", "DF8129 01 00", "DF8129=00"},
		{"a tag that begins with FF", "FF8105 03 5A 01 62", "FF8105[5A=62]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := unhex(t, c.in)
			l, err := Parse(in, Strict)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, show(l)); diff != "" {
				t.Error(diff)
			}
			if again := l.Append(nil); !bytes.Equal(again, in) {
				t.Errorf("encodes to %X", again)
			}
		})
	}
}

func TestModes(t *testing.T) {
	deep := ""
	for range 18 {
		deep = fmt.Sprintf("E0%02X", len(deep)/2) + deep
	}
	for _, c := range []struct{ name, in, strict, tolerant string }{ // what each mode says: a list, or an error
		{"padding", "00 9C 01 00 FF FF 5A 01 62 00", "offset 0: a tag cannot begin with 00", "9C=00 5A=62"},
		{"padding in a template", "70 05 00 9C 01 00 FF", "offset 2: a tag cannot begin with 00", "70[9C=00]"},
		{"length longer than needed", "9C 81 01 00", "offset 1: tag 9C: its length 1 takes 2 bytes, want 1", "9C=00"},
		{"much longer than needed", "9C 84 00 00 00 01 00", "offset 1: tag 9C: its length 1 takes 5 bytes, want 1", "9C=00"},
		{"leading zero in a tag", "9F 80 01 01 00", "offset 0: the tag beginning 9F80 has a leading zero (ISO/IEC 8825-1, 8.1.2.4.2)", "9F8001=00"},
		{"tag cut", "9C 01 00 9F", "offset 4: the tag beginning 9F is not complete", ""},
		{"tag too long", "9F 81 81 81 01 00", "offset 0: the tag beginning 9F818181 is longer than 4 bytes", ""},
		{"no length", "9C 01 00 5A", "offset 4: tag 5A: its length is missing", ""},
		{"length cut", "5A 82 01", "offset 1: tag 5A: its length has 2 bytes, 1 are left", ""},
		{"indefinite length", "70 80 9C 01 00 00 00", "offset 1: tag 70: its length is indefinite (80)", ""},
		{"length of five bytes", "5A 85 00 00 00 00 01 00", "offset 1: tag 5A: its length has 5 bytes, want at most 4", ""},
		{"value cut", "9C 01 00 9F26 08 C050", "offset 6: tag 9F26: want 8 bytes, 2 are left", ""},
		{"huge length", "5A 84 FF FF FF FF 00", "offset 6: tag 5A: want 4294967295 bytes, 1 are left", ""},
		{"object longer than its template", "70 03 9C 02 00 01", "offset 4: tag 9C: want 2 bytes, 1 are left", ""},
		{"too deep", deep, "offset 34: tag E0: more than 16 templates in one another", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.tolerant == "" {
				c.tolerant = c.strict
			}
			for mode, want := range []string{c.strict, c.tolerant} {
				l, err := Parse(unhex(t, c.in), Mode(mode))
				got := show(l)
				if err != nil {
					got = strings.TrimPrefix(err.Error(), "tlv: ")
					var at *Error
					if !errors.As(err, &at) || !strings.HasPrefix(got, fmt.Sprintf("offset %d:", at.Offset)) {
						t.Errorf("%v does not carry its offset", err)
					}
				}
				if got != want {
					t.Errorf("mode %d: got %q, want %q", mode, got, want)
				}
			}
		})
	}
}

func TestAppendTakesTheShortestLength(t *testing.T) {
	for _, c := range []struct {
		value int
		want  string
	}{{0, "9F1000"}, {0x7F, "9F107F"}, {0x80, "9F108180"}, {0xFF, "9F1081FF"}, {0x100, "9F10820100"}, {0x1_0000, "9F1083010000"}} {
		got := Append(nil, 0x9F10, make([]byte, c.value))
		if header := hex.EncodeToString(got[:len(got)-c.value]); !strings.EqualFold(header, c.want) {
			t.Errorf("%d bytes: got %s, want %s", c.value, header, c.want)
		}
		if l, err := Parse(got, Strict); err != nil || len(l[0].Value) != c.value {
			t.Errorf("%d bytes: parses to %d objects, %v", c.value, len(l), err)
		}
	}
}

func TestFind(t *testing.T) {
	l, err := Parse(unhex(t, "6F 0B 84 01 AA A5 06 50 01 42 84 01 BB 84 01 CC"), Strict)
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for o := range l.All() {
		tags = append(tags, o.Tag.String())
	}
	if got, want := strings.Join(tags, " "), "6F 84 A5 50 84 84"; got != want {
		t.Errorf("All gives %s, want %s", got, want)
	}
	if o, ok := l.Find(0x84); !ok || o.Value[0] != 0xAA {
		t.Errorf("Find gives %X, %t, want the first", o.Value, ok)
	}
	if o, ok := l.Find(0x50); !ok || o.Value[0] != 0x42 {
		t.Errorf("Find gives %X, %t, want the one in A5", o.Value, ok)
	}
	if _, ok := l.Find(0x9F26); ok {
		t.Error("Find finds what is not there")
	}
}

func TestWithout(t *testing.T) {
	for b, want := range map[string]string{
		"":                                  "",
		"9F4B 01 AA":                        "",
		"9F27 01 40 9F4B 81 01 AA 9F36 00":  "9F2701409F3600",
		"9F27 82 00 01 40 00 FF 9F4B 01 AA": "9F2782000140",
		"70 04 9F4B 01 AA 9F4B 00 9C 01 00": "70049F4B01AA9C0100",
		"9C 01 00 9F4B 02 AA":               "tlv: offset 6: tag 9F4B: want 2 bytes, 1 are left",
	} {
		rest, err := Without(unhex(t, b), 0x9F4B, Tolerant)
		got := strings.ToUpper(hex.EncodeToString(rest))
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", b, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{aidAnswer, chipSale, "6F0B8401AAA506500142BF0C00", "009C0100FFFF5A016200", "9C8400000001 00", "E0E0E0E0"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		strict, err := Parse(b, Strict)
		if err == nil && !bytes.Equal(strict.Append(nil), b) {
			t.Errorf("encodes to %X", strict.Append(nil))
		}
		tolerant, terr := Parse(b, Tolerant)
		if terr != nil {
			return
		}
		// What the tolerant mode made of it is itself without fault.
		again, err := Parse(tolerant.Append(nil), Tolerant)
		if err != nil || show(again) != show(tolerant) {
			t.Errorf("%s\nencodes to %s, %v", show(tolerant), show(again), err)
		}
		if len(tolerant) > 0 {
			if rest, err := Without(b, tolerant[0].Tag, Tolerant); err != nil || bytes.HasPrefix(rest, b) && len(rest) > 0 {
				t.Errorf("without %s: %X, %v", tolerant[0].Tag, rest, err)
			}
		}
	})
}
