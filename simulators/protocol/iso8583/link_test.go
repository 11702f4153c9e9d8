package iso8583_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// bench is a link on a table: scripted events go in, what it wants done comes out in words.
type bench struct {
	testing.TB
	dialect *iso8583.Dialect
	link    *iso8583.Link
	out     iso8583.LinkActions
	now     time.Time
}

func newBench(t testing.TB, c iso8583.Connection) *bench {
	t.Helper()
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	if err != nil {
		t.Fatal(err)
	}
	link, err := iso8583.NewLink(iso8583.LinkConfig{Dialect: d, Connection: c,
		Timers: iso8583.Timers{Connect: 20 * time.Second, Answer: 60 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{TB: t, dialect: d, link: link, now: sim.Start}
}

// request makes an encoded request of that flow and trace from terminal 10000001.
func (b *bench) request(f pay.Flow, trace int) *iso8583.Message {
	b.Helper()
	m := b.dialect.NewRequest(f)
	m.Set(iso8583.Trace, fmt.Sprintf("%06d", trace))
	m.Set(iso8583.Terminal, "10000001")
	m.Set(iso8583.Merchant, "898320548160001")
	return b.encoded(m)
}

// answer makes the encoded answer to a request, approved.
func (b *bench) answer(request *iso8583.Message) *iso8583.Message {
	b.Helper()
	m := b.dialect.NewAnswer(request)
	m.Set(iso8583.AnswerCode, "00")
	return b.encoded(m)
}

func (b *bench) encoded(m *iso8583.Message) *iso8583.Message {
	b.Helper()
	if _, err := b.dialect.Encode(nil, m); err != nil {
		b.Fatal(err)
	}
	return m
}

// framed gives messages as they stand on the wire.
func (b *bench) framed(messages ...*iso8583.Message) []byte {
	b.Helper()
	framer, err := b.dialect.Framing.ServerFramer()
	if err != nil {
		b.Fatal(err)
	}
	var stream []byte
	for _, m := range messages {
		if stream, err = framer.Append(stream, m.Frame()); err != nil {
			b.Fatal(err)
		}
	}
	return stream
}

func (b *bench) step(e iso8583.LinkEvent) []iso8583.LinkAction {
	b.link.Step(b.now, e, &b.out)
	return b.out.All()
}

// part tells that n bytes of the answer to a request had come.
func (b *bench) part(n int, request *iso8583.Message) string {
	return fmt.Sprintf("%d of %d bytes of a frame had come", n, len(b.answer(request).Frame()))
}

// why gives the dialect's reason for not reading a frame.
func (b *bench) why(frame []byte) string {
	b.Helper()
	var wrong *iso8583.DecodeError
	if !errors.As(b.dialect.Decode(b.dialect.New(), frame), &wrong) {
		b.Fatal("the frame can be read")
	}
	return wrong.Err.Error()
}

// turn is one event and what it must lead to. Timers are numbered from 1 in the order they are started.
type turn struct {
	after time.Duration
	event iso8583.LinkEvent
	want  string // actions joined by "; "; {hangup} is there only when the connection is one a transaction
}

func (b *bench) play(c iso8583.Connection, turns []turn) {
	b.Helper()
	for i, turn := range turns {
		b.now = b.now.Add(turn.after)
		var got []string
		for _, a := range b.step(turn.event) {
			got = append(got, b.words(a))
		}
		hangup := ""
		if c == iso8583.PerTransaction {
			hangup = fmt.Sprintf("; hang up %d", turn.event.Line)
			if turn.event.Line == 0 {
				hangup = "; hang up 1"
			}
		}
		want := strings.ReplaceAll(turn.want, "{hangup}", hangup)
		if diff := cmp.Diff(strings.Split(want, "; "), strings.Split(strings.Join(got, "; "), "; ")); diff != "" {
			b.Fatalf("turn %d (-want +got):\n%s", i+1, diff)
		}
	}
}

func (b *bench) words(a iso8583.LinkAction) string {
	switch a.Kind {
	case iso8583.LinkDial:
		return fmt.Sprintf("dial %d", a.Line)
	case iso8583.LinkWrite:
		m := b.dialect.New()
		if err := b.dialect.Decode(m, a.Bytes[2:]); err != nil {
			b.Fatal(err)
		}
		return fmt.Sprintf("write %s %s on %d", m.MTI(), m.Get(iso8583.Trace), a.Line)
	case iso8583.LinkHangup:
		return fmt.Sprintf("hang up %d", a.Line)
	case iso8583.LinkStartTimer:
		return fmt.Sprintf("start %d for %v", a.Timer, a.After)
	case iso8583.LinkStopTimer:
		return fmt.Sprintf("stop %d", a.Timer)
	case iso8583.LinkDeliver:
		return fmt.Sprintf("deliver %d: %s %s", a.Ticket, a.Message.MTI(), a.Message.Get(iso8583.Trace))
	case iso8583.LinkFail:
		sent := "unsent"
		if a.Trouble.Sent {
			sent = "sent"
		}
		return fmt.Sprintf("fail %d %s, %s: %s", a.Ticket, sent, a.Trouble.Word(), a.Trouble.Text())
	case iso8583.LinkStray:
		return fmt.Sprintf("stray %s: %s", a.Trouble.Word(), a.Trouble.Text())
	}
	return fmt.Sprintf("action %d", a.Kind)
}

func exchange(ticket uint64, m *iso8583.Message) iso8583.LinkEvent {
	return iso8583.LinkEvent{Kind: iso8583.LinkExchange, Ticket: ticket, Message: m}
}

func connected(line uint64) iso8583.LinkEvent {
	return iso8583.LinkEvent{Kind: iso8583.LinkConnected, Line: line}
}

func received(line uint64, chunk []byte) iso8583.LinkEvent {
	return iso8583.LinkEvent{Kind: iso8583.LinkBytes, Line: line, Chunk: chunk}
}

func closed(line uint64, f wire.Fault) iso8583.LinkEvent {
	return iso8583.LinkEvent{Kind: iso8583.LinkClosed, Line: line, Fault: f}
}

func dialFailed(line uint64, f wire.Fault) iso8583.LinkEvent {
	return iso8583.LinkEvent{Kind: iso8583.LinkDialFailed, Line: line, Fault: f}
}

func fired(timer uint64) iso8583.LinkEvent {
	return iso8583.LinkEvent{Kind: iso8583.LinkFired, Timer: timer}
}

var connections = []iso8583.Connection{iso8583.Serial, iso8583.Multiplexed, iso8583.PerTransaction}

// TestLinkCauses has one request in flight and one thing go wrong with it.
func TestLinkCauses(t *testing.T) {
	type script func(b *bench, asked *iso8583.Message) []turn
	const minute = time.Minute
	for _, c := range []struct {
		name   string
		script script
	}{
		{"answered", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{{time.Second, received(1, b.framed(b.answer(asked))), "stop 2; deliver 7: 0210 000002{hangup}"}}
		}},
		{"keep-alives are passed over", func(b *bench, asked *iso8583.Message) []turn {
			chunk := append([]byte{0, 0, 0, 0}, b.framed(b.answer(asked))...)
			return []turn{{time.Second, received(1, chunk), "stop 2; deliver 7: 0210 000002{hangup}"}}
		}},
		{"no bytes", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{{minute, fired(2), "fail 7 sent, no-bytes: no answer within 60s: not one byte had come{hangup}"}}
		}},
		{"half a length", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{
				{time.Second, received(1, []byte{0}), ""},
				{minute, fired(2), "fail 7 sent, partial-frame: no answer within 60s: a part of a frame's length had come{hangup}"}}
		}},
		{"partial frame", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{
				{time.Second, received(1, b.framed(b.answer(asked))[:42]), ""},
				{minute, fired(2), "fail 7 sent, partial-frame: no answer within 60s: " + b.part(40, asked) + "{hangup}"}}
		}},
		{"undecodable", func(b *bench, asked *iso8583.Message) []turn {
			chunk := b.framed(b.answer(asked))
			chunk[2+23] = 0xFF // the last byte of F3
			why := b.why(chunk[2:])
			return []turn{
				{time.Second, received(1, chunk), "stray undecodable: a frame came that fails at F3, offset 21: " + why},
				{minute, fired(2), "fail 7 sent, undecodable: no answer within 60s: a frame came that fails at F3, offset 21: " + why + "{hangup}"}}
		}},
		{"undecodable, then the answer", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{
				{time.Second, received(1, []byte{0, 2, 0x60, 0}), "stray undecodable: a frame came that fails at TPDU, offset 0: " + b.why([]byte{0x60, 0})},
				{time.Second, received(1, b.framed(b.answer(asked))), "stop 2; deliver 7: 0210 000002{hangup}"}}
		}},
		{"another trace", func(b *bench, asked *iso8583.Message) []turn {
			wrong := b.framed(b.answer(b.request(pay.Sale, 3)))
			return []turn{
				{time.Second, received(1, wrong), "stray unmatched: a message came that answers no request: trace 000003, not 000002"},
				{minute, fired(2), "fail 7 sent, unmatched: no answer within 60s: a message came that answers no request: trace 000003, not 000002{hangup}"}}
		}},
		{"another terminal, the nearest of two, and part of a third", func(b *bench, asked *iso8583.Message) []turn {
			far, near := b.request(pay.Sale, 3), b.request(pay.Sale, 2)
			far.Set(iso8583.Terminal, "10000002")
			near.Set(iso8583.Terminal, "10000002")
			chunk := append(b.framed(b.answer(far), b.answer(near)), 0, 125, 60)
			return []turn{
				{time.Second, received(1, chunk), "stray unmatched: a message came that answers no request: trace 000003, not 000002; terminal 10000002, not 10000001; " +
					"stray unmatched: a message came that answers no request: terminal 10000002, not 10000001"},
				{minute, fired(2), "fail 7 sent, unmatched: no answer within 60s: a message came that answers no request: terminal 10000002, not 10000001; " +
					"then 1 of 125 bytes of a frame had come{hangup}"}}
		}},
		{"another message type", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{
				{time.Second, received(1, b.framed(b.answer(b.request(pay.Reversal, 2)))), "stray unmatched: a message came that answers no request: message type 0410, not 0210"},
				{minute, fired(2), "fail 7 sent, unmatched: no answer within 60s: a message came that answers no request: message type 0410, not 0210{hangup}"}}
		}},
		{"the request comes back", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{
				{time.Second, received(1, b.framed(asked)), "stray unmatched: a message came that answers no request: message type 0200, not 0210"},
				{minute, fired(2), "fail 7 sent, unmatched: no answer within 60s: a message came that answers no request: message type 0200, not 0210{hangup}"}}
		}},
		{"cut before the answer", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{{time.Second, closed(1, wire.Reset), "stop 2; fail 7 sent, closed: the line was cut (reset by the other side) after 1s: not one byte had come"}}
		}},
		{"cut in the answer", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{
				{time.Second, received(1, b.framed(b.answer(asked))[:42]), ""},
				{time.Second, closed(1, wire.Closed), "stop 2; fail 7 sent, cut-mid-frame: the line was cut (closed by the other side) after 2s: " + b.part(40, asked)}}
		}},
		{"bad frame", func(b *bench, asked *iso8583.Message) []turn {
			return []turn{{time.Second, received(1, []byte("HTTP/1.1 502 Bad Gateway")), "hang up 1; stop 2; fail 7 sent, bad-frame: the line cannot be read: " +
				fmt.Sprintf("frame length 18516 over the limit of %d: these bytes look like HTTP", b.dialect.Framing.Max)}}
		}},
		{"copy in the same chunk", func(b *bench, asked *iso8583.Message) []turn {
			answer := b.answer(asked)
			return []turn{{time.Second, received(1, b.framed(answer, answer)), "stop 2; deliver 7: 0210 000002; stray duplicate: an answer came a second time{hangup}"}}
		}},
	} {
		for _, connection := range connections {
			t.Run(c.name+", "+string(connection), func(t *testing.T) {
				b := newBench(t, connection)
				asked := b.request(pay.Sale, 2)
				opening := []turn{
					{0, exchange(7, asked), "dial 1; start 1 for 20s"},
					{0, connected(1), "stop 1; write 0200 000002 on 1; start 2 for 1m0s"},
				}
				b.play(connection, append(opening, c.script(b, asked)...))
			})
		}
	}
}

