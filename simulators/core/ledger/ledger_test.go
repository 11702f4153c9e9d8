package ledger

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// open gives books in which Alice has 100.00, may owe nothing, and has bought for 10.00 ("sale"), of which 4.00 went
// back ("refund"); 20.00 of hers is held ("hold").
func open(t *testing.T) *Ledger {
	t.Helper()
	l := New()
	tx := l.Begin(noon)
	err := errors.Join(
		tx.Open("alice", pay.CNY(100_00), 0),
		tx.Open("shop", pay.CNY(0), NoFloor),
		tx.Open("dollars", pay.Amount{Currency: pay.Currency840USD}, NoFloor),
		tx.Post("sale", "alice", "shop", pay.CNY(10_00)),
		tx.Refund("refund", "sale", pay.CNY(4_00)),
		tx.Hold("hold", "alice", "shop", pay.CNY(20_00)),
	)
	if err != nil {
		t.Fatal(err)
	}
	tx.Commit()
	return l
}

func TestMovements(t *testing.T) {
	type do = func(*Tx) error
	all := func(steps ...do) do {
		return func(tx *Tx) error {
			for _, step := range steps {
				if err := step(tx); err != nil {
					return err
				}
			}
			return nil
		}
	}
	post := func(id ID, fen int64) do {
		return func(tx *Tx) error { return tx.Post(id, "alice", "shop", pay.CNY(fen)) }
	}
	void := func(id, target ID) do { return func(tx *Tx) error { return tx.Void(id, target) } }
	refund := func(id, target ID, fen int64) do {
		return func(tx *Tx) error { return tx.Refund(id, target, pay.CNY(fen)) }
	}
	postHold := func(id, hold ID, fen int64) do {
		return func(tx *Tx) error { return tx.PostHold(id, hold, pay.CNY(fen)) }
	}
	hold := func(id ID, fen int64) do {
		return func(tx *Tx) error { return tx.Hold(id, "alice", "shop", pay.CNY(fen)) }
	}
	charge := func(id ID, fen int64) do {
		return func(tx *Tx) error { return tx.Charge(id, "alice", "shop", pay.CNY(fen)) }
	}
	withhold := func(id ID, fen int64) do {
		return func(tx *Tx) error { return tx.Withhold(id, "alice", "shop", pay.CNY(fen)) }
	}
	for _, c := range []struct {
		name         string
		do           do
		want         error // an outcome, or nil
		booked, held int64 // Alice's, in fen, afterwards
	}{
		{"nothing", all(), nil, 94_00, 20_00},
		{"post", post("p", 30_00), nil, 64_00, 20_00},
		{"post all that is available", post("p", 74_00), nil, 20_00, 20_00},
		{"post one fen more", post("p", 74_01), ErrFunds, 94_00, 20_00},
		{"post again", all(post("p", 30_00), post("p", 30_00)), nil, 64_00, 20_00},
		{"post again after it was voided", all(post("p", 30_00), void("v", "p"), post("p", 30_00)), nil, 94_00, 20_00},
		{"post again with another amount", post("sale", 10_01), ErrConflict, 94_00, 20_00},
		{"hold", hold("h", 5_00), nil, 94_00, 25_00},
		{"hold more than is available", hold("h", 74_01), ErrFunds, 94_00, 20_00},
		{"charge more than is available", charge("c", 80_00), nil, 14_00, 20_00},
		{"withhold more than is available", withhold("w", 80_00), nil, 94_00, 100_00},
		{"release what was withheld", all(withhold("w", 80_00), void("v", "w")), nil, 94_00, 20_00},
		{"post what was withheld", all(withhold("w", 80_00), postHold("p", "w", 80_00)), nil, 14_00, 20_00},
		{"release a hold of an account below its floor", all(charge("c", 150_00), void("v", "hold")), nil, -56_00, 0},
		{"post a hold of an account below its floor", all(charge("c", 150_00), postHold("p", "hold", 20_00)), nil, -76_00, 0},
		{"refund to an account that stays below its floor", all(charge("c", 150_00), refund("r", "sale", 1_00)), nil, -55_00, 20_00},
		{"post from an account below its floor", all(charge("c", 150_00), post("p", 1)), ErrFunds, -56_00, 20_00},
		{"post a hold in part", postHold("p", "hold", 15_00), nil, 79_00, 0},
		{"post a hold whole", postHold("p", "hold", 20_00), nil, 74_00, 0},
		{"post more than the hold", postHold("p", "hold", 20_01), ErrExceeds, 94_00, 20_00},
		{"post a hold twice", all(postHold("p", "hold", 5_00), postHold("q", "hold", 5_00)), ErrDone, 89_00, 0},
		{"post a hold again", all(postHold("p", "hold", 5_00), postHold("p", "hold", 5_00)), nil, 89_00, 0},
		{"post an unknown hold", postHold("p", "nowhere", 5_00), ErrUnknown, 94_00, 20_00},
		{"release a hold", void("v", "hold"), nil, 94_00, 0},
		{"release a hold again", all(void("v", "hold"), void("v", "hold")), nil, 94_00, 0},
		{"release a hold twice", all(void("v", "hold"), void("w", "hold")), ErrDone, 94_00, 0},
		{"post a released hold", all(void("v", "hold"), postHold("p", "hold", 5_00)), ErrDone, 94_00, 0},
		{"void", all(post("p", 30_00), void("v", "p")), nil, 94_00, 20_00},
		{"void twice", all(post("p", 30_00), void("v", "p"), void("w", "p")), ErrDone, 94_00, 20_00},
		{"void what was refunded in part", void("v", "sale"), ErrExceeds, 94_00, 20_00},
		{"void an unknown", void("v", "nowhere"), ErrUnknown, 94_00, 20_00},
		{"void a posted hold", all(postHold("p", "hold", 5_00), void("v", "p")), nil, 94_00, 0},
		{"refund the rest", refund("r", "sale", 6_00), nil, 100_00, 20_00},
		{"refund one fen too much", refund("r", "sale", 6_01), ErrExceeds, 94_00, 20_00},
		{"refund twice", all(refund("r", "sale", 3_00), refund("s", "sale", 3_00), refund("u", "sale", 1)), ErrExceeds, 100_00, 20_00},
		{"refund again", all(refund("r", "sale", 3_00), refund("r", "sale", 3_00)), nil, 97_00, 20_00},
		{"refund of a voided posting", all(post("p", 30_00), void("v", "p"), refund("r", "p", 1)), ErrDone, 94_00, 20_00},
		{"the id of another kind", void("refund", "hold"), ErrConflict, 94_00, 20_00},
		{"an account nobody opened", func(tx *Tx) error { return tx.Post("p", "bob", "shop", pay.CNY(1)) }, ErrAccount, 94_00, 20_00},
		{"open again", func(tx *Tx) error { return tx.Open("alice", pay.CNY(100_00), 0) }, nil, 94_00, 20_00},
		{"open again with other terms", func(tx *Tx) error { return tx.Open("alice", pay.CNY(100_00), -1) }, ErrConflict, 94_00, 20_00},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := open(t)
			tx := l.Begin(noon)
			if err := c.do(tx); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			staged, _ := tx.Balance("alice")
			tx.Commit()
			got, _ := l.Balance("alice")
			want := Balance{Booked: pay.CNY(c.booked), Held: pay.CNY(c.held), Available: pay.CNY(c.booked - c.held)}
			if got != want || staged != want {
				t.Errorf("Alice has %v, had %v within the tx, want %v", got, staged, want)
			}
			if err := l.TrialBalance(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*Tx) error
		want string
	}{
		{"no id", func(tx *Tx) error { return tx.Post("", "alice", "shop", pay.CNY(1)) }, "ledger: post : it has no id"},
		{"zero", func(tx *Tx) error { return tx.Post("p", "alice", "shop", pay.CNY(0)) }, "ledger: post p: amount 0.00 CNY: want more than zero"},
		{"negative", func(tx *Tx) error { return tx.Hold("h", "alice", "shop", pay.CNY(-1)) }, "ledger: hold h: amount -0.01 CNY: want more than zero"},
		{"one account", func(tx *Tx) error { return tx.Post("p", "alice", "alice", pay.CNY(1)) }, `ledger: post p: "alice" on both sides`},
		{"other currency", func(tx *Tx) error { return tx.Hold("h", "alice", "dollars", pay.CNY(1)) },
			"ledger: hold h: 0.01 CNY cannot go from alice to dollars: an account there is in USD"},
		{"no currency", func(tx *Tx) error { return tx.Open("bob", pay.Amount{}, 0) }, "ledger: open open:bob: its amount has no currency"},
		{"refund of a hold", func(tx *Tx) error { return tx.Refund("r", "hold", pay.CNY(1)) },
			"ledger: refund r: it cannot act on hold 20.00 CNY from alice to shop"},
		{"refund in another currency", func(tx *Tx) error { return tx.Refund("r", "sale", pay.Amount{Minor: 1, Currency: pay.Currency840USD}) },
			"ledger: refund r: amount: cannot add -0.01 USD to 6.00 CNY: the currencies differ"},
		{"not enough", func(tx *Tx) error { return tx.Post("p", "alice", "shop", pay.CNY(80_00)) },
			"ledger: post p: alice: not enough money available, -6.00 CNY would be left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := open(t).Begin(noon)
			if err := c.do(tx); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %v", err, c.want)
			}
			if n := len(tx.Records()); n != 0 {
				t.Errorf("%d records were staged", n)
			}
		})
	}
}

