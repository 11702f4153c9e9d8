package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// peopleRuns are what people do beside a payment, and the payments that take more than one try.
func peopleRuns() []run {
	signedIn := func(b *bench) { b.signIn() }
	first := func(code pay.Answer) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		answered := false
		return func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			if flow != pay.Sale || answered {
				return reply{}, false
			}
			answered = true
			return reply{code: code}, true
		}
	}
	always := func(code pay.Answer) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: code}, flow == pay.Sale
		}
	}
	sale := func(b *bench) { b.order(pay.Sale, 1000, Original{}, pinTrack) }
	return []run{
		{"only wrong PINs", signedIn, always("55"), sale},
		{"once more and no more", signedIn, always("19"), sale},
		{"a card to be kept", signedIn, always("41"), sale},
		{"a wrong PIN, then the right one", signedIn, nil, func(b *bench) { b.host.do = first("55"); sale(b) }},
		{"a sign-in by itself", signedIn, nil, func(b *bench) { b.host.do = first("77"); sale(b); sale(b) }},
		{"operators come and go", signedIn, nil, func(b *bench) {
			b.logIn("00", "903512")
			b.step(Event{Kind: AddOperator, Operator: "05"})
			b.step(Event{Kind: RemoveOperator, Operator: "02"})
		}},
		{"a void and its approval", func(b *bench) { b.signIn(); sale(b) }, nil, func(b *bench) {
			b.step(Event{Kind: Choose, Flow: pay.Void})
			b.logIn("00", "1")
			b.logIn("00", "903512")
			b.step(Event{Kind: Cancel})
		}},
		{"an older receipt", func(b *bench) { b.signIn(); sale(b); sale(b) }, nil, func(b *bench) {
			b.step(Event{Kind: Reprint, Original: Original{Trace: "000002"}})
		}},
	}
}
