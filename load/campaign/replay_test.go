package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// gap is between two orders of the recording; an answer comes in the middle of it.
const gap = 80 * time.Millisecond

// recorded has two tills of a world do business, with what crosses their lines written as NDJSON, and gives the file and what
// must be seen of it nowhere.
func recorded(t *testing.T, profile string) (file string, secrets []string) {
	t.Helper()
	p, err := rig.LoadProfile(profile)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Profile: p, Line: rig.LineMemory})
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.World(t.Context(), 1, rig.LineMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	order := func(name string, o rig.Order) {
		till, err := w.Till(name)
		if err != nil {
			t.Fatal(err)
		}
		o.By, o.PIN, o.Supervisor = rig.ByStripe, rig.PINRight, true
		if err := till.Order(o); err != nil {
			t.Fatal(err)
		}
	}
	newest := func(f pay.Flow) *rig.Crossing {
		for _, c := range slices.Backward(w.Wire) {
			if c.Flow == f && !c.Answer {
				return c
			}
		}
		t.Fatal("no " + f)
		return nil
	}
	for _, name := range []string{"T1", "T2"} {
		till, err := w.Till(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := till.SignIn(); err != nil {
			t.Fatal(err)
		}
	}
	order("T1", rig.Order{Flow: pay.Sale, Amount: pay.CNY(10_00), Who: "Alice"})
	first := newest(pay.Sale)
	order("T2", rig.Order{Flow: pay.Sale, Amount: pay.CNY(5000_00), Who: "Alice"}) // more than she has
	order("T1", rig.Order{Flow: pay.Void, Amount: pay.CNY(10_00), Who: "Alice", Original: first})
	order("T2", rig.Order{Flow: pay.PreAuth, Amount: pay.CNY(30_00), Who: "Alice"})
	order("T2", rig.Order{Flow: pay.Completion, Amount: pay.CNY(25_00), Who: "Alice", Original: newest(pay.PreAuth)})
	order("T1", rig.Order{Flow: pay.Balance, Who: "Alice"})

	framer, err := r.Dialect.Framing.Framer("")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	at, lines := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC), map[string]int{"T1": 1, "T2": 2}
	for _, c := range w.Wire {
		bytes, err := framer.Append(nil, c.Frame)
		if err != nil {
			t.Fatal(err)
		}
		side := map[bool]capture.Side{false: capture.Till, true: capture.Host}[c.Answer]
		if err := json.NewEncoder(&out).Encode(capture.Record{At: at, Connection: lines[c.Till], From: side, Bytes: bytes}); err != nil {
			t.Fatal(err)
		}
		at = at.Add(gap / 2)
	}
	file = filepath.Join(t.TempDir(), "till.ndjson")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	alice, err := w.Card("Alice")
	if err != nil {
		t.Fatal(err)
	}
	return file, []string{alice.PAN, newest(pay.Sale).Message.Get(iso8583.Track2)}
}

