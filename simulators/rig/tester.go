package rig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// SendMade sends a message that a tester made, beside the till's machine but with its keys: a good one of that flow, as edit
// changes it, sealed again. The answer, if one comes, is only written down.
//
// A sale is Bob's, 10.00 CNY, with the till's next trace number; a reversal takes back the till's last sale; anything else is as the till
// has sent it last, with its next trace number.
func (t *Till) SendMade(flow pay.Flow, edit func(*iso8583.Message) error) error {
	m, err := t.made(flow)
	if err != nil {
		return err
	}
	return t.sendEdited(flow, m, edit)
}

// sendEdited sends what a tester made, as edit changes it.
func (t *Till) sendEdited(flow pay.Flow, m *iso8583.Message, edit func(*iso8583.Message) error) error {
	own := m.Get(iso8583.Trace)
	if err := edit(m); err != nil {
		return err
	}
	if trace := m.Get(iso8583.Trace); trace != own {
		m.Set(iso8583.Trace, t.ofLease(trace))
		if m.Has(iso8583.OriginalMTI) {
			m.Set(iso8583.OriginalTrace, t.ofLease(trace))
		}
	}
	d := t.world.Rig.Dialect
	if m.Has(iso8583.PIN) && !m.Has(iso8583.PINCapture) { // with a PIN block goes what tells of it
		m.Set(iso8583.EntryMode, m.Get(iso8583.EntryMode)[:2]+"1")
		m.Set(iso8583.PINCapture, d.Switches.PINCapture)
		m.Set(iso8583.SecurityControl, "26"+strings.Repeat("0", 14))
	}
	var err error
	if spec, ok := d.Transaction(flow); ok && spec.MAC && m.Has(iso8583.MAC) {
		_, err = d.Seal(nil, m, t.mac)
	} else {
		_, err = d.Encode(nil, m)
	}
	if err != nil {
		return fmt.Errorf("till %s: made %s: %w", t.Name, flow, err)
	}
	return t.SendAgain(m)
}

func (t *Till) mac(input []byte) ([]byte, error) {
	return t.config.HSM.MAC(terminal.KeyMAK, hsm.MACAlgorithm(t.world.Rig.Dialect.Security.MAC), input)
}

func (t *Till) made(flow pay.Flow) (*iso8583.Message, error) {
	switch {
	case flow == pay.SignIn:
		return t.madeSignIn()
	case flow == pay.Sale:
		return t.madeSale()
	case flow.Kind() != pay.Reversal:
		m := t.last(flow)
		if m == nil {
			return nil, fmt.Errorf("till %s: it has sent no %s that another could be made of", t.Name, flow)
		}
		t.timed(m)
		m.Set(iso8583.Trace, t.Status().Trace)
		return m, nil
	}
	sale := t.last(pay.Sale)
	if sale == nil {
		fresh, err := t.madeSale()
		if err != nil {
			return nil, err
		}
		sale = fresh
	}
	return t.madeReversal(flow, sale)
}

// last gives the last request of a flow on this till's line.
func (t *Till) last(flow pay.Flow) *iso8583.Message {
	for _, c := range slices.Backward(t.world.Wire) {
		if c.Till == t.Name && c.Flow == flow && !c.Answer {
			return c.Message.Clone()
		}
	}
	return nil
}

func (t *Till) madeSignIn() (*iso8583.Message, error) {
	m := t.world.Rig.Dialect.NewRequest(pay.SignIn)
	t.timed(m)
	status := t.Status()
	scheme := t.config.KeyScheme
	if scheme == "" {
		scheme = "003"
	}
	for e, v := range map[iso8583.Element]string{iso8583.Trace: status.Trace, iso8583.Terminal: t.config.Number, iso8583.Merchant: t.config.Merchant,
		iso8583.Batch: status.Batch, iso8583.Operator: "01 "} {
		m.Set(e, v)
	}
	fixed := m.Get(iso8583.NetworkCode)
	m.Set(iso8583.NetworkCode, scheme)
	if _, _, ok := t.world.Rig.Dialect.Identify(m); !ok {
		m.Set(iso8583.NetworkCode, fixed)
	}
	return m, nil
}

// timed tells m when it is made, where the dialect asks.
func (t *Till) timed(m *iso8583.Message) {
	now := t.Now()
	for e, v := range map[iso8583.Element]string{iso8583.TransmissionTime: now.UTC().Format("0102150405"),
		iso8583.LocalTime: now.Format("150405"), iso8583.LocalDate: now.Format("0102"), iso8583.LocalYear: now.Format("06")} {
		if spec, _, ok := t.world.Rig.Dialect.Identify(m); ok && t.world.Rig.Dialect.Carries(spec.Flow, e) {
			m.Set(e, v)
		}
	}
}

