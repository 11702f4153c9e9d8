package wire

import (
	"bytes"
	"strings"
	"testing"
)

const limit = 4096

// framers gives every way to frame, each with the framer that reads what it writes.
func framers(t testing.TB) map[string][2]Framer {
	t.Helper()
	all := map[string][2]Framer{}
	for _, kind := range []string{"binary2", "binary2-inclusive", "binary4", "ascii4", "bcd2"} {
		f, err := NewFramer(kind, limit)
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = [2]Framer{f, f}
		all["HTTP request, "+kind] = [2]Framer{HTTPClient(f, "pos.example", "/entry"), HTTPServer(f)}
		all["HTTP answer, "+kind] = [2]Framer{HTTPServer(f), HTTPClient(f, "pos.example", "/entry")}
	}
	return all
}

func TestFramerWrites(t *testing.T) {
	body := bytes.Repeat([]byte{0xAB}, 125)
	for _, c := range []struct{ kind, length string }{
		{"binary2", "\x00\x7D"},
		{"binary2-inclusive", "\x00\x7F"},
		{"binary4", "\x00\x00\x00\x7D"},
		{"ascii4", "0125"},
		{"bcd2", "\x01\x25"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			f, err := NewFramer(c.kind, limit)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Append([]byte("before"), body)
			if want := "before" + c.length + string(body); err != nil || string(got) != want {
				t.Errorf("got %X, %v\nwant %X", got, err, want)
			}
		})
	}
}

// TestFramerEverySplit cuts a stream of three frames, one of them a keep-alive, in two at every place, and byte by byte.
func TestFramerEverySplit(t *testing.T) {
	want := [][]byte{[]byte("first frame"), {}, bytes.Repeat([]byte{7}, 300)}
	for name, f := range framers(t) {
		t.Run(name, func(t *testing.T) {
			var stream []byte
			for _, frame := range want {
				var err error
				if stream, err = f[0].Append(stream, frame); err != nil {
					t.Fatal(err)
				}
			}
			for at := range stream {
				check(t, f[1], want, stream[:at], stream[at:])
			}
			var bytewise [][]byte
			for at := range stream {
				bytewise = append(bytewise, stream[at:at+1])
			}
			check(t, f[1], want, bytewise...)
		})
	}
}

func check(t *testing.T, f Framer, want [][]byte, chunks ...[]byte) {
	t.Helper()
	var got [][]byte
	inbox := NewInbox(f)
	for _, chunk := range chunks {
		inbox.Add(chunk)
		for {
			frame, ok, err := inbox.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got = append(got, bytes.Clone(frame))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("cut after %d bytes: %d frames, want %d", len(chunks[0]), len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("cut after %d bytes: frame %d is %X, want %X", len(chunks[0]), i, got[i], want[i])
		}
	}
	if have, length := inbox.Progress(); have != 0 || length != -1 {
		t.Fatalf("%d of %d bytes are left over", have, length)
	}
}

func TestFramerProgress(t *testing.T) {
	for _, c := range []struct {
		name, kind, stream string
		have, want         int
	}{
		{"nothing", "binary2", "", 0, -1},
		{"half a length", "binary2", "\x00", 1, -1},
		{"a length only", "binary2", "\x00\x7D", 0, 125},
		{"61 of 125", "binary2", "\x00\x7D" + strings.Repeat("x", 61), 61, 125},
		{"inclusive", "binary2-inclusive", "\x00\x7F" + strings.Repeat("x", 61), 61, 125},
		{"no length at all", "ascii4", "abcdef", 6, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := NewFramer(c.kind, limit)
			if err != nil {
				t.Fatal(err)
			}
			if have, want := f.Progress([]byte(c.stream)); have != c.have || want != c.want {
				t.Errorf("got %d of %d, want %d of %d", have, want, c.have, c.want)
			}
		})
	}
	f := framers(t)["HTTP answer, binary2"]
	stream, err := f[0].Append(nil, make([]byte, 125))
	if err != nil {
		t.Fatal(err)
	}
	if have, want := f[1].Progress(stream[:len(stream)-64]); have != 61 || want != 125 {
		t.Errorf("HTTP: got %d of %d, want 61 of 125", have, want)
	}
}

