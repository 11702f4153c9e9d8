package iso8583

import (
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

func TestConditions(t *testing.T) {
	d := load(t, "unionpay-pos")
	m := decoded(t, d, frameNamed(t, "sale 0200, swipe + PIN"))
	answer := decoded(t, d, frameNamed(t, "sale reply 0210"))
	for _, c := range []struct {
		text string
		m    *Message
		want bool
	}{
		{"pin", m, true}, {"no pin", m, false}, {"chip", m, false}, {"no chip", m, true},
		{"pin and chip", m, false}, {"chip or pin", m, true}, {"chip and pin or track_2", m, true},
		{"entry_mode is 021", m, true}, {"entry_mode is 02*", m, true}, {"entry_mode is 05*|07*", m, false},
		{"entry_mode is not 05*", m, true}, {"not entry_mode is 05*", m, true}, {"approved", answer, true}, {"not approved", answer, false},
	} {
		got, err := d.parseCondition(c.text)
		if err != nil || got.holds(c.m) != c.want {
			t.Errorf("%s: got %v, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"", "pin and", "pan is", "pan are 62*", "nobody", "track_1"} {
		if _, err := d.parseCondition(text); err == nil {
			t.Errorf("%q is taken for a condition", text)
		}
	}
}

func TestCarries(t *testing.T) {
	union, iso := load(t, "unionpay-pos"), load(t, "iso87-ascii")
	for _, c := range []struct {
		d       *Dialect
		flow    pay.Flow
		element Element
		request bool
		answer  bool
	}{
		{union, pay.Sale, LocalTime, false, true}, {iso, pay.Sale, LocalTime, true, true},
		{union, pay.Sale, TypeCode, true, true}, // a constant, and a part of the echoed F60
		{union, pay.Sale, Operator, false, false}, {union, pay.Sale, CardOrganisation, true, true},
		{union, pay.SignIn, Operator, true, false}, {union, pay.SignIn, Keys, false, true}, {union, pay.SignIn, TerminalInfo, true, false},
		{union, pay.SignIn, MAC, false, false}, {union, pay.Sale, MAC, true, true}, {union, pay.Reversal, PIN, false, false},
		{union, pay.Reversal, OriginalBatch, true, false}, {union, pay.Echo, Operator, false, false}, {iso, pay.Sale, PartialApproval, true, false},
		{union, "layby", Amount, false, false}, {union, pay.Balance, Amount, false, false}, {union, pay.Balance, Balance, false, true},
		{union, pay.Void, RRN, true, true}, {union, pay.Void, OriginalRRN, true, false}, {union, pay.Completion, OriginalRRN, false, false},
		{union, pay.CompletionAdvice, PIN, false, false}, {iso, pay.Void, OriginalRRN, true, false}, {iso, pay.Refund, OriginalMTI, true, true},
	} {
		if c.d.Carries(c.flow, c.element) != c.request || c.d.AnswerCarries(c.flow, c.element) != c.answer {
			t.Errorf("%s %s %s: want %v in the request and %v in the answer", c.d.Name, c.flow, c.element, c.request, c.answer)
		}
	}
	plain, err := union.With(map[string]string{"mac": "none"})
	if err != nil || plain.Carries(pay.Sale, MAC) {
		t.Errorf("a dialect without MACs carries one (%v)", err)
	}
	again, err := plain.With(map[string]string{"mac": "x9.19"})
	if err != nil || !again.Carries(pay.Sale, MAC) {
		t.Errorf("the MAC does not come back (%v)", err)
	}
}
