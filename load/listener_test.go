package load

import (
	"bytes"
	"io/fs"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// FuzzListen holds that no bytes of a capture panic, and that what is made of them is due in order and numbered like an array.
func FuzzListen(f *testing.F) {
	b, err := fs.ReadFile(fixtures.FS, "captures/ascii-4digit.pcap")
	if err != nil {
		f.Fatal(err)
	}
	if err := capture.Read(bytes.NewReader(b), func(r capture.Record) error {
		f.Add([]byte(r.Bytes), r.From == capture.Host, int64(7))
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	d, err := iso8583.Load(fixtures.FS, "dialects/foreign/jpos-ascii4.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, host bool, gap int64) {
		w := &Workload{Balance: standardBalance, Replay: &Recording{Speed: 3, Times: 2, Loops: 2}}
		l, err := newListener(w, d)
		if err != nil {
			t.Fatal(err)
		}
		side := map[bool]capture.Side{false: capture.Till, true: capture.Host}[host]
		for i := range 3 {
			at := time.Unix(1_780_000_000, 0).Add(time.Duration(i) * time.Duration(gap%1e15))
			if err := l.take(capture.Record{At: at, From: side, Bytes: b}); err != nil {
				t.Fatal(err)
			}
		}
		r := w.Replay
		if r.chains, r.tills = l.chains, len(l.tills); len(r.chains) == 0 || r.settle() != nil {
			return
		}
		p, err := w.Pacer()
		if err != nil {
			t.Fatal(err)
		}
		n, before := uint64(0), time.Duration(0)
		for at := range Dues(p, w.Length()) {
			if c := w.Chain(n); c.Till >= 4*r.tills || at < before {
				t.Fatalf("chain %d of till %d is due at %s, after %s", n, c.Till, at, before)
			}
			n, before = n+1, at
		}
		if n != 4*uint64(len(r.chains)) {
			t.Errorf("%d chains of four times %d are due", n, len(r.chains))
		}
	})
}
