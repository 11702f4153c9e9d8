package acquirer_test

import (
	"encoding/hex"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// The golden requests of a day in ISO 8583:1987, and each answer byte for byte, but for new keys, which nobody foresees.
func TestGoldenDayInISO87(t *testing.T) {
	text, err := fs.ReadFile(fixtures.FS, "golden/frames/iso87-day.txt")
	w := newWorld(t, setting{dialect: "iso87-ascii"})
	w.must(err)
	w.hosts.Issuer = iso8583.HandlerFunc(func(_ time.Time, m *iso8583.Message, out iso8583.Outbox) {
		answer := w.net.NewAnswer(m)
		answer.Set(iso8583.AnswerCode, "00")
		if spec, _, _ := w.net.Identify(m); spec.Flow == pay.Balance {
			answer.Set(iso8583.Balance, "0002156C000000123456")
		} else {
			answer.Set(iso8583.AuthCode, m.Get(iso8583.RRN)[6:])
		}
		out.Send(answer)
	})
	w.open()
	w.must(w.acquirer.AddTerminal(acquirer.Terminal{Number: "12345678", Merchant: shop, State: acquirer.SignedIn}))
	keys := func() {
		for name, key := range map[string]string{"TMK": "CA5D92598DCA48CE8A4C76361A9269E9", "PIK": "807A23AD32B36D457AE91FDF927570EA", "MAK": "0123456789ABCDEFFEDCBA9876543210"} {
			clear, err := hex.DecodeString(key)
			w.must(err)
			_, err = w.hosts.HSM.Import(acquirer.TerminalKey("12345678", name), hsm.TDES2, clear)
			w.must(err)
		}
	}
	keys()
	w.must(w.loop.Drain(t.Context(), 15*time.Second))
	var answer *iso8583.Message
	for line := range strings.Lines(string(text)) {
		name, digits, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || line[0] == '#' {
			continue
		}
		frame, err := hex.DecodeString(digits)
		w.must(err)
		frame = frame[2:]
		if !strings.HasPrefix(name, "answer") {
			answer = w.askFrame(frame)
			continue
		}
		if answer == nil {
			t.Fatalf("%s: there is none", name)
		}
		got := answer.Frame()
		if answer.Has(iso8583.Keys) {
			want := w.pos.New()
			w.must(w.pos.Decode(want, frame))
			answer.Set(iso8583.Keys, want.Get(iso8583.Keys))
			got, err = w.pos.Encode(nil, answer)
			w.must(err)
			keys()
		}
		if string(got) != string(frame) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, frame)
		}
	}
}
