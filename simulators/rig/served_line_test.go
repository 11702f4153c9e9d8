package rig_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
)

// echoes are frames of line tests, one behind the other as they go on the wire.
func echoes(t testing.TB, f *crowd, n int) []byte {
	t.Helper()
	framer, err := f.dialect.Framing.ServerFramer()
	must(t, err)
	m := f.request(pay.Echo, 0, 1)
	m.Set(iso8583.NetworkCode, "301")
	frame, err := f.dialect.Encode(nil, m)
	must(t, err)
	one, err := framer.Append(nil, frame)
	must(t, err)
	return bytes.Repeat(one, n)
}

// Many requests in one write are answered in few: the host says together what it has to say to one peer.
func TestAnswersLeaveTogether(t *testing.T) {
	line, _ := serveHere(t, rig.ServeOptions{}).Addresses()
	conn, err := net.Dial("tcp", line)
	must(t, err)
	defer conn.Close()
	f := newCrowd(t, 3)
	const orders = 200
	_, err = conn.Write(echoes(t, f, orders))
	must(t, err)
	framer, err := f.dialect.Framing.ServerFramer()
	must(t, err)
	inbox, buf := wire.NewInbox(framer), make([]byte, 1<<16)
	answers, reads := 0, 0
	for answers < orders {
		n, err := conn.Read(buf)
		must(t, err)
		reads++
		inbox.Add(buf[:n])
		for _, ok, err := inbox.Next(); ok || err != nil; _, ok, err = inbox.Next() {
			must(t, err)
			answers++
		}
	}
	if reads > orders/4 {
		t.Errorf("%d answers came in %d pieces", answers, reads)
	}
}

// A peer that never reads its answers is hung up on, and others are served meanwhile.
func TestSlowReaderStallsNobody(t *testing.T) {
	line, _ := serveHere(t, rig.ServeOptions{}).Addresses()
	f := newCrowd(t, 3)
	slow, err := net.Dial("tcp", line)
	must(t, err)
	defer slow.Close()
	flood := echoes(t, f, 1000)
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := slow.Write(flood); err != nil {
				ended <- err
				return
			}
		}
	}()
	other, err := net.Dial("tcp", line)
	must(t, err)
	defer other.Close()
	one := echoes(t, f, 1)
	for {
		must(t, other.SetDeadline(time.Now().Add(9*time.Second))) // the host's own patience with the other is ten
		_, err := other.Write(one)
		must(t, err)
		_, err = io.ReadFull(other, make([]byte, 4))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the host waits for the peer that does not read")
		}
		must(t, err)
		select {
		case <-ended:
			return
		default:
		}
	}
}

// A lean world decides and counts as any other, and keeps neither events nor journals.
func TestLeanWorld(t *testing.T) {
	server := serveHere(t, rig.ServeOptions{})
	_, control := server.Addresses()
	door := visiting(t, control)
	f := newCrowd(t, 3)
	conn, world := f.open(door, `{"seed": 3, "lean": true}`)
	defer conn.Close()
	const orders = 50
	for range orders {
		conn.write(f.sale())
	}
	for range orders {
		answer := f.dialect.New()
		must(t, f.dialect.Decode(answer, conn.read()))
		if code := answer.Get(iso8583.AnswerCode); code != "00" {
			t.Fatalf("a sale is answered %q", code)
		}
	}
	state := door.state(world)
	if got := state.Balances["merchant:"+crowdMerchant].Balance; got != pay.CNY(orders) {
		t.Errorf("the merchant is owed %s for %d sales of 0.01", got, orders)
	}
	if len(state.Events) > 0 || len(state.Consulted) > 0 {
		t.Errorf("it keeps %d events and %d entries that were consulted", len(state.Events), len(state.Consulted))
	}
	for _, b := range audit.Judge(slices.Values(state.Statements)) {
		t.Errorf("%s: %s", b.Rule, b.Text)
	}
}

// crowdLine is a crowd's connection.
type crowdLine struct {
	testing.TB
	net.Conn
	framer wire.Framer
	inbox  *wire.Inbox
	buf    []byte
}

// open makes a world at the door, tells it of the crowd, and signs that in.
func (f *crowd) open(door *visitor, body string) (*crowdLine, string) {
	f.Helper()
	var world rig.WorldMade
	if status, answer := door.call("POST", "/worlds", body, &world); status != http.StatusCreated {
		f.Fatal(answer)
	}
	return f.enter(door, world.ID, world.Address), world.ID
}

// enter tells a world of the crowd, and signs that in.
func (f *crowd) enter(door *visitor, world, address string) *crowdLine {
	f.Helper()
	seeds, err := json.Marshal(f.seeds())
	must(f, err)
	if status, text := door.call("POST", "/worlds/"+world+"/seeds", string(seeds), nil); status != http.StatusOK {
		f.Fatal(text)
	}
	l := f.line(address)
	f.signIn(func(frame []byte) []byte { l.write(frame); return l.read() })
	return l
}

func (f *crowd) line(address string) *crowdLine {
	f.Helper()
	framer, err := f.dialect.Framing.ServerFramer()
	must(f, err)
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
	must(f, err)
	return &crowdLine{TB: f, Conn: conn, framer: framer, inbox: wire.NewInbox(framer), buf: make([]byte, 1<<16)}
}

func (l *crowdLine) write(frames ...[]byte) {
	l.Helper()
	var out []byte
	for _, frame := range frames {
		var err error
		out, err = l.framer.Append(out, frame)
		must(l, err)
	}
	_, err := l.Write(out)
	must(l, err)
}

// read gives the next answer; it is valid until the one after it.
func (l *crowdLine) read() []byte {
	l.Helper()
	for {
		frame, ok, err := l.inbox.Next()
		must(l, err)
		if ok {
			return frame
		}
		n, err := l.Read(l.buf)
		must(l, err)
		l.inbox.Add(l.buf[:n])
	}
}
