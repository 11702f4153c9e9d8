package terminal

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

func TestSale(t *testing.T) {
	badMAC := func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }
	set := func(e iso8583.Element, v string) func(*iso8583.Message) {
		return func(m *iso8583.Message) { m.Set(e, v) }
	}
	trouble := func(cause iso8583.Cause, sent bool) reply {
		return reply{trouble: &iso8583.Trouble{Cause: cause, Sent: sent}}
	}
	tests := []struct {
		name     string
		sale     reply
		reversal []reply // the last one stays
		kind     EndingKind
		screen   string // of the ending
		flows    []string
		fact     audit.Fact
		slips    int
		signedIn bool
		pending  bool
	}{
		{name: "approved", sale: reply{code: "00"}, kind: Approved, screen: "APPROVED", flows: []string{"sale 002"}, fact: audit.Approved, slips: 2, signedIn: true},
		{name: "approved with a remark", sale: reply{code: "A2"}, kind: Approved, screen: "APPROVED_CONFIRM", flows: []string{"sale 002"}, fact: audit.Approved, slips: 2, signedIn: true},
		{name: "declined", sale: reply{code: "51"}, kind: Declined, screen: "INSUFFICIENT_FUNDS", flows: []string{"sale 002"}, fact: audit.Declined, signedIn: true},
		{name: "unknown code", sale: reply{code: "Z9"}, kind: Declined, screen: "FAILED_CODE", flows: []string{"sale 002"}, fact: audit.Declined, signedIn: true},
		{name: "77 takes the sign-in away", sale: reply{code: "77"}, kind: Declined, screen: "SIGN_IN_AGAIN", flows: []string{"sale 002"}, fact: audit.Declined},
		{name: "99 takes the sign-in away", sale: reply{code: "99"}, kind: Declined, screen: "SIGN_IN_AGAIN", flows: []string{"sale 002"}, fact: audit.Declined},
		{name: "A0 takes the sign-in away", sale: reply{code: "A0"}, kind: Declined, screen: "SIGN_IN_AGAIN", flows: []string{"sale 002"}, fact: audit.Declined},
		{name: "no answer", sale: reply{trouble: &silent}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Reversed, signedIn: true},
		{name: "cut mid-frame", sale: trouble(iso8583.LineCut, true), kind: Unknown, screen: "LINE_CUT", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Reversed, signedIn: true},
		{name: "garbage", sale: trouble(iso8583.Undecodable, true), kind: Unknown, screen: "BAD_ANSWER", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Reversed, signedIn: true},
		{name: "nothing left", sale: trouble(iso8583.NotConnected, false), kind: Refused, screen: "NO_CONNECTION", flows: []string{"sale 002"}, fact: audit.Declined, signedIn: true},
		{name: "bad MAC", sale: reply{code: "00", spoil: badMAC}, kind: Unknown, screen: "BAD_MAC", flows: []string{"sale 002", "reversal 002 A0"}, fact: audit.Reversed},
		{name: "bad MAC on a decline", sale: reply{code: "51", spoil: badMAC}, kind: Unknown, screen: "BAD_MAC", flows: []string{"sale 002", "reversal 002 A0"}, fact: audit.Reversed},
		{name: "approval forged from a decline", sale: reply{code: "51", spoil: set(iso8583.AnswerCode, "00")}, kind: Unknown, screen: "BAD_MAC", flows: []string{"sale 002", "reversal 002 A0"}, fact: audit.Reversed},
		{name: "no MAC", sale: reply{code: "00", spoil: func(m *iso8583.Message) { m.Unset(iso8583.MAC) }}, kind: Unknown, screen: "BAD_MAC", flows: []string{"sale 002", "reversal 002 A0"}, fact: audit.Reversed},
		{name: "another amount", sale: reply{code: "00", edit: set(iso8583.Amount, "000000000001")}, kind: Unknown, screen: "BAD_ANSWER", flows: []string{"sale 002", "reversal 002 06"}, fact: audit.Reversed, signedIn: true},
		{name: "another trace", sale: reply{code: "00", edit: set(iso8583.Trace, "000009")}, kind: Unknown, screen: "BAD_ANSWER", flows: []string{"sale 002", "reversal 002 06"}, fact: audit.Reversed, signedIn: true},
		{name: "another terminal", sale: reply{code: "00", edit: set(iso8583.Terminal, "12345679")}, kind: Unknown, screen: "BAD_ANSWER", flows: []string{"sale 002", "reversal 002 06"}, fact: audit.Reversed, signedIn: true},
		{name: "answer to something else", sale: reply{code: "00", edit: func(m *iso8583.Message) { m.SetMTI("0410") }}, kind: Unknown, screen: "BAD_ANSWER", flows: []string{"sale 002", "reversal 002 06"}, fact: audit.Reversed, signedIn: true},
		{name: "too late", sale: reply{code: "68"}, kind: Unknown, screen: "ANSWER_TOO_LATE", flows: []string{"sale 002", "reversal 002 06"}, fact: audit.Reversed, signedIn: true},
		{name: "a part approved", sale: reply{code: "10", edit: set(iso8583.Amount, "000000000400")}, kind: Declined, screen: "PARTIAL_REFUSED", flows: []string{"sale 002", "reversal 002 06"}, fact: audit.Reversed, signedIn: true},
		{name: "reversal answered 25", sale: reply{trouble: &silent}, reversal: []reply{{code: "25"}}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Reversed, signedIn: true},
		{name: "reversal unanswered once", sale: reply{trouble: &silent}, reversal: []reply{{trouble: &silent}, {code: "00"}}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98", "reversal 002 98"}, fact: audit.Reversed, signedIn: true},
		{name: "reversal never answered", sale: reply{trouble: &silent}, reversal: []reply{{trouble: &silent}}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98", "reversal 002 98", "reversal 002 98"}, fact: audit.Exception, signedIn: true},
		{name: "reversal cannot be sent", sale: reply{trouble: &silent}, reversal: []reply{trouble(iso8583.NotConnected, false)}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Pending, signedIn: true, pending: true},
		{name: "reversal refused", sale: reply{trouble: &silent}, reversal: []reply{{code: "96"}}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Pending, signedIn: true, pending: true},
		{name: "reversal's answer has a bad MAC", sale: reply{trouble: &silent}, reversal: []reply{{code: "00", spoil: badMAC}}, kind: Unknown, screen: "NO_ANSWER", flows: []string{"sale 002", "reversal 002 98"}, fact: audit.Pending, pending: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			b.forget()
			reversals := 0
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				if flow == pay.Sale {
					return test.sale, true
				}
				if len(test.reversal) == 0 {
					return reply{}, false
				}
				reversals++
				return test.reversal[min(reversals, len(test.reversal))-1], true
			}
			b.swipe(pinTrack)
			same(t, "ending", test.kind, b.ending().Kind)
			same(t, "screen", test.screen, b.ending().Screen)
			b.mustShow(test.screen)
			same(t, "exchanges", test.flows, b.flows())
			same(t, "fact", test.fact, b.fact())
			same(t, "slips", test.slips, len(b.slips))
			same(t, "endings", 1, len(b.endings))
			s := b.till.Status()
			same(t, "signed in", test.signedIn, s.SignedIn)
			same(t, "pending", test.pending, s.Pending)
			same(t, "state", "ready", s.State)
			same(t, "next trace", "000003", s.Trace)
		})
	}
}

