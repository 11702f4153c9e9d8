package ledger

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// asked is a wish as a caller utters it. The model keeps those that were granted, and nothing else: it works out
// everything by reading them again.
type asked struct {
	kind     Kind // Hold, Withhold, Post, Charge, PostHold, Void (of a hold too), Refund
	id       ID
	from, to Account // of those that act on no other
	target   ID
	fen      int64
}

func (w asked) of(tx *Tx) error {
	switch w.kind {
	case Hold:
		return tx.Hold(w.id, w.from, w.to, pay.CNY(w.fen))
	case Withhold:
		return tx.Withhold(w.id, w.from, w.to, pay.CNY(w.fen))
	case Charge:
		return tx.Charge(w.id, w.from, w.to, pay.CNY(w.fen))
	case Post:
		return tx.Post(w.id, w.from, w.to, pay.CNY(w.fen))
	case PostHold:
		return tx.PostHold(w.id, w.target, pay.CNY(w.fen))
	case Void:
		return tx.Void(w.id, w.target)
	default:
		return tx.Refund(w.id, w.target, pay.CNY(w.fen))
	}
}

func (w asked) holds() bool { return w.kind == Hold || w.kind == Withhold }

func (w asked) begins() bool { return w.holds() || w.kind == Post || w.kind == Charge }

type model []asked

const modelOpening, modelFloor = 100, -20

var errMistake = errors.New("a mistake, not an outcome")

func (m model) find(id ID) (asked, bool) {
	i := slices.IndexFunc(m, func(w asked) bool { return w.id == id })
	if i < 0 {
		return asked{}, false
	}
	return m[i], true
}

// parties gives whose money a wish takes, and who gets it.
func (m model) parties(w asked) (from, to Account) {
	was, _ := m.find(w.target)
	switch w.kind {
	case PostHold:
		return was.from, was.to
	case Void, Refund:
		from, to = m.parties(was)
		return to, from
	}
	return w.from, w.to
}

func (m model) money(name Account) (booked, held int64) {
	booked = modelOpening
	for _, w := range m {
		from, to := m.parties(w)
		was, _ := m.find(w.target)
		fen := w.fen
		switch {
		case w.holds() && !m.ended(w.id):
			if from == name {
				held += fen
			}
			continue
		case w.holds(), w.kind == Void && was.holds():
			continue
		case w.kind == Void:
			fen = was.fen
		}
		if from == name {
			booked -= fen
		}
		if to == name {
			booked += fen
		}
	}
	return booked, held
}

func (m model) ended(id ID) bool {
	return slices.ContainsFunc(m, func(w asked) bool { return w.target == id && w.kind != Refund })
}

func (m model) refunded(id ID) (fen int64) {
	for _, w := range m {
		if w.target == id && w.kind == Refund {
			fen += w.fen
		}
	}
	return fen
}

// judge says how a wish must end.
func (m model) judge(w asked) error {
	was, known := m.find(w.target)
	if first, again := m.find(w.id); again && first == w {
		return nil
	}
	acts := !w.begins()
	posts := was.kind == Post || was.kind == Charge || was.kind == PostHold
	wrong := map[Kind]bool{PostHold: !was.holds(), Void: !posts && !was.holds(), Refund: !posts}
	_, taken := m.find(w.id)
	switch {
	case acts && !known:
		return ErrUnknown
	case acts && wrong[w.kind], !acts && w.from == w.to:
		return errMistake
	case taken:
		return ErrConflict
	case acts && m.ended(w.target):
		return ErrDone
	}
	takes := w.fen
	switch w.kind {
	case Withhold, Charge:
		return nil
	case PostHold:
		if w.fen > was.fen {
			return ErrExceeds
		}
		return nil // its money was kept for it
	case Refund:
		if m.refunded(w.target)+w.fen > was.fen {
			return ErrExceeds
		}
	case Void:
		if m.refunded(w.target) > 0 {
			return ErrExceeds
		}
		if was.holds() {
			return nil
		}
		takes = was.fen
	}
	from, _ := m.parties(w)
	if booked, held := m.money(from); booked-held-takes < modelFloor {
		return ErrFunds
	}
	return nil
}

func TestLedgerIsLikeTheModel(t *testing.T) {
	accounts := []Account{"alice", "bob", "shop"}
	rapid.Check(t, func(t *rapid.T) {
		store := journal.NewMemory()
		l, m := New(), model{}
		commit := func(tx *Tx) {
			store.Append(tx.Records(), func(error) {})
			tx.Commit()
		}
		opening := l.Begin(noon)
		for _, name := range accounts {
			if err := opening.Open(name, pay.CNY(modelOpening), modelFloor); err != nil {
				t.Fatal(err)
			}
		}
		commit(opening)
		for range rapid.IntRange(1, 20).Draw(t, "decisions") {
			tx, after := l.Begin(noon), slices.Clone(m)
			for range rapid.IntRange(1, 4).Draw(t, "movements") {
				w := drawWish(t, accounts, after)
				want, got := after.judge(w), w.of(tx)
				if want == errMistake && got != nil {
					continue
				}
				if !errors.Is(got, want) {
					t.Fatalf("%+v: got %v, want %v\nafter %+v", w, got, want, after)
				}
				if _, again := after.find(w.id); want == nil && !again {
					after = append(after, w)
				}
			}
			if rapid.Bool().Draw(t, "kept") {
				commit(tx)
				m = after
			}
			for _, name := range accounts {
				booked, held := m.money(name)
				want := Balance{Booked: pay.CNY(booked), Held: pay.CNY(held), Available: pay.CNY(booked - held)}
				if got, _ := l.Balance(name); got != want {
					t.Fatalf("%s: got %v, want %v\nafter %+v", name, got, want, m)
				}
			}
			if err := l.TrialBalance(); err != nil {
				t.Fatal(err)
			}
		}
		again := New()
		if err := store.Replay(again.Replay); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, again, cmp.AllowUnexported(Ledger{}, account{}, move{})); diff != "" {
			t.Fatalf("replayed: %s", diff)
		}
	})
}

// drawWish draws from few ids and mostly targets that are there, so that every outcome is common.
func drawWish(t *rapid.T, accounts []Account, m model) asked {
	id := func(label string) ID { return ID(fmt.Sprint("m", rapid.IntRange(0, 30).Draw(t, label))) }
	w := asked{kind: rapid.SampledFrom([]Kind{Hold, Withhold, Post, Post, Charge, PostHold, Void, Refund}).Draw(t, "kind"), id: id("id")}
	switch {
	case len(m) > 0 && rapid.IntRange(0, 9).Draw(t, "again") == 0:
		return rapid.SampledFrom(m).Draw(t, "wish")
	case w.begins():
		w.from = rapid.SampledFrom(accounts).Draw(t, "from")
		w.to = rapid.SampledFrom(accounts).Draw(t, "to")
	case len(m) > 0:
		w.target = rapid.SampledFrom(m).Draw(t, "target").id
	default:
		w.target = id("target")
	}
	if w.kind != Void {
		w.fen = rapid.Int64Range(1, 60).Draw(t, "fen")
	}
	return w
}
