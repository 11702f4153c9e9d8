package terminal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// paperCard answers commands as a card without certificates would; second is what its second GENERATE AC says.
type paperCard struct {
	t      testing.TB
	second string
	other  *strings.Replacer // says other things, in hex
	alone  bool              // it has no wish to ask its issuer, and lets the terminal decide
	wants  bool              // ... but it asks all the same
	asked  int               // GENERATE ACs so far
	torn   int               // the command at which it is gone, from 1; 0 for never
	seen   int
}

func (c *paperCard) answer(cmd emv.Command) (emv.Response, kernel.Reader) {
	if c.seen++; c.seen == c.torn {
		return emv.Response{}, kernel.CardGone
	}
	ok := func(data string) (emv.Response, kernel.Reader) {
		if c.other != nil {
			data = c.other.Replace(data)
		}
		return emv.Response{Data: unhex(c.t, data), SW: emv.SW9000OK}, kernel.CardAnswered
	}
	switch {
	case cmd.INS == emv.INSA4Select && bytes.HasPrefix(cmd.Data, []byte("1PAY")):
		return emv.Response{SW: emv.SW6A82FileNotFound}, kernel.CardAnswered
	case cmd.INS == emv.INSA4Select:
		return ok("6F118408A000000333010101A5055003434152")
	case cmd.INS == emv.INSA8GetProcessing:
		return ok("8006040008010100")
	case cmd.INS == emv.INSB2ReadRecord:
		record := tlv.Append(nil, emv.Tag5APAN, unhex(c.t, panH3))
		for _, o := range []struct {
			tag  tlv.Tag
			text string
		}{{emv.Tag5F24Expiry, "301231"}, {emv.Tag57Track2Equivalent, panH3 + "D30122011234567890123F"}, {emv.Tag5F34PSN, "01"},
			{emv.Tag8CCDOL1, "9F02069F3704"}, {emv.Tag8DCDOL2, "8A02"}, {emv.Tag8ECVMList, "00000000000000001F00"}} {
			record = tlv.Append(record, o.tag, unhex(c.t, o.text))
		}
		for _, tag := range []tlv.Tag{emv.Tag9F0DIACDefault, emv.Tag9F0EIACDenial, emv.Tag9F0FIACOnline} {
			if c.alone {
				record = tlv.Append(record, tag, make([]byte, 5))
			}
		}
		return ok(fmt.Sprintf("%X", tlv.Append(nil, emv.Tag70RecordTemplate, record)))
	case cmd.INS == emv.INS20Verify:
		return ok("")
	case cmd.INS == emv.INSAEGenerateAC:
		c.asked++
		kind := "80"
		switch {
		case c.asked > 1:
			kind = c.second
		case c.alone && !c.wants:
			kind = fmt.Sprintf("%02X", cmd.P1&0xC0)
		}
		return ok("8013" + kind + "0001" + "0102030405060708" + "07010103A0000001")
	}
	return emv.Response{SW: emv.SW6D00InstructionUnknown}, kernel.CardAnswered
}

// chipBench is a bench whose terminal takes the paper card.
func chipBench(t testing.TB, card *paperCard, edit ...func(*Config)) *bench {
	b := newBench(t, append([]func(*Config){takes(t, card)}, edit...)...)
	card.t, b.card = t, card
	return b
}

// takes has a terminal take the paper card; one that approves alone is not stopped by the terminal's action codes.
func takes(t testing.TB, card *paperCard) func(*Config) {
	return func(c *Config) {
		c.Random = bytes.NewReader(make([]byte, 1024))
		c.Parameters.AIDs = []iso8583.AIDParameters{{AID: unhex(t, "A000000333010101"), Values: map[tlv.Tag][]byte{
			0x9F06: unhex(t, "A000000333010101"), 0xDF11: {0, 0, 0, 0, 0}, 0xDF12: {0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 0xDF13: {0, 0, 0, 0, 0}, 0x9F1B: {0, 0, 0, 0}}}}
		if c := c.Parameters.AIDs[0]; card.alone {
			c.Values[0xDF12] = make([]byte, 5)
		}
	}
}

// insert sells 10.00 with the paper card.
func (b *bench) insert() {
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.step(Event{Kind: Insert})
}

func TestChipSale(t *testing.T) {
	for _, c := range []struct {
		name   string
		card   paperCard
		reply  reply
		ending EndingKind
		screen string
		flows  string // the exchanges after the sign-in
	}{
		{"approved by both", paperCard{second: "40"}, reply{code: "00"}, Approved, "APPROVED", "[sale 002]"},
		{"declined by the host", paperCard{second: "00"}, reply{code: "51"}, Declined, "INSUFFICIENT_FUNDS", "[sale 002]"},
		{"declined by the card afterwards", paperCard{second: "00"}, reply{code: "00"}, Declined, "CARD_DECLINES", "[sale 002 reversal 002 96]"},
		{"gone before its last word", paperCard{second: "40", torn: 7}, reply{code: "00"}, Declined, "CARD_DECLINES", "[sale 002 reversal 002 96]"},
		{"gone while it is read", paperCard{second: "40", torn: 4}, reply{}, Refused, "CARD_REMOVED", "[]"},
		{"no answer", paperCard{second: "00"}, reply{trouble: &silent}, Unknown, "DECLINED_UNREACHED", "[sale 002 reversal 002 98]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := chipBench(t, &c.card)
			b.signIn()
			b.exchanges = nil
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { return c.reply, flow == pay.Sale }
			b.insert()
			if e := b.ending(); e.Kind != c.ending || e.Screen != c.screen {
				t.Errorf("ends %s %s, want %s %s; shown: %v", e.Kind, e.Screen, c.ending, c.screen, b.screens)
			}
			if got := fmt.Sprint(b.flows()); got != c.flows {
				t.Errorf("exchanges %s, want %s", got, c.flows)
			}
			if last := len(b.exchanges) - 1; last == 1 && c.reply.trouble == nil {
				same(t, "reason", b.exchanges[last].Get(iso8583.ReversalReason), "96")
				if !bytes.HasPrefix([]byte(b.exchanges[last].Get(iso8583.Chip)), unhex(t, "9505")) {
					t.Errorf("F55 of the reversal is %X", b.exchanges[last].Get(iso8583.Chip))
				}
			}
		})
	}
}

