package rig

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// The office over HTTP, beside tills that sell over TCP: each request and answer is as its OpenAPI file says, and it says the same as in memory.
func TestOfficeOverHTTP(t *testing.T) {
	r, err := New(Options{Line: LineSocket})
	fatal(t, err)
	w, err := r.World(t.Context(), 1, "")
	fatal(t, err)
	t.Cleanup(w.Close)
	till, err := w.Till("T1")
	fatal(t, err)
	fatal(t, till.SignIn())
	fatal(t, till.Swipe("Bob", pay.CNY(100_00), PINNobody))
	line, err := w.office()
	fatal(t, err)
	judge := newJudge(t, "merchants/services/openapi.yaml", "/components/responses/Answer")
	line.client = &http.Client{Transport: judge}
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	shop := merchant.Request{Merchant: streetShop}
	with := func(edit func(*merchant.Request)) merchant.Request {
		q := shop
		edit(&q)
		return q
	}
	file := merchant.SchemeFile{Day: w.BusinessDay(0), Rows: []merchant.SchemeRow{{RRN: "260601999999", Merchant: streetShop, Amount: pay.CNY(5_00)}}}
	for _, c := range []struct {
		op   merchant.Operation
		in   merchant.Request
		want merchant.Code
	}{
		{merchant.OpEnrol, with(func(q *merchant.Request) { q.Name, q.MCC, q.Term = "Noodle House", "5812", merchant.TermSameDay }), merchant.OK},
		{merchant.OpEnrol, with(func(q *merchant.Request) { q.Name, q.MCC = "Casino", "7995" }), merchant.RefusedTrade},
		{merchant.OpQuote, with(func(q *merchant.Request) {
			q.Amount, q.Card, q.Entry, q.Product, q.Day = pay.CNY(100_00), "debit", "07", "card", "2030-01-01"
		}), merchant.OK},
		{merchant.OpPayout, shop, merchant.OK},
		{merchant.OpPayout, shop, merchant.NothingToPay},
		{merchant.OpReconcile, merchant.Request{File: file.String()}, merchant.OK},
		{merchant.OpReconcile, merchant.Request{File: file.String()}, merchant.TakenFile},
		{merchant.OpReconcile, merchant.Request{File: "T|1|1"}, merchant.BadFile},
		{merchant.OpCases, merchant.Request{}, merchant.OK},
		{merchant.OpResolve, merchant.Request{Case: "C" + file.Day + "-260601999999", Decision: merchant.ToMerchant}, merchant.OK},
		{merchant.OpResolve, merchant.Request{Case: "C", Decision: merchant.ToMerchant}, merchant.NoCase},
		{merchant.OpOwed, shop, merchant.OK},
		{merchant.OpPayout, shop, merchant.OK},
		{merchant.OpPayouts, shop, merchant.OK},
		{merchant.OpStatement, shop, merchant.OK},
		{merchant.OpStatement, with(func(q *merchant.Request) { q.Merchant = "1" }), merchant.NoMerchant},
		{merchant.OpStatement, with(func(q *merchant.Request) { q.Day = w.BusinessDay(-1) }), merchant.OK},
	} {
		a, err := w.AskOffice(c.op, c.in)
		fatal(t, err)
		if a.Code != c.want {
			t.Errorf("%s: %s %s, want %s", c.op, a.Code, a.Reason, c.want)
		}
	}
	newMerchant(t, w)
	agreed(t, w)
	quarrelled(t, w)
	bounded(t, w, till)
	askedAndTold(t, w, till)
	sent(t, w)
	askedByPeople(t, w, judge)
	for _, op := range merchant.Operations() {
		if !judge.seen["/"+string(op)] {
			t.Errorf("nobody has asked %s", op)
		}
	}
	if len(judge.requests) != len(merchant.Operations()) {
		t.Errorf("the file has %d operations, the office %d", len(judge.requests), len(merchant.Operations()))
	}
	breaks, err := w.Verify()
	fatal(t, err)
	for _, b := range breaks {
		t.Error(b.Text)
	}
	for body, want := range map[string]int{"{": http.StatusBadRequest, `{"owner": "1"}`: http.StatusBadRequest, `{} {}`: http.StatusBadRequest, `{}`: http.StatusOK} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, line.away+"owed", strings.NewReader(body))
		fatal(t, err)
		req.Header.Set("Authorization", bearer+line.key.Reveal())
		res, err := http.DefaultClient.Do(req)
		fatal(t, err)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", body, res.StatusCode, want)
		}
	}
}

