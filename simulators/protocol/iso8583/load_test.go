package iso8583

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// small is a dialect with nothing wrong in it; each case of the test below changes one line.
const small = `name: small
framing: {length: binary2}
encoding: {mti: bcd, bitmap: binary, bitmap_size: 64, length: bcd, n: bcd-left, z: bcd-left, b: binary}
fields:
  3: {name: processing code, type: n, size: 6}
  11: {name: trace, type: n, size: 6}
  35: {name: track 2, type: z, max: 37, prefix: LL}
  60: {name: data, type: n, max: 11, prefix: LLL, parts: [{name: code, size: 2}, {name: batch, size: 6}, {name: network, size: 3}]}
  64: {name: mac, type: an, size: 8}
elements:
  processing_code: 3
  trace: 11
  batch: 60.2
  mac: 64
security: {mac: unionpay-ecb}
correlation: [trace]
timers: {answer: 60s}
transactions:
  sale:
    request: "0200"
    answer: "0210"
    constants: {processing_code: "000000"}
    mac: true
    carries: {trace: mandatory, batch: if trace}
answers:
  "00": {category: approved, prompt: APPROVED, next: print}
`

func TestMistakesInDialectFilesAreToldWithTheirLine(t *testing.T) {
	if _, err := Load(fstest.MapFS{"a/acme.yaml": {Data: []byte(small)}}, "a/acme.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"not YAML", "fields:", "fields: [", "10: "},
		{"empty", small, "", "1: want one YAML document"},
		{"unknown section", "correlation:", "corelation:", `16: unknown field "corelation"`},
		{"unknown property", "size: 6}", "sizes: 6}", `5: unknown field "sizes"`},
		{"twice", "  11:", "  3:", `6: mapping key "3" already defined`},
		{"no mapping", "timers: {answer: 60s}", "timers: 60s", "17: want a mapping"},
		{"no scalar", "mti: bcd", "mti: [bcd]", "3: want a single value"},
		{"no name", "name: small", "name:", "acme.yaml: name: missing"},
		{"no framing", "{length: binary2}", "{}", "acme.yaml: framing: length: missing"},
		{"bad framing", "{length: binary2}", "{length: binary3}", `2: framing: length: "binary3" is not one of`},
		{"bad setting", "answer: 60s", "answers: 60s", `17: timers: no such setting "answers"`},
		{"bad time", "answer: 60s", "answer: 60", `17: timers: answer: "60" is not a time such as 60s`},
		{"bad encoding", "mti: bcd", "mti: ebcdic", `3: encoding: mti: "ebcdic" is not one of ["bcd" "ascii"]`},
		{"missing encoding", "mti: bcd, ", "", "encoding: mti: missing"},
		{"field number", "  3: {", "  65: {", "5: field 65: want a number from 2 to 64"},
		{"field type", "type: z", "type: q", `7: field 35: type: "q" is not one of n, an, ans, b, z`},
		{"size and max", "max: 37", "size: 37, max: 37", "7: field 35: want either size, or max with prefix"},
		{"no prefix", "max: 37, prefix: LL", "max: 37", "7: field 35: prefix: want L to LLLL with max"},
		{"too long for prefix", "max: 37", "max: 370", "7: field 35: size 370: want 1 to 99"},
		{"content", "type: an,", "type: an, content: bcd-left,", `9: field 64: content: "bcd-left" is not one of`},
		{"pad", "size: 6}", "size: 6, pad: G}", `5: field 3: pad: "G" is not one digit`},
		{"parts", "size: 2}", "size: 3}", "8: field 60: parts: 12 digits do not fit its 11"},
		{"part type", "{name: code,", "{name: code, type: ans,", `8: field 60: part 1: type "ans"`},
		{"element", "  trace: 11", "  stan: 11", `12: elements: there is no element "stan"`},
		{"element's field", "trace: 11", "trace: 12", `12: elements: trace: field "12" is not defined`},
		{"element's part", "batch: 60.2", "batch: 60.4", `13: elements: batch: field 60 has no part "4"`},
		{"mac place", "mac: 64", "mac: 11", "14: elements: mac: want the fixed field 64 or 128"},
		{"correlation", "[trace]", "[rrn]", "16: correlation: element rrn has no field in this dialect"},
		{"MTI", `"0200"`, `"200"`, "20: transactions: sale: request: want an MTI"},
		{"constant", `"000000"`, `"0000"`, "22: transactions: sale: constants: processing_code: want 6 characters, got 4"},
		{"rule", "trace: mandatory", "trace: maybe", `24: transactions: sale: carries: trace: "maybe": want mandatory`},
		{"condition", "if trace", "if the trace is there", `24: transactions: sale: carries: batch: condition`},
		{"answer category", "category: approved", "category: fine", `26: answers: 00: category: "fine" is not one of`},
		{"answer prompt", "prompt: APPROVED", "prompt: Approved", "26: answers: 00: prompt: want a screen id"},
		{"extends nobody", "name: small", "name: small\nextends: nobody", "acme.yaml: extends: dialect a/nobody.yaml"},
		{"extends itself", "name: small", "name: small\nextends: acme", "extends itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(small, c.old, c.new, 1)
			if text == small {
				t.Fatal("the case changes nothing")
			}
			_, err := Load(fstest.MapFS{"a/acme.yaml": {Data: []byte(text)}}, "a/acme.yaml")
			if err == nil || !strings.HasPrefix(err.Error(), "dialect a/acme.yaml:") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant ...%s", err, c.want)
			}
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	text := strings.NewReplacer("trace: 11", "trace: 12", "answer: 60s", "answer: 60", "[trace]", "[rrn]").Replace(small)
	_, err := Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}}, "acme.yaml")
	for _, line := range []string{"acme.yaml:12:", "acme.yaml:16:", "acme.yaml:17:", "acme.yaml:24:"} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%s is not told in: %v", line, err)
		}
	}
}

