package terminal

import (
	"errors"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// FuzzEvents throws events in any order at a terminal, answers of all sorts among them. It never panics, never sends two
// things at once, and says Approved only to the very sale that an answer with a good MAC and an approving code was for.
func FuzzEvents(f *testing.F) {
	f.Add([]byte{0, 1, 4, 5, 10, 20, 5, 12, 20})           // sign in, sell
	f.Add([]byte{0, 1, 4, 5, 10, 20, 30, 12, 20, 20, 20})  // sell, no answer
	f.Add([]byte{2, 0, 0, 0, 13, 1, 23, 26, 4, 27, 5, 10}) // log in wrongly, tamper
	f.Add([]byte{0, 4, 5, 40, 1, 5, 5, 10, 20, 12, 33, 3}) // failing store, power
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 200 {
			return
		}
		p := &player{bench: newBench(t, func(c *Config) { c.Trace = trace.NewRecorder(nil) })}
		for _, b := range script {
			p.play(b)
		}
	})
}

// player drives a terminal by single events, also such as come at the wrong time.
type player struct {
	*bench
	request *iso8583.Message // on the line
	storing bool             // a Write waits for the store's word
	good    string           // trace of the sale that was answered with a good approval
}

func (p *player) play(b byte) {
	e := p.event(b)
	if e.Kind == PowerOn {
		p.request, p.storing = nil, false
		till, err := New(p.config)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, r := range p.journal {
			if err := till.Restore(r); err != nil {
				p.t.Fatal(err)
			}
		}
		p.till = till
	}
	if e.Kind == Stored {
		p.storing = false
	}
	var out Actions
	p.till.Step(p.now, e, &out)
	for _, a := range out.All() {
		switch a.Kind {
		case Write:
			p.journal = append(p.journal, a.Records...)
			p.storing = p.storing || a.Await
		case Exchange:
			if p.request != nil {
				p.t.Fatal("a second request while the first is on the line")
			}
			p.request = a.Message
		case End:
			if a.Ending.Kind == Approved && a.Ending.Trace != p.good {
				p.t.Fatalf("approved without a good answer: %+v", a.Ending)
			}
		}
	}
}

func (p *player) event(b byte) Event {
	stripes := []string{freeTrack, pinTrack, chipTrack, "nonsense"}
	more := int(b) / int(eventKinds)
	e := Event{Kind: EventKind(int(b) % int(eventKinds)), Operator: []string{"01", "00", "02", "77"}[more%4],
		Password: pay.NewSecret([]string{"4719", "903512", "0000", "1"}[more%4]), Flow: []pay.Flow{pay.SignIn, pay.Sale, pay.Echo, pay.SignOut}[more%4],
		Amount: pay.CNY(int64(more) * 500), Stripe: Stripe{Track2: pay.NewSecret(stripes[more%4]), Bad: more == 9}, PAN: pay.NewPAN(panH3), Expiry: "3012",
		PIN: pay.NewSecret([]string{goodPIN, "", "12", "abcd"}[more%4]), Timer: TimerIdle, Network: []string{"wifi", "4g", ""}[more%3]}
	switch e.Kind {
	case Stored:
		if !p.storing {
			return Event{Kind: BatteryOK}
		}
		if more == 3 {
			e.Err = errors.New("flash is worn out")
		}
	case Answered, Unanswered:
		if p.request == nil {
			return Event{Kind: Confirm}
		}
		return p.answer(more)
	}
	return e
}

// answer ends the exchange, well or badly.
func (p *player) answer(how int) Event {
	sent := p.request
	p.request = nil
	replies := []reply{{code: "00"}, {code: "00"}, {code: "51"}, {trouble: &silent},
		{code: "00", spoil: func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }},
		{code: "51", spoil: func(m *iso8583.Message) { m.Set(iso8583.AnswerCode, "00") }},
		{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Trace, "424242") }},
		{code: "10"}, {code: "68"}, {code: "77"}, {trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}}
	r := replies[how%len(replies)]
	tx, _, _ := p.dialect.Identify(sent)
	if tx.MAC && !p.host.hsm.Has(KeyMAK) {
		p.t.Fatal("a message with a MAC before any sign-in")
	}
	p.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return r, true }
	if tx.Flow == pay.Sale && r.code == "00" && r.edit == nil && r.spoil == nil {
		p.good = sent.Get(iso8583.Trace)
	}
	return p.host.serve(p.bench, sent)
}
