package terminal

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Every slip of a day, in both languages, stands in testdata for people to read.
func TestDaySlips(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.order(pay.Sale, 1000, Original{}, pinTrack)
	b.order(pay.Void, 0, Original{Trace: "000002"}, pinTrack)
	b.order(pay.Sale, 2500, Original{}, freeTrack)
	b.order(pay.Refund, 400, Original{RRN: "260600000004", Date: "0601"}, freeTrack)
	b.order(pay.PreAuth, 50000, Original{}, pinTrack)
	b.order(pay.Completion, 48000, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.order(pay.CompletionVoid, 0, Original{Trace: "000007"}, pinTrack)
	b.order(pay.CompletionAdvice, 47000, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.order(pay.PreAuthVoid, 50000, Original{AuthCode: "102030", Date: "0601"}, pinTrack)
	b.step(Event{Kind: Statistics})
	same(t, "statistics", Printed, b.ending().Kind)
	b.settle()
	same(t, "settlement", Settled, b.ending().Kind)
	for _, lang := range []string{"en", "zh"} {
		texts, all := loadTexts(t, lang), ""
		for _, s := range b.slips {
			if s.Copy == MerchantCopy {
				all += RenderSlip(s, texts) + "\n"
			}
		}
		if strings.Contains(all, panH3) || strings.Contains(all, "SLIP_") || strings.Contains(all, "FLOW_") {
			t.Errorf("%s: a slip has a clear card number or lacks words:\n%s", lang, all)
		}
		golden(t, "day."+lang+".txt", []byte(all))
	}
}

func TestLastPayment(t *testing.T) {
	b := newBench(t)
	b.step(Event{Kind: LastPayment})
	same(t, "none", "NO_PAYMENT", b.ending().Screen)
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.swipe(freeTrack)
	var args []string
	b.onShow = func(s Screen) {
		if s.ID == "LAST_PAYMENT" {
			args = s.Args
		}
	}
	b.powerCycle()
	b.logIn("01", "4719")
	b.step(Event{Kind: LastPayment})
	same(t, "ending", Ending{Kind: Told, Screen: "LAST_PAYMENT", Answer: "00", Amount: pay.CNY(1000), Trace: "000002"}, b.ending())
	same(t, "words", []string{"@FLOW_SALE", "000002", "10.00 CNY", "@FACT_REVERSED", "01"}, args)
}
