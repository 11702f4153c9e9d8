package rig_test

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// meetStranger sells to whatever does talks like: a program at the other end of the reader's line.
func meetStranger(t *testing.T, on card.Interface, talk func(net.Conn)) terminal.EndingKind {
	t.Helper()
	r, err := rig.New(rig.Options{Line: rig.LineMemory, Defects: rig.StrangersDefects("")})
	must(t, err)
	w, err := r.World(t.Context(), 4, "")
	must(t, err)
	defer w.Close()
	till, err := w.Till("T1")
	must(t, err)
	must(t, till.SignIn())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return // the test sees no card
		}
		defer conn.Close()
		talk(conn)
	}()
	reader, err := rig.AcceptVPCD(t.Context(), l, 30*time.Millisecond)
	must(t, err)
	e, _, err := till.Sell(&rig.Stranger{Reader: reader, On: on}, pay.CNY(10_00))
	must(t, err)
	must(t, reader.Close())
	<-done
	return e.Kind
}

// hear reads one message of the reader; false when it is over.
func hear(conn net.Conn) ([]byte, bool) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, false
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(conn, b)
	return b, err == nil
}

func say(conn net.Conn, b []byte) {
	_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)) // the reader may have hung up
}

// Whatever a program says in the place of a card, the till neither falls over nor hangs nor approves.
func TestHostileCards(t *testing.T) {
	atr := []byte{0x3B, 0x00}
	answering := func(answer func(message []byte) []byte) func(net.Conn) {
		return func(conn net.Conn) {
			for {
				message, more := hear(conn)
				switch {
				case !more:
					return
				case len(message) == 1 && message[0] == 4:
					say(conn, atr)
				case len(message) > 1:
					say(conn, answer(message))
				}
			}
		}
	}
	chance := sim.Seed(1).Stream("hostile cards")
	random := func(most int) []byte {
		b := make([]byte, chance.IntN(most+1))
		for i := range b {
			b[i] = byte(chance.Uint32())
		}
		return b
	}
	for name, talk := range map[string]func(net.Conn){
		"hangs up at once":        func(net.Conn) {},
		"no answer to reset":      func(conn net.Conn) { hear(conn); hear(conn); say(conn, nil); hear(conn) },
		"says nothing":            func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
		"announces much":          func(conn net.Conn) { _, _ = conn.Write([]byte{0xFF, 0xFF, 0x00}); _, _ = io.Copy(io.Discard, conn) },
		"one byte":                answering(func([]byte) []byte { return []byte{0x90} }),
		"always well":             answering(func([]byte) []byte { return []byte{0x90, 0x00} }),
		"more waits for ever":     answering(func([]byte) []byte { return []byte{0x61, 0x10} }),
		"another length for ever": answering(func(m []byte) []byte { return []byte{0x6C, byte(len(m))} }),
		"longer than any answer":  answering(func([]byte) []byte { return make([]byte, 60_000) }),
		"echo":                    answering(func(m []byte) []byte { return append(m, 0x90, 0x00) }),
	} {
		t.Run(name, func(t *testing.T) {
			for _, on := range []card.Interface{card.Contact, card.Contactless} {
				if kind := meetStranger(t, on, talk); kind == terminal.Approved {
					t.Errorf("%s: approved", on)
				}
			}
		})
	}
	for range 20 {
		if kind := meetStranger(t, card.Contact, answering(func([]byte) []byte { return append(random(254), 0x90, 0x00) })); kind == terminal.Approved {
			t.Error("random bytes are approved")
		}
	}
}

// A card whose every answer has a bit flipped somewhere makes the till neither fall over nor hang.
func TestSpoiltStranger(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		image, err := card.Shipped(fixtures.FS, "unionpay-debit")
		must(t, err)
		slot, err := card.NewSlot(image, card.Reference(), sim.Seed(1).Reader("card"))
		must(t, err)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = (&rig.PCSCCard{Slot: slot, On: card.Contact}).ServePCSC(ctx, l) }()
		answers := 0
		meetStranger(t, card.Contact, func(conn net.Conn) {
			front, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				return
			}
			defer front.Close()
			for {
				message, more := hear(conn)
				if !more {
					return
				}
				say(front, message)
				if len(message) == 1 && message[0] != 4 {
					continue
				}
				answer, more := hear(front)
				if !more {
					return
				}
				if answers++; len(message) > 1 && answers > 2+chance.IntN(30) {
					answer[chance.IntN(len(answer))] ^= 1 << chance.IntN(8)
				}
				say(conn, answer)
			}
		})
		stop()
	}
}