// Chip and terminal approve without the host, or decline so.
func TestChipAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		card   paperCard
		reply  reply
		flow   pay.Flow
		ending string
		flows  string // up to the next sale by stripe
		arc    string // 8A of the upload
	}{
		{"Y1", paperCard{alone: true}, reply{}, pay.Sale, "approved SOLD_OFFLINE", "[offline-sale 002 sale 003]", "Y1"},
		{"a deposit is asked about", paperCard{alone: true, second: "40"}, reply{code: "00"}, pay.PreAuth, "approved APPROVED", "[pre-auth 002 sale 003]", ""},
		{"Y3, unanswered", paperCard{alone: true, wants: true, second: "40"}, reply{trouble: &silent}, pay.Sale, "approved SOLD_OFFLINE",
			"[sale 002 reversal 002 98 offline-sale 003 sale 004]", "Y3"},
		{"Y3, unsent", paperCard{alone: true, wants: true, second: "40"}, reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}, pay.Sale,
			"approved SOLD_OFFLINE", "[sale 002 offline-sale 003 sale 004]", "Y3"},
		{"Y3, an answer with a bad MAC", paperCard{alone: true, wants: true, second: "40"},
			reply{code: "00", spoil: func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }}, pay.Sale, "approved SOLD_OFFLINE",
			"[sale 002 sign-in 004 reversal 002 A0 offline-sale 003 sale 005]", "Y3"},
		{"Z3, unsent", paperCard{alone: true, wants: true, second: "00"}, reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}, pay.Sale,
			"declined DECLINED_UNREACHED", "[sale 002 sale 003]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := chipBench(t, &c.card)
			b.signIn()
			b.exchanges = nil
			b.host.do = func(nth int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { return c.reply, flow == c.flow }
			b.step(Event{Kind: Choose, Flow: c.flow, Amount: pay.CNY(1000)})
			b.step(Event{Kind: Insert})
			e := b.ending()
			same(t, "ending", string(e.Kind)+" "+e.Screen, c.ending)
			b.host.do = nil
			if b.card = nil; !b.till.signedIn { // as after a bad MAC
				b.signIn()
			}
			b.swipe(freeTrack)
			if got := fmt.Sprint(b.flows()); got != c.flows {
				t.Errorf("exchanges %s, want %s", got, c.flows)
			}
			for _, m := range b.exchanges {
				if spec, _, _ := m.Dialect().Identify(m); spec.Flow == pay.OfflineSale {
					objects, err := tlv.Parse([]byte(m.Get(iso8583.Chip)), tlv.Strict)
					o, _ := objects.Find(emv.Tag8AARC)
					if string(o.Value) != c.arc || err != nil {
						t.Errorf("8A of the upload is %q, want %s: %v", o.Value, c.arc, err)
					}
				}
			}
		})
	}
}

// alone sells with a chip that needs no issuer, or wants one that is not reached, at a twin of the bench, and then by stripe.
func (b *bench) alone(flow pay.Flow, c *paperCard) *bench {
	b.twin = chipBench(b.t, c, func(c *Config) { c.Rules = b.config.Rules })
	b.twin.signIn()
	b.twin.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, c.wants && flow == pay.Sale
	}
	b.twin.step(Event{Kind: Choose, Flow: flow, Amount: pay.CNY(1000)})
	b.twin.step(Event{Kind: Insert})
	return b.twin
}

