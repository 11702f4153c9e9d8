package acquirer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

func TestReversals(t *testing.T) {
	for _, c := range []struct {
		name     string
		switches map[string]string
		do       func(w *world, sale *iso8583.Message)
		codes    []string // of the answers, in order
		moved    int64
		state    acquirer.PaymentState
	}{
		{name: "of an approved sale", codes: []string{"00", "00"}, state: acquirer.Reversed,
			do: func(w *world, m *iso8583.Message) { w.sendAll(m, w.reversalOf(m)) }},
		{name: "repeated, stored answer", codes: []string{"00", "00", "00", "00"}, state: acquirer.Reversed,
			do: func(w *world, m *iso8583.Message) {
				w.sendAll(m, w.reversalOf(m), w.reversalOf(m), w.reversalOf(m))
			}},
		{name: "repeated, 25 by switch", codes: []string{"00", "00", "25"}, state: acquirer.Reversed,
			switches: map[string]string{"reversed_again": "25"},
			do:       func(w *world, m *iso8583.Message) { w.sendAll(m, w.reversalOf(m), w.reversalOf(m)) }},
		{name: "before its sale", codes: []string{"00", "94"}, state: acquirer.Tombstone,
			do: func(w *world, m *iso8583.Message) { w.sendAll(w.reversalOf(m), m) }},
		{name: "before its sale, repeated", codes: []string{"00", "00", "94"}, state: acquirer.Tombstone,
			do: func(w *world, m *iso8583.Message) { w.sendAll(w.reversalOf(m), w.reversalOf(m), m) }},
		{name: "of nothing, 25 by switch", codes: []string{"25"}, state: acquirer.Tombstone,
			switches: map[string]string{"unknown_reversal": "25"},
			do:       func(w *world, m *iso8583.Message) { w.sendAll(w.reversalOf(m)) }},
		{name: "of another amount", codes: []string{"00", "64", "00"}, state: acquirer.Reversed,
			do: func(w *world, m *iso8583.Message) {
				other := w.reversalOf(m)
				other.Set(iso8583.Amount, "000000000999")
				w.sendAll(m, other, w.reversalOf(m))
			}},
		{name: "of a declined sale", codes: []string{"55", "00"}, state: acquirer.Declined,
			do: func(w *world, m *iso8583.Message) { w.setPIN(m, "000000"); w.sendAll(m, w.reversalOf(m)) }},
		{name: "of another kind of payment", codes: []string{"00", "25"}, state: acquirer.Approved, moved: 1000,
			do: func(w *world, m *iso8583.Message) {
				other := w.reversalOf(m)
				other.Set(iso8583.TypeCode, "10")
				w.sendAll(m, other)
			}},
		{name: "sale repeated", codes: []string{"00", "94"}, state: acquirer.Approved, moved: 1000,
			do: func(w *world, m *iso8583.Message) { w.sendAll(m, m) }},
		{name: "sale repeated after its reversal", codes: []string{"00", "00", "94"}, state: acquirer.Reversed,
			do: func(w *world, m *iso8583.Message) { w.sendAll(m, w.reversalOf(m), m) }},
		{name: "declined sale repeated", codes: []string{"55", "94"}, state: acquirer.Declined,
			do: func(w *world, m *iso8583.Message) { w.setPIN(m, "000000"); w.sendAll(m, m) }},
		{name: "of an earlier batch", codes: []string{"00", "00", "00"}, state: acquirer.Reversed,
			do: func(w *world, m *iso8583.Message) {
				w.sendAll(m)
				w.sendAll(w.request(pay.SignOut))
				answers := w.answers
				w.signIn()
				w.answers = answers
				w.sendAll(w.reversalOf(m))
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{switches: c.switches})
			w.signIn()
			w.answers = nil
			c.do(w, w.sale())
			w.rest()
			if diff := cmp.Diff(c.codes, w.codes()); diff != "" {
				t.Errorf("answers, want then got:\n%s", diff)
			}
			w.wantBooks(c.moved)
			if p := w.acquirer.Payments(); len(p) != 1 || p[0].State != c.state {
				t.Errorf("payments: %+v, want one that is %s", p, c.state)
			}
		})
	}
}

// sendAll delivers messages one after the other and keeps all answers.
func (w *world) sendAll(messages ...*iso8583.Message) {
	for _, m := range messages {
		w.deliver(w.sealed(m))
		w.rest()
	}
}

func (w *world) codes() []string {
	var list []string
	for _, m := range w.answers {
		list = append(list, code(m))
	}
	return list
}

