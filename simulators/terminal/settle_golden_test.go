package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// approving is a host that approves with the reference number and the authorization code that the golden frames have.
func approving(code string) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
	return func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) {
			m.Set(iso8583.RRN, "260601000002")
			if m.MTI() != "0330" && m.MTI() != "0830" {
				m.Set(iso8583.AuthCode, code)
			}
		}}, flow != pay.Settlement && flow != pay.SignOut
	}
}

// The frames of a settlement that balances, both ways: the till's byte for byte, the host's believed.
func TestGoldenBalanced(t *testing.T) {
	derived, day := goldenFrames(t, "unionpay-derived"), goldenFrames(t, "unionpay-day")
	golden := func(frame []byte) string { return fmt.Sprintf("%X", frame) }

	b := goldenBench(t, 2)
	b.host.do = approving("123456")
	b.order(pay.Sale, 10000, Original{}, chipTrack)
	b.order(pay.Void, 0, Original{Trace: "000002"}, chipTrack)
	b.trace(5)
	b.host.frame = func(flow pay.Flow) []byte {
		if flow == pay.Settlement {
			return day["settlement reply 0510, balanced"]
		}
		return nil
	}
	b.forget()
	b.screens = nil
	b.settle()
	same(t, "settlement", golden(derived["settlement 0500, debit 100.00×1, credit 100.00×1"]), golden(b.exchanges[0].Frame()))
	if !slices.Contains(b.screens, "BALANCED") {
		t.Errorf("the reply of the golden frames does not balance: %q", b.screens)
	}

	b = goldenBench(t, 27)
	b.forget()
	b.settle()
	// The golden frame ends the upload of two chip payments; this batch has none.
	same(t, "upload end", strings.Replace(golden(day["upload end 0320/207, balanced"]), "00040002", "00040000", 1), golden(b.exchanges[1].Frame()))
}

// The frames of an upload: rows that the host's golden reply acknowledges, and a completion advice in its own fields.
func TestGoldenUploads(t *testing.T) {
	day := goldenFrames(t, "unionpay-day")
	b := goldenBench(t, 2)
	b.host.do = approving("123456")
	b.order(pay.Sale, 10000, Original{}, chipTrack)
	b.trace(13)
	b.host.do = unbalanced
	b.host.frame = func(flow pay.Flow) []byte {
		if flow == pay.BatchUpload {
			return day["detail upload reply 0330"]
		}
		return nil
	}
	b.forget()
	b.settle()
	same(t, "settled", Settled, b.ending().Kind)
	same(t, "exchanges", []string{"settlement 013", "batch-upload 014", "upload-end 015", "sign-out 016"}, b.flows())

	b = goldenBench(t, 12)
	for i := range b.config.Rules.Plans {
		b.config.Rules.Plans[i].NoPIN = "" // the frame of the upload says that there was none
	}
	b.host.do = approving("654321")
	b.order(pay.PreAuth, 50000, Original{}, chipTrack)
	b.trace(20)
	b.order(pay.CompletionAdvice, 48000, Original{AuthCode: "654321", Date: "0601"}, chipTrack)
	b.host.do = unbalanced
	b.forget()
	b.settle()
	same(t, "completion upload", fmt.Sprintf("%X", day["completion upload 0320"]), fmt.Sprintf("%X", b.exchanges[1].Frame()))

	b = goldenBench(t, 2)
	for i := range b.config.Rules.Plans {
		b.config.Rules.Plans[i].NoPIN = ""
	}
	b.host.do = approving("123456")
	b.order(pay.Sale, 10000, Original{}, chipTrack)
	b.trace(4)
	b.order(pay.Refund, 10000, Original{RRN: "260601000002", Date: "0601"}, chipTrack)
	b.host.do = unbalanced
	b.forget()
	b.settle()
	same(t, "refund upload", fmt.Sprintf("%X", day["refund upload 0320"]), fmt.Sprintf("%X", b.exchanges[2].Frame()))
}
