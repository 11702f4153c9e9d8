package terminal

import (
	"errors"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// powerCycle takes all volatile state away; nobody is logged in afterwards.
func (b *bench) powerCycle() { b.powerOn() }

func TestPaper(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.step(Event{Kind: PaperOut})
	b.forget()
	b.swipe(freeTrack)
	same(t, "the sale stands", Approved, b.ending().Kind)
	same(t, "screens", []string{"SWIPE_CARD", "CONNECTING", "APPROVED", "PAPER_OUT"}, b.screens)
	same(t, "slips", 0, len(b.slips))
	same(t, "waiting", 1, b.till.Status().Slips)
	b.step(Event{Kind: Reprint})
	same(t, "reprint", "PAPER_OUT", b.ending().Screen)

	b.till = nil
	b.forget()
	till, err := New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range b.journal {
		if err := till.Restore(r); err != nil {
			t.Fatal(err)
		}
	}
	b.till = till
	b.step(Event{Kind: PaperOut}) // a sensor speaks before the power button
	b.step(Event{Kind: PowerOn})
	b.mustShow("PAPER_OUT")
	same(t, "slips", 0, len(b.slips))
	b.step(Event{Kind: PaperIn})
	same(t, "slips", 2, len(b.slips))
	same(t, "copies", []Copy{MerchantCopy, CustomerCopy}, []Copy{b.slips[0].Copy, b.slips[1].Copy})
	same(t, "reprint mark", false, b.slips[0].Reprint)
	b.step(Event{Kind: PaperOut})
	b.step(Event{Kind: PaperIn})
	same(t, "printed once", 2, len(b.slips))
}

func TestReprint(t *testing.T) {
	b := newBench(t)
	b.step(Event{Kind: Reprint})
	same(t, "nothing yet", "NO_SLIP", b.ending().Screen)
	b.signIn()
	b.swipe(freeTrack)
	first := b.slips[0]
	b.powerCycle()
	b.logIn("01", "4719")
	b.forget()
	b.step(Event{Kind: Reprint})
	same(t, "ending", Printed, b.ending().Kind)
	same(t, "slips", 2, len(b.slips))
	same(t, "mark", true, b.slips[0].Reprint)
	same(t, "lines", first.Lines, b.slips[0].Lines)
}

func TestBattery(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.step(Event{Kind: BatteryLow}) // an open order goes on
	b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(freeTrack)}})
	same(t, "open order", Approved, b.ending().Kind)
	b.forget()
	b.swipe(freeTrack)
	same(t, "new trade", "BATTERY_LOW", b.ending().Screen)
	same(t, "exchanges", 0, len(b.exchanges))
	b.step(Event{Kind: Choose, Flow: pay.Echo})
	same(t, "not a trade", LineGood, b.ending().Kind)
	b.step(Event{Kind: BatteryOK})
	b.swipe(freeTrack)
	same(t, "charged", Approved, b.ending().Kind)
}

func TestNetwork(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.step(Event{Kind: NetworkDown})
	b.mustShow("NETWORK_DOWN")
	b.swipe(freeTrack)
	same(t, "no network", "NETWORK_DOWN", b.ending().Screen)
	b.step(Event{Kind: SwitchNetwork, Network: "4g"})
	same(t, "network", "4g", b.network)
	b.swipe(freeTrack)
	same(t, "on 4G", Approved, b.ending().Kind)
	b.step(Event{Kind: NetworkDown})
	b.step(Event{Kind: NetworkUp, Network: "wifi"})
	same(t, "network", "wifi", b.till.Status().Network)
}

func TestTamper(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.step(Event{Kind: Tamper})
	same(t, "open order", "TAMPERED", b.ending().Screen)
	for _, key := range []string{KeyTMK, KeyPIK, KeyMAK, KeyTDK} {
		same(t, key, false, b.config.HSM.Has(key))
	}
	b.powerCycle()
	same(t, "tampered", true, b.till.Status().Tampered)
	b.logIn("01", "4719")
	b.signIn()
	same(t, "after a restart", "TAMPERED", b.ending().Screen)

	if _, err := b.config.HSM.Import(KeyTMK, hsm.TDES2, unhex(t, "CA5D92598DCA48CE8A4C76361A9269E9")); err != nil {
		t.Fatal(err)
	}
	b.signIn()
	same(t, "serviced", SignedIn, b.ending().Kind)
	same(t, "tampered", false, b.till.Status().Tampered)
}

