package iso8583

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// What a message carries and what we say of it are two things where the dialect has words of its own.
func TestWords(t *testing.T) {
	d := load(t, "iso93")
	for _, c := range []struct {
		name    string
		flow    pay.Flow
		answer  bool
		element Element
		ours    string
		field   int
		wire    string
	}{
		{"a sale is approved", pay.Sale, true, AnswerCode, "00", 39, "000"},
		{"a reversal is accepted", pay.Reversal, true, AnswerCode, "00", 39, "400"},
		{"a sign-in is accepted", pay.SignIn, true, AnswerCode, "00", 39, "800"},
		{"too little money", pay.Sale, true, AnswerCode, "51", 39, "116"},
		{"in a reversal's answer too", pay.Reversal, true, AnswerCode, "25", 39, "914"},
		{"a code that is none of ours", pay.Sale, true, AnswerCode, "161", 39, "161"},
		{"a stripe with a PIN", pay.Sale, false, EntryMode, "021", 22, "510101213146"},
		{"a sale", pay.Sale, false, Condition, "00", 24, "200"},
		{"a pre-authorization", pay.PreAuth, false, Condition, "06", 24, "100"},
		{"a completion", pay.Completion, false, Condition, "06", 24, "201"},
		{"no answer came", pay.Reversal, false, ReversalReason, "98", 25, "4021"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := d.NewRequest(c.flow)
			if c.answer {
				m = d.NewAnswer(m)
			}
			m.Set(c.element, c.ours)
			if got, _ := m.Field(c.field); got != c.wire {
				t.Errorf("F%d is %q, want %q", c.field, got, c.wire)
			}
			if got := m.Get(c.element); got != c.ours {
				t.Errorf("it is read as %q, want %q", got, c.ours)
			}
			if got, _ := m.Named(c.element.String()); got != c.ours {
				t.Errorf("its name says %q, want %q", got, c.ours)
			}
			if err := m.SetNamed(c.element.String(), c.ours); err != nil || string(m.Value(c.element)) != c.ours {
				t.Errorf("set by its name it is %q (%v), want %q", m.Value(c.element), err, c.ours)
			}
			frame, err := d.Encode(nil, m)
			if err != nil {
				t.Fatal(err)
			}
			var s Scan
			if err := s.Read(d, frame); err != nil {
				t.Fatal(err)
			}
			if got := string(s.Bytes(c.element)); got != c.ours {
				t.Errorf("a scan reads %q, want %q", got, c.ours)
			}
			tpl, err := d.Template(m)
			if err != nil {
				t.Fatal(err)
			}
			if !tpl.Put(frame, c.element, []byte(c.ours)) || string(frame) != string(m.Frame()) {
				t.Error("a template writes it otherwise")
			}
		})
	}
	m := d.NewAnswer(d.NewRequest(pay.Sale))
	for _, wire := range []string{"916", "917", "918"} { // several stand for one
		m.SetField(39, wire)
		if got := m.Get(AnswerCode); got != "A0" {
			t.Errorf("%s is read as %q", wire, got)
		}
	}
}

func TestWrongWords(t *testing.T) {
	for words, want := range map[string]string{
		`answer_code: {"00": "0"}`:                  `words: answer_code: 00: "0": want 3 characters, got 1`,
		`answer_code: {"00": "000", "51": 116|000}`: `words: answer_code: "000" stands for 00 as well as for 51`,
		`colour: {"00": "000"}`:                     `words: there is no element "colour"`,
		`signature: {"00": "000"}`:                  `words: element signature has no field in this dialect`,
	} {
		f, err := parseFile([]byte("name: x\nextends: iso93\nwords:\n  " + words + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		f.setPath("x.yaml")
		base, err := readFile(fixtures.FS, "dialects/iso93.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = base.extendedBy(f).build()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", words, err, want)
		}
	}
}