// newMerchant takes a shop on and parts with it, over the same line.
func newMerchant(t *testing.T, w *World) {
	t.Helper()
	ok := func(a merchant.Answer, err error) {
		t.Helper()
		fatal(t, err)
		if a.Code != merchant.OK {
			t.Errorf("%s %s, want OK", a.Code, a.Reason)
		}
	}
	const shop, till = "Corner Shop", "T5"
	ok(w.Apply(shop, Applies{Campaign: "spring"}))
	ok(w.BringDocuments(shop))
	ok(w.Application(shop))
	ok(w.Review(shop, merchant.Approve))
	ok(w.Ship(till, shop))
	ok(w.AskCode(shop, till))
	ok(w.Activate(till, shop, false))
	seated, err := w.Till(till)
	fatal(t, err)
	fatal(t, seated.SignIn())
	fatal(t, seated.Swipe("Bob", pay.CNY(10_00), PINNobody))
	if end := seated.Endings[len(seated.Endings)-1]; end.Kind != "approved" {
		t.Errorf("the first sale is %+v", end)
	}
	ok(w.RegisterApp(shop, false))
	ok(w.BindCard(shop, ""))
	ok(w.UnbindCard(shop))
	ok(w.Suspend(shop))
	ok(w.Resume(shop))
	ok(w.GiveBack(till, pay.CNY(0)))
	ok(w.AskOfficeFor(shop, merchant.OpPayout, merchant.Request{}))
	ok(w.CloseShop(shop))
}

// agreed debits somebody who has agreed to it.
func agreed(t *testing.T, w *World) {
	t.Helper()
	ok := func(a merchant.Answer, err error) {
		t.Helper()
		fatal(t, err)
		if a.Code != merchant.OK {
			t.Errorf("%s %s, want OK", a.Code, a.Reason)
		}
	}
	fatal(t, w.ArrangePayer("Alice", pay.CNY(100_00), ConditionNormal))
	ok(w.Agree("Noodle House", "Alice", merchant.Consent{PerDebit: pay.CNY(30_00), Count: 3}, false))
	ok(w.ConfirmsDebits("Alice", false))
	ok(w.Agree("Noodle House", "Alice", merchant.Consent{PerDebit: pay.CNY(50_00), PerMonth: pay.CNY(90_00)}, true))
	ok(w.ConfirmsDebits("Alice", false))
	ok(w.Debit("Noodle House", "Alice", "1", pay.CNY(40_00), ""))
	ok(w.Debit("Noodle House", "Alice", "2", pay.CNY(40_00), w.BusinessDay(-3)))
	ok(w.BecomesMember("Noodle House", "Alice", pay.CNY(10_00)))
	ok(w.DebitWithCoupon("Noodle House", "Alice", "3", pay.CNY(30_00), merchant.Coupon{Number: "C1", Amount: pay.CNY(5_00)}))
	ok(w.AskOffice(merchant.OpAgreement, merchant.Request{Agreement: w.agreement("Noodle House", "Alice")}))
	ok(w.EndsDebits("Alice"))
	ok(w.AskOfficeFor("Noodle House", merchant.OpDebits, merchant.Request{}))
	left, err := w.PayerHolds("Alice")
	fatal(t, err)
	if left != pay.CNY(25_00) {
		t.Errorf("Alice has %s left, want 25.00 CNY", left)
	}
}

// quarrelled has a sale disputed to the end.
func quarrelled(t *testing.T, w *World) {
	t.Helper()
	ok := func(a merchant.Answer, err error) {
		t.Helper()
		fatal(t, err)
		if a.Code != merchant.OK {
			t.Errorf("%s %s, want OK", a.Code, a.Reason)
		}
	}
	a, err := w.AskOfficeFor("Noodle House", merchant.OpStatement, merchant.Request{})
	fatal(t, err)
	rrn := a.Statement.Lines[0].RRN
	ok(w.Retrieve(rrn))
	ok(w.ChargeBack(rrn, pay.CNY(100_00)))
	ok(w.ShowReceipt(rrn, "a receipt"))
	ok(w.Represent(rrn))
	ok(w.Rule(rrn, merchant.ToMerchant))
	d, err := w.Dispute(rrn)
	fatal(t, err)
	if d.Stage != merchant.MerchantWon {
		t.Errorf("the dispute is at %s", d.Stage)
	}
}

