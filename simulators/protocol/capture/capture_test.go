package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// TestForeignCaptures reads what jPOS wrote: 17 requests, 17 answers, nothing lost and nothing left over.
func TestForeignCaptures(t *testing.T) {
	for _, c := range []struct{ file, framing string }{
		{"ascii-4digit.pcap", "ascii4"},
		{"ascii-2byte-binary-bitmap.pcap", "binary2"},
		{"bcd-tpdu.pcap", "binary2"},
	} {
		t.Run(c.file, func(t *testing.T) {
			streams, err := capture.Streams(bytes.NewReader(fixture(t, c.file)))
			if err != nil {
				t.Fatal(err)
			}
			if len(streams) != 2 || streams[0].From != streams[1].To || streams[0].To != streams[1].From {
				t.Fatalf("%d streams, want two of one connection", len(streams))
			}
			framer, err := wire.NewFramer(c.framing, 4096)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range streams {
				inbox := wire.NewInbox(framer)
				frames := 0
				for _, chunk := range s.Chunks {
					if chunk.Lost != 0 || chunk.At.Year() < 2020 {
						t.Fatalf("stream %d: %d bytes lost before %v", i, chunk.Lost, chunk.At)
					}
					inbox.Add(chunk.Bytes)
					for {
						_, ok, err := inbox.Next()
						if err != nil {
							t.Fatal(err)
						}
						if !ok {
							break
						}
						frames++
					}
				}
				if have, _ := inbox.Progress(); frames != 17 || have != 0 {
					t.Errorf("stream %d: %d frames and %d bytes more, want 17 and none", i, frames, have)
				}
			}
		})
	}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := fs.ReadFile(fixtures.FS, "captures/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// segment is a TCP segment between the till (10.0.0.1:40000) and the host (10.0.0.2:8583).
type segment struct {
	host bool // sent by the host
	seq  uint32
	flag string // S, SA, F, R or nothing
	text string
}

// packets writes segments as frames of a link type, a second apart.
func packets(t testing.TB, link layers.LinkType, segments ...segment) [][]byte {
	t.Helper()
	var all [][]byte
	for _, s := range segments {
		from, to := net.IPv4(10, 0, 0, 1).To4(), net.IPv4(10, 0, 0, 2).To4()
		tcp := &layers.TCP{SrcPort: 40000, DstPort: 8583, Seq: s.seq, Window: 1000,
			SYN: strings.Contains(s.flag, "S"), ACK: s.flag != "S", FIN: s.flag == "F", RST: s.flag == "R"}
		if s.host {
			from, to, tcp.SrcPort, tcp.DstPort = to, from, tcp.DstPort, tcp.SrcPort
		}
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: from, DstIP: to}
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		buf := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			ip, tcp, gopacket.Payload(s.text)); err != nil {
			t.Fatal(err)
		}
		all = append(all, append(heads[link], buf.Bytes()...))
	}
	return all
}

// heads gives the bytes before an IPv4 packet on each link.
var heads = map[layers.LinkType][]byte{
	layers.LinkTypeNull:     {2, 0, 0, 0},
	layers.LinkTypeLoop:     {0, 0, 0, 2},
	layers.LinkTypeEthernet: {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x08, 0x00},
	layers.LinkTypeLinuxSLL: {0, 0, 0x03, 0x04, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00},
	layers.LinkTypeRaw:      {},
	12:                      {},
	layers.LinkTypeIPv4:     {},
}

var start = time.Date(2026, 6, 1, 1, 30, 0, 0, time.UTC)

func info(n, captured, length int) gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: start.Add(time.Duration(n) * time.Second), CaptureLength: captured, Length: length}
}

