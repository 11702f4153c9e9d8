package iso8583

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
)

// load gives a shipped dialect.
func load(t testing.TB, name string) *Dialect {
	t.Helper()
	d, err := Load(fixtures.FS, "dialects/"+name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type golden struct {
	name  string
	frame []byte // without length
}

// goldens reads "name: hex" lines; length bytes tells how many bytes of length to take off.
func goldens(t testing.TB, name string) (all []golden) {
	t.Helper()
	text, err := fixtures.FS.ReadFile("golden/frames/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, ": ")
		b, err := hex.DecodeString(line[at+2:])
		if err != nil {
			t.Fatalf("%s: %v", line[:at], err)
		}
		if int(b[0])<<8|int(b[1]) != len(b)-2 {
			t.Fatalf("%s: the length says %d, the frame has %d", line[:at], int(b[0])<<8|int(b[1]), len(b)-2)
		}
		all = append(all, golden{line[:at], b[2:]})
	}
	return all
}

func eachCodec(t *testing.T, d *Dialect, f func(t *testing.T, d *Dialect)) {
	for _, c := range []Codec{Moov, Compiled} {
		t.Run(string(c), func(t *testing.T) { f(t, d.Using(c)) })
	}
}

// roundTrip decodes a frame, encodes the fields into a new message, and wants the same bytes.
func roundTrip(t *testing.T, d *Dialect, frame []byte) *Message {
	t.Helper()
	m := d.New()
	if err := d.Decode(m, frame); err != nil {
		t.Fatal(err)
	}
	again, err := d.Encode(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, frame) {
		t.Errorf("encoded again:\n got %X\nwant %X", again, frame)
	}
	return m
}

// These frames are derived from the same facts as the dialect: they show that it is consistent, not that it is right.
func TestDerivedFramesOfH3DecodeAndEncodeByteForByte(t *testing.T) {
	eachCodec(t, load(t, "unionpay-pos"), func(t *testing.T, d *Dialect) {
		all := goldens(t, "unionpay-derived.txt")
		if len(all) != 20 {
			t.Errorf("%d frames, want 20", len(all))
		}
		for _, g := range all {
			t.Run(g.name, func(t *testing.T) { roundTrip(t, d, g.frame) })
		}
	})
}

// These frames come from another implementation.
func TestOutsideFramesOfH1DecodeWithNoRemainder(t *testing.T) {
	eachCodec(t, load(t, "unionpay-pos"), func(t *testing.T, d *Dialect) {
		all := goldens(t, "unionpay-outside.txt")
		if len(all) != 4 {
			t.Errorf("%d frames, want 4", len(all))
		}
		for _, g := range all {
			t.Run(g.name, func(t *testing.T) { roundTrip(t, d, g.frame) })
		}
	})
}
