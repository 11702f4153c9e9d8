package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// line is an injector with messages to send through it.
type line struct {
	testing.TB
	*fault.Injector
	dialect *iso8583.Dialect
	framer  wire.Framer
}

func newLine(t testing.TB, change ...func(*fault.Config)) *line {
	t.Helper()
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := fault.Config{Dialect: d}
	for _, f := range change {
		f(&c)
	}
	i, err := fault.New(c)
	if err != nil {
		t.Fatal(err)
	}
	framer, err := d.Framing.ServerFramer()
	if err != nil {
		t.Fatal(err)
	}
	return &line{t, i, d, framer}
}

// sum stands in for a MAC: eight hex characters that depend on every byte.
func sum(input []byte) ([]byte, error) {
	n := uint32(1)
	for _, b := range input {
		n = n*31 + uint32(b)
	}
	return fmt.Appendf(nil, "%08X", n), nil
}

// request makes a sealed request of that flow and trace.
func (l *line) request(f pay.Flow, number int) *iso8583.Message {
	l.Helper()
	m := l.dialect.NewRequest(f)
	m.Set(iso8583.Trace, fmt.Sprintf("%06d", number))
	m.Set(iso8583.Amount, "000000001000")
	m.Set(iso8583.Terminal, "10000001")
	m.Set(iso8583.Merchant, "898320548160001")
	return l.sealed(m)
}

func (l *line) answer(request *iso8583.Message) *iso8583.Message {
	l.Helper()
	m := l.dialect.NewAnswer(request)
	m.Set(iso8583.AnswerCode, "00")
	return l.sealed(m)
}

func (l *line) sealed(m *iso8583.Message) *iso8583.Message {
	l.Helper()
	if _, err := l.dialect.Seal(nil, m, sum); err != nil {
		l.Fatal(err)
	}
	return m
}

func (l *line) framed(m *iso8583.Message) []byte {
	l.Helper()
	b, err := l.framer.Append(nil, m.Frame())
	if err != nil {
		l.Fatal(err)
	}
	return b
}

func (l *line) arm(rules ...fault.Rule) {
	l.Helper()
	for _, r := range rules {
		if err := l.Arm(r); err != nil {
			l.Fatal(err)
		}
	}
}

func (l *line) pass(where string, direction fault.Direction, m *iso8583.Message) fault.Delivery {
	l.Helper()
	d, err := l.Frame(sim.Start, where, direction, l.framed(m))
	if err != nil {
		l.Fatal(err)
	}
	return d
}

// decoded reads the one whole frame that a delivery brings.
func (l *line) decoded(d fault.Delivery) *iso8583.Message {
	l.Helper()
	if len(d.Pieces) != 1 {
		l.Fatalf("%d pieces, want 1", len(d.Pieces))
	}
	frame, n, err := l.framer.Next(d.Pieces[0].Bytes)
	if err != nil || n != len(d.Pieces[0].Bytes) {
		l.Fatalf("the piece is not one frame: %v", err)
	}
	m := l.dialect.New()
	if err := l.dialect.Decode(m, frame); err != nil {
		l.Fatal(err)
	}
	return m
}

// macHolds tells that the MAC of a message is that of its bytes.
func (l *line) macHolds(m *iso8583.Message) bool {
	input, mac := l.dialect.MACInput(m)
	want, _ := sum(input)
	return bytes.Equal(mac, want)
}

// piece is so much of a framed message.
type piece struct {
	From, To int
	After    time.Duration
}

func byteAfterByte(n int, every time.Duration) (all []piece) {
	for i := range n {
		all = append(all, piece{i, i + 1, time.Duration(i+1) * every})
	}
	return all
}

