package acquirer_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Whatever comes in whatever order, sales, repeats, reversals, repeats of reversals, restarts, a slow issuer: in the end the
// books of acquirer and bank agree, and each payment was posted at most once and undone at most once.
func TestBooksAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, setting{quiet: true})
		w.signIn()
		var sales []*iso8583.Message
		steps := rapid.IntRange(1, 25).Draw(rt, "steps")
		for range steps {
			step := rapid.SampledFrom([]string{"sale", "sale", "repeat", "reversal", "reversal", "early reversal", "issuer", "wait", "restart"}).Draw(rt, "step")
			if len(sales) == 0 && step != "issuer" {
				step = "sale"
			}
			any := rapid.IntRange(0, max(0, len(sales)-1))
			switch step {
			case "sale":
				m := w.sale()
				m.Set(iso8583.Amount, fmt.Sprintf("%012d", rapid.SampledFrom([]int{1, 1000, 60000}).Draw(rt, "amount")))
				sales = append(sales, m)
				w.deliver(w.sealed(m))
			case "repeat":
				w.deliver(w.sealed(sales[any.Draw(rt, "which")]))
			case "reversal":
				w.deliver(w.sealed(w.reversalOf(sales[any.Draw(rt, "which")])))
			case "early reversal":
				m := w.sale()
				sales = append(sales, m)
				w.deliver(w.sealed(w.reversalOf(m)))
			case "issuer":
				w.bank.down = rapid.Bool().Draw(rt, "down")
				w.bank.delay = time.Duration(rapid.SampledFrom([]int{0, 10, 45}).Draw(rt, "delay")) * time.Second
			case "wait":
				w.must(w.loop.Drain(t.Context(), time.Duration(rapid.IntRange(1, 60).Draw(rt, "seconds"))*time.Second))
			case "restart":
				w.open()
				w.acquirer.Resume(w.loop.Now(), w)
			}
		}
		w.bank.down, w.bank.delay = false, 0
		w.rest()
		w.acquirer.Resume(w.loop.Now(), w)
		w.rest()
		if merchant, card := w.books(); merchant+card != aliceHas {
			rt.Fatalf("the merchant has %d and Alice %d of %d\n%+v", merchant, card, aliceHas, w.acquirer.Statements())
		}
		if breaks := audit.Judge(slices.Values(w.acquirer.Statements())); len(breaks) > 0 {
			rt.Fatalf("%v", breaks)
		}
	})
}

// Nothing that the acquirer keeps or tells holds a card number, a PIN or a track.
func TestNothingLeaks(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	m := w.sale()
	w.sendAll(m, m, w.reversalOf(m), with(w.sale(), iso8583.Track2, "6200123456789010D3012120000009990"), with(w.sale(), iso8583.ProcessingCode, "990000"))
	wrong := w.sale()
	w.setPIN(wrong, "000000")
	w.sendAll(wrong)

	var told bytes.Buffer
	_, err := w.trace.WriteTo(&told)
	w.must(err)
	w.must(w.store.Replay(func(r journal.Record) error { told.Write(r.Data); return nil }))
	fmt.Fprintf(&told, "%+v %+v", w.acquirer.Payments(), w.acquirer.Statements())
	finder, err := leak.New(leak.Text("card number", alicePAN), leak.Text("track", aliceTrack), leak.Text("PIN", alicePIN))
	w.must(err)
	for _, hit := range finder.Find("acquirer", told.Bytes()) {
		t.Error(hit)
	}
}

// No flow is coded against one dialect: the same day in plain ISO 8583:1987.
func TestOtherDialect(t *testing.T) {
	w := newWorld(t, setting{dialect: "iso87-ascii"})
	answer := w.ask(w.isoRequest(pay.SignIn))
	if code(answer) != "00" || w.loadKeys(answer) != "" {
		t.Fatalf("sign-in: %q by %s", code(answer), w.reason())
	}
	sale := w.isoRequest(pay.Sale)
	good := w.sale()
	w.traceNo--
	for _, e := range []iso8583.Element{iso8583.PAN, iso8583.Amount, iso8583.EntryMode, iso8583.PINCapture, iso8583.Track2,
		iso8583.Currency, iso8583.SecurityControl, iso8583.PIN} {
		sale.Set(e, good.Get(e))
	}
	answer = w.ask(sale)
	if code(answer) != "00" {
		t.Fatalf("sale: %q by %s", code(answer), w.reason())
	}
	for _, v := range w.pos.ValidateAnswer(sale, answer) {
		t.Errorf("sale answer: %s", v.Text)
	}
	w.wantMAC(answer)
	w.wantBooks(1000)
	reversal := w.isoRequest(pay.Reversal)
	for _, e := range []iso8583.Element{iso8583.PAN, iso8583.ProcessingCode, iso8583.Amount, iso8583.Currency} {
		reversal.Set(e, sale.Get(e))
	}
	reversal.Set(iso8583.ReversalReason, "98")
	reversal.Set(iso8583.OriginalMTI, "0200")
	reversal.Set(iso8583.OriginalTrace, sale.Get(iso8583.Trace))
	reversal.Set(iso8583.OriginalDate, "0601")
	reversal.Set(iso8583.OriginalTime, "093000")
	for _, want := range []string{"00", "00"} {
		if got := code(w.ask(reversal)); got != want {
			t.Errorf("reversal: %q by %s", got, w.reason())
		}
	}
	w.wantBooks(0)
	if p := w.acquirer.Payments(); len(p) != 1 || p[0].State != acquirer.Reversed {
		t.Errorf("payments: %+v", p)
	}
}

func (w *world) isoRequest(f pay.Flow) *iso8583.Message {
	m := w.request(f)
	m.Unset(iso8583.Batch)
	m.Set(iso8583.TransmissionTime, "0601093000")
	m.Set(iso8583.LocalTime, "093000")
	m.Set(iso8583.LocalDate, "0601")
	return m
}

func BenchmarkSale(b *testing.B) {
	w := newWorld(b, setting{quiet: true})
	w.signIn()
	var frames [][]byte
	for range 1000 {
		m := w.sale()
		m.Set(iso8583.Amount, "000000000001")
		frames = append(frames, w.sealed(m))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if n%len(frames) == 0 && n > 0 {
			b.StopTimer()
			*w = *newWorld(b, setting{quiet: true})
			w.signIn()
			b.StartTimer()
		}
		if got := code(w.askFrame(frames[n%len(frames)])); got != "00" {
			b.Fatalf("sale %d: %q", n, got)
		}
	}
}
