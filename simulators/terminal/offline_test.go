package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// spoken is an authorization by telephone.
var spoken = Voice{Code: "654321"}

// offline sells without the host.
func (b *bench) offline(fen int64, voice Voice) {
	b.t.Helper()
	b.voice = voice
	b.order(pay.OfflineSale, fen, Original{}, freeTrack)
}

func (b *bench) floorLimit(fen string) { b.switchTo(map[string]string{"floor_limit": fen}) }

// switchTo sets switches of the dialect; the terminal starts again.
func (b *bench) switchTo(values map[string]string) {
	b.t.Helper()
	d, err := b.config.Dialect.With(values)
	if err != nil {
		b.t.Fatal(err)
	}
	b.config.Dialect = d
	b.powerOn()
	b.logIn("01", "4719")
}

// partly makes the host approve 4.00 of each sale.
func (b *bench) partly() {
	b.switchTo(map[string]string{"partial_approval": "true"})
	b.host.do = partOf
}

func partOf(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
	return reply{code: "10", edit: func(m *iso8583.Message) { m.Set(iso8583.Amount, "000000000400") }}, flow == pay.Sale
}

// amounts gives each message's flow, trace and amount.
func (b *bench) amounts() (all []string) {
	for _, m := range b.exchanges {
		tx, _, _ := b.dialect.Identify(m)
		all = append(all, fmt.Sprintf("%s %s %s", tx.Flow, m.Get(iso8583.Trace)[3:], strings.TrimLeft(m.Get(iso8583.Amount), "0")))
	}
	return all
}

// For each defect, something to do that shows it.
var offlineProbes = map[string]func(b *bench) any{
	"terminal-forgets-offline-sale": func(b *bench) any {
		b.signIn()
		b.offline(1000, spoken)
		b.powerOn()
		return b.till.Status().Stored
	},
	"terminal-uploads-at-settlement-only": func(b *bench) any { b.signIn(); b.offline(1000, spoken); b.swipe(freeTrack); return b.flows() },
	"terminal-uploads-offline-twice": func(b *bench) any {
		b.signIn()
		b.offline(1000, spoken)
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.OfflineSale
		}
		b.swipe(freeTrack)
		b.swipe(freeTrack)
		return b.flows()
	},
	"terminal-drops-offline-while-disabled": func(b *bench) any {
		b.signIn()
		b.offline(1000, spoken)
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: "58"}, flow == pay.OfflineSale
		}
		b.swipe(freeTrack)
		return b.till.Status().Stored
	},
	"terminal-ends-batch-early": func(b *bench) any {
		b.signIn()
		b.offline(1000, spoken)
		b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: "96"}, flow == pay.OfflineSale
		}
		b.settle()
		return b.flows()
	},
	"terminal-changes-slip-only": func(b *bench) any {
		b.signIn()
		b.offline(1000, spoken)
		b.order(pay.Adjustment, 800, Original{Trace: "000002"}, "")
		b.swipe(freeTrack)
		return b.amounts()
	},
	"terminal-floor-limit-off-by-one": func(b *bench) any {
		b.floorLimit("1000")
		b.signIn()
		b.offline(1000, Voice{})
		return b.ending().Screen
	},
	"terminal-tip-unlimited": func(b *bench) any { b.tips(201); return b.ending().Screen },
	"terminal-tips-add-up":   func(b *bench) any { b.tips(100, 50); return b.amounts() },
	"terminal-tips-before-adjustment": func(b *bench) any {
		b.signIn()
		b.offline(1000, Voice{Code: "654321"})
		b.order(pay.Adjustment, 800, Original{Trace: "000002"}, "")
		b.order(pay.Tip, 100, Original{Trace: "000002"}, "")
		b.swipe(freeTrack)
		return b.amounts()
	},
	"terminal-tips-on-void": func(b *bench) any {
		b.signIn()
		b.swipe(freeTrack)
		b.order(pay.Void, 0, Original{Trace: "000002"}, freeTrack)
		b.order(pay.Tip, 100, Original{Trace: "000002"}, "")
		return b.ending().Screen
	},
	"terminal-void-of-tipped-gives-base": func(b *bench) any {
		b.tips(100)
		b.order(pay.Void, 0, Original{Trace: "000002"}, freeTrack)
		return b.amounts()
	},
	"terminal-ignores-rest": func(b *bench) any { b.partly(); b.signIn(); b.swipe(freeTrack); return b.need },
	"terminal-partial-reverses-whole": func(b *bench) any {
		b.partly()
		b.signIn()
		b.noRest = true
		b.order(pay.Sale, 1000, Original{}, freeTrack)
		return b.amounts()
	},
}

