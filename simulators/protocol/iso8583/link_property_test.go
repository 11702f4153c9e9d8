package iso8583_test

import (
	"bytes"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"pgregory.net/rapid"
)

// host is the other end of a link: it answers what is written, in an order and in chunks that rapid draws.
type host struct {
	*bench
	t        *rapid.T
	line     uint64 // 0 while there is no connection
	asked    []*iso8583.Message
	stream   []byte // answers on their way
	answered map[uint64]int
}

// do steps the link and the host with it.
func (h *host) do(e iso8583.LinkEvent) {
	var dialled uint64
	for _, a := range h.step(e) {
		switch a.Kind {
		case iso8583.LinkDial:
			dialled = a.Line
		case iso8583.LinkHangup:
			h.line, h.stream = 0, nil
		case iso8583.LinkWrite:
			m := h.dialect.New()
			if err := h.dialect.Decode(m, bytes.Clone(a.Bytes[2:])); err != nil {
				h.t.Fatal(err)
			}
			h.asked = append(h.asked, m)
		case iso8583.LinkDeliver:
			h.answered[a.Ticket]++
			if trace := h.request(pay.Sale, int(a.Ticket)).Get(iso8583.Trace); a.Message.Get(iso8583.Trace) != trace {
				h.t.Fatalf("ticket %d got the answer of trace %s", a.Ticket, trace)
			}
		case iso8583.LinkFail, iso8583.LinkStray:
			h.t.Fatal(h.words(a))
		}
	}
	if dialled != 0 {
		h.line = dialled
		h.do(connected(dialled))
	}
}

// TestLinkDeliversOnce holds that each answer is delivered once and to its own request, however requests and pieces of
// answers interleave.
func TestLinkDeliversOnce(t *testing.T) {
	shared := newBench(t, iso8583.Serial)
	rapid.Check(t, func(rt *rapid.T) {
		connection := rapid.SampledFrom(connections).Draw(rt, "connection")
		link, err := iso8583.NewLink(iso8583.LinkConfig{Dialect: shared.dialect, Connection: connection, Timers: shared.dialect.Timers})
		if err != nil {
			rt.Fatal(err)
		}
		b := *shared
		b.link = link
		h := &host{bench: &b, t: rt, answered: map[uint64]int{}}
		want := uint64(rapid.IntRange(1, 8).Draw(rt, "requests"))
		for asked := uint64(0); ; {
			acts := []string{}
			if asked < want {
				acts = append(acts, "ask")
			}
			if len(h.asked) > 0 {
				acts = append(acts, "answer")
			}
			if len(h.stream) > 0 {
				acts = append(acts, "bytes")
			}
			if len(acts) == 0 {
				break
			}
			switch rapid.SampledFrom(acts).Draw(rt, "act") {
			case "ask":
				asked++
				h.do(exchange(asked, h.request(pay.Sale, int(asked))))
			case "answer":
				n := rapid.IntRange(0, len(h.asked)-1).Draw(rt, "which")
				h.stream = append(h.stream, h.framed(h.answer(h.asked[n]))...)
				h.asked = append(h.asked[:n], h.asked[n+1:]...)
			case "bytes":
				n := rapid.IntRange(1, len(h.stream)).Draw(rt, "bytes")
				chunk := h.stream[:n]
				h.stream = h.stream[n:]
				h.do(received(h.line, chunk))
			}
		}
		for ticket := uint64(1); ticket <= want; ticket++ {
			if h.answered[ticket] != 1 {
				rt.Fatalf("request %d was answered %d times", ticket, h.answered[ticket])
			}
		}
	})
}

// FuzzLinkBytes holds that arbitrary bytes never panic, and that the request in flight ends once, by them or by its timer.
func FuzzLinkBytes(f *testing.F) {
	shared := newBench(f, iso8583.Serial)
	asked := shared.request(pay.Sale, 2)
	f.Add(shared.framed(shared.answer(asked)), 7)
	f.Add(shared.framed(asked, shared.answer(asked), shared.answer(asked)), 1)
	f.Add([]byte("HTTP/1.1 502 Bad Gateway\r\n\r\n"), 100)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		for _, connection := range connections {
			link, err := iso8583.NewLink(iso8583.LinkConfig{Dialect: shared.dialect, Connection: connection, Timers: shared.dialect.Timers})
			if err != nil {
				t.Fatal(err)
			}
			b := *shared
			b.link = link
			b.step(exchange(7, asked))
			ends, timer := 0, uint64(0)
			count := func(actions []iso8583.LinkAction) {
				for _, a := range actions {
					switch a.Kind {
					case iso8583.LinkDeliver, iso8583.LinkFail:
						ends++
						_ = a.Trouble.Text()
					case iso8583.LinkStartTimer:
						timer = a.Timer
					}
				}
			}
			count(b.step(connected(1)))
			for rest := data; len(rest) > 0; {
				n := min(max(size, 1), len(rest))
				count(b.step(received(1, rest[:n])))
				rest = rest[n:]
			}
			count(b.step(fired(timer)))
			if ends != 1 {
				t.Fatalf("%s: the exchange ended %d times", connection, ends)
			}
		}
	})
}
