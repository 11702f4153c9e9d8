package terminal

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// A run is something that a terminal does while its power may go. before is done on safe power, and host is how the host
// behaves until the power has gone; afterwards it is honest.
type run struct {
	name   string
	before func(*bench)
	host   func(n int, flow pay.Flow, req *iso8583.Message) (reply, bool)
	do     func(*bench)
}

func runs() []run {
	return slices.Concat(tillRuns(), dayRuns(), peopleRuns(), deviceRuns(), noticeRuns())
}

func tillRuns() []run {
	signedIn := func(b *bench) { b.signIn() }
	only := func(of pay.Flow, r reply) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { return r, flow == of }
	}
	sale := func(b *bench) { b.swipe(pinTrack) }
	badMAC := func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }
	down := iso8583.Trouble{Cause: iso8583.NotConnected}
	return []run{
		{"log-in", func(*bench) {}, nil, func(b *bench) { b.logIn("01", "1"); b.logIn("01", "4719") }},
		{"set password", func(*bench) {}, nil, func(b *bench) { b.step(Event{Kind: SetPassword, Password: pay.NewSecret("5839")}) }},
		{"sign-in", func(*bench) {}, nil, func(b *bench) { b.signIn() }},
		{"sign-in unanswered", signedIn, only(pay.SignIn, reply{trouble: &silent}), func(b *bench) { b.signIn() }},
		{"sign-out", signedIn, nil, func(b *bench) { b.step(Event{Kind: Choose, Flow: pay.SignOut}) }},
		{"echo", signedIn, nil, func(b *bench) { b.step(Event{Kind: Choose, Flow: pay.Echo}) }},
		{"sale approved", signedIn, nil, sale},
		{"sale declined", signedIn, only(pay.Sale, reply{code: "51"}), sale},
		{"sale unanswered", signedIn, only(pay.Sale, reply{trouble: &silent}), sale},
		{"sale unsent", signedIn, only(pay.Sale, reply{trouble: &down}), sale},
		{"sale answered with a bad MAC", signedIn, only(pay.Sale, reply{code: "00", spoil: badMAC}), sale},
		{"sale too late", signedIn, only(pay.Sale, reply{code: "68"}), sale},
		{"sale and reversal unanswered", signedIn, func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow != pay.SignIn
		}, sale},
		{"reversal unsent, then a sale", signedIn, func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			switch n {
			case 2: // the sign-in was the first
				return reply{trouble: &silent}, true
			case 3:
				return reply{trouble: &down}, true
			}
			return reply{}, false
		}, func(b *bench) { sale(b); sale(b) }},
		{"sale without paper", func(b *bench) { b.signIn(); b.step(Event{Kind: PaperOut}) }, nil, func(b *bench) { sale(b); b.step(Event{Kind: PaperIn}) }},
		{"reprint", func(b *bench) { b.signIn(); b.swipe(freeTrack) }, nil, func(b *bench) { b.step(Event{Kind: Reprint}) }},
		{"two sales, a sign-in between", signedIn, func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: "00", edit: func(m *iso8583.Message) { m.SetHeader(m.Header()[:5] + "3" + m.Header()[6:]) }}, flow == pay.Sale
		}, func(b *bench) { sale(b); sale(b) }},
		{"balance", signedIn, nil, func(b *bench) { b.order(pay.Balance, 0, Original{}, pinTrack) }},
		{"tamper", signedIn, nil, func(b *bench) { b.step(Event{Kind: Tamper}) }},
	}
}

// The power goes after every action of every run, and again after every action of the start that follows; then the
// terminal must have put everything right.
func TestPowerCuts(t *testing.T) {
	points := 0
	for _, r := range runs() {
		t.Run(r.name, func(t *testing.T) {
			for k := 0; ; k++ {
				b := cutRun(t, r, k)
				if b.till != nil { // it got to the end
					break
				}
				for j := 0; ; j++ {
					points++
					again := cutRun(t, r, k)
					again.budget = j
					again.powerOn()
					whole := again.till != nil
					again.budget = -1
					if !whole {
						again.powerOn()
					}
					judge(t, fmt.Sprintf("cut after %d actions, and after %d of the start", k, j), again)
					if whole {
						break
					}
				}
			}
		})
	}
	t.Logf("%d power cuts", points)
}

// cutRun does a run and takes the power away after k of its actions.
func cutRun(t *testing.T, r run, k int) *bench {
	b := newBench(t)
	r.before(b)
	b.host.do = r.host
	b.budget = k
	r.do(b)
	b.host.do = nil
	return b
}