// TestShapes holds how each fault lets an answer arrive: pieces of the framed bytes by their bounds, and the delay of each.
func TestShapes(t *testing.T) {
	plain := newLine(t)
	whole := len(plain.framed(plain.answer(plain.request(pay.Sale, 2))))
	for _, c := range []struct {
		name   string
		do     fault.Fault
		pieces []piece
		cut    bool
		event  string
	}{
		{"lose", fault.Fault{Kind: fault.Lose}, nil, false, "is lost"},
		{"delay", fault.Fault{Kind: fault.Delay, Delay: 90 * time.Second}, []piece{{0, whole, 90 * time.Second}}, false, "is delayed"},
		{"duplicate", fault.Fault{Kind: fault.Duplicate}, []piece{{0, whole, 0}, {0, whole, 0}}, false, "is delivered twice"},
		{"duplicate later", fault.Fault{Kind: fault.Duplicate, Delay: time.Second}, []piece{{0, whole, 0}, {0, whole, time.Second}}, false, "is delivered twice"},
		{"hang up", fault.Fault{Kind: fault.HangUp}, nil, true, "is cut off before its first byte"},
		{"cut in half", fault.Fault{Kind: fault.Cut}, []piece{{0, whole / 2, 0}}, true, "is cut in the middle"},
		{"cut after 5", fault.Fault{Kind: fault.Cut, Bytes: 5}, []piece{{0, 5, 0}}, true, "is cut in the middle"},
		{"pieces", fault.Fault{Kind: fault.Fragment, Bytes: 40, Delay: time.Second},
			[]piece{{0, 40, 0}, {40, whole, time.Second}}, false, "is delivered in small pieces"},
		{"silence", fault.Fault{Kind: fault.Silence}, nil, false, "is swallowed by a silent line"},
		{"coalesce", fault.Fault{Kind: fault.Coalesce}, nil, false, "waits for the next frame"},
		{"reorder", fault.Fault{Kind: fault.Reorder}, nil, false, "is overtaken by the next one"},
		{"half-open", fault.Fault{Kind: fault.HalfOpen}, nil, false, "is lost on a connection that is open at one end only"},
		{"reset", fault.Fault{Kind: fault.Reset}, nil, true, "meets a reset"},
		{"bandwidth", fault.Fault{Kind: fault.Bandwidth, Bytes: 400}, []piece{{0, 40, 100 * time.Millisecond}, {40, whole, 200 * time.Millisecond}}, false, "trickles in"},
		{"bandwidth of 3", fault.Fault{Kind: fault.Bandwidth, Bytes: 3}, byteAfterByte(whole, time.Second/3), false, "trickles in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLine(t)
			l.arm(fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Nth: 1, Do: c.do})
			request := l.request(pay.Sale, 2)
			answer := l.answer(request)
			passed(l, l.pass("T1", fault.Request, request), request)
			got := l.pass("T1", fault.Answer, answer)
			var want []fault.Piece
			for _, p := range c.pieces {
				want = append(want, fault.Piece{Bytes: l.framed(answer)[p.From:p.To], After: p.After})
			}
			if diff := cmp.Diff(want, got.Pieces); diff != "" || got.Cut != c.cut {
				t.Errorf("cut %v, want %v; pieces (-want +got):\n%s", got.Cut, c.cut, diff)
			}
			event := []trace.Event{{At: sim.Start, Party: "line", Kind: trace.Injected, Peer: "T1", Name: string(c.do.Kind),
				Text: "the answer to a sale, trace 000002 " + c.event}}
			if diff := cmp.Diff(event, got.Injected, cmp.Comparer(func(a, b trace.Frame) bool { return a.String() == b.String() })); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// passed checks that a message came through untouched and unmentioned.
func passed(l *line, d fault.Delivery, m *iso8583.Message) {
	l.Helper()
	want := []fault.Piece{{Bytes: l.framed(m)}}
	if diff := cmp.Diff(want, d.Pieces); diff != "" || d.Cut || d.Injected != nil {
		l.Errorf("cut %v, events %v, pieces (-want +got):\n%s", d.Cut, d.Injected, diff)
	}
}

func TestEveryByteAlone(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.Fragment}})
	request := l.request(pay.Sale, 2)
	got := l.pass("T1", fault.Request, request)
	var joined []byte
	for _, p := range got.Pieces {
		if len(p.Bytes) != 1 {
			t.Fatalf("a piece of %d bytes", len(p.Bytes))
		}
		joined = append(joined, p.Bytes...)
	}
	if !bytes.Equal(joined, l.framed(request)) {
		t.Errorf("the pieces join to %X", joined)
	}
}

