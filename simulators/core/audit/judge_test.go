package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// history writes what honest parties state.
type history struct {
	list   []Statement
	booked map[side]int64
	n      int // payments so far
}

const merchant = "898320548160001"

// begin opens Alice's and Bob's cards, with 1000.00 and nothing; T1 (10000001) is there.
func begin() *history {
	h := &history{booked: map[side]int64{}}
	h.list = append(h.list, Statement{Role: Terminal, Party: "T1", Fact: Present, Ref: Ref{Terminal: "10000001"}})
	h.open(Issuer, "alice", 1000_00)
	h.open(Issuer, "bob", 0)
	h.open(Issuer, Interbank, 0)
	h.open(Acquirer, Interbank, 0)
	h.open(Acquirer, "merchant:"+merchant, 0)
	return h
}

func (h *history) open(role Role, account string, fen int64) {
	h.list = append(h.list, Statement{Role: role, Party: string(role), Fact: Opening, Account: account, Amount: pay.CNY(fen)})
	h.book(role, account, fen)
	h.book(role, OpeningOf(pay.Currency156CNY), -fen)
}

func (h *history) book(role Role, account string, fen int64) {
	h.booked[side{role, account, pay.Currency156CNY}] += fen
}

// end states what the accounts hold.
func (h *history) end() []Statement {
	for _, k := range slices.SortedFunc(keys(h.booked), compareSides) {
		h.list = append(h.list, Statement{Role: k.role, Party: string(k.role), Fact: Balance, Account: k.account, Amount: pay.CNY(h.booked[k])})
	}
	return h.list
}