// What each defect of a chip's handling changes.
var chipProbes = map[string]func(*bench) any{
	"terminal-ignores-second-cryptogram": func(b *bench) any {
		b = chipBench(b.t, &paperCard{second: "00"}, func(c *Config) { c.Rules = b.config.Rules })
		b.signIn()
		b.insert()
		return b.ending()
	},
	"terminal-uploads-request-cryptogram": func(b *bench) any { return fmt.Sprintf("%X", b.paidByChip("40").chip) },
	"terminal-skips-chip-upload": func(b *bench) any {
		b.paidByChip("40")
		b.twin.till.settling = &settling{balanced: true}
		return len(b.twin.till.uploads())
	},
	"terminal-uploads-all-as-good": func(b *bench) any { return b.till.Rules.UploadCode(true, b.paidByChip("00").chipFailed) },
	"terminal-keeps-script-results": func(b *bench) any {
		b.paidByChip("40")
		return fmt.Sprint(b.twin.flows())
	},
	"terminal-asks-about-all-chips":  func(b *bench) any { return b.alone(pay.Sale, &paperCard{alone: true, second: "40"}).flows() },
	"terminal-takes-deposit-offline": func(b *bench) any { return b.alone(pay.PreAuth, &paperCard{alone: true, second: "40"}).flows() },
	"terminal-uploads-no-certificate": func(b *bench) any {
		return len(b.alone(pay.Sale, &paperCard{alone: true}).till.payments[0].signed)
	},
	"terminal-forgets-split": func(b *bench) any {
		spent, err := b.alone(pay.Sale, &paperCard{alone: true}).till.earlier()
		return fmt.Sprint(len(spent), err)
	},
	"terminal-changes-signed-sale": func(b *bench) any {
		twin := b.alone(pay.Sale, &paperCard{alone: true})
		twin.order(pay.Adjustment, 800, Original{Trace: "000002"}, "")
		return twin.flows()
	},
	"terminal-sells-beside-unanswered": func(b *bench) any {
		return b.alone(pay.Sale, &paperCard{alone: true, wants: true, second: "40"}).till.Status().Pending
	},
	"terminal-approves-unreached": func(b *bench) any {
		return b.alone(pay.Sale, &paperCard{wants: true, second: "40"}).ending().Kind
	},
	"terminal-calls-decline-unreadable": func(b *bench) any {
		return b.alone(pay.Sale, &paperCard{wants: true, second: "00"}).ending().Screen
	},
	"terminal-sends-card-in-chip-data": func(b *bench) any { return b.verified(pay.Sale).exchanges[1].Get(iso8583.Chip) },
	"terminal-shortens-chip-data":      func(b *bench) any { return b.verified(pay.Sale).exchanges[1].Get(iso8583.Chip) },
	"terminal-takes-all-for-sales":     func(b *bench) any { return b.verified(pay.PreAuth).exchanges[1].Get(iso8583.Chip) },
	"terminal-sends-chips-pin":         func(b *bench) any { return b.verified(pay.Sale).exchanges[1].Has(iso8583.PIN) },
	"terminal-hides-chip":              func(b *bench) any { return len(b.verified(pay.Sale).slips[0].Lines) },
	"terminal-wants-every-chip-signed": func(b *bench) any { return b.verified(pay.Sale).slips[0].Lines },
	"terminal-never-falls-back":        func(b *bench) any { return b.deadChip(3) },
	"terminal-falls-back-at-once":      func(b *bench) any { return b.deadChip(1) },
}

// paidByChip sells with a chip whose last word that is, at a twin of the bench; the host's answer has a command for the chip.
func (b *bench) paidByChip(second string) payment {
	b.twin = chipBench(b.t, &paperCard{second: second}, func(c *Config) { c.Rules = b.config.Rules })
	b.twin.signIn()
	b.twin.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		script := tlv.Append(nil, emv.Tag86IssuerScriptCommand, unhex(b.t, "8424000004AABBCCDD"))
		return reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Chip, string(tlv.Append(nil, emv.Tag72IssuerScript2, script))) }}, flow == pay.Sale
	}
	b.twin.insert()
	return b.twin.till.payments[len(b.twin.till.payments)-1]
}

// verified pays with a chip that compares its PIN itself, at a twin of the bench.
func (b *bench) verified(flow pay.Flow) *bench {
	c := &paperCard{second: "40", other: strings.NewReplacer("80060400", "80061400", "1F00", "0100")}
	b.twin = chipBench(b.t, c, func(c *Config) { c.Rules = b.config.Rules })
	b.twin.signIn()
	b.twin.step(Event{Kind: Choose, Flow: flow, Amount: pay.CNY(1000)})
	b.twin.step(Event{Kind: Insert})
	b.twin.step(Event{Kind: EnterPIN, PIN: pay.NewSecret("1234")})
	return b.twin
}

// deadChip inserts a chip that does not answer so many times, and then swipes.
func (b *bench) deadChip(times int) string {
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	for range times {
		b.step(Event{Kind: Insert, Reader: kernel.CardMute})
	}
	b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(chipTrack)}})
	return b.till.Status().State
}