func TestJoined(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Nth: 1, Do: fault.Fault{Kind: fault.Duplicate, Joined: true}},
		fault.Rule{Nth: 2, Do: fault.Fault{Kind: fault.Coalesce}})
	first, second, third := l.request(pay.Sale, 2), l.request(pay.Sale, 3), l.request(pay.Sale, 4)
	for i, c := range []struct {
		send *iso8583.Message
		want []fault.Piece
	}{
		{first, []fault.Piece{{Bytes: append(l.framed(first), l.framed(first)...)}}},
		{second, nil},
		{third, []fault.Piece{{Bytes: append(l.framed(second), l.framed(third)...)}}},
		{first, []fault.Piece{{Bytes: l.framed(first)}}},
	} {
		if diff := cmp.Diff(c.want, l.pass("T1", fault.Request, c.send).Pieces); diff != "" {
			t.Errorf("frame %d (-want +got):\n%s", i+1, diff)
		}
	}
}

// TestChanges holds what each spoiling fault does to a message, and whether its MAC still holds.
func TestChanges(t *testing.T) {
	setAmount := func(m *iso8583.Message) error { m.Set(iso8583.Amount, "000000000001"); return nil }
	for _, c := range []struct {
		name    string
		do      fault.Fault
		element iso8583.Element
		want    string
		mac     bool
	}{
		{"change", fault.Fault{Kind: fault.Change, Edit: setAmount}, iso8583.Amount, "000000000001", false},
		{"corrupt", fault.Fault{Kind: fault.Corrupt, Element: iso8583.Amount}, iso8583.Amount, "000000001001", false},
		{"wrong echo", fault.Fault{Kind: fault.WrongEcho, Element: iso8583.Trace}, iso8583.Trace, "000003", true},
		{"wrong type", fault.Fault{Kind: fault.WrongMTI, Value: "0400"}, iso8583.Amount, "000000001000", true},
		{"missing", fault.Fault{Kind: fault.Missing, Element: iso8583.Amount}, iso8583.Amount, "", true},
		{"extra", fault.Fault{Kind: fault.Extra, Element: iso8583.AuthCode, Value: "123456"}, iso8583.AuthCode, "123456", true},
		{"bit", fault.Fault{Kind: fault.BitError, Bytes: 30}, iso8583.Amount, "000000001001", false},
		{"another terminal", fault.Fault{Kind: fault.WrongEcho, Element: iso8583.Terminal}, iso8583.Terminal, "10000002", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l *line
			l = newLine(t, func(config *fault.Config) {
				config.Reseal = func(_ string, m *iso8583.Message) error {
					_, err := l.dialect.Seal(nil, m, sum)
					return err
				}
			})
			l.arm(fault.Rule{Direction: fault.Request, Flow: pay.Sale, Do: c.do})
			m := l.decoded(l.pass("T1", fault.Request, l.request(pay.Sale, 2)))
			if got := m.Get(c.element); got != c.want || l.macHolds(m) != c.mac {
				t.Errorf("%s is %s, MAC holds: %v; want %s, %v", c.element, got, l.macHolds(m), c.want, c.mac)
			}
		})
	}
}

// TestOtherType holds that a message whose type is wrong has one that nobody knows, of the same function, unless a rule says which.
func TestOtherType(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Flow: pay.Sale, Do: fault.Fault{Kind: fault.WrongMTI}})
	request := l.request(pay.Sale, 2)
	m := l.decoded(l.pass("T1", fault.Request, request))
	if _, _, known := l.dialect.Identify(m); known || m.MTI() == "0200" || m.MTI()[2:] != "00" {
		t.Errorf("the type is %s, known: %v", m.MTI(), known)
	}
}

// TestUnknownTag holds that the chip data have one object more, and nothing less.
func TestUnknownTag(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.UnknownTag}})
	request := l.request(pay.Sale, 2)
	if _, err := l.Frame(sim.Start, "T1", fault.Request, l.framed(request)); err == nil || !strings.Contains(err.Error(), "carries no chip") {
		t.Errorf("without chip data: %v", err)
	}
	const chip = "\x9F\x26\x08ABCDEFGH"
	request.Set(iso8583.Chip, chip)
	if _, err := l.dialect.Encode(nil, request); err != nil {
		t.Fatal(err)
	}
	if got := l.decoded(l.pass("T1", fault.Request, request)).Get(iso8583.Chip); !strings.HasSuffix(got, chip) || got == chip {
		t.Errorf("the chip data are %X", got)
	}
}

