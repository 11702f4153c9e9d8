package terminal

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// dayRuns are the flows that follow a payment, each in every way that it can end.
func dayRuns() []run {
	paid := func(first pay.Flow) func(*bench) {
		return func(b *bench) {
			b.signIn()
			b.order(first, 1000, Original{}, pinTrack)
		}
	}
	voucher, auth := Original{Trace: "000002"}, Original{AuthCode: "102030", Date: "0601"}
	return slices.Concat(
		outcomes(pay.PreAuth, func(b *bench) { b.signIn() }, Original{}),
		outcomes(pay.Void, paid(pay.Sale), voucher),
		outcomes(pay.PreAuthVoid, paid(pay.PreAuth), auth),
		outcomes(pay.Completion, paid(pay.PreAuth), auth),
		advices(pay.Refund, paid(pay.Sale), Original{RRN: "260600000002", Date: "0601"}),
		advices(pay.CompletionAdvice, paid(pay.PreAuth), auth),
		outcomes(pay.CompletionVoid, func(b *bench) {
			paid(pay.PreAuth)(b)
			b.order(pay.Completion, 900, auth, pinTrack)
		}, Original{Trace: "000003"}),
	)
}

// outcomes are the ways in which an order about a payment can end.
func outcomes(flow pay.Flow, before func(*bench), of Original) []run {
	do := func(b *bench) { b.order(flow, 1000, of, pinTrack) }
	with := func(name string, r reply) run {
		return run{string(flow) + " " + name, before, func(_ int, f pay.Flow, _ *iso8583.Message) (reply, bool) { return r, f == flow }, do}
	}
	return []run{
		{string(flow) + " approved", before, nil, do},
		with("declined", reply{code: "25"}),
		with("unanswered", reply{trouble: &silent}),
		with("unsent", reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}),
		with("too late", reply{code: "68"}),
		with("answered with a bad MAC", reply{code: "00", spoil: func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }}),
	}
}

// advices are the same for a payment that is repeated and not reversed.
func advices(flow pay.Flow, before func(*bench), of Original) []run {
	all := outcomes(flow, before, of)
	twice := all[2]
	twice.name, twice.do = string(flow)+" unanswered, then a sale", func(b *bench) { all[2].do(b); b.swipe(freeTrack) }
	return append(all, twice)
}
