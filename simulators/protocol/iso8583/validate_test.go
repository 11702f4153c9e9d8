package iso8583

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	d := load(t, "unionpay-pos")
	for _, c := range []struct {
		name  string
		frame string
		do    func(m *Message)
		want  []string
	}{
		{"sale", "sale 0200, swipe + PIN", nil, nil},
		{"sale answer", "sale reply 0210", nil, nil},
		{"sign-in", "sign-in request 0800, 60.3=003", nil, nil},
		{"sign-in answer", "sign-in reply 0810 with F62 40", nil, nil},
		{"reversal", "reversal of the sale 0400, F39=98", nil, nil},
		{"echo", "echo 0820/301", nil, nil},
		{"sign-out", "sign-out 0820/002", nil, nil},
		{"sign-out answer", "sign-out reply 0830", nil, nil},
		{"chip sale", "contact chip sale 0200 with F55 (ARQC valid under CVN 01 IMK of D.5, PSN 01)", nil, nil},
		{"payer code", "payer-code sale 0200, F59 A3", nil, nil},
		{"no amount", "sale 0200, swipe + PIN", func(m *Message) { m.Unset(Amount) },
			[]string{"mandatory amount: F4 amount: mandatory in this sale, absent"}},
		{"no MAC", "sale 0200, swipe + PIN", func(m *Message) { m.Unset(MAC) },
			[]string{"mandatory mac: F64 mac: mandatory in this sale, absent"}},
		{"no condition code", "sale 0200, swipe + PIN", func(m *Message) { m.Unset(Condition) },
			[]string{"mandatory condition: F25 condition: mandatory in this sale, absent"}},
		{"no PIN block, though F22 says PIN", "sale 0200, swipe + PIN", func(m *Message) { m.Unset(PIN) },
			[]string{"forbidden pin_capture: F26 pin_capture: not allowed in this sale", "mandatory pin: F52 pin: mandatory in this sale, absent"}},
		{"a field no rule names", "sale 0200, swipe + PIN", func(m *Message) { m.Set(RRN, "260601000002") },
			[]string{"forbidden rrn: F37 rrn: not allowed in this sale"}},
		{"a MAC where none belongs", "echo 0820/301", func(m *Message) { m.Set(MAC, "00000000") },
			[]string{"forbidden mac: F64 mac: not allowed in this echo"}},
		{"trace zero", "sale 0200, swipe + PIN", func(m *Message) { m.Set(Trace, "000000") },
			[]string{"format trace: F11: want a trace number other than 000000"}},
		{"hour 25", "sale reply 0210", func(m *Message) { m.Set(LocalTime, "250000") },
			[]string{"format local_time: F12: want a time hhmmss"}},
		{"31 February", "sale reply 0210", func(m *Message) { m.Set(LocalDate, "0231") },
			[]string{"format local_date: F13: want a date MMDD"}},
		{"letters in an amount", "sale 0200, swipe + PIN", func(m *Message) { m.Set(Amount, "00000001000A") },
			[]string{"format amount: F4: position 12 is not of type n", "format amount: F4: want an amount"}},
		{"control character", "sale 0200, swipe + PIN", func(m *Message) { m.Set(Terminal, "1234567\x00") },
			[]string{"format terminal: F41: position 8 is not of type ans"}},
		{"short field", "sale 0200, swipe + PIN", func(m *Message) { m.SetField(41, "1234567") },
			[]string{"format terminal: F41: want 8 bytes, got 7"}},
		{"another type code", "sale 0200, swipe + PIN", func(m *Message) { m.Set(TypeCode, "99") },
			[]string{"unknown-flow MTI: no flow of unionpay-pos has MTI 0200 with these constants"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := decoded(t, d, frameNamed(t, c.frame))
			if c.do != nil {
				c.do(m)
			}
			var got []string
			for _, v := range d.Validate(m) {
				got = append(got, fmt.Sprintf("%s %s: %s", v.Rule, v.Field, v.Text))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
}

func TestValidateAnswerHoldsTheEcho(t *testing.T) {
	d := load(t, "unionpay-pos")
	req := decoded(t, d, frameNamed(t, "sale 0200, swipe + PIN"))
	for _, c := range []struct {
		name string
		do   func(m *Message)
		want []string
	}{
		{"right", func(m *Message) {}, nil},
		{"another trace", func(m *Message) { m.Set(Trace, "000003") }, []string{"echo trace: F11 trace: echoed with another value in the sale answer"}},
		{"another amount", func(m *Message) { m.Set(Amount, "000000020000") }, []string{"echo amount: F4 amount: echoed with another value in the sale answer"}},
		{"another batch", func(m *Message) { m.Set(Batch, "000009") }, []string{"echo F60: F60: echoed with another value in the sale answer"}},
		{"card number left out", func(m *Message) { m.Unset(PAN) }, []string{"echo pan: F2 pan: not echoed in the sale answer"}},
		{"class of another request", func(m *Message) { m.SetMTI("0410") }, []string{"echo MTI: MTI 0410 does not answer a sale, want 0210"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := decoded(t, d, frameNamed(t, "sale reply 0210"))
			c.do(answer)
			var got []string
			for _, v := range d.ValidateAnswer(req, answer) {
				got = append(got, fmt.Sprintf("%s %s: %s", v.Rule, v.Field, v.Text))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
}