// TestOrder holds what replay, reorder and unsolicited let arrive: sales by their trace number, each way and each line for itself.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		rule fault.Rule
		want string
	}{
		{"replay", fault.Rule{Nth: 2, Do: fault.Fault{Kind: fault.Replay}}, "113"},
		{"reorder", fault.Rule{Nth: 2, Do: fault.Fault{Kind: fault.Reorder}}, "1 32"},
		{"unsolicited", fault.Rule{Nth: 2, Do: fault.Fault{Kind: fault.Unsolicited}}, "1323"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLine(t)
			c.rule.Direction, c.rule.Flow = fault.Request, pay.Sale
			l.arm(c.rule)
			got := ""
			for n := 1; n <= 3; n++ {
				l.pass("T2", fault.Request, l.request(pay.Balance, 9))
				l.pass("T1", fault.Answer, l.answer(l.request(pay.Sale, 9)))
				d := l.pass("T1", fault.Request, l.request(pay.Sale, n))
				if len(d.Pieces) == 0 {
					got += " "
				}
				for _, piece := range d.Pieces {
					got += strings.TrimLeft(l.decoded(fault.Delivery{Pieces: []fault.Piece{piece}}).Get(iso8583.Trace), "0")
				}
			}
			if got != c.want {
				t.Errorf("%q arrived, want %q", got, c.want)
			}
		})
	}
	l := newLine(t)
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.Replay}})
	if _, err := l.Frame(sim.Start, "T1", fault.Request, l.framed(l.request(pay.Sale, 1))); err == nil {
		t.Error("what was never sent was sent again")
	}
}

// TestHalfOpen holds that a new connection works, and that no other line is touched.
func TestHalfOpen(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Where: "T1", Direction: fault.Request, Nth: 1, Do: fault.Fault{Kind: fault.HalfOpen}})
	request := l.request(pay.Sale, 2)
	if len(l.pass("T1", fault.Request, request).Pieces)+len(l.pass("T1", fault.Answer, request).Pieces)+len(l.pass("T1", fault.Request, request).Pieces) > 0 {
		t.Error("something passed")
	}
	passed(l, l.pass("T2", fault.Request, request), request)
	l.Connect(sim.Start, "T1")
	passed(l, l.pass("T1", fault.Request, request), request)
}

// TestJitter holds that delays are drawn up to what the rule says.
func TestJitter(t *testing.T) {
	jitter := fault.Rule{Do: fault.Fault{Kind: fault.Jitter, Delay: time.Second}}
	if newLine(t).Arm(jitter) == nil {
		t.Error("armed without chance")
	}
	l := newLine(t, func(c *fault.Config) { c.Random = rand.New(rand.NewPCG(1, 2)) })
	l.arm(jitter)
	least, most := time.Hour, time.Duration(0)
	for n := range 200 {
		after := l.pass("T1", fault.Request, l.request(pay.Sale, n)).Pieces[0].After
		least, most = min(least, after), max(most, after)
	}
	if least > 50*time.Millisecond || most < 950*time.Millisecond || most > time.Second {
		t.Errorf("delays from %v to %v", least, most)
	}
}

// TestBehind holds that what follows a slow frame waits for it, and not on a new connection.
func TestBehind(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Nth: 1, Do: fault.Fault{Kind: fault.Bandwidth, Bytes: 50}})
	request := l.request(pay.Sale, 2)
	slow := l.pass("T1", fault.Request, request).Pieces
	next := l.pass("T1", fault.Request, request).Pieces
	if len(next) != 1 || next[0].After != slow[len(slow)-1].After {
		t.Errorf("the next one comes after %v, the slow one is there after %v", next[0].After, slow[len(slow)-1].After)
	}
	l.Connect(sim.Start, "T1")
	passed(l, l.pass("T1", fault.Request, request), request)
}

func TestWrongMAC(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Nth: 1, Do: fault.Fault{Kind: fault.WrongMAC}})
	request := l.request(pay.Sale, 2)
	if !l.macHolds(l.decoded(l.pass("T1", fault.Answer, request))) {
		t.Fatal("an answer to nothing was struck, or the test's MAC never holds")
	}
	m := l.decoded(l.pass("T1", fault.Request, request))
	if l.macHolds(m) || m.Get(iso8583.Amount) != request.Get(iso8583.Amount) {
		t.Error("want a wrong MAC and nothing else")
	}
}

// TestWrongEchoUnsealed holds that without keys the MAC is left as it was.
func TestWrongEchoUnsealed(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.WrongEcho, Element: iso8583.Trace}})
	request := l.request(pay.Sale, 2)
	m := l.decoded(l.pass("T1", fault.Request, request))
	if m.Get(iso8583.Trace) != "000003" || m.Get(iso8583.MAC) != request.Get(iso8583.MAC) {
		t.Errorf("trace %s, MAC %s", m.Get(iso8583.Trace), m.Get(iso8583.MAC))
	}
}

