package terminal

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// A whole day in ISO 8583:1987 as a cashier makes it, request by request and byte for byte; the golden answers answer it, and the
// terminal checks their MACs. The host alone asks with an 0400, so its frames are not made here.
func TestGoldenDayInISO87(t *testing.T) {
	var requests []string
	answers := map[string][]byte{} // by MTI and trace of the request
	b := newBenchIn(t, "iso87-ascii", func(c *Config) {
		c.Rules.ChipReader = false // the card's service code begins with 2
		c.Rules.AskPIN = func(string, pay.Amount, int64) bool { return true }
	})
	key := func(m *iso8583.Message) string {
		return string(m.MTI()[:2]) + string(m.MTI()[2]&^1) + m.Get(iso8583.Trace)
	}
	for _, frame := range eachGolden(t, "iso87-day") {
		m := b.dialect.New()
		if err := b.dialect.Decode(m, frame); err != nil {
			t.Fatal(err)
		}
		switch _, answer, _ := b.dialect.Identify(m); {
		case answer:
			answers[key(m)] = frame
		case m.MTI()[:3] != "040":
			requests = append(requests, string(frame))
		}
	}
	// What is repeated was not answered at first.
	unanswered := map[string]bool{"0200000033": true, "0420000033": true, "0220000034": true}
	b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return reply{trouble: &silent}, true }
	b.host.frame = func(pay.Flow) []byte {
		m := b.exchanges[len(b.exchanges)-1]
		if unanswered[m.MTI()+m.Get(iso8583.Trace)] {
			return nil
		}
		return answers[key(m)]
	}
	b.pin, b.voice = "123456", Voice{Code: "654321"}
	b.signIn()
	rrn := func(n string) Original { return Original{RRN: "260601000" + n, Date: "0601"} }
	auth := func(n string) Original { return Original{AuthCode: "000" + n, Date: "0601"} }
	voucher := func(n string) Original { return Original{Trace: "000" + n} }
	for _, act := range []struct {
		flow pay.Flow
		fen  int64
		of   Original
	}{
		{pay.Sale, 10000, Original{}},
		{pay.Void, 0, voucher("002")},
		{pay.Sale, 10000, Original{}},
		{pay.Refund, 4000, rrn("004")},
		{pay.PreAuth, 50000, Original{}},
		{pay.PreAuthVoid, 50000, auth("006")},
		{pay.PreAuth, 50000, Original{}},
		{pay.Completion, 48000, auth("008")},
		{pay.CompletionVoid, 0, voucher("009")},
		{pay.PreAuth, 50000, Original{}},
		{pay.CompletionAdvice, 48000, auth("011")},
		{pay.Balance, 0, Original{}},
		{pay.Instalment, 60000, Original{}},
		{pay.InstalmentVoid, 0, voucher("014")},
		{pay.Recurring, 2000, Original{}},
		{pay.RecurringVoid, 0, voucher("016")},
		{pay.MOTOSale, 3000, Original{}},
		{pay.MOTOVoid, 0, voucher("018")},
		{pay.MOTOSale, 3000, Original{}},
		{pay.MOTORefund, 1000, rrn("020")},
		{pay.MOTOPreAuth, 50000, Original{}},
		{pay.MOTOPreAuthVoid, 50000, auth("022")},
		{pay.MOTOPreAuth, 50000, Original{}},
		{pay.MOTOCompletion, 48000, auth("024")},
		{pay.MOTOCompletionVoid, 0, voucher("025")},
		{pay.MOTOPreAuth, 50000, Original{}},
		{pay.MOTOCompletionAdvice, 48000, auth("027")},
		{pay.OfflineSale, 10000, Original{}},
		{pay.Sale, 10000, Original{}}, // and the offline sale before it
		{pay.Adjustment, 8000, voucher("029")},
		{pay.Tip, 1000, voucher("030")},
		{pay.Sale, 10000, Original{}},
		{pay.Refund, 4000, rrn("030")},
		{pay.Sale, 10000, Original{}},
		{pay.Echo, 0, Original{}},
		{pay.KeyChange, 0, Original{}},
		{pay.SignOut, 0, Original{}},
	} {
		b.far = strings.HasPrefix(string(act.flow), "moto-") || strings.HasPrefix(string(act.flow), "recurring")
		b.order(act.flow, act.fen, act.of, chipTrack)
	}
	var made []string
	for _, m := range b.exchanges {
		made = append(made, string(m.Frame()))
	}
	same(t, "requests", requests, made)
}

// Payments by a payer's code in ISO 8583:1987, request by request and byte for byte, each from what a cashier does; the answers are believed.
func TestGoldenCodesInISO87(t *testing.T) {
	signIn := map[string][]byte{}
	for name, frame := range eachGolden(t, "iso87-day") {
		signIn[name] = frame
	}
	var requests []string
	answers := map[string][]byte{} // by the trace of the request
	b := newBenchIn(t, "iso87-ascii")
	for _, frame := range eachGolden(t, "iso87-code") {
		m := b.dialect.New()
		if err := b.dialect.Decode(m, frame); err != nil {
			t.Fatal(err)
		}
		if _, answer, _ := b.dialect.Identify(m); answer {
			answers[m.Get(iso8583.Trace)] = frame
		} else {
			requests = append(requests, string(frame))
		}
	}
	b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return reply{trouble: &silent}, true }
	b.host.frame = func(flow pay.Flow) []byte {
		if flow == pay.SignIn {
			return signIn["answer to the sign-in 0810"]
		}
		return answers[b.exchanges[len(b.exchanges)-1].Get(iso8583.Trace)]
	}
	b.signIn()
	b.exchanges = nil
	phone(b)
	for _, o := range []struct {
		flow pay.Flow
		fen  int64
		of   Original
	}{
		{pay.Sale, 10000, Original{}},
		{pay.Void, 0, Original{Trace: "000002"}},
		{pay.Sale, 10000, Original{}},
		{pay.Refund, 4000, Original{RRN: "260601000004", Date: "0601"}},
		{pay.Sale, 10000, Original{}},
	} {
		b.order(o.flow, o.fen, o.of, "")
	}
	var made []string
	for _, m := range b.exchanges[:min(len(requests), len(b.exchanges))] { // the reversal goes again and again
		made = append(made, string(m.Frame()))
	}
	same(t, "requests", requests, made)
}
