package wallet_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// believed is what a till believes of an order, from the answers that reached it and nothing else.
type believed struct {
	code        string
	amount      int64
	trade       string
	paid, ended bool
	doubt       bool // an answer was lost
	returned    map[string]int64
}

func (b believed) net() int64 {
	if !b.paid || b.ended {
		return 0
	}
	net := b.amount
	for _, fen := range b.returned {
		net -= fen
	}
	return net
}

// Random days of pay, confirm, query, cancel, refund, in any order, with hosts that are silent, slow, unsure, down, or start again: what
// a till believes, once it has asked about what it doubts, is what the host's books hold; the payers' and shops' money stays the same
// in all; nothing is paid twice or given back beyond what was paid.
func TestRandomDays(t *testing.T) {
	for _, scheme := range []string{"wechat", "alipay"} {
		t.Run(scheme, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				w := newTownWith(t, scheme, false, nil)
				var orders []*believed
				for range rapid.IntRange(1, 25).Draw(rt, "steps") {
					w.randomStep(rt, &orders)
				}
				w.ail(wallet.Condition{})
				w.says = func(walletapi.Params) string { return w.config.Scheme.Acknowledge }
				w.open()
				w.rest(48 * time.Hour)
				w.settleDoubts(rt, orders)
			})
		})
	}
}

func (w *town) randomStep(rt *rapid.T, orders *[]*believed) {
	step := rapid.SampledFrom([]string{"pay", "pay", "again", "confirm", "cancel", "refund", "refund", "query", "condition", "restart", "deaf", "wait"}).Draw(rt, "step")
	if len(*orders) == 0 && step != "condition" {
		step = "pay"
	}
	i := 0
	if len(*orders) > 0 {
		i = rapid.IntRange(0, len(*orders)-1).Draw(rt, "order")
	}
	name := func(i int) string { return fmt.Sprint("A", i) }
	switch step {
	case "pay":
		condition := w.quiet()
		o := &believed{code: w.code("alice"), amount: rapid.SampledFrom([]int64{1, 10_00, 400_00, 1000_01}).Draw(rt, "fen"), returned: map[string]int64{}}
		w.ail(condition)
		*orders = append(*orders, o)
		i = len(*orders) - 1
		w.hears(o, w.pays(name(i), o.code, o.amount))
	case "again":
		o := (*orders)[i]
		w.hears(o, w.pays(name(i), o.code, o.amount))
	case "confirm":
		o := (*orders)[i]
		if o.trade != "" {
			w.phone(walletapi.OpAppConfirm, "alice", walletapi.Params{walletapi.Trade: o.trade, walletapi.Password: "135790"})
			o.doubt = true // the till does not see the phone
		}
	case "cancel":
		o := (*orders)[i]
		switch w.merchant(walletapi.OpCancel, name(i), nil) {
		case walletapi.Done:
			o.ended, o.doubt = true, false
		default:
			o.doubt = true
		}
	case "refund":
		w.randomRefund(rt, (*orders)[i], name(i))
	case "query":
		w.asks((*orders)[i], name(i))
	case "condition":
		w.ail(rapid.SampledFrom([]wallet.Condition{{}, {Down: true}, {Silent: true}, {Unsure: true}, {Delay: 5 * time.Second}}).Draw(rt, "condition"))
	case "restart":
		w.open()
	case "deaf": // the shop, or it hears again; its word may be lost
		says := rapid.SampledFrom([]string{"", "busy", w.config.Scheme.Acknowledge}).Draw(rt, "word")
		w.says = func(walletapi.Params) string { return says }
	case "wait":
		w.rest(rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Second, 3 * time.Minute}).Draw(rt, "time"))
	}
}

// ail arranges a condition, also over restarts.
func (w *town) ail(c wallet.Condition) {
	w.condition = c
	w.host.SetCondition(c)
}

// quiet makes the host well and gives the condition it had: a phone that got no code shows none.
func (w *town) quiet() wallet.Condition {
	was := w.condition
	w.ail(wallet.Condition{})
	return was
}

// hears takes the answer to a payment.
func (w *town) hears(o *believed, r walletapi.Result) {
	if w.answer != nil && w.answer[walletapi.Trade] != "" {
		o.trade = w.answer[walletapi.Trade]
	}
	switch {
	case r == walletapi.Done || w.answer != nil && w.answer[walletapi.Standing] == string(walletapi.StatePaid):
		o.paid = true
	case r == "" || r == walletapi.Unknown || r == walletapi.Waiting:
		o.doubt = true
	}
}

func (w *town) randomRefund(rt *rapid.T, o *believed, name string) {
	number := fmt.Sprint("R", rapid.IntRange(1, 2).Draw(rt, "refund"))
	fen := rapid.SampledFrom([]int64{1, 5_00, 400_00}).Draw(rt, "back")
	switch w.refunds(name, number, fen) {
	case walletapi.Done:
		o.returned[number] = fen
	case "", walletapi.Unknown:
		o.doubt = true
	}
}

// asks takes what a query tells.
func (w *town) asks(o *believed, name string) {
	if w.merchant(walletapi.OpQuery, name, nil) != walletapi.Done {
		return
	}
	o.doubt = false
	state := walletapi.OrderState(w.answer[walletapi.Standing])
	o.paid, o.ended = state == walletapi.StatePaid || state == walletapi.StateRefunded, state == walletapi.StateCancelled
	for _, number := range []string{"R1", "R2"} {
		if w.merchant(walletapi.OpRefundQuery, name, walletapi.Params{walletapi.Refund: number}) == walletapi.Done {
			back, err := (walletapi.Params{walletapi.Amount: w.answer[walletapi.Refunded], walletapi.Currency: "CNY"}).Money(walletapi.Amount)
			w.must(err)
			o.returned[number] = back.Minor
		}
	}
}

func (w *town) settleDoubts(rt *rapid.T, orders []*believed) {
	var shop int64
	for i, o := range orders {
		before := *o
		w.asks(o, fmt.Sprint("A", i))
		if !before.doubt && before.net() != o.net() {
			rt.Fatalf("order A%d: the till was sure of %d fen, the host says %d", i, before.net(), o.net())
		}
		if net := o.net(); net < 0 || net > o.amount {
			rt.Fatalf("order A%d of %d fen leaves the shop with %d", i, o.amount, net)
		}
		shop += o.net()
	}
	a, err := w.host.Balance("alice")
	w.must(err)
	s, err := w.host.MerchantBalance(noodles)
	w.must(err)
	w.must(w.host.Ledger().TrialBalance())
	for _, b := range audit.Judge(slices.Values(w.host.Statements())) {
		rt.Error(b.Text)
	}
	if a.Booked != pay.CNY(2000_00-shop) || s.Booked != pay.CNY(shop) {
		rt.Fatalf("Alice has %s and the shop %s; by the orders the shop has %s", a.Booked, s.Booked, pay.CNY(shop))
	}
	heard := map[string]string{} // what each event was, however often it came
	for _, p := range w.news {
		event, says := p[walletapi.Event], p[walletapi.Standing]
		if was, again := heard[event]; again && was != says {
			rt.Fatalf("notification %s says first %s, then %s", event, was, says)
		}
		heard[event] = says
	}
	for _, o := range w.host.Orders() {
		if len(o.Untold) > 0 {
			rt.Fatalf("order %s: the shop was never told of %v", o.Number, o.Untold)
		}
		for n := range o.Told {
			if event := fmt.Sprintf("%s-%d", o.Trade, n+1); heard[event] == "" {
				rt.Fatalf("order %s: the shop has never heard %s", o.Number, event)
			}
		}
	}
}