// tips sells 10.00 and adds tips to it.
func (b *bench) tips(fen ...int64) {
	b.signIn()
	b.swipe(freeTrack)
	for _, tip := range fen {
		b.order(pay.Tip, tip, Original{Trace: "000002"}, "")
	}
}

// What becomes of offline sales, adjustments and tips: the ending, what went to the host in the end, and what the journal states.
func TestOffline(t *testing.T) {
	voucher := Original{Trace: "000002"}
	answers := func(flow pay.Flow, replies ...reply) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		n := 0
		return func(_ int, f pay.Flow, _ *iso8583.Message) (reply, bool) {
			if f != flow || n >= len(replies) {
				return reply{}, false
			}
			n++
			return replies[n-1], true
		}
	}
	none, down := reply{trouble: &silent}, reply{trouble: &iso8583.Trouble{Cause: iso8583.NotConnected}}
	for _, c := range []struct {
		name    string
		host    func(int, pay.Flow, *iso8583.Message) (reply, bool)
		do      func(b *bench)
		screen  string // of the last ending
		amounts string // of all messages
		facts   string // fact and amount of each payment
	}{
		{"nothing leaves", nil, func(b *bench) { b.offline(1000, spoken) }, "SOLD_OFFLINE", "", "stored 1000"},
		{"half a code is asked for again", nil, func(b *bench) {
			b.offline(1000, Voice{Code: "654"})
			b.step(Event{Kind: EnterCode, Voice: spoken})
		}, "SOLD_OFFLINE", "", "stored 1000"},
		{"without a code", nil, func(b *bench) { b.offline(1000, Voice{}) }, "CALL_FOR_CODE", "", ""},
		{"two go before a sale", nil, func(b *bench) { b.offline(1000, spoken); b.offline(700, spoken); b.swipe(freeTrack) },
			"APPROVED", "offline-sale 002 1000, offline-sale 003 700, sale 004 1000", "approved 1000, approved 700, approved 1000"},
		{"without an answer the sale goes on, and it comes again", answers(pay.OfflineSale, none), func(b *bench) { b.offline(1000, spoken); b.swipe(freeTrack); b.swipe(freeTrack) },
			"APPROVED", "offline-sale 002 1000, sale 003 1000, offline-sale 002 1000, sale 004 1000", "approved 1000, approved 1000, approved 1000"},
		{"the first of two is not taken yet", answers(pay.OfflineSale, reply{code: "96"}), func(b *bench) { b.offline(1000, spoken); b.offline(700, spoken); b.swipe(freeTrack) },
			"APPROVED", "offline-sale 002 1000, sale 004 1000", "stored 1000, stored 700, approved 1000"},
		{"refused", answers(pay.OfflineSale, reply{code: "14"}), func(b *bench) { b.offline(1000, spoken); b.offline(700, spoken); b.swipe(freeTrack) },
			"APPROVED", "offline-sale 002 1000, offline-sale 003 700, sale 004 1000", "declined 1000, approved 700, approved 1000"},
		{"a bad MAC takes the sign-in away", answers(pay.OfflineSale, reply{code: "00", spoil: func(m *iso8583.Message) { m.Set(iso8583.MAC, "00000000") }}),
			func(b *bench) { b.offline(1000, spoken); b.swipe(freeTrack) }, "SIGN_IN_FIRST", "offline-sale 002 1000", "stored 1000"},
		{"sold while a reversal is owed", answers(pay.Sale, none), func(b *bench) {
			do := b.host.do
			b.host.do = func(n int, f pay.Flow, m *iso8583.Message) (reply, bool) {
				if f == pay.Reversal {
					return none, true
				}
				return do(n, f, m)
			}
			b.swipe(freeTrack)
			b.forget()
			b.host.do = nil
			b.offline(1000, spoken)
		}, "SOLD_OFFLINE", "", "exception 1000, stored 1000"},
		{"voided before it leaves", nil, func(b *bench) {
			b.offline(1000, spoken)
			b.order(pay.Void, 0, voucher, freeTrack)
			b.swipe(freeTrack)
		}, "APPROVED", "sale 003 1000", "reversed 1000, approved 1000"},
		{"voided without a network", nil, func(b *bench) {
			b.step(Event{Kind: NetworkDown})
			b.offline(1000, spoken)
			b.order(pay.Void, 0, voucher, freeTrack)
		}, "VOIDED_HERE", "", "reversed 1000"},
		{"voided after it left", nil, func(b *bench) {
			b.offline(1000, spoken)
			b.swipe(freeTrack)
			b.order(pay.Void, 0, voucher, freeTrack)
		}, "APPROVED", "offline-sale 002 1000, sale 003 1000, void 004 1000", "approved 1000, approved 1000, approved 1000"},
		{"voided when it may have arrived", answers(pay.OfflineSale, none), func(b *bench) {
			b.offline(1000, spoken)
			b.swipe(freeTrack)
			b.order(pay.Void, 0, voucher, freeTrack)
		}, "APPROVED", "offline-sale 002 1000, sale 003 1000, offline-sale 002 1000, void 004 1000", "approved 1000, approved 1000, approved 1000"},
		{"voided when it never gets through", answers(pay.OfflineSale, none, none), func(b *bench) {
			b.offline(1000, spoken)
			b.swipe(freeTrack)
			b.order(pay.Void, 0, voucher, freeTrack)
		}, "ADVICE_PENDING", "offline-sale 002 1000, sale 003 1000, offline-sale 002 1000", "stored 1000, approved 1000"},
		{"what was not sent is as if it had not been tried", answers(pay.OfflineSale, down), func(b *bench) {
			b.offline(1000, spoken)
			b.swipe(freeTrack)
			b.order(pay.Void, 0, voucher, freeTrack)
		}, "VOIDED_HERE", "offline-sale 002 1000, sale 003 1000", "reversed 1000, approved 1000"},
		{"adjusted before it leaves", nil, func(b *bench) {
			b.offline(1000, spoken)
			b.order(pay.Adjustment, 800, voucher, "")
			b.order(pay.Adjustment, 900, voucher, "")
			b.swipe(freeTrack)
		}, "APPROVED", "offline-sale 002 900, sale 003 1000", "approved 900, approved 1000"},
		{"tipped before it leaves", nil, func(b *bench) {
			b.offline(1000, spoken)
			b.order(pay.Tip, 200, voucher, "")
			b.swipe(freeTrack)
		}, "APPROVED", "offline-sale 002 1200, sale 003 1000", "approved 1200, approved 1000"},
		{"adjusted after it left", nil, func(b *bench) {
			b.offline(1000, spoken)
			b.swipe(freeTrack)
			b.order(pay.Adjustment, 800, voucher, "")
		}, "APPROVED", "offline-sale 002 1000, sale 003 1000, adjustment 004 800", "approved 800, approved 1000, approved 800"},
		{"tipped when it may have arrived", answers(pay.OfflineSale, none), func(b *bench) {
			b.offline(1000, spoken)
			b.swipe(freeTrack)
			b.order(pay.Tip, 150, voucher, "")
		}, "APPROVED", "offline-sale 002 1000, sale 003 1000, offline-sale 002 1000, tip 004 1150", "approved 1150, approved 1000, approved 1150"},
		{"an online sale is not adjusted", nil, func(b *bench) { b.swipe(freeTrack); b.order(pay.Adjustment, 800, voucher, "") }, "NO_ORIGINAL", "sale 002 1000", "approved 1000"},
		{"a tip refused by the host", answers(pay.Tip, reply{code: "61"}), func(b *bench) { b.swipe(freeTrack); b.order(pay.Tip, 100, voucher, "") },
			"AMOUNT_LIMIT", "sale 002 1000, tip 003 1100", "approved 1000, declined 1100"},
		{"a tip finds no line", answers(pay.Tip, down), func(b *bench) { b.swipe(freeTrack); b.order(pay.Tip, 100, voucher, "") },
			"ADVICE_KEPT", "sale 002 1000, tip 003 1100", "approved 1000, pending 1100"},
		{"... and goes before the next sale", answers(pay.Tip, down), func(b *bench) { b.swipe(freeTrack); b.order(pay.Tip, 100, voucher, ""); b.swipe(freeTrack) },
			"APPROVED", "sale 002 1000, tip 003 1100, tip 003 1100, sale 004 1000", "approved 1100, approved 1100, approved 1000"},
		{"a settlement takes them first", nil, func(b *bench) { b.offline(1000, spoken); b.settle() },
			"SETTLED", "offline-sale 002 1000, settlement 003 , upload-end 004 , sign-out 005 ", "approved 1000, settled 0"},
		{"no settlement without them", answers(pay.OfflineSale, none), func(b *bench) { b.offline(1000, spoken); b.settle() }, "ADVICE_PENDING", "offline-sale 002 1000", "stored 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			b.forget()
			b.host.do = c.host
			c.do(b)
			same(t, "screen", c.screen, b.ending().Screen)
			same(t, "amounts", c.amounts, strings.Join(b.amounts(), ", "))
			facts := func() string {
				var all []string
				for _, s := range b.till.Statements() {
					all = append(all, fmt.Sprintf("%s %d", s.Fact, s.Amount.Minor))
				}
				return strings.Join(all, ", ")
			}
			same(t, "facts", c.facts, facts())
			b.powerOn()
			if !strings.Contains(c.facts, "pending") { // a start sends what is pending
				same(t, "facts after a start", c.facts, facts())
			}
		})
	}
}

