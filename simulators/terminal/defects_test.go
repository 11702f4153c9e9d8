package terminal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// probes say, for each defect, what somebody at the till, on the line or at the host could see of it.
var probes = map[string]func(*bench) any{
	"terminal-drops-reversal-at-cut-over": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			if flow == pay.Sale {
				return reply{trouble: &silent}, true
			}
			return reply{code: "90"}, flow == pay.Reversal
		}
		b.swipe(freeTrack)
		return b.till.Status().Pending
	},
	"terminal-drops-advice-at-cut-over": func(b *bench) any {
		b.signIn()
		b.swipe(freeTrack)
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: "90"}, flow == pay.Refund
		}
		b.order(pay.Refund, 100, Original{RRN: "260601000003", Date: "0601"}, pinTrack)
		return b.till.Status().Pending
	},
	"terminal-voids-count-as-debit":          (*bench).settlementDay,
	"terminal-counts-foreign-as-domestic":    (*bench).settlementDay,
	"terminal-believes-any-totals":           (*bench).settlementDay,
	"terminal-keeps-batch":                   (*bench).settlementDay,
	"terminal-trades-half-settled":           (*bench).settlementDay,
	"terminal-settles-over-pending-reversal": (*bench).settlementDay,
	"terminal-nine-rows":                     (*bench).settlementDay,
	"terminal-refunds-as-rows":               (*bench).settlementDay,
	"terminal-always-ends-balanced":          (*bench).settlementDay,
	"terminal-starts-upload-anew":            (*bench).settlementDay,
	"terminal-renumbers-upload":              (*bench).settlementDay,
	"terminal-gives-up-at-95":                (*bench).settlementDay,
	"terminal-forgets-settlement":            (*bench).settlementDay,
	"terminal-hangs-half-settled":            (*bench).settlementDay,
	"terminal-stays-signed-in":               (*bench).settlementDay,
	"terminal-prints-no-totals":              (*bench).settlementDay,
	"terminal-lets-settlement-go": func(b *bench) any {
		b.signIn()
		answers := []reply{{trouble: &silent}, {code: "96"}}
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (r reply, ok bool) {
			if flow != pay.Settlement {
				return r, false
			}
			r, answers = answers[0], answers[1:]
			return r, true
		}
		b.step(Event{Kind: Choose, Flow: pay.Settlement})
		return b.till.Status().Settling
	},
	"terminal-overfills-batch": func(b *bench) any {
		b.signIn()
		for range 999 {
			b.till.payments = append(b.till.payments, payment{})
		}
		b.swipe(freeTrack)
		return b.ending().Screen
	},
	"terminal-trace-zero-at-wrap":   (*bench).turnOfTheYear,
	"terminal-knows-the-year":       (*bench).turnOfTheYear,
	"terminal-voids-alone":          func(b *bench) any { return b.wants(pay.Void) },
	"terminal-refunds-alone":        func(b *bench) any { return b.wants(pay.Refund) },
	"terminal-frees-deposits-alone": func(b *bench) any { return b.wants(pay.MOTOPreAuthVoid) },
	"terminal-tells-balance-without-pin": func(b *bench) any {
		b.signIn()
		b.step(Event{Kind: Choose, Flow: pay.Balance})
		b.step(Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(pinTrack)}})
		return b.need
	},
	"terminal-keeps-no-reversal": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.Sale
		}
		b.budget = b.untilExchange()
		b.swipe(freeTrack)
		b.budget = -1
		b.powerOn()
		return b.flows()
	},
	"terminal-never-reverses": func(b *bench) any {
		b.saleGets(reply{trouble: &silent})
		return b.flows()
	},
	"terminal-ignores-answer-mac": func(b *bench) any {
		b.saleGets(reply{code: "51", spoil: func(m *iso8583.Message) { m.Set(iso8583.AnswerCode, "00") }})
		return b.ending().Kind
	},
	"terminal-ignores-answer-echo": func(b *bench) any {
		b.saleGets(reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Amount, "000000000001") }})
		return b.ending().Kind
	},
	"terminal-accepts-bad-kcv": func(b *bench) any {
		b.host.do = spoiledKCV
		b.signIn()
		return b.screens
	},
	"terminal-keeps-own-batch": func(b *bench) any {
		b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) {
			return reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Batch, "000002") }}, true
		}
		b.signIn()
		return b.till.Status().Batch
	},
	"terminal-keeps-own-clock": func(b *bench) any { b.signIn(); return b.clock },
	"terminal-prints-full-pan": func(b *bench) any { b.saleGets(reply{code: "00"}); return b.slips },
	"terminal-reuses-trace-after-restart": func(b *bench) any {
		b.signIn()
		b.powerOn()
		return b.till.Status().Trace
	},
	"terminal-swipes-chip-card": func(b *bench) any { b.signIn(); b.swipe(chipTrack); return b.screens },
	"terminal-forgets-re-sign-in": func(b *bench) any {
		b.saleGets(reply{code: "00", edit: func(m *iso8583.Message) { m.SetHeader(m.Header()[:5] + "3" + m.Header()[6:]) }})
		b.swipe(freeTrack)
		return b.flows()
	},
	"terminal-trades-signed-off": func(b *bench) any { b.swipe(freeTrack); return b.screens },
	"terminal-never-locks-operator": func(b *bench) any {
		for range 4 {
			b.logIn("01", "1")
		}
		return b.screens
	},
	"terminal-locks-early": func(b *bench) any {
		b.logIn("01", "1")
		b.logIn("01", "1")
		return b.screens
	},
	"terminal-takes-weak-password": func(b *bench) any { b.logIn("02", "0000"); return b.till.Status().Operator },
	"terminal-never-asks-pin":      func(b *bench) any { b.signIn(); b.swipe(pinTrack); return b.screens },
	"terminal-takes-partial-as-full": func(b *bench) any {
		b.saleGets(reply{code: "10", edit: func(m *iso8583.Message) { m.Set(iso8583.Amount, "000000000001") }})
		return b.ending().Kind
	},
	"terminal-loses-slip-without-paper": func(b *bench) any {
		b.step(Event{Kind: PaperOut})
		b.saleGets(reply{code: "00"})
		b.step(Event{Kind: PaperIn})
		return len(b.slips)
	},
	"terminal-sells-on-low-battery": func(b *bench) any {
		b.signIn()
		b.step(Event{Kind: BatteryLow})
		b.swipe(freeTrack)
		return b.ending().Kind
	},
	"terminal-takes-mistyped-card": func(b *bench) any {
		b.signIn()
		b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1)})
		b.step(Event{Kind: KeyIn, PAN: pay.NewPAN("6200123456789011"), Expiry: "3012"})
		return b.screens
	},
	"terminal-ignores-tamper":       func(b *bench) any { b.step(Event{Kind: Tamper}); b.signIn(); return b.ending().Screen },
	"terminal-never-logs-out":       func(b *bench) any { return b.timers },
	"terminal-lets-anyone-unlock":   func(b *bench) any { b.step(Event{Kind: Unlock, Operator: "02"}); return b.screens },
	"terminal-gives-up-first-swipe": func(b *bench) any { b.signIn(); b.swipe("nonsense"); return b.screens },
	"terminal-hides-reason":         func(b *bench) any { b.saleGets(reply{code: "51"}); return b.screens },
	"terminal-blames-the-line":      func(b *bench) any { b.saleGets(reply{trouble: &silent}); return b.screens },
	"terminal-keeps-unstored-approval": func(b *bench) any {
		b.storeErr = func(batch []journal.Record) error {
			if batch[0].Kind == "till.outcome" {
				return errors.New("flash is worn out")
			}
			return nil
		}
		b.saleGets(reply{code: "00"})
		return b.ending().Kind
	},
	"terminal-leaves-gaps": func(b *bench) any {
		b.storeErr = func(batch []journal.Record) error {
			if batch[0].Kind == "till.outcome" {
				return errors.New("flash is worn out")
			}
			return nil
		}
		b.saleGets(reply{code: "51"})
		b.storeErr = nil
		b.swipe(freeTrack)
		b.powerOn()
		return b.till.Statements()[0].Fact
	},
	"terminal-reverses-unsent": func(b *bench) any {
		b.saleGets(reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}})
		return b.flows()
	},
	"terminal-delays-reversal": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { return reply{trouble: &silent}, true }
		b.swipe(freeTrack)
		return b.flows()
	},
	"terminal-reversal-needs-00": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			if flow == pay.Sale {
				return reply{trouble: &silent}, true
			}
			return reply{code: "25"}, true
		}
		b.swipe(freeTrack)
		return b.till.Status().Pending
	},
	"terminal-reverses-without-card": func(b *bench) any {
		b.lenient = true
		b.saleGets(reply{trouble: &silent})
		return b.exchanges[len(b.exchanges)-1].Has(iso8583.PAN)
	},
	"terminal-ignores-download-request":      func(b *bench) any { return len(b.fetches("4").CAPKs) },
	"terminal-takes-any-request-for-sign-in": func(b *bench) any { b.fetches("6"); b.swipe(freeTrack); return b.flows() },
	"terminal-trades-before-download":        func(b *bench) any { b.fetches("4"); return b.flows()[1] },
	"terminal-forgets-end":                   func(b *bench) any { b.fetches("4"); return len(b.host.shelf.ended) },
	"terminal-takes-half-download":           func(b *bench) any { b.fetchesHalf(); return len(b.till.Holds().AIDs) },
	"terminal-starts-download-over": func(b *bench) any {
		b.fetchesHalf()
		b.host.do = nil
		b.forget()
		b.swipe(freeTrack)
		return b.flows()[0]
	},
	"terminal-reads-first-part": func(b *bench) any { return len(b.fetches("5").AIDs) },
	"terminal-skips-capk-check": func(b *bench) any {
		s := b.stock("4")
		s.keys[1][len(s.keys[1])-1] ^= 1
		b.swipe(freeTrack)
		return len(b.till.Holds().CAPKs)
	},
	"terminal-takes-expired-key": func(b *bench) any {
		s := b.stock("4")
		k, _ := iso8583.ParseCAPK(s.keys[1])
		k.Expires = "20251231"
		s.keys[1] = k.TLV()
		b.swipe(freeTrack)
		return len(b.till.Holds().CAPKs)
	},
	"terminal-keeps-withdrawn-keys": func(b *bench) any {
		b.stock("4")
		b.till.parameters.CAPKs = []iso8583.CAPublicKey{{RID: []byte{0xA0, 0, 0, 3, 0x33}, Index: 0xDD}}
		b.swipe(freeTrack)
		return len(b.till.Holds().CAPKs)
	},
	"terminal-ignores-parameters": func(b *bench) any { b.fetches("1"); return b.till.patience() },
	"terminal-keeps-old-version": func(b *bench) any {
		b.stock("1").settings = "9132320000"
		b.swipe(freeTrack)
		return b.till.Status().Version
	},
	"terminal-drops-signature-part": func(b *bench) any { b.signed(1200); return b.flows() },
	"terminal-forgets-signature": func(b *bench) any {
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.ESignature
		}
		b.signed(100)
		b.powerOn()
		return len(b.till.notices)
	},
	"terminal-signs-ahead": func(b *bench) any {
		b.lenient = true // there is no number yet to send it under
		b.till.SignaturePad = true
		b.signIn()
		b.offline(1000, spoken)
		b.step(Event{Kind: Sign, Picture: []byte("Bob")})
		b.swipe(freeTrack)
		return b.flows()
	},
	"terminal-settles-before-signature": func(b *bench) any {
		b.host.do = func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.ESignature && n == 3
		}
		b.signed(100)
		b.forget()
		b.step(Event{Kind: Choose, Flow: pay.SignOut})
		return b.flows()
	},
	"terminal-needs-no-paper": func(b *bench) any {
		b.signed(0)
		return fmt.Sprint(b.slips[0].Lines)
	},
	"terminal-puts-card-into-signature": func(b *bench) any { b.signed(100); return b.exchanges[2].Get(iso8583.Chip) },
	"terminal-hides-broken-printer": func(b *bench) any {
		b.step(Event{Kind: DeviceFails, Device: Printer})
		b.fetches("2")
		return b.host.shelf.status
	},
	"terminal-prints-one-copy": func(b *bench) any { b.saleGets(reply{code: "00"}); return len(b.slips) },
	"terminal-reprints-unmarked": func(b *bench) any {
		b.saleGets(reply{code: "00"})
		b.step(Event{Kind: Reprint})
		return b.slips[len(b.slips)-1].Reprint
	},
	"terminal-wants-organisation": func(b *bench) any { // the bench's host names none
		b.saleGets(reply{code: "00"})
		return b.flows()
	},
	"terminal-wants-no-text": func(b *bench) any {
		b.saleGets(reply{code: "00", edit: func(m *iso8583.Message) {
			m.Set(iso8583.CardOrganisation, "CUP")
			m.Set(iso8583.AnswerText, "HELLO")
		}})
		return b.flows()
	},
	"terminal-takes-next-answer": func(b *bench) any {
		d := b.till.LinkConfig().Dialect
		one := d.NewRequest(pay.Sale)
		other := one.Clone()
		other.Set(iso8583.Trace, "000999")
		return d.Key(one) == d.Key(other)
	},
	"terminal-ignores-answer-type": func(b *bench) any {
		b.saleGets(reply{code: "00", edit: func(m *iso8583.Message) { m.SetMTI("0410") }})
		return b.ending().Kind
	},
	"terminal-takes-no-code-for-decline": func(b *bench) any {
		b.saleGets(reply{edit: func(m *iso8583.Message) { m.Unset(iso8583.AnswerCode) }})
		return b.ending().Kind
	},
	"terminal-impatient":              func(b *bench) any { return b.till.LinkConfig().Timers.Answer },
	"terminal-takes-read-for-message": func(b *bench) any { return b.reads("\x00\x03ab", "c") },
	"terminal-believes-length":        func(b *bench) any { return b.reads("\xff\xff") },
	"terminal-sends-clear-track": func(b *bench) any {
		b.till.KeyScheme = "004"
		b.signIn()
		b.swipe(freeTrack)
		return b.exchanges[1].Get(iso8583.Track2)
	},
}

