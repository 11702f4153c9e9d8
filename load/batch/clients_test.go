//go:build unix

package batch

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moov-io/iso8583"
	connection "github.com/moov-io/iso8583-connection"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	ours "github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// counter is an http.RoundTripper that speaks ISO 8583: the request /N is chain N's first order, at one of a Sender's tills. It is how one
// would put a host under vegeta, and the oracle that the engine is held to.
type counter struct {
	*Sender
	crowd *crowd
	desks []deskOf
	lines []*carrier
	group sync.WaitGroup
}

// deskOf is a till of a counter, and whoever is at it.
type deskOf struct {
	free   chan struct{} // has one when nobody is
	answer chan verdict
	clock  clock
	framed []byte
}

type verdict struct {
	good bool
	code string
}

// carrier is a connection that frames of many tills are written to.
type carrier struct {
	net.Conn
	perWrite int
	mu       sync.Mutex
	waiting  [][]byte
	wake     chan struct{}
}

func newCounter(c *crowd, address string, perWrite int) (*counter, error) {
	s, err := New(c.Config)
	if err != nil {
		return nil, err
	}
	k := &counter{Sender: s, crowd: c, desks: make([]deskOf, len(s.tills))}
	for i := range k.desks {
		k.desks[i] = deskOf{free: make(chan struct{}, 1), answer: make(chan verdict, 1)}
		k.desks[i].free <- struct{}{}
	}
	for range c.Workload.Lines {
		conn, err := wire.Dial(context.Background(), wire.Address{Addr: address})
		if err != nil {
			return nil, err
		}
		l := &carrier{Conn: conn, perWrite: perWrite, wake: make(chan struct{}, 1)}
		k.lines = append(k.lines, l)
		k.group.Go(func() { k.hear(conn); close(l.wake) })
		if perWrite > 1 {
			k.group.Go(l.carry)
		}
	}
	return k, nil
}

