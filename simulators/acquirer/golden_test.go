package acquirer_test

import (
	"encoding/hex"
	"io/fs"
	"iter"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// goldens gives the frames of a file in their order, without their length.
func goldens(t *testing.T, collection string) iter.Seq2[string, []byte] {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, "golden/frames/"+collection+".txt")
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string, []byte) bool) {
		for line := range strings.Lines(string(text)) {
			name, digits, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok || line[0] == '#' {
				continue
			}
			frame, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(name, frame[2:]) {
				return
			}
		}
	}
}

// goldenWorld knows the terminal of the golden frames, with their keys, and an issuer that approves what it fills in.
func goldenWorld(t *testing.T, dialect, mak string, fill func(req, answer *iso8583.Message)) (w *world, keys func()) {
	w = newWorld(t, setting{dialect: dialect})
	w.hosts.Issuer = iso8583.HandlerFunc(func(_ time.Time, m *iso8583.Message, out iso8583.Outbox) {
		answer := w.net.NewAnswer(m)
		answer.Set(iso8583.AnswerCode, "00")
		if spec, _, _ := w.net.Identify(m); spec.Flow == pay.Balance {
			answer.Set(iso8583.Balance, "0002156C000000123456")
		} else {
			fill(m, answer)
		}
		out.Send(answer)
	})
	w.open()
	w.must(w.acquirer.AddTerminal(acquirer.Terminal{Number: "12345678", Merchant: shop, State: acquirer.SignedIn}))
	keys = func() {
		for name, key := range map[string]string{"TMK": "CA5D92598DCA48CE8A4C76361A9269E9", "PIK": "807A23AD32B36D457AE91FDF927570EA", "MAK": mak} {
			clear, err := hex.DecodeString(key)
			w.must(err)
			_, err = w.hosts.HSM.Import(acquirer.TerminalKey("12345678", name), map[int]hsm.Algorithm{8: hsm.DES, 16: hsm.TDES2}[len(clear)], clear)
			w.must(err)
		}
	}
	keys()
	return w, keys
}

// DOMAIN.md H.3: the same keys, card and request give the same answer, byte for byte, at the time and after as many requests as the
// answer says. Two are not made: that to a sign-in has keys, which a host makes anew each time, and that to a balance inquiry leaves out
// F44 and F63, which ours adds (A.4.1 lets both do so).
func TestGoldenAnswers(t *testing.T) {
	frames := maps.Collect(goldens(t, "unionpay-derived"))
	for _, c := range []struct {
		request, answer string
		at              time.Duration // after 09:30
		nth             int           // request of the day
		authCode, chip  string
	}{
		{"sale 0200, swipe + PIN", "sale reply 0210", 15 * time.Second, 2, "123456", ""},
		{"contact chip sale 0200 with F55 (ARQC valid under CVN 01 IMK of D.5, PSN 01)", "reply with 91 ARPC", 136 * time.Second, 16, "123457", "910A8E728B8BF340BB823030"},
		{"sign-out 0820/002", "sign-out reply 0830", 12*time.Hour + 30*time.Minute, 9, "", ""},
	} {
		t.Run(c.answer, func(t *testing.T) {
			w, _ := goldenWorld(t, "unionpay-pos", "5BB5C72CD00B7338", func(_, answer *iso8583.Message) {
				chip, err := hex.DecodeString(c.chip)
				if err != nil {
					t.Fatal(err)
				}
				answer.Set(iso8583.AuthCode, c.authCode)
				answer.Set(iso8583.Chip, string(chip))
			})
			for range c.nth - 1 {
				w.ask(w.request(pay.Echo))
			}
			w.must(w.loop.Drain(t.Context(), c.at))
			if got := w.askFrame(frames[c.request]).Frame(); string(got) != string(frames[c.answer]) {
				t.Errorf("got  %X\nwant %X", got, frames[c.answer])
			}
		})
	}
}

// The golden requests of a day in ISO 8583:1987, and each answer byte for byte, but for new keys, which nobody foresees.
func TestGoldenDayInISO87(t *testing.T) {
	w, keys := goldenWorld(t, "iso87-ascii", "0123456789ABCDEFFEDCBA9876543210", func(req, answer *iso8583.Message) {
		answer.Set(iso8583.AuthCode, req.Get(iso8583.RRN)[6:])
	})
	w.must(w.loop.Drain(t.Context(), 15*time.Second))
	var answer *iso8583.Message
	for name, frame := range goldens(t, "iso87-day") {
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
			var err error
			got, err = w.pos.Encode(nil, answer)
			w.must(err)
			keys()
		}
		if string(got) != string(frame) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, frame)
		}
	}
}