// bounded has payments held to limits, a card blocked, and one payment looked at.
func bounded(t *testing.T, w *World, till *Till) {
	t.Helper()
	said := func(want merchant.Code, a merchant.Answer, err error) {
		t.Helper()
		fatal(t, err)
		if a.Code != want {
			t.Errorf("%s %s, want %s", a.Code, a.Reason, want)
		}
	}
	ask := func(want merchant.Code, op merchant.Operation, r merchant.Request) merchant.Answer {
		t.Helper()
		a, err := w.AskOffice(op, r)
		said(want, a, err)
		return a
	}
	ask(merchant.OK, merchant.OpLimit, merchant.Request{Limit: &pay.Limit{Name: "day", Of: pay.OfCard, In: pay.InDay, Amount: pay.CNY(9000_00), Entry: pay.Entry02Stripe}})
	ask(merchant.OK, merchant.OpLimit, merchant.Request{Limit: &pay.Limit{Name: "large", Amount: pay.CNY(10_00), Review: true}})
	ask(merchant.BadLimit, merchant.OpLimit, merchant.Request{Limit: &pay.Limit{Name: "nothing"}})
	ask(merchant.BadLimit, merchant.OpDropLimit, merchant.Request{Name: "nothing"})
	fatal(t, till.Swipe("Bob", pay.CNY(20_00), PINNobody))
	a, err := w.DecideReview(merchant.Release)
	said(merchant.OK, a, err)
	a, err = w.DecideReview(merchant.Release)
	said(merchant.NoReview, a, err)
	ask(merchant.CaseEnded, merchant.OpDecide, merchant.Request{Review: "R000001", Decision: merchant.Refuse})
	ask(merchant.OK, merchant.OpDropLimit, merchant.Request{Name: "large"})
	if a := ask(merchant.OK, merchant.OpLimits, merchant.Request{}); len(a.Limits) != 1 || a.Limits[0].Name != "day" {
		t.Errorf("the limits are %+v", a.Limits)
	}
	for _, blocked := range []bool{true, false} {
		a, err := w.BlockCard("Bob", blocked)
		said(merchant.OK, a, err)
	}
	ask(merchant.BadCard, merchant.OpBlock, merchant.Request{CardNumber: merchant.NewPrivate("6200120000000000")})
}

// askedAndTold has a shop's server told of its money over HTTP, and asks what there is to ask.
func askedAndTold(t *testing.T, w *World, till *Till) {
	t.Helper()
	heard := make(chan walletapi.Params, 10)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p, err := walletapi.Decode(body)
		if err != nil {
			t.Error(err)
		}
		heard <- p
		_, _ = io.WriteString(out, "success")
	}))
	defer server.Close()
	ask := func(want merchant.Code, op merchant.Operation, r merchant.Request) merchant.Answer {
		t.Helper()
		r.Merchant = streetShop
		a, err := w.AskOffice(op, r)
		fatal(t, err)
		if a.Code != want {
			t.Errorf("%s: %s %s, want %s", op, a.Code, a.Reason, want)
		}
		return a
	}
	ask(merchant.BadChannel, merchant.OpSubscribe, merchant.Request{Channels: []merchant.Channel{merchant.ChannelWebhook}})
	secret := ask(merchant.OK, merchant.OpSubscribe, merchant.Request{Channels: []merchant.Channel{merchant.ChannelWebhook, merchant.ChannelApp}, Webhook: server.URL}).Secret
	w.officeLine.secrets = map[string]pay.Secret{"street": secret.Secret}
	fatal(t, till.Swipe("Bob", pay.CNY(5_00), PINNobody))
	first := <-heard
	if signature, err := w.judgeNews("street", first); err != nil || signature != "right" || first["kind"] != "sold" || first[walletapi.Amount] != "500" {
		t.Errorf("the server was told %v: signature %s, %v", first, signature, err)
	}
	if a := ask(merchant.OK, merchant.OpNews, merchant.Request{}); len(a.News) != 2 {
		t.Errorf("the news is %+v", a.News)
	}
	lines := ask(merchant.OK, merchant.OpRecords, merchant.Request{}).Records
	ask(merchant.OK, merchant.OpRecord, merchant.Request{RRN: lines[0].RRN})
	ask(merchant.NoSale, merchant.OpRecord, merchant.Request{RRN: "1"})
	ask(merchant.OK, merchant.OpStatistics, merchant.Request{})
	ask(merchant.NoDay, merchant.OpStatistics, merchant.Request{From: "2026-13-01"})
}

