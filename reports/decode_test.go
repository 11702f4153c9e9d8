package reports

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

func shippedDialects(t testing.TB) []*iso8583.Dialect {
	t.Helper()
	all, err := loadShipped()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var loadShipped = sync.OnceValues(func() ([]*iso8583.Dialect, error) { return Dialects("") })

// decoded decodes an input by guess and writes it as the command does, faults last.
func decoded(t testing.TB, dialects []*iso8583.Dialect, input []byte) (*Decoding, string) {
	t.Helper()
	d, err := Decode(dialects, input)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := d.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Faults {
		fmt.Fprintln(&b, f)
	}
	return d, b.String()
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := fs.ReadFile(fixtures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goldenSale is the swiped sale with PIN of DOMAIN.md H.3 in hex, behind its length.
func goldenSale(t testing.TB) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(fixture(t, "golden/frames/unionpay-derived.txt")), "\nsale 0200, swipe + PIN: ")
	if !ok {
		t.Fatal("the golden sale is gone")
	}
	sale, _, _ := strings.Cut(rest, "\n")
	return sale
}

// TestDecodeFixtures reads everything that ships, foreign captures among it, to the last byte.
func TestDecodeFixtures(t *testing.T) {
	for _, c := range []struct {
		file, dialect string
		sure          Certainty
		messages      int
		shown         bool // in a golden file
	}{
		{"golden/frames/unionpay-derived.txt", "unionpay-pos", Sure, 20, true},
		{"golden/frames/unionpay-outside.txt", "unionpay-pos", Sure, 4, true},
		{"golden/frames/iso87-day.txt", "iso87-ascii", Sure, 83, false},
		{"golden/frames/jpos-ascii4.txt", "iso87-ascii", Unsure, 34, false}, // without its length it is any ASCII dialect's
		{"golden/frames/jpos-bcd-tpdu.txt", "jpos-bcd-tpdu", Sure, 34, false},
		{"golden/frames/jpos-binary-bitmap.txt", "jpos-binary-bitmap", Sure, 34, false},
		{"captures/ascii-4digit.pcap", "jpos-ascii4", Sure, 34, false},
		{"captures/ascii-2byte-binary-bitmap.pcap", "jpos-binary-bitmap", Sure, 34, false},
		{"captures/bcd-tpdu.pcap", "jpos-bcd-tpdu", Sure, 34, true},
	} {
		t.Run(path.Base(c.file), func(t *testing.T) {
			d, text := decoded(t, shippedDialects(t), fixture(t, c.file))
			if d.Dialect != c.dialect || d.Guess.Sure != c.sure || len(d.Messages) != c.messages || len(d.Faults) > 0 {
				t.Errorf("%s, %v: %d messages, %d faults", d.Dialect, d.Guess, len(d.Messages), len(d.Faults))
			}
			if c.shown {
				golden(t, "decode-"+strings.TrimSuffix(path.Base(c.file), path.Ext(c.file))+".txt", []byte(text))
			}
		})
	}
}

func TestDecodeJSON(t *testing.T) {
	d, _ := decoded(t, shippedDialects(t), []byte(goldenSale(t)+"\n00"))
	var b bytes.Buffer
	if err := d.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "decode-sale.json", b.Bytes())
}