// TestLinkNotConnected holds that a request which never left says so, and that the next one dials again.
func TestLinkNotConnected(t *testing.T) {
	for _, connection := range connections {
		for _, c := range []struct {
			name  string
			event iso8583.LinkEvent
			want  string
		}{
			{"refused", dialFailed(1, wire.Refused), "stop 1; fail 1 unsent, refused: not connected: connection refused"},
			{"clock wrong", dialFailed(1, wire.TLSClock), "stop 1; fail 1 unsent, tls-clock: not connected: TLS: certificate expired or not yet valid, or the clock is wrong"},
			{"closed at once", closed(1, wire.Closed), "stop 1; fail 1 unsent, closed: not connected: closed by the other side"},
			{"too slow", fired(1), "hang up 1; fail 1 unsent, timeout: not connected: connection timed out"},
		} {
			t.Run(c.name+", "+string(connection), func(t *testing.T) {
				b := newBench(t, connection)
				b.play(connection, []turn{
					{0, exchange(1, b.request(pay.Sale, 2)), "dial 1; start 1 for 20s"},
					{20 * time.Second, c.event, c.want},
					{0, connected(1), ""}, // of a connection given up
					{0, exchange(2, b.request(pay.Sale, 3)), "dial 2; start 2 for 20s"},
					{0, dialFailed(1, wire.Refused), ""},
				})
			})
		}
	}
}