func (t *Till) madeSale() (*iso8583.Message, error) {
	holder, err := t.world.Card("Bob")
	if err != nil {
		return nil, err
	}
	stripe, err := t.world.stripe(holder)
	if err != nil {
		return nil, err
	}
	m := t.world.Rig.Dialect.NewRequest(pay.Sale)
	t.timed(m)
	status := t.Status()
	for e, v := range map[iso8583.Element]string{iso8583.PAN: holder.PAN, iso8583.Amount: "000000001000", iso8583.Trace: status.Trace,
		iso8583.EntryMode: "022", iso8583.Track2: stripe.Track2.Reveal(), iso8583.Terminal: t.config.Number, iso8583.Merchant: t.config.Merchant,
		iso8583.Currency: pay.Currency156CNY.Digits(), iso8583.SecurityControl: strings.Repeat("0", 16), iso8583.Batch: status.Batch,
		iso8583.NetworkCode: "000", iso8583.ReadCapability: "6", iso8583.ICCondition: "0", iso8583.MAC: "00000000"} {
		if t.world.Rig.Dialect.Carries(pay.Sale, e) {
			m.Set(e, v)
		}
	}
	return m, nil
}

// SendAgain sends the very bytes of a message once more on this till's line; the answer, if one comes, is only written down.
func (t *Till) SendAgain(m *iso8583.Message) error {
	if t.link == nil {
		return fmt.Errorf("till %s has no power", t.Name)
	}
	t.exchange(m, 0, func(*iso8583.Message, iso8583.Trouble) {})
	return t.world.Rest()
}

// SendAgainWith sends a request of this till once more as edit changes it.
func (t *Till) SendAgainWith(request *Crossing, edit func(*iso8583.Message) error) error {
	return t.sendEdited(request.Flow, request.Message.Clone(), edit)
}

// SendGarbage sends a well-framed frame that nobody can read.
func (t *Till) SendGarbage() error {
	if err := t.tap.garbage([]byte(strings.Repeat("\xFF", 40))); err != nil {
		return fmt.Errorf("till %s: garbage: %w", t.Name, err)
	}
	return t.world.Rest()
}

// SetNextTrace sets the trace number of the till's next message.
func (t *Till) SetNextTrace(n int) error {
	if t.world.remote() {
		return lacks("a remote host remembers trace numbers: they cannot be set")
	}
	return t.goOnAt(n)
}

// goOnAt gives the till's next message that trace number.
func (t *Till) goOnAt(n int) error {
	r := terminal.TraceRecord(n)
	if err := journal.Commit(t.store, []journal.Record{r}); err != nil {
		return fmt.Errorf("till %s: %w", t.Name, err)
	}
	return t.machine.Restore(r)
}

// When does something to the till, once, right after it sends the nth request of a flow, or right when the answer to that
// request is there and the till has not been told of it.
func (t *Till) When(receiving bool, flow pay.Flow, nth int, act func()) {
	t.mishap = func(p point) {
		if p.sent == receiving {
			return
		}
		if spec, _, ok := t.world.Rig.Dialect.Identify(p.message); ok && spec.Flow == flow && t.world.flows[flow] == nth {
			t.mishap = nil
			act()
		}
	}
}

// Spare takes back what When arranged, if it has not happened yet, and a failure of the storage that nothing was written to since; it
// tells whether that is so.
func (t *Till) Spare() bool {
	waiting := t.mishap != nil || t.badStorage
	t.mishap, t.badStorage = nil, false
	return waiting
}

// CutPower takes the till's power away: what is not in its journal or its security module is gone.
func (t *Till) CutPower() { t.powerOff() }

// FailStorage makes the till's next write to its journal fail.
func (t *Till) FailStorage() { t.badStorage = true }

// Tell gives the till an event from inside one of its own, without letting the world rest.
func (t *Till) Tell(e terminal.Event) { t.world.Loop.After(0, func() { t.do(e) }) }

// SendMixed sends a tester's sale with one card's number and another's stripe.
func (t *Till) SendMixed(number, stripe string) error {
	a, err := t.world.Card(number)
	if err != nil {
		return err
	}
	b, err := t.world.Card(stripe)
	if err != nil {
		return err
	}
	track, err := t.world.stripe(b)
	if err != nil {
		return err
	}
	return t.SendMade(pay.Sale, func(m *iso8583.Message) error {
		m.Set(iso8583.PAN, a.PAN)
		m.Set(iso8583.Track2, track.Track2.Reveal())
		return nil
	})
}

// Statements tells what the till's journal says of every payment; a till without power says nothing.
func (t *Till) Statements() []audit.Statement {
	if t.machine == nil {
		return nil
	}
	return t.machine.Statements()
}

// Tills lists the seated tills in the order they were seated.
func (w *World) Tills() []*Till { return w.order }

// Name is what a table of messages calls it: sale, sale answer, garbage, unknown.
func (c *Crossing) Name() string {
	switch {
	case c.Message == nil:
		return "garbage"
	case c.Flow == "" && c.Answer:
		return "unknown answer"
	case c.Flow == "":
		return "unknown"
	case c.Answer:
		return string(c.Flow) + " answer"
	}
	return string(c.Flow)
}

// Ref names the payment that the message is about. A dialect without batches leaves it empty.
func (c *Crossing) Ref() audit.Ref {
	return audit.Ref{Terminal: c.Message.Get(iso8583.Terminal), Merchant: c.Message.Get(iso8583.Merchant),
		Batch: c.Message.Get(iso8583.Batch), Trace: c.Message.Get(iso8583.Trace), Flow: c.Flow}
}
