package terminal

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Each cause of a failed sign-in that the trade names has its own screen (DOMAIN.md C, end).
func TestSignIn(t *testing.T) {
	trouble := func(tr iso8583.Trouble) reply { return reply{trouble: &tr} }
	notConnected := func(f wire.Fault) reply {
		return trouble(iso8583.Trouble{Cause: iso8583.NotConnected, Fault: f})
	}
	spoilKey := func(at int) reply {
		return reply{code: "00", edit: func(m *iso8583.Message) {
			f62 := []byte(m.Get(iso8583.Keys))
			f62[at] ^= 1
			m.Set(iso8583.Keys, string(f62))
		}}
	}
	tests := []struct {
		name   string
		edit   func(*Config)
		before func(*bench)
		host   reply // zero: an honest host
		kind   EndingKind
		screen string
		silent bool // nothing is sent
	}{
		{name: "double-length keys", kind: SignedIn, screen: "SIGNED_IN"},
		{name: "single-length keys", edit: func(c *Config) { c.KeyScheme = "001" }, kind: SignedIn, screen: "SIGNED_IN"},
		{name: "with a track key", edit: func(c *Config) { c.KeyScheme = "004" }, kind: SignedIn, screen: "SIGNED_IN"},
		{name: "SM4", edit: func(c *Config) { c.KeyScheme = "005" }, kind: SignedIn, screen: "SIGNED_IN"},
		{name: "SM4 with a track key", edit: func(c *Config) { c.KeyScheme = "006" }, kind: SignedIn, screen: "SIGNED_IN"},
		{name: "KCV of the PIK", host: spoilKey(16), kind: Refused, screen: "KEYS_REJECTED"},
		{name: "KCV of the MAK", host: spoilKey(39), kind: Refused, screen: "KEYS_REJECTED"},
		{name: "no keys", host: reply{code: "00", edit: func(m *iso8583.Message) { m.Unset(iso8583.Keys) }}, kind: Refused, screen: "KEYS_REJECTED"},
		{name: "the track key is missing", edit: func(c *Config) { c.KeyScheme = "004" }, host: reply{code: "00", edit: func(m *iso8583.Message) {
			m.Set(iso8583.Keys, m.Get(iso8583.Keys)[:40])
		}}, kind: Refused, screen: "KEYS_REJECTED"},
		{name: "no master key", before: func(b *bench) { b.config.HSM.Delete(KeyTMK) }, kind: Refused, screen: "NO_MASTER_KEY", silent: true},
		{name: "tampered", before: func(b *bench) { b.step(Event{Kind: Tamper}) }, kind: Refused, screen: "TAMPERED", silent: true},
		{name: "no network", before: func(b *bench) { b.step(Event{Kind: NetworkDown}) }, kind: Refused, screen: "NETWORK_DOWN", silent: true},
		{name: "connection refused", host: notConnected(wire.Refused), kind: Refused, screen: "NO_CONNECTION"},
		{name: "connection timed out", host: notConnected(wire.Timeout), kind: Refused, screen: "NO_CONNECTION"},
		{name: "certificate expired", host: notConnected(wire.TLSClock), kind: Refused, screen: "TLS_CLOCK"},
		{name: "certificate unknown", host: notConnected(wire.TLSUnknown), kind: Refused, screen: "TLS_FAILED"},
		{name: "silent", host: trouble(silent), kind: Unknown, screen: "NO_ANSWER"},
		{name: "cut mid-frame", host: trouble(iso8583.Trouble{Cause: iso8583.LineCut, Sent: true, Have: 61, Want: 125}), kind: Unknown, screen: "LINE_CUT"},
		{name: "another's answer", host: reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Trace, "000077") }}, kind: Unknown, screen: "BAD_ANSWER"},
		{name: "merchant unknown", host: reply{code: "03"}, kind: Declined, screen: "MERCHANT_NOT_REGISTERED"},
		{name: "terminal disabled", host: reply{code: "58"}, kind: Declined, screen: "TERMINAL_NOT_PERMITTED"},
		{name: "sign in again", host: reply{code: "77"}, kind: Declined, screen: "SIGN_IN_AGAIN"},
		{name: "cut-over", host: reply{code: "90"}, kind: Declined, screen: "CUT_OVER"},
		{name: "issuer down", host: reply{code: "91"}, kind: Declined, screen: "ISSUER_UNAVAILABLE"},
		{name: "maintenance", host: reply{code: "96"}, kind: Declined, screen: "SYSTEM_MALFUNCTION"},
		{name: "terminal unknown", host: reply{code: "97"}, kind: Declined, screen: "TERMINAL_NOT_REGISTERED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				if test.edit != nil {
					test.edit(c)
				}
			})
			if test.before != nil {
				test.before(b)
			}
			b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) {
				return test.host, test.host.code != "" || test.host.trouble != nil
			}
			b.signIn()
			same(t, "ending", test.kind, b.ending().Kind)
			same(t, "screen", test.screen, b.ending().Screen)
			b.mustShow(test.screen)
			same(t, "signed in", test.kind == SignedIn, b.till.Status().SignedIn)
			same(t, "nothing sent", test.silent, len(b.exchanges) == 0)
			if !test.silent {
				same(t, "network code", b.till.KeyScheme, b.exchanges[0].Get(iso8583.NetworkCode))
				same(t, "operator", "001", b.exchanges[0].Get(iso8583.Operator))
			}
			b.forget()
			b.host.do = nil
			b.swipe(freeTrack) // it may sell only if it is signed in, or was told to do so first
			same(t, "sale", test.kind == SignedIn || test.screen == "SIGN_IN_AGAIN", b.ending().Kind == Approved)
		})
	}
}

