package capture_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
)

func read(file []byte) (all []capture.Record, err error) {
	err = capture.Read(bytes.NewReader(file), func(r capture.Record) error {
		all = append(all, r)
		return nil
	})
	return all, err
}

// TestReadOneByOne has the same traffic come out of each format, and of what json.Encoder made of it.
func TestReadOneByOne(t *testing.T) {
	frames := packets(t, layers.LinkTypeRaw, dialogue...)
	want := []capture.Record{
		{At: start.Add(2e9), From: capture.Till, Bytes: capture.Hex("request")},
		{At: start.Add(3e9), From: capture.Host, Bytes: capture.Hex("answer")},
	}
	var lines bytes.Buffer
	for _, r := range want {
		if err := json.NewEncoder(&lines).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(`{"at":"2026-06-01T01:30:02Z","connection":0,"from":"till","bytes":"72657175657374"}`, strings.SplitN(lines.String(), "\n", 2)[0]); diff != "" {
		t.Error(diff)
	}
	for format, file := range map[string][]byte{"pcap": pcap(t, layers.LinkTypeRaw, frames), "pcapng": pcapng(t, layers.LinkTypeRaw, frames), "NDJSON": lines.Bytes()} {
		got, err := read(file)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", format, err, diff)
		}
	}
}

// TestReadNeedsNoRoom reads more than it could keep, and ends when it is told to.
func TestReadNeedsNoRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("70 MiB")
	}
	line := fmt.Sprintf(`{"at":"2026-06-01T01:30:02Z","connection":0,"from":"till","bytes":"%s"}`+"\n", strings.Repeat("6F", 500_000))
	n := 0
	err := capture.Read(strings.NewReader(strings.Repeat(line, 70)), func(r capture.Record) error {
		if n += len(r.Bytes); n > 30_000_000 {
			return fmt.Errorf("enough")
		}
		return nil
	})
	if err == nil || err.Error() != "capture: line 61: enough" {
		t.Error(err)
	}
}

func TestLinesThatAreWrong(t *testing.T) {
	const good = `{"at":"2026-06-01T01:30:02Z","connection":0,"from":"till","bytes":"6F"}`
	for _, c := range []struct{ line, want string }{
		{good[:30], "the line is cut off"},
		{good + good, "more on the line"},
		{strings.Replace(good, "connection", "line", 1), `unknown field "line"`},
		{strings.Replace(good, "till", "tell", 1), `from: want "till" or "host"`},
		{strings.Replace(good, "6F", "6F6", 1), "want hex digits in pairs"},
		{strings.Replace(good, `"at":"2026-06-01T01:30:02Z",`, "", 1), "it has no time"},
	} {
		got, err := read([]byte(good + "\n\n" + c.line + "\n"))
		if len(got) != 1 || err == nil || !strings.HasPrefix(err.Error(), "capture: line 3: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d, %v", c.line, len(got), err)
		}
	}
}

// FuzzRead holds that no file panics, and that what is read is read again the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"at":"2026-06-01T01:30:02Z","connection":0,"from":"till","bytes":"6F"}`))
	f.Add(pcap(f, layers.LinkTypeRaw, packets(f, layers.LinkTypeRaw, dialogue...)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || data[0] != '{' {
			_, _ = read(data) // FuzzStreams says what holds of these
			return
		}
		first, _ := read(data)
		var lines bytes.Buffer
		for _, r := range first {
			if json.NewEncoder(&lines).Encode(r) != nil {
				return // a time that JSON has no words for
			}
		}
		again, err := read(lines.Bytes())
		if err != nil && lines.Len() > 0 || len(again) != len(first) {
			t.Errorf("%d records, then %d: %v", len(first), len(again), err)
		}
	})
}