func TestUnreadable(t *testing.T) {
	for _, c := range []struct {
		do    fault.Fault
		field func(*iso8583.DecodeError) bool
	}{
		{fault.Fault{Kind: fault.Undecodable}, func(e *iso8583.DecodeError) bool { return strings.HasPrefix(e.Field, "F") }},
		{fault.Fault{Kind: fault.Garbage}, func(*iso8583.DecodeError) bool { return true }},
	} {
		t.Run(string(c.do.Kind), func(t *testing.T) {
			l := newLine(t)
			l.arm(fault.Rule{Do: c.do})
			request := l.request(pay.Sale, 2)
			framed := l.pass("T1", fault.Request, request).Pieces[0].Bytes
			frame, n, err := l.framer.Next(framed)
			if err != nil || n != len(l.framed(request)) {
				t.Fatalf("the framing broke: %d bytes, %v", n, err)
			}
			var wrong *iso8583.DecodeError
			if err := l.dialect.Decode(l.dialect.New(), frame); !errors.As(err, &wrong) || !c.field(wrong) {
				t.Errorf("decoding says %v", err)
			}
		})
	}
}

func TestAnnounce(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.Announce, Bytes: 60000}})
	request := l.request(pay.Sale, 2)
	want := append([]byte{60000 >> 8, 60000 & 0xFF}, request.Frame()...)
	if got := l.pass("T1", fault.Request, request).Pieces[0].Bytes; !bytes.Equal(got, want) {
		t.Errorf("got %X\nwant %X", got, want)
	}
}

// TestCounting holds which transmission a number means.
func TestCounting(t *testing.T) {
	lose := fault.Fault{Kind: fault.Lose}
	for _, c := range []struct {
		name string
		rule fault.Rule
		want string // the lost ones of: T1 signs in (i), T1 sells (a), T2 sells (b), T1 repeats its sale (c), T1 reverses (r); capitals are answers
	}{
		{"2nd sale of any till", fault.Rule{Direction: fault.Request, Flow: pay.Sale, Nth: 2, Do: lose}, "b"},
		{"2nd sale of T1 is its repeat", fault.Rule{Where: "T1", Direction: fault.Request, Flow: pay.Sale, Nth: 2, Do: lose}, "c"},
		{"answer to the 2nd sale", fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Nth: 2, Do: lose}, "B"},
		{"answer to the repeat", fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Nth: 3, Do: lose}, "C"},
		{"every sale", fault.Rule{Direction: fault.Request, Flow: pay.Sale, Do: lose}, "abc"},
		{"the 1st reversal, both ways", fault.Rule{Flow: pay.Reversal, Nth: 1, Do: lose}, "r"},
		{"everything on T2", fault.Rule{Where: "T2", Do: lose}, "bB"},
		{"the 4th request of any kind", fault.Rule{Direction: fault.Request, Nth: 4, Do: lose}, "c"},
		{"silence from the 2nd sale on, both ways", fault.Rule{Flow: pay.Sale, Nth: 2, Do: fault.Fault{Kind: fault.Silence}}, "bBcCrR"},
		{"silence of one line", fault.Rule{Where: "T1", Flow: pay.Sale, Nth: 1, Do: fault.Fault{Kind: fault.Silence}}, "aAcCrR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLine(t)
			got := ""
			for n, s := range []struct {
				name  string
				where string
				m     *iso8583.Message
			}{
				{"i", "T1", l.request(pay.SignIn, 1)},
				{"a", "T1", l.request(pay.Sale, 2)},
				{"b", "T2", l.request(pay.Sale, 2)},
				{"c", "T1", l.request(pay.Sale, 2)},
				{"r", "T1", l.request(pay.Reversal, 2)},
			} {
				if n == 1 { // the sign-in is counted though no rule is there yet
					l.arm(c.rule)
				}
				if len(l.pass(s.where, fault.Request, s.m).Pieces) == 0 {
					got += s.name
				}
				if len(l.pass(s.where, fault.Answer, l.answer(s.m)).Pieces) == 0 {
					got += strings.ToUpper(s.name)
				}
			}
			if got != c.want {
				t.Errorf("lost %q, want %q", got, c.want)
			}
		})
	}
}

