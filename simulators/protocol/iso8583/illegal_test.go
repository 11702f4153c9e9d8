package iso8583

import (
	"bytes"
	"strings"
	"testing"
)

func TestIllegalMessages(t *testing.T) {
	d := load(t, "unionpay-pos")
	m := decoded(t, d, frameNamed(t, "sale 0200, swipe + PIN"))
	legal := bytes.Clone(m.Frame())
	for _, c := range []struct {
		name  string
		edits []Edit
		want  string // of the frame's decoding; "" when it decodes
		check func(t *testing.T, frame []byte)
	}{
		{"none", nil, "", func(t *testing.T, frame []byte) {
			if !bytes.Equal(frame, legal) {
				t.Error("the frame has changed")
			}
		}},
		{"field dropped, bit left", []Edit{DropField(11)}, "F53 at byte 87", nil},
		{"wrong length", []Edit{WrongLength(2, 18)}, "F35 at byte 47", nil},
		{"length past the end", []Edit{WrongLength(60, 17)}, "F64 at byte 119", nil},
		{"too long a value", []Edit{RawField(2, bytes.Repeat([]byte{0x62}, 12)), WrongLength(2, 24)}, "F2 at byte 21: length 24 is over", nil},
		{"wrong charset", []Edit{RawField(4, []byte("10.00\x00"))}, "F4 at byte 33: digit 6 is E", nil},
		{"letters in packed digits", []Edit{RawField(11, []byte{0xAB, 0xCD, 0xEF})}, "F11 at byte 39: digit 1 is A", nil},
		{"bit without field", []Edit{FlipBit(38)}, "F64 at byte 119: needs 8 bytes, only 6 left", nil},
		{"bit taken away", []Edit{FlipBit(64)}, "end at byte 117", nil},
		{"second bitmap announced", []Edit{FlipBit(1)}, "bitmap at byte 13", nil},
		{"MTI", []Edit{RawMTI([]byte{0x99, 0x99})}, "", func(t *testing.T, frame []byte) {
			if got := decoded(t, d, frame).MTI(); got != "9999" {
				t.Errorf("MTI %s", got)
			}
		}},
		{"MTI of the wrong size", []Edit{RawMTI([]byte("0200"))}, "F18 at byte 36: the dialect has no such field", nil},
		{"cut", []Edit{CutAfter(30)}, "F3 at byte 30", nil},
		{"extra", []Edit{Extra([]byte{1, 2})}, "end at byte 125: 2 bytes are left over", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			frame, err := d.EncodeIllegal([]byte{0xFF}, m, c.edits...)
			if err != nil || frame[0] != 0xFF {
				t.Fatalf("got % X, %v", frame, err)
			}
			err = d.Decode(d.New(), frame[1:])
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("decoding it says %v, want %q", err, c.want)
			}
			if c.check != nil {
				c.check(t, frame[1:])
			}
		})
	}
	if !bytes.Equal(m.Frame(), legal) {
		t.Error("the message's own frame has changed")
	}
	for name, e := range map[string]Edit{
		"absent field": DropField(38), "no length": WrongLength(4, 3), "no such bit": FlipBit(65), "longer than the frame": CutAfter(125),
	} {
		if _, err := d.EncodeIllegal(nil, m, e); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestGuess(t *testing.T) {
	var all []*Dialect
	for _, name := range []string{"iso87-ascii", "iso87-binary", "iso93", "unionpay-pos", "foreign/jpos-ascii4", "foreign/jpos-bcd-tpdu", "foreign/jpos-binary-bitmap"} {
		all = append(all, load(t, name))
	}
	for _, c := range []struct{ want, frames string }{
		{"unionpay-pos", "unionpay-derived.txt"},
		{"jpos-ascii4", "jpos-ascii4.txt"}, {"jpos-bcd-tpdu", "jpos-bcd-tpdu.txt"}, {"jpos-binary-bitmap", "jpos-binary-bitmap.txt"},
	} {
		var stream []byte
		var first []byte
		for _, d := range all {
			if d.Name != c.want {
				continue
			}
			framer, err := d.Framing.Framer("")
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range bareGoldens(t, c.frames) {
				frame := g.frame
				if c.want == "unionpay-pos" {
					frame = frame[2:]
				}
				if stream, err = framer.Append(stream, frame); err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = frame
				}
			}
		}
		got := Guess(all, stream)
		if len(got) == 0 || got[0].Dialect.Name != c.want || !got[0].Framed || got[0].Rest != 0 {
			t.Errorf("%s: guessed %+v", c.want, got)
		}
		if got := Guess(all, first); len(got) == 0 || got[0].Framed || got[0].Messages != 1 {
			t.Errorf("%s: one frame alone guessed as %+v", c.want, got)
		}
	}
	if got := Guess(all, []byte("GET / HTTP/1.1\r\n")); len(got) != 0 {
		t.Errorf("guessed %+v", got)
	}
}