// RoundTrip implements http.RoundTripper.
func (k *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	if err != nil {
		return nil, err
	}
	chain := k.Workload.Chain(n)
	t, d := &k.tills[chain.Till], &k.desks[chain.Till]
	<-d.free
	defer func() { d.free <- struct{}{} }()
	t.trace = t.trace%999999 + 1
	t.order, t.recipe = order{chain: chain}, k.recipes[chain.Kind(0)]
	d.clock.set(time.Now())
	m := making{till: t, card: &k.cards[chain.Card], clock: &d.clock, amount: chain.Amount(0), trace: t.trace, of: &t.order.first}
	if misfit := t.recipe.make(&m); misfit != ours.NoElement {
		return nil, fmt.Errorf("%s does not fit", misfit)
	}
	if t.recipe.tpl.Sealed() {
		t.recipe.tpl.Seal(t.frame, t.mac.Sum)
	}
	if d.framed, err = k.framer.Append(d.framed[:0], t.frame); err != nil {
		return nil, err
	}
	if err := k.lines[chain.Till%len(k.lines)].send(d.framed); err != nil {
		return nil, err
	}
	select {
	case v := <-d.answer:
		status := http.StatusBadGateway
		switch {
		case v.good && v.code == "00":
			status = http.StatusOK
		case v.good:
			status = http.StatusPaymentRequired
		}
		return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (l *carrier) send(framed []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perWrite == 1 {
		_, err := l.Write(framed)
		return err
	}
	l.waiting = append(l.waiting, framed)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// carry writes what waits, a few frames at once.
func (l *carrier) carry() {
	var out []byte
	for range l.wake {
		for {
			l.mu.Lock()
			n := min(len(l.waiting), l.perWrite)
			out = out[:0]
			for _, f := range l.waiting[:n] {
				out = append(out, f...)
			}
			l.waiting = append(l.waiting[:0], l.waiting[n:]...)
			l.mu.Unlock()
			if n == 0 {
				break
			}
			if _, err := l.Write(out); err != nil {
				return
			}
		}
	}
}

// hear gives answers to those who wait for them.
func (k *counter) hear(conn net.Conn) {
	var scan ours.Scan
	_ = k.crowd.frames(conn, func(frames [][]byte) error {
		for _, f := range frames {
			if err := scan.Read(k.Dialect, f); err != nil {
				return err
			}
			i, ok := k.known[[8]byte(scan.Bytes(ours.Terminal))]
			if !ok {
				return errors.New("an answer to nobody")
			}
			t := &k.tills[i]
			good := scan.MTI() == t.recipe.answer && t.recipe.tpl.Echoes(t.frame, &scan)
			if good && t.recipe.tpl.Sealed() {
				input, mac := scan.MAC()
				good = t.mac.Verify(input, mac)
			}
			k.desks[i].answer <- verdict{good, string(scan.Bytes(ours.AnswerCode))}
		}
		return nil
	})
}

func (k *counter) close() {
	for _, l := range k.lines {
		_ = l.Close()
	}
	k.group.Wait()
}

// attack has vegeta carry out chains 0 to n-1, and gives what became of each.
func (k *counter) attack(n int, p vegeta.Pacer, seen func(chain uint64, r *vegeta.Result)) {
	a := vegeta.NewAttacker(vegeta.Client(&http.Client{Transport: k}), vegeta.Workers(256), vegeta.MaxWorkers(256))
	var next atomic.Uint64
	for r := range a.Attack(func(t *vegeta.Target) error {
		c := next.Add(1) - 1
		if c >= uint64(n) {
			return vegeta.ErrNoTargets
		}
		t.Method, t.URL = http.MethodPost, "http://till/"+strconv.FormatUint(c, 10)
		return nil
	}, p, 0, "") {
		if c, err := strconv.ParseUint(strings.TrimPrefix(r.URL, "http://till/"), 10, 64); err == nil {
			seen(c, r)
		}
	}
}

// vegeta sends by vegeta's Attacker, as fast as its workers go.
func (p part) vegeta(c *crowd) (func() (effort, error), error) {
	k, err := newCounter(c, p.Address, p.PerWrite)
	if err != nil {
		return nil, err
	}
	return func() (out effort, err error) {
		k.attack(p.Orders, vegeta.ConstantPacer{}, func(_ uint64, r *vegeta.Result) {
			switch out.Orders++; r.Code {
			case http.StatusOK:
			case http.StatusBadGateway:
				out.Broken++
			default:
				err = fmt.Errorf("status %d: %s", r.Code, r.Error)
			}
		})
		k.close()
		return out, err
	}, nil
}

// moovSpec is what UnionPay's sales and their answers hold, for moov's library.
func moovSpec() *iso8583.MessageSpec {
	digits := func(size int) field.Field {
		return field.NewString(&field.Spec{Length: size, Enc: encoding.BCD, Pref: prefix.BCD.Fixed})
	}
	text := func(size int) field.Field {
		return field.NewString(&field.Spec{Length: size, Enc: encoding.ASCII, Pref: prefix.ASCII.Fixed})
	}
	fields := map[int]field.Field{
		0: digits(4), 1: field.NewBitmap(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed, DisableAutoExpand: true}),
		2:  field.NewString(&field.Spec{Length: 19, Enc: encoding.BCD, Pref: prefix.BCD.LL}),
		60: field.NewString(&field.Spec{Length: 17, Enc: encoding.BCD, Pref: prefix.BCD.LLL}),
		63: field.NewString(&field.Spec{Length: 163, Enc: encoding.ASCII, Pref: prefix.BCD.LLL}),
		52: field.NewBinary(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed}),
	}
	for n, size := range map[int]int{3: 6, 4: 12, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 22: 3, 25: 2, 26: 2, 53: 16} {
		fields[n] = digits(size)
	}
	for n, size := range map[int]int{37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 64: 8} {
		fields[n] = text(size)
	}
	return &iso8583.MessageSpec{Fields: fields}
}

// moov sends by moov's client, 64 at a time on each line. It makes and checks no MAC and looks at the answer code only, and its track 2
// is left out, since its packed digits know no D: all that is in its favour.
func (p part) moov(c *crowd) (func() (effort, error), error) {
	spec := moovSpec()
	header := make([]byte, 11)
	sale, err := c.sale()
	if err != nil {
		return nil, err
	}
	copy(header, sale.Frame())
	lines := make([]*connection.Connection, proofLines)
	for i := range lines {
		lines[i], err = connection.New(p.Address, spec, func(r io.Reader) (int, error) {
			var b [13]byte
			_, err := io.ReadFull(r, b[:])
			return int(binary.BigEndian.Uint16(b[:])) - len(header), err
		}, func(w io.Writer, length int) (int, error) {
			return w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(length+len(header))), header...))
		}, connection.SendTimeout(30*time.Second))
		if err == nil {
			err = lines[i].Connect()
		}
		if err != nil {
			return nil, err
		}
	}
	const together = 64
	var next atomic.Int64
	one := func(l *connection.Connection, n int) error {
		m := iso8583.NewMessage(spec)
		m.MTI("0200")
		till := c.Tills[n%len(c.Tills)]
		for f, v := range map[int]string{2: c.Cards[n%len(c.Cards)].PAN.Reveal(), 3: "000000", 4: "000000001234", 11: fmt.Sprintf("%06d", n%999999+1), 22: "021", 25: "00", 26: "06",
			41: till.Number, 42: till.Merchant, 49: "156", 53: "2600000000000000", 60: "2200000100060"} {
			if err := m.Field(f, v); err != nil {
				return err
			}
		}
		if err := m.BinaryField(52, []byte("12345678")); err != nil {
			return err
		}
		answer, err := l.Send(m)
		if err != nil {
			return err
		}
		if code, err := answer.GetString(39); err != nil || code != "00" {
			return fmt.Errorf("answer code %q, %w", code, err)
		}
		return nil
	}
	return func() (effort, error) {
		var group sync.WaitGroup
		var failed atomic.Pointer[error]
		for i := range lines {
			for range together {
				group.Go(func() {
					for n := int(next.Add(1)) - 1; n < p.Orders; n = int(next.Add(1)) - 1 {
						if err := one(lines[i], n); err != nil {
							failed.CompareAndSwap(nil, &err)
							return
						}
					}
				})
			}
		}
		group.Wait()
		if err := failed.Load(); err != nil {
			return effort{}, *err
		}
		return effort{Orders: p.Orders}, nil
	}, nil
}
