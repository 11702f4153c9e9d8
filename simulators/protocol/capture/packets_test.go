package capture_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/protocol/capture"
)

// What is written reads back as it was: by connection, in order, with its times, also when a record fills several segments.
func TestPcapngReadsBack(t *testing.T) {
	long := strings.Repeat("0123456789", 500)
	records := []capture.Record{
		{At: start, Connection: 7, From: capture.Till, Bytes: []byte("ask")},
		{At: start.Add(time.Second), Connection: 9, From: capture.Till, Bytes: []byte(long)},
		{At: start.Add(time.Second + time.Microsecond), Connection: 7, From: capture.Host, Bytes: []byte("answer")},
		{At: start.Add(2 * time.Second), Connection: 7, From: capture.Till, Bytes: []byte("again")},
	}
	var file bytes.Buffer
	w, err := capture.NewPackets(&file, "masked: digits are 0")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		r.Note = "swipe-sale-9"
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"masked: digits are 0", "swipe-sale-9"} {
		if !bytes.Contains(file.Bytes(), []byte(comment)) {
			t.Errorf("no comment %q", comment)
		}
	}
	got := map[int]map[capture.Side]string{}
	var times []time.Time
	if err := capture.Read(bytes.NewReader(file.Bytes()), func(r capture.Record) error {
		if r.Lost != 0 {
			t.Errorf("%d bytes are missing", r.Lost)
		}
		if got[r.Connection] == nil {
			got[r.Connection] = map[capture.Side]string{}
		}
		got[r.Connection][r.From] += string(r.Bytes)
		times = append(times, r.At.UTC())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := map[int]map[capture.Side]string{0: {capture.Till: "askagain", capture.Host: "answer"}, 1: {capture.Till: long}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if !times[0].Equal(records[0].At) || !times[len(times)-1].Equal(records[3].At) {
		t.Errorf("times %v", times)
	}
}