// played makes a workload of a capture.
func played(t *testing.T, file, dialect, more string) *load.Workload {
	t.Helper()
	text := fmt.Sprintf("name: again\npatience: 20s\nlag: 10s\nreplay: {capture: %s, dialect: %s%s}\n", file, dialect, more)
	w, err := load.ParseWorkload([]byte(text), "again.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The chains of a capture are what was recorded: which order followed which, at what time, which till, which card, what amount; each copy
// and each loop has tills and cards of its own.
func TestReplayIsWhatWasRecorded(t *testing.T) {
	file, _ := recorded(t, "embedded")
	w := played(t, file, "unionpay-pos", ", speed: 2, times: 2, loops: 3")
	if w.Tills != 2*6 || w.Cards != w.Tills { // one card in six copies, and a till has one at least
		t.Errorf("%d tills, %d cards", w.Tills, w.Cards)
	}
	p, err := w.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	dues := slices.Collect(load.Dues(p, w.Length()))
	if len(dues) != 4*6 {
		t.Fatalf("%d chains are due: %v", len(dues), dues)
	}
	type seen struct{ till, card int }
	identities := map[seen]string{}
	for n, at := range dues {
		c := w.Chain(uint64(n))
		var legs []string
		for l, leg := range c.Part.Legs {
			legs = append(legs, fmt.Sprintf("%s %s %s +%s", leg.Flow, leg.Entry, c.Amount(l), c.Offset(l)))
		}
		base := n / 2 % 4
		want := []string{
			"sale stripe 10.00 CNY +0s, void stripe 10.00 CNY +80ms",
			"sale stripe 5000.00 CNY +0s",
			"pre-auth stripe 30.00 CNY +0s, completion stripe 25.00 CNY +40ms",
			"balance stripe",
		}[base]
		if got := strings.Join(legs, ", "); !strings.HasPrefix(got, want) {
			t.Errorf("chain %d: %s, want %s", n, got, want)
		}
		loop := n / 8
		period := 6 * gap / 2 // five gaps to the last order, and one of their mean
		if want := time.Duration(loop)*period + []time.Duration{0, gap / 2, 3 * gap / 2, 5 * gap / 2}[base]; at-want > time.Microsecond || want-at > time.Microsecond {
			t.Errorf("chain %d is due at %s, want %s", n, at, want)
		}
		identity := fmt.Sprint(loop, n%2)
		id := seen{c.Till, c.Card}
		if was, ok := identities[id]; ok && was != identity {
			t.Errorf("chain %d has till and card of another copy: %v", n, id)
		}
		identities[id] = identity
	}
	total := 0.0
	for _, n := range w.Plan(time.Second).Orders {
		total += n
	}
	if total != 36 || w.DueBy(w.Length()) != 36 || w.DueBy(gap/2) != 4 {
		t.Errorf("%v orders planned, %v due by the end, %v by the second", total, w.DueBy(w.Length()), w.DueBy(gap/2))
	}
}

// What is played is approved like any order, under the host's keys; the one answer that must differ is told, and nothing of the capture's
// card is in what the run leaves.
func TestReplay(t *testing.T) {
	for profile, dialect := range map[string]string{"embedded": "unionpay-pos", "iso87-ascii": "iso87-ascii"} {
		file, secrets := recorded(t, profile)
		c := at(t, profile, false)
		c.Workload = played(t, file, dialect, ", times: 2")
		out, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		s := out.Summary
		if !out.Judged || len(out.Breaks) > 0 || s.Total.Due != 12 || s.Total.Approved != 12 {
			t.Errorf("%s: %+v, breaks %v", profile, s.Total.Counts, out.Breaks)
		}
		r := s.Replayed
		if r.Compared != 12 || r.Same != 10 || len(r.Differences) != 1 || r.Differences["sale: 00 instead of 51"] != 2 || len(r.Fields) != 0 || len(r.Examples) != 1 || r.LeftOut["sign-in"] != 2 {
			t.Errorf("%s: %s %v", profile, r.Sentence(), r.Examples)
		}
		var text bytes.Buffer
		if err := load.WriteText(&text, s); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"summary.json", "report.html"} {
			b, err := os.ReadFile(filepath.Join(c.Out, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(b, []byte("sale: 00 instead of 51")) {
				t.Errorf("%s tells no difference", name)
			}
			text.Write(b)
		}
		for _, secret := range secrets {
			if len(secret) < 13 || strings.Contains(text.String(), secret) {
				t.Errorf("%s: the capture's card is told, or unknown: %d digits", profile, len(secret))
			}
		}
	}
}

// A card of a capture comes back as a token: its first six digits, a right check digit, nothing else of it, and never the same twice.
func TestReplayKeepsBINs(t *testing.T) {
	file, secrets := recorded(t, "embedded")
	number := played(t, file, "unionpay-pos", ", times: 20, loops: 5").Fleet().PANOf
	seen := map[string]bool{}
	for n := range 2 * 20 * 5 { // one card, and two tills have one each
		pan := number(n)
		if len(pan) != 16 || seen[pan] || pan[:6] != secrets[0][:6] || pan == secrets[0] || !pay.NewPAN(pan).LuhnValid() {
			t.Errorf("card %d is %s, and was %s", n, pan, secrets[0])
		}
		seen[pan] = true
	}
}

// What an answer holds under the same code is compared too, as far as both dialects have a place for it.
func TestReplayComparesFields(t *testing.T) {
	file, _ := recorded(t, "embedded")
	c := at(t, "iso87-ascii", false)
	c.Workload = played(t, file, "unionpay-pos", "")
	out, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	r := out.Summary.Replayed
	if r.Same != 5 || r.Fields["sale 00: no type_code, network_code, read_capability, ic_condition, operator"] != 1 {
		t.Errorf("%s\n%v", r.Sentence(), r.Examples)
	}
}

// A host that answers otherwise than the recorded one is found out.
func TestReplayFindsDefects(t *testing.T) {
	file, _ := recorded(t, "embedded")
	p, err := rig.LoadProfile("embedded")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sales := strings.Join(strings.SplitAfter(string(text), "\n")[:8], "") // after two sign-ins
	if err := os.WriteFile(file, []byte(sales), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := rig.New(rig.Options{Profile: p, Line: rig.LineSocket, Defects: []string{"acquirer-wrong-amount-echo"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := Run(t.Context(), Config{Workload: played(t, file, "unionpay-pos", ""), Rig: r, Live: io.Discard, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if d := out.Summary.Replayed.Differences; d["sale: a broken answer instead of 00"] == 0 {
		t.Errorf("%v", d)
	}
}

// What cannot be played is told with its line.
func TestReplaysThatAreWrong(t *testing.T) {
	file, _ := recorded(t, "embedded")
	for more, want := range map[string]string{
		", speed: -1":      "again.yaml:2: replay.speed: -1: want a number above 0",
		", times: 1000000": "again.yaml:2: replay.times: 1000000: want 1 to 100000",
		", loops: 90000":   "180000: want 1 to 100000 tills",
	} {
		text := fmt.Sprintf("name: again\nreplay: {capture: %s, dialect: unionpay-pos%s}\n", file, more)
		if _, err := load.ParseWorkload([]byte(text), "again.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", more, err, want)
		}
	}
	for text, want := range map[string]string{
		"replay: {capture: nothing.pcap, dialect: unionpay-pos}":           "again.yaml:2: replay.capture: open nothing.pcap: no such file",
		"replay: {capture: " + file + ", dialect: morse}":                  `again.yaml:2: replay.dialect: "morse": want the name of a shipped dialect`,
		"tills: 3\nreplay: {capture: " + file + ", dialect: unionpay-pos}": "again.yaml:3: replay: mix, stages, arrivals, tills and cards are the capture's",
		"replay: {capture: " + file + ", dialect: iso87-ascii}":            "it holds no order that can be played (cannot be read×",
	} {
		if _, err := load.ParseWorkload([]byte("name: again\n"+text+"\n"), "again.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
}

// A capture of jPOS is understood as far as its flows are ours.
func TestReplayOfForeignCapture(t *testing.T) {
	for file, dialect := range map[string]string{"ascii-4digit": "jpos-ascii4", "ascii-2byte-binary-bitmap": "jpos-binary-bitmap", "bcd-tpdu": "jpos-bcd-tpdu"} {
		w := played(t, "../../fixtures/captures/"+file+".pcap", dialect, "")
		d, err := iso8583.Load(fixtures.FS, "dialects/foreign/"+dialect+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		r := w.Replayed(d)
		left := 0
		for _, n := range r.LeftOut {
			left += n
		}
		if r.Orders != 10 || left != 7 || w.Tills != 2 || r.LeftOut["reversal"] != 2 { // 17 requests; the echo names no till, and gets one
			t.Errorf("%s at %d tills with %d cards", r.Sentence(), w.Tills, w.Cards)
		}
	}
}
