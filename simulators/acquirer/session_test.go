package acquirer_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

func TestSignInSchemes(t *testing.T) {
	for _, c := range []struct {
		scheme string
		size   int // of F62
		master hsm.Algorithm
	}{
		{"001", 24, hsm.TDES2}, {"003", 40, hsm.TDES2}, {"004", 60, hsm.TDES2}, {"005", 40, hsm.SM4}, {"006", 60, hsm.SM4},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.scheme = c.scheme
			tmk := sim.Seed(7).Bytes("tmk", 16)
			for _, h := range []struct {
				*hsm.HSM
				name string
			}{{w.till, "TMK"}, {w.hosts.HSM, acquirer.TerminalKey(tillOne, "TMK")}} {
				_, err := h.Import(h.name, c.master, tmk)
				w.must(err)
			}
			answer := w.signIn()
			if n := len(answer.Get(iso8583.Keys)); n != c.size {
				t.Errorf("F62 has %d bytes, want %d", n, c.size)
			}
			for _, v := range w.pos.Validate(answer) {
				t.Errorf("sign-in answer: %s", v.Text)
			}
			m := w.sale()
			noPIN(m)
			if got := code(w.ask(m)); got != "00" {
				t.Errorf("sale under the new keys: %q by %s", got, w.reason())
			}
		})
	}
}

func TestSignInRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world, *iso8583.Message)
		answer string
	}{
		{"disabled", terminal(func(t *acquirer.Terminal) { t.State = acquirer.Disabled }), "58"},
		{"in maintenance", terminal(func(t *acquirer.Terminal) { t.State = acquirer.Maintenance }), "58"},
		{"another device", set(iso8583.TerminalInfo, "Sequence No12SN-T9-000009"), "58"},
		{"no device told", unset(iso8583.TerminalInfo), "00"},
		{"unknown terminal", set(iso8583.Terminal, "10000099"), "97"},
		{"unknown merchant", set(iso8583.Merchant, "898320548169999"), "03"},
		{"no operator", unset(iso8583.Operator), "30"},
		{"host malfunction", func(w *world, _ *iso8583.Message) { w.acquirer.SetCondition(acquirer.Condition{Answer: "96"}) }, "96"},
		{"host silent", func(w *world, _ *iso8583.Message) { w.acquirer.SetCondition(acquirer.Condition{Silent: true}) }, ""},
		{"no master key", func(w *world, _ *iso8583.Message) { w.hosts.HSM.Delete(acquirer.TerminalKey(tillOne, "TMK")) }, "A7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			m := w.signInRequest()
			c.change(w, m)
			answer := w.ask(m)
			if code(answer) != c.answer {
				t.Errorf("answer %q by %s, want %s", code(answer), w.reason(), c.answer)
			}
			if answer != nil && c.answer != "00" && answer.Has(iso8583.Keys) {
				t.Error("a refused sign-in brings keys")
			}
			if got, _ := w.acquirer.Terminal(tillOne); (got.State == acquirer.SignedIn) != (c.answer == "00") {
				t.Errorf("the terminal is %s", got.State)
			}
		})
	}
}

// The old keys work until the sign-in answer is out, and not after it.
func TestKeysChangeWithTheAnswer(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	w.acquirer.SetCondition(acquirer.Condition{Delay: 5 * time.Second})
	w.answers = nil
	w.deliver(w.sealed(w.signInRequest()))
	w.deliver(w.sealed(w.sale()))
	w.rest()
	if len(w.answers) != 2 || code(w.answers[0]) != "00" || code(w.answers[1]) != "00" {
		t.Fatalf("a sale before the sign-in answer: %d answers, by %s", len(w.answers), w.reason())
	}
	if got := code(w.ask(w.sale())); got != "A0" {
		t.Errorf("a sale under the old keys after the sign-in answer: %q, want A0", got)
	}
}

func TestSignOut(t *testing.T) {
	w := newWorld(t, setting{})
	signOut := func() *iso8583.Message { return w.request(pay.SignOut) }
	if got := code(w.ask(signOut())); got != "77" {
		t.Errorf("sign-out before sign-in: %q, want 77", got)
	}
	w.signIn()
	wrong := signOut()
	wrong.Set(iso8583.Batch, "000005")
	if got := code(w.ask(wrong)); got != "77" {
		t.Errorf("sign-out of another batch: %q, want 77", got)
	}
	for _, when := range []string{"first", "again, since the answer was lost"} {
		if got := code(w.ask(signOut())); got != "00" {
			t.Errorf("sign-out %s: %q", when, got)
		}
		if got, _ := w.acquirer.Terminal(tillOne); got.State != acquirer.SignedOut || got.Batch != "000002" {
			t.Errorf("sign-out %s: terminal is %s in batch %s", when, got.State, got.Batch)
		}
	}
	if got := code(w.ask(w.sale())); got != "77" {
		t.Errorf("sale after sign-out: %q, want 77", got)
	}
	if w.signIn(); w.batch != "000002" {
		t.Errorf("the next sign-in brings batch %s", w.batch)
	}
	w.must(w.acquirer.UpdateTerminal(tillOne, func(t *acquirer.Terminal) { t.Batch = "999999" }))
	w.signIn()
	w.ask(signOut())
	if got, _ := w.acquirer.Terminal(tillOne); got.Batch != "000001" {
		t.Errorf("after batch 999999 comes %s", got.Batch)
	}
}

func TestEcho(t *testing.T) {
	w := newWorld(t, setting{})
	answer := w.ask(w.request(pay.Echo))
	if code(answer) != "00" {
		t.Errorf("echo: %q", code(answer))
	}
	for _, v := range w.pos.Validate(answer) {
		t.Errorf("echo answer: %s", v.Text)
	}
}

// The header's processing request asks for a sign-in on every answer until there was one.
func TestAsksToSignInAgain(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	w.must(w.acquirer.UpdateTerminal(tillOne, func(t *acquirer.Terminal) { t.SignInAgain = true }))
	nibble := func(m *iso8583.Message) string { return m.Header()[5:6] }
	if got := nibble(w.ask(w.sale())); got != "3" {
		t.Errorf("answer to a sale: nibble 6 is %s", got)
	}
	if got := nibble(w.signIn()); got != "0" {
		t.Errorf("answer to the sign-in: nibble 6 is %s", got)
	}
	if got := nibble(w.ask(w.sale())); got != "0" {
		t.Errorf("answer after the sign-in: nibble 6 is %s", got)
	}
}