func spoiledKCV(int, pay.Flow, *iso8583.Message) (reply, bool) {
	return reply{code: "00", edit: func(m *iso8583.Message) {
		f62 := []byte(m.Get(iso8583.Keys))
		f62[39] ^= 1
		m.Set(iso8583.Keys, string(f62))
	}}, true
}

// signed sells on a terminal with a pad, where the cardholder signs with a picture of so many bytes.
func (b *bench) signed(size int) {
	b.t.Helper()
	b.till.SignaturePad = true
	b.config.SignaturePad = true
	b.signIn()
	b.swipe(freeTrack)
	if b.till != nil {
		b.step(Event{Kind: Sign, Picture: picture(size)})
	}
}

// picture is a signature of so many bytes, no two parts of which are the same.
func picture(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i + i/251)
	}
	return p
}

// fetches signs in to a host that asks for something, sells, and gives what the terminal then has.
func (b *bench) fetches(asks string) Parameters {
	b.stock(asks)
	b.swipe(freeTrack)
	return b.till.Holds()
}

// fetchesHalf sells while the line breaks in the middle of a download of chip applications.
func (b *bench) fetchesHalf() {
	b.stock("5")
	b.host.do = func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.AIDDownload && n > 6
	}
	b.swipe(freeTrack)
}