func TestLinkSerial(t *testing.T) {
	b := newBench(t, iso8583.Serial)
	first, second := b.request(pay.Sale, 2), b.request(pay.Sale, 3)
	b.play(iso8583.Serial, []turn{
		{0, exchange(1, first), "dial 1; start 1 for 20s"},
		{0, exchange(2, second), ""},
		{0, exchange(3, second), ""}, // the same again may wait: it will be alone on the line
		{0, connected(1), "stop 1; write 0200 000002 on 1; start 2 for 1m0s"},
		{time.Second, received(1, b.framed(b.answer(first))), "stop 2; deliver 1: 0210 000002; write 0200 000003 on 1; start 3 for 1m0s"},
		{time.Minute, fired(3), "fail 2 sent, no-bytes: no answer within 60s: not one byte had come; write 0200 000003 on 1; start 4 for 1m0s"},
		{time.Second, received(1, b.framed(b.answer(first))), "stray duplicate: an answer came a second time"},
		{time.Second, closed(1, wire.Closed), "stop 4; fail 3 sent, closed: the line was cut (closed by the other side) after 2s: not one byte had come"},
		{time.Second, exchange(4, first), "dial 2; start 5 for 20s"},
	})
}

// A connection whose other end is gone without a word looks open: two requests on which not one byte came are enough to connect anew.
func TestLinkLeavesSilentConnection(t *testing.T) {
	b := newBench(t, iso8583.Serial)
	sale, reversal := b.request(pay.Sale, 2), b.request(pay.Reversal, 2)
	b.play(iso8583.Serial, []turn{
		{0, exchange(1, sale), "dial 1; start 1 for 20s"},
		{0, connected(1), "stop 1; write 0200 000002 on 1; start 2 for 1m0s"},
		{time.Minute, fired(2), "fail 1 sent, no-bytes: no answer within 60s: not one byte had come"}, // it may be late
		{0, exchange(2, reversal), "write 0400 000002 on 1; start 3 for 1m0s"},
		{time.Minute, fired(3), "fail 2 sent, no-bytes: no answer within 60s: not one byte had come; hang up 1"},
		{0, exchange(3, reversal), "dial 2; start 4 for 20s"},
		{0, connected(2), "stop 4; write 0400 000002 on 2; start 5 for 1m0s"},
		{time.Second, received(2, b.framed(b.answer(reversal))), "stop 5; deliver 3: 0410 000002"},
	})
}