func TestFramerRefuses(t *testing.T) {
	http := func(lines ...string) string { return strings.Join(lines, "\r\n") }
	for _, c := range []struct{ name, kind, stream, want string }{
		{"too long", "binary2", "\xA1\xA1\x60", "frame length 41377 over the limit of 4096: are these bytes framed another way?"},
		{"ASCII digits", "binary2", "0125", "frame length 12337 over the limit of 4096: these bytes are ASCII digits, is the framing ascii4?"},
		{"HTTP", "binary2", "HTTP/1.1 502", "frame length 18516 over the limit of 4096: these bytes look like HTTP"},
		{"TLS alert", "binary2", "\x15\x03\x03\x00", "frame length 5379 over the limit of 4096: these bytes look like TLS"},
		{"shorter than itself", "binary2-inclusive", "\x00\x01", "frame length 1 does not count its own 2 bytes: are these bytes framed another way?"},
		{"four bytes", "binary4", "\xFF\xFF\xFF\xFF", "frame length 4294967295 over the limit of 4096: are these bytes framed another way?"},
		{"not digits", "ascii4", "\x00\x7D\x60\x00", "frame length 00 7D 60 00 is not ascii4: are these bytes framed another way?"},
		{"digits too long", "ascii4", "9999", "frame length 9999 over the limit of 4096: are these bytes framed another way?"},
		{"not packed", "bcd2", "\x00\x7D", "frame length 00 7D is not bcd2: are these bytes framed another way?"},
		{"not HTTP", "HTTP answer, binary2", "\x00\x7D\x60\x00", "the bytes 00 7D 60 00 do not begin HTTP: are they framed another way?"},
		{"endless head", "HTTP answer, binary2", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", maxHead), "HTTP head of more than 8192 bytes"},
		{"bad gateway", "HTTP answer, binary2", http("HTTP/1.1 502 Bad Gateway", "Content-Length: 0", "", ""), "HTTP answer: 502 Bad Gateway in place of a message"},
		{"no length", "HTTP answer, binary2", http("HTTP/1.1 200 OK", "", ""), "HTTP answer: no Content-Length: its end cannot be told"},
		{"half a frame", "HTTP answer, binary2", http("HTTP/1.1 200 OK", "Content-Length: 3", "", "\x00\x05a"), "HTTP body of 3 bytes is not one frame"},
		{"frame and more", "HTTP answer, binary2", http("HTTP/1.1 200 OK", "Content-Length: 999999999", "", "\x00\x01ab"), "HTTP body of 999999999 bytes or more is not one frame of 3"},
		{"endless chunks", "HTTP answer, binary2", http("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "4", "\x00\x01ab", "1"), "HTTP body of 4 bytes or more is not one frame of 3"},
		{"a look", "HTTP request, binary2", http("GET / HTTP/1.1", "Host: a", "", ""), "HTTP request: method GET: want POST"},
		{"a form", "HTTP request, binary2", http("POST / HTTP/1.1", "Host: a", "Content-Type: text/plain", "Content-Length: 2", "", "\x00\x00"), `HTTP request: content type "text/plain": want x-ISO-TPDU/x-auth`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, err := framers(t)[c.kind][1].Next([]byte(c.stream))
			if err == nil || err.Error() != c.want || n != 0 {
				t.Errorf("took %d bytes, error %v\nwant %s", n, err, c.want)
			}
		})
	}
}

func TestFramerReadsChunkedAnswer(t *testing.T) {
	stream := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\x00\x05ab\r\n3\r\ncde\r\n0\r\n\r\nHTTP"
	f := framers(t)["HTTP answer, binary2"][1]
	for at := range len(stream) - 4 {
		if _, n, err := f.Next([]byte(stream[:at])); n != 0 || err != nil {
			t.Fatalf("%d bytes: took %d, error %v", at, n, err)
		}
	}
	frame, n, err := f.Next([]byte(stream))
	if string(frame) != "abcde" || n != len(stream)-4 || err != nil {
		t.Errorf("got %q, %d bytes of %d, error %v", frame, n, len(stream)-4, err)
	}
}

func TestAppendRefusesTooLong(t *testing.T) {
	for _, c := range []struct {
		kind string
		max  int
		size int
		want string
	}{
		{"binary2", limit, limit + 1, "frame of 4097 bytes over the limit of 4096"},
		{"bcd2", 100_000, 10_000, "frame of 10000 bytes over the limit of 9999"},
		{"binary2-inclusive", 100_000, 65534, "frame of 65534 bytes over the limit of 65533"},
	} {
		f, err := NewFramer(c.kind, c.max)
		if err != nil {
			t.Fatal(err)
		}
		dst, err := f.Append([]byte("kept"), make([]byte, c.size))
		if err == nil || err.Error() != c.want || string(dst) != "kept" {
			t.Errorf("%s: got %q, error %v, want %s", c.kind, dst, err, c.want)
		}
	}
}

func TestNewFramerRefuses(t *testing.T) {
	for _, c := range []struct {
		kind string
		max  int
		want string
	}{
		{"binary3", limit, `framing "binary3": want binary2, binary2-inclusive, binary4, ascii4 or bcd2`},
		{"binary2", 0, "framing binary2: the longest frame is 0 bytes: want one at least"},
	} {
		if _, err := NewFramer(c.kind, c.max); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// FuzzNext holds for arbitrary bytes that no framer panics, none takes more than it was given, and what Next gives is what
// Append wrote.
func FuzzNext(f *testing.F) {
	f.Add([]byte("\x00\x03abc\x00\x00"))
	f.Add([]byte("0003abc"))
	f.Add([]byte("POST / HTTP/1.1\r\nContent-Type: x-ISO-TPDU/x-auth\r\nContent-Length: 5\r\n\r\n\x00\x03abc"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\x00\x03abc\r\n0\r\n\r\n"))
	all := framers(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, framer := range all {
			for rest := data; ; {
				frame, n, err := framer[1].Next(rest)
				if n > len(rest) || n < 0 || (err != nil || n == 0) && frame != nil {
					t.Fatalf("%s: took %d of %d bytes, frame %X, error %v", name, n, len(rest), frame, err)
				}
				framer[1].Progress(rest)
				if n == 0 {
					break
				}
				again, err := framer[0].Append(nil, frame)
				if err != nil {
					t.Fatalf("%s: what was read cannot be written: %v", name, err)
				}
				if back, m, err := framer[1].Next(again); err != nil || m != len(again) || !bytes.Equal(back, frame) {
					t.Fatalf("%s: %X became %X, error %v", name, frame, back, err)
				}
				rest = rest[n:]
			}
			written, err := framer[0].Append(nil, data)
			if err != nil {
				continue // too long
			}
			if back, n, err := framer[1].Next(written); err != nil || n != len(written) || !bytes.Equal(back, data) {
				t.Fatalf("%s: wrote %X, read %X, error %v", name, data, back, err)
			}
		}
	})
}