// A store that is full sells nothing and changes nothing.
func TestOfflineIsStoredFirst(t *testing.T) {
	b := newBench(t)
	b.signIn()
	b.offline(1000, spoken)
	b.forget()
	b.storeErr = func([]journal.Record) error { return fmt.Errorf("flash is worn out") }
	b.offline(700, spoken)
	same(t, "screen", "STORAGE_FAILED", b.ending().Screen)
	b.order(pay.Void, 0, Original{Trace: "000002"}, "")
	same(t, "screen of the void", "STORAGE_FAILED", b.ending().Screen)
	same(t, "slips", 0, len(b.slips))
	same(t, "stored", 1, b.till.Status().Stored)
	b.swipe(freeTrack)
	same(t, "exchanges", 0, len(b.exchanges))
}

// A part of a sale: what is asked, said, reversed and stated.
func TestPartial(t *testing.T) {
	for _, c := range []struct {
		name   string
		amount string // of the answer
		off    bool   // the till does not say that it can
		do     func(b *bench)
		kind   EndingKind
		screen string
		msgs   string
		fact   audit.Fact
		fen    int64
	}{
		{"the rest is there", "000000000400", false, nil, Approved, "APPROVED_IN_PART", "sale 002 1000", audit.Approved, 400},
		{"it is not", "000000000400", false, func(b *bench) { b.noRest = true }, Cancelled, "CANCELLED", "sale 002 1000, reversal 002 400", audit.Reversed, 400},
		{"a part of nothing", "000000000000", false, nil, Declined, "PARTIAL_REFUSED", "sale 002 1000, reversal 002 1000", audit.Reversed, 1000},
		{"a part that is the whole", "000000001000", false, nil, Declined, "PARTIAL_REFUSED", "sale 002 1000, reversal 002 1000", audit.Reversed, 1000},
		{"a part that is more", "000000001001", false, nil, Declined, "PARTIAL_REFUSED", "sale 002 1000, reversal 002 1000", audit.Reversed, 1000},
		{"a part that nobody asked for", "000000000400", true, nil, Declined, "PARTIAL_REFUSED", "sale 002 1000, reversal 002 1000", audit.Reversed, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.partly()
			if c.off {
				b.switchTo(map[string]string{"partial_approval": "false"})
			}
			b.host.do = func(n int, flow pay.Flow, m *iso8583.Message) (reply, bool) {
				return reply{code: "10", edit: func(m *iso8583.Message) { m.Set(iso8583.Amount, c.amount) }}, flow == pay.Sale
			}
			b.signIn()
			b.forget()
			if c.do != nil {
				c.do(b)
			}
			b.order(pay.Sale, 1000, Original{}, freeTrack)
			same(t, "kind", c.kind, b.ending().Kind)
			same(t, "screen", c.screen, b.ending().Screen)
			same(t, "messages", c.msgs, strings.Join(b.amounts(), ", "))
			s := b.till.Statements()[0]
			same(t, "fact", c.fact, s.Fact)
			same(t, "amount", c.fen, s.Amount.Minor)
		})
	}
}

