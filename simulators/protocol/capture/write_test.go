package capture_test

import (
	"bytes"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"os"

	"github.com/google/go-cmp/cmp"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
)

// written is two connections at once, one with a long answer and a note.
func written(t *testing.T, w capture.Writer, ends ...netip.AddrPort) []capture.Record {
	t.Helper()
	all := []capture.Record{
		{At: start.Add(time.Millisecond), Connection: 0, From: capture.Till, Bytes: []byte("request")},
		{At: start.Add(2 * time.Millisecond), Connection: 1, From: capture.Till, Bytes: []byte("another")},
		{At: start.Add(3 * time.Millisecond), Connection: 0, From: capture.Host, Bytes: bytes.Repeat([]byte("long "), 8000)},
		{At: start.Add(4 * time.Millisecond), Connection: 1, From: capture.Host, Note: "304 bytes, sha256 00"},
		{At: start.Add(5 * time.Millisecond), Connection: 1, From: capture.Host, Bytes: []byte("answer")},
	}
	for i := range 2 {
		if err := w.Open(i, start, netip.AddrPortFrom(ends[0].Addr(), ends[0].Port()+uint16(i)), ends[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range all {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		if err := w.Close(i, start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWriteAndRead has the same records, to the nanosecond, come back from what was written of them.
func TestWriteAndRead(t *testing.T) {
	for _, c := range []struct{ name, till, host string }{
		{"IPv4", "10.0.0.1:40000", "10.0.0.2:8583"},
		{"IPv6", "[fd00::1]:40000", "[fd00::2]:8583"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:40000", "10.0.0.2:8583"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ends := []netip.AddrPort{netip.MustParseAddrPort(c.till), netip.MustParseAddrPort(c.host)}
			var file bytes.Buffer
			want := written(t, capture.NewLines(&file), ends...)
			got, err := read(file.Bytes())
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("NDJSON: %v (-want +got):\n%s", err, diff)
			}
			file.Reset()
			w, err := capture.NewPackets(&file, "")
			if err != nil {
				t.Fatal(err)
			}
			want = written(t, w, ends...)
			streams, err := capture.Streams(bytes.NewReader(file.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			said := map[int][]byte{}
			for i, s := range streams {
				for _, chunk := range s.Chunks {
					if chunk.Lost != 0 {
						t.Errorf("stream %d: %d bytes are lost", i, chunk.Lost)
					}
					said[i] = append(said[i], chunk.Bytes...)
				}
			}
			if len(streams) != 4 || string(said[0]) != "request" || !bytes.Equal(said[1], want[2].Bytes) || string(said[2]) != "another" || string(said[3]) != "answer" {
				t.Errorf("%d streams: %d, %d, %d and %d bytes", len(streams), len(said[0]), len(said[1]), len(said[2]), len(said[3]))
			}
			if at := streams[3].Chunks[0].At; !at.Equal(want[4].At) {
				t.Errorf("the answer came at %v, want %v", at, want[4].At)
			}
		})
	}
}

// A connection that nobody opened is one all the same.
func TestPacketsOfAnUnknownConnection(t *testing.T) {
	var file bytes.Buffer
	w, err := capture.NewPackets(&file, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{w.Write(capture.Record{At: start, Connection: 7, From: capture.Host, Bytes: []byte("hello")}), w.Close(8, start), w.Flush()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := read(file.Bytes())
	if want := []capture.Record{{At: start, From: capture.Host, Bytes: []byte("hello")}}; err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("got %v, %v", got, err)
	}
}

// Somebody else's program reads our packets: no bad checksum, nothing missing, the comment where it belongs.
func TestTsharkReadsOurPackets(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed (Debian: tshark)")
	}
	var file bytes.Buffer
	w, err := capture.NewPackets(&file, "")
	if err != nil {
		t.Fatal(err)
	}
	written(t, w, netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:8583"))
	name := filepath.Join(t.TempDir(), "ours.pcapng")
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing is wrong", []string{"-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", "_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || tcp.analysis.flags"}, ""},
		{"what the till says", []string{"-Y", "tcp.dstport == 8583 && tcp.len > 0", "-T", "fields", "-e", "tcp.payload"}, "72657175657374\n616e6f74686572\n"},
		{"the note", []string{"-Y", "frame.comment", "-T", "fields", "-e", "frame.comment"}, "304 bytes, sha256 00\n"},
	} {
		out, err := exec.Command("tshark", append([]string{"-r", name}, c.args...)...).Output()
		if err != nil || strings.ReplaceAll(string(out), ":", "") != c.want {
			t.Errorf("%s: %v, %q, want %q", c.name, err, out, c.want)
		}
	}
}
