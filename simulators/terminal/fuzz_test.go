package terminal

import (
	"errors"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// FuzzEvents throws events in any order at a terminal, answers of all sorts among them. It never panics, never sends two
// things at once, and says Approved only to the very payment that an answer with a good MAC and an approving code was for.
func FuzzEvents(f *testing.F) {
	say := func(more int, kinds ...EventKind) (script []byte) {
		for _, k := range kinds {
			script = append(script, byte(int(k)+more*int(eventKinds)))
		}
		return script
	}
	f.Add(say(0, PowerOn, LogIn, Choose, Stored, Answered, Choose, Swipe, Stored, Answered, Stored))
	f.Add(say(1, PowerOn, LogIn, Choose, LogIn, EnterOriginal, Swipe, EnterPIN, Stored, Answered, Stored, Choose, Stored, Answered))
	f.Add(say(0, PowerOn, LogIn, Choose, Tamper, NetworkUp, Fired, Choose))
	f.Add(slices.Concat(say(0, PowerOn, LogIn, Choose), say(3, Stored, Unanswered, PowerOn), say(0, LastPayment, Statistics)))
	f.Add(slices.Concat(say(0, PowerOn, LogIn, Choose), say(11, Stored, Answered), say(0, EnterPIN, Stored, Answered, Stored, Reprint)))
	f.Add(slices.Concat(say(1, PowerOn, LogIn, AddOperator, RemoveOperator, SetPassword), say(2, LogIn, SetPassword, Choose)))
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
	turn    int
	good    string // trace of the payment that was answered with a good approval
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
	flows := []pay.Flow{pay.SignIn, pay.Sale, pay.Void, pay.Refund, pay.PreAuth, pay.Completion, pay.CompletionAdvice,
		pay.PreAuthVoid, pay.Settlement, pay.Balance, pay.Echo, pay.SignOut}
	more := int(b) / int(eventKinds)
	p.turn++ // which flow is chosen hangs on how far the script is, too
	e := Event{Kind: EventKind(int(b) % int(eventKinds)), Operator: []string{"01", "00", "02", "77"}[more%4],
		Password: pay.NewSecret([]string{"4719", "903512", "0000", "1"}[more%4]), Flow: flows[(more+p.turn)%len(flows)],
		Original: Original{Trace: p.good, RRN: "260600000002", Date: "0601", AuthCode: "102030"},
		Amount:   pay.CNY(int64(more) * 500), Stripe: Stripe{Track2: pay.NewSecret(stripes[more%4]), Bad: more == 9}, PAN: pay.NewPAN(panH3), Expiry: "3012",
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
		{code: "10"}, {code: "68"}, {code: "77"}, {trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}},
		{code: "55"}, {code: "19"}, {code: "41"}}
	r := replies[how%len(replies)]
	tx, _, _ := p.dialect.Identify(sent)
	if tx.MAC && !p.host.hsm.Has(KeyMAK) {
		p.t.Fatal("a message with a MAC before any sign-in")
	}
	p.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return r, true }
	if tx.Flow != pay.SignIn && r.code == "00" && r.edit == nil && r.spoil == nil {
		p.good = sent.Get(iso8583.Trace)
	}
	return p.host.serve(p.bench, sent)
}