func pcap(t testing.TB, link layers.LinkType, frames [][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := pcapgo.NewWriter(&buf)
	if err := w.WriteFileHeader(65535, link); err != nil {
		t.Fatal(err)
	}
	for n, f := range frames {
		if err := w.WritePacket(info(n, len(f), len(f)), f); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

func pcapng(t testing.TB, link layers.LinkType, frames [][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := pcapgo.NewNgWriter(&buf, link)
	if err != nil {
		t.Fatal(err)
	}
	for n, f := range frames {
		if err := w.WritePacket(info(n, len(f), len(f)), f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

var dialogue = []segment{
	{false, 100, "S", ""}, {true, 900, "SA", ""},
	{false, 101, "", "request"}, {true, 901, "", "answer"},
	{false, 108, "F", ""}, {true, 907, "F", ""},
}

// told writes streams as "till> 02s request" lines.
func told(streams []capture.Stream) string {
	var lines []string
	for _, s := range streams {
		name := map[uint16]string{40000: "till>", 8583: "host>"}[s.From.Port()]
		for _, c := range s.Chunks {
			line := fmt.Sprintf("%s %02ds %s", name, int(c.At.Sub(start).Seconds()), c.Bytes)
			if c.Lost != 0 {
				line += fmt.Sprintf(" (%d lost before)", c.Lost)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestLinksAndFormats(t *testing.T) {
	for link := range heads {
		frames := packets(t, link, dialogue...)
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write(pcap(t, link, frames)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for format, file := range map[string][]byte{"pcap": pcap(t, link, frames), "pcapng": pcapng(t, link, frames), "gzip": zipped.Bytes()} {
			t.Run(fmt.Sprint(uint16(link), ", ", format), func(t *testing.T) {
				streams, err := capture.Streams(bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff("till> 02s request\nhost> 03s answer", told(streams)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := streams[0].From.String() + " " + streams[0].To.String(); got != "10.0.0.1:40000 10.0.0.2:8583" {
					t.Errorf("from and to: %s", got)
				}
			})
		}
	}
}

func TestReassembly(t *testing.T) {
	open := dialogue[:2]
	for _, c := range []struct {
		name     string
		segments []segment
		want     string
	}{
		{"in pieces", append(open[:2:2], segment{false, 101, "", "req"}, segment{false, 104, "", "uest"}), "till> 02s req\ntill> 03s uest"},
		{"out of order", append(open[:2:2], segment{false, 104, "", "uest"}, segment{false, 101, "", "req"}), "till> 03s request"},
		{"sent twice", append(open[:2:2], segment{false, 101, "", "req"}, segment{false, 101, "", "req"}, segment{false, 104, "", "uest"}), "till> 02s req\ntill> 04s uest"},
		{"sent again and more", append(open[:2:2], segment{false, 101, "", "req"}, segment{false, 101, "", "request"}), "till> 02s req\ntill> 03s uest"},
		{"lost", append(open[:2:2], segment{false, 101, "", "req"}, segment{false, 106, "", "st"}), "till> 02s req\ntill> 03s st (2 lost before)"},
		{"begins in the middle", []segment{{false, 104, "", "uest"}, {true, 901, "", "answer"}}, "till> 00s uest\nhost> 01s answer"},
		{"begins with the answer to the call", []segment{{true, 900, "SA", ""}, {false, 101, "", "request"}, {true, 901, "", "answer"}}, "till> 01s request\nhost> 02s answer"},
		{"sequence numbers wrap", []segment{{false, 0xFFFFFFFE, "S", ""}, {false, 0xFFFFFFFF, "", "req"}, {false, 2, "", "uest"}}, "till> 01s req\ntill> 02s uest"},
		{"the same ports again", append(dialogue[:6:6], segment{false, 500, "S", ""}, segment{true, 700, "SA", ""}, segment{false, 501, "", "again"}),
			"till> 02s request\nhost> 03s answer\ntill> 08s again"},
		{"nothing said", dialogue[:2], ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			streams, err := capture.Streams(bytes.NewReader(pcap(t, layers.LinkTypeRaw, packets(t, layers.LinkTypeRaw, c.segments...))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told(streams)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestCutOff cuts a file after every byte: unless it ends behind a whole packet, that is an error which names the packet.
func TestCutOff(t *testing.T) {
	frames := packets(t, layers.LinkTypeRaw, dialogue...)
	file := pcap(t, layers.LinkTypeRaw, frames)
	whole := map[int]bool{24: true} // the header of a pcap file has 24 bytes, that of a packet 16
	starts := []int{24}
	for at, n := 24, 0; n < len(frames); n++ {
		at += 16 + len(frames[n])
		whole[at] = true
		starts = append(starts, at)
	}
	for n := range file {
		_, err := capture.Streams(bytes.NewReader(file[:n]))
		if whole[n] != (err == nil) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		if n < 24 || err == nil {
			continue
		}
		packet := 0
		for packet < len(starts) && starts[packet] < n {
			packet++
		}
		if want := fmt.Sprintf("capture: packet %d: the file is cut off", packet); err.Error() != want {
			t.Fatalf("cut after %d bytes: %v, want %s", n, err, want)
		}
	}
	ng := pcapng(t, layers.LinkTypeRaw, frames)
	if _, err := capture.Streams(bytes.NewReader(ng[:len(ng)-3])); err == nil || err.Error() != "capture: packet 6: the file is cut off" {
		t.Errorf("pcapng: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	frame := packets(t, layers.LinkTypeRaw, segment{false, 101, "", "request"})[0]
	short := pcap(t, layers.LinkTypeRaw, [][]byte{frame})
	binary.LittleEndian.PutUint32(short[24+12:], 1500) // the length it had on the line
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "capture: the file is too short to be a capture"},
		{"not a capture", []byte("Dear sir or madam, enclosed you find"), "capture: neither pcap nor pcapng: Unknown magic 72616544"},
		{"radio", pcap(t, layers.LinkTypeIEEE802_11, [][]byte{frame}), "capture: packet 1: link type 105: want Ethernet, loopback, Linux cooked or raw IP"},
		{"shortened packets", short, "capture: packet 1: only 47 of its 1500 bytes are there: record with a larger snap length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := capture.Streams(bytes.NewReader(c.file)); err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestTooMuch reads packets without an end.
func TestTooMuch(t *testing.T) {
	read, write := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := pcapgo.NewWriter(write)
		err := w.WriteFileHeader(1<<20, layers.LinkTypeRaw)
		for n := 0; err == nil; n++ {
			frame := packets(t, layers.LinkTypeRaw, segment{false, 101 + uint32(n)*60000, "", strings.Repeat("x", 60000)})[0]
			err = w.WritePacket(info(0, len(frame), len(frame)), frame)
		}
	}()
	_, err := capture.Streams(read)
	if err == nil || !strings.Contains(err.Error(), "the file holds more than 64 MiB") {
		t.Errorf("got %v", err)
	}
	_ = read.Close()
	<-done
}

// FuzzStreams holds that no file panics or fills the memory.
func FuzzStreams(f *testing.F) {
	for link := range heads {
		frames := packets(f, link, dialogue...)
		f.Add(pcap(f, link, frames))
		f.Add(pcapng(f, link, frames))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		streams, err := capture.Streams(bytes.NewReader(data))
		if err != nil && streams != nil {
			t.Error("streams beside an error")
		}
		total := 0
		for _, s := range streams {
			for _, c := range s.Chunks {
				total += len(c.Bytes)
			}
		}
		if total > len(data) && data[0] != 0x1F { // unless it is gzip
			t.Errorf("%d bytes out of %d", total, len(data))
		}
	})
}
