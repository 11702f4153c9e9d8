package rig_test

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

func TestOutcomeMistakes(t *testing.T) {
	const good = `{answer: "05", amount: 90.05 CNY}`
	for _, c := range []struct{ name, new, want string }{
		{"good", good, ""},
		{"no such answer", `{answer: "0Z", amount: 90.05 CNY}`, `outcomes[0].answer: "0Z" is no answer of dialect host-ascii`},
		{"neither amount nor card", `{answer: "05"}`, "outcomes[0]: want one of amount, card and merchant"},
		{"both", `{answer: "05", amount: 90.05 CNY, card: Dave}`, "outcomes[0]: want one of amount, card and merchant"},
		{"no amount", `{answer: "05", amount: "90.05"}`, `outcomes[0].amount: "90.05" is no amount`},
		{"nothing is paid", `{answer: "05", amount: 0.00 CNY}`, `outcomes[0].amount: "0.00 CNY" is no amount`},
		{"a short merchant", `{answer: "05", merchant: "898"}`, `outcomes[0].merchant: "898": want fifteen characters`},
		{"nobody's card", `{answer: "05", card: Judy}`, `outcomes[0].card: "Judy" is no card of this profile`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := foreignProfile(t, "ascii", good, c.new)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What nobody can make a remote host answer is said, and the scenario is skipped for it.
func TestAnswersThatARemoteHostIsNotMadeToGive(t *testing.T) {
	profile, err := foreignProfile(t, "ascii", "", "")
	must(t, err)
	r, err := rig.New(rig.Options{Profile: profile, Line: rig.LineSocket})
	must(t, err)
	w, err := r.World(t.Context(), 1, "")
	must(t, err)
	defer w.Close()
	for _, c := range []struct {
		flow   pay.Flow
		answer pay.Answer
		want   string
	}{
		{pay.Sale, "62", "profile foreign-ascii has no outcome 62"},
		{pay.Void, "05", "profile foreign-ascii has no outcome 05 by merchant: nothing else in a void is free"},
		{pay.Reversal, "05", "the answer to a reversal cannot be had from a remote host"},
		{pay.Void, "03", ""},
		{pay.SignIn, "03", ""},
		{pay.Sale, "05", ""},
	} {
		err := w.Arrange(rig.Arrangement{Party: "acquirer", Condition: rig.ConditionAnswers, Flow: c.flow, Nth: 1, Answer: c.answer})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %s: got %v, want %q", c.flow, c.answer, err, c.want)
		}
	}
}

// A merchant number makes a remote host decline what has neither amount nor card of its own to be declined by; the next order is the till's own merchant's again.
func TestOutcomesByMerchant(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and talks to it")
	}
	r, err := rig.New(rig.Options{Profile: foreignHost(t, foreignProgram(t), "ascii"), Line: rig.LineSocket})
	must(t, err)
	defer func() { must(t, r.Close()) }()
	w, err := r.World(t.Context(), 1, "")
	must(t, err)
	defer w.Close()
	till, err := w.Till("T1")
	must(t, err)
	for _, flow := range []pay.Flow{pay.SignIn, pay.Void} {
		must(t, w.Arrange(rig.Arrangement{Party: "acquirer", Condition: rig.ConditionAnswers, Flow: flow, Nth: 1, Answer: "03"}))
	}
	must(t, till.SignIn())
	must(t, till.SignIn())
	must(t, till.Swipe("Bob", pay.CNY(10_00), rig.PINNobody))
	sale := w.Wire[len(w.Wire)-2]
	for range 2 {
		must(t, till.Order(rig.Order{Flow: pay.Void, Amount: pay.CNY(10_00), Who: "Bob", Original: sale, Supervisor: true}))
	}
	var got []string
	for _, c := range w.Wire {
		if c.Answer {
			got = append(got, string(c.Flow)+" "+c.Message.Get(iso8583.AnswerCode))
		}
	}
	if want := "sign-in 03, sign-in 00, sale 00, void 03, void 00"; strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}
