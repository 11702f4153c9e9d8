package rig_test

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

func TestOutcomeMistakes(t *testing.T) {
	const good = `{answer: "05", amount: 90.05 CNY}`
	for _, c := range []struct{ name, new, want string }{
		{"good", good, ""},
		{"no such answer", `{answer: "0Z", amount: 90.05 CNY}`, `outcomes[0].answer: "0Z" is no answer of dialect host-ascii`},
		{"neither amount nor card", `{answer: "05"}`, "outcomes[0]: want one of amount and card"},
		{"both", `{answer: "05", amount: 90.05 CNY, card: Dave}`, "outcomes[0]: want one of amount and card"},
		{"no amount", `{answer: "05", amount: "90.05"}`, `outcomes[0].amount: "90.05" is no amount`},
		{"nothing is paid", `{answer: "05", amount: 0.00 CNY}`, `outcomes[0].amount: "0.00 CNY" is no amount`},
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
		{pay.Void, "05", "the answer to a void cannot be had from a remote host"},
		{pay.Sale, "05", ""},
	} {
		err := w.Arrange(rig.Arrangement{Party: "acquirer", Condition: rig.ConditionAnswers, Flow: c.flow, Nth: 1, Answer: c.answer})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %s: got %v, want %q", c.flow, c.answer, err, c.want)
		}
	}
}