func TestLinkMultiplexed(t *testing.T) {
	b := newBench(t, iso8583.Multiplexed)
	first, second, third := b.request(pay.Sale, 2), b.request(pay.Sale, 3), b.request(pay.Sale, 4)
	reversal := b.request(pay.Reversal, 2) // has the trace of its sale (DOMAIN.md A.12)
	b.play(iso8583.Multiplexed, []turn{
		{0, exchange(1, first), "dial 1; start 1 for 20s"},
		{0, exchange(2, second), ""},
		{0, exchange(3, second), "fail 3 unsent, duplicate-in-flight: not sent: a request with the same key is still in flight"},
		{0, connected(1), "stop 1; write 0200 000002 on 1; start 2 for 1m0s; write 0200 000003 on 1; start 3 for 1m0s"},
		{0, exchange(4, reversal), "write 0400 000002 on 1; start 4 for 1m0s"},
		{0, exchange(5, second), "fail 5 unsent, duplicate-in-flight: not sent: a request with the same key is still in flight"},
		{time.Second, received(1, b.framed(b.answer(second), b.answer(reversal))), "stop 3; deliver 2: 0210 000003; stop 4; deliver 4: 0410 000002"},
		{59 * time.Second, fired(2), "fail 1 sent, no-bytes: no answer within 60s: nothing came for it, only for others (2)"},
		{time.Second, exchange(6, third), "write 0200 000004 on 1; start 5 for 1m0s"},
		{500 * time.Millisecond, received(1, b.framed(b.answer(first))), "stray late: an answer came 1.5s too late"},
		{time.Second, received(1, b.framed(b.answer(first))), "stray duplicate: an answer came a second time"},
		{time.Second, received(1, b.framed(b.answer(third))), "stop 5; deliver 6: 0210 000004"},
		{0, received(1, []byte{0xFF, 0xFF}), "stray bad-frame: the line cannot be read: " +
			fmt.Sprintf("frame length 65535 over the limit of %d: are these bytes framed another way?; hang up 1", b.dialect.Framing.Max)},
		{0, received(1, b.framed(b.answer(third))), ""}, // of a connection hung up
	})
}