func keys(m map[side]int64) func(func(side) bool) {
	return func(yield func(side) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// payment states one more payment: the till's fact, then each host's movements and, last, its decision; "" states nothing.
func (h *history) payment(fen int64, till Fact, acquirer, issuer string, original ...Ref) Ref {
	h.n++
	ref := Ref{Terminal: "10000001", Merchant: merchant, Batch: "000001", Trace: fmt.Sprintf("%06d", h.n), Flow: pay.Sale}
	base := Statement{RRN: fmt.Sprintf("%012d", h.n), Amount: pay.CNY(fen)}
	if len(original) > 0 {
		base.Original = &original[0]
	}
	if till != "" {
		s := base
		s.Role, s.Party, s.Fact, s.Ref = Terminal, "T1", till, ref
		h.list = append(h.list, s)
	}
	for _, word := range strings.Fields(acquirer) {
		s := base
		s.Role, s.Party, s.Fact, s.Ref = Acquirer, "acquirer", Fact(word), ref
		h.state(s, "merchant:"+merchant, fen)
	}
	for _, word := range strings.Fields(issuer) {
		s := base
		s.Role, s.Party, s.Fact, s.Account = Issuer, "issuer", Fact(word), "alice"
		h.state(s, "alice", -fen)
	}
	return ref
}

func (h *history) state(s Statement, account string, fen int64) {
	h.list = append(h.list, s)
	switch s.Fact {
	case Undone, Refunded:
		fen = -fen
	case Posted, Restored:
	default:
		return
	}
	h.book(s.Role, account, fen)
	h.book(s.Role, Interbank, -fen)
}

// endings are the ways in which an honest payment may stand at the end of a scenario.
func endings() map[string]func(h *history, fen int64) {
	plain := func(till Fact, acquirer, issuer string) func(*history, int64) {
		return func(h *history, fen int64) { h.payment(fen, till, acquirer, issuer) }
	}
	return map[string]func(*history, int64){
		"approved":                            plain(Approved, "posted approved", "posted approved"),
		"authorized":                          plain(Approved, "held approved", "held approved"),
		"authorization reversed":              plain(Reversed, "held released reversed", "held released reversed"),
		"declined by the issuer":              plain(Declined, "declined", "declined"),
		"declined by the acquirer":            plain(Declined, "declined", ""),
		"refused by the till":                 plain(Declined, "", ""),
		"reversed":                            plain(Reversed, "posted undone reversed", "posted undone reversed"),
		"reversed, never came":                plain(Reversed, "tombstone", ""),
		"reversed, never came to the issuer":  plain(Reversed, "reversed", "tombstone"),
		"reversed, issuer not told yet":       plain(Reversed, "posted undone pending", "posted approved"),
		"reversal owed":                       plain(Pending, "posted approved", "posted approved"),
		"reversal owed, never came":           plain(Pending, "", ""),
		"reversal owed, acquirer is waiting":  plain(Pending, "unknown", "posted approved"),
		"given up":                            plain(Exception, "posted approved", "posted approved"),
		"given up, never came":                plain(Exception, "", ""),
		"issuer too late, taken back":         plain(Declined, "declined", "posted undone reversed"),
		"issuer too late, not taken back yet": plain(Declined, "pending", "posted approved"),
		"refunded in two parts": func(h *history, fen int64) {
			sale := h.payment(fen+2, Approved, "posted approved", "posted approved")
			h.payment(1, Approved, "refunded approved", "refunded approved", sale)
			h.payment(fen+1, Approved, "refunded approved", "refunded approved", sale)
		},
	}
}

func judge(list []Statement) []Break { return Judge(slices.Values(list)) }

func TestHonestHistoriesHaveNoBreak(t *testing.T) {
	for name, ending := range endings() {
		t.Run(name, func(t *testing.T) {
			h := begin()
			ending(h, 10_00)
			list := h.end()
			for _, b := range judge(list) {
				t.Errorf("%s: %s", b.Rule, b.Text)
			}
			for _, absent := range []Role{Terminal, Acquirer, Issuer} {
				if absent == Acquirer && strings.HasSuffix(name, "yet") {
					continue // only the acquirer knows what it owes
				}
				left := slices.DeleteFunc(slices.Clone(list), func(s Statement) bool { return s.Role == absent })
				for _, b := range judge(left) {
					t.Errorf("without the %s: %s: %s", absent, b.Rule, b.Text)
				}
			}
		})
	}
}

func TestBreaks(t *testing.T) {
	const sale = "10000001/000001/000001 (RRN 000000000001): "
	for _, c := range []struct {
		name   string
		change func(h *history)
		want   string // the first break: rule and text
	}{
		{"approved and not posted at the acquirer", func(h *history) { h.payment(10_00, Approved, "approved", "posted approved") },
			"approved-posted: " + sale + "the till was told yes to 10.00 CNY, the acquirer has no money"},
		{"approved and not posted at the issuer", func(h *history) { h.payment(10_00, Approved, "posted approved", "declined") },
			"approved-posted: " + sale + "the till was told yes to 10.00 CNY, the issuer has no money"},
		{"approved and posted twice", func(h *history) { h.payment(10_00, Approved, "posted posted approved", "posted approved") },
			"approved-posted: " + sale + "the till was told yes to 10.00 CNY, the acquirer has 2 movements of 20.00 CNY in all"},
		{"another amount", func(h *history) {
			h.payment(10_00, Approved, "posted approved", "posted approved")
			h.list[6].Amount = pay.CNY(1_00)
		}, "approved-posted: " + sale + "the till was told yes to 1.00 CNY, the acquirer has 10.00 CNY"},
		{"declined and posted", func(h *history) { h.payment(10_00, Declined, "posted approved", "posted approved") },
			"posted-untold: " + sale + "the till states declined, the acquirer has 10.00 CNY"},
		{"posted and unknown to the till", func(h *history) { h.payment(10_00, "", "posted approved", "posted approved") },
			"posted-untold: " + sale + "the till states nothing of it, the acquirer has 10.00 CNY"},
		{"reversed and not undone", func(h *history) { h.payment(10_00, Reversed, "posted undone reversed", "posted approved") },
			"reversed-undone: " + sale + "the till has reversed it, the issuer has 10.00 CNY"},
		{"reversed and undone twice", func(h *history) {
			h.payment(10_00, Reversed, "posted undone undone reversed", "posted undone reversed")
		},
			"reversed-undone: " + sale + "the till has reversed it, the acquirer has -1 movements of -10.00 CNY in all"},
		{"reversed and still held", func(h *history) { h.payment(10_00, Reversed, "held released reversed", "held reversed") },
			"reversed-undone: " + sale + "the till has reversed it, the issuer has 10.00 CNY"},
		{"no answer and no reversal", func(h *history) { h.payment(10_00, Unknown, "posted approved", "posted approved") },
			"unanswered: " + sale + "the till had no answer on 10.00 CNY that it could trust, and does not reverse it"},
		{"given up, posted twice", func(h *history) { h.payment(10_00, Exception, "posted posted approved", "posted posted approved") },
			"twice: " + sale + "the acquirer states posted 2 times, 20.00 CNY in all"},
		{"the trace number twice", func(h *history) {
			h.payment(10_00, Approved, "posted approved", "posted approved")
			h.list = append(h.list, h.list[6])
		}, "twice: " + sale + "the till states 2 payments under one name"},
		{"given up, posted without a decision", func(h *history) { h.payment(10_00, Exception, "posted", "posted approved") },
			"decision-posted: " + sale + "the acquirer has 10.00 CNY and never decided on it"},
		{"given up, declined and posted", func(h *history) { h.payment(10_00, Exception, "posted declined", "posted approved") },
			"decision-posted: " + sale + "the acquirer states declined and has 10.00 CNY"},
		{"given up, reversed and not undone", func(h *history) { h.payment(10_00, Exception, "posted reversed", "posted approved") },
			"decision-posted: " + sale + "the acquirer states reversed and has 10.00 CNY"},
		{"given up, posted beside a tombstone", func(h *history) { h.payment(10_00, Exception, "posted tombstone", "posted approved") },
			"decision-posted: " + sale + "the acquirer states tombstone and has 10.00 CNY"},
		{"given up, decided twice", func(h *history) { h.payment(10_00, Exception, "posted approved approved", "posted approved") },
			"twice: " + sale + "the acquirer states 2 decisions on one payment"},
		{"given up, approved and never held", func(h *history) { h.payment(10_00, Exception, "held approved", "approved") },
			"decision-posted: " + sale + "the issuer approved 10.00 CNY and has no money"},
		{"given up, only the issuer posted", func(h *history) { h.payment(10_00, Exception, "declined", "posted approved") },
			"hosts-agree: " + sale + "the acquirer has no money, the issuer has 10.00 CNY"},
		{"an RRN that the acquirer does not know", func(h *history) { h.payment(10_00, "", "", "posted approved") },
			"hosts-agree: RRN 000000000001: the acquirer has no money, the issuer has 10.00 CNY"},
		{"refunded too much", func(h *history) {
			sale := h.payment(10_00, Approved, "posted approved", "posted approved")
			h.payment(6_00, Approved, "refunded approved", "refunded approved", sale)
			h.payment(4_01, Approved, "refunded approved", "refunded approved", sale)
		}, "refunds: " + sale + "the acquirer has 10.00 CNY and refunded 10.01 CNY of it"},
		{"refunded what was reversed", func(h *history) {
			sale := h.payment(10_00, Reversed, "posted undone reversed", "posted undone reversed")
			h.payment(1, Approved, "refunded approved", "refunded approved", sale)
		}, "refunds: " + sale + "the acquirer has no money and refunded 0.01 CNY of it"},
		{"a posting for nothing", func(h *history) {
			h.list = append(h.list, Statement{Role: Acquirer, Fact: Posted, Amount: pay.CNY(1)})
		}, "unnamed: the acquirer states posted 0.01 CNY without saying for which payment"},
		{"money from nowhere", func(h *history) { h.book(Issuer, "bob", 1) },
			"balance: the issuer's account bob has 0.01 CNY, its opening and what was moved come to 0.00 CNY"},
		{"one party's books do not sum to zero", func(h *history) {
			h.payment(10_00, Approved, "posted approved", "posted approved")
			h.book(Acquirer, Interbank, 10_00)
		}, "balance: the acquirer's account interbank has 0.00 CNY, its opening and what was moved come to -10.00 CNY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := begin()
			c.change(h)
			breaks := judge(h.end())
			if len(breaks) == 0 {
				t.Fatalf("no break, want %s", c.want)
			}
			if got := breaks[0].Rule + ": " + breaks[0].Text; got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(breaks[0].Statements) == 0 {
				t.Error("the break has no statements")
			}
		})
	}
}

func TestEachTillIsJudgedByItself(t *testing.T) {
	h := begin()
	h.payment(10_00, "", "posted approved", "posted approved")
	h.list = h.list[1:] // T1 states nothing: it is not one of ours
	h.list = append(h.list, Statement{Role: Terminal, Party: "T2", Fact: Present, Ref: Ref{Terminal: "10000002"}})
	for _, b := range judge(h.end()) {
		t.Errorf("%s: %s", b.Rule, b.Text)
	}
}

func TestBatchesAreToldApart(t *testing.T) {
	h := begin()
	h.payment(10_00, Approved, "posted approved", "posted approved")
	h.payment(20_00, Declined, "declined", "declined")
	for i, s := range h.list {
		if s.Ref.Trace == "000002" { // the same trace number, a day later
			h.list[i].Ref.Trace, h.list[i].Ref.Batch = "000001", "000002"
		}
	}
	list := h.end()
	for _, b := range judge(list) {
		t.Errorf("%s: %s", b.Rule, b.Text)
	}
	for i := range list {
		list[i].Ref.Batch = ""
	}
	if len(judge(list)) == 0 {
		t.Error("two payments of one name were taken for one, and nothing was wrong with that")
	}
}

func TestLeftOutIsNotWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		keep func(*Statement) bool
	}{
		{"the acquirer's wire has no batches", func(s *Statement) bool {
			if s.Role == Acquirer {
				s.Ref.Batch = ""
			}
			return true
		}},
		{"the till's wire has no batches", func(s *Statement) bool {
			if s.Role == Terminal {
				s.Ref.Batch = ""
			}
			return true
		}},
		{"nobody states balances", func(s *Statement) bool { return s.Fact != Balance }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := begin()
			h.payment(10_00, Approved, "posted approved", "posted approved")
			var list []Statement
			for _, s := range h.end() {
				if c.keep(&s) {
					list = append(list, s)
				}
			}
			for _, b := range judge(list) {
				t.Errorf("%s: %s", b.Rule, b.Text)
			}
		})
	}
}

