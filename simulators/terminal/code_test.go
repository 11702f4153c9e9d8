package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// codeH3 is the payer's code of DOMAIN.md H.3.
const codeH3 = "6212345678901234567"

// phone has the cardholder show his phone in the place of a card.
func phone(b *bench) { b.code = codeH3 }

// scan shows the scanner a code of any text; none is a picture that says nothing.
func (b *bench) scan(text string) {
	b.t.Helper()
	picture := []byte("nothing")
	if text != "" {
		var err error
		if picture, err = qr.PNG(text, 200); err != nil {
			b.t.Fatal(err)
		}
	}
	b.step(Event{Kind: Scan, Picture: picture})
}

// codeOrNone does what is done where a card is asked for and there is none.
func (b *bench) codeOrNone() {
	if b.noCard {
		b.step(Event{Kind: Confirm})
		return
	}
	b.scan(b.code)
}

// sellByCode sells to a phone.
func (b *bench) sellByCode(fen int64, text string) {
	b.t.Helper()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(fen)})
	b.scan(text)
}

// codeSale signs in and sells 10.00 CNY to a phone.
func (b *bench) codeSale() {
	b.t.Helper()
	b.signIn()
	b.sellByCode(1000, codeH3)
}

// last gives the last message that left.
func (b *bench) last() *iso8583.Message { return b.exchanges[len(b.exchanges)-1] }

// The probes of the defects of payers' codes.
var codeProbes = map[string]func(*bench) any{
	"terminal-reverses-without-code": func(b *bench) any {
		b.lenient = true
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.Sale
		}
		b.codeSale()
		return b.last().Get(iso8583.DeviceData)
	},
	"terminal-long-device-length": func(b *bench) any {
		b.speaks(map[string]string{"device_length": "2"})
		b.codeSale()
		return b.last().Get(iso8583.DeviceData)
	},
	"terminal-sends-any-wallet": func(b *bench) any { b.signIn(); b.sellByCode(1000, "101234567890123456"); return b.flows() },
	"terminal-scans-for-ever":   func(b *bench) any { b.signIn(); b.unreadable(3); return b.endings },
	"terminal-guesses-code":     func(b *bench) any { b.signIn(); b.unreadable(1); return b.flows() },
	"terminal-prints-full-code": func(b *bench) any { b.codeSale(); return b.slips },
	"terminal-code-never-wants-pin": func(b *bench) any {
		b.signIn()
		b.sellByCode(1000_01, codeH3)
		return b.need
	},
	"terminal-code-always-wants-pin": func(b *bench) any { b.signIn(); b.sellByCode(1000_00, codeH3); return b.need },
	"terminal-keeps-phone": func(b *bench) any {
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: "41"}, flow == pay.Sale
		}
		b.codeSale()
		return fmt.Sprint(b.ending().Screen, len(b.slips))
	},
	"terminal-tips-codes": func(b *bench) any {
		b.codeSale()
		b.order(pay.Tip, 100, Original{Trace: "000002"}, "")
		return b.ending().Screen
	},
	"terminal-part-of-code": func(b *bench) any {
		b.speaks(map[string]string{"partial_approval": "true"})
		b.codeSale()
		return b.last().Get(iso8583.PartialApproval)
	},
	"terminal-wants-card-of-code": func(b *bench) any { b.codeSale(); b.voidsCode(); return b.need },
	"terminal-codes-from-abroad":  func(b *bench) any { b.codeSale(); return b.till.payments[0].foreign },
	"terminal-ends-without-scanner": func(b *bench) any {
		b.till.Scanner = false
		b.codeSale()
		return b.need
	},
	"terminal-mixes-codes-and-cards": func(b *bench) any {
		b.codeSale()
		b.step(Event{Kind: Statistics})
		return b.slips[len(b.slips)-1]
	},
}

// speaks gives the terminal other settings of its dialect.
func (b *bench) speaks(settings map[string]string) {
	b.t.Helper()
	d, err := b.till.Dialect.With(settings)
	if err != nil {
		b.t.Fatal(err)
	}
	b.till.Dialect = d
}