func TestLinkPerTransaction(t *testing.T) {
	b := newBench(t, iso8583.PerTransaction)
	first, second := b.request(pay.Sale, 2), b.request(pay.Sale, 3)
	b.play(iso8583.PerTransaction, []turn{
		{0, exchange(1, first), "dial 1; start 1 for 20s"},
		{0, exchange(2, second), ""},
		{0, connected(1), "stop 1; write 0200 000002 on 1; start 2 for 1m0s"},
		{0, received(1, b.framed(b.answer(first))), "stop 2; deliver 1: 0210 000002; hang up 1; dial 2; start 3 for 20s"},
		{0, closed(1, wire.Closed), ""},
		{0, dialFailed(2, wire.Refused), "stop 3; fail 2 unsent, refused: not connected: connection refused"},
	})
}

// TestLinkSend holds that a message without answer is written in its turn and ends with that.
func TestLinkSend(t *testing.T) {
	for _, connection := range connections {
		t.Run(string(connection), func(t *testing.T) {
			b := newBench(t, connection)
			send := iso8583.LinkEvent{Kind: iso8583.LinkSend, Ticket: 1, Message: b.request(pay.Sale, 2)}
			b.play(connection, []turn{
				{0, send, "dial 1; start 1 for 20s"},
				{0, connected(1), "stop 1; write 0200 000002 on 1{hangup}"},
			})
		})
	}
}

func TestLinkUnsendable(t *testing.T) {
	b := newBench(t, iso8583.Serial)
	b.play(iso8583.Serial, []turn{
		{0, exchange(1, b.dialect.NewRequest(pay.Sale)), "fail 1 unsent, unsendable: not sent: the request was not encoded"},
	})
}

func TestLinkTimeoutOfOneExchange(t *testing.T) {
	b := newBench(t, iso8583.Serial)
	e := exchange(1, b.request(pay.Sale, 2))
	e.Timeout = 5 * time.Second
	b.play(iso8583.Serial, []turn{
		{0, e, "dial 1; start 1 for 20s"},
		{0, connected(1), "stop 1; write 0200 000002 on 1; start 2 for 5s"},
		{5 * time.Second, fired(2), "fail 1 sent, no-bytes: no answer within 5s: not one byte had come"},
	})
}

func TestNewLinkRefuses(t *testing.T) {
	b := newBench(t, iso8583.Serial)
	wrong := *b.dialect
	wrong.Framing.Length = "binary3"
	timers := iso8583.Timers{Answer: time.Minute}
	for _, c := range []struct {
		name   string
		config iso8583.LinkConfig
		want   string
	}{
		{"connection", iso8583.LinkConfig{Dialect: b.dialect, Connection: "parallel", Timers: timers}, `connection "parallel": want multiplexed, serial or per-transaction`},
		{"timeout", iso8583.LinkConfig{Dialect: b.dialect, Connection: iso8583.Serial}, "answer timeout of 0s"},
		{"framing", iso8583.LinkConfig{Dialect: &wrong, Connection: iso8583.Serial, Timers: timers}, `dialect unionpay-pos: framing "binary3"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := iso8583.NewLink(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestFramingHTTP holds that both ends of an HTTP framing understand each other.
func TestFramingHTTP(t *testing.T) {
	framing := iso8583.Framing{Length: "binary2", HTTP: true, Max: 1024}
	client, err := framing.Framer("pos.example/entry/1")
	if err != nil {
		t.Fatal(err)
	}
	server, err := framing.ServerFramer()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Append(nil, []byte("frame"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(stream, []byte("POST /entry/1 HTTP/1.1\r\nHost: pos.example\r\n")) {
		t.Errorf("the request begins %q", stream)
	}
	if frame, n, err := server.Next(stream); string(frame) != "frame" || n != len(stream) || err != nil {
		t.Errorf("got %q, %d bytes of %d, error %v", frame, n, len(stream), err)
	}
}