// Where a switch is between them the till may never have heard the RRN by which the issuer knows a payment: the two are judged all the same.
func TestTillAndIssuerAlone(t *testing.T) {
	for _, c := range []struct {
		name         string
		till         Fact
		heard        bool // the till has heard the RRN
		issuer, want string
	}{
		{"approved", Approved, true, "posted approved", ""},
		{"taken back unheard", Reversed, false, "posted undone reversed", ""},
		{"reversal owed", Pending, false, "posted approved", ""},
		{"given up", Exception, false, "posted approved", ""},
		{"never passed on", Approved, true, "", "the till was told yes to 10.00 CNY, the issuer has no money"},
		{"reversal lost", Reversed, false, "posted approved", "the till has reversed it, the issuer has 10.00 CNY"},
		{"declined and posted", Declined, false, "posted approved", "the till states declined, the issuer has 10.00 CNY"},
		{"asked of its own accord", "", false, "posted approved", "the till states nothing of it, the issuer has 10.00 CNY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := begin()
			h.payment(10_00, c.till, "", c.issuer)
			list := slices.DeleteFunc(h.end(), func(s Statement) bool { return s.Role == Acquirer })
			for i := range list {
				if list[i].Role == Terminal && !c.heard {
					list[i].RRN = ""
				}
				if list[i].Role == Issuer && list[i].RRN != "" {
					list[i].Ref.Flow = pay.Sale
				}
			}
			var said []string
			for _, b := range judge(list) {
				said = append(said, b.Text)
			}
			if got := strings.Join(said, "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("it says %q", got)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	h := begin()
	h.payment(10_00, Approved, "posted approved", "posted approved")
	h.payment(20_00, Pending, "posted approved", "posted approved")
	if open := Open(slices.Values(h.end())); len(open) != 1 || open[0].Amount != pay.CNY(20_00) {
		t.Errorf("got %v", open)
	}
}

func TestStatementsTravelAsJSON(t *testing.T) {
	h := begin()
	h.payment(10_00, Exception, "posted declined", "posted approved")
	var list []Statement
	for _, s := range h.end() {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Statement
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatal(err)
		}
		list = append(list, back)
	}
	if got, want := fmt.Sprint(judge(list)), fmt.Sprint(judge(h.list)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestLed holds that a break tells which statements led to it, the last of many.
func TestLed(t *testing.T) {
	ref := Ref{Terminal: "10000001", Batch: "000001", Trace: "000002", Flow: pay.Sale}
	posted := Statement{Role: Acquirer, Party: "acquirer", Fact: Posted, Ref: ref, RRN: "260601000002", Amount: pay.CNY(10_00)}
	const line = "acquirer: posted 10.00 CNY of sale, till 10000001, batch 000001, trace 000002, RRN 260601000002"
	if got := (Break{Statements: []Statement{posted}}).Led(); len(got) != 1 || got[0] != line {
		t.Errorf("got %q\nwant %q", got, line)
	}
	if got := (Break{Statements: slices.Repeat([]Statement{posted}, 20)}).Led(); len(got) != mostLed+1 || got[0] != "... and 8 statements before" || got[1] != line {
		t.Errorf("of twenty: %q", got)
	}
}