func TestCardEntry(t *testing.T) {
	swipe := func(track string) Event { return Event{Kind: Swipe, Stripe: Stripe{Track2: pay.NewSecret(track)}} }
	bad := Event{Kind: Swipe, Stripe: Stripe{Bad: true}}
	pin := Event{Kind: EnterPIN, PIN: pay.NewSecret(goodPIN)}
	key := Event{Kind: KeyIn, PAN: pay.NewPAN(panH3), Expiry: "3012"}
	tests := []struct {
		name    string
		rules   func(*Rules)
		events  []Event
		screens []string // after SWIPE_CARD; the last is the state's when the order goes on
		ended   EndingKind
		fields  map[iso8583.Element]string // of the sale, if it was sent
	}{
		{name: "stripe with PIN", events: []Event{swipe(pinTrack), pin}, screens: []string{"ENTER_PIN", "CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "021", iso8583.PINCapture: "06", iso8583.SecurityControl: "2600000000000000", iso8583.Track2: pinTrack, iso8583.Expiry: "", iso8583.PAN: panH3}},
		{name: "stripe without PIN", events: []Event{swipe(freeTrack)}, screens: []string{"CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "022", iso8583.PINCapture: "", iso8583.PIN: "", iso8583.SecurityControl: "0600000000000000"}},
		{name: "sentinels and =", events: []Event{swipe(";" + strings.Replace(freeTrack, "D", "=", 1) + "?<")}, screens: []string{"CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.Track2: freeTrack}},
		{name: "PIN bypassed", events: []Event{swipe(pinTrack), {Kind: EnterPIN}}, screens: []string{"ENTER_PIN", "CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "022", iso8583.PIN: ""}},
		{name: "PIN too short is asked again", events: []Event{swipe(pinTrack), {Kind: EnterPIN, PIN: pay.NewSecret("12")}}, screens: []string{"ENTER_PIN", "ENTER_PIN"}},
		{name: "below the no-PIN limit", rules: func(r *Rules) { r.NoPINLimit = 1000 }, events: []Event{swipe(pinTrack)}, screens: []string{"CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "022"}},
		{name: "cancelled at the card", events: []Event{{Kind: Cancel}}, screens: []string{"CANCELLED"}, ended: Cancelled},
		{name: "cancelled at the PIN", events: []Event{swipe(pinTrack), {Kind: Cancel}}, screens: []string{"ENTER_PIN", "CANCELLED"}, ended: Cancelled},
		{name: "chip card", events: []Event{swipe(chipTrack)}, screens: []string{"INSERT_CHIP"}},
		{name: "chip card, then another", events: []Event{swipe(chipTrack), swipe(freeTrack)}, screens: []string{"INSERT_CHIP", "CONNECTING", "APPROVED"}, ended: Approved},
		{name: "chip card as a fallback", rules: func(r *Rules) { r.ChipTries = 1 }, events: []Event{{Kind: Insert, Reader: kernel.CardMute}, swipe(chipTrack)}, screens: []string{"SWIPE_CARD", "CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "022", iso8583.ICCondition: "2"}},
		{name: "bad swipe, then good", events: []Event{bad, swipe(freeTrack)}, screens: []string{"SWIPE_AGAIN", "CONNECTING", "APPROVED"}, ended: Approved},
		{name: "three bad swipes", events: []Event{bad, bad, bad}, screens: []string{"SWIPE_AGAIN", "SWIPE_AGAIN", "CARD_UNREADABLE"}, ended: Refused},
		{name: "wrong check character", events: []Event{swipe(";" + strings.Replace(freeTrack, "D", "=", 1) + "?=")}, screens: []string{"SWIPE_AGAIN"}},
		{name: "half a track", events: []Event{swipe(panH3 + "D3012")}, screens: []string{"SWIPE_AGAIN"}},
		{name: "wrong check digit", events: []Event{swipe("6200123456789011D30121011234567890123")}, screens: []string{"BAD_CARD_NUMBER"}, ended: Refused},
		{name: "typed", events: []Event{key, pin}, screens: []string{"ENTER_PIN", "CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "011", iso8583.Expiry: "3012", iso8583.Track2: "", iso8583.PAN: panH3, iso8583.SecurityControl: "2600000000000000"}},
		{name: "typed without PIN", events: []Event{key, {Kind: EnterPIN}}, screens: []string{"ENTER_PIN", "CONNECTING", "APPROVED"}, ended: Approved,
			fields: map[iso8583.Element]string{iso8583.EntryMode: "012", iso8583.SecurityControl: ""}},
		{name: "typed wrongly", events: []Event{{Kind: KeyIn, PAN: pay.NewPAN("6200123456789011"), Expiry: "3012"}}, screens: []string{"BAD_CARD_NUMBER"}, ended: Refused},
		{name: "typing not allowed", rules: func(r *Rules) { r.ManualEntry = false }, events: []Event{key}, screens: []string{"NO_MANUAL_ENTRY"}},
		{name: "idle at the card", events: []Event{{Kind: Fired, Timer: TimerIdle}}, screens: []string{"CANCELLED", "LOG_IN"}, ended: Cancelled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				if test.rules != nil {
					test.rules(c.Rules)
				}
			})
			b.signIn()
			b.forget()
			b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
			for _, e := range test.events {
				b.step(e)
			}
			same(t, "screens", append([]string{"SWIPE_CARD"}, test.screens...), b.screens)
			if test.ended == "" {
				same(t, "endings", 0, len(b.endings))
				return
			}
			same(t, "ending", test.ended, b.ending().Kind)
			if test.ended != Approved {
				same(t, "exchanges", 0, len(b.exchanges))
			}
			for e, want := range test.fields {
				same(t, e.String(), want, b.exchanges[0].Get(e))
			}
		})
	}
}

// With a track key the stripe leaves encrypted (DOMAIN.md B.4) and the host can read it.
func TestTrackIsEncrypted(t *testing.T) {
	b := newBench(t, func(c *Config) { c.KeyScheme = "004" })
	b.signIn()
	b.forget()
	b.swipe(pinTrack)
	m := b.exchanges[0]
	same(t, "F53", "2610000000000000", m.Get(iso8583.SecurityControl))
	if got := m.Get(iso8583.Track2); got == pinTrack || len(got) != len(pinTrack) {
		t.Errorf("track 2 stands in the clear")
	}
	clear, err := b.host.hsm.DecryptTrack(KeyTDK, m.Get(iso8583.Track2))
	if err != nil || clear.Reveal() != pinTrack {
		t.Errorf("the host reads another track, %v", err)
	}
	block, err := b.host.hsm.EncryptPIN(KeyPIK, hsm.PINISO0, pay.NewSecret(goodPIN), pay.NewPAN(panH3))
	if err != nil || string(block) != m.Get(iso8583.PIN) {
		t.Errorf("the PIN block is not the host's, %v", err)
	}
}

// The same machine speaks a dialect it has never heard of: fields come from the dialect's own rules.
func TestOtherDialect(t *testing.T) {
	b := newBenchIn(t, "iso87-ascii")
	b.signIn()
	same(t, "sign-in", SignedIn, b.ending().Kind)
	b.forget()
	b.swipe(pinTrack)
	same(t, "sale", Approved, b.ending().Kind)
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.Sale
	}
	b.forget()
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"sale 003", "reversal 003 98"}, b.flows())
	same(t, "fact", audit.Reversed, b.fact())
	for _, m := range b.exchanges {
		for _, v := range b.dialect.Validate(m) {
			t.Errorf("%s: %+v", m.MTI(), v)
		}
	}
	r := b.exchanges[1]
	same(t, "F90", "0200000003"+b.now.UTC().Format("0102150405"), r.Get(iso8583.OriginalMTI)+r.Get(iso8583.OriginalTrace)+r.Get(iso8583.OriginalDate)+r.Get(iso8583.OriginalTime))
}