// sent has Alice send money to Carol, and put some into a balance that pays another.
func sent(t *testing.T, w *World) {
	t.Helper()
	ok := func(a merchant.Answer, err error) {
		t.Helper()
		fatal(t, err)
		if a.Code != merchant.OK {
			t.Errorf("%s %s, want OK", a.Code, a.Reason)
		}
	}
	ok(w.AskTransfer(merchant.Send, "Alice", "Carol", pay.CNY(10_00)))
	ok(w.ConfirmTransfer(false))
	ok(w.AskTopUp("Alice", "Noodle House", pay.CNY(20_00)))
	ok(w.ConfirmTransfer(false))
	ok(w.ScanPayee("Noodle House", "Tea House", pay.CNY(5_00), false))
	ok(w.ConfirmTransfer(false))
	if a, err := w.AskTransfer(merchant.Send, "Alice", "", pay.CNY(1_00)); err != nil || a.Code != merchant.WrongAccount {
		t.Errorf("an account of nobody: %s, %v", a.Code, err)
	}
	stands, err := w.Transfer()
	if err == nil {
		t.Errorf("there is a transfer that was refused: %+v", stands)
	}
	got, err := w.PayerHolds("Carol")
	fatal(t, err)
	if got != pay.CNY(10_00) {
		t.Errorf("Carol has %s, want 10.00 CNY", got)
	}
}

// askedByPeople has a shop's people ask: who may, and who may not.
func askedByPeople(t *testing.T, w *World, judge *judge) {
	t.Helper()
	wants := func(want merchant.Code) func(merchant.Answer, error) {
		return func(a merchant.Answer, err error) {
			t.Helper()
			fatal(t, err)
			if a.Code != want {
				t.Errorf("%s %s, want %s", a.Code, a.Reason, want)
			}
		}
	}
	const shop = "Noodle House"
	wants(merchant.OK)(w.OpenAccount("", shop, "mei", merchant.RoleOwner))
	wants(merchant.OK)(w.LogIn("mei", shop, false))
	wants(merchant.ChangeFirst)(w.AskAs("mei", shop, merchant.OpOwed, merchant.Request{Merchant: streetShop}))
	wants(merchant.OK)(w.ChangePassword("mei", shop, PasswordGood))
	wants(merchant.OK)(w.OpenAccount("mei", shop, "lin", merchant.RoleOperator))
	wants(merchant.OK)(w.AskAs("mei", shop, merchant.OpUsers, merchant.Request{Merchant: streetShop}))
	wants(merchant.OK)(w.AskAs("mei", shop, merchant.OpKey, merchant.Request{Merchant: streetShop}))
	wants(merchant.BadLogIn)(w.LogIn("mei", shop, true))
	wants(merchant.OK)(w.CloseAccount("lin", shop))
	wants(merchant.OK)(w.AskAs("mei", shop, merchant.OpLogOut, merchant.Request{}))
	line, err := w.office()
	fatal(t, err)
	line.client = http.DefaultClient // the requests are empty, which the file does not allow
	// What the file says is open is open, and nothing else is.
	for _, op := range merchant.Operations() {
		a, err := w.AskAs("", shop, op, merchant.Request{})
		fatal(t, err)
		if open := a.Code != merchant.NoSession; open != judge.open["/"+string(op)] {
			t.Errorf("%s without a token: %s; the file says that it is open: %t", op, a.Code, !open)
		}
	}
}