// Of an advice the host may take a part, at once or when it is repeated: that is what the slip says and what counts from then on.
func TestPartOfAnAdvice(t *testing.T) {
	for _, c := range []struct {
		name, amount, screen string
		first                reply
		fen                  int64
	}{
		{"a part", "000000000300", "ADVICE_IN_PART", reply{}, 300},
		{"the whole", "000000000400", "APPROVED", reply{}, 400},
		{"nothing", "000000000000", "APPROVED", reply{}, 400},
		{"a part, late", "000000000300", "ADVICE_DELIVERED", reply{code: "91"}, 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.signIn()
			b.swipe(freeTrack)
			asked := 0
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				if asked++; flow != pay.Refund || asked == 1 && c.first.code != "" {
					return c.first, flow == pay.Refund
				}
				return reply{code: "10", edit: func(m *iso8583.Message) { m.Set(iso8583.Amount, c.amount) }}, true
			}
			b.order(pay.Refund, 400, Original{RRN: "260600000002", Date: "0601"}, freeTrack)
			b.swipe(freeTrack) // and what is late goes first
			b.mustShow(c.screen)
			b.powerCycle()
			s := b.till.Statements()[1]
			same(t, "refund", fmt.Sprint(audit.Approved, " ", c.fen), fmt.Sprint(s.Fact, " ", s.Amount.Minor))
			paper := slices.ContainsFunc(b.slips, func(s Slip) bool {
				return slices.ContainsFunc(s.Lines, func(l Line) bool { return l.ID == "SLIP_AMOUNT" && l.Args[0] == pay.CNY(c.fen).String() })
			})
			same(t, "on paper", true, paper)
		})
	}
}