// unreadable shows pictures that say nothing.
func (b *bench) unreadable(times int) {
	b.t.Helper()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	for range times {
		b.scan("")
	}
}

// voidsCode has the supervisor and the cashier void the first sale.
func (b *bench) voidsCode() {
	b.t.Helper()
	b.step(Event{Kind: Choose, Flow: pay.Void})
	b.logIn("00", "903512")
	b.step(Event{Kind: EnterOriginal, Original: Original{Trace: "000002"}})
}

func TestScanner(t *testing.T) {
	blind := func(c *Config) { c.Scanner = false }
	for _, c := range []struct {
		name    string
		edit    func(*Config)
		do      func(*bench)
		screens string // the last two
	}{
		{"no scanner", blind, func(b *bench) { b.sellByCode(1000, codeH3) }, "SWIPE_CARD NO_SCANNER"},
		{"a deposit is not left by code", nil, func(b *bench) {
			b.step(Event{Kind: Choose, Flow: pay.PreAuth, Amount: pay.CNY(1000)})
			b.scan(codeH3)
		}, "SWIPE_CARD NO_CODE_HERE"},
		{"unreadable, and then read", nil, func(b *bench) { b.unreadable(2); b.scan(codeH3) }, "CONNECTING APPROVED"},
		{"never read", nil, func(b *bench) { b.unreadable(3) }, "SCAN_AGAIN CODE_UNREADABLE"},
		{"unreadable, and then a card", nil, func(b *bench) {
			b.unreadable(1)
			b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(freeTrack)}})
		}, "CONNECTING APPROVED"},
		{"another wallet", nil, func(b *bench) { b.sellByCode(1000, "281234567890123456") }, "SWIPE_CARD WALLET_NOT_TAKEN"},
		{"a web address", nil, func(b *bench) { b.sellByCode(1000, "https://example.com/") }, "SWIPE_CARD WALLET_NOT_TAKEN"},
		{"a digit too many", nil, func(b *bench) { b.sellByCode(1000, codeH3+"8") }, "SWIPE_CARD WALLET_NOT_TAKEN"},
		{"ready for an order", nil, func(b *bench) { b.scan(codeH3) }, "CONNECTING SIGNED_IN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, func(config *Config) {
				if c.edit != nil {
					c.edit(config)
				}
			})
			b.signIn()
			c.do(b)
			same(t, "screens", c.screens, strings.Join(b.screens[len(b.screens)-2:], " "))
		})
	}
}

// What the fields of DOMAIN.md A.10 and E.6 say, in every dialect that carries a code.
func TestCodeMessages(t *testing.T) {
	fields := func(m *iso8583.Message) string {
		var all []string
		for _, e := range []iso8583.Element{iso8583.EntryMode, iso8583.DeviceData, iso8583.PAN, iso8583.Track2, iso8583.SecurityControl, iso8583.OriginalRRN} {
			all = append(all, m.Get(e))
		}
		return strings.Join(append(all, fmt.Sprint(m.Has(iso8583.PIN))), " ")
	}
	const device = "A3019" + codeH3
	for _, dialect := range []string{"unionpay-pos", "iso87-ascii"} {
		for _, c := range []struct {
			name string
			do   func(*bench)
			want string
		}{
			{"sale", func(*bench) {}, "032 " + device + "     false"},
			{"sale with PIN", func(b *bench) {
				b.sellByCode(1000_01, codeH3)
				b.step(Event{Kind: EnterPIN, PIN: pay.NewSecret(goodPIN)})
			}, "031 " + device + "   1600000000000000  true"},
			{"void", (*bench).voidsCode, "032 " + device + "    260600000002 false"},
			{"refund", func(b *bench) { b.order(pay.Refund, 400, Original{RRN: "260600000002", Date: "0601"}, "") },
				"032 " + device + "    260600000002 false"},
			{"refund of another till's", func(b *bench) {
				b.step(Event{Kind: Choose, Flow: pay.Refund, Amount: pay.CNY(400)})
				b.logIn("00", "903512")
				b.step(Event{Kind: EnterOriginal, Original: Original{RRN: "260600000077", Date: "0601"}})
				b.step(Event{Kind: Confirm})
			}, "032     260600000077 false"},
		} {
			t.Run(dialect+"/"+c.name, func(t *testing.T) {
				b := newBenchIn(t, dialect)
				b.codeSale()
				c.do(b)
				same(t, "fields", c.want, fields(b.last()))
				same(t, "ending", Approved, b.ending().Kind)
			})
		}
	}
}