// judge holds a terminal that has come up for good against what it and the host did before.
func judge(t *testing.T, where string, b *bench) {
	t.Helper()
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s", where, fmt.Sprintf(format, args...))
	}
	if s := b.till.Status(); s.Pending && b.config.HSM.Has(KeyMAK) {
		wrong("a reversal is still pending")
	}
	told := map[string]bool{}
	for _, e := range b.endings {
		if e.Kind == Approved {
			told[e.Trace] = true
		}
	}
	for _, s := range b.till.Statements() {
		trace := s.Ref.Trace
		charged := b.host.charged[trace] && !b.host.undone[trace]
		if (s.Fact == audit.Approved) != charged && s.Fact != audit.Exception {
			wrong("payment %s is %s here and charged=%v at the host", trace, s.Fact, charged)
		}
		if told[trace] && s.Fact != audit.Approved {
			wrong("the cardholder was told that %s is approved, and it is %s", trace, s.Fact)
		}
		unmarked, all := printed(b, trace)
		if s.Fact == audit.Approved && (unmarked > 2 || all < 2) {
			wrong("payment %s has %d slips, %d without the reprint mark", trace, all, unmarked)
		}
		if s.Fact != audit.Approved && all > 0 {
			wrong("payment %s is %s and has a slip", trace, s.Fact)
		}
	}
	b.logIn("01", "4719")
	b.logIn("01", "5839") // the run that changes it
	if b.config.HSM.Has(KeyTMK) {
		b.signIn()
		if b.till.Status().Settling {
			b.settle()
			same(t, where+": the settlement", Settled, b.ending().Kind)
			b.signIn()
		}
		if b.swipe(freeTrack); b.ending().Screen == "RESTARTING" {
			b.logIn("01", "4719")
			b.swipe(freeTrack)
		}
		if b.need == NeedSignature {
			b.step(Event{Kind: Sign})
		}
		same(t, where+": the next sale", Approved, b.ending().Kind)
	}
	judgeUploads(wrong, b)
	judgeDevice(wrong, b)
	judgeNotices(wrong, b)
	used := map[string]bool{}
	for _, m := range b.exchanges {
		tx, _, _ := b.dialect.Identify(m)
		trace := m.Get(iso8583.Trace)
		if tx.Flow != pay.Reversal && !tx.Advice && used[trace] {
			wrong("trace %s was used twice", trace)
		}
		used[trace] = true
	}
}

func printed(b *bench, trace string) (unmarked, all int) {
	for _, s := range b.slips {
		for _, l := range s.Lines {
			if l.ID != "SLIP_TRACE" || l.Args[0] != trace {
				continue
			}
			all++
			if !s.Reprint {
				unmarked++
			}
		}
	}
	return unmarked, all
}

// Whatever the running terminal knows, the restored one knows too.
func TestRestoreKnowsTheSame(t *testing.T) {
	for _, r := range runs() {
		b := newBench(t)
		r.before(b)
		b.host.do = r.host
		r.do(b)
		before, statements := b.till.Status(), b.till.Statements()
		restored, err := New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range b.journal {
			if err := restored.Restore(record); err != nil {
				t.Fatal(err)
			}
		}
		after := restored.Status()
		after.State, after.Operator, after.Paper, after.Network = before.State, before.Operator, before.Paper, before.Network // volatile
		after.Version = before.Version                                                                                        // known after the start
		same(t, r.name, before, after)
		same(t, r.name, statements, restored.Statements())
	}
}

// No card number, track, PIN or password leaves the terminal but in its messages: not in the journal, the trace, a screen or
// a slip, in whatever form.
func TestNoSecretLeaves(t *testing.T) {
	finder, err := leak.New(leak.Text("PAN", panH3), leak.Text("track", pinTrack), leak.Text("PIN", goodPIN), leak.Text("password", "903512"))
	if err != nil {
		t.Fatal(err)
	}
	texts := loadTexts(t, "en")
	for _, r := range runs() {
		b := newBench(t)
		b.logIn("00", "903512")
		r.before(b)
		b.host.do = r.host
		r.do(b)
		var out bytes.Buffer
		for _, record := range b.journal {
			fmt.Fprintf(&out, "%s %s\n", record.Kind, record.Data)
		}
		for _, s := range b.slips {
			fmt.Fprintln(&out, RenderSlip(s, texts))
		}
		if _, err := b.config.Trace.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%#v %+v %v %v\n", b.till.Status(), b.till.Statements(), b.screens, b.endings)
		for _, hit := range finder.Find(r.name, out.Bytes()) {
			t.Error(hit)
		}
	}
}

// A record that is not a terminal's, or is torn, is an error and not a silent hole.
func TestRestoreRefusesNonsense(t *testing.T) {
	b := newBench(t)
	for _, r := range []journal.Record{{Kind: "ledger", Data: []byte("{}")}, {Kind: "till.pending", Data: []byte("{")}} {
		if err := b.till.Restore(r); err == nil {
			t.Errorf("record %s was taken", r.Kind)
		}
	}
}