// An operator who leaves with a part on the screen is logged out, and the part is taken back.
func TestPartIsAbandoned(t *testing.T) {
	b := newBench(t)
	b.partly()
	b.signIn()
	b.swipe(freeTrack)
	same(t, "need", NeedRest, b.need)
	b.step(Event{Kind: Fired, Timer: TimerIdle})
	same(t, "state", "logged out", b.till.Status().State)
	same(t, "fact", audit.Reversed, b.fact())
}

// The golden frames of what changes an amount, byte for byte.
func TestGoldenOffline(t *testing.T) {
	keyed := func(b *bench, flow pay.Flow, fen int64, of Original) { // the frames' card is typed
		b.need = ""
		b.step(Event{Kind: Choose, Flow: flow, Amount: pay.CNY(fen)})
		for b.need != "" {
			need := b.need
			b.need = ""
			switch need {
			case NeedSupervisor:
				b.logIn("00", "903512")
			case NeedOriginal:
				b.step(Event{Kind: EnterOriginal, Original: of})
			case NeedCard:
				b.step(Event{Kind: KeyIn, PAN: pay.NewPAN(panH3), Expiry: "3012"})
			case NeedPIN:
				b.step(Event{Kind: EnterPIN})
			case NeedCode:
				b.step(Event{Kind: EnterCode, Voice: Voice{Code: "654323", Institution: "48270000"}})
			}
		}
	}
	frames := goldenFrames(t, "unionpay-day")
	for _, c := range []struct {
		frame string
		do    func(b *bench)
	}{
		{"offline settlement 0220, authorised by voice", func(b *bench) {
			b.trace(24)
			keyed(b, pay.OfflineSale, 10000, Original{})
			keyed(b, pay.Balance, 0, Original{}) // takes it along
		}},
		{"adjustment 0220", func(b *bench) {
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				return reply{code: "00", edit: func(m *iso8583.Message) { m.Set(iso8583.AuthCode, "654323") }}, flow == pay.OfflineSale
			}
			b.trace(24)
			keyed(b, pay.OfflineSale, 10000, Original{})
			keyed(b, pay.Balance, 0, Original{})
			b.trace(25)
			keyed(b, pay.Adjustment, 12000, Original{Trace: "000024"})
		}},
		{"tip 0220, 10.00 in F48", func(b *bench) {
			b.host.do = func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
				return reply{code: "00", edit: func(m *iso8583.Message) {
					m.Set(iso8583.RRN, "260601000002")
					m.Set(iso8583.AuthCode, "123456")
				}}, flow == pay.Sale
			}
			b.trace(2)
			keyed(b, pay.Sale, 10000, Original{})
			b.trace(26)
			keyed(b, pay.Tip, 1000, Original{Trace: "000002"})
		}},
	} {
		t.Run(c.frame, func(t *testing.T) {
			b := goldenBench(t, 2)
			c.do(b)
			var got []byte
			for _, m := range b.exchanges {
				if tx, _, _ := b.dialect.Identify(m); tx.Flow.Amends() || tx.Flow == pay.OfflineSale && strings.HasPrefix(c.frame, "offline") {
					got = m.Frame()
				}
			}
			if len(frames[c.frame]) == 0 {
				t.Fatal("there is no such frame")
			}
			same(t, "frame", fmt.Sprintf("%X", frames[c.frame]), fmt.Sprintf("%X", got))
		})
	}
}

// What the slips look like stands in testdata, in both languages.
func TestOfflineSlips(t *testing.T) {
	b := newBench(t)
	b.partly()
	b.signIn()
	b.offline(1000, spoken)
	b.order(pay.Adjustment, 800, Original{Trace: "000002"}, "")
	b.order(pay.Tip, 150, Original{Trace: "000002"}, "")
	b.order(pay.Void, 0, Original{Trace: "000002"}, "")
	b.order(pay.Sale, 1000, Original{}, freeTrack) // a part
	b.host.do = nil
	b.order(pay.Sale, 1000, Original{}, freeTrack)
	b.order(pay.Tip, 100, Original{Trace: "000004"}, "")
	for _, lang := range []string{"en", "zh"} {
		texts := loadTexts(t, lang)
		var all strings.Builder
		for _, s := range b.slips {
			if s.Copy == CustomerCopy {
				all.WriteString(RenderSlip(s, texts) + "\n")
			}
		}
		golden(t, "offline."+lang+".txt", []byte(all.String()))
	}
}