// saleGets signs in and sells to a host that gives that reply to the sale.
func (b *bench) saleGets(r reply) {
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { return r, flow == pay.Sale }
	b.swipe(freeTrack)
}

// reads tells what frames the till's line finds in a stream that comes in pieces.
func (b *bench) reads(pieces ...string) (found []string) {
	framer, err := b.dialect.Framing.Framer("")
	if err != nil {
		b.t.Fatal(err)
	}
	inbox := wire.NewInbox(b.till.LinkConfig().Framer(framer))
	for _, piece := range pieces {
		inbox.Add([]byte(piece))
		frame, ok, err := inbox.Next()
		found = append(found, fmt.Sprint(string(frame), ok, err))
	}
	return found
}

// untilExchange is the number of actions of a swiped sale up to its exchange: ask (3 actions), store (2), exchange.
func (b *bench) untilExchange() int {
	twin := newBench(b.t)
	twin.signIn()
	before := twin.done
	reached := 0
	twin.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		reached = twin.done - before
		return reply{}, false
	}
	twin.swipe(freeTrack)
	return reached
}

// Each defect is an edit that shows, and its name says whose it is.
func TestDefects(t *testing.T) {
	var names []string
	probes := maps.Clone(probes)
	maps.Copy(probes, peopleProbes)
	maps.Copy(probes, chipProbes)
	maps.Copy(probes, cardProbes)
	maps.Copy(probes, codeProbes)
	maps.Copy(probes, walletProbes)
	for _, d := range Defects() {
		names = append(names, d.Name)
		if !strings.HasPrefix(d.Name, "terminal-") || d.Text == "" || d.Why == "" ||
			!slices.Contains([]string{"security", "money", "protocol", "emv", "keys", "settlement", "resilience"}, d.Category) {
			t.Errorf("%s: name, category, text or reason is missing", d.Name)
		}
		probe := probes[d.Name]
		if probe == nil {
			probe = offlineProbes[d.Name]
		}
		if probe == nil {
			probe = flowProbes[d.Name]
		}
		if probe == nil {
			t.Errorf("%s: nobody looks for it", d.Name)
			continue
		}
		honest := fmt.Sprint(probe(newBench(t)))
		if again := fmt.Sprint(probe(newBench(t))); again != honest {
			t.Errorf("%s: the honest terminal shows two things: %s and %s", d.Name, honest, again)
		}
		broken := fmt.Sprint(probe(newBench(t, func(c *Config) { d.Edit(c.Rules) })))
		if honest == broken {
			t.Errorf("%s changes nothing: %s", d.Name, honest)
		}
	}
	slices.Sort(names)
	same(t, "names", slices.Compact(slices.Clone(names)), names)
	same(t, "probes", len(probes)+len(flowProbes)+len(offlineProbes), len(names))
}

// wants tells what the terminal asks for first when an order about a payment is chosen.
func (b *bench) wants(flow pay.Flow) Need {
	b.signIn()
	b.swipe(freeTrack)
	b.step(Event{Kind: Choose, Flow: flow, Amount: pay.CNY(400)})
	return b.need
}