// Nothing that cannot be stored is sent, and nothing that cannot be kept stays approved (DOMAIN.md A.12).
func TestStorage(t *testing.T) {
	broken := errors.New("flash is worn out")
	failing := func(kind string) func([]journal.Record) error {
		return func(batch []journal.Record) error {
			if batch[0].Kind == kind {
				return broken
			}
			return nil
		}
	}
	b := newBench(t)
	b.signIn()
	b.forget()
	b.storeErr = failing("till.pending")
	b.swipe(freeTrack)
	same(t, "ending", Ending{Kind: Refused, Flow: pay.Sale, Screen: "STORAGE_FAILED", Amount: pay.CNY(1000)}, b.ending())
	same(t, "exchanges", 0, len(b.exchanges))
	same(t, "statements", 0, len(b.till.Statements()))
	same(t, "next trace", "000002", b.till.Status().Trace)

	b.storeErr = failing("till.outcome")
	b.swipe(freeTrack)
	same(t, "screen", "STORAGE_FAILED", b.ending().Screen)
	same(t, "exchanges", []string{"sale 002", "reversal 002 96"}, b.flows())
	same(t, "F38", "102030", b.exchanges[1].Get(iso8583.AuthCode))
	same(t, "slips", 0, len(b.slips))

	b.storeErr = failing("till.attempt")
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.forget()
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"sale 003"}, b.flows())
	same(t, "fact", audit.Pending, b.fact())
	b.mustShow("STORAGE_FAILED")
}

func TestTraceWraps(t *testing.T) {
	b := newBench(t, func(c *Config) { c.FirstTrace = 999999 })
	b.signIn()
	b.swipe(freeTrack)
	same(t, "traces", []string{"sign-in 999", "sale 001"}, b.flows())
	if err := b.till.Restore(TraceRecord(500)); err != nil {
		t.Fatal(err)
	}
	same(t, "next", "000500", b.till.Status().Trace)
	if err := b.till.Restore(TraceRecord(1)); err != nil {
		t.Fatal(err)
	}
	same(t, "next", "000001", b.till.Status().Trace)
}

// A pending reversal goes before the next sale; while it cannot be settled the sale waits, and when it is given up people
// take over and the sale goes on (DOMAIN.md A.12, rule 3).
func TestReversalGoesFirst(t *testing.T) {
	down := iso8583.Trouble{Cause: iso8583.NotConnected, Fault: "connection refused"}
	b := newBench(t)
	b.signIn()
	reversal := reply{trouble: &down}
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		if flow == pay.Reversal {
			return reversal, true
		}
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.swipe(freeTrack)
	for range 5 { // a line that is down uses up no attempts
		b.forget()
		b.swipe(freeTrack)
		same(t, "exchanges", []string{"reversal 002 98"}, b.flows())
		same(t, "ending", "REVERSAL_PENDING", b.ending().Screen)
	}
	b.powerCycle() // nor is it forgotten
	same(t, "pending", true, b.till.Status().Pending)
	b.logIn("01", "4719")

	reversal = reply{code: "96"}
	for range 2 {
		b.forget()
		b.swipe(freeTrack)
		same(t, "ending", "REVERSAL_PENDING", b.ending().Screen)
	}
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "96"}, flow == pay.Reversal
	}
	b.forget()
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"reversal 002 98", "sale 003"}, b.flows())
	b.mustShow("REVERSAL_GIVEN_UP")
	same(t, "ending", Approved, b.ending().Kind)
	same(t, "first payment", audit.Exception, b.till.Statements()[0].Fact)
}

// A reversal that the journal still owes is sent when the power comes back, before anybody logs in, and ends as an order of
// its own.
func TestReversalAtPowerOn(t *testing.T) {
	down := iso8583.Trouble{Cause: iso8583.NotConnected}
	for _, test := range []struct {
		name   string
		reply  reply
		kind   EndingKind
		screen string
		fact   audit.Fact
	}{
		{"acknowledged", reply{code: "00"}, Reversed, "REVERSED", audit.Reversed},
		{"unanswered", reply{trouble: &silent}, Unknown, "REVERSAL_GIVEN_UP", audit.Exception},
		{"unsent", reply{trouble: &down}, Unknown, "NO_CONNECTION", audit.Pending},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				if flow == pay.Sale {
					return reply{trouble: &silent}, true
				}
				return reply{trouble: &down}, true
			}
			b.swipe(freeTrack)
			b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return test.reply, true }
			b.forget()
			b.powerCycle()
			same(t, "kind", test.kind, b.ending().Kind)
			same(t, "screen", test.screen, b.ending().Screen)
			same(t, "fact", test.fact, b.fact())
			same(t, "state", "logged out", b.till.Status().State)
		})
	}
}

// A reversal is through and the storage did not take that; then the power goes in the next sale. The journal has no gap: what the
// storage did not take stands in front of that sale, which alone is owed after the restart.
func TestStorageForgetsAnOutcome(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.host.do = func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.storeErr = func(batch []journal.Record) error {
		if batch[0].Kind == "till.outcome" {
			return errors.New("flash is worn out")
		}
		return nil
	}
	b.swipe(freeTrack)
	b.storeErr = nil
	b.budget = b.untilExchange()
	b.swipe(freeTrack)
	b.budget = -1
	b.host.do = nil
	b.forget()
	b.powerOn()
	b.logIn("01", "4719")
	same(t, "after the restart", []string{"reversal 003 98"}, b.flows())
	b.swipe(freeTrack)
	for _, s := range b.till.Statements()[:2] {
		same(t, "what became of trace "+s.Ref.Trace, audit.Reversed, s.Fact)
	}
}