func TestDecodeLayouts(t *testing.T) {
	sale := goldenSale(t)
	bare, headless := sale[4:], sale[4+10+12:]
	raw, err := hex.DecodeString(sale)
	if err != nil {
		t.Fatal(err)
	}
	bad := sale[:60] + "FFFFFF" + sale[66:] // in the card number
	var spaced strings.Builder
	for i := 0; i < len(sale); i += 2 {
		fmt.Fprintf(&spaced, "0x%s, ", strings.ToLower(sale[i:i+2]))
	}
	const digits = "line 2: frame 2, byte 21: F2: digit 13 is F"
	for _, c := range []struct {
		name, input string
		messages    int
		without     string
		faults      []string
	}{
		{"one line", sale, 1, "", nil},
		{"without length", bare, 1, "", nil},
		{"without TPDU", sale[14:], 1, "TPDU", nil},
		{"without TPDU and header", headless, 1, "TPDU header", nil},
		{"0x and commas", spaced.String(), 1, "", nil},
		{"colons and escapes", sale[:2] + ":" + sale[2:4] + `\x60` + sale[6:], 1, "", nil},
		{"a label", "14:05:33.001 sent: " + sale, 1, "", nil},
		{"comments and empty lines", "# a sale\n\n" + sale + " // PIN\r\n\n", 1, "", nil},
		{"wrapped in the middle of a byte", sale[:77] + "\n" + sale[77:100] + "\n" + sale[100:] + "\n", 1, "", nil},
		{"two in a stream", sale + sale, 2, "", nil},
		{"keep-alive between", sale + "\n0000" + sale, 2, "", nil},
		{"one a line, with and without length", sale + "\n" + bare + "\n", 2, "", nil},
		{"raw", string(raw), 1, "", nil},
		{"raw stream", string(raw) + string(raw), 2, "", nil},
		{"a bad line", sale + "\n" + bad + "\n" + sale, 2, "", []string{digits}},
		{"a bad frame in a stream", sale + bad + sale, 2, "", []string{strings.TrimPrefix(digits, "line 2: ")}},
		{"no hex", sale + "\n00 zz\n" + sale, 2, "", []string{"line 2: frame 2: column 4: 'z' is no hex digit"}},
		{"an odd line", sale + "\n001\n" + sale, 2, "", []string{"line 2: frame 2: an odd number of hex digits (3)"}},
		{"cut off behind its length", sale[:150], 0, "", []string{"frame 1, byte 66: F41: needs 8 bytes, only 7 left (the frame is cut off: 73 of 125 bytes are there)"}},
		{"cut off", bare[:120], 0, "", []string{"frame 1, byte 46: F35: needs 19 bytes, only 13 left"}},
		{"cut off, without head", headless[:94], 0, "", []string{"frame 1, byte 35: F35: needs 19 bytes, only 11 left"}}, // iso87-binary has these fields too
		{"a stream that ends in a length", sale + "00", 1, "", []string{"frame 2, byte 0: length: the stream ends inside it"}},
		{"a length over the limit", sale + "FFFF" + sale, 1, "", []string{"frame 2, byte 0: length: frame length 65535 over the limit of 2048: are these bytes framed another way?"}},
		{"words", "hello world", 0, "", []string{"frame 1: column 1: 'h' is no hex digit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := decoded(t, shippedDialects(t), []byte(c.input))
			if len(d.Messages) != c.messages || strings.Join(d.Without, " ") != c.without {
				t.Errorf("%d messages of %s without %v", len(d.Messages), d.Dialect, d.Without)
			}
			var faults []string
			for _, f := range d.Faults {
				faults = append(faults, f.String())
			}
			if diff := cmp.Diff(c.faults, faults); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecodeCaptureWithAGap: a capture that lost a packet tells it, and goes on behind it.
func TestDecodeCaptureWithAGap(t *testing.T) {
	frame, err := hex.DecodeString(goldenSale(t))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(65536, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	for i, s := range []struct {
		seq  uint32
		text []byte
	}{{1, frame}, {uint32(1 + len(frame) + 100), frame}} {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IPv4(10, 0, 0, 1).To4(), DstIP: net.IPv4(10, 0, 0, 2).To4()}
		tcp := &layers.TCP{SrcPort: 40000, DstPort: 8583, Seq: s.seq, ACK: true, Window: 1000}
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		b := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, tcp, gopacket.Payload(s.text)); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 6, 1, 1, 30, i, 0, time.UTC)
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(b.Bytes()), Length: len(b.Bytes())}, b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	d, text := decoded(t, shippedDialects(t), file.Bytes())
	if len(d.Messages) != 2 || len(d.Faults) != 1 ||
		d.Faults[0].String() != "10.0.0.1:40000 > 10.0.0.2:8583: frame 2: 100 bytes before this are missing from the capture" {
		t.Errorf("faults %v in\n%s", d.Faults, text)
	}
	if !strings.Contains(text, "frame 3: sale, 125 bytes, 2026-06-01 01:30:01.000000 UTC, 10.0.0.1:40000 > 10.0.0.2:8583\n") {
		t.Errorf("shown:\n%s", text)
	}
}

func TestDecodeNothing(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{"empty", "", "there is nothing to decode"},
		{"comments", "# nothing\n// here\n", "all lines are empty or comments"},
		{"a capture without packets", "\xD4\xC3\xB2\xA1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF\xFF\x00\x00\x01\x00\x00\x00", "carries any bytes"},
		{"a capture cut off", string(fixture(t, "captures/bcd-tpdu.pcap")[:300]), "the file is cut off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Decode(shippedDialects(t), []byte(c.input)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDecodeWithADialect(t *testing.T) {
	given, err := Dialects("iso87-ascii")
	if err != nil {
		t.Fatal(err)
	}
	d, _ := decoded(t, given, []byte(goldenSale(t)))
	if d.Guess != nil || len(d.Faults) != 1 || !strings.HasPrefix(d.Faults[0].String(), "frame 1, byte 0: MTI: ") {
		t.Errorf("guess %v, faults %v", d.Guess, d.Faults)
	}
	if given, err = Dialects("../fixtures/dialects/unionpay-pos.yaml"); err != nil {
		t.Fatal(err)
	}
	if d, _ = decoded(t, given, []byte(goldenSale(t))); len(d.Messages) != 1 {
		t.Errorf("by file: faults %v", d.Faults)
	}
	if _, err := Dialects("unionpay-poss"); err == nil || !strings.Contains(err.Error(), "unionpay-pos,") {
		t.Errorf("an unknown dialect gives %v", err)
	}
}

// TestDecodeShowsNoControlCharacters: what comes over a line must not steer the terminal it is shown on.
func TestDecodeShowsNoControlCharacters(t *testing.T) {
	if got := printable("面 \x1b[2J\x00\xff"); got != `面 \x1B[2J\x00\xFF` {
		t.Errorf("got %q", got)
	}
	sale := strings.Replace(goldenSale(t), "3132333435363738", "1B5B324A35363738", 1) // F41
	if _, text := decoded(t, shippedDialects(t), []byte(sale)); strings.ContainsRune(text, '\x1b') || !strings.Contains(text, `\x1B[2J5678`) {
		t.Errorf("shown:\n%s", text)
	}
}

// TestDecodeNeverLeaks feeds random cards, PIN blocks and keys in every dialect and every form of input, whole and broken,
// and searches what comes out.
func TestDecodeNeverLeaks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	number := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(random.IntN(10))
		}
		return string(b)
	}
	some := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	all := shippedDialects(t)
	for round := range 40 {
		d := all[round%len(all)]
		pan, block, key := "62"+number(14), some(8), some(16)
		track := pan + "D3012201" + number(13)
		m := d.NewRequest(pay.Sale)
		for e, v := range map[iso8583.Element]string{iso8583.PAN: pan, iso8583.Amount: "000000010000", iso8583.Trace: "000002", iso8583.EntryMode: "021",
			iso8583.Track2: track, iso8583.Track3: track, iso8583.PIN: string(block), iso8583.Terminal: "10000001", iso8583.Merchant: "898320548160001",
			iso8583.Keys: string(slices.Concat(key, []byte("KCV1"), key, []byte("KCV2"))), iso8583.Currency: "156"} {
			m.Set(e, v)
		}
		frame, err := d.Encode(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		framer, err := d.Framing.ServerFramer()
		if err != nil {
			t.Fatal(err)
		}
		framed, err := framer.Append(nil, frame)
		if err != nil {
			t.Fatal(err)
		}
		finder, err := leak.New(leak.Text("card number", pan), leak.Text("track", track), leak.Text("track behind the number", track[17:]),
			leak.Key("PIN block", block), leak.Key("key", key))
		if err != nil {
			t.Fatal(err)
		}
		cut := framed[:random.IntN(len(framed))+1]
		spoilt := slices.Clone(framed)
		spoilt[random.IntN(len(spoilt))] ^= 1 << random.IntN(8)
		for name, input := range map[string][]byte{
			"hex": fmt.Appendf(nil, "card %s: %X", pan, framed), "bare": fmt.Appendf(nil, "%x", frame), "raw": framed, "cut": fmt.Appendf(nil, "%x", cut),
			"spoilt": fmt.Appendf(nil, "%x\n%x", framed, spoilt), "text": fmt.Appendf(nil, "%s %s", pan, track), "no hex": fmt.Appendf(nil, "%Xz", framed),
		} {
			for _, dialects := range [][]*iso8583.Dialect{all, {d}, {all[random.IntN(len(all))]}} {
				decoding, text := decoded(t, dialects, input)
				var b bytes.Buffer
				if err := decoding.WriteJSON(&b); err != nil {
					t.Fatal(err)
				}
				for _, hit := range append(finder.Find("text", []byte(text)), finder.Find("json", b.Bytes())...) {
					t.Errorf("round %d, %s of %s as %s: %s\n%s", round, name, d.Name, decoding.Dialect, hit, text)
				}
			}
		}
	}
}

// FuzzDecode: any input is decoded or refused, and hex that people write in many ways gives the bytes that it means.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(goldenSale(f)), uint16(3))
	f.Add([]byte("0x00, 0x01 # two\nlabel: 02:03"), uint16(0))
	f.Add(fixture(f, "captures/bcd-tpdu.pcap")[:400], uint16(9))
	f.Add([]byte{0, 0xFF, '\n'}, uint16(1))
	all := shippedDialects(f)
	one := []*iso8583.Dialect{all[len(all)-1]}
	f.Fuzz(func(t *testing.T, input []byte, style uint16) {
		if d, err := Decode(one, input); err == nil && len(d.Messages)+len(d.Faults) == 0 && !bytes.ContainsRune(input, 0) && !bytes.ContainsRune(input, '0') {
			t.Error("neither a message nor a fault") // only keep-alives are passed over
		}
		lines := readHex(writtenHex(input, style))
		want := []stream{{bytes: input}}
		if len(lines) == 0 {
			want = nil
		}
		var got []stream
		if len(lines) == 1 {
			got = byLine(lines)
		} else if joined, ok := join(lines); ok {
			got = joined
		}
		if len(got) != len(want) || len(got) == 1 && !bytes.Equal(got[0].bytes, input) {
			t.Errorf("written as %q, read as %v", writtenHex(input, style), got)
		}
	})
}

// writtenHex writes bytes as people do: upper or lower case, with marks and spaces, wrapped, commented.
func writtenHex(b []byte, style uint16) string {
	var out strings.Builder
	format := []string{"%02x", "%02X", "0x%02x,", `\x%02X`, "%02x:", "%02X - "}[style%6]
	for i, c := range b {
		fmt.Fprintf(&out, format, c)
		switch (style + uint16(i)*7) % 11 {
		case 3:
			out.WriteString(" # " + string(rune('a'+i%26)) + "\r\n")
		case 5:
			out.WriteString("\n\n")
		}
	}
	return out.String()
}

func BenchmarkDecodeGuess(b *testing.B) {
	all, sale := shippedDialects(b), []byte(goldenSale(b))
	for b.Loop() {
		if _, err := Decode(all, sale); err != nil {
			b.Fatal(err)
		}
	}
}
