package terminal

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// settlementDay is a batch of every kind and its end: interrupted, with a power cut, with a host that counts other uploads, with a
// reversal and an advice that are owed. It tells all that can be seen of it.
func (b *bench) settlementDay() any {
	var seen []string
	note := func() {
		for _, m := range b.exchanges {
			seen = append(seen, fmt.Sprint(m.MTI(), " ", m.Get(iso8583.Trace), " ", m.Get(iso8583.NetworkCode), " ", m.Get(iso8583.TypeCode), " ", m.Get(iso8583.SettlementData)))
		}
		seen = append(seen, fmt.Sprint(b.screens, len(b.slips), b.till.Status()))
		b.forget()
		b.screens, b.slips = nil, nil
	}
	b.signIn()
	for range 8 {
		b.swipe(freeTrack)
	}
	b.swipe("4111111111111111D30121011234567890123")
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	b.order(pay.Refund, 100, Original{RRN: "260601000003", Date: "0601"}, pinTrack)
	b.order(pay.PreAuth, 5000, Original{}, pinTrack)
	b.order(pay.CompletionAdvice, 4800, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	ends, rows := 0, 0
	b.host.do = func(n int, flow pay.Flow, req *iso8583.Message) (reply, bool) {
		switch flow {
		case pay.BatchUpload:
			if rows++; rows == 2 || rows == 3 || rows == 4 {
				return reply{trouble: &silent}, true
			}
		case pay.UploadEnd:
			if ends++; ends == 1 {
				return reply{code: "95"}, true
			}
		}
		return unbalanced(n, flow, req)
	}
	b.settle()
	note()
	b.swipe(freeTrack)
	b.powerOn()
	b.logIn("01", "4719")
	b.settle()
	note()
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Refund || flow == pay.UploadEnd
	}
	b.swipe(freeTrack)
	b.order(pay.Refund, 100, Original{RRN: "260601000003", Date: "0601"}, pinTrack)
	b.settle()
	note()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.UploadEnd
	}
	b.settle()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) {
			m.Set(iso8583.Batch, "000003")
			m.Set(iso8583.Keys, string(b.host.keys()))
		}}, flow == pay.SignIn
	}
	b.signIn()
	note()
	return seen
}

// turnOfTheYear is a sign-in and a sale by a clock that is a day off when the year ends, with the last trace number.
func (b *bench) turnOfTheYear() any {
	b.now = time.Date(2027, 1, 1, 0, 0, 30, 0, b.now.Location())
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) {
			m.Set(iso8583.LocalDate, "1231")
			m.Set(iso8583.LocalTime, "235930")
			if flow == pay.SignIn {
				m.Set(iso8583.Keys, string(b.host.keys()))
			}
		}}, true
	}
	b.signIn()
	b.swipe(freeTrack)
	b.trace(999999)
	b.swipe(freeTrack)
	return []any{b.clock, b.slips, b.till.Status().Trace}
}
