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
	batch := func(b *bench) {
		paid(pay.Sale)(b)
		for range 8 {
			b.swipe(freeTrack)
		}
		b.order(pay.Refund, 400, Original{RRN: "260600000002", Date: "0601"}, pinTrack)
	}
	settle := func(b *bench) { b.settle() }
	return append(slices.Concat(
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
	),
		run{"settlement balanced", batch, nil, settle},
		run{"settlement unbalanced", batch, unbalanced, settle},
		run{"settlement unanswered", batch, func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.Settlement
		}, settle},
		run{"upload unanswered", batch, func(n int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
			if flow == pay.BatchUpload {
				return reply{trouble: &silent}, true
			}
			return unbalanced(n, flow, req)
		}, settle},
		run{"settlement, a reversal first", func(b *bench) {
			batch(b)
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				return reply{trouble: &silent}, flow == pay.Sale || flow == pay.Reversal && len(b.exchanges) < 14
			}
			b.swipe(freeTrack)
		}, nil, settle},
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

// judgeUploads: a payment is uploaded once, though its message may have been repeated.
func judgeUploads(wrong func(string, ...any), b *bench) {
	in := map[string]string{} // voucher: trace of the message
	for _, m := range b.exchanges {
		if tx, _, _ := b.dialect.Identify(m); tx.Flow != pay.BatchUpload {
			continue
		}
		rows, err := iso8583.ParseBatchRows(m.Get(iso8583.SettlementData), pay.Currency156CNY)
		if err != nil {
			wrong("rows: %v", err)
		}
		message := m.Get(iso8583.Batch) + m.Get(iso8583.Trace)
		for _, r := range rows {
			voucher := m.Get(iso8583.Batch) + r.Trace
			if other, ok := in[voucher]; ok && other != message {
				wrong("voucher %s is uploaded by %s and by %s", voucher, other, message)
			}
			in[voucher] = message
		}
	}
}
