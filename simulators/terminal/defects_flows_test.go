package terminal

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// flowProbes are those of what is sent again, and of payments beside the plain sale.
var flowProbes = map[string]func(*bench) any{
	"terminal-repeats-as-new": func(b *bench) any {
		twin := b.inISO87()
		twin.signIn()
		twin.host.do = func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.Sale || n == 3
		}
		twin.swipe(freeTrack)
		return twin.exchanges[len(twin.exchanges)-1].MTI()
	},
	"terminal-trusts-doubtful-keys": func(b *bench) any {
		twin := b.inISO87()
		twin.signIn()
		twin.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return reply{trouble: &silent}, true }
		twin.step(Event{Kind: Choose, Flow: pay.KeyChange})
		return twin.till.Status().SignedIn
	},
	"terminal-reverses-voided-sale": func(b *bench) any {
		b.soldThen(pay.Void, reply{trouble: &silent})
		return b.exchanges[len(b.exchanges)-1].Get(iso8583.OriginalTrace)
	},
	"terminal-reverses-without-auth-code": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			if flow == pay.Sale { // its approval cannot be written
				b.storeErr = func([]journal.Record) error {
					b.storeErr = nil
					return errors.New("full")
				}
			}
			return reply{}, false
		}
		b.swipe(freeTrack)
		return b.exchanges[len(b.exchanges)-1].Has(iso8583.AuthCode)
	},
	"terminal-signs-out-owing": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			if flow == pay.Sale {
				return reply{trouble: &silent}, true
			}
			return reply{code: "96"}, flow == pay.Reversal
		}
		b.swipe(freeTrack)
		b.step(Event{Kind: Choose, Flow: pay.SignOut})
		return b.flows()
	},
	"terminal-trusts-late-25": func(b *bench) any {
		b.signIn()
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			b.now = b.now.Add(24 * time.Hour)
			if flow == pay.Sale {
				return reply{trouble: &silent}, true
			}
			return reply{code: pay.Answer25NoOriginal}, true
		}
		b.swipe(freeTrack)
		return b.fact()
	},
	"terminal-drops-advice": func(b *bench) any {
		b.soldThen(pay.Refund, reply{trouble: &silent})
		b.swipe(freeTrack)
		return b.flows()
	},
	"terminal-renumbers-advice": func(b *bench) any {
		b.soldThen(pay.Refund, reply{trouble: &silent})
		return b.exchanges[len(b.exchanges)-1].Get(iso8583.Trace)
	},
	"terminal-forgets-unsent-advice": func(b *bench) any {
		b.signIn()
		b.order(pay.PreAuth, 1000, Original{}, freeTrack)
		e := b.ending()
		unsent := iso8583.Trouble{Cause: iso8583.NotConnected}
		b.host.do = func(int, pay.Flow, *iso8583.Message) (reply, bool) { return reply{trouble: &unsent}, true }
		b.order(pay.CompletionAdvice, 900, Original{AuthCode: e.AuthCode, Date: b.now.Format("0102")}, freeTrack)
		return b.ending().Kind
	},
	"terminal-voids-twice": func(b *bench) any {
		b.soldThen(pay.Void, reply{code: "00"})
		b.order(pay.Void, 0, Original{Trace: b.soldAs()}, freeTrack)
		return b.ending().Kind
	},
	"terminal-void-always-asks": func(b *bench) any {
		twin := newBench(b.t, func(c *Config) {
			c.Rules = b.config.Rules
			d, err := c.Dialect.With(map[string]string{"void_needs_card": "false", "void_needs_pin": "false"})
			if err != nil {
				b.t.Fatal(err)
			}
			c.Dialect = d
		})
		twin.soldThen(pay.Void, reply{code: "00"})
		return twin.exchanges[len(twin.exchanges)-1].Get(iso8583.EntryMode)
	},
	"terminal-moto-asks-pin": func(b *bench) any {
		b.signIn()
		b.order(pay.MOTOSale, 1000, Original{}, pinTrack)
		return b.exchanges[len(b.exchanges)-1].Has(iso8583.PIN)
	},
	"terminal-forgets-plan": func(b *bench) any {
		b.signIn()
		b.order(pay.Instalment, 60000, Original{}, freeTrack)
		return b.exchanges[len(b.exchanges)-1].Get(iso8583.InstalmentPlan)
	},
	"terminal-hides-debt": func(b *bench) any {
		return b.config.Rules.Balance([]iso8583.AccountBalance{{Type: "01", Amount: pay.CNY(1)}, {Type: "02", Amount: pay.CNY(-5000)}})
	},
}

// soldThen sells, and orders what acts on that sale from a host that gives this reply to it.
func (b *bench) soldThen(flow pay.Flow, r reply) {
	b.signIn()
	b.swipe(freeTrack)
	e := b.ending()
	b.host.do = func(_ int, f pay.Flow, _ *iso8583.Message) (reply, bool) { return r, f == flow }
	b.order(flow, 400, Original{Trace: e.Trace, RRN: e.RRN, Date: b.now.Format("0102")}, freeTrack)
}

// soldAs is the voucher number of the sale that soldThen made.
func (b *bench) soldAs() string { return b.exchanges[1].Get(iso8583.Trace) }

// inISO87 is a bench with the same rules in the second dialect.
func (b *bench) inISO87() *bench {
	return newBenchIn(b.t, "iso87-ascii", func(c *Config) { c.Rules = b.config.Rules })
}
