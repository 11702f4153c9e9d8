package trace_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

func TestMasking(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame string // hex
		spans []trace.Span
		want  string
	}{
		{"whole bytes of digits", "0116620012345678901000", []trace.Span{{From: 10, To: 16}}, "0116620012000000901000"},
		{"starts and ends inside a byte", "123456789A", []trace.Span{{From: 3, To: 8}}, "123000009A"},
		{"one high nibble", "123456", []trace.Span{{From: 2, To: 3}}, "120456"},
		{"one low nibble", "123456", []trace.Span{{From: 3, To: 4}}, "123056"},
		{"text", "41424344", []trace.Span{{From: 2, To: 6, Text: true}}, "412a2a44"},
		{"digits", "31323334", []trace.Span{{From: 2, To: 6, Text: true, Digits: true}}, "31303034"},
		{"two spans", "123456789A", []trace.Span{{From: 0, To: 2}, {From: 8, To: 10}}, "0034567800"},
		{"spans that overlap", "FFFFFF", []trace.Span{{From: 0, To: 3}, {From: 2, To: 5}}, "00000f"},
		{"past the end", "1234", []trace.Span{{From: 2, To: 90}}, "1200"},
		{"before the start", "1234", []trace.Span{{From: -3, To: 1}}, "0234"},
		{"empty", "1234", []trace.Span{{From: 2, To: 2}}, "1234"},
		{"turned round", "1234", []trace.Span{{From: 3, To: 1}}, "1234"},
		{"none", "1234", nil, "1234"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var given []byte
			if _, err := fmt.Sscanf(c.frame, "%x", &given); err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(given)
			f := trace.NewFrame(given, c.spans)
			if got := f.String(); got != strings.ToLower(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if !bytes.Equal(given, before) {
				t.Error("the caller's bytes were masked")
			}
			clear(given)
			if got := fmt.Sprintf("%x", f.Masked()); got != strings.ToLower(c.want) {
				t.Errorf("the frame shares the caller's bytes: %s", got)
			}
			if !slices.Equal(f.Spans(), c.spans) {
				t.Errorf("spans %v", f.Spans())
			}
		})
	}
}

func TestOpaqueFrameShowsNoBytes(t *testing.T) {
	f := trace.Opaque([]byte("6200123456789010"))
	const want = "16 bytes, sha256 "
	if got := f.String(); !strings.HasPrefix(got, want) || len(got) != len(want)+16 {
		t.Errorf("printed %q", got)
	}
	if f.Masked() != nil || f.IsZero() {
		t.Error("an opaque frame has bytes, or is none")
	}
	if f.String() == trace.Opaque([]byte("6200123456789011")).String() {
		t.Error("two frames have one hash")
	}
}

// A frame forgets its secrets when it is made: no way of printing brings them back.
func TestFrameNeverPrintsItsSecret(t *testing.T) {
	secret := []byte("S3CRET")
	frame := slices.Concat([]byte("open"), secret, []byte("open"))
	masked := trace.NewFrame(frame, []trace.Span{{From: 8, To: 20, Text: true}})
	opaque := trace.Opaque(frame)
	var out bytes.Buffer
	for _, v := range []any{masked, &masked, opaque, &opaque, trace.Event{Frame: masked}, struct{ hidden trace.Frame }{masked}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		js, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(js)
	}
	for _, form := range []string{string(secret), fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), strings.Trim(fmt.Sprint(secret), "[]")} {
		if bytes.Contains(out.Bytes(), []byte(form)) {
			t.Errorf("printed %s", form)
		}
	}
}

func TestZeroFrame(t *testing.T) {
	js, err := json.Marshal(trace.Event{Party: "T1", Kind: trace.Noted})
	if err != nil || bytes.Contains(js, []byte("frame")) || !(trace.Frame{}).IsZero() {
		t.Errorf("an event without a frame is %s, %v", js, err)
	}
}

