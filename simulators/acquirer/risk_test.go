package acquirer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// under pays so many minor units again and again under a limit, in so many hours each, and tells the codes.
func under(l pay.Limit, minor int, hours ...int) func(*world) string {
	return func(w *world) string {
		l.Name = "it"
		w.must(w.acquirer.SetLimit(l))
		var codes []string
		for _, h := range hours {
			w.must(w.loop.Drain(context.Background(), time.Duration(h)*time.Hour))
			codes = append(codes, code(w.ask(w.paying(pay.Sale, minor))))
		}
		return strings.Join(codes, " ")
	}
}

// whose tells with what a limit counts a payment.
func whose(of pay.Subject) func(*world) string {
	return func(w *world) string {
		return w.acquirer.Rules.Whose(pay.Limit{Of: of}, acquirer.Payment{Ref: audit.Ref{Terminal: tillOne, Merchant: shop}})
	}
}

// stranger tries a card that nobody knows, and then Alice's, of which one attempt an hour is taken.
func stranger(w *world) string {
	w.must(w.acquirer.SetLimit(pay.Limit{Name: "it", Of: pay.OfCard, In: "1h", Count: 1}))
	const number = "6200129999999996"
	m := with(w.sale(), iso8583.PAN, number)
	w.ask(with(m, iso8583.Track2, number+aliceTrack[len(number):]))
	return code(w.ask(w.sale()))
}

// declinedTwice has two attempts declined, and counts them.
func declinedTwice(w *world) string {
	w.must(w.acquirer.SetLimit(pay.Limit{Name: "it", Of: pay.OfTerminal, In: "30m", Count: 2}))
	for range 2 {
		w.ask(w.paying(pay.Sale, 99_000_000))
	}
	return code(w.ask(w.sale()))
}

// minutesLater tries at 09:30, at 09:58 and at 10:01, of which two are taken in half an hour... of ten minutes more.
func minutesLater(w *world) string {
	w.must(w.acquirer.SetLimit(pay.Limit{Name: "it", Of: pay.OfTerminal, In: "40m", Count: 2}))
	w.ask(w.sale())
	w.must(w.loop.Drain(context.Background(), 28*time.Minute))
	w.ask(w.sale())
	w.must(w.loop.Drain(context.Background(), 3*time.Minute))
	return code(w.ask(w.sale()))
}

// voided pays up to the limit, voids, and pays again.
func voided(w *world) string {
	w.must(w.acquirer.SetLimit(pay.Limit{Name: "it", Of: pay.OfCard, In: pay.InDay, Amount: pay.CNY(1000)}))
	m := w.paying(pay.Sale, 1000)
	answer := w.good(m)
	w.good(w.on(pay.Void, m, answer, 1000))
	return code(w.ask(w.paying(pay.Sale, 1000)))
}

// looked pays over a limit of review, before and after somebody has decided.
func looked(decision string) func(w *world) string {
	return func(w *world) string {
		w.must(w.acquirer.SetLimit(pay.Limit{Name: "it", Amount: pay.CNY(999), Review: true}))
		codes := code(w.ask(w.paying(pay.Sale, 1000)))
		if all := w.acquirer.Reviews(); len(all) > 0 {
			w.must(w.acquirer.Decide(w.loop.Now(), all[0].Number, decision))
		}
		for range 2 {
			codes += " " + code(w.ask(w.paying(pay.Sale, 1000)))
		}
		return codes
	}
}

func blockedCard(w *world) string {
	w.must(w.acquirer.Block(pay.NewSecret(w.sale().Get(iso8583.PAN)), true))
	return code(w.ask(w.sale()))
}

// What risk control counts and whom it blocks, and what a restart leaves of it.
func TestRiskControl(t *testing.T) {
	day := pay.Limit{Of: pay.OfCard, In: pay.InDay, Amount: pay.CNY(2500)}
	for _, c := range []struct {
		name string
		do   func(*world) string
		want string
	}{
		{"a day's sum of a card", under(day, 1000, 0, 0, 0, 24), "00 00 61 00"},
		{"a month's number of a merchant", under(pay.Limit{Of: pay.OfMerchant, In: pay.InMonth, Count: 2}, 1000, 0, 24, 24, 30*24), "00 00 65 00"},
		{"at once", under(pay.Limit{Amount: pay.CNY(999)}, 1000, 0), "61"},
		{"by swipe, nothing", under(pay.Limit{Entry: pay.Entry02Stripe}, 1000, 0), "57"},
		{"by chip, nothing: a swipe passes", under(pay.Limit{Entry: pay.Entry05Chip}, 1000, 0), "00"},
		{"elsewhere, nothing", under(pay.Limit{Merchant: otherShop}, 1000, 0), "00"},
		{"attempts", under(pay.Limit{Of: pay.OfTerminal, In: "90m", Count: 2}, 1000, 0, 1, 0, 1), "00 00 65 65"},
		{"released once", looked(pay.Release), "60 00 60"},
		{"refused", looked(pay.Refuse), "60 62 62"},
		{"what was paid before the limit counts", func(w *world) string {
			w.good(w.paying(pay.Sale, 2000))
			return under(day, 1000, 0)(w)
		}, "61"},
		{"a restart forgets nothing", func(w *world) string {
			under(day, 2000, 0)(w)
			blocked := w.sale().Get(iso8583.PAN)
			w.open()
			before := code(w.ask(w.paying(pay.Sale, 1000)))
			w.must(w.acquirer.Block(pay.NewSecret(blocked), true))
			w.open()
			return before + " " + code(w.ask(w.paying(pay.Sale, 100)))
		}, "61 62"},
		{"a limit is taken back, a card is let go", func(w *world) string {
			under(pay.Limit{Entry: pay.Entry02Stripe}, 1000, 0)(w)
			number := pay.NewSecret(w.sale().Get(iso8583.PAN))
			w.must(w.acquirer.Block(number, true))
			w.must(w.acquirer.Block(number, false))
			w.must(w.acquirer.DropLimit("it"))
			return code(w.ask(w.sale())) + fmt.Sprint(len(w.acquirer.Limits()))
		}, "000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.signIn()
			if got := c.do(w); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Lines that nobody can mean are refused, and so are decisions about what there is not.
func TestRiskMistakes(t *testing.T) {
	w := newWorld(t, setting{quiet: true})
	for _, l := range []pay.Limit{{}, {Name: "all"}, {Name: "a", Of: "shop", In: pay.InDay}, {Name: "b", Of: pay.OfCard, In: "week"}, {Name: "c", Of: pay.OfCard}, {Name: "d", Count: 1},
		{Name: "e", Of: pay.OfCard, In: "10m", Amount: pay.CNY(1)}, {Name: "f", Amount: pay.CNY(-1)}} {
		if err := w.acquirer.SetLimit(l); err == nil {
			t.Errorf("%+v is taken", l)
		}
	}
	for name, err := range map[string]error{"decide": w.acquirer.Decide(w.loop.Now(), "R1", pay.Release), "drop": w.acquirer.DropLimit("it")} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