func TestExtendsReplacesEntryByEntry(t *testing.T) {
	fsys := fstest.MapFS{"base.yaml": {Data: []byte(small)}, "bank/own.yaml": {Data: []byte(`name: own
extends: ../base
encoding: {bitmap_size: 128}
fields:
  70: {name: network code, type: n, size: 3}
elements: {network_code: 70}
timers: {answer: 20s}
transactions:
  void: {like: sale, constants: {processing_code: "200000"}, carries: {batch: forbidden}}
`)}}
	d, err := Load(fsys, "bank/own.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "own" || d.Timers.Answer != 20*time.Second || !d.Has(NetworkCode) || !d.Has(Trace) {
		t.Errorf("%s, %s", d.Name, d.Timers.Answer)
	}
	if flows := d.Flows(); len(flows) != 2 || flows[1] != "void" {
		t.Errorf("flows %v", flows)
	}
	if d.Carries("void", Batch) || !d.Carries("void", Trace) || !d.Carries("sale", Batch) {
		t.Error("the void's rules are not the sale's with its own over them")
	}
	void := d.NewRequest("void")
	void.Set(Trace, "000001")
	if got, _, ok := d.Identify(void); !ok || got.Flow != "void" || !got.MAC {
		t.Errorf("a void is taken for %v", got)
	}
}

func TestShippedDialectsLoad(t *testing.T) {
	all, err := LoadAll(fixtures.FS, "dialects")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		t.Run(d.Name, func(t *testing.T) {
			if len(d.About) < 40 {
				t.Errorf("about: %q", d.About)
			}
			for _, f := range []pay.Flow{pay.SignIn, pay.SignOut, pay.Echo, pay.Sale, pay.Reversal} {
				m := d.NewRequest(f)
				if m == nil {
					t.Fatalf("no %s", f)
				}
				if got, answer, ok := d.Identify(m); !ok || answer || got.Flow != f {
					t.Errorf("a %s request is taken for %v", f, got)
				}
				a := d.NewAnswer(m)
				if got, answer, ok := d.Identify(a); !ok || !answer || got.Flow != f {
					t.Errorf("a %s answer (%s) is taken for %v", f, a.MTI(), got)
				}
			}
		})
	}
	if len(all) != 8 {
		t.Errorf("%d dialects", len(all))
	}
}

func TestOverrides(t *testing.T) {
	d := load(t, "unionpay-pos")
	other, err := d.With(map[string]string{"answer": "5s", "mak_length": "16", "connection": "serial", "unknown_reversal": "25"})
	if err != nil {
		t.Fatal(err)
	}
	if other.Timers.Answer != 5*time.Second || other.Switches.MAKLength != "16" || other.Connection != Serial || other.Switches.UnknownReversal != "25" {
		t.Errorf("got %+v %+v %s", other.Timers, other.Switches, other.Connection)
	}
	if d.Timers.Answer != 60*time.Second {
		t.Error("the dialect itself has changed")
	}
	_, err = d.With(map[string]string{"answr": "5s", "mak_length": "12"})
	if err == nil || err.Error() != `dialect unionpay-pos: answr: no such setting; mak_length: "12" is not one of ["auto" "8" "16"]` {
		t.Errorf("got %v", err)
	}
	plain, err := d.With(map[string]string{"tpdu": "", "header": ""})
	if err != nil {
		t.Fatal(err)
	}
	sale := frameNamed(t, "sale 0200, swipe + PIN")
	roundTrip(t, plain, sale[11:])
}

func TestAnswerCodes(t *testing.T) {
	d := load(t, "unionpay-pos")
	for _, c := range []struct {
		code pay.Answer
		want AnswerRule
	}{
		{"00", AnswerRule{"00", CategoryApproved, "APPROVED", NextPrint}},
		{"45", AnswerRule{"45", CategoryDeclined, "INSERT_CHIP", NextInsert}},
		{"55", AnswerRule{"55", CategoryRetry, "WRONG_PIN", NextPIN}},
		{"68", AnswerRule{"68", CategoryDeclined, "ANSWER_TOO_LATE", NextReverse}},
		{"91", AnswerRule{"91", CategoryDeclined, "ISSUER_UNAVAILABLE", NextNone}},
		{"94", AnswerRule{"94", CategoryDeclined, "DUPLICATE", NextNewTrace}},
		{"A0", AnswerRule{"A0", CategoryRetry, "SIGN_IN_AGAIN", NextSignIn}},
		{"ZZ", AnswerRule{"ZZ", CategoryDeclined, "FAILED_CODE", NextNone}},
	} {
		if got := d.Answer(c.code); got != c.want {
			t.Errorf("%s: got %v, want %v", c.code, got, c.want)
		}
	}
	if n := len(d.Answers()); n != 77 {
		t.Errorf("%d codes", n)
	}
}

func TestOwnDialectExtendsAShippedOne(t *testing.T) {
	shipped, err := fs.Sub(fixtures.FS, "dialects")
	if err != nil {
		t.Fatal(err)
	}
	own := fstest.MapFS{"acme.yaml": {Data: []byte("name: acme\nextends: unionpay-pos\ntimers: {answer: 30s}\n")}}
	d, err := Load(Beside(own, shipped), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "acme" || d.Timers.Answer != 30*time.Second || d.NewRequest(pay.Sale) == nil {
		t.Errorf("%s, answer %v", d.Name, d.Timers.Answer)
	}
}
