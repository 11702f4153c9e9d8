package rig_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/rig"
)

// counter is the office of a shop's standing world, as its people reach it. After each start it is somewhere else.
func (s *shop) counter() *rig.World {
	s.Helper()
	r, err := rig.New(rig.Options{Line: rig.LineSocket, Control: s.server.control, World: rig.StandingWorld})
	must(s, err)
	w, err := r.World(s.Context(), 5, "")
	must(s, err)
	s.Cleanup(w.Close)
	return w
}

// said gives an answer of the office as text.
func said(t *testing.T, a merchant.Answer, err error) string {
	t.Helper()
	must(t, err)
	text, err := json.Marshal(a)
	must(t, err)
	return string(text)
}

// A server that is killed has the office that it had: merchants and devices, agreements and debits, payouts, disputes, people.
func TestOfficeOutlivesItsProcess(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *shop) {
		s.server.stop()
		s.profile = "embedded" // whose cards our tills know, too
		s.start()
		officeOutlives(t, s)
	})
}

func officeOutlives(t *testing.T, s *shop) {
	w := s.counter()
	sells := func(till string) {
		t.Helper()
		seated, err := w.Till(till)
		must(t, err)
		must(t, seated.SignIn())
		must(t, seated.Swipe("Bob", pay.CNY(10_00), rig.PINNobody))
		if got := seated.Screens[len(seated.Screens)-1].ID; got != "APPROVED" {
			t.Fatalf("a sale at %s ends with %s", till, got)
		}
	}
	sells("T1")
	ok := func(a merchant.Answer, err error) {
		t.Helper()
		must(t, err)
		if a.Code != merchant.OK {
			t.Fatalf("%s %s, want OK", a.Code, a.Reason)
		}
	}
	const house, corner = "Noodle House", "Corner Shop"
	must(t, w.Enrol(house, merchant.TermSameDay, ""))
	ok(w.AskOfficeFor(house, merchant.OpPayout, merchant.Request{}))
	must(t, w.ArrangePayer("Alice", pay.CNY(100_00), rig.ConditionNormal))
	ok(w.Agree(house, "Alice", merchant.Consent{PerDebit: pay.CNY(30_00)}, false))
	ok(w.ConfirmsDebits("Alice", false))
	ok(w.Debit(house, "Alice", "1", pay.CNY(20_00), ""))
	statement, err := w.AskOfficeFor(house, merchant.OpStatement, merchant.Request{})
	ok(statement, err)
	rrn := statement.Statement.Lines[0].RRN
	ok(w.Retrieve(rrn))
	ok(w.ChargeBack(rrn, pay.CNY(5_00)))
	ok(w.Apply(corner, rig.Applies{}))
	ok(w.BringDocuments(corner))
	ok(w.Review(corner, merchant.Approve))
	ok(w.Ship("T5", corner))
	ok(w.AskCode(corner, "T5"))
	ok(w.Activate("T5", corner, false))
	sells("T5")
	ok(w.OpenAccount("", house, "mei", merchant.RoleOwner))
	ok(w.LogIn("mei", house, false))
	ok(w.ChangePassword("mei", house, rig.PasswordGood))
	asked := func(w *rig.World) (all []string) {
		for _, shop := range []string{house, corner} {
			for _, op := range []merchant.Operation{merchant.OpStatement, merchant.OpOwed, merchant.OpPayouts, merchant.OpDebits, merchant.OpUsers, merchant.OpDisputes} {
				a, err := w.AskOfficeFor(shop, op, merchant.Request{})
				all = append(all, fmt.Sprintf("%s of %s: %s", op, shop, said(t, a, err)))
			}
		}
		return all
	}
	before, books := asked(w), s.state()
	if n := strings.Count(strings.Join(before, "\n"), `"code":"OK"`); n != len(before) {
		t.Fatalf("only %d of %d questions are answered", n, len(before))
	}
	s.server.kill(t)
	s.start()
	again := s.counter()
	if diff := cmp.Diff(before, asked(again)); diff != "" {
		t.Errorf("what the office says before and after:\n%s", diff)
	}
	after := s.state()
	for _, state := range []*rig.State{&books, &after} {
		state.Texts = nil // phones are no part of the office
		for i := range state.Statements {
			if st := &state.Statements[i]; st.Role == audit.Settlement && st.Fact == audit.Present {
				st.At = time.Time{} // when it was asked
			}
		}
	}
	if diff := cmp.Diff(books, after); diff != "" {
		t.Errorf("the books before and after:\n%s", diff)
	}
	sells("T5") // it signs in under the master key of its activation
	ok(again.AskOfficeFor(house, merchant.OpPayout, merchant.Request{}))
	s.audited()
}

