package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// peopleProbes are those of what operators do, of answers and of receipts.
var peopleProbes = map[string]func(*bench) any{
	"terminal-cashier-approves-void":      func(b *bench) any { return b.approval("02") },
	"terminal-approves-with-own-password": func(b *bench) any { return b.approval("01") },
	"terminal-administrator-approves":     func(b *bench) any { return b.approval("99") },
	"terminal-supervisor-never-locks": func(b *bench) any {
		b.signIn()
		b.step(Event{Kind: Choose, Flow: pay.Void})
		for range 4 {
			b.logIn("00", "1")
		}
		return b.screens
	},
	"terminal-open-session-approves": func(b *bench) any {
		b.signIn()
		b.logIn("00", "903512")
		b.step(Event{Kind: Choose, Flow: pay.Void})
		return b.need
	},
	"terminal-ignores-approval-switch": func(b *bench) any {
		var err error
		twin := newBench(b.t, func(c *Config) {
			c.Rules = b.config.Rules
			if c.Dialect, err = c.Dialect.With(map[string]string{"completion_void_approval": "false"}); err != nil {
				b.t.Fatal(err)
			}
		})
		twin.signIn()
		twin.step(Event{Kind: Choose, Flow: pay.CompletionVoid})
		return twin.need
	},
	"terminal-takes-factory-password": func(b *bench) any { b.logIn("02", "0000"); return b.till.Status().Operator },
	"terminal-forgets-lock": func(b *bench) any {
		for range 3 {
			b.logIn("01", "1")
		}
		b.powerCycle()
		b.logIn("01", "4719")
		return b.till.Status().Operator
	},
	"terminal-keeps-clear-password": func(b *bench) any {
		b.step(Event{Kind: SetPassword, Password: pay.NewSecret("7392")})
		return b.journal
	},
	"terminal-keeps-operator-after-shift": func(b *bench) any { b.shift(); return b.slips },
	"terminal-shows-stale-last-payment": func(b *bench) any {
		b.saleGets(reply{code: "51"})
		b.step(Event{Kind: LastPayment})
		return b.screens
	},
	"terminal-statistics-count-reversed": func(b *bench) any {
		b.saleGets(reply{trouble: &silent})
		b.step(Event{Kind: Statistics})
		return b.slips
	},
	"terminal-statistics-ignore-voids": func(b *bench) any {
		b.voided()
		b.step(Event{Kind: Statistics})
		return b.slips
	},
	"terminal-statistics-by-utc": func(b *bench) any {
		b.saleGets(reply{code: "00"})
		b.now = b.now.Add(15 * time.Hour)
		b.swipe(freeTrack)
		b.step(Event{Kind: Statistics})
		return b.slips
	},
	"terminal-reprints-declined": func(b *bench) any {
		b.saleGets(reply{code: "51"})
		b.step(Event{Kind: Reprint})
		return b.screens
	},
	"terminal-reprints-last-for-any": func(b *bench) any {
		b.voided()
		b.step(Event{Kind: Reprint, Original: Original{Trace: "000002"}})
		return b.slips
	},
	"terminal-gives-up-on-wrong-pin":    func(b *bench) any { b.wrongPINs(1); return b.flows() },
	"terminal-asks-pin-for-ever":        func(b *bench) any { b.wrongPINs(5); return b.flows() },
	"terminal-same-trace-for-pin-retry": func(b *bench) any { b.wrongPINs(1); return b.flows() },
	"terminal-repeats-declined":         func(b *bench) any { b.saleGets(reply{code: "06"}); return b.flows() },
	"terminal-drops-signature":          func(b *bench) any { b.saleGets(reply{code: "00"}); return b.slips },
	"terminal-one-password-rule": func(b *bench) any {
		b.logIn("00", "903512")
		b.step(Event{Kind: SetPassword, Password: pay.NewSecret("7392")})
		return b.screens
	},
	"terminal-ignores-once-more": func(b *bench) any { b.saleGets(reply{code: "19"}); return b.flows() },
	"terminal-ignores-pick-up":   func(b *bench) any { b.saleGets(reply{code: "41"}); return b.screens },
	"terminal-waits-for-sign-in": func(b *bench) any {
		b.saleGets(reply{code: "77"})
		b.swipe(freeTrack)
		return b.flows()
	},
	"terminal-void-slip-without-original": func(b *bench) any { b.voided(); return b.slips },
	"terminal-prints-refund-as-sale":      func(b *bench) any { b.voided(); return b.slips },
	"terminal-amount-without-currency":    func(b *bench) any { b.saleGets(reply{code: "00"}); return b.slips },
	"terminal-expiry-on-slip":             func(b *bench) any { b.saleGets(reply{code: "00"}); return b.slips },
	"terminal-says-always-swiped":         func(b *bench) any { b.keyed(); return b.slips },
	"terminal-drops-note":                 func(b *bench) any { b.saleGets(reply{code: "A2"}); return b.slips },
	"terminal-full-pan-on-deposit": func(b *bench) any {
		b.signIn()
		b.order(pay.PreAuth, 1000, Original{}, freeTrack)
		return b.slips
	},
	"terminal-own-time-on-slip": func(b *bench) any { b.saleGets(reply{code: "00"}); return b.slips },
}

// approval logs an operator in where a void waits for the supervisor, and tells what the till waits for then.
func (b *bench) approval(id string) Need {
	b.config.Rules.FactoryPasswords = true // of 02
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Void})
	b.logIn(id, map[string]string{"01": "4719", "02": "0000", "99": "58130472"}[id])
	return b.need
}

// shift sells, changes the operator, and sells again.
func (b *bench) shift() {
	b.saleGets(reply{code: "00"})
	b.step(Event{Kind: LogOut})
	b.logIn("00", "903512")
	b.swipe(freeTrack)
}

func (b *bench) voided() {
	b.saleGets(reply{code: "00"})
	b.order(pay.Void, 0, Original{Trace: "000002"}, freeTrack)
}

func (b *bench) keyed() {
	b.signIn()
	b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
	b.step(Event{Kind: KeyIn, PAN: pay.NewPAN(panH3), Expiry: "3012"})
	b.step(Event{Kind: EnterPIN, PIN: pay.NewSecret(goodPIN)})
}

// wrongPINs sells to a host that says so many times that the PIN was wrong.
func (b *bench) wrongPINs(times int) {
	b.signIn()
	b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		times--
		return reply{code: "55"}, flow == pay.Sale && times >= 0
	}
	b.order(pay.Sale, 1000, Original{}, pinTrack)
}