// What the issuer's silence and slowness come to.
func TestIssuerTrouble(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(w *world)
		do      func(w *world, m *iso8583.Message)
		codes   []string
		after   func(w *world)
		moved   int64
		undo    acquirer.Undo
	}{
		{name: "down, then back", codes: []string{"98"}, undo: acquirer.UndoDone,
			arrange: func(w *world) {
				w.bank.down = true
				w.loop.After(time.Minute, func() { w.bank.down, w.bank.delay = false, 0 })
			}},
		{name: "approves, but its answer is late", codes: []string{"98"}, undo: acquirer.UndoDone,
			arrange: func(w *world) { w.bank.delay = 45 * time.Second }},
		{name: "slow", codes: []string{"00"}, moved: 1000,
			arrange: func(w *world) { w.bank.delay = 20 * time.Second }},
		{name: "reversed while the issuer is asked", codes: []string{"00"}, undo: acquirer.UndoDone,
			arrange: func(w *world) { w.bank.delay = 20 * time.Second },
			do: func(w *world, m *iso8583.Message) {
				w.deliver(w.sealed(m))
				w.deliver(w.sealed(w.reversalOf(m)))
			}},
		{name: "repeated while the issuer is asked", codes: []string{"00"}, moved: 1000,
			arrange: func(w *world) { w.bank.delay = 20 * time.Second },
			do: func(w *world, m *iso8583.Message) {
				w.deliver(w.sealed(m))
				w.deliver(w.sealed(m)) // the till must not take a 94 for the answer
			}},
		{name: "down for long, reversed when the next message comes", codes: []string{"98", "00"}, undo: acquirer.UndoDone,
			arrange: func(w *world) { w.bank.down = true },
			do: func(w *world, m *iso8583.Message) {
				w.sendAll(m)
				w.bank.down, w.bank.delay = false, 0
				w.sendAll(w.request(pay.Echo))
			}},
		{name: "its line fails after the approval", codes: []string{"00", "00"}, undo: acquirer.UndoDone,
			do: func(w *world, m *iso8583.Message) {
				w.sendAll(m)
				w.acquirer.SetCondition(acquirer.Condition{NoIssuer: true})
				w.loop.After(time.Minute, func() { w.acquirer.SetCondition(acquirer.Condition{}) })
				w.sendAll(w.reversalOf(m))
			}},
		{name: "it cannot take the reversal at first", codes: []string{"00", "00"}, undo: acquirer.UndoDone,
			arrange: func(w *world) { w.bank.unable = 2 },
			do:      func(w *world, m *iso8583.Message) { w.sendAll(m, w.reversalOf(m)) }},
		{name: "down, and asked again meanwhile", codes: []string{"98", "98"}, undo: acquirer.UndoDue,
			arrange: func(w *world) { w.bank.down = true },
			do: func(w *world, m *iso8583.Message) {
				w.deliver(w.sealed(m))
				w.loop.After(5*time.Second, func() { w.deliver(w.sealed(w.sale())) })
			}},
		{name: "malfunction", codes: []string{"96"}, arrange: func(w *world) { w.bank.answer = "96" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			w.answers = nil
			if c.arrange != nil {
				c.arrange(w)
			}
			if c.do == nil {
				c.do = func(w *world, m *iso8583.Message) { w.sendAll(m) }
			}
			c.do(w, w.sale())
			w.rest()
			if diff := cmp.Diff(c.codes, w.codes()); diff != "" {
				t.Errorf("answers, want then got:\n%s", diff)
			}
			w.wantBooks(c.moved)
			if p := w.acquirer.Payments()[0]; p.Undo != c.undo {
				t.Errorf("the issuer's reversal is %q, want %q", p.Undo, c.undo)
			}
		})
	}
}

// An acquirer that starts again over its store, wherever its journal was cut, holds what it had told anybody, and brings
// the issuer's books in line with its own.
func TestRestart(t *testing.T) {
	whole := newWorld(t, setting{})
	recorder := &recording{Memory: whole.store}
	whole.hosts.Store = recorder
	whole.open()
	history(whole)
	again := *whole
	again.hosts.Store = whole.store
	again.open()
	if diff := cmp.Diff(whole.acquirer.Statements(), again.acquirer.Statements()); diff != "" {
		t.Errorf("statements after a restart, before then after:\n%s", diff)
	}
	if diff := cmp.Diff(whole.acquirer.Payments(), again.acquirer.Payments()); diff != "" {
		t.Errorf("payments after a restart, before then after:\n%s", diff)
	}
	if diff := cmp.Diff(whole.acquirer.Terminals(), again.acquirer.Terminals()); diff != "" {
		t.Errorf("terminals after a restart, before then after:\n%s", diff)
	}
	for n := range recorder.batches {
		w := newWorld(t, setting{quiet: true})
		cut := &recording{Memory: w.store, limit: n + 1}
		w.hosts.Store = cut
		w.acquirer = nil
		w.store = cut.Memory
		w.open()
		history(w) // silent from batch n on
		w.hosts.Store = journal.NewMemory()
		for _, b := range cut.kept {
			w.must(journal.Commit(w.hosts.Store, b))
		}
		w.open()
		w.acquirer.Resume(w.loop.Now(), w)
		w.rest()
		if merchant, card := w.books(); merchant+card != aliceHas {
			t.Errorf("cut after batch %d: the merchant has %d and Alice %d of %d", n, merchant, card, aliceHas)
		}
	}
}