func TestRecorder(t *testing.T) {
	var seen []trace.Event
	r := trace.NewRecorder(func(e trace.Event) { seen = append(seen, e) })
	r.Record(trace.Event{At: sim.Start, Party: "T1", Kind: trace.Sent, Peer: "host", Name: "sale", Frame: trace.NewFrame([]byte{0x12}, []trace.Span{{From: 0, To: 1}})})
	r.Record(trace.Event{At: sim.Start, Party: "acquirer", Kind: trace.Decided, Seq: 99})
	r.Consult("acquirer/mac")
	r.Consult("acquirer/duplicate")
	r.Consult("acquirer/mac")
	if got := r.Consulted(); !slices.Equal(got, []string{"acquirer/duplicate", "acquirer/mac"}) {
		t.Errorf("consulted %q", got)
	}
	if len(seen) != 2 || seen[1].Seq != 2 {
		t.Errorf("the watcher saw %v", seen)
	}
	var out bytes.Buffer
	n, err := r.WriteTo(&out)
	const want = `{"seq":1,"at":"2026-06-01T09:30:00+08:00","party":"T1","kind":"sent","peer":"host","name":"sale","frame":"02"}
{"seq":2,"at":"2026-06-01T09:30:00+08:00","party":"acquirer","kind":"decided"}
`
	if err != nil || out.String() != want || n != int64(len(want)) {
		t.Errorf("wrote %d bytes, %v:\n%swant\n%s", n, err, &out, want)
	}
	events := r.Events()
	events[0].Party = "changed"
	if r.Events()[0].Party != "T1" {
		t.Error("Events gives its own list away")
	}
}

func TestWriteToTellsOfABrokenWriter(t *testing.T) {
	r := trace.NewRecorder(nil)
	r.Record(trace.Event{})
	broken, writer := io.Pipe()
	_ = broken.CloseWithError(io.ErrShortWrite)
	if _, err := r.WriteTo(writer); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}

func TestNilRecorderRecordsNothing(t *testing.T) {
	var r *trace.Recorder
	r.Record(trace.Event{})
	r.Consult("x")
	if n, err := r.WriteTo(io.Discard); len(r.Events()) != 0 || len(r.Consulted()) != 0 || n != 0 || err != nil {
		t.Error("a nil recorder holds something")
	}
}

func TestRecorderFromGoroutines(t *testing.T) {
	var mu sync.Mutex
	watched := 0
	r := trace.NewRecorder(func(trace.Event) { mu.Lock(); watched++; mu.Unlock() })
	const parties, each = 8, 50
	var all sync.WaitGroup
	for p := range parties {
		all.Go(func() {
			for i := range each {
				r.Record(trace.Event{Party: fmt.Sprint(p), Text: fmt.Sprint(i)})
				r.Consult(fmt.Sprint(p))
				_ = len(r.Events()) + len(r.Consulted())
			}
		})
	}
	all.Wait()
	next := map[string]int{}
	for i, e := range r.Events() {
		if e.Seq != i+1 || e.Text != fmt.Sprint(next[e.Party]) {
			t.Fatalf("event %d is %+v", i, e)
		}
		next[e.Party]++
	}
	if len(next) != parties || watched != parties*each || len(r.Consulted()) != parties {
		t.Errorf("%d parties, %d watched, %d consulted", len(next), watched, len(r.Consulted()))
	}
}

func TestKeepBoundsTheHistory(t *testing.T) {
	r := trace.NewRecorder(nil)
	r.Keep(10)
	for range 1000 {
		r.Record(trace.Event{})
	}
	events := r.Events()
	if n := len(events); n < 10 || n >= 20 {
		t.Errorf("%d events are kept, want 10 to 19", n)
	}
	for i, e := range events {
		if want := 1000 - len(events) + i + 1; e.Seq != want {
			t.Fatalf("event %d has number %d, want %d", i, e.Seq, want)
		}
	}
}