// The keys that a refused sign-in brought do not touch those that are there, but the terminal is signed off all the same.
func TestRejectedKeysLeaveTheOldOnes(t *testing.T) {
	b := newBench(t)
	b.signIn()
	old, _ := b.config.HSM.KCV(KeyMAK)
	b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) {
			f62 := []byte(m.Get(iso8583.Keys))
			f62[39] ^= 1
			m.Set(iso8583.Keys, string(f62))
		}}, true
	}
	b.signIn()
	now, _ := b.config.HSM.KCV(KeyMAK)
	same(t, "MAK", old.String(), now.String())
	same(t, "signed in", false, b.till.Status().SignedIn)
}

func TestSignInAdoptsBatchAndClock(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Serial = "SN-T1-000001" })
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.Batch, "000042") }}, flow == pay.SignIn
	}
	b.signIn()
	same(t, "serial", "Sequence No12SN-T1-000001", b.exchanges[0].Get(iso8583.TerminalInfo))
	same(t, "batch", "000042", b.till.Status().Batch)
	same(t, "clock", b.now.Add(90*time.Second), b.clock)
	b.forget()
	b.swipe(freeTrack)
	same(t, "batch on the wire", "000042", b.exchanges[0].Get(iso8583.Batch))
}

// F13 has no year: at New Year the host's may be another than the terminal's.
func TestHostTime(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04:05", s, sim.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, test := range []struct{ now, date, time, want string }{
		{"2026-06-01 09:30:00", "0601", "093130", "2026-06-01 09:31:30"},
		{"2026-12-31 23:59:58", "0101", "000001", "2027-01-01 00:00:01"},
		{"2027-01-01 00:00:02", "1231", "235959", "2026-12-31 23:59:59"},
		{"2028-02-29 12:00:00", "0229", "120001", "2028-02-29 12:00:01"},
		{"2026-06-01 09:30:00", "0229", "120000", ""},
		{"2026-06-01 09:30:00", "1301", "120000", ""},
		{"2026-06-01 09:30:00", "", "", ""},
	} {
		m := loadDialect(t, "unionpay-pos").New()
		m.Set(iso8583.LocalDate, test.date)
		m.Set(iso8583.LocalTime, test.time)
		got, ok := hostTime(m, at(test.now))
		if ok != (test.want != "") || ok && !got.Equal(at(test.want)) {
			t.Errorf("%s with %s %s: want %s, got %v", test.now, test.date, test.time, test.want, got)
		}
	}
}

// Header nibble 6 = 3: the next trade signs in first, and goes on by itself (DOMAIN.md A.1).
func TestSignInAgain(t *testing.T) {
	b := newBench(t)
	b.signIn()
	ask := func(m *iso8583.Message) { m.SetHeader(m.Header()[:5] + "3" + m.Header()[6:]) }
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{code: "51", edit: ask}, flow == pay.Sale
	}
	b.swipe(freeTrack)
	same(t, "signed in", true, b.till.Status().SignedIn)
	b.powerCycle()
	b.logIn("01", "4719")
	b.forget()
	b.host.do = nil
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"sign-in 003", "sale 004"}, b.flows())
	same(t, "ending", Approved, b.ending().Kind)
	b.forget()
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"sale 005"}, b.flows())

	// When that sign-in fails, the sale was never begun.
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		if flow == pay.Sale {
			return reply{code: "00", edit: ask}, true
		}
		return reply{code: "96"}, true
	}
	b.swipe(freeTrack)
	b.forget()
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"sign-in 007"}, b.flows())
	same(t, "ending", Ending{Kind: Refused, Flow: pay.Sale, Answer: "96", Screen: "SYSTEM_MALFUNCTION", Amount: pay.CNY(1000),
		Trace: "000007", RRN: b.ending().RRN}, b.ending())
	same(t, "fact", audit.Approved, b.fact()) // of the sale before
}

func TestSignOutAndEcho(t *testing.T) {
	b := newBench(t)
	b.step(Event{Kind: Choose, Flow: pay.Echo}) // needs no sign-in
	same(t, "echo", LineGood, b.ending().Kind)
	b.mustShow("LINE_GOOD")
	b.step(Event{Kind: Choose, Flow: pay.SignOut})
	same(t, "sign-out, signed off", "SIGN_IN_FIRST", b.ending().Screen)
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.SignOut})
	same(t, "sign-out", SignedOut, b.ending().Kind)
	b.mustShow("SIGNED_OUT")
	same(t, "signed in", false, b.till.Status().SignedIn)
	b.step(Event{Kind: Choose, Flow: "lottery"})
	same(t, "unknown flow", "NOT_SUPPORTED", b.ending().Screen)
}

// A reversal that a bad MAC left behind is sent after the sign-in that brings a key both sides share.
func TestReversalWaitsForSignIn(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) { // the host has other keys now
		return reply{code: "A0", spoil: func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }}, flow != pay.SignIn
	}
	b.swipe(freeTrack)
	same(t, "signed in", false, b.till.Status().SignedIn)
	same(t, "fact", audit.Pending, b.fact())
	b.forget()
	b.swipe(freeTrack)
	same(t, "sale", "SIGN_IN_FIRST", b.ending().Screen)
	b.host.do = nil
	b.forget()
	b.signIn()
	same(t, "exchanges", []string{"sign-in 003", "reversal 002 A0"}, b.flows())
	same(t, "ending", SignedIn, b.ending().Kind)
	same(t, "fact", audit.Reversed, b.fact())
}