// audited fails the test if the books of acquirer, issuer and office do not agree.
func (s *shop) audited() {
	s.Helper()
	for _, b := range audit.Judge(slices.Values(s.state().Statements)) {
		s.Errorf("%s: %s", b.Rule, b.Text)
	}
}

// Whenever the server is killed, right as a debit or a payout reaches its office, each has happened once when it is asked again, or not at all.
func TestOfficeKilledAtAnyMoment(t *testing.T) { onEachStore(t, officeKilled) }

func officeKilled(t *testing.T, s *shop) {
	w := s.counter()
	must(t, w.ArrangePayer("Alice", pay.CNY(100_00), rig.ConditionNormal))
	const house = "Noodle House"
	a, err := w.Agree(house, "Alice", merchant.Consent{PerDebit: pay.CNY(30_00)}, false)
	must(t, err)
	agreement := a.Agreement.Number
	_, err = w.ConfirmsDebits("Alice", false)
	must(t, err)
	const debits = 5
	for n := 1; n <= debits; n++ {
		s.killedAsking(merchant.OpDebit, merchant.Request{Merchant: "898320548160001", Agreement: agreement, Number: fmt.Sprint(n), Amount: pay.CNY(7_00)})
		s.start()
		a, err := s.counter().AskOfficeFor(house, merchant.OpDebit, merchant.Request{Agreement: agreement, Number: fmt.Sprint(n), Amount: pay.CNY(7_00)})
		must(t, err)
		if a.Code != merchant.OK && a.Code != merchant.DebitRepeated || a.Debit == nil || a.Debit.State != merchant.DebitPaid {
			t.Fatalf("debit %d after the kill: %s", n, said(t, a, nil))
		}
		s.killedAsking(merchant.OpPayout, merchant.Request{Merchant: "898320548160001"})
		s.start()
	}
	w = s.counter()
	if _, err := w.AskOfficeFor(house, merchant.OpPayout, merchant.Request{}); err != nil { // what was not paid before the kill
		t.Fatal(err)
	}
	state := s.state()
	if got, want := state.Balances["bank:payer:Alice"].Balance, pay.CNY(100_00-debits*7_00); got != want {
		t.Errorf("Alice has %s left, want %s", got, want)
	}
	if got, want := state.Balances["bank:898320548160001"].Balance, state.Balances["office:bank"].Balance; got != want || got.Minor == 0 {
		t.Errorf("the merchant's bank has %s, the office has paid it %s", got, want)
	}
	s.audited()
}

// killedAsking kills the server as soon as a request to its office has been written.
func (s *shop) killedAsking(op merchant.Operation, r merchant.Request) {
	s.Helper()
	var made rig.OfficeMade
	visiting(s, s.server.control).call("POST", "/worlds/"+rig.StandingWorld+"/office", "{}", &made)
	text, err := json.Marshal(r)
	must(s, err)
	dead := make(chan struct{})
	ctx := httptrace.WithClientTrace(s.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
		defer close(dead)
		s.server.kill(s)
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+made.Address+"/v1/"+string(op), strings.NewReader(string(text)))
	must(s, err)
	req.Header.Set("Authorization", "Bearer "+made.Key.Reveal())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if res, err := client.Do(req); err == nil { // the answer was on its way already
		_ = res.Body.Close()
	}
	<-dead
}