func TestDroppedDecisionNeverHappened(t *testing.T) {
	l := open(t)
	before := l.Entries()
	if err := l.Begin(noon).Post("p", "alice", "shop", pay.CNY(1)); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Entry("p"); ok {
		t.Error("the posting is in the books")
	}
	if diff := cmp.Diff(before, l.Entries()); diff != "" {
		t.Error(diff)
	}
}

func TestCommitRefusesAStaleDecision(t *testing.T) {
	l := open(t)
	first, second := l.Begin(noon), l.Begin(noon)
	if err := errors.Join(first.Post("p", "alice", "shop", pay.CNY(70_00)), second.Post("q", "alice", "shop", pay.CNY(70_00))); err != nil {
		t.Fatal(err)
	}
	first.Commit()
	defer func() {
		if recover() == nil {
			t.Error("both decisions spent the same money")
		}
	}()
	second.Commit()
}

func TestReplayRefusesARecordThatCannotBe(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"no JSON", `{"id":`, "ledger: replay of movement 7: unexpected end"},
		{"no such kind", `{"id":"x","kind":"gift","from":"alice","to":"shop","amount":"1.00 CNY"}`, `there is no movement of kind "gift"`},
		{"refund of a hold", `{"id":"x","kind":"refund","from":"shop","to":"alice","amount":"1.00 CNY","target":"hold"}`, "cannot act on hold"},
		{"no money for it", `{"id":"x","kind":"post","from":"alice","to":"shop","amount":"90.00 CNY"}`, "not enough money"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := open(t).Replay(journal.Record{Kind: RecordKind, Data: []byte(c.data)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	if err := New().Replay(journal.Record{Kind: "answer", Data: []byte("?")}); err != nil {
		t.Errorf("a record of another kind: %v", err)
	}
}

func TestTrialBalanceFindsWhatDoesNotAddUp(t *testing.T) {
	l := open(t)
	a := l.accounts["alice"]
	a.booked.Minor++
	l.accounts["alice"] = a
	if err := l.TrialBalance(); err == nil || err.Error() != "ledger: the accounts in CNY sum to 0.01 CNY, want zero" {
		t.Errorf("got %v", err)
	}
	a.booked.Minor--
	a.held.Minor++
	l.accounts["alice"] = a
	if err := l.TrialBalance(); err == nil || err.Error() != "ledger: alice holds 20.01 CNY, its open holds sum to 20.00 CNY" {
		t.Errorf("got %v", err)
	}
}

func TestEntriesTellTheStory(t *testing.T) {
	var story []string
	for _, e := range open(t).Entries() {
		story = append(story, e.String())
	}
	want := []string{
		"open 100.00 CNY from opening:CNY to alice",
		"open 0.00 CNY from opening:CNY to shop",
		"open 0.00 USD from opening:USD to dollars",
		"post 10.00 CNY from alice to shop",
		"refund 4.00 CNY from shop to alice (of sale)",
		"hold 20.00 CNY from alice to shop",
	}
	if diff := cmp.Diff(want, story); diff != "" {
		t.Error(diff)
	}
}