func TestConnect(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Where: "T1", Direction: fault.Connect, Nth: 2, Do: fault.Fault{Kind: fault.Refuse}},
		fault.Rule{Direction: fault.Connect, Nth: 4, Do: fault.Fault{Kind: fault.Delay, Delay: time.Second}})
	for i, c := range []struct {
		where string
		want  fault.Opening
	}{
		{"T1", fault.Opening{}},
		{"T2", fault.Opening{}},
		{"T1", fault.Opening{Refused: true}},
		{"T1", fault.Opening{After: time.Second}},
		{"T1", fault.Opening{}},
	} {
		got := l.Connect(sim.Start, c.where)
		if told := len(got.Injected) == 1; told != (c.want.Refused || c.want.After > 0) {
			t.Errorf("connection %d: events %v", i+1, got.Injected)
		}
		if got.Refused != c.want.Refused || got.After != c.want.After {
			t.Errorf("connection %d: got %+v, want %+v", i+1, got, c.want)
		}
	}
}

func TestClearAndWaiting(t *testing.T) {
	l := newLine(t)
	never := fault.Rule{Direction: fault.Request, Flow: pay.Sale, Nth: 9, Do: fault.Fault{Kind: fault.Lose}}
	l.arm(never, fault.Rule{Direction: fault.Request, Nth: 1, Do: fault.Fault{Kind: fault.Silence}},
		fault.Rule{Direction: fault.Connect, Do: fault.Fault{Kind: fault.Refuse}})
	request := l.request(pay.Sale, 2)
	if d := l.pass("T1", fault.Request, request); len(d.Pieces) > 0 {
		t.Fatal("the line is not silent")
	}
	if got := l.Waiting(); len(got) != 1 || got[0].Nth != never.Nth {
		t.Errorf("waiting: %v, want the 9th sale", got)
	}
	l.Clear()
	if got := l.Waiting(); len(got) != 0 {
		t.Errorf("waiting after Clear: %v", got)
	}
	passed(l, l.pass("T1", fault.Request, request), request)
	if l.Connect(sim.Start, "T1").Refused {
		t.Error("refused after Clear")
	}
}

// TestTogether holds that several rules on one frame act in the order they were armed.
func TestTogether(t *testing.T) {
	l := newLine(t)
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.Delay, Delay: time.Second}},
		fault.Rule{Do: fault.Fault{Kind: fault.Duplicate}},
		fault.Rule{Do: fault.Fault{Kind: fault.Corrupt, Element: iso8583.Amount}},
		fault.Rule{Do: fault.Fault{Kind: fault.Corrupt, Element: iso8583.Amount}})
	request := l.request(pay.Sale, 2)
	got := l.pass("T1", fault.Request, request)
	request.Set(iso8583.Amount, "000000001002")
	if _, err := l.dialect.Encode(nil, request); err != nil {
		t.Fatal(err)
	}
	want := []fault.Piece{{l.framed(request), time.Second}, {l.framed(request), time.Second}}
	if diff := cmp.Diff(want, got.Pieces); diff != "" || len(got.Injected) != 4 {
		t.Errorf("%d events; pieces (-want +got):\n%s", len(got.Injected), diff)
	}
}

// TestShareAndLabel holds that a share strikes about so often, that what struck says whose rule it was, and that a label's rules go together.
func TestShareAndLabel(t *testing.T) {
	if err := newLine(t).Arm(fault.Rule{Share: 0.5, Do: fault.Fault{Kind: fault.Lose}}); err == nil {
		t.Error("a share without chance was armed")
	}
	l := newLine(t, func(c *fault.Config) { c.Random = rand.New(rand.NewPCG(1, 2)) })
	for _, r := range []fault.Rule{{Share: 1.1}, {Share: -0.1}, {Share: 0.5, Nth: 2}} {
		if r.Do.Kind = fault.Lose; l.Arm(r) == nil {
			t.Errorf("armed: share %g, number %d", r.Share, r.Nth)
		}
	}
	l.arm(fault.Rule{Direction: fault.Request, Share: 0.1, Do: fault.Fault{Kind: fault.Lose}, Label: "tenth"},
		fault.Rule{Direction: fault.Request, Nth: 1500, Do: fault.Fault{Kind: fault.Silence}, Label: "hush"})
	struck := map[string]int{}
	for n := range 2000 {
		for _, r := range l.pass("T1", fault.Request, l.request(pay.Sale, n)).Struck {
			struck[r.Label]++
		}
	}
	if n := struck["tenth"]; n < 110 || n > 190 || struck["hush"] != 501 {
		t.Errorf("of 1499 and 501 frames were struck: %v", struck)
	}
	l.Disarm("hush")
	l.Disarm("tenth")
	for n := range 100 {
		m := l.request(pay.Sale, n)
		passed(l, l.pass("T1", fault.Request, m), m)
	}
}