// An acquirer that comes back with an empty security module takes the working keys from its journal.
func TestRestartWithoutKeys(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	for _, name := range []string{"PIK", "MAK"} {
		w.hosts.HSM.Delete(acquirer.TerminalKey(tillOne, name))
	}
	w.open()
	if got := code(w.ask(w.sale())); got != "00" {
		t.Errorf("answer %q by %s", got, w.reason())
	}
	w.hosts.HSM.Delete(acquirer.TerminalKey(tillOne, "MAK"))
	w.hosts.HSM.Delete(acquirer.TerminalKey(tillOne, "TMK"))
	if got := code(w.ask(w.sale())); got != "A0" {
		t.Errorf("answer %q by %s, want A0 so that the till signs in again", got, w.reason())
	}
}

// What did not get into the journal is not told to anybody, and nothing is after it.
func TestJournalFails(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	w.hosts.Store = &recording{Memory: w.store, limit: 1}
	w.open()
	for n := range 2 {
		if answer := w.ask(w.sale()); answer != nil {
			t.Errorf("sale %d is answered %q", n+1, code(answer))
		}
	}
}

// slow takes batches into its memory and does not say so.
type slow struct{ *journal.Memory }

func (s slow) Append(batch []journal.Record, _ func(error)) { s.Memory.Append(batch, func(error) {}) }

// The issuer hears of a reversal only when it is durable, whatever request comes in between: an acquirer that was killed then would believe for ever that the
// money is the merchant's (`make kills` found it).
func TestIssuerHearsWhatIsDurable(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	sale := w.sale()
	w.ask(sale)
	w.hosts.Store = slow{w.store}
	w.open()
	w.deliver(w.sealed(w.reversalOf(sale)))
	w.deliver(w.sealed(w.sale()))
	w.rest()
	if merchant, card := w.books(); merchant != 0 || card == aliceHas {
		t.Errorf("the merchant has %d and Alice %d of %d: the issuer knows of a reversal that is not durable", merchant, card, aliceHas)
	}
}

func TestRegisterRefuses(t *testing.T) {
	w := newWorld(t, setting{})
	for name, err := range map[string]error{
		"merchant number":   w.acquirer.AddMerchant(acquirer.Merchant{Number: "1"}),
		"terminal number":   w.acquirer.AddTerminal(acquirer.Terminal{Number: "1", Merchant: shop}),
		"unknown merchant":  w.acquirer.AddTerminal(acquirer.Terminal{Number: "10000002", Merchant: "1"}),
		"merchant to edit":  w.acquirer.UpdateMerchant("1", func(*acquirer.Merchant) {}),
		"terminal to edit":  w.acquirer.UpdateTerminal("1", func(*acquirer.Terminal) {}),
		"journal of others": reopen(journal.Record{Kind: "payment", Data: []byte("{")}, w.hosts),
	} {
		if err == nil {
			t.Errorf("%s: taken without an error", name)
		}
	}
}

func reopen(r journal.Record, c acquirer.Config) error {
	c.Store = journal.NewMemory()
	if err := journal.Commit(c.Store, []journal.Record{r}); err != nil {
		return nil
	}
	_, err := acquirer.New(c)
	return err
}

// history is a morning: sales approved and declined, a reversal, a reversal without a sale, a silent issuer.
func history(w *world) {
	frames := func(m *iso8583.Message) {
		w.deliver(w.sealed(m))
		w.rest()
	}
	w.deliver(w.sealed(w.signInRequest()))
	if len(w.answers) > 0 && w.answers[len(w.answers)-1].Has(iso8583.Keys) {
		w.loadKeys(w.answers[len(w.answers)-1])
	} else {
		return // the acquirer has fallen silent
	}
	first := w.sale()
	frames(first)
	frames(w.sale())
	wrong := w.sale()
	w.setPIN(wrong, "000000")
	frames(wrong)
	frames(w.reversalOf(first))
	frames(w.reversalOf(w.sale()))
	w.bank.delay = 45 * time.Second
	frames(w.sale())
	w.bank.down, w.bank.delay = false, 0
	frames(w.request(pay.SignOut))
}

var errCut = errors.New("the power is off")

// recording is a store that counts its batches and, once it has limit of them, fails.
type recording struct {
	*journal.Memory
	limit   int
	batches int
	kept    [][]journal.Record
}

func (r *recording) Append(batch []journal.Record, done func(error)) {
	if r.limit > 0 && r.batches >= r.limit {
		done(errCut)
		return
	}
	r.batches++
	r.kept = append(r.kept, batch)
	r.Memory.Append(batch, done)
}
