package terminal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// The table in words stands in testdata/states.golden, for people and for reviews.
func TestStates(t *testing.T) {
	golden(t, "states.golden", []byte(tableInWords()))
}

// Every state does something with every event, if only to refuse it, and none of it panics.
func TestEveryStateTakesEveryEvent(t *testing.T) {
	for s := range states {
		for k := range eventKinds {
			if c := cellFor(s, k); c.do == nil || c.name == "" {
				t.Errorf("%s: %s has no cell", s, k)
			}
		}
	}
}

// What does not fit the state changes nothing and says nothing.
func TestRefusedEvents(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.forget()
	before, written := b.till.Status(), len(b.journal)
	for _, k := range []EventKind{PowerOn, LogIn, LogOut, SetPassword, Unlock, Choose, Reprint, EnterPIN, Confirm, Answered, Unanswered, Stored} {
		b.step(Event{Kind: k, Flow: pay.Sale, Amount: pay.CNY(1)})
	}
	same(t, "status", before, b.till.Status())
	same(t, "screens", 0, len(b.screens))
	same(t, "records", written, len(b.journal))
}

// tableInWords gives the table: a line for each state and event that it does not refuse or ignore.
func tableInWords() string {
	var b strings.Builder
	for s := range states {
		for k := range eventKinds {
			if c := cellFor(s, k); c.name != "refuse" && c.name != "ignore" {
				fmt.Fprintf(&b, "%-27s %-13s %s\n", s, k, c.name)
			}
		}
	}
	return b.String()
}