// A power cut at any moment of a sale by code leaves what can be reversed with the code, and after that nothing is owed.
func TestCodeSalePowerCuts(t *testing.T) {
	whole := newBench(t)
	whole.signIn()
	before := whole.done
	whole.sellByCode(1000, codeH3)
	for cut := range whole.done - before {
		b := newBench(t)
		b.signIn()
		b.budget = cut
		b.sellByCode(1000, codeH3)
		b.budget = -1
		b.powerOn()
		if b.till.Status().Pending {
			t.Errorf("power cut at action %d: a reversal is still owed", cut)
		}
		for _, m := range b.exchanges {
			if tx, _, _ := b.dialect.Identify(m); tx.Flow == pay.Reversal && m.Get(iso8583.DeviceData) != "A3019"+codeH3 {
				t.Errorf("power cut at action %d: a reversal without the code", cut)
			}
		}
		for trace := range b.host.charged {
			p := b.till.payments[slices.IndexFunc(b.till.payments, func(p payment) bool { return p.ref.Trace == trace })]
			if good := p.fact == audit.Approved; good == b.host.undone[trace] {
				t.Errorf("power cut at action %d: the till says %s, and the host has taken it back: %t", cut, p.fact, b.host.undone[trace])
			}
		}
	}
}

// The golden frames of payments by code, byte for byte, each from what a cashier does; the answer among them is believed.
func TestGoldenCodes(t *testing.T) {
	frames := goldenFrames(t, "unionpay-code")
	approved := goldenApproval("260601000017", "123458")
	sold := func(b *bench) {
		phone(b)
		b.host.do = approved
		b.trace(17)
		b.order(pay.Sale, 10000, Original{}, "")
	}
	given := Original{RRN: "260601000017", Date: "0601"}
	for _, o := range []goldenOrder{
		{"reversal of the payer-code sale 0400, F39=98", phone, 17, pay.Sale, 10000, Original{}, noAnswer(pay.Sale), pay.Reversal},
		{"payer-code sale 0200 with PIN", phone, 47, pay.Sale, 100001, Original{}, nil, ""},
		{"payer-code void 0200", sold, 48, pay.Void, 0, Original{Trace: "000017"}, nil, ""},
		{"payer-code refund 0220 of a part", sold, 49, pay.Refund, 4000, given, nil, ""},
		{"payer-code refund 0220 by another terminal, without the code", nil, 50, pay.Refund, 4000, given, nil, ""},
	} {
		t.Run(o.frame, func(t *testing.T) {
			before := o.before
			o.before = func(b *bench) {
				noPIN := func(p *Plan) { p.NoPIN = "" } // goldenBench changes it for a refund of H.3
				b.till.Rules.editPlans(noPIN)
				b.noCard = before == nil
				if before != nil {
					before(b)
				}
			}
			same(t, "frame", fmt.Sprintf("%X", frames[o.frame]), fmt.Sprintf("%X", o.give(t)))
		})
	}
	t.Run("reply", func(t *testing.T) {
		b := goldenBench(t, 17)
		phone(b)
		b.host.frame = func(pay.Flow) []byte { return frames["payer-code sale reply 0210"] }
		b.order(pay.Sale, 10000, Original{}, "")
		e := b.ending()
		same(t, "ending", "approved 260601000017 123458", fmt.Sprintf("%s %s %s", e.Kind, e.RRN, e.AuthCode))
	})
}