// TestCorruptPlace holds that a random stream chooses the place, and only the place.
func TestCorruptPlace(t *testing.T) {
	l := newLine(t, func(c *fault.Config) { c.Random = rand.New(rand.NewPCG(1, 2)) })
	l.arm(fault.Rule{Do: fault.Fault{Kind: fault.Corrupt, Element: iso8583.Amount}})
	places := map[int]bool{}
	for range 50 {
		request := l.request(pay.Sale, 2)
		was, is := request.Get(iso8583.Amount), l.decoded(l.pass("T1", fault.Request, request)).Get(iso8583.Amount)
		differ := 0
		for i := range was {
			if was[i] != is[i] {
				differ++
				places[i] = true
			}
		}
		if differ != 1 {
			t.Fatalf("%s became %s", was, is)
		}
	}
	if len(places) < 6 {
		t.Errorf("only %d places of 12 in 50 draws", len(places))
	}
}

// TestCannot holds that a fault which cannot be made is an error: a scenario must not go on without it.
func TestCannot(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     fault.Fault
		framed []byte // nil: a sale
		want   string
	}{
		{"no such element", fault.Fault{Kind: fault.Corrupt, Element: iso8583.RRN}, nil, "fault corrupt on a sale, trace 000002: the message carries no rrn"},
		{"unreadable", fault.Fault{Kind: fault.WrongMAC}, []byte{0, 1, 0x60}, "fault wrong-mac on an unreadable request: the message cannot be read, so nothing in it can be changed"},
		{"not a frame", fault.Fault{Kind: fault.Garbage}, []byte{0}, "fault garbage on an unreadable request: the bytes are not one frame"},
		{"refused edit", fault.Fault{Kind: fault.Change, Edit: func(*iso8583.Message) error { return errors.New("no") }}, nil, "fault change on a sale, trace 000002: no"},
		{"length too long", fault.Fault{Kind: fault.Announce, Bytes: 70000}, nil, "fault announce on a sale, trace 000002: frame of 70000 bytes over the limit of 65535"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLine(t)
			l.arm(fault.Rule{Do: c.do})
			framed := c.framed
			if framed == nil {
				framed = l.framed(l.request(pay.Sale, 2))
			}
			if _, err := l.Frame(sim.Start, "T1", fault.Request, framed); err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestArmRefuses(t *testing.T) {
	for _, c := range []struct {
		rule fault.Rule
		want string
	}{
		{fault.Rule{Do: fault.Fault{Kind: "explode"}}, `fault "explode": there is no such kind`},
		{fault.Rule{Direction: fault.Connect, Do: fault.Fault{Kind: fault.Lose}}, "fault lose: cannot be done to a connection"},
		{fault.Rule{Do: fault.Fault{Kind: fault.Refuse}}, "fault refuse: can only be done to a connection"},
		{fault.Rule{Direction: fault.Connect, Flow: pay.Sale, Do: fault.Fault{Kind: fault.Refuse}}, "fault refuse: a connection has no flow, yet the rule names sale"},
		{fault.Rule{Nth: -1, Do: fault.Fault{Kind: fault.Lose}}, "fault lose: negative number, bytes or delay"},
		{fault.Rule{Do: fault.Fault{Kind: fault.Delay}}, "fault delay: want how long"},
		{fault.Rule{Do: fault.Fault{Kind: fault.Change}}, "fault change: want an edit"},
		{fault.Rule{Do: fault.Fault{Kind: fault.Corrupt}}, "fault corrupt: want an element"},
	} {
		if err := newLine(t).Arm(c.rule); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if k, err := fault.ParseKind("wrong-mac"); k != fault.WrongMAC || err != nil || k.Note() != "changed" {
		t.Errorf("wrong-mac: %q, %v", k, err)
	}
	if _, err := fault.ParseKind("explode"); err == nil {
		t.Error("explode was taken")
	}
}
