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

// goldens reads lines of "name: hex", each frame behind two bytes of length.
func goldens(t testing.TB, name string) []golden {
	t.Helper()
	all := bareGoldens(t, name)
	for i, g := range all {
		if n := int(g.frame[0])<<8 | int(g.frame[1]); n != len(g.frame)-2 {
			t.Fatalf("%s: the length says %d, the frame has %d", g.name, n, len(g.frame)-2)
		}
		all[i].frame = g.frame[2:]
	}
	return all
}

// bareGoldens reads frames without length.
func bareGoldens(t testing.TB, name string) (all []golden) {
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
		all = append(all, golden{line[:at], b})
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

// The frames of three captures of jPOS, which shares no code with us, in three framings and encodings.
func TestOutsideFramesOfJPOSDecodeByDialectFilesAlone(t *testing.T) {
	for _, name := range []string{"jpos-ascii4", "jpos-binary-bitmap", "jpos-bcd-tpdu"} {
		eachCodec(t, load(t, "foreign/"+name), func(t *testing.T, d *Dialect) {
			all := bareGoldens(t, name+".txt")
			if len(all) != 34 {
				t.Errorf("%d frames, want 34", len(all))
			}
			for _, g := range all {
				m := roundTrip(t, d, g.frame)
				if m.Get(Trace) == "" || m.Has(PAN) && m.Get(PAN) != "5413330089020011" {
					t.Errorf("%s %s: trace %q", name, g.name, m.Get(Trace))
				}
			}
			sale := decoded(t, d, all[4].frame)
			for e, want := range map[Element]string{
				Amount: "000000001000", EntryMode: "021", Track2: "5413330089020011D30122010000000000",
				Terminal: "TERM0001", Merchant: "MERCHANT0000001", Currency: "978", TransmissionTime: "1122093015",
			} {
				if got := sale.Get(e); got != want {
					t.Errorf("%s: %s %q, want %q", name, e, got, want)
				}
			}
			reversal := decoded(t, d, all[26].frame)
			if got := reversal.MTI() + reversal.Get(OriginalMTI) + reversal.Get(OriginalTrace) + reversal.Get(OriginalTime); got != "04000200000003093015" {
				t.Errorf("%s: reversal reads %s", name, got)
			}
		})
	}
}

// Our own dialect has no outside vectors: this frame was read by a person, field by field.
func TestOwnDialectLooksAsItsFileSays(t *testing.T) {
	want := "0420" + "F020040108C08100" + "0000004000000001" + "16" + "6200123456789010" + "000000" + "000000010000" + "000003" + "021" +
		"08" + "48270000" + "260601000002" + "12345678" + "898320548160001" + "156" + "002" + "98" +
		"0200" + "000002" + "0601" + "093015" + "00048270000" + "00000000000" + "AB00000000000000"
	d := load(t, "iso87-ascii")
	m := d.NewRequest("reversal")
	for e, v := range map[Element]string{
		PAN: "6200123456789010", ProcessingCode: "000000", Amount: "000000010000", Trace: "000003", EntryMode: "021",
		Acquirer: "48270000", RRN: "260601000002", Terminal: "12345678", Merchant: "898320548160001", Currency: "156",
		ReversalReason: "98", OriginalMTI: "0200", OriginalTrace: "000002", OriginalDate: "0601", OriginalTime: "093015", OriginalAcquirer: "48270000",
	} {
		m.Set(e, v)
	}
	var covered []byte
	frame, err := d.Seal(nil, m, func(input []byte) ([]byte, error) {
		covered = bytes.Clone(input)
		return []byte{0xAB, 0, 0, 0, 0, 0, 0, 0}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(frame) != want {
		t.Errorf("got  %s\nwant %s", frame, want)
	}
	input, mac := d.MACInput(decoded(t, d, frame))
	if !bytes.Equal(input, covered) || len(mac) != 8 || mac[0] != 0xAB {
		t.Error("the receiver does not see what the MAC was made over")
	}
}
